package pades

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
)

// The form tree is hostile input: these bound the walk.
const (
	maxFieldDepth = 64
	maxFields     = 200_000
)

// formField is a field of the interactive form (ISO 32000-2, 12.7.4) as one state of the file has it.
type formField struct {
	name    string // fully qualified
	ref     pdf.Ref
	dict    pdf.Dict
	kind    pdf.Name // /FT, inherited
	flags   int64    // /Ff, inherited
	value   pdf.Object
	widgets []pdf.Ref // the field itself where both are merged
	leaf    bool      // no child is a field
}

// formFields walks the tree from /AcroForm /Fields. Signatures are looked for here and nowhere else: an object that
// the form does not reach is no signature.
func formFields(r resolver, root pdf.Dict) ([]formField, error) {
	acro, err := dictOf(r, root["AcroForm"])
	if err != nil || acro == nil {
		return nil, err
	}
	top, err := arrayOf(r, acro["Fields"])
	if err != nil {
		return nil, err
	}
	w := formWalk{r: r, seen: map[pdf.Ref]bool{}}
	for _, kid := range top {
		if err := w.visit(kid, formField{}, 0); err != nil {
			return nil, err
		}
	}
	return w.found, nil
}

type formWalk struct {
	r     resolver
	seen  map[pdf.Ref]bool
	found []formField
}

func (w *formWalk) visit(o pdf.Object, parent formField, depth int) error {
	ref, _ := o.(pdf.Ref)
	if ref != (pdf.Ref{}) {
		if w.seen[ref] {
			return nil
		}
		w.seen[ref] = true
	}
	if depth > maxFieldDepth || len(w.found) >= maxFields {
		return codes.New(ErrField, "reading the form", refName(ref), "the field tree is too deep or too large")
	}
	d, err := dictOf(w.r, o)
	if err != nil || d == nil {
		return err
	}
	f := formField{ref: ref, dict: d, kind: parent.kind, flags: parent.flags, value: parent.value, leaf: true}
	if f.name, err = fieldName(w.r, parent.name, d); err != nil {
		return err
	}
	if k, err := nameOf(w.r, d["FT"]); err != nil {
		return err
	} else if k != "" {
		f.kind = k
	}
	if n, ok, err := intOf(w.r, d["Ff"]); err != nil {
		return err
	} else if ok {
		f.flags = n
	}
	if v, ok := d["V"]; ok {
		f.value = v
	}
	return w.children(&f, depth)
}

// children tells fields below f from its widgets: a kid with a partial name is a field (ISO 32000-2, 12.7.4.1).
func (w *formWalk) children(f *formField, depth int) error {
	kids, err := arrayOf(w.r, f.dict["Kids"])
	if err != nil {
		return err
	}
	var below []pdf.Object
	for _, kid := range kids {
		d, err := dictOf(w.r, kid)
		if err != nil {
			return err
		}
		if d == nil {
			continue
		}
		if _, named := d["T"]; named {
			below = append(below, kid)
		} else if ref, ok := kid.(pdf.Ref); ok && len(f.widgets) < maxFields {
			f.widgets = append(f.widgets, ref)
		}
	}
	if len(kids) == 0 && f.ref != (pdf.Ref{}) {
		f.widgets = []pdf.Ref{f.ref}
	}
	f.leaf = len(below) == 0
	w.found = append(w.found, *f)
	at := *f
	for _, kid := range below {
		if err := w.visit(kid, at, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func fieldName(r resolver, parent string, d pdf.Dict) (string, error) {
	t, ok := d["T"]
	if !ok {
		return parent, nil
	}
	name, err := textOf(r, t)
	if parent != "" {
		name = parent + "." + name
	}
	return name, err
}

// form is the interactive form of the revision being made.
type form struct {
	u      *pdf.Update
	order  []formField // before this revision
	fields map[string]formField
	signed bool // before this revision
}

func newForm(u *pdf.Update, fields []formField, signed bool) *form {
	f := &form{u: u, order: fields, fields: make(map[string]formField, len(fields)), signed: signed}
	for _, field := range fields {
		if _, twice := f.fields[field.name]; !twice {
			f.fields[field.name] = field
		}
	}
	return f
}

// free returns name, or name followed by the first number that makes it unique: stem-2, stem-3.
func (f *form) free(name string) string {
	for n, try := 2, name; ; n++ {
		if _, taken := f.fields[try]; !taken {
			return try
		}
		try = name + "-" + strconv.Itoa(n)
	}
}

// numbered returns the first free name of stem1, stem2, ….
func (f *form) numbered(stem string) string {
	for n := 1; ; n++ {
		name := stem + strconv.Itoa(n)
		if _, taken := f.fields[name]; !taken {
			return name
		}
	}
}

// add makes a field merged with its widget and hangs it into the tree under its full name, whose parts are made
// where they are absent: partial names hold no full stop (ISO 32000-2, 12.7.4.2).
func (f *form) add(name string, page *pdf.Page, d pdf.Dict) (formField, error) {
	parent, last := "", name
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		parent, last = name[:dot], name[dot+1:]
	}
	if last == "" || strings.HasPrefix(name, ".") || strings.Contains(name, "..") {
		return formField{}, codes.New(ErrField, "making a field", name, "a part of its name is empty")
	}
	d["T"] = pdf.EncodeTextString(last)
	var above pdf.Ref
	if parent != "" {
		p, err := f.parent(parent)
		if err != nil {
			return formField{}, err
		}
		above = p
		d["Parent"] = p
	}
	kind, _ := d["FT"].(pdf.Name)
	ref := f.u.Add(d)
	if err := f.hang(above, ref); err != nil {
		return formField{}, err
	}
	if page != nil {
		if err := annotate(f.u, page, ref); err != nil {
			return formField{}, err
		}
		if !f.signed {
			if err := tag(f.u, d, ref, page, name); err != nil {
				return formField{}, err
			}
		}
	}
	made := formField{name: name, ref: ref, dict: d, kind: kind, widgets: []pdf.Ref{ref}, leaf: true}
	f.fields[name] = made
	return made, nil
}

// parent finds or makes a field that only holds others.
func (f *form) parent(name string) (pdf.Ref, error) {
	if have, ok := f.fields[name]; ok {
		if have.kind != "" && have.leaf {
			return pdf.Ref{}, codes.New(ErrField, "making a field below another", name, "that field holds a value of its own")
		}
		return have.ref, nil
	}
	made, err := f.add(name, nil, pdf.Dict{"Kids": pdf.Array{}})
	if err != nil {
		return pdf.Ref{}, err
	}
	made.leaf, made.widgets = false, nil
	f.fields[name] = made
	return made.ref, nil
}

// hang puts a field under another, or under the form itself, whose other entries (DR, DA, CO, XFA) stay.
func (f *form) hang(parent, field pdf.Ref) error {
	if parent != (pdf.Ref{}) {
		above, err := hold(f.u, parent)
		if err != nil {
			return err
		}
		return above.append("Kids", field)
	}
	acro, err := f.dictionary()
	if err != nil {
		return err
	}
	return acro.append("Fields", field)
}

// dictionary holds /AcroForm; a new one is an object of its own, so that later revisions need not rewrite the catalog.
func (f *form) dictionary() (holder, error) {
	root, err := catalog(f.u)
	if err != nil {
		return holder{}, err
	}
	if acro, err := dictOf(f.u, root.dict["AcroForm"]); err != nil {
		return holder{}, err
	} else if acro == nil {
		ref := f.u.Add(pdf.Dict{"Fields": pdf.Array{}})
		root.dict["AcroForm"] = ref
		if err := root.save(); err != nil {
			return holder{}, err
		}
	}
	return root.child("AcroForm")
}

// settle takes /NeedAppearances away, which makes some viewers redraw every field and so hide or change what was
// signed, and sets /SigFlags where this revision signs. In a form that was signed before, flags that are there stay.
func (f *form) settle(signing bool) error {
	acro, err := f.dictionary()
	if err != nil {
		return err
	}
	_, changed := acro.dict["NeedAppearances"]
	delete(acro.dict, "NeedAppearances")
	flags, ok, err := intOf(f.u, acro.dict["SigFlags"])
	if err != nil {
		return err
	}
	// SignaturesExist and AppendOnly: ISO 32000-2, table 225.
	if signing && (!ok || !f.signed && flags != 3) {
		acro.dict["SigFlags"] = int64(3)
		changed = true
	}
	if !changed {
		return nil
	}
	return acro.save()
}

// annotate adds an annotation to a page.
func annotate(u *pdf.Update, page *pdf.Page, annotation pdf.Ref) error {
	h, err := hold(u, page.Ref)
	if err != nil {
		return err
	}
	return h.append("Annots", annotation)
}

func refName(r pdf.Ref) string { return fmt.Sprintf("%d %d R", r.Number, r.Generation) }
