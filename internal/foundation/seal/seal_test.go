package seal_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/seal"
)

func ring(t testing.TB) *seal.Ring {
	t.Helper()
	r, err := seal.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestASecretOpensForItsPurposeOnly(t *testing.T) {
	r := ring(t)
	for _, secret := range []string{"", "x", strings.Repeat("s", 64<<10)} {
		sealed, err := r.Seal("totp 7", []byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Open("totp 7", sealed); err != nil || string(got) != secret {
			t.Errorf("%q, %v", got, err)
		}
		if len(sealed) != len(secret)+seal.Overhead || len(secret) > 9 && bytes.Contains(sealed, []byte(secret)) {
			t.Error("it is not sealed")
		}
		_, err = r.Open("totp 8", sealed)
		if !errors.Is(err, seal.ErrOpen) || fault.Of(err).Object != "totp" {
			t.Errorf("another purpose: %v", err)
		}
		again, err := r.Seal("totp 7", []byte(secret))
		if err != nil || bytes.Equal(again, sealed) {
			t.Errorf("the same secret is sealed the same: %v", err)
		}
	}
	if _, err := r.Seal("x", make([]byte, 64<<10+1)); err == nil {
		t.Error("too large a secret")
	}
}

func TestEveryChangedByteIsFound(t *testing.T) {
	r := ring(t)
	sealed, err := r.Seal("p", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		for _, bit := range []byte{1, 0x80} {
			bad := bytes.Clone(sealed)
			bad[i] ^= bit
			if _, err := r.Open("p", bad); err == nil {
				t.Errorf("byte %d", i)
			}
		}
		if _, err := r.Open("p", sealed[:i]); err == nil {
			t.Errorf("cut at %d", i)
		}
	}
	if _, err := r.Open("p", append(bytes.Clone(sealed), 0)); err == nil {
		t.Error("a byte more")
	}
}

func TestRotationKeepsWhatWasSealedAndDerived(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "master.keys")
	first, err := seal.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := first.Seal("p", []byte("s"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := seal.Rotate(path)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := seal.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if first.Current() != 1 || second.Current() != 2 || loaded.Current() != 2 {
		t.Error("wrong numbers")
	}
	if got, err := loaded.Open("p", sealed); err != nil || string(got) != "s" {
		t.Errorf("%q, %v", got, err)
	}
	a, errA := first.Derive("names")
	b, errB := loaded.Derive("names")
	c, errC := loaded.Derive("other")
	if !bytes.Equal(a, b) || bytes.Equal(b, c) || len(a) != 32 || errors.Join(errA, errB, errC) != nil {
		t.Error("a derived key changed, or two purposes share one")
	}
	again, changed, err := loaded.Reseal("p", sealed)
	if err != nil || !changed {
		t.Fatal(changed, err)
	}
	if id, err := seal.KeyOf(again); id != 2 || err != nil {
		t.Error(id, err)
	}
	if _, err := first.Open("p", again); !errors.Is(err, seal.ErrKey) || !fault.Is(err, fault.Unavailable) {
		t.Errorf("an old ring opens what a new key sealed: %v", err)
	}
	if same, changed, err := loaded.Reseal("p", again); changed || err != nil || !bytes.Equal(same, again) {
		t.Error("sealed again without need")
	}
	if _, _, err := loaded.Reseal("q", sealed); !errors.Is(err, seal.ErrOpen) {
		t.Error(err)
	}
}

func TestTheFileIsItsOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.keys")
	if _, err := seal.Create(path); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if i, err := os.Stat(path); err != nil || i.Mode().Perm() != 0o600 {
		t.Error(i.Mode(), err)
	}
	if _, err := seal.Create(path); !errors.Is(err, seal.ErrExists) {
		t.Errorf("made a second time: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Error("the file was overwritten")
	}
	if _, err := seal.Rotate(path); err != nil {
		t.Fatal(err)
	}
	if i, err := os.Stat(path); err != nil || i.Mode().Perm() != 0o600 {
		t.Error(i.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("something is left behind: %v, %v", left, err)
	}
	for mode, fine := range map[fs.FileMode]bool{0o600: true, 0o400: true, 0o640: true, 0o604: false, 0o644: false, 0o660: false, 0o602: false} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := seal.Load(path)
		if fine && err != nil || !fine && !errors.Is(err, seal.ErrExposed) {
			t.Errorf("%o: %v", mode, err)
		}
	}
}

const (
	good  = "antin-master-keys/1\nroot AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nmaster 1 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
	third = "master 3 AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
)

func TestAFileOfKeysIsReadStrictly(t *testing.T) {
	cases := map[string]struct {
		text string
		fine bool
	}{
		"as written":           {good, true},
		"with comments":        {"# x\n\n" + good + third, true},
		"Windows lines":        {strings.ReplaceAll(good, "\n", "\r\n"), true},
		"empty":                {"", false},
		"another version":      {strings.Replace(good, "/1", "/2", 1), false},
		"no root":              {strings.Replace(good, "root", "#", 1), false},
		"two roots":            {good + "root AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", false},
		"no master":            {strings.Replace(good, "master", "#", 1), false},
		"number 0":             {strings.Replace(good, "master 1", "master 0", 1), false},
		"a number twice":       {good + strings.Replace(third, "3", "1", 1), false},
		"descending":           {good + third + strings.Replace(third, "3", "2", 1), false},
		"a short key":          {strings.Replace(good, "AQAA", "", 1), false},
		"bits left over":       {strings.Replace(good, "AAA=", "AAB=", 1), false},
		"a number too large":   {strings.Replace(good, "master 1", "master 4294967296", 1), false},
		"a line of other kind": {good + "secret x\n", false},
		"too long":             {good + strings.Repeat("#\n", 40000), false},
	}
	for name, c := range cases {
		path := filepath.Join(t.TempDir(), "k")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := seal.Load(path)
		if c.fine != (err == nil) || err != nil && codes.Of(err) != "seal.keys" {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "AAA") {
			t.Errorf("%s: the error shows a key: %v", name, err)
		}
	}
}

// TestTheFormatStays opens what an earlier program sealed with fixed bytes for random ones.
func TestTheFormatStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k")
	if err := os.WriteFile(path, []byte(good+third), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := seal.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := os.ReadFile("testdata/sealed")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Open("test 1", sealed); err != nil || string(got) != "bí mật" {
		t.Errorf("%q, %v", got, err)
	}
	key, err := r.Derive("test")
	want, err2 := os.ReadFile("testdata/derived")
	if !bytes.Equal(key, want) || errors.Join(err, err2) != nil {
		t.Errorf("%x, want %x", key, want)
	}
}

func FuzzOpen(f *testing.F) {
	r := ring(f)
	sealed, err := r.Seal("p", []byte("secret"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		secret, err := r.Open("p", b)
		if err == nil && (!bytes.Equal(b, sealed) || string(secret) != "secret") {
			t.Errorf("%x opens", b)
		}
	})
}
