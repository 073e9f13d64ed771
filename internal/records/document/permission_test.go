package document_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/records/document"
	"github.com/antinvn/antin/internal/signing/credential"
)

// registry is a house in which each agency of the suite's tree has people and keys of its own.
type registry struct {
	*house

	desks map[store.ID]*desk
	seen  map[store.ID]store.ID // the version of a document, as its reader knows it
}

type desk struct{ drafter, leader, clerk auth.Actor }

// plant grows the suite's tree in the directory. Its unit has papers as no real one has, so that a reach over units has something to show.
func plant(t *testing.T, address string) *registry {
	t.Helper()
	h := &registry{house: newHouse(t, address), desks: map[store.ID]*desk{}, seen: map[store.ID]store.ID{}}
	h.reader.Reader = blank{willing{h.reader.Reader}} // who uploads and reads is asked here, not what
	directory, manager := org.New(h.ground.DB, h.ground.Auth), h.ground.Reaching(h.province, auth.Subordinates, auth.Operator)
	from := time.Date(2021, 1, 1, 0, 0, 0, 0, clock.Vietnam)
	body := func(name string) store.ID {
		d, err := directory.Make(t.Context(), manager, org.NewNode{
			Facts: org.Facts{Parent: h.commune, Kind: org.ServiceUnit, Level: org.Commune, Name: name, Notation: "TT", OwnSeal: true}, From: from,
		})
		if err != nil {
			t.Fatal(err)
		}
		return d.ID
	}
	h.ground.Ground = authtest.Tree{
		authtest.Above: h.province, authtest.Here: h.commune, authtest.Unit: body("Trung tâm Một"), authtest.Below: body("Trung tâm Hai"), authtest.Beside: h.department,
	}
	err := h.ground.DB.Do(t.Context(), h.ground.Issuer.System("test", "scope"), func(tx *store.Tx) error {
		return auth.PlaceTx(tx, h.ground.Ground[authtest.Unit], h.commune, true, from)
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *registry) desk(t testing.TB, agency store.ID) *desk {
	t.Helper()
	if h.desks[agency] == nil {
		is := func(r auth.Role) auth.Actor { return h.ground.Reaching(agency, auth.Agency, r) }
		o := &desk{is(auth.Drafter), is(auth.Leader), is(auth.Clerk)}
		h.ground.Certify(t, o.leader.Person, agency, credential.Signature)
		h.ground.Certify(t, agency, agency, credential.Seal)
		h.desks[agency] = o
	}
	return h.desks[agency]
}

// carry writes a document as somebody, and brings it to a state through the agency that they act for.
func (h *registry) carry(t testing.TB, drafter auth.Actor, to store.ID, state document.State) store.ID {
	t.Helper()
	n := h.new(t)
	n.Recipients = []store.ID{to}
	d, err := h.Write(t.Context(), drafter, n)
	if err != nil {
		t.Fatal(err)
	}
	o := h.desk(t, d.Agency)
	for d.State != state {
		switch {
		case state == document.Returned:
			err = h.Return(t.Context(), o.leader, d.ID, d.Event, "Sửa")
		case d.State == document.Draft:
			err = h.Sign(t.Context(), o.leader, d.ID, d.Event)
		case d.State == document.Signed:
			err = h.Number(t.Context(), o.clerk, d.ID, d.Event, time.Time{})
		default:
			err = h.Seal(t.Context(), o.clerk, d.ID, d.Event)
		}
		if err != nil {
			t.Fatal(err)
		}
		d = h.get(t, o.clerk, d.ID).Document
	}
	h.seen[d.ID] = d.Event
	return d.ID
}

// blank shows one page with nothing on it.
type blank struct{ document.Reader }

func (blank) Read(context.Context, sandbox.File, int, int) (sandbox.Reading, error) {
	return sandbox.Reading{Count: 1, Pages: []sandbox.Leaf{{}}}, nil
}

func (blank) Image(context.Context, sandbox.File, int, sandbox.Scale) ([]byte, error) {
	return nil, nil
}

// version is that of a document's content, which whoever may read it is told with its text.
func (h *registry) version(ctx context.Context, id store.ID) (version string) {
	_ = h.ground.DB.View(ctx, h.ground.Issuer.System("test"), func(tx *store.Tx) (err error) {
		// Of no document there is none.
		version, err = store.One[string](tx, `SELECT substr(file, 1, 16) FROM document WHERE id = ?`, id)
		return err
	})
	return version
}

// shelf has one document for each agency: what was refused is there for who comes next.
type shelf struct {
	make   func(t testing.TB, agency store.ID) store.ID
	things map[store.ID]store.ID // by agency
}

// shelf of an agency's own documents in a state.
func (h *registry) shelf(state document.State) *shelf {
	return &shelf{func(t testing.TB, agency store.ID) store.ID {
		t.Helper()
		return h.carry(t, h.desk(t, agency).drafter, h.other, state)
	}, map[store.ID]store.ID{}}
}

// sent is a shelf of documents that another agency wrote to one.
func (h *registry) sent(state document.State) *shelf {
	return &shelf{func(t testing.TB, agency store.ID) store.ID {
		t.Helper()
		return h.carry(t, h.desk(t, h.other).drafter, agency, state)
	}, map[store.ID]store.ID{}}
}

func (s *shelf) at(t testing.TB, agency store.ID) store.ID {
	t.Helper()
	if s.things[agency] == 0 {
		s.things[agency] = s.make(t, agency)
	}
	return s.things[agency]
}

// used takes a document away that a command was let at.
func (s *shelf) used(agency store.ID, err error) error {
	if err == nil {
		delete(s.things, agency)
	}
	return err
}

// act gives a command the version that its reader saw. Who is told that there is nothing, is told so whatever version they guess.
func (h *registry) act(id store.ID, command func(seen store.ID) error) error {
	err := command(h.seen[id])
	if fault.Is(err, fault.NotFound) {
		err = command(h.seen[id] + 1)
	}
	return err
}

// before is somebody when they had a role at an agency.
func before(who auth.Actor, agency store.ID, r auth.Role) auth.Actor {
	who.Agency, who.Grants = agency, []auth.Grant{{Role: r, Agency: agency}}
	return who
}

// after is somebody who has no role any more.
func after(who auth.Actor) auth.Actor {
	who.Grants = nil
	return who
}

func TestPermissions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := plant(t, address)
		cases := map[string]authtest.Case{}
		h.commands(t, cases)
		h.reading(cases)
		authtest.Permissions(t, h.ground.House, document.Policy, cases)
	})
}

func (h *registry) commands(t *testing.T, cases map[string]authtest.Case) {
	t.Helper()
	pdf := decision(t)
	cases["records/document.Write"] = authtest.Case{Alone: true, Lets: reaches(auth.WriteDocument), Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
		n := h.new(t)
		n.Recipients = []store.ID{h.other}
		_, err := h.Write(ctx, who, n)
		return err
	}}
	cases["records/document.Recipients"] = authtest.Case{Alone: true, Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
		_, err := h.Recipients(ctx, who)
		return err
	}}
	cases["records/document.Replace"] = authtest.Case{For: func(t testing.TB, who auth.Actor, agency store.ID) store.ID {
		return h.carry(t, before(who, agency, auth.Drafter), h.other, document.Returned)
	}, Owned: true, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
		return h.act(id, func(seen store.ID) error { return h.Replace(ctx, who, id, seen, "qd.pdf", bytes.NewReader(pdf)) })
	}}
	on := func(state document.State, command func(ctx context.Context, who auth.Actor, id, seen store.ID) error) authtest.Case {
		s := h.shelf(state)
		return authtest.Case{Make: s.at, Call: func(ctx context.Context, who auth.Actor, agency, id store.ID) error {
			return s.used(agency, h.act(id, func(seen store.ID) error { return command(ctx, who, id, seen) }))
		}}
	}
	cases["records/document.Return"] = on(document.Draft, func(ctx context.Context, who auth.Actor, id, seen store.ID) error {
		return h.Return(ctx, who, id, seen, "Sửa")
	})
	cases["records/document.SendBack"] = on(document.Signed, func(ctx context.Context, who auth.Actor, id, seen store.ID) error {
		return h.SendBack(ctx, who, id, seen, "Sửa")
	})
	cases["records/document.Number"] = on(document.Signed, func(ctx context.Context, who auth.Actor, id, seen store.ID) error {
		return h.Number(ctx, who, id, seen, time.Time{})
	})
	cases["records/document.Seal"] = on(document.Numbered, h.Seal)
	sign := on(document.Draft, h.Sign)
	draft := sign.Make
	sign.Make, sign.For = nil, func(t testing.TB, who auth.Actor, agency store.ID) store.ID {
		h.ground.Certify(t, who.Person, agency, credential.Signature) // what is missing is not the key
		return draft(t, agency)
	}
	cases["records/document.Sign"] = sign
}

func reaches(p auth.Permission) func(authtest.Standing) bool {
	return func(s authtest.Standing) bool { return s.Reaches(p) }
}

// here holds a list to the acting agency, however far one sees.
func here(lets func(authtest.Standing) bool) func(authtest.Standing) bool {
	return func(s authtest.Standing) bool { return s.At == authtest.Here && lets(s) }
}

func nobody(authtest.Standing) bool { return false }

// reading are the methods that show documents: content never flows down the tree, and is seen by those who took part, the agency's clerk, its
// leader while it waits for him, and the clerks of those to whom it was issued.
func (h *registry) reading(cases map[string]authtest.Case) {
	never := func(lets func(authtest.Standing) bool) func(authtest.Standing) bool { // down the tree, whatever the table of permissions says
		return func(s authtest.Standing) bool { return s.At != authtest.Below && lets(s) }
	}
	clerk, leader := never(reaches(auth.ReadDocuments)), never(reaches(auth.SignDocument))
	either := func(s authtest.Standing) bool { return clerk(s) || leader(s) }
	draft, signed, issued, received, coming := h.shelf(document.Draft), h.shelf(document.Signed), h.shelf(document.Issued), h.sent(document.Issued), h.sent(document.Numbered)

	took := func(state document.State, part func(*desk) auth.Actor) func(t testing.TB) (auth.Actor, store.ID) {
		return func(t testing.TB) (auth.Actor, store.ID) {
			o := h.desk(t, h.commune)
			return after(part(o)), h.carry(t, o.drafter, h.other, state)
		}
	}
	drafter, signer := func(o *desk) auth.Actor { return o.drafter }, func(o *desk) auth.Actor { return o.leader }
	get := func(ctx context.Context, who auth.Actor, _, id store.ID) error {
		_, err := h.Get(ctx, who, id)
		return err
	}
	open := func(ctx context.Context, who auth.Actor, _, id store.ID) error {
		c, err := h.Open(ctx, who, id)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	text := func(ctx context.Context, who auth.Actor, _, id store.ID) error {
		_, err := h.PageText(ctx, who, id, 1)
		return err
	}
	draw := func(ctx context.Context, who auth.Actor, _, id store.ID) error {
		_, err := h.PageImage(ctx, who, id, document.Picture{Page: 1, Version: h.version(ctx, id)})
		return err
	}
	for method, call := range map[string]func(context.Context, auth.Actor, store.ID, store.ID) error{"Get": get, "Open": open, "PageText": text, "PageImage": draw} {
		one := "records/document." + method + " one "
		cases[one+"that waits for the leader"] = authtest.Case{Make: draft.at, Lets: either, Call: call}
		cases[one+"that is signed"] = authtest.Case{Make: signed.at, Lets: clerk, Call: call}
		cases[one+"that is issued"] = authtest.Case{Make: issued.at, Lets: clerk, Call: call}
		cases[one+"that was received"] = authtest.Case{Make: received.at, Lets: clerk, Call: call}
		cases[one+"that is not sent yet"] = authtest.Case{Make: coming.at, Lets: nobody, Call: call}
		cases[one+"that one drafted"] = authtest.Case{Mine: took(document.Issued, drafter), Call: call}
		cases[one+"that one signed"] = authtest.Case{Mine: took(document.Issued, signer), Call: call}
	}

	list := func(v document.View) func(context.Context, auth.Actor, store.ID, store.ID) error {
		return func(ctx context.Context, who auth.Actor, _, id store.ID) error {
			rows, err := h.List(ctx, who, v, nil, document.MaxLimit)
			return authtest.Listed(rows, err, func(r document.Row) bool { return r.ID == id })
		}
	}
	count := func(ctx context.Context, who auth.Actor, _, id store.ID) error {
		n, err := h.CountWaiting(ctx, who)
		if err != nil {
			return err
		}
		rows, err := h.List(ctx, who, document.Waiting, nil, document.MaxLimit)
		if err == nil && n != int64(len(rows)) {
			err = errors.New("what is counted is not what is listed")
		}
		return authtest.Listed(rows, err, func(r document.Row) bool { return r.ID == id })
	}
	waiting := list(document.Waiting)
	for method, call := range map[string]func(context.Context, auth.Actor, store.ID, store.ID) error{"List what waits": waiting, "CountWaiting": count} {
		method = "records/document." + method
		cases[method+" for the leader"] = authtest.Case{Make: draft.at, Lets: here(leader), Call: call}
		cases[method+" for the clerk"] = authtest.Case{Make: signed.at, Lets: here(clerk), Call: call}
		cases[method+" for the recipient"] = authtest.Case{Make: h.sent(document.Issued).at, Lets: here(clerk), Call: call}
		cases[method+" for the drafter"] = authtest.Case{Mine: took(document.Returned, drafter), Call: call}
	}
	cases["records/document.List one's own"] = authtest.Case{Mine: took(document.Issued, drafter), Call: list(document.Mine)}
	cases["records/document.List another's among one's own"] = authtest.Case{Make: issued.at, Lets: nobody, Call: list(document.Mine)}
	cases["records/document.List what goes out"] = authtest.Case{Make: issued.at, Lets: here(clerk), Call: list(document.Outgoing)}
	cases["records/document.List what came in"] = authtest.Case{Make: received.at, Lets: here(clerk), Call: list(document.Incoming)}
	cases["records/document.List what is to come in"] = authtest.Case{Make: coming.at, Lets: nobody, Call: list(document.Incoming)}
}
