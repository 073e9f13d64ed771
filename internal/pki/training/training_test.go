package training_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/foundation/web"
	"github.com/antinvn/antin/internal/pki/training"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/tsp"
)

type house struct {
	*authtest.House
	ring   *seal.Ring
	agency store.ID
}

// write lets the test write what a module above would.
var policy = auth.Policy{"test.Issue": {Needs: auth.ManageCertificates, Decides: "the holder's agency"}}

func newHouse(t *testing.T, address string) *house {
	t.Helper()
	steps, err := store.Migrations(training.Files)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := seal.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{House: authtest.New(t, address, steps, training.Policy, policy), ring: ring}
	h.agency = h.Agency(t, 0, false)
	return h
}

var public = &url.URL{Scheme: "https", Host: "antin.example"}

func (h *house) open(ring *seal.Ring) (*training.Service, error) {
	return training.New(context.Background(), training.Config{DB: h.DB, Auth: h.Auth, Ring: ring, Public: public, Clock: h.Clock})
}

func (h *house) must(t *testing.T) *training.Service {
	t.Helper()
	s, err := h.open(h.ring)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// issue makes a recorded certificate.
func (h *house) issue(t testing.TB, s *training.Service) *certpath.Certificate {
	t.Helper()
	key, err := training.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Certificate(training.Holder{Name: "Nguyễn Thị An", Organization: "Ủy ban nhân dân xã Mẫu", Title: "Chủ tịch"}, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	h.record(t, s, c)
	return c
}

func (h *house) record(t testing.TB, s *training.Service, c *certpath.Certificate) {
	t.Helper()
	w, err := h.Auth.Warrant(t.Context(), h.Actor(h.agency, auth.CertificateOfficer), "test.Issue")
	if err != nil {
		t.Fatal(err)
	}
	err = h.DB.Do(t.Context(), w, func(tx *store.Tx) error {
		if err := tx.Over(h.agency); err != nil {
			return err
		}
		return s.RecordTx(tx, c, h.agency)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// validate asks for a path to the root with status for each certificate below it.
func (h *house) validate(t *testing.T, s *training.Service, c *certpath.Certificate) *certpath.Result {
	t.Helper()
	status := s.Status()
	r, err := certpath.Validate(t.Context(), c, &certpath.Options{
		Anchors: trust.NewDated([]certpath.Anchor{{Certificate: s.Root(), Training: true}}), Status: status, Fetch: status, At: h.Clock.Now(), Purpose: certpath.Sign,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestACertificateIsGoodUntilItIsRevoked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		s := h.must(t)
		c := h.issue(t, s)
		if r := h.validate(t, s, c); len(r.Problems) > 0 || len(r.Path) != 3 {
			t.Fatalf("%d certificates: %+v", len(r.Path), r.Problems)
		}
		serial := store.ID(c.SerialNumber.Int64())
		stranger := h.Reaching(h.Agency(t, 0, false), auth.Subordinates, auth.CertificateOfficer)
		if err := s.Revoke(t.Context(), stranger, serial, 1); !fault.Is(err, fault.NotFound) {
			t.Fatalf("an officer of elsewhere: %v", err)
		}
		if err := s.Revoke(t.Context(), h.Actor(h.agency, auth.Leader), serial, 1); !fault.Is(err, fault.Denied) {
			t.Fatalf("a leader: %v", err)
		}
		if r := h.validate(t, s, c); len(r.Problems) > 0 {
			t.Fatalf("after refused revocations: %+v", r.Problems)
		}
		h.Clock.Advance(time.Hour)
		if err := s.Revoke(t.Context(), h.Actor(h.agency, auth.CertificateOfficer), serial, 1); err != nil {
			t.Fatal(err)
		}
		if r := h.validate(t, s, c); len(r.Problems) == 0 {
			t.Error("a revoked certificate passes")
		}
		list, err := revocation.ParseCRL(ask(t, s, http.MethodGet, "/huan-luyen/issuer.crl", nil))
		if err != nil {
			t.Fatal(err)
		}
		if st, err := list.Lookup(c.SerialNumber); err != nil || st.State != certpath.Revoked || st.Reason != 1 || !st.RevokedAt.Equal(h.Clock.Now()) {
			t.Errorf("the list says %+v, %v", st, err)
		}
	})
}

// ask asks inside the house.
func ask(t *testing.T, s *training.Service, method, path string, body []byte) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, public.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.Fetch().Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWhatWasNeverRecordedIsUnknown(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	s := h.must(t)
	key, err := training.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Certificate(training.Holder{Name: "Người lạ"}, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	question, err := revocation.OCSPRequest(s.Chain()[0], nil, c)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := revocation.ParseOCSP(ask(t, s, http.MethodPost, "/huan-luyen/ocsp/issuer", question))
	if err != nil {
		t.Fatal(err)
	}
	if one := answer.Find(c, s.Chain()[0]); one == nil || one.State != certpath.Unknown {
		t.Errorf("%+v", one)
	}
}

func TestKeysAreMadeOnceAndSurviveARestart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		made := make(chan *training.Service, 4)
		for range cap(made) { // nodes that start at once
			go func() {
				s, err := h.open(h.ring)
				if err != nil {
					t.Error(err)
				}
				made <- s
			}()
		}
		first := <-made
		for range cap(made) - 1 {
			if s := <-made; s == nil || first == nil || !s.Root().Equal(first.Root()) {
				t.Fatal("two nodes have two roots")
			}
		}
		c := h.issue(t, first)
		again := h.must(t)
		if r := h.validate(t, again, c); len(r.Problems) > 0 || !again.Issued(c) {
			t.Errorf("after a restart: %+v", r.Problems)
		}
		other, err := seal.New(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.open(other); fault.Of(err).Kind != training.ErrKeys {
			t.Errorf("with other master keys: %v", err)
		}
	})
}

func TestEveryNameSaysThatItIsTraining(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	s := h.must(t)
	token, err := s.TSA().Timestamp(t.Context(), crypto.SHA256, make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("Trung tâm ", 20)
	key, err := training.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := s.Certificate(training.Holder{Name: long}, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	certs := append(s.Chain(), h.issue(t, s), sealed)
	certs = append(certs, token.SignedData.Certificates()...)
	if len(certs) < 5 {
		t.Fatal("the token brings no certificate")
	}
	for _, c := range certs {
		x, err := c.X509()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range append(x.Subject.Organization, x.Subject.CommonName, x.Issuer.CommonName) {
			if !strings.Contains(name, "HUẤN LUYỆN") || len([]rune(name)) > 64 {
				t.Errorf("%q", name)
			}
		}
	}
}

// TestTheAddressesInCertificatesAnswer asks over HTTP what the house asks itself.
func TestTheAddressesInCertificatesAnswer(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	s := h.must(t)
	c := h.issue(t, s)
	texts, err := i18n.New(web.Texts(), auth.Files, training.Files)
	if err != nil {
		t.Fatal(err)
	}
	server, err := web.New(web.Config{Public: public, Texts: texts, Clock: h.Clock, Log: slog.New(slog.DiscardHandler)}, training.Pages(s))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(method, path, body string) *http.Response {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, public.String()+path, strings.NewReader(body)))
		return w.Result()
	}
	read := func(r *http.Response, kind string) []byte {
		t.Helper()
		b, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != kind {
			t.Fatalf("%d %s %v %s", r.StatusCode, r.Header.Get("Content-Type"), err, b)
		}
		return b
	}
	x, err := c.X509()
	if err != nil {
		t.Fatal(err)
	}
	local := func(address string) string { return strings.TrimPrefix(address, public.String()) }
	issuer, err := certpath.ParseCertificate(read(ask("GET", local(x.IssuingCertificateURL[0]), ""), "application/pkix-cert"))
	if err != nil || !issuer.Equal(s.Chain()[0]) {
		t.Error("the issuer's address gives another certificate", err)
	}
	list, err := revocation.ParseCRL(read(ask("GET", local(x.CRLDistributionPoints[0]), ""), "application/pkix-crl"))
	if err != nil || list.CheckSignature(issuer) != nil {
		t.Error("the list", err)
	}
	question, err := revocation.OCSPRequest(issuer, nil, c)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*http.Response{
		"POST": ask("POST", local(x.OCSPServer[0]), string(question)),
		"GET":  ask("GET", local(x.OCSPServer[0])+"/"+url.PathEscape(base64.StdEncoding.EncodeToString(question)), ""),
	} {
		o, err := revocation.ParseOCSP(read(r, "application/ocsp-response"))
		if err != nil {
			t.Fatal(name, err)
		}
		if one := o.Find(c, issuer); one == nil || one.State != certpath.Good {
			t.Errorf("%s: %+v", name, one)
		}
	}
	sum := sha256.Sum256([]byte("văn bản"))
	stamp, err := tsp.Request(crypto.SHA256, sum[:], nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := tsp.ParseResponse(read(ask("POST", "/huan-luyen/tsa", string(stamp)), "application/timestamp-reply"))
	if err != nil || !token.GenTime.Equal(h.Clock.Now().Truncate(time.Second)) {
		t.Error("the token", err)
	}
	page, err := io.ReadAll(ask("GET", "/huan-luyen", "").Body)
	if err != nil || !strings.Contains(string(page), "không có giá trị pháp lý") {
		t.Error("the page does not say what it is", err)
	}
	if r := ask("GET", "/huan-luyen/khac", ""); r.StatusCode != http.StatusNotFound {
		t.Errorf("an address of nothing answers %d", r.StatusCode)
	}
}

// TestInsideTheHouseNothingElseIsReached holds the transport to its own addresses.
func TestInsideTheHouseNothingElseIsReached(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	s := h.must(t)
	for _, address := range []string{"https://elsewhere.example/huan-luyen/root.crt", public.String() + "/van-ban"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := s.Fetch().Transport.RoundTrip(r); err == nil {
			answer.Body.Close()
			t.Errorf("%s answers", address)
		}
	}
}
