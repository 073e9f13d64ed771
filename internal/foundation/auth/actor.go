package auth

import (
	"slices"

	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// Actor is who acts, for which agency, with the grants that the session was loaded with. The zero Actor is a visitor.
type Actor struct {
	Account store.ID
	Session store.ID
	Person  store.ID // whose account it is; 0 for a service
	Agency  store.ID // the acting one
	Grants  []Grant  // those in force, at all agencies
	Request string   // the request's id, kept with each event
	Once    string   // the form's single-use id; "" for none

	Address string // from which the request came; "" for none

	form func() string // the same, of a request whose form may be read after this was made
}

// Grant is a role that an account holds at an agency, or at one of its units.
type Grant struct {
	Role   Role
	Agency store.ID // the agency for which it acts
	At     store.ID // where the grant's reach begins: the agency or one of its units; 0 is the agency
	Reach  Reach
}

// Who is the actor behind a request to a page.
func Who(r *web.Request) Actor {
	a, _ := r.Actor.Identity.(Actor)
	a.Request, a.Address, a.form = r.ID, r.Client.String(), r.Claimed
	return a
}

func (a Actor) once() string {
	if a.Once == "" && a.form != nil {
		return a.form()
	}
	return a.Once
}

// May reports whether a grant at the acting agency carries a permission: for menus and buttons. The service decides by its warrant.
func (a Actor) May(p Permission) bool {
	_, ok := a.reach(p)
	return ok
}

// Shown is the rule of a menu's line for who has one of some permissions at the acting agency.
func Shown(permissions ...Permission) func(web.Actor) bool {
	return func(a web.Actor) bool {
		who, _ := a.Identity.(Actor)
		return slices.ContainsFunc(permissions, who.May)
	}
}

// Reach is how far the grants at the acting agency go with a permission, for the rule of a module that several permissions open; false where
// none carries it.
func (a Actor) Reach(p Permission) (store.Reach, bool) {
	r, ok := a.reach(p)
	return r, ok
}

// Inner is the actor without the single-use id of the form that was sent: for an act of several commands, of which the last one takes it.
func (a Actor) Inner() Actor {
	a.Once, a.form = "", nil
	return a
}

// reach is all that the grants at the acting agency reach with a permission.
func (a Actor) reach(p Permission) (reaches, bool) {
	var out reaches
	for _, g := range a.Grants {
		most, ok := widest(p, g.Role)
		if !ok || g.Agency != a.Agency {
			continue
		}
		from := g.At
		if from == 0 {
			from = g.Agency
		}
		out = out.add(from, min(g.Reach, most))
	}
	return out, len(out) > 0
}
