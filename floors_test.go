package antin_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/antinvn/antin/"

// floors lists the engine from below; a package may import only what stands before its own line, or what beside allows.
var floors = [][]string{
	{"codes", "fetch"}, {"certpath"}, {"cms", "xmldsig"}, {"tsp", "revocation", "trust"}, {"cades", "pdf", "keys"}, {"pades"}, {"verify"}, {"pkitest"}, {"internal"}, {"cmd", "bench", "interop", "docs"},
}

func floorOf(pkg string) int {
	top, _, _ := strings.Cut(pkg, "/")
	return slices.IndexFunc(floors, func(f []string) bool { return slices.Contains(f, top) })
}

func TestPackagesImportLowerFloorsOnly(t *testing.T) {
	checked := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		pkg := filepath.ToSlash(filepath.Dir(path))
		floor := floorOf(pkg)
		if floor < 0 {
			t.Errorf("%s stands on no floor", pkg)
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range f.Imports {
			imported, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			below, ok := strings.CutPrefix(imported, module)
			if !ok {
				continue
			}
			checked++
			top, _, _ := strings.Cut(pkg, "/")
			other, _, _ := strings.Cut(below, "/")
			switch {
			case top == other || pkg == "fetch" && below == "codes":
			case floorOf(below) >= floor:
				t.Errorf("%s imports %s, which is not below it", path, below)
			case top == "pdf" && below != "codes":
				t.Errorf("%s: pdf knows only codes, not %s", path, below)
			case below == "pkitest" && top != "cmd" && top != "bench": // bench is a test of speed: its servers make what is validated
				t.Errorf("%s: only tests and cmd import pkitest", path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked == 0 {
		t.Fatal("no import was looked at")
	}
}
