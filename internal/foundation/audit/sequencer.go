package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/antinvn/antin/internal/foundation/durable"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
)

const (
	hashSize  = tlog.HashSize
	batch     = 1024                   // events that one transaction sequences
	rounds    = 64                     // batches before the last checkpoint is put outside
	pause     = 250 * time.Millisecond // between two looks at the store
	leaseTime = time.Second            // after which another node may go on
)

// Config says what a sequencer works on.
type Config struct {
	DB     *store.DB
	Issuer *store.Issuer
	Ring   *seal.Ring // seals the log's key
	// Origin names the log for ever: the public address of its files without scheme. It counts when the log is made; afterwards the log keeps its name.
	Origin string
	// Outside is the file that keeps the last checkpoint outside the store, best on another machine; "" for none.
	Outside string
	// Witnesses co-sign checkpoints.
	Witnesses []Witness
	// Random gives keys; nil is the system's.
	Random io.Reader
	// Log is told what goes wrong; nil is silent.
	Log *slog.Logger
}

// Sequencer gives events their places in the log and signs checkpoints. It may be used concurrently.
type Sequencer struct {
	Config

	owner int64
	read  *store.Warrant
	write *store.Warrant
	key   *key
	rest  func(ctx context.Context, d time.Duration) // between two looks at the store

	mu   sync.Mutex
	last *checkpoint // the newest that this program saw: the log only goes on from there
	kept int64       // the size that was put outside
}

// NewSequencer opens the log, and makes it where there is none: a key of Ed25519, sealed by the ring, under the name Origin. It fails with [ErrBehind] where
// the file outside the store holds a checkpoint that the log does not go on from.
func NewSequencer(ctx context.Context, c Config) (*Sequencer, error) {
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Sequencer{Config: c, read: c.Issuer.System("audit.read"), write: c.Issuer.Snapshot("audit.sequence", "event", "audit_log", "audit_tile"), rest: sleep, kept: -1}
	var owner [8]byte
	if _, err := io.ReadFull(c.Random, owner[:]); err != nil {
		return nil, err
	}
	s.owner = int64(binary.BigEndian.Uint64(owner[:])>>1 | 1)
	for i := range c.Witnesses {
		if err := s.Witnesses[i].parse(); err != nil {
			return nil, err
		}
	}
	st, err := s.load(ctx)
	if errors.Is(err, ErrNone) {
		if err = s.create(ctx); err == nil {
			st, err = s.load(ctx)
		}
	}
	if err != nil {
		return nil, err
	}
	if s.key, err = s.unseal(st); err != nil {
		return nil, err
	}
	if s.last, err = s.fromOutside(); err != nil {
		return nil, err
	}
	last := s.last
	return s, s.DB.View(ctx, s.read, func(tx *store.Tx) error {
		_, _, err := s.sound(tx, last)
		return err
	})
}

func (s *Sequencer) load(ctx context.Context) (st *state, err error) {
	err = s.DB.View(ctx, s.read, func(tx *store.Tx) (err error) {
		st, err = load(tx)
		return err
	})
	return st, err
}

func sealedFor(origin string) string { return "audit-log-key " + origin }

// create puts a new log down; where another node was first, its log stays.
func (s *Sequencer) create(ctx context.Context) error {
	public, private, err := ed25519.GenerateKey(s.Random)
	if err != nil {
		return err
	}
	k := &key{name: s.Origin, kind: kindLog, public: public, private: private}
	if _, err := parseKey(k.String(), kindLog); err != nil {
		return err
	}
	sealed, err := s.Ring.Seal(sealedFor(s.Origin), private.Seed())
	if err != nil {
		return err
	}
	first, err := signCheckpoint(k, s.Origin, 0, (&frontier{}).root())
	if err != nil {
		return err
	}
	return s.DB.Do(ctx, s.write, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO audit_log (id, origin, verifier, sealed, size, checkpoint, cosigned_size, owner, until) VALUES (1, ?, ?, ?, 0, ?, 0, 0, 1) ON CONFLICT (id) DO NOTHING`,
			s.Origin, k.String(), sealed, first.note)
		return err
	})
}

func (s *Sequencer) unseal(st *state) (*key, error) {
	k, err := parseKey(st.verifier, kindLog)
	if err != nil {
		return nil, err
	}
	seed, err := s.Ring.Open(sealedFor(st.origin), st.sealed)
	if err != nil {
		return nil, err
	}
	if len(seed) != ed25519.SeedSize {
		return nil, broken("the key's length")
	}
	k.private = ed25519.NewKeyFromSeed(seed)
	if k.name != st.origin || !k.public.Equal(k.private.Public()) {
		return nil, broken("the key is another's")
	}
	return k, nil
}

func broken(why string) error { return fault.New(fault.Internal, ErrBroken, why) }

// VerifierKey is the log's public key: see [Log.VerifierKey].
func (s *Sequencer) VerifierKey() string { return s.key.String() }

// sound reads the log's state and checks that it is what was signed: the checkpoint by our key, the right edge of the tiles its root, and
// that it goes on from last, the newest checkpoint that this program knew before it opened the transaction.
func (s *Sequencer) sound(tx *store.Tx, last *checkpoint) (*state, *frontier, error) {
	st, err := load(tx)
	if err != nil {
		return nil, nil, err
	}
	c, finding := openCheckpoint(st.checkpoint, s.key)
	if finding != nil {
		return nil, nil, broken(string(finding.Kind))
	}
	if c.size != st.size {
		return nil, nil, broken("its size is not the checkpoint's")
	}
	tile := func(p place, width int) ([]byte, error) { return readTile(tx, p, width) }
	f, err := newFrontier(st.size, tile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, broken("a tile is gone")
	}
	if err != nil {
		return nil, nil, err
	}
	if f.root() != c.root {
		return nil, nil, broken("its last tiles")
	}
	if last != nil {
		if err := goesOn(last, c, tile); err != nil {
			return nil, nil, fault.New(fault.Internal, ErrBehind, strconv.FormatInt(last.size, 10)).Because(err)
		}
	}
	s.saw(c)
	return st, f, nil
}

// newest is the newest checkpoint that this program saw.
func (s *Sequencer) newest() *checkpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// saw remembers a checkpoint if it is the newest.
func (s *Sequencer) saw(c *checkpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil || s.last.size < c.size {
		s.last = c
	}
}

// goesOn fails where c is not a log that begins with old's (RFC 6962, 2.1.2).
func goesOn(old, c *checkpoint, tile func(p place, width int) ([]byte, error)) error {
	switch {
	case old.size > c.size:
		return fmt.Errorf("it has %d entries now", c.size)
	case old.size == c.size && old.root != c.root:
		return errors.New("its root is another now")
	case old.size == c.size || old.size == 0:
		return nil
	}
	proof, err := tlog.ProveTree(c.size, old.size, hashes(c, tile))
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, c.size, c.root, old.size, old.root)
}

// Step gives at most a batch of events their places and returns how many. It does nothing while another node holds the lock.
func (s *Sequencer) Step(ctx context.Context) (n int, err error) {
	var ids []store.ID
	var st *state
	var f *frontier
	last := s.newest()
	err = s.DB.View(ctx, s.read, func(tx *store.Tx) error {
		ids = nil
		waiting, leaves, err := tx.WaitingLeaves(batch)
		if err != nil || len(waiting) == 0 {
			return err
		}
		if st, f, err = s.sound(tx, last); err != nil {
			return err
		}
		// A lease that ends later than any can was given by a clock that is ahead: it would hold up everyone else.
		if st.owner != s.owner && st.until.After(tx.Now()) && !st.until.After(tx.Now().Add(leaseTime)) {
			return nil
		}
		for _, leaf := range leaves {
			f.add(tlog.RecordHash(leaf))
		}
		ids = waiting
		return nil
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if f.size > maxSize {
		return 0, broken("the log is full")
	}
	// The new tree is signed before it is put down, outside the transaction; nobody sees the checkpoint unless that commits.
	c, err := signCheckpoint(s.key, s.key.name, f.size, f.root())
	if err != nil {
		return 0, err
	}
	err = s.DB.Do(ctx, s.write, func(tx *store.Tx) error {
		err := tx.Change(`UPDATE audit_log SET size = ?, checkpoint = ?, owner = ?, until = ? WHERE id = 1 AND size = ? AND checkpoint = ? AND owner = ? AND until = ?`,
			c.size, c.note, s.owner, tx.Now().Add(leaseTime), st.size, st.checkpoint, st.owner, st.until)
		if err != nil {
			return err
		}
		for p, row := range f.tiles {
			_, err := tx.Exec(`INSERT INTO audit_tile (level, n, hashes) VALUES (?, ?, ?) ON CONFLICT (level, n) DO UPDATE SET hashes = excluded.hashes`, p.level, p.n, joinHashes(row))
			if err != nil {
				return err
			}
		}
		return tx.Sequence(st.size, ids)
	})
	if fault.Is(err, fault.Stale) { // another node was first
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	s.saw(c)
	return len(ids), nil
}

// Drain sequences all that waits now, in batches, and puts the last checkpoint outside the store.
func (s *Sequencer) Drain(ctx context.Context) error {
	for range rounds {
		n, err := s.Step(ctx)
		if err != nil {
			return err
		}
		if n < batch {
			break
		}
	}
	return s.keep()
}

// Serve works until ctx ends, and then lets another node go on at once. On a machine that keeps up, an event waits a fraction of a second.
func (s *Sequencer) Serve(ctx context.Context) {
	var group sync.WaitGroup
	defer s.release(ctx)
	defer group.Wait()
	for i := range s.Witnesses {
		group.Go(func() { s.witnessed(ctx, &s.Witnesses[i]) })
	}
	wait := pause
	for ctx.Err() == nil {
		err := s.Drain(ctx)
		switch {
		case err == nil:
			wait = pause
		case ctx.Err() == nil:
			s.Log.ErrorContext(ctx, "sequencing the audit log", "error", err)
			wait = min(2*wait, time.Minute)
		}
		s.rest(ctx, wait)
	}
}

// release gives the lease back.
func (s *Sequencer) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTime)
	defer cancel()
	err := s.DB.Do(ctx, s.write, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE audit_log SET until = 1 WHERE id = 1 AND owner = ? AND until > 1`, s.owner)
		return err
	})
	if err != nil { // it ends by itself
		s.Log.WarnContext(ctx, "giving the audit log's lease back", "error", err)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// fromOutside reads the checkpoint that was kept outside; nil where there is none yet.
func (s *Sequencer) fromOutside() (*checkpoint, error) {
	if s.Outside == "" {
		return nil, nil
	}
	b, err := os.ReadFile(s.Outside)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, ErrOutside, s.Outside).Because(err)
	}
	c, finding := openCheckpoint(b, s.key)
	if finding != nil {
		return nil, fault.New(fault.Invalid, ErrOutside, s.Outside).Because(finding.Kind)
	}
	return c, nil
}

// keep puts the newest checkpoint outside.
func (s *Sequencer) keep() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Outside == "" || s.last == nil || s.last.size == s.kept {
		return nil
	}
	err := durable.Write(s.Outside, filepath.Dir(s.Outside), os.Rename, func(w io.Writer) error {
		_, err := w.Write(s.last.note)
		return err
	})
	if err != nil {
		return fault.New(fault.Unavailable, ErrOutside, s.Outside).Because(err)
	}
	s.kept = s.last.size
	return nil
}
