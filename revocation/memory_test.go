package revocation_test

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/revocation"
)

// TestAResponderIsKnownToTheNextDocument: every response brings its responder's certificate along, which is parsed and verified once.
func TestAResponderIsKnownToTheNextDocument(t *testing.T) {
	ca := newAuthority(t, "ca")
	key := newKey(t)
	responder := ca.issueFor("responder", key.Public(), &x509.Certificate{Subject: pkix.Name{CommonName: "ca"}}, func(c *x509.Certificate) {
		c.SerialNumber, c.ExtraExtensions = big.NewInt(4711), []pkix.Extension{ocspSigning}
	})
	answers := &revocation.OCSPResponder{
		Issuer: ca.cert, Key: key, Chain: []*certpath.Certificate{responder}, Clock: func() time.Time { return noon }, Valid: time.Hour,
		Lookup: func(context.Context, *big.Int) (certpath.Status, error) {
			return certpath.Status{State: certpath.Good, Reason: -1}, nil
		},
	}
	signer := func(name string, m *revocation.Memory) *certpath.Certificate {
		t.Helper()
		cert := ca.issue(name, nil)
		request, err := revocation.OCSPRequest(ca.cert, nil, cert)
		if err != nil {
			t.Fatal(err)
		}
		der, err := answers.Respond(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		found, err := (&revocation.Stored{OCSP: [][]byte{der}, Memory: m}).Status(t.Context(), cert, ca.cert)
		if err != nil || len(found) != 1 || len(found[0].Signer) == 0 || !found[0].Signer[0].Equal(responder) {
			t.Fatalf("%+v, %v", found, err)
		}
		return found[0].Signer[0]
	}
	m := &revocation.Memory{}
	first := signer("a", m)
	if signer("b", m) != first {
		t.Error("the responder's certificate is parsed again")
	}
	if known, err := m.Certificate(responder.Raw); err != nil || known != first {
		t.Errorf("another certificate of the same bytes: %v", err)
	}
	if signer("c", nil) == first {
		t.Error("without a memory something was kept")
	}
	if _, err := m.Certificate([]byte{0x30, 0}); err == nil {
		t.Error("what is no certificate is read")
	}
}
