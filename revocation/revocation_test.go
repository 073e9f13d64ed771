package revocation_test

import (
	"bytes"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/revocation"
)

func running(t testing.TB) *pkitest.PKI {
	t.Helper()
	p, err := pkitest.New(pkitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func issued(t testing.TB, p *pkitest.PKI) *certpath.Certificate {
	t.Helper()
	c, _, err := p.Issue(pkitest.Subject{CommonName: "a"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestHostileAddressesAreRefusedUnlessAllowed(t *testing.T) {
	p := running(t)
	c := issued(t, p)
	if _, err := (&revocation.Fetcher{}).Status(t.Context(), c, p.CA); codes.Of(err) != string(revocation.ErrUnavailable) || !strings.Contains(err.Error(), string(fetch.ErrAddress)) {
		t.Fatalf("loopback was asked: %v", err)
	}
	f := &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{p.Host()}}}
	s, err := f.Status(t.Context(), c, p.CA)
	if err != nil || s[0].State != certpath.Good || s[0].Kind != "ocsp" {
		t.Fatalf("%v %+v", err, s)
	}
}

func TestTheCacheSparesQuestions(t *testing.T) {
	p := running(t)
	c := issued(t, p)
	f := &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{p.Host()}}, Cache: revocation.NewMemoryCache(0)}
	for range 3 {
		if _, err := f.Status(t.Context(), c, p.CA); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.Requests("ocsp"); n != 1 {
		t.Errorf("the responder was asked %d times", n)
	}
}

// TestTheCacheSparesFetchingIssuers, for a day, and not where the one kept did not sign.
func TestTheCacheSparesFetchingIssuers(t *testing.T) {
	p, q := running(t), running(t)
	now := time.Now()
	cache := revocation.NewMemoryCache(0)
	f := &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{p.Host()}}, Cache: cache, Clock: func() time.Time { return now }}
	c := issued(t, p)
	ask := func(want int) {
		t.Helper()
		found, err := f.Issuers(t.Context(), c)
		if err != nil || len(found) != 1 || !found[0].Equal(p.CA) {
			t.Fatalf("%v %v", err, found)
		}
		if n := p.Requests("ca"); n != want {
			t.Errorf("asked %d times, want %d", n, want)
		}
	}
	ask(1)
	ask(1)
	now = now.Add(25 * time.Hour)
	ask(2)
	cache.Put("aia "+p.URL("ca.crt"), q.CA.Raw, now.Add(time.Hour))
	ask(3)
}

func TestEvidenceOfAStrangerDoesNotCount(t *testing.T) {
	p, q := running(t), running(t)
	c := issued(t, p)
	request, err := revocation.OCSPRequest(p.CA, nil, c)
	if err != nil {
		t.Fatal(err)
	}
	responder := q.OCSP("ca")
	responder.Issuer = p.CA // q's key speaks for p's certificates
	der, err := responder.Respond(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	s, err := (&revocation.Stored{OCSP: [][]byte{der}}).Status(t.Context(), c, p.CA)
	if err != nil || len(s) != 0 {
		t.Fatalf("%v %+v", err, s)
	}
	honest, err := p.OCSP("ca").Respond(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = (&revocation.Stored{OCSP: [][]byte{honest}}).Status(t.Context(), c, p.CA); err != nil || len(s) != 1 {
		t.Fatalf("%v %+v", err, s)
	}
}

func TestSeveralCertificatesInOneRequest(t *testing.T) {
	p := running(t)
	a, b := issued(t, p), issued(t, p)
	p.Revoke(b, time.Now(), 4)
	request, err := revocation.OCSPRequest(p.CA, []byte("nonce"), a, b)
	if err != nil {
		t.Fatal(err)
	}
	der, err := p.OCSP("ca").Respond(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	r, err := revocation.ParseOCSP(der)
	if err != nil {
		t.Fatal(err)
	}
	if string(r.Nonce) != "nonce" || r.Find(a, p.CA).State != certpath.Good || r.Find(b, p.CA).State != certpath.Revoked || r.Find(b, p.CA).Reason != 4 {
		t.Errorf("%+v", r)
	}
	if _, err := r.Signer(p.CA); err != nil {
		t.Error(err)
	}
	if _, err := r.Signer(p.Root); err == nil {
		t.Error("another CA's responder is accepted")
	}
}

func TestOpenSSLReadsOurEvidence(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	p := running(t)
	c := issued(t, p)
	p.Revoke(c, time.Now().Add(-time.Minute), 1)
	dir := t.TempDir()
	crl, err := p.CRL("ca")
	if err != nil {
		t.Fatal(err)
	}
	block := func(c *certpath.Certificate) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	for name, b := range map[string][]byte{"ca.pem": append(block(p.CA), block(p.Root)...), "issuer.pem": block(p.CA), "c.pem": block(c), "c.crl": crl} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		cmd := exec.Command("openssl", args...)
		cmd.Dir = dir
		out, _ := cmd.CombinedOutput()
		return string(out)
	}
	if out := run("crl", "-inform", "DER", "-in", "c.crl", "-CAfile", "ca.pem", "-text", "-noout"); !strings.Contains(out, "verify OK") || !strings.Contains(out, "Key Compromise") {
		t.Error(out)
	}
	if out := run("ocsp", "-issuer", "issuer.pem", "-cert", "c.pem", "-url", p.URL("ocsp/ca"), "-CAfile", "ca.pem"); !strings.Contains(out, "Response verify OK") || !strings.Contains(out, "c.pem: revoked") {
		t.Error(out)
	}
}

// bigList makes a CRL of n entries.
func bigList(t testing.TB, p *pkitest.PKI, n int) []byte {
	t.Helper()
	now := time.Now()
	tmpl := &revocation.CRLTemplate{Number: big.NewInt(1), ThisUpdate: now, NextUpdate: now.Add(time.Hour)}
	for i := range n {
		tmpl.Entries = append(tmpl.Entries, revocation.CRLEntry{Serial: big.NewInt(int64(i)*7 + 1<<40), RevokedAt: now})
	}
	key, err := pkitest.NewKey(pkitest.P256)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := p.IssueFor(pkitest.Subject{CommonName: "list"}, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	der, err := revocation.CreateCRL(nil, tmpl, cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestAListIsScannedToItsLastEntry(t *testing.T) {
	der := bigList(t, running(t), 10_000)
	if _, s, err := revocation.ScanCRL(bytes.NewReader(der), big.NewInt(9_999*7+1<<40)); err != nil || s.State != certpath.Revoked {
		t.Fatalf("%v %+v", err, s)
	}
	if _, s, err := revocation.ScanCRL(bytes.NewReader(der), big.NewInt(5)); err != nil || s.State != certpath.Good {
		t.Errorf("%v %+v", err, s)
	}
	if _, _, err := revocation.ScanCRL(io.LimitReader(bytes.NewReader(der), int64(len(der)/2)), big.NewInt(5)); codes.Of(err) != string(revocation.ErrCRL) {
		t.Errorf("half a list: %v", err)
	}
}

func FuzzParseOCSP(f *testing.F) {
	p := running(f)
	c := issued(f, p)
	q, err := revocation.OCSPRequest(p.CA, []byte("n"), c)
	if err != nil {
		f.Fatal(err)
	}
	r, err := p.OCSP("ca").Respond(f.Context(), q)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r)
	f.Fuzz(func(_ *testing.T, b []byte) {
		if r, err := revocation.ParseOCSP(b); err == nil {
			_ = r.Find(c, p.CA)
			_, _ = r.Signer(p.CA)
		}
	})
}

func FuzzScanCRL(f *testing.F) {
	p := running(f)
	p.Revoke(issued(f, p), time.Now(), 1)
	der, err := p.CRL("ca")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Fuzz(func(_ *testing.T, b []byte) {
		if c, err := revocation.ParseCRL(b); err == nil {
			_ = c.CheckSignature(p.CA)
			_, _ = c.Lookup(big.NewInt(1))
		}
	})
}

func FuzzOCSPRespond(f *testing.F) {
	p := running(f)
	q, err := revocation.OCSPRequest(p.CA, []byte("n"), p.CA)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(q)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := p.OCSP("ca").Respond(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	})
}
