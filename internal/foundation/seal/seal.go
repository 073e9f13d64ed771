package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"maps"
	"strconv"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// keySize is AES-256's.
const keySize = 32

// Ring is a set of master keys and the root of derived keys. It does not change; it may be used concurrently.
type Ring struct {
	keys    map[uint32][]byte
	current uint32
	root    []byte
	random  io.Reader
}

// New makes a ring that stands in no file: for tests, and for a demo that keeps nothing.
func New(random io.Reader) (*Ring, error) {
	r := &Ring{keys: map[uint32][]byte{}, random: random}
	var err error
	if r.root, err = r.bytes(keySize); err != nil {
		return nil, err
	}
	return r.Next()
}

// Next returns a ring with one more master key, which seals from now on.
func (r *Ring) Next() (*Ring, error) {
	key, err := r.bytes(keySize)
	if err != nil {
		return nil, err
	}
	n := &Ring{keys: map[uint32][]byte{r.current + 1: key}, current: r.current + 1, root: r.root, random: r.random}
	maps.Copy(n.keys, r.keys)
	return n, nil
}

func (r *Ring) bytes(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(r.random, b)
	return b, err
}

// Current is the number of the master key that seals.
func (r *Ring) Current() uint32 { return r.current }

// Derive returns a key of 32 bytes for a purpose. It comes from the ring's root, which rotation does not change: for keyed names, which
// must stay what they are.
func (r *Ring) Derive(purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, r.root, nil, "antin-derive/1 "+purpose, keySize)
}

// A sealed secret is: version (1 byte, 1), number of the master key (4 bytes, big endian), salt (32 bytes), then what AES-256-GCM makes of
// the secret, tag included. The key of that is HKDF-SHA-256 of the master key with the salt, so that each key seals once and its nonce is
// zero; the purpose is the associated data, after the first five bytes.
const (
	version  = 1
	headSize = 1 + 4
	saltSize = 32
	// Overhead is how much longer a sealed secret is.
	Overhead = headSize + saltSize + 16
	// maxSecret keeps what belongs into a blob out of rows.
	maxSecret = 64 << 10
)

// Seal encrypts a small secret (at most 64 kB) under the current master key. To open it takes the same purpose: name the kind of secret
// and whose it is.
func (r *Ring) Seal(purpose string, secret []byte) ([]byte, error) {
	if len(secret) > maxSecret {
		return nil, fault.New(fault.Internal, ErrOpen, kind(purpose))
	}
	out := make([]byte, headSize+saltSize, len(secret)+Overhead)
	out[0] = version
	binary.BigEndian.PutUint32(out[1:], r.current)
	if _, err := io.ReadFull(r.random, out[headSize:]); err != nil {
		return nil, err
	}
	aead, err := once(r.keys[r.current], out[headSize:])
	if err != nil {
		return nil, err
	}
	return aead.Seal(out, make([]byte, aead.NonceSize()), secret, associated(out, purpose)), nil //nolint:gosec // the key is used once
}

// Open decrypts what [Ring.Seal] made for the same purpose.
func (r *Ring) Open(purpose string, sealed []byte) ([]byte, error) {
	id, err := KeyOf(sealed)
	if err != nil || len(sealed) > maxSecret+Overhead {
		return nil, fault.New(fault.Internal, ErrOpen, kind(purpose)).Because(err)
	}
	key, ok := r.keys[id]
	if !ok {
		return nil, fault.New(fault.Unavailable, ErrKey, strconv.FormatUint(uint64(id), 10))
	}
	aead, err := once(key, sealed[headSize:headSize+saltSize])
	if err != nil {
		return nil, err
	}
	secret, err := aead.Open(nil, make([]byte, aead.NonceSize()), sealed[headSize+saltSize:], associated(sealed, purpose))
	if err != nil {
		return nil, fault.New(fault.Internal, ErrOpen, kind(purpose)).Because(err)
	}
	return secret, nil
}

// Reseal seals again what an older master key sealed. It reports whether it had to; if not, it returns what it was given.
func (r *Ring) Reseal(purpose string, sealed []byte) ([]byte, bool, error) {
	id, err := KeyOf(sealed)
	if err == nil && id == r.current {
		return sealed, false, nil
	}
	secret, err := r.Open(purpose, sealed)
	if err != nil {
		return nil, false, err
	}
	again, err := r.Seal(purpose, secret)
	return again, err == nil, err
}

// KeyOf returns the number of the master key that sealed a secret.
func KeyOf(sealed []byte) (uint32, error) {
	if len(sealed) < Overhead || sealed[0] != version {
		return 0, fault.New(fault.Internal, ErrOpen, "")
	}
	return binary.BigEndian.Uint32(sealed[1:]), nil
}

func once(key, salt []byte) (cipher.AEAD, error) {
	k, err := hkdf.Key(sha256.New, key, salt, "antin-seal/1", keySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func associated(sealed []byte, purpose string) []byte {
	return append(append(make([]byte, 0, headSize+len(purpose)), sealed[:headSize]...), purpose...)
}

// kind is the first word of a purpose: what errors may show.
func kind(purpose string) string {
	for i := range len(purpose) {
		if purpose[i] <= ' ' {
			return purpose[:i]
		}
	}
	return purpose
}
