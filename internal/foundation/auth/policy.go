package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/seal"
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
	// Decides says in words whose agency decides, or which rule: "the document's agency", "took part, recipient or clerk". The words stand
	// in the catalogue too, under [Rule.Key].
	Decides string
}

// Key is the text that tells a reader what Decides says: "decides.the_document_s_agency".
func (r Rule) Key() string {
	words := strings.FieldsFunc(strings.ToLower(r.Decides), func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
	return "decides." + strings.Join(words, "_")
}

// Config is what a [Service] is made of. A zero field means what its comment says.
type Config struct {
	DB       *store.DB     // needed
	Issuer   *store.Issuer // needed
	Policies []Policy      // of the modules; auth's own comes with it
	// Ring seals what is secret: one that is gone with the process, for tests.
	Ring *seal.Ring
	// Public is the address people type; it stands on letters.
	Public *url.URL
	// Names are the names of agencies and units as pages show them, from package directory/org: their ids.
	Names func(tx *store.Tx, agencies []store.ID) (map[store.ID]string, error)
	// People and Someone ask package directory/org who there is: those in the warrant's reach who are sought, and one, whatever the reach.
	// Without them no account is linked to a person.
	People  func(tx *store.Tx, q PeopleQuery) ([]Someone, error)
	Someone func(tx *store.Tx, id store.ID) (Someone, error)
	// Cost is that of passwords' hashes: RFC 9106's for 64 MB.
	Cost Cost
	// Idle ends a session that was not used: after an hour. Life ends every session: after twelve.
	Idle, Life time.Duration
	Clock      clock.Clock  // the machine's
	Random     io.Reader    // crypto/rand
	Log        *slog.Logger // slog's default
}

// Service answers who is there and who may do what. It may be used concurrently.
type Service struct {
	db         *store.DB
	issuer     *store.Issuer
	rules      Policy
	ring       *seal.Ring
	names      func(tx *store.Tx, agencies []store.ID) (map[store.ID]string, error)
	people     func(tx *store.Tx, q PeopleQuery) ([]Someone, error)
	someone    func(tx *store.Tx, id store.ID) (Someone, error)
	hasher     *hasher
	public     *url.URL
	party      relyingParty
	idle, life time.Duration
	clock      clock.Clock
	random     io.Reader
	log        *slog.Logger
	refusals   *refusals
}

// New makes it of the modules' policies; a method that stands in two of them is an error.
func New(c Config) (*Service, error) {
	s := &Service{
		db: c.DB, issuer: c.Issuer, rules: Policy{}, ring: c.Ring, names: c.Names, public: c.Public, party: relying(c.Public), idle: cmp.Or(c.Idle, time.Hour), life: cmp.Or(c.Life, 12*time.Hour),
		people: c.People, someone: c.Someone, random: c.Random, log: cmp.Or(c.Log, slog.Default()),
	}
	if s.random == nil {
		s.random = rand.Reader
	}
	if s.clock = c.Clock; s.clock == nil {
		s.clock = clock.System{}
	}
	if s.names == nil {
		s.names = ids
	}
	if s.someone == nil {
		s.someone = nobody
	}
	if s.people == nil {
		s.people = func(*store.Tx, PeopleQuery) ([]Someone, error) { return nil, nil }
	}
	var err error
	if s.ring == nil {
		if s.ring, err = seal.New(s.random); err != nil {
			return nil, err
		}
	}
	if s.hasher, err = newHasher(cmp.Or(c.Cost, defaultCost), s.random); err != nil {
		return nil, err
	}
	s.refusals = &refusals{s: s, first: firstPause, open: map[refusedKey]*refused{}, wake: make(chan struct{}, 1)}
	c.Issuer.Refused(func(w *store.Warrant) {
		s.refusals.note(refusedKey{w.Actor(), w.Agency(), "reach", ""}, w.Method())
	})
	for _, p := range append([]Policy{own}, c.Policies...) {
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

func ids(_ *store.Tx, agencies []store.ID) (map[store.ID]string, error) {
	names := map[store.ID]string{}
	for _, a := range agencies {
		names[a] = a.Text("agy")
	}
	return names, nil
}

func count(bs ...bool) (n int) {
	for _, b := range bs {
		if b {
			n++
		}
	}
	return n
}

// Flush writes what was refused and stands in no event yet: before the store is closed.
func (s *Service) Flush() { s.refusals.flush() }

// Rules are all rules, for the page that shows them and for the suite that holds every method to its own.
func (s *Service) Rules() Policy { return s.rules }

// Warrant lets an actor use a method, as far as the policy and the grants that came with the session go. It runs no SQL. Its errors are
// [ErrSignIn] and [ErrDenied].
func (s *Service) Warrant(_ context.Context, who Actor, method string) (*store.Warrant, error) {
	rule, ok := s.rules[method]
	if !ok {
		return nil, fmt.Errorf("auth: %s stands in no policy", method)
	}
	g := store.Grant{Method: method, Actor: who.Account, Agency: who.Agency, Once: who.once(), Request: who.Request}
	switch {
	case rule.Anyone:
	case who.Account == 0:
		s.refusals.note(refusedKey{reason: "sign_in", address: who.Address}, method)
		return nil, fault.New(fault.Unauthenticated, ErrSignIn, "")
	case rule.Needs != "":
		r, ok := who.reach(rule.Needs)
		if !ok {
			s.refusals.note(refusedKey{who.Account, who.Agency, "permission", who.Address}, method)
			return nil, fault.New(fault.Denied, ErrDenied, "").Say("permission", rule.Needs.key())
		}
		g.Reach = r
	}
	return s.issuer.Warrant(g), nil
}

// System makes a warrant for a module's housekeeping, which writes only the tables it names.
func (s *Service) System(method string, tables ...string) *store.Warrant {
	return s.issuer.System(method, tables...)
}
