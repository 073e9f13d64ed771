package operate

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/antinvn/antin/internal/foundation/web"
)

// Check is something that has to work before this node can answer.
type Check struct {
	// Name is what /readyz calls it: "store". It says nothing of where it is.
	Name string
	// Run fails, or does not come back in time, where it does not work.
	Run func(context.Context) error
}

// checkTime is for all checks together: a load balancer does not wait longer.
const checkTime = 3 * time.Second

// Health answers whether this node is alive, and whether it is ready.
type Health struct {
	log    *slog.Logger
	checks []Check
}

// NewHealth makes it of the checks that the rooms register.
func NewHealth(log *slog.Logger, checks ...Check) *Health { return &Health{log, checks} }

// Ready returns the first check that fails.
func (h *Health) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	for _, c := range h.checks {
		if err := c.Run(ctx); err != nil {
			return &partError{c.Name, err}
		}
	}
	return nil
}

type partError struct {
	name string
	err  error
}

func (e *partError) Error() string { return fmt.Sprintf("%s: %v", e.name, e.err) }
func (e *partError) Unwrap() error { return e.err }

type healthAnswer struct {
	OK   bool   `json:"ok"`
	Part string `json:"part,omitempty"` // what does not work
}

// alive: the process answers; nothing is asked of anything else, so that a database that is away does not have every node started again.
func (h *Health) alive(*web.Request) (web.Answer, error) {
	return &web.JSON{Value: healthAnswer{OK: true}}, nil
}

func (h *Health) ready(r *web.Request) (web.Answer, error) {
	err := h.Ready(r.Context())
	if err == nil {
		return &web.JSON{Value: healthAnswer{OK: true}}, nil
	}
	h.log.Error("not ready", "request", r.ID, "error", err)
	part := ""
	if e, ok := err.(*partError); ok { //nolint:errorlint // it is what Ready returns
		part = e.name
	}
	return &web.JSON{Status: http.StatusServiceUnavailable, Value: healthAnswer{Part: part}}, nil
}
