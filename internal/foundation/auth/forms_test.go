package auth_test

import (
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/job"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/foundation/web"
)

// TestTheSameFormTwiceDoesItOnceOverNodes sends one form to two nodes: after an answer, and after a node that stopped between its commit
// and the answer.
func TestTheSameFormTwiceDoesItOnceOverNodes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		steps, err := store.Migrations(job.Files)
		if err != nil {
			t.Fatal(err)
		}
		h := authtest.New(t, address, steps)
		province := h.Agency(t, 0, false)
		root := first(t, h, province)
		l, err := h.Auth.CreateAccount(t.Context(), root, auth.NewAccount{Login: "van.thu", Name: "Lê Ước", Agency: province})
		if err != nil {
			t.Fatal(err)
		}
		secret, path := signIn(t, h, "quan.tri"), "/tai-khoan/"+l.Account.Text("acc")
		stops := false
		node := func() *web.Server {
			texts, err := i18n.New(web.Texts(), store.Texts, auth.Files)
			if err != nil {
				t.Fatal(err)
			}
			m := auth.Pages(h.Auth)
			for i, r := range m.Routes {
				if r.Pattern == "POST /tai-khoan/{id}" {
					m.Routes[i].Handler = func(q *web.Request) (web.Answer, error) {
						a, err := r.Handler(q)
						if stops {
							panic("the machine stops")
						}
						return a, err
					}
				}
			}
			s, err := web.New(web.Config{
				Public: &url.URL{Scheme: "http", Host: "localhost"}, Texts: texts, Sessions: h.Auth.Sessions(), Once: h.Auth.Forms(), Clock: h.Clock,
				Log: slog.New(slog.DiscardHandler),
			}, m)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		a, b := node(), node()
		send := func(to *web.Server, id, role string) (int, string) {
			form := url.Values{"_id": {id}, "_agency": {province.Text("agy")}, "role": {role}, "at": {province.Text("agy")}, "reach": {"units"}}
			q := httptest.NewRequestWithContext(t.Context(), "POST", "http://localhost"+path, strings.NewReader(form.Encode()))
			q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			q.Header.Set("Cookie", "antin-session="+secret)
			w := httptest.NewRecorder()
			to.ServeHTTP(w, q)
			return w.Code, w.Header().Get("Location")
		}
		grants := func() int {
			held, err := h.Auth.Account(t.Context(), root, l.Account)
			if err != nil {
				t.Fatal(err)
			}
			return len(held.Grants)
		}
		for i, to := range []*web.Server{a, a, b, node()} {
			if code, where := send(to, "0123456789abcdef", "clerk"); code != 303 || where != path {
				t.Errorf("%d: %d %s", i, code, where)
			}
		}
		if grants() != 1 {
			t.Errorf("%d grants", grants())
		}
		stops = true
		if code, _ := send(a, "fedcba9876543210", "leader"); code != 500 {
			t.Error(code)
		}
		stops = false
		for i, to := range []*web.Server{b, a, node()} {
			if code, where := send(to, "fedcba9876543210", "leader"); code != 303 || where != path {
				t.Errorf("%d, after the stop: %d %s", i, code, where)
			}
		}
		if grants() != 2 {
			t.Errorf("%d grants", grants())
		}

		// A page that does not look for it is answered all the same.
		first := h.Auth.Forms()
		if err := first.Keep(t.Context(), "k", web.Result{Location: "/x", Said: web.T("auth.grant.given", "n", 3, "of", web.Plain("Ước"))}); err != nil {
			t.Fatal(err)
		}
		got, taken, err := h.Auth.Forms().Claim(t.Context(), "k")
		if err != nil || !taken || got.Location != "/x" || got.Said.Key != "auth.grant.given" || got.Said.Values[1] != int64(3) || got.Said.Values[3].(web.Text).Plain != "Ước" {
			t.Errorf("%+v %t %v", got, taken, err)
		}

		h.Clock.Advance(100 * 24 * time.Hour)
		w := job.New(h.DB, h.Issuer, slog.New(slog.DiscardHandler), 1, auth.Jobs(h.Auth)...)
		if did, err := w.One(t.Context()); !did || err != nil {
			t.Fatal(did, err)
		}
		if err := h.DB.View(t.Context(), h.Issuer.System("test"), func(tx *store.Tx) error {
			for _, table := range []string{"form", "once", "session", "attempt"} {
				if n, err := store.One[int64](tx, `SELECT count(*) FROM `+table); err != nil || n != 0 {
					t.Errorf("%s has %d rows left, %v", table, n, err)
				}
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
}
