package credential

import (
	"context"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Place is an agency that keys can sign for.
type Place struct {
	ID      store.ID
	Name    string
	OwnSeal bool
}

// Holder is somebody who can hold a key for an agency: who has a post there today.
type Holder struct {
	ID          store.ID
	Name, Title string
}

const (
	maxPlaces  = 2000 // a province has some two hundred bodies
	maxHolders = 1000 // with a post at one of them
)

// Holders are the agencies within reach in the order of their names, and who can hold a key for one of them (0: nobody), in the order of
// given names.
func (s *Service) Holders(ctx context.Context, who auth.Actor, agency store.ID) (places []Place, people []Holder, err error) {
	w, err := s.auth.Warrant(ctx, who, "signing/credential.Holders")
	if err != nil {
		return nil, nil, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		if agency != 0 {
			if err := tx.Over(agency); err != nil {
				return err
			}
		}
		within, reached := tx.Within("v_org_agency.id")
		now := tx.Now()
		places, err = store.Collect(tx, func(r store.Scanner) (p Place, err error) { return p, r.Scan(&p.ID, &p.Name, &p.OwnSeal) },
			`SELECT id, name, own_seal FROM v_org_agency WHERE since <= ? AND until > ? AND `+within+` ORDER BY name, id LIMIT ?`, append(append([]any{now, now}, reached...), maxPlaces)...)
		if err != nil || agency == 0 {
			return err
		}
		people, err = store.Collect(tx, func(r store.Scanner) (h Holder, err error) { return h, r.Scan(&h.ID, &h.Name, &h.Title) },
			`SELECT p.id, p.name, o.title FROM v_org_post o JOIN v_org_person p ON p.id = o.person AND p.since <= ? AND p.until > ?
			WHERE o.agency = ? AND o.since <= ? AND o.until > ? ORDER BY p.sort_key, p.id, o.id LIMIT ?`, now, now, agency, now, now, maxHolders)
		return err
	})
	return places, people, err
}
