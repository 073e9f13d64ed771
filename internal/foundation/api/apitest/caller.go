package apitest

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/antinvn/antin/internal/foundation/web"
)

// Caller calls a server's operations as somebody. Every answer that it gets is held to the server's own document when the test ends.
type Caller struct {
	t       testing.TB
	server  http.Handler
	session string
	header  http.Header
	heard   *record
}

// record is what a server said, to be held to its document.
type record struct {
	document *OpenAPI
	mu       sync.Mutex
	answers  []said
}

// said is one answer, with the operation that gave it.
type said struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Status int             `json:"status"`
	Media  string          `json:"media"`
	Body   json.RawMessage `json:"body,omitempty"`
}

// NewCaller is a caller who is not signed in.
func NewCaller(t testing.TB, server http.Handler) *Caller {
	t.Helper()
	c := &Caller{t: t, server: server, heard: &record{document: Document(t, server)}}
	t.Cleanup(func() { c.heard.hold(t) })
	return c
}

// As is the same with a session.
func (c *Caller) As(session string) *Caller {
	as := *c
	as.session = session
	return &as
}

// Keyed is the same with an Idempotency-Key.
func (c *Caller) Keyed(key string) *Caller {
	return c.With("Idempotency-Key", key)
}

// With is the same with one more header.
func (c *Caller) With(name, value string) *Caller {
	with := *c
	if with.header = c.header.Clone(); with.header == nil {
		with.header = http.Header{}
	}
	with.header.Set(name, value)
	return &with
}

// Document is what the server says of itself.
func (c *Caller) Document() *OpenAPI { return c.heard.document }

// Called is an answer.
type Called struct {
	Status int
	Header http.Header
	Body   []byte

	t testing.TB
}

// Code is a problem's code, "" where there is none.
func (a *Called) Code() string { return a.problem().Code }

// Blamed are the fields that a problem blames, each with its code.
func (a *Called) Blamed() (out []string) {
	for _, f := range a.problem().Errors {
		out = append(out, f.Field+" "+f.Code)
	}
	return out
}

func (a *Called) problem() (p web.Problem) {
	if a.Header.Get("Content-Type") != "application/problem+json" {
		return p
	}
	if err := json.Unmarshal(a.Body, &p); err != nil {
		a.t.Fatalf("%v: %s", err, a.Body)
	}
	return p
}

// Into reads an answer that did what was asked.
func (a *Called) Into(v any) {
	a.t.Helper()
	if a.Status != http.StatusOK {
		a.t.Fatalf("%d %s", a.Status, a.Body)
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		a.t.Fatalf("%v: %s", err, a.Body)
	}
}

// Refused holds an answer to a problem: its status and code, as "403 auth.denied".
func (a *Called) Refused(what, want string) {
	a.t.Helper()
	p := a.problem()
	if got := http.StatusText(a.Status); p.Code == "" || want != statusCode(a.Status)+" "+p.Code || p.Title == "" || p.Detail == "" {
		a.t.Errorf("%s: %d (%s) %s, not %s", what, a.Status, got, a.Body, want)
	}
}

func statusCode(n int) string {
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
}

// Get reads.
func (c *Caller) Get(target string) *Called {
	c.t.Helper()
	return c.Send(http.MethodGet, target, "", http.NoBody)
}

// Post acts, with a body in JSON; nil sends none.
func (c *Caller) Post(target string, body any) *Called {
	c.t.Helper()
	if body == nil {
		return c.Send(http.MethodPost, target, "", http.NoBody)
	}
	b, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.Send(http.MethodPost, target, "application/json", bytes.NewReader(b))
}

// PostForm acts, with multipart/form-data: values, and last the file.
func (c *Caller) PostForm(target string, values url.Values, name string, file []byte) *Called {
	c.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for key, all := range values {
		for _, v := range all {
			if err := m.WriteField(key, v); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	if file != nil {
		w, err := m.CreateFormFile("file", name)
		if err == nil {
			_, err = w.Write(file)
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		c.t.Fatal(err)
	}
	return c.Send(http.MethodPost, target, m.FormDataContentType(), &b)
}

// Send sends any request.
func (c *Caller) Send(method, target, kind string, body io.Reader) *Called {
	c.t.Helper()
	r := httptest.NewRequestWithContext(c.t.Context(), method, "https://antin.example"+target, body)
	maps.Copy(r.Header, c.header)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for _, name := range []string{"__Host-antin-session", "antin-session"} {
		if c.session != "" {
			r.AddCookie(&http.Cookie{Name: name, Value: c.session}) //nolint:gosec // it is sent, not set
		}
	}
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	a := &Called{Status: w.Code, Header: w.Result().Header, Body: w.Body.Bytes(), t: c.t}
	c.heard.note(c.t, method, r.URL.Path, a)
	return a
}

// note keeps an answer; what no operation gave is an error of the test.
func (r *record) note(t testing.TB, method, path string, a *Called) {
	t.Helper()
	media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
		return
	}
	template := r.document.template(method, path)
	if template == "" {
		t.Errorf("%s %s is no operation of the document", method, path)
		return
	}
	s := said{Method: strings.ToLower(method), Path: template, Status: a.Status, Media: media}
	if strings.HasSuffix(media, "json") {
		s.Body = a.Body
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers = append(r.answers, s)
}

var variable = regexp.MustCompile(`\\\{\w+\\\}`)

// template is the path of the document that a path is of: where several are, the one that spells out most.
func (d *OpenAPI) template(method, path string) (found string) {
	var paths []string
	for p, operations := range d.Paths {
		if _, ok := operations[strings.ToLower(method)]; ok {
			paths = append(paths, p)
		}
	}
	slices.SortFunc(paths, func(a, b string) int { return strings.Count(a, "{") - strings.Count(b, "{") })
	for _, p := range paths {
		if regexp.MustCompile("^" + variable.ReplaceAllString(regexp.QuoteMeta(p), "[^/]+") + "$").MatchString(path) {
			return p
		}
	}
	return ""
}

// hold has all answers looked at by another's program, in one run.
func (r *record) hold(t testing.TB) {
	t.Helper()
	if len(r.answers) == 0 {
		return
	}
	in, err := json.Marshal(map[string]any{"document": json.RawMessage(r.document.raw), "answers": r.answers})
	if err != nil {
		t.Error(err)
		return
	}
	if why := missing(); why != "" {
		t.Logf("%d answers are not held to the document: %s", len(r.answers), why)
		return
	}
	if out, ok := python(answers, in); !ok {
		t.Errorf("answers are not what is described: %s", out)
	}
}

const answers = `import json, sys
from openapi_schema_validator import OAS31Validator, oas31_format_checker
x = json.load(sys.stdin)
d = x["document"]
bad = 0
for a in x["answers"]:
    responses = d["paths"][a["path"]][a["method"]]["responses"]
    if a["status"] == 200:
        content = responses["200"]["content"]
    else:
        content = d["components"]["responses"]["problem"]["content"]
    where = "%s %s: %d" % (a["method"], a["path"], a["status"])
    if a["media"] not in content:
        bad += 1
        print(where, "is", a["media"], "and not one of", list(content))
        continue
    schema = content[a["media"]].get("schema")
    if schema is None:
        continue
    v = OAS31Validator(dict(schema, components=d["components"]), format_checker=oas31_format_checker)
    for e in v.iter_errors(a["body"]):
        bad += 1
        print(where, e.json_path, e.message[:300])
sys.exit(bad > 0)`
