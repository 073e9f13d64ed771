package pkitest_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/tsp"
)

func start(t *testing.T, o pkitest.Options) *pkitest.PKI {
	t.Helper()
	p, err := pkitest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func fetcher(p *pkitest.PKI) *revocation.Fetcher {
	return &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{p.Host()}}}
}

func TestAnIssuedCertificateValidates(t *testing.T) {
	for _, a := range []pkitest.Algorithm{pkitest.P256, pkitest.P384, pkitest.P521, pkitest.RSA2048, pkitest.Ed25519} {
		t.Run(string(a), func(t *testing.T) {
			p := start(t, pkitest.Options{Algorithm: a})
			cert, _, err := p.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu", Algorithm: a})
			if err != nil {
				t.Fatal(err)
			}
			f := fetcher(p)
			o := &certpath.Options{Anchors: p, Fetch: f, Status: f, At: time.Now(), Purpose: certpath.Sign}
			r, err := certpath.Validate(t.Context(), cert, o)
			if err != nil || !r.Valid || len(r.Path) != 3 {
				t.Fatalf("%v %+v", err, r.Problems)
			}
			p.Revoke(cert, time.Now().Add(-time.Minute), 1)
			if r, err = certpath.Validate(t.Context(), cert, o); err != nil || r.Valid || r.Problems[0].Code != "revoked" {
				t.Fatalf("after revocation: %v %+v", err, r.Problems)
			}
			p.Faults.Set("ocsp", pkitest.Fault{Status: 500})
			if r, err = certpath.Validate(t.Context(), cert, o); err != nil || r.Valid || r.Problems[0].Code != "revoked" {
				t.Fatalf("by CRL: %v %+v", err, r.Problems)
			}
		})
	}
}

func TestEveryResponderIsDelegatedAndNotCheckedItself(t *testing.T) {
	p := start(t, pkitest.Options{})
	leaf, _, err := p.Issue(pkitest.Subject{CommonName: "a"})
	if err != nil {
		t.Fatal(err)
	}
	for service, asked := range map[string]struct{ cert, issuer *certpath.Certificate }{"ca": {leaf, p.CA}, "root": {p.CA, p.Root}} {
		request, err := revocation.OCSPRequest(asked.issuer, nil, asked.cert)
		if err != nil {
			t.Fatal(err)
		}
		der, err := p.OCSP(service).Respond(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		response, err := revocation.ParseOCSP(der)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := response.Signer(asked.issuer)
		if err != nil {
			t.Fatal(err)
		}
		noCheck := func(e certpath.Extension) bool { return e.ID.Equal(certpath.OID{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}) }
		if bytes.Equal(signer.Raw, asked.issuer.Raw) || !slices.ContainsFunc(signer.Extensions, noCheck) {
			t.Errorf("%s: signed by %s", service, signer.Subject)
		}
	}
}

func TestTimeStampFaults(t *testing.T) {
	p := start(t, pkitest.Options{})
	digest := sha256.Sum256([]byte("văn bản"))
	ask := func() error {
		c := &tsp.Client{URL: p.URL("tsa"), Fetch: &fetch.Client{Trusted: true, Timeout: 2 * time.Second}}
		_, err := c.Timestamp(t.Context(), crypto.SHA256, digest[:])
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		fault pkitest.Fault
		want  error
	}{
		{"slow", pkitest.Fault{Delay: 10 * time.Second}, fetch.ErrTimeout},
		{"busy", pkitest.Fault{Status: 429, Retry: "60"}, fetch.ErrBusy},
		{"wrong nonce", pkitest.Fault{Nonce: true}, tsp.ErrMismatch},
		{"wrong imprint", pkitest.Fault{Imprint: true}, tsp.ErrMismatch},
		{"wrong usage", pkitest.Fault{Usage: true}, tsp.ErrUsage},
		{"status 2", pkitest.Fault{Reject: true}, tsp.ErrRejected},
		{"truncated", pkitest.Fault{Truncate: true}, tsp.ErrToken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p.Faults.Set("tsa", tt.fault)
			if err := ask(); !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestPoolPassesOverABadAuthority(t *testing.T) {
	bad, good := start(t, pkitest.Options{}), start(t, pkitest.Options{})
	bad.Faults.Set("tsa", pkitest.Fault{ClockSkew: 5 * time.Hour})
	pool := tsp.NewPool(tsp.PoolOptions{Timeout: time.Second}, &tsp.Client{URL: bad.URL("tsa")}, &tsp.Client{URL: good.URL("tsa")})
	digest := sha256.Sum256([]byte("văn bản"))
	for range 5 {
		if _, err := pool.Timestamp(t.Context(), crypto.SHA256, digest[:]); err != nil {
			t.Fatal(err)
		}
	}
	if n := bad.Requests("tsa"); n != 1 {
		t.Fatalf("the bad authority was asked %d times", n)
	}
}

func TestSaveAndLoadKeepTheAddress(t *testing.T) {
	p := start(t, pkitest.Options{})
	dir := t.TempDir()
	if err := p.Save(dir); err != nil {
		t.Fatal(err)
	}
	cert, _, err := p.Issue(pkitest.Subject{CommonName: "a"})
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	q, err := pkitest.Load(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	f := fetcher(q)
	r, err := certpath.Validate(t.Context(), cert, &certpath.Options{Anchors: q, Fetch: f, Status: f, At: time.Now()})
	if err != nil || !r.Valid {
		t.Fatalf("%v %+v", err, r.Problems)
	}
}

func TestRevocationFaults(t *testing.T) {
	p := start(t, pkitest.Options{})
	cert, _, err := p.Issue(pkitest.Subject{CommonName: "a"})
	if err != nil {
		t.Fatal(err)
	}
	ask := func() error {
		_, err := (&revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{p.Host()}, Timeout: time.Second}}).Status(t.Context(), cert, p.CA)
		return err
	}
	p.Faults.Set("crl", pkitest.Fault{Status: 404})
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		fault pkitest.Fault
		want  error
	}{
		{"slow", pkitest.Fault{Delay: 10 * time.Second}, fetch.ErrTimeout},
		{"busy", pkitest.Fault{Status: 503, Retry: "60"}, fetch.ErrBusy},
		{"wrong nonce", pkitest.Fault{Nonce: true}, revocation.ErrNonce},
		{"clock ahead", pkitest.Fault{ClockSkew: time.Hour}, revocation.ErrUnanswered},
		{"truncated", pkitest.Fault{Truncate: true}, revocation.ErrOCSP},
		{"another answer", pkitest.Fault{Body: []byte("<html>")}, revocation.ErrOCSP},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p.Faults.Set("ocsp", tt.fault)
			if err := ask(); !errors.Is(err, tt.want) || !errors.Is(err, fetch.ErrStatus) {
				t.Fatalf("got %v, want %v and the list's failure", err, tt.want)
			}
		})
	}
}
