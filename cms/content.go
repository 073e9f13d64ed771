package cms

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"

	"golang.org/x/crypto/cryptobyte"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// eContent is where the octets of a content are: they are read when they are asked for.
type eContent struct {
	r     io.ReaderAt
	value *cursor // over the pieces of an OCTET STRING; nil where one stretch holds all
	at    int64   // that stretch
	size  int64
	tag   byte // of the stretch, if it is not an OCTET STRING's
}

// kind is the identifier octet to write.
func (c *eContent) kind() byte {
	if c.tag == 0 {
		return 0x04
	}
	return c.tag
}

// copy writes the octets to w; it is cancelled between blocks.
func (c *eContent) copy(ctx context.Context, w io.Writer) error {
	const block = 1 << 20
	buf := make([]byte, min(c.size, block))
	stretch := func(at, size int64) error {
		for end := at + size; at < end; {
			if err := ctx.Err(); err != nil {
				return err
			}
			b := buf[:min(int64(len(buf)), end-at)]
			if n, err := c.r.ReadAt(b, at); n < len(b) {
				return codes.Wrap(ErrMalformed, "reading", "the content", err)
			}
			if _, err := w.Write(b); err != nil {
				return err
			}
			at += int64(len(b))
		}
		return nil
	}
	if c.value == nil {
		return stretch(c.at, c.size)
	}
	_, err := pieces(ctx, *c.value, stretch)
	return err
}

// equal compares what two contents hold.
func (c *eContent) equal(o *eContent) bool {
	if c == nil || c.size != o.size {
		return false
	}
	a, b := sha256.New(), sha256.New()
	return errors.Join(c.copy(context.Background(), a), o.copy(context.Background(), b)) == nil && bytes.Equal(a.Sum(nil), b.Sum(nil))
}

// readContent finds where the octets of the next element of c are.
func readContent(ctx context.Context, c *cursor) (*eContent, error) {
	e, ok, err := c.next()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, malformed("eContent")
	}
	if e.tag != 0x24 { // PKCS#7 writers put other types than OCTET STRING here
		if e.size < 0 || e.tag&0x1f == 0x1f {
			return nil, malformed("eContent")
		}
		return &eContent{r: c.r, at: e.value, size: e.size, tag: e.tag}, nil
	}
	inner, err := c.into(e)
	if err != nil {
		return nil, err
	}
	content := &eContent{r: c.r, value: &inner}
	c.at, err = pieces(ctx, inner, func(_, size int64) error {
		content.size += size
		return nil
	})
	return content, err
}

// pieces walks a string written in pieces (X.690, 8.7.3), which may be strings in pieces themselves, to its end.
func pieces(ctx context.Context, value cursor, found func(at, size int64) error) (end int64, err error) {
	open := []cursor{value}
	for n := 0; len(open) > 0; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		top := &open[len(open)-1]
		e, ok, err := top.next()
		if err != nil {
			return 0, err
		}
		switch {
		case !ok:
			end = top.at
			if open = open[:len(open)-1]; len(open) > 0 {
				open[len(open)-1].at = end
			}
		case e.tag == 0x04:
			if err := found(e.value, e.size); err != nil {
				return 0, err
			}
		case e.tag == 0x24:
			inner, err := top.into(e)
			if err != nil {
				return 0, err
			}
			open = append(open, inner)
		default:
			return 0, malformed("a piece of eContent")
		}
	}
	return end, nil
}

// cursor walks the elements of one constructed BER value without holding it.
type cursor struct {
	r          io.ReaderAt
	held       []byte // what r reads from, where it is in memory
	at         int64
	end        int64 // of the value; where its length is indefinite, of what encloses it
	indefinite bool
	ended      bool // the end-of-contents octets were met
	depth      int
}

// element is an identifier and length found by a cursor.
type element struct {
	tag   byte // the first identifier octet
	start int64
	value int64
	size  int64 // -1: indefinite
}

// next returns the element at the cursor and goes behind it, or behind its header where its length is indefinite; ok is
// false at the value's end.
func (c *cursor) next() (e element, ok bool, err error) {
	if c.ended || !c.indefinite && c.at >= c.end {
		return e, false, nil
	}
	const longest = 16
	b, err := c.bytes(c.at, c.at+max(0, min(longest, c.end-c.at)))
	if err != nil {
		return e, false, err
	}
	if c.indefinite && len(b) >= 2 && b[0] == 0 && b[1] == 0 {
		c.at, c.ended = c.at+2, true
		return e, false, nil
	}
	h, err := readHeader(b)
	if err != nil {
		return e, false, err
	}
	e = element{tag: h.tag, start: c.at, value: c.at + int64(h.octets), size: h.length}
	if e.size > c.end-e.value {
		return e, false, malformed("a length beyond the end")
	}
	c.at = e.value + max(0, e.size)
	return e, true, nil
}

// bytes are those between two offsets.
func (c *cursor) bytes(from, to int64) ([]byte, error) {
	if from >= 0 && from <= to && to <= int64(len(c.held)) {
		return c.held[from:to:to], nil
	}
	b := make([]byte, to-from)
	if n, err := c.r.ReadAt(b, from); n < len(b) {
		return nil, codes.Wrap(ErrMalformed, "reading", "CMS", errors.Join(err, io.ErrUnexpectedEOF))
	}
	return b, nil
}

// into opens an element. Once it is walked, its cursor's place is the outer cursor's.
func (c *cursor) into(e element) (cursor, error) {
	if c.depth >= maxDepth {
		return cursor{}, codes.New(ErrLimit, "reading BER", "", "too deeply nested elements")
	}
	inner := cursor{r: c.r, held: c.held, at: e.value, end: c.end, indefinite: e.size < 0, depth: c.depth + 1}
	if !inner.indefinite {
		inner.end = e.value + e.size
	}
	return inner, nil
}

// enter opens the next element, which must have that tag.
func (c *cursor) enter(tag byte, what string) (cursor, error) {
	e, ok, err := c.next()
	if err != nil {
		return cursor{}, err
	}
	if !ok || e.tag != tag {
		return cursor{}, malformed(what)
	}
	return c.into(e)
}

// leave skips what is left of an inner value and goes behind it.
func (c *cursor) leave(inner *cursor) error {
	for n := 0; ; n++ {
		if n > maxElements {
			return codes.New(ErrLimit, "reading BER", "", "too many elements")
		}
		e, ok, err := inner.next()
		if err != nil {
			return err
		}
		if !ok {
			c.at = inner.at
			return nil
		}
		if err := inner.skip(e); err != nil {
			return err
		}
	}
}

// skip goes behind an element.
func (c *cursor) skip(e element) error {
	if e.size >= 0 {
		return nil
	}
	inner, err := c.into(e)
	if err != nil {
		return err
	}
	return c.leave(&inner)
}

// oid reads the next element, which must be an OBJECT IDENTIFIER.
func (c *cursor) oid(what string) (oid certpath.OID, err error) {
	der, err := c.fields(1)
	if err != nil {
		return nil, err
	}
	if s := cryptobyte.String(der); !s.ReadASN1ObjectIdentifier(&oid) {
		return nil, malformed(what)
	}
	return oid, nil
}

// fields reads up to n elements, those that are there, as DER one after the other.
func (c *cursor) fields(n int) ([]byte, error) {
	start, end := c.at, c.at
	for ; n > 0; n-- {
		e, ok, err := c.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if err := c.skip(e); err != nil {
			return nil, err
		}
		end = c.at
	}
	return c.read(start, end)
}

// maxFields bounds the fields of SignedData that are read after its content.
const maxFields = 16

// read returns the elements between two offsets as DER.
func (c *cursor) read(from, to int64) ([]byte, error) {
	if to-from > maxSize {
		return nil, codes.New(ErrLimit, "reading", "CMS", "more than 512 MB beside the content")
	}
	b, err := c.bytes(from, to)
	if err != nil {
		return nil, err
	}
	var out []byte
	for rest := b; len(rest) > 0; {
		der, used, err := toDER(rest)
		if err != nil {
			return nil, err
		}
		if out == nil && used == len(rest) {
			return der, nil
		}
		out, rest = append(out, der...), rest[used:]
	}
	return out, nil
}
