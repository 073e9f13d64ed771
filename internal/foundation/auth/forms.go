package auth

import (
	"context"
	"encoding/json"

	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// formsHeld is how many forms one node remembers by itself: those that are being worked on, and the last ones.
const formsHeld = 10_000

// forms implements [web.Once] over all nodes. Who sends a form twice to one node waits for the first; its result is kept in the store for
// the others. A form whose node stopped between commit and answer has no result here: its command then says so, [store.Done], and leads
// to the same page.
type forms struct {
	s     *Service
	local *web.Memory
}

// Forms is where the pages keep what forms led to.
func (s *Service) Forms() web.Once { return &forms{s, web.NewMemory(s.clock, formsHeld)} }

// Claim implements [web.Once].
func (f *forms) Claim(ctx context.Context, key string) (web.Result, bool, error) {
	first, taken, err := f.local.Claim(ctx, key)
	if taken || err != nil {
		return first, taken, err
	}
	err = f.s.db.View(ctx, f.s.System("foundation/auth.form"), func(tx *store.Tx) error {
		found, err := store.First(tx, func(r store.Scanner) (web.Result, error) {
			var to web.Result
			var said string
			if err := r.Scan(&to.Location, &said); err != nil {
				return to, err
			}
			to.Said, err = readSaid(said)
			return to, err
		}, `SELECT location, said FROM form WHERE key = ?`, key)
		first = found
		taken, err = store.Found(err)
		return err
	})
	switch {
	case err != nil:
		_ = f.local.Release(ctx, key) //nolint:errcheck // it has none
	case taken:
		err = f.local.Keep(ctx, key, first)
	}
	return first, taken, err
}

// Keep implements [web.Once].
func (f *forms) Keep(ctx context.Context, key string, first web.Result) error {
	said, err := writeSaid(first.Said)
	if err != nil {
		return err
	}
	err = f.s.db.Do(ctx, f.s.System("foundation/auth.form", "form"), func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO form (key, location, said, at) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`, key, first.Location, said, tx.Now())
		return err
	})
	if e := f.local.Keep(ctx, key, first); err == nil {
		err = e
	}
	return err
}

// Release implements [web.Once].
func (f *forms) Release(ctx context.Context, key string) error { return f.local.Release(ctx, key) }

// said is a [web.Text] as a row keeps it; its values are texts and whole numbers.
type said struct {
	Key    string  `json:"key,omitempty"`
	Plain  string  `json:"plain,omitempty"`
	Values []value `json:"values,omitempty"`
}

type value struct {
	Text   string `json:"text,omitempty"`
	Number *int64 `json:"number,omitempty"`
	Said   *said  `json:"said,omitempty"`
}

func writeSaid(t web.Text) (string, error) {
	b, err := json.Marshal(pack(t))
	return string(b), err
}

func pack(t web.Text) said {
	s := said{Key: t.Key, Plain: t.Plain}
	for _, v := range t.Values {
		var x value
		switch v := v.(type) {
		case string:
			x.Text = v
		case int:
			n := int64(v)
			x.Number = &n
		case int64:
			x.Number = &v
		case web.Text:
			inner := pack(v)
			x.Said = &inner
		}
		s.Values = append(s.Values, x)
	}
	return s
}

func readSaid(text string) (web.Text, error) {
	var s said
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return web.Text{}, err
	}
	return s.unpack(), nil
}

func (s said) unpack() web.Text {
	t := web.Text{Key: s.Key, Plain: s.Plain}
	for _, v := range s.Values {
		switch {
		case v.Number != nil:
			t.Values = append(t.Values, *v.Number)
		case v.Said != nil:
			t.Values = append(t.Values, v.Said.unpack())
		default:
			t.Values = append(t.Values, v.Text)
		}
	}
	return t
}
