package auth

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// node is an agency, or a unit inside one.
type node struct {
	id   store.ID
	body store.ID // the agency: itself, unless it is a unit
	name string
}

type nodes []node

const maxNodes = 2000 // a province has some two hundred bodies, and their units

// nodes are the agencies and units within one's reach, each agency before its units, in the order of their names.
func (s *Service) nodes(ctx context.Context, who Actor) (list nodes, err error) {
	w, err := s.Warrant(ctx, who, "foundation/auth.Accounts")
	if err != nil {
		return nil, err
	}
	mine, _ := who.reach(ManageAccounts)
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(true); err != nil { // it reads what the reach itself holds
			return err
		}
		bodies := map[store.ID]store.ID{}
		for _, r := range mine {
			if bodies[r.from], err = bodyTx(tx, r.from); err != nil {
				return err
			}
		}
		if err := mine.eachBelowTx(tx, bodies); err != nil {
			return err
		}
		ids := make([]store.ID, 0, len(bodies))
		for id := range bodies {
			ids = append(ids, id)
		}
		names, err := s.names(tx, ids)
		for _, id := range ids {
			list = append(list, node{id, bodies[id], cmp.Or(names[id], id.Text("agy"))})
		}
		return err
	})
	list.sort()
	return list, err
}

// eachBelowTx adds what lies below the places, each with its body.
func (rs reaches) eachBelowTx(tx *store.Tx, bodies map[store.ID]store.ID) error {
	condition, args := rs.below(tx, "reached.descendant")
	if condition == "" {
		return nil
	}
	now := store.Micros(tx.Now())
	units := map[store.ID][]store.ID{} // a unit's ancestors inside its agency
	err := tx.Each(func(r store.Scanner) error {
		var id, inside store.ID
		err := r.Scan(&id, &inside)
		bodies[id] = id
		if inside != 0 {
			units[id] = append(units[id], inside)
		}
		return err
	}, `SELECT reached.descendant, inside.ancestor FROM scope reached
		LEFT JOIN scope inside ON inside.descendant = reached.descendant AND inside.internal = 1 AND inside.since <= ? AND inside.until > ?
		WHERE `+condition+` LIMIT ?`, append(append([]any{now, now}, args...), 4*maxNodes)...)
	for id, above := range units {
		for _, a := range above {
			if units[a] == nil { // the one that is no unit itself
				bodies[id] = a
			}
		}
	}
	return err
}

// bodyTx is the agency that a node belongs to: itself, unless it is a unit.
func bodyTx(tx *store.Tx, id store.ID) (store.ID, error) {
	now := store.Micros(tx.Now())
	body, err := store.One[store.ID](tx, `SELECT ancestor FROM scope WHERE descendant = ? AND internal = 1 AND since <= ? AND until > ?
		AND NOT EXISTS (SELECT 1 FROM scope above WHERE above.descendant = scope.ancestor AND above.internal = 1 AND above.since <= ? AND above.until > ?) LIMIT 1`,
		id, now, now, now, now)
	if err := ignoreNone(err); err != nil {
		return 0, err
	}
	return cmp.Or(body, id), nil
}

func (ns nodes) sort() {
	keys := map[store.ID][]byte{}
	for _, n := range ns {
		keys[n.id] = i18n.SortKey(n.name)
	}
	slices.SortFunc(ns, func(a, b node) int {
		if a.body != b.body {
			return bytes.Compare(keys[a.body], keys[b.body])
		}
		if (a.id == a.body) != (b.id == b.body) {
			return map[bool]int{true: -1, false: 1}[a.id == a.body]
		}
		return bytes.Compare(keys[a.id], keys[b.id])
	})
}

func (ns nodes) name(id store.ID) string {
	for _, n := range ns {
		if n.id == id {
			return n.name
		}
	}
	return id.Text("agy")
}

// choices are the agencies to choose from, with their units where those can be meant.
func (ns nodes) choices(units bool) (list []web.Choice) {
	for _, n := range ns {
		switch {
		case n.id == n.body:
			list = append(list, web.Choice{Value: n.id.Text("agy"), Name: n.name})
		case units:
			list = append(list, web.Choice{Value: n.id.Text("agy"), Name: ns.name(n.body) + " – " + n.name})
		}
	}
	return list
}

// named are the names of agencies and units that something the reader may see refers to.
func (s *Service) named(ctx context.Context, ids []store.ID) (names map[store.ID]string, err error) {
	err = s.db.View(ctx, s.System("foundation/auth.names"), func(tx *store.Tx) error {
		names, err = s.names(tx, ids)
		return err
	})
	return names, err
}
