package org_test

import (
	"strings"
	"testing"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/store"
)

// TestAccountsFindPeopleWithinReach: in the order of given names, page by page, each with what tells people of one name apart; nobody whose
// record an agency out of reach keeps.
func TestAccountsFindPeopleWithinReach(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		dept := h.agency(t, h.root, "Sở Một", day(2021, 1, 1))
		h.person(t, h.root, "Trần Văn An")
		var in []store.ID
		var last org.Done
		for _, name := range []string{"Lê Thị Bình", "Đỗ Văn Ân", "Phạm Thị An"} {
			last = h.person(t, dept.ID, name)
			in = append(in, last.ID)
		}
		if _, err := h.GivePost(t.Context(), h.manager, last.ID, last.Event, org.NewPost{Agency: dept.ID, Title: "Giám đốc", Since: day(2021, 1, 1)}); err != nil {
			t.Fatal(err)
		}
		who := h.Reaching(dept.ID, auth.Units, auth.Operator)
		w, err := h.Auth.Warrant(t.Context(), who, "foundation/auth.People")
		if err != nil {
			t.Fatal(err)
		}
		seek := func(begins string) (found []string) {
			t.Helper()
			for q := (auth.PeopleQuery{Begins: begins, Limit: 1}); ; {
				var list []auth.Someone
				if err := h.DB.View(t.Context(), w, func(tx *store.Tx) (err error) { list, err = org.SeekTx(tx, q); return err }); err != nil {
					t.Fatal(err)
				}
				if len(list) == 0 {
					return found
				}
				found, q.After = append(found, list[0].Name+" ("+list[0].Place+")"), &list[0]
			}
		}
		for begins, want := range map[string]string{
			"": "Phạm Thị An (Giám đốc, Sở Một); Đỗ Văn Ân (Sở Một); Lê Thị Bình (Sở Một)", "an": "Phạm Thị An (Giám đốc, Sở Một); Đỗ Văn Ân (Sở Một)",
			"phạm thị": "Phạm Thị An (Giám đốc, Sở Một)", "trần": "", "xyz": "",
		} {
			got := seek(begins)
			if begins == "an" { // a search goes by letters without marks
				if len(got) != 2 {
					t.Errorf("%q: %q", begins, got)
				}
				continue
			}
			if s := strings.Join(got, "; "); s != want {
				t.Errorf("%q: %s, not %s", begins, s, want)
			}
		}
		h.view(t, func(tx *store.Tx) error {
			p, err := org.SomeoneTx(tx, in[2])
			if err != nil || p.Agency != dept.ID || p.Href != "/nguoi/"+in[2].Text("per") || p.Place != "Giám đốc, Sở Một" {
				t.Errorf("%+v %v", p, err)
			}
			return nil
		})
	})
}

// TestAPersonsPageShowsTheirAccounts to who manages such, and leads to a new one where there is none.
func TestAPersonsPageShowsTheirAccounts(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.person(t, h.root, "Phạm Thị An")
		at := "/nguoi/" + p.ID.Text("per")
		b := h.browser(t, h.manager)
		if page := b.page(at); !strings.Contains(page, "Chưa có tài khoản nào") || !strings.Contains(page, "/tai-khoan/moi?nguoi="+p.ID.Text("per")) {
			t.Error(page)
		}
		h.Directory[p.ID] = auth.Someone{ID: p.ID, Agency: h.root}
		l, err := h.Auth.CreateAccount(t.Context(), h.manager, auth.NewAccount{Login: "pham.thi.an", Name: "Phạm Thị An", Person: p.ID, Agency: h.root})
		if err != nil {
			t.Fatal(err)
		}
		if page := b.page(at); !strings.Contains(page, "pham.thi.an") || !strings.Contains(page, "/tai-khoan/"+l.Account.Text("acc")) {
			t.Error(page)
		}
		if page := h.browser(t, h.Actor(h.root, auth.Clerk)).page(at); strings.Contains(page, "pham.thi.an") || strings.Contains(page, "tài khoản nào") {
			t.Error("everybody sees sign-in names")
		}
	})
}
