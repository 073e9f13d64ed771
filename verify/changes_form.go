package verify

import (
	"slices"

	"github.com/antinvn/antin/pdf"
)

// formState is the interactive form (ISO 32000-2, 12.7) of one state of the file.
type formState struct {
	nodes   map[pdf.Ref][]*formNode // fields, and widgets under the fields that show them
	fields  []*formNode             // in the order of the form
	visited map[pdf.Ref]bool        // everything that was read for it
}

// formNode is a field.
type formNode struct {
	ref     pdf.Ref
	name    string   // fully qualified
	kind    pdf.Name // /FT, inherited
	value   pdf.Object
	signed  pdf.Dict // the value of a signature field
	leaf    bool
	widgets []pdf.Ref
}

// The form tree is hostile input: these bound the walk. In what lies deeper every change is forbidden.
const (
	maxFormDepth = 64
	maxFormNodes = 200_000
)

func readForm(v *pdf.View) *formState {
	f := &formState{nodes: map[pdf.Ref][]*formNode{}, visited: map[pdf.Ref]bool{}}
	cat, err := v.Catalog()
	if err != nil {
		return f
	}
	f.visit(cat["AcroForm"])
	form, err := v.Dict(cat["AcroForm"])
	if err != nil {
		return f
	}
	f.visit(form["Fields"])
	top, err := v.Array(form["Fields"])
	if err != nil {
		return f
	}
	seen := map[pdf.Ref]bool{}
	for _, kid := range top {
		f.read(v, kid, &formNode{}, 0, seen)
	}
	return f
}

func (f *formState) visit(o pdf.Object) {
	if r, ok := o.(pdf.Ref); ok {
		f.visited[r] = true
	}
}

func (f *formState) read(v *pdf.View, o pdf.Object, parent *formNode, depth int, seen map[pdf.Ref]bool) {
	ref, _ := o.(pdf.Ref)
	if depth > maxFormDepth || len(f.fields) >= maxFormNodes || ref != (pdf.Ref{}) && seen[ref] {
		return
	}
	seen[ref] = true
	f.visit(o)
	d, err := v.Dict(o)
	if err != nil || d == nil {
		return
	}
	n := &formNode{ref: ref, name: parent.name, kind: parent.kind, value: parent.value, leaf: true}
	if t, ok := resolved(v, d["T"]).(pdf.String); ok {
		n.name = pdf.TextString(t)
		if parent.name != "" {
			n.name = parent.name + "." + n.name
		}
	}
	if k, ok := resolved(v, d["FT"]).(pdf.Name); ok {
		n.kind = k
	}
	if value, ok := d["V"]; ok {
		n.value = value
	}
	f.visit(d["V"])
	f.visit(d["Kids"])
	if ref != (pdf.Ref{}) {
		f.nodes[ref] = append(f.nodes[ref], n)
	}
	f.fields = append(f.fields, n)
	f.kids(v, d, n, depth, seen)
	if n.leaf && n.kind == "Sig" {
		n.signed, _ = resolved(v, n.value).(pdf.Dict)
	}
}

// kids tells fields below n from its widgets: a kid with a partial name is a field (ISO 32000-2, 12.7.4.1).
func (f *formState) kids(v *pdf.View, d pdf.Dict, n *formNode, depth int, seen map[pdf.Ref]bool) {
	kids, err := v.Array(d["Kids"])
	if err != nil {
		return
	}
	for _, kid := range kids {
		k, err := v.Dict(kid)
		if err != nil || k == nil {
			continue
		}
		if _, named := k["T"]; named {
			n.leaf = false
			f.read(v, kid, n, depth+1, seen)
		} else if r, ok := kid.(pdf.Ref); ok && len(n.widgets) < maxFormNodes {
			f.visit(r)
			n.widgets = append(n.widgets, r)
			f.nodes[r] = append(f.nodes[r], n)
		}
	}
	if len(kids) == 0 && n.ref != (pdf.Ref{}) {
		n.widgets = []pdf.Ref{n.ref}
	}
}

func resolved(v *pdf.View, o pdf.Object) pdf.Object {
	o, err := v.Resolve(o)
	if err != nil {
		return nil
	}
	return o
}

// fields compares which fields there are. A form that the revision does not touch is read once for all revisions.
func (s *step) fields() error {
	before, known := s.forms[s.r-1]
	if !known || s.foreign() {
		before = readForm(s.old)
	}
	s.form = [2]*formState{before, before}
	touched := !identical(s.catalogs[0]["AcroForm"], s.catalogs[1]["AcroForm"])
	for r := range s.touched {
		touched = touched || before.visited[r]
	}
	if touched {
		s.form[1] = readForm(s.new)
	}
	s.forms[s.r] = s.form[1]
	if !touched {
		return s.ctx.Err()
	}
	for _, n := range before.fields {
		if n.ref != (pdf.Ref{}) && s.form[1].nodes[n.ref] == nil {
			s.add(Change{Code: "field_removed", Class: ClassForbidden, Attack: AttackShadowHide, Object: n.ref.String(), Field: n.name, Before: n.name}, pdf.Ref{})
		}
	}
	for _, n := range s.form[1].fields {
		if n.ref != (pdf.Ref{}) && before.nodes[n.ref] == nil {
			d := s.touched[n.ref]
			if d == nil {
				d = &delta{ref: n.ref, before: load(s.old, n.ref)}
			}
			s.explain(&difference{delta: d, role: roleNewField})
		}
	}
	return s.ctx.Err()
}

// owners are the fields that an object belongs to, in the new state if it is there.
func (s *step) owners(r pdf.Ref) []*formNode {
	if n := s.form[1].nodes[r]; n != nil {
		return n
	}
	return s.form[0].nodes[r]
}

// formRules are about the form itself.
func formRules() []changeRule {
	return []changeRule{
		{"form", roleCatalog, []pdf.Name{"AcroForm"}, func(s *step, d *difference) bool {
			o, err1 := s.old.Dict(d.before)
			n, err2 := s.new.Dict(d.after)
			if err1 != nil || err2 != nil || n == nil {
				return false
			}
			s.entries(d.delta, roleForm, o, n)
			return true
		}},
		// ISO 32000-2, table 225: signatures exist, and the file is only added to.
		{"signature_flags", roleForm, []pdf.Name{"SigFlags"}, func(s *step, d *difference) bool {
			was, _ := resolved(s.old, d.before).(int64)
			is, ok := resolved(s.new, d.after).(int64)
			if !ok || is&3 < was&3 || is&^3 != was&^3 {
				return false
			}
			s.allow("signature_flags", ClassLTA, "form /SigFlags", describe(d.before), describe(d.after))
			return true
		}},
		// Nobody draws the fields anew: what was signed stays.
		{"appearances_settled", roleForm, []pdf.Name{"NeedAppearances"}, func(_ *step, d *difference) bool {
			return d.after == nil || d.after == false
		}},
		{"field_list", roleForm, []pdf.Name{"Fields"}, func(s *step, d *difference) bool { return s.fieldsGrown(d.before, d.after) }},
		{"field_array", roleFieldList, nil, func(s *step, d *difference) bool { return s.fieldsGrown(d.before, d.after) }},
		{"form_resources", roleForm, []pdf.Name{"DR", "DA"}, func(s *step, d *difference) bool {
			if d.before != nil && (d.key == "DA" || !s.resourcesGrown(d.before, d.after, 2)) || d.after == nil {
				return false
			}
			s.allow("form_resources", ClassForm, "form /"+string(d.key), presence(d.before != nil), "present")
			return true
		}},
		{"resources_grown", roleResources, nil, func(s *step, d *difference) bool { return s.resourcesGrown(d.before, d.after, 2) }},
		{"category_grown", roleCategory, nil, func(s *step, d *difference) bool { return s.resourcesGrown(d.before, d.after, 1) }},
	}
}

// fieldsGrown: every field stays in its place; what comes to it is judged as a new field.
func (s *step) fieldsGrown(o, n pdf.Object) bool {
	oa, err1 := s.old.Array(o)
	na, err2 := s.new.Array(n)
	if err1 != nil || err2 != nil || n != nil && na == nil {
		return false
	}
	kept, added := s.grown(oa, na)
	return kept && !slices.ContainsFunc(added, func(e pdf.Object) bool {
		r, ok := e.(pdf.Ref)
		return !ok || s.form[1].nodes[r] == nil || s.form[0].nodes[r] != nil
	})
}

// resourcesGrown: names are added, down to so many levels; what had a name keeps it.
func (s *step) resourcesGrown(o, n pdf.Object, levels int) bool {
	od, err1 := s.old.Dict(o)
	nd, err2 := s.new.Dict(n)
	if err1 != nil || err2 != nil || nd == nil {
		return false
	}
	for k := range od {
		if !s.sameContent(od[k], nd[k]) && (levels <= 1 || !s.resourcesGrown(od[k], nd[k], levels-1)) {
			return false
		}
	}
	return true
}

// properSignature: a signature dictionary that a validator looks at (ISO 32000-2, table 255).
func properSignature(v *pdf.View, d pdf.Dict) bool {
	kind := d["Type"]
	contents, ok := d["Contents"].(pdf.String)
	ranges, err := v.Array(d["ByteRange"])
	return ok && err == nil && len(contents) > 0 && len(ranges) == 4 && (kind == nil || kind == pdf.Name("Sig") || kind == pdf.Name("DocTimeStamp"))
}

func isTimestamp(d pdf.Dict) bool {
	return d["Type"] == pdf.Name("DocTimeStamp") && d["SubFilter"] == pdf.Name("ETSI.RFC3161")
}

// fieldChange names the codes of changes that a field lock forbids where it names the field (ISO 32000-2, 12.8.2.4).
func fieldChange(code string) bool {
	switch code {
	case "field_filled", "field_redrawn", "field_style", "signature_added":
		return true
	}
	return false
}
