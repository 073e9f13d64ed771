package org

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Policy says who may use this package's methods.
var Policy = auth.Policy{
	"directory/org.Make":       {Needs: auth.ManageDirectory, Decides: "what it is to stand below"},
	"directory/org.Change":     {Needs: auth.ManageDirectory, Decides: "the agency or unit, and what it is to stand below"},
	"directory/org.End":        {Needs: auth.ManageDirectory, Decides: "the agency or unit"},
	"directory/org.Tree":       {SignedIn: true, Decides: "everybody with an account"},
	"directory/org.Node":       {SignedIn: true, Decides: "everybody with an account"},
	"directory/org.Places":     {Needs: auth.ManageDirectory, Decides: "the agencies in reach"},
	"directory/org.MakePerson": {Needs: auth.ManageDirectory, Decides: "the agency that is to keep the record"},
	"directory/org.ChangePerson": {
		Needs: auth.ManageDirectory, Decides: "the agency that keeps the record, and the one that is to",
	},
	"directory/org.EndPerson":       {Needs: auth.ManageDirectory, Decides: "the agency that keeps the record"},
	"directory/org.SetPrivate":      {Needs: auth.ManageDirectory, Decides: "the agency that keeps the record"},
	"directory/org.Reveal":          {Needs: auth.ManageDirectory, Decides: "the agency that keeps the record"},
	"directory/org.GivePost":        {Needs: auth.ManageDirectory, Decides: "the post's agency"},
	"directory/org.EndPost":         {Needs: auth.ManageDirectory, Decides: "the post's agency"},
	"directory/org.SetAbsence":      {Needs: auth.ManageDirectory, Decides: "the agency that keeps the record, or one where the person holds a post"},
	"directory/org.WithdrawAbsence": {Needs: auth.ManageDirectory, Decides: "the agency that keeps the record, or one where the person holds a post"},
	"directory/org.SetOwnAbsence":   {SignedIn: true, Decides: "oneself"},
	"directory/org.People":          {SignedIn: true, Decides: "everybody with an account"},
	"directory/org.Person":          {SignedIn: true, Decides: "everybody with an account"},
	"directory/org.WithdrawOwnAbsence": {
		SignedIn: true, Decides: "oneself",
	},
}

// Service keeps the directory. It may be used concurrently.
type Service struct {
	db   *store.DB
	auth *auth.Service
}

// New makes it.
func New(db *store.DB, a *auth.Service) *Service { return &Service{db, a} }

// Done is what a command led to: the thing, and the event that is its version from now on.
type Done struct{ ID, Event store.ID }

// do runs a command.
func (s *Service) do(ctx context.Context, who auth.Actor, method string, f func(*store.Tx) (Done, error)) (d Done, err error) {
	w, err := s.auth.Warrant(ctx, who, "directory/org."+method)
	if err != nil {
		return d, err
	}
	err = s.db.Do(ctx, w, func(tx *store.Tx) (err error) {
		d, err = f(tx)
		return err
	})
	return d, err
}

// NewNode is an agency or a unit to be made.
type NewNode struct {
	Facts

	// Internal makes it a unit inside the agency of its parent.
	Internal bool
	From     time.Time
	Basis    string // the decision
}

// Make makes an agency or a unit. Its day may be past or to come.
func (s *Service) Make(ctx context.Context, who auth.Actor, n NewNode) (Done, error) {
	return s.do(ctx, who, "Make", func(tx *store.Tx) (Done, error) {
		if err := tx.Over(n.Parent); err != nil {
			return Done{}, err
		}
		return MakeTx(tx, n)
	})
}

// Tables are what the warrant has to write under which a house makes its first agency, which stands below nothing ([MakeTx]).
var Tables = []string{"org_node", "org_node_fact", "scope"}

// MakeTx is [Service.Make] in the caller's transaction: it has checked that this is allowed. It alone makes what stands at the top.
func MakeTx(tx *store.Tx, n NewNode) (d Done, err error) {
	n.tidy()
	n.Basis = i18n.Line(n.Basis)
	if err := checkDay("from", n.From); err != nil {
		return d, err
	}
	from := Day(n.From)
	if err := n.check(n.Internal, from); err != nil {
		return d, err
	}
	d.ID = tx.NewID()
	agency := d.ID
	if n.Internal {
		if agency, _, err = identity(tx, n.Parent); err != nil {
			return d, noParent(err, n.Name)
		}
	}
	v := Version[Facts]{Facts: n.Facts, Since: from, Until: store.Forever, Basis: n.Basis}
	if err := fits(tx, d.ID, agency, v); err != nil {
		return d, err
	}
	d.Event = tx.Record(Made{Node: d.ID, Agency: agency, Parent: n.Parent, Name: n.Name, From: from, Basis: n.Basis})
	if _, err := tx.Exec(`INSERT INTO org_node (id, agency, event) VALUES (?, ?, ?)`, d.ID, agency, d.Event); err != nil {
		return d, err
	}
	return d, writeNode(tx, d.ID, agency, nil, revision[Facts]{come: []Version[Facts]{v}}, d.Event)
}

// Change is what is to be so of an agency or a unit from a day on.
type Change struct {
	// Facts are all of them, as they are to be on that day. What differs from what is believed of that day is the change.
	Facts

	From  time.Time
	Basis string
}

// Change changes an agency or a unit from a day on, past or to come. seen is the event that its reader saw last.
func (s *Service) Change(ctx context.Context, who auth.Actor, id, seen store.ID, c Change) (Done, error) {
	return s.do(ctx, who, "Change", func(tx *store.Tx) (d Done, err error) {
		d.ID = id
		if err := tx.Over(id); err != nil {
			return d, err
		}
		c.tidy()
		c.Basis = i18n.Line(c.Basis)
		if err := checkDay("from", c.From); err != nil {
			return d, err
		}
		from := Day(c.From)
		agency, _, err := identity(tx, id)
		if err != nil {
			return d, err
		}
		all, err := nodeVersions(tx, id)
		if err != nil {
			return d, err
		}
		now := ordered(believedOf(all))
		base, err := baseOf(now, from)
		if err != nil {
			return d, err
		}
		if err := c.check(agency != id, from); err != nil {
			return d, err
		}
		if c.Parent != base.Parent && c.Parent != 0 {
			if err := tx.Over(c.Parent); err != nil {
				return d, noParent(err, c.Name)
			}
		}
		if c.Parent == 0 && base.Parent != 0 { // what leaves every reach would be nobody's
			return d, fault.New(fault.Invalid, ErrFacts, c.Name).Field("parent", ErrParent)
		}
		r := revise(now, from, c.Facts, c.Basis)
		if len(r.come) == 0 {
			return d, fault.New(fault.Invalid, ErrSame, c.Name)
		}
		for _, v := range r.come {
			if err := fits(tx, id, agency, v); err != nil {
				return d, err
			}
		}
		d.Event = tx.Record(Changed{Node: id, From: from, Fields: changedFields(base, c.Facts), Basis: c.Basis})
		if err := touch(tx, "org_node", id, seen, d.Event); err != nil {
			return d, err
		}
		return d, writeNode(tx, id, agency, all, r, d.Event)
	})
}

// End says that an agency or a unit is no longer from a day on. What still depends on it on that day has to be ended or moved before.
func (s *Service) End(ctx context.Context, who auth.Actor, id, seen store.ID, on time.Time, basis string) (Done, error) {
	return s.do(ctx, who, "End", func(tx *store.Tx) (d Done, err error) {
		d.ID = id
		if err := tx.Over(id); err != nil {
			return d, err
		}
		if err := checkDay("on", on); err != nil {
			return d, err
		}
		on, basis = Day(on), i18n.Line(basis)
		agency, _, err := identity(tx, id)
		if err != nil {
			return d, err
		}
		all, err := nodeVersions(tx, id)
		if err != nil {
			return d, err
		}
		now := ordered(believedOf(all))
		name := now[len(now)-1].Facts.Name
		if !on.After(now[0].Since) {
			return d, fault.New(fault.Invalid, ErrFacts, name).Field("on", ErrBefore, fault.Arg{Name: "day", Value: i18n.Date(now[0].Since)})
		}
		if err := holdsNothing(tx, id, name, on); err != nil {
			return d, err
		}
		r := end(now, on)
		if len(r.come) == 0 {
			return d, fault.New(fault.Invalid, ErrSame, name)
		}
		for i := range r.come {
			if err := fits(tx, id, agency, r.come[i]); err != nil {
				return d, err
			}
			if r.come[i].Until.Equal(on) && basis != "" {
				r.come[i].Basis = basis
			}
		}
		d.Event = tx.Record(Ended{Node: id, On: on, Basis: basis})
		if err := touch(tx, "org_node", id, seen, d.Event); err != nil {
			return d, err
		}
		return d, writeNode(tx, id, agency, all, r, d.Event)
	})
}

// baseOf is what is believed of the day from which a change is to be, or of the first day where that comes later.
func baseOf[T comparable](now []Version[T], from time.Time) (base T, err error) {
	last := now[len(now)-1]
	if !from.Before(last.Until) {
		return base, fault.New(fault.Invalid, ErrFacts, "").Field("from", ErrEnded, fault.Arg{Name: "day", Value: i18n.Date(last.Until)})
	}
	if from.Before(now[0].Since) {
		return now[0].Facts, nil
	}
	v, _ := At(now, from, store.Forever)
	return v.Facts, nil
}

// touch makes an event the version of a thing, where nobody changed it since it was seen.
func touch(tx *store.Tx, table string, id, seen, event store.ID) error {
	return tx.Change(`UPDATE `+table+` SET event = ? WHERE id = ? AND event = ?`, event, id, seen)
}

// holdsNothing refuses to end what agencies, units, posts or people still depend on.
func holdsNothing(tx *store.Tx, id store.ID, name string, on time.Time) error {
	for _, q := range []string{
		`SELECT name FROM org_node_fact WHERE parent = ? AND until > ? AND replaced IS NULL ORDER BY sort_key, node LIMIT 1`,
		`SELECT title FROM org_post WHERE agency = ? AND until > ? AND replaced IS NULL ORDER BY until, post LIMIT 1`,
		`SELECT title FROM org_post WHERE unit = ? AND until > ? AND replaced IS NULL ORDER BY until, post LIMIT 1`,
		`SELECT name FROM org_person_fact WHERE agency = ? AND until > ? AND replaced IS NULL ORDER BY sort_key, person LIMIT 1`,
	} {
		what, err := store.One[string](tx, q, id, on)
		switch held, err := store.Found(err); {
		case err != nil:
			return err
		case held:
			return fault.New(fault.Conflict, ErrHolds, name).With("what", what)
		}
	}
	return nil
}

func checkDay(field string, t time.Time) error {
	switch y := Day(t).Year(); {
	case t.IsZero():
		return fault.New(fault.Invalid, ErrFacts, "").Field(field, fault.ErrRequired)
	case y < 1900 || y > 2199:
		return fault.New(fault.Invalid, ErrFacts, "").Field(field, ErrDay)
	}
	return nil
}

// changedFields names what differs, as events and pages do: "own_seal" for OwnSeal.
func changedFields[T comparable](a, b T) (names []string) {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		if !x.Field(i).Equal(y.Field(i)) {
			names = append(names, snake(x.Type().Field(i).Name))
		}
	}
	return slices.Clip(names)
}

func snake(s string) string {
	var b strings.Builder
	for i, r := range s {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
