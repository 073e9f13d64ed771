package blob

import (
	"context"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// row is a line of table blob.
type row struct {
	name   Name
	object string
	size   int64
	stored time.Time
}

const rowColumns = `SELECT name, object, size, stored FROM blob`

func scanRow(s store.Scanner) (r row, err error) {
	return r, s.Scan(&r.name, &r.object, &r.size, store.At(&r.stored))
}

func (r row) info() Info { return Info{r.name, r.size, r.stored} }

// KeepTx makes a row refer to a blob: while it does, the blob stays. The owner is the row that holds the name; its module checked that it
// may be written. A blob that was collected meanwhile is [ErrGone]: store it again, then run the transaction again.
func KeepTx(tx *store.Tx, name Name, owner store.ID) error {
	var marked time.Time
	_, err := store.First(tx, func(s store.Scanner) (struct{}, error) { return struct{}{}, s.Scan(store.At(&marked)) }, `SELECT marked FROM blob WHERE name = ?`, string(name))
	if ok, err := store.Found(err); err != nil {
		return err
	} else if !ok {
		return fault.New(fault.Conflict, ErrGone, string(name))
	}
	if !marked.IsZero() { // when this reference ends, its grace begins anew
		if _, err := tx.Exec(`UPDATE blob SET marked = NULL WHERE name = ?`, string(name)); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`INSERT INTO blob_ref (blob, owner) VALUES (?, ?) ON CONFLICT (blob, owner) DO NOTHING`, string(name), owner)
	return err
}

// DropTx ends a reference. The blob is collected some time later, unless something else refers to it.
func DropTx(tx *store.Tx, name Name, owner store.ID) error {
	_, err := tx.Exec(`DELETE FROM blob_ref WHERE blob = ? AND owner = ?`, string(name), owner)
	return err
}

func (s *Store) find(ctx context.Context, name Name) (r row, ok bool, err error) {
	err = s.DB.View(ctx, s.Warrant, func(tx *store.Tx) error {
		r, err = store.First(tx, scanRow, rowColumns+` WHERE name = ?`, string(name))
		return err
	})
	ok, err = store.Found(err)
	return r, ok, err
}

// touch makes a stored blob as young as if it had been stored now. It reports whether it is still there.
func (s *Store) touch(ctx context.Context, r row) (ok bool, err error) {
	err = s.DB.Do(ctx, s.Warrant, func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE blob SET stored = ?, marked = NULL WHERE name = ? AND object = ?`, tx.Now(), string(r.name), r.object)
		ok = n == 1
		return err
	})
	return ok, err
}

// enter makes an object the one of its name, in place of one that was found broken (""  for none). Where another is there, that one stays,
// and is returned.
func (s *Store) enter(ctx context.Context, h head, broken string) (r row, err error) {
	err = s.DB.Do(ctx, s.Warrant, func(tx *store.Tx) error {
		r = row{name: h.name, object: h.object, size: h.size, stored: tx.Now()}
		if broken != "" {
			n, err := tx.Exec(`UPDATE blob SET object = ?, size = ?, stored = ?, marked = NULL WHERE name = ? AND object = ?`, h.object, h.size, tx.Now(), string(h.name), broken)
			if err != nil || n == 1 {
				return err
			}
		}
		_, err := tx.Exec(`INSERT INTO blob (name, object, size, stored) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET stored = excluded.stored, marked = NULL`,
			string(h.name), h.object, h.size, tx.Now())
		if err != nil {
			return err
		}
		r, err = store.First(tx, scanRow, rowColumns+` WHERE name = ?`, string(h.name))
		return err
	})
	return r, err
}

// Pin holds every blob until a time, or until [Store.Unpin]: nothing is collected. A backup pins, then reads the database, then copies what
// that refers to.
func (s *Store) Pin(ctx context.Context, until time.Time) (pin store.ID, err error) {
	err = s.DB.Do(ctx, s.Warrant, func(tx *store.Tx) error {
		if err := meet(tx); err != nil {
			return err
		}
		pin = tx.NewID()
		_, err := tx.Exec(`INSERT INTO blob_pin (id, until) VALUES (?, ?)`, pin, until)
		return err
	})
	return pin, err
}

// Unpin ends a pin. One that has ended is no error.
func (s *Store) Unpin(ctx context.Context, pin store.ID) error {
	return s.DB.Do(ctx, s.Warrant, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM blob_pin WHERE id = ? AND id > 0`, pin)
		return err
	})
}

// meet makes pinning and collecting write the same row, so that of two at once the later sees what the earlier did.
func meet(tx *store.Tx) error {
	return tx.Change(`UPDATE blob_pin SET until = until + 1 WHERE id = 0`)
}
