package org

import (
	"math"
	"slices"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

// maxVersions bounds what is read of one thing's timeline.
const maxVersions = 2000

const nodeFacts = `id, since, until, recorded, replaced, basis, event, replaced_by,
	parent, kind, level, sector, name, short_name, notation, own_seal, code13, code35, tax_code, budget_code, address, email, phone`

func scanNodeFact(r store.Scanner) (v Version[Facts], err error) {
	f := &v.Facts
	return v, r.Scan(&v.Row, store.At(&v.Since), store.At(&v.Until), store.At(&v.Recorded), store.At(&v.Replaced), &v.Basis, &v.Event, &v.ReplacedBy,
		&f.Parent, &f.Kind, &f.Level, &f.Sector, &f.Name, &f.ShortName, &f.Notation, &f.OwnSeal, &f.Code13, &f.Code35, &f.TaxCode, &f.BudgetCode,
		&f.Address, &f.Email, &f.Phone)
}

// nodeVersions are all versions of a node, those that are believed no longer included, in the order in which they were recorded.
func nodeVersions(tx *store.Tx, id store.ID) ([]Version[Facts], error) {
	return store.Collect(tx, scanNodeFact, `SELECT `+nodeFacts+` FROM org_node_fact WHERE node = ? ORDER BY recorded, id LIMIT ?`, id, maxVersions)
}

// identity is the row of a node: its agency and the event that last changed it.
func identity(tx *store.Tx, id store.ID) (agency, event store.ID, err error) {
	err = one(tx, `SELECT agency, event FROM org_node WHERE id = ?`, []any{id}, &agency, &event)
	return agency, event, err
}

// one scans the first row; none is not found.
func one(tx *store.Tx, query string, args []any, dest ...any) error {
	_, err := store.First(tx, func(r store.Scanner) (struct{}, error) { return struct{}{}, r.Scan(dest...) }, query, args...)
	return err
}

// clockOf is when a revision is recorded: now, or the moment of the last one where another machine's clock was ahead of this one, so that
// recorded times never go back.
func clockOf[T comparable](now time.Time, all []Version[T]) time.Time {
	for _, v := range all {
		for _, t := range []time.Time{v.Recorded, v.Replaced} {
			if t.After(now) {
				now = t
			}
		}
	}
	return now
}

// believedOf are the versions that are believed now.
func believedOf[T comparable](all []Version[T]) (out []Version[T]) {
	for _, v := range all {
		if v.Replaced.IsZero() {
			out = append(out, v)
		}
	}
	return out
}

// writeNode writes a revision and tells auth where the node stands from its first changed day on.
func writeNode(tx *store.Tx, id, agency store.ID, all []Version[Facts], r revision[Facts], event store.ID) error {
	at := clockOf(tx.Now(), all)
	for _, v := range r.gone {
		if err := tx.Change(`UPDATE org_node_fact SET replaced = ?, replaced_by = ? WHERE id = ? AND replaced IS NULL`, at, event, v.Row); err != nil {
			return err
		}
	}
	for _, v := range r.come {
		f := &v.Facts
		_, err := tx.Exec(`INSERT INTO org_node_fact (id, node, agency, since, until, recorded, replaced, basis, event, replaced_by,
			parent, kind, level, sector, name, sort_key, short_name, notation, own_seal, code13, code35, tax_code, budget_code, address, email, phone)
			VALUES (?, ?, ?, ?, ?, ?, NULL, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			tx.NewID(), id, agency, v.Since, v.Until, at, v.Basis, event,
			f.Parent, f.Kind, f.Level, f.Sector, f.Name, i18n.SortKey(f.Name), f.ShortName, f.Notation, f.OwnSeal, f.Code13, f.Code35, f.TaxCode, f.BudgetCode,
			f.Address, f.Email, f.Phone)
		if err != nil {
			return err
		}
	}
	before := believedOf(all)
	after := slices.DeleteFunc(slices.Clone(before), func(v Version[Facts]) bool {
		return slices.ContainsFunc(r.gone, func(g Version[Facts]) bool { return g.Row == v.Row })
	})
	return place(tx, id, agency != id, stands(before), stands(append(after, r.come...)))
}

// standing is where a node stands in a time.
type standing struct {
	parent       store.ID
	since, until int64
}

// stands is where a node stands, in order.
func stands(vs []Version[Facts]) (out []standing) {
	for _, v := range ordered(vs) {
		s := standing{v.Facts.Parent, store.Micros(v.Since), store.Micros(v.Until)}
		if last := len(out) - 1; last >= 0 && out[last].parent == s.parent && out[last].until == s.since {
			out[last].until = s.until
			continue
		}
		out = append(out, s)
	}
	return out
}

// place tells auth where a node stands, from the first time on at which that is another place than before.
func place(tx *store.Tx, id store.ID, internal bool, before, after []standing) error {
	if slices.Equal(before, after) {
		return nil
	}
	i := 0
	for i < len(before) && i < len(after) && before[i] == after[i] {
		i++
	}
	from := int64(math.MaxInt64)
	for _, s := range slices.Concat(before[i:], after[i:]) {
		from = min(from, s.since)
	}
	if i < len(before) && i < len(after) && before[i].parent == after[i].parent && before[i].since == after[i].since {
		from = min(before[i].until, after[i].until) // it only ends elsewhere
	}
	for _, s := range after[i:] {
		if s.until <= from {
			continue
		}
		if err := auth.PlaceTx(tx, id, s.parent, internal, store.FromMicros(max(s.since, from))); err != nil {
			return err
		}
	}
	if end := after[len(after)-1].until; end < store.Micros(store.Forever) {
		return auth.PlaceTx(tx, id, 0, internal, store.FromMicros(end))
	}
	return nil
}

// NodeTx is an agency or a unit as it is at a time, as it is believed now. What is not there then is not found.
func NodeTx(tx *store.Tx, id store.ID, at time.Time) (n Node, err error) {
	v, err := store.First(tx, scanNodeFact, `SELECT `+nodeFacts+` FROM org_node_fact WHERE node = ? AND since <= ? AND until > ? AND replaced IS NULL`, id, at, at)
	if err != nil {
		return n, err
	}
	n = Node{ID: id, Since: v.Since, Until: v.Until, Facts: v.Facts}
	n.Agency, n.Event, err = identity(tx, id)
	return n, err
}

// AgencyTx is an agency as it is at a time. What is a unit, or not there then, is not found.
func AgencyTx(tx *store.Tx, id store.ID, at time.Time) (Node, error) {
	n, err := NodeTx(tx, id, at)
	if err == nil && n.Internal() {
		return n, missing()
	}
	return n, err
}

// UnitTx is a unit inside an agency as it is at a time.
func UnitTx(tx *store.Tx, id store.ID, at time.Time) (Node, error) {
	n, err := NodeTx(tx, id, at)
	if err == nil && !n.Internal() {
		return n, missing()
	}
	return n, err
}

// missing answers as the store does for what lies out of reach: nobody learns which.
func missing() error { return fault.New(fault.NotFound, store.ErrNotFound, "") }

// NamesTx are the names of agencies and units now, by their ids; of one that is over, the last one it had.
func NamesTx(tx *store.Tx, ids []store.ID) (map[store.ID]string, error) {
	out := make(map[store.ID]string, len(ids))
	now := store.Micros(tx.Now())
	for _, id := range ids {
		if _, done := out[id]; done || id == 0 {
			continue
		}
		name, err := store.One[string](tx, `SELECT name FROM org_node_fact WHERE node = ? AND replaced IS NULL
			ORDER BY CASE WHEN since <= ? THEN 0 ELSE 1 END, since DESC LIMIT 1`, id, now)
		switch known, err := store.Found(err); {
		case err != nil:
			return nil, err
		case known:
			out[id] = name
		}
	}
	return out, nil
}

const personFacts = `id, since, until, recorded, replaced, basis, event, replaced_by, agency, name, email, phone`

func scanPersonFact(r store.Scanner) (v Version[PersonFacts], err error) {
	f := &v.Facts
	return v, r.Scan(&v.Row, store.At(&v.Since), store.At(&v.Until), store.At(&v.Recorded), store.At(&v.Replaced), &v.Basis, &v.Event, &v.ReplacedBy,
		&f.Agency, &f.Name, &f.Email, &f.Phone)
}

func personVersions(tx *store.Tx, id store.ID) ([]Version[PersonFacts], error) {
	return store.Collect(tx, scanPersonFact, `SELECT `+personFacts+` FROM org_person_fact WHERE person = ? ORDER BY recorded, id LIMIT ?`, id, maxVersions)
}

func writePerson(tx *store.Tx, id store.ID, all []Version[PersonFacts], r revision[PersonFacts], event store.ID) error {
	at := clockOf(tx.Now(), all)
	for _, v := range r.gone {
		if err := tx.Change(`UPDATE org_person_fact SET replaced = ?, replaced_by = ? WHERE id = ? AND replaced IS NULL`, at, event, v.Row); err != nil {
			return err
		}
	}
	for _, v := range r.come {
		f := &v.Facts
		full, byGiven := searched(f.Name)
		_, err := tx.Exec(`INSERT INTO org_person_fact (id, person, since, until, recorded, replaced, basis, event, replaced_by,
			agency, name, given, sort_key, searched, searched_given, email, phone) VALUES (?, ?, ?, ?, ?, NULL, ?, ?, NULL, ?, ?, ?, ?, ?, ?, ?, ?)`,
			tx.NewID(), id, v.Since, v.Until, at, v.Basis, event, f.Agency, f.Name, f.Given(), i18n.PersonKey(f.Name), full, byGiven, f.Email, f.Phone)
		if err != nil {
			return err
		}
	}
	return nil
}

// PersonTx is a person as they are at a time, as it is believed now.
func PersonTx(tx *store.Tx, id store.ID, at time.Time) (p Person, err error) {
	v, err := store.First(tx, scanPersonFact, `SELECT `+personFacts+` FROM org_person_fact WHERE person = ? AND since <= ? AND until > ? AND replaced IS NULL`, id, at, at)
	if err != nil {
		return p, err
	}
	p = Person{ID: id, Since: v.Since, Until: v.Until, PersonFacts: v.Facts}
	p.Event, err = store.One[store.ID](tx, `SELECT event FROM org_person WHERE id = ?`, id)
	return p, err
}

// maxPosts bounds the posts of one person.
const maxPosts = 200

const selectPost = `SELECT post, person, agency, unit, title, since, until, basis FROM org_post WHERE replaced IS NULL`

func scanPost(r store.Scanner) (p Post, err error) {
	return p, r.Scan(&p.ID, &p.Person, &p.Agency, &p.Unit, &p.Title, store.At(&p.Since), store.At(&p.Until), &p.Basis)
}

// PostsTx are the posts that a person holds at a time, the oldest first.
func PostsTx(tx *store.Tx, person store.ID, at time.Time) ([]Post, error) {
	return store.Collect(tx, scanPost, selectPost+` AND person = ? AND since <= ? AND until > ? ORDER BY since, post LIMIT ?`, person, at, at, maxPosts)
}

const selectAbsence = `SELECT id, person, substitute, since, until FROM org_absence WHERE replaced IS NULL`

func scanAbsence(r store.Scanner) (a Absence, err error) {
	return a, r.Scan(&a.ID, &a.Person, &a.Substitute, store.At(&a.Since), store.At(&a.Until))
}

// AbsenceTx is a person's absence at a time; who is there is not found.
func AbsenceTx(tx *store.Tx, person store.ID, at time.Time) (Absence, error) {
	return store.First(tx, scanAbsence, selectAbsence+` AND person = ? AND since <= ? AND until > ?`, person, at, at)
}
