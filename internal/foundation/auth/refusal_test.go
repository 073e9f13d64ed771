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

func TestEveryRefusalIsAnEventAndAFloodIsFew(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil)
		a, b := h.Agency(t, 0, false), h.Agency(t, 0, false)
		there, err := h.Auth.CreateAccount(t.Context(), h.Actor(b, auth.Operator), auth.NewAccount{Login: "khac", Name: "K", Agency: b})
		if err != nil {
			t.Fatal(err)
		}
		drafter, operator := h.Actor(a, auth.Drafter), h.Actor(a, auth.Operator)
		drafter.Address = "203.0.113.9"
		for range 500 {
			if _, err := h.Auth.Accounts(t.Context(), drafter, auth.AccountQuery{}); !fault.Is(err, fault.Denied) {
				t.Fatal(err)
			}
		}
		if _, err := h.Auth.GivePassword(t.Context(), drafter, there.Account); !fault.Is(err, fault.Denied) {
			t.Fatal(err)
		}
		for _, id := range []store.ID{there.Account, 99} { // the second is not there at all: nothing was refused
			if _, err := h.Auth.GivePassword(t.Context(), operator, id); !fault.Is(err, fault.NotFound) {
				t.Fatal(err)
			}
		}
		if _, err := h.Auth.Account(t.Context(), operator, there.Account); !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		h.Auth.Flush()
		events := func(of store.ID) (out []store.Recorded) {
			if err := h.DB.View(t.Context(), h.Issuer.System("test"), func(tx *store.Tx) (err error) {
				out, err = tx.History(of, 0, 100)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return out
		}
		total := func(of store.ID) (n int, reasons map[string]bool) {
			reasons = map[string]bool{}
			all := events(of)
			if len(all) > 12 {
				t.Errorf("%d events of one account", len(all))
			}
			for _, e := range all {
				data, err := e.Data()
				if err != nil || e.Kind != "auth.refused/1" || e.Actor != of || e.Agency != a {
					t.Errorf("%+v %v", e, err)
				}
				c, err := data["count"].(interface{ Int64() (int64, error) }).Int64()
				if err != nil {
					t.Error(err)
				}
				n += int(c)
				reasons[data["reason"].(string)] = true
			}
			return n, reasons
		}
		if n, why := total(drafter.Account); n != 501 || !why["permission"] || len(why) != 1 {
			t.Error(n, why)
		}
		if got := events(drafter.Account); got[0].Personal["address"] != "203.0.113.9" {
			t.Errorf("%+v", got[0])
		}
		if n, why := total(operator.Account); n != 2 || !why["reach"] || len(why) != 1 {
			t.Error(n, why)
		}

		// Without a flush it is written within some seconds.
		if _, err := h.Auth.Accounts(t.Context(), h.Actor(a, auth.Leader), auth.AccountQuery{}); err == nil {
			t.Fatal("let in")
		}
		late := h.Actor(a, auth.Clerk)
		if _, err := h.Auth.Accounts(t.Context(), late, auth.AccountQuery{}); err == nil {
			t.Fatal("let in")
		}
		for end := time.Now().Add(20 * time.Second); len(events(late.Account)) == 0; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("never written")
			}
		}
	})
}
