package tsp_test

import (
	"context"
	"crypto"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/tsp"
)

// stand is an authority as a pool sees it. The tests run in synctest's time: nobody waits for minutes.
type stand struct {
	asked atomic.Int64
	takes time.Duration // before it answers
	skew  time.Duration
	err   error
}

func (s *stand) Timestamp(ctx context.Context, _ crypto.Hash, _ []byte) (*tsp.Token, error) {
	s.asked.Add(1)
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.err != nil {
		return nil, s.err
	}
	return &tsp.Token{GenTime: time.Now().Add(s.skew)}, nil
}

const never = 1000 * time.Hour

func stamp(t *testing.T, p *tsp.Pool) {
	t.Helper()
	if _, err := p.Timestamp(t.Context(), crypto.SHA256, make([]byte, 32)); err != nil {
		t.Error(err)
	}
}

// An authority that answers after 131 s is a real case: with patience its token counts, without it the next one is asked.
func TestASlowAuthorityIsWaitedForOrLeft(t *testing.T) {
	for _, tt := range []struct {
		name    string
		timeout time.Duration
		spent   time.Duration
		second  int64 // questions to the second authority
	}{
		{"patient", 180 * time.Second, 131 * time.Second, 0},
		{"impatient", 30 * time.Second, 31 * time.Second, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slow, quick := &stand{takes: 131 * time.Second}, &stand{takes: time.Second}
				p := tsp.NewPool(tsp.PoolOptions{Timeout: tt.timeout}, slow, quick)
				start := time.Now()
				stamp(t, p)
				if spent := time.Since(start); spent != tt.spent || quick.asked.Load() != tt.second {
					t.Errorf("it took %v, the second was asked %d times", spent, quick.asked.Load())
				}
			})
		})
	}
}

func TestOneBadAuthorityCostsABatchOneTimeOut(t *testing.T) {
	const timeout = 30 * time.Second
	for name, bad := range map[string]*stand{
		"never answers":     {takes: never},
		"refuses at once":   {err: codes.New(tsp.ErrRejected, "asking", "a fake", "status 2")},
		"lies slowly":       {takes: 29 * time.Second, err: codes.New(tsp.ErrMismatch, "asking", "a fake", "nonce")},
		"has a wrong clock": {takes: time.Second, skew: 5 * time.Hour},
	} {
		for _, workers := range []int{1, 4} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					bad := &stand{takes: bad.takes, err: bad.err, skew: bad.skew}
					good := &stand{takes: 2 * time.Second}
					p := tsp.NewPool(tsp.PoolOptions{Timeout: timeout}, bad, good)
					start := time.Now()
					var group sync.WaitGroup
					for range workers {
						group.Go(func() {
							for range 100 / workers {
								stamp(t, p)
							}
						})
					}
					group.Wait()
					honest := time.Duration(100/workers) * good.takes
					if lost := time.Since(start) - honest; lost > timeout {
						t.Errorf("the batch lost %v; the bad one was asked %d times", lost, bad.asked.Load())
					}
				})
			})
		}
	}
}

// However long a batch is: what failed once is tried again beside the good one, and nobody waits for it.
func TestOneBadAuthorityCostsALongBatchOneTimeOutToo(t *testing.T) {
	const timeout = 30 * time.Second
	for _, workers := range []int{1, 8} {
		synctest.Test(t, func(t *testing.T) {
			bad, good := &stand{takes: never}, &stand{takes: 2 * time.Second}
			p := tsp.NewPool(tsp.PoolOptions{Timeout: timeout}, bad, good)
			start := time.Now()
			var group sync.WaitGroup
			for range workers {
				group.Go(func() {
					for range 20_000 / workers {
						stamp(t, p)
					}
				})
			}
			group.Wait()
			honest := time.Duration(20_000/workers) * good.takes
			if lost := time.Since(start) - honest; lost > timeout {
				t.Errorf("the batch lost %v", lost)
			}
			if n := bad.asked.Load(); workers == 1 && n < 2 {
				t.Errorf("in %v it was tried %d times", honest, n)
			}
		})
	}
}

// The first one is slower than the second, and preferred all the same once it has healed.
func TestAnAuthorityThatHealedIsPreferredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &stand{err: errors.New("no connection"), takes: 4 * time.Second}, &stand{takes: time.Second}
		p := tsp.NewPool(tsp.PoolOptions{}, first, second)
		stamp(t, p)
		state := p.Health()
		if len(state) != 2 || state[0].Source != tsp.Source(first) || state[0].Failures != 1 || state[0].Err == nil || !state[0].Rests.After(time.Now()) {
			t.Errorf("the failure is not told: %+v", state[0])
		}
		if state[1].Failures != 0 || state[1].Err != nil || !state[1].Rests.IsZero() {
			t.Errorf("the healthy one: %+v", state[1])
		}
		first.err = nil
		time.Sleep(time.Hour)
		start := time.Now()
		if stamp(t, p); time.Since(start) != second.takes {
			t.Errorf("the trial was waited for: %v", time.Since(start))
		}
		stamp(t, p)
		if n := first.asked.Load(); n != 2 {
			t.Errorf("one trial at a time: asked %d times", n)
		}
		time.Sleep(time.Minute)
		asked := second.asked.Load()
		if stamp(t, p); second.asked.Load() != asked || p.Health()[0].Failures != 0 || p.Health()[0].Err != nil {
			t.Errorf("it is not preferred again: %+v", p.Health()[0])
		}
	})
}

// A trial ends with its caller: it leaves nothing running, blames nobody, and is not begun with every call.
func TestATrialEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := &stand{err: errors.New("no connection")}, &stand{takes: time.Second}
		p := tsp.NewPool(tsp.PoolOptions{Timeout: time.Minute}, first, second)
		stamp(t, p)
		first.err, first.takes = nil, 50*time.Second
		time.Sleep(time.Hour)
		for range 10 {
			ctx, cancel := context.WithCancel(t.Context())
			if _, err := p.Timestamp(ctx, crypto.SHA256, make([]byte, 32)); err != nil {
				t.Fatal(err)
			}
			cancel()
			synctest.Wait()
		}
		if n := first.asked.Load(); n != 2 {
			t.Errorf("ten short calls tried it %d times", n-1)
		}
		if h := p.Health()[0]; h.Failures != 1 {
			t.Errorf("it is blamed for the caller's end: %+v", h)
		}
	})
}

// Rate memory: an authority that asks for patience gets it, also beyond the pool's own back-off.
func TestRetryAfterIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := &stand{err: &fetch.BusyError{Address: "tsa", Status: "429", RetryAfter: 20 * time.Minute}}
		good := &stand{}
		p := tsp.NewPool(tsp.PoolOptions{BackOff: time.Second}, busy, good)
		for range 19 {
			stamp(t, p)
			time.Sleep(time.Minute)
		}
		if n := busy.asked.Load(); n != 1 {
			t.Errorf("within its 20 minutes it was asked %d times", n)
		}
		time.Sleep(2 * time.Minute)
		busy.err = nil
		stamp(t, p)
		synctest.Wait() // it is tried beside the good one
		stamp(t, p)
		if n := busy.asked.Load(); n != 3 {
			t.Errorf("after its pause it is not preferred again: asked %d times", n)
		}
	})
}

func TestTheBackOffDoublesUntilItHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad, good := &stand{err: errors.New("no connection")}, &stand{}
		p := tsp.NewPool(tsp.PoolOptions{BackOff: 30 * time.Second}, bad, good)
		for range 60 {
			stamp(t, p)
			time.Sleep(time.Minute)
		}
		if n := bad.asked.Load(); n < 5 || n > 8 {
			t.Errorf("in an hour it was asked %d times", n)
		}
	})
}

func TestAllAuthoritiesDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &stand{takes: never}, &stand{err: codes.New(tsp.ErrRejected, "asking", "a fake", "status 2")}
		p := tsp.NewPool(tsp.PoolOptions{Timeout: 10 * time.Second}, a, b)
		start := time.Now()
		_, err := p.Timestamp(t.Context(), crypto.SHA256, make([]byte, 32))
		if codes.Of(err) != string(tsp.ErrNone) || !errors.Is(err, tsp.ErrTimeout) || !errors.Is(err, tsp.ErrRejected) {
			t.Errorf("each cause is wanted: %v", err)
		}
		if spent := time.Since(start); spent != 10*time.Second {
			t.Errorf("it took %v", spent)
		}
		start = time.Now()
		if _, err := p.Timestamp(t.Context(), crypto.SHA256, make([]byte, 32)); err == nil || time.Since(start) > 10*time.Second {
			t.Errorf("with all at rest one attempt is enough: %v after %v", err, time.Since(start))
		}
	})
}

func TestACancelledCallBlamesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &stand{takes: time.Minute}
		p := tsp.NewPool(tsp.PoolOptions{Timeout: 2 * time.Minute}, slow, &stand{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := p.Timestamp(ctx, crypto.SHA256, make([]byte, 32)); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		stamp(t, p)
		if slow.asked.Load() != 2 {
			t.Error("it rests though it did nothing wrong")
		}
	})
}
