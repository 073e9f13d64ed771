package org_test

import (
	"context"
	"maps"
	"testing"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// planted is a house in which the suite's own agencies get their rows.
type planted struct {
	*house

	seen map[store.ID]store.ID // the event that is the version of a thing
	n    int
}

// plant gives an agency that stands in the closure alone its row, once.
func (h *planted) plant(t testing.TB, id store.ID) store.ID {
	t.Helper()
	if h.seen[id] != 0 {
		return id
	}
	err := h.DB.Do(t.Context(), h.Issuer.System("test", org.Tables...), func(tx *store.Tx) error {
		h.seen[id] = tx.NewID()
		if _, err := tx.Exec(`INSERT INTO org_node (id, agency, event) VALUES (?, ?, ?)`, id, id, h.seen[id]); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO org_node_fact (id, node, agency, since, until, recorded, replaced, parent, kind, level, sector, name, sort_key, short_name, notation,
			own_seal, code13, code35, tax_code, budget_code, address, email, phone, basis, event, replaced_by)
			VALUES (?, ?, ?, ?, ?, ?, NULL, ?, 'department', 'province', '', 'Sở', ?, '', '', 0, '', '', '', '', '', '', '', '', ?, NULL)`,
			tx.NewID(), id, id, day(2000, 1, 1), store.Forever, tx.Now(), store.ID(0), []byte("s"), h.seen[id])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// done remembers what a command led to.
func (h *planted) done(d org.Done, err error) error {
	if err == nil {
		h.seen[d.ID] = d.Event
	}
	return err
}

func TestPermissions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := &planted{house: open(t, url), seen: map[store.ID]store.ID{}}
		s := h.Service
		keeper := func(agency store.ID) auth.Actor { return h.Reaching(agency, auth.Agency, auth.Operator) }
		plant := func(t testing.TB, agency store.ID) store.ID { return h.plant(t, agency) }
		person := func(t testing.TB, agency store.ID) store.ID {
			d, err := s.MakePerson(t.Context(), keeper(h.plant(t, agency)), org.NewPerson{PersonFacts: org.PersonFacts{Agency: agency, Name: "Lê Mẫu An"}, From: day(2020, 1, 1)})
			if h.done(d, err) != nil {
				t.Fatal(err)
			}
			return d.ID
		}
		var of store.ID // whose post or absence was made last
		post := func(t testing.TB, agency store.ID) store.ID {
			of = person(t, agency)
			if err := h.done(s.GivePost(t.Context(), keeper(agency), of, h.seen[of], org.NewPost{Agency: agency, Title: "x", Since: day(2021, 1, 1)})); err != nil {
				t.Fatal(err)
			}
			v, err := s.Person(t.Context(), keeper(agency), of, org.Moment{})
			if err != nil {
				t.Fatal(err)
			}
			return v.Posts[0].ID
		}
		away := org.NewAbsence{Since: day(2026, 4, 1), Until: day(2026, 4, 3)}
		absence := func(t testing.TB, agency store.ID) store.ID {
			of = person(t, agency)
			if err := h.done(s.SetAbsence(t.Context(), keeper(agency), of, h.seen[of], away)); err != nil {
				t.Fatal(err)
			}
			v, err := s.Person(t.Context(), keeper(agency), of, org.Moment{})
			if err != nil {
				t.Fatal(err)
			}
			return v.Absences[0].ID
		}
		somebody := func(t testing.TB) (auth.Actor, store.ID) {
			agency := h.Agency(t, 0, false)
			who := h.Actor(agency)
			who.Person = person(t, agency)
			return who, who.Person
		}
		open := func(f func(ctx context.Context, who auth.Actor, agency, id store.ID) error) authtest.Case {
			return authtest.Case{Mine: somebody, Alone: true, Call: f} // everybody with an account reads everything
		}
		facts := func(parent store.ID) org.Facts {
			h.n++
			return org.Facts{Parent: parent, Kind: org.Department, Level: org.Province, Name: "Sở " + string(rune('A'+h.n%26)) + string(rune('a'+h.n/26%26))}
		}
		rest := maps.Clone(org.Policy)
		delete(rest, "directory/org.End")
		authtest.Permissions(t, h.House, rest, map[string]authtest.Case{
			"directory/org.Make": {Make: plant, Call: func(ctx context.Context, who auth.Actor, agency, _ store.ID) error {
				return second(s.Make(ctx, who, org.NewNode{Facts: facts(agency), From: day(2021, 1, 1)}))
			}},
			"directory/org.Change": {Make: plant, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				return h.done(s.Change(ctx, who, id, h.seen[id], org.Change{Facts: facts(0), From: day(2021, 1, 1)}))
			}},
			"directory/org.Places": {Make: plant, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				list, err := s.Places(ctx, who, day(2021, 1, 1))
				return authtest.Listed(list, err, func(n org.Node) bool { return n.ID == id })
			}},
			"directory/org.MakePerson": {Make: plant, Call: func(ctx context.Context, who auth.Actor, agency, _ store.ID) error {
				return second(s.MakePerson(ctx, who, org.NewPerson{PersonFacts: org.PersonFacts{Agency: agency, Name: "Lê Mẫu An"}, From: day(2020, 1, 1)}))
			}},
			"directory/org.ChangePerson": {Make: person, Call: func(ctx context.Context, who auth.Actor, agency, id store.ID) error {
				return second(s.ChangePerson(ctx, who, id, h.seen[id], org.PersonFacts{Agency: agency, Name: "Lê Mẫu Ân"}, day(2021, 1, 1)))
			}},
			"directory/org.EndPerson": {Make: person, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				return second(s.EndPerson(ctx, who, id, h.seen[id], day(2025, 1, 1)))
			}},
			"directory/org.SetPrivate": {Make: person, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				return second(s.SetPrivate(ctx, who, id, h.seen[id], org.Private{Birth: "1980-01-01"}))
			}},
			"directory/org.Reveal": {Make: person, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error { return second(s.Reveal(ctx, who, id)) }},
			"directory/org.GivePost": {Make: person, Call: func(ctx context.Context, who auth.Actor, agency, id store.ID) error {
				return second(s.GivePost(ctx, who, id, h.seen[id], org.NewPost{Agency: agency, Title: "x", Since: day(2021, 1, 1)}))
			}},
			"directory/org.EndPost": {Make: post, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				return second(s.EndPost(ctx, who, id, h.seen[of], day(2025, 1, 1), ""))
			}},
			"directory/org.SetAbsence": {Make: person, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				return second(s.SetAbsence(ctx, who, id, h.seen[id], away))
			}},
			"directory/org.WithdrawAbsence": {Make: absence, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				return second(s.WithdrawAbsence(ctx, who, id, h.seen[of]))
			}},
			"directory/org.SetOwnAbsence": {Mine: somebody, Alone: true, Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				return second(s.SetOwnAbsence(ctx, who, h.seen[who.Person], away))
			}},
			"directory/org.WithdrawOwnAbsence": {Mine: func(t testing.TB) (auth.Actor, store.ID) {
				agency := h.Agency(t, 0, false)
				who, id := h.Actor(agency), absence(t, agency)
				who.Person = of
				return who, id
			}, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				return second(s.WithdrawOwnAbsence(ctx, who, id, h.seen[of]))
			}},
			"directory/org.Tree": open(func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				return second(s.Tree(ctx, who, 0, org.Moment{}))
			}),
			"directory/org.Node": open(func(ctx context.Context, who auth.Actor, agency, _ store.ID) error {
				return second(s.Node(ctx, who, agency, org.Moment{}))
			}),
			"directory/org.People": open(func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				return second(s.People(ctx, who, org.Sought{Limit: 1}))
			}),
			"directory/org.Person": open(func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				return second(s.Person(ctx, who, id, org.Moment{}))
			}),
		})

		// What ends has nobody in it: agencies of their own. Each end moves the one before it.
		end := day(2030, 1, 1)
		authtest.Permissions(t, h.House, auth.Policy{"directory/org.End": org.Policy["directory/org.End"]}, map[string]authtest.Case{
			"directory/org.End": {Make: plant, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				end = end.AddDate(0, 0, 1)
				return h.done(s.End(ctx, who, id, h.seen[id], end, ""))
			}},
		})
	})
}
