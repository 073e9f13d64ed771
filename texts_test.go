package antin_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/antinvn/antin/codes/texts"
)

// walkSources calls look for every file of the program that ends so; tests and their data are left out.
func walkSources(t *testing.T, end string, look func(path string, b []byte)) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.IsDir() || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(d.Name(), end):
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

// TestEveryPairOfTextsAgrees reads vi.txt and en.txt wherever they stand: one form for the engine, the commands and the platform.
func TestEveryPairOfTextsAgrees(t *testing.T) {
	for _, name := range []string{"vi.txt", "en.txt"} {
		walkSources(t, name, func(path string, b []byte) {
			if filepath.Base(path) != name {
				return
			}
			if _, err := texts.Read(os.DirFS(filepath.Dir(path))); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			if !norm.NFC.IsNormal(b) {
				t.Errorf("%s is not NFC", path)
			}
		})
	}
}

// notTexts are Vietnamese letters in Go that are no words to a reader: tables of characters, and what stands in documents.
var notTexts = []string{
	"bench/",                                                                      // titles of documents
	"docs/examples/",                                                              // a signer's own reason
	"internal/",                                                                   // package i18n looks at every room
	"pdf/text/",                                                                   // words looked for in documents
	"pdf/textstring.go",                                                           // PDFDocEncoding
	"cmd/antin/training.go",                                                       // names in the demo's certificates and document
	"cmd/antin/demo_fill.go", "cmd/antin/demo_paper.go", "cmd/antin/demo_past.go", // what stands on the demo's papers
}

// TestNoVietnameseStandsInGo: words for a reader stand in vi.txt and en.txt.
func TestNoVietnameseStandsInGo(t *testing.T) {
	walkSources(t, ".go", func(path string, b []byte) {
		if slices.ContainsFunc(notTexts, func(prefix string) bool { return strings.HasPrefix(path, prefix) }) {
			return
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, b, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING && lit.Kind != token.CHAR {
				return true
			}
			s, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Error(err)
			}
			if strings.ContainsFunc(s, func(r rune) bool { return r > 127 && unicode.Is(unicode.Latin, r) }) {
				t.Errorf("%s says %s, outside vi.txt", set.Position(lit.Pos()), lit.Value)
			}
			return true
		})
	})
}
