package authtest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Case is how one method of a policy is called, so that [Permissions] can call it as everybody. Exactly one of Make, For and Mine is set
// where the method acts on a thing.
type Case struct {
	// Make makes what the method acts on, in an agency or one of its units, and returns its id. Nil where the agency itself is acted on.
	Make func(t testing.TB, agency store.ID) store.ID
	// For is the same of a thing that is made for who calls: by them, or with what they need.
	For func(t testing.TB, who auth.Actor, agency store.ID) store.ID
	// Owned means that what was made for another is not there, however far one reaches.
	Owned bool
	// Mine makes somebody and a thing of theirs, for a method that is open to all who are signed in.
	Mine func(t testing.TB) (auth.Actor, store.ID)
	// Alone means that a method takes no id: there is nothing of another's to ask for, and of a permission's place only the acting agency.
	Alone bool
	// Lets is the method's own rule, where it is not that the grant reaches the thing: who is let in besides those whose own it is.
	Lets func(Standing) bool
	// Call calls the method. A list looks for the id, and says not found where it is not there.
	Call func(ctx context.Context, who auth.Actor, agency, id store.ID) error
}

// Place is where a thing stands, seen from the agency that is acted for.
type Place string

// The places.
const (
	Here   Place = "here"
	Unit   Place = "in a unit"
	Below  Place = "below"
	Beside Place = "beside"
	Above  Place = "above"
)

var places = []Place{Here, Unit, Below, Beside, Above}

// Standing is a cell of the table: a role, from where and how far it was granted, and where the thing stands.
type Standing struct {
	Role auth.Role
	From Place // the acting agency, or its unit
	Far  auth.Reach
	At   Place
}

// Reaches reports whether the role carries a permission, and the grant goes as far as the thing with it.
func (s Standing) Reaches(p auth.Permission) bool {
	if !s.Role.Carries(p) || s.From == Unit {
		return s.Role.Carries(p) && s.At == Unit
	}
	far := min(s.Far, p.Widest())
	return s.At == Here || s.At == Unit && far >= auth.Units || s.At == Below && far >= auth.Subordinates
}

// grant is the part of the table's name that says from where and how far.
func (s Standing) grant() string {
	if s.From == Unit {
		return "a unit"
	}
	return s.Far.String()
}

// Tree is where things stand: an agency with its unit, the agencies above, below and beside it.
type Tree map[Place]store.ID

// Permissions calls every method of a policy as a visitor, without a role and in every role, with every reach, on things inside and
// outside of it. Who lacks the permission is refused although the context has ended, which no statement would survive; what lies out of
// reach answers as what is not there; the table's other half is let in. A method without a case fails, and so does a case without a line.
// A case is named as its method; where several things are told apart, each is a case of its own, "records/document.Get a draft".
func Permissions(t *testing.T, h *House, policy auth.Policy, cases map[string]Case) {
	t.Helper()
	tree := h.Ground
	if tree == nil {
		tree = h.grow(t)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	called := map[string][]string{}
	for name := range cases {
		method, _, _ := strings.Cut(name, " ")
		if _, ok := policy[method]; !ok {
			t.Errorf("%s stands in no policy", name)
		}
		called[method] = append(called[method], name)
	}
	for _, method := range slices.Sorted(maps.Keys(policy)) {
		if len(called[method]) == 0 {
			t.Errorf("%s is not called", method)
		}
		let := false
		for _, name := range slices.Sorted(slices.Values(called[method])) {
			c := &table{cases[name], h, policy[method], tree, ended}
			t.Run(name, c.run)
			let = let || c.somebody()
		}
		if !let && len(called[method]) > 0 {
			t.Errorf("%s lets nobody in", method)
		}
	}
}

func (h *House) grow(t *testing.T) Tree {
	t.Helper()
	top := h.Agency(t, 0, false)
	here := h.Agency(t, top, false)
	return Tree{Above: top, Here: here, Unit: h.Agency(t, here, true), Below: h.Agency(t, here, false), Beside: h.Agency(t, top, false)}
}

const nothing store.ID = 77 // no id that was made

// table is a case that is called as everybody.
type table struct {
	Case
	*House

	rule  auth.Rule
	tree  Tree
	ended context.Context //nolint:containedctx // one that has ended is a value like another
}

// somebody reports whether the case has a twin that is let in.
func (c *table) somebody() bool {
	return c.rule.Anyone || c.Mine != nil || slices.ContainsFunc(auth.Roles, func(r auth.Role) bool {
		return slices.ContainsFunc(places, func(at Place) bool { return c.lets(Standing{r, Here, auth.Subordinates, at}) })
	})
}

func (c *table) run(t *testing.T) {
	t.Run("a visitor", func(t *testing.T) {
		err := c.Call(c.ended, auth.Actor{Request: "test"}, c.tree[Here], nothing)
		switch refused := fault.Is(err, fault.Unauthenticated); {
		case c.rule.Anyone && (refused || fault.Is(err, fault.Denied)):
			t.Error("is not let in:", err)
		case !c.rule.Anyone && !refused:
			t.Error("is not asked to sign in, before any statement:", err)
		}
	})
	if c.Mine != nil {
		c.own(t)
	}
	if c.rule.Needs != "" || c.Lets != nil {
		c.roles(t)
	}
}

// own holds a method that is open to all who are signed in to one's own things.
func (c *table) own(t *testing.T) {
	who, id := c.Mine(t)
	if !c.Alone {
		t.Run("another's", func(t *testing.T) {
			other := c.Actor(c.tree[Here])
			c.hidden(t, other, c.Call(t.Context(), other, c.tree[Here], id))
		})
	}
	t.Run("one's own", func(t *testing.T) { open(t, c.Call(t.Context(), who, who.Agency, id)) })
}

// roles is the table of role, reach and place.
func (c *table) roles(t *testing.T) {
	if c.rule.Needs != "" {
		t.Run("no role", func(t *testing.T) { c.denied(t, c.Actor(c.tree[Here])) })
	}
	for _, role := range auth.Roles {
		t.Run(string(role), func(t *testing.T) {
			for far := auth.Agency; far <= auth.Subordinates; far++ {
				c.grants(t, Standing{Role: role, From: Here, Far: far})
			}
			c.grants(t, Standing{Role: role, From: Unit, Far: auth.Subordinates})
		})
	}
}

// grants calls the method with one grant.
func (c *table) grants(t *testing.T, s Standing) {
	t.Run(s.grant(), func(t *testing.T) {
		who := c.standing(s)
		if c.rule.Needs != "" && !s.Role.Carries(c.rule.Needs) {
			c.denied(t, who)
			return
		}
		for _, at := range places {
			if s.At = at; c.Alone && at != Here {
				continue
			}
			t.Run(string(at), func(t *testing.T) { c.cell(t, who, s) })
		}
	})
}

// standing is somebody with one grant.
func (c *table) standing(s Standing) auth.Actor {
	who := c.Reaching(c.tree[Here], s.Far, s.Role)
	if s.From == Unit {
		who.Grants[0].At = c.tree[Unit]
	}
	return who
}

func (c *table) cell(t *testing.T, who auth.Actor, s Standing) {
	at := c.tree[s.At]
	err := c.Call(t.Context(), who, at, c.thing(t, who, at))
	if !c.lets(s) {
		c.hidden(t, who, err)
		return
	}
	open(t, err)
	if c.Owned {
		t.Run("another's", func(t *testing.T) { c.hidden(t, who, c.Call(t.Context(), who, at, c.thing(t, c.standing(s), at))) })
	}
}

func (c *table) lets(s Standing) bool {
	switch {
	case c.Lets != nil:
		return c.Lets(s)
	case c.Alone:
		return s.Role.Carries(c.rule.Needs)
	}
	return s.Reaches(c.rule.Needs)
}

func (c *table) thing(t *testing.T, who auth.Actor, at store.ID) store.ID {
	t.Helper()
	switch {
	case c.For != nil:
		return c.For(t, who, at)
	case c.Make != nil:
		return c.Make(t, at)
	}
	return 0
}

func open(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error("is not let in:", err)
	}
}

// hidden holds an answer to that about what is not there.
func (c *table) hidden(t *testing.T, who auth.Actor, err error) {
	t.Helper()
	unknown := err
	if !c.Alone {
		unknown = c.Call(t.Context(), who, nothing, nothing)
	}
	if !fault.Is(err, fault.NotFound) || unknown == nil || err.Error() != unknown.Error() {
		t.Errorf("it is there: %v; nothing at all: %v", err, unknown)
	}
}

func (c *table) denied(t *testing.T, who auth.Actor) {
	t.Helper()
	if err := c.Call(c.ended, who, c.tree[Here], nothing); !fault.Is(err, fault.Denied) {
		t.Error("is not refused before any statement:", err)
	}
}

// Listed is a list's answer about one thing: not found where it is not in it.
func Listed[T any](list []T, err error, is func(T) bool) error {
	if err == nil && !slices.ContainsFunc(list, is) {
		err = fault.New(fault.NotFound, store.ErrNotFound, "")
	}
	return err
}
