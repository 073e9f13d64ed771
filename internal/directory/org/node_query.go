package org

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Moment says in which times the directory is read. A zero time is now.
type Moment struct {
	// Valid is the day of which it is asked, Known the time at which it was believed.
	Valid, Known time.Time
}

func (m Moment) at(tx *store.Tx) Moment {
	if m.Valid.IsZero() {
		m.Valid = tx.Now()
	}
	if m.Known.IsZero() {
		m.Known = tx.Now()
	}
	return m
}

// believed is the condition on a fact of table f that it holds, and was believed, at a moment.
const believed = ` f.since <= ? AND f.until > ? AND f.recorded <= ? AND (f.replaced IS NULL OR f.replaced > ?)`

func (m Moment) args() []any { return []any{m.Valid, m.Valid, m.Known, m.Known} }

// maxChildren bounds what is shown below one node: a province has some hundred and thirty communes.
const maxChildren = 500

// Branch is a node in the tree with what stands below it.
type Branch struct {
	Node

	// Parted: something stands below it. Open: that is in Below, unless More, where there is too much of it.
	Parted, Open, More bool
	Below              []Branch
}

// view reads what everybody with an account may read.
func (s *Service) view(ctx context.Context, who auth.Actor, method string, f func(*store.Tx) error) error {
	w, err := s.auth.Warrant(ctx, who, "directory/org."+method)
	if err != nil {
		return err
	}
	return s.db.View(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(who.Account != 0); err != nil {
			return err
		}
		return f(tx)
	})
}

// Tree is the tree of agencies and units, open along the way to a node; without one, to the acting agency.
func (s *Service) Tree(ctx context.Context, who auth.Actor, open store.ID, m Moment) (tree []Branch, err error) {
	err = s.view(ctx, who, "Tree", func(tx *store.Tx) error {
		m := m.at(tx)
		if open == 0 {
			open = who.Agency
		}
		way, err := wayTo(tx, open, m)
		if err != nil {
			return err
		}
		ids := make([]store.ID, len(way))
		for i := range way {
			ids[i] = way[i].ID
		}
		tree, _, err = below(tx, 0, ids, m)
		return err
	})
	return tree, err
}

// below are the branches below a node, those on a way open.
func below(tx *store.Tx, parent store.ID, way []store.ID, m Moment) (out []Branch, more bool, err error) {
	out, err = children(tx, parent, m)
	if err != nil {
		return nil, false, err
	}
	if len(out) > maxChildren {
		out, more = out[:maxChildren], true
	}
	for i := range out {
		if b := &out[i]; b.Parted && slices.Contains(way, b.ID) {
			b.Open = true
			if b.Below, b.More, err = below(tx, b.ID, way, m); err != nil {
				return nil, false, err
			}
		}
	}
	return out, more, nil
}

// children are the nodes right below one, 0 for the top: units first, then bodies, each in the order of their names.
func children(tx *store.Tx, parent store.ID, m Moment) ([]Branch, error) {
	where, args := `f.parent IS NULL`, []any{}
	if parent != 0 {
		where, args = `f.parent = ?`, []any{parent}
	}
	out, err := store.Collect(tx, func(r store.Scanner) (b Branch, err error) {
		var parted int64
		err = r.Scan(&b.ID, &b.Agency, store.At(&b.Since), store.At(&b.Until), &b.Parent, &b.Kind, &b.Level, &b.Sector, &b.Name, &b.ShortName, &b.Notation, &b.OwnSeal, &parted)
		b.Parted = parted != 0
		return b, err
	}, `SELECT f.node, f.agency, f.since, f.until, f.parent, f.kind, f.level, f.sector, f.name, f.short_name, f.notation, f.own_seal,
		CASE WHEN EXISTS (SELECT 1 FROM org_node_fact f2 WHERE f2.parent = f.node AND f2.since <= ? AND f2.until > ? AND f2.recorded <= ? AND (f2.replaced IS NULL OR f2.replaced > ?)) THEN 1 ELSE 0 END
		FROM org_node_fact f WHERE `+where+` AND`+believed+` ORDER BY f.sort_key, f.node LIMIT ?`,
		append(append(append(m.args(), args...), m.args()...), maxChildren+1)...)
	slices.SortStableFunc(out, func(a, b Branch) int {
		switch {
		case a.Internal() == b.Internal():
			return 0
		case a.Internal():
			return -1
		}
		return 1
	})
	return out, err
}

// nodeAt is a node at a moment.
func nodeAt(tx *store.Tx, id store.ID, m Moment) (n Node, err error) {
	v, err := store.First(tx, scanNodeFact, `SELECT `+nodeFacts+` FROM org_node_fact f WHERE node = ? AND`+believed, append([]any{id}, m.args()...)...)
	if err != nil {
		return n, err
	}
	n = Node{ID: id, Since: v.Since, Until: v.Until, Facts: v.Facts}
	n.Agency, n.Event, err = identity(tx, id)
	return n, err
}

// wayTo are the nodes from the top to one, itself included; one that is not there at the moment has none.
func wayTo(tx *store.Tx, id store.ID, m Moment) (way []Node, err error) {
	for step := 0; id != 0 && step <= maxDepth; step++ {
		n, err := nodeAt(tx, id, m)
		switch there, err := store.Found(err); {
		case err != nil:
			return nil, err
		case !there:
			return way, nil
		}
		way, id = append([]Node{n}, way...), n.Parent
	}
	return way, nil
}

// Held is a post with the names that a page shows.
type Held struct {
	Post

	Name       string // the person's
	key        []byte
	AgencyName string
	UnitName   string
	Away       bool // the person is away today
}

// View is an agency or a unit as a page shows it.
type View struct {
	Node

	// There: it is there at the moment. Where not, the facts are the last that are known.
	There bool
	// First and Last are when it begins and ends, as it is believed at the moment.
	First, Last time.Time
	Way         []Node // from the top down to it
	Below       []Branch
	MoreBelow   bool
	Posts       []Held // at the moment's day, as believed now: the people of the whole body, or of the unit
	MorePosts   bool
	// History are all versions, youngest first; Names those of the nodes that they name, Events what recorded them.
	History []Version[Facts]
	Names   map[store.ID]string
	Events  map[store.ID]Trace
	// Manages: the reader may change it.
	Manages bool
	// Now is when it was read.
	Now time.Time
}

// Trace is who did something, and when.
type Trace struct {
	ID      store.ID // the event
	At      time.Time
	Account store.ID
	Name    string // "" for the house itself
	Kind    string
	From    time.Time // of a change: since when it holds
	Fields  []string
}

// maxHeld bounds the people that an agency's page shows; all are under /nguoi.
const maxHeld = 300

// Node is an agency or a unit at a moment, with its history.
func (s *Service) Node(ctx context.Context, who auth.Actor, id store.ID, m Moment) (v View, err error) {
	err = s.view(ctx, who, "Node", func(tx *store.Tx) (err error) {
		m := m.at(tx)
		v.Now = tx.Now()
		if v.Node, v.There, v.History, err = nodeOrLast(tx, id, m); err != nil {
			return err
		}
		known := slices.DeleteFunc(slices.Clone(v.History), func(x Version[Facts]) bool { return !x.believed(m.Known) })
		if known = ordered(known); len(known) > 0 {
			v.First, v.Last = known[0].Since, known[len(known)-1].Until
		}
		if v.There {
			if v.Way, err = wayTo(tx, v.Parent, m); err != nil {
				return err
			}
			if v.Below, v.MoreBelow, err = below(tx, id, nil, m); err != nil {
				return err
			}
		}
		if err := v.people(tx, m); err != nil {
			return err
		}
		ids := []store.ID{v.Agency, v.Parent}
		var events []store.ID
		for _, h := range v.History {
			ids, events = append(ids, h.Facts.Parent), append(events, h.Event, h.ReplacedBy)
		}
		if v.Names, err = NamesTx(tx, ids); err != nil {
			return err
		}
		v.Events, err = traces(tx, id, events)
		return err
	})
	if err == nil {
		v.Manages, err = s.manages(ctx, who, v.ID)
	}
	return v, err
}

// nodeOrLast is a node at a moment, or as it was last, and all its versions.
func nodeOrLast(tx *store.Tx, id store.ID, m Moment) (n Node, there bool, all []Version[Facts], err error) {
	if all, err = nodeVersions(tx, id); err != nil {
		return n, false, nil, err
	}
	if len(all) == 0 {
		return n, false, nil, missing()
	}
	slices.Reverse(all)
	v, there := At(all, m.Valid, m.Known)
	if !there {
		now := ordered(believedOf(all))
		v = now[len(now)-1]
	}
	n = Node{ID: id, Since: v.Since, Until: v.Until, Facts: v.Facts}
	n.Agency, n.Event, err = identity(tx, id)
	return n, there, all, err
}

// people fills in who holds posts there.
func (v *View) people(tx *store.Tx, m Moment) (err error) {
	column := `p.unit`
	if !v.Internal() {
		column = `p.agency`
	}
	v.Posts, err = store.Collect(tx, func(r store.Scanner) (h Held, err error) {
		return h, r.Scan(&h.ID, &h.Person, &h.Agency, &h.Unit, &h.Title, store.At(&h.Since), store.At(&h.Until), &h.Name, &h.key)
	}, `SELECT p.post, p.person, p.agency, p.unit, p.title, p.since, p.until, f.name, f.sort_key
		FROM org_post p JOIN org_person_fact f ON f.person = p.person AND f.replaced IS NULL AND f.since <= ? AND f.until > ?
		WHERE `+column+` = ? AND p.replaced IS NULL AND p.since <= ? AND p.until > ? LIMIT ?`, m.Valid, m.Valid, v.ID, m.Valid, m.Valid, maxHeld+1)
	if err != nil {
		return err
	}
	if len(v.Posts) > maxHeld {
		v.Posts, v.MorePosts = v.Posts[:maxHeld], true
	}
	slices.SortStableFunc(v.Posts, func(a, b Held) int { return bytes.Compare(a.key, b.key) })
	return nameHeld(tx, v.Posts)
}

// nameHeld fills in the names of places, and who is away today.
func nameHeld(tx *store.Tx, posts []Held) error {
	var ids []store.ID
	for _, p := range posts {
		ids = append(ids, p.Agency, p.Unit)
	}
	names, err := NamesTx(tx, ids)
	if err != nil {
		return err
	}
	for i := range posts {
		p := &posts[i]
		p.AgencyName, p.UnitName = names[p.Agency], names[p.Unit]
		if p.Away, err = store.Found(second(AbsenceTx(tx, p.Person, tx.Now()))); err != nil {
			return err
		}
	}
	return nil
}

func second[T any](_ T, err error) error { return err }

// maxTraces bounds how many events of one thing are looked through.
const maxTraces = 500

// traces are who caused events of an object.
func traces(tx *store.Tx, object store.ID, events []store.ID) (map[store.ID]Trace, error) {
	list, err := tx.History(object, 0, maxTraces)
	if err != nil {
		return nil, err
	}
	out := map[store.ID]Trace{}
	var accounts []store.ID
	for i := range list {
		if e := &list[i]; events == nil || slices.Contains(events, e.ID) {
			out[e.ID], accounts = traceIn(e), append(accounts, e.Actor)
		}
	}
	names, err := auth.NamesTx(tx, accounts)
	for id, t := range out {
		t.Name = names[t.Account]
		out[id] = t
	}
	return out, err
}

// traceIn is what an event says of itself.
func traceIn(e *store.Recorded) Trace {
	t := Trace{ID: e.ID, At: e.At, Account: e.Actor, Kind: e.Kind}
	data, err := e.Data()
	if err != nil {
		return t
	}
	if from, ok := data["from"].(string); ok {
		t.From, _ = time.Parse(time.RFC3339Nano, from) //nolint:errcheck // what is no time is none
	}
	names, _ := data["fields"].([]any)
	for _, n := range names {
		if s, ok := n.(string); ok {
			t.Fields = append(t.Fields, s)
		}
	}
	return t
}

// manages reports whether the reader manages the directory of an agency or a unit.
func (s *Service) manages(ctx context.Context, who auth.Actor, id store.ID) (bool, error) {
	if !who.May(auth.ManageDirectory) {
		return false, nil
	}
	w, err := s.auth.Warrant(ctx, who, "directory/org.Places")
	if err != nil {
		return false, err
	}
	return store.Found(s.db.View(ctx, w, func(tx *store.Tx) error { return tx.Over(id) }))
}

// Since are the events of a node or a person after the one that was seen, youngest first: who changed what meanwhile.
func (s *Service) since(ctx context.Context, who auth.Actor, object, seen store.ID) (out []Trace, err error) {
	err = s.view(ctx, who, "Node", func(tx *store.Tx) error {
		all, err := traces(tx, object, nil)
		for id, t := range all {
			if id > seen {
				out = append(out, t)
			}
		}
		slices.SortFunc(out, func(a, b Trace) int { return b.At.Compare(a.At) })
		return err
	})
	return out, err
}

// maxPlaces bounds what a form offers to choose from.
const maxPlaces = 2000

// Places are the agencies and units whose directory the reader manages, as they are on a day: each agency before its units.
func (s *Service) Places(ctx context.Context, who auth.Actor, at time.Time) (out []Node, err error) {
	w, err := s.auth.Warrant(ctx, who, "directory/org.Places")
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		if at.IsZero() {
			at = tx.Now()
		}
		within, args := tx.Within("f.node")
		out, err = store.Collect(tx, func(r store.Scanner) (n Node, err error) {
			return n, r.Scan(&n.ID, &n.Agency, &n.Parent, &n.Kind, &n.Level, &n.Name, &n.ShortName)
		}, `SELECT f.node, f.agency, f.parent, f.kind, f.level, f.name, f.short_name FROM org_node_fact f
			WHERE f.replaced IS NULL AND f.since <= ? AND f.until > ? AND `+within+` LIMIT ?`, append(append([]any{at, at}, args...), maxPlaces)...)
		return err
	})
	keys := map[store.ID][]byte{}
	for _, n := range out {
		keys[n.ID] = i18n.SortKey(n.Name)
	}
	slices.SortFunc(out, func(a, b Node) int {
		if a.Agency != b.Agency {
			if c := bytes.Compare(keys[a.Agency], keys[b.Agency]); c != 0 {
				return c
			}
			return int(min(1, max(-1, a.Agency-b.Agency)))
		}
		switch {
		case a.Internal() == b.Internal():
			return bytes.Compare(keys[a.ID], keys[b.ID])
		case a.Internal():
			return 1
		}
		return -1
	})
	return out, err
}
