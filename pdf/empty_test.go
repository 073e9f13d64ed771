package pdf_test

import (
	"testing"

	"github.com/antinvn/antin/pdf"
)

// TestAnEmptyFileIsAFoundation: it is read as it stands, nothing of it is mended, and a page goes on top.
func TestAnEmptyFileIsAFoundation(t *testing.T) {
	d, err := opened(t, pdf.Empty(), "")
	if err != nil || d.Rebuilt() {
		t.Fatal(d, err)
	}
	u, err := d.NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	tree := pdf.Ref{Number: 2}
	page := u.Add(pdf.Dict{"Type": pdf.Name("Page"), "Parent": tree, "MediaBox": pdf.Array{int64(0), int64(0), int64(595), int64(842)}})
	if err := u.Set(tree, pdf.Dict{"Type": pdf.Name("Pages"), "Kids": pdf.Array{page}, "Count": int64(1)}); err != nil {
		t.Fatal(err)
	}
	tail, err := u.Tail(nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err = opened(t, append(pdf.Empty(), tail...), "")
	if err != nil || d.Rebuilt() {
		t.Fatal(d, err)
	}
	if p, err := d.Latest().Page(1); err != nil || p.MediaBox.X1 != 595 {
		t.Errorf("%+v, %v", p, err)
	}
}
