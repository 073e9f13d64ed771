package cms

import (
	"bytes"
	"crypto"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// Integrity is the result of checking digest and signature, with notes as in [certpath.VerifySignature].
type Integrity struct {
	DigestMatches    bool
	SignatureMatches bool
	Notes            []string // also "no_signed_attributes", "ess_missing", "ess_sha1", "algorithm_protection_absent"
}

// Verify checks contentDigest against message-digest, the signature by cert's key, content-type, ESS signing-certificate
// (v1 or v2) and CMSAlgorithmProtection against cert. contentDigest is made with si.Hash(); without signed attributes
// the signature is checked over it directly. contentType nil is for counter-signatures, which name none (RFC 5652, 11.4). The
// error names the first thing that is wrong.
func (si *SignerInfo) Verify(contentType certpath.OID, contentDigest []byte, cert *certpath.Certificate) (Integrity, error) {
	var in Integrity
	h := si.Hash()
	if h == 0 {
		return in, codes.New(ErrAlgorithm, "verifying", si.digest.Algorithm.String(), "the digest algorithm is not supported")
	}
	if h == crypto.SHA1 {
		in.Notes = append(in.Notes, "sha1")
	}
	if si.signedRaw == nil {
		in.Notes = append(in.Notes, "no_signed_attributes")
		if contentType != nil && !contentType.Equal(OIDData) { // RFC 5652, 5.3
			return in, codes.New(ErrAttribute, "verifying", contentType.String(), "a content of this type needs signed attributes")
		}
		notes, err := certpath.VerifyDigest(si.sigAlg, cert.PublicKey, h, contentDigest, si.signature)
		in.addNotes(notes)
		in.SignatureMatches = err == nil
		in.DigestMatches = err == nil
		return in, err
	}
	in.DigestMatches = bytes.Equal(si.MessageDigest(), contentDigest)
	notes, err := si.verifyAttributes(cert, h)
	in.addNotes(notes)
	in.SignatureMatches = err == nil
	if err != nil {
		return in, err
	}
	if !in.DigestMatches {
		return in, codes.New(ErrSignatureMismatch, "verifying", "message-digest", "the content was changed")
	}
	return in, si.checkAttributes(&in, contentType, cert)
}

func (in *Integrity) addNotes(notes []string) {
	for _, n := range notes {
		if !slices.Contains(in.Notes, n) {
			in.Notes = append(in.Notes, n)
		}
	}
}

// verifyAttributes verifies the value over the signed attributes; an algorithm that names no hash takes the digest's.
func (si *SignerInfo) verifyAttributes(cert *certpath.Certificate, h crypto.Hash) ([]string, error) {
	notes, err := certpath.VerifySignature(si.sigAlg, cert.PublicKey, si.signedRaw, si.signature)
	if codes.Of(err) != string(certpath.ErrAlgorithm) || certpath.HashOf(si.sigAlg) != 0 {
		return notes, err
	}
	hash := h.New()
	hash.Write(si.signedRaw)
	return certpath.VerifyDigest(si.sigAlg, cert.PublicKey, h, hash.Sum(nil), si.signature)
}

// checkAttributes holds the signed attributes to RFC 5652, 11, RFC 5035 and RFC 6211.
func (si *SignerInfo) checkAttributes(in *Integrity, contentType certpath.OID, cert *certpath.Certificate) error {
	for _, t := range []certpath.OID{oidContentType, oidMessageDigest, oidSigningCert, oidSigningCertV2, oidAlgProtection} {
		count := 0
		for _, a := range si.signed {
			if a.Type.Equal(t) {
				count += max(1, len(a.Values))
			}
		}
		if count > 1 {
			return codes.New(ErrAttribute, "verifying", t.String(), "the attribute stands there more than once")
		}
	}
	if v := si.SignedAttribute(oidContentType); len(v) == 1 {
		s := cryptobyte.String(v[0])
		var oid certpath.OID
		if !s.ReadASN1ObjectIdentifier(&oid) || contentType != nil && !oid.Equal(contentType) {
			return codes.New(ErrAttribute, "verifying", "content-type", "it names another content")
		}
	} else if contentType != nil { // RFC 5652, 5.3
		return codes.New(ErrAttribute, "verifying", "content-type", "the attribute is missing")
	}
	if err := si.checkESS(in, cert); err != nil {
		return err
	}
	v := si.SignedAttribute(oidAlgProtection)
	if v == nil {
		in.addNotes([]string{"algorithm_protection_absent"})
		return nil
	}
	return si.checkProtection(v[0])
}

// checkProtection is RFC 6211, 2: both identifiers, parameters included.
func (si *SignerInfo) checkProtection(der []byte) error {
	s := cryptobyte.String(der)
	var body, sig cryptobyte.String
	if !s.ReadASN1(&body, cbasn1.SEQUENCE) {
		return malformed("CMSAlgorithmProtection")
	}
	digest, ok := certpath.ReadAlgorithm(&body)
	if !ok || !same(digest, si.digest) {
		return codes.New(ErrAttribute, "verifying", "CMSAlgorithmProtection", "the digest algorithm was changed")
	}
	if !body.ReadASN1(&sig, cbasn1.Tag(1).Constructed().ContextSpecific()) {
		return codes.New(ErrAttribute, "verifying", "CMSAlgorithmProtection", "it does not name the signature algorithm")
	}
	explicit := cryptobyte.String(wrap(0x30, sig)) // [1] is IMPLICIT
	if alg, ok := certpath.ReadAlgorithm(&explicit); !ok || !same(alg, si.sigAlg) {
		return codes.New(ErrAttribute, "verifying", "CMSAlgorithmProtection", "the signature algorithm was changed")
	}
	return nil
}

// same compares algorithm identifiers; parameters of NULL and none at all mean the same.
func same(a, b certpath.AlgorithmIdentifier) bool {
	given := func(p []byte) []byte {
		if bytes.Equal(p, []byte{5, 0}) {
			return nil
		}
		return p
	}
	return a.Algorithm.Equal(b.Algorithm) && bytes.Equal(given(a.Parameters), given(b.Parameters))
}

func (si *SignerInfo) checkESS(in *Integrity, cert *certpath.Certificate) error {
	h, want, ok, err := si.ESSCertificateHash()
	if err != nil {
		return err
	}
	if !ok {
		in.addNotes([]string{"ess_missing"})
		return nil
	}
	if h == crypto.SHA1 {
		in.addNotes([]string{"ess_sha1"})
	}
	hash := h.New()
	hash.Write(cert.Raw)
	if !bytes.Equal(hash.Sum(nil), want) {
		return codes.New(ErrAttribute, "verifying", "signing-certificate", "it names another certificate")
	}
	return nil
}

// ESSCertificateHash is the first certificate hash of signing-certificate-v2 or signing-certificate (RFC 5035); ok is
// false where neither stands.
func (si *SignerInfo) ESSCertificateHash() (h crypto.Hash, hash []byte, ok bool, err error) {
	h = crypto.SHA256
	v := si.SignedAttribute(oidSigningCertV2)
	v2 := len(v) > 0
	if !v2 {
		h, v = crypto.SHA1, si.SignedAttribute(oidSigningCert)
	}
	if len(v) == 0 {
		return 0, nil, false, nil
	}
	s := cryptobyte.String(v[0])
	var sc, list, id, digest cryptobyte.String
	if !s.ReadASN1(&sc, cbasn1.SEQUENCE) || !sc.ReadASN1(&list, cbasn1.SEQUENCE) || !list.ReadASN1(&id, cbasn1.SEQUENCE) {
		return 0, nil, false, malformed("signing-certificate")
	}
	if v2 && id.PeekASN1Tag(cbasn1.SEQUENCE) {
		a, ok := certpath.ReadAlgorithm(&id)
		if h = certpath.HashByOID(a.Algorithm); !ok || h == 0 {
			return 0, nil, false, codes.New(ErrAlgorithm, "verifying", "signing-certificate-v2", "the hash is not supported")
		}
	}
	if !id.ReadASN1(&digest, cbasn1.OCTET_STRING) {
		return 0, nil, false, malformed("signing-certificate")
	}
	return h, digest, true, nil
}
