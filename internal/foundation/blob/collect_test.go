package blob

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// A grace is an hour here.
const (
	within = 59 * time.Minute
	beyond = 61 * time.Minute
)

func TestWhatNothingNeedsGoesInTwoSteps(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		kept, loose := h.put(t, content(100, 1)), h.put(t, content(chunkSize, 2))
		h.keep(t, kept.Name, 7)
		h.keep(t, kept.Name, 7) // twice is once
		if c := h.collect(t, within); c != (Collected{}) {
			t.Errorf("young: %+v", c)
		}
		if c := h.collect(t, beyond-within); c != (Collected{Marked: 1}) {
			t.Errorf("old: %+v", c)
		}
		if c := h.collect(t, within); c != (Collected{}) {
			t.Errorf("marked: %+v", c)
		}
		if got, err := h.get(t, loose.Name); err != nil || len(got) != chunkSize {
			t.Errorf("marked and gone: %v", err)
		}
		if c := h.collect(t, beyond-within); c != (Collected{Removed: 1, Freed: chunkSize}) {
			t.Errorf("marked long ago: %+v", c)
		}
		if _, err := h.get(t, loose.Name); !errors.Is(err, ErrMissing) {
			t.Error(err)
		}
		if keys := h.keys(t); len(keys) != 2 {
			t.Errorf("%v is left", keys)
		}
		err := h.do(t.Context(), func(tx *store.Tx) error { return KeepTx(tx, loose.Name, 8) })
		if !errors.Is(err, ErrGone) || !fault.Is(err, fault.Conflict) {
			t.Errorf("kept when gone: %v", err)
		}
		if c := h.collect(t, 10*beyond); c != (Collected{}) {
			t.Errorf("%+v", c)
		}
		h.drop(t, kept.Name, 7)
		if c := h.collect(t, 0); c != (Collected{Marked: 1}) {
			t.Errorf("dropped: %+v", c)
		}
		if c := h.collect(t, beyond); c.Removed != 1 || len(h.keys(t)) != 0 {
			t.Errorf("%+v, %v", c, h.keys(t))
		}
	})
}

func TestAMarkIsTakenAway(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		b := content(100, 1)
		i := h.put(t, b)
		h.collect(t, beyond)
		h.put(t, b) // stored again: as young as new
		if c := h.collect(t, within); c != (Collected{}) {
			t.Errorf("%+v", c)
		}
		if c := h.collect(t, beyond-within); c != (Collected{Marked: 1}) {
			t.Errorf("%+v", c)
		}
		h.keep(t, i.Name, 1)
		h.drop(t, i.Name, 1)
		if c := h.collect(t, beyond); c != (Collected{Marked: 1}) {
			t.Errorf("it was referred to meanwhile, and its grace begins anew: %+v", c)
		}
		h.keep(t, i.Name, 1)
		if c := h.collect(t, 10*beyond); c != (Collected{}) {
			t.Errorf("%+v", c)
		}
	})
}

// TestEnteringBesideAnotherMakesItYoung is two programs that store the same content: whoever comes second keeps the first one's object alive.
func TestEnteringBesideAnotherMakesItYoung(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := over(t, folder(t), url)
		i := h.put(t, content(100, 1))
		h.collect(t, beyond)
		r, err := h.enter(t.Context(), head{name: i.Name, object: "0123456789abcdef0123456789abcdef", size: 100}, "")
		if err != nil || r.object != h.object(t, i.Name) || !r.stored.After(i.Stored) {
			t.Errorf("%+v, %v", r, err)
		}
		if c := h.collect(t, within); c != (Collected{}) {
			t.Errorf("%+v", c)
		}
	})
}

func TestAPinHoldsEverything(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		i := h.put(t, content(100, 1))
		h.overwrite(t, bodyKey("00000000000000000000000000000000"), []byte("left behind"))
		h.collect(t, beyond)
		pin, err := h.Pin(t.Context(), h.clock.Now().Add(10*beyond))
		if err != nil {
			t.Fatal(err)
		}
		if c := h.collect(t, 5*beyond); c != (Collected{}) {
			t.Errorf("pinned: %+v", c)
		}
		if _, err := h.get(t, i.Name); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := h.Unpin(t.Context(), pin); err != nil {
				t.Error(err)
			}
		}
		if c := h.collect(t, 0); c.Removed != 1 {
			t.Errorf("unpinned: %+v", c)
		}
		h.put(t, content(100, 1))
		if _, err := h.Pin(t.Context(), h.clock.Now().Add(3*beyond)); err != nil {
			t.Fatal(err)
		}
		h.collect(t, beyond)
		if c := h.collect(t, 2*beyond); c.Removed != 1 {
			t.Errorf("a pin that nobody ended: %+v", c)
		}
	})
}

func TestWhatIsLeftBehindIsSwept(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		i := h.put(t, content(100, 1))
		h.keep(t, i.Name, 1)
		h.overwrite(t, bodyKey("0123456789abcdef0123456789abcdef"), []byte("without head and row"))
		h.overwrite(t, "lost+found", []byte("not ours"))
		h.overwrite(t, "aa/bb/0123456789abcdef0123456789abcdef.body", []byte("not where ours lie"))
		if c := h.collect(t, within); c != (Collected{}) {
			t.Errorf("young: %+v", c)
		}
		if c := h.collect(t, beyond-within); c.Swept != 1 || c.Freed != 20 {
			t.Errorf("%+v", c)
		}
		if keys := h.keys(t); len(keys) != 4 {
			t.Errorf("%v", keys)
		}
		if _, err := h.get(t, i.Name); err != nil {
			t.Error(err)
		}
	})
}

// slow lets time pass while it is read.
type slow struct {
	h house
	d time.Duration
}

func (s slow) Read([]byte) (int, error) { s.h.clock.Advance(s.d); return 0, io.EOF }

func TestPuttingForTooLongEntersNothing(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		if _, err := h.Put(t.Context(), slow{h, 29 * time.Minute}); err != nil {
			t.Error(err)
		}
		i, err := h.Put(t.Context(), io.MultiReader(bytes.NewReader([]byte("x")), slow{h, 31 * time.Minute}))
		if !errors.Is(err, ErrSlow) || len(h.keys(t)) != 2 {
			t.Errorf("%+v, %v", i, err)
		}
	})
}

// TestAnOpenTransactionHolds lets collection come while a transaction that refers to a blob is open.
func TestAnOpenTransactionHolds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := over(t, folder(t), url)
		i := h.put(t, content(10, 1))
		h.collect(t, beyond)
		h.clock.Advance(beyond)
		open := make(chan struct{})
		var first sync.Once
		var wg sync.WaitGroup
		wg.Go(func() {
			err := h.do(t.Context(), func(tx *store.Tx) error {
				err := KeepTx(tx, i.Name, 1)
				first.Do(func() {
					close(open)
					time.Sleep(200 * time.Millisecond)
				})
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-open
		if c, err := h.Collect(t.Context()); err != nil || c.Removed != 0 {
			t.Errorf("%+v, %v", c, err)
		}
		wg.Wait()
		if got, err := h.get(t, i.Name); err != nil || len(got) != 10 {
			t.Error(err)
		}
	})
}

// dated is a storage whose clock is the house's.
type dated struct {
	Driver

	clock   clock.Clock
	written sync.Map
}

func (d *dated) Write(ctx context.Context, key string, r io.Reader) error {
	err := d.Driver.Write(ctx, key, r)
	d.written.Store(key, d.clock.Now())
	return err
}

func (d *dated) List(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		now := d.clock.Now()
		for i, err := range d.Driver.List(ctx) {
			i.At = now
			if at, ok := d.written.Load(i.Key); ok {
				i.At = at.(time.Time)
			}
			if !yield(i, err) {
				return
			}
		}
	}
}

// TestCollectionNeverTakesWhatIsReferredTo lets modules store, keep, drop and read a few contents, backups pin, and two collectors work, all
// at once, while graces go by at any moment but within one Put: what a transaction committed a reference to, and what was there while a pin
// holds, can be read.
func TestCollectionNeverTakesWhatIsReferredTo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		dates := &dated{Driver: folder(t)}
		h := over(t, dates, url)
		dates.clock = h.clock
		var removed, kept, gone atomic.Int64
		var putting sync.RWMutex
		pass := func() {
			putting.Lock()
			h.clock.Advance(beyond)
			putting.Unlock()
		}
		ctx, stop := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer stop()
		var wg sync.WaitGroup
		spawn := func(n int, f func(worker int) error) {
			for worker := range n {
				wg.Go(func() {
					for ctx.Err() == nil {
						if err := f(worker); err != nil && ctx.Err() == nil {
							t.Error(err)
							return
						}
					}
				})
			}
		}
		spawn(6, func(worker int) error {
			want := content(rand.IntN(4)*chunkSize/2, uint64(rand.IntN(5)))
			putting.RLock()
			i, err := h.Put(ctx, bytes.NewReader(want))
			putting.RUnlock()
			if err != nil {
				return err
			}
			owner := store.ID(worker + 1)
			if rand.IntN(3) == 0 {
				pass() // between storing and keeping, collection may come
			}
			err = h.do(ctx, func(tx *store.Tx) error {
				err := KeepTx(tx, i.Name, owner)
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
				return err
			})
			if errors.Is(err, ErrGone) {
				gone.Add(1)
				return nil // and the module stores it again
			}
			if err != nil {
				return err
			}
			kept.Add(1)
			time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
			r, err := h.Get(ctx, i.Name)
			if err == nil {
				var got []byte
				got, err = io.ReadAll(r)
				if err == nil && !bytes.Equal(got, want) {
					err = errors.New("another content")
				}
				err = errors.Join(err, r.Close())
			}
			if err != nil && ctx.Err() == nil {
				t.Errorf("kept by %d, and: %v", owner, err)
			}
			return h.do(ctx, func(tx *store.Tx) error { return DropTx(tx, i.Name, owner) })
		})
		spawn(2, func(int) error {
			pass()
			c, err := h.Collect(ctx)
			removed.Add(int64(c.Removed))
			return err
		})
		spawn(1, func(int) error {
			pin, err := h.Pin(ctx, h.clock.Now().Add(1e6*time.Hour))
			if err != nil {
				return err
			}
			rows, err := h.page(ctx, ` ORDER BY name`)
			if err != nil {
				return err
			}
			time.Sleep(5 * time.Millisecond)
			for _, r := range rows {
				b, err := h.Open(ctx, r.name)
				if err == nil {
					_, err = b.ReadAt(make([]byte, r.size), 0)
				}
				if err != nil && ctx.Err() == nil {
					t.Errorf("pinned, and: %v", err)
				}
			}
			err = h.Unpin(ctx, pin)
			time.Sleep(10 * time.Millisecond)
			return err
		})
		wg.Wait()
		t.Logf("%d kept, %d removed, %d stored again", kept.Load(), removed.Load(), gone.Load())
		if kept.Load() < 10 || removed.Load() < 5 {
			t.Error("too little happened")
		}
	})
}
