package credential_test

import (
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/foundation/web"
	"github.com/antinvn/antin/internal/pki/training"
	"github.com/antinvn/antin/internal/signing/credential"
	"github.com/antinvn/antin/internal/signing/signingtest"
)

// TestKeysAreIssuedAndEndedOnPages by the certificate officer, without JavaScript.
func TestKeysAreIssuedAndEndedOnPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		steps, err := store.Migrations(org.Files)
		if err != nil {
			t.Fatal(err)
		}
		h := signingtest.New(t, address, steps, org.Policy)
		agency, other, person := directory(t, h.House)
		texts, err := i18n.New(web.Texts(), store.Texts, seal.Texts, auth.Files, org.Files, training.Files, credential.Files)
		if err != nil {
			t.Fatal(err)
		}
		s, err := web.New(web.Config{
			Public: authtest.Public, Texts: texts, Clock: h.Clock, Log: slog.New(slog.DiscardHandler),
			Sessions: authtest.People{"officer": h.Actor(agency, auth.CertificateOfficer), "stranger": h.Actor(other, auth.CertificateOfficer), "clerk": h.Actor(agency, auth.Clerk)},
		}, credential.Pages(h.Credentials))
		if err != nil {
			t.Fatal(err)
		}
		ask := func(who, method, path string, body url.Values) (int, string) {
			t.Helper()
			var sent io.Reader = http.NoBody
			if body != nil {
				sent = strings.NewReader(body.Encode())
			}
			r := httptest.NewRequestWithContext(t.Context(), method, authtest.Public.String()+path, sent)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.AddCookie(&http.Cookie{Name: "__Host-antin-session", Value: who})
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			return w.Code, html.UnescapeString(w.Body.String() + w.Header().Get("Location"))
		}
		holds := func(what, page string, words ...string) {
			t.Helper()
			for _, w := range words {
				if !strings.Contains(page, w) {
					t.Errorf("%s lacks %q: %s", what, w, page)
				}
			}
		}
		hidden := regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
		send := func(path string, more url.Values) (int, string) {
			t.Helper()
			_, page := ask("officer", http.MethodGet, path, nil)
			_, page, _ = strings.Cut(page, "<main")
			for _, m := range hidden.FindAllStringSubmatch(page, -1) {
				more.Set(m[1], m[2])
			}
			return ask("officer", http.MethodPost, path, more)
		}
		_, page := ask("officer", http.MethodGet, credential.Path, nil)
		holds("the empty list", page, "Chưa cấp khóa nào", "không có giá trị pháp lý", credential.NewPath+agency.Text("agy"))
		if code, _ := ask("clerk", http.MethodGet, credential.Path, nil); code != http.StatusForbidden {
			t.Error("a clerk sees keys: ", code)
		}
		if code, _ := ask("stranger", http.MethodGet, credential.NewPath+agency.Text("agy"), nil); code != http.StatusNotFound {
			t.Error("an officer of elsewhere issues keys: ", code)
		}
		at := credential.NewPath + agency.Text("agy")
		_, page = ask("officer", http.MethodGet, at, nil)
		holds("the form", page, "Con dấu của ", "Nguyễn Thị An, Chủ tịch", `value="`+person.Text("per")+`"`)
		if code, page := send(at, url.Values{"holder": {""}}); code != http.StatusUnprocessableEntity {
			t.Error(code, page)
		}
		if code, page := send(at, url.Values{"holder": {store.ID(5).Text("per")}}); code != http.StatusUnprocessableEntity {
			t.Error("a key for who is not offered: ", code, page)
		}
		if code, page := send(at, url.Values{"holder": {person.Text("per")}}); code != http.StatusSeeOther {
			t.Fatal(code, page)
		}
		_, page = ask("officer", http.MethodGet, credential.Path+"?agency="+agency.Text("agy"), nil)
		holds("the list", page, "Nguyễn Thị An", "Chữ ký cá nhân", "Còn hiệu lực")
		end := regexp.MustCompile(credential.Path + `/crd_\w+/ket-thuc`).FindString(page)
		if code, _ := ask("stranger", http.MethodGet, end, nil); code != http.StatusNotFound {
			t.Error("an officer of elsewhere ends it: ", code)
		}
		_, page = ask("officer", http.MethodGet, end, nil)
		holds("the question", page, "Kết thúc khóa của Nguyễn Thị An", "Khóa bị lộ hoặc nghi bị lộ")
		if code, _ := send(end, url.Values{}); code != http.StatusUnprocessableEntity {
			t.Error("without a reason: ", code)
		}
		if code, page := send(end, url.Values{"reason": {"lost"}}); code != http.StatusSeeOther {
			t.Fatal(code, page)
		}
		_, page = ask("officer", http.MethodGet, credential.Path, nil)
		holds("the list afterwards", page, "Nguyễn Thị An", "Đã hết")
		if strings.Contains(page, "ket-thuc") {
			t.Error("it can be ended again")
		}
		err = h.DB.View(t.Context(), h.Issuer.System("test"), func(tx *store.Tx) error {
			reason, err := store.One[int64](tx, `SELECT reason FROM training_certificate WHERE revoked IS NOT NULL`)
			if err == nil && reason != 1 {
				t.Errorf("it is revoked because of %d", reason)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestNoListOfKeysReadsATableWhole reads their plans at 50,000 keys.
func TestNoListOfKeysReadsATableWhole(t *testing.T) {
	storetest.Filled(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		tx, err := storetest.Raw(t, address).BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		empty := `X''`
		if strings.HasPrefix(address, "postgres") {
			empty = `'\x'`
		}
		for _, query := range []string{
			`INSERT INTO scope (ancestor, descendant, internal, since, until)
				WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT 90000 + i % 300, 200000 + i, 1, 0, 9000000000000000 FROM n`,
			fmt.Sprintf(`INSERT INTO credential (id, holder, agency, name, purpose, channel, training, serial, chain, secret, since, until, event)
				WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
				SELECT i, 7, CASE WHEN i %% 3 = 0 THEN %d ELSE 5000 + i %% 300 END, 'n', 'signature', 'soft', 1, 9, %s, %s, 0, i, 1 FROM n`, int64(h.agency), empty, empty),
		} {
			if _, err := tx.ExecContext(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		costly := storetest.Costly(t, address)
		if costly(`SELECT id FROM credential WHERE name = ? ORDER BY name LIMIT 10`, "t") == nil {
			t.Error("a list without index costs nothing")
		}
		for _, far := range []auth.Reach{auth.Agency, auth.Subordinates} {
			w, err := h.Auth.Warrant(t.Context(), h.Reaching(h.agency, far, auth.CertificateOfficer), "signing/credential.List")
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range []credential.Query{{}, {Before: 25_000}, {Agency: h.agency}, {Agency: h.agency, Before: 25_000}} {
				q.Limit = 51
				var query string
				var args []any
				if err := h.DB.View(t.Context(), w, func(tx *store.Tx) error { query, args = q.Statement(tx); return tx.Permit(true) }); err != nil {
					t.Fatal(err)
				}
				if steps := costly(query, args...); len(steps) > 0 {
					t.Errorf("%+v: %q", q, steps)
				}
			}
		}
	})
}
