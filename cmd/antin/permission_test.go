package main

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/config"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
)

// openRoutes are the routes that a visitor may use, by what they begin with, each with its reason.
var openRoutes = map[string]string{
	"/{$}":                "the first page",
	"/ngon-ngu":           "the language of what a visitor reads",
	"/ma-loi/":            "what a code means",
	"/he-thong-giao-dien": "the parts that pages are made of",
	"/dang-nhap":          "signing in",
	"/dang-xuat":          "signing out, when the session has ended already",
	"/kiem-tra":           "anyone checks a signed document",
	"/api/checks":         "anyone checks a file: a program too",
	"/api/openapi.json":   "what can be called is no secret",
	"/huan-luyen":         "what training certificates name: certificates, lists, status, time",
	"/healthz":            "whether it is well",
	"/readyz":             "whether it can serve",
	"/metrics":            "figures; to named addresses only",
}

// TestEveryRouteAsEverybody asks each route of the house as a visitor and in every role: a visitor is asked to sign in unless the route is
// open, and somebody is let in where there is nothing to be found first. Nothing fails on our side.
func TestEveryRouteAsEverybody(t *testing.T) {
	h := wholeHouse(t)
	sessions := oneInEveryRole(t, h)

	ask := func(pattern, cookie string) int {
		method, path, _ := strings.Cut(pattern, " ")
		path = parameter(path)
		form := url.Values{"_id": {"0123456789abcdef" + cookie}, "_agency": {strings.TrimSpace(cookie)}}
		r := httptest.NewRequestWithContext(t.Context(), method, h.config.PublicAddress.String()+path, strings.NewReader(form.Encode()))
		if method == "POST" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if cookie != "" {
			if err := h.auth.Sessions().Choose(t.Context(), sessions.secret, cookie); err != nil {
				t.Fatal(err)
			}
			r.AddCookie(&http.Cookie{Name: "antin-session", Value: sessions.secret})
		}
		w := httptest.NewRecorder()
		h.web.ServeHTTP(w, r)
		return w.Code
	}
	routes, used := h.web.Routes(), map[string]bool{}
	for _, r := range routes {
		if strings.HasSuffix(r.Pattern, " /dang-xuat") || strings.HasSuffix(r.Pattern, "/sign-out") {
			continue // it ends the session that the others are asked with
		}
		_, path, _ := strings.Cut(r.Pattern, " ")
		open := false
		for begin := range openRoutes {
			if path == begin || begin != "/{$}" && strings.HasPrefix(path, begin) {
				open, used[begin] = true, true
			}
		}
		code := ask(r.Pattern, "")
		switch {
		case code >= 500:
			t.Errorf("%s, a visitor: %d", r.Pattern, code)
		case r.Anyone && !open:
			t.Errorf("%s is open to visitors; if that is right, its reason belongs into openRoutes", r.Pattern)
		case !r.Anyone && code != http.StatusSeeOther && code != http.StatusUnauthorized:
			t.Errorf("%s does not ask a visitor to sign in: %d", r.Pattern, code)
		}
		let, refused := 0, 0
		for role, agency := range sessions.agencies {
			switch code := ask(r.Pattern, agency.Text("agy")); {
			case code >= 500 && code != http.StatusServiceUnavailable:
				t.Errorf("%s, %s: %d", r.Pattern, role, code)
			case code == http.StatusForbidden:
				refused++
			default:
				let++
			}
		}
		if let == 0 {
			t.Errorf("%s lets nobody in (%d roles are refused)", r.Pattern, refused)
		}
	}
	for begin := range openRoutes {
		if !used[begin] && begin != "/dang-xuat" {
			t.Errorf("%s is no route", begin)
		}
	}
	if len(routes) < 40 {
		t.Errorf("%d routes were asked", len(routes))
	}
}

// wholeHouse is a new house with every room.
func wholeHouse(t *testing.T) *house {
	t.Helper()
	dir := t.TempDir()
	ring, err := seal.Create(filepath.Join(dir, "master.keys"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(config.Sources{Flags: map[string]string{"data": filepath.Join(dir, "data"), "master_keys": filepath.Join(dir, "master.keys"), "training": "on"}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := openHouse(t.Context(), c, ring, clock.System{}, slog.New(slog.DiscardHandler), extra{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// parameter fills in the parts of a pattern that stand for something.
func parameter(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = map[bool]string{true: "", false: "x"}[p == "{$}"]
		}
	}
	return strings.Join(parts, "/")
}

type everyRole struct {
	secret   string
	agencies map[auth.Role]store.ID // at which the account has one role alone
}

// oneInEveryRole makes an account with each role at an agency of its own, and one agency at which its role is none that a page knows.
func oneInEveryRole(t *testing.T, h *house) everyRole {
	t.Helper()
	e := everyRole{agencies: map[auth.Role]store.ID{}}
	top, next := store.ID(1001), store.ID(1001)
	if err := h.db.Do(t.Context(), h.auth.System("test", "scope"), func(tx *store.Tx) error {
		for _, r := range auth.Roles {
			next++
			e.agencies[r] = next
			if err := auth.PlaceTx(tx, next, top, false, time.Now().AddDate(-1, 0, 0)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	first, err := h.auth.CreateFirst(t.Context(), auth.NewAccount{Login: "quan.tri", Name: "Q", Agency: top})
	if err != nil {
		t.Fatal(err)
	}
	root := auth.Actor{Account: first.Account, Agency: top, Grants: []auth.Grant{{Role: auth.Operator, Agency: top, Reach: auth.Subordinates}}}
	l, err := h.auth.CreateAccount(t.Context(), root, auth.NewAccount{Login: "moi.vai", Name: "M", Agency: top})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range slices.Sorted(maps.Keys(e.agencies)) {
		if err := h.auth.Give(t.Context(), root, auth.NewGrant{Account: l.Account, Role: r, Agency: e.agencies[r], Reach: auth.Units}); err != nil {
			t.Fatal(err)
		}
	}
	place := auth.Place{Address: netip.MustParseAddr("127.0.0.1")}
	entry, err := h.auth.SignIn(t.Context(), auth.Actor{}, l.Login, l.Password, place)
	if err == nil {
		entry, err = h.auth.FirstPassword(t.Context(), auth.Actor{}, entry.Ticket, "mèo vàng uống trà đá", place)
	}
	if err != nil {
		t.Fatal(err)
	}
	e.secret = entry.Secret
	return e
}
