package auth_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

const chosen = "mèo vàng uống trà đá"

var here = auth.Place{Address: netip.MustParseAddr("203.0.113.7"), Device: "Mozilla/5.0 (test)"}

// kind is the code of a failure.
func kind(err error) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).Code()
}

// first makes the house's first operator, who chose a password, and returns what the pages know of them.
func first(t *testing.T, h *authtest.House, agency store.ID) auth.Actor {
	t.Helper()
	l, err := h.Auth.CreateFirst(t.Context(), auth.NewAccount{Login: "quan.tri", Name: "Phạm Văn Ấn", Agency: agency})
	if err != nil {
		t.Fatal(err)
	}
	return enter(t, h, l)
}

// enter signs in with a letter for the first time.
func enter(t *testing.T, h *authtest.House, l auth.Letter) auth.Actor {
	t.Helper()
	e, err := h.Auth.SignIn(t.Context(), auth.Actor{}, l.Login, strings.ToUpper(strings.ReplaceAll(l.Password, "-", " ")), here)
	if err != nil || e.Need != auth.NeedPassword || e.Secret != "" {
		t.Fatalf("%+v %v", e, err)
	}
	if e, err = h.Auth.FirstPassword(t.Context(), auth.Actor{}, e.Ticket, chosen, here); err != nil || e.Secret == "" {
		t.Fatalf("%+v %v", e, err)
	}
	return session(t, h, e.Secret)
}

func signIn(t *testing.T, h *authtest.House, login string) string {
	t.Helper()
	e, err := h.Auth.SignIn(t.Context(), auth.Actor{}, login, chosen, here)
	if err != nil || e.Need != auth.NeedNothing {
		t.Fatalf("%+v %v", e, err)
	}
	return e.Secret
}

func session(t *testing.T, h *authtest.House, secret string) auth.Actor {
	t.Helper()
	a, err := h.Auth.Sessions().Actor(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	who, _ := a.Identity.(auth.Actor)
	return who
}

func TestTheFirstOperatorComesInByALetterOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil)
		province := h.Agency(t, 0, false)
		l, err := h.Auth.CreateFirst(t.Context(), auth.NewAccount{Login: "Quản.Trị ", Name: "Phạm  Văn Ấn", Agency: province})
		if err != nil || l.Login != "quan.tri" || l.Name != "Phạm Văn Ấn" || len(l.Password) != 19 {
			t.Fatalf("%+v %v", l, err)
		}
		if _, err := h.Auth.CreateFirst(t.Context(), auth.NewAccount{Login: "other", Name: "X", Agency: province}); kind(err) != "auth.first" {
			t.Error(err)
		}
		e, err := h.Auth.SignIn(t.Context(), auth.Actor{}, "quan.tri", l.Password, here)
		if err != nil || e.Need != auth.NeedPassword || e.Secret != "" {
			t.Fatalf("%+v %v", e, err)
		}
		for password, want := range map[string]string{
			"ngắn": "auth.password_short", "phạm văn ấn quan tri 123456": "auth.password_guessable", l.Password: "auth.password_same",
		} {
			if _, err := h.Auth.FirstPassword(t.Context(), auth.Actor{}, e.Ticket, password, here); kind(err) != want {
				t.Errorf("%s: %v", password, err)
			}
		}
		who := enter(t, h, l)
		if who.Account != l.Account || who.Agency != province || !who.May(auth.ManageAccounts) {
			t.Errorf("%+v", who)
		}
		if _, err := h.Auth.FirstPassword(t.Context(), auth.Actor{}, e.Ticket, chosen+"!", here); kind(err) != "auth.ticket" {
			t.Error("a ticket is taken twice:", err)
		}
		if _, err := h.Auth.SignIn(t.Context(), auth.Actor{}, "quan.tri", l.Password, here); kind(err) != "auth.wrong" {
			t.Error("a one-time password works twice:", err)
		}
		if s := signIn(t, h, "QUAN.TRI"); session(t, h, s).Account != l.Account {
			t.Error("the chosen password does not")
		}
		if got := kinds(t, h, l.Account); !slices.Equal(got, []string{"auth.account_made/1", "auth.password_chosen/1", "auth.sign_in_failed/1"}) {
			t.Error(got)
		}
	})
}

// kinds are an object's events, the oldest first.
func kinds(t *testing.T, h *authtest.House, object store.ID) (out []string) {
	t.Helper()
	if err := h.DB.View(t.Context(), h.Issuer.System("test"), func(tx *store.Tx) error {
		all, err := tx.History(object, 0, 100)
		for _, e := range all {
			out = append(out, e.Kind)
		}
		slices.Reverse(out)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestALetterWaitsThirtyDays(t *testing.T) {
	h := authtest.New(t, storetest.SQLite(t), nil)
	province := h.Agency(t, 0, false)
	l, err := h.Auth.CreateFirst(t.Context(), auth.NewAccount{Login: "quan.tri", Name: "Ấn", Agency: province})
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(30*24*time.Hour - time.Minute)
	if e, err := h.Auth.SignIn(t.Context(), auth.Actor{}, "quan.tri", l.Password, here); err != nil || e.Need != auth.NeedPassword {
		t.Error(err)
	}
	h.Clock.Advance(time.Minute)
	if _, err := h.Auth.SignIn(t.Context(), auth.Actor{}, "quan.tri", l.Password, here); kind(err) != "auth.wrong" {
		t.Error(err)
	}
}

func TestGuessingIsSlowedDown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil)
		first(t, h, h.Agency(t, 0, false))
		guess := func(login, from string) error {
			_, err := h.Auth.SignIn(t.Context(), auth.Actor{}, login, "no", auth.Place{Address: netip.MustParseAddr(from)})
			return err
		}
		for _, login := range []string{"quan.tri", "nobody"} { // what there is and what there is not answer alike
			for i := range 5 {
				if err := guess(login, "198.51.100.1"); kind(err) != "auth.wrong" {
					t.Errorf("%s, %d: %v", login, i, err)
				}
			}
			if err := guess(login, "192.0.2.44"); kind(err) != "auth.too_often" {
				t.Errorf("%s: %v", login, err)
			}
			h.Clock.Advance(6 * time.Second)
			if err := guess(login, "192.0.2.45"); kind(err) != "auth.wrong" {
				t.Errorf("%s, after its delay: %v", login, err)
			}
			h.Clock.Advance(6 * time.Second)
			if err := guess(login, "192.0.2.46"); kind(err) != "auth.too_often" {
				t.Errorf("%s: the delay did not grow: %v", login, err)
			}
		}
		h.Clock.Advance(15 * time.Minute)
		signIn(t, h, "quan.tri") // nobody is locked out for ever
		if err := guess("quan.tri", "192.0.2.47"); kind(err) != "auth.wrong" {
			t.Error("a right password did not forgive:", err)
		}

		var err error
		for i := range 40 { // one network of 64 bits is one address
			if err = guess("a"+string(rune('a'+i)), "2001:db8:0:1::"+string("123456789abcdef"[i%15])); kind(err) == "auth.too_often" {
				break
			}
		}
		if kind(err) != "auth.too_often" {
			t.Error("an address guesses for ever:", err)
		}
		if err := guess("zz", "2001:db8:0:2::1"); kind(err) != "auth.wrong" {
			t.Error("its neighbour is held, too:", err)
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil)
		me := first(t, h, h.Agency(t, 0, false))
		a, b := signIn(t, h, "quan.tri"), signIn(t, h, "quan.tri")
		open := func(secret string) bool { return session(t, h, secret).Account == me.Account }
		who := session(t, h, a)
		list, err := h.Auth.MySessions(t.Context(), who)
		if err != nil || len(list) != 3 || list[0].Address != "203.0.113.7" || list[0].Device != here.Device {
			t.Fatalf("%+v %v", list, err)
		}
		if err := h.Auth.EndSession(t.Context(), who, session(t, h, b).Session); err != nil || open(b) || !open(a) {
			t.Error("ending one:", err)
		}
		if err := h.Auth.EndSession(t.Context(), h.Actor(1), who.Session); !fault.Is(err, fault.NotFound) {
			t.Error("another's session:", err)
		}
		b = signIn(t, h, "quan.tri")
		if err := h.Auth.EndOthers(t.Context(), who); err != nil || open(b) || !open(a) {
			t.Error("ending the others:", err)
		}
		b = signIn(t, h, "quan.tri")
		if err := h.Auth.ChangePassword(t.Context(), who, "no", "bốn con voi đi bộ"); kind(err) != "auth.wrong" {
			t.Error(err)
		}
		if err := h.Auth.ChangePassword(t.Context(), who, chosen, "bốn con voi đi bộ"); err != nil || open(b) || !open(a) {
			t.Error("another password:", err)
		}
		if err := h.Auth.SignOut(t.Context(), who); err != nil || open(a) {
			t.Error(err)
		}

		e, err := h.Auth.SignIn(t.Context(), auth.Actor{}, "quan.tri", "bốn con voi đi bộ", here)
		if err != nil {
			t.Fatal(err)
		}
		for range 15 { // in use, it lives for its twelve hours
			h.Clock.Advance(30 * time.Minute)
			if !open(e.Secret) {
				t.Fatal("ended while it was used")
			}
		}
		h.Clock.Advance(50 * time.Minute)
		if !open(e.Secret) {
			t.Error("ended before it was idle")
		}
		h.Clock.Advance(66 * time.Minute)
		if open(e.Secret) {
			t.Error("open though idle")
		}
	})
}

func TestASessionLivesTwelveHours(t *testing.T) {
	h := authtest.New(t, storetest.SQLite(t), nil)
	me := first(t, h, h.Agency(t, 0, false))
	secret := signIn(t, h, "quan.tri")
	for range 12*4 - 1 {
		h.Clock.Advance(15 * time.Minute)
		if session(t, h, secret).Account != me.Account {
			t.Fatal("ended early")
		}
	}
	h.Clock.Advance(15 * time.Minute)
	if session(t, h, secret).Account != 0 {
		t.Error("never ends")
	}
}

func TestRolesAreGivenWithinReach(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil)
		province := h.Agency(t, 0, false)
		commune := h.Agency(t, province, false)
		office := h.Agency(t, commune, true)
		other := h.Agency(t, province, false)
		root := first(t, h, province)
		account := func(who auth.Actor, login string, agency store.ID) auth.Actor {
			l, err := h.Auth.CreateAccount(t.Context(), who, auth.NewAccount{Login: login, Name: login, Agency: agency})
			if err != nil {
				t.Fatal(login, err)
			}
			return enter(t, h, l)
		}
		give := func(who, to auth.Actor, r auth.Role, agency, at store.ID, far auth.Reach) error {
			return h.Auth.Give(t.Context(), who, auth.NewGrant{Account: to.Account, Role: r, Agency: agency, At: at, Reach: far})
		}
		local := account(root, "xa.x", commune)
		if err := give(root, local, auth.Operator, commune, 0, auth.Units); err != nil {
			t.Fatal(err)
		}
		local = session(t, h, signIn(t, h, "xa.x"))
		clerk := account(local, "van.thu", commune)
		for name, c := range map[string]struct {
			who        auth.Actor
			role       auth.Role
			agency, at store.ID
			far        auth.Reach
			want       string
		}{
			"to oneself":        {clerk, auth.Clerk, commune, 0, auth.Units, "auth.denied"},
			"own":               {local, auth.Clerk, commune, 0, auth.Units, ""},
			"a unit":            {local, auth.Drafter, 0, office, auth.Units, ""},
			"wider":             {local, auth.Clerk, commune, 0, auth.Subordinates, "auth.role"},
			"another's agency":  {local, auth.Clerk, other, 0, auth.Agency, "store.not_found"},
			"a unit as a body":  {local, auth.Clerk, office, 0, auth.Agency, "auth.role"},
			"not of this body":  {root, auth.Clerk, other, office, auth.Agency, "auth.role"},
			"from above":        {root, auth.Auditor, commune, 0, auth.Subordinates, ""},
			"no role":           {root, "king", commune, 0, auth.Agency, "auth.role"},
			"what is not there": {root, auth.Clerk, 12345, 0, auth.Agency, "store.not_found"},
		} {
			if err := give(c.who, clerk, c.role, c.agency, c.at, c.far); kind(err) != c.want {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := give(local, local, auth.Clerk, commune, 0, auth.Agency); kind(err) != "auth.self" {
			t.Error(err)
		}
		held, err := h.Auth.Account(t.Context(), local, clerk.Account)
		if err != nil || len(held.Grants) != 3 {
			t.Fatalf("%+v %v", held, err)
		}
		i := slices.IndexFunc(held.Grants, func(g auth.Given) bool { return g.Role == auth.Clerk })
		if g := held.Grants[i]; g.By != local.Account || g.Agency != commune || g.At != commune {
			t.Errorf("%+v", g)
		}
		clerk = session(t, h, signIn(t, h, "van.thu"))
		if !clerk.May(auth.SealDocument) || !clerk.May(auth.WriteDocument) {
			t.Error("the roles do not arrive")
		}
		if err := h.Auth.End(t.Context(), local, held.Grants[i].ID, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if session(t, h, signIn(t, h, "van.thu")).May(auth.SealDocument) {
			t.Error("an ended role is in force")
		}
		// The auditor's grant reaches further than the commune's operator, who must not become the auditor.
		if _, err := h.Auth.GivePassword(t.Context(), local, clerk.Account); kind(err) != "auth.wider" {
			t.Error(err)
		}
		l, err := h.Auth.GivePassword(t.Context(), root, clerk.Account)
		if err != nil {
			t.Fatal(err)
		}
		if session(t, h, "x").Account != 0 {
			t.Error("anybody is somebody")
		}
		if _, err := h.Auth.SignIn(t.Context(), auth.Actor{}, "van.thu", chosen, here); kind(err) != "auth.wrong" {
			t.Error("the old password works:", err)
		}
		enter(t, h, l)
		if _, err := h.Auth.GivePassword(t.Context(), root, root.Account); kind(err) != "auth.self" {
			t.Error(err)
		}
		if err := h.Auth.CloseAccount(t.Context(), root, clerk.Account, "nghỉ hưu"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Auth.SignIn(t.Context(), auth.Actor{}, "van.thu", chosen, here); kind(err) != "auth.wrong" {
			t.Error("a closed account signs in:", err)
		}
		if err := h.Auth.OpenAccount(t.Context(), root, clerk.Account); err != nil {
			t.Fatal(err)
		}
		signIn(t, h, "van.thu")
		if _, err := h.Auth.CreateAccount(t.Context(), root, auth.NewAccount{Login: "XA.X", Name: "X", Agency: other}); kind(err) != "auth.login_taken" {
			t.Error(err)
		}
	})
}

func TestTheActingAgencyIsChosen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil)
		province := h.Agency(t, 0, false)
		a, b := h.Agency(t, province, false), h.Agency(t, province, false)
		root := first(t, h, province)
		l, err := h.Auth.CreateAccount(t.Context(), root, auth.NewAccount{Login: "van.thu", Name: "Lê Ước", Agency: a})
		if err != nil {
			t.Fatal(err)
		}
		for _, agency := range []store.ID{a, b} {
			if err := h.Auth.Give(t.Context(), root, auth.NewGrant{Login: "van.thu", Role: auth.Clerk, Agency: agency, Reach: auth.Units}); err != nil {
				t.Fatal(err)
			}
		}
		who := enter(t, h, l)
		if who.Agency != a {
			t.Error("not the first one")
		}
		secret := signIn(t, h, "van.thu")
		x := h.Auth.Sessions()
		if err := x.Choose(t.Context(), secret, b.Text("agy")); err != nil {
			t.Fatal(err)
		}
		got, err := x.Actor(t.Context(), secret)
		if err != nil || got.Agency.Value != b.Text("agy") || len(got.Agencies) != 2 || got.Name != "Lê Ước" {
			t.Errorf("%+v %v", got, err)
		}
		if err := x.Choose(t.Context(), secret, province.Text("agy")); !fault.Is(err, fault.NotFound) {
			t.Error("another's agency is chosen:", err)
		}
		if session(t, h, signIn(t, h, "van.thu")).Agency != b {
			t.Error("the next session begins elsewhere")
		}
		if got, err := x.Actor(t.Context(), "nothing"); err != nil || got.SignedIn() {
			t.Error(got, err)
		}
	})
}

func TestAccountsAreListedByGivenName(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil)
		province := h.Agency(t, 0, false)
		a, b := h.Agency(t, province, false), h.Agency(t, province, false)
		root := first(t, h, province)
		for login, at := range map[string]store.ID{"a1": a, "a2": a, "b1": b, "b2": b} {
			name := map[string]string{"a1": "Nguyễn Thị Đào", "a2": "Trần Văn Dương", "b1": "Lê Ánh", "b2": "Bùi Thị Ân"}[login]
			if _, err := h.Auth.CreateAccount(t.Context(), root, auth.NewAccount{Login: "tai." + login, Name: name, Agency: at}); err != nil {
				t.Fatal(err)
			}
		}
		names := func(who auth.Actor, q auth.AccountQuery) (out []string) {
			list, err := h.Auth.Accounts(t.Context(), who, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range list {
				out = append(out, x.Name)
			}
			return out
		}
		whole := []string{"Lê Ánh", "Bùi Thị Ân", "Phạm Văn Ấn", "Trần Văn Dương", "Nguyễn Thị Đào"}
		if got := names(root, auth.AccountQuery{}); !slices.Equal(got, whole) {
			t.Error(got)
		}
		var paged []string
		q := auth.AccountQuery{Limit: 2}
		for {
			list, err := h.Auth.Accounts(t.Context(), root, q)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 0 {
				break
			}
			for i := range list {
				paged, q.After = append(paged, list[i].Name), &list[i]
			}
		}
		if !slices.Equal(paged, whole) {
			t.Error(paged)
		}
		if got := names(root, auth.AccountQuery{Agency: a}); !slices.Equal(got, []string{"Trần Văn Dương", "Nguyễn Thị Đào"}) {
			t.Error(got)
		}
		for begins, want := range map[string][]string{
			"dao": {"Nguyễn Thị Đào"}, "đào nguyễn": {"Nguyễn Thị Đào"}, "nguyễn th": {"Nguyễn Thị Đào"}, "Duo": {"Trần Văn Dương"},
			"a": {"Bùi Thị Ân", "Phạm Văn Ấn", "Lê Ánh"}, "tai.b": {"Lê Ánh", "Bùi Thị Ân"}, "thị": nil,
		} {
			got := names(root, auth.AccountQuery{Begins: begins})
			if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
				t.Errorf("%q: %v", begins, got)
			}
		}
		if got := names(h.Actor(b, auth.Operator), auth.AccountQuery{}); !slices.Equal(got, []string{"Lê Ánh", "Bùi Thị Ân"}) {
			t.Error("beyond reach:", got)
		}
		if got := names(h.Actor(b, auth.Operator), auth.AccountQuery{Begins: "dao"}); got != nil {
			t.Error("beyond reach:", got)
		}
	})
}
