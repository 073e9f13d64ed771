package revocation_test

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/revocation"
)

var (
	ocspSigning = pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Value: []byte{0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 9}}
	noCheck     = pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}, Value: []byte{5, 0}}
)

// respond answers good for cert, by a responder of its own at a time.
func (a *authority) respond(cert *certpath.Certificate, at time.Time, valid time.Duration, responder ...pkix.Extension) []byte {
	a.t.Helper()
	r := &revocation.OCSPResponder{Issuer: a.cert, Key: a.key, Clock: func() time.Time { return at }, Valid: valid, Lookup: func(context.Context, *big.Int) (certpath.Status, error) {
		return certpath.Status{State: certpath.Good, Reason: -1}, nil
	}}
	if responder != nil {
		key := newKey(a.t)
		c := a.issueFor("responder", key.Public(), &x509.Certificate{Subject: pkix.Name{CommonName: a.cert.Subject.CommonName()}}, func(c *x509.Certificate) {
			c.SerialNumber, c.ExtraExtensions = big.NewInt(4711), responder
		})
		r.Key, r.Chain = key, []*certpath.Certificate{c}
	}
	request, err := revocation.OCSPRequest(a.cert, nil, cert)
	if err != nil {
		a.t.Fatal(err)
	}
	der, err := r.Respond(a.t.Context(), request)
	if err != nil {
		a.t.Fatal(err)
	}
	return der
}

// TestRespondersVouchAsFarAsTheyAreVouchedFor: RFC 6960, 4.2.2.2 and 4.2.2.2.1.
func TestRespondersVouchAsFarAsTheyAreVouchedFor(t *testing.T) {
	ca := newAuthority(t, "ca")
	leaf := ca.issue("leaf", nil)
	revokedResponder := []revocation.CRLEntry{{Serial: big.NewInt(4711), RevokedAt: noon.Add(-time.Hour), Reason: 1}}
	for _, tt := range []struct {
		name string
		ocsp []byte
		crls [][]byte
		want string
	}{
		{"the authority itself", ca.respond(leaf, noon, time.Hour), nil, "valid"},
		{"a delegate that is not to be checked", ca.respond(leaf, noon, time.Hour, ocspSigning, noCheck), nil, "valid"},
		{"a delegate of whom nothing is known", ca.respond(leaf, noon, time.Hour, ocspSigning), nil, "no_revocation_evidence"},
		{"a delegate of whom a list tells too little", ca.respond(leaf, noon, time.Hour, ocspSigning), [][]byte{ca.list(1, nil, issuing(reasons(0x60)))}, "no_revocation_evidence"},
		{"a revoked delegate", ca.respond(leaf, noon, time.Hour, ocspSigning), [][]byte{ca.list(1, revokedResponder)}, "valid"}, // by the list, which knows the leaf too
		{"no purpose", ca.respond(leaf, noon, time.Hour, noCheck), nil, "no_revocation_evidence"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &revocation.Stored{OCSP: [][]byte{tt.ocsp}, CRLs: tt.crls}
			if got := outcome(validate(t, ca, leaf, s, noon)); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	for name, tt := range map[string]struct {
		entries []revocation.CRLEntry
		want    string
	}{"a delegate whom a list leaves in office": {nil, "valid"}, "a revoked delegate, and no other word": {revokedResponder, "no_revocation_evidence"}} {
		t.Run(name, func(t *testing.T) {
			s := only{&revocation.Stored{OCSP: [][]byte{ca.respond(leaf, noon, time.Hour, ocspSigning)}, CRLs: [][]byte{ca.list(1, tt.entries)}}, leaf}
			if got := outcome(validate(t, ca, leaf, s, noon)); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	t.Run("what is said of the signer", func(t *testing.T) {
		s, err := (&revocation.Stored{OCSP: [][]byte{ca.respond(leaf, noon, time.Hour, ocspSigning, noCheck)}}).Status(t.Context(), leaf, ca.cert)
		if err != nil || len(s) != 1 || len(s[0].Signer) == 0 || s[0].Signer[0].Subject.CommonName() != "responder" || len(s[0].SignatureAlgorithm.Algorithm) == 0 {
			t.Errorf("%v %+v", err, s)
		}
	})
}

// only gives the word of OCSP alone about one certificate.
type only struct {
	*revocation.Stored
	leaf *certpath.Certificate
}

func (o only) Status(ctx context.Context, cert, issuer *certpath.Certificate) ([]certpath.Status, error) {
	s, err := o.Stored.Status(ctx, cert, issuer)
	if cert.Equal(o.leaf) {
		s = slices.DeleteFunc(s, func(s certpath.Status) bool { return s.Kind != "ocsp" })
	}
	return s, err
}

// TestNoCheckIsForRespondersAlone: a signer's certificate is not exempt by carrying it.
func TestNoCheckIsForRespondersAlone(t *testing.T) {
	ca := newAuthority(t, "ca")
	noRevAvail := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 56}, Value: []byte{5, 0}}
	shortLived := pkix.Extension{Id: asn1.ObjectIdentifier{0, 4, 0, 194121, 2, 1}, Value: []byte{5, 0}}
	for _, tt := range []struct {
		name       string
		extensions []pkix.Extension
		want       string
	}{
		{"nocheck", []pkix.Extension{noCheck}, "no_revocation_evidence"},
		{"a responder's nocheck", []pkix.Extension{noCheck, ocspSigning}, "valid"},
		{"noRevAvail", []pkix.Extension{noRevAvail}, "valid"},
		{"short-lived", []pkix.Extension{shortLived}, "valid"},
	} {
		if got := outcome(validate(t, ca, ca.issue("leaf", extended(tt.extensions...)), &revocation.Stored{}, noon)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	mid := ca.below("mid", extended(noRevAvail)) // RFC 9608, 3: never in an authority's
	if got := outcome(validate(t, ca, mid.issue("leaf", extended(noRevAvail)), &revocation.Stored{}, noon, mid.cert)); got != "no_revocation_evidence" {
		t.Errorf("an authority with noRevAvail: %s", got)
	}
}

// TestFreshnessAndGrace are parameters of the validation.
func TestFreshnessAndGrace(t *testing.T) {
	ca := newAuthority(t, "ca")
	leaf := ca.issue("leaf", nil)
	for _, tt := range []struct {
		name      string
		made      time.Duration // before noon
		valid     time.Duration
		freshness certpath.Freshness
		want      string
	}{
		{"in force", time.Hour, 2 * time.Hour, certpath.Freshness{}, "valid"},
		{"no longer in force", 3 * time.Hour, 2 * time.Hour, certpath.Freshness{}, "no_revocation_evidence"},
		{"no longer in force, but not by much", 3 * time.Hour, 2 * time.Hour, certpath.Freshness{Late: time.Hour}, "valid"},
		{"in force, but older than wanted", 3 * time.Hour, 9 * time.Hour, certpath.Freshness{MaxAge: time.Hour}, "no_revocation_evidence"},
		{"young enough", time.Hour, 9 * time.Hour, certpath.Freshness{MaxAge: time.Hour}, "valid"},
		{"made since", -time.Hour, time.Hour, certpath.Freshness{}, "valid"},
		{"made before the grace period is over", -time.Hour, time.Hour, certpath.Freshness{Grace: 2 * time.Hour}, "no_revocation_evidence"},
		{"made after the grace period", -2 * time.Hour, time.Hour, certpath.Freshness{Grace: 2 * time.Hour}, "valid"},
		{"without an end, of today", 23 * time.Hour, 0, certpath.Freshness{}, "valid"},
		{"without an end, of the day before", 25 * time.Hour, 0, certpath.Freshness{}, "no_revocation_evidence"},
		{"without an end, as old as is allowed", 25 * time.Hour, 0, certpath.Freshness{MaxAge: 48 * time.Hour}, "valid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &revocation.Stored{OCSP: [][]byte{ca.respond(leaf, noon.Add(-tt.made), tt.valid)}}
			r, err := certpath.Validate(t.Context(), leaf, &certpath.Options{Anchors: anchor{ca.cert}, Status: s, At: noon, Freshness: tt.freshness})
			if err != nil || outcome(r) != tt.want {
				t.Errorf("%v %s, want %s", err, outcome(r), tt.want)
			}
		})
	}
}

// TestEvidenceFromBeforeTheCertificateIsNone, whatever it says.
func TestEvidenceFromBeforeTheCertificateIsNone(t *testing.T) {
	ca := newAuthority(t, "ca")
	leaf := ca.issue("leaf", func(c *x509.Certificate) { c.NotBefore = noon.Add(-30 * time.Minute) })
	if got := outcome(validate(t, ca, leaf, &revocation.Stored{CRLs: [][]byte{ca.list(1, nil)}}, noon)); got != "no_revocation_evidence" {
		t.Errorf("a list of an hour ago about a certificate of half an hour ago: %s", got)
	}
}

// TestArchiveCutOffsThatAreWrong are no cutoff, and do no harm; a right one is told.
func TestArchiveCutOffsThatAreWrong(t *testing.T) {
	ca := newAuthority(t, "ca")
	leaf := ca.issue("leaf", nil)
	answer := ca.respond(leaf, noon, time.Hour)
	good := build(func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(noon.AddDate(-5, 0, 0)) })
	for _, value := range [][]byte{good, nil, {0x18, 0}, {0x18, 2, '2', '0'}, []byte("\x18\x0f20261399999999Z"), {5, 0}, {0x18, 0x84, 0xff, 0xff, 0xff, 0xff}} {
		der := withExtension(t, answer, certpath.OID{1, 3, 6, 1, 5, 5, 7, 48, 1, 6}, false, value)
		r, err := revocation.ParseOCSP(der)
		if err != nil || len(r.Responses) != 1 {
			t.Fatalf("%x: %v", value, err)
		}
		if got := r.Responses[0].ArchiveCutOff; got.IsZero() == (string(value) == string(good)) {
			t.Errorf("%x: %v", value, got)
		}
	}
}

// TestACriticalExtensionOfAnAnswerIsKnownOrTheAnswerIsNone: RFC 6960, 4.4.
func TestACriticalExtensionOfAnAnswerIsKnownOrTheAnswerIsNone(t *testing.T) {
	ca := newAuthority(t, "ca")
	answer := ca.respond(ca.issue("leaf", nil), noon, time.Hour)
	for _, tt := range []struct {
		id       certpath.OID
		critical bool
		want     error
	}{
		{certpath.OID{1, 2, 3}, false, nil}, {certpath.OID{1, 2, 3}, true, revocation.ErrOCSP}, {certpath.OID{1, 3, 6, 1, 5, 5, 7, 48, 1, 6}, true, nil},
	} {
		if _, err := revocation.ParseOCSP(withExtension(t, answer, tt.id, tt.critical, []byte{5, 0})); !errors.Is(err, tt.want) {
			t.Errorf("%v, critical %t: %v", tt.id, tt.critical, err)
		}
	}
}

// withExtension adds an extension to the answer's only single response; the signature no longer holds.
func withExtension(t *testing.T, der []byte, id certpath.OID, critical bool, value []byte) []byte {
	t.Helper()
	extension := build(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(id)
					if critical {
						b.AddASN1Boolean(true)
					}
					b.AddASN1OctetString(value)
				})
			})
		})
	})
	r, err := revocation.ParseOCSP(der)
	if err != nil {
		t.Fatal(err)
	}
	in := cryptobyte.String(r.Basic)
	var basic, tbs, list, single cryptobyte.String
	var responder, produced cryptobyte.String
	var tag cbasn1.Tag
	if !in.ReadASN1(&basic, cbasn1.SEQUENCE) || !basic.ReadASN1(&tbs, cbasn1.SEQUENCE) || !tbs.ReadAnyASN1Element(&responder, &tag) ||
		!tbs.ReadAnyASN1Element(&produced, &tag) || !tbs.ReadASN1(&list, cbasn1.SEQUENCE) || !list.ReadASN1(&single, cbasn1.SEQUENCE) {
		t.Fatal("the answer is not as it is written here")
	}
	basicChanged := build(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddBytes(responder)
				b.AddBytes(produced)
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddBytes(single)
						b.AddBytes(extension)
					})
				})
			})
			b.AddBytes(basic)
		})
	})
	return build(func(b *cryptobyte.Builder) { // OCSPResponse
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Enum(0)
			b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(certpath.OID{1, 3, 6, 1, 5, 5, 7, 48, 1, 1})
					b.AddASN1OctetString(basicChanged)
				})
			})
		})
	})
}
