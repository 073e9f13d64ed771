package pades_test

import (
	"bytes"
	"testing"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pkitest"
)

// TestAKeyThatNeedsRandomnessGetsIt: RSASSA-PSS salts come from Options.Rand, crypto/rand by default.
func TestAKeyThatNeedsRandomnessGetsIt(t *testing.T) {
	p, err := pkitest.New(pkitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	cert, key, err := p.Issue(pkitest.Subject{CommonName: "PSS", Algorithm: pkitest.RSA2048})
	if err != nil {
		t.Fatal(err)
	}
	base := []byte("%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj\n" +
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>\nendobj\ntrailer\n<</Root 1 0 R>>\n")
	d, err := pdf.Open(t.Context(), bytes.NewReader(base), int64(len(base)), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := pades.Sign(t.Context(), &out, d, key, &pades.Options{PSS: true, Chain: append(p.Chain()[:0:0], cert)}); err != nil {
		t.Fatal(err)
	}
	d, err = pdf.Open(t.Context(), bytes.NewReader(out.Bytes()), int64(out.Len()), nil)
	if err != nil {
		t.Fatal(err)
	}
	sigs, err := pades.Signatures(t.Context(), d)
	if err != nil || len(sigs) != 1 {
		t.Fatal(err, len(sigs))
	}
	if in := sigs[0].Check(t.Context()); in.Digest != "match" || in.Signature != "match" {
		t.Fatalf("%+v", in)
	}
}
