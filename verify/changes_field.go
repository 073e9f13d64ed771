package verify

import (
	"slices"
	"strings"
	"unicode"

	"github.com/antinvn/antin/pdf"
	pdftext "github.com/antinvn/antin/pdf/text"
)

// fieldRules are about filling in and signing (ISO 32000-2, 12.7.4 and 12.7.5; table 257, P 2).
func fieldRules() []changeRule {
	return []changeRule{
		{"signature_in_field", roleField, []pdf.Name{"V"}, signatureInField},
		{"signature_drawn", roleField, []pdf.Name{"AP", "AS", "M", "MK", "Lock", "SV", "F", "P"}, func(s *step, d *difference) bool {
			return s.allOwners(d.ref, func(n *formNode) bool { return n.kind == "Sig" && s.signedNow(n) }) && s.stillShown(d)
		}},
		{"value_filled", roleField, []pdf.Name{"V"}, func(s *step, d *difference) bool { return s.filled(d) }},
		{"value_object", roleValue, nil, func(s *step, d *difference) bool {
			_, scalar := d.after.(pdf.String)
			_, name := d.after.(pdf.Name)
			return (scalar || name) && s.filled(d)
		}},
		{"field_drawn", roleField, []pdf.Name{"AP", "AS", "M", "MK"}, fieldDrawn},
		{"appearance_stream", roleAppearance, nil, fieldDrawn},
		{"field_style", roleField, []pdf.Name{"DA", "Q", "DS", "Ff"}, fieldStyle},
		{"field_kids", roleField, []pdf.Name{"Kids"}, func(s *step, d *difference) bool { return s.fieldsGrown(d.before, d.after) }},
		{"new_timestamp_field", roleNewField, nil, newTimestamp},
		{"new_signature_field", roleNewField, nil, newSignature},
		{"new_empty_field", roleNewField, nil, newEmptyField},
		{"new_parent_field", roleNewField, nil, func(s *step, d *difference) bool {
			n := s.form[1].nodes[d.ref][0]
			return s.isNew(d.ref) && !n.leaf && n.kind == "" && n.value == nil && len(n.widgets) == 0
		}},
	}
}

func (s *step) allOwners(r pdf.Ref, f func(*formNode) bool) bool {
	all := s.owners(r)
	return len(all) > 0 && !slices.ContainsFunc(all, func(n *formNode) bool { return !f(n) })
}

// was is a field as it was before.
func (s *step) was(n *formNode) *formNode {
	for _, o := range s.form[0].nodes[n.ref] {
		if o.ref == n.ref {
			return o
		}
	}
	return nil
}

// signedNow: the field was there, empty, and this revision signs it.
func (s *step) signedNow(n *formNode) bool {
	o := s.was(n)
	return o != nil && o.signed == nil && resolved(s.old, o.value) == nil && n.signed != nil && properSignature(s.new, n.signed)
}

func signatureInField(s *step, d *difference) bool {
	return s.allOwners(d.ref, func(n *formNode) bool {
		if n.kind != "Sig" || !s.signedNow(n) || !s.isNew(refOf(n.value)) && refOf(n.value) != (pdf.Ref{}) {
			return false
		}
		c := Change{Code: "signature_added", Class: ClassForm, Object: n.ref.String(), Field: n.name, After: n.name}
		if isTimestamp(n.signed) && !s.visible(n) {
			c.Code, c.Class = "document_timestamp_added", ClassLTA
		}
		s.add(c, s.pageOf(n))
		return true
	})
}

// visible reports whether a field has a widget with an area.
func (s *step) visible(n *formNode) bool {
	return slices.ContainsFunc(n.widgets, func(r pdf.Ref) bool {
		d, err := s.new.Dict(r)
		if err != nil {
			return true
		}
		box, ok := rectangle(s.new, d["Rect"])
		return ok && box.X0 < box.X1 && box.Y0 < box.Y1
	})
}

func (s *step) pageOf(n *formNode) pdf.Ref {
	if len(n.widgets) == 0 {
		return pdf.Ref{}
	}
	d, err := s.new.Dict(n.widgets[0])
	if err != nil {
		return pdf.Ref{}
	}
	return refOf(d["P"])
}

// stillShown: flags of an annotation may change, but for those that hide it (ISO 32000-2, table 167).
func (s *step) stillShown(d *difference) bool {
	const invisible, hidden, noView = 1, 2, 32
	if d.key != "F" {
		return d.key != "P" && d.key != "Lock" && d.key != "SV" || d.before == nil
	}
	is, _ := resolved(s.new, d.after).(int64)
	was, _ := resolved(s.old, d.before).(int64)
	return is&(invisible|hidden|noView)&^was == 0
}

// filled notes a field whose value changed.
func (s *step) filled(d *difference) bool {
	owners := s.owners(d.ref)
	if d.role == roleValue {
		owners = s.ownersAbove(d.way.from)
	}
	if len(owners) == 0 || slices.ContainsFunc(owners, func(n *formNode) bool { return n.kind == "Sig" || n.kind == "" || s.was(n) == nil }) {
		return false
	}
	for _, n := range owners {
		s.noteFilled(n)
	}
	return true
}

func (s *step) noteFilled(n *formNode) {
	c := Change{Code: "field_filled", Class: ClassForm, Object: n.ref.String(), Field: n.name, After: describe(resolved(s.new, n.value))}
	if o := s.was(n); o != nil {
		c.Before = describe(resolved(s.old, o.value))
	}
	// A value that stood there when it was signed gives way to another: certification allows it (ISO 32000-2, table 257), a reader must know.
	if c.Before != "" && c.Before != "/Off" && n.kind == "Tx" {
		c.Attack = AttackShadowReplace
	}
	s.add(c, s.pageOf(n))
}

// ownersAbove climbs from a part of a field to the fields.
func (s *step) ownersAbove(r pdf.Ref) []*formNode {
	seen := map[pdf.Ref]bool{}
	var found []*formNode
	var climb func(r pdf.Ref)
	climb = func(r pdf.Ref) {
		if seen[r] || len(seen) > 64 {
			return
		}
		seen[r] = true
		if n := s.owners(r); n != nil {
			found = append(found, n...)
			return
		}
		for _, w := range s.ways(r) {
			climb(w.from)
		}
	}
	climb(r)
	return found
}

// fieldDrawn: a field is drawn anew. What is drawn says what the value says, or what was drawn before.
func fieldDrawn(s *step, d *difference) bool {
	owners := s.owners(d.ref)
	if d.role == roleAppearance {
		owners = s.ownersAbove(d.ref)
	}
	if len(owners) == 0 {
		return false
	}
	for _, n := range owners {
		o := s.was(n)
		if n.kind == "Sig" && d.role == roleAppearance && s.signedNow(n) {
			continue
		}
		if n.kind == "Sig" || o == nil {
			return false
		}
		before, after := resolved(s.old, o.value), resolved(s.new, n.value)
		changed := !identical(before, after)
		if n.kind == "Tx" && !s.drawsItsValue(n, changed) || n.kind == "Btn" && d.key != "AS" && d.key != "M" && !changed {
			return false
		}
		switch {
		case changed:
			s.noteFilled(n)
		case d.key == "M": // when it was changed
		default:
			s.add(Change{Code: "field_redrawn", Class: ClassForm, Object: n.ref.String(), Field: n.name}, s.pageOf(n))
		}
	}
	return true
}

// drawsItsValue compares the text of a text field's appearances with its value, and with what was drawn before where the value
// is the same. Fonts whose text cannot be told prove nothing either way.
func (s *step) drawsItsValue(n *formNode, changed bool) bool {
	value, _ := resolved(s.new, n.value).(pdf.String)
	want := letters(pdf.TextString(value))
	for _, w := range n.widgets {
		is, ok := s.drawn(s.new, w)
		if !ok {
			continue
		}
		was, had := s.drawn(s.old, w)
		same := had && was == is
		agrees := is == want || want != "" && (strings.Contains(is, want) || is != "" && strings.Contains(want, is))
		if !agrees && (changed || !same) {
			return false
		}
	}
	return true
}

// drawn are the letters that a widget's normal appearance shows; ok is false where there is no appearance, or none that can be read.
func (s *step) drawn(v *pdf.View, widget pdf.Ref) (string, bool) {
	d, err := v.Dict(widget)
	if err != nil {
		return "", false
	}
	ap, err := v.Dict(d["AP"])
	if err != nil || ap == nil {
		return "", false
	}
	n, err := v.Stream(ap["N"])
	if err != nil || n == nil {
		return "", false
	}
	t, err := pdftext.OfForm(s.ctx, v, n)
	if err != nil || strings.ContainsRune(t, unicode.ReplacementChar) {
		return "", false
	}
	return letters(t), true
}

// letters leaves out what formats of numbers and dates add.
func letters(t string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, t)
}

// fieldStyle: alignment and font of a value, and a field that becomes read-only, as some viewers do on locking it.
func fieldStyle(s *step, d *difference) bool {
	const readOnly = 1
	if d.key == "Ff" {
		was, _ := resolved(s.old, d.before).(int64)
		is, ok := resolved(s.new, d.after).(int64)
		if !ok || is&^readOnly != was&^readOnly || is&readOnly == 0 {
			return false
		}
	}
	if !s.allOwners(d.ref, func(n *formNode) bool { return n.kind != "Sig" && s.was(n) != nil || d.key == "Ff" }) {
		return false
	}
	for _, n := range s.owners(d.ref) {
		s.add(Change{Code: "field_style", Class: ClassForm, Object: n.ref.String(), Field: n.name}, s.pageOf(n))
	}
	return true
}

// freshSignature: a signature field that this revision made with all its parts, and that does nothing on its own.
func (s *step) freshSignature(r pdf.Ref) *formNode {
	n := s.form[1].nodes[r][0]
	if n.ref != r || n.kind != "Sig" || !n.leaf || !s.isNew(r) {
		return nil
	}
	for _, w := range append([]pdf.Ref{r}, n.widgets...) {
		d, err := s.new.Dict(w)
		if err != nil || !s.isNew(w) || d["A"] != nil || d["AA"] != nil {
			return nil
		}
	}
	return n
}

func newTimestamp(s *step, d *difference) bool {
	n := s.freshSignature(d.ref)
	if n == nil || n.signed == nil || !isTimestamp(n.signed) || !properSignature(s.new, n.signed) || s.visible(n) {
		return false
	}
	s.add(Change{Code: "document_timestamp_added", Class: ClassLTA, Object: n.ref.String(), Field: n.name, After: n.name}, s.pageOf(n))
	return true
}

func newSignature(s *step, d *difference) bool {
	n := s.freshSignature(d.ref)
	if n == nil || n.signed == nil || !properSignature(s.new, n.signed) || refOf(n.value) != (pdf.Ref{}) && !s.isNew(refOf(n.value)) {
		return false
	}
	code := "new_signature_added"
	if s.visible(n) {
		code = CodeVisibleSignature
	}
	s.add(Change{Code: code, Class: ClassForm, Object: n.ref.String(), Field: n.name, After: n.name}, s.pageOf(n))
	return true
}

// newEmptyField: a signature field to be signed later shows nothing.
func newEmptyField(s *step, d *difference) bool {
	n := s.freshSignature(d.ref)
	if n == nil || resolved(s.new, n.value) != nil {
		return false
	}
	for _, w := range n.widgets {
		if d, err := s.new.Dict(w); err != nil || s.paints(d["AP"]) {
			return false
		}
	}
	s.add(Change{Code: "signature_field_added", Class: ClassForm, Object: n.ref.String(), Field: n.name, After: n.name}, s.pageOf(n))
	return true
}

// paints reports whether an appearance dictionary draws anything.
func (s *step) paints(o pdf.Object) bool {
	ap, err := s.new.Dict(o)
	if err != nil {
		return true
	}
	for _, e := range ap {
		e, err := s.new.Resolve(e)
		if err != nil {
			return true
		}
		states, _ := e.(pdf.Dict)
		if st, ok := e.(*pdf.Stream); ok {
			states = pdf.Dict{"": st}
		}
		for _, state := range states {
			st, err := s.new.Stream(state)
			if err != nil || st != nil && s.marks(st) {
				return true
			}
		}
	}
	return false
}

// marks reports whether a content stream has an operator that paints (ISO 32000-2, tables 59, 75, 86 and 107).
func (s *step) marks(st *pdf.Stream) bool {
	data, rest, err := s.new.Decode(st)
	if err != nil || len(rest) > 0 {
		return true
	}
	for sc := pdf.NewScanner(data); ; {
		_, op, ok := sc.Next()
		if !ok {
			return false
		}
		switch op {
		case "S", "s", "f", "F", "f*", "B", "B*", "b", "b*", "Do", "sh", "BI", "Tj", "TJ", "'", "\"":
			return true
		}
	}
}
