package auth_test

import (
	"context"
	"encoding/base32"
	"strconv"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

func TestPermissions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil)
		s, n := h.Auth, 0
		account := func(t testing.TB, agency store.ID) auth.Letter {
			n++
			l, err := s.CreateAccount(t.Context(), h.Reaching(agency, auth.Units, auth.Operator), auth.NewAccount{Login: "nguoi" + strconv.Itoa(n), Name: "N", Agency: agency})
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		made := func(t testing.TB, agency store.ID) store.ID { return account(t, agency).Account }
		shut := func(t testing.TB, agency store.ID) store.ID {
			id := made(t, agency)
			if err := s.CloseAccount(t.Context(), h.Reaching(agency, auth.Units, auth.Operator), id, ""); err != nil {
				t.Fatal(err)
			}
			return id
		}
		grant := func(t testing.TB, agency store.ID) store.ID {
			id, giver := made(t, agency), h.Reaching(agency, auth.Units, auth.Operator)
			if err := s.Give(t.Context(), giver, auth.NewGrant{Account: id, At: agency, Role: auth.Drafter, Reach: auth.Agency}); err != nil {
				t.Fatal(err)
			}
			held, err := s.Account(t.Context(), giver, id)
			if err != nil {
				t.Fatal(err)
			}
			return held.Grants[0].ID
		}
		whose := map[store.ID]store.ID{}
		linked := func(t testing.TB, agency store.ID) store.ID {
			id, giver := made(t, agency), h.Reaching(agency, auth.Units, auth.Operator)
			whose[id] = h.Somebody(agency, "Nguyễn Thị An")
			if err := s.LinkPerson(t.Context(), giver, id, whose[id]); err != nil {
				t.Fatal(err)
			}
			return id
		}
		secret := ""
		mine := func(t testing.TB) (auth.Actor, store.ID) {
			l := account(t, h.Agency(t, 0, false))
			e, err := s.SignIn(t.Context(), auth.Actor{}, l.Login, l.Password, here)
			if err == nil {
				e, err = s.FirstPassword(t.Context(), auth.Actor{}, e.Ticket, chosen, here)
			}
			if err != nil {
				t.Fatal(err)
			}
			secret = e.Secret
			a, err := s.Sessions().Actor(t.Context(), e.Secret)
			if err != nil {
				t.Fatal(err)
			}
			who := a.Identity.(auth.Actor)
			return who, who.Session
		}
		authtest.Permissions(t, h, auth.OwnPolicy(), map[string]authtest.Case{
			"foundation/auth.SignIn": {Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				_, err := s.SignIn(ctx, who, "nobody", "no", here)
				return err
			}},
			"foundation/auth.FirstPassword": {Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				_, err := s.FirstPassword(ctx, who, "", "no", here)
				return err
			}},
			"foundation/auth.SecondFactor": {Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				_, err := s.SecondFactor(ctx, who, "", "no", here)
				return err
			}},
			"foundation/auth.BeginTOTP": {Mine: mine, Alone: true, Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				_, err := s.BeginTOTP(ctx, who)
				return err
			}},
			"foundation/auth.ConfirmTOTP": {Mine: mine, Alone: true, Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				if who.Account == 0 {
					_, err := s.ConfirmTOTP(ctx, who, "", "")
					return err
				}
				u, err := s.BeginTOTP(ctx, who)
				if err != nil {
					return err
				}
				secret, err := base32.StdEncoding.DecodeString(u.Secret)
				if err != nil {
					return err
				}
				_, err = s.ConfirmTOTP(ctx, who, u.Ticket, auth.TOTPCode(secret, h.Clock.Now()))
				return err
			}},
			"foundation/auth.RemoveTOTP":   {Mine: mine, Alone: true, Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error { return s.RemoveTOTP(ctx, who, chosen) }},
			"foundation/auth.ResetFactors": {Make: made, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error { return s.ResetFactors(ctx, who, id) }},
			"foundation/auth.SignInByPasskey": {Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				_, err := s.SignInByPasskey(ctx, who, "", auth.Assertion{}, here)
				return err
			}},
			"foundation/auth.BeginPasskey": {Mine: mine, Alone: true, Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				_, err := s.BeginPasskey(ctx, who)
				return err
			}},
			"foundation/auth.AddPasskey": {Mine: mine, Alone: true, Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				if who.Account == 0 {
					return s.AddPasskey(ctx, who, "", "", auth.Attestation{})
				}
				_, err := newKey(t).add(ctx, h, who)
				return err
			}},
			"foundation/auth.RemovePasskey": {Mine: func(t testing.TB) (auth.Actor, store.ID) {
				who, _ := mine(t)
				id, err := newKey(t).add(t.Context(), h, who)
				if err != nil {
					t.Fatal(err)
				}
				return who, id
			}, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error { return s.RemovePasskey(ctx, who, id) }},
			"foundation/auth.SignOut": {Mine: mine, Alone: true, Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error { return s.SignOut(ctx, who) }},
			"foundation/auth.Choose": {Mine: mine, Alone: true, Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				if who.Account == 0 { // a visitor has no session to choose for
					return fault.New(fault.Unauthenticated, auth.ErrSignIn, "")
				}
				if err := s.Sessions().Choose(ctx, secret, store.ID(5).Text("agy")); !fault.Is(err, fault.NotFound) {
					t.Error("an agency without a grant:", err)
				}
				return nil
			}},
			"foundation/auth.ChangePassword": {Mine: mine, Alone: true, Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				return s.ChangePassword(ctx, who, chosen, "bốn con voi đi bộ")
			}},
			"foundation/auth.MySessions": {Mine: mine, Alone: true, Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				_, err := s.MySessions(ctx, who)
				return err
			}},
			"foundation/auth.MyAccount": {Mine: mine, Alone: true, Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				_, err := s.MyAccount(ctx, who)
				return err
			}},
			"foundation/auth.EndSession": {Mine: mine, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error { return s.EndSession(ctx, who, id) }},
			"foundation/auth.EndOthers":  {Mine: mine, Alone: true, Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error { return s.EndOthers(ctx, who) }},
			"foundation/auth.CreateAccount": {Call: func(ctx context.Context, who auth.Actor, agency, _ store.ID) error {
				n++
				_, err := s.CreateAccount(ctx, who, auth.NewAccount{Login: "moi" + strconv.Itoa(n), Name: "M", Agency: agency})
				return err
			}},
			"foundation/auth.Accounts": {Make: made, Call: func(ctx context.Context, who auth.Actor, agency, id store.ID) error {
				list, err := s.Accounts(ctx, who, auth.AccountQuery{Agency: agency, Limit: 1000})
				return authtest.Listed(list, err, func(a auth.Account) bool { return a.ID == id })
			}},
			"foundation/auth.Account": {Make: made, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				_, err := s.Account(ctx, who, id)
				return err
			}},
			"foundation/auth.GivePassword": {Make: made, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				_, err := s.GivePassword(ctx, who, id)
				return err
			}},
			"foundation/auth.CloseAccount": {Make: made, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				return s.CloseAccount(ctx, who, id, "")
			}},
			"foundation/auth.OpenAccount": {Make: shut, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error { return s.OpenAccount(ctx, who, id) }},
			"foundation/auth.People": {Make: func(_ testing.TB, agency store.ID) store.ID { return h.Somebody(agency, "Nguyễn Thị An") }, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				list, err := s.People(ctx, who, auth.PeopleQuery{Begins: "an"})
				return authtest.Listed(list, err, func(p auth.Someone) bool { return p.ID == id })
			}},
			"foundation/auth.People one": {Make: func(_ testing.TB, agency store.ID) store.ID { return h.Somebody(agency, "Nguyễn Thị An") }, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				_, err := s.People(ctx, who, auth.PeopleQuery{Person: id})
				return err
			}},
			"foundation/auth.LinkPerson the account's agency": {Make: made, Call: func(ctx context.Context, who auth.Actor, agency, id store.ID) error {
				return s.LinkPerson(ctx, who, id, h.Somebody(agency, "Nguyễn Thị An"))
			}},
			"foundation/auth.UnlinkPerson": {Make: linked, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error { return s.UnlinkPerson(ctx, who, id) }},
			"foundation/auth.AccountsOf": {Make: linked, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				list, err := s.AccountsOf(ctx, who, whose[id])
				return authtest.Listed(list, err, func(a auth.Account) bool { return a.ID == id })
			}},
			"foundation/auth.Give": {Make: made, Call: func(ctx context.Context, who auth.Actor, agency, id store.ID) error {
				return s.Give(ctx, who, auth.NewGrant{Account: id, At: agency, Role: auth.Drafter, Reach: auth.Agency})
			}},
			"foundation/auth.End": {Make: grant, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				return s.End(ctx, who, id, time.Time{})
			}},
		})
	})
}
