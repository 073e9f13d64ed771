package blob

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/antinvn/antin/internal/foundation/seal"
)

// head is the small object beside a body: which content it is, and the body's key under a master key. All its lines but the last are bound
// to that key. Re-wrapping writes it again and leaves the body alone.
type head struct {
	name   Name
	object string // the id of head and body, 32 hexadecimal digits
	size   int64  // of the content
	key    []byte // the body's key, sealed
}

const (
	headVersion = "antin-blob/1"
	headPurpose = "blob-key\n"
	maxHead     = 1 << 10
	keySize     = 32
)

// bound is what the sealed key is bound to.
func (h head) bound() string {
	return fmt.Sprintf("%s\nname %s\nobject %s\nsize %d\n", headVersion, h.name, h.object, h.size)
}

func (h head) String() string {
	return h.bound() + "key " + base64.StdEncoding.EncodeToString(h.key) + "\n"
}

// seal wraps a body's key.
func (h head) seal(ring *seal.Ring, key []byte) (head, error) {
	var err error
	h.key, err = ring.Seal(headPurpose+h.bound(), key)
	return h, err
}

// open unwraps the body's key, which proves that nothing in the head was changed.
func (h head) open(ring *seal.Ring) ([]byte, error) {
	key, err := ring.Open(headPurpose+h.bound(), h.key)
	if err == nil && len(key) != keySize {
		err = errors.New("blob: the body's key has a wrong length")
	}
	return key, err
}

// rewrap wraps the key with the current master key. It reports whether it had to.
func (h head) rewrap(ring *seal.Ring) (head, bool, error) {
	var changed bool
	var err error
	h.key, changed, err = ring.Reseal(headPurpose+h.bound(), h.key)
	return h, changed, err
}

// parseHead reads a head. There is one way to write each.
func parseHead(text string) (head, error) {
	wrong := errors.New("blob: no head of a blob")
	lines := strings.Split(text, "\n")
	if len(text) > maxHead || len(lines) != 6 {
		return head{}, wrong
	}
	var h head
	var err error
	h.name = Name(strings.TrimPrefix(lines[1], "name "))
	h.object = strings.TrimPrefix(lines[2], "object ")
	if h.size, err = strconv.ParseInt(strings.TrimPrefix(lines[3], "size "), 10, 64); err != nil {
		return head{}, wrong
	}
	if h.key, err = base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(lines[4], "key ")); err != nil {
		return head{}, wrong
	}
	if !isHex(string(h.name), 64) || !isHex(h.object, 2*idSize) || h.size < 0 || h.size > MaxSize || h.String() != text {
		return head{}, wrong
	}
	return h, nil
}
