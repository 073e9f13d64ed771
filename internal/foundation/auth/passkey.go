package auth

import (
	"context"
	"crypto/sha256"
	"io"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Passkey is a key in a person's device that signs in alone: the device asks for its PIN or a finger.
type Passkey struct {
	ID    store.ID
	Name  string
	Since time.Time
	Used  time.Time
}

// Challenge is what an authenticator has to sign, with the ticket that brings it back.
type Challenge struct {
	Bytes  []byte
	Ticket string
	RP     string // the relying party's id
	Login  string // whose passkey is to be made
	Name   string
	User   []byte
}

// Attestation is what the browser brings of a new key.
type Attestation struct{ Client, Auth, Public []byte }

// Assertion is what the browser brings of a key that answered a challenge.
type Assertion struct{ Credential, Client, Auth, Signature []byte }

type challengeTicket struct {
	Account store.ID  `json:"account"` // 0: whoever answers signs in
	Bytes   []byte    `json:"bytes"`
	Until   time.Time `json:"until"`
}

const (
	challengePurpose = "auth.challenge"
	challengeLife    = 10 * time.Minute
	challengeSize    = 32
	maxPasskeys      = 20
)

func (s *Service) challenge(account store.ID) (c Challenge, err error) {
	c.RP, c.Bytes = s.party.id, make([]byte, challengeSize)
	if _, err := io.ReadFull(s.random, c.Bytes); err != nil {
		return c, err
	}
	c.Ticket, err = s.sealed(challengePurpose, challengeTicket{account, c.Bytes, s.clock.Now().Add(challengeLife)})
	return c, err
}

// spendTx takes a challenge, once.
func (s *Service) spendTx(tx *store.Tx, t challengeTicket) error {
	late := fault.New(fault.Conflict, ErrTicket, "")
	if !tx.Now().Before(t.Until) {
		return late
	}
	h := sha256.Sum256(t.Bytes)
	n, err := tx.Exec(`INSERT INTO spent (challenge, until) VALUES (?, ?) ON CONFLICT (challenge) DO NOTHING`, h[:], t.Until)
	if err == nil && n != 1 {
		err = late
	}
	return err
}

// BeginPasskey makes a challenge for a new key of one's own.
func (s *Service) BeginPasskey(ctx context.Context, who Actor) (c Challenge, err error) {
	w, err := s.Warrant(ctx, who, "foundation/auth.BeginPasskey")
	if err != nil {
		return c, err
	}
	var a Account
	if err := s.db.View(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(true); err != nil { // it asks for nothing but the actor's own
			return err
		}
		a, err = accountTx(tx, who.Account)
		return err
	}); err != nil {
		return c, err
	}
	c, err = s.challenge(who.Account)
	c.Login, c.Name, c.User = a.Login, a.Name, []byte(a.ID.Text("acc"))
	return c, err
}

// AddPasskey keeps a new key of one's own.
func (s *Service) AddPasskey(ctx context.Context, who Actor, ticket, name string, a Attestation) error {
	w, err := s.Warrant(ctx, who, "foundation/auth.AddPasskey")
	if err != nil {
		return err
	}
	var t challengeTicket
	if err := s.unsealed(challengePurpose, ticket, &t); err != nil {
		return err
	}
	credential, counter, err := s.party.register(a.Client, a.Auth, a.Public, t.Bytes)
	if err != nil {
		return fault.New(fault.Invalid, ErrDevice, "").Because(err)
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(t.Account == who.Account); err != nil {
			return err
		}
		if err := s.spendTx(tx, t); err != nil {
			return err
		}
		n, err := store.One[int64](tx, `SELECT count(*) FROM passkey WHERE account = ?`, who.Account)
		if err != nil {
			return err
		}
		if n >= maxPasskeys {
			return fault.New(fault.Conflict, ErrDevices, "")
		}
		event := tx.Record(FactorAdded{who.Account, "passkey"})
		_, err = tx.Exec(`INSERT INTO passkey (id, account, credential, public, counter, name, since, used, event) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			tx.NewID(), who.Account, credential, a.Public, int64(counter), shorten(i18n.Line(name), 60), tx.Now(), tx.Now(), event)
		return err
	})
}

// RemovePasskey takes away a key of one's own.
func (s *Service) RemovePasskey(ctx context.Context, who Actor, id store.ID) error {
	w, err := s.Warrant(ctx, who, "foundation/auth.RemovePasskey")
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		owner, err := store.One[store.ID](tx, `SELECT account FROM passkey WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if err := tx.Permit(owner == who.Account); err != nil {
			return err
		}
		tx.Record(FactorRemoved{who.Account, "passkey"})
		return tx.Change(`DELETE FROM passkey WHERE id = ?`, id)
	})
}

const devicesOf = `SELECT id, name, since, used FROM passkey WHERE account = ? ORDER BY id LIMIT ?`

func passkeysTx(tx *store.Tx, account store.ID) ([]Passkey, error) {
	return store.Collect(tx, func(r store.Scanner) (k Passkey, err error) {
		return k, r.Scan(&k.ID, &k.Name, store.At(&k.Since), store.At(&k.Used))
	}, devicesOf, account, maxPasskeys)
}

// SignInByPasskey asks for a session by a key that answered a challenge: the device and its PIN or finger are two factors by themselves.
func (s *Service) SignInByPasskey(ctx context.Context, who Actor, ticket string, a Assertion, p Place) (e Entry, err error) {
	const method = "foundation/auth.SignInByPasskey"
	var t challengeTicket
	if err := s.unsealed(challengePurpose, ticket, &t); err != nil {
		return e, err
	}
	if err := s.try(ctx, byAddress(p.Address)); err != nil {
		return e, err
	}
	var account store.ID
	var public []byte
	err = s.db.View(ctx, s.System(method), func(tx *store.Tx) error {
		return tx.Each(func(r store.Scanner) error { return r.Scan(&account, &public) }, `SELECT account, public FROM passkey WHERE credential = ?`, a.Credential)
	})
	if err != nil {
		return e, err
	}
	counter, err := s.party.assert(a.Client, a.Auth, a.Signature, public, t.Bytes)
	if err != nil || t.Account != 0 {
		return e, s.refusedKey(ctx, who, account, p, err)
	}
	copied := false
	err = s.db.Do(ctx, s.System(method, "passkey", "spent"), func(tx *store.Tx) error {
		if err := s.spendTx(tx, t); err != nil {
			return err
		}
		// A counter that does not grow tells of a copied key (6.1.1); most of today's keys do not count.
		n, err := tx.Exec(`UPDATE passkey SET counter = ?, used = ? WHERE credential = ? AND (counter < ? OR counter = 0 AND ? = 0)`,
			int64(counter), tx.Now(), a.Credential, int64(counter), int64(counter))
		copied = n != 1
		return err
	})
	if err != nil {
		return e, err
	}
	c, _, err := s.credential(ctx, ` WHERE account.id = ?`, account)
	if err != nil {
		return e, err
	}
	if copied || c.state != Active {
		return e, s.refusedKey(ctx, who, account, p, nil)
	}
	return s.open(ctx, who, method, c, p, "")
}

// refusedKey notes a key that was not let in.
func (s *Service) refusedKey(ctx context.Context, who Actor, account store.ID, p Place, why error) error {
	err := s.refused(ctx, who, "foundation/auth.SignInByPasskey", account, "passkey", p)
	if fault.Of(err).Kind != ErrWrong {
		return err
	}
	return fault.New(fault.Invalid, ErrDevice, "").Because(why)
}
