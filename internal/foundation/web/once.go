package web

import (
	"context"
	"sync"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
)

// formLife is how long a form's first result is kept: a working day, with the tab left open over night.
const formLife = 24 * time.Hour

// Memory is a [Once] of one process, for one node and for tests. It holds a bounded number of forms; the oldest go first.
type Memory struct {
	mu    sync.Mutex
	clock clock.Clock
	limit int
	forms map[string]*kept
	order []string
}

type kept struct {
	first Result
	until time.Time
}

// NewMemory returns one that holds at most limit forms.
func NewMemory(c clock.Clock, limit int) *Memory {
	return &Memory{clock: c, limit: limit, forms: map[string]*kept{}}
}

// Claim implements [Once].
func (m *Memory) Claim(_ context.Context, key string) (Result, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	if k, ok := m.forms[key]; ok && now.Before(k.until) {
		return k.first, true, nil
	}
	if len(m.order) >= m.limit {
		delete(m.forms, m.order[0])
		m.order = m.order[1:]
	}
	m.forms[key], m.order = &kept{until: now.Add(formLife)}, append(m.order, key)
	return Result{}, false, nil
}

// Keep implements [Once].
func (m *Memory) Keep(_ context.Context, key string, first Result) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k, ok := m.forms[key]; ok {
		k.first = first
	}
	return nil
}

// Release implements [Once].
func (m *Memory) Release(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.forms, key)
	for i, k := range m.order {
		if k == key {
			m.order = append(m.order[:i:i], m.order[i+1:]...)
			break
		}
	}
	return nil
}
