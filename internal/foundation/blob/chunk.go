package blob

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"hash"
	"io"
)

// A body is its content in chunks of 64 kB, the last one shorter (or empty, when there is no content), each sealed by AES-256-GCM under the
// body's own key. The nonce is the chunk's number in eleven bytes, big endian, and a byte that is 1 for the last chunk alone: chunks cannot
// be swapped, left out, or the end cut off unseen (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár, 2015).
const (
	chunkSize = 64 << 10
	tagSize   = 16
	wireSize  = chunkSize + tagSize
)

func newCipher(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func nonce(chunk int64, last bool) []byte {
	n := make([]byte, 12)
	binary.BigEndian.PutUint64(n[3:], uint64(chunk))
	if last {
		n[11] = 1
	}
	return n
}

// chunks is how many a content has.
func chunks(size int64) int64 { return max(1, (size+chunkSize-1)/chunkSize) }

// bodySize is the length of a content's body.
func bodySize(size int64) int64 { return size + chunks(size)*tagSize }

// chunkLength is how many bytes of the content a chunk holds.
func chunkLength(size, chunk int64) int { return int(min(size-chunk*chunkSize, chunkSize)) }

// sealer reads a content and gives its body.
type sealer struct {
	src   io.Reader
	aead  cipher.AEAD
	mac   hash.Hash
	size  int64
	chunk int64
	cur   []byte // the next chunk to seal
	next  []byte // the one after it: only who has looked knows which is the last
	out   []byte // sealed and not yet read
	buf   []byte
	begun bool
	ended bool
	err   error // of src
}

func newSealer(src io.Reader, key []byte, mac hash.Hash) (*sealer, error) {
	aead, err := newCipher(key)
	return &sealer{src: src, aead: aead, mac: mac}, err
}

func (s *sealer) Read(p []byte) (int, error) {
	for len(s.out) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		if s.ended {
			return 0, io.EOF
		}
		s.err = s.step()
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

func (s *sealer) step() (err error) {
	if !s.begun {
		s.begun = true
		s.cur, s.next, s.buf = make([]byte, 0, chunkSize), make([]byte, 0, chunkSize), make([]byte, 0, wireSize)
		if s.cur, err = s.fill(s.cur); err != nil {
			return err
		}
	}
	s.next = s.next[:0]
	if len(s.cur) == chunkSize {
		if s.next, err = s.fill(s.next); err != nil {
			return err
		}
	}
	s.ended = len(s.next) == 0
	s.out = s.aead.Seal(s.buf[:0], nonce(s.chunk, s.ended), s.cur, nil)
	s.chunk++
	s.cur, s.next = s.next, s.cur
	return nil
}

// maxIdle is how often a reader may give neither bytes nor an error.
const maxIdle = 100

// fill reads a chunk. It does without [io.ReadFull], which would take the ErrUnexpectedEOF of an upload that broke off for an end.
func (s *sealer) fill(b []byte) ([]byte, error) {
	b = b[:0]
	for idle := 0; len(b) < chunkSize; {
		n, err := s.src.Read(b[len(b):chunkSize])
		b = b[:len(b)+n]
		if err == io.EOF { // itself: one that is wrapped is a connection that broke off
			break
		}
		if err != nil {
			return b, err
		}
		if n > 0 {
			idle = 0
		} else if idle++; idle == maxIdle {
			return b, io.ErrNoProgress
		}
	}
	s.size += int64(len(b))
	if s.size > MaxSize {
		return b, errTooLarge
	}
	s.mac.Write(b)
	return b, nil
}

// opener reads a body and gives its content. The last chunk is held back until the whole is known to be what its name says.
type opener struct {
	src   io.ReadCloser
	aead  cipher.AEAD
	mac   hash.Hash
	head  head
	chunk int64
	wire  []byte
	out   []byte
	err   error
}

func (o *opener) Read(p []byte) (int, error) {
	for len(o.out) == 0 {
		if o.err != nil {
			return 0, o.err
		}
		if o.chunk == chunks(o.head.size) {
			return 0, io.EOF
		}
		o.out, o.err = o.step()
		if o.err != nil {
			o.out = nil
		}
	}
	n := copy(p, o.out)
	o.out = o.out[n:]
	return n, nil
}

func (o *opener) step() ([]byte, error) {
	if o.wire == nil {
		o.wire = make([]byte, wireSize)
	}
	wire := o.wire[:chunkLength(o.head.size, o.chunk)+tagSize]
	if _, err := io.ReadFull(o.src, wire); err != nil {
		return nil, unread(o.head.name, err)
	}
	last := o.chunk == chunks(o.head.size)-1
	plain, err := o.aead.Open(wire[:0], nonce(o.chunk, last), wire, nil)
	if err != nil {
		return nil, damaged(o.head.name, err)
	}
	o.mac.Write(plain)
	o.chunk++
	if last {
		if _, err := io.ReadFull(o.src, make([]byte, 1)); !errors.Is(err, io.EOF) {
			return nil, damaged(o.head.name, errors.New("bytes behind the end"))
		}
		if nameOf(o.mac) != o.head.name {
			return nil, damaged(o.head.name, errors.New("the content is not what its name says"))
		}
	}
	return plain, nil
}

func (o *opener) Close() error { return o.src.Close() }
