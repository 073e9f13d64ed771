package antin_test

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every line of docs/conformance.md names a test, and the test is there: its function, and below it the text of the subtest.
func TestEveryLineOfConformanceHasItsTest(t *testing.T) {
	page, err := os.ReadFile("docs/conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	for of, least := range map[string]int{"engine": 50, "platform": 70} {
		_, section, found := strings.Cut(string(page), "<!-- "+of+" lines: begin -->")
		section, _, ended := strings.Cut(section, "<!-- "+of+" lines: end -->")
		if !found || !ended {
			t.Fatalf("the section of the %s's lines is gone", of)
		}
		if lines := holdLines(t, section); lines < least {
			t.Errorf("only %d lines of the %s", lines, of)
		}
	}
}

// holdLines looks for the test of each line of a table; one without a folder stands beside this file.
func holdLines(t *testing.T, section string) (lines int) {
	t.Helper()
	name := regexp.MustCompile("^`(?:([a-z/0-9]+)\\.)?(Test\\w+)(?:/(.+))?`$")
	read := map[string]map[string]map[string]bool{} // by folder
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| of ") {
			continue
		}
		lines++
		m := name.FindStringSubmatch(strings.TrimSpace(cells[len(cells)-1]))
		if len(cells) != 4 || m == nil {
			t.Errorf("without a test: %s", line)
			continue
		}
		dir := cmp.Or(m[1], ".")
		if read[dir] == nil {
			read[dir] = testTexts(t, dir)
		}
		texts, ok := read[dir][m[2]]
		if !ok {
			t.Errorf("%s has no %s", m[1], m[2])
		} else if m[3] != "" && !texts[m[3]] {
			t.Errorf("%s.%s has no %q", m[1], m[2], m[3])
		}
	}
	return lines
}

// testTexts are the test functions of a folder with the strings that stand in each, and in the tables of its file.
func testTexts(t *testing.T, dir string) map[string]map[string]bool {
	t.Helper()
	files, err := filepath.Glob(dir + "/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]bool{}
	for _, f := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), f, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		tables := map[string]bool{} // of the file, outside its functions
		for _, d := range tree.Decls {
			if _, ok := d.(*ast.FuncDecl); !ok {
				maps.Copy(tables, textsIn(d))
			}
		}
		for _, d := range tree.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				found[fn.Name.Name] = textsIn(fn)
				maps.Copy(found[fn.Name.Name], tables)
			}
		}
	}
	return found
}

// textsIn are the strings of a declaration.
func textsIn(d ast.Node) map[string]bool {
	texts := map[string]bool{}
	ast.Inspect(d, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil {
				texts[s] = true
			}
		}
		return true
	})
	return texts
}
