package operate_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/job"
	"github.com/antinvn/antin/internal/foundation/operate"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/foundation/web"
)

type house struct {
	*authtest.House
	server *web.Server
	who    auth.Actor
	ill    error
}

// Actor implements web.Sessions: everybody with the cookie is who.
func (h *house) Actor(context.Context, string) (web.Actor, error) {
	return web.Actor{ID: "acc", Name: "Lò Văn Vận", Identity: h.who}, nil
}
func (h *house) Choose(context.Context, string, string) error { return nil }

func newHouse(t *testing.T, address string) *house {
	t.Helper()
	steps, err := store.Migrations(job.Files)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{House: authtest.New(t, address, steps, operate.Policy)}
	h.who = h.House.Actor(h.Agency(t, 0, false), auth.Operator)
	texts, err := i18n.New(web.Texts(), auth.Files, job.Files, operate.Files)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	s := operate.New(h.DB, h.Auth)
	m, err := operate.NewMetrics(log, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, s.Gauges()...)
	if err != nil {
		t.Fatal(err)
	}
	health := operate.NewHealth(log, s.Check(), operate.Check{Name: "cellar", Run: func(context.Context) error { return h.ill }})
	h.server, err = web.New(web.Config{
		Public: &url.URL{Scheme: "https", Host: "antin.example"}, Texts: texts, Sessions: h, Clock: h.Clock, Log: log, Observe: m.Observe,
	}, operate.Pages(s, health, m))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) do(method, path string, form url.Values, from string) *http.Response {
	r := httptest.NewRequestWithContext(context.Background(), method, "https://antin.example"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = from + ":1"
	r.AddCookie(&http.Cookie{Name: "__Host-antin-session", Value: "secret"})
	w := httptest.NewRecorder()
	h.server.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWhatFailedIsShownAndDoneAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		broken := true
		workers := job.New(h.DB, h.Issuer, slog.New(slog.DiscardHandler), 7, job.Kind{Name: "test.send", Attempts: 1, Work: func(context.Context, *job.Run) error {
			if broken {
				return errors.New("no answer from mail.example")
			}
			return nil
		}})
		put := func(key string) {
			err := h.DB.Do(t.Context(), h.Issuer.System("test", "job"), func(tx *store.Tx) error {
				return job.EnqueueTx(tx, "test.send", key, struct{}{}, time.Time{})
			})
			if err != nil {
				t.Fatal(err)
			}
			if did, err := workers.One(t.Context()); !did || err != nil {
				t.Fatal(did, err)
			}
		}
		if page := text(t, h.do("GET", "/viec-nen", nil, "198.51.100.7")); !strings.Contains(page, "Không có việc nào") {
			t.Errorf("an empty list does not say so: %s", page)
		}
		put("<i>letter 1")
		put("letter 2")
		page := text(t, h.do("GET", "/viec-nen", nil, "198.51.100.7"))
		for _, want := range []string{"no answer from mail.example", "test.send", "&lt;i&gt;letter 1", "letter 2"} {
			if !strings.Contains(page, want) {
				t.Errorf("no %q on the page", want)
			}
		}
		acts := regexp.MustCompile(`action="(/viec-nen/job_\w+/(?:lam-lai|bo))"[\s\S]*?name="([^"]+)" value="([^"]+)"`).FindAllStringSubmatch(page, -1)
		if len(acts) != 4 {
			t.Fatalf("%d acts", len(acts))
		}
		broken = false
		for _, a := range acts[:3] { // the newest again and given up, the other again: the second comes too late
			r := h.do("POST", a[1], url.Values{a[2]: {a[3]}}, "198.51.100.7")
			want := http.StatusSeeOther
			if a[0] == acts[1][0] {
				want = http.StatusConflict
			}
			if r.StatusCode != want {
				t.Errorf("%s: %d: %s", a[1], r.StatusCode, text(t, r))
			}
		}
		for range 2 {
			if did, err := workers.One(t.Context()); !did || err != nil {
				t.Error(did, err)
			}
		}
		if page := text(t, h.do("GET", "/viec-nen?state=done", nil, "198.51.100.7")); strings.Count(page, "<tr>") != 3 { // with the head
			t.Errorf("not both are done: %s", page)
		}
	})
}

func TestOnlyOperatorsSeeAndSteer(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.who = h.House.Actor(h.who.Agency, auth.Clerk, auth.Leader, auth.Auditor)
	for _, r := range []*http.Response{
		h.do("GET", "/viec-nen", nil, "198.51.100.7"), h.do("POST", "/viec-nen/"+store.ID(5).Text("job")+"/bo", url.Values{"_id": {strings.Repeat("a", 26)}}, "198.51.100.7"),
		h.do("POST", "/viec-nen/"+store.ID(5).Text("job")+"/lam-lai", url.Values{"_id": {strings.Repeat("b", 26)}}, "198.51.100.7"),
	} {
		if page := text(t, r); r.StatusCode != http.StatusForbidden || strings.Contains(page, `href="/viec-nen"`) {
			t.Errorf("%d %s", r.StatusCode, page)
		}
	}
}

func TestHealthAndReadiness(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	for _, path := range []string{"/healthz", "/readyz"} {
		if r := h.do("GET", path, nil, "198.51.100.7"); r.StatusCode != 200 || text(t, r) != `{"ok":true}` {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
	h.ill = errors.New("10.0.0.7 does not answer")
	if r := h.do("GET", "/readyz", nil, "198.51.100.7"); r.StatusCode != 503 || text(t, r) != `{"ok":false,"part":"cellar"}` {
		t.Errorf("%d", r.StatusCode)
	}
	if r := h.do("GET", "/healthz", nil, "198.51.100.7"); r.StatusCode != 200 {
		t.Errorf("a living node: %d", r.StatusCode)
	}
}

func TestFiguresAreForTheirNetworks(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.do("GET", "/khong-co", nil, "198.51.100.7")
	if r := h.do("GET", "/metrics", nil, "198.51.100.7"); r.StatusCode != http.StatusNotFound {
		t.Errorf("anybody reads the figures: %d", r.StatusCode)
	}
	page := text(t, h.do("GET", "/metrics", nil, "192.0.2.9"))
	for _, want := range []string{`antin_http_requests_total{route="none",status="404"} 1`, `antin_jobs{state="failed"} 0`, "go_goroutines", `antin_http_request_seconds_count{route="none"} 1`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in:\n%s", want, page)
		}
	}
}
