package attack

import (
	"slices"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

const (
	hide           = "shadow_hide"
	replace        = "shadow_replace"
	hideAndReplace = "shadow_hide_and_replace"
	font           = "font_replacement"
)

// shadow: what the signer was shown gives way to something that was there already, or to another reading of it.
func shadow() []Variant {
	return []Variant{
		{"shadow-hide-freed", hide, "an object that a page shows is freed", true, func(f *forgery) ([]byte, error) {
			r, _, err := f.content()
			if err != nil {
				return nil, err
			}
			return f.freed(r)
		}},
		{"shadow-hide-annotation", hide, "what lies on a page is taken off its annotations", true, func(f *forgery) ([]byte, error) {
			p, err := f.page()
			if err != nil {
				return nil, err
			}
			a, err := f.doc.Latest().Array(p.Dict["Annots"])
			if err != nil || len(a) == 0 {
				return nil, ErrNotApplicable
			}
			return f.edit(p.Ref, func(d pdf.Dict) { d["Annots"] = slices.Clone(a[1:]) })
		}},
		{"shadow-hide-layer", hide, "layers are declared that hide content", true, func(f *forgery) ([]byte, error) {
			return f.revise(func(u *pdf.Update) error {
				g := u.Add(pdf.Dict{"Type": pdf.Name("OCG"), "Name": pdf.String("x")})
				return edited(u, u.Base().CatalogRef(), func(d pdf.Dict) {
					d["OCProperties"] = pdf.Dict{"OCGs": pdf.Array{g}, "D": pdf.Dict{"OFF": pdf.Array{g}}}
				})
			})
		}},
		{"shadow-replace-value", replace, "a field that held a value is filled again", false, func(f *forgery) ([]byte, error) {
			return f.field(true, func(_ *pdf.Update, d pdf.Dict) {
				d["V"] = pdf.String("999")
				delete(d, "AP")
			})
		}},
		{"shadow-replace-appearance", replace, "a field shows something else than its value", true, func(f *forgery) ([]byte, error) {
			return f.field(true, func(u *pdf.Update, d pdf.Dict) {
				d["AP"] = pdf.Dict{"N": u.Add(drawing("BT /F1 12 Tf 2 2 Td (Quite another) Tj ET"))}
			})
		}},
		{"shadow-hide-and-replace", hideAndReplace, "a page is given content that was in the file, unseen", true, func(f *forgery) ([]byte, error) {
			r, _, err := f.content()
			if err != nil {
				return nil, err
			}
			p, err := f.page()
			if err != nil {
				return nil, err
			}
			other, err := f.otherStream(r)
			if err != nil {
				return nil, err
			}
			return f.edit(p.Ref, func(d pdf.Dict) { d["Contents"] = other })
		}},
		{"font-replaced", font, "a font of a page is another one", true, func(f *forgery) ([]byte, error) {
			r, err := f.font()
			if err != nil {
				return nil, err
			}
			return f.edit(r, func(d pdf.Dict) {
				d["BaseFont"] = pdf.Name("Symbol")
				delete(d, "FontDescriptor")
			})
		}},
		{"font-encoding", font, "the codes of a font stand for other letters", true, func(f *forgery) ([]byte, error) {
			r, err := f.font()
			if err != nil {
				return nil, err
			}
			return f.edit(r, func(d pdf.Dict) {
				d["Encoding"] = pdf.Dict{"Type": pdf.Name("Encoding"), "Differences": pdf.Array{int64(48), pdf.Name("nine"), pdf.Name("eight")}}
			})
		}},
	}
}

// freed appends a revision that only frees an object.
func (f *forgery) freed(r pdf.Ref) ([]byte, error) {
	return f.table(entry{r.Number, 0, r.Generation + 1, 'f'})
}

// field changes a text field's widget; with a value, or without.
func (f *forgery) field(filled bool, change func(u *pdf.Update, d pdf.Dict)) ([]byte, error) {
	all, err := pades.Fields(f.doc.Latest())
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if i.Type == "text" && (i.Value != "") == filled && len(i.Widgets) == 1 && i.Widgets[0] == i.Ref {
			return f.revise(func(u *pdf.Update) error { return edited(u, i.Ref, func(d pdf.Dict) { change(u, d) }) })
		}
	}
	return nil, ErrNotApplicable
}

// otherStream is a stream of the file that is not the one given.
func (f *forgery) otherStream(not pdf.Ref) (pdf.Ref, error) {
	v := f.doc.Latest()
	var found pdf.Ref
	err := v.Survey(f.ctx, func(r pdf.Ref, _ int64) {
		if found != (pdf.Ref{}) || r == not {
			return
		}
		if o, err := v.Load(r); err == nil {
			if s, ok := o.(*pdf.Stream); ok && s.Dict["Type"] != pdf.Name("XRef") && s.Dict["Type"] != pdf.Name("ObjStm") {
				found = r
			}
		}
	}, func(pdf.Ref, pdf.Ref) {})
	if err == nil && found == (pdf.Ref{}) {
		err = ErrNotApplicable
	}
	return found, err
}

// font is an indirect font of the first page.
func (f *forgery) font() (pdf.Ref, error) {
	p, err := f.page()
	if err != nil {
		return pdf.Ref{}, err
	}
	resources, err := f.doc.Latest().Dict(p.Resources)
	if err != nil {
		return pdf.Ref{}, err
	}
	fonts, err := f.doc.Latest().Dict(resources["Font"])
	if err != nil {
		return pdf.Ref{}, err
	}
	var first pdf.Name
	for name, o := range fonts {
		if _, ok := o.(pdf.Ref); ok && (first == "" || name < first) {
			first = name
		}
	}
	r, ok := fonts[first].(pdf.Ref)
	if !ok {
		return pdf.Ref{}, ErrNotApplicable
	}
	return r, nil
}
