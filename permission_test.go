package antin_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// This suite reads the source of every room and holds each exported method that acts for somebody to its line in the room's policy. What a
// line then allows, to which role and how far, is held by the rooms' own suites (auth/authtest.Permissions) and by cmd/antin for routes.

// noActor are exported methods that reach data and act for nobody, each with its reason.
var noActor = map[string]string{
	"foundation/auth.CreateFirst": "there is nobody yet: it works once, in a house without accounts",
	"foundation/auth.Warrant":     "it is what the others ask",
	"foundation/operate.Ready":    "it reads that the house is well, and no row",
}

// room is what one package says of itself.
type room struct {
	name    string            // its folder under internal
	policy  map[string]rule   // by method
	methods map[string]method // exported ones with a context, by name
	wrong   []string
	auth    bool // it knows actors
	suite   bool // its tests call every method as every role
}

type rule struct{ anyone bool }

type method struct {
	receiver string
	actor    bool
	asks     token.Pos // where it names its own line
	reads    token.Pos // where it first opens a transaction
	exported bool
}

func TestEveryMethodHasItsPolicy(t *testing.T) {
	rooms, methods, lines := map[string]*room{}, 0, 0
	err := filepath.WalkDir("internal", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") {
			return err
		}
		name := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(file)), "internal/")
		if rooms[name] == nil {
			rooms[name] = &room{name: name, policy: map[string]rule{}, methods: map[string]method{}}
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if strings.HasSuffix(file, "_test.go") {
			rooms[name].suite = rooms[name].suite || strings.Contains(string(b), "authtest.Permissions(")
			return nil
		}
		return rooms[name].read(file, b)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(rooms)) {
		r := rooms[name]
		methods, lines = methods+len(r.methods), lines+len(r.policy)
		for _, w := range r.judge() {
			t.Error(w)
		}
	}
	if lines < 20 || methods < 30 {
		t.Errorf("%d lines and %d methods were looked at", lines, methods)
	}
}

// read takes what a file says about methods and policy.
func (r *room) read(file string, src []byte) error {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, src, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	inside := r.name == "foundation/auth"
	r.auth = r.auth || inside
	for _, i := range f.Imports {
		r.auth = r.auth || i.Path.Value == `"github.com/antinvn/antin/internal/foundation/auth"`
	}
	is := func(e ast.Expr, pkg, name string) bool {
		if star, ok := e.(*ast.StarExpr); ok {
			e = star.X
		}
		if id, ok := e.(*ast.Ident); ok {
			return inside && pkg == "auth" && id.Name == name
		}
		s, ok := e.(*ast.SelectorExpr)
		if !ok {
			return false
		}
		x, ok := s.X.(*ast.Ident)
		return ok && x.Name == pkg && s.Sel.Name == name
	}
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok {
			for _, spec := range g.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					for _, value := range v.Values {
						if c, ok := value.(*ast.CompositeLit); ok && is(c.Type, "auth", "Policy") {
							r.readPolicy(c)
						}
					}
				}
			}
		}
		fn, ok := d.(*ast.FuncDecl)
		if !ok || !fn.Name.IsExported() {
			continue
		}
		var first ast.Expr
		if p := fn.Type.Params.List; len(p) > 0 {
			first = p[0].Type
		}
		receiver := ""
		if fn.Recv != nil {
			receiver = strings.TrimPrefix(fmt.Sprint(typeName(fn.Recv.List[0].Type)), "*")
		}
		open := receiver == "" || ast.IsExported(receiver)
		tx := first != nil && is(first, "store", "Tx")
		if ends := strings.HasSuffix(fn.Name.Name, "Tx"); open && tx != ends {
			r.wrong = append(r.wrong, fmt.Sprintf("%s: %s: what acts in another's transaction ends in Tx and takes it first, nothing else does", file, fn.Name.Name))
		}
		if receiver == "" || first == nil || !is(first, "context", "Context") {
			continue
		}
		m := method{receiver: receiver, exported: open}
		for _, p := range fn.Type.Params.List {
			m.actor = m.actor || is(p.Type, "auth", "Actor")
		}
		own, short := strconv.Quote(r.name+"."+fn.Name.Name), strconv.Quote(fn.Name.Name) // a room's helper may put its name before the method's
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if (n.Value == own || n.Value == short) && !m.asks.IsValid() {
					m.asks = n.Pos()
				}
			case *ast.SelectorExpr:
				if (n.Sel.Name == "Do" || n.Sel.Name == "View") && !m.reads.IsValid() {
					m.reads = n.Pos()
				}
			}
			return true
		})
		if old, there := r.methods[fn.Name.Name]; !there || m.actor || !old.actor {
			r.methods[fn.Name.Name] = m
		}
	}
	return nil
}

func typeName(e ast.Expr) string {
	if s, ok := e.(*ast.StarExpr); ok {
		e = s.X
	}
	if id, ok := e.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

func (r *room) readPolicy(c *ast.CompositeLit) {
	for _, e := range c.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, ok := kv.Key.(*ast.BasicLit)
		if !ok {
			r.wrong = append(r.wrong, r.name+": a line of the policy is not named in so many words")
			continue
		}
		name, err := strconv.Unquote(key.Value)
		if err != nil || !strings.HasPrefix(name, r.name+".") || strings.Contains(name[len(r.name)+1:], ".") {
			r.wrong = append(r.wrong, fmt.Sprintf("%s: the policy's line %s is no method of this room", r.name, name))
			continue
		}
		var x rule
		ast.Inspect(kv.Value, func(n ast.Node) bool {
			if f, ok := n.(*ast.KeyValueExpr); ok {
				if id, ok := f.Key.(*ast.Ident); ok && id.Name == "Anyone" {
					x.anyone = true
				}
			}
			return true
		})
		r.policy[strings.TrimPrefix(path.Ext(name), ".")] = x
	}
}

// judge says what is wrong with a room.
func (r *room) judge() []string {
	wrong := slices.Clone(r.wrong)
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, name := range slices.Sorted(maps.Keys(r.methods)) {
		m, full := r.methods[name], r.name+"."+name
		line, listed := r.policy[name]
		switch {
		case noActor[full] != "":
		case m.actor && !listed:
			say("%s acts for somebody and stands in no policy", full)
		case m.actor && !m.asks.IsValid():
			say("%s does not ask for its own warrant", full)
		case m.actor && !line.anyone && m.reads.IsValid() && m.reads < m.asks:
			say("%s opens a transaction before it asks for its warrant", full)
		case !m.actor && r.auth && m.exported && m.receiver == "Service" && !listed:
			say("%s takes no actor; if that is right, its reason belongs into noActor", full)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.policy)) {
		if m, ok := r.methods[name]; !ok || !m.asks.IsValid() {
			say("%s.%s stands in the policy, and nothing asks for it", r.name, name)
		}
	}
	if len(r.policy) > 0 && !r.suite {
		say("%s: no test calls authtest.Permissions for its policy", r.name)
	}
	return wrong
}

func TestTheSuiteFindsWhatIsMissing(t *testing.T) {
	const head = "package x\nimport (\"context\"; \"github.com/antinvn/antin/internal/foundation/auth\"; \"github.com/antinvn/antin/internal/foundation/store\")\n"
	const policy = "var Policy = auth.Policy{\"a/x.Do1\": {Needs: auth.Operate}}\n"
	const do1 = "func (s *Service) Do1(ctx context.Context, who auth.Actor) { s.auth.Warrant(ctx, who, \"a/x.Do1\"); s.db.Do() }\n"
	for name, c := range map[string]struct{ src, want string }{
		"whole":                 {policy + do1, ""},
		"never called":          {policy + do1, "no test calls authtest.Permissions"},
		"no line":               {do1, "a/x.Do1 acts for somebody and stands in no policy"},
		"line without a method": {policy, "a/x.Do1 stands in the policy, and nothing asks for it"},
		"asks for another":      {policy + strings.Replace(do1, `"a/x.Do1"`, `"a/x.Do2"`, 1), "does not ask for its own warrant"},
		"reads first":           {policy + "func (s *Service) Do1(ctx context.Context, who auth.Actor) { s.db.View(); s.auth.Warrant(ctx, who, \"a/x.Do1\") }\n", "before it asks"},
		"no actor":              {policy + do1 + "func (s *Service) Look(ctx context.Context) {}\n", "a/x.Look takes no actor"},
		"another's room":        {policy + do1 + "var More = auth.Policy{\"a/y.Do\": {}}\n", "is no method of this room"},
		"not called Tx":         {policy + do1 + "func Take(tx *store.Tx) {}\n", "ends in Tx"},
		"called Tx":             {policy + do1 + "func TakeTx(ctx context.Context) {}\n", "ends in Tx"},
	} {
		r := &room{name: "a/x", policy: map[string]rule{}, methods: map[string]method{}, suite: name != "never called"}
		if err := r.read("x.go", []byte(head+c.src)); err != nil {
			t.Fatal(name, err)
		}
		got := strings.Join(r.judge(), "; ")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
