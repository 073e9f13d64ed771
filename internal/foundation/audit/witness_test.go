package audit

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// witness is a server of c2sp.org/tlog-witness for one log.
type witness struct {
	*httptest.Server

	key  *key
	log  *key
	mu   sync.Mutex
	size int64
	root tlog.Hash
	asks int
}

var witnessTime = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func newWitness(t testing.TB, name string, s *Sequencer) *witness {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{key: &key{name, kindWitness, public, private, func() time.Time { return witnessTime }}, log: s.key}
	w.Server = httptest.NewServer(http.HandlerFunc(w.add))
	t.Cleanup(w.Close)
	return w
}

func (w *witness) config() *Witness {
	return &Witness{Key: w.key.String(), Address: w.URL + "/prefix/"}
}

func (w *witness) add(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asks++
	body, err := io.ReadAll(r.Body)
	proof, signed, ok := strings.Cut(string(body), "\n\n")
	lines := strings.Split(proof, "\n")
	old, bad := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
	c, finding := openCheckpoint([]byte(signed), w.log)
	switch {
	case err != nil || bad != nil || !ok || r.URL.Path != "/prefix/add-checkpoint" || r.Method != http.MethodPost:
		http.Error(rw, "request", http.StatusBadRequest)
		return
	case finding != nil:
		http.Error(rw, string(finding.Kind), http.StatusForbidden)
		return
	case old != w.size:
		rw.Header().Set("Content-Type", sizeType)
		rw.WriteHeader(http.StatusConflict)
		fmt.Fprintln(rw, w.size)
		return
	}
	var hs tlog.TreeProof
	for _, line := range lines[1:] {
		b, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			http.Error(rw, "hash", http.StatusBadRequest)
			return
		}
		hs = append(hs, tlog.Hash(b))
	}
	if old > 0 && old < c.size && tlog.CheckTree(hs, c.size, c.root, old, w.root) != nil || old == 0 && len(hs) > 0 {
		http.Error(rw, "proof", http.StatusUnprocessableEntity)
		return
	}
	w.size, w.root = c.size, c.root
	both, err := note.Sign(&note.Note{Text: head(c.origin, c.size, c.root)}, w.key)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	_, line, _ := bytes.Cut(both, []byte("\n\n"))
	fmt.Fprintf(rw, "— stranger.example %s\n", base64.StdEncoding.EncodeToString(make([]byte, 12)))
	rw.Write(line)
}

func TestWitnessesCosign(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		s := h.sequencer(t)
		a, b := newWitness(t, "a.example", s), newWitness(t, "b.example", s)
		ask := func(w *witness, want bool) {
			t.Helper()
			if did, err := s.Cosign(t.Context(), w.config()); did != want || err != nil {
				t.Errorf("%t, %v", did, err)
			}
		}
		said := func(want ...int64) {
			t.Helper()
			r := h.verify(t, s, Options{Witnesses: []string{a.key.String(), b.key.String()}})
			if !r.Holds() || len(r.Cosigned) != len(want) || len(r.Uncosigned) != 2-len(want) {
				t.Fatalf("%+v, want %v", r, want)
			}
			for i, c := range r.Cosigned {
				if c.Size != want[i] || !c.At.Equal(witnessTime) {
					t.Errorf("%+v", c)
				}
			}
		}
		h.acts(t, 3)
		drain(t, s)
		said()
		ask(a, true)
		said(3)
		ask(a, false)
		ask(b, true)
		said(3, 3)
		h.many(t, 300)
		drain(t, s)
		said(3, 3)
		ask(a, true)
		said(303)
		ask(b, true) // the log forgot that b had signed size 3: it answers 409
		said(303, 303)
		if a.asks != 2 || b.asks != 3 {
			t.Errorf("asked %d and %d times", a.asks, b.asks)
		}
		dir := h.export(t)
		r, err := Verify(Folder(dir), Options{Key: s.VerifierKey(), Witnesses: []string{a.key.String()}})
		if err != nil || !r.Holds() || len(r.Cosigned) != 1 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestAWitnessThatDoesNotSignIsNotKept(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		s := h.sequencer(t)
		h.acts(t, 1)
		drain(t, s)
		other := newWitness(t, "a.example", s) // another key than the one that is expected
		w := newWitness(t, "a.example", s)
		for name, c := range map[string]Witness{
			"another key": {Key: w.key.String(), Address: other.URL + "/prefix"}, "no server": {Key: w.key.String(), Address: "http://127.0.0.1:1"},
			"no such page": {Key: w.key.String(), Address: w.URL},
		} {
			if did, err := s.Cosign(t.Context(), &c); did || !errors.Is(err, ErrWitness) {
				t.Errorf("%s: %t, %v", name, did, err)
			}
		}
		w.size = 9 // it signed more than there is
		if _, err := s.Cosign(t.Context(), w.config()); !errors.Is(err, ErrWitness) {
			t.Error(err)
		}
		if _, err := s.Cosign(t.Context(), &Witness{Key: s.VerifierKey(), Address: w.URL}); !errors.Is(err, ErrKey) {
			t.Error(err)
		}
		if r := h.verify(t, s, Options{Witnesses: []string{w.key.String()}}); len(r.Cosigned) != 0 {
			t.Errorf("%+v", r)
		}
	})
}
