package auth

import (
	"cmp"
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

// own says who may use this package's methods.
var own = Policy{
	"foundation/auth.SignIn":          {Anyone: true, Decides: "name and password"},
	"foundation/auth.FirstPassword":   {Anyone: true, Decides: "a ticket that a one-time password gave"},
	"foundation/auth.SecondFactor":    {Anyone: true, Decides: "a ticket that a right password gave"},
	"foundation/auth.BeginTOTP":       {SignedIn: true, Decides: "one's own account"},
	"foundation/auth.ConfirmTOTP":     {SignedIn: true, Decides: "one's own account, and a code of the app"},
	"foundation/auth.RemoveTOTP":      {SignedIn: true, Decides: "one's own account, and its password"},
	"foundation/auth.ResetFactors":    {Needs: ManageAccounts, Decides: "the account's agency, and those of all its grants"},
	"foundation/auth.SignInByPasskey": {Anyone: true, Decides: "a key that answered our challenge"},
	"foundation/auth.BeginPasskey":    {SignedIn: true, Decides: "one's own account"},
	"foundation/auth.AddPasskey":      {SignedIn: true, Decides: "one's own account, and a key that answered our challenge"},
	"foundation/auth.RemovePasskey":   {SignedIn: true, Decides: "one's own passkey"},
	"foundation/auth.SignOut":         {SignedIn: true, Decides: "one's own session"},
	"foundation/auth.Choose":          {SignedIn: true, Decides: "one's own session, an agency of one's own grants"},
	"foundation/auth.ChangePassword":  {SignedIn: true, Decides: "one's own account, and its password"},
	"foundation/auth.MySessions":      {SignedIn: true, Decides: "one's own account"},
	"foundation/auth.EndSession":      {SignedIn: true, Decides: "one's own session"},
	"foundation/auth.EndOthers":       {SignedIn: true, Decides: "one's own sessions"},
	"foundation/auth.MyAccount":       {SignedIn: true, Decides: "one's own account"},
	"foundation/auth.CreateAccount":   {Needs: ManageAccounts, Decides: "the account's agency"},
	"foundation/auth.Accounts":        {Needs: ManageAccounts, Decides: "the accounts' agencies"},
	"foundation/auth.Account":         {Needs: ManageAccounts, Decides: "the account's agency"},
	"foundation/auth.GivePassword":    {Needs: ManageAccounts, Decides: "the account's agency, and those of all its grants"},
	"foundation/auth.CloseAccount":    {Needs: ManageAccounts, Decides: "the account's agency, and those of all its grants"},
	"foundation/auth.OpenAccount":     {Needs: ManageAccounts, Decides: "the account's agency, and those of all its grants"},
	"foundation/auth.People":          {Needs: ManageAccounts, Decides: "the agency that keeps the record"},
	"foundation/auth.AccountsOf":      {Needs: ManageAccounts, Decides: "the accounts' agencies"},
	"foundation/auth.LinkPerson":      {Needs: ManageAccounts, Decides: "the account's agency, those of all its grants, and the one that keeps the person's record"},
	"foundation/auth.UnlinkPerson":    {Needs: ManageAccounts, Decides: "the account's agency, and those of all its grants"},
	"foundation/auth.Give":            {Needs: ManageAccounts, Decides: "the grant's agency; never oneself"},
	"foundation/auth.End":             {Needs: ManageAccounts, Decides: "the grant's agency"},
}

// The kinds of account, and its states.
const (
	PersonAccount  = "person"
	ServiceAccount = "service"
	Active         = "active"
	Closed         = "closed"
)

// Account is who may sign in.
type Account struct {
	ID     store.ID
	Kind   string // PersonAccount or ServiceAccount
	Login  string // the sign-in name
	Name   string
	Person store.ID // in the directory; 0 for none
	Agency store.ID // which manages it
	State  string   // Active or Closed
	Since  time.Time
	Event  store.ID

	// Key is its place in the order of names, Term what a search found it by.
	Key  []byte
	Term string
}

// NewAccount is an account to be made.
type NewAccount struct {
	Kind   string // "" is PersonAccount
	Login  string
	Name   string
	Person store.ID
	Agency store.ID
}

// Letter is what is printed for who gets a one-time password: it is shown once, and stored nowhere.
type Letter struct {
	Account  store.ID
	Name     string
	Login    string
	Password string
	Until    time.Time // it has to be used before
}

// letterLife is how long a one-time password waits for the post and for somebody on leave.
const letterLife = 30 * 24 * time.Hour

var loginForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{2,63}$`)

// Login is a sign-in name as it is kept: lower case, without marks or blanks around it.
func Login(s string) string { return i18n.Fold(s) }

// check completes an account and says what is wrong with it.
func (n *NewAccount) check() error {
	n.Login, n.Name, n.Kind = Login(n.Login), i18n.Line(n.Name), cmp.Or(n.Kind, PersonAccount)
	err := fault.New(fault.Invalid, ErrLogin, "")
	if !loginForm.MatchString(n.Login) {
		err = err.Field("login", ErrLogin)
	}
	if n.Name == "" {
		err = err.Field("name", fault.ErrRequired)
	}
	if n.Kind != PersonAccount && n.Kind != ServiceAccount {
		err = err.Field("kind", fault.ErrChoice)
	}
	if n.Kind == ServiceAccount && n.Person != 0 {
		err = err.Field("kind", ErrNoPerson)
	}
	if n.Agency == 0 {
		err = err.Field("agency", fault.ErrRequired)
	}
	if len(err.Fields) > 0 {
		return err
	}
	return nil
}

// terms are what an account is found by, from the beginning.
func terms(login, name string) []string {
	folded := i18n.Fold(name)
	all := []string{login, folded}
	if i := strings.LastIndexByte(folded, ' '); i >= 0 {
		all = append(all, folded[i+1:]+" "+folded[:i])
	}
	return all
}

// newPassword makes a one-time password and its hash, outside of every transaction.
func (s *Service) newPassword(ctx context.Context) (password, hash string, err error) {
	if password, err = oneTime(s.random); err != nil {
		return "", "", err
	}
	hash, err = s.hasher.hash(ctx, plain(password))
	return password, hash, err
}

// CreateAccount makes an account with a one-time password.
func (s *Service) CreateAccount(ctx context.Context, who Actor, n NewAccount) (l Letter, err error) {
	w, err := s.Warrant(ctx, who, "foundation/auth.CreateAccount")
	if err != nil {
		return l, err
	}
	if err := n.check(); err != nil {
		return l, err
	}
	password, hash, err := s.newPassword(ctx)
	if err != nil {
		return l, err
	}
	err = s.db.Do(ctx, w, func(tx *store.Tx) (err error) {
		if err := tx.Over(n.Agency); err != nil {
			return err
		}
		if n.Person != 0 {
			if _, err := s.overTx(tx, n.Person); err != nil {
				return err
			}
		}
		l, err = createTx(tx, n, password, hash)
		return err
	})
	return l, err
}

// CreateFirst makes the first operator of a house without accounts, over an agency and all that is below it. There is never a default
// password: the letter holds one that was made for this.
func (s *Service) CreateFirst(ctx context.Context, n NewAccount) (l Letter, err error) {
	if err := n.check(); err != nil {
		return l, err
	}
	password, hash, err := s.newPassword(ctx)
	if err != nil {
		return l, err
	}
	w := s.System("foundation/auth.CreateFirst", "account", "account_term", "password", "role_grant")
	err = s.db.Do(ctx, w, func(tx *store.Tx) error {
		there, err := store.Exists(tx, `SELECT 1 FROM account LIMIT 1`)
		if err != nil {
			return err
		}
		if there {
			return fault.New(fault.Conflict, ErrFirst, "")
		}
		if l, err = createTx(tx, n, password, hash); err != nil {
			return err
		}
		return giveTx(tx, NewGrant{Account: l.Account, Role: Operator, Agency: n.Agency, Reach: Subordinates})
	})
	return l, err
}

func createTx(tx *store.Tx, n NewAccount, password, hash string) (Letter, error) {
	l := Letter{tx.NewID(), n.Name, n.Login, password, tx.Now().Add(letterLife)}
	event := tx.Record(AccountMade{l.Account, n.Kind, store.Personal(n.Login), store.Personal(n.Name), n.Person, n.Agency})
	taken, err := store.Exists(tx, `SELECT 1 FROM account WHERE login = ?`, n.Login)
	if err != nil {
		return l, err
	}
	if taken {
		return l, fault.New(fault.Conflict, ErrLoginTaken, n.Login).Field("login", ErrLoginTaken)
	}
	_, err = tx.Exec(`INSERT INTO account (id, kind, login, name, sort_key, person, agency, state, since, event) VALUES (?, ?, ?, ?, ?, ?, ?, 'active', ?, ?)`,
		l.Account, n.Kind, n.Login, n.Name, i18n.PersonKey(n.Name), n.Person, n.Agency, tx.Now(), event)
	if err != nil {
		return l, err
	}
	for _, term := range terms(n.Login, n.Name) {
		if _, err := tx.Exec(`INSERT INTO account_term (term, account) VALUES (?, ?) ON CONFLICT (term, account) DO NOTHING`, term, l.Account); err != nil {
			return l, err
		}
	}
	return l, setPasswordTx(tx, l.Account, hash, l.Until)
}

// setPasswordTx makes a hash an account's one. until is when a one-time password ends; zero means that its owner chose it.
func setPasswordTx(tx *store.Tx, account store.ID, hash string, until time.Time) error {
	once := !until.IsZero()
	if !once {
		until = store.Forever
	}
	_, err := tx.Exec(`INSERT INTO password (account, hash, once, since, until, event) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (account) DO UPDATE SET hash = excluded.hash, once = excluded.once, since = excluded.since, until = excluded.until, event = excluded.event`,
		account, hash, once, tx.Now(), until, tx.Event())
	return err
}

// GivePassword gives a new one-time password to who is locked out, and ends their sessions.
func (s *Service) GivePassword(ctx context.Context, who Actor, account store.ID) (l Letter, err error) {
	w, err := s.Warrant(ctx, who, "foundation/auth.GivePassword")
	if err != nil {
		return l, err
	}
	password, hash, err := s.newPassword(ctx)
	if err != nil {
		return l, err
	}
	err = s.db.Do(ctx, w, func(tx *store.Tx) error {
		a, err := s.helpTx(tx, who, account)
		if err != nil {
			return err
		}
		if a.State != Active {
			return fault.New(fault.Conflict, ErrClosed, a.Name)
		}
		l = Letter{a.ID, a.Name, a.Login, password, tx.Now().Add(letterLife)}
		tx.Record(PasswordGiven{a.ID, l.Until})
		if err := setPasswordTx(tx, a.ID, hash, l.Until); err != nil {
			return err
		}
		return endSessionsTx(tx, a.ID, 0)
	})
	return l, err
}

// CloseAccount lets nobody sign in to an account any more, and ends its sessions. Its grants stay what they were.
func (s *Service) CloseAccount(ctx context.Context, who Actor, account store.ID, reason string) error {
	w, err := s.Warrant(ctx, who, "foundation/auth.CloseAccount")
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		a, err := s.helpTx(tx, who, account)
		if err != nil || a.State == Closed {
			return err
		}
		event := tx.Record(AccountClosed{a.ID, i18n.Line(reason)})
		if err := tx.Change(`UPDATE account SET state = 'closed', event = ? WHERE id = ? AND event = ?`, event, a.ID, a.Event); err != nil {
			return err
		}
		return endSessionsTx(tx, a.ID, 0)
	})
}

// OpenAccount opens a closed account again.
func (s *Service) OpenAccount(ctx context.Context, who Actor, account store.ID) error {
	w, err := s.Warrant(ctx, who, "foundation/auth.OpenAccount")
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		a, err := s.helpTx(tx, who, account)
		if err != nil || a.State == Active {
			return err
		}
		event := tx.Record(AccountOpened{a.ID})
		return tx.Change(`UPDATE account SET state = 'active', event = ? WHERE id = ? AND event = ?`, event, a.ID, a.Event)
	})
}

// helpTx loads an account that somebody wants to act on: never their own, and none that has a role where their own reach does not go,
// or a commune's operator could become the province's.
func (s *Service) helpTx(tx *store.Tx, who Actor, account store.ID) (Account, error) {
	a, err := accountTx(tx, account)
	if err != nil {
		return a, err
	}
	if err := tx.Over(a.Agency); err != nil {
		return a, err
	}
	if a.ID == who.Account {
		return a, fault.New(fault.Conflict, ErrSelf, "")
	}
	gs, err := grantsTx(tx, a.ID, tx.Now(), true)
	if err != nil {
		return a, err
	}
	for _, g := range gs {
		if err := mayGiveTx(tx, who, g.Grant); err != nil {
			return a, fault.New(fault.Conflict, ErrWider, a.Name).Because(err)
		}
	}
	return a, nil
}

const accountColumns = `SELECT account.id, account.kind, account.login, account.name, account.person, account.agency, account.state, account.since, account.event, account.sort_key`

func scanAccount(s store.Scanner) (a Account, err error) {
	return a, s.Scan(&a.ID, &a.Kind, &a.Login, &a.Name, &a.Person, &a.Agency, &a.State, store.At(&a.Since), &a.Event, &a.Key)
}

func accountTx(tx *store.Tx, id store.ID) (Account, error) {
	return store.First(tx, scanAccount, accountColumns+` FROM account WHERE id = ?`, id)
}

// AccountTx is an account by its id.
func AccountTx(tx *store.Tx, id store.ID) (Account, error) { return accountTx(tx, id) }

// Held is an account with its roles: those in force, and those to come.
type Held struct {
	Account
	Grants []Given
	// Once is until when its one-time password waits to be used; zero where its owner chose one.
	Once time.Time
	// TOTP is since when an app's code is needed, too; zero where none is.
	TOTP time.Time
	// Recovery is how many codes are left for when the app is lost.
	Recovery int
	Passkeys []Passkey
}

// Account is an account with its roles.
func (s *Service) Account(ctx context.Context, who Actor, id store.ID) (h Held, err error) {
	w, err := s.Warrant(ctx, who, "foundation/auth.Account")
	if err != nil {
		return h, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		if h, err = heldTx(tx, id); err != nil {
			return err
		}
		return tx.Over(h.Agency)
	})
	return h, err
}

// MyAccount is one's own.
func (s *Service) MyAccount(ctx context.Context, who Actor) (h Held, err error) {
	w, err := s.Warrant(ctx, who, "foundation/auth.MyAccount")
	if err != nil {
		return h, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(true); err != nil { // it asks for nothing but the actor's own
			return err
		}
		h, err = heldTx(tx, who.Account)
		return err
	})
	return h, err
}

func heldTx(tx *store.Tx, id store.ID) (h Held, err error) {
	if h.Account, err = accountTx(tx, id); err != nil {
		return h, err
	}
	if h.Grants, err = grantsTx(tx, id, tx.Now(), true); err != nil {
		return h, err
	}
	if err := tx.Each(func(s store.Scanner) error { return s.Scan(store.At(&h.Once)) }, `SELECT until FROM password WHERE account = ? AND once = 1`, id); err != nil {
		return h, err
	}
	if h.Passkeys, err = passkeysTx(tx, id); err != nil {
		return h, err
	}
	return h, tx.Each(func(s store.Scanner) error { return s.Scan(store.At(&h.TOTP), &h.Recovery) },
		`SELECT since, (SELECT count(*) FROM recovery WHERE recovery.account = totp.account) FROM totp WHERE account = ?`, id)
}

func ignoreNone(err error) error {
	_, err = store.Found(err)
	return err
}

// AccountQuery asks for a page of accounts, in order of the given name.
type AccountQuery struct {
	Agency store.ID // only those that it manages; 0 is all within reach
	Begins string   // only those whose name, given name or sign-in name begins so; in alphabetical order then
	After  *Account // the last one of the page before
	Limit  int
}

// Accounts are those that somebody manages.
func (s *Service) Accounts(ctx context.Context, who Actor, q AccountQuery) (list []Account, err error) {
	w, err := s.Warrant(ctx, who, "foundation/auth.Accounts")
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		query, args := q.sql(tx)
		list, err = store.Collect(tx, func(s store.Scanner) (a Account, err error) {
			return a, s.Scan(&a.ID, &a.Kind, &a.Login, &a.Name, &a.Person, &a.Agency, &a.State, store.At(&a.Since), &a.Event, &a.Key, &a.Term)
		}, query, args...)
		return err
	})
	return list, err
}

// sql walks one index: names, names of one agency, or terms.
func (q AccountQuery) sql(tx *store.Tx) (string, []any) {
	after := Account{Key: []byte{}}
	if q.After != nil {
		after = *q.After
	}
	limit := min(cmp.Or(q.Limit, 50), 1000)
	within, reached := tx.Within("account.agency")
	if begins := i18n.Fold(q.Begins); begins != "" {
		args := append([]any{begins, begins + "\U0010ffff", after.Term, int64(after.ID)}, reached...)
		return accountColumns + `, term FROM account_term JOIN account ON account.id = account_term.account
			WHERE term >= ? AND term < ? AND (term, account_term.account) > (?, ?) AND ` + within + ` ORDER BY term, account_term.account LIMIT ?`, append(args, limit)
	}
	if q.Agency != 0 {
		args := append([]any{q.Agency, after.Key, int64(after.ID)}, reached...)
		return accountColumns + `, '' FROM account WHERE account.agency = ? AND (sort_key, id) > (?, ?) AND ` + within + ` ORDER BY sort_key, id LIMIT ?`, append(args, limit)
	}
	args := append([]any{after.Key, int64(after.ID)}, reached...)
	return accountColumns + `, '' FROM account WHERE (sort_key, id) > (?, ?) AND ` + within + ` ORDER BY sort_key, id LIMIT ?`, append(args, limit)
}
