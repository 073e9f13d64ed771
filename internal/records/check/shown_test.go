package check_test

import (
	"context"
	"encoding/base64"
	"html"
	"image"
	_ "image/png" // pages are drawn as PNG
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/internal/foundation/sandbox/sandboxtest"
	"github.com/antinvn/antin/internal/records/check"
)

func TestMain(m *testing.M) {
	sandbox.Child()
	os.Exit(m.Run())
}

var embedded = regexp.MustCompile(`<img src="data:image/png;base64,([^"]+)"`)

// TestWhatWasCheckedIsShown: its first page, with its text, in the answer itself, whose policy alone lets a picture stand in it.
func TestWhatWasCheckedIsShown(t *testing.T) {
	c := open(t, check.Config{Drawer: sandboxtest.Open(t)})
	content, _ := read(t, "pades-sealed.pdf")
	w := c.post(t, file{"a.pdf", content}, file{"b.p7m", []byte("nothing")})
	body := w.Body.String()
	all := embedded.FindAllStringSubmatch(body, -1)
	if w.Code != http.StatusOK || len(all) != 1 {
		t.Fatal(w.Code, len(all))
	}
	b, err := base64.StdEncoding.DecodeString(html.UnescapeString(all[0][1]))
	if err != nil {
		t.Fatal(err)
	}
	if m, _, err := image.DecodeConfig(strings.NewReader(string(b))); err != nil || m.Width != 800 {
		t.Error(m, err)
	}
	for _, words := range []string{"trang 1 trong 2 trang", "Độc lập - Tự do - Hạnh phúc", "Đọc trang 1 bằng chữ"} {
		if !strings.Contains(body, words) {
			t.Errorf("it lacks %q", words)
		}
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "img-src 'self' data:") {
		t.Error(csp)
	}
	if n := left(t, c.folder); n != 0 {
		t.Errorf("%d files are left", n)
	}
}

// drawing fails, or counts.
type drawing struct {
	err   error
	asked atomic.Int64
}

func (d *drawing) Read(context.Context, sandbox.File, int, int) (sandbox.Reading, error) {
	d.asked.Add(1)
	return sandbox.Reading{Count: 1, Pages: []sandbox.Leaf{{}}}, d.err
}

func (d *drawing) Image(context.Context, sandbox.File, int, sandbox.Scale) ([]byte, error) {
	return nil, d.err
}

// TestAnAnswerDoesNotHangOnItsPicture: what cannot be drawn is said under the answer; what is no PDF has no pages; a program gets none.
func TestAnAnswerDoesNotHangOnItsPicture(t *testing.T) {
	content, v := read(t, "pades-sealed.pdf")
	for name, c := range map[string]struct {
		err  error
		says bool
	}{
		"too long": {fault.New(fault.Invalid, sandbox.ErrTime, "").With("limit", "20"), true},
		"broken":   {fault.New(fault.Invalid, sandbox.ErrCrashed, ""), true},
		"no PDF":   {fault.New(fault.Invalid, sandbox.ErrUnreadable, ""), false},
	} {
		d := &drawing{err: c.err}
		w := open(t, check.Config{Drawer: d}).post(t, file{"a.pdf", content})
		if body := w.Body.String(); w.Code != http.StatusOK || strings.Contains(body, "Không hiển thị được nội dung") != c.says || strings.Contains(body, "<img src=\"data:") || !strings.Contains(body, "banner answer") {
			t.Error(name, w.Code, v.Report.Document.Sentence)
		}
	}
	d := &drawing{}
	if _, err := open(t, check.Config{Drawer: d}).Check(t.Context(), auth.Actor{}, "a.pdf", strings.NewReader(string(content))); err != nil || d.asked.Load() != 0 {
		t.Error(d.asked.Load(), err)
	}
	d = &drawing{}
	var many []file
	for range 6 {
		many = append(many, file{"a.pdf", content})
	}
	if open(t, check.Config{Drawer: d}).post(t, many...); d.asked.Load() != 3 {
		t.Error(d.asked.Load())
	}
}
