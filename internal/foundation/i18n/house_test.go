package i18n_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/antinvn/antin/internal/foundation/i18n"
)

// These tests walk every room of the house: a module needs none of its own for its texts.
const house, program = "../..", "../../.."

// walk calls look for every file of the house whose name ends in one of ends, tests and their data left out.
func walk(t *testing.T, look func(path string, b []byte), ends ...string) {
	t.Helper()
	walkFrom(t, house, look, ends...)
}

func walkFrom(t *testing.T, root string, look func(path string, b []byte), ends ...string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.IsDir() || strings.HasSuffix(path, "_test.go") || !slices.Contains(ends, filepath.Ext(path)):
			return nil
		}
		b, err := os.ReadFile(path)
		seen++
		look(filepath.ToSlash(path), b)
		return err
	})
	if err != nil || seen == 0 {
		t.Fatal(seen, err)
	}
}

// whole is the catalogue of all modules together, as cmd builds it.
func whole(t *testing.T) *i18n.Catalogue {
	t.Helper()
	var pairs []fs.FS
	walk(t, func(path string, _ []byte) {
		if name := filepath.Base(path); name == "vi.txt" || name == "en.txt" {
			if dir := os.DirFS(filepath.Dir(path)); name == "vi.txt" {
				pairs = append(pairs, dir)
			} else if _, err := fs.Stat(dir, "vi.txt"); err != nil {
				t.Errorf("%s has no Vietnamese twin", path)
			}
		}
	}, ".txt")
	c, err := i18n.New(pairs...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryPairAgrees(t *testing.T) { whole(t) }

var (
	action    = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	readable  = regexp.MustCompile(`(?i)\b(?:alt|title|placeholder|aria-label|aria-description|summary|label)="([^"]*)"`)
	written   = regexp.MustCompile(`\b(?:value|content)="([^"]*\p{L} \p{L}[^"]*)"`)
	tag       = regexp.MustCompile(`(?s)<!--.*?-->|<[^>]*>`)
	attribute = regexp.MustCompile(`\b[a-z-]+="[^"]*"`) // of a part that is drawn inside a tag
	entity    = regexp.MustCompile(`&[#a-zA-Z0-9]+;`)
	usedInHTM = regexp.MustCompile(`\b(?:t|text) "([^"]+)"|\bbadge "[a-z]+" "([^"]+)"`)
)

// prose returns what a template says by itself: letters between its tags, and in attributes that are read out.
func prose(html string) []string {
	html = action.ReplaceAllString(html, "")
	var found []string
	for _, at := range []*regexp.Regexp{readable, written} {
		for _, m := range at.FindAllStringSubmatch(html, -1) {
			if m[1] != "width=device-width, initial-scale=1" && m[1] != "light dark" && !strings.HasPrefix(m[1], "default-src ") {
				found = append(found, m[1])
			}
		}
	}
	found = append(found, strings.Split(entity.ReplaceAllString(attribute.ReplaceAllString(tag.ReplaceAllString(html, "\n"), ""), ""), "\n")...)
	return slices.DeleteFunc(found, func(s string) bool { return !strings.ContainsFunc(s, unicode.IsLetter) })
}

func TestTemplatesSayNothingThemselves(t *testing.T) {
	for html, want := range map[string]int{
		`<p>{{t "a.b"}} · {{.Name}}&nbsp;–</p>`: 0, `<p>Ký</p>`: 1, `<a title="Sign">{{.}}</a>`: 1, `<input aria-label="{{t "a.b"}}" value="1">`: 0,
		`<input value="Send it">`: 1, "<!-- why -->": 0,
	} {
		if got := prose(html); len(got) != want {
			t.Errorf("%s: %q", html, got)
		}
	}
	walkFrom(t, program, func(path string, b []byte) { // the engine has a report's page
		for _, s := range prose(string(b)) {
			t.Errorf("%s says %q, outside the catalogue", path, strings.TrimSpace(s))
		}
	}, ".html")
}

var english = regexp.MustCompile(`\pL{2,},? \pL{2,}`)

// inEveryLanguage are names that certificates and pictures carry: they read the same whatever language a reader chose.
var inEveryLanguage = []string{house + "/pki/training/authority.go", house + "/pki/training/pictures/generate/main.go"}

// TestCodeSaysNothingItself looks at every string of the house's Go: none holds Vietnamese, and one of a page's file (pages.go,
// x_pages.go) no words in a row. Package i18n's own tables are no texts.
func TestCodeSaysNothingItself(t *testing.T) {
	walk(t, func(path string, b []byte) {
		if slices.Contains(inEveryLanguage, path) || strings.HasSuffix(filepath.Dir(path), "test") { // what tests set up speaks as its people do
			return
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, b, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		page := strings.HasSuffix(path, "pages.go") || strings.HasSuffix(path, "specimen.go")
		ast.Inspect(file, func(n ast.Node) bool {
			if field, ok := n.(*ast.Field); ok && field.Tag != nil {
				field.Tag = nil
			}
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			s, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Error(err)
			}
			if strings.ContainsFunc(s, func(r rune) bool { return r > 127 && unicode.Is(unicode.Latin, r) }) || page && english.MatchString(s) {
				t.Errorf("%s says %q, outside the catalogue", set.Position(lit.Pos()), s)
			}
			return true
		})
	}, ".go")
}

var (
	usedInGo = regexp.MustCompile(`\bT\("([a-z0-9_.]*[a-z0-9_])"[,)]`)
	failed   = regexp.MustCompile(`fault\.New\(fault\.\w+, "([^"]+)"`)
	blamed   = regexp.MustCompile(`(?:fault\.Field\{(?:Name: )?[^,]+, (?:Kind: )?|\.Field\("[^"]+", |\.wrong\()"([^"]+)"`)
)

// TestEveryKeyHasItsText finds the keys that templates and code name in so many words, and the codes of faults.
func TestEveryKeyHasItsText(t *testing.T) {
	c, found := whole(t), 0
	need := func(path string, keys ...string) {
		for _, key := range keys {
			if found++; !c.Has(key) {
				t.Errorf("%s: %s has no text", path, key)
			}
		}
	}
	walk(t, func(path string, b []byte) {
		for _, m := range usedInHTM.FindAllStringSubmatch(string(b), -1) {
			need(path, m[1]+m[2])
		}
	}, ".html")
	walk(t, func(path string, b []byte) {
		if strings.HasSuffix(path, "/doc.go") || strings.Contains(path, "/fault/") {
			return
		}
		for _, m := range usedInGo.FindAllStringSubmatch(string(b), -1) {
			need(path, m[1])
		}
		for _, m := range failed.FindAllStringSubmatch(string(b), -1) {
			need(path, "fault."+m[1]+".what", "fault."+m[1]+".next")
		}
		for _, m := range blamed.FindAllStringSubmatch(string(b), -1) {
			need(path, "fault."+m[1]+".what")
		}
	}, ".go")
	if found < 100 {
		t.Errorf("%d keys were looked at", found)
	}
}
