package pades_test

import (
	"crypto"
	"io"
	"strings"
	"testing"

	"github.com/antinvn/antin/pades"
)

// BenchmarkSignBB signs a 137 kB file; subtract the key operation, measured beside it.
func BenchmarkSignBB(b *testing.B) {
	f := pages(20)
	f.add("<< /Length 130000 >>\nstream\n" + strings.Repeat("x", 130_000) + "\nendstream")
	base := f.bytes()
	for name, key := range map[string]crypto.Signer{"P-256": p256(), "RSA-2048": rsa2048()} {
		s := newSigner(b, "Bench", key)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := pades.Sign(b.Context(), io.Discard, open(b, base), s.key, s.options()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+" key alone", func(b *testing.B) {
			for b.Loop() {
				if _, err := key.Sign(nil, make([]byte, 32), crypto.SHA256); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
