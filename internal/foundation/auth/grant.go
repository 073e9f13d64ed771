package auth

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Given is a grant as it was given.
type Given struct {
	Grant
	ID           store.ID
	Account      store.ID
	Since, Until time.Time // Until is store.Forever where it has no end
	By           store.ID  // the account that gave it; 0 for the house
	Event        store.ID
}

// NewGrant is a role to be given.
type NewGrant struct {
	Account      store.ID
	Login        string // of the account, where its id is not known: one that another agency manages
	Role         Role
	Agency       store.ID // for which it acts; 0 is the one that At belongs to
	At           store.ID // where its reach begins: 0 is the agency
	Reach        Reach
	Since, Until time.Time // zero: from now on, without end
}

// reachNames are what events call the reaches.
var reachNames = [...]string{"agency", "units", "subordinates"}

// String is the reach's name in events and texts.
func (r Reach) String() string { return reachNames[min(int(r), len(reachNames)-1)] }

// Give gives a role. Nobody gives one to themselves, and none that reaches further than their own.
func (s *Service) Give(ctx context.Context, who Actor, n NewGrant) error {
	w, err := s.Warrant(ctx, who, "foundation/auth.Give")
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		if n.Agency == 0 {
			if n.Agency, err = bodyTx(tx, n.At); err != nil {
				return err
			}
		}
		if err := tx.Over(cmp.Or(n.At, n.Agency)); err != nil {
			return err
		}
		if n.Account == 0 {
			id, err := store.One[store.ID](tx, `SELECT id FROM account WHERE login = ?`, Login(n.Login))
			if there, err := store.Found(err); err != nil {
				return err
			} else if !there {
				return fault.New(fault.Invalid, ErrLogin, "").Field("login", ErrNoAccount)
			}
			n.Account = id
		}
		a, err := accountTx(tx, n.Account)
		switch {
		case err != nil:
			return err
		case a.State != Active:
			return fault.New(fault.Conflict, ErrClosed, a.Name)
		case a.ID == who.Account:
			return fault.New(fault.Conflict, ErrSelf, "")
		}
		if err := n.checkTx(tx, who); err != nil {
			return err
		}
		return giveTx(tx, n)
	})
}

func (n *NewGrant) checkTx(tx *store.Tx, who Actor) error {
	n.At, n.Since = cmp.Or(n.At, n.Agency), clock.Later(n.Since, tx.Now())
	if n.Until.IsZero() {
		n.Until = store.Forever
	}
	wrong := fault.New(fault.Invalid, ErrRole, "")
	if !slices.Contains(Roles, n.Role) {
		return wrong.Field("role", fault.ErrChoice)
	}
	if n.Reach > Subordinates {
		return wrong.Field("reach", fault.ErrChoice)
	}
	if !n.Since.Before(n.Until) {
		return wrong.Field("until", ErrDays)
	}
	now := store.Micros(tx.Now())
	inside := func(node, above store.ID, condition string) (bool, error) {
		return store.Exists(tx, `SELECT 1 FROM scope WHERE descendant = ? `+condition+` AND since <= ? AND until > ?`, node, above, now, now)
	}
	unit, err := inside(n.Agency, n.Agency, `AND internal = 1 AND ancestor <> ?`)
	if err != nil {
		return err
	}
	if unit { // an actor acts for a body
		return wrong.Field("agency", ErrPlace)
	}
	if n.At != n.Agency {
		ok, err := inside(n.At, n.Agency, `AND internal = 1 AND ancestor = ?`)
		if err != nil {
			return err
		}
		if !ok {
			return wrong.Field("at", ErrPlace)
		}
	}
	if mayGiveTx(tx, who, Grant{n.Role, n.Agency, n.At, n.Reach}) != nil {
		return wrong.Field("reach", ErrReach)
	}
	return nil
}

// mayGiveTx holds a grant to the giver's own reach: what is reached through one of their grants, and no further than that goes.
func mayGiveTx(tx *store.Tx, who Actor, g Grant) error {
	mine, _ := who.reach(ManageAccounts)
	for _, r := range mine {
		if r.far < g.Reach {
			continue
		}
		if ok, err := (reaches{r}).Covers(tx, cmp.Or(g.At, g.Agency)); err != nil || ok {
			return err
		}
	}
	return fault.New(fault.Invalid, ErrReach, "")
}

// giveTx writes a grant that was checked.
func giveTx(tx *store.Tx, n NewGrant) error {
	n.At, n.Since = cmp.Or(n.At, n.Agency), clock.Later(n.Since, tx.Now())
	if n.Until.IsZero() {
		n.Until = store.Forever
	}
	id := tx.NewID()
	event := tx.Record(RoleGranted{id, n.Account, string(n.Role), n.Agency, n.At, n.Reach.String(), n.Since, n.Until})
	_, err := tx.Exec(`INSERT INTO role_grant (id, account, role, agency, at_unit, reach, since, until, given_by, event) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, n.Account, string(n.Role), n.Agency, n.At, int64(n.Reach), n.Since, n.Until, tx.Warrant().Actor(), event)
	return err
}

// End ends a grant from a time on; zero is now. Whoever holds it loses what it allowed with their next request.
func (s *Service) End(ctx context.Context, who Actor, grant store.ID, from time.Time) error {
	w, err := s.Warrant(ctx, who, "foundation/auth.End")
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		g, err := store.First(tx, scanGiven, grantColumns+` WHERE id = ?`, grant)
		if err != nil {
			return err
		}
		if err := tx.Over(g.At); err != nil {
			return err
		}
		from = clock.Later(from, tx.Now())
		if !from.Before(g.Until) {
			return fault.New(fault.Invalid, ErrDays, "").Field("until", ErrDays)
		}
		event := tx.Record(RoleEnded{g.ID, g.Account, string(g.Role), g.Agency, from})
		return tx.Change(`UPDATE role_grant SET until = ?, event = ? WHERE id = ? AND event = ?`, from, event, g.ID, g.Event)
	})
}

const grantColumns = `SELECT id, account, role, agency, at_unit, reach, since, until, given_by, event FROM role_grant`

func scanGiven(s store.Scanner) (g Given, err error) {
	var role string
	var reach int64
	err = s.Scan(&g.ID, &g.Account, &role, &g.Agency, &g.At, &reach, store.At(&g.Since), store.At(&g.Until), &g.By, &g.Event)
	g.Role, g.Reach = Role(role), Reach(reach)
	return g, err
}

// grantsOf are those of one account: they are few, and sorted in memory.
const grantsOf = grantColumns + ` WHERE account = ? AND until > ? AND since <= ? ORDER BY since, id LIMIT ?`

const maxGrants = 200 // of one account that are in force or to come

// grantsTx are an account's grants that are in force at a time, and those to come where they are asked for.
func grantsTx(tx *store.Tx, account store.ID, at time.Time, coming bool) ([]Given, error) {
	until := at
	if coming {
		until = store.Forever
	}
	return store.Collect(tx, scanGiven, grantsOf, account, at, until, maxGrants)
}

// GrantsTx are an account's grants in force at a time.
func GrantsTx(tx *store.Tx, account store.ID, at time.Time) ([]Given, error) {
	return grantsTx(tx, account, at, false)
}
