package certpath_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
)

var now = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// entity is a name with a key; its certificates are made by issue.
type entity struct {
	name string
	key  crypto.Signer
}

func newEntity(t testing.TB, name string) *entity {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &entity{name, k}
}

var serials int64

func (e *entity) issue(t testing.TB, to *entity, change func(*x509.Certificate)) *certpath.Certificate {
	t.Helper()
	serials++
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(serials), Subject: pkix.Name{CommonName: to.name}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(tmpl)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, &x509.Certificate{Subject: pkix.Name{CommonName: e.name}}, to.key.Public(), e.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := certpath.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ca(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.MaxPathLen = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign, -1
}

type anchors []*certpath.Certificate

func (a anchors) Anchors(time.Time) []certpath.Anchor {
	var out []certpath.Anchor
	for _, c := range a {
		out = append(out, certpath.Anchor{Certificate: c})
	}
	return out
}

func TestPaths(t *testing.T) {
	root, mid, leaf, other := newEntity(t, "root"), newEntity(t, "mid"), newEntity(t, "leaf"), newEntity(t, "other")
	rootCert := root.issue(t, root, ca)
	constrained := func(value []byte) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			ca(c)
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 30}, Critical: true, Value: value}}
		}
	}
	emailOnly := []byte{0x30, 0x12, 0xa0, 0x10, 0x30, 0x0e, 0x81, 0x0c, 'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 't', 'e', 's', 't'}
	tests := []struct {
		name    string
		mid     func(*x509.Certificate)
		leaf    func(*x509.Certificate)
		purpose certpath.Purpose
		want    string // the worst problem, "" for a valid path
	}{
		{"a plain path", ca, nil, certpath.Sign, ""},
		{"expired leaf", ca, func(c *x509.Certificate) { c.NotAfter = now.AddDate(0, 0, -1) }, certpath.Sign, "expired"},
		{"leaf of the future", ca, func(c *x509.Certificate) { c.NotBefore = now.AddDate(0, 0, 1) }, certpath.Sign, "not_yet_valid"},
		{"issuer is no CA", func(c *x509.Certificate) { c.BasicConstraintsValid = true }, nil, certpath.Sign, "not_a_ca"},
		{"issuer may not sign certificates", func(c *x509.Certificate) { ca(c); c.KeyUsage = x509.KeyUsageCRLSign }, nil, certpath.Sign, "key_usage"},
		{"leaf may not sign", ca, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, certpath.Sign, "key_usage"},
		{"leaf is no TSA", ca, nil, certpath.TimeStamp, "ext_key_usage"},
		{"unknown critical extension", ca, func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}, certpath.Sign, "unknown_critical_extension"},
		{"e-mail outside the constraint", constrained(emailOnly), func(c *x509.Certificate) { c.EmailAddresses = []string{"a@other.test"} }, certpath.Sign, "name_constraints"},
		{"e-mail inside the constraint", constrained(emailOnly), func(c *x509.Certificate) { c.EmailAddresses = []string{"a@example.test"} }, certpath.Sign, ""},
		{"unreadable constraint", constrained([]byte{1, 2, 3}), nil, certpath.Sign, "name_constraints"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			midCert, leafCert := root.issue(t, mid, tt.mid), mid.issue(t, leaf, tt.leaf)
			r, err := certpath.Validate(t.Context(), leafCert, &certpath.Options{
				Anchors: anchors{rootCert}, Pool: []*certpath.Certificate{other.issue(t, other, ca), midCert}, At: now, Purpose: tt.purpose,
			})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(r.Problems) > 0 {
				got = r.Problems[0].Code
			}
			if got != tt.want || r.Valid != (tt.want == "") {
				t.Errorf("got %q (%+v), want %q", got, r.Problems, tt.want)
			}
		})
	}
	t.Run("path length", func(t *testing.T) {
		short := root.issue(t, mid, func(c *x509.Certificate) { ca(c); c.MaxPathLen, c.MaxPathLenZero = 0, true })
		below := mid.issue(t, other, ca)
		end := other.issue(t, leaf, nil)
		r, err := certpath.Validate(t.Context(), end, &certpath.Options{Anchors: anchors{rootCert}, Pool: []*certpath.Certificate{short, below}, At: now})
		if err != nil || r.Valid || r.Problems[0].Code != "path_length" {
			t.Errorf("%v %+v", err, r.Problems)
		}
	})
	t.Run("no anchor", func(t *testing.T) {
		r, err := certpath.Validate(t.Context(), mid.issue(t, leaf, nil), &certpath.Options{Anchors: anchors{}, At: now})
		if err != nil || r.Valid || r.Problems[0].Code != "no_path" {
			t.Errorf("%v %+v", err, r.Problems)
		}
	})
}

// TestLoopsOfCrossCertificatesEnd: twelve CAs that all certify each other.
func TestLoopsOfCrossCertificatesEnd(t *testing.T) {
	var cas []*entity
	for i := range 12 {
		cas = append(cas, newEntity(t, fmt.Sprint("ca", i)))
	}
	var pool []*certpath.Certificate
	for _, a := range cas {
		for _, b := range cas {
			if a != b {
				pool = append(pool, a.issue(t, b, ca))
			}
		}
	}
	leaf := cas[0].issue(t, newEntity(t, "leaf"), nil)
	stranger := newEntity(t, "stranger")
	r, err := certpath.Validate(t.Context(), leaf, &certpath.Options{Anchors: anchors{stranger.issue(t, stranger, ca)}, Pool: pool, At: now})
	if err != nil || r.Valid {
		t.Fatalf("%v %+v", err, r)
	}
}

type statusOf map[string]certpath.Status

func (s statusOf) Status(_ context.Context, c, _ *certpath.Certificate) ([]certpath.Status, error) {
	if st, ok := s[c.Subject.CommonName()]; ok {
		return []certpath.Status{st}, nil
	}
	return nil, errors.New("nobody answers")
}

func TestRevocationCountsFromItsTime(t *testing.T) {
	root, leaf := newEntity(t, "root"), newEntity(t, "leaf")
	rootCert := root.issue(t, root, ca)
	leafCert := root.issue(t, leaf, nil)
	for _, tt := range []struct {
		name   string
		status certpath.Status
		known  bool
		want   string
	}{
		{"good", certpath.Status{State: certpath.Good, ThisUpdate: now}, true, ""},
		{"good, but of long ago", certpath.Status{State: certpath.Good, ThisUpdate: now.AddDate(0, -2, 0), NextUpdate: now.AddDate(0, -1, 0)}, true, "no_revocation_evidence"},
		{"revoked before", certpath.Status{State: certpath.Revoked, RevokedAt: now.Add(-time.Hour)}, true, "revoked"},
		{"revoked after", certpath.Status{State: certpath.Revoked, RevokedAt: now.Add(time.Hour)}, true, ""},
		{"nobody knows", certpath.Status{}, false, "no_revocation_evidence"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			source := statusOf{}
			if tt.known {
				source["leaf"] = tt.status
			}
			r, err := certpath.Validate(t.Context(), leafCert, &certpath.Options{Anchors: anchors{rootCert}, Status: source, At: now})
			if err != nil {
				t.Fatal(err)
			}
			if r.Valid != (tt.want == "") || !r.Valid && r.Problems[0].Code != tt.want {
				t.Errorf("got %+v, want %q", r.Problems, tt.want)
			}
		})
	}
}
