package blob

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/store"
)

// Collected counts what [Store.Collect] did.
type Collected struct {
	Marked  int // found that nothing refers to them; they stay for the grace
	Removed int
	Swept   int // objects that belong to no blob: what a killed program left behind
	Freed   int64
}

// batch bounds the transactions of collection.
const batch = 500

const (
	unreferenced = ` AND NOT EXISTS (SELECT 1 FROM blob_ref WHERE blob_ref.blob = blob.name)`
	unpinned     = ` AND NOT EXISTS (SELECT 1 FROM blob_pin WHERE blob_pin.until > ? AND blob_pin.id > 0)`
)

// Collect takes what nothing needs any more. A blob goes in two steps, a grace apart: it is marked when nobody stored it for the grace and no
// row refers to it, and removed when that was so for another grace, looked at again in the transaction that ends its row. Whoever read
// its name before the mark has long finished reading; whoever stores or keeps it in between takes the mark away. An object is removed
// only after its row is gone, and an id never comes back, so a collector that was asleep harms nothing. Run it as often as wanted, by
// any number of programs.
func (s *Store) Collect(ctx context.Context) (done Collected, err error) {
	err = s.DB.Do(ctx, s.Warrant, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM blob_pin WHERE id > 0 AND until <= ?`, tx.Now())
		return err
	})
	if err != nil {
		return done, err
	}
	for _, step := range []func(context.Context, *Collected) error{s.mark, s.take, s.sweep} {
		if err := step(ctx, &done); err != nil {
			return done, err
		}
	}
	return done, nil
}

func (s *Store) page(ctx context.Context, where string, args ...any) (rows []row, err error) {
	err = s.DB.View(ctx, s.Warrant, func(tx *store.Tx) error {
		rows, err = store.Collect(tx, scanRow, rowColumns+where, args...)
		return err
	})
	return rows, err
}

func (s *Store) cutoff() time.Time { return s.Clock.Now().Add(-s.Grace) }

func (s *Store) mark(ctx context.Context, done *Collected) error {
	for after := ""; ; {
		rows, err := s.page(ctx, ` WHERE name > ? AND marked IS NULL AND stored < ?`+unreferenced+` ORDER BY name LIMIT ?`, after, s.cutoff(), batch)
		if err != nil || len(rows) == 0 {
			return err
		}
		marked := 0
		err = s.DB.Do(ctx, s.Warrant, func(tx *store.Tx) error {
			marked = 0
			for _, r := range rows {
				n, err := tx.Exec(`UPDATE blob SET marked = ? WHERE name = ? AND marked IS NULL AND stored < ?`+unreferenced, tx.Now(), string(r.name), s.cutoff())
				if err != nil {
					return err
				}
				marked += int(n)
			}
			return nil
		})
		if err != nil {
			return err
		}
		done.Marked += marked
		after = string(rows[len(rows)-1].name)
	}
}

func (s *Store) take(ctx context.Context, done *Collected) error {
	for after := ""; ; {
		rows, err := s.page(ctx, ` WHERE name > ? AND marked < ?`+unreferenced+unpinned+` ORDER BY name LIMIT ?`, after, s.cutoff(), s.Clock.Now(), batch)
		if err != nil || len(rows) == 0 {
			return err
		}
		var gone []row
		err = s.DB.Do(ctx, s.Warrant, func(tx *store.Tx) error {
			gone = nil
			if err := meet(tx); err != nil {
				return err
			}
			for _, r := range rows {
				n, err := tx.Exec(`DELETE FROM blob WHERE name = ? AND object = ? AND marked < ?`+unreferenced+unpinned, string(r.name), r.object, s.cutoff(), tx.Now())
				if err != nil {
					return err
				}
				if n == 1 {
					gone = append(gone, r)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, r := range gone { // what is not removed now is swept later
			errHead := s.Driver.Remove(ctx, Item{Key: headKey(r.object)})
			if err := errors.Join(errHead, s.Driver.Remove(ctx, Item{Key: bodyKey(r.object)})); err != nil {
				return err
			}
			done.Removed++
			done.Freed += r.size
		}
		after = string(rows[len(rows)-1].name)
	}
}

// sweep removes objects that no row knows and that are older than the grace: a Put that was killed before its row, a removal that was
// killed after it. A Put that lasts longer than half of the grace gives up rather than enter what is swept.
func (s *Store) sweep(ctx context.Context, done *Collected) error {
	pinned, err := s.pinned(ctx)
	if err != nil || pinned {
		return err
	}
	var old []Item
	cutoff := s.cutoff() // what is written while this lists is young, however long it lasts
	for i, err := range s.Driver.List(ctx) {
		if err != nil {
			return err
		}
		if !i.At.Before(cutoff) {
			continue
		}
		if old = append(old, i); len(old) == batch {
			if err := s.sweepItems(ctx, old, done); err != nil {
				return err
			}
			old = nil
		}
	}
	return s.sweepItems(ctx, old, done)
}

func (s *Store) pinned(ctx context.Context) (yes bool, err error) {
	err = s.DB.View(ctx, s.Warrant, func(tx *store.Tx) error {
		n, err := store.One[int64](tx, `SELECT COUNT(*) FROM blob_pin WHERE until > ? AND id > 0`, tx.Now())
		yes = n > 0
		return err
	})
	return yes, err
}

// objectOf is the id in a key; "" for a key that this package did not make, which is left alone.
func objectOf(key string) string {
	name := key[strings.LastIndexByte(key, '/')+1:]
	object, kind, _ := strings.Cut(name, ".")
	if !isHex(object, 2*idSize) || kind == "head" && key != headKey(object) || kind == "body" && key != bodyKey(object) || kind != "head" && kind != "body" {
		return ""
	}
	return object
}

func (s *Store) sweepItems(ctx context.Context, items []Item, done *Collected) error {
	known := map[string]bool{}
	objects := []any{}
	for _, i := range items {
		if o := objectOf(i.Key); i.Unfinished == "" && o != "" && !known[o] {
			known[o] = true
			objects = append(objects, o)
		}
	}
	clear(known)
	if len(objects) > 0 {
		err := s.DB.View(ctx, s.Warrant, func(tx *store.Tx) error {
			clear(known)
			return tx.Each(func(r store.Scanner) error {
				var o string
				err := r.Scan(&o)
				known[o] = true
				return err
			}, `SELECT object FROM blob WHERE object IN (?`+strings.Repeat(", ?", len(objects)-1)+`)`, objects...)
		})
		if err != nil {
			return err
		}
	}
	for _, i := range items {
		if o := objectOf(i.Key); i.Unfinished == "" && (o == "" || known[o]) {
			continue
		}
		if err := s.Driver.Remove(ctx, i); err != nil {
			return err
		}
		done.Swept++
		done.Freed += i.Size
	}
	return nil
}
