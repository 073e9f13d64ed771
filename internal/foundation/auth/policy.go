package auth

import (
	"context"
	"fmt"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Policy says of each method of a module, "records/document.Number", who may use it.
type Policy map[string]Rule

// Rule is one line of a policy. Exactly one of Needs, SignedIn and Anyone is set.
type Rule struct {
	// Needs is the permission that a grant must carry.
	Needs Permission
	// SignedIn opens it to every account; the method's own rule ([store.Tx.Permit]) decides.
	SignedIn bool
	// Anyone opens it to visitors too.
	Anyone bool
	// Decides says in words whose agency decides, or which rule: "the document's agency", "took part, recipient or clerk".
	Decides string
}

// Config is what a [Service] is made of.
type Config struct {
	DB       *store.DB
	Issuer   *store.Issuer
	Policies []Policy
}

// Service answers who may do what. It may be used concurrently.
type Service struct {
	db     *store.DB
	issuer *store.Issuer
	rules  Policy
}

// New makes it of the modules' policies; a method that stands in two of them is an error.
func New(c Config) (*Service, error) {
	s := &Service{db: c.DB, issuer: c.Issuer, rules: Policy{}}
	for _, p := range c.Policies {
		for method, r := range p {
			if _, twice := s.rules[method]; twice {
				return nil, fmt.Errorf("auth: %s stands in two policies", method)
			}
			if n := count(r.Needs != "", r.SignedIn, r.Anyone); n != 1 {
				return nil, fmt.Errorf("auth: the rule of %s names %d of a permission, signed in and anyone", method, n)
			}
			s.rules[method] = r
		}
	}
	return s, nil
}

func count(bs ...bool) (n int) {
	for _, b := range bs {
		if b {
			n++
		}
	}
	return n
}

// Rules are all rules, for the page that shows them and for the suite that holds every method to its own.
func (s *Service) Rules() Policy { return s.rules }

// Warrant lets an actor use a method, as far as the policy and the grants that came with the session go. It runs no SQL. Its errors are
// [ErrSignIn] and [ErrDenied].
func (s *Service) Warrant(_ context.Context, who Actor, method string) (*store.Warrant, error) {
	rule, ok := s.rules[method]
	if !ok {
		return nil, fmt.Errorf("auth: %s stands in no policy", method)
	}
	g := store.Grant{Method: method, Actor: who.Account, Agency: who.Agency, Once: who.Once, Request: who.Request}
	switch {
	case rule.Anyone:
	case who.Account == 0:
		return nil, fault.New(fault.Unauthenticated, ErrSignIn, "")
	case rule.Needs != "":
		r, ok := who.reach(rule.Needs)
		if !ok {
			return nil, fault.New(fault.Denied, ErrDenied, string(rule.Needs))
		}
		g.Reach = r
	}
	return s.issuer.Warrant(g), nil
}

// System makes a warrant for a module's housekeeping, which writes only the tables it names.
func (s *Service) System(method string, tables ...string) *store.Warrant {
	return s.issuer.System(method, tables...)
}
