package web_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/web"
)

// house is a server with one module, as a module's author would write it.
type house struct {
	t        *testing.T
	server   *web.Server
	written  atomic.Int32
	slow     chan struct{}
	client   netip.Addr
	got      note
	upload   string
	mu       sync.Mutex
	actor    web.Actor
	chosen   string
	progress web.Progress
	log      bytes.Buffer
	clock    *clock.Fake
}

type note struct {
	Title  string    `form:"title,required,max=20"`
	Text   string    `form:"text,textarea"`
	Kind   string    `form:"kind"`
	Due    time.Time `form:"due"`
	Copies int       `form:"copies"`
	Agreed bool      `form:"agreed"`
	To     []string  `form:"to"`
	PIN    string    `form:"pin,password"`
}

func (h *house) Actor(_ context.Context, secret string) (web.Actor, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if secret == "broken" {
		return web.Actor{}, io.ErrUnexpectedEOF
	}
	if secret != "secret" {
		return web.Actor{}, nil
	}
	return h.actor, nil
}

func (h *house) Choose(_ context.Context, _, agency string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.chosen = agency
	return nil
}

const vi = `note.new = Ghi chú mới
note.new.agreed = Đồng ý
note.new.copies = Số bản
note.new.due = Hạn
note.new.file = Tệp
note.new.kind = Loại
note.new.pin = PIN
note.new.text = Nội dung
note.new.title = Tiêu đề
note.new.title.hint = Ngắn gọn
note.new.to = Nơi nhận
note.written = Đã ghi {n}.
# faults
fault.note.taken.next = Đặt tên khác.
fault.note.taken.what = Đã có {object}.
`

func newHouse(t *testing.T, change func(*web.Config)) *house {
	t.Helper()
	h := &house{t: t, slow: make(chan struct{}), clock: clock.NewFake(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))}
	close(h.slow)
	h.actor = web.Actor{ID: "usr_1", Name: "Nguyễn Ước", Agency: web.Choice{Value: "a", Name: "UBND xã A"}, Agencies: []web.Choice{{Value: "a", Name: "UBND xã A"}, {Value: "b", Name: "UBND xã B"}}}
	texts, err := i18n.New(web.Texts(), fstest.MapFS{"vi.txt": {Data: []byte(vi)}, "en.txt": {Data: []byte(vi)}})
	if err != nil {
		t.Fatal(err)
	}
	c := web.Config{
		Public: &url.URL{Scheme: "https", Host: "antin.example"}, Texts: texts, Sessions: h, Clock: h.clock,
		Log: slog.New(slog.NewTextHandler(&lockedWriter{w: &h.log}, nil)), BodyLimit: 10_000, UploadLimit: 100_000,
	}
	if change != nil {
		change(&c)
	}
	h.server, err = web.New(c, web.Module{
		Name: "records/note", Pages: fstest.MapFS{"pages/new.html": {Data: []byte(`{{template "form" .}}`)}, "pages/work.html": {Data: []byte(`{{template "progress" .}}`)}},
		Navigation: []web.Item{{Text: web.Plain("NOTES"), Href: "/ghi-chu"}, {Text: web.Plain("HIDDEN"), Href: "/x", Shown: func(web.Actor) bool { return false }}},
		Panels: []web.Panel{
			{Order: 2, Show: func(r *web.Request) (*web.PanelView, error) {
				h.client = r.Client
				return &web.PanelView{Title: web.Plain("START"), Rows: []web.PanelRow{{
					Text: web.Plain("ROW"), Note: web.Plain("REMARK"), Href: "/ghi-chu/moi", Badge: &web.Badge{Kind: web.Wait, Text: web.Plain("BADGE")},
				}}, More: &web.Link{Text: web.Plain("ALL"), Href: "/ghi-chu"}}, nil
			}},
			{Order: 1, Show: func(r *web.Request) (*web.PanelView, error) {
				if !r.Actor.SignedIn() {
					return nil, nil //nolint:nilnil // no panel
				}
				return &web.PanelView{Title: web.Plain("MINE"), Empty: web.Empty{Title: web.Plain("NONE"), Next: web.Plain("NEXT")}}, nil
			}},
		},
		Routes: []web.Route{
			{Pattern: "GET /ghi-chu/moi", Handler: h.write}, {Pattern: "POST /ghi-chu/moi", Handler: h.write},
			{Pattern: "GET /tep", Handler: h.take}, {Pattern: "POST /tep", Handler: h.take, Upload: true},
			{Pattern: "GET /viec", Handler: func(*web.Request) (web.Answer, error) {
				return &web.Page{Title: web.Plain("WORK"), Body: "work.html", Refresh: 5, Data: web.Bar{Label: web.Plain("LABEL"), Watch: "/viec/tien-do", Progress: h.progress}}, nil
			}},
			{Pattern: "GET /viec/tien-do", Handler: func(*web.Request) (web.Answer, error) {
				return web.Watch(func(context.Context) (web.Progress, error) { return h.progress, nil }), nil
			}},
			{Pattern: "POST /dang-xuat", Handler: func(r *web.Request) (web.Answer, error) {
				r.EndSession()
				return web.SeeOther("/"), nil
			}},
			{Pattern: "GET /hong", Anyone: true, Handler: func(*web.Request) (web.Answer, error) { panic("boom") }},
			{Pattern: "GET /tai", Handler: func(*web.Request) (web.Answer, error) {
				return &web.Download{Name: "../../Tờ trình\".html", Type: "text/html", Size: 4, Content: strings.NewReader("<b>x"), Inline: true}, nil
			}},
			{Pattern: "GET /api/thu", Handler: func(*web.Request) (web.Answer, error) {
				return nil, fault.New(fault.Invalid, "note.taken", "X").Field("title", "field.required")
			}},
			{Pattern: "POST /dang-nhap", Anyone: true, Handler: func(r *web.Request) (web.Answer, error) {
				var in struct {
					Name string `form:"title"`
				}
				f, err := r.Form("note.new", &in)
				if err != nil {
					return nil, err
				}
				if f.OK() {
					return web.SignedIn(r, "secret", r.URL.Query().Get("ve")), nil
				}
				return &web.Page{Title: web.Plain("SIGN IN"), Body: "new.html", Form: f}, nil
			}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (h *house) write(r *web.Request) (web.Answer, error) {
	var in note
	form, err := r.Form("note.new", &in)
	if err != nil {
		return nil, err
	}
	form.Options("kind", []web.Choice{{Value: "k1", Name: "K1"}, {Value: "k2", Name: "K2"}})
	form.Options("to", []web.Choice{{Value: "x", Name: "X"}, {Value: "y", Name: "Y"}})
	if form.OK() {
		<-h.slow
		err := r.Context().Err()
		if in.Title == "TAKEN" {
			err = fault.New(fault.Conflict, "note.taken", in.Title)
		}
		if err == nil {
			h.got = in
			return web.SeeOther(fmt.Sprintf("/ghi-chu/%d", h.written.Add(1))).Say(web.T("note.written", "n", 1)), nil
		}
		if !form.Blame(err) {
			return nil, err
		}
	}
	return &web.Page{Title: web.T("note.new"), Body: "new.html", Form: form}, nil
}

func (h *house) take(r *web.Request) (web.Answer, error) {
	var in struct {
		Title string      `form:"title,required"`
		File  *web.Upload `form:"file,required"`
	}
	form, err := r.Form("note.new", &in)
	if err != nil {
		return nil, err
	}
	if form.OK() {
		b, err := io.ReadAll(in.File)
		if err == nil {
			h.upload = in.File.Name + " " + in.File.Type + " " + fmt.Sprint(len(b))
			return web.SeeOther("/tep"), nil
		}
		if !form.Blame(err) {
			return nil, err
		}
	}
	return &web.Page{Title: web.T("note.new"), Body: "new.html", Form: form}, nil
}

// do sends a request as a signed-in person's browser would; "visitor" in the path's fragment sends no session.
func (h *house) do(method, path string, form url.Values, change ...func(*http.Request)) *http.Response {
	h.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, "https://antin.example"+path, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.AddCookie(&http.Cookie{Name: "__Host-antin-session", Value: "secret"})
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.server.ServeHTTP(w, r)
	return w.Result()
}

func visitor(r *http.Request) { r.Header.Del("Cookie") }

func read(r *http.Response) string {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	return string(b)
}

var hidden = regexp.MustCompile(`name="(_[a-z]+)" value="([^"]*)"`)

// form reads the hidden fields of a page's last form, and adds what a person would write.
func form(page string, pairs ...string) url.Values {
	v := url.Values{}
	page = page[strings.LastIndex(page, `<form class="form"`):]
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		v.Set(m[1], html.UnescapeString(m[2]))
	}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	h := newHouse(t, nil)
	for _, path := range []string{"/", "/ghi-chu/moi", "/khong-co", "/hong", "/api/thu"} {
		r := h.do("GET", path, nil)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000", "X-Frame-Options": "DENY",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		csp := r.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'self'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
		if id := r.Header.Get("X-Request-ID"); len(id) != 16 || !strings.Contains(h.log.String(), "request="+id) {
			t.Errorf("%s: request id %q is not in the log", path, id)
		}
		if r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: a private page may be stored: %q", path, r.Header.Get("Cache-Control"))
		}
	}
}

func TestTheFirstPageShowsWhatWaits(t *testing.T) {
	h := newHouse(t, nil)
	page := read(h.do("GET", "/", nil))
	last := -1
	for _, want := range []string{"MINE", "NONE", "NEXT", "START", "ROW", "BADGE", "REMARK", "ALL"} {
		at := strings.Index(page, want)
		if at <= last {
			t.Errorf("%s stands at %d, not behind %d", want, at, last)
		}
		last = at
	}
	h.actor = web.Actor{}
	if page = read(h.do("GET", "/", nil)); strings.Contains(page, "MINE") || !strings.Contains(page, "START") {
		t.Error("a visitor sees another's panel, or not their own")
	}
}

func TestTheIconIsFoundWhereBrowsersLook(t *testing.T) {
	h := newHouse(t, nil)
	r := h.do("GET", "/favicon.ico", nil)
	if at := r.Header.Get("Location"); r.StatusCode != http.StatusFound || h.do("GET", at, nil).Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("%d %q", r.StatusCode, at)
	}
}

func TestAnswersAreCountedByRoute(t *testing.T) {
	seen := map[string]int{}
	h := newHouse(t, func(c *web.Config) {
		c.Observe = func(route string, status int, _ time.Duration) { seen[fmt.Sprint(route, " ", status)]++ }
	})
	for _, path := range []string{"/", "/ghi-chu/moi", "/khong-co/1", "/khong-co/2", "/hong"} {
		h.do("GET", path, nil)
	}
	want := map[string]int{"GET /{$} 200": 1, "GET /ghi-chu/moi 200": 1, "none 404": 2, "GET /hong 500": 1}
	if !maps.Equal(seen, want) {
		t.Errorf("%v", seen)
	}
}

func TestThereIsNothingInline(t *testing.T) {
	h := newHouse(t, nil)
	inline := regexp.MustCompile(`(?i)<style|<script(?: [^>]*)?>[^<]|\son[a-z]+=|\sstyle=|javascript:`)
	for _, path := range []string{"/", "/ghi-chu/moi", "/khong-co", "/he-thong-giao-dien"} {
		if found := inline.FindString(read(h.do("GET", path, nil))); found != "" {
			t.Errorf("%s: %q", path, found)
		}
	}
}

func TestAFormIsSentOnce(t *testing.T) {
	h := newHouse(t, nil)
	sent := form(read(h.do("GET", "/ghi-chu/moi", nil)), "title", "Một")
	for range 3 {
		r := h.do("POST", "/ghi-chu/moi", sent)
		if r.StatusCode != 303 || r.Header.Get("Location") != "/ghi-chu/1" {
			t.Fatalf("%d %s %s", r.StatusCode, r.Header.Get("Location"), read(r))
		}
		if c := r.Header.Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-antin-flash=") || !strings.Contains(c, "Secure") || !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") || !strings.Contains(c, "Path=/") {
			t.Error(c)
		}
	}
	if n := h.written.Load(); n != 1 {
		t.Errorf("written %d times", n)
	}
	again := form(read(h.do("GET", "/ghi-chu/moi", nil)), "title", "Một")
	if r := h.do("POST", "/ghi-chu/moi", again); r.Header.Get("Location") != "/ghi-chu/2" {
		t.Error("a new form is taken for the old one")
	}
	for _, id := range []string{"", "short", strings.Repeat("x", 65)} {
		sent.Set("_id", id)
		if r := h.do("POST", "/ghi-chu/moi", sent); r.StatusCode != 422 || h.written.Load() != 2 {
			t.Errorf("id %q: %d", id, r.StatusCode)
		}
	}
}

// TestTwoPressesAtOnce has the browser give up the first request, as browsers do when a button is pressed again.
func TestTwoPressesAtOnce(t *testing.T) {
	for _, gone := range []bool{false, true} {
		h := newHouse(t, nil)
		h.slow = make(chan struct{})
		sent := form(read(h.do("GET", "/ghi-chu/moi", nil)), "title", "Một")
		ctx, giveUp := context.WithCancel(context.Background())
		var where sync.Map
		var wait sync.WaitGroup
		for i := range 4 {
			wait.Go(func() {
				r := h.do("POST", "/ghi-chu/moi", sent, func(r *http.Request) {
					if i == 0 {
						*r = *r.WithContext(ctx)
					}
				})
				where.Store(i, r.Header.Get("Location"))
			})
			time.Sleep(30 * time.Millisecond)
		}
		if gone {
			giveUp()
		}
		close(h.slow)
		wait.Wait()
		giveUp()
		for i := range 4 {
			if got, _ := where.Load(i); got != "/ghi-chu/1" && (i > 0 || !gone) {
				t.Errorf("gone %v, press %d: led to %q", gone, i, got)
			}
		}
		if h.written.Load() != 1 {
			t.Errorf("gone %v: written %d times", gone, h.written.Load())
		}
	}
}

func TestWhatIsWrongStandsBesideTheField(t *testing.T) {
	h := newHouse(t, nil)
	sent := form(read(h.do("GET", "/ghi-chu/moi", nil)), "title", "  ", "due", "30/02/2026", "copies", "x", "kind", "k9", "to", "x", "to", "z", "text", "giữ\r\nlại", "~pin", "123456")
	r := h.do("POST", "/ghi-chu/moi", sent)
	page := read(r)
	if r.StatusCode != 422 || h.written.Load() != 0 {
		t.Fatalf("%d", r.StatusCode)
	}
	for _, want := range []string{
		`<title>Lỗi: `, `<a href="#f-title">Tiêu đề: Mục này bắt buộc. Ghi hoặc chọn ở đây.</a>`, `id="f-title-error"`, `aria-describedby="f-title-hint f-title-error" aria-invalid="true"`,
		`<a href="#f-due">`, `value="30/02/2026"`, `<a href="#f-copies">`, `<a href="#f-kind">`, `<a href="#f-to">`, "\ngiữ\nlại</textarea>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(page, "123456") {
		t.Error("a secret is shown again")
	}
	// What comes back is sent again under the page's new id.
	r = h.do("POST", "/ghi-chu/moi", form(page, "title", "TAKEN"))
	if page = read(r); r.StatusCode != 422 || !strings.Contains(page, "Đã có TAKEN. Đặt tên khác.") {
		t.Fatalf("%d: a service's failure is not in the form", r.StatusCode)
	}
	r = h.do("POST", "/ghi-chu/moi", form(page, "title", " Hoà\u0300\u202e  b ", "due", "2026-12-31", "copies", "1.200", "kind", "k2", "to", "y", "agreed", "1", "~pin", " 12 "))
	want := note{Title: "Hoà\u0300 b", Due: time.Date(2026, 12, 31, 0, 0, 0, 0, clock.Vietnam), Copies: 1200, Kind: "k2", To: []string{"y"}, Agreed: true, PIN: " 12 "}
	if r.StatusCode != 303 || fmt.Sprintf("%+v", h.got) != fmt.Sprintf("%+v", want) {
		t.Errorf("%d %+v", r.StatusCode, h.got)
	}
	page = read(h.do("GET", "/ghi-chu/moi", nil))
	if r = h.do("POST", "/ghi-chu/moi", form(page, "title", strings.Repeat("ễ", 21))); !strings.Contains(read(r), "Dài 21 ký tự, tối đa 20.") {
		t.Error("the limit is not said")
	}
}

// TestWritingOutlivesTheSession goes the whole way without JavaScript: sent after the session ended, signed in, shown again, sent.
func TestWritingOutlivesTheSession(t *testing.T) {
	h := newHouse(t, nil)
	sent := form(read(h.do("GET", "/ghi-chu/moi", nil)), "title", "Một", "text", "dòng <1>\ndòng 2", "to", "x", "to", "y", "~pin", "123456")
	r := h.do("POST", "/ghi-chu/moi", sent, visitor)
	over := read(r)
	if r.StatusCode != 401 || !strings.Contains(over, `action="/dang-nhap"`) {
		t.Fatalf("%d %s", r.StatusCode, over)
	}
	m := regexp.MustCompile(`name="_kept" value="([^"]+)"`).FindStringSubmatch(over)
	if m == nil {
		t.Fatal("nothing is kept")
	}
	r = h.do("POST", "/dang-nhap", url.Values{"_kept": {m[1]}, "_refill": {"1"}}, visitor)
	signIn := read(r)
	if r.StatusCode != 200 || !strings.Contains(signIn, "SIGN IN") || strings.Contains(signIn, "form-wrong") {
		t.Fatalf("%d %s", r.StatusCode, signIn)
	}
	r = h.do("POST", "/dang-nhap", form(signIn, "title", "nguyen"), visitor)
	back := read(r)
	if r.StatusCode != 200 || !strings.Contains(r.Header.Get("Set-Cookie"), "__Host-antin-session=secret") || !strings.Contains(back, `action="/ghi-chu/moi"`) {
		t.Fatalf("%d %s", r.StatusCode, back)
	}
	if strings.Contains(back, "123456") || strings.Contains(back, sent.Get("_id")) {
		t.Error("a secret, or the old id, went along")
	}
	again := url.Values{"_refill": {"1"}}
	for _, m := range regexp.MustCompile(`(?s)<textarea name="([^"]+)" hidden>\n(.*?)</textarea>`).FindAllStringSubmatch(back, -1) {
		again.Add(m[1], html.UnescapeString(m[2]))
	}
	r = h.do("POST", "/ghi-chu/moi", again)
	page := read(r)
	if r.StatusCode != 200 || h.written.Load() != 0 {
		t.Fatalf("%d, written %d", r.StatusCode, h.written.Load())
	}
	for _, want := range []string{`value="Một"`, "dòng &lt;1&gt;\ndòng 2</textarea>", `value="x" checked`, `value="y" checked`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in the form", want)
		}
	}
	if r = h.do("POST", "/ghi-chu/moi", form(page, "title", "Một")); r.StatusCode != 303 {
		t.Errorf("%d", r.StatusCode)
	}
	if r = h.do("POST", "/dang-nhap", form(signIn, "_kept", "forged"), visitor); r.StatusCode >= 500 {
		t.Errorf("%d", r.StatusCode)
	}
}

func TestVisitorsAreAskedToSignIn(t *testing.T) {
	h := newHouse(t, nil)
	r := h.do("GET", "/ghi-chu/moi?x=1", nil, visitor)
	if r.StatusCode != 303 || r.Header.Get("Location") != "/dang-nhap?ve=%2Fghi-chu%2Fmoi%3Fx%3D1" {
		t.Errorf("%d %s", r.StatusCode, r.Header.Get("Location"))
	}
	if r = h.do("GET", "/api/thu", nil, visitor); r.StatusCode != 401 || r.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d", r.StatusCode)
	}
	for _, where := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", "///evil.example", "/\t/evil.example"} {
		page := read(h.do("POST", "/dang-nhap", url.Values{"_refill": {"1"}}, visitor))
		r := h.do("POST", "/dang-nhap?ve="+url.QueryEscape(where), form(page), visitor)
		if r.StatusCode != 303 || r.Header.Get("Location") != "/" {
			t.Errorf("%q leads to %q", where, r.Header.Get("Location"))
		}
	}
	if r = h.do("GET", "/", nil, func(r *http.Request) { r.Header.Set("Cookie", "__Host-antin-session=broken") }); r.StatusCode != 500 {
		t.Errorf("a store that fails signs nobody in, and says so: %d", r.StatusCode)
	}
}

func TestFailuresSayWhatAndNext(t *testing.T) {
	h := newHouse(t, nil)
	r := h.do("GET", "/khong-co", nil, func(r *http.Request) { r.Header.Set("Referer", "https://antin.example/ghi-chu/moi?a=b") })
	page := read(r)
	for _, want := range []string{"Không có trang này", "về trang đầu", "web.no_page", r.Header.Get("X-Request-ID"), `href="/ghi-chu/moi?a=b"`} {
		if r.StatusCode != 404 || !strings.Contains(page, want) {
			t.Errorf("%d: no %q", r.StatusCode, want)
		}
	}
	r = h.do("GET", "/khong-co", nil, func(r *http.Request) { r.Header.Set("Referer", "https://evil.example/x") })
	if page = read(r); strings.Contains(page, "evil") || strings.Contains(page, `href="/x"`) {
		t.Error("another site's address is on the page")
	}
	r = h.do("GET", "/hong", nil)
	if page = read(r); r.StatusCode != 500 || strings.Contains(page, "boom") || !strings.Contains(page, r.Header.Get("X-Request-ID")) || !strings.Contains(h.log.String(), "boom") {
		t.Errorf("%d", r.StatusCode)
	}
	var p web.Problem
	r = h.do("GET", "/api/thu", nil)
	if err := json.Unmarshal([]byte(read(r)), &p); err != nil {
		t.Fatal(err)
	}
	want := web.Problem{
		Type: "https://antin.example/ma-loi/note.taken", Title: "Đã có X.", Status: 422, Detail: "Đặt tên khác.", Code: "note.taken", ID: r.Header.Get("X-Request-ID"),
		Errors: []web.ProblemField{{"title", "field.required", "Mục này bắt buộc. Ghi hoặc chọn ở đây."}},
	}
	if fmt.Sprint(p) != fmt.Sprint(want) || r.StatusCode != 422 {
		t.Errorf("%+v", p)
	}
	if r = h.do("GET", "/ma-loi/note.taken", nil, visitor); r.StatusCode != 200 || !strings.Contains(read(r), "Đặt tên khác.") {
		t.Errorf("a problem's type leads to %d", r.StatusCode)
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	h := newHouse(t, nil)
	sent := form(read(h.do("GET", "/ghi-chu/moi", nil)), "title", "Một")
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		r := h.do("POST", "/ghi-chu/moi", sent, func(r *http.Request) { r.Header.Set(name, value) })
		if r.StatusCode != 403 || !strings.Contains(read(r), "web.cross_origin") || h.written.Load() != 0 {
			t.Errorf("%s: %d", name, r.StatusCode)
		}
	}
	r := h.do("POST", "/ghi-chu/moi", sent, func(r *http.Request) {
		r.Header.Set("Origin", "https://antin.example")
		r.Host = "10.0.0.7:8080" // behind a proxy that does not keep the name
	})
	if r.StatusCode != 303 {
		t.Errorf("our own origin: %d", r.StatusCode)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	h := newHouse(t, nil)
	if r := h.do("POST", "/ghi-chu/moi", url.Values{"title": {strings.Repeat("x", 11_000)}}); r.StatusCode != 413 || !strings.Contains(read(r), "10 kB") {
		t.Errorf("%d", r.StatusCode)
	}
	send := func(title, name, content string) *http.Response {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for k, v := range form(read(h.do("GET", "/tep", nil)), "title", title) {
			w.WriteField(k, v[0])
		}
		f, _ := w.CreateFormFile("file", name)
		io.WriteString(f, content)
		w.Close()
		return h.do("POST", "/tep", nil, func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(&b), int64(b.Len())
			r.Header.Set("Content-Type", w.FormDataContentType())
		})
	}
	if r := send("Một", `C:\thư mục\Tờ trình.pdf`, "%PDF-1.7 "+strings.Repeat("x", 50_000)); r.StatusCode != 303 || h.upload != "Tờ trình.pdf application/pdf 50009" {
		t.Errorf("%d %q", r.StatusCode, h.upload)
	}
	h.upload = ""
	if r := send("Một", "a.pdf", strings.Repeat("x", 110_000)); r.StatusCode != 422 || !strings.Contains(read(r), "98 kB") || h.upload != "" {
		t.Errorf("a file above the limit: %d", r.StatusCode)
	}
	if r := send("Một", "", ""); r.StatusCode != 422 || !strings.Contains(read(r), "Chưa có tệp.") {
		t.Errorf("no file: %d", r.StatusCode)
	}
	if r := send("Một", "a.pdf", ""); r.StatusCode != 422 || h.upload != "" {
		t.Errorf("an empty file: %d", r.StatusCode)
	}
	if r := send(strings.Repeat("x", 20_000), "a.pdf", "x"); r.StatusCode != 413 {
		t.Errorf("a field above the limit of a body: %d", r.StatusCode)
	}
}

func TestClientsAreBelievedThroughNamedProxiesOnly(t *testing.T) {
	h := newHouse(t, func(c *web.Config) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} })
	for _, x := range []struct{ peer, forwarded, want string }{
		{"203.0.113.9:1", "", "203.0.113.9"},
		{"203.0.113.9:1", "198.51.100.1", "203.0.113.9"},
		{"10.1.1.1:1", "198.51.100.1", "198.51.100.1"},
		{"10.1.1.1:1", "1.1.1.1, 198.51.100.1, 10.2.2.2", "198.51.100.1"},
		{"10.1.1.1:1", "1.1.1.1, nonsense", "10.1.1.1"},
		{"[::ffff:10.1.1.1]:1", "2001:db8::1", "2001:db8::1"},
	} {
		h.do("GET", "/", nil, func(r *http.Request) {
			r.RemoteAddr = x.peer
			if x.forwarded != "" {
				r.Header.Set("X-Forwarded-For", x.forwarded)
			}
		})
		if h.client.String() != x.want {
			t.Errorf("%+v: %s", x, h.client)
		}
	}
}

func TestTheAddressIsHTTPSOrThisMachine(t *testing.T) {
	texts := must(i18n.New(web.Texts()))
	for address, ok := range map[string]bool{"https://antin.example": true, "http://localhost:8080": true, "http://127.0.0.1:80": true, "http://[::1]": true, "http://antin.example": false, "ftp://localhost": false, "": false} {
		_, err := web.New(web.Config{Public: must(url.Parse(address)), Texts: texts})
		if (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	h := newHouse(t, func(c *web.Config) { c.Public = must(url.Parse("http://localhost:8080")) })
	r := h.do("POST", "/ngon-ngu", url.Values{"lang": {"en"}, "back": {"/ghi-chu/moi"}})
	if c := r.Header.Get("Set-Cookie"); !strings.HasPrefix(c, "antin-lang=en;") || strings.Contains(c, "Secure") || r.Header.Get("Strict-Transport-Security") != "" || r.Header.Get("Location") != "/ghi-chu/moi" {
		t.Errorf("%s, to %s", c, r.Header.Get("Location"))
	}
}

func TestDownloadsNeverRunHere(t *testing.T) {
	r := newHouse(t, nil).do("GET", "/tai", nil)
	if d := r.Header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment;") || strings.Contains(d, "..") || r.Header.Get("Cache-Control") != "no-store" || read(r) != "<b>x" {
		t.Error(d)
	}
	for in, want := range map[string]string{
		"../../etc/passwd": "passwd", `C:\a\Tờ trình.docx`: "Tờ trình.docx", "a\x00\r\n\u202eb:c?.pdf": "a b_c_.pdf", "...": "",
		strings.Repeat("ễ", 200) + ".pdf": strings.Repeat("ễ", 146) + ".pdf",
	} {
		if got := web.FileName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestTheActingAgencyIsSeenAndHeld(t *testing.T) {
	h := newHouse(t, nil)
	page := read(h.do("GET", "/ghi-chu/moi", nil))
	if !strings.Contains(page, "<strong>UBND xã A</strong>") || !strings.Contains(page, `value="b"`) || !strings.Contains(page, "NOTES") || strings.Contains(page, "HIDDEN") || !strings.Contains(page, `href="/ghi-chu" aria-current="page"`) {
		t.Error("the shell lacks the agency, its chooser or the menu")
	}
	if r := h.do("POST", "/co-quan", url.Values{"agency": {"c"}}); r.StatusCode != 404 || h.chosen != "" {
		t.Errorf("a stranger's agency: %d", r.StatusCode)
	}
	if r := h.do("POST", "/co-quan", url.Values{"agency": {"b"}}); r.StatusCode != 303 || h.chosen != "b" {
		t.Errorf("%d %q", r.StatusCode, h.chosen)
	}
	h.actor.Agency = h.actor.Agencies[1] // changed in another tab
	if r := h.do("POST", "/ghi-chu/moi", form(page, "title", "Một")); r.StatusCode != 409 || h.written.Load() != 0 || !strings.Contains(read(r), "UBND xã B") {
		t.Errorf("a form of the other agency: %d", r.StatusCode)
	}
}

func TestWhatWasSaidIsSaidOnce(t *testing.T) {
	h := newHouse(t, nil)
	r := h.do("POST", "/ghi-chu/moi", form(read(h.do("GET", "/ghi-chu/moi", nil)), "title", "Một"))
	flash := r.Cookies()[0]
	r = h.do("GET", "/", nil, func(r *http.Request) { r.AddCookie(flash) })
	if page := read(r); !strings.Contains(page, `role="status"`) || !strings.Contains(page, "Đã ghi 1.") || !strings.Contains(r.Header.Get("Set-Cookie"), "Max-Age=0") {
		t.Error("not said, or not taken away")
	}
	for _, forged := range []string{"x", "WyJub3RlLmVsc2UiXQ", strings.Repeat("A", 2000)} { // ["note.else"]
		r = h.do("GET", "/", nil, func(r *http.Request) { r.AddCookie(&http.Cookie{Name: flash.Name, Value: forged}) })
		if strings.Contains(read(r), `class="toast"`) {
			t.Errorf("%q is said", forged)
		}
	}
}

func TestAssetsAreKeptForGood(t *testing.T) {
	h := newHouse(t, nil)
	page := read(h.do("GET", "/", nil, visitor))
	m := regexp.MustCompile(`/tai-nguyen/antin\.[0-9a-f]{16}\.css`).FindString(page)
	r := h.do("GET", m, nil, visitor, func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip, br") })
	if r.StatusCode != 200 || r.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || r.Header.Get("Content-Encoding") != "gzip" || r.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%s: %d %v", m, r.StatusCode, r.Header)
	}
	z := must(gzip.NewReader(r.Body))
	if b := must(io.ReadAll(z)); !bytes.Contains(b, []byte("--paper")) {
		t.Error("not the style")
	}
	if r = h.do("GET", "/tai-nguyen/antin.0000000000000000.css", nil); r.StatusCode != 404 || strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%d", r.StatusCode)
	}
}

// TestTheFirstPageIsSmall counts what a browser fetches for a first page: headers, page, style, scripts, icon, all packed.
func TestTheFirstPageIsSmall(t *testing.T) {
	h := newHouse(t, func(c *web.Config) { c.Public = must(url.Parse("http://localhost")) })
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.server.Serve(ctx, l) }()
	fetch := func(path string) (string, int) {
		c := must(net.Dial("tcp", l.Addr().String()))
		defer c.Close()
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n", path)
		raw := must(io.ReadAll(c))
		r := must(http.ReadResponse(newReader(raw), nil))
		body := must(io.ReadAll(r.Body))
		if r.Header.Get("Content-Encoding") == "gzip" {
			body = must(io.ReadAll(must(gzip.NewReader(bytes.NewReader(body)))))
		}
		return string(body), len(raw)
	}
	for path, limit := range map[string]int{"/": 60_000, "/he-thong-giao-dien": 60_000} {
		page, total := fetch(path)
		for _, m := range regexp.MustCompile(`(?:src|href)="(/tai-nguyen/[^"]+)"`).FindAllStringSubmatch(page, -1) {
			_, n := fetch(m[1])
			total += n
		}
		t.Logf("%s: %d bytes", path, total)
		if total > limit || total < 5_000 {
			t.Errorf("%s: %d bytes on the wire", path, total)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestTheSpecimenWorks(t *testing.T) {
	h := newHouse(t, nil)
	for _, lang := range []string{"vi", "en"} {
		r := h.do("GET", "/he-thong-giao-dien", nil, func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "__Host-antin-lang", Value: lang}) })
		page := read(r)
		if r.StatusCode != 200 || !strings.Contains(page, `<html lang="`+lang+`">`) || strings.Contains(page, ">web.") || strings.Contains(page, "fault.") {
			t.Errorf("%s: %d", lang, r.StatusCode)
		}
		ids := map[string]bool{}
		for _, m := range regexp.MustCompile(`\sid="([^"]+)"`).FindAllStringSubmatch(page, -1) {
			if ids[m[1]] {
				t.Errorf("id %s stands twice", m[1])
			}
			ids[m[1]] = true
		}
		for _, m := range regexp.MustCompile(`(?:for|aria-describedby|aria-labelledby)="([^"]+)"|href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
			for id := range strings.FieldsSeq(m[1] + m[2]) {
				if !ids[id] {
					t.Errorf("nothing has the id %s", id)
				}
			}
		}
	}
}

// TestTheSpecimenIsDrawnAsItWas holds every part in all its states to a file that is read by eye when it changes; ANTIN_UPDATE=1 writes it.
func TestTheSpecimenIsDrawnAsItWas(t *testing.T) {
	h := newHouse(t, func(c *web.Config) { c.Random = zeros{} })
	page := regexp.MustCompile(`\.[0-9a-f]{16}\.`).ReplaceAllString(read(h.do("GET", "/he-thong-giao-dien", nil)), ".HASH.")
	golden := filepath.Join("testdata", "specimen.html")
	if os.Getenv("ANTIN_UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := strings.Split(string(must(os.ReadFile(golden))), "\n")
	for i, line := range strings.Split(page, "\n") {
		if i >= len(want) || line != want[i] {
			t.Fatalf("line %d is\n%s\nand was\n%s", i+1, line, want[min(i, len(want)-1)])
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// FuzzSent sends whatever somebody may send in the places that are read back: what is kept of a form, what was said, the body itself.
func FuzzSent(f *testing.F) {
	f.Add("eyJhY3Rpb24iOiIvIiwidmFsdWVzIjp7ImEiOlsiYiJdfX0", "WyJub3RlLndyaXR0ZW4iLCIxIl0", "title=x&due=31/12/2026", "application/x-www-form-urlencoded")
	f.Add("x", "x", "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b")
	h := newHouse(&testing.T{}, func(c *web.Config) { c.Log = slog.New(slog.DiscardHandler) })
	f.Fuzz(func(t *testing.T, kept, flash, body, kind string) {
		for _, r := range []*http.Response{
			h.do("POST", "/dang-nhap", url.Values{"_kept": {kept}, "_id": {"0123456789abcdef"}}, visitor),
			h.do("GET", "/", nil, func(r *http.Request) { r.Header.Add("Cookie", "__Host-antin-flash="+flash) }),
			h.do("POST", "/tep", nil, func(r *http.Request) {
				r.Body = io.NopCloser(strings.NewReader(body))
				r.Header.Set("Content-Type", kind)
			}),
		} {
			if r.StatusCode >= 500 {
				t.Errorf("%d: %s", r.StatusCode, read(r))
			}
		}
	})
}

func TestStoppingLetsWatchersGo(t *testing.T) {
	h := newHouse(t, func(c *web.Config) { c.Public, c.Watchers = must(url.Parse("http://localhost")), 1 })
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.server.Serve(ctx, l) }()
	client := &http.Client{Jar: must(cookiejar.New(nil))}
	ask := func(accept string) *http.Response {
		r := must(http.NewRequest("GET", "http://"+l.Addr().String()+"/he-thong-giao-dien/tien-do", nil))
		r.Header.Set("Accept", accept)
		return must(client.Do(r))
	}
	r := ask("text/event-stream")
	b := make([]byte, 400)
	n := must(r.Body.Read(b))
	if r.Header.Get("Content-Type") != "text/event-stream" || !strings.HasPrefix(string(b[:n]), `data: {"percent":`) || !strings.HasSuffix(string(b[:n]), "\n\n") {
		t.Errorf("%v %q", r.Header, b[:n])
	}
	if r := ask("text/event-stream"); r.StatusCode != 503 {
		t.Errorf("a watcher above the limit: %d", r.StatusCode)
	}
	if r := ask("application/json"); r.StatusCode != 200 || !strings.Contains(read(r), `"state":"running"`) {
		t.Errorf("without events: %d", r.StatusCode)
	}
	began := time.Now()
	stop()
	if err := <-done; err != nil || time.Since(began) > 5*time.Second {
		t.Errorf("stopped after %v: %v", time.Since(began), err)
	}
	io.Copy(io.Discard, r.Body)
}

// TestProgressNeedsNoScript has the page say what is known, and ask again by itself only where no script does.
func TestProgressNeedsNoScript(t *testing.T) {
	h := newHouse(t, nil)
	h.progress = web.Progress{State: "running", Done: 3, Total: 4, Said: web.Plain("AT 3")}
	page := read(h.do("GET", "/viec", nil))
	for _, want := range []string{`<noscript><meta http-equiv="refresh" content="5"></noscript>`, `data-progress="/viec/tien-do"`, `max="100" value="75"`, "AT 3"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	h.progress.Total = 0
	if page = read(h.do("GET", "/viec", nil)); strings.Contains(page, `value="`+"0") || !strings.Contains(page, "<progress") {
		t.Error("what nobody knows is shown as a number")
	}
	h.progress = web.Progress{State: "done", Next: "/"}
	if page = read(h.do("GET", "/viec", nil)); strings.Contains(page, "data-progress") || !strings.Contains(page, "Xong") {
		t.Error("what is done is still followed")
	}
	r := h.do("GET", "/viec/tien-do", nil, func(r *http.Request) { r.Header.Set("Accept", "text/event-stream") })
	if got := read(r); got != "data: {\"percent\":0,\"known\":false,\"state\":\"done\",\"text\":\"\",\"next\":\"/\"}\n\n" {
		t.Errorf("%q", got)
	}
}

func TestSigningOutLeavesNothing(t *testing.T) {
	r := newHouse(t, nil).do("POST", "/dang-xuat", url.Values{})
	if c := r.Header.Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-antin-session=;") || !strings.Contains(c, "Max-Age=0") || r.Header.Get("Clear-Site-Data") != `"storage"` {
		t.Error(c)
	}
}

func TestLogsHoldNoSecret(t *testing.T) {
	h := newHouse(t, nil)
	h.do("GET", "/ghi-chu/moi?token=TOPSECRET", nil)
	h.do("POST", "/ghi-chu/moi", url.Values{"title": {"TOPSECRET"}, "_id": {"TOPSECRET"}})
	if log := h.log.String(); strings.Contains(log, "TOPSECRET") || strings.Contains(log, "session") || !strings.Contains(log, "GET /ghi-chu/moi") || !strings.Contains(log, "actor=usr_1") {
		t.Error(log)
	}
}

func newReader(b []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(b)) }
