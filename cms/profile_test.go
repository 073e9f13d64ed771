package cms_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"

	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/pkitest"
)

// The types of RFC 5652, 5.1 and 5.3 for the standard library's strict reader, which takes DER of definite lengths only.
type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content signedData `asn1:"explicit,tag:0"`
	}
	signedData struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Content      encapsulated
		Certificates asn1.RawValue `asn1:"optional,tag:0"`
		Signers      []signerInfo  `asn1:"set"`
	}
	encapsulated struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"optional,explicit,tag:0"`
	}
	signerInfo struct {
		Version int
		ID      struct {
			Issuer asn1.RawValue
			Serial *big.Int
		}
		Digest     pkix.AlgorithmIdentifier
		Attributes asn1.RawValue `asn1:"tag:0"`
		Algorithm  pkix.AlgorithmIdentifier
		Signature  []byte
		Unsigned   asn1.RawValue `asn1:"optional,tag:1"`
	}
	attribute struct {
		Type   asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
)

// EN 319 142-1, 6.3 and EN 319 122-1, 5: what a signature of this package holds, read by another parser.
func TestASignerIsThatOfTheBaselineProfile(t *testing.T) {
	for _, c := range []struct {
		name              string
		alg               pkitest.Algorithm
		o                 cms.PrepareOptions
		digest, algorithm string
		parameters        string // DER; "" absent
	}{
		{"RSA v1.5", pkitest.RSA2048, cms.PrepareOptions{}, "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.", "\x05\x00"},
		{"RSA-PSS", pkitest.RSA2048, cms.PrepareOptions{PSS: true}, "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.10",
			"\x30\x34\xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00" +
				"\xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\xa2\x03\x02\x01\x20"},
		{"P-256", pkitest.P256, cms.PrepareOptions{}, "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2", ""},
		{"P-384", pkitest.P384, cms.PrepareOptions{}, "2.16.840.1.101.3.4.2.2", "1.2.840.10045.4.3.3", ""},
		{"P-521", pkitest.P521, cms.PrepareOptions{}, "2.16.840.1.101.3.4.2.3", "1.2.840.10045.4.3.4", ""},
		{"Ed25519", pkitest.Ed25519, cms.PrepareOptions{}, "2.16.840.1.101.3.4.2.3", "1.3.101.112", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newParty(t, c.alg)
			der, err := p.sign(t, c.o).MarshalDER()
			if err != nil {
				t.Fatal(err)
			}
			var info contentInfo
			if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) > 0 {
				t.Fatalf("%v, %d bytes left", err, len(rest))
			}
			sd := info.Content
			if sd.Version != 1 || len(sd.Signers) != 1 || sd.Signers[0].Version != 1 || len(sd.Digests) != 1 || len(sd.Content.Content.FullBytes) > 0 {
				t.Fatalf("version %d, %d signers, digests %v, content %v", sd.Version, len(sd.Signers), sd.Digests, sd.Content)
			}
			si := sd.Signers[0]
			if si.Digest.Algorithm.String() != c.digest || !sd.Digests[0].Algorithm.Equal(si.Digest.Algorithm) {
				t.Errorf("digest %v, in the list %v", si.Digest.Algorithm, sd.Digests[0].Algorithm)
			}
			if got := si.Algorithm.Algorithm.String(); got != c.algorithm && (c.name != "RSA v1.5" || got != c.algorithm+"1" && got != c.algorithm+"11") {
				t.Errorf("algorithm %s", got)
			}
			if got := string(si.Algorithm.Parameters.FullBytes); got != c.parameters {
				t.Errorf("parameters %x, want %x", got, c.parameters)
			}
			if len(si.Unsigned.FullBytes) > 0 {
				t.Error("an unsigned attribute, such as a counter-signature, is there")
			}
			holdAttributes(t, p, si)
		})
	}
}

// holdAttributes holds the signed attributes: which they are, their order, and that the certificate named is the signer's.
func holdAttributes(t *testing.T, p party, si signerInfo) {
	t.Helper()
	values := map[string]asn1.RawValue{}
	var before []byte
	for rest := si.Attributes.Bytes; len(rest) > 0; {
		var a attribute
		after, err := asn1.Unmarshal(rest, &a)
		if err != nil || len(a.Values) != 1 {
			t.Fatalf("%v: %v", a, err)
		}
		this := rest[:len(rest)-len(after)]
		if bytes.Compare(before, this) >= 0 {
			t.Errorf("%v stands out of order (X.690, 11.6)", a.Type)
		}
		before, rest = this, after
		values[a.Type.String()] = a.Values[0]
	}
	const contentType, messageDigest, certificate, protection = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4", "1.2.840.113549.1.9.16.2.47", "1.2.840.113549.1.9.52"
	for oid := range values {
		if !slices.Contains([]string{contentType, messageDigest, certificate, protection}, oid) {
			t.Errorf("attribute %s", oid) // signing-time, commitment type, signer location, policy
		}
	}
	if len(values) != 4 {
		t.Errorf("%d attributes", len(values))
	}
	var ess struct {
		Certificates []struct {
			Hash   []byte // the identifier of SHA-256, the default, is left out
			Issuer struct {
				Names  []asn1.RawValue
				Serial *big.Int
			}
		}
	}
	if rest, err := asn1.Unmarshal(values[certificate].FullBytes, &ess); err != nil || len(rest) > 0 || len(ess.Certificates) != 1 {
		t.Fatalf("signing-certificate-v2: %v %v", ess, err)
	}
	named := ess.Certificates[0]
	if sum := sha256.Sum256(p.cert.Raw); !bytes.Equal(named.Hash, sum[:]) {
		t.Error("the hash is not the signing certificate's")
	}
	if named.Issuer.Serial.Cmp(si.ID.Serial) != 0 || len(named.Issuer.Names) != 1 || !bytes.Equal(named.Issuer.Names[0].Bytes, si.ID.Issuer.FullBytes) {
		t.Errorf("issuer and serial are not those of the signer identifier: %v", named.Issuer)
	}
	var digested []byte
	if _, err := asn1.Unmarshal(values[messageDigest].FullBytes, &digested); err != nil || !slices.ContainsFunc(
		[]crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}, func(h crypto.Hash) bool { return bytes.Equal(digested, digest(h)) }) {
		t.Errorf("message-digest %x, %v", digested, err)
	}
}
