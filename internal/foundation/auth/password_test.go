package auth

import (
	"crypto/rand"
	"strings"
	"testing"
)

func TestPasswordsAreJudgedByLengthAndGuess(t *testing.T) {
	for password, want := range map[string]string{
		"mèo vàng uống trà đá":       "",
		"correct horse battery":      "",
		"con voi matkhau bay xa":     "",
		"Abc@123456":                 "auth.password_short",
		"aaaaaaaaaaaaaaaaaaaa":       "auth.password_guessable",
		"12345678901234567890":       "auth.password_guessable",
		"passwordpassword123":        "auth.password_guessable",
		"Mật khẩu Mật khẩu 2026":     "auth.password_guessable",
		"nguyen thi uoc 1980":        "auth.password_guessable",
		"qwertyuiopasdfghjkl":        "auth.password_guessable",
		strings.Repeat("mèo ", 60):   "auth.password_long",
		"abcdefghijklmnopqrstuvwxyz": "auth.password_guessable",
	} {
		got := ""
		if err := judge(password, "nguyen.thi.uoc", "Nguyễn Thị Ước"); err != nil {
			got = err.Code()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", password, got, want)
		}
	}
}

func TestAHashKeepsItsParameters(t *testing.T) {
	old, err := newHasher(Cost{64, 1, 1}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := old.hash(t.Context(), "trà đá")
	if err != nil || !strings.HasPrefix(stored, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatal(stored, err)
	}
	today, err := newHasher(Cost{128, 2, 1}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for password, want := range map[string]bool{"trà đá": true, "tra\u0300 đa\u0301": true, "tra da": false} { // the second is NFD
		right, outdated, err := today.check(t.Context(), password, stored)
		if err != nil || right != want || !outdated {
			t.Errorf("%q: %t %t %v", password, right, outdated, err)
		}
	}
	for _, bad := range []string{"", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA", strings.Replace(stored, "m=64", "m=99999999", 1), stored[:40]} {
		if _, _, err := today.check(t.Context(), "x", bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestWhatIsPrintedCanBeTyped(t *testing.T) {
	a, err := oneTime(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b, err := oneTime(rand.Reader)
	if err != nil || a == b || len(a) != 19 || strings.ContainsAny(a, "0o1il") {
		t.Error(a, b, err)
	}
	if plain(" "+strings.ToUpper(a)+" ") != strings.ReplaceAll(a, "-", "") {
		t.Error(plain(a))
	}
}

func TestADeviceIsNamedInShort(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge – Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/604.1":     "Safari – iPhone",
		"Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0":                                                        "Firefox – Linux",
		"curl/8.5": "curl/8.5",
	} {
		if got := (Session{Device: agent}).Browser(); got != want {
			t.Errorf("%s: %q", agent, got)
		}
	}
}
