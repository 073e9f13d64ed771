package blob

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// Blob is an open content. Its methods may be called concurrently; they end with the context that opened it. It needs no closing.
type Blob struct {
	store *Store
	ctx   context.Context
	head  head
	aead  cipher.AEAD

	mu    sync.Mutex
	cache []*block // the latest blocks, newest first
}

// A block is what is fetched for a range at least: S3 is asked less often, and a reader that jumps about (as one of PDFs does) finds much of
// what it wants.
const (
	blockChunks = 4
	blockSize   = blockChunks * chunkSize
	cacheBlocks = 8 // 2 MB
)

type block struct {
	number int64
	bytes  []byte
}

// Open opens a blob for reading ranges.
func (s *Store) Open(ctx context.Context, name Name) (*Blob, error) {
	r, ok, err := s.find(ctx, name)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.New(fault.NotFound, ErrMissing, string(name))
	}
	h, err := s.head(ctx, r)
	if err != nil {
		return nil, err
	}
	key, err := h.open(s.Ring)
	if err != nil {
		return nil, damagedOr(name, err)
	}
	aead, err := newCipher(key)
	if err != nil {
		return nil, err
	}
	return &Blob{store: s, ctx: ctx, head: h, aead: aead}, nil
}

// damagedOr keeps the fault of a master key that is missing, which is no damage.
func damagedOr(name Name, err error) error {
	if fault.Is(err, fault.Unavailable) {
		return err
	}
	return damaged(name, err)
}

// head reads the head of a row's object. It is trusted only once its key was opened.
func (s *Store) head(ctx context.Context, r row) (h head, err error) {
	src, err := s.Driver.Read(ctx, headKey(r.object), 0, -1)
	if err != nil {
		return h, unread(r.name, err)
	}
	defer src.Close()
	b, err := io.ReadAll(io.LimitReader(src, maxHead+1))
	if err != nil {
		return h, unread(r.name, err)
	}
	if h, err = parseHead(string(b)); err != nil {
		return h, damaged(r.name, err)
	}
	if h.name != r.name || h.object != r.object || h.size != r.size {
		return h, damaged(r.name, errors.New("its head belongs to another"))
	}
	return h, nil
}

// Get opens a blob for reading it from beginning to end. Every byte that it gives was authenticated, and the end comes only when the whole
// is what the name says; anything else is [ErrDamaged]. The caller closes it.
func (s *Store) Get(ctx context.Context, name Name) (io.ReadCloser, error) {
	b, err := s.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return b.Reader()
}

// Reader reads it from beginning to end, as [Store.Get].
func (b *Blob) Reader() (io.ReadCloser, error) {
	src, err := b.store.Driver.Read(b.ctx, bodyKey(b.head.object), 0, -1)
	if err != nil {
		return nil, unread(b.head.name, err)
	}
	return &opener{src: src, aead: b.aead, mac: b.store.naming(), head: b.head}, nil
}

// Name is its name.
func (b *Blob) Name() Name { return b.head.name }

// Size is its length in bytes.
func (b *Blob) Size() int64 { return b.head.size }

// ReadAt reads a range, as [io.ReaderAt]. Each chunk that it touches is authenticated with its place.
func (b *Blob) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("blob: offset %d: %w", off, fs.ErrInvalid)
	}
	for n < len(p) {
		if off+int64(n) >= b.head.size {
			return n, io.EOF
		}
		number := (off + int64(n)) / blockSize
		block, err := b.block(number)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], block[off+int64(n)-number*blockSize:])
	}
	return n, nil
}

func (b *Blob) block(number int64) ([]byte, error) {
	b.mu.Lock()
	for i, c := range b.cache {
		if c.number == number {
			copy(b.cache[1:i+1], b.cache[:i])
			b.cache[0] = c
			b.mu.Unlock()
			return c.bytes, nil
		}
	}
	b.mu.Unlock()
	bytes, err := b.fetch(number)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := b.cache[:min(len(b.cache), cacheBlocks-1)]
	b.cache = append([]*block{{number, bytes}}, kept...)
	return bytes, nil
}

func (b *Blob) fetch(number int64) ([]byte, error) {
	first := number * blockChunks
	end := min(first+blockChunks, chunks(b.head.size))
	length := min(bodySize(b.head.size), end*wireSize) - first*wireSize
	src, err := b.store.Driver.Read(b.ctx, bodyKey(b.head.object), first*wireSize, length)
	if err != nil {
		return nil, unread(b.head.name, err)
	}
	defer src.Close()
	wire := make([]byte, length)
	if _, err := io.ReadFull(src, wire); err != nil {
		return nil, unread(b.head.name, err)
	}
	out := make([]byte, 0, blockSize)
	for chunk := first; chunk < end; chunk++ {
		n := chunkLength(b.head.size, chunk) + tagSize
		if out, err = b.aead.Open(out, nonce(chunk, chunk == chunks(b.head.size)-1), wire[:n], nil); err != nil {
			return nil, damaged(b.head.name, err)
		}
		wire = wire[n:]
	}
	return out, nil
}

// Rewrapped counts what [Store.Rewrap] did.
type Rewrapped struct{ Seen, Changed int }

// Rewrap wraps the key of every blob with the current master key; bodies stay as they are. Start every program with the new ring first.
// It may be broken off and begun again. A blob that cannot be read is told of after the others.
func (s *Store) Rewrap(ctx context.Context) (done Rewrapped, err error) {
	after := Name("")
	for {
		rows, e := s.page(ctx, ` WHERE name > ? ORDER BY name LIMIT 500`, string(after))
		if e != nil || len(rows) == 0 {
			return done, errors.Join(err, e)
		}
		for _, r := range rows {
			changed, e := s.rewrap(ctx, r)
			if ctx.Err() != nil {
				return done, ctx.Err()
			}
			if e != nil {
				err = errors.Join(err, e)
			}
			done.Seen++
			if changed {
				done.Changed++
			}
			after = r.name
		}
	}
}

func (s *Store) rewrap(ctx context.Context, r row) (bool, error) {
	h, err := s.head(ctx, r)
	if err != nil {
		if _, ok, e := s.find(ctx, r.name); e == nil && !ok {
			return false, nil // collected meanwhile
		}
		return false, err
	}
	h, changed, err := h.rewrap(s.Ring)
	if err != nil {
		return false, damagedOr(r.name, err)
	}
	if !changed {
		return false, nil
	}
	return true, s.Driver.Write(ctx, headKey(r.object), text(h))
}

func text(h head) io.Reader { return strings.NewReader(h.String()) }
