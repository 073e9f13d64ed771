package verify

import (
	"cmp"
	"slices"

	"github.com/antinvn/antin/pdf"
)

// graph knows what refers to the objects that later revisions wrote: from the signed state by a survey of its text, from the
// later revisions by their objects.
type graph struct {
	h        *history
	edges    map[pdf.Ref][]edge // by target
	versions map[int][]int      // number → the revisions that wrote it, oldest first
	beyond   []pdf.Ref          // objects of the signed state that stand behind its end
	wanted   map[int]bool
	failed   error

	built int                   // 1 + the revision whose state the two below are of
	live  map[pdf.Ref]bool      // what the trailer leads to; nil: everything
	above map[pdf.Ref][]pdf.Ref // what refers to an object
}

// edge is a reference in an object as a revision wrote it.
type edge struct {
	from     pdf.Ref
	revision int // -1: the signed state
}

// signedState stands for the base in [edge.revision].
const signedState = -1

func newGraph(h *history) (*graph, error) {
	g := &graph{h: h, edges: map[pdf.Ref][]edge{}, versions: map[int][]int{}}
	first := h.base.Revision() + 1
	if h.foreign() {
		first = h.doc.Latest().Revision()
	}
	wanted := map[int]bool{}
	g.wanted = wanted
	lowest, highest := -1, -1
	for r := first; r <= h.doc.Latest().Revision(); r++ {
		written, err := h.doc.At(r).Changed()
		if err != nil {
			return nil, err
		}
		for _, c := range written {
			n := c.Ref.Number
			if v := g.versions[n]; len(v) == 0 || v[len(v)-1] != r {
				g.versions[n] = append(v, r)
			}
			if wanted[n] = true; lowest < 0 || n < lowest {
				lowest = n
			}
			highest = max(highest, n)
		}
	}
	if len(wanted) == 0 {
		return g, nil
	}
	end := endOf(h.base)
	among := newNumbers(wanted, lowest, highest)
	err := h.base.Survey(h.ctx, func(r pdf.Ref, offset int64) {
		if offset >= end {
			g.beyond = append(g.beyond, r)
		}
	}, func(from, to pdf.Ref) {
		if among.have(to.Number) {
			g.refer(from, to, signedState)
		}
	})
	if err != nil {
		return nil, err
	}
	for n, revisions := range g.versions {
		for _, r := range revisions {
			v := h.doc.At(r)
			ref, ok, err := v.InUse(n)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			eachReference(load(v, ref), func(to pdf.Ref) {
				if wanted[to.Number] {
					g.refer(ref, to, r)
				}
			})
		}
	}
	return g, h.ctx.Err()
}

// numbers is a set of object numbers that is asked for each reference of a file.
type numbers struct {
	lowest, span int
	bits         []uint64
	sparse       map[int]bool // in place of bits where these would be many
}

func newNumbers(all map[int]bool, lowest, highest int) *numbers {
	const dense = 1 << 23 // one megabyte of bits
	s := &numbers{lowest: lowest, span: highest - lowest + 1}
	if s.span > dense {
		s.sparse = all
		return s
	}
	s.bits = make([]uint64, s.span/64+1)
	for n := range all {
		s.bits[(n-lowest)/64] |= 1 << ((n - lowest) % 64)
	}
	return s
}

func (s *numbers) have(n int) bool {
	i := n - s.lowest
	if i < 0 || i >= s.span {
		return false
	}
	if s.sparse != nil {
		return s.sparse[n]
	}
	return s.bits[i/64]&(1<<(i%64)) != 0
}

func (g *graph) refer(from, to pdf.Ref, revision int) {
	e := edge{from, revision}
	if have := g.edges[to]; len(have) == 0 || have[len(have)-1] != e {
		g.edges[to] = append(have, e)
	}
}

func endOf(v *pdf.View) int64 { return v.Document().Revisions()[v.Revision()].End }

func eachReference(o pdf.Object, f func(pdf.Ref)) {
	switch o := o.(type) {
	case pdf.Ref:
		f(o)
	case pdf.Array:
		for _, e := range o {
			eachReference(e, f)
		}
	case pdf.Dict:
		for _, e := range o {
			eachReference(e, f)
		}
	case *pdf.Stream:
		eachReference(o.Dict, f)
	}
}

// holds reports whether the edge is there in the state after revision r.
func (g *graph) holds(e edge, r int) bool {
	written := signedState
	for _, v := range g.versions[e.from.Number] {
		if v <= r {
			written = v
		}
	}
	return written == e.revision
}

// way is one place that refers to an object: the object that holds the reference, and the entries that lead to it there.
type way struct {
	from pdf.Ref
	path string // "AP N"; places in arrays are left out
}

// ways are those that lead to an object in the new state.
func (s *step) ways(to pdf.Ref) []way {
	var all []way
	for _, from := range s.graph.referring(s, to) {
		for _, p := range pathsTo(load(s.new, from), to) {
			if w := (way{from, p}); !slices.Contains(all, w) {
				all = append(all, w)
			}
		}
	}
	slices.SortFunc(all, func(a, b way) int {
		return cmp.Or(cmp.Compare(a.from.Number, b.from.Number), cmp.Compare(a.path, b.path))
	})
	return all
}

// referring are the objects that refer to one. For objects that no later revision wrote the whole file is looked through once.
func (g *graph) referring(s *step, to pdf.Ref) []pdf.Ref {
	if !g.wanted[to.Number] {
		g.whole(s)
		return g.above[to]
	}
	var all []pdf.Ref
	for _, e := range g.edges[to] {
		if g.holds(e, s.r) {
			all = append(all, e.from)
		}
	}
	return all
}

// refersAlready reports whether an object referred to another one before this step.
func (s *step) refersAlready(from, to pdf.Ref) bool {
	before := s.r - 1
	if s.foreign() {
		return s.touched[from] == nil
	}
	return slices.ContainsFunc(s.graph.edges[to], func(e edge) bool { return e.from == from && s.graph.holds(e, before) })
}

// pathsTo lists where in an object a reference stands.
func pathsTo(o pdf.Object, to pdf.Ref) []string {
	var found []string
	var walk func(o pdf.Object, path string)
	walk = func(o pdf.Object, path string) {
		switch o := o.(type) {
		case pdf.Ref:
			if o == to && !slices.Contains(found, path) {
				found = append(found, path)
			}
		case pdf.Array:
			for _, e := range o {
				walk(e, path)
			}
		case pdf.Dict:
			for k, e := range o {
				if path == "" {
					walk(e, string(k))
				} else {
					walk(e, path+" "+string(k))
				}
			}
		case *pdf.Stream:
			walk(o.Dict, path)
		}
	}
	walk(o, "")
	return found
}

// maxEdges bounds what is remembered of a whole file; in a larger one everything counts as reachable, and nothing is known of what
// refers to what.
const maxEdges = 5_000_000

// reachable reports whether the trailer leads to an object in the step's new state.
func (g *graph) reachable(s *step, r pdf.Ref) bool {
	if r == s.root {
		return true
	}
	g.whole(s)
	return g.live == nil || g.live[r]
}

// whole looks through the whole file as it is after a step: only changes that no rule explains, and parts of annotations, need it.
func (g *graph) whole(s *step) {
	if g.built == s.r+1 {
		return
	}
	g.built, g.live, g.above = s.r+1, nil, nil
	next, above := map[pdf.Ref][]pdf.Ref{}, map[pdf.Ref][]pdf.Ref{}
	edges := 0
	err := s.new.Survey(s.ctx, func(pdf.Ref, int64) {}, func(from, to pdf.Ref) {
		if edges++; edges <= maxEdges {
			next[from], above[to] = append(next[from], to), append(above[to], from)
		}
	})
	if g.failed = err; err != nil || edges > maxEdges {
		return
	}
	g.live, g.above = map[pdf.Ref]bool{}, above
	var queue []pdf.Ref
	eachReference(s.trailers[1], func(r pdf.Ref) { queue = append(queue, r) })
	for len(queue) > 0 {
		r := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if !g.live[r] {
			g.live[r] = true
			queue = append(queue, next[r]...)
		}
	}
}
