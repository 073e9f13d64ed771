package document_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/font"
)

// page is a PDF of one page with these lines, a line's height apart.
func page(t *testing.T, lines ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	at := []int{}
	b.WriteString("%PDF-1.7\n")
	for i, o := range []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[3 0 R]>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	b.WriteString("xref\n0 4\n0000000000 65535 f \n")
	for _, o := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", start)
	d, err := pdf.Open(t.Context(), bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	var all string
	for _, l := range lines {
		all += l
	}
	e, err := font.Embed(u, font.Serif(), all)
	if err != nil {
		t.Fatal(err)
	}
	content := "BT /F0 12 Tf 60 780 Td "
	for _, l := range lines {
		content += e.Encode(l) + " Tj 0 -40 Td "
	}
	p, err := u.Base().Page(1)
	if err != nil {
		t.Fatal(err)
	}
	p.Dict["Contents"] = u.Add(pdf.NewStream(pdf.Dict{}, []byte(content+"ET"), true))
	p.Dict["Resources"] = pdf.Dict{"Font": pdf.Dict{"F0": e.Ref}}
	if err := u.Set(p.Ref, p.Dict); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := u.WriteTo(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// encrypted is one of the engine's test files, which takes a password.
func encrypted(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile("../../../pdf/testdata/encrypted/aes-256-r6.pdf")
	if err != nil {
		t.Fatal(err)
	}
	return b
}
