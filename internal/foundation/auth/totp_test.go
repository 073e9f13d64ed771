package auth_test

import (
	"encoding/base32"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// RFC 6238, appendix B, the last six of eight digits.
func TestCodesAreThoseOfTheStandard(t *testing.T) {
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := auth.TOTPCode([]byte("12345678901234567890"), time.Unix(at, 0)); got != want {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
	}
}

func setUp(t *testing.T, h *authtest.House, who auth.Actor) (code func(time.Duration) string, recovery []string) {
	t.Helper()
	u, err := h.Auth.BeginTOTP(t.Context(), who)
	if err != nil || !strings.HasPrefix(u.URI, "otpauth://totp/Antin:quan.tri?") {
		t.Fatalf("%+v %v", u, err)
	}
	secret, err := base32.StdEncoding.DecodeString(u.Secret)
	if err != nil || len(secret) != 20 {
		t.Fatal(err)
	}
	code = func(d time.Duration) string { return auth.TOTPCode(secret, h.Clock.Now().Add(d)) }
	if _, err := h.Auth.ConfirmTOTP(t.Context(), who, u.Ticket, "000000"); kind(err) != "auth.code" {
		t.Fatal(err)
	}
	if _, err := h.Auth.ConfirmTOTP(t.Context(), h.Actor(who.Agency), u.Ticket, code(0)); kind(err) != "store.not_found" {
		t.Error("another's ticket:", err)
	}
	if recovery, err = h.Auth.ConfirmTOTP(t.Context(), who, u.Ticket, code(0)); err != nil || len(recovery) != 10 {
		t.Fatal(recovery, err)
	}
	return code, recovery
}

func TestTheSecondStepIsNeededAndEachCodeWorksOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil)
		me := first(t, h, h.Agency(t, 0, false))
		code, recovery := setUp(t, h, me)
		begin := func() string {
			t.Helper()
			e, err := h.Auth.SignIn(t.Context(), auth.Actor{}, "quan.tri", chosen, here)
			if err != nil || e.Need != auth.NeedCode || e.Secret != "" {
				t.Fatalf("%+v %v", e, err)
			}
			return e.Ticket
		}
		second := func(ticket, code string) (auth.Entry, error) {
			return h.Auth.SecondFactor(t.Context(), auth.Actor{}, ticket, code, here)
		}
		ticket := begin()
		if _, err := second(ticket, code(0)); kind(err) != "auth.code" {
			t.Error("the code of the setup works again:", err)
		}
		h.Clock.Advance(30 * time.Second)
		used := code(0)
		e, err := second(ticket, used[:3]+" "+used[3:])
		if err != nil || session(t, h, e.Secret).Account != me.Account {
			t.Fatal(e, err)
		}
		if _, err := second(begin(), used); kind(err) != "auth.code" {
			t.Error("a code works twice:", err)
		}
		h.Clock.Advance(time.Minute)
		if _, err := second(begin(), code(-2*time.Minute)); kind(err) != "auth.code" {
			t.Error("an old code works:", err)
		}
		if _, err := second(begin(), code(-30*time.Second)); err != nil {
			t.Error("a phone may be half a minute late:", err)
		}
		if _, err := second(begin(), strings.ToUpper(recovery[3])); err != nil {
			t.Error(err)
		}
		if _, err := second(begin(), recovery[3]); kind(err) != "auth.code" {
			t.Error("a recovery code works twice:", err)
		}
		if held, err := h.Auth.MyAccount(t.Context(), me); err != nil || held.Recovery != 9 || held.TOTP.IsZero() {
			t.Errorf("%+v %v", held, err)
		}

		// Guesses of codes are slowed down like guesses of passwords.
		ticket = begin()
		for range 10 {
			_, err = second(ticket, "123456")
		}
		if kind(err) != "auth.too_often" {
			t.Error(err)
		}
		h.Clock.Advance(16 * time.Minute)
		if _, err := second(ticket, recovery[4]); kind(err) != "auth.ticket" {
			t.Error("a ticket lives for ever:", err)
		}

		h.Clock.Advance(time.Hour)
		if err := h.Auth.RemoveTOTP(t.Context(), me, "nhầm"); kind(err) != "auth.wrong" {
			t.Error(err)
		}
		h.Clock.Advance(15 * time.Minute)
		if err := h.Auth.RemoveTOTP(t.Context(), me, chosen); err != nil {
			t.Error(err)
		}
		signIn(t, h, "quan.tri")
	})
}

// A one-time password is no way around the second step.
func TestALetterDoesNotReplaceTheSecondStep(t *testing.T) {
	h := authtest.New(t, storetest.SQLite(t), nil)
	province := h.Agency(t, 0, false)
	me := first(t, h, province)
	code, _ := setUp(t, h, me)
	other := h.Reaching(province, auth.Subordinates, auth.Operator)
	l, err := h.Auth.GivePassword(t.Context(), other, me.Account)
	if err != nil {
		t.Fatal(err)
	}
	e, err := h.Auth.SignIn(t.Context(), auth.Actor{}, "quan.tri", l.Password, here)
	if err != nil || e.Need != auth.NeedCode {
		t.Fatal(e, err)
	}
	if _, err := h.Auth.FirstPassword(t.Context(), auth.Actor{}, e.Ticket, chosen+"!", here); kind(err) != "auth.ticket" {
		t.Fatal("a new password without the second step:", err)
	}
	h.Clock.Advance(time.Minute)
	if e, err = h.Auth.SecondFactor(t.Context(), auth.Actor{}, e.Ticket, code(0), here); err != nil || e.Need != auth.NeedPassword {
		t.Fatal(e, err)
	}
	if e, err = h.Auth.FirstPassword(t.Context(), auth.Actor{}, e.Ticket, chosen+"!", here); err != nil || e.Secret == "" {
		t.Fatal(e, err)
	}
	if err := h.Auth.ResetFactors(t.Context(), other, me.Account); err != nil || session(t, h, e.Secret).Account != 0 {
		t.Error(err)
	}
	if e, err := h.Auth.SignIn(t.Context(), auth.Actor{}, "quan.tri", chosen+"!", here); err != nil || e.Need != auth.NeedNothing {
		t.Error(e, err)
	}
}

func TestTwoStepsInABrowser(t *testing.T) {
	h := authtest.New(t, storetest.SQLite(t), nil)
	first(t, h, h.Agency(t, 0, false))
	b := browse(t, h)
	b.send(b.get("/dang-nhap"), "/dang-nhap", map[string]string{"login": "quan.tri", "~password": chosen})
	b.get("/tai-khoan-cua-toi").has(t, "Chưa bật")
	p := b.get("/tai-khoan-cua-toi/hai-buoc")
	p.has(t, "Bật xác thực hai bước", "<path d=\"M4 4h1v1h-1z")
	shownSecret := regexp.MustCompile(`<code>([A-Z2-7 ]+)</code>`)
	typed := shownSecret.FindStringSubmatch(p.body)[1]
	secret, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(typed, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	p = b.send(p, "/tai-khoan-cua-toi/hai-buoc", map[string]string{"code": "111111"})
	p.has(t, "Mã không đúng", typed)
	p = b.send(p, "/tai-khoan-cua-toi/hai-buoc", map[string]string{"code": auth.TOTPCode(secret, h.Clock.Now())})
	p.has(t, "Mã dự phòng")
	b.get("/tai-khoan-cua-toi").has(t, "Đang bật", "Còn 10 mã dự phòng.")

	h.Clock.Advance(time.Minute)
	b = b.another()
	p = b.send(b.get("/dang-nhap?ve=/tai-khoan-cua-toi"), "/dang-nhap", map[string]string{"login": "quan.tri", "~password": chosen})
	p.has(t, "Nhập mã xác thực")
	p = b.send(p, "/dang-nhap/ma", map[string]string{"code": "111111"})
	p = b.send(p, "/dang-nhap/ma", map[string]string{"code": auth.TOTPCode(secret, h.Clock.Now())})
	if p.path != "/tai-khoan-cua-toi" {
		t.Fatal(p.path, p.body)
	}
	p = b.send(b.get("/tai-khoan-cua-toi/hai-buoc/bo"), "/tai-khoan-cua-toi/hai-buoc/bo", map[string]string{"~current": chosen})
	p.has(t, "Đã bỏ xác thực hai bước.", "Chưa bật")
}
