package codes_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/codes/texts"
)

var declared = regexp.MustCompile(`codes\.Code = "([a-z0-9_]+\.[a-z0-9_]+)"`)

// platformTexts reads a language's texts of the platform's codes: they stand in each module's own vi.txt and en.txt as
// "fault.CODE.what" and "fault.CODE.next".
func platformTexts(t *testing.T, lang string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(filepath.Join("..", "internal"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != lang+".txt" {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(b)) {
			if key, text, ok := strings.Cut(strings.TrimRight(line, "\r\n"), " = "); ok && strings.HasPrefix(key, "fault.") {
				if texts[key] != "" {
					t.Errorf("%s: %s stands twice", path, key)
				}
				texts[key] = text
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// TestEveryCodeHasItsTexts reads the sources: a code without its texts, and texts without a code, fail. The engine's and the commands' stand in
// the catalogue, the platform's beside their module.
func TestEveryCodeHasItsTexts(t *testing.T) {
	found, platform := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || path == filepath.Join("..", "codes", "codes.go") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range declared.FindAllStringSubmatch(string(b), -1) {
			if strings.HasPrefix(path, filepath.Join("..", "internal")) {
				platform[m[1]] = true
			} else {
				found[m[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"vi", "en"} {
		texts := platformTexts(t, lang)
		for c := range platform {
			if texts["fault."+c+".what"] == "" || texts["fault."+c+".next"] == "" {
				t.Errorf("%s has no fault.%s.what or .next", lang, c)
			}
		}
		for key := range texts {
			if c := key[len("fault."):strings.LastIndex(key, ".")]; !platform[c] && c != "internal" {
				t.Errorf("%s: %s belongs to no code", lang, key)
			}
		}
	}
	seen := map[string]bool{}
	for _, e := range codes.Catalogue() {
		seen[string(e.Code)] = true
		if e.WhatVI == "" || e.NextVI == "" || e.WhatEN == "" || e.NextEN == "" || e.Exit < 1 || e.Exit > 3 {
			t.Errorf("%s: a text is missing, or its exit %d is wrong", e.Code, e.Exit)
		}
		if !found[string(e.Code)] {
			t.Errorf("%s is in exits.txt and in no source", e.Code)
		}
	}
	for c := range found {
		if !seen[c] {
			t.Errorf("%s has no line in exits.txt", c)
		}
	}
}

// TestTextsAreOfSomething: the pair says nothing but what failed and what was found, and all of it.
func TestTextsAreOfSomething(t *testing.T) {
	c, err := texts.Read(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	need := map[string]bool{}
	for _, e := range codes.Catalogue() {
		need["fault."+string(e.Code)+".what"], need["fault."+string(e.Code)+".next"] = true, true
	}
	for code := range codes.Findings() {
		need["finding."+code+".what"], need["finding."+code+".cause"], need["finding."+code+".next"] = true, true, true
	}
	if len(need) < 500 {
		t.Errorf("only %d texts are looked for", len(need))
	}
	for key := range need {
		if !c.Has(key) {
			t.Errorf("%s is missing", key)
		}
	}
	for _, key := range c.Keys() {
		if !need[key] {
			t.Errorf("%s belongs to no code", key)
		}
	}
}

// TestTheListIsWritten holds docs/codes.md to the catalogue; ANTIN_UPDATE=1 writes it.
func TestTheListIsWritten(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Codes\n\nWritten from `vi.txt`, `en.txt` and `exits.txt` in `codes/` by `ANTIN_UPDATE=1 go test ./codes`. Exit: 1 some failed, 2 undetermined, 3 unreadable or wrong usage.\n\n" +
		"| code | exit | what and what next | tiếng Việt |\n|---|---|---|---|\n")
	for _, e := range codes.Catalogue() {
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s |\n", e.Code, e.Exit, e.Text("en"), e.Text("vi"))
	}
	b.WriteString("\n## The platform\n\nWritten from the files `vi.txt` and `en.txt` of each module.\n\n| code | what and what next | tiếng Việt |\n|---|---|---|\n")
	vi, en := platformTexts(t, "vi"), platformTexts(t, "en")
	for _, key := range slices.Sorted(maps.Keys(en)) {
		if code, ok := strings.CutSuffix(key, ".what"); ok {
			next := code + ".next"
			fmt.Fprintf(&b, "| `%s` | %s %s | %s %s |\n", strings.TrimPrefix(code, "fault."), en[key], en[next], vi[key], vi[next])
		}
	}
	b.WriteString("\n## Findings\n\nWhat validation says of a signature. Written from `codes/vi.txt` and `codes/en.txt`.\n\n| code | what, cause, next | tiếng Việt |\n|---|---|---|\n")
	for _, code := range slices.Sorted(maps.Keys(codes.Findings())) {
		f := codes.Findings()[code]
		fmt.Fprintf(&b, "| `%s` | %s %s %s | %s %s %s |\n", code, f.WhatEN, f.CauseEN, f.NextEN, f.WhatVI, f.CauseVI, f.NextVI)
	}
	path := filepath.Join("..", "docs", "codes.md")
	if os.Getenv("ANTIN_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Fatal("docs/codes.md is not what the catalogue says")
	}
}

func TestErrorsAreFoundByCode(t *testing.T) {
	const kind codes.Code = "test.kind"
	cause := errors.New("the cause")
	err := fmt.Errorf("outer: %w", codes.Wrap(kind, "reading", "a thing", cause))
	if !errors.Is(err, kind) || !errors.Is(err, cause) || codes.Of(err) != "test.kind" {
		t.Fatalf("%v", err)
	}
	if want := "outer: reading a thing: the cause (test.kind)"; err.Error() != want {
		t.Fatalf("got %q, want %q", err, want)
	}
	if codes.Of(cause) != "" || codes.Of(kind) != "test.kind" {
		t.Fatal("Of finds what is not there, or not what is")
	}
}

func TestACodeIsSaidOnce(t *testing.T) {
	const kind, other codes.Code = "test.kind", "test.other"
	inner := codes.New(kind, "reading", "a thing", "malformed")
	if got := codes.Wrap(kind, "asking", "an address", inner).Error(); got != "asking an address: reading a thing: malformed (test.kind)" {
		t.Error(got)
	}
	if got := codes.Wrap(other, "asking", "an address", inner).Error(); got != "asking an address: reading a thing: malformed (test.kind) (test.other)" {
		t.Error(got)
	}
}
