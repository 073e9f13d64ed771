package store_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

func TestEventsGetTheirPlacesOnce(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		for _, name := range []string{"a", "b", "c", "d"} {
			if _, err := h.make(t.Context(), h.warrant(3, ""), 3, name); err != nil {
				t.Fatal(err)
			}
		}
		system := h.issuer.System("test.sequence", "event")
		sequence := func(w *store.Warrant, first int64, pick func([]store.ID) []store.ID) error {
			return h.Do(t.Context(), w, func(tx *store.Tx) error {
				waiting, err := tx.Unsequenced(10)
				ids, leaves, bad := tx.WaitingLeaves(10)
				for i := range waiting {
					if len(ids) != len(waiting) || ids[i] != waiting[i].ID || !bytes.Equal(leaves[i], waiting[i].Leaf) {
						t.Errorf("%v", ids)
					}
				}
				return errors.Join(err, bad, tx.Sequence(first, pick(ids)))
			})
		}
		if err := sequence(h.issuer.System("test.other", "thing"), 0, func(ids []store.ID) []store.ID { return ids }); !errors.Is(err, store.ErrWarrant) {
			t.Error("a warrant for other tables: ", err)
		}
		var all []store.ID
		if err := sequence(system, 0, func(ids []store.ID) []store.ID { all = ids; return []store.ID{ids[2], ids[0]} }); err != nil {
			t.Fatal(err)
		}
		if err := sequence(system, 2, func([]store.ID) []store.ID { return []store.ID{all[1], all[2]} }); !errors.Is(err, store.ErrStale) {
			t.Error("one that has its place already: ", err)
		}
		if err := sequence(system, 2, func(ids []store.ID) []store.ID { return ids }); err != nil {
			t.Fatal(err)
		}
		err := h.View(t.Context(), system, func(tx *store.Tx) error {
			log, err := tx.Sequenced(1, 2)
			if err != nil || len(log) != 2 || log[0].ID != all[0] || log[1].ID != all[1] || log[0].Seq != 1 || log[1].Seq != 2 {
				t.Errorf("%+v, %v", log, err)
			}
			waiting, err := tx.Unsequenced(10)
			if len(waiting) != 0 {
				t.Errorf("%d still wait", len(waiting))
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestARowIsHeldToItsLeaf(t *testing.T) {
	type change struct {
		set      string
		args     []any
		faithful bool
	}
	each(t, func(t *testing.T, h house) {
		if _, err := h.make(t.Context(), h.warrant(3, ""), 3, "x"); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]change{
			"nothing": {"seq = ?", []any{nil}, true}, "an erased text": {"personal = ?", []any{nil}, true}, "kind": {"kind = ?", []any{"thing.made/2"}, false},
			"actor": {"actor = ?", []any{8}, false}, "agency": {"agency = ?", []any{nil}, false}, "object": {"object = ?", []any{1}, false},
			"method": {"method = ?", []any{"test.Take"}, false}, "time": {"at = ?", []any{now.Add(time.Microsecond)}, false},
			"a text":       {"personal = ?", []any{[]byte(`{"whose":{"salt":"AAAA","value":"Nguyễn Văn B"}}`)}, false},
			"another text": {"personal = ?", []any{[]byte(`{"who":{"salt":"AAAA","value":"Nguyễn Văn A"}}`)}, false},
			"leaf":         {"leaf = ?", []any{[]byte(`{"v":1}`)}, false}, "half a leaf": {"leaf = ?", []any{[]byte(`{`)}, false},
		} {
			err := h.Do(t.Context(), h.issuer.System("test.change", "event"), func(tx *store.Tx) error {
				if _, err := tx.Exec(`UPDATE event SET `+c.set, c.args...); err != nil {
					return err
				}
				events, err := tx.Unsequenced(1)
				if err != nil || events[0].Faithful() != c.faithful {
					t.Errorf("%s: %+v, %v", name, events, err)
				}
				return errUndo
			})
			if !errors.Is(err, errUndo) {
				t.Error(err)
			}
		}
	})
}

var errUndo = errors.New("undo")

func TestAnEventFitsIntoTheLog(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		err := h.Do(t.Context(), h.warrant(3, ""), func(tx *store.Tx) error {
			tx.Record(made{Thing: 1, Name: strings.Repeat("x", 1<<16)})
			return tx.Over(3)
		})
		if !errors.Is(err, store.ErrEvent) {
			t.Error(err)
		}
	})
}

// TestASnapshotIsOfOneStateAndNoMore: what others read and write beside it is no conflict.
func TestASnapshotIsOfOneStateAndNoMore(t *testing.T) {
	h := open(t, storetest.Postgres(t))
	for want, w := range map[string]*store.Warrant{"serializable": h.issuer.System("test"), "repeatable read": h.issuer.Snapshot("test")} {
		err := h.Do(t.Context(), w, func(tx *store.Tx) error {
			level, err := store.One[string](tx, `SELECT current_setting('transaction_isolation')`)
			if level != want {
				t.Errorf("%s, want %s", level, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
