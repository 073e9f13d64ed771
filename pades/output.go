package pades

import (
	"context"
	"crypto"
	"hash"
	"io"
	"os"

	"golang.org/x/sync/errgroup"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
)

// output is the file as it grows: the base, whose bytes stay where they are, and the revisions appended to it. The
// base is read once, however many digests are made over it.
type output struct {
	doc    *pdf.Document // the base
	tail   []byte
	hashes map[crypto.Hash]hash.Hash // over the base
}

func newOutput(d *pdf.Document) *output { return &output{doc: d} }

func (o *output) size() int64 { return o.doc.Size() + int64(len(o.tail)) }

// pass reads the base for the hashes named, and copies it to w where w is not nil.
func (o *output) pass(ctx context.Context, w io.Writer, progress func(done, total int64), hashes ...crypto.Hash) error {
	o.hashes = make(map[crypto.Hash]hash.Hash, len(hashes))
	sinks := make([]io.Writer, 0, len(hashes)+2)
	for _, h := range hashes {
		if _, twice := o.hashes[h]; !twice {
			o.hashes[h] = h.New()
			sinks = append(sinks, o.hashes[h])
		}
	}
	if progress != nil {
		sinks = append(sinks, &counter{total: o.doc.Size(), report: progress})
	}
	r, n := o.doc.Reader(), o.doc.Size()
	f, toFile := w.(*os.File)
	if _, fromFile := r.(*os.File); fromFile && toFile && len(sinks) > 0 {
		// The system copies from file to file faster than the digest is made: both at once cost the slower one.
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return copyBase(ctx, f, r, n) })
		g.Go(func() error { return pdf.Copy(ctx, io.MultiWriter(sinks...), r, n) })
		return g.Wait()
	}
	if w != nil {
		sinks = append(sinks, w)
	}
	return pdf.Copy(ctx, io.MultiWriter(sinks...), r, n)
}

// digest is that of the byte range of a revision not yet appended.
func (o *output) digest(ctx context.Context, h crypto.Hash, r *revision) ([]byte, error) {
	base, ok := o.hashes[h]
	if !ok {
		base = h.New()
		if err := pdf.Copy(ctx, base, o.doc.Reader(), o.doc.Size()); err != nil {
			return nil, err
		}
		o.hashes[h] = base
	}
	running, err := clone(base)
	if err != nil {
		return nil, err
	}
	before, after := r.covered()
	for _, part := range [][]byte{o.tail, before, after} {
		running.Write(part)
	}
	return running.Sum(nil), nil
}

func clone(h hash.Hash) (hash.Hash, error) {
	c, ok := h.(hash.Cloner)
	if !ok {
		return nil, codes.New(ErrUnsupported, "hashing", "", "this digest cannot be continued")
	}
	return c.Clone()
}

// reopen reads the file with what was appended so far.
func (o *output) reopen(ctx context.Context) (*pdf.Document, error) {
	if len(o.tail) == 0 {
		return o.doc, nil
	}
	return o.doc.Reopen(ctx, o, o.size())
}

// ReadAt implements [io.ReaderAt] over base and tail.
func (o *output) ReadAt(p []byte, off int64) (int, error) {
	base, n := o.doc.Size(), 0
	if off < 0 || off >= o.size() {
		return 0, io.EOF
	}
	if off < base {
		want := min(int64(len(p)), base-off)
		m, err := o.doc.Reader().ReadAt(p[:want], off)
		if int64(m) < want {
			return m, err
		}
		n = m
	}
	n += copy(p[n:], o.tail[max(0, off+int64(n)-base):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// counter reports what passes.
type counter struct {
	done, total int64
	report      func(done, total int64)
}

func (c *counter) Write(p []byte) (int, error) {
	c.done += int64(len(p))
	c.report(c.done, c.total)
	return len(p), nil
}
