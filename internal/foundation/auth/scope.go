package auth

import (
	"math"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/store"
)

// reaches are places in the tree of agencies, each with how far it goes from there.
type reaches []reach

type reach struct {
	from store.ID
	far  Reach
}

func (rs reaches) add(from store.ID, far Reach) reaches {
	for i := range rs {
		if rs[i].from == from {
			rs[i].far = max(rs[i].far, far)
			return rs
		}
	}
	return append(rs, reach{from, far})
}

// Covers implements [store.Reach].
func (rs reaches) Covers(tx *store.Tx, agency store.ID) (bool, error) {
	for _, r := range rs {
		if r.from == agency && agency != 0 {
			return true, nil
		}
	}
	condition, args := rs.below(tx, "?", agency)
	if condition == "" {
		return false, nil
	}
	return store.Exists(tx, `SELECT 1 FROM scope reached WHERE `+condition, args...)
}

// Within implements [store.Reach]. The column is named with its table.
func (rs reaches) Within(tx *store.Tx, column string) (string, []any) {
	parts, args := []string{}, []any{}
	for _, r := range rs {
		parts, args = append(parts, column+` = ?`), append(args, r.from)
	}
	if condition, more := rs.below(tx, column); condition != "" {
		parts, args = append(parts, `EXISTS (SELECT 1 FROM scope reached WHERE `+condition+`)`), append(args, more...)
	}
	return `(` + strings.Join(parts, ` OR `) + `)`, args
}

// below is the condition on table scope that a descendant is reached through it; "" where nothing below is.
func (rs reaches) below(tx *store.Tx, descendant string, arg ...any) (string, []any) {
	var parts []string
	args := arg
	for _, r := range rs {
		switch r.far {
		case Agency:
			continue
		case Units:
			parts = append(parts, `(reached.ancestor = ? AND reached.internal = 1)`)
		case Subordinates:
			parts = append(parts, `reached.ancestor = ?`)
		}
		args = append(args, r.from)
	}
	if parts == nil {
		return "", nil
	}
	now := store.Micros(tx.Now())
	return `reached.descendant = ` + descendant + ` AND (` + strings.Join(parts, ` OR `) + `) AND reached.since <= ? AND reached.until > ?`,
		append(args, now, now)
}

// PlaceTx sets a node of the tree below a parent (0: at the top) from a time on, with all that is below it. internal means that it is a
// unit inside the parent's agency, not a body of its own. What stood before, stands until then.
func PlaceTx(tx *store.Tx, node, parent store.ID, internal bool, from time.Time) error {
	at := store.Micros(from)
	below, err := placesTx(tx, `SELECT descendant, internal, since, until FROM scope WHERE ancestor = ? AND until > ?`, node, at)
	if err != nil {
		return err
	}
	above, err := placesTx(tx, ancestors, parent, at)
	if err != nil {
		return err
	}
	before, err := placesTx(tx, ancestors, node, at)
	if err != nil {
		return err
	}
	below = append(below, place{node, true, math.MinInt64, store.Micros(store.Forever)})
	for _, a := range before {
		for _, d := range below {
			if since, until := both(a, d, at); since < until {
				if err := endTx(tx, a.id, d.id, since, until); err != nil {
					return err
				}
			}
		}
	}
	if parent == 0 {
		return nil
	}
	for _, a := range append(above, place{parent, true, math.MinInt64, store.Micros(store.Forever)}) {
		for _, d := range below {
			since, until := both(a, d, at)
			if since >= until {
				continue
			}
			_, err := tx.Exec(`INSERT INTO scope (ancestor, descendant, internal, since, until) VALUES (?, ?, ?, ?, ?)`,
				a.id, d.id, a.internal && d.internal && internal, since, until)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

const ancestors = `SELECT ancestor, internal, since, until FROM scope WHERE descendant = ? AND until > ?`

// endTx ends what stands between two times.
func endTx(tx *store.Tx, ancestor, descendant store.ID, since, until int64) error {
	_, err := tx.Exec(`DELETE FROM scope WHERE ancestor = ? AND descendant = ? AND since >= ? AND since < ?`, ancestor, descendant, since, until)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE scope SET until = ? WHERE ancestor = ? AND descendant = ? AND since < ? AND until > ?`,
		since, ancestor, descendant, since, since)
	return err
}

// place is one row, seen from one of its ends.
type place struct {
	id           store.ID
	internal     bool
	since, until int64
}

// both is when two places hold, from a time on.
func both(a, d place, at int64) (since, until int64) {
	return max(a.since, d.since, at), min(a.until, d.until)
}

func placesTx(tx *store.Tx, query string, args ...any) ([]place, error) {
	return store.Collect(tx, func(s store.Scanner) (p place, err error) {
		return p, s.Scan(&p.id, &p.internal, &p.since, &p.until)
	}, query, args...)
}
