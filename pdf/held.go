package pdf

import (
	"bytes"
	"context"
	"io"
	"strconv"

	"github.com/antinvn/antin/codes"
)

// maxHeld is the size up to which a file is read once, as a whole: nearly all are smaller, and most of their bytes are looked at
// several times.
const maxHeld = 4 << 20

// hold is the whole file where it is in memory, or small enough to be; else nil.
func hold(r io.ReaderAt, size int64) []byte {
	if b := inMemory(r, size); b != nil || size > maxHeld {
		return b
	}
	b := make([]byte, size)
	if n, _ := r.ReadAt(b, 0); n < len(b) { //nolint:errcheck // who reads the part that fails meets the error
		return nil
	}
	return b
}

// inMemory is what r reads from where it is all in memory, nil elsewhere: such a reader hands out all of it at once.
func inMemory(r io.ReaderAt, size int64) []byte {
	in, ok := r.(*bytes.Reader)
	if !ok || in.Size() != size {
		return nil
	}
	var whole taken
	all := *in
	_, _ = all.Seek(0, io.SeekStart)               //nolint:errcheck // the start is always there
	if _, err := all.WriteTo(&whole); err != nil { // it was handed out in parts
		return nil
	}
	return whole
}

// taken keeps what is written to it in one piece, not a copy.
type taken []byte

func (t *taken) Write(p []byte) (int, error) {
	if *t != nil {
		return 0, io.ErrShortWrite
	}
	*t = p
	return len(p), nil
}

// Bytes are n bytes of the file from an offset on, read-only. Reading errors are ErrRead.
func (d *Document) Bytes(at, n int64) ([]byte, error) {
	var buf []byte
	b, err := d.bytes(&buf, at, n)
	if err != nil {
		return nil, codes.Wrap(ErrRead, "reading at offset", strconv.FormatInt(at, 10), err)
	}
	return b, nil
}

// bytes is Bytes for many reads one after the other: what is not in memory is read into buf. With an error it is what could be read.
func (d *Document) bytes(buf *[]byte, at, n int64) ([]byte, error) {
	if d.held != nil {
		if at < 0 || n < 0 || at > d.size-n {
			return nil, io.ErrUnexpectedEOF
		}
		return d.held[at : at+n : at+n], nil
	}
	if int64(cap(*buf)) < n {
		*buf = make([]byte, n)
	}
	k, err := d.r.ReadAt((*buf)[:n], at)
	if int64(k) == n {
		err = nil
	}
	return (*buf)[:k], err
}

// lexer reads from an offset on.
func (d *Document) lexer(at int64) *lexer {
	return &lexer{r: d.r, buf: d.held, size: d.size, pos: at, from: at, limits: d.limits}
}

// WriteRange writes the bytes between two offsets to w, cancelled within 100 ms.
func (d *Document) WriteRange(ctx context.Context, w io.Writer, from, to int64) error {
	if d.held != nil && from >= 0 && from <= to && to <= d.size {
		_, err := (&blocks{ctx: ctx, w: w}).Write(d.held[from:to])
		return err
	}
	return Copy(ctx, w, io.NewSectionReader(d.r, from, to-from), to-from)
}
