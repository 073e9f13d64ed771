package audit

import (
	"errors"
	"io/fs"
	"slices"
	"strconv"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// rows compares the events' rows with the leaves and the other way round, and looks for the events that the house's rows refer to. The former
// can only be done where the leaves themselves hold.
func (w *walk) rows() error {
	var ids []int64
	next, waiting := int64(0), int64(0)
	var bundle [][]byte
	at := int64(-1)
	err := w.s.Rows(func(row Row) error {
		id, err := parseID(row.ID)
		if err != nil {
			return err
		}
		ids = append(ids, id)
		if row.Seq < 0 || row.Seq >= w.c.size {
			if waiting++; w.wanted != nil && string(prefixOf(store.ID(id))) == string(w.wanted) {
				w.r.EventWaits = true
			}
			return nil
		}
		if !w.sound {
			return nil
		}
		for ; next < row.Seq; next++ {
			w.r.find(RowRemoved, strconv.FormatInt(next, 10))
		}
		if row.Seq < next {
			w.r.find(RowAdded, row.ID)
			return nil
		}
		next++
		if n := row.Seq >> tileHeight; n != at {
			p := place{entries, n}
			b, _, err := w.file(p, p.widthAt(w.c.size))
			if err != nil {
				return err
			}
			at = n
			bundle, err = parseBundle(b)
			if err != nil {
				return unread(tilePath(p, p.widthAt(w.c.size)), err)
			}
		}
		if i := int(row.Seq & (tileWidth - 1)); i >= len(bundle) || !row.agrees(bundle[i]) {
			w.r.find(RowChanged, strconv.FormatInt(row.Seq, 10))
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	w.r.Waiting = waiting
	if w.sound {
		for ; next < w.c.size && !w.r.More; next++ {
			w.r.find(RowRemoved, strconv.FormatInt(next, 10))
		}
		w.r.Rows = int64(len(ids)) - waiting
	}
	slices.Sort(ids)
	err = w.s.References(func(ref Reference) error {
		id, err := parseID(ref.Event)
		if err != nil {
			return err
		}
		if _, ok := slices.BinarySearch(ids, id); !ok {
			w.r.find(EventMissing, ref.Table+" "+ref.Event)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func parseID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, fault.New(fault.Invalid, ErrUnread, "rows/").Because(errors.New("no id: " + strconv.Quote(text)))
	}
	return id, nil
}
