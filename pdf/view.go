package pdf

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/antinvn/antin/codes"
)

// View is one state of the file. Safe for concurrent use.
type View struct {
	d *Document
	n int
}

// Document is the view's file.
func (v *View) Document() *Document { return v.d }

// Revision is the view's number.
func (v *View) Revision() int { return v.n }

// find looks an object up, newest revision first.
func (v *View) find(n int) (entry, bool, error) {
	for i := v.n; i >= 0; i-- {
		if e, ok, err := v.d.revisions[i].find(v.d.r, n); ok || err != nil {
			return e, ok, err
		}
	}
	return 0, false, nil
}

// Trailer is the merged trailer: newest entries win.
func (v *View) Trailer() Dict {
	t := Dict{}
	for i := v.n; i >= 0; i-- {
		for _, s := range v.d.revisions[i].sections {
			for k, o := range s.trailer {
				if _, ok := t[k]; !ok {
					t[k] = o
				}
			}
		}
	}
	for _, k := range []Name{"Prev", "XRefStm", "W", "Index", "Type", "Filter", "DecodeParms", "Length"} {
		delete(t, k)
	}
	return t
}

// entryOf is one trailer entry without building the whole.
func (v *View) trailerEntry(k Name) Object {
	for i := v.n; i >= 0; i-- {
		for _, s := range v.d.revisions[i].sections {
			if o, ok := s.trailer[k]; ok {
				return o
			}
		}
	}
	return nil
}

// Catalog is the resolved /Root.
func (v *View) Catalog() (Dict, error) {
	d, err := v.Dict(v.trailerEntry("Root"))
	if err != nil {
		return nil, err
	}
	if d == nil {
		return nil, codes.New(ErrDamaged, "reading", "the catalog", "there is none")
	}
	return d, nil
}

// CatalogRef is the catalog's reference.
func (v *View) CatalogRef() Ref {
	r, _ := v.trailerEntry("Root").(Ref)
	return r
}

// Load reads an indirect object; a free or missing one is nil (null).
func (v *View) Load(r Ref) (Object, error) { return v.load(r, 0) }

func (v *View) load(r Ref, depth int) (Object, error) {
	if depth > v.d.limits.Depth {
		return nil, codes.New(ErrLimit, "reading object", r.String(), "references are nested too deeply")
	}
	e, ok, err := v.find(r.Number)
	if err != nil || !ok || e.kind() == kindFree {
		return nil, err
	}
	if e.kind() == kindCompressed {
		return v.loadCompressed(r, e, depth)
	}
	if e.small() != r.Generation {
		return nil, nil
	}
	at := location{number: r.Number, offset: e.value() + v.d.shift, index: -1}
	if o, ok := v.d.cached(at); ok {
		return o, nil
	}
	l := v.d.lexer(at.offset)
	ref, o, err := v.d.indirect(l, v.deeper(depth))
	if err != nil {
		if codes.Of(err) == string(ErrDamaged) {
			return nil, codes.Wrap(ErrDamaged, "reading object", r.String(), err)
		}
		return nil, err
	}
	if ref.Number != r.Number {
		return nil, codes.New(ErrDamaged, "reading object", r.String(), "another object stands there: "+ref.String())
	}
	if v.d.crypt != nil {
		o = v.d.crypt.open(ref, o)
	}
	v.d.store(at, o)
	return o, nil
}

// deeper keeps a stream's /Length that leads back to the stream from going round for ever.
func (v *View) deeper(depth int) *View {
	if depth > 3 {
		return nil
	}
	return v
}

func (d *Document) cached(at location) (Object, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	o, ok := d.objects[at]
	return o, ok
}

func (d *Document) store(at location, o Object) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.objects) >= maxCached {
		clear(d.objects)
	}
	d.objects[at] = o
}

// objectStream is a decoded object stream (ISO 32000-1, 7.5.7).
type objectStream struct {
	data    []byte
	numbers []int
	offsets []int
}

func (v *View) loadCompressed(r Ref, e entry, depth int) (Object, error) {
	holder := int(e.value())
	he, ok, err := v.find(holder)
	if err != nil || !ok || he.kind() != kindOffset || r.Generation != 0 {
		return nil, err
	}
	at := location{number: r.Number, offset: he.value() + v.d.shift, index: e.small()}
	if o, ok := v.d.cached(at); ok {
		return o, nil
	}
	s, err := v.objectStream(Ref{holder, he.small()}, at.offset, depth)
	if err != nil {
		return nil, codes.Wrap(ErrDamaged, "reading object", r.String(), err)
	}
	i := at.index
	if i >= len(s.numbers) || s.numbers[i] != r.Number {
		i = -1
		for j, n := range s.numbers {
			if n == r.Number {
				i = j
				break
			}
		}
		if i < 0 {
			return nil, nil
		}
	}
	l := bytesLexer(s.data, s.offsets[i], v.d.limits)
	o, err := l.value(0)
	if err != nil {
		if _, ok := err.(keywordError); ok { //nolint:errorlint // never wrapped
			return nil, nil
		}
		return nil, codes.Wrap(ErrDamaged, "reading object", r.String(), err)
	}
	v.d.store(at, o)
	return o, nil
}

func (v *View) objectStream(r Ref, offset int64, depth int) (*objectStream, error) {
	at := location{number: r.Number, offset: offset, index: -1}
	v.d.mu.Lock()
	s := v.d.streams[at]
	v.d.mu.Unlock()
	if s != nil {
		return s, nil
	}
	o, err := v.load(r, depth+1)
	if err != nil {
		return nil, err
	}
	st, ok := o.(*Stream)
	if !ok {
		return nil, codes.New(ErrDamaged, "reading object stream", r.String(), "it is no stream")
	}
	data, _, err := v.decodeAt(st, depth)
	if err != nil {
		return nil, err
	}
	n, _ := integer(st.Dict["N"])
	first, _ := integer(st.Dict["First"])
	if n < 0 || first < 0 || first > int64(len(data)) || n > first {
		return nil, codes.New(ErrDamaged, "reading object stream", r.String(), "/N or /First is wrong")
	}
	s = &objectStream{data: data}
	l := bytesLexer(data[:first], 0, v.d.limits)
	for range n {
		l.skip()
		number, ok1 := l.number().(int64)
		l.skip()
		off, ok2 := l.number().(int64)
		if !ok1 || !ok2 || off < 0 || first+off > int64(len(data)) {
			break
		}
		s.numbers, s.offsets = append(s.numbers, int(number)), append(s.offsets, int(first+off))
	}
	v.d.mu.Lock()
	if len(v.d.streams) >= maxStreams {
		clear(v.d.streams)
	}
	v.d.streams[at] = s
	v.d.mu.Unlock()
	return s, nil
}

// Resolve follows references until something else stands there.
func (v *View) Resolve(o Object) (Object, error) { return resolve(v, o, v.d.limits.Depth) }

type loader interface{ Load(r Ref) (Object, error) }

func resolve(l loader, o Object, limit int) (Object, error) {
	for range limit {
		r, ok := o.(Ref)
		if !ok {
			return o, nil
		}
		var err error
		if o, err = l.Load(r); err != nil {
			return nil, err
		}
	}
	return nil, codes.New(ErrLimit, "following a reference", fmt.Sprint(o), "references lead on for ever")
}

// Get walks from the catalog: names into dictionaries, ints into arrays, following references: v.Get("AcroForm", "Fields", 0).
// What is not there is nil.
func (v *View) Get(path ...any) (Object, error) {
	c, err := v.Catalog()
	if err != nil {
		return nil, err
	}
	var o Object = c
	for _, p := range path {
		if o, err = v.Resolve(o); err != nil {
			return nil, err
		}
		switch k := p.(type) {
		case string:
			o = entryOf(o, Name(k))
		case Name:
			o = entryOf(o, k)
		case int:
			a, _ := o.(Array)
			if k < 0 || k >= len(a) {
				return nil, nil
			}
			o = a[k]
		default:
			return nil, codes.New(ErrDamaged, "walking", fmt.Sprint(p), "a name or an index is expected")
		}
	}
	return v.Resolve(o)
}

func entryOf(o Object, k Name) Object {
	switch o := o.(type) {
	case Dict:
		return o[k]
	case *Stream:
		return o.Dict[k]
	}
	return nil
}

// Dict resolves and asserts; what is absent or of another type is nil without error. A stream gives its dictionary.
func (v *View) Dict(o Object) (Dict, error) {
	o, err := v.Resolve(o)
	if s, ok := o.(*Stream); ok {
		return s.Dict, err
	}
	d, _ := o.(Dict)
	return d, err
}

// Array see Dict.
func (v *View) Array(o Object) (Array, error) {
	o, err := v.Resolve(o)
	a, _ := o.(Array)
	return a, err
}

// Stream see Dict.
func (v *View) Stream(o Object) (*Stream, error) {
	o, err := v.Resolve(o)
	s, _ := o.(*Stream)
	return s, err
}

// Decode is a stream's data after all its filters (image filters DCT, JPX, CCITT, JBIG2 are left in place and named in rest).
func (v *View) Decode(s *Stream) (data []byte, rest []Name, err error) { return v.decodeAt(s, 0) }

func (v *View) decodeAt(s *Stream, depth int) ([]byte, []Name, error) {
	return v.d.decode(s, func(o Object) (Object, error) {
		if r, ok := o.(Ref); ok {
			return v.load(r, depth+1)
		}
		return o, nil
	}, false)
}

// Changed lists the objects that the view's revision itself writes or frees, with the offset of each (freed: -1).
func (v *View) Changed() ([]Change, error) {
	var out []Change
	seen := map[int]bool{}
	revision := v.d.revisions[v.n]
	sections := revision.sections
	for i, s := range sections {
		err := s.each(v.d.r, func(n int, e entry) error {
			if n == 0 || e.kind() == kindAbsent || seen[n] {
				return nil
			}
			if len(sections) > 1 {
				if found, _, err := revision.find(v.d.r, n); err != nil || e.kind() == kindFree && found.kind() != kindFree {
					return err // hidden in the stream of a hybrid file
				}
				seen[n] = true
			}
			c := Change{Ref: Ref{n, e.small()}, Offset: -1, Hidden: i > 0 && revision.Kind == "hybrid"}
			switch e.kind() {
			case kindOffset:
				c.Offset = e.value() + v.d.shift
			case kindCompressed:
				c.Ref.Generation, c.Stream = 0, int(e.value())
				h, ok, err := v.find(c.Stream)
				if err != nil {
					return err
				}
				if ok && h.kind() == kindOffset {
					c.Offset = h.value() + v.d.shift
				}
			}
			out = append(out, c)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// PageCount is the number of leaves of the page tree.
func (v *View) PageCount() (int, error) {
	refs, err := v.PageRefs()
	return len(refs), err
}

// maxPages bounds the page tree.
const maxPages = 1_000_000

// PageRefs are the pages' references in order; a cyclic or too deep tree is ErrDamaged or ErrLimit.
func (v *View) PageRefs() ([]Ref, error) {
	var out []Ref
	err := v.walkPages(func(r Ref, _ Dict, _ []Dict, _ Ref) bool {
		out = append(out, r)
		return true
	})
	return out, err
}

// walkPages visits the leaves with their ancestors, until f returns false.
func (v *View) walkPages(f func(r Ref, page Dict, above []Dict, parent Ref) bool) error {
	root, err := v.Get()
	if err != nil {
		return err
	}
	seen := map[Ref]bool{}
	count, visits := 0, 0
	var visit func(o Object, above []Dict, parent Ref) (bool, error)
	visit = func(o Object, above []Dict, parent Ref) (bool, error) {
		r, _ := o.(Ref)
		if r != (Ref{}) {
			if seen[r] {
				return false, codes.New(ErrDamaged, "reading the page tree at", r.String(), "the tree is cyclic")
			}
			seen[r] = true // on the way down only: one page may stand in the tree twice
			defer delete(seen, r)
		}
		if visits++; visits > 2*maxPages || len(above) > v.d.limits.Depth {
			return false, codes.New(ErrLimit, "reading the page tree at", r.String(), "the tree is too deep or too large")
		}
		d, err := v.Dict(o)
		if err != nil || d == nil {
			return true, err
		}
		kids, err := v.Array(d["Kids"])
		if err != nil {
			return false, err
		}
		if kids == nil || d["Type"] == Name("Page") {
			if count++; count > maxPages {
				return false, codes.New(ErrLimit, "reading the page tree", "", "too many pages")
			}
			return f(r, d, above, parent), nil
		}
		above = append(slices.Clip(above), d)
		for _, k := range kids {
			if more, err := visit(k, above, r); err != nil || !more {
				return more, err
			}
		}
		return true, nil
	}
	_, err = visit(root.(Dict)["Pages"], nil, Ref{})
	return err
}

// Page returns a page, counted from 1; negative counts from the end (-1 is the last).
func (v *View) Page(n int) (*Page, error) {
	if n < 0 {
		count, err := v.PageCount()
		if err != nil {
			return nil, err
		}
		n += count + 1
	}
	var found *Page
	var inner error
	i := 0
	err := v.walkPages(func(r Ref, d Dict, above []Dict, parent Ref) bool {
		if i++; i == n {
			found, inner = v.page(r, d, above, parent)
			return false
		}
		return true
	})
	if err == nil {
		err = inner
	}
	if err == nil && found == nil {
		err = codes.New(ErrNoPage, "finding page", strconv.Itoa(n), "the document has "+strconv.Itoa(i)+" pages")
	}
	return found, err
}

func (v *View) page(r Ref, d Dict, above []Dict, parent Ref) (*Page, error) {
	inherited := func(k Name) (Object, error) {
		o := d[k]
		for i := len(above) - 1; o == nil && i >= 0; i-- {
			o = above[i][k]
		}
		return v.Resolve(o)
	}
	p := &Page{Ref: r, Dict: d, Parent: parent, UserUnit: 1, MediaBox: Rect{0, 0, 612, 792}}
	media, err := inherited("MediaBox")
	if err != nil {
		return nil, err
	}
	if box, ok := v.rect(media); ok {
		p.MediaBox = box
	}
	p.CropBox = p.MediaBox
	crop, err := inherited("CropBox")
	if err != nil {
		return nil, err
	}
	if box, ok := v.rect(crop); ok {
		box = Rect{max(box.X0, p.MediaBox.X0), max(box.Y0, p.MediaBox.Y0), min(box.X1, p.MediaBox.X1), min(box.Y1, p.MediaBox.Y1)}
		if box.X0 < box.X1 && box.Y0 < box.Y1 {
			p.CropBox = box
		}
	}
	rotate, err := inherited("Rotate")
	if err != nil {
		return nil, err
	}
	if n, ok := integer(rotate); ok && n%90 == 0 {
		p.Rotate = int((n%360 + 360) % 360)
	}
	if u, ok := number(d["UserUnit"]); ok && u > 0 && u <= 75000 {
		p.UserUnit = u
	}
	p.Resources, err = inherited("Resources")
	return p, err
}

func (v *View) rect(o Object) (Rect, bool) {
	a, _ := o.(Array)
	if len(a) < 4 {
		return Rect{}, false
	}
	var c [4]float64
	for i := range c {
		e, err := v.Resolve(a[i])
		if err != nil {
			return Rect{}, false
		}
		n, ok := number(e)
		if !ok {
			return Rect{}, false
		}
		c[i] = n
	}
	r := Rect{min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3])}
	return r, r.X0 < r.X1 && r.Y0 < r.Y1
}

func number(o Object) (float64, bool) {
	switch o := o.(type) {
	case int64:
		return float64(o), true
	case float64:
		return o, true
	}
	return 0, false
}
