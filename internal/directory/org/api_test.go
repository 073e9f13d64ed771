package org_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/api/apitest"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// callers are people before the directory's calls.
func (h *house) callers(t *testing.T, p authtest.People) *apitest.Caller {
	t.Helper()
	texts, err := i18n.New(web.Texts(), api.Files, auth.Files, store.Texts, org.Files)
	if err != nil {
		t.Fatal(err)
	}
	s, err := web.New(web.Config{
		Public: &url.URL{Scheme: "https", Host: "antin.example"}, Texts: texts, Sessions: p, Clock: h.Clock, Log: slog.New(slog.DiscardHandler),
	}, api.Module(org.API(h.Service)...))
	if err != nil {
		t.Fatal(err)
	}
	return apitest.NewCaller(t, s)
}

type m = map[string]any

// done is what an act answers.
type done struct{ ID, Version string }

type apiFacts struct {
	Name, Parent, Kind, Notation, Since, Until string

	OwnSeal bool `json:"own_seal"`
}

type apiNode struct {
	apiFacts
	done

	There, Manages bool
	First, Last    string
	Below          []struct{ ID, Name string }
	Posts          []struct{ ID, Person, Title, Unit string }
	History        []struct {
		Facts        apiFacts
		Since, Until string
	}
}

func TestTheDirectoryIsKeptByCalls(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		keeper := h.callers(t, authtest.People{"keeper": h.manager}).As("keeper")
		root := h.root.Text("agy")

		// An agency, its unit, a change from a day that is over, and their end.
		made := m{"parent": root, "kind": "department", "level": "province", "name": "Sở Nội vụ Mẫu", "notation": "SNV", "own_seal": true, "from": "2021-03-01", "basis": "QĐ 01/QĐ-UBND"}
		var dept, again, room done
		once := keeper.Keyed("make-the-department-once")
		once.Post("/api/agencies", made).Into(&dept)
		if once.Post("/api/agencies", made).Into(&again); again != dept {
			t.Errorf("%v, again %v", dept, again)
		}
		keeper.Post("/api/agencies", m{"parent": dept.ID, "internal": true, "kind": "division", "name": "Phòng Tổ chức", "from": "2021-03-01"}).Into(&room)
		at := "/api/agencies/" + dept.ID
		change := m{"version": dept.Version, "parent": root, "kind": "department", "level": "province", "name": "Sở Nội vụ Hai", "notation": "SNV", "from": "2024-01-01"}
		var changed done
		keeper.Post(at+"/change", change).Into(&changed)
		keeper.Post(at+"/change", m{"version": dept.Version, "parent": root, "kind": "department", "level": "province", "name": "Sở Ba", "from": "2025-01-01"}).Refused("not seen", "409 store.stale")
		var n apiNode
		if keeper.Get(at).Into(&n); n.Name != "Sở Nội vụ Hai" || n.done != changed || n.OwnSeal || !n.Manages || n.First != "2021-03-01" || n.Last != "" || len(n.Below) != 1 || n.Below[0].ID != room.ID {
			t.Errorf("%+v", n)
		}
		if keeper.Get(at + "?on=2023-01-01").Into(&n); n.Name != "Sở Nội vụ Mẫu" || !n.OwnSeal || n.Parent != root || len(n.History) != 3 {
			t.Errorf("%+v", n)
		}
		if keeper.Get("/api/agencies/" + room.ID).Into(&n); n.Parent != dept.ID {
			t.Errorf("%+v", n)
		}
		var tree struct {
			Items []struct {
				ID    string
				Below []struct {
					ID    string
					Below []struct{ ID string }
				}
			}
		}
		if keeper.Get("/api/agencies?open=" + room.ID).Into(&tree); len(tree.Items) != 1 || tree.Items[0].ID != root || len(tree.Items[0].Below) != 1 || tree.Items[0].Below[0].Below[0].ID != room.ID {
			t.Errorf("%+v", tree)
		}
		var places struct{ Items []struct{ ID, Agency string } }
		if keeper.Get("/api/agencies/managed").Into(&places); len(places.Items) != 3 {
			t.Errorf("%+v", places)
		}

		// People, their posts and absences.
		var an, binh done
		keeper.Post("/api/people", m{"agency": dept.ID, "name": "Nguyễn Thị An", "birth": "1980-12-31", "number": "001180012345", "from": "2022-01-01"}).Into(&an)
		keeper.Post("/api/people", m{"agency": root, "name": "Trần Văn Bình", "from": "2022-01-01"}).Into(&binh)
		person := "/api/people/" + an.ID
		keeper.Post(person+"/posts", m{"version": an.Version, "agency": dept.ID, "unit": room.ID, "title": "Trưởng phòng", "since": "2022-02-01"}).Into(&an)
		keeper.Post(person+"/absences", m{"version": an.Version, "substitute": binh.ID, "since": "2026-03-02", "until": "2026-03-05"}).Into(&an)
		keeper.Post(person+"/change", m{"version": an.Version, "agency": dept.ID, "name": "Nguyễn Thị An", "email": "an@so.example", "from": "2023-01-01"}).Into(&an)
		keeper.Post(person+"/private", m{"version": an.Version, "birth": "1980-12-30", "number": "001180012345"}).Into(&an)
		var p struct {
			done
			Name, Email string
			Private     struct{ Birth, Number string }
			Posts       []struct{ ID, Title, Unit, Until string }
			Absences    []struct{ ID, Substitute, Since, Until string }
		}
		keeper.Get(person).Into(&p)
		if p.done != an || p.Email != "an@so.example" || p.Private.Number != "•••••••••345" || len(p.Posts) != 1 || p.Posts[0].Unit != room.ID || p.Posts[0].Until != "" || len(p.Absences) != 1 || p.Absences[0].Substitute != binh.ID || p.Absences[0].Until != "2026-03-05" {
			t.Errorf("%+v", p)
		}
		var private struct{ Birth, Number string }
		if keeper.Post(person+"/reveal", nil).Into(&private); private.Birth != "1980-12-30" || private.Number != "001180012345" {
			t.Errorf("%+v", private)
		}
		look := keeper.Keyed("look-at-it-once-only")
		look.Post(person+"/reveal", nil).Into(&private)
		look.Post(person+"/reveal", nil).Refused("a secret is not kept for a second look", "409 api.done_before")
		var list struct {
			Items []struct {
				ID    string
				Posts []struct{ Title string }
			}
			Next string
		}
		if keeper.Get("/api/people?limit=1").Into(&list); len(list.Items) != 1 || list.Items[0].ID != an.ID || len(list.Items[0].Posts) != 1 || list.Next == "" {
			t.Errorf("%+v", list)
		}
		if keeper.Get("/api/people?limit=1&after=" + list.Next).Into(&list); len(list.Items) != 1 || list.Items[0].ID != binh.ID || list.Next != "" {
			t.Errorf("%+v", list)
		}
		if keeper.Get("/api/people?name=binh&agency=" + root).Into(&list); len(list.Items) != 1 || list.Items[0].ID != binh.ID {
			t.Errorf("%+v", list)
		}
		keeper.Post("/api/absences/"+p.Absences[0].ID+"/withdraw", m{"version": an.Version}).Into(&an)
		keeper.Post("/api/posts/"+p.Posts[0].ID+"/end", m{"version": an.Version, "on": "2026-02-01"}).Into(&an)
		keeper.Post(person+"/end", m{"version": an.Version, "on": "2026-03-02"}).Into(&an)
		var ended done
		keeper.Get("/api/agencies/" + room.ID).Into(&n)
		keeper.Post("/api/agencies/"+room.ID+"/end", m{"version": n.Version, "on": "2026-03-02"}).Into(&ended)
		if keeper.Get("/api/agencies/" + room.ID + "?on=2026-03-03").Into(&n); n.There || n.Last != "2026-03-02" {
			t.Errorf("%+v", n)
		}
	})
}

func TestTheDirectorysCallsAreRefused(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		dept, other := h.agency(t, h.root, "Sở Một", day(2021, 1, 1)), h.agency(t, h.root, "Sở Hai", day(2021, 1, 1))
		mine, err := h.MakePerson(t.Context(), h.manager, org.NewPerson{PersonFacts: org.PersonFacts{Agency: other.ID, Name: "Lê Văn Tôi"}, From: day(2021, 1, 1)})
		if err != nil {
			t.Fatal(err)
		}
		clerk := h.Actor(other.ID, auth.Clerk)
		clerk.Person = mine.ID
		c := h.callers(t, authtest.People{"manager": h.manager, "keeper": h.Reaching(dept.ID, auth.Units, auth.Operator), "clerk": clerk})
		node := m{"parent": dept.ID.Text("agy"), "kind": "department", "level": "province", "name": "Chi cục", "from": "2022-01-01"}
		c.As("clerk").Post("/api/agencies", node).Refused("without the permission", "403 auth.denied")
		c.As("keeper").Post("/api/agencies", m{"parent": other.ID.Text("agy"), "kind": "department", "level": "province", "name": "Chi cục", "from": "2022-01-01"}).Refused("out of reach", "404 store.not_found")
		unit := m{"parent": dept.ID.Text("agy"), "internal": true, "kind": "division", "name": "Phòng", "from": "2022-01-01"}
		if a := c.As("keeper").Post("/api/agencies", unit); a.Status != http.StatusOK {
			t.Errorf("within: %d %s", a.Status, a.Body)
		}
		a := c.As("manager").Post("/api/agencies", m{"parent": h.root.Text("agy"), "kind": "department", "name": "", "code35": "sai", "from": "2022-01-01"})
		if a.Code() != "org.facts" || !slices.Equal(a.Blamed(), []string{"level field.choice", "name field.required", "code35 org.code"}) {
			t.Errorf("%s", a.Body)
		}

		// Everybody may read, and say of themselves that they are away; not of others.
		if a := c.As("clerk").Get("/api/agencies/" + dept.ID.Text("agy")); a.Status != http.StatusOK {
			t.Errorf("a clerk reads: %d", a.Status)
		}
		away := m{"version": mine.Event.Text("evt"), "since": "2026-03-02", "until": "2026-03-04"}
		c.As("clerk").Post("/api/people/"+mine.ID.Text("per")+"/absences", away).Refused("as somebody who keeps the directory", "403 auth.denied")
		c.As("keeper").Post("/api/people/"+mine.ID.Text("per")+"/absences", away).Refused("of another agency", "404 store.not_found")
		var d done
		c.As("clerk").Post("/api/own-absences", away).Into(&d)
		var p struct{ Absences []struct{ ID string } }
		c.As("clerk").Get("/api/people/" + mine.ID.Text("per")).Into(&p)
		c.As("keeper").Post("/api/own-absences/"+p.Absences[0].ID+"/withdraw", m{"version": d.Version}).Refused("another's", "404 store.not_found")
		c.As("clerk").Post("/api/own-absences/"+p.Absences[0].ID+"/withdraw", m{"version": d.Version}).Into(&d)
	})
}
