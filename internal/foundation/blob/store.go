package blob

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
)

// New opens a store of blobs.
func New(c Config) (*Store, error) {
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Grace == 0 {
		c.Grace = DefaultGrace
	}
	names, err := c.Ring.Derive(namePurpose)
	if err != nil {
		return nil, err
	}
	return &Store{Config: c, names: names}, nil
}

const idSize = 16

// Each time that something is stored it gets an id of its own, which never returns: what collection removes can be nobody's new object.
func headKey(object string) string { return object[:2] + "/" + object[2:4] + "/" + object + ".head" }
func bodyKey(object string) string { return object[:2] + "/" + object[2:4] + "/" + object + ".body" }

var errTooLarge = fault.New(fault.TooLarge, ErrTooLarge, "").With("limit", "64 GB")

// Put stores what r gives and returns its name. Content that is stored already is not stored again. What nothing refers to ([KeepTx]) after
// the grace is collected. An error of r comes back as it is, and leaves nothing behind.
func (s *Store) Put(ctx context.Context, r io.Reader) (Info, error) {
	began := s.Clock.Now()
	secret := make([]byte, idSize+keySize)
	if _, err := io.ReadFull(s.Random, secret); err != nil {
		return Info{}, err
	}
	object, key := hex.EncodeToString(secret[:idSize]), secret[idSize:]
	body, err := newSealer(r, key, s.naming())
	if err != nil {
		return Info{}, err
	}
	if err := s.Driver.Write(ctx, bodyKey(object), body); err != nil {
		if body.err != nil {
			err = body.err
		}
		return Info{}, err
	}
	h := head{name: nameOf(body.mac), object: object, size: body.size}
	there, broken, err := s.there(ctx, h)
	if err != nil || broken == "" && there.object != "" {
		s.forget(ctx, bodyKey(object))
		return there.info(), err
	}
	if h, err = h.seal(s.Ring, key); err == nil {
		err = s.Driver.Write(ctx, headKey(object), text(h))
	}
	if err == nil && s.Clock.Now().Sub(began) > s.Grace/2 {
		err = fault.New(fault.Unavailable, ErrSlow, "") // collection may be about to take it for something forgotten
	}
	if err != nil {
		s.forget(ctx, bodyKey(object), headKey(object))
		return Info{}, err
	}
	entered, err := s.enter(ctx, h, broken)
	if err != nil {
		return Info{}, err // it may be entered all the same: only collection can tell, and does
	}
	if entered.object != object {
		s.forget(ctx, bodyKey(object), headKey(object))
	}
	return entered.info(), nil
}

// there looks for the same content. If it is stored and whole as far as lengths tell, it is made young again; if it is not whole, its object
// is broken.
func (s *Store) there(ctx context.Context, h head) (r row, broken string, err error) {
	r, ok, err := s.find(ctx, h.name)
	if err != nil || !ok {
		return row{}, "", err
	}
	head, err := s.length(ctx, headKey(r.object))
	if err != nil {
		return row{}, "", err
	}
	body, err := s.length(ctx, bodyKey(r.object))
	if err != nil {
		return row{}, "", err
	}
	if head < 0 || body != bodySize(h.size) || r.size != h.size {
		return row{}, r.object, nil
	}
	ok, err = s.touch(ctx, r)
	if err != nil || !ok {
		return row{}, "", err
	}
	return r, "", nil
}

// length is an object's; -1 when it is not there.
func (s *Store) length(ctx context.Context, key string) (int64, error) {
	n, err := s.Driver.Stat(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return -1, nil
	}
	return n, err
}

// forgetting is given a moment even when the caller gave up.
const forgetting = 10 * time.Second

// forget removes objects that no row knows. What it cannot remove now, collection does.
func (s *Store) forget(ctx context.Context, keys ...string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetting)
	defer cancel()
	for _, key := range keys {
		_ = s.Driver.Remove(ctx, Item{Key: key}) //nolint:errcheck // collection tries again
	}
}

// Stat says what is known of a blob.
func (s *Store) Stat(ctx context.Context, name Name) (Info, error) {
	r, ok, err := s.find(ctx, name)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, ErrMissing, string(name))
	}
	return r.info(), err
}

func damaged(name Name, err error) error {
	return fault.New(fault.Internal, ErrDamaged, string(name)).Because(err)
}

// unread is the fault of what could not be read: cut or lost is damage, anything else the storage's.
func unread(name Name, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, fs.ErrNotExist) {
		return damaged(name, err)
	}
	return err
}
