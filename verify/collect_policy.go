package verify

import (
	"bytes"
	"crypto"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
)

// Attributes about the signature policy (EN 319 122-1, 5.2.9 and 5.2.10).
var (
	oidSignaturePolicy = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 15}
	oidPolicyStore     = certpath.OID{0, 4, 0, 19122, 1, 3}
	oidPolicyURI       = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 5, 1}
)

// binding says whether the signed attributes name another certificate (EN 319 102-1, 5.2.3.4); what cannot be read names none.
func binding(si *cms.SignerInfo, cert *certpath.Certificate) string {
	h, want, ok, err := si.ESSCertificateHash()
	if err != nil || !ok || !h.Available() {
		return ""
	}
	sum := h.New()
	sum.Write(cert.Raw)
	if bytes.Equal(sum.Sum(nil), want) {
		return ""
	}
	return Mismatch
}

// signaturePolicy reads which signature policy a signature names, nil if none.
func signaturePolicy(si *cms.SignerInfo) *SignaturePolicyFacts {
	values := si.SignedAttribute(oidSignaturePolicy)
	if len(values) == 0 {
		return nil
	}
	s := cryptobyte.String(values[0])
	if s.PeekASN1Tag(cbasn1.NULL) {
		return &SignaturePolicyFacts{Implied: true}
	}
	f := &SignaturePolicyFacts{Digest: Unverifiable}
	var id, hashes, want cryptobyte.String
	var oid certpath.OID
	if !s.ReadASN1(&id, cbasn1.SEQUENCE) || !id.ReadASN1ObjectIdentifier(&oid) || !id.ReadASN1(&hashes, cbasn1.SEQUENCE) {
		f.Problem = "the attribute is not a SignaturePolicyId"
		return f
	}
	f.ID = oid.String()
	alg, ok := certpath.ReadAlgorithm(&hashes)
	if !ok || !hashes.ReadASN1(&want, cbasn1.OCTET_STRING) {
		f.Problem = "the hash of the policy cannot be read"
		return f
	}
	f.URI = policyURI(id)
	f.Digest = policyDigest(si, certpath.HashByOID(alg.Algorithm), want)
	return f
}

// policyURI is the first qualifier that says where the policy lies.
func policyURI(id cryptobyte.String) string {
	var qualifiers, one, uri cryptobyte.String
	if !id.ReadASN1(&qualifiers, cbasn1.SEQUENCE) {
		return ""
	}
	for !qualifiers.Empty() {
		var oid certpath.OID
		if !qualifiers.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&oid) {
			return ""
		}
		if oid.Equal(oidPolicyURI) && one.ReadASN1(&uri, cbasn1.IA5String) {
			return string(uri)
		}
	}
	return ""
}

// policyDigest compares the hash that was signed with the policy in the signature-policy-store attribute, if there is one. A
// hash of zero length says that the signer did not know it (EN 319 122-1, 5.2.9.1).
func policyDigest(si *cms.SignerInfo, h crypto.Hash, want []byte) string {
	if len(want) == 0 || h == 0 || !h.Available() {
		return Unverifiable
	}
	for _, a := range si.UnsignedAttributes() {
		if !a.Type.Equal(oidPolicyStore) {
			continue
		}
		for _, v := range a.Values {
			document, ok := storedPolicy(v)
			if !ok {
				continue
			}
			sum := h.New()
			sum.Write(document)
			if bytes.Equal(sum.Sum(nil), want) {
				return Match
			}
			return Mismatch
		}
	}
	return Unverifiable
}

// storedPolicy is the document inside a SignaturePolicyStore; false where it only says where that lies.
func storedPolicy(der []byte) ([]byte, bool) {
	s := cryptobyte.String(der)
	var store, document cryptobyte.String
	var tag cbasn1.Tag
	var spec cryptobyte.String
	if !s.ReadASN1(&store, cbasn1.SEQUENCE) || !store.ReadAnyASN1(&spec, &tag) || !store.ReadASN1(&document, cbasn1.OCTET_STRING) {
		return nil, false
	}
	return document, true
}
