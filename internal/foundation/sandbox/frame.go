package sandbox

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Parent and child speak in frames: one byte that says what it is, four that give the length of what follows, the highest first.
//
//	child                     parent
//	'h'                       once it has given up its rights
//	                          'j' job, as JSON
//	'r' file, offset, length  'd' bytes, fewer only at the file's end
//	'f' request, as JSON      'g' response, as JSON        (signatures alone)
//	'a' answer  or  'e' failure, as JSON                   the last frame
const (
	frameHello    = 'h'
	frameJob      = 'j'
	frameRead     = 'r'
	frameData     = 'd'
	frameFetch    = 'f'
	frameFetched  = 'g'
	frameAnswer   = 'a'
	frameFailure  = 'e'
	frameOverhead = 5
)

// maxFrame bounds what follows a frame's head: a page's picture, the facts of a document, the anchors that are trusted.
const maxFrame = 64 << 20

// errFrame says that the other side does not speak as it should.
var errFrame = errors.New("a frame that is none")

func writeFrame(w io.Writer, kind byte, body []byte) error {
	if len(body) > maxFrame {
		return fmt.Errorf("%w: %d bytes", errFrame, len(body))
	}
	head := [frameOverhead]byte{kind}
	binary.BigEndian.PutUint32(head[1:], uint32(len(body)))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.Write(body)
	return err
}

// readFrame takes no memory for more than what has arrived. It ends with io.EOF before a frame, with io.ErrUnexpectedEOF inside one.
func readFrame(r io.Reader) (kind byte, body []byte, err error) {
	var head [frameOverhead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := int64(binary.BigEndian.Uint32(head[1:]))
	if n > maxFrame {
		return 0, nil, fmt.Errorf("%w: %d bytes", errFrame, n)
	}
	b := bytes.NewBuffer(make([]byte, 0, min(n, 64<<10)))
	if _, err := io.CopyN(b, r, n); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	return head[0], b.Bytes(), nil
}

// want reads a frame that can only be of one kind.
func want(r io.Reader, kind byte) ([]byte, error) {
	got, body, err := readFrame(r)
	if err == nil && got != kind {
		err = fmt.Errorf("%w: %q where %q is due", errFrame, got, kind)
	}
	return body, err
}

// A range of a file, in a frame: the file's number, the offset, the length.
const (
	rangeSize = 1 + 8 + 4
	maxRange  = 1 << 20
)

func rangeFrame(file byte, offset int64, n int) []byte {
	b := append(make([]byte, 0, rangeSize), file)
	b = binary.BigEndian.AppendUint64(b, uint64(offset))
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

// parseRange refuses what does not lie in a file of the given sizes.
func parseRange(b []byte, sizes []int64) (file int, offset int64, n int, err error) {
	if len(b) != rangeSize || int(b[0]) >= len(sizes) {
		return 0, 0, 0, fmt.Errorf("%w: no range", errFrame)
	}
	file = int(b[0])
	at, length := binary.BigEndian.Uint64(b[1:9]), binary.BigEndian.Uint32(b[9:])
	if length > maxRange || at > uint64(sizes[file]) || uint64(length) > uint64(sizes[file])-at {
		return 0, 0, 0, fmt.Errorf("%w: a range outside its file", errFrame)
	}
	return file, int64(at), int(length), nil
}

// decode reads JSON that has no other keys and nothing behind it.
func decode(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	if d.More() {
		return fmt.Errorf("%w: more than one value", errFrame)
	}
	return nil
}
