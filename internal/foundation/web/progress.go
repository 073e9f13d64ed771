package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// Progress is how far long work is.
type Progress struct {
	// Done of Total are done; Total 0 means nobody knows yet.
	Done, Total int64
	// State is waiting, running, done or failed. The last two are final.
	State string
	// Said is what it is at, or why it failed.
	Said Text
	// Next is where the reader goes when it is done; "" stays.
	Next string
}

// Final reports whether nothing more will come.
func (p Progress) Final() bool { return p.State == "done" || p.State == "failed" }

// Percent is from 0 to 100.
func (p Progress) Percent() int64 {
	if p.Total <= 0 {
		return 0
	}
	return min(max(p.Done, 0)*100/p.Total, 100)
}

// Bar is progress on a page. Watch is the path that tells more of it, by [Watch]; the state itself is in the store, so that the page
// may be left and loaded again. Without JavaScript the page asks again every few seconds ([Page.Refresh]).
type Bar struct {
	Progress

	Label Text
	Watch string
}

// Watch answers with progress as it comes: server-sent events (HTML Living Standard, 9.2) to a reader that asks for them, one JSON value
// to all others. Look is asked once a second until it is final, and reads with a warrant of its own each time.
func Watch(look func(context.Context) (Progress, error)) Answer { return watch{look} }

type watch struct {
	look func(context.Context) (Progress, error)
}

type told struct {
	Percent int64  `json:"percent"`
	Known   bool   `json:"known"`
	State   string `json:"state"`
	Text    string `json:"text"`
	Next    string `json:"next,omitempty"`
}

const (
	watchEvery = time.Second
	watchTime  = 10 * time.Minute // then the browser comes back by itself
)

func (a watch) send(s *Server, r *Request) error {
	p, err := a.look(r.Context())
	if err != nil {
		return err
	}
	if !strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		return (&JSON{Value: r.told(p)}).send(s, r)
	}
	select {
	case s.watchers <- struct{}{}:
		defer func() { <-s.watchers }()
	default:
		return fault.New(fault.Unavailable, ErrWatchers, "")
	}
	h := r.out.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // a proxy must not wait for more
	stop, _ := r.Context().Value(stopKey{}).(<-chan struct{})
	tick, end := time.NewTicker(watchEvery), time.NewTimer(watchTime)
	defer tick.Stop()
	defer end.Stop()
	for last := ""; ; {
		b, err := json.Marshal(r.told(p))
		if err != nil {
			return fmt.Errorf("web: %w", err)
		}
		event := "data: " + string(b) + "\n\n"
		if event == last {
			event = ": \n\n" // a sign of life, so that nothing on the way hangs up
		} else {
			last = event
		}
		if !r.push(event) || p.Final() {
			return nil
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return nil
		case <-stop:
			return nil
		case <-end.C:
			return nil
		}
		if p, err = a.look(r.Context()); err != nil {
			s.config.Log.Info("progress is out of sight", "request", r.ID, "error", err)
			return nil
		}
	}
}

func (r *Request) told(p Progress) told {
	return told{p.Percent(), p.Total > 0, p.State, r.Say(p.Said), p.Next}
}

func (r *Request) push(event string) bool {
	if _, err := r.out.slowly([]byte(event)); err != nil {
		return false
	}
	return http.NewResponseController(r.out).Flush() == nil
}
