package verify_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/verify"
)

// dictionaryOf is the text of the signature dictionary of a signed file.
func dictionaryOf(t *testing.T, signed []byte) string {
	t.Helper()
	sigs, err := pades.Signatures(t.Context(), open(t, signed))
	if err != nil || len(sigs) == 0 {
		t.Fatalf("%d signatures: %v", len(sigs), err)
	}
	return string(pdf.AppendObject(nil, sigs[0].Dict))
}

// written anew: objects 1 to 3 are catalog, pages and page.
func newFile(t *testing.T, objects ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	var offsets []int
	for i, o := range append([]string{
		"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
	}, objects...) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, at)
	return b.Bytes()
}

// TestRewrittenFile is what gazette copies are: no form, and the signature dictionaries lie about (EN 319 102-1, 5.2.2).
func TestRewrittenFile(t *testing.T) {
	desk := newDesk(t)
	dead := dictionaryOf(t, desk.sign(t, clean(t), pades.Options{}))
	u, err := open(t, newFile(t, dead)).NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	empty := u.Add(pdf.Dict{"FT": pdf.Name("Sig"), "T": pdf.String("empty"), "Subtype": pdf.Name("Widget")})
	if err := u.Set(pdf.Ref{Number: 1}, pdf.Dict{"Type": pdf.Name("Catalog"), "Pages": pdf.Ref{Number: 2}, "AcroForm": pdf.Dict{"Fields": pdf.Array{empty}}}); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"without a form": newFile(t, dead), "in an object stream": inObjectStream(dead), "a form whose field is empty": written(t, u)} {
		t.Run(name, func(t *testing.T) { desk.rewritten(t, b) })
	}
}

func (d *desk) rewritten(t *testing.T, b []byte) {
	t.Helper()
	v := d.judge(t, b)
	if len(v.Signatures) != 1 || v.Indication != verify.Indeterminate || v.Sub != verify.SignedDataNotFound {
		t.Fatalf("%s/%s, %d signatures", v.Indication, v.Sub, len(v.Signatures))
	}
	r := v.Report("vi").Signatures[0]
	if r.Field != nil || r.Integrity != "unverifiable" || r.ByteRange != "invalid" || r.Level != "none" || r.Signer == nil || len(r.Changes) != 0 {
		t.Errorf("%+v", r)
	}
	if len(r.Errors) != 1 || r.Errors[0].Code != "rewritten_after_signing" || r.Errors[0].What != "Tệp đã bị ghi lại sau khi ký." {
		t.Errorf("%+v", r.Errors)
	}
}

// TestDeadBesideAlive: a later signer wrote the file anew, into an object stream, and signed that.
func TestDeadBesideAlive(t *testing.T) {
	desk := newDesk(t)
	dead := dictionaryOf(t, desk.sign(t, clean(t), pades.Options{}))
	for name, base := range map[string][]byte{
		"plain":            newFile(t, dead),
		"in object stream": inObjectStream(dead),
	} {
		v := desk.judge(t, desk.sign(t, base, pades.Options{}))
		if len(v.Signatures) != 1 || v.Signatures[0].Integrity != "intact" {
			t.Fatalf("%s: %+v", name, v.Signatures)
		}
		if !slices.ContainsFunc(v.Signatures[0].Warnings, func(f verify.Finding) bool { return f.Code == "dead_signatures" }) {
			t.Errorf("%s: %+v", name, v.Signatures[0].Warnings)
		}
	}
}

// TestLargeFilesAreNotSearchedForTheDead beside living signatures, and the answer says so.
func TestLargeFilesAreNotSearchedForTheDead(t *testing.T) {
	desk := newDesk(t)
	filling := fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", 64<<20, bytes.Repeat([]byte{'x'}, 64<<20))
	v := desk.judge(t, desk.sign(t, newFile(t, dictionaryOf(t, desk.sign(t, clean(t), pades.Options{})), filling), pades.Options{}))
	if len(v.Signatures) != 1 || v.Signatures[0].Integrity != "intact" {
		t.Fatalf("%+v", v.Signatures)
	}
	said := func(code string) bool {
		return slices.ContainsFunc(v.Report("vi").Signatures[0].Warnings, func(w verify.TextReport) bool { return w.Code == code && w.What != "" && w.Cause != "" && w.Next != "" })
	}
	if said("dead_signatures") || !said("dead_signatures_not_searched") {
		t.Errorf("%+v", v.Signatures[0].Warnings)
	}
	if v := desk.judge(t, desk.sign(t, clean(t), pades.Options{})); slices.ContainsFunc(v.Signatures[0].Warnings, func(f verify.Finding) bool { return strings.HasPrefix(f.Code, "dead_") }) {
		t.Errorf("a small file: %+v", v.Signatures[0].Warnings)
	}
}

func inObjectStream(object string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	rows := []byte{0, 0, 0, 0}
	for i, o := range []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"} {
		rows = append(rows, 1, byte(b.Len()>>8), byte(b.Len()), 0)
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	rows = append(rows, 1, byte(b.Len()>>8), byte(b.Len()), 0, 2, 0, 4, 0)
	data := "5 0 " + object
	fmt.Fprintf(&b, "4 0 obj\n<</Type/ObjStm/N 1/First 4/Length %d>>\nstream\n%s\nendstream\nendobj\n", len(data), data)
	at := b.Len()
	rows = append(rows, 1, byte(at>>8), byte(at), 0)
	fmt.Fprintf(&b, "6 0 obj\n<</Type/XRef/W[1 2 1]/Size 7/Root 1 0 R/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", len(rows), rows, at)
	return b.Bytes()
}

// TestBytesBeforeTheHeader: two files of one product count the byte range from %PDF. The bytes before are not signed, and what
// comes after is judged as ever.
func TestBytesBeforeTheHeader(t *testing.T) {
	desk := newDesk(t)
	signed := desk.sign(t, clean(t), pades.Options{})
	shifted := append([]byte("twenty-one odd bytes\n"), signed...)
	v := desk.judge(t, shifted)
	if len(v.Signatures) != 1 || v.Signatures[0].Integrity != "intact" || v.Signatures[0].Modifications != verify.ClassNone || v.Facts.Signatures[0].Revision < 0 {
		t.Fatalf("%+v %+v", v.Signatures, v.Facts.Signatures)
	}
	if !slices.ContainsFunc(v.Signatures[0].Warnings, func(f verify.Finding) bool { return f.Code == "byte_range_counted_from_header" }) {
		t.Errorf("%+v", v.Signatures[0].Warnings)
	}
	u, err := open(t, shifted).NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Set(pdf.Ref{Number: 4}, pdf.NewStream(nil, []byte("BT /F1 12 Tf (900) Tj ET"), false)); err != nil {
		t.Fatal(err)
	}
	if v := desk.judge(t, written(t, u)); v.Signatures[0].Integrity != "intact" || v.Signatures[0].Modifications != verify.ClassForbidden {
		t.Errorf("changed: %+v", v.Signatures[0])
	}
}

// TestNumberDayMonthSealAsSignatures: after a certification with P=2, number, day, month
// and seal come as separate visible signatures of one agency.
func TestNumberDayMonthSealAsSignatures(t *testing.T) {
	desk := newDesk(t)
	b := desk.sign(t, clean(t), pades.Options{Certify: 2})
	for i := range 4 {
		o := pades.Options{}
		o.Field.Place = &pades.Place{Page: 1, Rect: pdf.Rect{X0: 100 * float64(i), Y0: 300, X1: 100*float64(i) + 90, Y1: 360}}
		b = desk.sign(t, b, o)
	}
	v := desk.judge(t, b)
	if len(v.Signatures) != 5 {
		t.Fatalf("%d signatures", len(v.Signatures))
	}
	for i := range v.Signatures {
		want := verify.ClassForm
		if i == 4 {
			want = verify.ClassNone
		}
		if s := v.Signatures[i]; s.Integrity != "intact" || s.Modifications != want {
			t.Errorf("%d: %+v", i, s)
		}
	}
	if !slices.ContainsFunc(v.Signatures[0].Warnings, func(f verify.Finding) bool { return f.Code == "visible_after_certification" }) {
		t.Errorf("%+v", v.Signatures[0].Warnings)
	}
}
