package tsp

import (
	"context"
	"crypto"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
)

// PoolOptions steer a Pool; zero fields take the defaults named.
type PoolOptions struct {
	Timeout time.Duration    // for one TSA's answer, 30 s
	BackOff time.Duration    // first pause of a failing TSA, 30 s, doubling to 30 min
	Clock   func() time.Time // nil: time.Now
	MaxSkew time.Duration    // GenTime may differ from Clock by that, 10 min; a token beyond is refused
}

const maxBackOff = 30 * time.Minute

// costly is how many times as long as its failure took a member rests at least, so that callers who have no other do not
// wait for nothing again and again.
const costly = 100

// Pool asks several TSAs: the first that is healthy, and a failing one rests. Whoever rested is tried beside a healthy one,
// whose answer nobody waits longer for: a bad TSA costs a batch one time-out. Safe for concurrent use.
type Pool struct {
	o       PoolOptions
	mu      sync.Mutex
	sources []*member
}

type member struct {
	source   Source
	failures int
	rests    time.Time // until then it is not asked first
	err      error     // the last failure
	tried    bool      // a trial runs
}

// healthy is one that has not failed since it last answered.
func (m *member) healthy() bool { return m.failures == 0 }

// NewPool returns a pool over s, in order of preference.
func NewPool(o PoolOptions, s ...Source) *Pool {
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.BackOff == 0 {
		o.BackOff = 30 * time.Second
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.MaxSkew == 0 {
		o.MaxSkew = 10 * time.Minute
	}
	p := &Pool{o: o}
	for _, one := range s {
		p.sources = append(p.sources, &member{source: one})
	}
	return p
}

// Health is what a pool knows of one of its members.
type Health struct {
	Source   Source
	Failures int       // in a row, 0 where it is healthy
	Rests    time.Time // until then others are asked first
	Err      error     // the last failure, nil where it is healthy
}

// Health tells of each member, in order of preference.
func (p *Pool) Health() []Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Health, len(p.sources))
	for i, m := range p.sources {
		out[i] = Health{Source: m.source, Failures: m.failures, Rests: m.rests, Err: m.err}
	}
	return out
}

// Timestamp implements [Source]: the healthy members in order, then those that failed, the longest rested first. One whose
// rest is over is tried beside a healthy one, as long as ctx lasts, and preferred again once it answered. An error that
// matches [ErrNone] matches the failure of each member that was asked, too.
func (p *Pool) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*Token, error) {
	var failures []error
	for _, m := range p.order(ctx, h, digest) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if p.resting(m) && len(failures) > 0 {
			continue // others rest too: one attempt with a member that rests is enough
		}
		t, err := p.ask(ctx, m, h, digest)
		if err == nil {
			return t, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		failures = append(failures, err)
	}
	return nil, codes.Wrap(ErrNone, "asking for", "a time-stamp", errors.Join(failures...))
}

// order is the order to ask in; where somebody is healthy, it starts the trials that are due.
func (p *Pool) order(ctx context.Context, h crypto.Hash, digest []byte) []*member {
	now := p.o.Clock()
	p.mu.Lock()
	defer p.mu.Unlock()
	out := slices.Clone(p.sources)
	slices.SortStableFunc(out, func(a, b *member) int { return a.rests.Compare(b.rests) }) // a healthy one's is zero
	for _, m := range out {
		if !out[0].healthy() || m.healthy() || m.tried || m.rests.After(now) {
			continue
		}
		m.tried = true
		go p.try(ctx, m, h, digest)
	}
	return out
}

// try asks a member for a token that nobody waits for. A trial that ends with its caller's context says nothing, and is not
// begun again at once.
func (p *Pool) try(ctx context.Context, m *member, h crypto.Hash, digest []byte) {
	_, err := p.ask(ctx, m, h, digest)
	p.mu.Lock()
	defer p.mu.Unlock()
	m.tried = false
	if now := p.o.Clock(); err != nil && !m.rests.After(now) {
		m.rests = now.Add(p.o.BackOff)
	}
}

func (p *Pool) resting(m *member) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return m.rests.After(p.o.Clock())
}

func (p *Pool) ask(ctx context.Context, m *member, h crypto.Hash, digest []byte) (*Token, error) {
	inner, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	start := p.o.Clock()
	t, err := m.source.Timestamp(inner, h, digest)
	now := p.o.Clock()
	if err == nil {
		if skew := t.GenTime.Sub(now); skew > p.o.MaxSkew || skew < -p.o.MaxSkew {
			err = codes.New(ErrClock, "checking a time-stamp of", t.GenTime.Format(time.RFC3339), "it is too far from this machine's time")
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		m.failures, m.rests, m.err = 0, time.Time{}, nil
		return t, nil
	}
	if ctx.Err() != nil {
		return nil, err // ours, not the member's
	}
	pause := max(min(p.o.BackOff<<min(m.failures, 10), maxBackOff), costly*now.Sub(start))
	var busy *fetch.BusyError
	if errors.As(err, &busy) && busy.RetryAfter > pause {
		pause = busy.RetryAfter
	}
	m.failures++
	m.rests = now.Add(pause)
	m.err = timeout(ctx, inner, err)
	return nil, m.err
}
