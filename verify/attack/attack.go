// Package attack makes forged files out of signed ones, each with what a validator must say of it: a test kit for this and for
// other implementations.
//
// The attacks are those that were published against PDF signatures: universal signature forgery, signature wrapping and
// incremental saving (2019), shadow attacks (2021), evil annotations and sneaky signatures (2021), and what readers disagree
// about. A variant needs something to work on (a text field, a font, an annotation); without it [ErrNotApplicable] is returned.
//
//	for _, v := range attack.Variants() {
//		forged, err := v.Make(ctx, signed)
//		if errors.Is(err, attack.ErrNotApplicable) {
//			continue
//		}
//		… // the validator must name v.Attack; with v.Fails it must refuse the file
//	}
package attack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

// ErrNotApplicable says that a file has nothing that the variant could work on.
var ErrNotApplicable = errors.New("the file has nothing for this attack")

// Variant is one way to forge a signed file.
type Variant struct {
	Name        string // "usf-contents-null"
	Attack      string // the name a validator must give it, without "attack."
	Description string
	// Fails: a validator must refuse the file (TOTAL_FAILED). Otherwise what was done is allowed, and a reader must be warned.
	Fails bool

	make func(f *forgery) ([]byte, error)
}

// Variants are all of them, in a fixed order.
func Variants() []Variant {
	return slices.Concat(universal(), wrapping(), incremental(), shadow(), annotations(), dictionaries(), differentials(), prepared())
}

// Make forges a file. Errors: [ErrNotApplicable]; those of opening the file, which must be a signed PDF without password.
func (v *Variant) Make(ctx context.Context, signed []byte) ([]byte, error) {
	d, err := pdf.Open(ctx, bytes.NewReader(signed), int64(len(signed)), nil)
	if err != nil {
		return nil, err
	}
	all, err := pades.Signatures(ctx, d)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.Type == pades.TypeSignature && len(s.ByteRange) == 4 && s.CMS != nil && s.Ref != (pdf.Ref{}) {
			return v.make(&forgery{ctx: ctx, in: signed, doc: d, signature: s})
		}
	}
	return nil, codes.New(pades.ErrUnsigned, "forging", v.Name, "no signature to work on")
}

// forgery is a signed file being forged.
type forgery struct {
	ctx       context.Context
	in        []byte
	doc       *pdf.Document
	signature *pades.Signature // the oldest
}

// gap is where the signature's /Contents stands, angle brackets included.
func (f *forgery) gap() (from, to int) {
	return int(f.signature.ByteRange[1]), int(f.signature.ByteRange[2])
}

// inPlace overwrites bytes of the signature dictionary before /Contents; the length stays.
func (f *forgery) inPlace(old, replacement string) ([]byte, error) {
	from, _ := f.gap()
	start := max(0, from-4096)
	i := bytes.LastIndex(f.in[start:from], []byte(old))
	if i < 0 || len(old) != len(replacement) {
		return nil, ErrNotApplicable
	}
	out := bytes.Clone(f.in)
	copy(out[start+i:], replacement)
	return out, nil
}

// contents puts something else into the gap, filled up with spaces.
func (f *forgery) contents(b []byte) ([]byte, error) {
	from, to := f.gap()
	if len(b) > to-from {
		return nil, ErrNotApplicable
	}
	out := bytes.Clone(f.in)
	copy(out[from:to], bytes.Repeat([]byte(" "), to-from))
	copy(out[from:], b)
	return out, nil
}

// revise appends a revision.
func (f *forgery) revise(change func(u *pdf.Update) error) ([]byte, error) {
	u, err := f.doc.NewUpdate()
	if err != nil {
		return nil, err
	}
	if err := change(u); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	_, err = u.WriteTo(f.ctx, &out)
	return out.Bytes(), err
}

// edit changes a dictionary object in a revision of its own.
func (f *forgery) edit(r pdf.Ref, change func(d pdf.Dict)) ([]byte, error) {
	return f.revise(func(u *pdf.Update) error { return edited(u, r, change) })
}

func edited(u *pdf.Update, r pdf.Ref, change func(d pdf.Dict)) error {
	o, err := u.Load(r)
	if err != nil {
		return err
	}
	d, ok := o.(pdf.Dict)
	if !ok {
		return ErrNotApplicable
	}
	d = maps.Clone(d)
	change(d)
	return u.Set(r, d)
}

func (f *forgery) page() (*pdf.Page, error) { return f.doc.Latest().Page(1) }

// content is the first content stream of the first page.
func (f *forgery) content() (pdf.Ref, *pdf.Stream, error) {
	p, err := f.page()
	if err != nil {
		return pdf.Ref{}, nil, err
	}
	o := p.Dict["Contents"]
	if a, err := f.doc.Latest().Array(o); err == nil && len(a) > 0 {
		o = a[0]
	}
	r, ok := o.(pdf.Ref)
	s, err := f.doc.Latest().Stream(o)
	if err != nil {
		return r, nil, err
	}
	if !ok || s == nil {
		return r, nil, ErrNotApplicable
	}
	return r, s, nil
}

// appendForged writes the content stream that forged is.
func appendForged(out []byte, r pdf.Ref) []byte {
	return fmt.Appendf(out, "%d %d obj\n<</Length %d>>\nstream\n%s\nendstream\nendobj\n", r.Number, r.Generation, len(forged), forged)
}

// unlisting ends a revision that lists nothing of what stands in it.
func (f *forgery) unlisting(out []byte) []byte {
	return fmt.Appendf(out, "xref\n0 0\ntrailer\n<</Root %s R/Size %d/Prev %d>>\nstartxref\n%d\n%%%%EOF\n",
		f.doc.Latest().CatalogRef(), f.size(), f.lastXRef(), len(out))
}

// forged is page content that says something else.
const forged = "q 1 g 0 0 2000 2000 re f 0 g BT /F1 24 Tf 72 600 Td (PAY 1 000 000 000) Tj ET Q"

func stream(content string) *pdf.Stream { return pdf.NewStream(pdf.Dict{}, []byte(content), false) }

// drawing is a form XObject.
func drawing(content string) *pdf.Stream {
	return pdf.NewStream(pdf.Dict{
		"Type": pdf.Name("XObject"), "Subtype": pdf.Name("Form"), "BBox": pdf.Array{int64(0), int64(0), int64(300), int64(100)},
		"Resources": pdf.Dict{"Font": pdf.Dict{"F1": pdf.Dict{"Type": pdf.Name("Font"), "Subtype": pdf.Name("Type1"), "BaseFont": pdf.Name("Helvetica")}}},
	}, []byte(content), false)
}

// annotate adds a reference to the annotations of the first page.
func annotate(u *pdf.Update, p *pdf.Page, r pdf.Ref) error {
	if at, ok := p.Dict["Annots"].(pdf.Ref); ok {
		a, err := u.Base().Array(at)
		if err != nil {
			return err
		}
		return u.Set(at, append(slices.Clone(a), r))
	}
	a, _ := p.Dict["Annots"].(pdf.Array)
	return edited(u, p.Ref, func(d pdf.Dict) { d["Annots"] = append(slices.Clone(a), r) })
}
