package cms

import (
	"math"

	"github.com/antinvn/antin/codes"
)

// The limits of the BER reader.
const (
	maxDepth    = 64
	maxElements = 2_000_000
)

// toDER rewrites BER as DER in lengths and constructed strings, and says how many bytes of the input it took. DER comes
// back as it is. SETs keep their order: what was signed decides, not what ought to have been (RFC 5652, 5.4).
func toDER(b []byte) (der []byte, used int, err error) {
	r := berReader{}
	if n := r.plain(b, 0); n >= 0 {
		return b[:n], n, nil
	}
	r.elements = 0
	out, rest, err := r.rewrite(nil, b, 0)
	if err != nil {
		return nil, 0, err
	}
	return out, len(b) - len(rest), nil
}

type berReader struct{ elements int }

// header is one identifier and length.
type header struct {
	tag         byte // the first identifier octet
	identifier  []byte
	octets      int    // of identifier and length
	length      int64  // -1: indefinite
	content     []byte // definite lengths
	rest        []byte
	indefinite  bool
	constructed bool
}

func malformed(what string) error { return codes.New(ErrMalformed, "reading BER", what, "malformed") }

func (r *berReader) header(b []byte, depth int) (h header, err error) {
	if r.elements++; r.elements > maxElements || depth > maxDepth {
		return h, codes.New(ErrLimit, "reading BER", "", "too many or too deeply nested elements")
	}
	if h, err = readHeader(b); err != nil {
		return h, err
	}
	b = b[h.octets:]
	if h.length < 0 {
		h.rest = b
		return h, nil
	}
	if h.length > int64(len(b)) {
		return h, malformed("a length beyond the end")
	}
	h.content, h.rest = b[:h.length], b[h.length:]
	return h, nil
}

// readHeader reads identifier and length at the start of b; content and rest are not looked at.
func readHeader(b []byte) (h header, err error) {
	if len(b) < 2 {
		return h, malformed("a header")
	}
	h.tag, h.constructed = b[0], b[0]&0x20 != 0
	i := 1
	if b[0]&0x1f == 0x1f {
		for {
			if i >= len(b) || i > 5 {
				return h, malformed("a long tag")
			}
			i++
			if b[i-1]&0x80 == 0 {
				break
			}
		}
	}
	h.identifier = b[:i]
	if i >= len(b) {
		return h, malformed("a length")
	}
	first := b[i]
	i++
	h.length = int64(first)
	switch {
	case first == 0x80:
		if !h.constructed {
			return h, malformed("an indefinite length of a primitive")
		}
		h.length, h.indefinite = -1, true
	case first > 0x80:
		n := int(first & 0x7f)
		if n > 8 || i+n > len(b) {
			return h, malformed("a length")
		}
		var v uint64
		for _, c := range b[i : i+n] {
			v = v<<8 | uint64(c)
		}
		if v > math.MaxInt64 {
			return h, malformed("a length")
		}
		h.length = int64(v)
		i += n
	}
	h.octets = i
	return h, nil
}

// inPieces says that a universal string type is written in pieces, which DER forbids (X.690, 10.2).
func inPieces(tag byte) bool {
	if tag&0xe0 != 0x20 { // constructed, universal
		return false
	}
	switch tag & 0x1f {
	case 3, 4, 12, 18, 19, 20, 21, 22, 25, 26, 27, 28, 30:
		return true
	}
	return false
}

// plain is the length of an element that is what nearly everybody writes: DER as far as lengths and strings go, without long tags.
// It is -1 for anything else, what is malformed and what is above the limits included: rewrite says more of these.
func (r *berReader) plain(b []byte, depth int) (n int) {
	if r.elements++; r.elements > maxElements || depth > maxDepth || len(b) < 2 || b[0]&0x1f == 0x1f {
		return -1
	}
	tag, size := b[0], int(b[1])
	start := 2
	switch {
	case size < 0x80:
	case size == 0x81 && len(b) > 2 && b[2] >= 0x80:
		start, size = 3, int(b[2])
	case size == 0x82 && len(b) > 3 && b[2] != 0:
		start, size = 4, int(b[2])<<8|int(b[3])
	case size == 0x83 && len(b) > 4 && b[2] != 0:
		start, size = 5, int(b[2])<<16|int(b[3])<<8|int(b[4])
	case size == 0x84 && len(b) > 5 && b[2] != 0 && b[2] < 0x80:
		start, size = 6, int(b[2])<<24|int(b[3])<<16|int(b[4])<<8|int(b[5])
	default:
		return -1
	}
	if size > len(b)-start || inPieces(tag) {
		return -1
	}
	end := start + size
	if tag&0x20 != 0 {
		for at := start; at < end; {
			k := r.plain(b[at:end], depth+1)
			if k < 0 {
				return -1
			}
			at += k
		}
	}
	return end
}

// rewrite appends the DER of one element and returns what follows it.
func (r *berReader) rewrite(out, b []byte, depth int) (der, rest []byte, err error) {
	h, err := r.header(b, depth)
	if err != nil {
		return nil, nil, err
	}
	if inPieces(h.tag) {
		value, rest, err := r.pieces(nil, h, depth)
		if err != nil {
			return nil, nil, err
		}
		if h.tag&0x1f == 3 {
			value = append([]byte{0}, value...)
		}
		out = append(out, h.tag&^0x20)
		return append(appendLength(out, len(value)), value...), rest, nil
	}
	if !h.constructed {
		out = append(append(out, h.identifier...), lengthOf(len(h.content))...)
		return append(out, h.content...), h.rest, nil
	}
	var body []byte
	rest = h.rest
	if h.indefinite {
		for c := h.rest; ; {
			if len(c) >= 2 && c[0] == 0 && c[1] == 0 {
				rest = c[2:]
				break
			}
			if body, c, err = r.rewrite(body, c, depth+1); err != nil {
				return nil, nil, err
			}
		}
	} else {
		for c := h.content; len(c) > 0; {
			if body, c, err = r.rewrite(body, c, depth+1); err != nil {
				return nil, nil, err
			}
		}
	}
	out = append(append(out, h.identifier...), lengthOf(len(body))...)
	return append(out, body...), rest, nil
}

// pieces joins a constructed string.
func (r *berReader) pieces(value []byte, h header, depth int) (joined, rest []byte, err error) {
	c, end := h.content, h.rest
	if h.indefinite {
		c = h.rest
	}
	for {
		if h.indefinite && len(c) >= 2 && c[0] == 0 && c[1] == 0 {
			return value, c[2:], nil
		}
		if !h.indefinite && len(c) == 0 {
			return value, end, nil
		}
		p, err := r.header(c, depth+1)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case inPieces(p.tag):
			if value, c, err = r.pieces(value, p, depth+1); err != nil {
				return nil, nil, err
			}
		case p.constructed:
			return nil, nil, malformed("a piece of a string")
		default:
			content := p.content
			if p.tag&0x1f == 3 {
				if len(content) == 0 {
					return nil, nil, malformed("a piece of a BIT STRING")
				}
				content = content[1:]
			}
			value, c = append(value, content...), p.rest
		}
	}
}

func lengthOf(n int) []byte { return appendLength(nil, n) }

func appendLength(out []byte, n int) []byte {
	if n < 0x80 {
		return append(out, byte(n))
	}
	var b [8]byte
	i := len(b)
	for v := n; v > 0; v >>= 8 {
		i--
		b[i] = byte(v)
	}
	return append(append(out, 0x80|byte(len(b)-i)), b[i:]...)
}

// wrap is the DER of an element with that identifier octet.
func wrap(tag byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	out := appendLength(append(make([]byte, 0, n+10), tag), n)
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
