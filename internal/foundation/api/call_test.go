package api_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/api/apitest"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/web"
)

// everybody is signed in.
type everybody struct{}

func (everybody) Actor(_ context.Context, secret string) (web.Actor, error) {
	return web.Actor{ID: secret, Name: secret}, nil
}
func (everybody) Choose(context.Context, string, string) error { return nil }

// before is the error of a command that was done before.
type before struct{}

func (before) Error() string { return "before" }
func (before) TakenBefore()  {}

type common struct {
	Name string `json:"name"`
}

type order struct {
	common

	Day   api.Date  `json:"day,omitzero"`
	At    time.Time `json:"at,omitzero"`
	Of    string    `id:"agy,unt"        json:"of,omitempty"`
	Size  string    `enum:"small,large"  json:"size,omitempty"`
	Parts []string  `id:"prt"            json:"parts,omitempty"`
}

type ordered struct {
	order

	Claimed bool `json:"claimed"`
}

type paper struct {
	Title string      `json:"title"`
	To    []string    `json:"to"`
	Day   api.Date    `json:"day,omitzero"`
	File  *web.Upload `json:"file"`
}

type taken struct {
	Title string   `json:"title"`
	To    []string `json:"to"`
	Name  string   `json:"name"`
	Size  int64    `json:"size"`
}

type when struct {
	On    api.Date  `query:"on"`
	Known time.Time `query:"known"`
	All   bool      `query:"all"`
}

type moment struct {
	On    *api.Date  `json:"on"`
	Known *time.Time `json:"known"`
	All   bool       `json:"all"`
}

// shop has an operation of every kind; done counts what was done under each key.
func shop(t *testing.T, work func(*web.Request) error) *apitest.Caller {
	t.Helper()
	sample := fstest.MapFS{"vi.txt": {Data: []byte("shop.act = Làm\n")}, "en.txt": {Data: []byte("shop.act = Act\n")}}
	texts, err := i18n.New(web.Texts(), api.Files, sample)
	if err != nil {
		t.Fatal(err)
	}
	operations := []*api.Operation{
		api.Post("/api/orders", "order", "shop.act", func(r *web.Request, in struct {
			Body order `body:"json"`
		}) (ordered, error) {
			return ordered{in.Body, r.Claimed() != ""}, work(r)
		}).Calls("shop.Order"),
		api.Post("/api/papers", "takePaper", "shop.act", func(_ *web.Request, in struct {
			Body paper `body:"form"`
		}) (taken, error) {
			n, err := io.Copy(io.Discard, in.Body.File)
			return taken{in.Body.Title, in.Body.To, in.Body.File.Name, n}, err
		}),
		api.Get("/api/papers/{id}/content", "readPaper", "shop.act", func(_ *web.Request, in struct {
			ID string `id:"ppr" path:"id"`
		}) (*web.Download, error) {
			return &web.Download{Name: in.ID + ".pdf", Type: "application/pdf", Size: 4, Content: strings.NewReader("%PDF")}, nil
		}).Sends("application/pdf"),
		api.Get("/api/moments", "getMoment", "shop.act", func(_ *web.Request, in when) (moment, error) {
			return moment{api.Day(in.On.Time()), api.Time(in.Known, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)), in.All}, nil
		}),
		api.Post("/api/bells", "ring", "shop.act", func(r *web.Request, _ struct{}) (api.Nothing, error) { return api.Nothing{}, work(r) }),
	}
	s, err := web.New(web.Config{
		Public: &url.URL{Scheme: "https", Host: "antin.example"}, Texts: texts, Log: slog.New(slog.DiscardHandler), Sessions: everybody{}, BodyLimit: 2000, UploadLimit: 5000,
	}, api.Module(operations...))
	if err != nil {
		t.Fatal(err)
	}
	return apitest.NewCaller(t, s).As("a")
}

func nothing(*web.Request) error { return nil }

func TestBodiesAreReadAsTheyAreDescribed(t *testing.T) {
	c := shop(t, nothing)
	body := map[string]any{"name": "một", "day": "2026-03-02", "at": "2026-03-02T08:00:00+07:00", "of": "agy_0000000000002", "size": "small", "parts": []string{"prt_0000000000002"}}
	a := c.Post("/api/orders", body)
	if want := `{"name":"một","day":"2026-03-02","at":"2026-03-02T08:00:00+07:00","of":"agy_0000000000002","size":"small","parts":["prt_0000000000002"],"claimed":false}`; string(a.Body) != want {
		t.Errorf("%s", a.Body)
	}
	for name, x := range map[string]struct {
		member string
		value  any
		want   string
	}{
		"no day": {"day", "02/03/2026", "day api.date"}, "no time": {"at", "2026-03-02", "at api.time"}, "no choice": {"size", "huge", "size field.choice"},
		"no list": {"parts", "prt_1", "parts api.type"}, "too much": {"more", 1, "more api.member"},
	} {
		a := c.Post("/api/orders", map[string]any{"name": "một", x.member: x.value})
		a.Refused(name, "422 api.body")
		if got := a.Blamed(); !slices.Equal(got, []string{x.want}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := string(c.Get("/api/moments?on=2026-03-02&known=2026-03-02T08:00:00%2B07:00&all=true").Body); got != `{"on":"2026-03-02","known":"2026-03-02T01:00:00Z","all":true}` {
		t.Error(got)
	}
	if got := string(c.Get("/api/moments?known=9999-12-31T00:00:00Z").Body); got != `{"on":null,"known":null,"all":false}` {
		t.Error(got)
	}
	a = c.Get("/api/moments?on=2026-3-2&known=today&all=1")
	if got := a.Blamed(); a.Code() != "api.value" || !slices.Equal(got, []string{"on api.date", "known api.time", "all field.choice"}) {
		t.Errorf("%s", a.Body)
	}
}

func TestFilesComeAndGo(t *testing.T) {
	c := shop(t, nothing)
	to := url.Values{"title": {"Việc"}, "to": {"agy_1", "agy_2"}}
	var got taken
	if c.PostForm("/api/papers", to, "C:\\qd.pdf", make([]byte, 4000)).Into(&got); got.Title != "Việc" || len(got.To) != 2 || got.Name != "qd.pdf" || got.Size != 4000 {
		t.Errorf("%+v", got)
	}
	c.PostForm("/api/papers", to, "qd.pdf", make([]byte, 5001)).Refused("too large", "413 web.too_large")
	c.PostForm("/api/papers", to, "qd.pdf", []byte{}).Refused("empty", "422 web.empty_file")
	for want, v := range map[string]url.Values{
		"title field.required": {"to": {"x"}}, "to field.required": {"title": {"x"}}, "title api.type": {"title": {"x", "y"}, "to": {"x"}},
		"colour api.member": {"title": {"x"}, "to": {"x"}, "colour": {"red"}}, "day api.date": {"title": {"x"}, "to": {"x"}, "day": {"1/2/2026"}},
	} {
		a := c.PostForm("/api/papers", v, "qd.pdf", []byte("x"))
		if a.Code() != "api.body" || !slices.Equal(a.Blamed(), []string{want}) {
			t.Errorf("%s: %s", want, a.Body)
		}
	}
	a := c.PostForm("/api/papers", to, "", nil)
	if a.Code() != "api.body" || !slices.Equal(a.Blamed(), []string{"file field.file"}) {
		t.Errorf("no file: %s", a.Body)
	}
	c.Post("/api/papers", map[string]any{"title": "x"}).Refused("JSON", "415 api.media")
	a = c.Get("/api/papers/ppr_1/content")
	if string(a.Body) != "%PDF" || a.Header.Get("Content-Disposition") != `attachment; filename=ppr_1.pdf` || a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v %s", a.Header, a.Body)
	}
}

func TestAKeyIsClaimedWhileItsCallRuns(t *testing.T) {
	begun, goOn, times := make(chan struct{}), make(chan struct{}), 0
	c := shop(t, func(r *web.Request) error {
		if r.Claimed() == "" {
			return nil
		}
		if times++; times == 1 {
			close(begun)
			<-goOn
			return nil
		}
		return before{}
	})
	const key = `"8e03978e-40d5-43dd-bc93-6894a57f9324"`
	first := make(chan *apitest.Called)
	go func() { first <- c.Keyed(key).Post("/api/bells", nil) }()
	<-begun
	second := make(chan *apitest.Called)
	go func() { second <- c.Keyed(strings.Trim(key, `"`)).Post("/api/bells", nil) }() // the same key, without its quotes
	select {
	case <-second:
		t.Error("the second did not wait for the first")
	case <-time.After(150 * time.Millisecond):
	}
	close(goOn)
	if a := <-first; a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	(<-second).Refused("again", "409 api.done_before")
	if a := c.Post("/api/bells", nil); a.Status != http.StatusOK {
		t.Errorf("without a key: %d %s", a.Status, a.Body)
	}
	for _, bad := range []string{"short", strings.Repeat("x", 65), strings.Repeat("é", 16), "with a blank in it"} {
		c.Keyed(bad).Post("/api/bells", nil).Refused(bad, "422 api.key")
	}
}

func TestAFailedCallGivesItsKeyBack(t *testing.T) {
	fail := errors.New("no")
	c := shop(t, func(*web.Request) error { return fail }).Keyed("0123456789abcdef")
	c.Post("/api/bells", nil).Refused("a failure", "500 internal")
	if fail = nil; c.Post("/api/bells", nil).Status != http.StatusOK {
		t.Error("a call that failed cannot be sent again")
	}
}

func TestOtherSitesCannotCall(t *testing.T) {
	c := shop(t, nothing)
	c.With("Origin", "https://evil.example").With("Sec-Fetch-Site", "cross-site").Post("/api/bells", nil).Refused("another site", "403 web.cross_origin")
	if w := c.With("Origin", "https://antin.example").With("Sec-Fetch-Site", "same-origin").Post("/api/bells", nil); w.Status != http.StatusOK {
		t.Errorf("our own: %d %s", w.Status, w.Body)
	}
}

func TestListsGoOn(t *testing.T) {
	if n, err := api.Limit(0, 200); n != 51 || err != nil {
		t.Error(n, err)
	}
	if n, err := api.Limit(200, 200); n != 201 || err != nil {
		t.Error(n, err)
	}
	for _, bad := range []int{-1, 201} {
		if _, err := api.Limit(bad, 200); err == nil {
			t.Error(bad, "is a limit")
		}
	}
	place := func(n int) string { return api.Place(int64(n), 7) }
	double := func(n int) int { return 2 * n }
	if l := api.Cut([]int{1, 2, 3}, 3, double, place); !slices.Equal(l.Items, []int{2, 4}) || l.Next != api.Place(2, 7) {
		t.Errorf("%+v", l)
	}
	if l := api.Cut([]int{1, 2}, 3, double, place); !slices.Equal(l.Items, []int{2, 4}) || l.Next != "" {
		t.Errorf("%+v", l)
	}
	key, id, err := api.ReadKeyPlace(api.KeyPlace([]byte{0, '.', 255}, -7))
	if string(key) != "\x00.\xff" || id != -7 || err != nil {
		t.Error(key, id, err)
	}
}

func TestTheDocumentTellsWhatTagsSay(t *testing.T) {
	doc := string(shop(t, nothing).Document().Raw())
	for _, want := range []string{
		`"x-antin-methods":["shop.Order"]`, `"pattern":"^(agy|unt)_[0-9a-hjkmnp-tv-z]{13}$"`, `"enum":["small","large"]`, `"application/pdf":{}`, `"multipart/form-data"`,
		`"parts":{"items":{"pattern":"^(prt)_[0-9a-hjkmnp-tv-z]{13}$","type":"string"},"type":"array"}`, `"name":"__Host-antin-session"`, `"name":"Idempotency-Key"`,
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("no %s in %s", want, doc)
		}
	}
}
