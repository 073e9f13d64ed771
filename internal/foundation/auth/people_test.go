package auth_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// TestWhoseAccountItIsIsChosenOnPages, without JavaScript: an account is made for somebody of the directory, and one that there is, is
// linked, and unlinked after a question.
func TestWhoseAccountItIsIsChosenOnPages(t *testing.T) {
	h := authtest.New(t, storetest.SQLite(t), nil)
	agency := h.Agency(t, 0, false)
	first(t, h, agency)
	an := h.Somebody(agency, "Nguyễn Thị An")
	h.Somebody(agency, "Lê Văn Bình")
	h.Somebody(h.Agency(t, 0, false), "Trần Văn Ẩn")
	b := browse(t, h)
	b.send(b.get("/dang-nhap"), "/dang-nhap", map[string]string{"login": "quan.tri", "~password": chosen})
	b.get("/tai-khoan/moi").has(t, "/tai-khoan/moi/nguoi")
	p := b.get("/tai-khoan/moi/nguoi?name=an&xep=name")
	p.has(t, "Nguyễn Thị An", "/tai-khoan/moi?nguoi="+an.Text("per"))
	if strings.Contains(p.body, "Bình") || strings.Contains(p.body, "Ẩn") {
		t.Error("others are found: ", p.body)
	}
	b.get("/tai-khoan/moi/nguoi?name=xyz&xep=name").has(t, "Không tìm thấy")
	p = b.get("/tai-khoan/moi?nguoi=" + an.Text("per"))
	p.has(t, `value="Nguyễn Thị An"`)
	b.send(p, "/tai-khoan/moi", map[string]string{"login": "nguyen.thi.an", "agency": agency.Text("agy")}).has(t, "Kính gửi Nguyễn Thị An")
	id := regexp.MustCompile(`/tai-khoan/acc_\w+`).FindString(b.get("/tai-khoan?name=nguyen").body)
	b.get(id).has(t, "Người trong danh bạ", "Bỏ gắn với người")
	b.get(id+"/bo-gan").has(t, "Bỏ gắn tài khoản này với người trong danh bạ?")
	p = b.send(b.get(id+"/bo-gan"), id+"/bo-gan", nil)
	p.has(t, "Đã bỏ gắn tài khoản với người.", "Chưa gắn với ai", id+"/nguoi")
	p = b.get(id + "/nguoi?name=an&xep=name")
	p.has(t, "Tài khoản của Nguyễn Thị An là của ai?")
	b.send(p, id+"/nguoi", nil).has(t, "Đã gắn tài khoản với người này.")
	if p := b.get("/tai-khoan/moi?nguoi=" + store.ID(5).Text("per")); p.status != 404 {
		t.Error("nobody gets an account: ", p.status)
	}
}

// TestAnAccountIsSomebodys: whose it is, is said when it is made or later, by who manages both the account and the person's record; the
// actor is that person from the next request on, and no more when it ends.
func TestAnAccountIsSomebodys(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil)
		agency, elsewhere := h.Agency(t, 0, false), h.Agency(t, 0, false)
		operator := first(t, h, agency)
		an, binh, stranger := h.Somebody(agency, "Nguyễn Thị An"), h.Somebody(agency, "Lê Văn Bình"), h.Somebody(elsewhere, "Trần Văn An")
		make := func(n auth.NewAccount) (auth.Letter, error) { return h.Auth.CreateAccount(t.Context(), operator, n) }
		l, err := make(auth.NewAccount{Login: "nguyen.thi.an", Name: "Nguyễn Thị An", Agency: agency, Person: an})
		if err != nil {
			t.Fatal(err)
		}
		if who := enter(t, h, l); who.Person != an {
			t.Errorf("the actor is %v", who.Person)
		}
		l2, err := make(auth.NewAccount{Login: "le.van.binh", Name: "Lê Văn Bình", Agency: agency})
		if err != nil {
			t.Fatal(err)
		}
		entered := enter(t, h, l2)
		if entered.Person != 0 {
			t.Error("it is somebody's from the start")
		}
		link := func(account, person store.ID) error { return h.Auth.LinkPerson(t.Context(), operator, account, person) }
		for what, err := range map[string]error{
			"a person of elsewhere": link(l2.Account, stranger), "nobody": link(l2.Account, 12345), "an account for one of elsewhere": func() error {
				_, err := make(auth.NewAccount{Login: "tran.van.an", Name: "Trần Văn An", Agency: agency, Person: stranger})
				return err
			}(),
		} {
			if kind(err) != string(store.ErrNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if kind(link(operator.Account, an)) != string(auth.ErrSelf) {
			t.Error("an operator becomes somebody else")
		}
		if err := link(l2.Account, binh); err != nil {
			t.Fatal(err)
		}
		of := func(person store.ID) (list []store.ID) {
			all, err := h.Auth.AccountsOf(t.Context(), operator, person)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range all {
				list = append(list, a.ID)
			}
			return list
		}
		if got := of(binh); len(got) != 1 || got[0] != l2.Account {
			t.Errorf("Bình has %v", got)
		}
		if err := h.Auth.UnlinkPerson(t.Context(), operator, l2.Account); err != nil || len(of(binh)) != 0 {
			t.Error(err, of(binh))
		}
		if got := strings.Join(kinds(t, h, l2.Account), " "); !strings.Contains(got, "auth.person_linked/1") || !strings.Contains(got, "auth.person_unlinked/1") {
			t.Errorf("what happened: %s", got)
		}
		service, err := make(auth.NewAccount{Kind: auth.ServiceAccount, Login: "phan.mem", Name: "Phần mềm", Agency: agency})
		if err != nil {
			t.Fatal(err)
		}
		if kind(link(service.Account, an)) != string(auth.ErrNoPerson) {
			t.Error("a service is a person")
		}
		if _, err := make(auth.NewAccount{Kind: auth.ServiceAccount, Login: "phan.mem.2", Name: "Phần mềm", Agency: agency, Person: an}); kind(err) != string(auth.ErrLogin) {
			t.Error(err)
		}
	})
}
