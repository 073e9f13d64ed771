package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

var things = []store.Migration{{Number: 900, Name: "thing", SQL: `
CREATE TABLE thing (
  id {id} PRIMARY KEY, agency {id} NOT NULL, name {text} NOT NULL, n {int} NOT NULL, ready {bool} NOT NULL, made {time}, event {id} NOT NULL
){strict};
CREATE UNIQUE INDEX thing_name ON thing (name);
`}}

type made struct {
	Thing  store.ID
	Name   string
	Whose  store.Personal
	Others []store.ID
	At     time.Time
}

func (made) EventKind() string { return "thing.made/1" }

type only store.ID

func (o only) Covers(_ *store.Tx, agency store.ID) (bool, error) { return agency == store.ID(o), nil }
func (o only) Within(_ *store.Tx, column string) (string, []any) {
	return column + " = ?", []any{store.ID(o)}
}

type house struct {
	*store.DB
	issuer *store.Issuer
}

var now = time.Date(2026, 7, 1, 1, 2, 3, 456789000, time.UTC)

func open(t *testing.T, url string) house {
	t.Helper()
	db, issuer := storetest.Open(t, store.Config{URL: url, Migrations: things, Clock: clock.NewFake(now)})
	return house{db, issuer}
}

func (h house) warrant(agency store.ID, once string) *store.Warrant {
	return h.issuer.Warrant(store.Grant{Method: "test.Make", Actor: 7, Agency: agency, Reach: only(agency), Once: once, Request: "r1"})
}

func (h house) make(ctx context.Context, w *store.Warrant, agency store.ID, name string) (id store.ID, err error) {
	err = h.Do(ctx, w, func(tx *store.Tx) error {
		if err := tx.Over(agency); err != nil {
			return err
		}
		id = tx.NewID()
		tx.Record(made{Thing: id, Name: name, Whose: "Nguyễn Văn A", Others: []store.ID{1, 2}, At: tx.Now()})
		_, err := tx.Exec(`INSERT INTO thing (id, agency, name, n, ready, made, event) VALUES (?, ?, ?, ?, ?, ?, ?)`, id, agency, name, 0, true, tx.Now(), tx.Event())
		return err
	})
	return id, err
}

func each(t *testing.T, test func(t *testing.T, h house)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) { test(t, open(t, url)) })
}

func TestWhatIsWrittenIsReadWithItsEvent(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		id, err := h.make(t.Context(), h.warrant(3, ""), 3, "một ?")
		if err != nil {
			t.Fatal(err)
		}
		err = h.View(t.Context(), h.warrant(3, ""), func(tx *store.Tx) error {
			type row struct {
				name  string
				ready bool
				at    time.Time
				event store.ID
			}
			where, args := tx.Within("agency")
			r, err := store.First(tx, func(s store.Scanner) (r row, err error) {
				return r, s.Scan(&r.name, &r.ready, store.At(&r.at), &r.event)
			}, `SELECT name, ready, made, event FROM thing WHERE name LIKE '%?' AND `+where, args...)
			if err != nil {
				return err
			}
			if r.name != "một ?" || !r.ready || !r.at.Equal(now) || r.event == 0 {
				t.Errorf("%+v", r)
			}
			events, err := tx.History(id, 0, 10)
			if err != nil || len(events) != 1 {
				t.Fatalf("%v, %v", events, err)
			}
			e := events[0]
			if e.ID != r.event || e.Kind != "thing.made/1" || e.Actor != 7 || e.Agency != 3 || e.Method != "test.Make" || e.Request != "r1" || e.Seq != -1 ||
				e.Personal["whose"] != "Nguyễn Văn A" || !e.At.Equal(now) {
				t.Errorf("%+v", e)
			}
			if strings.Contains(string(e.Leaf), "Nguyễn") || !json.Valid(e.Leaf) {
				t.Errorf("%s", e.Leaf)
			}
			data, err := e.Data()
			if err != nil || data["name"] != "một ?" || data["at"] != "2026-07-01T01:02:03.456789Z" || fmt.Sprint(data["others"]) != "[1 2]" {
				t.Errorf("%v, %v", data, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestNothingCommitsUncheckedOrWithoutAnEvent(t *testing.T) {
	insert := `INSERT INTO thing (id, agency, name, n, ready, event) VALUES (?, 3, 'x', 0, 1, 1)`
	record := func(tx *store.Tx) { tx.Record(made{Thing: 1}) }
	cases := map[string]struct {
		f    func(tx *store.Tx) error
		want error
	}{
		"unchecked": {func(tx *store.Tx) error { record(tx); _, err := tx.Exec(insert, tx.NewID()); return err }, store.ErrNotChecked},
		"no event":  {func(tx *store.Tx) error { _, err := tx.Exec(insert, tx.NewID()); return errors.Join(err, tx.Over(3)) }, store.ErrNoEvent},
		"out of reach": {func(tx *store.Tx) error {
			record(tx)
			if _, err := tx.Exec(insert, tx.NewID()); err != nil {
				return err
			}
			return tx.Over(4)
		}, store.ErrNotFound},
		"refused by a rule": {func(tx *store.Tx) error { return tx.Permit(false) }, store.ErrNotFound},
		"a schema change":   {func(tx *store.Tx) error { _, err := tx.Exec(`DROP TABLE thing`); return errors.Join(tx.Over(3), err) }, store.ErrWarrant},
		"an ignored fault":  {func(tx *store.Tx) error { _, _ = tx.Exec(`DROP TABLE thing`); record(tx); return tx.Over(3) }, store.ErrWarrant},
		"a write in a query": {func(tx *store.Tx) error {
			_, err := store.One[int64](tx, `WITH x AS (SELECT 1) DELETE FROM thing RETURNING n`)
			return errors.Join(tx.Over(3), err)
		}, store.ErrWarrant},
		"an event that is no plain value": {func(tx *store.Tx) error { tx.Record(wild{}); return tx.Over(3) }, nil},
	}
	each(t, func(t *testing.T, h house) {
		for name, c := range cases {
			err := h.Do(t.Context(), h.warrant(3, ""), c.f)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		n := h.count(t)
		if n != 0 {
			t.Errorf("%d rows were written", n)
		}
		if err := h.View(t.Context(), h.warrant(3, ""), func(tx *store.Tx) error { record(tx); return tx.Over(3) }); !errors.Is(err, store.ErrWarrant) {
			t.Errorf("an event while reading: %v", err)
		}
		if err := h.View(t.Context(), h.warrant(3, ""), func(tx *store.Tx) error { _, err := tx.Exec(insert, 1); return err }); !errors.Is(err, store.ErrWarrant) {
			t.Errorf("a write while reading: %v", err)
		}
		if err := h.View(t.Context(), h.warrant(3, ""), func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrNotChecked) {
			t.Errorf("unchecked reading: %v", err)
		}
		if err := h.Do(t.Context(), nil, func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrWarrant) {
			t.Errorf("no warrant: %v", err)
		}
	})
}

type wild struct{ X map[string]any }

func (wild) EventKind() string { return "wild/1" }

func (h house) count(t *testing.T) (n int64) {
	t.Helper()
	err := h.View(t.Context(), h.issuer.System("test"), func(tx *store.Tx) (err error) {
		n, err = store.One[int64](tx, `SELECT COUNT(*) FROM thing`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestASystemWarrantWritesOnlyItsTables(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		w := h.issuer.System("test.sweep", "thing")
		if err := h.Do(t.Context(), w, func(tx *store.Tx) error { _, err := tx.Exec(`DELETE FROM thing WHERE n < ?`, 5); return err }); err != nil {
			t.Error(err)
		}
		if err := h.Do(t.Context(), w, func(tx *store.Tx) error { _, err := tx.Exec(`DELETE FROM event`); return err }); !errors.Is(err, store.ErrWarrant) {
			t.Error(err)
		}
	})
}

func TestAFormIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		var group sync.WaitGroup
		ids := make([]store.ID, 8)
		objects := make([]store.ID, 8)
		for i := range ids {
			group.Go(func() {
				id, err := h.make(t.Context(), h.warrant(3, "form-1"), 3, fmt.Sprint("name ", i))
				if d, ok := errors.AsType[*store.Done](err); ok {
					objects[i] = d.Object
				} else if err != nil {
					t.Error(err)
				} else {
					ids[i], objects[i] = id, id
				}
			})
		}
		group.Wait()
		for _, o := range objects {
			if o == 0 || o != objects[0] {
				t.Errorf("different results: %v", objects)
			}
		}
		if n := h.count(t); n != 1 {
			t.Errorf("%d rows", n)
		}
	})
}

func TestManyCallersCountWithoutGaps(t *testing.T) {
	const callers, acts = 16, 10
	each(t, func(t *testing.T, h house) {
		id, err := h.make(t.Context(), h.warrant(3, ""), 3, "counter")
		if err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for c := range callers {
			group.Go(func() {
				for range acts {
					err := h.Do(t.Context(), h.warrant(3, ""), func(tx *store.Tx) error {
						n, err := store.One[int64](tx, `SELECT n FROM thing WHERE id = ?`, id)
						if err != nil {
							return err
						}
						tx.Record(made{Thing: id})
						if err := tx.Over(3); err != nil {
							return err
						}
						if err := tx.Change(`UPDATE thing SET n = ?, event = ? WHERE id = ?`, n+1, tx.Event(), id); err != nil {
							return err
						}
						if c == 0 {
							return errWanted // this caller's acts leave no trace
						}
						return nil
					})
					if c == 0 && !errors.Is(err, errWanted) || c > 0 && err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		err = h.View(t.Context(), h.issuer.System("test"), func(tx *store.Tx) error {
			n, err := store.One[int64](tx, `SELECT n FROM thing WHERE id = ?`, id)
			if want := int64((callers - 1) * acts); n != want {
				t.Errorf("%d, want %d", n, want)
			}
			events, e := store.One[int64](tx, `SELECT COUNT(*) FROM event`)
			if want := int64((callers-1)*acts + 1); events != want {
				t.Errorf("%d events, want %d", events, want)
			}
			return errors.Join(err, e)
		})
		if err != nil {
			t.Error(err)
		}
	})
}

var errWanted = errors.New("wanted")

func TestOneCallersFailureTakesNobodyWithIt(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for i := range 40 {
			group.Go(func() {
				switch i % 4 {
				case 0:
					if _, err := h.make(t.Context(), h.warrant(3, ""), 3, fmt.Sprint("good ", i)); err != nil {
						t.Error(err)
					}
				case 1:
					defer func() {
						if recover() == nil {
							t.Error("the panic is lost")
						}
					}()
					_ = h.Do(t.Context(), h.warrant(3, ""), func(*store.Tx) error { panic("wanted") })
				case 2:
					err := h.Do(ctx, h.warrant(3, ""), func(tx *store.Tx) error {
						cancel()
						tx.Record(made{Thing: 1})
						_, err := tx.Exec(`INSERT INTO thing (id, agency, name, n, ready, event) VALUES (?, 3, ?, 0, 1, 1)`, tx.NewID(), fmt.Sprint("cancelled ", i))
						return errors.Join(err, tx.Over(3))
					})
					if err == nil {
						t.Error("a cancelled act was done")
					}
				case 3:
					if _, err := h.make(t.Context(), h.warrant(3, ""), 3, "taken"); err != nil && !errors.Is(err, store.ErrTaken) {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		cancel()
		if n := h.count(t); n != 11 {
			t.Errorf("%d rows, want 11", n)
		}
	})
}

func TestIdsGrowAndAreUniqueOverNodes(t *testing.T) {
	each2 := func(t *testing.T, url string) {
		a, b := open(t, url), open(t, url)
		seen := map[store.ID]bool{}
		for _, h := range []house{a, b} {
			err := h.View(t.Context(), h.issuer.System("test"), func(tx *store.Tx) error {
				last := store.ID(0)
				for range 10_000 {
					id := tx.NewID()
					if id <= last || seen[id] {
						t.Fatalf("%d after %d", id, last)
					}
					if d := id.Time().Sub(now); d < -time.Millisecond || d > 10*time.Millisecond {
						t.Fatalf("%v away from its time", d)
					}
					seen[id], last = true, id
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	storetest.Each(t, each2)
}

func TestIdsOutsideAreText(t *testing.T) {
	id := store.FirstAt(now) + 5
	s := id.Text("doc")
	if got, err := store.ParseID("doc", s); got != id || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	for _, wrong := range []string{"", "doc_", s + "0", strings.ToUpper(s), strings.Replace(s, "doc", "org", 1), "doc_0000000000000", "5", "doc_zzzzzzzzzzzzz"} {
		if _, err := store.ParseID("doc", wrong); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestTheSchemaGoesForwardOnly(t *testing.T) {
	more := append([]store.Migration{{Number: 901, Name: "more", SQL: `CREATE TABLE more (id {id} PRIMARY KEY){strict};`}}, things...)
	storetest.Each(t, func(t *testing.T, url string) {
		openWith := func(m []store.Migration) error {
			db, _, err := store.Open(t.Context(), store.Config{URL: url, Migrations: m})
			if err != nil {
				return err
			}
			return db.Close()
		}
		var group sync.WaitGroup
		for range 4 { // side by side: one does it, the others wait
			group.Go(func() {
				if err := openWith(more); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if err := openWith(more); err != nil {
			t.Error(err)
		}
		if err := openWith(things); !errors.Is(err, store.ErrNewer) {
			t.Errorf("an older program: %v", err)
		}
		changed := append([]store.Migration{}, more...)
		changed[0].SQL += " "
		if err := openWith(changed); !errors.Is(err, store.ErrSchema) {
			t.Errorf("a changed step: %v", err)
		}
		if err := openWith(append([]store.Migration{{Number: 500, Name: "late", SQL: `CREATE TABLE late (id {id} PRIMARY KEY){strict};`}}, more...)); !errors.Is(err, store.ErrSchema) {
			t.Errorf("a late step: %v", err)
		}
		if err := openWith(append([]store.Migration{{Number: 902, Name: "wrong", SQL: "CREATE TABLE x (id {id});\nCREATE TABLE x (id {id});\n"}}, more...)); err == nil {
			t.Error("a wrong step passed")
		}
		if err := openWith(append([]store.Migration{{Number: 902, Name: "right", SQL: "CREATE TABLE x (id {id});\n"}}, more...)); err != nil {
			t.Errorf("after a step that failed: %v", err)
		}
	})
}

func TestAMigrationTwiceIsRefused(t *testing.T) {
	_, _, err := store.Open(t.Context(), store.Config{URL: storetest.SQLite(t), Migrations: append(things, things...)})
	if err == nil || !strings.Contains(err.Error(), "twice") {
		t.Error(err)
	}
}

// TestReadersDoNotWaitForEachOther has every reader inside a transaction when one of them asks something for the first time: preparing it
// takes a connection that none of them holds.
func TestReadersDoNotWaitForEachOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		db, issuer := storetest.Open(t, store.Config{URL: url, Readers: 2})
		stuck := time.AfterFunc(20*time.Second, func() { panic("readers wait for each other") })
		defer stuck.Stop()
		var inside, done sync.WaitGroup
		inside.Add(2)
		for range 2 {
			done.Go(func() {
				err := db.View(t.Context(), issuer.System("test"), func(tx *store.Tx) error {
					inside.Done()
					inside.Wait()
					_, err := store.One[int64](tx, `SELECT COUNT(*) FROM event`)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
	})
}
