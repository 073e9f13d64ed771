package org

import (
	"context"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

// NewPerson is a person to be put into the directory.
type NewPerson struct {
	PersonFacts
	Private

	From time.Time
}

// MakePerson puts a person into the directory from a day on.
func (s *Service) MakePerson(ctx context.Context, who auth.Actor, n NewPerson) (Done, error) {
	return s.do(ctx, who, "MakePerson", func(tx *store.Tx) (d Done, err error) {
		if err := tx.Over(n.Agency); err != nil {
			return d, err
		}
		n.tidy()
		if err := checkDay("from", n.From); err != nil {
			return d, err
		}
		from := Day(n.From)
		if err := n.PersonFacts.check(); err != nil {
			return d, err
		}
		if err := n.Private.check(tx.Now()); err != nil {
			return d, err
		}
		if _, err := AgencyTx(tx, n.Agency, from); err != nil {
			return d, noAgency(err, n.Name)
		}
		d.ID = tx.NewID()
		d.Event = tx.Record(PersonMade{Person: d.ID, Agency: n.Agency, Name: store.Personal(n.Name), From: from})
		if _, err := tx.Exec(`INSERT INTO org_person (id, event) VALUES (?, ?)`, d.ID, d.Event); err != nil {
			return d, err
		}
		v := Version[PersonFacts]{Facts: n.PersonFacts, Since: from, Until: store.Forever}
		if err := writePerson(tx, d.ID, nil, revision[PersonFacts]{come: []Version[PersonFacts]{v}}, d.Event); err != nil {
			return d, err
		}
		if n.Private == (Private{}) {
			return d, nil
		}
		tx.Record(PrivateSet{Person: d.ID})
		_, err = tx.Exec(`INSERT INTO org_person_private (person, birth, number, event) VALUES (?, ?, ?, ?)`, d.ID, n.Birth, n.Number, d.Event)
		return d, err
	})
}

// person runs a command on a person: f is given the versions that are known, and those that are believed.
func (s *Service) person(ctx context.Context, who auth.Actor, method string, id store.ID, f func(tx *store.Tx, all, now []Version[PersonFacts]) (store.ID, error)) (Done, error) {
	return s.do(ctx, who, method, func(tx *store.Tx) (d Done, err error) {
		d.ID = id
		all, err := personVersions(tx, id)
		if err != nil {
			return d, err
		}
		now := ordered(believedOf(all))
		if len(now) == 0 {
			return d, missing()
		}
		d.Event, err = f(tx, all, now)
		return d, err
	})
}

// keeper is the agency that keeps a person's record: today's, or the last one.
func keeper(tx *store.Tx, now []Version[PersonFacts]) store.ID {
	agency := now[0].Facts.Agency
	for _, v := range now {
		if !v.Since.After(tx.Now()) {
			agency = v.Facts.Agency
		}
	}
	return agency
}

// ChangePerson changes what is so of a person from a day on, past or to come.
func (s *Service) ChangePerson(ctx context.Context, who auth.Actor, id, seen store.ID, next PersonFacts, from time.Time) (Done, error) {
	return s.person(ctx, who, "ChangePerson", id, func(tx *store.Tx, all, now []Version[PersonFacts]) (store.ID, error) {
		if err := tx.Over(keeper(tx, now)); err != nil {
			return 0, err
		}
		next.tidy()
		if err := checkDay("from", from); err != nil {
			return 0, err
		}
		from := Day(from)
		base, err := baseOf(now, from)
		if err != nil {
			return 0, err
		}
		if err := next.check(); err != nil {
			return 0, err
		}
		if next.Agency != base.Agency {
			if err := tx.Over(next.Agency); err != nil {
				return 0, noAgency(err, next.Name)
			}
			if _, err := AgencyTx(tx, next.Agency, from); err != nil {
				return 0, noAgency(err, next.Name)
			}
		}
		r := revise(now, from, next, "")
		if len(r.come) == 0 {
			return 0, fault.New(fault.Invalid, ErrSame, next.Name)
		}
		event := tx.Record(PersonChanged{Person: id, From: from, Fields: changedFields(base, next)})
		if err := touch(tx, "org_person", id, seen, event); err != nil {
			return 0, err
		}
		return event, writePerson(tx, id, all, r, event)
	})
}

// EndPerson says that a person works in no agency any more from a day on. Their posts end on that day with it.
func (s *Service) EndPerson(ctx context.Context, who auth.Actor, id, seen store.ID, on time.Time) (Done, error) {
	return s.person(ctx, who, "EndPerson", id, func(tx *store.Tx, all, now []Version[PersonFacts]) (store.ID, error) {
		if err := tx.Over(keeper(tx, now)); err != nil {
			return 0, err
		}
		if err := checkDay("on", on); err != nil {
			return 0, err
		}
		on := Day(on)
		if !on.After(now[0].Since) {
			return 0, fault.New(fault.Invalid, ErrFacts, now[0].Facts.Name).Field("on", ErrBefore, fault.Arg{Name: "day", Value: i18n.Date(now[0].Since)})
		}
		r := end(now, on)
		if len(r.come) == 0 {
			return 0, fault.New(fault.Invalid, ErrSame, now[0].Facts.Name)
		}
		posts, err := store.Collect(tx, scanPost, selectPost+` AND person = ? AND until > ? ORDER BY since, post LIMIT ?`, id, on, maxPosts)
		if err != nil {
			return 0, err
		}
		act := PersonEnded{Person: id, On: on}
		for _, p := range posts {
			act.Posts = append(act.Posts, p.ID)
		}
		event := tx.Record(act)
		if err := touch(tx, "org_person", id, seen, event); err != nil {
			return 0, err
		}
		for _, p := range posts {
			tx.Record(PostEnded{Person: id, Post: p.ID, On: on})
			if err := replacePost(tx, p, on, "", event); err != nil {
				return 0, err
			}
		}
		return event, writePerson(tx, id, all, r, event)
	})
}

// SetPrivate writes a person's birth date and personal number.
func (s *Service) SetPrivate(ctx context.Context, who auth.Actor, id, seen store.ID, p Private) (Done, error) {
	return s.person(ctx, who, "SetPrivate", id, func(tx *store.Tx, _, now []Version[PersonFacts]) (store.ID, error) {
		if err := tx.Over(keeper(tx, now)); err != nil {
			return 0, err
		}
		p.Birth, p.Number = i18n.Line(p.Birth), i18n.Line(p.Number)
		if err := p.check(tx.Now()); err != nil {
			return 0, err
		}
		event := tx.Record(PrivateSet{Person: id})
		if err := touch(tx, "org_person", id, seen, event); err != nil {
			return 0, err
		}
		n, err := tx.Exec(`UPDATE org_person_private SET birth = ?, number = ?, event = ? WHERE person = ?`, p.Birth, p.Number, event, id)
		if err != nil || n == 1 {
			return event, err
		}
		_, err = tx.Exec(`INSERT INTO org_person_private (person, birth, number, event) VALUES (?, ?, ?, ?)`, id, p.Birth, p.Number, event)
		return event, err
	})
}

// Reveal shows a person's birth date and personal number: a command, whose event says who looked.
func (s *Service) Reveal(ctx context.Context, who auth.Actor, id store.ID) (p Private, err error) {
	_, err = s.person(ctx, who, "Reveal", id, func(tx *store.Tx, _, now []Version[PersonFacts]) (store.ID, error) {
		if err := tx.Over(keeper(tx, now)); err != nil {
			return 0, err
		}
		if p, err = private(tx, id); err != nil {
			return 0, err
		}
		return tx.Record(Revealed{Person: id}), nil
	})
	return p, err
}

// private is a person's personal data; who has none has an empty one.
func private(tx *store.Tx, id store.ID) (p Private, err error) {
	err = one(tx, `SELECT birth, number FROM org_person_private WHERE person = ?`, []any{id}, &p.Birth, &p.Number)
	_, err = store.Found(err)
	return p, err
}

// noAgency blames the field for an agency that is not there, or out of reach.
func noAgency(err error, name string) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.Invalid, ErrFacts, name).Field("agency", ErrParent)
	}
	return err
}
