package audit

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

const origin = "ky.example.vn/nhat-ky"

type made struct {
	Thing store.ID
	Name  string
	Whose store.Personal
}

func (made) EventKind() string { return "thing.made/1" }

var start = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

// house is an installation with one table of things.
type house struct {
	*store.DB

	issuer *store.Issuer
	clock  *clock.Fake
	url    string
	ring   *seal.Ring
}

func steps(t testing.TB) []store.Migration {
	t.Helper()
	s, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func schema() ([]store.Migration, error) {
	s, err := store.Migrations(Files)
	return append(s, store.Migration{Number: 900, Name: "thing", SQL: `CREATE TABLE thing (id {id} PRIMARY KEY, name {text} NOT NULL, event {id} NOT NULL){strict};`}), err
}

func open(t testing.TB, url string) house {
	t.Helper()
	c := clock.NewFake(start)
	db, issuer := storetest.Open(t, store.Config{URL: url, Migrations: steps(t), Clock: c})
	ring, err := seal.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return house{db, issuer, c, url, ring}
}

func each(t *testing.T, test func(t *testing.T, h house)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) { test(t, open(t, url)) })
}

func (h house) config() Config {
	return Config{DB: h.DB, Issuer: h.issuer, Ring: h.ring, Origin: origin}
}

func (h house) sequencer(t testing.TB) *Sequencer {
	t.Helper()
	s, err := NewSequencer(t.Context(), h.config())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (h house) log() *Log { return Open(h.DB, h.issuer, Referrers{"thing": "event"}) }

// act is a command: it makes a thing, and its event.
func (h house) act(ctx context.Context, names ...string) (events []store.ID, err error) {
	w := h.issuer.Warrant(store.Grant{Method: "thing.Make", Actor: 7, Agency: 3})
	err = h.Do(ctx, w, func(tx *store.Tx) error {
		events = nil
		for _, name := range names {
			id := tx.NewID()
			event := tx.Record(made{id, name, store.Personal("Nguyễn Văn " + name)})
			if _, err := tx.Exec(`INSERT INTO thing (id, name, event) VALUES (?, ?, ?)`, id, name, event); err != nil {
				return err
			}
			events = append(events, event)
		}
		return tx.Permit(true)
	})
	return events, err
}

// acts are n acts in one command.
func (h house) acts(t testing.TB, n int) []store.ID {
	t.Helper()
	var names []string
	for i := range n {
		names = append(names, strconv.Itoa(i))
	}
	events, err := h.act(t.Context(), names...)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// many records n events in a few transactions.
func (h house) many(t testing.TB, n int) {
	t.Helper()
	w := h.issuer.Warrant(store.Grant{Method: "thing.Many", Actor: 7, Agency: 3})
	for ; n > 0; n -= 1000 {
		err := h.Do(t.Context(), w, func(tx *store.Tx) error {
			for i := range min(n, 1000) {
				tx.Record(made{Thing: tx.NewID(), Name: strconv.Itoa(i)})
			}
			return tx.Permit(true)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// change runs a statement that nobody should be able to run.
func (h house) change(t testing.TB, query string, args ...any) {
	t.Helper()
	err := h.Do(t.Context(), h.issuer.System("test.change", "event", "audit_log", "audit_tile", "thing"), func(tx *store.Tx) error {
		return tx.Change(query, args...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func drain(t testing.TB, s *Sequencer) {
	t.Helper()
	if err := s.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (h house) verify(t testing.TB, s *Sequencer, o Options) (r *Report) {
	t.Helper()
	o.Key = s.VerifierKey()
	err := h.log().View(t.Context(), func(src Source) (err error) {
		r, err = Verify(src, o)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// holds fails unless the whole log of a size verifies.
func (h house) holds(t testing.TB, s *Sequencer, size int64) {
	t.Helper()
	if r := h.verify(t, s, Options{}); !r.Holds() || r.Size != size || r.Rows != size {
		t.Errorf("%+v, want %d", r, size)
	}
}

func TestEveryEventComesIntoTheLogOnce(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		s := h.sequencer(t)
		h.holds(t, s, 0)
		total := int64(0)
		for _, n := range []int{1, 2, 253, 1, 1, 1100, 600} { // within a tile, up to its end, just over it, over a batch
			h.many(t, n)
			drain(t, s)
			total += int64(n)
			h.holds(t, s, total)
		}
		events := h.acts(t, 3)
		drain(t, s)
		r := h.verify(t, s, Options{Event: events[1]})
		if r.Proof == nil || r.Proof.Index != total+1 || !strings.Contains(r.Proof.Leaf, decimal(events[1])) {
			t.Errorf("%+v", r.Proof)
		}
		if r := h.verify(t, s, Options{Event: 5}); len(r.Findings) != 1 || r.Findings[0] != (Finding{EventAbsent, "5"}) {
			t.Errorf("%+v", r)
		}
		waiting := h.acts(t, 1)
		if r := h.verify(t, s, Options{Event: waiting[0]}); !r.Holds() || !r.EventWaits || r.Waiting != 1 || r.Proof != nil {
			t.Errorf("%+v", r)
		}
	})
}

// TestALateCommitArrives holds a transaction open while others' events come into a checkpoint: its event, whose id is lower than theirs, comes
// into the next one.
func TestALateCommitArrives(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		s := h.sequencer(t)
		var late store.ID
		if strings.HasPrefix(h.url, "postgres") {
			begun, end, done := make(chan struct{}), make(chan struct{}), make(chan error)
			go func() {
				once := sync.OnceFunc(func() { close(begun) })
				done <- h.Do(t.Context(), h.issuer.Warrant(store.Grant{Method: "thing.Make"}), func(tx *store.Tx) error {
					late = tx.Record(made{Thing: 1, Name: "late"})
					_, err := tx.Exec(`INSERT INTO thing (id, name, event) VALUES (?, 'late', ?)`, late, late)
					once()
					<-end
					return errors.Join(err, tx.Permit(true))
				})
			}()
			<-begun
			first := h.acts(t, 3)
			drain(t, s)
			h.holds(t, s, 3)
			close(end)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if late >= first[0] {
				t.Fatalf("%d is not below %d", late, first[0])
			}
		} else { // one writer: nothing commits while it is held; a program whose clock is behind makes lower ids
			first := h.acts(t, 3)
			drain(t, s)
			h.holds(t, s, 3)
			db, issuer := storetest.Open(t, store.Config{URL: h.url, Migrations: steps(t), Clock: clock.NewFake(start.Add(-time.Hour))})
			behind, err := (house{DB: db, issuer: issuer}).act(t.Context(), "late")
			if err != nil || behind[0] >= first[0] {
				t.Fatal(behind, err)
			}
			late = behind[0]
		}
		drain(t, s)
		h.holds(t, s, 4)
		if r := h.verify(t, s, Options{Event: late}); r.Proof == nil || r.Proof.Index != 3 {
			t.Errorf("%+v", r)
		}
	})
}

func TestAgeIsThatOfTheOldestThatWaits(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		s := h.sequencer(t)
		age := func() time.Duration {
			d, err := h.log().Age(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		if d := age(); d != 0 {
			t.Error(d)
		}
		h.acts(t, 1)
		h.clock.Advance(3 * time.Second)
		h.acts(t, 1)
		if d := age(); d != 3*time.Second {
			t.Error(d)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { s.Serve(ctx) })
		until := time.Now().Add(10 * time.Second)
		for age() != 0 && time.Now().Before(until) {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
		group.Wait()
		h.holds(t, s, 2)
		h.acts(t, 1)
		drain(t, h.sequencer(t)) // the lease was given back
		h.holds(t, s, 3)
	})
}

// TestManySequencersMakeOneLog lets sequencers of two programs race while others act.
func TestManySequencersMakeOneLog(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		s := h.sequencer(t)
		db, issuer := storetest.Open(t, store.Config{URL: h.url, Migrations: steps(t)})
		other := h.config()
		other.DB, other.Issuer = db, issuer
		all := []*Sequencer{s, s, h.sequencer(t)}
		for range 2 {
			o, err := NewSequencer(t.Context(), other)
			if err != nil {
				t.Fatal(err)
			}
			if o.VerifierKey() != s.VerifierKey() {
				t.Fatal("two keys")
			}
			all = append(all, o)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var acting, sequencing sync.WaitGroup
		for _, s := range all {
			sequencing.Go(func() {
				for ctx.Err() == nil {
					if _, err := s.Step(t.Context()); err != nil {
						t.Error(err)
						return
					}
					h.clock.Advance(time.Second) // leases end
				}
			})
		}
		const workers, each = 8, 25
		for range workers {
			acting.Go(func() {
				for i := range each {
					if _, err := h.act(t.Context(), strconv.Itoa(i)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		acting.Wait()
		cancel()
		sequencing.Wait()
		h.clock.Advance(time.Hour)
		drain(t, s)
		h.holds(t, s, workers*each)
	})
}

func TestOneNodeSequencesAtATime(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		a, b := h.sequencer(t), h.sequencer(t)
		step := func(s *Sequencer, want int) {
			t.Helper()
			if n, err := s.Step(t.Context()); n != want || err != nil {
				t.Errorf("%d, %v; want %d", n, err, want)
			}
		}
		h.acts(t, 1)
		step(a, 1)
		h.acts(t, 2)
		step(b, 0)
		step(a, 2)
		h.acts(t, 3)
		h.clock.Advance(leaseTime)
		step(b, 3)
		h.acts(t, 4)
		step(a, 0)
		h.clock.Advance(leaseTime - time.Millisecond)
		step(a, 0)
		step(b, 4)
		h.holds(t, b, 10)
	})
}

// TestPersonalTextsStayOutOfTheLog: neither leaf nor export holds them, an erased text still verifies, a changed one is found.
func TestPersonalTextsStayOutOfTheLog(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		s := h.sequencer(t)
		events := h.acts(t, 3)
		drain(t, s)
		dir := h.export(t)
		if said := readAll(t, dir); strings.Contains(said, "Nguyễn") || !strings.Contains(said, "sha256") {
			t.Errorf("%s", said)
		}
		h.change(t, `UPDATE event SET personal = NULL WHERE id = ?`, events[0])
		h.holds(t, s, 3)
		h.change(t, `UPDATE event SET personal = ? WHERE id = ?`, []byte(`{"whose":{"salt":"AAAA","value":"Trần"}}`), events[1])
		if r := h.verify(t, s, Options{}); len(r.Findings) != 1 || r.Findings[0] != (Finding{RowChanged, "1"}) {
			t.Errorf("%+v", r)
		}
	})
}

// TestWhatWasTamperedWithIsNotSignedOn: the sequencer stops at tiles or a checkpoint that do not fit, and behind a checkpoint it saw.
func TestWhatWasTamperedWithIsNotSignedOn(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		s := h.sequencer(t)
		h.acts(t, 2)
		drain(t, s)
		before, err := s.load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		stops := func(want error) {
			t.Helper()
			h.acts(t, 1)
			if n, err := s.Step(t.Context()); n != 0 || !errors.Is(err, want) {
				t.Errorf("%d, %v", n, err)
			}
		}
		tile := func() []byte {
			b, err := h.log().File(t.Context(), "tile/0/000.p/2")
			if err != nil {
				t.Fatal(err)
			}
			return b
		}()
		h.change(t, `UPDATE audit_tile SET hashes = ? WHERE level = 0`, append([]byte{1}, tile[1:]...))
		stops(ErrBroken)
		h.change(t, `UPDATE audit_tile SET hashes = ? WHERE level = 0`, tile)
		h.change(t, `UPDATE audit_log SET size = 1`)
		stops(ErrBroken)
		h.change(t, `UPDATE audit_log SET size = 2`)
		drain(t, s)
		h.change(t, `UPDATE audit_log SET size = 2, checkpoint = ?`, before.checkpoint)
		h.change(t, `UPDATE audit_tile SET hashes = ? WHERE level = 0`, tile)
		stops(ErrBehind)
	})
}

// TestTheLastCheckpointStandsOutside: a database that was put back is not gone on with.
func TestTheLastCheckpointStandsOutside(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		c := h.config()
		c.Outside = filepath.Join(t.TempDir(), "last")
		s, err := NewSequencer(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		h.acts(t, 1)
		drain(t, s)
		early, err := s.load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tile, err := h.log().File(t.Context(), "tile/0/000.p/1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewSequencer(t.Context(), c); err != nil {
			t.Error(err)
		}
		h.acts(t, 1)
		drain(t, s)
		if _, err := NewSequencer(t.Context(), c); err != nil {
			t.Error(err)
		}
		h.change(t, `UPDATE audit_log SET size = 1, checkpoint = ?`, early.checkpoint)
		h.change(t, `UPDATE audit_tile SET hashes = ? WHERE level = 0`, tile)
		if _, err := NewSequencer(t.Context(), c); !errors.Is(err, ErrBehind) {
			t.Error(err)
		}
		c.Outside = filepath.Join(t.TempDir(), "absent", "last")
		if s, err = NewSequencer(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(time.Hour)
		if err := s.Drain(t.Context()); !errors.Is(err, ErrOutside) {
			t.Error(err)
		}
	})
}

func TestServeTellsWhatGoesWrong(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	c := h.config()
	var said strings.Builder
	c.Log = slog.New(slog.NewTextHandler(&said, nil))
	s, err := NewSequencer(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	h.change(t, `UPDATE audit_log SET size = 1`)
	h.acts(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s.Serve(ctx)
	if !strings.Contains(said.String(), string(ErrBroken)) {
		t.Error(said.String())
	}
}

func TestAnotherRingOpensNoLog(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	h.sequencer(t)
	c := h.config()
	var err error
	if c.Ring, err = seal.New(rand.Reader); err != nil {
		t.Fatal(err)
	}
	if _, err := NewSequencer(t.Context(), c); !errors.Is(err, seal.ErrOpen) {
		t.Error(err)
	}
	if _, err := h.log().VerifierKey(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := open(t, storetest.SQLite(t)).log().VerifierKey(t.Context()); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
}

func TestAClockThatIsAheadHoldsNobodyUp(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		a, b := h.sequencer(t), h.sequencer(t)
		h.clock.Advance(time.Hour)
		h.acts(t, 1)
		drain(t, a)
		h.clock.Advance(-time.Hour)
		h.acts(t, 1)
		drain(t, b)
		h.holds(t, b, 2)
	})
}
