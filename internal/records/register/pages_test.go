package register_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/api/apitest"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/foundation/web"
	"github.com/antinvn/antin/internal/records/register"
)

// TestEveryListHasItsIndex reads the plan of each pair that the page declares, at 50,000 rows.
func TestEveryListHasItsIndex(t *testing.T) {
	storetest.Filled(t, func(t *testing.T, url string) {
		open(t, url)
		_, err := storetest.Raw(t, url).ExecContext(t.Context(), `INSERT INTO register_number
			(id, agency, kind, year, number, notation, day, thing, summary, signer, recipients, keeper, copies, note, backdated, event)
			WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 49999)
			SELECT i + 1, i % 5, 'kind' || (i / 5) % 4, 2020 + (i / 20) % 5, i + 1, 'no ' || i, i / 7, i + 1, '', '', '', '', 0, '', '', 1 FROM n`)
		if err != nil {
			t.Fatal(err)
		}
		costly := storetest.Costly(t, url)
		for _, p := range register.List.Pairs {
			middle := int64(3500) // of the days
			if len(p.Filters) == 2 {
				middle = 25_000 // of the numbers
			}
			for _, after := range []*register.Place{nil, {Value: middle, ID: 25_000}} {
				a := register.Asked{Agency: 3, Desc: p.Desc, After: after, Limit: 51}
				for _, f := range p.Filters {
					switch f {
					case "kind":
						a.Kind = "kind2"
					case "year":
						a.Year = 2022
					}
				}
				query, args := a.Statement()
				if bad := costly(query, args...); bad != nil {
					t.Errorf("%+v: %q", p, bad)
				}
			}
		}
		if bad := costly(`SELECT id FROM register_number WHERE year = ? ORDER BY signer LIMIT 10`, 2022); bad == nil {
			t.Error("a sort without index costs nothing")
		}
	})
}

// signedIn has every session belong to one actor.
type signedIn struct{ who web.Actor }

func (s signedIn) Actor(context.Context, string) (web.Actor, error) { return s.who, nil }
func (signedIn) Choose(context.Context, string, string) error       { return nil }

// browser asks pages as one actor.
func (h *house) browser(t *testing.T, who auth.Actor) func(address string) (int, string) {
	t.Helper()
	s := h.server(t, who)
	return func(address string) (int, string) {
		r := httptest.NewRequest(http.MethodGet, "https://antin.example"+html.UnescapeString(address), nil)
		r.AddCookie(&http.Cookie{Name: "__Host-antin-session", Value: "s"})
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
}

// server answers pages and calls, to one actor.
func (h *house) server(t *testing.T, who auth.Actor) http.Handler {
	t.Helper()
	texts, err := i18n.New(web.Texts(), auth.Files, store.Texts, api.Files, register.Files)
	if err != nil {
		t.Fatal(err)
	}
	actor := web.Actor{ID: "a", Name: "Văn thư Mẫu", Agency: web.Choice{Value: "x", Name: "Ủy ban nhân dân xã Mẫu"}, Identity: who}
	s, err := web.New(web.Config{
		Public: &url.URL{Scheme: "https", Host: "antin.example"}, Texts: texts, Sessions: signedIn{actor}, Clock: h.Clock, Log: slog.New(slog.DiscardHandler),
	}, register.Pages(h.Service), api.Module(register.API(h.Service)...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheRegisterIsSeenAndPrinted(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	clerk := h.Actor(h.Agency(t, 0, false), auth.Clerk)
	get := h.browser(t, clerk)
	if code, body := get("/so-van-ban"); code != 200 || !strings.Contains(body, "Chưa cấp số nào") {
		t.Errorf("empty: %d", code)
	}
	total := register.MaxLimit + 19
	for i := range total {
		x := register.Taking{For: store.ID(i + 1), Agency: clerk.Agency, Notation: "UBND", Kind: "quyet-dinh", Summary: fmt.Sprintf("Việc <%d>", i+1), Signer: "Trần Văn Mẫu"}
		if i%2 == 1 {
			x.Kind = "cong-van"
			x.Unit = "KT"
		}
		if i >= 38 { // one book is longer than a print
			x.Kind = "ke-hoach"
		}
		if _, err := h.take(t, clerk, x, false); err != nil {
			t.Fatal(err)
		}
	}

	// Every list is walked to its end.
	row, next := regexp.MustCompile(`<tr><th scope="row"><a href="/van-ban/doc_[a-z0-9]{13}">([^<]+)</a></th>`), regexp.MustCompile(`rel="next" href="([^"]+)"`)
	for address, want := range map[string]int{"/so-van-ban": total, "/so-van-ban?kind=cong-van": 19, "/so-van-ban?year=2026": total, "/so-van-ban?kind=ke-hoach&year=2026": total - 38, "/so-van-ban?kind=ke-hoach&year=2026&xep=number": total - 38, "/so-van-ban?kind=ke-hoach&year=2025": 0} {
		seen := map[string]bool{}
		for at := address; at != ""; {
			code, body := get(at)
			if code != 200 {
				t.Fatalf("%s: %d", at, code)
			}
			for _, m := range row.FindAllStringSubmatch(body, -1) {
				if seen[m[1]] {
					t.Errorf("%s: %s twice", address, m[1])
				}
				seen[m[1]] = true
			}
			if at = ""; next.MatchString(body) {
				at = next.FindStringSubmatch(body)[1]
			}
		}
		if len(seen) != want {
			t.Errorf("%s: %d rows, want %d", address, len(seen), want)
		}
	}
	_, body := get("/so-van-ban?kind=ke-hoach&year=2026")
	first := row.FindStringSubmatch(body)[1]
	if want := fmt.Sprintf("%d/KH-UBND", total-38); first != want || !strings.Contains(body, "/so-van-ban/in?kind=ke-hoach&amp;year=2026") || strings.Contains(body, "<520>") {
		t.Errorf("the book opens with %s, want %s", first, want)
	}

	// The print has the ten columns, in both parts.
	cells := regexp.MustCompile(`<t[hd][^>]*data-label|<th scope="row">`)
	sum := 0
	for at := "/so-van-ban/in?kind=ke-hoach&year=2026"; at != ""; {
		code, body := get(at)
		if code != 200 || strings.Count(body, `<th scope="col">`) != 10 || !strings.Contains(body, "Đơn vị, người nhận bản lưu") || !strings.Contains(body, "Ủy ban nhân dân xã Mẫu") {
			t.Fatalf("%s: %d", at, code)
		}
		rows := strings.Count(body, `<th scope="row">`)
		if got := len(cells.FindAllString(body, -1)); got != 10*rows {
			t.Errorf("%d cells in %d rows", got, rows)
		}
		sum += rows
		if at = ""; next.MatchString(body) {
			at = next.FindStringSubmatch(body)[1]
		}
	}
	if sum != total-38 {
		t.Errorf("%d rows are printed, want %d", sum, total-38)
	}
	for address, want := range map[string]int{
		"/so-van-ban/in": 404, "/so-van-ban/in?kind=ke-hoach": 404, "/so-van-ban/in?kind=ke-hoach&year=2025": 404, "/so-van-ban/in?kind=x&year=y": 404,
		"/so-van-ban/in?kind=ke-hoach&year=2026&after=x": 422, "/so-van-ban?year=x": 422, "/so-van-ban?sau=x": 422,
	} {
		if code, _ := get(address); code != want {
			t.Errorf("%s: %d, want %d", address, code, want)
		}
	}
	if code, body := h.browser(t, h.Actor(clerk.Agency, auth.Drafter))("/so-van-ban"); code != 403 || strings.Contains(body, `href="/so-van-ban"`) {
		t.Errorf("a drafter sees it: %d", code)
	}
}

func TestTheRegisterIsCalled(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	clerk := h.Actor(h.Agency(t, 0, false), auth.Clerk)
	for i := range 7 {
		if _, err := h.take(t, clerk, register.Taking{For: store.ID(i + 1), Agency: clerk.Agency, Notation: "UBND", Kind: "ke-hoach", Summary: "Việc"}, false); err != nil {
			t.Fatal(err)
		}
	}
	get := h.browser(t, clerk)
	doc := apitest.Document(t, h.server(t, clerk))
	agency := clerk.Agency.Text("agy")

	var books struct{ Items []map[string]any }
	code, body := get("/api/registers?agency=" + agency)
	if err := json.Unmarshal([]byte(body), &books); err != nil || code != 200 || len(books.Items) != 1 || books.Items[0]["kind"] != "ke-hoach" || books.Items[0]["last"] != 7.0 || books.Items[0]["last_date"] != "2026-03-02" {
		t.Errorf("%d %s", code, body)
	}
	apitest.Answer(t, doc, "GET", "/api/registers", []byte(body))
	for _, list := range []string{"limit=3", "limit=3&kind=ke-hoach&year=2026", "limit=3&order=desc&kind=ke-hoach", "limit=3&order=desc&year=2026&agency=" + agency} {
		var seen []string
		for next := "start"; next != ""; {
			address := "/api/registers/numbers?" + list
			if next != "start" {
				address += "&after=" + next
			}
			var part struct {
				Items []struct{ Notation, Agency string }
				Next  string
			}
			code, body := get(address)
			if err := json.Unmarshal([]byte(body), &part); err != nil || code != 200 {
				t.Fatalf("%s: %d %s", address, code, body)
			}
			if next == "start" {
				apitest.Answer(t, doc, "GET", "/api/registers/numbers", []byte(body))
			}
			for _, n := range part.Items {
				seen = append(seen, n.Notation)
				if n.Agency != agency {
					t.Errorf("%+v", n)
				}
			}
			next = part.Next
		}
		want := []string{"01/KH-UBND", "07/KH-UBND"}
		if strings.Contains(list, "desc") {
			slices.Reverse(want)
		}
		if len(seen) != 7 || seen[0] != want[0] || seen[6] != want[1] {
			t.Errorf("%s: %v", list, seen)
		}
	}
	for address, want := range map[string]string{
		"/api/registers?agency=x": "404 store.not_found", "/api/registers?agency=" + h.Agency(t, 0, false).Text("agy"): "404 store.not_found", "/api/registers?colour=red": "422 api.unknown",
		"/api/registers/numbers?limit=501": "422 api.value", "/api/registers/numbers?limit=-1": "422 api.value", "/api/registers/numbers?year=x": "422 api.value",
		"/api/registers/numbers?order=up": "422 api.value", "/api/registers/numbers?after=x": "422 api.cursor",
	} {
		code, body := get(address)
		var p web.Problem
		if err := json.Unmarshal([]byte(body), &p); err != nil || fmt.Sprint(code, " ", p.Code) != want {
			t.Errorf("%s: %d %s", address, code, body)
		}
	}
	if code, body := h.browser(t, h.Actor(clerk.Agency, auth.Drafter))("/api/registers"); code != 403 || !strings.Contains(body, "auth.denied") {
		t.Errorf("a drafter: %d %s", code, body)
	}
}
