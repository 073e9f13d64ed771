package auth_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/api/apitest"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/foundation/web"
)

type m = map[string]any

// caller is a program before a house's calls; it is nobody until it has a session.
func caller(t *testing.T, h *authtest.House) *apitest.Caller {
	t.Helper()
	texts, err := i18n.New(web.Texts(), api.Files, store.Texts, auth.Files)
	if err != nil {
		t.Fatal(err)
	}
	s, err := web.New(web.Config{Public: authtest.Public, Texts: texts, Sessions: h.Auth.Sessions(), Clock: h.Clock, Log: slog.New(slog.DiscardHandler)}, api.Module(auth.API(h.Auth)...))
	if err != nil {
		t.Fatal(err)
	}
	return apitest.NewCaller(t, s)
}

// sessionOf is one of an account that has its letter.
func sessionOf(t *testing.T, h *authtest.House, l auth.Letter) string {
	t.Helper()
	e, err := h.Auth.SignIn(t.Context(), auth.Actor{}, l.Login, l.Password, here)
	if err == nil {
		e, err = h.Auth.FirstPassword(t.Context(), auth.Actor{}, e.Ticket, chosen, here)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e.Secret
}

// sessionAgain is one more session of an account whose password was chosen.
func sessionAgain(t *testing.T, h *authtest.House, login string) string {
	t.Helper()
	e, err := h.Auth.SignIn(t.Context(), auth.Actor{}, login, chosen, here)
	if err != nil {
		t.Fatal(err)
	}
	return e.Secret
}

type apiAccount struct {
	ID, Login, State, Agency, Person string
	Acting                           string `json:"acting_agency"`
	Grants                           []struct{ ID, Role, Agency, At, Reach, Until string }
}

func TestAccountsAreKeptByCalls(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil)
		top := h.Agency(t, 0, false)
		commune := h.Agency(t, top, false)
		unit := h.Agency(t, commune, true)
		l, err := h.Auth.CreateFirst(t.Context(), auth.NewAccount{Login: "quan.tri", Name: "Phạm Văn Ấn", Agency: top})
		if err != nil {
			t.Fatal(err)
		}
		root := caller(t, h).As(sessionOf(t, h, l))

		// An account is made once for its key, gets roles, is closed and opened. No answer holds a password.
		var a, again apiAccount
		once := root.Keyed("make-the-account-once")
		body := m{"login": "van.thu", "name": "Lê Văn Thư", "agency": commune.Text("agy")}
		made := once.Post("/api/accounts", body)
		made.Into(&a)
		if once.Post("/api/accounts", body).Into(&again); a.ID == "" || again.ID != a.ID || a.State != "active" {
			t.Errorf("%+v, again %+v", a, again)
		}
		root.Post("/api/accounts", body).Refused("the name is taken", "409 auth.login_taken")
		at := "/api/accounts/" + a.ID
		root.Post(at+"/grants", m{"role": "clerk", "at": commune.Text("agy"), "reach": "units"}).Into(&a)
		root.Post(at+"/grants", m{"role": "drafter", "at": unit.Text("unt"), "reach": "agency", "until": "2027-01-01T00:00:00+07:00"}).Into(&a)
		if len(a.Grants) != 2 || a.Grants[0].Role != "clerk" || a.Grants[0].Reach != "units" || a.Grants[0].Until != "" || a.Grants[1].Agency != commune.Text("agy") || a.Grants[1].At != unit.Text("unt") || a.Grants[1].Until != "2026-12-31T17:00:00Z" {
			t.Errorf("%+v", a)
		}
		root.Post("/api/grants/"+a.Grants[1].ID+"/end", m{}).Into(&struct{}{})
		if root.Post(at+"/close", m{"reason": "Nghỉ"}).Into(&a); a.State != "closed" || len(a.Grants) != 1 {
			t.Errorf("%+v", a)
		}
		if root.Post(at+"/open", nil).Into(&a); a.State != "active" {
			t.Errorf("%+v", a)
		}
		root.Post(at+"/reset-factors", nil).Into(&a)

		// Whose it is, is said, seen from the person, and ended.
		var people struct {
			Items []struct{ ID, Name, Place string }
		}
		thu := h.Somebody(commune, "Lê Văn Thư")
		h.Somebody(commune, "Vũ Thị Bình")
		if root.Get("/api/accounts/people?name=thu").Into(&people); len(people.Items) != 1 || people.Items[0].ID != thu.Text("per") || people.Items[0].Name != "Lê Văn Thư" {
			t.Errorf("%+v", people)
		}
		if root.Post(at+"/person", m{"person": thu.Text("per")}).Into(&a); a.Person != thu.Text("per") {
			t.Errorf("%+v", a)
		}
		var of struct{ Items []apiAccount }
		if root.Get("/api/people/" + thu.Text("per") + "/accounts").Into(&of); len(of.Items) != 1 || of.Items[0].ID != a.ID {
			t.Errorf("%+v", of)
		}
		a.Person = ""
		if root.Post(at+"/person/end", nil).Into(&a); a.Person != "" {
			t.Errorf("%+v", a)
		}

		var list struct {
			Items []apiAccount
			Next  string
		}
		for query, want := range map[string]int{"": 2, "?agency=" + commune.Text("agy"): 1, "?name=thu": 1, "?name=quan": 1, "?name=zz": 0} {
			if root.Get("/api/accounts" + query).Into(&list); len(list.Items) != want {
				t.Errorf("%s: %+v", query, list)
			}
		}
		for _, query := range []string{"?limit=1", "?limit=1&name=" + "p"} {
			seen := map[string]bool{}
			for next := ""; ; {
				root.Get("/api/accounts" + query + next).Into(&list)
				for _, x := range list.Items {
					seen[x.ID] = true
				}
				if list.Next == "" {
					break
				}
				next = "&after=" + list.Next
			}
			if want := map[bool]int{true: 2, false: 1}[query == "?limit=1"]; len(seen) != want {
				t.Errorf("%s: %v", query, seen)
			}
		}
	})
}

func TestOnesOwnAccountByCalls(t *testing.T) {
	h := authtest.New(t, storetest.SQLite(t), nil)
	top := h.Agency(t, 0, false)
	commune, other := h.Agency(t, top, false), h.Agency(t, top, false)
	l, err := h.Auth.CreateFirst(t.Context(), auth.NewAccount{Login: "quan.tri", Name: "Phạm Văn Ấn", Agency: top})
	if err != nil {
		t.Fatal(err)
	}
	c := caller(t, h)
	root := c.As(sessionOf(t, h, l))
	operator := h.Reaching(top, auth.Subordinates, auth.Operator)
	k, err := h.Auth.CreateAccount(t.Context(), operator, auth.NewAccount{Login: "van.thu", Name: "Lê Văn Thư", Agency: commune})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []store.ID{commune, other} {
		if err := h.Auth.Give(t.Context(), operator, auth.NewGrant{Account: k.Account, Role: auth.Clerk, Agency: at, Reach: auth.Units}); err != nil {
			t.Fatal(err)
		}
	}
	clerk, phone := c.As(sessionOf(t, h, k)), c.As(sessionAgain(t, h, k.Login))

	// The acting agency is one of one's own.
	var me apiAccount
	clerk.Post("/api/session/agency", m{"agency": other.Text("agy")}).Into(&struct{}{})
	if clerk.Get("/api/account").Into(&me); me.ID != k.Account.Text("acc") || me.Acting != other.Text("agy") || len(me.Grants) != 2 {
		t.Errorf("%+v", me)
	}
	clerk.Post("/api/session/agency", m{"agency": top.Text("agy")}).Refused("another's agency", "404 store.not_found")

	// Refused: nobody, without the permission, out of reach, oneself; each with its twin.
	account := "/api/accounts/" + k.Account.Text("acc")
	c.Get(account).Refused("nobody", "401 web.sign_in")
	clerk.Get(account).Refused("without the permission", "403 auth.denied")
	root.Get(account).Into(&me)
	made := m{"login": "moi.vao", "name": "N", "agency": store.ID(77).Text("agy")}
	root.Post("/api/accounts", made).Refused("out of reach", "404 store.not_found")
	made["agency"] = commune.Text("agy")
	root.Post("/api/accounts", made).Into(&me)
	root.Post("/api/accounts/"+l.Account.Text("acc")+"/grants", m{"role": "clerk", "at": top.Text("agy"), "reach": "agency"}).Refused("oneself", "409 auth.self")

	// One's sessions: another's is none of them; what has ended is over at once.
	var mine, theirs struct {
		Items []struct {
			ID      string
			Current bool
		}
	}
	clerk.Get("/api/sessions").Into(&mine)
	root.Get("/api/sessions").Into(&theirs)
	if len(mine.Items) != 2 || len(theirs.Items) != 1 {
		t.Fatalf("%+v, %+v", mine, theirs)
	}
	clerk.Post("/api/sessions/"+theirs.Items[0].ID+"/end", nil).Refused("another's", "404 store.not_found")
	for _, x := range mine.Items {
		if !x.Current {
			clerk.Post("/api/sessions/"+x.ID+"/end", nil).Into(&struct{}{})
		}
	}
	phone.Get("/api/account").Refused("an ended session", "401 web.sign_in")
	phone = c.As(sessionAgain(t, h, k.Login))
	clerk.Post("/api/sessions/end-others", nil).Into(&struct{}{})
	phone.Get("/api/account").Refused("an ended session", "401 web.sign_in")
	if a := clerk.Post("/api/session/sign-out", nil); a.Status != http.StatusOK || a.Header.Get("Set-Cookie") == "" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
	clerk.Get("/api/account").Refused("after signing out", "401 web.sign_in")
}
