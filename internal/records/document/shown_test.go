package document_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/png" // pages are drawn as PNG
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/records/document"
)

var pictures = regexp.MustCompile(`<img src="([^"]+)"`)

// pictureOf is the address of a page's picture.
func (o *office) pictureOf(who, path string, page int) string {
	o.t.Helper()
	all := pictures.FindAllStringSubmatch(o.page(who, path, http.StatusOK), -1)
	if len(all) < page {
		o.t.Fatalf("%s has %d pictures", path, len(all))
	}
	return strings.ReplaceAll(all[page-1][1], "&amp;", "&")
}

// TestWhatIsSignedIsReadInTheBrowser: by who may open it, on the page and where it is signed, as pictures with their text.
func TestWhatIsSignedIsReadInTheBrowser(t *testing.T) {
	o := newOffice(t, storetest.SQLite(t))
	to := o.must("drafter", "/van-ban/moi", o.writing(), decision(t))
	for _, path := range []string{to, to + "/ky"} {
		o.holdsText("leader", path, "Độc lập - Tự do - Hạnh phúc", `loading="lazy"`, `width="800" height="1131"`, "Đọc trang 2 bằng chữ", "2 trang", to+"/tep?doc=1")
	}
	source := o.pictureOf("leader", to+"/ky", 1)
	code, body, h := o.ask("leader", http.MethodGet, source, "", http.NoBody)
	m, _, err := image.DecodeConfig(strings.NewReader(body))
	if code != http.StatusOK || err != nil || m.Width != 800 || h.Get("Content-Type") != "image/png" || h.Get("Cache-Control") != "private, no-cache" || len(body) > 50_000 {
		t.Error(code, m, err, h, len(body))
	}
	_, body, _ = o.ask("leader", http.MethodGet, source+"&rong=1", "", http.NoBody)
	if m, _, err := image.DecodeConfig(strings.NewReader(body)); err != nil || m.Width != 1200 {
		t.Error(m, err)
	}
	for path, want := range map[string]int{
		to + "/trang/3" + source[strings.Index(source, "?"):]: http.StatusNotFound, to + "/trang/0?ban=x": http.StatusNotFound, to + "/trang/1?ban=another": http.StatusConflict,
		to + "?trang=2": http.StatusOK, to + "?trang=3": http.StatusNotFound, to + "?trang=x": http.StatusNotFound, to + "?trang=-1": http.StatusNotFound,
	} {
		o.page("leader", path, want)
	}
}

// TestARefusedSignatureIsReadAgain: who cannot sign has the document before them still, with what happened.
func TestARefusedSignatureIsReadAgain(t *testing.T) {
	o := newOffice(t, storetest.SQLite(t))
	to := o.must("drafter", "/van-ban/moi", o.writing(), decision(t))
	keyless := o.ground.Actor(o.commune, auth.Leader)
	o.people["keyless"] = &keyless
	led, body := o.send("keyless", to+"/ky", nil, nil)
	if led != "" || !strings.Contains(body, `role="alert"`) || !strings.Contains(body, `<img src="`+to+"/trang/1") {
		t.Error(led, body)
	}
}

// TestAPictureIsAskedForAgain: the browser keeps it, and its reader's right is checked each time.
func TestAPictureIsAskedForAgain(t *testing.T) {
	o := newOffice(t, storetest.SQLite(t))
	to := o.must("drafter", "/van-ban/moi", o.writing(), decision(t))
	source := o.pictureOf("leader", to, 1)
	_, _, h := o.ask("leader", http.MethodGet, source, "", http.NoBody)
	again := func(who, tag string) int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://antin.example"+source, http.NoBody)
		r.Header.Set("If-None-Match", tag)
		r.AddCookie(&http.Cookie{Name: "__Host-antin-session", Value: who})
		w := httptest.NewRecorder()
		o.server.ServeHTTP(w, r)
		return w.Code
	}
	tag := h.Get("ETag")
	o.reader.Reader = undrawn{o.reader.Reader, fault.New(fault.Invalid, sandbox.ErrCrashed, "")} // nothing is drawn for it
	if code := again("leader", tag); code != http.StatusNotModified {
		t.Error(code)
	}
	if code := again("recipient", tag); code != http.StatusNotFound {
		t.Error("who may not see it learns that a picture is still good: ", code)
	}
	if code := again("leader", `"another"`); code != http.StatusUnprocessableEntity {
		t.Error(code)
	}
	o.reader.Reader = o.reader.Reader.(undrawn).Reader
	o.must("leader", to+"/ky", nil, nil)
	if code := again("drafter", tag); code != http.StatusConflict {
		t.Error("the picture of an earlier file: ", code)
	}
}

// undrawn fails over reading and drawing.
type undrawn struct {
	document.Reader
	err error
}

func (u undrawn) Read(context.Context, sandbox.File, int, int) (sandbox.Reading, error) {
	return sandbox.Reading{}, u.err
}

func (u undrawn) Image(context.Context, sandbox.File, int, sandbox.Scale) ([]byte, error) {
	return nil, u.err
}

// TestAContentThatCannotBeShownIsSaid: the page is there all the same, with what to do and the file; it can be signed.
func TestAContentThatCannotBeShownIsSaid(t *testing.T) {
	o := newOffice(t, storetest.SQLite(t))
	to := o.must("drafter", "/van-ban/moi", o.writing(), decision(t))
	for kind, class := range map[codes.Code]fault.Class{
		sandbox.ErrTime: fault.Invalid, sandbox.ErrCrashed: fault.Invalid, sandbox.ErrMemory: fault.Invalid, sandbox.ErrPages: fault.TooLarge,
		sandbox.ErrStart: fault.Unavailable, sandbox.ErrBusy: fault.Unavailable,
	} {
		whole := o.reader.Reader
		o.reader.Reader = undrawn{whole, fault.New(class, kind, "").With("limit", "20")}
		for _, path := range []string{to, to + "/ky"} {
			o.holdsText("leader", path, "Không hiển thị được nội dung", to+"/tep?doc=1", "Về việc cử cán bộ đi học")
		}
		code, _, _ := o.ask("leader", http.MethodGet, to+"/trang/1?ban="+strings.Repeat("0", 16), "", http.NoBody)
		if code != http.StatusConflict { // another version comes before any drawing
			t.Error(kind, code)
		}
		o.reader.Reader = whole
	}
	o.must("leader", to+"/ky", nil, nil)
}

// TestPagesStandBehindTheContentsRule: each actor who may not open the file gets neither text nor picture, as if there were none; who may,
// gets both, and that is recorded before anything goes out.
func TestPagesStandBehindTheContentsRule(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	d := h.write(t)
	text := func(who auth.Actor) error {
		_, err := h.PageText(t.Context(), who, d.ID, 1)
		return err
	}
	version := func() string {
		p, err := h.PageText(t.Context(), h.drafter, d.ID, 1)
		if err != nil || p.Count != 2 || len(p.Pages) != 2 {
			t.Fatal(p, err)
		}
		return p.Version
	}
	draw := func(who auth.Actor) error {
		b, err := h.PageImage(t.Context(), who, d.ID, document.Picture{Page: 1, Version: version()})
		if err == nil && !bytes.HasPrefix(b, []byte("\x89PNG")) {
			t.Error("no picture")
		}
		return err
	}
	opened := func(who auth.Actor) (n int64) {
		err := h.ground.DB.View(t.Context(), h.ground.Issuer.System("test"), func(tx *store.Tx) (err error) {
			n, err = store.One[int64](tx, `SELECT COUNT(*) FROM document_opening WHERE document = ? AND account = ?`, d.ID, who.Account)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for name, who := range map[string]auth.Actor{"a clerk elsewhere": h.recipient, "a leader elsewhere": h.ground.Actor(h.other, auth.Leader), "the province's clerk": h.ground.Actor(h.province, auth.Clerk)} {
		for what, err := range map[string]error{"text": text(who), "picture": draw(who)} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		if opened(who) != 0 {
			t.Error(name)
		}
	}
	for name, who := range map[string]auth.Actor{"its leader": h.leader, "its clerk": h.clerk} {
		if err := text(who); err != nil || opened(who) != 1 {
			t.Error(name, err, opened(who))
		}
		if err := draw(who); err != nil || opened(who) != 1 {
			t.Error(name, err)
		}
	}
}

// made is a PDF of n pages of a size in points, all of them the same.
func made(n int, side float64) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	var at []int
	for i, o := range []string{
		"<</Type/Catalog/Pages 2 0 R>>", fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", strings.Repeat("3 0 R ", n), n),
		fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.0f %.0f]/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>", side, side),
		"<</Length 41>>\nstream\nBT /F 24 Tf 20 150 Td (Alpha Beta) Tj ET  \nendstream",
	} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	b.WriteString("xref\n0 5\n0000000000 65535 f \n")
	for _, o := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", start)
	return b.Bytes()
}

// TestLongAndLargeDocumentsAreShown: five thousand pages, five at a time; a page of 20 m by 20 m like any other; one page too many is said.
func TestLongAndLargeDocumentsAreShown(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads thousands of pages, one after the other")
	}
	o := newOffice(t, storetest.SQLite(t))
	o.reader.Reader = willing{o.reader.Reader} // they have no gaps
	to := o.must("drafter", "/van-ban/moi", o.writing(), made(5000, 600))
	o.holdsText("leader", to, "trang 1–5 trong 5.000 trang", "Alpha Beta", to+"?trang=6#cac-trang", "Đến trang")
	o.holdsText("leader", to+"/ky?trang=4998", "trang 4.998–5.000 trong 5.000 trang", to+"/ky?trang=4993#cac-trang")
	if b := o.page("leader", to, http.StatusOK); strings.Count(b, "<img") != document.PagesAtOnce || len(b) > 60_000 {
		t.Error(len(b))
	}
	if m, _, err := image.DecodeConfig(strings.NewReader(o.page("leader", o.pictureOf("leader", to+"?trang=5000", 1), http.StatusOK))); err != nil || m.Width != 800 {
		t.Error(m, err)
	}
	to = o.must("drafter", "/van-ban/moi", o.writing(), made(1, 20_000/25.4*72))
	o.holdsText("leader", to, `width="800" height="800"`, "1 trang")
	if m, _, err := image.DecodeConfig(strings.NewReader(o.page("leader", o.pictureOf("leader", to, 1), http.StatusOK))); err != nil || m.Width != 800 {
		t.Error(m, err)
	}
	to = o.must("drafter", "/van-ban/moi", o.writing(), made(5001, 600))
	o.holdsText("leader", to, "Văn bản có nhiều hơn 5000 trang", to+"/tep?doc=1")
}
