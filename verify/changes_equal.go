package verify

import (
	"bytes"

	"github.com/antinvn/antin/pdf"
)

// identical compares two values as they are written, without following references.
func identical(a, b pdf.Object) bool { return equalValues(a, b, false) }

// equalValues compares two values without following references; alike takes numbers for equal that are so as 32-bit floats,
// which is what viewers compute with (ISO 32000-2, annex C.2).
func equalValues(a, b pdf.Object, alike bool) bool {
	switch a := a.(type) {
	case pdf.Dict:
		bd, ok := b.(pdf.Dict)
		if !ok || len(a) != len(bd) {
			return false
		}
		for k, v := range a {
			w, ok := bd[k]
			if !ok || !equalValues(v, w, alike) {
				return false
			}
		}
		return true
	case pdf.Array:
		ba, ok := b.(pdf.Array)
		if !ok || len(a) != len(ba) {
			return false
		}
		for i := range a {
			if !equalValues(a[i], ba[i], alike) {
				return false
			}
		}
		return true
	case *pdf.Stream:
		bs, ok := b.(*pdf.Stream)
		return ok && (a == bs || a.SameBytes(bs) && equalValues(a.Dict, bs.Dict, alike))
	case unreadable:
		_, ok := b.(unreadable)
		return ok
	case int64, float64:
		x, _ := number(a)
		y, ok := number(b)
		return ok && (x == y || alike && float32(x) == float32(y))
	}
	switch b.(type) {
	case pdf.Dict, pdf.Array, *pdf.Stream, unreadable:
		return false
	}
	return a == b
}

func number(o pdf.Object) (float64, bool) {
	switch o := o.(type) {
	case int64:
		return float64(o), true
	case float64:
		return o, true
	}
	return 0, false
}

// maxCompared bounds the values that the comparisons of contents of one revision look at, 64 bytes of data counted as one.
// Beyond it nothing is the same.
const maxCompared = 20_000_000

// sameContent compares two values each in its own state. A reference that stayed the same is the same: what stands behind it is
// judged for itself.
func (s *step) sameContent(o, n pdf.Object) bool {
	c := contents{s: s, seen: map[[2]pdf.Ref]bool{}}
	return c.same(o, n, 0)
}

type contents struct {
	s    *step
	seen map[[2]pdf.Ref]bool
}

func (c *contents) same(o, n pdf.Object, depth int) bool {
	const deepest = 200
	if c.s.compared++; c.s.compared > maxCompared || depth > deepest {
		return false
	}
	or, oIs := o.(pdf.Ref)
	nr, nIs := n.(pdf.Ref)
	if oIs && nIs && or == nr {
		return true
	}
	if oIs && nIs {
		pair := [2]pdf.Ref{or, nr}
		if c.seen[pair] {
			return true
		}
		c.seen[pair] = true
	}
	o, err1 := c.s.old.Resolve(o)
	n, err2 := c.s.new.Resolve(n)
	if err1 != nil || err2 != nil {
		return false
	}
	switch n := n.(type) {
	case pdf.Dict:
		od, ok := o.(pdf.Dict)
		return ok && c.dicts(od, n, depth)
	case pdf.Array:
		oa, ok := o.(pdf.Array)
		if !ok || len(oa) != len(n) {
			return false
		}
		for i := range n {
			if !c.same(oa[i], n[i], depth+1) {
				return false
			}
		}
		return true
	case *pdf.Stream:
		os, ok := o.(*pdf.Stream)
		return ok && c.dicts(os.Dict, n.Dict, depth, "Length", "Filter", "DecodeParms", "DL") && c.s.sameData(os, n)
	}
	return equalValues(o, n, false)
}

// dicts compares dictionaries but for entries that say only how a stream is stored.
func (c *contents) dicts(o, n pdf.Dict, depth int, without ...pdf.Name) bool {
next:
	for _, k := range unionKeys(o, n) {
		for _, w := range without {
			if k == w {
				continue next
			}
		}
		if !c.same(o[k], n[k], depth+1) {
			return false
		}
	}
	return true
}

// sameData compares decoded data; what cannot be decoded counts as changed.
func (s *step) sameData(o, n *pdf.Stream) bool {
	if o.SameBytes(n) {
		return true
	}
	od, orest, err1 := s.old.Decode(o)
	nd, nrest, err2 := s.new.Decode(n)
	if err1 != nil || err2 != nil || len(orest) != len(nrest) {
		return false
	}
	s.compared += (len(od) + len(nd)) / 64
	for i := range orest {
		if orest[i] != nrest[i] {
			return false
		}
	}
	return bytes.Equal(od, nd)
}
