package blob

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antinvn/antin/internal/foundation/seal"
)

func TestANameIsReadStrictly(t *testing.T) {
	good := strings.Repeat("0a", 32)
	if n, err := ParseName(good); err != nil || string(n) != good {
		t.Error(n, err)
	}
	for _, s := range []string{"", good[1:], good + "0", strings.ToUpper(good), good[:62] + "/.", good[:63] + "\n"} {
		if _, err := ParseName(s); err == nil {
			t.Errorf("%q is a name", s)
		}
	}
}

// TestTheFormatStays reads blobs that testdata/make.py wrote, which uses nothing of ours but docs/blob-format.md.
func TestTheFormatStays(t *testing.T) {
	h := over(t, folder(t), filepath.Join(t.TempDir(), "antin.db"))
	b, err := os.ReadFile("testdata/master.keys")
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, b, 0o600); err != nil {
		t.Fatal(err)
	}
	c := h.Config
	if c.Ring, err = seal.Load(keys); err != nil {
		t.Fatal(err)
	}
	if h.Store, err = New(c); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]string{"small": "Ấn tín\n", "empty": "", "long": strings.Repeat("a", chunkSize) + "b"} {
		text, err := os.ReadFile("testdata/" + kind + ".head")
		if err != nil {
			t.Fatal(err)
		}
		body, err := os.ReadFile("testdata/" + kind + ".body")
		if err != nil {
			t.Fatal(err)
		}
		made, err := parseHead(string(text))
		if err != nil {
			t.Fatal(err)
		}
		h.overwrite(t, headKey(made.object), text)
		h.overwrite(t, bodyKey(made.object), body)
		if _, err := h.enter(t.Context(), made, ""); err != nil {
			t.Fatal(err)
		}
		got, err := h.get(t, made.name)
		if err != nil || string(got) != want {
			t.Errorf("%s: %d bytes, %v", kind, len(got), err)
		}
		if again := h.put(t, []byte(want)); again.Name != made.name {
			t.Errorf("%s: another name", kind)
		}
	}
}

// TestAGenuineBodyUnderAFalseNameIsFound has what only an owner of the master keys can make: every chunk is genuine, the name is not.
func TestAGenuineBodyUnderAFalseNameIsFound(t *testing.T) {
	h := over(t, folder(t), filepath.Join(t.TempDir(), "antin.db"))
	want := content(chunkSize+10, 1)
	made := head{name: Name(strings.Repeat("0a", 32)), object: strings.Repeat("1b", 16), size: int64(len(want))}
	key := make([]byte, keySize)
	made, err := made.seal(h.Ring, key)
	if err != nil {
		t.Fatal(err)
	}
	body, err := newSealer(bytes.NewReader(want), key, h.naming())
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Driver.Write(t.Context(), bodyKey(made.object), body); err != nil {
		t.Fatal(err)
	}
	h.overwrite(t, headKey(made.object), []byte(made.String()))
	if _, err := h.enter(t.Context(), made, ""); err != nil {
		t.Fatal(err)
	}
	if got, err := h.get(t, made.name); !errors.Is(err, ErrDamaged) || len(got) != chunkSize {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func FuzzHead(f *testing.F) {
	h := head{name: Name(strings.Repeat("0a", 32)), object: strings.Repeat("1b", 16), size: 7, key: make([]byte, 85)}
	f.Add(h.String())
	f.Add(headVersion + "\nname \nobject \nsize -1\nkey \n")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parseHead(text)
		if err == nil && (h.String() != text || h.size < 0 || h.size > MaxSize || len(h.object) != 32) {
			t.Errorf("%q is read as %+v", text, h)
		}
	})
}

// FuzzBody opens any bytes as the body of a known head: nothing but the true content comes out, and the end only after all of it.
func FuzzBody(f *testing.F) {
	ring, err := seal.New(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	names, err := ring.Derive(namePurpose)
	if err != nil {
		f.Fatal(err)
	}
	s := &Store{names: names}
	want := content(chunkSize+3, 1)
	key := make([]byte, keySize)
	sealing, err := newSealer(bytes.NewReader(want), key, s.naming())
	if err != nil {
		f.Fatal(err)
	}
	body, err := io.ReadAll(sealing)
	if err != nil {
		f.Fatal(err)
	}
	h := head{name: nameOf(sealing.mac), size: sealing.size}
	f.Add(body, int64(len(want)))
	f.Add(body[:wireSize], int64(chunkSize))
	f.Add(body[wireSize:], int64(3))
	f.Add([]byte{}, int64(0))
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		aead, err := newCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		h := h
		h.size = max(0, min(size, MaxSize))
		got, err := io.ReadAll(&opener{src: io.NopCloser(bytes.NewReader(b)), aead: aead, mac: s.naming(), head: h})
		if !bytes.HasPrefix(want, got) || err == nil && len(got) != len(want) {
			t.Errorf("%d bytes come out, %v", len(got), err)
		}
	})
}
