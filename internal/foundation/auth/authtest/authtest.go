// Package authtest sets up a store, policies and actors for tests of modules.
package authtest

import (
	"bytes"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// House is an empty database with what rules it.
type House struct {
	DB     *store.DB
	Issuer *store.Issuer
	Auth   *auth.Service
	Clock  *clock.Fake
	// Directory is who accounts are linked to.
	Directory map[store.ID]auth.Someone
	// Ground is where [Permissions] puts things, for a room whose agencies stand in the directory: one that is made of ids alone.
	Ground Tree
	next   store.ID
}

// Start is what the house's clock shows at first.
var Start = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

// Public is the house's address.
var Public = &url.URL{Scheme: "https", Host: "antin.example"}

// New opens a house on an empty database, with the migrations and the policies of the modules under test; auth's own come with it.
func New(t testing.TB, url string, steps []store.Migration, policies ...auth.Policy) *House {
	t.Helper()
	own, err := store.Migrations(auth.Files)
	if err != nil {
		t.Fatal(err)
	}
	h := &House{Clock: clock.NewFake(Start), Directory: map[store.ID]auth.Someone{}, next: 1000}
	h.DB, h.Issuer = storetest.Open(t, store.Config{URL: url, Migrations: append(own, steps...), Clock: h.Clock})
	if h.Auth, err = auth.New(auth.Config{DB: h.DB, Issuer: h.Issuer, Policies: policies, Clock: h.Clock, Public: Public, People: h.seek, Someone: h.someone, Cost: auth.Cost{MemoryKB: 64, Passes: 1, Lanes: 1}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Auth.Flush)
	return h
}

// Agency places an agency, or a unit inside one, below a parent (0: at the top), since ever.
func (h *House) Agency(t testing.TB, parent store.ID, internal bool) store.ID {
	t.Helper()
	h.next++
	err := h.DB.Do(t.Context(), h.Issuer.System("authtest", "scope"), func(tx *store.Tx) error {
		return auth.PlaceTx(tx, h.next, parent, internal, Start.AddDate(-50, 0, 0))
	})
	if err != nil {
		t.Fatal(err)
	}
	return h.next
}

// Actor is an account at an agency, with roles that reach it and its units.
func (h *House) Actor(agency store.ID, roles ...auth.Role) auth.Actor {
	return h.Reaching(agency, auth.Units, roles...)
}

// Reaching is the same with another reach.
func (h *House) Reaching(agency store.ID, far auth.Reach, roles ...auth.Role) auth.Actor {
	h.next += 2
	who := auth.Actor{Account: h.next - 1, Person: h.next, Agency: agency, Request: "test"}
	for _, r := range roles {
		who.Grants = append(who.Grants, auth.Grant{Role: r, Agency: agency, Reach: far})
	}
	return who
}

// Somebody puts somebody into the directory, whose record an agency keeps.
func (h *House) Somebody(agency store.ID, name string) store.ID {
	h.next++
	h.Directory[h.next] = auth.Someone{ID: h.next, Name: name, Agency: agency, Place: agency.Text("agy"), Key: i18n.PersonKey(name)}
	return h.next
}

func (h *House) someone(_ *store.Tx, id store.ID) (auth.Someone, error) {
	p, ok := h.Directory[id]
	if !ok {
		return p, fault.New(fault.NotFound, store.ErrNotFound, "")
	}
	return p, nil
}

func (h *House) seek(tx *store.Tx, q auth.PeopleQuery) (list []auth.Someone, err error) {
	within, args := tx.Within("x.agency")
	for _, p := range h.Directory {
		if !strings.HasPrefix(i18n.Fold(p.Name[strings.LastIndexByte(p.Name, ' ')+1:]), i18n.Fold(q.Begins)) {
			continue
		}
		_, err := store.One[int64](tx, `SELECT 1 FROM (SELECT `+strconv.FormatInt(int64(p.Agency), 10)+` AS agency) x WHERE `+within, args...)
		if there, err := store.Found(err); err != nil {
			return nil, err
		} else if there {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b auth.Someone) int { return bytes.Compare(a.Key, b.Key) })
	return list, nil
}
