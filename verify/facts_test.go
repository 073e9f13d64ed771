package verify

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var documentedKey = regexp.MustCompile("(?m)^\\| `(\\w+)` \\|")

// TestEveryFactIsDocumented holds docs/facts.md to the types: a section for each, each key once, in their order, and no other.
func TestEveryFactIsDocumented(t *testing.T) {
	b, err := os.ReadFile("../docs/facts.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string][]string{}
	for _, s := range strings.Split(string(b), "\n## ")[1:] {
		name, body, _ := strings.Cut(s, "\n")
		for _, m := range documentedKey.FindAllStringSubmatch(body, -1) {
			sections[name] = append(sections[name], m[1])
		}
	}
	types := map[string]bool{}
	structs(reflect.TypeFor[Facts](), func(st reflect.Type) {
		types[st.Name()] = true
		var keys []string
		for f := range st.Fields() {
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			keys = append(keys, key)
		}
		if !slices.Equal(keys, sections[st.Name()]) {
			t.Errorf("%s has the keys %v, docs/facts.md %v", st.Name(), keys, sections[st.Name()])
		}
	})
	for name := range sections {
		if !types[name] {
			t.Errorf("docs/facts.md has a section for %s", name)
		}
	}
	if len(types) < 12 {
		t.Errorf("only %d types were found", len(types))
	}
}

// structs walks the types of this package that a type is made of, each once.
func structs(root reflect.Type, visit func(reflect.Type)) {
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice:
			walk(t.Elem())
		case reflect.Struct:
			if t.PkgPath() != root.PkgPath() || seen[t] {
				return
			}
			seen[t] = true
			visit(t)
			for f := range t.Fields() {
				walk(f.Type)
			}
		default: // a plain value
		}
	}
	walk(root)
}
