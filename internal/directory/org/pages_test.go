package org_test

import (
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/foundation/web"
)

// signedIn has every session belong to one actor.
type signedIn struct{ who web.Actor }

func (s signedIn) Actor(context.Context, string) (web.Actor, error) { return s.who, nil }
func (signedIn) Choose(context.Context, string, string) error       { return nil }

// browser sends requests as one actor.
type browser struct {
	t *testing.T
	s *web.Server
}

func (h *house) browser(t *testing.T, who auth.Actor) *browser {
	t.Helper()
	texts, err := i18n.New(web.Texts(), auth.Files, store.Texts, org.Files)
	if err != nil {
		t.Fatal(err)
	}
	actor := web.Actor{ID: "a", Name: "Người Quản Trị", Agency: web.Choice{Value: who.Agency.Text("agy"), Name: "Ủy ban nhân dân tỉnh Mẫu"}, Identity: who}
	s, err := web.New(web.Config{
		Public: &url.URL{Scheme: "https", Host: "antin.example"}, Texts: texts, Sessions: signedIn{actor}, Clock: h.Clock, Log: slog.New(slog.DiscardHandler),
	}, org.Pages(h.Service))
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, s}
}

func (b *browser) send(method, address, body string) (code int, page, location string) {
	r := httptest.NewRequest(method, "https://antin.example"+html.UnescapeString(address), strings.NewReader(body))
	r.AddCookie(&http.Cookie{Name: "__Host-antin-session", Value: "s"})
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "https://antin.example")
	}
	w := httptest.NewRecorder()
	b.s.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header().Get("Location")
}

func (b *browser) get(address string) (int, string) {
	code, page, _ := b.send(http.MethodGet, address, "")
	return code, page
}

// page is a page that has to be there.
func (b *browser) page(address string) string {
	b.t.Helper()
	code, page := b.get(address)
	if code != http.StatusOK {
		b.t.Fatalf("%s: %d", address, code)
	}
	for _, key := range regexp.MustCompile(`\borg\.[a-z_.0-9]+`).FindAllString(page, -1) {
		b.t.Errorf("%s shows %s, which has no text", address, key)
	}
	return page
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(_id|_agency|seen)" value="([^"]*)">`)

// post fills in the form of a page and sends it, and returns where it leads; "" and the page where it is refused.
func (b *browser) post(address string, fields ...string) (location, page string) {
	b.t.Helper()
	return b.sendForm(address, b.page(address), fields...)
}

func (b *browser) sendForm(address, page string, fields ...string) (location, answer string) {
	b.t.Helper()
	v := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(page[strings.LastIndex(page, `class="form"`):], -1) {
		if !v.Has(m[1]) {
			v.Set(m[1], html.UnescapeString(m[2]))
		}
	}
	for i := 0; i < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	code, answer, location := b.send(http.MethodPost, address, v.Encode())
	if code != http.StatusSeeOther && code != http.StatusUnprocessableEntity {
		b.t.Fatalf("%s: %d", address, code)
	}
	return location, answer
}

func TestTheDirectoryIsKeptInABrowser(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		b := h.browser(t, h.manager)
		if page := b.page("/co-quan"); !strings.Contains(page, "Ủy ban nhân dân tỉnh Mẫu") {
			t.Error("the tree is empty")
		}
		root := "/co-quan/" + h.root.Text("agy")
		if page := b.page(root); !strings.Contains(page, "Chưa có ai giữ chức vụ") || !strings.Contains(page, root+"/them-co-quan") {
			t.Error("an empty agency has no hint, or its manager no act")
		}
		// What is wrong stands beside its field, and what was written stays.
		_, page := b.post(root+"/them-co-quan", "name", "Sở Nội vụ Mẫu", "kind", "department", "level", "province", "from", "01/03/2021", "code35", "sai")
		if !strings.Contains(page, "f-code35-error") || !strings.Contains(page, `value="Sở Nội vụ Mẫu"`) {
			t.Error("the wrong code is not shown")
		}
		dept, _ := b.post(root+"/them-co-quan", "name", "Sở Nội vụ Mẫu", "kind", "department", "level", "province", "from", "01/03/2021", "code35", "H99.02", "notation", "SNV", "own_seal", "1", "basis", "QĐ 01/QĐ-UBND")
		page = b.page(dept)
		for _, want := range []string{"Sở Nội vụ Mẫu", "H99.02", "Có con dấu riêng", "từ 01/03/2021", "Cấp tỉnh"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %q", dept, want)
			}
		}
		room, _ := b.post(dept+"/them-don-vi", "name", "Phòng Tổ chức", "kind", "division", "from", "01/03/2021")
		if page := b.page(room); !strings.HasPrefix(room, "/co-quan/unt_") || !strings.Contains(page, "Thuộc cơ quan") {
			t.Errorf("%s is no unit", room)
		}
		// A change from a day that is over; whoever saw the old state is told who changed it, and may send it once more.
		old := b.page(dept + "/sua?tu=01/01/2024")
		if where, _ := b.sendForm(dept+"/sua?tu=01/01/2024", old, "name", "Sở Nội vụ Hai", "kind", "department", "level", "province", "parent", h.root.Text("agy")); where != dept {
			t.Errorf("the change leads to %q", where)
		}
		late := strings.ReplaceAll(old, `name="_id" value="`, `name="_id" value="x`)
		where, page := b.sendForm(dept+"/sua?tu=01/02/2024", late, "name", "Sở Nội vụ Ba", "kind", "department", "level", "province", "parent", h.root.Text("agy"))
		if where != "" || !strings.Contains(page, "Đã có người sửa trước ông/bà") {
			t.Fatal("a change that was not seen is written over")
		}
		if where, _ := b.sendForm(dept+"/sua?tu=01/02/2024", page, "name", "Sở Nội vụ Ba", "kind", "department", "level", "province", "parent", h.root.Text("agy")); where != dept {
			t.Error("it cannot be sent once more")
		}
		for address, want := range map[string]string{
			dept: "Sở Nội vụ Ba", dept + "?ngay=31/12/2023": "Sở Nội vụ Mẫu", dept + "?ngay=15/01/2024": "Sở Nội vụ Hai", dept + "?ngay=01/01/2020": "Vào ngày này chưa có",
			dept + "/lich-su": "Đã thay", "/nguoi": "<h1>Danh bạ người</h1>", "/co-quan?ngay=15/01/2024&mo=" + dept[len("/co-quan/"):]: "Phòng Tổ chức",
		} {
			if page := b.page(address); !strings.Contains(page, want) {
				t.Errorf("%s: no %q", address, want)
			}
		}

		if n := strings.Count(b.page(dept+"/lich-su"), "Thay đổi:"); n != 2 { // two changes, each beside the version that begins with it
			t.Errorf("%d versions say what changed", n)
		}

		who, page := b.post("/nguoi/moi", "name", "Nguyễn Thị Ánh", "agency", dept[len("/co-quan/"):], "from", "01/03/2021", "birth", "31/12/1980", "number", "001180000001")
		if who == "" {
			t.Fatal(page)
		}
		if page := b.page(who); !strings.Contains(page, "•••••••••001") || strings.Contains(page, "001180000001") || strings.Contains(page, "31/12/1980") || !strings.Contains(page, "Chưa giữ chức vụ nào") {
			t.Error("personal data is not masked, or there is no hint")
		}
		if where, _ := b.post(who+"/chuc-vu", "title", "Giám đốc", "agency", room[len("/co-quan/"):], "since", "01/04/2021"); where != who {
			t.Error("no post is given")
		}
		if page := b.page(dept); !strings.Contains(page, "Nguyễn Thị Ánh") || !strings.Contains(page, "Giám đốc") {
			t.Error("the agency's page does not know its people")
		}
		act := b.page(who)
		act = act[strings.Index(act, "/xem-du-lieu-rieng"):]
		v := url.Values{"_agency": {h.manager.Agency.Text("agy")}, "_id": {regexp.MustCompile(`name="_id" value="([^"]+)"`).FindStringSubmatch(act)[1]}}
		if code, page, _ := b.send(http.MethodPost, who+"/xem-du-lieu-rieng", v.Encode()); code != 200 || !strings.Contains(page, "001180000001") || !strings.Contains(page, "31/12/1980") {
			t.Errorf("personal data is not shown to who may see it: %d", code)
		}
		if where, _ := b.post(who+"/vang", "since", "01/03/2026", "until", "10/03/2026"); where != who {
			t.Error("no absence is recorded")
		}
		page = b.page(who)
		if !strings.Contains(page, "từ 01/03/2026 đến hết 10/03/2026") || !strings.Contains(b.page("/nguoi?name=anh"), "Đang vắng") {
			t.Error("the absence is not shown")
		}
		end := regexp.MustCompile(`href="(/nguoi/[^"]+/thoi)"`).FindStringSubmatch(page)
		if end == nil {
			t.Fatal("a post cannot be ended")
		}
		if where, _ := b.post(end[1], "on", "01/05/2026"); where != who {
			t.Error("the post is not ended")
		}
		if where, _ := b.post(who+"/sua?tu=01/06/2022", "name", "Nguyễn Thị Ngọc Ánh", "agency", dept[len("/co-quan/"):]); where != who {
			t.Error("no change of name")
		}
		if where, _ := b.post(who+"/du-lieu-rieng", "birth", "", "number", ""); where != who {
			t.Error("personal data is not erased")
		}
		if where, page := b.post(room+"/ket-thuc", "on", "01/04/2026"); where != "" || !strings.Contains(page, "Chưa thể kết thúc") {
			t.Error("a unit ends under its people")
		}
		if where, _ := b.post(who+"/thoi-viec", "on", "01/06/2026"); where != who {
			t.Error("nobody leaves")
		}
		if where, _ := b.post(room+"/ket-thuc", "on", "01/07/2026"); where != room {
			t.Error("no unit ends")
		}
		for address, want := range map[string]int{"/co-quan/agy_x": 404, "/co-quan/" + h.root.Text("unt"): 404, "/nguoi/per_0000000000001": 404, "/co-quan?ngay=x": 422, dept + "/sua?tu=x": 422, "/nguoi?sau=x": 422, "/nguoi?agency=x": 404, "/co-quan?mo=0": 200} {
			if code, _ := b.get(address); code != want {
				t.Errorf("%s: %d, want %d", address, code, want)
			}
		}
		// Who only reads sees no act, and is refused where one is tried.
		reader := h.browser(t, h.Actor(h.root, auth.Drafter))
		if page := reader.page(dept); strings.Contains(page, "/sua") {
			t.Error("a reader is offered a change")
		}
		for _, address := range []string{dept + "/sua", dept + "/them-don-vi", dept + "/ket-thuc", who + "/sua", who + "/vang", who + "/chuc-vu", who + "/du-lieu-rieng", "/nguoi/moi"} {
			if code, _ := reader.get(address); code != http.StatusForbidden {
				t.Errorf("%s: a reader gets %d", address, code)
			}
		}
	})
}

func TestEveryChoiceHasItsText(t *testing.T) {
	texts, err := i18n.New(org.Files)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, k := range append(org.BodyKinds, org.UnitKinds...) {
		keys = append(keys, "org.kind."+string(k))
	}
	for _, l := range org.Levels {
		keys = append(keys, "org.level."+string(l))
	}
	for _, s := range org.Sectors {
		keys = append(keys, "org.sector."+s)
	}
	for _, k := range keys {
		if !texts.Has(k) {
			t.Errorf("%s has no text", k)
		}
	}
	if len(keys) < 30 {
		t.Error(len(keys))
	}
}

// TestEveryListHasItsIndex reads the plan of each pair that the pages declare, at 50,000 rows.
func TestEveryListHasItsIndex(t *testing.T) {
	storetest.Filled(t, func(t *testing.T, url string) {
		h := open(t, url)
		raw := storetest.Raw(t, url)
		blob := "CAST('k' || (i % 10007) AS BLOB)"
		if strings.HasPrefix(url, "postgres") {
			blob = "CAST('k' || (i % 10007) AS bytea)"
		}
		numbers := `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 49999) `
		for _, fill := range []string{
			`INSERT INTO org_person_fact (id, person, since, until, recorded, replaced, agency, name, given, sort_key, searched, searched_given, email, phone, basis, event, replaced_by) ` + numbers +
				`SELECT i + 1, i + 1, 0, 253402214400000000, 0, CASE WHEN i % 10 = 0 THEN 1 END, i % 20, 'x', 'x', ` + blob + `, ` + blob + `, ` + blob + `, '', '', '', 1, NULL FROM n`,
			`INSERT INTO org_node_fact (id, node, agency, since, until, recorded, replaced, parent, kind, level, sector, name, sort_key, short_name, notation, own_seal, code13, code35, tax_code, budget_code, address, email, phone, basis, event, replaced_by) ` + numbers +
				`SELECT i + 1, i + 1, i + 1, 0, 253402214400000000, 0, NULL, i / 50 + 1, 'team', '', '', 'x', ` + blob + `, '', '', 0, '', '', '', '', '', '', '', '', 1, NULL FROM n WHERE i > 0`,
			`INSERT INTO scope (ancestor, descendant, internal, since, until) ` + numbers + `SELECT i % 300, i + 1, 0, 0, 253402214400000000 FROM n`,
			`INSERT INTO org_post (id, post, person, agency, unit, title, since, until, recorded, replaced, basis, event, replaced_by) ` + numbers +
				`SELECT i + 1, i + 1, i + 1, i % 300, NULL, 'x', 0, 253402214400000000, 0, NULL, '', 1, NULL FROM n`,
		} {
			if _, err := raw.ExecContext(t.Context(), fill); err != nil {
				t.Fatal(err)
			}
		}
		costly := storetest.Costly(t, url)
		now := h.Clock.Now()
		for _, p := range org.PeopleList.Pairs {
			for _, after := range []*org.Place{nil, {Key: []byte("k5000"), ID: 5000}} {
				for _, name := range []string{"k5", "k5 k"} {
					q := org.Sought{After: after, Limit: 51}
					for _, f := range p.Filters {
						switch f {
						case "agency":
							q.Agency = 7
						case "name":
							q.Name = name
						}
					}
					for _, reached := range []bool{false, true} { // those that everybody sees, and those that accounts can be linked to
						if reached {
							q.Reached(`(org_person_fact.agency = ? OR EXISTS (SELECT 1 FROM scope reached WHERE reached.descendant = org_person_fact.agency AND (reached.ancestor = ?) AND reached.since <= ? AND reached.until > ?))`, 7, 7, now, now)
						}
						query, args := q.Statement(now)
						for i, a := range args {
							args[i] = plain(a)
						}
						if bad := costly(query, args...); bad != nil {
							t.Errorf("%+v %q, reached %v: %q", p, name, reached, bad)
						}
					}
				}
			}
		}
		if bad := costly(`SELECT id FROM org_person_fact WHERE email = ? ORDER BY phone LIMIT 10`, "x"); bad == nil {
			t.Error("a sort without index costs nothing")
		}
		for query, args := range map[string][]any{
			`SELECT f.node FROM org_node_fact f WHERE f.parent = ? AND f.since <= ? AND f.until > ? AND f.recorded <= ? AND (f.replaced IS NULL OR f.replaced > ?) ORDER BY f.sort_key, f.node LIMIT ?`: {7, 5, 5, 5, 5, 501},
			`SELECT name FROM v_org_agency WHERE id = ? AND since <= ? AND until > ?`:                       {7, 5, 5},
			`SELECT name FROM v_org_person WHERE id = ? AND since <= ? AND until > ?`:                       {7, 5, 5},
			`SELECT title FROM v_org_post WHERE person = ? AND since <= ? AND until > ?`:                    {7, 5, 5},
			`SELECT title FROM org_post WHERE agency = ? AND until > ? AND replaced IS NULL LIMIT 1`:        {7, 5},
			`SELECT node FROM org_node_fact WHERE code35 = ? AND code35 <> '' AND replaced IS NULL LIMIT 1`: {"H99"},
		} {
			if bad := costly(query, args...); bad != nil {
				t.Errorf("%s: %q", query, bad)
			}
		}
	})
}

// plain is an argument as the store binds it.
func plain(a any) any {
	switch a := a.(type) {
	case store.ID:
		return int64(a)
	case interface{ UnixMicro() int64 }:
		return a.UnixMicro()
	}
	return a
}
