package org

import (
	"slices"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// maxDepth is how many nodes may stand above one: a province's tree has some five.
const maxDepth = 12

// fits holds a version to what others say: where it stands, and that its codes are its own.
func fits(tx *store.Tx, id, agency store.ID, v Version[Facts]) error {
	if v.Facts.Parent != 0 {
		if err := placeFits(tx, id, agency, v); err != nil {
			return err
		}
	}
	for _, c := range []struct{ field, value, query string }{
		{"code13", v.Facts.Code13, `SELECT node FROM org_node_fact WHERE code13 = ? AND code13 <> '' AND node <> ? AND since < ? AND until > ? AND replaced IS NULL LIMIT 1`},
		{"code35", v.Facts.Code35, `SELECT node FROM org_node_fact WHERE code35 = ? AND code35 <> '' AND node <> ? AND since < ? AND until > ? AND replaced IS NULL LIMIT 1`},
	} {
		if c.value == "" {
			continue
		}
		_, err := store.One[store.ID](tx, c.query, c.value, id, v.Until, v.Since)
		switch taken, err := store.Found(err); {
		case err != nil:
			return err
		case taken:
			return fault.New(fault.Conflict, ErrFacts, v.Facts.Name).Field(c.field, ErrCodeTaken, fault.Arg{Name: "code", Value: c.value})
		}
	}
	return nil
}

// placeFits: a body stands below a body, a unit below its agency or another unit of it; what it stands below is there all that time, and
// is not below it.
func placeFits(tx *store.Tx, id, agency store.ID, v Version[Facts]) error {
	above, _, err := identity(tx, v.Facts.Parent)
	if err != nil {
		return noParent(err, v.Facts.Name)
	}
	if internal := agency != id; internal && above != agency || !internal && above != v.Facts.Parent {
		return wrongParent(v.Facts.Name, ErrParent)
	}
	there, err := believedNode(tx, v.Facts.Parent)
	if err != nil {
		return err
	}
	if first, last := there[0].Since, there[len(there)-1].Until; v.Since.Before(first) || v.Until.After(last) {
		return wrongParent(v.Facts.Name, ErrParent)
	}
	return climb(tx, id, v.Facts.Parent, v.Facts.Name, v.Since, v.Until, 1)
}

// climb goes up from a node through all places that it has between two times, and refuses to come by start or too far.
func climb(tx *store.Tx, start, node store.ID, name string, since, until time.Time, steps int) error {
	switch {
	case node == start:
		return wrongParent(name, ErrCircle)
	case steps > maxDepth:
		return wrongParent(name, ErrDeep)
	}
	places, err := believedNode(tx, node)
	if err != nil {
		return err
	}
	var done []store.ID
	for _, p := range places {
		from, to := clock.Later(p.Since, since), p.Until
		if until.Before(to) {
			to = until
		}
		if p.Facts.Parent == 0 || !from.Before(to) || slices.Contains(done, p.Facts.Parent) {
			continue
		}
		done = append(done, p.Facts.Parent)
		if err := climb(tx, start, p.Facts.Parent, name, since, until, steps+1); err != nil {
			return err
		}
	}
	return nil
}

func believedNode(tx *store.Tx, id store.ID) ([]Version[Facts], error) {
	return store.Collect(tx, scanNodeFact, `SELECT `+nodeFacts+` FROM org_node_fact WHERE node = ? AND replaced IS NULL ORDER BY since LIMIT ?`, id, maxVersions)
}

func wrongParent(name string, why codes.Code) error {
	return fault.New(fault.Invalid, ErrFacts, name).Field("parent", why)
}

// noParent blames the field for a place that is not there, or out of reach.
func noParent(err error, name string) error {
	if fault.Is(err, fault.NotFound) {
		return wrongParent(name, ErrParent)
	}
	return err
}
