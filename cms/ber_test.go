package cms

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestWhatIsPlainIsDER spoils nested values in many ways: what the quick look takes for DER, the careful one leaves as it is, to the same end.
func TestWhatIsPlainIsDER(t *testing.T) {
	long := bytes.Repeat([]byte{4, 3, 1, 2, 3}, 14_000) // a length of three octets
	value := wrap(0x30, wrap(0xa0, wrap(0x31, []byte{2, 1, 5}), wrap(0x04, make([]byte, 200))), wrap(0x30, make([]byte, 0)), wrap(0x24, []byte{4, 1, 7}), wrap(0x30, long))
	clean := wrap(0x30, wrap(0xa0, wrap(0x31, []byte{2, 1, 5}), wrap(0x04, make([]byte, 200))), wrap(0x30, long))
	if n := (&berReader{}).plain(clean, 0); n != len(clean) {
		t.Errorf("DER is not plain: %d of %d", n, len(clean))
	}
	if n := (&berReader{}).plain(value, 0); n != -1 {
		t.Errorf("a string in pieces is plain: %d", n)
	}
	r := rand.New(rand.NewPCG(1, 2))
	plain := 0
	for range 50_000 {
		b := bytes.Clone(clean[:300])
		b = wrap(0x30, b[4:])
		for range 1 + r.IntN(3) {
			b[r.IntN(min(len(b), 40))] = byte(r.IntN(256))
		}
		got := (&berReader{}).plain(b, 0)
		if got < 0 {
			continue
		}
		der, rest, err := (&berReader{}).rewrite(nil, b, 0)
		if plain++; err != nil || !bytes.Equal(der, b[:got]) || got != len(b)-len(rest) {
			t.Fatalf("%x: plain to %d, rewritten as %x before %x, %v", b, got, der, rest, err)
		}
	}
	if plain < 100 {
		t.Errorf("only %d of the values were plain", plain)
	}
	for _, n := range []int{0, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0xffffff, 0x1000000} { // where a length gets one octet more
		if b := wrap(0x30, wrap(0x04, make([]byte, n))); (&berReader{}).plain(b, 0) != len(b) {
			t.Errorf("an OCTET STRING of %d is not plain", n)
		}
	}
	deep := []byte{5, 0}
	for range maxDepth + 1 {
		deep = wrap(0x30, deep)
	}
	if n := (&berReader{}).plain(deep, 0); n != -1 {
		t.Errorf("above the limit of depth: %d", n)
	}
}
