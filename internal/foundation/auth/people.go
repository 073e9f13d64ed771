package auth

import (
	"cmp"
	"context"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Someone is a person of the directory, as accounts see them.
type Someone struct {
	ID     store.ID
	Name   string
	Agency store.ID // which keeps the person's record: it decides
	Place  string   // the post and where it is, for who has to tell people of one name apart
	Href   string   // leads to the person's page
	Key    []byte   // the place in the order that was asked for
}

// PeopleQuery asks for people of the directory, in Vietnamese order of the given name.
type PeopleQuery struct {
	Person store.ID // only this one; 0 is all within reach
	Begins string   // one word is the beginning of the given name, several that of the whole name
	After  *Someone // the last one of the page before
	Limit  int
}

// People are people whose record is kept within reach: those an account can be linked to.
func (s *Service) People(ctx context.Context, who Actor, q PeopleQuery) (list []Someone, err error) {
	w, err := s.Warrant(ctx, who, "foundation/auth.People")
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		if q.Person != 0 {
			p, err := s.overTx(tx, q.Person)
			list = []Someone{p}
			return err
		}
		q.Limit = min(cmp.Or(q.Limit, 50), 500)
		list, err = s.people(tx, q)
		return err
	})
	return list, err
}

// overTx is a person whose record is kept within the warrant's reach.
func (s *Service) overTx(tx *store.Tx, person store.ID) (Someone, error) {
	p, err := s.someone(tx, person)
	if err != nil {
		return p, err
	}
	return p, tx.Over(p.Agency)
}

// LinkPerson says whose account it is: from the next request on its actor is that person. One that was another's is theirs no more.
func (s *Service) LinkPerson(ctx context.Context, who Actor, account, person store.ID) error {
	w, err := s.Warrant(ctx, who, "foundation/auth.LinkPerson")
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		a, err := s.helpTx(tx, who, account)
		if err != nil {
			return err
		}
		p, err := s.overTx(tx, person)
		switch {
		case err != nil || a.Person == p.ID:
			return err
		case a.Kind != PersonAccount:
			return fault.New(fault.Conflict, ErrNoPerson, a.Name)
		}
		event := tx.Record(PersonLinked{a.ID, p.ID})
		return tx.Change(`UPDATE account SET person = ?, event = ? WHERE id = ? AND event = ?`, p.ID, event, a.ID, a.Event)
	})
}

// UnlinkPerson ends that an account is somebody's in the directory.
func (s *Service) UnlinkPerson(ctx context.Context, who Actor, account store.ID) error {
	w, err := s.Warrant(ctx, who, "foundation/auth.UnlinkPerson")
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		a, err := s.helpTx(tx, who, account)
		if err != nil || a.Person == 0 {
			return err
		}
		event := tx.Record(PersonUnlinked{a.ID, a.Person})
		return tx.Change(`UPDATE account SET person = NULL, event = ? WHERE id = ? AND event = ?`, event, a.ID, a.Event)
	})
}

const maxOfPerson = 20

// AccountsOf are a person's accounts within reach, the oldest first.
func (s *Service) AccountsOf(ctx context.Context, who Actor, person store.ID) (list []Account, err error) {
	w, err := s.Warrant(ctx, who, "foundation/auth.AccountsOf")
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		query, args := accountsOf(tx, person)
		list, err = store.Collect(tx, scanAccount, query, args...)
		return err
	})
	return list, err
}

func accountsOf(tx *store.Tx, person store.ID) (string, []any) {
	within, reached := tx.Within("account.agency")
	return accountColumns + ` FROM account WHERE person = ? AND ` + within + ` ORDER BY id LIMIT ?`, append(append([]any{person}, reached...), maxOfPerson)
}

// nobody is the directory where there is none.
func nobody(*store.Tx, store.ID) (Someone, error) {
	return Someone{}, fault.New(fault.NotFound, store.ErrNotFound, "")
}
