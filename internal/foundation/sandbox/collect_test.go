package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/verify"
)

func anchors(t *testing.T) *trust.Store {
	t.Helper()
	s, err := trust.Load("../../../testdata/vectors/trust")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAChildCollectsTheSameFacts: of every vector, to the byte, whether it is read or refused.
func TestAChildCollectsTheSameFacts(t *testing.T) {
	s := open(t, Config{})
	files, err := filepath.Glob("../../../testdata/vectors/*.p*")
	if err != nil || len(files) < 15 {
		t.Fatal(len(files), err)
	}
	passed := 0
	for _, path := range files {
		f := vector(t, filepath.Base(path))
		o := &verify.CollectOptions{Trust: anchors(t), Offline: true, At: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}
		if strings.Contains(path, "detached") {
			content := vector(t, strings.TrimSuffix(filepath.Base(path), ".p7s")+".content")
			o.Content = io.NewSectionReader(content.R, 0, content.Size)
		}
		here, errHere := verify.Collect(t.Context(), f.R, f.Size, o)
		there, errThere := s.Collect(t.Context(), f.R, f.Size, o)
		a, err1 := json.Marshal(here)
		b, err2 := json.Marshal(there)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) || (errHere == nil) != (errThere == nil) || errHere != nil && errHere.Error() != errThere.Error() {
			t.Errorf("%s:\n%s %v\n%s %v", path, a, errHere, b, errThere)
		}
		if errThere == nil && verify.Decide(there, verify.DefaultPolicy(), o.At).Indication == verify.TotalPassed {
			passed++
		}
	}
	if passed == 0 {
		t.Error("none passed")
	}
}

func TestPreviousFactsSaveWork(t *testing.T) {
	s, f := open(t, Config{}), vector(t, "pades-b-lta.pdf")
	o := &verify.CollectOptions{Trust: anchors(t), Offline: true, At: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)}
	var err error
	if o.Previous, err = s.Collect(t.Context(), f.R, f.Size, o); err != nil {
		t.Fatal(err)
	}
	if again, err := s.Collect(t.Context(), f.R, f.Size, o); err != nil || again.Reused == 0 {
		t.Error(again, err)
	}
}

func TestWhatTheEngineRefusesKeepsItsCode(t *testing.T) {
	b, err := os.ReadFile("testdata/password.pdf")
	if err != nil {
		t.Fatal(err)
	}
	s, f := open(t, Config{}), bytesFile(b)
	o := &verify.CollectOptions{Offline: true, At: time.Now()}
	if _, err := s.Collect(t.Context(), f.R, f.Size, o); !errors.Is(err, pdf.ErrPassword) {
		t.Error(err)
	}
	o.Password = []byte("sesame")
	if facts, err := s.Collect(t.Context(), f.R, f.Size, o); err != nil || facts.Format != "pdf" {
		t.Error(err)
	}
}

// network notes who was asked, and has nothing.
type network struct {
	mu    sync.Mutex
	asked []string
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, r.Method+" "+r.URL.String())
	return &http.Response{StatusCode: http.StatusNotFound, Status: "404 Not Found", Body: http.NoBody, Request: r, Header: http.Header{}}, nil
}

func TestTheParentAsksTheNetwork(t *testing.T) {
	s, f := open(t, Config{}), vector(t, "pades-b-b.pdf")
	collect := func(by func(context.Context, io.ReaderAt, int64, *verify.CollectOptions) (*verify.Facts, error), allowed bool) (string, []string) {
		n := &network{}
		c := &fetch.Client{Transport: n}
		if allowed {
			c.Trusted = true
		}
		facts, err := by(t.Context(), f.R, f.Size, &verify.CollectOptions{Trust: anchors(t), Fetch: c, At: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(facts.Unanswered)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(n.asked)
		return string(b), n.asked
	}
	facts, asked := collect(verify.Collect, true)
	if len(asked) == 0 {
		t.Fatal("the vector names nobody to ask")
	}
	if factsThere, askedThere := collect(s.Collect, true); factsThere != facts || !slices.Equal(askedThere, asked) {
		t.Errorf("%s %q, not %s %q", factsThere, askedThere, facts, asked)
	}
	// What the parent's client refuses, the child does not get.
	if _, askedThere := collect(s.Collect, false); len(askedThere) != 0 {
		t.Errorf("%q", askedThere)
	}
}
