package auth

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/antinvn/antin/internal/foundation/store"
)

// refusals become events without holding up whoever is refused, and without letting a flood of them fill the store: those of one account
// or address are counted together and written soon at first, then twice as late each time, up to an hour.
type refusals struct {
	s     *Service
	first time.Duration

	mu       sync.Mutex
	open     map[refusedKey]*refused
	running  bool
	flushing bool
	wake     chan struct{}
	done     sync.WaitGroup
}

// refusedKey is whose refusals are counted together.
type refusedKey struct {
	account, agency store.ID
	reason          string
	address         string
}

// refused is what was counted and not written yet; none is left where it only waits for the next.
type refused struct {
	count   int
	methods []string
	pause   time.Duration
	due     time.Time
}

const (
	firstPause   = 2 * time.Second
	longestPause = time.Hour
	maxRefused   = 1000 // accounts and addresses that are told apart; more count as one
	maxMethods   = 20   // named in one event
	flushTime    = 10 * time.Second
)

// note counts a refusal. These pauses are the machine's time: they only spread writing.
func (r *refusals) note(key refusedKey, method string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.open[key]
	if x == nil && len(r.open) >= maxRefused {
		key = refusedKey{reason: key.reason}
		x = r.open[key]
	}
	if x == nil {
		x = &refused{pause: r.first, due: time.Now().Add(r.first)}
		r.open[key] = x
	}
	x.count++
	if len(x.methods) < maxMethods && !slices.Contains(x.methods, method) {
		x.methods = append(x.methods, method)
	}
	if !r.running {
		r.running = true
		r.done.Go(r.run)
	}
}

// run writes what is due, until nothing is open.
func (r *refusals) run() {
	tick := time.NewTicker(max(r.first/2, time.Millisecond))
	defer tick.Stop()
	for {
		due, more := r.due(time.Now())
		r.write(due)
		if !more {
			return
		}
		select {
		case <-tick.C:
		case <-r.wake:
		}
	}
}

// due takes out what is to be written now.
func (r *refusals) due(now time.Time) (due map[refusedKey]refused, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	due = map[refusedKey]refused{}
	for key, x := range r.open {
		switch {
		case now.Before(x.due) && !r.flushing:
		case x.count == 0:
			delete(r.open, key)
		default:
			due[key] = *x
			if r.flushing {
				delete(r.open, key)
				continue
			}
			x.pause = min(2*x.pause, longestPause)
			*x = refused{pause: x.pause, due: now.Add(x.pause)}
		}
	}
	r.running = len(r.open) > 0
	return due, r.running
}

func (r *refusals) write(due map[refusedKey]refused) {
	ctx, end := context.WithTimeout(context.Background(), flushTime)
	defer end()
	for key, x := range due {
		w := r.s.issuer.SystemFor(store.Grant{Method: "foundation/auth.refused", Actor: key.account, Agency: key.agency})
		err := r.s.db.Do(ctx, w, func(tx *store.Tx) error {
			tx.Record(Refused{key.account, key.reason, x.methods, x.count, store.Personal(key.address)})
			return nil
		})
		if err != nil {
			r.s.log.Error("refusals are not written", "account", int64(key.account), "count", x.count, "methods", x.methods, "error", err)
		}
	}
}

// flush writes all that was counted, and ends the writer.
func (r *refusals) flush() {
	r.mu.Lock()
	r.flushing = true
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
	r.done.Wait()
	r.mu.Lock()
	r.flushing = false
	r.mu.Unlock()
}
