package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// actor is what a child program works on.
type actor struct{ URL, Keys, Outside string }

func TestMain(m *testing.M) {
	storetest.Child(actForever)
	os.Exit(m.Run())
}

func (a actor) open(ctx context.Context, steps []store.Migration) (h house, s *Sequencer, err error) {
	if h.ring, err = seal.Load(a.Keys); err != nil {
		return h, nil, err
	}
	h.url = a.URL
	if h.DB, h.issuer, err = store.Open(ctx, store.Config{URL: a.URL, Migrations: steps}); err != nil {
		return h, nil, err
	}
	c := h.config()
	c.Outside = a.Outside
	s, err = NewSequencer(ctx, c)
	return h, s, err
}

// actForever acts, side by side with a sequencer, and says the event of each act that it was told is done.
func actForever(text string) error {
	var a actor
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return err
	}
	steps, err := schema()
	if err != nil {
		return err
	}
	h, s, err := a.open(context.Background(), steps)
	if err != nil {
		return err
	}
	var said sync.Mutex
	failed := make(chan error)
	for range 4 {
		go func() {
			for n := 0; ; n++ {
				events, err := h.act(context.Background(), strconv.Itoa(n))
				if err != nil {
					failed <- err
					return
				}
				said.Lock()
				fmt.Println(decimal(events[0]))
				said.Unlock()
			}
		}()
	}
	go func() {
		for {
			if err := s.Drain(context.Background()); err != nil {
				failed <- err
				return
			}
		}
	}()
	return <-failed
}

// TestAKilledHouseLosesNoEvent kills a program that acts and sequences, at random moments: the log goes on, verifies, and holds every act that
// was said to be done, once.
func TestAKilledHouseLosesNoEvent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		dir := t.TempDir()
		a := actor{url, filepath.Join(dir, "keys"), filepath.Join(dir, "last")}
		if _, err := seal.Create(a.Keys); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for range storetest.Kills(t) {
			said = append(said, storetest.Killed(t, string(text))...)
		}
		h, s, err := a.open(t.Context(), steps(t))
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		for until := time.Now().Add(30 * time.Second); ; { // a lease of the killed one may still run
			drain(t, s)
			age, err := h.log().Age(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if age == 0 {
				break
			}
			if time.Now().After(until) {
				t.Fatal("an event still waits after ", age)
			}
			time.Sleep(100 * time.Millisecond)
		}
		outside, err := os.ReadFile(a.Outside)
		if err != nil {
			t.Fatal(err)
		}
		r := h.verify(t, s, Options{Known: [][]byte{outside}})
		if !r.Holds() || r.Rows != r.Size || r.Waiting != 0 {
			t.Fatalf("%+v", r)
		}
		logged := map[string]int{}
		things := 0
		err = h.log().View(t.Context(), func(src Source) error {
			err := src.Rows(func(row Row) error { logged[row.ID]++; return nil })
			if err != nil {
				return err
			}
			return src.References(func(Reference) error { things++; return nil })
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range said {
			if logged[id] != 1 {
				t.Errorf("%s is in the log %d times", id, logged[id])
			}
		}
		if things != len(logged) {
			t.Errorf("%d things and %d events", things, len(logged))
		}
		t.Logf("%d said to be done, %d logged", len(said), len(logged))
		if len(said) == 0 {
			t.Error("nothing was done before the end")
		}
	})
}
