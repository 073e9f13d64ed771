package check_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/api/apitest"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/foundation/web"
	"github.com/antinvn/antin/internal/records/check"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/verify"
)

const vectors = "../../../testdata/vectors"

// vector is a file of the engine's with what its command says of it.
type vector struct {
	At     time.Time `json:"at"`
	Error  string    `json:"error"`
	Report struct {
		Document struct {
			Indication string `json:"indication"`
			Sentence   string `json:"sentence"`
		} `json:"document"`
		Signatures []struct {
			ID string `json:"id"`
		} `json:"signatures"`
	} `json:"report"`
}

func read(t *testing.T, name string) ([]byte, vector) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(vectors, name))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(vectors, strings.TrimSuffix(name, filepath.Ext(name))+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return content, v
}

func anchors(t *testing.T) *trust.Store {
	t.Helper()
	s, err := trust.Load(filepath.Join(vectors, "trust"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// trained is the same trust with every anchor one for training.
func trained(t *testing.T) *trust.Store {
	t.Helper()
	s := anchors(t)
	var all []certpath.Anchor
	for _, a := range s.Anchors(time.Time{}) {
		a.Training = true
		all = append(all, a)
	}
	return trust.NewDated(all, s.Pool()...)
}

// counter is a house with its page for checking.
type counter struct {
	*check.Service
	server *web.Server
	clock  *clock.Fake
	folder string
	lang   string // of the reader
}

func open(t *testing.T, c check.Config) *counter {
	t.Helper()
	h := authtest.New(t, storetest.SQLite(t), nil, check.Policy)
	texts, err := i18n.New(web.Texts(), auth.Files, store.Texts, api.Files, check.Files, sandbox.Files)
	if err != nil {
		t.Fatal(err)
	}
	c.Auth, c.Clock, c.Offline = h.Auth, h.Clock, true
	if c.Key == nil {
		c.Key = bytes.Repeat([]byte{7}, 32)
	}
	if c.Trust == nil {
		c.Trust = anchors(t)
	}
	c.Folder = t.TempDir()
	s, err := check.New(c)
	if err != nil {
		t.Fatal(err)
	}
	server, err := web.New(web.Config{
		Public: &url.URL{Scheme: "https", Host: "antin.example"}, Texts: texts, Clock: h.Clock, UploadLimit: 4 << 20, Log: slog.New(slog.DiscardHandler),
	}, check.Pages(s), api.Module(check.API(s)...))
	if err != nil {
		t.Fatal(err)
	}
	return &counter{s, server, h.Clock, c.Folder, "vi"}
}

type file struct {
	name    string
	content []byte
}

// post sends files as a browser does.
func (c *counter) post(t *testing.T, files ...file) *httptest.ResponseRecorder {
	t.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for _, f := range files {
		w, err := m.CreateFormFile("file", f.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://antin.example/kiem-tra", &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.AddCookie(&http.Cookie{Name: "__Host-antin-lang", Value: c.lang})
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	return w
}

var (
	mainPart = regexp.MustCompile(`(?s)<main.*</main>`)
	element  = regexp.MustCompile(`<[^>]*>`)
	carried  = regexp.MustCompile(`name="answer" value="([^"]+)"`)
)

// said is what a reader reads of a page, in lower case.
func said(page string) string {
	return strings.ToLower(html.UnescapeString(element.ReplaceAllString(mainPart.FindString(page), " ")))
}

func (c *counter) report(t *testing.T, answer, form string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://antin.example/kiem-tra/bao-cao", strings.NewReader(url.Values{"answer": {answer}, "form": {form}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	return w
}

// TestAnyoneHearsWhatTheEngineSays holds the page to the command's answer about each of the engine's files: its sentence, and the word, shape
// and colour of that answer and of no other.
func TestAnyoneHearsWhatTheEngineSays(t *testing.T) {
	c := open(t, check.Config{})
	c.lang = "en" // the language of the expectations
	kind := map[string]string{"TOTAL_PASSED": "good", "TOTAL_FAILED": "bad", "INDETERMINATE": "wait"}
	seen := map[string]int{}
	names, err := filepath.Glob(filepath.Join(vectors, "*.p*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range names {
		name := filepath.Base(path)
		content, want := read(t, name)
		if strings.HasSuffix(name, ".p7s") {
			continue // its content is another file
		}
		c.clock.Set(want.At)
		w := c.post(t, file{name, content})
		page := w.Body.String()
		if want.Error != "" {
			if w.Code != 422 || !strings.Contains(page, "check.unread") || !strings.Contains(page, `class="banner answer quiet"`) {
				t.Errorf("%s: %d", name, w.Code)
			}
			continue
		}
		sentence := want.Report.Document.Sentence
		if _, rest, ok := strings.Cut(sentence, ": "); ok {
			sentence = rest
		}
		if w.Code != 200 || !strings.Contains(said(page), strings.ToLower(sentence)) {
			t.Errorf("%s: %d, and nothing says %q", name, w.Code, sentence)
		}
		own := kind[want.Report.Document.Indication]
		seen[own]++
		if banners := regexp.MustCompile(`class="banner answer ([a-z]+)"`).FindAllStringSubmatch(page, -1); len(banners) != 1 || banners[0][1] != own {
			t.Errorf("%s: %v, want %s", name, banners, own)
		}
		for word, of := range map[string]string{"not valid": "bad", "cannot tell yet": "wait"} {
			if heading := regexp.MustCompile(`(?s)<h3><svg.*?</h3>`).FindString(page); strings.Contains(said("<main>"+heading+"</main>"), word) != (of == own) {
				t.Errorf("%s: %s", name, heading)
			}
		}
		for _, s := range want.Report.Signatures {
			if !strings.Contains(page, s.ID) {
				t.Errorf("%s: signature %s is not spoken of", name, s.ID)
			}
		}
		if strings.Contains(said(page), "--") {
			t.Errorf("%s: the page names an option of the command", name)
		}
	}
	if len(seen) != 3 {
		t.Errorf("only %v were seen", seen)
	}
}

// TestATrainingSignatureIsNamedFirst: neither the page nor a report says "hợp lệ" of it.
func TestATrainingSignatureIsNamedFirst(t *testing.T) {
	s := trained(t)
	c := open(t, check.Config{Trust: s})
	for _, name := range []string{"pades-b-lt.pdf", "pades-sealed.pdf", "cades-b-lt.p7m"} {
		content, want := read(t, name)
		c.clock.Set(want.At)
		page := c.post(t, file{name, content}).Body.String()
		if text := said(page); !strings.Contains(text, "chỉ để huấn luyện") || !strings.Contains(text, "không có giá trị pháp lý") || strings.Contains(text, "hợp lệ") || !strings.Contains(page, `class="banner answer info"`) {
			t.Errorf("%s: %s", name, text)
		}
		answer := carried.FindStringSubmatch(page)[1]
		for _, form := range []string{"html", "json"} {
			report := strings.ToLower(c.report(t, answer, form).Body.String())
			if !strings.Contains(report, "huấn luyện") || strings.Contains(report, "hợp lệ") {
				t.Errorf("%s, %s: %s", name, form, report)
			}
		}
	}
}

func TestAReportIsOfTheSameAnswer(t *testing.T) {
	c := open(t, check.Config{})
	content, want := read(t, "pades-two-signatures.pdf")
	c.clock.Set(want.At)
	answer := carried.FindStringSubmatch(c.post(t, file{"Quyết định <số 5>.pdf", content}).Body.String())[1]
	c.clock.Set(want.At.AddDate(30, 0, 0)) // the answer stays that of its time
	for form, kind := range map[string]string{"html": "text/html; charset=utf-8", "pdf": "application/pdf", "json": "application/json"} {
		w := c.report(t, answer, form)
		if w.Code != 200 || w.Header().Get("Content-Type") != kind || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %d %v", form, w.Code, w.Header())
		}
		if form == "json" {
			var r verify.Report
			if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || !r.ValidatedAt.Equal(want.At) || r.Document.Indication != verify.TotalPassed || r.File != "Quyết định _số 5_.pdf" {
				t.Errorf("%+v, %v", r, err)
			}
		}
	}
	middle := answer[:300] + map[bool]string{true: "A", false: "B"}[answer[300] != 'A'] + answer[301:]
	other := open(t, check.Config{Key: bytes.Repeat([]byte{8}, 32)})
	for name, w := range map[string]*httptest.ResponseRecorder{
		"none": c.report(t, "", "html"), "no base64": c.report(t, "!", "html"), "changed": c.report(t, middle, "html"), "cut": c.report(t, answer[:len(answer)-8], "html"),
		"no form": c.report(t, answer, "exe"), "of another house": other.report(t, answer, "html"),
	} {
		if w.Code != 422 || !strings.Contains(w.Body.String(), "check.answer") {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if _, err := check.New(check.Config{Key: []byte("short")}); err == nil {
		t.Error("a short key was taken")
	}
}

// verifier is a Verifier made of a function.
type verifier func(ctx context.Context, r io.ReaderAt, size int64) error

func (v verifier) Collect(ctx context.Context, r io.ReaderAt, size int64, o *verify.CollectOptions) (*verify.Facts, error) {
	if err := v(ctx, r, size); err != nil {
		return nil, err
	}
	return verify.Collect(ctx, r, size, o)
}

func left(t *testing.T, folder string) int {
	t.Helper()
	e, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	return len(e)
}

func TestNothingOfAnUploadIsKept(t *testing.T) {
	var c *counter
	panics := false
	c = open(t, check.Config{Verifier: verifier(func(_ context.Context, _ io.ReaderAt, size int64) error {
		if runtime.GOOS != "windows" && left(t, c.folder) != 0 {
			t.Error("a file being checked has a name")
		}
		if panics {
			panic(size)
		}
		return nil
	})})
	content, _ := read(t, "pades-b-lt.pdf")
	c.post(t, file{"a.pdf", content}, file{"b.pdf", []byte("nothing")}, file{"c.pdf", make([]byte, 5<<20)})
	panics = true
	if w := c.post(t, file{"a.pdf", content}); w.Code != 500 {
		t.Errorf("%d", w.Code)
	}
	if n := left(t, c.folder); n != 0 {
		t.Errorf("%d files are left", n)
	}
	panics = false
	if w := c.post(t, file{"a.pdf", content}); w.Code != 200 {
		t.Errorf("after a panic: %d", w.Code)
	}
}

// signalling tells when it is read: whoever reads a file has a place.
type signalling struct {
	io.Reader

	read func()
}

func (s *signalling) Read(b []byte) (int, error) {
	s.read()
	return s.Reader.Read(b)
}

func TestWhoComesWhenAllPlacesAreTakenIsTold(t *testing.T) {
	release := make(chan struct{})
	c := open(t, check.Config{
		Limits: check.Limits{Running: 1, Waiting: 1, Patient: time.Minute},
		Verifier: verifier(func(context.Context, io.ReaderAt, int64) error {
			<-release
			return nil
		}),
	})
	content, want := read(t, "pades-b-lt.pdf")
	c.clock.Set(want.At)
	var here, group sync.WaitGroup
	here.Add(2)
	for range 2 {
		once := sync.OnceFunc(here.Done)
		group.Go(func() {
			if _, err := c.Check(t.Context(), auth.Actor{}, "a.pdf", &signalling{bytes.NewReader(content), once}); err != nil {
				t.Error(err)
			}
		})
	}
	here.Wait()
	w := c.post(t, file{"a.pdf", content})
	if w.Code != 503 || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "check.busy") || !strings.Contains(said(w.Body.String()), "thử lại sau một phút") {
		t.Errorf("%d %v: %s", w.Code, w.Header(), said(w.Body.String()))
	}
	close(release)
	group.Wait()
	if w := c.post(t, file{"a.pdf", content}); w.Code != 200 {
		t.Errorf("when the places are free again: %d", w.Code)
	}
}

func TestWhoWaitsTooLongIsTold(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	c := open(t, check.Config{Limits: check.Limits{Running: 1, Waiting: 1, Patient: 10 * time.Millisecond}, Verifier: verifier(func(context.Context, io.ReaderAt, int64) error {
		close(begun)
		<-release
		return nil
	})})
	content, _ := read(t, "pades-b-lt.pdf")
	var group sync.WaitGroup
	group.Go(func() {
		if _, err := c.Check(t.Context(), auth.Actor{}, "a", bytes.NewReader(content)); err != nil {
			t.Error(err)
		}
	})
	<-begun
	if _, err := c.Check(t.Context(), auth.Actor{}, "b", bytes.NewReader(content)); !errors.Is(err, check.ErrBusy) {
		t.Errorf("%v", err)
	}
	close(release)
	group.Wait()
}

func TestACheckHasItsTime(t *testing.T) {
	c := open(t, check.Config{Limits: check.Limits{Time: 10 * time.Millisecond}, Verifier: verifier(func(ctx context.Context, _ io.ReaderAt, _ int64) error {
		<-ctx.Done()
		return ctx.Err()
	})})
	if w := c.post(t, file{"a.pdf", []byte("%PDF-1.7")}); w.Code != 503 || !strings.Contains(w.Body.String(), "check.time") {
		t.Errorf("%d", w.Code)
	}
}

func TestWhatCannotBeCheckedIsSaid(t *testing.T) {
	c := open(t, check.Config{Limits: check.Limits{Files: 2, Size: 1 << 20}})
	content, want := read(t, "pades-b-lt.pdf")
	c.clock.Set(want.At)
	for name, tt := range map[string]struct {
		files []file
		code  int
		want  []string
	}{
		"no file":         {nil, 422, []string{"check.no_file"}},
		"an empty file":   {[]file{{"a.pdf", nil}}, 422, []string{"web.empty_file"}},
		"a picture":       {[]file{{"a.png", []byte("\x89PNG\r\n")}}, 422, []string{"check.unread"}},
		"too large":       {[]file{{"a.pdf", make([]byte, 1<<20+1)}}, 413, []string{"check.large"}},
		"all too large":   {[]file{{"a.pdf", make([]byte, 5<<20)}}, 413, []string{"check.large"}},
		"one of two":      {[]file{{"a.pdf", []byte("x")}, {"b.pdf", content}}, 200, []string{"check.unread", `class="banner answer good"`}},
		"three where two": {[]file{{"a.pdf", content}, {"b.pdf", content}, {"c.pdf", content}}, 200, []string{"check.files"}},
		"a hostile name":  {[]file{{"<script>\u202efdp.exe", content}}, 200, []string{"_script_fdp.exe"}},
	} {
		w := c.post(t, tt.files...)
		page := w.Body.String()
		if w.Code != tt.code {
			t.Errorf("%s: %d, want %d", name, w.Code, tt.code)
		}
		for _, s := range tt.want {
			if !strings.Contains(page, s) {
				t.Errorf("%s: the page does not say %s: %s", name, s, said(page))
			}
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://antin.example/kiem-tra", nil)
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	if w.Code != 200 || !strings.Contains(said(w.Body.String()), "không cần tài khoản") || w.Body.Len() > 20_000 {
		t.Errorf("the empty page: %d, %d bytes", w.Code, w.Body.Len())
	}
}

func TestWhoMayCheck(t *testing.T) {
	h := authtest.New(t, storetest.SQLite(t), nil, check.Policy)
	s, err := check.New(check.Config{Auth: h.Auth, Key: make([]byte, 32), Offline: true, Folder: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	authtest.Permissions(t, h, check.Policy, map[string]authtest.Case{
		"records/check.Check": {Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
			_, err := s.Check(ctx, who, "a.pdf", strings.NewReader("%PDF-1.7"))
			return err
		}},
		"records/check.Show": {Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
			_, err := s.Show(ctx, who, "a.pdf", strings.NewReader("%PDF-1.7"))
			return err
		}},
		"records/check.Report": {Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
			_, err := s.Report(ctx, who, "", check.HTML, "vi")
			return err
		}},
	})
}

// TestAProgramHearsTheSame calls what the page does, without an account.
func TestAProgramHearsTheSame(t *testing.T) {
	training := trained(t)
	for name, store := range map[string]*trust.Store{"real": anchors(t), "training": training} {
		c := open(t, check.Config{Trust: store})
		doc := apitest.Document(t, c.server)
		content, want := read(t, "pades-sealed.pdf")
		c.clock.Set(want.At)
		call := func(query string, body []byte) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://antin.example/api/checks"+query, bytes.NewReader(body))
			r.Header.Set("Content-Type", "application/pdf")
			w := httptest.NewRecorder()
			c.server.ServeHTTP(w, r)
			return w
		}
		w := call("?name=a%2Fb.pdf", content)
		var got struct {
			Training bool
			Report   verify.Report
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 || got.Training != (name == "training") || string(got.Report.Document.Indication) != want.Report.Document.Indication || got.Report.File != "b.pdf" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		apitest.Answer(t, doc, "POST", "/api/checks", w.Body.Bytes())
		for code, w := range map[string]*httptest.ResponseRecorder{
			"check.no_file": call("", nil), "check.unread": call("", []byte("no file of ours")), "api.unknown": call("?colour=red", content), "web.too_large": call("", make([]byte, 5<<20)),
		} {
			var p web.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != code || p.Status != w.Code || p.Detail == "" {
				t.Errorf("%s: %d %s", code, w.Code, w.Body)
			}
		}
		if n := left(t, c.folder); n != 0 {
			t.Errorf("%d files are left", n)
		}
	}
}
