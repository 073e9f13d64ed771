package attack

import (
	"bytes"
	"fmt"

	"github.com/antinvn/antin/pdf"
)

const (
	dictionary   = "signature_dictionary_changed"
	differential = "parser_differential"
)

// dictionaries: a later revision writes the signature's own dictionary again.
func dictionaries() []Variant {
	edit := func(change func(d pdf.Dict)) func(*forgery) ([]byte, error) {
		return func(f *forgery) ([]byte, error) {
			return f.revise(func(u *pdf.Update) error {
				u.NoEncrypt(f.signature.Ref, "Contents")
				return edited(u, f.signature.Ref, change)
			})
		}
	}
	return []Variant{
		{"dictionary-reason", dictionary, "the reason is changed", true, edit(func(d pdf.Dict) { d["Reason"] = pdf.String("I have read nothing") })},
		{"dictionary-time", dictionary, "the claimed time is changed", true, edit(func(d pdf.Dict) { d["M"] = pdf.String("D:20200101000000Z") })},
		{"dictionary-permissions", dictionary, "certification and locks are taken out", true, func(f *forgery) ([]byte, error) {
			if f.signature.Dict["Reference"] == nil {
				return nil, ErrNotApplicable
			}
			return edit(func(d pdf.Dict) { delete(d, "Reference") })(f)
		}},
		{"dictionary-copied", dictionary, "the field is given a copy of its signature", true, func(f *forgery) ([]byte, error) {
			return f.revise(func(u *pdf.Update) error {
				o, err := u.Load(f.signature.Ref)
				if err != nil {
					return err
				}
				r := u.Add(o)
				u.NoEncrypt(r, "Contents")
				return edited(u, f.signature.FieldRef, func(d pdf.Dict) { d["V"] = r })
			})
		}},
	}
}

// differentials: readers that follow different parts of the structure see different files.
func differentials() []Variant {
	return []Variant{
		{"differential-number", differential, "an object stands where the cross-reference has another", true, func(f *forgery) ([]byte, error) {
			r, _, err := f.content()
			if err != nil {
				return nil, err
			}
			out := append(bytes.Clone(f.in), '\n')
			at := len(out)
			out = appendForged(out, pdf.Ref{Number: int(f.size()) + 7})
			return f.close(out, entry{r.Number, int64(at), r.Generation, 'n'}), nil
		}},
		{"differential-two-tables", differential, "a revision has two cross-references", true, func(f *forgery) ([]byte, error) {
			r, _, err := f.content()
			if err != nil {
				return nil, err
			}
			out := append(bytes.Clone(f.in), '\n')
			at := len(out)
			out = appendForged(out, r)
			out = f.section(out, entry{r.Number, int64(at), r.Generation, 'n'})
			return f.unlisting(out), nil
		}},
		{"differential-hybrid", differential, "only readers of cross-reference streams see the new content", true, hybrid},
		{"differential-stream-length", differential, "a stream ends in two places", true, func(f *forgery) ([]byte, error) {
			r, s, err := f.content()
			if err != nil {
				return nil, err
			}
			data, rest, err := f.doc.Latest().Decode(s)
			if err != nil || len(rest) > 0 {
				return nil, ErrNotApplicable
			}
			out := append(bytes.Clone(f.in), '\n')
			at := len(out)
			out = fmt.Appendf(out, "%d %d obj\n<</Length %d>>\nstream\n%s\nendstream\n%s\nendstream\nendobj\n", r.Number, r.Generation, len(data), data, forged)
			return f.close(out, entry{r.Number, int64(at), r.Generation, 'n'}), nil
		}},
	}
}

// hybrid writes a table that lists nothing, and a stream beside it that lists the new content.
func hybrid(f *forgery) ([]byte, error) {
	r, _, err := f.content()
	if err != nil {
		return nil, err
	}
	if all := f.doc.Revisions(); all[len(all)-1].Kind == "stream" {
		return nil, ErrNotApplicable
	}
	out := append(bytes.Clone(f.in), '\n')
	at := len(out)
	out = appendForged(out, r)
	hidden := len(out)
	row := []byte{1, byte(at >> 24), byte(at >> 16), byte(at >> 8), byte(at), 0}
	out = fmt.Appendf(out, "%d 0 obj\n<</Type/XRef/W[1 4 1]/Index[%d 1]/Size %d/Root %s R/Length %d>>\nstream\n%s\nendstream\nendobj\n",
		f.size()+3, r.Number, f.size()+4, f.doc.Latest().CatalogRef(), len(row), row)
	end := len(out)
	out = fmt.Appendf(out, "xref\n0 0\ntrailer\n<</Root %s R/Size %d/Prev %d/XRefStm %d>>\n", f.doc.Latest().CatalogRef(), f.size()+4, f.lastXRef(), hidden)
	return fmt.Appendf(out, "startxref\n%d\n%%%%EOF\n", end), nil
}

// entry is a line of a cross-reference table.
type entry struct {
	number     int
	offset     int64
	generation int
	kind       byte
}

// table appends a revision that is nothing but a cross-reference.
func (f *forgery) table(e entry) ([]byte, error) {
	return f.close(append(bytes.Clone(f.in), '\n'), e), nil
}

func (f *forgery) section(out []byte, e entry) []byte {
	out = fmt.Appendf(out, "xref\n%d 1\n%010d %05d %c \n", e.number, e.offset, e.generation, e.kind)
	return fmt.Appendf(out, "trailer\n<</Root %s R/Size %d/Prev %d>>\n", f.doc.Latest().CatalogRef(), f.size(), f.lastXRef())
}

func (f *forgery) close(out []byte, e entry) []byte {
	at := len(out)
	return fmt.Appendf(f.section(out, e), "startxref\n%d\n%%%%EOF\n", at)
}
