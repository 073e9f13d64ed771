package pdf_test

import (
	"bytes"
	"testing"
)

// damaged is a file without its end: its cross-reference is rebuilt.
func damaged(head string, objects ...string) []byte {
	b := tableFile(head, "", objects...)
	return b[:bytes.LastIndex(b, []byte("xref\n0"))]
}

// TestARebuiltFileBeginsAtItsHeader: neither an object nor a trailer from before it counts.
func TestARebuiltFileBeginsAtItsHeader(t *testing.T) {
	d, err := opened(t, damaged("9 0 obj << /Filter /Secret >> endobj\ntrailer << /Encrypt 9 0 R /Info 9 0 R >>\n", onePage...), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, used, err := d.Latest().InUse(9); used || err != nil || !d.Rebuilt() || d.Latest().Trailer()["Info"] != nil {
		t.Errorf("object 9 is in use: %t, %v; trailer %v", used, err, d.Latest().Trailer())
	}
	if p, err := d.Latest().Page(1); err != nil || p.MediaBox.X1 != 100 {
		t.Errorf("%+v, %v", p, err)
	}
}
