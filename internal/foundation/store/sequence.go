package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// Unsequenced returns events that have no place in the log yet, by id, at most limit. Whether an event is among them does not depend on
// its id: a transaction that commits late has a lower id than events that were given their place before.
func (tx *Tx) Unsequenced(limit int) ([]Recorded, error) {
	return Collect(tx, scanEvent, eventColumns+` WHERE seq IS NULL ORDER BY id LIMIT ?`, limit)
}

// WaitingLeaves is what a sequencer needs of [Tx.Unsequenced]: each event's id and leaf.
func (tx *Tx) WaitingLeaves(limit int) (ids []ID, leaves [][]byte, err error) {
	err = tx.Each(func(s Scanner) error {
		var id ID
		var leaf []byte
		err := s.Scan(&id, &leaf)
		ids, leaves = append(ids, id), append(leaves, leaf)
		return err
	}, `SELECT id, leaf FROM event WHERE seq IS NULL ORDER BY id LIMIT ?`, limit)
	return ids, leaves, err
}

// Sequence gives events the places first, first+1 and so on. It fails with [ErrStale] where one of them has a place already. The warrant is
// one that may write the table event.
func (tx *Tx) Sequence(first int64, events []ID) error {
	n, err := tx.Exec(tx.db.driver.sequence(), first, tx.db.driver.list(events))
	if err == nil && n != int64(len(events)) {
		return fault.New(fault.Stale, ErrStale, "event")
	}
	return err
}

// Sequenced returns the events from a place on, in the order of the log, at most limit.
func (tx *Tx) Sequenced(from int64, limit int) ([]Recorded, error) {
	return Collect(tx, scanEvent, eventColumns+` WHERE seq >= ? ORDER BY seq LIMIT ?`, from, limit)
}

// Faithful reports whether the row still says what its leaf says: the columns that the leaf repeats, and each personal text that was not
// erased.
func (r *Recorded) Faithful() bool {
	var leaf struct {
		ID, At, Kind, Actor, Agency, Method, Object string
		Data                                        map[string]json.RawMessage
	}
	if json.Unmarshal(r.Leaf, &leaf) != nil {
		return false
	}
	id := func(i ID) string { return strconv.FormatInt(int64(i), 10) }
	if leaf.ID != id(r.ID) || leaf.At != stamp(r.At) || leaf.Kind != r.Kind || leaf.Actor != id(r.Actor) || leaf.Agency != id(r.Agency) ||
		leaf.Method != r.Method || leaf.Object != id(r.Object) {
		return false
	}
	for name, d := range r.disclosed {
		var logged struct {
			SHA256 string `json:"sha256"`
		}
		h := sha256.Sum256(append(bytes.Clone(d.Salt), d.Value...))
		if json.Unmarshal(leaf.Data[name], &logged) != nil || logged.SHA256 != base64.StdEncoding.EncodeToString(h[:]) {
			return false
		}
	}
	return true
}
