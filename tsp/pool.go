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

// costly is how many times as long as its failure took a member rests at least: one that lets callers wait until the
// time-out is met again only after a whole batch.
const costly = 100

// Pool asks several TSAs: the first that is healthy, and a failing one rests. Safe for concurrent use.
type Pool struct {
	o       PoolOptions
	mu      sync.Mutex
	sources []*member
}

type member struct {
	source   Source
	failures int
	rests    time.Time // until then it is not asked first
}

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

// Timestamp implements [Source]: the healthy members in order, then those that rest, the longest rested first.
func (p *Pool) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*Token, error) {
	var failures []error
	for _, m := range p.order() {
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

func (p *Pool) order() []*member {
	now := p.o.Clock()
	p.mu.Lock()
	defer p.mu.Unlock()
	out := slices.Clone(p.sources)
	slices.SortStableFunc(out, func(a, b *member) int {
		x, y := a.rests, b.rests
		if !x.After(now) {
			x = time.Time{}
		}
		if !y.After(now) {
			y = time.Time{}
		}
		return x.Compare(y)
	})
	return out
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
		m.failures, m.rests = 0, time.Time{}
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
	return nil, timeout(ctx, inner, err)
}
