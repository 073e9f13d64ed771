package auth_test

import (
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/foundation/web"
)

// browser sends what a browser would, without JavaScript.
type browser struct {
	t *testing.T
	c *http.Client
	s *httptest.Server
}

// browse serves the pages of a house.
func browse(t *testing.T, h *authtest.House) *browser {
	t.Helper()
	texts, err := i18n.New(web.Texts(), store.Texts, auth.Files)
	if err != nil {
		t.Fatal(err)
	}
	hs := httptest.NewUnstartedServer(nil)
	server, err := web.New(web.Config{
		Public: &url.URL{Scheme: "http", Host: hs.Listener.Addr().String()}, Texts: texts, Sessions: h.Auth.Sessions(), Clock: h.Clock, Log: slog.New(slog.DiscardHandler),
	}, auth.Pages(h.Auth))
	if err != nil {
		t.Fatal(err)
	}
	hs.Config.Handler = server
	hs.Start()
	t.Cleanup(hs.Close)
	return (&browser{t: t, s: hs}).another()
}

// another is another browser before the same house.
func (b *browser) another() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return &browser{b.t, &http.Client{Jar: jar}, b.s}
}

// shown is a page that came back.
type shown struct {
	status int
	path   string
	body   string
}

func (b *browser) done(r *http.Response, err error) shown {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return shown{r.StatusCode, r.Request.URL.RequestURI(), string(body)}
}

func (b *browser) get(path string) shown {
	b.t.Helper()
	return b.done(b.c.Get(b.s.URL + path))
}

var (
	formTag  = regexp.MustCompile(`(?s)<form[^>]* method="post"[^>]*action="([^"]*)"[^>]*>(.*?)</form>`)
	inputTag = regexp.MustCompile(`<input[^>]* name="([^"]*)"[^>]* value="([^"]*)"[^>]*>`)
	checked  = regexp.MustCompile(`type="(radio|checkbox)"`)
)

// send fills in the form of a page that goes to an action, and sends it.
func (b *browser) send(p shown, action string, fields map[string]string) shown {
	b.t.Helper()
	for _, m := range formTag.FindAllStringSubmatch(p.body, -1) {
		if path, _, _ := strings.Cut(html.UnescapeString(m[1]), "?"); path != action {
			continue
		}
		v := url.Values{}
		for _, in := range inputTag.FindAllStringSubmatch(m[2], -1) {
			if !checked.MatchString(in[0]) || strings.Contains(in[0], " checked") {
				v.Set(html.UnescapeString(in[1]), html.UnescapeString(in[2]))
			}
		}
		for name, value := range fields {
			v.Set(name, value)
		}
		return b.done(b.c.PostForm(b.s.URL+html.UnescapeString(m[1]), v))
	}
	b.t.Fatalf("%s has no form to %s: %s", p.path, action, p.body)
	return shown{}
}

func (p shown) has(t *testing.T, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(html.UnescapeString(p.body), w) {
			t.Errorf("%s (%d) does not say %q: %s", p.path, p.status, w, p.body)
		}
	}
}

var letterPassword = regexp.MustCompile(`<code class="secret">([^<]+)</code>`)

func TestFromLetterToWorkInABrowser(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil)
		province := h.Agency(t, 0, false)
		l, err := h.Auth.CreateFirst(t.Context(), auth.NewAccount{Login: "quan.tri", Name: "Phạm Văn Ấn", Agency: province})
		if err != nil {
			t.Fatal(err)
		}
		b := browse(t, h)
		p := b.get("/tai-khoan") // a visitor is asked who is there, and comes back here
		p.has(t, "Đăng nhập")
		p = b.send(p, "/dang-nhap", map[string]string{"login": "quan.tri", "~password": "sai"})
		p.has(t, "Tên đăng nhập hoặc mật khẩu không đúng.")
		if p.status != 422 || strings.Contains(p.body, `value="sai"`) {
			t.Error(p.status, "or the password is shown")
		}
		p = b.send(p, "/dang-nhap", map[string]string{"login": "quan.tri", "~password": l.Password})
		p.has(t, "Đặt mật khẩu của ông/bà")
		p = b.send(p, "/dang-nhap/mat-khau", map[string]string{"~password": chosen, "~again": "khác"})
		p.has(t, "Hai lần nhập không giống nhau.")
		p = b.send(p, "/dang-nhap/mat-khau", map[string]string{"~password": chosen, "~again": chosen})
		if p.path != "/tai-khoan" {
			t.Fatal(p.path, p.body)
		}
		p.has(t, "Phạm Văn Ấn", "quan.tri", "Đang dùng")

		p = b.send(b.get("/tai-khoan/moi"), "/tai-khoan/moi", map[string]string{"name": "Lê  Thị Ước", "login": "Lê.Ước", "agency": province.Text("agy")})
		p.has(t, "Kính gửi Lê Thị Ước", "le.uoc", "Trang này chỉ hiện một lần")
		password := letterPassword.FindStringSubmatch(p.body)[1]
		p = b.get("/tai-khoan?name=uoc")
		id := regexp.MustCompile(`/tai-khoan/acc_\w+`).FindString(p.body)
		p = b.get(id)
		p.has(t, "Chưa có vai trò nào", "Giấy có mật khẩu chưa dùng")
		p = b.send(p, id, map[string]string{"role": "clerk", "at": province.Text("agy"), "reach": "units", "until": "1/2/2020"})
		p.has(t, "Ngày kết thúc không hợp lý.")
		p = b.send(p, id, map[string]string{"role": "clerk", "at": province.Text("agy"), "reach": "units", "until": "31/12/2026"})
		p.has(t, "Đã cấp vai trò.", "Văn thư", "31/12/2026")

		b.get("/quyen").has(t, "Ai được làm gì", "ký số của cơ quan và phát hành văn bản", "foundation/auth.GivePassword</code> – cơ quan quản lý tài khoản và cơ quan của mọi vai trò")

		clerk := b.another()
		p = clerk.send(clerk.get("/dang-nhap?ve=/tai-khoan-cua-toi"), "/dang-nhap", map[string]string{"login": "le.uoc", "~password": password})
		p = clerk.send(p, "/dang-nhap/mat-khau", map[string]string{"~password": chosen, "~again": chosen})
		p.has(t, "Tài khoản của tôi", "Văn thư", "phiên này")
		if p := clerk.get("/tai-khoan"); p.status != 403 {
			t.Error(p.status)
		} else {
			p.has(t, "không có quyền: quản lý tài khoản và vai trò")
		}

		p = b.get(id + "/khoa") // the question, without JavaScript
		p.has(t, "Khóa tài khoản này?")
		b.send(p, id+"/khoa", nil).has(t, "Đã khóa tài khoản.")
		if p := clerk.get("/tai-khoan-cua-toi"); !strings.HasPrefix(p.path, "/dang-nhap") {
			t.Error("a closed account is still in:", p.path)
		}
		p = b.send(b.get("/tai-khoan-cua-toi"), "/dang-xuat", nil)
		p.has(t, "Đã đăng xuất.")
		if p := b.get("/tai-khoan"); !strings.HasPrefix(p.path, "/dang-nhap") {
			t.Error(p.path)
		}
	})
}

func TestWhatWasSentIsKeptWhileItsSenderSignsIn(t *testing.T) {
	h := authtest.New(t, storetest.SQLite(t), nil)
	province := h.Agency(t, 0, false)
	first(t, h, province)
	b := browse(t, h)
	p := b.send(b.get("/dang-nhap?ve=/tai-khoan/moi"), "/dang-nhap", map[string]string{"login": "quan.tri", "~password": chosen})
	h.Clock.Advance(13 * 3600e9) // over night
	p = b.send(p, "/tai-khoan/moi", map[string]string{"name": "Lê Thị Ước", "login": "uoc", "agency": province.Text("agy")})
	p.has(t, "Phiên làm việc đã kết thúc")
	p = b.send(p, "/dang-nhap", nil)
	p = b.send(p, "/dang-nhap", map[string]string{"login": "quan.tri", "~password": "nhầm"})
	p = b.send(p, "/dang-nhap", map[string]string{"login": "quan.tri", "~password": chosen})
	p.has(t, "Tiếp tục với nội dung đã viết", "Lê Thị Ước")
}
