//go:build cgo

package pkcs11

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"github.com/antinvn/antin/codes"
)

func parseDER(der []byte) (r, s *big.Int) {
	var v struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &v); err != nil {
		panic(err)
	}
	return v.R, v.S
}

func pinOf(pin string) func(context.Context, string) ([]byte, error) {
	return func(context.Context, string) ([]byte, error) { return []byte(pin), nil }
}

func openFake(t testing.TB, m *module, o *Options) (*Key, error) {
	t.Helper()
	u, err := ParseURI("pkcs11:token=fake;object=seal")
	if err != nil {
		t.Fatal(err)
	}
	return m.open(t.Context(), u, o)
}

// fakeKey opens the key of a fake, which later faults then meet.
func fakeKey(t testing.TB, f *fake) *Key {
	t.Helper()
	m, err := newModule("fake", f)
	if err != nil {
		t.Fatal(err)
	}
	k, err := openFake(t, m, &Options{PIN: pinOf(f.pin), Sessions: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		k.Close()
		if len(f.sessions) != 0 {
			t.Errorf("%d sessions are left open", len(f.sessions))
		}
		if n := f.calls["CloseSession of a stranger"]; n != 0 {
			t.Errorf("%d sessions were closed that were not open", n)
		}
	})
	return k
}

func sign(k *Key, text string) error {
	digest := sha256.Sum256([]byte(text))
	signature, err := k.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		return err
	}
	if pub, ok := k.Public().(*ecdsa.PublicKey); ok && !ecdsa.VerifyASN1(pub, digest[:], signature) {
		return errors.New("the signature is not the key's")
	}
	return nil
}

func TestFaultIsTriedOnceMore(t *testing.T) {
	ckr := func(v uint) error { return pkcs11.Error(v) }
	for name, c := range map[string]struct {
		call   string
		faults []error
		want   codes.Code // "" for a signature
	}{
		"a session that was closed":        {"SignInit", []error{ckr(pkcs11.CKR_SESSION_CLOSED)}, ""},
		"a device error":                   {"Sign", []error{ckr(pkcs11.CKR_DEVICE_ERROR)}, ""},
		"a login that was lost":            {"SignInit", []error{ckr(pkcs11.CKR_USER_NOT_LOGGED_IN)}, ""},
		"a handle that became stale":       {"SignInit", []error{ckr(pkcs11.CKR_KEY_HANDLE_INVALID)}, ""},
		"a device error twice":             {"Sign", []error{ckr(pkcs11.CKR_DEVICE_ERROR), ckr(pkcs11.CKR_DEVICE_ERROR)}, ErrDevice},
		"a token taken out":                {"Sign", []error{ckr(pkcs11.CKR_TOKEN_NOT_PRESENT), ckr(pkcs11.CKR_TOKEN_NOT_PRESENT)}, ErrTokenMissing},
		"a mechanism that is not there":    {"SignInit", []error{ckr(pkcs11.CKR_MECHANISM_INVALID)}, ErrUnsupported},
		"a key that may not sign":          {"SignInit", []error{ckr(pkcs11.CKR_KEY_FUNCTION_NOT_PERMITTED)}, ErrUnsupported},
		"a failure that no retry can mend": {"Sign", []error{ckr(pkcs11.CKR_HOST_MEMORY)}, ErrDevice},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			k := fakeKey(t, f)
			f.faults[c.call] = c.faults
			err := sign(k, name)
			if c.want == "" && err != nil || c.want != "" && !errors.Is(err, c.want) {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if len(f.faults[c.call]) != 0 {
				t.Error("it was not tried as often as it should be")
			}
			if f.calls["Login"] != 1 {
				t.Errorf("the PIN was sent %d times", f.calls["Login"])
			}
			if err := sign(k, "after"); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestLostSessionsAreRestoredInMidBatch(t *testing.T) {
	for name, lose := range map[string]func(*fake){
		"all sessions closed by somebody else": (*fake).closeAll,
		"logged out by somebody else": func(f *fake) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.loggedIn = false
		},
		"the library finalised by somebody else": func(f *fake) {
			f.closeAll()
			f.mu.Lock()
			defer f.mu.Unlock()
			f.faults["GetSlotList"] = []error{pkcs11.Error(pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			k := fakeKey(t, f)
			var wg sync.WaitGroup
			for worker := range 8 {
				wg.Go(func() {
					for i := range 50 {
						if err := sign(k, fmt.Sprint(worker, i)); err != nil {
							t.Errorf("worker %d, %d: %v", worker, i, err)
						}
						if worker == 0 && i == 25 {
							lose(f)
						}
					}
				})
			}
			wg.Wait()
			if n := f.count("Login"); n != 2 {
				t.Errorf("the PIN was sent %d times, want 2", n)
			}
		})
	}
}

func TestWrongPINIsSentOnceForEachOpen(t *testing.T) {
	f := newFake(t)
	m, err := newModule("fake", f)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 3; n++ {
		_, err := openFake(t, m, &Options{PIN: pinOf("9999")})
		if !errors.Is(err, ErrWrongPIN) || !strings.Contains(err.Error(), "tries left") {
			t.Errorf("got %v", err)
		}
		if strings.Contains(err.Error(), "9999") {
			t.Errorf("the error tells the PIN: %v", err)
		}
		if f.calls["Login"] != n {
			t.Errorf("after %d calls of Open the PIN was sent %d times", n, f.calls["Login"])
		}
	}
	if len(f.sessions) != 0 {
		t.Errorf("%d sessions are left open", len(f.sessions))
	}
	k, err := openFake(t, m, &Options{PIN: pinOf("1234")})
	if err != nil {
		t.Fatalf("the right PIN afterwards: %v", err)
	}
	k.Close()
}

func TestPINChangedMeanwhileStopsEverything(t *testing.T) {
	f := newFake(t)
	k := fakeKey(t, f)
	f.pin = "4321"
	f.closeAll()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if err := sign(k, ""); !errors.Is(err, ErrWrongPIN) {
					t.Errorf("got %v", err)
				}
			}
		})
	}
	wg.Wait()
	if f.calls["Login"] != 2 {
		t.Errorf("the PIN was sent %d times, want once at Open and once after the loss", f.calls["Login"])
	}
	again, err := openFake(t, k.token.module, &Options{PIN: pinOf("4321")})
	if err != nil {
		t.Fatalf("with the new PIN: %v", err)
	}
	if err := sign(again, "again"); err != nil {
		t.Error(err)
	}
	again.Close()
}

func TestLockedPINIsNotSent(t *testing.T) {
	f := newFake(t)
	f.flags |= pkcs11.CKF_USER_PIN_LOCKED
	m, err := newModule("fake", f)
	if err != nil {
		t.Fatal(err)
	}
	asked := false
	_, err = openFake(t, m, &Options{PIN: func(context.Context, string) ([]byte, error) { asked = true; return []byte("1234"), nil }})
	if !errors.Is(err, ErrPINLocked) || asked || f.calls["Login"] != 0 {
		t.Errorf("%v, asked %v, sent %d times", err, asked, f.calls["Login"])
	}
}

func TestLockedWhileTrying(t *testing.T) {
	f := newFake(t)
	f.faults["Login"] = []error{pkcs11.Error(pkcs11.CKR_PIN_LOCKED)}
	m, err := newModule("fake", f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openFake(t, m, &Options{PIN: pinOf("9999")}); !errors.Is(err, ErrPINLocked) || f.calls["Login"] != 1 {
		t.Errorf("%v after %d tries", err, f.calls["Login"])
	}
}

func TestPINIsAskedForOnlyWhenItHelps(t *testing.T) {
	for name, c := range map[string]struct {
		flags uint
		pin   func(context.Context, string) ([]byte, error)
		want  codes.Code
		sent  int
	}{
		"nobody to ask":                {pkcs11.CKF_LOGIN_REQUIRED, nil, ErrPINMissing, 0},
		"an empty answer":              {pkcs11.CKF_LOGIN_REQUIRED, pinOf(""), ErrPINMissing, 0},
		"the last try is announced":    {pkcs11.CKF_LOGIN_REQUIRED | pkcs11.CKF_USER_PIN_FINAL_TRY, lastTry, "", 1},
		"a reader with its own keypad": {pkcs11.CKF_LOGIN_REQUIRED | pkcs11.CKF_PROTECTED_AUTHENTICATION_PATH, nil, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.flags = c.flags | pkcs11.CKF_TOKEN_INITIALIZED
			if f.flags&pkcs11.CKF_PROTECTED_AUTHENTICATION_PATH != 0 {
				f.pin = "" // what is handed over where the reader asks
			}
			m, err := newModule("fake", f)
			if err != nil {
				t.Fatal(err)
			}
			k, err := openFake(t, m, &Options{PIN: c.pin})
			if codes.Of(err) != string(c.want) || f.calls["Login"] != c.sent {
				t.Errorf("%v, sent %d times", err, f.calls["Login"])
			}
			if err == nil {
				k.Close()
			}
		})
	}
}

func lastTry(_ context.Context, prompt string) ([]byte, error) {
	if !strings.Contains(prompt, "last try") {
		return nil, errors.New("the prompt does not warn")
	}
	return []byte("1234"), nil
}

func TestTokenIsSharedAndItsPINCleared(t *testing.T) {
	f := newFake(t)
	m, err := newModule("fake", f)
	if err != nil {
		t.Fatal(err)
	}
	first, second := []byte("1234"), []byte("1234")
	give := func(pin []byte) *Options {
		return &Options{PIN: func(context.Context, string) ([]byte, error) { return pin, nil }}
	}
	one, err := openFake(t, m, give(first))
	if err != nil {
		t.Fatal(err)
	}
	two, err := openFake(t, m, give(second))
	if err != nil {
		t.Fatal(err)
	}
	if f.calls["Login"] != 1 {
		t.Errorf("the PIN was sent %d times", f.calls["Login"])
	}
	if string(second) != "\x00\x00\x00\x00" {
		t.Error("the second PIN was not cleared at once")
	}
	if _, err := openFake(t, m, &Options{PIN: pinOf("9999")}); !errors.Is(err, ErrWrongPIN) || f.calls["Login"] != 1 {
		t.Errorf("a wrong PIN on an open token: %v, sent %d times", err, f.calls["Login"])
	}
	one.Close()
	one.Close()
	if err := sign(one, ""); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed key: %v", err)
	}
	if err := sign(two, ""); err != nil {
		t.Errorf("the other key: %v", err)
	}
	two.Close()
	if string(first) != "\x00\x00\x00\x00" {
		t.Error("the PIN was not cleared with the last key")
	}
	if len(f.sessions) != 0 || len(m.tokens) != 0 {
		t.Errorf("%d sessions and %d tokens are left", len(f.sessions), len(m.tokens))
	}
}

func TestAlwaysAuthenticate(t *testing.T) {
	f := newFake(t)
	f.always = true
	k := fakeKey(t, f)
	for range 3 {
		if err := sign(k, ""); err != nil {
			t.Fatal(err)
		}
	}
	if f.context != 3 {
		t.Errorf("%d context-specific logins for 3 signatures", f.context)
	}
	f.pin = "4321"
	sent := f.calls["Login"]
	for range 3 {
		if err := sign(k, ""); !errors.Is(err, ErrWrongPIN) {
			t.Errorf("got %v", err)
		}
	}
	if f.calls["Login"] != sent+1 {
		t.Errorf("the refused PIN was sent %d times", f.calls["Login"]-sent)
	}
}

func TestWorkIsBoundedBeforeTheModule(t *testing.T) {
	f := newFake(t)
	f.gate = make(chan struct{})
	k := fakeKey(t, f)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if err := sign(k, ""); err != nil {
				t.Error(err)
			}
		})
	}
	for range 64 {
		time.Sleep(time.Millisecond)
		f.gate <- struct{}{}
	}
	wg.Wait()
	if f.parallel > 4 || f.most > 5 {
		t.Errorf("%d signatures at once on %d sessions, want at most 4 on 5", f.parallel, f.most)
	}
}

func TestTokenTakenOutAndPutBack(t *testing.T) {
	f := newFake(t)
	k := fakeKey(t, f)
	f.closeAll()
	f.absent = true
	if err := sign(k, ""); !errors.Is(err, ErrTokenMissing) {
		t.Errorf("without the token: %v", err)
	}
	f.absent = false
	if err := sign(k, ""); err != nil {
		t.Errorf("with the token again: %v", err)
	}
}

func TestSlotsAndKeysThatDoNotMatchAreNamed(t *testing.T) {
	f := newFake(t)
	m, err := newModule("fake", f)
	if err != nil {
		t.Fatal(err)
	}
	for uri, c := range map[string]struct {
		want codes.Code
		text string
	}{
		"pkcs11:token=other":               {ErrTokenMissing, "present are only: fake"},
		"pkcs11:serial=99":                 {ErrTokenMissing, "present are only: fake"},
		"pkcs11:token=fake;object=missing": {ErrNotFound, "the token has only: seal (id 01)"},
	} {
		u, err := ParseURI(uri)
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.open(t.Context(), u, &Options{PIN: pinOf("1234")})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", uri, err)
		}
	}
	if len(f.sessions) != 0 {
		t.Errorf("%d sessions are left open", len(f.sessions))
	}
}
