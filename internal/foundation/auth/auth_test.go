package auth_test

import (
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

var policy = auth.Policy{
	"test.Operate": {Needs: auth.Operate},
	"test.Write":   {Needs: auth.WriteDocument},
	"test.Own":     {SignedIn: true},
	"test.Look":    {Anyone: true},
}

func TestReachGoesAsFarAsGrantAndTableSay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil, policy)
		province := h.Agency(t, 0, false)
		department := h.Agency(t, province, false)
		office := h.Agency(t, department, true)
		desk := h.Agency(t, office, true)
		school := h.Agency(t, department, false)
		other := h.Agency(t, province, false)
		all := map[string]store.ID{"province": province, "department": department, "office": office, "desk": desk, "school": school, "other": other}

		for name, c := range map[string]struct {
			method string
			far    auth.Reach
			role   auth.Role
			want   []string
		}{
			"this agency":            {"test.Operate", auth.Agency, auth.Operator, []string{"department"}},
			"with units":             {"test.Operate", auth.Units, auth.Operator, []string{"department", "office", "desk"}},
			"with subordinates":      {"test.Operate", auth.Subordinates, auth.Operator, []string{"department", "office", "desk", "school"}},
			"content never flows":    {"test.Write", auth.Subordinates, auth.Drafter, []string{"department", "office", "desk"}},
			"signed in, no own rule": {"test.Own", auth.Subordinates, auth.Drafter, nil},
		} {
			t.Run(name, func(t *testing.T) {
				w, err := h.Auth.Warrant(t.Context(), h.Reaching(department, c.far, c.role), c.method)
				if err != nil {
					t.Fatal(err)
				}
				wanted := map[string]bool{}
				for _, n := range c.want {
					wanted[n] = true
				}
				for n, id := range all {
					err := h.DB.View(t.Context(), w, func(tx *store.Tx) error { return tx.Over(id) })
					if got := err == nil; got != wanted[n] {
						t.Errorf("%s: reached %t, want %t (%v)", n, got, wanted[n], err)
					}
					if err != nil && !fault.Is(err, fault.NotFound) {
						t.Errorf("%s: %v", n, err)
					}
				}
				if err := h.DB.View(t.Context(), w, func(tx *store.Tx) error {
					condition, args := tx.Within("scope.descendant")
					got, err := store.Collect(tx, func(s store.Scanner) (id store.ID, err error) { return id, s.Scan(&id) },
						`SELECT DISTINCT descendant FROM scope WHERE `+condition, args...)
					if err != nil {
						return err
					}
					if len(got) != len(c.want) { // the province has no row as a descendant, the others have
						t.Errorf("a list holds %d, want %v", len(got), c.want)
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

func TestANodeThatMovesTakesWhatIsBelowFromItsDay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil, policy)
		north, south := h.Agency(t, 0, false), h.Agency(t, 0, false)
		district := h.Agency(t, north, false)
		commune := h.Agency(t, district, false)
		w, err := h.Auth.Warrant(t.Context(), h.Reaching(south, auth.Subordinates, auth.Operator), "test.Operate")
		if err != nil {
			t.Fatal(err)
		}
		reached := func(id store.ID) bool {
			return h.DB.View(t.Context(), w, func(tx *store.Tx) error { return tx.Over(id) }) == nil
		}
		day := authtest.Start.AddDate(0, 0, 7)
		place := func(node, parent store.ID, at time.Time) {
			t.Helper()
			if err := h.DB.Do(t.Context(), h.Issuer.System("test", "scope"), func(tx *store.Tx) error {
				return auth.PlaceTx(tx, node, parent, false, at)
			}); err != nil {
				t.Fatal(err)
			}
		}
		place(district, south, day)
		if reached(district) || reached(commune) {
			t.Error("reached before the day")
		}
		h.Clock.Set(day)
		if !reached(district) || !reached(commune) {
			t.Error("not reached on the day")
		}
		place(commune, north, day.AddDate(0, 0, 7)) // planned, then planned again
		place(commune, 0, day.AddDate(0, 0, 7))
		h.Clock.Set(day.AddDate(0, 0, 6))
		if !reached(commune) {
			t.Error("lost before its day")
		}
		h.Clock.Set(day.AddDate(0, 0, 7))
		if reached(commune) || !reached(district) {
			t.Error("what left is still reached, or what stayed is not")
		}
	})
}

func TestWarrantRefusesBeforeAnyRowIsRead(t *testing.T) {
	h := authtest.New(t, storetest.SQLite(t), nil, policy)
	a := h.Agency(t, 0, false)
	b := h.Agency(t, 0, false)
	elsewhere := h.Actor(a, auth.Operator)
	elsewhere.Agency = b // the grant is for another agency than the acting one
	for name, c := range map[string]struct {
		who    auth.Actor
		method string
		want   fault.Class
	}{
		"visitor":           {auth.Actor{}, "test.Operate", fault.Unauthenticated},
		"visitor, own":      {auth.Actor{}, "test.Own", fault.Unauthenticated},
		"another role":      {h.Actor(a, auth.Drafter), "test.Operate", fault.Denied},
		"another agency":    {elsewhere, "test.Operate", fault.Denied},
		"method not listed": {h.Actor(a, auth.Operator), "test.Nothing", fault.Internal},
	} {
		if w, err := h.Auth.Warrant(t.Context(), c.who, c.method); err == nil || fault.Of(err).Class != c.want || w != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		who    auth.Actor
		method string
	}{
		"operator":     {h.Actor(a, auth.Operator), "test.Operate"},
		"visitor":      {auth.Actor{}, "test.Look"},
		"own":          {h.Actor(a), "test.Own"},
		"in two roles": {h.Actor(a, auth.Drafter, auth.Operator), "test.Operate"},
	} {
		if _, err := h.Auth.Warrant(t.Context(), c.who, c.method); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryPermissionAndRoleIsOfUse(t *testing.T) {
	for _, r := range auth.Roles {
		t.Run(string(r), func(t *testing.T) {
			if r == auth.OneStopOfficer || r == auth.Integrator {
				t.Skip("its rooms are not built")
			}
			if !r.Carries(auth.ManageDirectory) && !r.Carries(auth.Operate) && !r.Carries(auth.ReadLog) && !r.Carries(auth.WriteDocument) &&
				!r.Carries(auth.ManageCertificates) {
				t.Error("it may do nothing")
			}
		})
	}
}
