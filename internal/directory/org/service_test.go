package org_test

import (
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// change changes an agency from a day on.
func (h *house) change(t testing.TB, id store.ID, from time.Time, set func(*org.Facts)) (org.Done, error) {
	t.Helper()
	n, there := h.node(t, id, from)
	if !there {
		t.Fatal("nothing to change")
	}
	set(&n.Facts)
	return h.Change(t.Context(), h.manager, id, n.Event, org.Change{Facts: n.Facts, From: from, Basis: "QĐ 01/QĐ-UBND"})
}

func TestWhatWasBelievedStaysReadable(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		dept := h.agency(t, h.root, "Sở Cũ", day(2021, 1, 1))
		before := h.Clock.Now()
		h.Clock.Advance(24 * time.Hour)
		if _, err := h.change(t, dept.ID, day(2026, 1, 15), func(f *org.Facts) { f.Name = "Sở Mới" }); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			valid, known time.Time
			want         string
		}{
			{day(2026, 1, 14), h.Clock.Now(), "Sở Cũ"}, {day(2026, 1, 15), h.Clock.Now(), "Sở Mới"}, {day(2026, 2, 1), before, "Sở Cũ"},
		} {
			v, err := h.Node(t.Context(), h.manager, dept.ID, org.Moment{Valid: c.valid, Known: c.known})
			if err != nil || v.Name != c.want || !v.There {
				t.Errorf("%v as known at %v: %s, %v", c.valid, c.known, v.Name, err)
			}
		}
		for known, want := range map[time.Time]string{before: "Sở Cũ", h.Clock.Now(): "Sở Mới"} {
			tree, err := h.Tree(t.Context(), h.manager, dept.ID, org.Moment{Known: known})
			if err != nil || len(tree) != 1 || !tree[0].Open || len(tree[0].Below) != 1 || tree[0].Below[0].Name != want {
				t.Errorf("the tree as known at %v: %+v, %v", known, tree, err)
			}
		}
		v, err := h.Node(t.Context(), h.manager, dept.ID, org.Moment{})
		if err != nil || len(v.History) != 3 || !v.Manages || len(v.Way) != 1 || v.Way[0].ID != h.root {
			t.Errorf("%+v, %v", v, err)
		}
		for _, x := range v.History {
			if x.Event == 0 || v.Events[x.Event].At.IsZero() || x.Replaced.IsZero() != (x.ReplacedBy == 0) {
				t.Errorf("%+v: nobody did it", x)
			}
		}
	})
}

func TestAMoveIsToldToAuth(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a, b := h.agency(t, h.root, "Sở A", day(2021, 1, 1)), h.agency(t, h.root, "Sở B", day(2021, 1, 1))
		office := h.agency(t, a.ID, "Chi cục", day(2021, 1, 1))
		room := h.unit(t, office.ID, "Phòng", day(2021, 1, 1))
		if _, err := h.change(t, office.ID, h.Clock.Now().AddDate(0, 1, 0), func(f *org.Facts) { f.Parent = b.ID }); err != nil {
			t.Fatal(err)
		}
		if !h.reaches(t, a.ID, room.ID, auth.Subordinates) || h.reaches(t, b.ID, room.ID, auth.Subordinates) {
			t.Error("it moved too early")
		}
		h.Clock.Advance(40 * 24 * time.Hour)
		if h.reaches(t, a.ID, room.ID, auth.Subordinates) || !h.reaches(t, b.ID, room.ID, auth.Subordinates) || !h.reaches(t, h.root, room.ID, auth.Subordinates) {
			t.Error("it did not move")
		}
		// A name that changes earlier leaves the move alone.
		if _, err := h.change(t, office.ID, day(2022, 1, 1), func(f *org.Facts) { f.Name = "Chi cục mới" }); err != nil {
			t.Fatal(err)
		}
		if n, _ := h.node(t, office.ID, h.Clock.Now()); n.Parent != b.ID || n.Name != "Chi cục mới" {
			t.Errorf("%+v", n)
		}
		if _, err := h.End(t.Context(), h.manager, room.ID, room.Event, h.Clock.Now(), ""); err != nil {
			t.Fatal(err)
		}
		if h.reaches(t, b.ID, room.ID, auth.Subordinates) || h.reaches(t, office.ID, room.ID, auth.Units) {
			t.Error("what is over is still reached")
		}
	})
}

func TestATreeStaysATree(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a := h.agency(t, h.root, "Sở A", day(2021, 1, 1))
		b := h.agency(t, a.ID, "Chi cục B", day(2021, 1, 1))
		late := h.agency(t, h.root, "Sở Sau", day(2025, 1, 1))
		room := h.unit(t, a.ID, "Phòng", day(2021, 1, 1))
		for name, c := range map[string]struct {
			id, parent store.ID
			code       any
		}{
			"below itself": {a.ID, a.ID, org.ErrCircle}, "below its own": {a.ID, b.ID, org.ErrCircle}, "below what is not there yet": {b.ID, late.ID, org.ErrParent},
			"a body below a unit": {b.ID, room.ID, org.ErrParent}, "a unit into another agency": {room.ID, b.ID, org.ErrParent}, "nowhere": {b.ID, 0, org.ErrParent},
			"below nothing that is": {b.ID, 77, org.ErrParent},
		} {
			_, err := h.change(t, c.id, day(2022, 1, 1), func(f *org.Facts) { f.Parent = c.parent })
			if code := fault.Of(err); code == nil || len(code.Fields) != 1 || code.Fields[0].Name != "parent" || code.Fields[0].Kind != c.code {
				t.Errorf("%s: %v", name, err)
			}
		}
		// A circle that closes only later is one.
		if _, err := h.change(t, b.ID, day(2026, 12, 1), func(f *org.Facts) { f.Parent = h.root }); err != nil {
			t.Fatal(err)
		}
		if _, err := h.change(t, a.ID, day(2026, 11, 1), func(f *org.Facts) { f.Parent = b.ID }); !blames(err, "parent", org.ErrCircle) {
			t.Error(err)
		}
		if _, err := h.change(t, a.ID, day(2026, 12, 1), func(f *org.Facts) { f.Parent = b.ID }); err != nil {
			t.Error(err)
		}
	})
}

func TestNothingEndsUnderWhatDependsOnIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		dept := h.agency(t, h.root, "Sở", day(2021, 1, 1))
		room := h.unit(t, dept.ID, "Phòng", day(2021, 1, 1))
		who := h.person(t, dept.ID, "Lê Văn Đức")
		on := day(2026, 6, 1)
		end := func(d org.Done) error {
			n, _ := h.node(t, d.ID, day(2021, 1, 1))
			_, err := h.End(t.Context(), h.manager, d.ID, n.Event, on, "")
			return err
		}
		held, err := h.GivePost(t.Context(), h.manager, who.ID, who.Event, org.NewPost{Agency: dept.ID, Unit: room.ID, Title: "Chuyên viên", Since: day(2022, 1, 1)})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []org.Done{dept, room} {
			if err := end(d); !fault.Is(err, fault.Conflict) {
				t.Errorf("ended with people in it: %v", err)
			}
		}
		if _, err := h.EndPerson(t.Context(), h.manager, who.ID, held.Event, on); err != nil {
			t.Fatal(err)
		}
		v, err := h.Person(t.Context(), h.manager, who.ID, org.Moment{})
		if err != nil || len(v.Posts) != 1 || !v.Posts[0].Until.Equal(on) || !v.Last.Equal(on) {
			t.Errorf("%+v, %v", v, err)
		}
		if err := end(dept); !fault.Is(err, fault.Conflict) {
			t.Errorf("ended with a unit in it: %v", err)
		}
		for _, d := range []org.Done{room, dept} {
			if err := end(d); err != nil {
				t.Error(err)
			}
		}
		if n, there := h.node(t, dept.ID, on); there {
			t.Errorf("still there: %+v", n)
		}
	})
}

func TestWhoComesTooLateIsTold(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		dept := h.agency(t, h.root, "Sở", day(2021, 1, 1))
		c := org.Change{Facts: org.Facts{Parent: h.root, Kind: org.Department, Level: org.Province, Name: "Sở Hai"}, From: day(2024, 1, 1)}
		if _, err := h.Change(t.Context(), h.manager, dept.ID, dept.Event, c); err != nil {
			t.Fatal(err)
		}
		c.Name = "Sở Ba"
		if _, err := h.Change(t.Context(), h.manager, dept.ID, dept.Event, c); !fault.Is(err, fault.Stale) {
			t.Errorf("a change unseen: %v", err)
		}
		who := h.person(t, dept.ID, "Lê Văn Đức")
		n := org.NewPost{Agency: dept.ID, Title: "Giám đốc", Since: day(2024, 1, 1)}
		if _, err := h.GivePost(t.Context(), h.manager, who.ID, who.Event, n); err != nil {
			t.Fatal(err)
		}
		if _, err := h.GivePost(t.Context(), h.manager, who.ID, who.Event, n); !fault.Is(err, fault.Stale) {
			t.Errorf("a post unseen: %v", err)
		}
	})
}

func TestFactsKeepTheirRules(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		good := org.Facts{Parent: h.root, Kind: org.Department, Level: org.Province, Name: "Sở Mẫu"}
		for name, c := range map[string]struct {
			set   func(*org.NewNode)
			field string
			code  any
		}{
			"no name":             {func(n *org.NewNode) { n.Name = " " }, "name", fault.ErrRequired},
			"a unit's kind":       {func(n *org.NewNode) { n.Kind = org.Division }, "kind", fault.ErrChoice},
			"no level":            {func(n *org.NewNode) { n.Level = "" }, "level", fault.ErrChoice},
			"an unknown sector":   {func(n *org.NewNode) { n.Sector = "x" }, "sector", fault.ErrChoice},
			"13 characters":       {func(n *org.NewNode) { n.Code13 = "000.00.20.13" }, "code13", org.ErrCode},
			"35 characters":       {func(n *org.NewNode) { n.Code35 = "H37..02" }, "code35", org.ErrCode},
			"a code before it":    {func(n *org.NewNode) { n.Code35, n.From = "H37.02", day(2020, 9, 14) }, "code35", org.ErrCodeDay},
			"a tax code":          {func(n *org.NewNode) { n.TaxCode = "123" }, "tax_code", org.ErrCode},
			"a budget code":       {func(n *org.NewNode) { n.BudgetCode = "12345678" }, "budget_code", org.ErrCode},
			"a notation":          {func(n *org.NewNode) { n.Notation = "ubnd" }, "notation", org.ErrCode},
			"an address":          {func(n *org.NewNode) { n.Email = "so@" }, "email", org.ErrEmail},
			"no day":              {func(n *org.NewNode) { n.From = time.Time{} }, "from", fault.ErrRequired},
			"a day of no year":    {func(n *org.NewNode) { n.From = day(1800, 1, 1) }, "from", org.ErrDay},
			"before its parent":   {func(n *org.NewNode) { n.From = day(2019, 1, 1) }, "parent", org.ErrParent},
			"a unit with a seal":  {func(n *org.NewNode) { n.Internal, n.Kind, n.Level, n.OwnSeal = true, org.Team, "", true }, "own_seal", org.ErrBodyOnly},
			"a unit with a level": {func(n *org.NewNode) { n.Internal, n.Kind = true, org.Team }, "level", fault.ErrChoice},
			"too long a name":     {func(n *org.NewNode) { n.Name = strings.Repeat("a", 201) }, "name", fault.ErrLong},
		} {
			n := org.NewNode{Facts: good, From: day(2021, 1, 1)}
			c.set(&n)
			_, err := h.Make(t.Context(), h.manager, n)
			if f := fault.Of(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Name != c.field || f.Fields[0].Kind != c.code {
				t.Errorf("%s: %v", name, err)
			}
		}
		// A code is one agency's at a time.
		good.Code35, good.Code13 = "H99.02", "000.00.02.H99"
		first, err := h.Make(t.Context(), h.manager, org.NewNode{Facts: good, From: day(2021, 1, 1)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Make(t.Context(), h.manager, org.NewNode{Facts: good, From: day(2022, 1, 1)}); !blames(err, "code13", org.ErrCodeTaken) {
			t.Error(err)
		}
		if _, err := h.End(t.Context(), h.manager, first.ID, first.Event, day(2022, 1, 1), ""); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Make(t.Context(), h.manager, org.NewNode{Facts: good, From: day(2022, 1, 1)}); err != nil {
			t.Error(err)
		}
	})
}

func TestOutOfReachIsNotFound(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		dept := h.agency(t, h.root, "Sở", day(2021, 1, 1))
		who := h.person(t, dept.ID, "Lê Văn Đức")
		other := h.found(t, "Ủy ban khác")
		stranger := h.Reaching(other, auth.Subordinates, auth.Operator)
		clerk := h.Actor(dept.ID, auth.Clerk)
		f := org.Facts{Parent: dept.ID, Kind: org.Department, Level: org.Province, Name: "x"}
		for name, act := range map[string]func(auth.Actor) error{
			"make": func(a auth.Actor) error {
				return second(h.Make(t.Context(), a, org.NewNode{Facts: f, From: day(2022, 1, 1)}))
			},
			"change": func(a auth.Actor) error {
				return second(h.Change(t.Context(), a, dept.ID, dept.Event, org.Change{Facts: f, From: day(2022, 1, 1)}))
			},
			"end": func(a auth.Actor) error {
				return second(h.End(t.Context(), a, dept.ID, dept.Event, day(2022, 1, 1), ""))
			},
			"person": func(a auth.Actor) error {
				return second(h.MakePerson(t.Context(), a, org.NewPerson{PersonFacts: org.PersonFacts{Agency: dept.ID, Name: "Lê Văn An"}, From: day(2022, 1, 1)}))
			},
			"rename": func(a auth.Actor) error {
				return second(h.ChangePerson(t.Context(), a, who.ID, who.Event, org.PersonFacts{Agency: dept.ID, Name: "Lê Văn An"}, day(2022, 1, 1)))
			},
			"leave": func(a auth.Actor) error {
				return second(h.EndPerson(t.Context(), a, who.ID, who.Event, day(2022, 1, 1)))
			},
			"private": func(a auth.Actor) error {
				return second(h.SetPrivate(t.Context(), a, who.ID, who.Event, org.Private{}))
			},
			"reveal": func(a auth.Actor) error { return second(h.Reveal(t.Context(), a, who.ID)) },
			"post": func(a auth.Actor) error {
				return second(h.GivePost(t.Context(), a, who.ID, who.Event, org.NewPost{Agency: dept.ID, Title: "x", Since: day(2022, 1, 1)}))
			},
			"absence": func(a auth.Actor) error {
				return second(h.SetAbsence(t.Context(), a, who.ID, who.Event, org.NewAbsence{Since: day(2026, 1, 1), Until: day(2026, 1, 2)}))
			},
		} {
			if err := act(stranger); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s by a stranger: %v", name, err)
			}
			if err := act(clerk); !fault.Is(err, fault.Denied) {
				t.Errorf("%s without the permission: %v", name, err)
			}
		}
		// Their twins are allowed in the tests above; everybody with an account reads, a visitor does not.
		if _, err := h.Node(t.Context(), stranger, dept.ID, org.Moment{}); err != nil {
			t.Error(err)
		}
		if _, err := h.Tree(t.Context(), auth.Actor{}, 0, org.Moment{}); !fault.Is(err, fault.Unauthenticated) {
			t.Error(err)
		}
	})
}

func TestPersonalDataIsMaskedAndLookingIsAnEvent(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := org.NewPerson{PersonFacts: org.PersonFacts{Agency: h.root, Name: "Lê Văn Đức"}, Private: org.Private{Birth: "1980-12-31", Number: "001080000001"}, From: day(2021, 1, 1)}
		who, err := h.MakePerson(t.Context(), h.manager, p)
		if err != nil {
			t.Fatal(err)
		}
		v, err := h.Person(t.Context(), h.manager, who.ID, org.Moment{})
		if want := (org.Private{Birth: "••/••/••••", Number: "•••••••••001"}); err != nil || v.Private != want {
			t.Errorf("%+v, %v", v.Private, err)
		}
		got, err := h.Reveal(t.Context(), h.manager, who.ID)
		if err != nil || got != p.Private {
			t.Errorf("%+v, %v", got, err)
		}
		h.view(t, func(tx *store.Tx) error {
			list, err := tx.History(who.ID, 0, 10)
			if err != nil || list[0].Kind != "org.revealed/1" || list[0].Actor != h.manager.Account {
				t.Errorf("%+v, %v", list, err)
			}
			return nil
		})
		for _, wrong := range []org.Private{{Number: "123"}, {Birth: "31/12/1980"}, {Birth: "2080-01-01"}} {
			if _, err := h.SetPrivate(t.Context(), h.manager, who.ID, who.Event, wrong); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v: %v", wrong, err)
			}
		}
		if d, err := h.SetPrivate(t.Context(), h.manager, who.ID, who.Event, org.Private{}); err != nil || d.Event == who.Event {
			t.Error(err)
		}
		if got, err := h.Reveal(t.Context(), h.manager, who.ID); err != nil || got != (org.Private{}) {
			t.Errorf("what was erased is there: %+v, %v", got, err)
		}
	})
}

func TestSomebodyStandsIn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a, b := h.person(t, h.root, "Lê Văn Đức"), h.person(t, h.root, "Trần Thị Ánh")
		away := func(who org.Done, sub store.ID, from, to int) (org.Done, error) {
			return h.SetAbsence(t.Context(), h.manager, who.ID, who.Event, org.NewAbsence{Substitute: sub, Since: day(2026, 3, from), Until: day(2026, 3, to)})
		}
		set, err := away(a, b.ID, 1, 10)
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			who      org.Done
			sub      store.ID
			from, to int
			field    string
			code     any
		}{
			"twice": {set, 0, 9, 12, "since", org.ErrOverlap}, "by who is away": {b, a.ID, 9, 12, "substitute", org.ErrAway}, "oneself": {b, b.ID, 9, 12, "substitute", org.ErrSelf},
			"backwards": {b, 0, 9, 9, "until", org.ErrOrder}, "by nobody who is": {b, 5, 9, 12, "substitute", fault.ErrChoice},
		} {
			_, err := away(c.who, c.sub, c.from, c.to)
			if f := fault.Of(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Name != c.field || f.Fields[0].Kind != c.code {
				t.Errorf("%s: %v", name, err)
			}
		}
		own := h.Actor(h.root, auth.Drafter)
		own.Person = b.ID
		if _, err := h.SetOwnAbsence(t.Context(), own, b.Event, org.NewAbsence{Since: day(2026, 5, 1), Until: day(2026, 5, 2)}); err != nil {
			t.Error(err)
		}
		v, err := h.Person(t.Context(), own, a.ID, org.Moment{})
		if err != nil || len(v.Absences) != 1 || v.Absences[0].SubstituteName != "Trần Thị Ánh" || v.Own || v.Manages {
			t.Fatalf("%+v, %v", v, err)
		}
		if _, err := h.WithdrawOwnAbsence(t.Context(), own, v.Absences[0].ID, set.Event); !fault.Is(err, fault.NotFound) {
			t.Errorf("another's absence withdrawn: %v", err)
		}
		h.view(t, func(tx *store.Tx) error {
			if x, err := org.AbsenceTx(tx, a.ID, day(2026, 3, 9)); err != nil || x.Substitute != b.ID {
				t.Errorf("%+v, %v", x, err)
			}
			return nil
		})
		if _, err := h.WithdrawAbsence(t.Context(), h.manager, v.Absences[0].ID, set.Event); err != nil {
			t.Error(err)
		}
		if v, err = h.Person(t.Context(), own, a.ID, org.Moment{}); err != nil || len(v.Absences) != 0 {
			t.Errorf("%+v, %v", v.Absences, err)
		}
	})
}

func TestPeopleAreSoughtByTheBeginning(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		dept := h.agency(t, h.root, "Sở", day(2021, 1, 1))
		for _, name := range []string{"Nguyễn Văn Ân", "Trần Thị Ánh", "Lê Văn An", "Nguyễn Thị Đào", "Phạm Anh", "Đỗ Văn Dũng"} {
			h.person(t, h.root, name)
		}
		gone := h.person(t, dept.ID, "Vũ An")
		if _, err := h.EndPerson(t.Context(), h.manager, gone.ID, gone.Event, day(2025, 1, 1)); err != nil {
			t.Fatal(err)
		}
		h.person(t, dept.ID, "Bùi Thị An")
		for _, c := range []struct {
			q    org.Sought
			want []string
		}{
			{org.Sought{}, []string{"Bùi Thị An", "Lê Văn An", "Phạm Anh", "Trần Thị Ánh", "Nguyễn Văn Ân", "Đỗ Văn Dũng", "Nguyễn Thị Đào"}},
			{org.Sought{Agency: dept.ID}, []string{"Bùi Thị An"}},
			{org.Sought{Name: "ân"}, []string{"Bùi Thị An", "Lê Văn An", "Nguyễn Văn Ân", "Phạm Anh", "Trần Thị Ánh"}},
			{org.Sought{Name: " NGUYEN  thị"}, []string{"Nguyễn Thị Đào"}},
			{org.Sought{Agency: h.root, Name: "d"}, []string{"Nguyễn Thị Đào", "Đỗ Văn Dũng"}},
			{org.Sought{Name: "xyz"}, nil},
		} {
			var got []string
			c.q.Limit = 2 // every list goes on by key
			for {
				people, err := h.People(t.Context(), h.manager, c.q)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range people {
					got = append(got, p.Name)
					c.q.After = &p.Place
				}
				if len(people) < c.q.Limit {
					break
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("%+v: %q, want %q", c.q, got, c.want)
				continue
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("%+v: %q, want %q", c.q, got, c.want)
					break
				}
			}
		}
	})
}
