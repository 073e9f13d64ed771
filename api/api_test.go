// Package api holds the golden surface of the engine: a file for each package with every exported declaration. A change of the
// surface fails here until it is looked at and written with
//
//	go test ./api -update
package api_test

import (
	"bytes"
	"flag"
	"go/ast"
	"go/build"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// platform is what the surface is taken for, wherever the test runs.
var platform = build.Context{GOOS: "linux", GOARCH: "amd64", Compiler: "gc", CgoEnabled: true}

// private are the folders that are no package of the engine.
var private = []string{"api", "bench", "cmd", "docs", "interop", "internal", "testdata", "generate"}

func TestSurfaceIsTheOneWrittenDown(t *testing.T) {
	packages := enginePackages(t)
	var names []string
	for _, dir := range packages {
		name := strings.ReplaceAll(filepath.ToSlash(dir), "/", "_") + ".txt"
		names = append(names, name)
		t.Run(dir, func(t *testing.T) {
			got := surface(t, filepath.Join("..", dir))
			if *update {
				if err := os.WriteFile(name, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range missing(want, got) {
				t.Errorf("gone or changed: %s", line)
			}
			for _, line := range missing(got, want) {
				t.Errorf("new: %s", line)
			}
		})
	}
	golden, err := filepath.Glob("*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range golden {
		if !slices.Contains(names, name) {
			t.Errorf("%s is of no package", name)
		}
	}
}

func enginePackages(t *testing.T) []string {
	t.Helper()
	var packages []string
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() || path == ".." {
			return err
		}
		if slices.Contains(private, d.Name()) || strings.HasPrefix(d.Name(), ".") {
			return filepath.SkipDir
		}
		if p, err := platform.ImportDir(path, 0); err == nil && p.Name != "main" {
			packages = append(packages, strings.TrimPrefix(path, ".."+string(filepath.Separator)))
		}
		return nil
	})
	if err != nil || len(packages) == 0 {
		t.Fatalf("%d packages, %v", len(packages), err)
	}
	return packages
}

// surface is the exported declarations of a package without comments and bodies, sorted.
func surface(t *testing.T, dir string) []byte {
	t.Helper()
	p, err := platform.ImportDir(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declarations []string
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.FileExports(f)
		for _, d := range f.Decls {
			for _, one := range single(d) {
				var b bytes.Buffer
				if err := format.Node(&b, fset, one); err != nil {
					t.Fatal(err)
				}
				declarations = append(declarations, strings.ReplaceAll(b.String(), "\n\n", "\n"))
			}
		}
	}
	slices.Sort(declarations)
	return []byte("package " + p.Name + "\n\n" + strings.Join(declarations, "\n") + "\n")
}

// single is a declaration as one node for each name group; imports are none.
func single(d ast.Decl) []ast.Node {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil && !ast.IsExported(receiver(d.Recv.List[0].Type)) {
			return nil
		}
		d.Body = nil
		return []ast.Node{d}
	case *ast.GenDecl:
		if d.Tok == token.IMPORT {
			return nil
		}
		if d.Tok == token.CONST && len(d.Specs) > 1 {
			return []ast.Node{d} // iota: the order is part of the surface
		}
		var all []ast.Node
		for _, s := range d.Specs {
			if v, ok := s.(*ast.ValueSpec); ok && d.Tok == token.VAR {
				withoutBodies(v)
			}
			all = append(all, &ast.GenDecl{Tok: d.Tok, Specs: []ast.Spec{s}})
		}
		return all
	}
	return nil
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// withoutBodies keeps the signatures of function literals, which give a variable its type.
func withoutBodies(v *ast.ValueSpec) {
	ast.Inspect(v, func(n ast.Node) bool {
		if f, ok := n.(*ast.FuncLit); ok {
			f.Body.List = nil
		}
		return true
	})
}

// missing are the lines of a that b lacks.
func missing(a, b []byte) []string {
	var out []string
	have := strings.Split(string(b), "\n")
	for line := range strings.Lines(string(a)) {
		line = strings.TrimSuffix(line, "\n")
		if !slices.Contains(have, line) {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}
