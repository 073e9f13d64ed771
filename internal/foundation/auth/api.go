package auth

import (
	"time"

	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// API are the calls about one's own account and sessions, and about the accounts that somebody manages. What would carry a secret of signing in
// is left to the pages: a password that is printed is shown once, to who prints it.
func API(s *Service) []*api.Operation {
	const accounts, sessions = "/api/accounts", "/api/sessions"
	return append(peopleAPI(s), []*api.Operation{
		api.Get("/api/account", "getOwnAccount", "auth.api.me", s.apiMe).Calls("foundation/auth.MyAccount"),
		api.Post("/api/session/agency", "chooseAgency", "auth.api.choose", s.apiChoose).Calls("foundation/auth.Choose"),
		api.Post("/api/session/sign-out", "signOut", "auth.api.sign_out", s.apiSignOut).Calls("foundation/auth.SignOut"),
		api.Get(sessions, "listOwnSessions", "auth.api.sessions", s.apiSessions).Calls("foundation/auth.MySessions"),
		api.Post(sessions+"/{id}/end", "endOwnSession", "auth.api.end_session", s.apiEndSession).Calls("foundation/auth.EndSession"),
		api.Post(sessions+"/end-others", "endOtherSessions", "auth.api.end_others", s.apiEndOthers).Calls("foundation/auth.EndOthers"),
		api.Get(accounts, "listAccounts", "auth.api.accounts", s.apiAccounts).Calls("foundation/auth.Accounts"),
		api.Get(accounts+"/{id}", "getAccount", "auth.api.account", s.apiAccount).Calls("foundation/auth.Account"),
		api.Post(accounts, "createAccount", "auth.api.create", s.apiCreate).Calls("foundation/auth.CreateAccount"),
		api.Post(accounts+"/{id}/close", "closeAccount", "auth.api.close", s.apiClose).Calls("foundation/auth.CloseAccount"),
		api.Post(accounts+"/{id}/open", "openAccount", "auth.api.open", s.apiOpen).Calls("foundation/auth.OpenAccount"),
		api.Post(accounts+"/{id}/reset-factors", "resetFactors", "auth.api.reset", s.apiReset).Calls("foundation/auth.ResetFactors"),
		api.Post(accounts+"/{id}/grants", "giveRole", "auth.api.give", s.apiGive).Calls("foundation/auth.Give"),
		api.Post("/api/grants/{id}/end", "endRole", "auth.api.end", s.apiEnd).Calls("foundation/auth.End"),
	}...)
}

type apiAccount struct {
	ID     string    `id:"acc"              json:"id"`
	Kind   string    `enum:"person,service" json:"kind"`
	Login  string    `json:"login"`
	Name   string    `json:"name"`
	Person string    `id:"per"              json:"person,omitempty"`
	Agency string    `id:"agy"              json:"agency"`
	State  string    `enum:"active,closed"  json:"state"`
	Since  time.Time `json:"since"`
}

func told(a *Account) apiAccount {
	out := apiAccount{ID: a.ID.Text("acc"), Kind: a.Kind, Login: a.Login, Name: a.Name, Agency: a.Agency.Text("agy"), State: a.State, Since: a.Since}
	if a.Person != 0 {
		out.Person = a.Person.Text("per")
	}
	return out
}

type apiGrant struct {
	ID   string `id:"grt"    json:"id"`
	Role Role   `json:"role"`
	// Agency is the one for which the role acts, At where its reach begins: the agency, or a unit of it.
	Agency string     `id:"agy"                         json:"agency"`
	At     string     `id:"agy,unt"                     json:"at"`
	Reach  string     `enum:"agency,units,subordinates" json:"reach"`
	Since  time.Time  `json:"since"`
	Until  *time.Time `json:"until"`
}

type apiHeld struct {
	apiAccount

	Grants []apiGrant `json:"grants"`
	// OneTime is until when a printed password waits to be used; TOTP since when an app's code is asked for, too.
	OneTime  *time.Time `json:"one_time_password_until"`
	TOTP     *time.Time `json:"totp_since"`
	Passkeys int        `json:"passkeys"`
}

func held(h *Held) apiHeld {
	out := apiHeld{told(&h.Account), make([]apiGrant, len(h.Grants)), api.Time(h.Once), api.Time(h.TOTP), len(h.Passkeys)}
	for i, g := range h.Grants {
		at := "agy"
		if g.At != g.Agency {
			at = "unt"
		}
		out.Grants[i] = apiGrant{g.ID.Text("grt"), g.Role, g.Agency.Text("agy"), g.At.Text(at), g.Reach.String(), g.Since, api.Time(g.Until, store.Forever)}
	}
	return out
}

// apiMine is one's own account, with the agency that the session acts for.
type apiMine struct {
	apiHeld

	Acting string `id:"agy" json:"acting_agency,omitempty"`
}

func (s *Service) apiMe(r *web.Request, _ struct{}) (out apiMine, err error) {
	who := Who(r)
	h, err := s.MyAccount(r.Context(), who)
	if err != nil {
		return out, err
	}
	out.apiHeld, out.Acting = held(&h), acted(who.Agency)
	return out, nil
}

// acted is the agency that is acted for, "" where there is none.
func acted(agency store.ID) string {
	if agency == 0 {
		return ""
	}
	return agency.Text("agy")
}

type apiChosen struct {
	Agency string `id:"agy" json:"agency"`
}

func (s *Service) apiChoose(r *web.Request, in struct {
	Body apiChosen `body:"json"`
}) (out api.Nothing, err error) {
	return out, s.Sessions().Choose(r.Context(), r.Session(), in.Body.Agency)
}

func (s *Service) apiSignOut(r *web.Request, _ struct{}) (out api.Nothing, err error) {
	if err := s.SignOut(r.Context(), Who(r)); err != nil {
		return out, err
	}
	r.EndSession()
	return out, nil
}

type apiSession struct {
	ID      string    `id:"ses"       json:"id"`
	Agency  string    `id:"agy"       json:"acting_agency,omitempty"`
	Since   time.Time `json:"since"`
	Used    time.Time `json:"used"`
	Until   time.Time `json:"until"`
	Device  string    `json:"device"`
	Address string    `json:"address"`
	Current bool      `json:"current"`
}

func (s *Service) apiSessions(r *web.Request, _ struct{}) (out api.List[apiSession], err error) {
	all, err := s.MySessions(r.Context(), Who(r))
	out.Items = make([]apiSession, len(all))
	for i, x := range all {
		out.Items[i] = apiSession{x.ID.Text("ses"), acted(x.Agency), x.Since, x.Used, x.Until, x.Device, x.Address, x.Current}
	}
	return out, err
}

func (s *Service) apiEndSession(r *web.Request, in struct {
	ID string `id:"ses" path:"id"`
}) (out api.Nothing, err error) {
	id, err := store.ParseID("ses", in.ID)
	if err == nil {
		_, _, err = store.Before(s.EndSession(r.Context(), Who(r), id))
	}
	return out, err
}

func (s *Service) apiEndOthers(r *web.Request, _ struct{}) (out api.Nothing, err error) {
	_, _, err = store.Before(s.EndOthers(r.Context(), Who(r)))
	return out, err
}

// maxAccounts is how many accounts one answer has at most.
const maxAccounts = 500

func (s *Service) apiAccounts(r *web.Request, in struct {
	Agency string `id:"agy"      query:"agency"`
	Name   string `query:"name"`
	After  string `query:"after"`
	Limit  int    `query:"limit"`
}) (out api.List[apiAccount], err error) {
	q := AccountQuery{Begins: in.Name}
	if q.Limit, err = api.Limit(in.Limit, maxAccounts); err != nil {
		return out, err
	}
	if in.Agency != "" {
		if q.Agency, err = store.ParseID("agy", in.Agency); err != nil {
			return out, err
		}
	}
	if in.After != "" {
		key, id, err := api.ReadKeyPlace(in.After)
		if err != nil {
			return out, err
		}
		q.After = &Account{ID: store.ID(id), Key: key, Term: string(key)} // of the two, the query's order takes its own
	}
	all, err := s.Accounts(r.Context(), Who(r), q)
	if err != nil {
		return out, err
	}
	return api.Cut(all, q.Limit, func(a Account) apiAccount { return told(&a) }, func(a Account) string {
		if q.Begins != "" {
			return api.KeyPlace([]byte(a.Term), int64(a.ID))
		}
		return api.KeyPlace(a.Key, int64(a.ID))
	}), nil
}

type apiOne struct {
	ID string `id:"acc" path:"id"`
}

func (s *Service) apiAccount(r *web.Request, in apiOne) (out apiHeld, err error) {
	id, err := store.ParseID("acc", in.ID)
	if err != nil {
		return out, err
	}
	return s.heldNow(r, id)
}

// heldNow is an account as it is now: what each act on it answers.
func (s *Service) heldNow(r *web.Request, id store.ID) (out apiHeld, err error) {
	h, err := s.Account(r.Context(), Who(r), id)
	if err != nil {
		return out, err
	}
	return held(&h), nil
}

type apiNewAccount struct {
	Kind   string `enum:"person,service" json:"kind,omitempty"`
	Login  string `json:"login"`
	Name   string `json:"name"`
	Person string `id:"per"              json:"person,omitempty"`
	Agency string `id:"agy"              json:"agency"`
}

// apiCreate makes an account whose password nobody knows: the page that prints it gives the first one.
func (s *Service) apiCreate(r *web.Request, in struct {
	Body apiNewAccount `body:"json"`
}) (out apiHeld, err error) {
	n := NewAccount{Kind: in.Body.Kind, Login: in.Body.Login, Name: in.Body.Name}
	if n.Agency, err = store.ParseID("agy", in.Body.Agency); err != nil {
		return out, err
	}
	if in.Body.Person != "" {
		if n.Person, err = store.ParseID("per", in.Body.Person); err != nil {
			return out, err
		}
	}
	l, err := s.CreateAccount(r.Context(), Who(r), n)
	id, before, err := store.Before(err)
	if err != nil {
		return out, err
	}
	if !before {
		id = l.Account
	}
	return s.heldNow(r, id)
}

// on does something to an account, once, and answers the account.
func (s *Service) on(r *web.Request, account string, f func(who Actor, id store.ID) error) (out apiHeld, err error) {
	id, err := store.ParseID("acc", account)
	if err != nil {
		return out, err
	}
	if _, _, err := store.Before(f(Who(r), id)); err != nil {
		return out, err
	}
	return s.heldNow(r, id)
}

type apiReason struct {
	Reason string `json:"reason,omitempty"`
}

func (s *Service) apiClose(r *web.Request, in struct {
	ID   string    `id:"acc"    path:"id"`
	Body apiReason `body:"json"`
}) (apiHeld, error) {
	return s.on(r, in.ID, func(who Actor, id store.ID) error { return s.CloseAccount(r.Context(), who, id, in.Body.Reason) })
}

func (s *Service) apiOpen(r *web.Request, in apiOne) (apiHeld, error) {
	return s.on(r, in.ID, func(who Actor, id store.ID) error { return s.OpenAccount(r.Context(), who, id) })
}

func (s *Service) apiReset(r *web.Request, in apiOne) (apiHeld, error) {
	return s.on(r, in.ID, func(who Actor, id store.ID) error { return s.ResetFactors(r.Context(), who, id) })
}

type apiNewGrant struct {
	Role  Role      `enum:"drafter,unit_head,clerk,leader,certificate_officer,one_stop_officer,operator,auditor,integrator" json:"role"`
	At    string    `id:"agy,unt"                                                                                           json:"at"`
	Reach string    `enum:"agency,units,subordinates"                                                                       json:"reach"`
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

func (s *Service) apiGive(r *web.Request, in struct {
	ID   string      `id:"acc"    path:"id"`
	Body apiNewGrant `body:"json"`
}) (out apiHeld, err error) {
	at, err := store.ParseID("unt", in.Body.At)
	if err != nil {
		if at, err = store.ParseID("agy", in.Body.At); err != nil {
			return out, err
		}
	}
	reach := map[string]Reach{Agency.String(): Agency, Units.String(): Units, Subordinates.String(): Subordinates}[in.Body.Reach]
	return s.on(r, in.ID, func(who Actor, id store.ID) error {
		return s.Give(r.Context(), who, NewGrant{Account: id, Role: in.Body.Role, At: at, Reach: reach, Since: in.Body.Since, Until: in.Body.Until})
	})
}

type apiFrom struct {
	// From is when the role ends; where none is given, now.
	From time.Time `json:"from,omitzero"`
}

func (s *Service) apiEnd(r *web.Request, in struct {
	ID   string  `id:"grt"    path:"id"`
	Body apiFrom `body:"json"`
}) (out api.Nothing, err error) {
	id, err := store.ParseID("grt", in.ID)
	if err == nil {
		_, _, err = store.Before(s.End(r.Context(), Who(r), id, in.Body.From))
	}
	return out, err
}
