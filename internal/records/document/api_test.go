package document_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/api/apitest"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/blob"
	"github.com/antinvn/antin/internal/foundation/i18n"
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

// answered is a document as calls answer it.
type answered struct {
	ID, Version, Agency, Title, State, Notation, Date, Signer, Reason string

	Size       int64
	Number     int
	Training   bool
	Recipients []struct {
		Agency, Name string
		Issued       *time.Time `json:"issued_at"`
		Opened       *time.Time `json:"opened_at"`
	}
	Steps []struct{ What, Name, Note string }
}

// callers are the people of an office before its calls; "stranger" leads and keeps another agency.
func callers(t *testing.T, address string) (*office, *apitest.Caller) {
	t.Helper()
	h := newHouse(t, address)
	stranger := h.ground.Actor(h.other, auth.Leader, auth.Clerk)
	o := &office{house: h, t: t, people: map[string]*auth.Actor{
		"drafter": &h.drafter, "leader": &h.leader, "clerk": &h.clerk, "recipient": &h.recipient, "stranger": &stranger,
	}}
	texts, err := i18n.New(web.Texts(), api.Files, store.Texts, seal.Texts, blob.Files, auth.Files, org.Files, training.Files, credential.Files, session.Files, register.Files, document.Files)
	if err != nil {
		t.Fatal(err)
	}
	o.server, err = web.New(web.Config{
		Public: &url.URL{Scheme: "https", Host: "antin.example"}, Texts: texts, Sessions: o, Clock: h.ground.Clock, Log: slog.New(slog.DiscardHandler), UploadLimit: 1 << 20,
	}, api.Module(document.API(h.Service)...))
	if err != nil {
		t.Fatal(err)
	}
	return o, apitest.NewCaller(t, o.server)
}

func draft(o *office) url.Values {
	return url.Values{"title": {"Về việc cử cán bộ đi học"}, "kind": {"quyet-dinh"}, "recipients": {o.department.Text("agy")}}
}

func TestADocumentGoesItsWayByCalls(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		o, c := callers(t, address)
		drafter, leader, clerk, recipient := c.As("drafter"), c.As("leader"), c.As("clerk"), c.As("recipient")

		var to struct{ Items []struct{ ID, Name string } }
		drafter.Get("/api/documents/recipients").Into(&to)
		if !slices.ContainsFunc(to.Items, func(x struct{ ID, Name string }) bool { return x.ID == o.department.Text("agy") }) {
			t.Errorf("%+v", to)
		}

		// What is sent again with its key is one document.
		var d, again answered
		keyed := drafter.Keyed("upload-of-the-decision-1")
		keyed.PostForm("/api/documents", draft(o), "qd.pdf", decision(t)).Into(&d)
		keyed.PostForm("/api/documents", draft(o), "qd.pdf", decision(t)).Into(&again)
		if d.ID == "" || d.ID != again.ID || d.State != "draft" || d.Training || len(d.Recipients) != 1 {
			t.Fatalf("%+v, again %+v", d, again)
		}
		var other answered
		drafter.Keyed("upload-of-the-decision-2").PostForm("/api/documents", draft(o), "qd.pdf", decision(t)).Into(&other)
		if other.ID == d.ID {
			t.Error("another key is taken for the first")
		}
		at := "/api/documents/" + d.ID

		// Returned, replaced, signed, sent again.
		var back answered
		leader.Post(at+"/return", map[string]any{"version": d.Version, "reason": "Sửa căn cứ"}).Into(&back)
		if back.State != "returned" || back.Reason != "Sửa căn cứ" {
			t.Errorf("%+v", back)
		}
		leader.Post(at+"/sign", map[string]any{"version": d.Version}).Refused("what was not seen", "409 store.stale")
		drafter.PostForm(at+"/replace", url.Values{"version": {back.Version}}, "qd2.pdf", decision(t)).Into(&d)
		version := map[string]any{"version": d.Version}
		var signed answered
		sign := leader.Keyed("sign-it-once-and-for-all")
		sign.Post(at+"/sign", version).Into(&signed)
		sign.Post(at+"/sign", version).Into(&again)
		if signed.State != "signed" || !signed.Training || signed.Signer != "Nguyễn Thị An" || len(again.Steps) != len(signed.Steps) || again.Version != signed.Version {
			t.Fatalf("%+v, again %+v", signed, again)
		}
		var numbered, issued answered
		number := clerk.Keyed("number-it-once-and-no-more")
		number.Post(at+"/number", map[string]any{"version": signed.Version, "date": "2026-03-02"}).Into(&numbered)
		number.Post(at+"/number", map[string]any{"version": signed.Version, "date": "2026-03-02"}).Into(&again)
		if numbered.Notation != "01/QĐ-UBND" || numbered.Date != "2026-03-02" || again.Number != 1 || again.Version != numbered.Version {
			t.Fatalf("%+v, again %+v", numbered, again)
		}
		recipient.Get(at).Refused("before it is issued", "404 store.not_found")
		clerk.Post(at+"/seal", map[string]any{"version": numbered.Version}).Into(&issued)
		if issued.State != "issued" || issued.Recipients[0].Issued == nil || issued.Recipients[0].Opened != nil {
			t.Fatalf("%+v", issued)
		}

		// The recipient sees it, and that it was opened.
		var seen struct {
			Items []struct {
				answered
				Received *time.Time `json:"received_at"`
			}
		}
		recipient.Get("/api/documents?view=incoming").Into(&seen)
		if len(seen.Items) != 1 || seen.Items[0].ID != d.ID || seen.Items[0].Received == nil {
			t.Errorf("%+v", seen)
		}
		var waiting struct{ Count int }
		if recipient.Get("/api/documents/waiting-count").Into(&waiting); waiting.Count != 1 {
			t.Errorf("%+v", waiting)
		}
		content := recipient.Get(at + "/content")
		if content.Status != http.StatusOK || int64(len(content.Body)) != issued.Size || !bytes.HasPrefix(content.Body, []byte("%PDF-")) {
			t.Errorf("%d, %d bytes", content.Status, len(content.Body))
		}
		if n := len(o.report(t, content.Body).Signatures); n != 2 {
			t.Errorf("%d signatures", n)
		}
		if clerk.Get(at).Into(&issued); issued.Recipients[0].Opened == nil {
			t.Error("that it was opened is not told")
		}

		// The other one, signed, is sent back.
		leader.Post("/api/documents/"+other.ID+"/sign", map[string]any{"version": other.Version}).Into(&other)
		clerk.Post("/api/documents/"+other.ID+"/send-back", map[string]any{"version": other.Version, "reason": "Thiếu phụ lục"}).Into(&other)
		if other.State != "returned" || other.Signer == "" {
			t.Errorf("%+v", other)
		}
	})
}

func TestCallsAreRefusedAsPagesAre(t *testing.T) {
	o, c := callers(t, storetest.SQLite(t))
	drafter, leader, clerk, stranger := c.As("drafter"), c.As("leader"), c.As("clerk"), c.As("stranger")
	var d answered
	drafter.PostForm("/api/documents", draft(o), "qd.pdf", decision(t)).Into(&d)
	at, version := "/api/documents/"+d.ID, map[string]any{"version": d.Version}
	reason := map[string]any{"version": d.Version, "reason": "x"}

	// Nobody, without the permission, without the reach; what is out of reach answers as what is not there. The twins stand in the other test.
	c.Get(at).Refused("nobody", "401 web.sign_in")
	clerk.Post(at+"/sign", version).Refused("a clerk signs", "403 auth.denied")
	drafter.Post(at+"/number", version).Refused("a drafter numbers", "403 auth.denied")
	leader.Post(at+"/seal", version).Refused("a leader seals", "403 auth.denied")
	drafter.Post(at+"/return", reason).Refused("a drafter returns", "403 auth.denied")
	leader.Post(at+"/send-back", reason).Refused("a leader sends back", "403 auth.denied")
	for what, a := range map[string]*apitest.Called{
		"get": stranger.Get(at), "content": stranger.Get(at + "/content"), "sign": stranger.Post(at+"/sign", version), "return": stranger.Post(at+"/return", reason),
		"nothing": drafter.Get("/api/documents/doc_0000000000002"), "no id": drafter.Get("/api/documents/x"), "another id": drafter.Get("/api/documents/" + o.commune.Text("agy")),
	} {
		a.Refused(what, "404 store.not_found")
	}

	for want, a := range map[string]*apitest.Called{
		"409 document.state": clerk.Post(at+"/number", version), "422 document.reason": leader.Post(at+"/return", map[string]any{"version": d.Version, "reason": " "}),
		"422 api.body": leader.Post(at+"/sign", map[string]any{}), "422 api.value": drafter.Get("/api/documents?view=all"), "422 api.cursor": drafter.Get("/api/documents?after=x"),
		"413 web.too_large":    drafter.PostForm("/api/documents", draft(o), "qd.pdf", make([]byte, 1<<20)),
		"415 document.not_pdf": drafter.PostForm("/api/documents", draft(o), "qd.pdf", []byte("no PDF")),
		"422 document.kind":    drafter.PostForm("/api/documents", url.Values{"title": {"x"}, "kind": {"x"}, "recipients": {o.department.Text("agy")}}, "qd.pdf", decision(t)),
	} {
		a.Refused(want, want)
	}

	// Every list is walked to its end, each document once.
	for range 4 {
		drafter.PostForm("/api/documents", draft(o), "qd.pdf", decision(t)).Into(&d)
	}
	for who, view := range map[*apitest.Caller]string{leader: "", drafter: "mine", clerk: "outgoing"} {
		var ids []string
		for next := "start"; next != ""; {
			target := "/api/documents?limit=2&view=" + view
			if next != "start" {
				target += "&after=" + next
			}
			var part struct {
				Items []answered
				Next  string
			}
			who.Get(target).Into(&part)
			for _, x := range part.Items {
				ids = append(ids, x.ID)
			}
			next = part.Next
		}
		if sorted := slices.Compact(slices.Sorted(slices.Values(ids))); len(ids) != 5 || len(sorted) != 5 || ids[0] != d.ID {
			t.Errorf("%s: %v", view, ids)
		}
	}
}
