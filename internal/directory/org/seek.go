package org

import (
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/store"
)

// SeekTx are people of today for who links accounts to them: those whose record an agency in the warrant's reach keeps. It is what auth
// asks (auth.Config).
func SeekTx(tx *store.Tx, q auth.PeopleQuery) ([]auth.Someone, error) {
	s := Sought{Name: q.Begins, Limit: q.Limit}
	if q.After != nil {
		s.After = &Place{q.After.Key, q.After.ID}
	}
	s.within, s.reached = tx.Within("org_person_fact.agency")
	query, args := s.statement(tx.Now())
	people, err := store.Collect(tx, scanListed, query, args...)
	if err != nil || len(people) == 0 {
		return nil, err
	}
	return someone(tx, people)
}

// SomeoneTx is one of them, whatever the reach.
func SomeoneTx(tx *store.Tx, id store.ID) (auth.Someone, error) {
	p, err := PersonTx(tx, id, tx.Now())
	if err != nil {
		return auth.Someone{}, err
	}
	all, err := someone(tx, []Listed{{Person: p}})
	if err != nil {
		return auth.Someone{}, err
	}
	return all[0], nil
}

// someone tells people apart by the post that they held first, or by who keeps their record.
func someone(tx *store.Tx, people []Listed) ([]auth.Someone, error) {
	if err := heldBy(tx, people); err != nil {
		return nil, err
	}
	var agencies []store.ID
	for _, p := range people {
		agencies = append(agencies, p.Agency)
	}
	names, err := NamesTx(tx, agencies)
	if err != nil {
		return nil, err
	}
	out := make([]auth.Someone, len(people))
	for i, p := range people {
		out[i] = auth.Someone{ID: p.ID, Name: p.Name, Agency: p.Agency, Place: names[p.Agency], Href: peoplePath + "/" + p.ID.Text(personPrefix), Key: p.Place.Key}
		if len(p.Posts) > 0 {
			out[i].Place = p.Posts[0].Title + ", " + p.Posts[0].AgencyName
		}
	}
	return out, nil
}
