package certpath

import (
	"bytes"
	"hash/maphash"
	"slices"
	"sync"
)

// Verified remembers the keys under which one signature was verified, so that the same object is not verified twice. Only
// success is remembered, and of few keys. The zero value is ready for use, nil remembers nothing; it is safe for concurrent use.
type Verified struct {
	mu   sync.Mutex
	keys [][32]byte
}

// maxVerified bounds the keys that are remembered of one signature.
const maxVerified = 8

// By calls verify unless it succeeded before for a certificate with the same key.
func (v *Verified) By(signer *Certificate, verify func() error) error {
	if v == nil || inherits(signer.PublicKey) || len(signer.RawSubjectPublicKeyInfo) == 0 { // the key is not all there
		return verify()
	}
	key := signer.key()
	v.mu.Lock()
	known := slices.Contains(v.keys, key)
	v.mu.Unlock()
	if known {
		return nil
	}
	if err := verify(); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.keys) < maxVerified {
		v.keys = append(v.keys, key)
	}
	return nil
}

// Interned keeps one parsed value for each content, and with it what was verified about it. When it holds Limit values it
// begins anew. It is safe for concurrent use.
type Interned[T any] struct {
	Limit int // 0: 10,000

	mu     sync.Mutex
	seed   maphash.Seed
	values map[uint64]interned[T] // by the hash of the content
}

type interned[T any] struct {
	content []byte
	value   *T
}

const defaultInterned = 10_000

// Of is the value of a content; parse is given a copy of it where it is not known yet.
func (i *Interned[T]) Of(content []byte, parse func([]byte) (*T, error)) (*T, error) {
	i.mu.Lock()
	if i.values == nil {
		i.seed, i.values = maphash.MakeSeed(), map[uint64]interned[T]{}
	}
	key := maphash.Bytes(i.seed, content)
	known := i.values[key]
	i.mu.Unlock()
	if known.value != nil && bytes.Equal(known.content, content) {
		return known.value, nil
	}
	own := bytes.Clone(content)
	v, err := parse(own)
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if first := i.values[key]; first.value != nil && bytes.Equal(first.content, content) {
		return first.value, nil
	}
	if len(i.values) >= orDefault(i.Limit, defaultInterned) {
		clear(i.values)
	}
	i.values[key] = interned[T]{own, v}
	return v, nil
}
