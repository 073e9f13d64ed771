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

// rooms lists the platform from below, as floors does the engine; a room imports what stands before its own line.
var rooms = [][]string{
	{"foundation/clock", "foundation/fault", "foundation/durable"}, {"foundation/i18n", "foundation/config", "foundation/seal"}, {"foundation/web"}, {"foundation/api"}, {"foundation/store"},
	{"foundation/blob", "foundation/job", "foundation/audit"}, {"foundation/auth"}, {"foundation/sandbox", "foundation/operate"},
	{"directory"}, {"pki"}, {"signing"}, {"registry"}, {"records"}, {"services"}, {"report"},
}

func roomOf(pkg string) (floor int, name string) {
	for i, names := range rooms {
		for _, n := range names {
			if r := "internal/" + n; pkg == r || strings.HasPrefix(pkg, r+"/") {
				return i, n
			}
		}
	}
	return -1, ""
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
			case top == "internal" && other == "internal":
				mine, room := roomOf(pkg)
				if its, name := roomOf(below); mine < 0 || its < 0 || its >= mine && name != room {
					t.Errorf("%s imports %s, which is not below it", path, below)
				}
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
