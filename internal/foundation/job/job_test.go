package job_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/job"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

type house struct {
	*store.DB
	issuer *store.Issuer
	clock  *clock.Fake
	system *store.Warrant
}

var start = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

func each(t *testing.T, test func(t *testing.T, h house)) {
	t.Helper()
	steps, err := store.Migrations(job.Files)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, url string) {
		c := clock.NewFake(start)
		db, issuer := storetest.Open(t, store.Config{URL: url, Migrations: steps, Clock: c})
		test(t, house{db, issuer, c, issuer.System("test", "job")})
	})
}

func (h house) enqueue(t *testing.T, kind, key string, payload any) {
	t.Helper()
	if err := h.Do(t.Context(), h.system, func(tx *store.Tx) error { return job.EnqueueTx(tx, kind, key, payload, time.Time{}) }); err != nil {
		t.Fatal(err)
	}
}

func (h house) workers(owner int64, kinds ...job.Kind) *job.Workers {
	return job.New(h.DB, h.issuer, slog.New(slog.DiscardHandler), owner, kinds...)
}

func (h house) list(t *testing.T, s job.State) (jobs []job.Job) {
	t.Helper()
	if err := h.View(t.Context(), h.system, func(tx *store.Tx) (err error) { jobs, err = job.ListTx(tx, s, 0, 100); return err }); err != nil {
		t.Fatal(err)
	}
	return jobs
}

func one(t *testing.T, w *job.Workers) bool {
	t.Helper()
	did, err := w.One(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return did
}

func TestAJobIsDoneOnce(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		var mu sync.Mutex
		got := map[string]int{}
		k := job.Kind{Name: "test.send", Work: func(_ context.Context, r *job.Run) error {
			var name string
			if err := r.Payload(&name); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			got[name]++
			return nil
		}}
		for _, key := range []string{"a", "b", "c", "a"} { // the last is open already
			h.enqueue(t, "test.send", key, "to "+key)
		}
		var group sync.WaitGroup
		for owner := range 4 {
			group.Go(func() {
				for w := h.workers(int64(owner+1), k); ; {
					if did, err := w.One(t.Context()); err != nil {
						t.Error(err)
					} else if !did {
						return
					}
				}
			})
		}
		group.Wait()
		if len(got) != 3 || got["to a"] != 1 || got["to b"] != 1 || got["to c"] != 1 {
			t.Errorf("%v", got)
		}
		if n := len(h.list(t, job.Done)); n != 3 {
			t.Errorf("%d are done", n)
		}
		if h.enqueue(t, "test.send", "a", "again"); !one(t, h.workers(9, k)) || got["again"] != 1 {
			t.Error("a key is not free when its job is done")
		}
	})
}

func TestAFailureComesAgainLaterAndThenWaitsForAPerson(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		tries := 0
		k := job.Kind{Name: "test.send", Attempts: 3, Work: func(context.Context, *job.Run) error {
			if tries++; tries == 2 {
				panic("wanted")
			}
			return errors.New("the other side is shut")
		}}
		w := h.workers(1, k)
		h.enqueue(t, "test.send", "a", nil)
		for want := range 3 {
			if !one(t, w) || tries != want+1 {
				t.Fatalf("try %d: %d", want+1, tries)
			}
			if one(t, w) {
				t.Fatal("it came again at once")
			}
			h.clock.Advance(time.Minute)
		}
		failed := h.list(t, job.Failed)
		if len(failed) != 1 || failed[0].Error != "the other side is shut" || failed[0].Attempt != 3 || one(t, w) {
			t.Fatalf("%+v", failed)
		}
		person := h.issuer.Warrant(store.Grant{Method: "job.Retry", Actor: 5})
		act := func(f func(*store.Tx, store.ID) error) error {
			return h.Do(t.Context(), person, func(tx *store.Tx) error { return errors.Join(tx.Permit(true), f(tx, failed[0].ID)) })
		}
		if err := act(job.RetryTx); err != nil || !one(t, w) || tries != 4 {
			t.Errorf("retry: %v, %d", err, tries)
		}
		if err := act(job.GiveUpTx); !errors.Is(err, job.ErrState) {
			t.Errorf("giving up what waits: %v", err)
		}
		for range 2 {
			h.clock.Advance(time.Hour)
			one(t, w)
		}
		if err := act(job.GiveUpTx); err != nil {
			t.Error(err)
		}
		if done := h.list(t, job.Done); len(done) != 1 || done[0].Error == "" || !done[0].Ended.Equal(h.clock.Now()) {
			t.Errorf("%+v", done)
		}
	})
}

func TestAWorkerThatLostItsLeaseCommitsNothing(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		var errs []error
		h.enqueue(t, "test.slow", "a", nil)
		second := h.workers(2, job.Kind{Name: "test.slow", Work: func(context.Context, *job.Run) error { return nil }})
		first := h.workers(1, job.Kind{Name: "test.slow", Tables: []string{"job"}, Lease: time.Second, Work: func(ctx context.Context, r *job.Run) error {
			errs = append(errs, r.Step(ctx, nil))
			h.clock.Advance(2 * time.Second)
			if !one(t, second) {
				t.Error("the lost job was not taken")
			}
			put := func(tx *store.Tx) error { return job.EnqueueTx(tx, "test.other", "b", nil, time.Time{}) }
			errs = append(errs, r.Step(ctx, put), r.Finish(ctx, put))
			return errs[2]
		}})
		if !one(t, first) || errs[0] != nil || !errors.Is(errs[1], job.ErrLost) || !errors.Is(errs[2], job.ErrLost) {
			t.Errorf("%v", errs)
		}
		if n := len(h.list(t, job.Waiting)); n != 0 {
			t.Errorf("%d jobs were put down by a worker without lease", n)
		}
		if done := h.list(t, job.Done); len(done) != 1 || done[0].Attempt != 2 {
			t.Errorf("%+v", done)
		}
	})
}

func TestANodeThatDiesInEachAttemptDoesNotGoOnForEver(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.enqueue(t, "test.deadly", "a", nil)
		for range 2 {
			var group sync.WaitGroup
			group.Go(func() {
				w := h.workers(1, job.Kind{Name: "test.deadly", Attempts: 2, Work: func(context.Context, *job.Run) error {
					h.clock.Advance(time.Hour)
					runtime.Goexit() // as if the node were gone: nothing is noted
					return nil
				}})
				_, err := w.One(t.Context())
				t.Error("it came back: ", err)
			})
			group.Wait()
		}
		w := h.workers(2, job.Kind{Name: "test.deadly", Attempts: 2, Work: func(context.Context, *job.Run) error { t.Error("it ran a third time"); return nil }})
		for one(t, w) {
			t.Error("something was done")
		}
		if failed := h.list(t, job.Failed); len(failed) != 1 || !strings.Contains(failed[0].Error, "its node ended") {
			t.Errorf("%+v", failed)
		}
	})
}

func TestAStopIsNoFailure(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.enqueue(t, "test.long", "a", nil)
		ctx, cancel := context.WithCancel(t.Context())
		w := h.workers(1, job.Kind{Name: "test.long", Attempts: 1, Work: func(ctx context.Context, _ *job.Run) error { cancel(); return ctx.Err() }})
		if did, err := w.One(ctx); !did || err != nil {
			t.Error(did, err)
		}
		if waiting := h.list(t, job.Waiting); len(waiting) != 1 || waiting[0].Attempt != 0 || !waiting[0].RunAt.Equal(h.clock.Now()) {
			t.Errorf("%+v", waiting)
		}
	})
}

func TestAnErrorIsKeptWhateverItHolds(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.enqueue(t, "test.send", "a", nil)
		long := "\x00\xff" + strings.Repeat("ký", 1000) // the limit cuts a letter in two
		w := h.workers(1, job.Kind{Name: "test.send", Attempts: 1, Work: func(context.Context, *job.Run) error { return errors.New(long) }})
		if !one(t, w) {
			t.Fatal("nothing was due")
		}
		failed := h.list(t, job.Failed)
		if len(failed) != 1 || !utf8.ValidString(failed[0].Error) || !strings.HasPrefix(failed[0].Error, "kýký") {
			t.Errorf("%+v", failed)
		}
	})
}

func TestAJobIsGivenLittle(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		err := h.Do(t.Context(), h.system, func(tx *store.Tx) error {
			return job.EnqueueTx(tx, "test.send", "a", strings.Repeat("x", 1<<20), time.Time{})
		})
		if !errors.Is(err, job.ErrTooLarge) {
			t.Error(err)
		}
	})
}

func TestASchedule(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		ran := 0
		k := job.Kind{Name: "test.sweep", Every: time.Hour, Work: func(context.Context, *job.Run) error { ran++; return nil }}
		a, b := h.workers(1, k), h.workers(2, k)
		for want := 1; want <= 3; want++ {
			for _, w := range []*job.Workers{a, b, a, b} {
				one(t, w)
			}
			if ran != want {
				t.Errorf("hour %d: ran %d times", want, ran)
			}
			h.clock.Advance(time.Hour)
		}
	})
}

func TestWhatNothingHereDoesIsTold(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.enqueue(t, "test.unknown", "a", nil)
		if one(t, h.workers(1)) {
			t.Error("it was done")
		}
		if failed := h.list(t, job.Failed); len(failed) != 1 || failed[0].Error == "" {
			t.Errorf("%+v", failed)
		}
	})
}

func TestServeEndsWithItsContext(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		ctx, cancel := context.WithCancel(t.Context())
		h.enqueue(t, "test.last", "a", nil)
		h.workers(1, job.Kind{Name: "test.last", Work: func(context.Context, *job.Run) error { cancel(); return nil }}).Serve(ctx, 3, time.Millisecond)
		if ctx.Err() == nil {
			t.Error("Serve ended first")
		}
	})
}
