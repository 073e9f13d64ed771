package example_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/directory/org/example"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

func TestTheProvinceStandsAndItsStoryGoesOn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		steps, err := store.Migrations(org.Files)
		if err != nil {
			t.Fatal(err)
		}
		h := authtest.New(t, url, steps, org.Policy)
		s := org.New(h.DB, h.Auth)
		begin := time.Date(2024, 11, 1, 0, 0, 0, 0, clock.Vietnam)
		h.Clock.Set(begin)
		p, err := example.New(example.Config{
			Org: s, Begin: begin,
			Found: func(ctx context.Context, n org.NewNode) (d org.Done, err error) {
				err = h.DB.Do(ctx, h.Issuer.System("test", org.Tables...), func(tx *store.Tx) error {
					d, err = org.MakeTx(tx, n)
					return err
				})
				return d, err
			},
			As: func(top store.ID) auth.Actor { return h.Reaching(top, auth.Subordinates, auth.Operator) },
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Advance(t.Context(), h.Clock.Now()); err != nil || p.Done() {
			t.Fatal(err)
		}
		reader := h.Actor(p.Node("ubnd"), auth.Drafter)
		before, err := s.Node(t.Context(), reader, p.Node("skhcn-cds"), org.Moment{})
		if err != nil || before.Name != "Phòng Chuyển đổi số" {
			t.Errorf("%+v, %v", before.Node, err)
		}
		for d := range 110 {
			h.Clock.Set(begin.AddDate(0, 0, 7*d))
			if err := p.Advance(t.Context(), h.Clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
		if !p.Done() {
			t.Error("the story is not at its end")
		}

		people := p.People()
		if len(people) < 60 {
			t.Errorf("%d people", len(people))
		}
		roles, agencies := map[auth.Role]bool{}, map[store.ID]bool{}
		for _, a := range people {
			agencies[a.Agency] = true
			if !strings.Contains(a.Name, " Mẫu ") || len(a.Roles) == 0 || a.Person == 0 || a.At() == 0 {
				t.Errorf("%+v could be real, or has nothing to do", a)
			}
			for _, r := range a.Roles {
				if !slices.Contains(auth.Roles, r) {
					t.Errorf("%s: no role %s", a.Key, r)
				}
				roles[r] = true
			}
		}
		if len(roles) != len(auth.Roles) || len(agencies) < 12 {
			t.Errorf("%d roles at %d agencies", len(roles), len(agencies))
		}

		deepest, bodies := 0, 0
		var walk func(id store.ID, depth int)
		walk = func(id store.ID, depth int) {
			v, err := s.Node(t.Context(), reader, id, org.Moment{})
			if err != nil {
				t.Fatal(err)
			}
			if !v.Internal() {
				bodies++
			}
			if deepest = max(deepest, depth); v.Code35 != "" && !strings.HasPrefix(v.Code35, "H99") {
				t.Errorf("%s has a code that could be real", v.Name)
			}
			for _, b := range v.Below {
				walk(b.ID, depth+1)
			}
		}
		for _, top := range []string{"ubnd", "hdnd", "tu", "mttq"} {
			walk(p.Node(top), 1)
		}
		if deepest < 4 || bodies < 12 {
			t.Errorf("%d levels, %d agencies", deepest, bodies)
		}

		// The decision that came late holds since its day, and was not known before.
		late := p.Node("skhcn-cds")
		for known, want := range map[int]string{190: "Phòng Chuyển đổi số", 220: "Phòng Chuyển đổi số và Dữ liệu"} {
			v, err := s.Node(t.Context(), reader, late, org.Moment{Valid: begin.AddDate(0, 0, 180), Known: begin.AddDate(0, 0, known)})
			if err != nil || v.Name != want {
				t.Errorf("day 180 as known on %d: %s, %v", known, v.Name, err)
			}
		}
		if v, err := s.Node(t.Context(), reader, p.Node("ttcds-ai"), org.Moment{}); err != nil || v.There {
			t.Errorf("a unit that ended is there: %v", err)
		}
	})
}
