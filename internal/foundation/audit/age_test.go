package audit

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/store"
)

// oldest is how long an event may wait for its place.
const oldest = 2 * time.Second

// TestNoEventWaitsLongUnderLoad lets many callers act beside the sequencer for six seconds of the house's clock, and holds a transaction
// open across checkpoints for two of them. That clock moves only while the sequencer rests, by as long as it wants to rest, and not before
// what was to be done until then is done: measured is how many rests an event waits, and a slow machine makes the test slow, not red.
func TestNoEventWaitsLongUnderLoad(t *testing.T) {
	const (
		callers   = 32
		perSecond = 800 // acts in a second of the house's clock
		length    = 6 * time.Second
		heldFrom  = 2 * time.Second
		heldUntil = 4 * time.Second
	)
	each(t, func(t *testing.T, h house) {
		s := h.sequencer(t)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var group sync.WaitGroup
		var acts atomic.Int64
		due, more := make(chan struct{}, callers*perSecond), make(chan struct{}, 1)
		for range callers {
			group.Go(func() {
				for {
					select {
					case <-due:
					case <-ctx.Done():
						return
					}
					if _, err := h.act(ctx, "a"); err != nil {
						if ctx.Err() == nil {
							t.Error(err)
							stop()
						}
						return
					}
					acts.Add(1)
					select {
					case more <- struct{}{}:
					default:
					}
				}
			})
		}
		held := h.hold(t)
		var asked, checkpoints int64
		var worst time.Duration
		s.rest = func(ctx context.Context, d time.Duration) {
			before := asked // what is asked for now is done while the sequencer works
			for range int64(d.Seconds() * perSecond) {
				due <- struct{}{}
				asked++
			}
			for acts.Load() < before && ctx.Err() == nil {
				select {
				case <-more:
				case <-ctx.Done():
				}
			}
			h.clock.Advance(d)
			now := h.clock.Now().Sub(start)
			switch {
			case now >= heldUntil && held.open:
				held.let(t)
				return // its own event is as old as it was held
			case now >= heldFrom && now < heldUntil && !held.open:
				held.begin(t)
			}
			if ctx.Err() != nil {
				return
			}
			age, err := h.log().Age(ctx)
			if err != nil {
				if ctx.Err() == nil {
					t.Error(err)
				}
				return
			}
			worst = max(worst, age)
			switch {
			case held.open:
				checkpoints++
			case now >= length:
				stop()
			}
		}
		s.Serve(ctx)
		group.Wait()
		if worst == 0 || worst > oldest {
			t.Errorf("an event waits %v at worst", worst)
		}
		if checkpoints == 0 {
			t.Error("no checkpoint was signed while a transaction was open")
		}
		drain(t, s)
		if h.verify(t, s, Options{}); held.open {
			t.Error("the transaction is still open")
		}
		t.Logf("%d events, %d looks while a transaction was open, the oldest waited %v", acts.Load(), checkpoints, worst)
	})
}

// held is a transaction that stays open: one that writes on PostgreSQL, one that reads on SQLite, which has one writer: while that is held,
// nobody else's events are there to wait.
type held struct {
	open  bool
	begin func(t *testing.T)
	let   func(t *testing.T)
}

func (h house) hold(t *testing.T) *held {
	t.Helper()
	x := &held{}
	end, done := make(chan struct{}), make(chan error, 1)
	x.begin = func(t *testing.T) {
		t.Helper()
		begun := make(chan struct{})
		once := sync.OnceFunc(func() { close(begun) })
		go func() {
			if !strings.HasPrefix(h.url, "postgres") {
				done <- h.View(t.Context(), h.issuer.System("test.read"), func(tx *store.Tx) error {
					_, err := store.One[int64](tx, `SELECT count(*) FROM thing`)
					once()
					<-end
					return err
				})
				return
			}
			done <- h.Do(t.Context(), h.issuer.Warrant(store.Grant{Method: "thing.Make"}), func(tx *store.Tx) error {
				id := tx.NewID()
				event := tx.Record(made{Thing: id, Name: "late"})
				_, err := tx.Exec(`INSERT INTO thing (id, name, event) VALUES (?, 'late', ?)`, id, event)
				once()
				<-end
				return errors.Join(err, tx.Permit(true))
			})
		}()
		<-begun
		x.open = true
	}
	x.let = func(t *testing.T) {
		t.Helper()
		close(end)
		if err := <-done; err != nil {
			t.Error(err)
		}
		x.open = false
	}
	return x
}
