package verify

import (
	"slices"
	"strings"

	"github.com/antinvn/antin/pdf"
	pdftext "github.com/antinvn/antin/pdf/text"
)

// pageRules are about annotations (ISO 32000-2, 12.5; table 257, P 3), and widgets of fields.
func pageRules() []changeRule {
	return []changeRule{
		{"annotation_list", rolePage, []pdf.Name{"Annots"}, func(s *step, d *difference) bool { return s.annotations(d, d.ref) }},
		{"annotation_array", roleAnnotationList, nil, func(s *step, d *difference) bool { return s.annotations(d, s.pageAbove(d.ref)) }},
		{"widget_of_field", roleNewAnnotation, nil, widgetOfField},
		{"annotation_added", roleNewAnnotation, nil, annotationAdded},
		{"annotation_removed", roleRemovedAnnotation, nil, annotationRemoved},
		{"annotation_changed", roleAnnotation, nil, annotationChanged},
		{"annotation_part", roleAnnotationPart, nil, func(s *step, d *difference) bool { return s.annotationPart(d) }},
	}
}

// annotations compares the annotations of a page one by one. Those that stay keep their order: it is the order of drawing.
func (s *step) annotations(d *difference, page pdf.Ref) bool {
	oa, err1 := s.old.Array(d.before)
	na, err2 := s.new.Array(d.after)
	if err1 != nil || err2 != nil || d.after != nil && na == nil {
		return false
	}
	var gone, added pdf.Array
	i := 0
	for _, e := range na {
		j := slices.IndexFunc(oa, func(o pdf.Object) bool { return identical(o, e) })
		switch {
		case j < 0:
			added = append(added, e)
		case j < i:
			return false // another order, or one twice
		default:
			gone = append(gone, oa[i:j]...)
			i = j + 1
		}
	}
	for _, e := range append(gone, oa[i:]...) {
		if slices.ContainsFunc(na, func(o pdf.Object) bool { return identical(o, e) }) {
			return false
		}
		s.explain(&difference{delta: &delta{ref: refOr(e, d.ref)}, role: roleRemovedAnnotation, way: way{from: page}, before: e})
	}
	for _, e := range added {
		s.explain(&difference{delta: &delta{ref: refOr(e, d.ref)}, role: roleNewAnnotation, way: way{from: page}, after: e})
	}
	return true
}

func refOr(o pdf.Object, or pdf.Ref) pdf.Ref {
	if r, ok := o.(pdf.Ref); ok {
		return r
	}
	return or
}

// widgetOfField: the widget of a field that this revision makes or signs comes to its page.
func widgetOfField(s *step, d *difference) bool {
	owners := s.form[1].nodes[d.ref]
	return len(owners) > 0 && refOf(d.after) == d.ref && !slices.ContainsFunc(owners, func(n *formNode) bool {
		return s.form[0].nodes[n.ref] != nil && !s.signedNow(n)
	})
}

// annotationAdded: an annotation of its own, which runs nothing and hides nothing of what was signed.
func annotationAdded(s *step, d *difference) bool {
	a, err := s.new.Dict(d.after)
	if err != nil || a == nil || !s.harmlessAnnotation(a) || refOf(d.after) != (pdf.Ref{}) && !s.isNew(d.ref) {
		return false
	}
	if s.covers(a, d.way.from) {
		return false
	}
	s.add(Change{Code: "annotation_added", Class: ClassAnnotation, Object: d.ref.String(), After: describe(a["Subtype"])}, d.way.from)
	return true
}

// harmlessAnnotation: no widget outside the form, and no action but to go somewhere.
func (s *step) harmlessAnnotation(a pdf.Dict) bool {
	kind, _ := a["Subtype"].(pdf.Name)
	switch kind {
	case "", "Widget", "Screen", "RichMedia", "Movie", "Sound", "3D", "TrapNet", "Watermark", "PrinterMark", "FileAttachment":
		return false
	}
	act, err := s.new.Dict(a["A"])
	if err != nil || a["AA"] != nil {
		return false
	}
	return a["A"] == nil || act["Next"] == nil && (act["S"] == pdf.Name("URI") || act["S"] == pdf.Name("GoTo"))
}

// hides reports an annotation that can draw over the page: a note, a link or a mark on text does so only by an appearance with
// text or pictures of its own.
func (s *step) hides(a pdf.Dict) bool {
	switch kind, _ := a["Subtype"].(pdf.Name); kind {
	case "Text", "Link", "Popup", "Highlight", "Underline", "Squiggly", "StrikeOut", "Caret":
		return s.showsOwn(a["AP"])
	}
	return true
}

func (s *step) showsOwn(o pdf.Object) bool {
	ap, err := s.new.Dict(o)
	if err != nil {
		return true
	}
	n, err := s.new.Stream(ap["N"])
	if err != nil || n == nil {
		return err != nil
	}
	data, rest, err := s.new.Decode(n)
	if err != nil || len(rest) > 0 {
		return true
	}
	for sc := pdf.NewScanner(data); ; {
		_, op, ok := sc.Next()
		if !ok {
			return false
		}
		switch op {
		case "Do", "sh", "BI", "Tj", "TJ", "'", "\"":
			return true
		}
	}
}

// covers reports an annotation that lies over text or a field of the signed page (evil annotation attack).
func (s *step) covers(a pdf.Dict, page pdf.Ref) bool {
	if !s.hides(a) {
		return false
	}
	box, ok := rectangle(s.new, a["Rect"])
	if !ok {
		return false
	}
	number := pageNumber(s.old, page)
	if number == 0 {
		return true
	}
	p, err := s.old.Page(number)
	if err != nil {
		return true
	}
	glyphs, err := pdftext.Glyphs(s.ctx, s.old, p)
	if err != nil {
		return true
	}
	for i := range glyphs {
		if strings.TrimSpace(glyphs[i].Text) != "" && overlap(box, glyphs[i].Rect) {
			return true
		}
	}
	annots, err := s.old.Array(p.Dict["Annots"])
	if err != nil {
		return true
	}
	return slices.ContainsFunc(annots, func(o pdf.Object) bool {
		d, err := s.old.Dict(o)
		at, ok := rectangle(s.old, d["Rect"])
		return err == nil && ok && d["Subtype"] == pdf.Name("Widget") && overlap(box, at)
	})
}

func overlap(a, b pdf.Rect) bool {
	return min(a.X1, b.X1) > max(a.X0, b.X0) && min(a.Y1, b.Y1) > max(a.Y0, b.Y0)
}

func rectangle(v *pdf.View, o pdf.Object) (pdf.Rect, bool) {
	a, err := v.Array(o)
	if err != nil || len(a) != 4 {
		return pdf.Rect{}, false
	}
	var n [4]float64
	for i := range n {
		f, ok := number(resolved(v, a[i]))
		if !ok {
			return pdf.Rect{}, false
		}
		n[i] = f
	}
	return pdf.Rect{X0: min(n[0], n[2]), Y0: min(n[1], n[3]), X1: max(n[0], n[2]), Y1: max(n[1], n[3])}, true
}

// annotationRemoved: a note or a mark may go (ISO 32000-2, table 257, P 3). What drew over the page may not: it may have hidden
// what the signer was to see (shadow attack, hide).
func annotationRemoved(s *step, d *difference) bool {
	a, err := s.old.Dict(d.before)
	if err != nil || s.form[0].nodes[d.ref] != nil {
		return false
	}
	kind, _ := a["Subtype"].(pdf.Name)
	switch kind {
	case "Text", "Link", "Popup", "Highlight", "Underline", "Squiggly", "StrikeOut", "Caret":
	default:
		return false
	}
	s.add(Change{Code: "annotation_removed", Class: ClassAnnotation, Object: d.ref.String(), Before: describe(kind)}, d.way.from)
	return true
}

func annotationChanged(s *step, d *difference) bool {
	o, ok1 := d.before.(pdf.Dict)
	n, ok2 := d.after.(pdf.Dict)
	if !ok1 || !ok2 || !identical(o["Subtype"], n["Subtype"]) || !s.harmlessAnnotation(n) || s.owners(d.ref) != nil {
		return false
	}
	if !identical(o["A"], n["A"]) || !identical(o["Dest"], n["Dest"]) {
		return false
	}
	return s.noteAnnotation(d, d.ref, n)
}

// noteAnnotation notes a changed annotation, if what it hid is still hidden and nothing new is.
func (s *step) noteAnnotation(d *difference, ref pdf.Ref, a pdf.Dict) bool {
	page := s.pageAbove(ref)
	if s.hides(a) && (s.covers(a, page) || s.paintedBefore(ref)) {
		return false
	}
	s.add(Change{Code: "annotation_changed", Class: ClassAnnotation, Object: ref.String(), Before: describe(a["Subtype"])}, page)
	return d != nil
}

// paintedBefore reports an annotation that lay over the signed page.
func (s *step) paintedBefore(ref pdf.Ref) bool {
	o, err := s.old.Dict(ref)
	return err != nil || s.covers(o, s.pageAbove(ref))
}

func (s *step) annotationPart(d *difference) bool {
	for r, left := d.way.from, maxClimbed; left > 0; left-- {
		if a, ok := load(s.new, r).(pdf.Dict); ok && a["Subtype"] != nil && a["Rect"] != nil {
			return s.owners(r) == nil && s.harmlessAnnotation(a) && s.noteAnnotation(d, r, a)
		}
		up := s.ways(r)
		if len(up) != 1 {
			return false
		}
		r = up[0].from
	}
	return false
}

// pageAbove is a page that leads to an object, the nearest.
func (s *step) pageAbove(r pdf.Ref) pdf.Ref {
	p, _ := s.pageAndPath(r)
	return p
}

// maxAbove bounds the objects that are looked at on the way up to a page.
const maxAbove = 256

// pageAndPath says too by which entries the page leads there, the last first.
func (s *step) pageAndPath(r pdf.Ref) (page pdf.Ref, path string) {
	type place struct {
		ref  pdf.Ref
		path string
	}
	seen := map[pdf.Ref]bool{r: true}
	for queue := []place{{r, ""}}; len(queue) > 0 && len(seen) < maxAbove; {
		at := queue[0]
		queue = queue[1:]
		if d, ok := load(s.new, at.ref).(pdf.Dict); ok && d["Type"] == pdf.Name("Page") {
			return at.ref, at.path
		}
		for _, w := range s.ways(at.ref) {
			last := w.path[strings.LastIndexByte(w.path, ' ')+1:]
			if !seen[w.from] && last != "Parent" && last != "P" {
				seen[w.from] = true
				queue = append(queue, place{w.from, at.path + " " + w.path})
			}
		}
	}
	return pdf.Ref{}, ""
}

// pageNumber counts a page from 1 by climbing the page tree; 0 if it does not stand there.
func pageNumber(v *pdf.View, page pdf.Ref) int {
	n, at := 1, page
	const deepest = 100
	for range deepest {
		d, err := v.Dict(at)
		if err != nil {
			return 0
		}
		parent, ok := d["Parent"].(pdf.Ref)
		if !ok {
			if d["Type"] == pdf.Name("Page") || at == page {
				return 0
			}
			return n
		}
		above, err := v.Dict(parent)
		if err != nil {
			return 0
		}
		kids, err := v.Array(above["Kids"])
		if err != nil {
			return 0
		}
		i := slices.Index(kids, pdf.Object(at))
		if i < 0 {
			return 0
		}
		if count, _ := above["Count"].(int64); int(count) == len(kids) { // every kid is a page
			n += i
		} else {
			for _, k := range kids[:i] {
				n += pagesBelow(v, k)
			}
		}
		at = parent
	}
	return 0
}

func pagesBelow(v *pdf.View, o pdf.Object) int {
	d, err := v.Dict(o)
	if err != nil || d == nil {
		return 0
	}
	if count, ok := d["Count"].(int64); ok && d["Kids"] != nil && count >= 0 && count < 1<<20 {
		return int(count)
	}
	return 1
}
