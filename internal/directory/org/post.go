package org

import (
	"context"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

// NewPost is a post to be given.
type NewPost struct {
	Agency store.ID
	Unit   store.ID // 0 for none
	Title  string
	Since  time.Time
	Until  time.Time // zero: no end is known
	Basis  string
}

// GivePost gives a person a post from a day on. seen is the person's event.
func (s *Service) GivePost(ctx context.Context, who auth.Actor, person, seen store.ID, n NewPost) (Done, error) {
	d, err := s.person(ctx, who, "GivePost", person, func(tx *store.Tx, _, now []Version[PersonFacts]) (store.ID, error) {
		if err := tx.Over(n.Agency); err != nil {
			return 0, err
		}
		n.Title, n.Basis = i18n.Line(n.Title), i18n.Line(n.Basis)
		if n.Until.IsZero() {
			n.Until = store.Forever
		} else {
			n.Until = Day(n.Until)
		}
		if err := checkDay("since", n.Since); err != nil {
			return 0, err
		}
		n.Since = Day(n.Since)
		if err := n.check(tx, now); err != nil {
			return 0, err
		}
		post := tx.NewID()
		event := tx.Record(PostGiven{Person: person, Post: post, Agency: n.Agency, Unit: n.Unit, Title: n.Title, Since: n.Since, Until: n.Until, Basis: n.Basis})
		if err := touch(tx, "org_person", person, seen, event); err != nil {
			return 0, err
		}
		return event, insertPost(tx, Post{ID: post, Person: person, Agency: n.Agency, Unit: n.Unit, Title: n.Title, Since: n.Since, Until: n.Until, Basis: n.Basis}, event)
	})
	return d, err
}

func (n *NewPost) check(tx *store.Tx, now []Version[PersonFacts]) error {
	err := fault.New(fault.Invalid, ErrFacts, n.Title)
	if n.Title == "" {
		err = err.Field("title", fault.ErrRequired)
	}
	err = checkLength(err, "title", n.Title)
	switch {
	case !n.Since.Before(n.Until):
		err = err.Field("until", ErrOrder)
	case n.Since.Before(now[0].Since):
		err = err.Field("since", ErrBefore, fault.Arg{Name: "day", Value: i18n.Date(now[0].Since)})
	case !n.Since.Before(now[len(now)-1].Until):
		err = err.Field("since", ErrEnded, fault.Arg{Name: "day", Value: i18n.Date(now[len(now)-1].Until)})
	}
	for _, place := range []struct {
		field string
		id    store.ID
		there func(*store.Tx, store.ID, time.Time) (Node, error)
	}{{"agency", n.Agency, AgencyTx}, {"unit", n.Unit, UnitTx}} {
		if place.id == 0 && place.field == "unit" {
			continue
		}
		node, e := place.there(tx, place.id, n.Since)
		switch there, e := store.Found(e); {
		case e != nil:
			return e
		case !there || node.Agency != n.Agency:
			err = err.Field(place.field, ErrParent)
		}
	}
	return orNil(err)
}

// EndPost says that a person holds a post no longer from a day on.
func (s *Service) EndPost(ctx context.Context, who auth.Actor, post, seen store.ID, on time.Time, basis string) (Done, error) {
	return s.do(ctx, who, "EndPost", func(tx *store.Tx) (d Done, err error) {
		p, err := store.First(tx, scanPost, selectPost+` AND post = ?`, post)
		if err != nil {
			return d, err
		}
		if err := tx.Over(p.Agency); err != nil {
			return d, err
		}
		if err := checkDay("on", on); err != nil {
			return d, err
		}
		on, basis := Day(on), i18n.Line(basis)
		switch {
		case !on.After(p.Since):
			return d, fault.New(fault.Invalid, ErrFacts, p.Title).Field("on", ErrBefore, fault.Arg{Name: "day", Value: i18n.Date(p.Since)})
		case on.Equal(p.Until):
			return d, fault.New(fault.Invalid, ErrSame, p.Title)
		}
		d.ID = p.Person
		d.Event = tx.Record(PostEnded{Person: p.Person, Post: post, On: on, Basis: basis})
		if err := touch(tx, "org_person", p.Person, seen, d.Event); err != nil {
			return d, err
		}
		return d, replacePost(tx, p, on, basis, d.Event)
	})
}

// replacePost moves a post's end.
func replacePost(tx *store.Tx, p Post, until time.Time, basis string, event store.ID) error {
	if err := tx.Change(`UPDATE org_post SET replaced = ?, replaced_by = ? WHERE post = ? AND replaced IS NULL`, tx.Now(), event, p.ID); err != nil {
		return err
	}
	if !p.Since.Before(until) { // it would have begun later: it is never held
		return nil
	}
	if p.Until = until; basis != "" {
		p.Basis = basis
	}
	return insertPost(tx, p, event)
}

func insertPost(tx *store.Tx, p Post, event store.ID) error {
	_, err := tx.Exec(`INSERT INTO org_post (id, post, person, agency, unit, title, since, until, recorded, replaced, basis, event, replaced_by)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, NULL)`, tx.NewID(), p.ID, p.Person, p.Agency, p.Unit, p.Title, p.Since, p.Until, tx.Now(), p.Basis, event)
	return err
}

// NewAbsence is an absence to be told.
type NewAbsence struct {
	Substitute store.ID // 0 for nobody
	// Since is the first day, Until the first day back.
	Since, Until time.Time
}

// SetAbsence says that a person is away, and who stands in. seen is the person's event.
func (s *Service) SetAbsence(ctx context.Context, who auth.Actor, person, seen store.ID, n NewAbsence) (Done, error) {
	return s.person(ctx, who, "SetAbsence", person, func(tx *store.Tx, _, now []Version[PersonFacts]) (store.ID, error) {
		if err := overPerson(tx, person, keeper(tx, now)); err != nil {
			return 0, err
		}
		return setAbsence(tx, person, seen, n)
	})
}

// SetOwnAbsence is [Service.SetAbsence] of oneself.
func (s *Service) SetOwnAbsence(ctx context.Context, who auth.Actor, seen store.ID, n NewAbsence) (Done, error) {
	return s.person(ctx, who, "SetOwnAbsence", who.Person, func(tx *store.Tx, _, _ []Version[PersonFacts]) (store.ID, error) {
		if err := tx.Permit(who.Person != 0); err != nil {
			return 0, err
		}
		return setAbsence(tx, who.Person, seen, n)
	})
}

func setAbsence(tx *store.Tx, person, seen store.ID, n NewAbsence) (store.ID, error) {
	for _, d := range []struct {
		field string
		day   time.Time
	}{{"since", n.Since}, {"until", n.Until}} {
		if err := checkDay(d.field, d.day); err != nil {
			return 0, err
		}
	}
	n.Since, n.Until = Day(n.Since), Day(n.Until)
	err := fault.New(fault.Invalid, ErrFacts, "")
	switch {
	case !n.Since.Before(n.Until):
		return 0, err.Field("until", ErrOrder)
	case n.Substitute == person:
		return 0, err.Field("substitute", ErrSelf)
	}
	if n.Substitute != 0 {
		_, e := PersonTx(tx, n.Substitute, n.Since)
		switch there, e := store.Found(e); {
		case e != nil:
			return 0, e
		case !there:
			return 0, err.Field("substitute", fault.ErrChoice)
		}
	}
	for _, q := range []struct {
		field string
		who   store.ID
		args  [2]any
	}{{"since", person, [2]any{n.Until, n.Since}}, {"substitute", n.Substitute, [2]any{n.Until, n.Since}}} {
		if q.who == 0 {
			continue
		}
		a, e := store.First(tx, scanAbsence, selectAbsence+` AND person = ? AND since < ? AND until > ? LIMIT 1`, q.who, q.args[0], q.args[1])
		switch away, e := store.Found(e); {
		case e != nil:
			return 0, e
		case away && q.field == "since":
			return 0, err.Field("since", ErrOverlap, span(a)...)
		case away:
			return 0, err.Field("substitute", ErrAway, span(a)...)
		}
	}
	id := tx.NewID()
	event := tx.Record(AbsenceSet{Person: person, Absence: id, Substitute: n.Substitute, Since: n.Since, Until: n.Until})
	if err := touch(tx, "org_person", person, seen, event); err != nil {
		return 0, err
	}
	_, e := tx.Exec(`INSERT INTO org_absence (id, person, substitute, since, until, recorded, replaced, event, replaced_by) VALUES (?, ?, ?, ?, ?, ?, NULL, ?, NULL)`,
		id, person, n.Substitute, n.Since, n.Until, tx.Now(), event)
	return event, e
}

// span is an absence in words: its first and its last day.
func span(a Absence) []fault.Arg {
	return []fault.Arg{{Name: "since", Value: i18n.Date(a.Since)}, {Name: "until", Value: i18n.Date(a.Until.Add(-time.Hour))}}
}

// WithdrawAbsence says that a person is not away after all.
func (s *Service) WithdrawAbsence(ctx context.Context, who auth.Actor, absence, seen store.ID) (Done, error) {
	return s.withdraw(ctx, who, "WithdrawAbsence", absence, seen, func(tx *store.Tx, a Absence) error {
		all, err := personVersions(tx, a.Person)
		if err != nil {
			return err
		}
		return overPerson(tx, a.Person, keeper(tx, ordered(believedOf(all))))
	})
}

// WithdrawOwnAbsence is [Service.WithdrawAbsence] of oneself.
func (s *Service) WithdrawOwnAbsence(ctx context.Context, who auth.Actor, absence, seen store.ID) (Done, error) {
	return s.withdraw(ctx, who, "WithdrawOwnAbsence", absence, seen, func(tx *store.Tx, a Absence) error {
		return tx.Permit(who.Person != 0 && a.Person == who.Person)
	})
}

func (s *Service) withdraw(ctx context.Context, who auth.Actor, method string, absence, seen store.ID, allowed func(*store.Tx, Absence) error) (Done, error) {
	return s.do(ctx, who, method, func(tx *store.Tx) (d Done, err error) {
		a, err := store.First(tx, scanAbsence, selectAbsence+` AND id = ?`, absence)
		if err != nil {
			return d, err
		}
		if err := allowed(tx, a); err != nil {
			return d, err
		}
		d.ID = a.Person
		d.Event = tx.Record(AbsenceWithdrawn{Person: a.Person, Absence: a.ID})
		if err := touch(tx, "org_person", a.Person, seen, d.Event); err != nil {
			return d, err
		}
		return d, tx.Change(`UPDATE org_absence SET replaced = ?, replaced_by = ? WHERE id = ? AND replaced IS NULL`, tx.Now(), d.Event, a.ID)
	})
}

// overPerson checks that the warrant reaches the agency that keeps a person's record, or one where the person holds a post.
func overPerson(tx *store.Tx, person, keeper store.ID) error {
	err := tx.Over(keeper)
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	posts, e := PostsTx(tx, person, tx.Now())
	if e != nil {
		return e
	}
	for _, p := range posts {
		if e := tx.Over(p.Agency); !fault.Is(e, fault.NotFound) {
			return e
		}
	}
	return err
}
