package blob

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// Name is HMAC-SHA-256 of a content under a key that the ring of master keys derives, as 64 lower-case hexadecimal digits.
type Name string

const namePurpose = "blob names"

// ParseName reads a name.
func ParseName(s string) (Name, error) {
	if !isHex(s, 2*sha256.Size) {
		return "", fault.New(fault.Invalid, ErrName, "")
	}
	return Name(s), nil
}

func isHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func (s *Store) naming() hash.Hash { return hmac.New(sha256.New, s.names) }

func nameOf(h hash.Hash) Name { return Name(hex.EncodeToString(h.Sum(nil))) }
