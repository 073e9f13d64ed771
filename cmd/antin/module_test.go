package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/keys"
)

func TestModulesComeFromTheEnvironmentOrFromTheSystemsLists(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"lists/a.module": "# a comment\nmodule: a.so\n", "lists/b.module": "critical: no\nmodule: /opt/b.so\n", "lists/c.module": "module: absent.so\n", "lists/d.txt": "module: /d.so",
		"lists/e.module": "module: /opt/b.so\n", "lib/x/pkcs11/a.so": "",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lists, folders := []string{filepath.Join(dir, "lists", "*.module")}, []string{filepath.Join(dir, "lib", "*", "pkcs11")}
	got := systemModules(func(string) string { return "" }, lists, folders)
	if want := []string{filepath.Join(dir, "lib", "x", "pkcs11", "a.so"), "/opt/b.so"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
	named := systemModules(func(name string) string { return map[string]string{"ANTIN_PKCS11_MODULE": "/my.so"}[name] }, lists, folders)
	if !slices.Equal(named, []string{"/my.so"}) {
		t.Errorf("%q", named)
	}
}

// TestATokenIsLookedForInEveryModule, and the search ends where it is found: a PIN that it refused is not tried elsewhere.
func TestATokenIsLookedForInEveryModule(t *testing.T) {
	var asked []string
	absent := codes.New(keys.ErrTokenMissing, "looking for the token", "van-thu", "present are only: other")
	e := &env{
		modules: func() []string { return []string{"broken.so", "first.so", "second.so", "third.so"} },
		openKey: func(_ context.Context, _ string, o *keys.Options) (*keys.Key, error) {
			asked = append(asked, o.Module)
			switch o.Module {
			case "broken.so":
				return nil, codes.New(keys.ErrModule, "loading", o.Module, "")
			case "second.so":
				return nil, codes.New(keys.ErrWrongPIN, "logging in", "van-thu", "")
			}
			return nil, absent
		},
	}
	_, err := e.openNamedKey(t.Context(), "pkcs11:token=van-thu;object=seal", &keys.Options{})
	if codes.Of(err) != "keys.wrong_pin" || !slices.Equal(asked, []string{"broken.so", "first.so", "second.so"}) {
		t.Errorf("%v %q", err, asked)
	}
	asked = nil
	if _, err = e.openNamedKey(t.Context(), "pkcs11:token=van-thu?module-path=/mine.so", &keys.Options{}); codes.Of(err) != "keys.token_missing" || !slices.Equal(asked, []string{""}) {
		t.Errorf("%v %q", err, asked)
	}
	e.modules = func() []string { return []string{"broken.so", "first.so"} }
	if _, err = e.openNamedKey(t.Context(), "pkcs11:token=van-thu", &keys.Options{}); codes.Of(err) != "keys.token_missing" || !strings.Contains(err.Error(), "first.so: present are only: other") {
		t.Error(err)
	}
	e.modules = func() []string { return []string{"broken.so"} }
	if _, err = e.openNamedKey(t.Context(), "pkcs11:token=van-thu", &keys.Options{}); codes.Of(err) != "keys.module" {
		t.Error(err)
	}
}

// TestKeysAreAskedForInTheReadersLanguage: what the engine asks in English is known to the command.
func TestKeysAreAskedForInTheReadersLanguage(t *testing.T) {
	e := &env{lang: "vi"}
	for asked, want := range map[string]string{
		"PIN of token van-thu": "PIN của thiết bị van-thu", "Password for leader.p12": "Mật khẩu của leader.p12",
		"PIN of token van-thu (last try before it locks)": "PIN của thiết bị van-thu (lần thử cuối trước khi khóa)",
	} {
		if got := e.prompt(asked); got != want {
			t.Errorf("%q, not %q", got, want)
		}
		if got := (&env{lang: "en"}).prompt(asked); got != asked {
			t.Errorf("%q", got)
		}
	}
	dir, in := workplace(t)
	var out bytes.Buffer
	e = &env{stdin: strings.NewReader(""), stdout: &out, stderr: &out, clock: time.Now, lang: "vi", openKey: keys.Open}
	if exit := run(t.Context(), e, []string{"sign", in, "-o", in + ".out", "--key", "p12:" + filepath.Join(dir, "leader.p12")}); exit != exitUnreadable || !strings.Contains(out.String(), "Mật khẩu của ") {
		t.Errorf("exit %d %s", exit, out.String())
	}
}
