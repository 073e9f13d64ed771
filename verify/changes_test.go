package verify_test

import (
	"bytes"
	"context"
	"maps"
	"testing"
	"time"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/verify"
)

// bare is one page with a line of content, a form field that is not locked, and document information.
const bare = `%PDF-1.7
1 0 obj
<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]>>>>
endobj
2 0 obj
<</Type/Pages/Kids[3 0 R]/Count 1>>
endobj
3 0 obj
<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Annots[6 0 R]/Resources<</Font<</F1 7 0 R>>>>>>
endobj
4 0 obj
<</Length 40>>
stream
BT /F1 12 Tf 72 700 Td (So tien 100) Tj ET
endstream
endobj
5 0 obj
<</Title(A)/Producer(P)>>
endobj
6 0 obj
<</Type/Annot/Subtype/Widget/FT/Tx/T(note)/Rect[72 600 200 620]/P 3 0 R/F 4>>
endobj
7 0 obj
<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>
endobj
trailer
<</Root 1 0 R/Info 5 0 R/Size 8>>
`

type desk struct {
	pki   *pkitest.PKI
	trust *trust.Store
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	p, err := pkitest.New(pkitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return &desk{p, trust.New(p.Root)}
}

func open(t testing.TB, b []byte) *pdf.Document {
	t.Helper()
	d, err := pdf.Open(t.Context(), bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// clean rewrites the text above with a cross-reference of its own, by an empty update over the rebuilt file.
func clean(t testing.TB) []byte {
	t.Helper()
	u, err := open(t, []byte(bare)).NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	return written(t, u)
}

func written(t testing.TB, u *pdf.Update) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := u.WriteTo(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (d *desk) sign(t testing.TB, b []byte, o pades.Options) []byte {
	t.Helper()
	cert, key, err := d.pki.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		t.Fatal(err)
	}
	o.Chain = append(o.Chain, cert)
	o.Chain = append(o.Chain, d.pki.Chain()...)
	var out bytes.Buffer
	if _, err := pades.Sign(t.Context(), &out, open(t, b), key, &o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (d *desk) judge(t testing.TB, b []byte) *verify.Verdict {
	t.Helper()
	at := time.Now()
	f, err := verify.Collect(t.Context(), bytes.NewReader(b), int64(len(b)), &verify.CollectOptions{Trust: d.trust, Offline: true, At: at})
	if err != nil {
		t.Fatal(err)
	}
	return verify.Decide(f, verify.DefaultPolicy(), at)
}

// TestChangesAfterSigning has one honest or hostile revision per row; deleting a rule of changes.go turns a row red.
func TestChangesAfterSigning(t *testing.T) {
	desk := newDesk(t)
	signed := desk.sign(t, clean(t), pades.Options{})
	certified := desk.sign(t, clean(t), pades.Options{Certify: 2})
	final := desk.sign(t, clean(t), pades.Options{Certify: 1})
	set := func(n int, change func(d pdf.Dict)) func(*pdf.Update) error {
		return func(u *pdf.Update) error {
			o, err := u.Load(pdf.Ref{Number: n})
			if err != nil {
				return err
			}
			d := pdf.Dict{}
			maps.Copy(d, o.(pdf.Dict))
			change(d)
			return u.Set(pdf.Ref{Number: n}, d)
		}
	}
	tests := []struct {
		name string
		base []byte
		edit func(u *pdf.Update) error
		want verify.Class
		code string
	}{
		{"nothing but a new revision", signed, func(*pdf.Update) error { return nil }, verify.ClassNone, ""},
		{"page content replaced", signed, func(u *pdf.Update) error {
			return u.Set(pdf.Ref{Number: 4}, pdf.NewStream(pdf.Dict{}, []byte("BT /F1 12 Tf 72 700 Td (So tien 900) Tj ET"), false))
		}, verify.ClassForbidden, "content_changed"},
		{"the same content stored anew", signed, func(u *pdf.Update) error {
			o, err := u.Load(pdf.Ref{Number: 4})
			if err != nil {
				return err
			}
			data, _, err := u.Base().Decode(o.(*pdf.Stream))
			if err != nil {
				return err
			}
			return u.Set(pdf.Ref{Number: 4}, pdf.NewStream(pdf.Dict{}, data, true))
		}, verify.ClassNone, ""},
		{"page turned", signed, set(3, func(d pdf.Dict) { d["Rotate"] = int64(180) }), verify.ClassForbidden, "page_changed"},
		{"font replaced", signed, set(7, func(d pdf.Dict) { d["BaseFont"] = pdf.Name("Symbol") }), verify.ClassForbidden, "font_changed"},
		{"number respelled as a 32-bit float", signed, set(3, func(d pdf.Dict) { d["MediaBox"] = pdf.Array{int64(0), int64(0), 595.00000001, int64(842)} }), verify.ClassNone, ""},
		{"page added", signed, set(2, func(d pdf.Dict) {
			d["Kids"], d["Count"] = append(d["Kids"].(pdf.Array), d["Kids"].(pdf.Array)[0]), int64(2)
		}), verify.ClassForbidden, "pages_changed"},
		{"open action added", signed, set(1, func(d pdf.Dict) { d["OpenAction"] = pdf.Dict{"S": pdf.Name("JavaScript")} }), verify.ClassForbidden, "catalog_changed"},
		{"field filled", signed, set(6, func(d pdf.Dict) { d["V"] = pdf.String("x") }), verify.ClassForm, "field_filled"},
		{"field filled after P=1", final, set(6, func(d pdf.Dict) { d["V"] = pdf.String("x") }), verify.ClassForbidden, "field_filled"},
		{"field moved", signed, set(6, func(d pdf.Dict) { d["Rect"] = pdf.Array{int64(0), int64(0), int64(500), int64(800)} }), verify.ClassForbidden, "field_changed"},
		{"annotation added", signed, func(u *pdf.Update) error {
			r := u.Add(pdf.Dict{"Type": pdf.Name("Annot"), "Subtype": pdf.Name("FreeText"), "Rect": pdf.Array{int64(0), int64(0), int64(9), int64(9)}})
			return set(3, func(d pdf.Dict) { d["Annots"] = append(append(pdf.Array{}, d["Annots"].(pdf.Array)...), r) })(u)
		}, verify.ClassAnnotation, "annotation_added"},
		{"annotation added after P=2", certified, func(u *pdf.Update) error {
			r := u.Add(pdf.Dict{"Type": pdf.Name("Annot"), "Subtype": pdf.Name("Stamp"), "Rect": pdf.Array{int64(0), int64(0), int64(9), int64(9)}})
			return set(3, func(d pdf.Dict) { d["Annots"] = append(append(pdf.Array{}, d["Annots"].(pdf.Array)...), r) })(u)
		}, verify.ClassForbidden, "annotation_added"},
		{"annotations emptied", signed, set(3, func(d pdf.Dict) { delete(d, "Annots") }), verify.ClassForbidden, "annotation_taken_away"},
		{"title changed", signed, set(5, func(d pdf.Dict) { d["Title"] = pdf.String("B") }), verify.ClassForbidden, "document_information"},
		{"producer changed", signed, set(5, func(d pdf.Dict) { d["Producer"] = pdf.String("Q") }), verify.ClassLTA, "document_information"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := open(t, tt.base).NewUpdate()
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.edit(u); err != nil {
				t.Fatal(err)
			}
			v := desk.judge(t, written(t, u))
			s := v.Signatures[0]
			if s.Integrity != "intact" || s.Modifications != tt.want {
				t.Fatalf("integrity %s, modifications %s, want %s: %+v", s.Integrity, s.Modifications, tt.want, v.Facts.Signatures[0].Changes)
			}
			if (v.Indication == verify.TotalFailed) != (tt.want == verify.ClassForbidden) {
				t.Errorf("indication %s for %s", v.Indication, tt.want)
			}
			if c := v.Facts.Signatures[0].Changes; tt.code != "" && (len(c) == 0 || c[0].Code != tt.code) {
				t.Errorf("changes %+v, want %s", c, tt.code)
			}
		})
	}
}

func TestASecondSignatureLeavesTheFirstGood(t *testing.T) {
	desk := newDesk(t)
	b := desk.sign(t, desk.sign(t, clean(t), pades.Options{}), pades.Options{})
	v := desk.judge(t, b)
	if len(v.Signatures) != 2 || v.Signatures[0].Modifications != verify.ClassForm || v.Signatures[1].Modifications != verify.ClassNone {
		t.Fatalf("%+v", v.Signatures)
	}
	if v.Facts.Signatures[0].CoversWholeDocument || !v.Facts.Signatures[1].CoversWholeDocument {
		t.Error("the second covers the whole document, the first does not")
	}
}

func FuzzCollect(f *testing.F) {
	f.Add([]byte(bare))
	at := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, b []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		facts, err := verify.Collect(ctx, bytes.NewReader(b), int64(len(b)), &verify.CollectOptions{Offline: true, At: at})
		if err != nil {
			return
		}
		if _, err := verify.Decide(facts, verify.DefaultPolicy(), at).Report("vi").JSON(); err != nil {
			t.Fatal(err)
		}
	})
}
