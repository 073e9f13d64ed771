package cades_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/antinvn/antin/cades"
)

func seeds(f *testing.F, names ...string) {
	f.Helper()
	for _, name := range names {
		b, err := os.ReadFile("../testdata/vectors/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

// FuzzOpen reads and checks any bytes as a CMS file: an answer or an error, never a panic.
func FuzzOpen(f *testing.F) {
	seeds(f, "cades-detached.p7s", "cades-b-lta.p7m")
	content := section([]byte("content"))
	f.Fuzz(func(t *testing.T, b []byte) {
		cades.Detect(bytes.NewReader(b))
		d, err := cades.Open(t.Context(), section(b), content)
		if err != nil {
			return
		}
		cades.Check(t.Context(), d)
	})
}

// FuzzPrepared reads any bytes as a stored preparation; what is read is written so that it reads the same.
func FuzzPrepared(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte(`{"version":1,"unsigned":"AA==","level":"B-B"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p cades.Prepared
		if p.UnmarshalBinary(b) != nil {
			return
		}
		written, err := p.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var again cades.Prepared
		if err := again.UnmarshalBinary(written); err != nil || !bytes.Equal(again.ToBeSigned(), p.ToBeSigned()) {
			t.Fatalf("%v: %q became %q", err, b, written)
		}
	})
}
