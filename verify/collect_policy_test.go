package verify_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/verify"
)

func der(t *testing.T, v any) []byte {
	t.Helper()
	b, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// attached signs the letter with more attributes.
func (r *registry) attached(t *testing.T, signed, unsigned []cms.Attribute, chain ...*certpath.Certificate) []byte {
	t.Helper()
	sum := sha256.Sum256(letter)
	u, err := cms.Prepare(r.cert, sum[:], &cms.PrepareOptions{Attributes: signed})
	if err != nil {
		t.Fatal(err)
	}
	sd, err := u.Sign(nil, r.key, append(r.pki.Chain(), chain...)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range unsigned {
		sd.Signers()[0].AddUnsigned(a)
	}
	sd.Attach(bytes.NewReader(letter), int64(len(letter)))
	b, err := sd.MarshalDER()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (r *registry) facts(t *testing.T, file []byte) *verify.SignatureFacts {
	t.Helper()
	f, err := verify.Collect(t.Context(), bytes.NewReader(file), int64(len(file)), &verify.CollectOptions{Trust: r.trust, Offline: true, At: r.now})
	if err != nil {
		t.Fatal(err)
	}
	return &f.Signatures[0]
}

var (
	policyOID = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 15}
	storeOID  = certpath.OID{0, 4, 0, 19122, 1, 3}
	uriOID    = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 5, 1}
	sha256OID = certpath.OID{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

type policyQualifier struct {
	ID  asn1.ObjectIdentifier
	URI string `asn1:"ia5"`
}

type policyHash struct {
	Algorithm struct{ ID asn1.ObjectIdentifier }
	Value     []byte
}

type policyID struct {
	ID         asn1.ObjectIdentifier
	Hash       policyHash
	Qualifiers []policyQualifier
}

type policyStore struct {
	Spec     asn1.ObjectIdentifier
	Document []byte
}

func TestWhatASignatureSaysOfItsPolicyIsCollected(t *testing.T) {
	r := newRegistry(t)
	text := []byte("Quy chế ký số")
	named := policyID{ID: certpath.OID{1, 2, 3, 4}, Qualifiers: []policyQualifier{{uriOID, "http://example.vn/quy-che"}}}
	named.Hash.Algorithm.ID = sha256OID
	sum := sha256.Sum256(text)
	named.Hash.Value = sum[:]
	attribute := func(v []byte) []cms.Attribute { return []cms.Attribute{{Type: policyOID, Values: [][]byte{v}}} }
	store := func(document []byte) []cms.Attribute {
		return []cms.Attribute{{Type: storeOID, Values: [][]byte{der(t, policyStore{certpath.OID{1, 2, 3}, document})}}}
	}
	for _, c := range []struct {
		name             string
		signed, unsigned []cms.Attribute
		want             *verify.SignaturePolicyFacts
	}{
		{"none", nil, nil, nil},
		{"implied", attribute([]byte{5, 0}), nil, &verify.SignaturePolicyFacts{Implied: true}},
		{"elsewhere", attribute(der(t, named)), nil, &verify.SignaturePolicyFacts{ID: "1.2.3.4", URI: "http://example.vn/quy-che", Digest: verify.Unverifiable}},
		{"in the file", attribute(der(t, named)), store(text), &verify.SignaturePolicyFacts{ID: "1.2.3.4", URI: "http://example.vn/quy-che", Digest: verify.Match}},
		{"another in the file", attribute(der(t, named)), store([]byte("x")), &verify.SignaturePolicyFacts{ID: "1.2.3.4", URI: "http://example.vn/quy-che", Digest: verify.Mismatch}},
		{"damaged", attribute([]byte{4, 1, 0}), nil, &verify.SignaturePolicyFacts{Digest: verify.Unverifiable, Problem: "the attribute is not a SignaturePolicyId"}},
	} {
		got := r.facts(t, r.attached(t, c.signed, c.unsigned)).SignaturePolicy
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestACertificateThatTheSignatureDoesNotNameIsAnother: two certificates for one key, and the signer's identifier turned to the
// one that the signed attributes do not name.
func TestACertificateThatTheSignatureDoesNotNameIsAnother(t *testing.T) {
	r := newRegistry(t)
	other, err := r.pki.IssueFor(pkitest.Subject{CommonName: "Trần Thị Mẫu", NotAfter: r.now.Add(24 * time.Hour)}, r.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	file := r.attached(t, nil, nil, other)
	if f := r.facts(t, file); f.CertificateBinding != "" || f.AttributeProblem != "" {
		t.Fatalf("%q %q", f.CertificateBinding, f.AttributeProblem)
	}
	mine, theirs := der(t, r.cert.SerialNumber), der(t, other.SerialNumber)
	at := bytes.LastIndex(file, mine)     // in the signed attributes
	at = bytes.LastIndex(file[:at], mine) // in the identifier of the signer
	if len(mine) != len(theirs) || at < 0 {
		t.Fatal("the serial numbers cannot be exchanged")
	}
	copy(file[at:], theirs)
	f := r.facts(t, file)
	if f.Digest != verify.Match || f.Signature != verify.Match || f.CertificateBinding != verify.Mismatch || f.AttributeProblem != "" {
		t.Errorf("digest %s, value %s, binding %q, problem %q", f.Digest, f.Signature, f.CertificateBinding, f.AttributeProblem)
	}
}
