package document_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/blob"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/foundation/web"
	"github.com/antinvn/antin/internal/pki/training"
	"github.com/antinvn/antin/internal/records/document"
	"github.com/antinvn/antin/internal/records/register"
	"github.com/antinvn/antin/internal/signing/credential"
	"github.com/antinvn/antin/internal/signing/session"
)

// office is the house behind its pages; everybody's session is their name.
type office struct {
	*house

	t      *testing.T
	server *web.Server
	people map[string]*auth.Actor
}

// Actor implements [web.Sessions].
func (o *office) Actor(_ context.Context, secret string) (web.Actor, error) {
	who, ok := o.people[secret]
	if !ok {
		return web.Actor{}, nil
	}
	return web.Actor{ID: secret, Name: secret, Agency: web.Choice{Value: who.Agency.Text("agy"), Name: "xã"}, Identity: *who}, nil
}

// Choose implements [web.Sessions].
func (*office) Choose(context.Context, string, string) error { return nil }

func newOffice(t *testing.T, address string) *office {
	t.Helper()
	h := newHouse(t, address)
	o := &office{house: h, t: t, people: map[string]*auth.Actor{"drafter": &h.drafter, "leader": &h.leader, "clerk": &h.clerk, "recipient": &h.recipient}}
	o.restart()
	return o
}

// restart puts another node in the place of the one that answered so far: it remembers no form.
func (o *office) restart() {
	o.t.Helper()
	texts, err := i18n.New(web.Texts(), store.Texts, seal.Texts, blob.Files, auth.Files, org.Files, training.Files, credential.Files, session.Files, register.Files, document.Files, sandbox.Files)
	if err != nil {
		o.t.Fatal(err)
	}
	o.server, err = web.New(web.Config{
		Public: &url.URL{Scheme: "https", Host: "antin.example"}, Texts: texts, Sessions: o, Clock: o.ground.Clock, Log: slog.New(slog.DiscardHandler),
	}, training.Pages(o.ground.Training), document.Pages(o.Service))
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) ask(who, method, path, kind string, body io.Reader) (int, string, http.Header) {
	o.t.Helper()
	r := httptest.NewRequestWithContext(o.t.Context(), method, "https://antin.example"+path, body)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	r.AddCookie(&http.Cookie{Name: "__Host-antin-session", Value: who})
	w := httptest.NewRecorder()
	o.server.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header()
}

func (o *office) page(who, path string, want int) string {
	o.t.Helper()
	code, body, _ := o.ask(who, http.MethodGet, path, "", http.NoBody)
	if code != want {
		o.t.Fatalf("%s, GET %s: %d\n%s", who, path, code, body)
	}
	return body
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// send fills the form of a page and sends it; file is sent last. It returns where that leads, and the answer.
func (o *office) send(who, path string, values url.Values, file []byte) (to, body string) {
	o.t.Helper()
	return o.filled(who, path, values, file)()
}

// filled opens a page and fills its form, which the function that it returns sends.
func (o *office) filled(who, path string, values url.Values, file []byte) (send func() (to, body string)) {
	o.t.Helper()
	page := o.page(who, path, http.StatusOK)
	_, page, _ = strings.Cut(page, `<main`)
	var sent bytes.Buffer
	m := multipart.NewWriter(&sent)
	add := func(name, value string) {
		if err := m.WriteField(name, value); err != nil {
			o.t.Fatal(err)
		}
	}
	for _, h := range hidden.FindAllStringSubmatch(page, -1) {
		add(h[1], h[2])
	}
	for name, all := range values {
		for _, v := range all {
			add(name, v)
		}
	}
	if file != nil {
		w, err := m.CreateFormFile("file", "qd.pdf")
		if err != nil {
			o.t.Fatal(err)
		}
		if _, err := w.Write(file); err != nil {
			o.t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		o.t.Fatal(err)
	}
	return func() (to, body string) {
		o.t.Helper()
		code, body, header := o.ask(who, http.MethodPost, path, m.FormDataContentType(), bytes.NewReader(sent.Bytes()))
		if code != http.StatusSeeOther && code != http.StatusUnprocessableEntity {
			o.t.Fatalf("%s, POST %s: %d\n%s", who, path, code, body)
		}
		return header.Get("Location"), body
	}
}

func (o *office) must(who, path string, values url.Values, file []byte) string {
	o.t.Helper()
	to, body := o.send(who, path, values, file)
	if to == "" {
		o.t.Fatalf("%s, POST %s: %s", who, path, body)
	}
	return to
}

// holdsText looks for words on a page.
func (o *office) holdsText(who, path string, words ...string) {
	o.t.Helper()
	page := o.page(who, path, http.StatusOK)
	for _, w := range words {
		if !strings.Contains(page, w) {
			o.t.Errorf("%s, %s lacks %q", who, path, w)
		}
	}
}

func (o *office) writing() url.Values {
	return url.Values{"title": {"Về việc cử cán bộ đi học"}, "kind": {"quyet-dinh"}, "to": {o.department.Text("agy")}}
}

// TestTheThread drives a document through the pages as four people, and checks what comes out.
func TestTheThread(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		o := newOffice(t, address)
		const mark = "không có giá trị pháp lý"
		to := o.must("drafter", "/van-ban/moi", o.writing(), decision(t))
		o.holdsText("drafter", to, "Về việc cử cán bộ đi học", "Trình ký", "Đỗ Thị Soạn")
		o.holdsText("leader", "/van-ban", to, "Chờ ký")
		o.holdsText("leader", "/", to, "Văn bản chờ tôi")
		o.page("recipient", to, http.StatusNotFound)

		o.must("leader", to+"/tra-lai", url.Values{"reason": {"Sai căn cứ pháp lý"}}, nil)
		o.holdsText("drafter", "/van-ban", to, "Bị trả lại")
		o.holdsText("drafter", to, "Sai căn cứ pháp lý", to+"/tep-moi")
		o.must("drafter", to+"/tep-moi", nil, decision(t))

		o.holdsText("leader", to+"/ky", mark, "Đọc văn bản dưới đây")
		code, body, header := o.ask("leader", http.MethodGet, to+"/tep?doc=1", "", http.NoBody)
		if code != http.StatusOK || header.Get("Content-Type") != "application/pdf" || body != string(decision(t)) {
			t.Fatal("the leader reads: ", code, header)
		}
		o.must("leader", to+"/ky", nil, nil)
		o.holdsText("leader", to, mark, "Nguyễn Thị An")

		o.holdsText("clerk", "/van-ban", to, "Đã ký, chờ số và dấu")
		o.must("clerk", to+"/phat-hanh", url.Values{"date": {""}}, nil)
		o.holdsText("clerk", to, mark, "01/QĐ-UBND", "02/03/2026", "Đã phát hành", "đã phát hành, chưa mở")

		o.holdsText("recipient", "/van-ban", to)
		o.holdsText("recipient", "/van-ban?xem=den", to, "01/QĐ-UBND")
		_, body, header = o.ask("recipient", http.MethodGet, to+"/tep", "", http.NoBody)
		if !strings.HasPrefix(header.Get("Content-Disposition"), "attachment") || header.Get("Cache-Control") != "no-store" {
			t.Error(header)
		}
		o.holds(t, []byte(body))
		o.holdsText("clerk", to, "đã mở 02/03/2026")
		o.others(t, []byte(body))
	})
}

// TestWhoHasNoKeyIsToldWhomToAsk on the document that waits for them; who may issue keys is led there.
func TestWhoHasNoKeyIsToldWhomToAsk(t *testing.T) {
	o := newOffice(t, storetest.SQLite(t))
	to := o.must("drafter", "/van-ban/moi", o.writing(), decision(t))
	const told = "Ông/bà chưa có khóa để ký văn bản này"
	if strings.Contains(o.page("leader", to, http.StatusOK), told) {
		t.Error("who has a key is told that there is none")
	}
	if strings.Contains(o.page("drafter", to, http.StatusOK), told) {
		t.Error("who does not sign is told")
	}
	for name, c := range map[string]struct {
		roles  []auth.Role
		person store.ID
		words  string
	}{
		"a deputy":                {[]auth.Role{auth.Leader}, 77, "Đề nghị cán bộ chứng thư số"},
		"an officer, too":         {[]auth.Role{auth.Leader, auth.CertificateOfficer}, 77, "/khoa-ky/moi?co-quan=" + o.commune.Text("agy")},
		"an account of nobody is": {[]auth.Role{auth.Leader}, 0, "chưa gắn với ai trong danh bạ"},
	} {
		who := o.ground.Actor(o.commune, c.roles...)
		who.Person = c.person
		o.people["other"] = &who
		o.holdsText("other", to, told, c.words)
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestTheNumberStaysOnTheScreen(t *testing.T) {
	o := newOffice(t, storetest.SQLite(t))
	to := o.must("drafter", "/van-ban/moi", o.writing(), decision(t))
	o.must("leader", to+"/ky", nil, nil)
	_, body := o.send("clerk", to+"/phat-hanh", url.Values{"date": {"01/01/2030"}}, nil)
	if !strings.Contains(body, `aria-invalid="true"`) {
		t.Error("a day to come is not refused at its field")
	}
	id, err := store.ParseID("doc", strings.TrimPrefix(to, "/van-ban/"))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Number(t.Context(), o.clerk, id, o.get(t, o.clerk, id).Event, o.ground.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	o.holdsText("clerk", to+"/phat-hanh", "Văn bản đã có số 01/QĐ-UBND")
	o.must("clerk", to+"/phat-hanh", nil, nil)
	o.holdsText("clerk", to, "Đã phát hành", "01/QĐ-UBND")
}

// TestAFormWhoseAnswerWasLostGoesOn: the machine stopped within what a form asks for, or before it could answer. The same form, sent again to
// a machine that knows nothing of it, leads to what was done, however far the document is by then; what another did meanwhile it does not
// take for its own.
func TestAFormWhoseAnswerWasLostGoesOn(t *testing.T) {
	o := newOffice(t, storetest.SQLite(t))
	to := o.must("drafter", "/van-ban/moi", o.writing(), decision(t))
	id, err := store.ParseID("doc", strings.TrimPrefix(to, "/van-ban/"))
	if err != nil {
		t.Fatal(err)
	}
	colleague := o.ground.Actor(o.commune, auth.Clerk)
	o.people["colleague"] = &colleague
	leads := func(what string, send func() (to, body string), want string) {
		t.Helper()
		o.restart()
		if got, body := send(); got != want {
			t.Errorf("%s leads to %q: %s", what, got, body)
		}
	}
	reason := url.Values{"reason": {"Sai căn cứ pháp lý"}}
	returned := o.filled("leader", to+"/tra-lai", reason, nil)
	leads("a return", returned, to)
	leads("a return, sent again", returned, to)
	replaced := o.filled("drafter", to+"/tep-moi", nil, decision(t))
	leads("a new file", replaced, to)
	leads("a new file, sent again", replaced, to)
	o.sign(t, id)
	sentBack, other := o.filled("clerk", to+"/tra-lai", reason, nil), o.filled("colleague", to+"/tra-lai", reason, nil)
	leads("the clerk's return", sentBack, to)
	leads("the clerk's return, sent again", sentBack, to)
	o.must("drafter", to+"/tep-moi", nil, decision(t))
	sign := o.filled("leader", to+"/ky", nil, nil)
	leads("a signature", sign, to)
	leads("the clerk's return, sent again when the document is signed anew", sentBack, to)
	leads("the leader's return, too", returned, to)
	leads("another clerk's return", other, "")
	seal, other := o.filled("clerk", to+"/phat-hanh", nil, nil), o.filled("colleague", to+"/phat-hanh", nil, nil)
	if err := o.Number(t.Context(), o.clerk, id, o.get(t, o.clerk, id).Event, o.ground.Clock.Now()); err != nil { // and here it stopped
		t.Fatal(err)
	}
	leads("the signature, sent again when the document is numbered", sign, to)
	leads("the seal of a clerk who did not give the number", other, "")
	late := o.filled("clerk", to+"/phat-hanh", nil, nil)
	leads("number and seal, when the number is given", seal, to)
	leads("number and seal, sent again", seal, to)
	leads("the seal alone, when it is sealed", late, to)
	o.holdsText("clerk", to, "Đã phát hành", "01/QĐ-UBND")
	var steps []string
	for _, s := range o.get(t, o.clerk, id).Steps {
		steps = append(steps, s.What)
	}
	if got := strings.Join(steps, " "); got != "written returned replaced signed sent_back replaced signed numbered sealed" {
		t.Error(got)
	}
}

func TestAFileWithoutGapsIsSentBackWithTheReason(t *testing.T) {
	o := newOffice(t, storetest.SQLite(t))
	_, body := o.send("drafter", "/van-ban/moi", o.writing(), page(t, "Số:       /QĐ-UBND", "KT. CHỦ TỊCH"))
	if !strings.Contains(body, "Không thấy chỗ trống cho ngày, tháng") || !strings.Contains(body, "Về việc cử cán bộ đi học") {
		t.Error(body)
	}
	o.page("clerk", "/van-ban/doc_khong-co", http.StatusNotFound)
}

func TestWhatWaitsForNobodyIsSaid(t *testing.T) {
	o := newOffice(t, storetest.SQLite(t))
	o.holdsText("recipient", "/", "Không có văn bản nào chờ ông/bà")
	o.holdsText("drafter", "/van-ban", "Không có văn bản nào ở đây", "/van-ban/moi")
	if strings.Contains(o.page("drafter", "/van-ban", http.StatusOK), "xem=den") {
		t.Error("a drafter is offered what only clerks see")
	}
}
