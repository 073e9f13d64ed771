package org_test

import (
	"testing"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// house is a directory with one agency at the top, and who manages it and all below.
type house struct {
	*authtest.House
	*org.Service

	root    store.ID
	manager auth.Actor
}

func open(t testing.TB, url string) *house {
	t.Helper()
	steps, err := store.Migrations(org.Files)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{House: authtest.New(t, url, steps, org.Policy)}
	h.Service = org.New(h.DB, h.Auth)
	h.root = h.found(t, "Ủy ban nhân dân tỉnh Mẫu")
	h.manager = h.Reaching(h.root, auth.Subordinates, auth.Operator)
	return h
}

// found makes an agency at the top, as a new house does.
func (h *house) found(t testing.TB, name string) store.ID {
	t.Helper()
	var d org.Done
	err := h.DB.Do(t.Context(), h.Issuer.System("test", org.Tables...), func(tx *store.Tx) (err error) {
		d, err = org.MakeTx(tx, org.NewNode{Facts: org.Facts{Kind: org.Committee, Level: org.Province, Name: name, Notation: "UBND", OwnSeal: true}, From: day(2020, 1, 1)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return d.ID
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) { test(t, open(t, url)) })
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, clock.Vietnam) }

// agency makes a department below a parent.
func (h *house) agency(t testing.TB, parent store.ID, name string, from time.Time) org.Done {
	t.Helper()
	d, err := h.Make(t.Context(), h.manager, org.NewNode{Facts: org.Facts{Parent: parent, Kind: org.Department, Level: org.Province, Name: name}, From: from})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (h *house) unit(t testing.TB, parent store.ID, name string, from time.Time) org.Done {
	t.Helper()
	d, err := h.Make(t.Context(), h.manager, org.NewNode{Facts: org.Facts{Parent: parent, Kind: org.Division, Name: name}, Internal: true, From: from})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (h *house) person(t testing.TB, agency store.ID, name string) org.Done {
	t.Helper()
	d, err := h.MakePerson(t.Context(), h.manager, org.NewPerson{PersonFacts: org.PersonFacts{Agency: agency, Name: name}, From: day(2021, 1, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// view reads as anybody with an account does.
func (h *house) view(t testing.TB, f func(tx *store.Tx) error) {
	t.Helper()
	if err := h.DB.View(t.Context(), h.Issuer.System("test"), f); err != nil {
		t.Fatal(err)
	}
}

// node is a node at a day, as it is believed now.
func (h *house) node(t testing.TB, id store.ID, at time.Time) (n org.Node, there bool) {
	t.Helper()
	h.view(t, func(tx *store.Tx) (err error) {
		n, err = org.NodeTx(tx, id, at)
		there, err = store.Found(err)
		return err
	})
	return n, there
}

// blames reports whether an error blames exactly one field with a code.
func blames(err error, field string, code codes.Code) bool {
	f := fault.Of(err)
	return f != nil && len(f.Fields) == 1 && f.Fields[0].Name == field && f.Fields[0].Kind == code
}

// reaches reports whether a grant at one node reaches another, now.
func (h *house) reaches(t testing.TB, from, to store.ID, far auth.Reach) bool {
	t.Helper()
	w, err := h.Auth.Warrant(t.Context(), h.Reaching(from, far, auth.Operator), "directory/org.Change")
	if err != nil {
		t.Fatal(err)
	}
	err = h.DB.View(t.Context(), w, func(tx *store.Tx) error { return tx.Over(to) })
	ok, err := store.Found(err)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestTheSeamsReadWhatIsBelieved(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		dept := h.agency(t, h.root, "Sở Mẫu", day(2021, 1, 1))
		room := h.unit(t, dept.ID, "Phòng Mẫu", day(2021, 6, 1))
		who := h.person(t, dept.ID, "Nguyễn Thị Ánh")
		if _, err := h.GivePost(t.Context(), h.manager, who.ID, who.Event, org.NewPost{Agency: dept.ID, Unit: room.ID, Title: "Trưởng phòng", Since: day(2022, 1, 1)}); err != nil {
			t.Fatal(err)
		}
		now := h.Clock.Now()
		h.view(t, func(tx *store.Tx) error {
			a, err := org.AgencyTx(tx, dept.ID, now)
			if err != nil || a.Name != "Sở Mẫu" || a.Parent != h.root || a.Internal() || a.Event != dept.Event || !a.Since.Equal(day(2021, 1, 1)) {
				t.Errorf("%+v, %v", a, err)
			}
			u, err := org.UnitTx(tx, room.ID, now)
			if err != nil || u.Agency != dept.ID || !u.Internal() {
				t.Errorf("%+v, %v", u, err)
			}
			for _, err := range []error{second(org.AgencyTx(tx, room.ID, now)), second(org.UnitTx(tx, dept.ID, now)), second(org.AgencyTx(tx, dept.ID, day(2020, 6, 1))), second(org.PersonTx(tx, room.ID, now))} {
				if !fault.Is(err, fault.NotFound) {
					t.Errorf("found: %v", err)
				}
			}
			p, err := org.PersonTx(tx, who.ID, now)
			if err != nil || p.Given() != "Ánh" || p.Agency != dept.ID {
				t.Errorf("%+v, %v", p, err)
			}
			posts, err := org.PostsTx(tx, who.ID, now)
			if err != nil || len(posts) != 1 || posts[0].Unit != room.ID || posts[0].Title != "Trưởng phòng" || !posts[0].Until.Equal(store.Forever) {
				t.Errorf("%+v, %v", posts, err)
			}
			names, err := org.NamesTx(tx, []store.ID{dept.ID, room.ID, 0, 5})
			if err != nil || len(names) != 2 || names[room.ID] != "Phòng Mẫu" {
				t.Errorf("%v, %v", names, err)
			}
			for query, want := range map[string]int64{
				`SELECT COUNT(*) FROM v_org_agency WHERE parent = ? AND since <= ? AND until > ? AND level = 'province' AND own_seal = 0 AND code13 = '' AND code35 = '' AND sector = '' AND short_name = '' AND notation = '' AND kind <> '' AND name <> '' AND id <> 0`: 1,
				`SELECT COUNT(*) FROM v_org_person WHERE id <> ? AND since <= ? AND until > ? AND name <> '' AND given = 'Ánh' AND sort_key IS NOT NULL`:                                                                                                                  1,
				`SELECT COUNT(*) FROM v_org_post WHERE agency <> ? AND since <= ? AND until > ? AND unit IS NOT NULL AND title <> '' AND person <> 0`:                                                                                                                     1,
				`SELECT COUNT(*) FROM v_org_unit WHERE agency <> ? AND since <= ? AND until > ?`:                                                                                                                                                                          1,
				`SELECT COUNT(*) FROM v_org_absence WHERE substitute <> ? AND since <= ? AND until > ?`:                                                                                                                                                                   0,
			} {
				if got, err := store.One[int64](tx, query, h.root, now, now); err != nil || got != want {
					t.Errorf("%s: %d, %v", query, got, err)
				}
			}
			return nil
		})
		if !h.reaches(t, h.root, room.ID, auth.Subordinates) || h.reaches(t, h.root, dept.ID, auth.Units) || !h.reaches(t, dept.ID, room.ID, auth.Units) {
			t.Error("auth does not know where they stand")
		}
	})
}

func second[T any](_ T, err error) error { return err }
