package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"testing/fstest"

	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/api/apitest"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/web"
)

type asked struct {
	ID    string `path:"id"`
	Kind  string `enum:"a,b"    query:"kind" required:"true"`
	Count int    `query:"count"`
}

type thing struct {
	ID   string     `json:"id"`
	Kind string     `json:"kind"`
	N    int        `json:"n"`
	Day  api.Date   `json:"day"`
	At   *time.Time `json:"at"`
	Tags []string   `json:"tags,omitempty"`
	Of   *thing     `json:"of"`
}

type draft struct {
	Title string `json:"title"`
	Copy  bool   `json:"copy,omitempty"`
}

type made struct {
	Body draft `body:"json"`
}

type sent struct {
	File io.Reader `body:"file"`
}

type length struct {
	N int `json:"n"`
}

func operations() []*api.Operation {
	return []*api.Operation{
		api.Get("/api/things/{id}", "getThing", "thing.get", func(_ *web.Request, in asked) (thing, error) {
			at := time.Date(2026, 3, 1, 17, 0, 0, 0, time.UTC)
			return thing{ID: in.ID, Kind: in.Kind, N: in.Count, Day: api.Date(at), At: &at, Of: &thing{}}, nil
		}).ForAnyone(),
		api.Post("/api/things", "makeThing", "thing.make", func(_ *web.Request, in made) (api.List[thing], error) {
			return api.List[thing]{Items: []thing{{ID: in.Body.Title}}, Next: api.Place(-5, 1<<60)}, nil
		}).ForAnyone(),
		api.Post("/api/lengths", "measure", "thing.measure", func(_ *web.Request, in sent) (length, error) {
			n, err := io.Copy(io.Discard, in.File)
			return length{int(n)}, err
		}).ForAnyone(),
		api.Get("/api/mine", "getMine", "thing.get", func(_ *web.Request, _ struct{}) (length, error) { return length{}, nil }),
	}
}

func server(t *testing.T) http.Handler {
	t.Helper()
	sample := fstest.MapFS{
		"vi.txt": {Data: []byte("thing.get = Xem\nthing.make = Tạo\nthing.measure = Đo\n")}, "en.txt": {Data: []byte("thing.get = Get\nthing.make = Make\nthing.measure = Measure\n")},
	}
	texts, err := i18n.New(web.Texts(), api.Files, sample)
	if err != nil {
		t.Fatal(err)
	}
	s, err := web.New(web.Config{
		Public: &url.URL{Scheme: "https", Host: "antin.example"}, Texts: texts, Log: slog.New(slog.DiscardHandler), BodyLimit: 1000, UploadLimit: 5000,
	}, api.Module(operations()...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ask(t *testing.T, h http.Handler, method, target, kind, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "https://antin.example"+target, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestWhatIsDescribedIsAnswered(t *testing.T) {
	h := server(t)
	doc := apitest.Document(t, h)
	for _, c := range []struct{ method, target, path, kind, body, want string }{
		{"GET", "/api/things/x%2Fy?kind=b&count=7", "/api/things/{id}", "", "", `{"id":"x/y","kind":"b","n":7,"day":"2026-03-02","at":"2026-03-01T17:00:00Z","of":{"id":"","kind":"","n":0,"day":"0001-01-01","at":null,"of":null}}`},
		{"POST", "/api/things", "/api/things", "application/json; charset=utf-8", `{"title":"một"}`, `{"items":[{"id":"một","kind":"","n":0,"day":"0001-01-01","at":null,"of":null}],"next":"` + api.Place(-5, 1<<60) + `"}`},
		{"POST", "/api/lengths", "/api/lengths", "application/pdf", strings.Repeat("x", 4000), `{"n":4000}`},
	} {
		w := ask(t, h, c.method, c.target, c.kind, c.body)
		if w.Code != 200 || w.Body.String() != c.want {
			t.Errorf("%s: %d %s", c.target, w.Code, w.Body)
		}
		apitest.Answer(t, doc, c.method, c.path, w.Body.Bytes())
	}
	if v, id, err := api.ReadPlace(api.Place(-5, 1<<60)); v != -5 || id != 1<<60 || err != nil {
		t.Error(v, id, err)
	}
	for _, bad := range []string{"", "x", "!", "MS4"} {
		if _, _, err := api.ReadPlace(bad); err == nil {
			t.Errorf("%q is a place", bad)
		}
	}
}

func TestWhatIsNotDescribedIsRefused(t *testing.T) {
	h := server(t)
	for name, c := range map[string]struct {
		method, target, kind, body string
		status                     int
		want                       string // the code, and the field that is blamed
	}{
		"another parameter":   {"GET", "/api/things/1?kind=a&x=1", "", "", 422, "api.unknown"},
		"twice":               {"GET", "/api/things/1?kind=a&kind=b", "", "", 422, "api.unknown"},
		"no query":            {"GET", "/api/things/1?kind=a;b", "", "", 422, "api.unknown"},
		"missing":             {"GET", "/api/things/1", "", "", 422, "api.value kind field.required"},
		"no choice":           {"GET", "/api/things/1?kind=c", "", "", 422, "api.value kind field.choice"},
		"no number":           {"GET", "/api/things/1?kind=a&count=1.5", "", "", 422, "api.value count field.number"},
		"another member":      {"POST", "/api/things", "application/json", `{"title":"x","colour":"red"}`, 422, "api.body colour api.member"},
		"another type":        {"POST", "/api/things", "application/json", `{"title":5}`, 422, "api.body title api.type"},
		"a missing member":    {"POST", "/api/things", "application/json", `{"copy":true}`, 422, "api.body title field.required"},
		"nothing for text":    {"POST", "/api/things", "application/json", `{"title":null}`, 422, "api.body title api.type"},
		"another spelling":    {"POST", "/api/things", "application/json", `{"Title":"x"}`, 422, "api.body title field.required Title api.member"},
		"null":                {"POST", "/api/things", "application/json", `null`, 422, "api.body"},
		"a list":              {"POST", "/api/things", "application/json", `[]`, 422, "api.body"},
		"two values":          {"POST", "/api/things", "application/json", `{"title":"x"}{}`, 422, "api.body"},
		"nothing":             {"POST", "/api/things", "application/json", ``, 422, "api.body"},
		"a form":              {"POST", "/api/things", "application/x-www-form-urlencoded", `title=x`, 415, "api.media"},
		"too large":           {"POST", "/api/things", "application/json", `{"title":"` + strings.Repeat("x", 1000) + `"}`, 413, "web.too_large"},
		"too large a file":    {"POST", "/api/lengths", "application/pdf", strings.Repeat("x", 5001), 413, "web.too_large"},
		"nobody is signed in": {"GET", "/api/mine", "", "", 401, "web.sign_in"},
		"another method":      {"DELETE", "/api/things", "", "", 404, "web.no_page"},
	} {
		w := ask(t, h, c.method, c.target, c.kind, c.body)
		var p web.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Errorf("%s: %v: %s", name, err, w.Body)
			continue
		}
		got := p.Code
		for _, f := range p.Errors {
			got += " " + f.Field + " " + f.Code
		}
		if w.Code != c.status || got != c.want || w.Header().Get("Content-Type") != "application/problem+json" || p.Detail == "" || p.Title == "" || p.Status != c.status {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}

func TestTheDocumentIsOfTheSameOperations(t *testing.T) {
	h := server(t)
	first, again := ask(t, h, "GET", api.DocumentPath, "", ""), ask(t, h, "GET", api.DocumentPath, "", "")
	if !bytes.Equal(first.Body.Bytes(), again.Body.Bytes()) || first.Header().Get("Content-Type") != "application/json" {
		t.Error("the document is not always the same")
	}
	doc := apitest.Document(t, h)
	if got := slices.Sorted(maps.Keys(doc.Paths)); !slices.Equal(got, []string{"/api/lengths", "/api/mine", "/api/things", "/api/things/{id}"}) {
		t.Error(got)
	}
	text := first.Body.String()
	for _, want := range []string{`"openapi":"3.1.0"`, `"summary":"Tạo"`, `"additionalProperties":false`, `"operationId":"getThing"`, `"security":[]`, `"format":"date-time"`, `"enum":["a","b"]`, "api_test_thing"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	apitest.Validate(t, first.Body.Bytes())
	var spoiled map[string]any
	if err := json.Unmarshal(first.Body.Bytes(), &spoiled); err != nil {
		t.Fatal(err)
	}
	delete(spoiled, "info")
	b, err := json.Marshal(spoiled)
	if err != nil {
		t.Fatal(err)
	}
	if apitest.Valid(t, b) {
		t.Error("a document without info is valid")
	}
}
