package auth

import (
	"cmp"
	"context"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Need is what a sign-in still needs.
type Need string

// The needs.
const (
	NeedNothing  Need = ""
	NeedPassword Need = "password" // a one-time password was right: one's own is to be chosen now
	NeedCode     Need = "code"     // the password was right: a code of the app is needed
)

// Entry is how far a sign-in came: a session's secret for the browser, or what is needed still, with a ticket to bring along.
type Entry struct {
	Secret string
	Need   Need
	Ticket string
}

// credential is what is known of an account when it signs in.
type credential struct {
	account store.ID
	name    string
	login   string
	state   string
	hash    string
	once    bool
	until   time.Time
	event   store.ID // of the password
	factor  bool     // a code of an app is needed, too
}

const credentialColumns = `SELECT account.id, account.name, account.login, account.state, hash, once, password.until, password.event,
	CASE WHEN EXISTS (SELECT 1 FROM totp WHERE totp.account = account.id) THEN 1 ELSE 0 END FROM account JOIN password ON password.account = account.id`

func scanCredential(s store.Scanner) (c credential, err error) {
	return c, s.Scan(&c.account, &c.name, &c.login, &c.state, &c.hash, &c.once, store.At(&c.until), &c.event, &c.factor)
}

func (s *Service) credential(ctx context.Context, where string, arg any) (c credential, now time.Time, err error) {
	err = s.db.View(ctx, s.System("foundation/auth.credential"), func(tx *store.Tx) error {
		now = tx.Now()
		c, err = store.First(tx, scanCredential, credentialColumns+where, arg)
		return ignoreNone(err)
	})
	return c, now, err
}

// SignIn asks for a session by name and password. An unknown name takes as long and fails alike. who is the visitor.
func (s *Service) SignIn(ctx context.Context, who Actor, login, password string, p Place) (e Entry, err error) {
	const signIn = "foundation/auth.SignIn"
	login = Login(login)
	if err := s.try(ctx, byName(login), byAddress(p.Address)); err != nil {
		return e, err
	}
	c, now, err := s.credential(ctx, ` WHERE account.login = ?`, login)
	if err != nil {
		return e, err
	}
	stored, typed := c.hash, password
	if stored == "" {
		stored = s.hasher.decoy
	}
	if c.once {
		typed = plain(typed)
	}
	right, outdated, err := s.hasher.check(ctx, typed, stored)
	switch {
	case err != nil:
		return e, err
	case !right, c.account == 0:
		return e, s.refused(ctx, who, signIn, c.account, "password", p)
	case c.state != Active:
		return e, s.refused(ctx, who, signIn, c.account, "closed", p)
	case c.once && !now.Before(c.until):
		return e, s.refused(ctx, who, signIn, c.account, "late", p)
	case outdated && !c.once:
		s.renew(ctx, c, password)
	}
	switch {
	case c.factor:
		e.Need = NeedCode
	case c.once:
		e.Need = NeedPassword
	default:
		return s.open(ctx, who, signIn, c, p, "")
	}
	if err := s.giveBack(ctx, byName(login), byAddress(p.Address)); err != nil {
		return e, err
	}
	e.Ticket, err = s.ticket(c, now, false)
	return e, err
}

// refused notes an attempt that failed.
func (s *Service) refused(ctx context.Context, who Actor, method string, account store.ID, reason string, p Place) error {
	w, err := s.Warrant(ctx, Actor{Request: who.Request}, method) // without the form's id: it may be sent again
	if err != nil {
		return err
	}
	err = s.db.Do(ctx, w, func(tx *store.Tx) error {
		tx.Record(SignInFailed{account, reason, store.Personal(p.Address.String())})
		return tx.Permit(true)
	})
	if err != nil {
		return err
	}
	return fault.New(fault.Invalid, ErrWrong, "")
}

// open opens the session of who proved to be there, with a new password where one was chosen on the way.
func (s *Service) open(ctx context.Context, who Actor, method string, c credential, p Place, hash string) (e Entry, err error) {
	w, err := s.Warrant(ctx, Actor{Account: c.account, Request: who.Request}, method)
	if err != nil {
		return e, err
	}
	err = s.db.Do(ctx, w, func(tx *store.Tx) error {
		still, err := store.First(tx, scanCredential, credentialColumns+` WHERE account.id = ?`, c.account)
		if err != nil {
			return err
		}
		if err := tx.Permit(still.state == Active && still.event == c.event); err != nil { // changed since it was looked at
			return err
		}
		if hash != "" {
			tx.Record(PasswordChosen{c.account})
			if err := setPasswordTx(tx, c.account, hash, time.Time{}); err != nil {
				return err
			}
		}
		if err := forgiveTx(tx, byName(c.login), byAddress(p.Address)); err != nil {
			return err
		}
		e.Secret, err = s.openTx(tx, c.account, p)
		return err
	})
	return e, err
}

// renew hashes a password again at today's cost. It is nobody's act, and a failure leaves the old hash.
func (s *Service) renew(ctx context.Context, c credential, password string) {
	hash, err := s.hasher.hash(ctx, password)
	if err == nil {
		err = s.db.Do(ctx, s.System("foundation/auth.renew", "password"), func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE password SET hash = ? WHERE account = ? AND event = ?`, hash, c.account, c.event)
			return err
		})
	}
	if err != nil {
		s.log.Warn("a password is not hashed again", "error", err)
	}
}

// A ticket is what somebody holds between two steps of signing in: whose, until when, and the password it was given for, so that it is of
// no use once that has changed. It is sealed, and stands nowhere else.
type ticket struct {
	Account  store.ID  `json:"account"`
	Password store.ID  `json:"password"`
	Until    time.Time `json:"until"`
	Factor   bool      `json:"factor"` // the second factor was right, too
}

const (
	ticketLife    = 15 * time.Minute
	ticketPurpose = "auth.ticket"
)

func (s *Service) ticket(c credential, now time.Time, factor bool) (string, error) {
	return s.sealed(ticketPurpose, ticket{c.account, c.event, now.Add(ticketLife), factor})
}

// readTicket returns whose ticket it is. done means that nothing but the password's change is needed still.
func (s *Service) readTicket(ctx context.Context, text string) (c credential, done bool, err error) {
	var t ticket
	if err := s.unsealed(ticketPurpose, text, &t); err != nil {
		return c, false, err
	}
	c, now, err := s.credential(ctx, ` WHERE account.id = ?`, t.Account)
	if err == nil && (c.account == 0 || c.event != t.Password || !now.Before(t.Until) || c.state != Active) {
		err = fault.New(fault.Conflict, ErrTicket, "")
	}
	return c, t.Factor || !c.factor, err
}

// FirstPassword chooses one's own password in place of a one-time one, and signs in.
func (s *Service) FirstPassword(ctx context.Context, who Actor, ticket, password string, p Place) (e Entry, err error) {
	c, done, err := s.readTicket(ctx, ticket)
	if err != nil {
		return e, err
	}
	if !c.once || !done {
		return e, fault.New(fault.Conflict, ErrTicket, "")
	}
	hash, err := s.chosen(ctx, c, password)
	if err != nil {
		return e, err
	}
	return s.open(ctx, who, "foundation/auth.FirstPassword", c, p, hash)
}

// chosen judges a new password and makes its hash.
func (s *Service) chosen(ctx context.Context, c credential, password string) (string, error) {
	if err := judge(password, c.login, c.name); err != nil {
		return "", err
	}
	old := password
	if c.once {
		old = plain(old)
	}
	same, _, err := s.hasher.check(ctx, old, c.hash)
	if err != nil {
		return "", err
	}
	if same {
		return "", fault.New(fault.Invalid, ErrSame, "").Field("password", ErrSame)
	}
	return s.hasher.hash(ctx, password)
}

// proved asks somebody who is signed in for their password again.
func (s *Service) proved(ctx context.Context, account store.ID, password string) (c credential, name counter, err error) {
	if c, _, err = s.credential(ctx, ` WHERE account.id = ?`, account); err != nil {
		return c, name, err
	}
	name = byName(c.login)
	if err := s.try(ctx, name); err != nil {
		return c, name, err
	}
	right, _, err := s.hasher.check(ctx, password, cmp.Or(c.hash, s.hasher.decoy))
	if err == nil && (!right || c.account == 0) {
		err = fault.New(fault.Invalid, ErrWrong, "").Field("current", ErrCurrent)
	}
	return c, name, err
}

// ChangePassword chooses another password, and ends all other sessions.
func (s *Service) ChangePassword(ctx context.Context, who Actor, current, password string) error {
	w, err := s.Warrant(ctx, who, "foundation/auth.ChangePassword")
	if err != nil {
		return err
	}
	c, name, err := s.proved(ctx, who.Account, current)
	if err != nil {
		return err
	}
	hash, err := s.chosen(ctx, c, password)
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		still, err := store.First(tx, scanCredential, credentialColumns+` WHERE account.id = ?`, c.account)
		if err != nil {
			return err
		}
		if err := tx.Permit(still.event == c.event); err != nil {
			return err
		}
		tx.Record(PasswordChosen{c.account})
		if err := setPasswordTx(tx, c.account, hash, time.Time{}); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM attempt WHERE key = ?`, name.key); err != nil {
			return err
		}
		return endSessionsTx(tx, c.account, who.Session)
	})
}
