package verify

import (
	"encoding/json"
	"os"
	"testing"
)

// BenchmarkDecide decides about the facts of a B-LTA file, the search for the end of its validity included.
func BenchmarkDecide(b *testing.B) {
	raw, err := os.ReadFile("testdata/decide/b-lta.json")
	if err != nil {
		b.Fatal(err)
	}
	f := &Facts{}
	if err := json.Unmarshal(raw, f); err != nil {
		b.Fatal(err)
	}
	p := DefaultPolicy()
	b.ReportAllocs()
	for b.Loop() {
		if Decide(f, p, testTime).Signatures[0].ValidUntil == nil {
			b.Fatal("no end")
		}
	}
}
