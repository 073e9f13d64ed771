package pades

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// TestDigitsSpellAValueToItsLastByte: the gap of a byte range is held to the value block by block, padding included.
func TestDigitsSpellAValueToItsLastByte(t *testing.T) {
	value := append(bytes.Repeat([]byte{0xa5, 0, 7}, 30), make([]byte, 100)...)
	digits := []byte(hex.EncodeToString(value))
	if !spells(digits, value) || !spells(bytes.ToUpper(digits), value) || !spells(nil, nil) {
		t.Error("its own digits do not spell a value")
	}
	for i := range digits {
		for _, c := range []byte("19g >") {
			if spoiled := bytes.Clone(digits); spoiled[i] != c {
				spoiled[i] = c
				if spells(spoiled, value) {
					t.Fatalf("%q in place %d is passed over", c, i)
				}
			}
		}
	}
}
