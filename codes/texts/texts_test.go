package texts_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/text/unicode/norm"

	"github.com/antinvn/antin/codes/texts"
)

func pair(vi, en string) fstest.MapFS {
	return fstest.MapFS{"vi.txt": {Data: []byte(vi)}, "en.txt": {Data: []byte(en)}}
}

func Example() {
	c, err := texts.Read(pair("sign.done = Đã ký {n} tệp.\n", "sign.done = {n} {n|file|files} signed.\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Text("vi", "sign.done", "n", "3"))
	fmt.Println(c.Text("en", "sign.done", "n", "1"))
	// Output:
	// Đã ký 3 tệp.
	// 1 file signed.
}

func TestATextIsFilledIn(t *testing.T) {
	c := texts.Must(pair("# one\na.n = Có {n} tệp ở {in}.\n# two\na.m = Một\n", "a.m = One\na.n = In {in}: {n} {n|file|files}.\n"))
	for _, x := range []struct {
		lang, want string
		pairs      []string
	}{
		{"vi", "Có 1 tệp ở đây.", []string{"in", "đây", "n", "1"}},
		{"en", "In here: 1 file.", []string{"n", "1", "in", "here"}},
		{"en", "In : 21 files.", []string{"n", "21", "out", "here"}},
		{"fr", "Có  tệp ở .", []string{"n"}},
	} {
		if got := c.Text(x.lang, "a.n", x.pairs...); got != x.want {
			t.Errorf("%s %q: %q, want %q", x.lang, x.pairs, got, x.want)
		}
	}
	if c.Has("a.o") || c.Text("en", "a.o") != "a.o" || c.Text("vi", "a.o") != "a.o" || !c.Has("a.m") {
		t.Error("an unknown key has a text, or a known one has none")
	}
	if !c.Names("a.n", "in") || c.Names("a.n", "at") || c.Names("a.m", "in") || c.Names("a.o", "in") {
		t.Error("what a text names")
	}
	if keys := c.Keys(); !slices.Equal(keys, []string{"a.m", "a.n"}) {
		t.Error(keys)
	}
}

func TestWrongPairsAreRefused(t *testing.T) {
	for name, x := range map[string]fstest.MapFS{
		"no English":            pair("a.b = Một\na.c = Hai\n", "a.b = One\n"),
		"no Vietnamese":         pair("a.b = Một\n", "a.b = One\na.c = Two\n"),
		"names differ":          pair("a.b = {x}\n", "a.b = {y}\n"),
		"chosen, never named":   pair("a.b = Văn bản\n", "a.b = {n|document|documents}\n"),
		"Vietnamese plural":     pair("a.b = {n} {n|a|b}\n", "a.b = {n}\n"),
		"twice":                 pair("a.b = Một\n# again\na.b = Hai\n", "a.b = One\n"),
		"not sorted":            pair("a.c = Một\na.b = Hai\n", "a.b = Two\na.c = One\n"),
		"not NFC":               pair("a.b = "+norm.NFD.String("Một")+"\n", "a.b = One\n"),
		"brace without twin":    pair("a.b = {x\n", "a.b = {x\n"),
		"closed, never opened":  pair("a.b = x}\n", "a.b = x}\n"),
		"no key":                pair("Một\n", "a.b = One\n"),
		"no text":               pair("a.b = \n", "a.b = \n"),
		"key of no module":      pair("b = Một\n", "b = One\n"),
		"a file missing":        {"vi.txt": {Data: []byte("a.b = Một\n")}},
		"a text without an end": pair("a.b = "+strings.Repeat("x", 3000)+"\n", "a.b = x\n"),
		"a file without an end": pair(strings.Repeat("#\n", 1<<20), "a.b = x\n"),
	} {
		if _, err := texts.Read(x); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := texts.Read(pair("a.b = Một\n", "a.b = One\n"), pair("a.b = Hai\n", "a.b = Two\n")); err == nil {
		t.Error("a key of two modules is taken")
	}
	defer func() {
		if recover() == nil {
			t.Error("Must gave a broken catalogue")
		}
	}()
	texts.Must(pair("a.b = Một\n", ""))
}

func FuzzRead(f *testing.F) {
	f.Add("# x\na.b = {n}\n", "a.b = {n} {n|one|many}\n")
	f.Add("a.b = {", "a.b = }")
	f.Fuzz(func(_ *testing.T, vi, en string) {
		c, err := texts.Read(pair(vi, en))
		if err != nil {
			return
		}
		for _, key := range c.Keys() {
			c.Text("vi", key, "n", "1")
			c.Text("en", key, "n", "1")
		}
	})
}
