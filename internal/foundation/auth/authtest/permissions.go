package authtest

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Case is how one method of a policy is called, so that [Permissions] can call it as everybody.
type Case struct {
	// Make makes what the method acts on, in an agency or one of its units, and returns its id. Nil where the agency itself is acted on.
	Make func(t testing.TB, agency store.ID) store.ID
	// Mine makes somebody and a thing of theirs, for a method that is open to all who are signed in.
	Mine func(t testing.TB) (auth.Actor, store.ID)
	// Call calls the method. A list looks for the id, and says not found where it is not there.
	Call func(ctx context.Context, who auth.Actor, agency, id store.ID) error
	// Alone means that a method of one's own takes no id: there is nothing of another's to ask for.
	Alone bool
}

// Permissions calls every method of a policy as a visitor, without a role and in every role, with every reach, on things inside and
// outside of it. Who lacks the permission is refused although the context has ended, which no statement would survive; what lies out of
// reach answers as what is not there; the table's other half is let in. A method without a case fails, and so does a case without a line.
func Permissions(t *testing.T, h *House, policy auth.Policy, cases map[string]Case) {
	t.Helper()
	for method := range cases {
		if _, ok := policy[method]; !ok {
			t.Errorf("%s stands in no policy", method)
		}
	}
	tree := grow(t, h)
	ended, end := context.WithCancel(t.Context())
	end()
	for _, method := range slices.Sorted(maps.Keys(policy)) {
		rule := policy[method]
		c, ok := cases[method]
		if !ok || c.Call == nil {
			t.Errorf("%s is not called", method)
			continue
		}
		t.Run(method, func(t *testing.T) {
			err := c.Call(ended, auth.Actor{Request: "test"}, tree.here, 0)
			switch {
			case rule.Anyone:
				if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Denied) {
					t.Error("a visitor is not let in:", err)
				}
				return
			case !fault.Is(err, fault.Unauthenticated):
				t.Error("a visitor is not asked to sign in, before any statement:", err)
			}
			if rule.SignedIn {
				c.own(t, h, tree)
			} else {
				c.roles(ended, t, h, tree, rule.Needs)
			}
		})
	}
}

// tree is where things stand.
type tree struct{ top, here, unit, below, beside store.ID }

func grow(t *testing.T, h *House) tree {
	top := h.Agency(t, 0, false)
	here := h.Agency(t, top, false)
	return tree{top, here, h.Agency(t, here, true), h.Agency(t, here, false), h.Agency(t, top, false)}
}

const nothing store.ID = 77 // no id that was made

// own holds a method that is open to all who are signed in to one's own things.
func (c Case) own(t *testing.T, h *House, in tree) {
	who, id := c.Mine(t)
	if !c.Alone {
		other := h.Actor(in.here)
		unknown, another := c.Call(t.Context(), other, in.here, nothing), c.Call(t.Context(), other, in.here, id)
		if !fault.Is(another, fault.NotFound) || unknown == nil || unknown.Error() != another.Error() {
			t.Errorf("another's thing: %v; nothing at all: %v", another, unknown)
		}
	}
	if err := c.Call(t.Context(), who, who.Agency, id); err != nil {
		t.Error("one's own:", err)
	}
}

func (c Case) roles(ended context.Context, t *testing.T, h *House, in tree, needs auth.Permission) {
	make := func(at store.ID) store.ID {
		if c.Make == nil {
			return 0
		}
		return c.Make(t, at)
	}
	if err := c.Call(ended, h.Actor(in.here), in.here, nothing); !fault.Is(err, fault.Denied) {
		t.Error("without a role:", err)
	}
	let := 0
	for _, role := range auth.Roles {
		for far := auth.Agency; far <= auth.Subordinates; far++ {
			who := h.Reaching(in.here, far, role)
			if !role.Carries(needs) {
				if err := c.Call(ended, who, in.here, nothing); !fault.Is(err, fault.Denied) {
					t.Errorf("%s: not refused before any statement: %v", role, err)
				}
				continue
			}
			unknown := c.Call(t.Context(), who, nothing, nothing)
			reach := min(far, needs.Widest())
			for at, inside := range map[store.ID]bool{
				in.here: true, in.unit: reach >= auth.Units, in.below: reach >= auth.Subordinates, in.beside: false, in.top: false,
			} {
				err := c.Call(t.Context(), who, at, make(at))
				switch {
				case inside && err != nil:
					t.Errorf("%s reaching %s is not let in: %v", role, far, err)
				case !inside && (!fault.Is(err, fault.NotFound) || unknown == nil || err.Error() != unknown.Error()):
					t.Errorf("%s reaching %s, outside: %v; nothing at all: %v", role, far, err, unknown)
				case inside:
					let++
				}
			}
		}
	}
	if let == 0 {
		t.Error("nobody is let in")
	}
}
