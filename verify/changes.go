package verify

import (
	"context"
	"fmt"
	"slices"

	"github.com/antinvn/antin/pdf"
)

// How changes after signing are judged (ISO 32000-2, 12.8.2): every object that a later revision writes, frees or points
// elsewhere is compared with the object that had its number before. What differs is told apart by the role of the object
// and by the entry, and each such difference is explained by one of [changeRules], or is forbidden. Nothing else is walked:
//
//   - An object with a role of its own (catalog, form, field, page, document security store, document information) is judged
//     entry by entry. The entries that rules let pass mean nothing in another role, so it does not matter who else refers to it.
//   - Any other object (arrays, streams, plain dictionaries) is judged once for each reference that leads to it, found by a
//     survey of the whole file: reached by an allowed way and by another one, the other one forbids.
//   - A new object counts where something refers to it: from a changed object, whose rule judges that, or from an old one,
//     whose reference was empty until now.
//   - What nothing reaches is harmless.
//
// A file's revisions are compared one by one and once, for all its signatures.

// history is what the later revisions of a file changed, found as it is asked for. Not safe for concurrent use.
type history struct {
	ctx    context.Context
	doc    *pdf.Document
	base   *pdf.View // of the oldest signature
	rules  []changeRule
	graph  *graph
	forms  map[int]*formState
	steps  map[int][]Change
	failed error
}

// newHistory is for signatures whose revisions are that of base or later ones. A base of another document (the file cut at the
// end of the byte range) is compared with the latest state in one step.
func newHistory(ctx context.Context, base *pdf.View, doc *pdf.Document, rules []changeRule) *history {
	return &history{ctx: ctx, doc: doc, base: base, rules: rules, forms: map[int]*formState{}, steps: map[int][]Change{}}
}

// compareViews lists what the revisions after old changed, up to the latest.
func compareViews(ctx context.Context, old, latest *pdf.View) ([]Change, error) {
	return newHistory(ctx, old, latest.Document(), changeRules()).since(old)
}

// foreign says that the signed state was read from the cut file: the file's own cross-reference had to be rebuilt.
func (h *history) foreign() bool { return h.base.Document() != h.doc }

// since lists the changes after a state, strongest first.
func (h *history) since(signed *pdf.View) ([]Change, error) {
	if h.graph == nil && h.failed == nil {
		h.graph, h.failed = newGraph(h)
	}
	if h.failed != nil {
		return nil, h.failed
	}
	all := h.tail(signed)
	last := h.doc.Latest().Revision()
	first := signed.Revision() + 1
	if h.foreign() {
		first = last
	}
	for r := first; r <= last; r++ {
		changes, known := h.steps[r]
		if !known {
			var err error
			if changes, err = h.step(r); err != nil {
				return nil, err
			}
			h.steps[r] = changes
		}
		all = append(all, changes...)
	}
	slices.SortStableFunc(all, func(a, b Change) int { return rank(b.Class) - rank(a.Class) })
	return all, nil
}

// step compares revision r with the state before it.
func (h *history) step(r int) ([]Change, error) {
	s := &step{history: h, r: r, old: h.base, new: h.doc.At(r)}
	if !h.foreign() {
		s.old = h.doc.At(r - 1)
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	if err := s.collect(); err != nil {
		return nil, err
	}
	if err := s.judge(); err != nil {
		return nil, err
	}
	for i := range s.changes {
		s.changes[i].Revision = r
		if s.changes[i].Page == 0 && s.changes[i].page != (pdf.Ref{}) {
			s.changes[i].Page = pageNumber(s.new, s.changes[i].page)
		}
	}
	out := make([]Change, len(s.changes))
	for i := range s.changes {
		out[i] = s.changes[i].Change
	}
	return out, nil
}

// step is one revision against the state before it.
type step struct {
	*history
	r        int
	old, new *pdf.View
	deltas   []delta
	touched  map[pdf.Ref]*delta
	root     pdf.Ref
	trailers [2]pdf.Dict // before and after
	catalogs [2]pdf.Dict
	form     [2]*formState
	roles    map[pdf.Ref][]role
	changes  []found
	compared int // values that were compared by content
}

// found is a change whose page is not numbered yet.
type found struct {
	Change
	page pdf.Ref
}

// delta is an object that a revision changed, made or freed.
type delta struct {
	ref           pdf.Ref
	before, after pdf.Object // nil: not there
	offset        int64      // where the revision says that it stands; -1 freed
}

// unreadable stands for an object that cannot be loaded.
type unreadable struct{ err error }

func (s *step) open() (err error) {
	s.root = s.new.CatalogRef()
	for i, v := range []*pdf.View{s.old, s.new} {
		s.trailers[i] = v.Trailer()
		if s.catalogs[i], err = v.Catalog(); err != nil {
			return err
		}
	}
	return nil
}

// collect finds the objects that differ from those that had their numbers before.
func (s *step) collect() error {
	written, err := s.new.Changed()
	if err != nil {
		return err
	}
	s.touched = make(map[pdf.Ref]*delta, len(written))
	s.deltas = make([]delta, 0, len(written))
	for i, c := range written {
		if i&0x3ff == 0 && s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		was, had, err := s.old.InUse(c.Ref.Number)
		if err != nil {
			return err
		}
		is, has, err := s.new.InUse(c.Ref.Number)
		if err != nil {
			return err
		}
		if had && has && was == is {
			s.note(delta{was, load(s.old, was), load(s.new, is), c.Offset})
			continue
		}
		if had {
			s.note(delta{was, load(s.old, was), nil, -1})
		}
		if has {
			s.note(delta{is, nil, load(s.new, is), c.Offset})
		}
	}
	for i := range s.deltas {
		s.touched[s.deltas[i].ref] = &s.deltas[i]
	}
	return s.ctx.Err()
}

func (s *step) note(d delta) {
	if !identical(d.before, d.after) {
		s.deltas = append(s.deltas, d)
	}
}

func load(v *pdf.View, r pdf.Ref) pdf.Object {
	o, err := v.Load(r)
	if err != nil {
		return unreadable{err}
	}
	return o
}

// judge explains every difference, or forbids it.
func (s *step) judge() error {
	s.bytes()
	s.trailer()
	if err := s.fields(); err != nil {
		return err
	}
	for i := range s.deltas {
		if i&0xff == 0 && s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		d := &s.deltas[i]
		switch {
		case d.before == nil:
			s.made(d)
		case d.after == nil:
			s.freed(d)
		default:
			s.changed(d)
		}
	}
	return s.graph.failed
}

// made judges a new object by what referred to its number before it was there.
func (s *step) made(d *delta) {
	if !slices.ContainsFunc(s.graph.edges[d.ref], func(e edge) bool { return s.refersAlready(e.from, d.ref) }) {
		return
	}
	for _, w := range s.ways(d.ref) {
		if s.refersAlready(w.from, d.ref) {
			s.explain(&difference{delta: d, role: roleEmptyReference, way: w})
		}
	}
}

// freed judges an object that is gone by what still refers to it.
func (s *step) freed(d *delta) {
	s.explain(&difference{delta: d, role: roleFreed})
	for _, w := range s.ways(d.ref) {
		s.explain(&difference{delta: d, role: roleMissing, way: w})
	}
}

func (s *step) changed(d *delta) {
	if r := s.ownRole(d.ref); r != roleOther {
		od, ok1 := d.before.(pdf.Dict)
		nd, ok2 := d.after.(pdf.Dict)
		if ok1 && ok2 {
			s.entries(d, r, od, nd)
			return
		}
	}
	if s.explained(&difference{delta: d, role: roleSame, before: d.before, after: d.after}) {
		return
	}
	ways := s.ways(d.ref)
	if len(ways) == 0 {
		s.explain(&difference{delta: d, role: roleOrphan})
		return
	}
	for _, w := range ways {
		for _, r := range s.roleByWay(d.ref, w) {
			s.explain(&difference{delta: d, role: r, way: w, before: d.before, after: d.after})
		}
	}
}

// entries judges a dictionary entry by entry.
func (s *step) entries(d *delta, r role, o, n pdf.Dict) {
	for _, k := range unionKeys(o, n) {
		if !identical(o[k], n[k]) {
			s.explain(&difference{delta: d, role: r, key: k, before: o[k], after: n[k]})
		}
	}
}

// difference is one thing to explain.
type difference struct {
	*delta
	role          role
	key           pdf.Name   // the entry; "" for the whole object
	way           way        // that leads to the object, where its role does not say enough
	before, after pdf.Object // the entry's values
}

func (d *difference) where() string {
	if d.key == "" {
		return d.ref.String()
	}
	return d.ref.String() + " /" + string(d.key)
}

// explained reports whether a rule lets the difference pass.
func (s *step) explained(d *difference) bool {
	for i := range s.rules {
		if r := &s.rules[i]; r.serves(d) {
			n := len(s.changes)
			if r.explain(s, d) {
				for ; n < len(s.changes); n++ {
					if s.changes[n].Rule == "" && s.changes[n].Class != ClassForbidden {
						s.changes[n].Rule = r.name
					}
				}
				return true
			}
			s.changes = s.changes[:n]
		}
	}
	return false
}

// explain forbids what no rule explains, unless nothing shows it.
func (s *step) explain(d *difference) {
	if s.explained(d) {
		return
	}
	if d.way.from != (pdf.Ref{}) && !s.graph.reachable(s, d.way.from) {
		return
	}
	s.forbidDifference(d)
}

// add notes a change; the same thing is said once.
func (s *step) add(c Change, page pdf.Ref) {
	for i := range s.changes {
		if h := &s.changes[i]; h.Code == c.Code && h.Field == c.Field && h.Object == c.Object && h.Class == c.Class {
			return
		}
	}
	s.changes = append(s.changes, found{c, page})
}

func (s *step) allow(code string, class Class, object, before, after string) {
	s.add(Change{Code: code, Class: class, Object: object, Before: before, After: after}, pdf.Ref{})
}

func (s *step) forbid(code, attack, object, before, after string) {
	s.add(Change{Code: code, Class: ClassForbidden, Attack: attack, Object: object, Before: before, After: after}, pdf.Ref{})
}

func unionKeys(a, b pdf.Dict) []pdf.Name {
	keys := make([]pdf.Name, 0, len(a)+len(b))
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// trailer compares /Root, /Info and /Encrypt; /ID, /Size, /Prev and the like belong to every update.
func (s *step) trailer() {
	ot, nt := s.trailers[0], s.trailers[1]
	t := &delta{ref: pdf.Ref{}}
	if !identical(ot["Encrypt"], nt["Encrypt"]) {
		s.explain(&difference{delta: t, role: roleTrailer, key: "Encrypt", before: ot["Encrypt"], after: nt["Encrypt"]})
	}
	if !identical(ot["Root"], nt["Root"]) {
		s.explain(&difference{delta: t, role: roleTrailer, key: "Root", before: ot["Root"], after: nt["Root"]})
	}
	if !identical(ot["Info"], nt["Info"]) {
		od, err1 := s.old.Dict(ot["Info"])
		nd, err2 := s.new.Dict(nt["Info"])
		if err1 != nil || err2 != nil {
			s.forbid("document_information", "", "trailer /Info", describe(ot["Info"]), describe(nt["Info"]))
			return
		}
		s.entries(&delta{ref: refOf(nt["Info"])}, roleInformation, od, nd)
	}
}

func refOf(o pdf.Object) pdf.Ref {
	r, _ := o.(pdf.Ref)
	return r
}

func presence(p bool) string {
	if p {
		return "present"
	}
	return ""
}

// describe is a short, safe text of a value.
func describe(o pdf.Object) string {
	const limit = 120
	var s string
	switch o := o.(type) {
	case nil:
		return ""
	case unreadable:
		s = o.err.Error()
	case pdf.String:
		s = pdf.TextString(o)
	case pdf.Name:
		s = "/" + string(o)
	case pdf.Ref:
		s = o.String()
	case pdf.Array:
		s = fmt.Sprintf("array of %d", len(o))
	case pdf.Dict:
		s = "dictionary"
	case *pdf.Stream:
		s = "stream"
	default:
		s = fmt.Sprint(o)
	}
	return printable(s, limit)
}

func printable(s string, limit int) string {
	r := []rune(s)
	for i, c := range r {
		if c < ' ' || c == 0x7f {
			r[i] = ' '
		}
	}
	if len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return string(r)
}
