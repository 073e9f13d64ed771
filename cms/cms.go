package cms

import (
	"crypto"
	"io"
	"math/big"

	"github.com/antinvn/antin/certpath"
)

// Attribute is a CMS attribute; each value is its own DER.
type Attribute struct {
	Type   certpath.OID
	Values [][]byte
}

// SignedData is RFC 5280's neighbour RFC 5652, 5.1. Everything read is kept as bytes: marshalling an unchanged
// value returns the input.
type SignedData struct { /* owner: cms */
}

// Parse reads a ContentInfo with SignedData in BER or DER. Enveloped content is kept unless o.Content is set,
// in which case it is streamed there while it is hashed.
func Parse(r io.Reader) (*SignedData, error) { panic("unwritten") }

// ParseBytes is Parse for a slice; bytes after the structure are ignored and reported by [SignedData.Trailing].
func ParseBytes(b []byte) (*SignedData, error) { panic("unwritten") }

// Trailing is the number of bytes after the outer structure (zero padding in a PDF's /Contents).
func (s *SignedData) Trailing() int { panic("unwritten") }

// ContentType is eContentType.
func (s *SignedData) ContentType() certpath.OID { panic("unwritten") }

// Content is eContent's octets, nil if detached.
func (s *SignedData) Content() []byte { panic("unwritten") }

// Certificates are the X.509 certificates inside; what cannot be parsed is left out (see RawCertificates).
func (s *SignedData) Certificates() []*certpath.Certificate { panic("unwritten") }

// RawCertificates are all elements of the certificates field as bytes.
func (s *SignedData) RawCertificates() [][]byte { panic("unwritten") }

// CRLs are the CertificateLists inside, as DER.
func (s *SignedData) CRLs() [][]byte { panic("unwritten") }

// OCSPResponses are the responses inside as OtherRevocationInfoFormat id-ri-ocsp-response (RFC 5940), each an OCSPResponse.
func (s *SignedData) OCSPResponses() [][]byte { panic("unwritten") }

// RawRevocationInfos are all elements of the crls field as bytes.
func (s *SignedData) RawRevocationInfos() [][]byte { panic("unwritten") }

// Signers are the signers in the order of the file.
func (s *SignedData) Signers() []*SignerInfo { panic("unwritten") }

// AddCertificates adds what is not yet there.
func (s *SignedData) AddCertificates(c ...*certpath.Certificate) { panic("unwritten") }

// AddCRLs adds CertificateLists (DER) that are not yet there.
func (s *SignedData) AddCRLs(der ...[]byte) { panic("unwritten") }

// AddOCSPResponses adds OCSPResponses (DER) that are not yet there.
func (s *SignedData) AddOCSPResponses(der ...[]byte) { panic("unwritten") }

// Merge adds the signers, certificates and revocation data of o (same content) to s.
func (s *SignedData) Merge(o *SignedData) error { panic("unwritten") }

// MarshalDER returns the ContentInfo: the input's bytes if nothing was changed, DER otherwise.
func (s *SignedData) MarshalDER() ([]byte, error) { panic("unwritten") }

// SignerInfo is RFC 5652, 5.3.
type SignerInfo struct { /* owner: cms */
}

// Raw is the SignerInfo as read, unsigned attributes included.
func (si *SignerInfo) Raw() []byte { panic("unwritten") }

// Issuer and serial number, or the subject key identifier, of the signing certificate.
func (si *SignerInfo) SID() (rawIssuer []byte, serial *big.Int, ski []byte) { panic("unwritten") }

// Certificate finds the signing certificate among candidates by SID, nil if absent.
func (si *SignerInfo) Certificate(candidates []*certpath.Certificate) *certpath.Certificate {
	panic("unwritten")
}

// DigestAlgorithm is the hash of the content.
func (si *SignerInfo) DigestAlgorithm() certpath.AlgorithmIdentifier { panic("unwritten") }

// Hash is DigestAlgorithm as a crypto.Hash, 0 if unknown.
func (si *SignerInfo) Hash() crypto.Hash { panic("unwritten") }

// SignatureAlgorithm is the signature's.
func (si *SignerInfo) SignatureAlgorithm() certpath.AlgorithmIdentifier { panic("unwritten") }

// Signature is the signature value.
func (si *SignerInfo) Signature() []byte { panic("unwritten") }

// SignedAttributes are the signed attributes in the order of the file; nil if there are none.
func (si *SignerInfo) SignedAttributes() []Attribute { panic("unwritten") }

// RawSignedAttributes is what was signed: the attributes as read, with tag SET OF (0x31); nil if there are none.
func (si *SignerInfo) RawSignedAttributes() []byte { panic("unwritten") }

// SignedAttribute returns the values of a signed attribute, nil if absent.
func (si *SignerInfo) SignedAttribute(t certpath.OID) [][]byte { panic("unwritten") }

// UnsignedAttributes are the unsigned attributes in the order of the file.
func (si *SignerInfo) UnsignedAttributes() []Attribute { panic("unwritten") }

// AddUnsigned appends an unsigned attribute (a new Attribute even if the type is already there).
func (si *SignerInfo) AddUnsigned(a Attribute) { panic("unwritten") }

// MessageDigest is the message-digest attribute, nil if absent.
func (si *SignerInfo) MessageDigest() []byte { panic("unwritten") }

// Integrity is the result of checking digest and signature, with notes as in [certpath.VerifySignature].
type Integrity struct {
	DigestMatches    bool
	SignatureMatches bool
	Notes            []string // also "no_signed_attributes", "ess_missing", "ess_sha1", "algorithm_protection_absent"
}

// Verify checks contentDigest against message-digest, the signature by cert's key, content-type, ESS signing-certificate
// (v1 or v2) and CMSAlgorithmProtection against cert. contentDigest is made with si.Hash(); without signed attributes
// the signature is checked over it directly.
func (si *SignerInfo) Verify(contentType certpath.OID, contentDigest []byte, cert *certpath.Certificate) (Integrity, error) {
	panic("unwritten")
}

// Unsigned is a signature prepared but not made: it can be stored and completed in another process.
type Unsigned struct { /* owner: cms */
}

// PrepareOptions steer Prepare; the zero value makes CAdES-style attributes without signing-time.
type PrepareOptions struct {
	ContentType certpath.OID // nil: id-data
	Hash        crypto.Hash  // 0: SHA-256 (P-384: SHA-384, P-521 and Ed25519: SHA-512)
	PSS         bool         // RSA keys: RSASSA-PSS
	Attributes  []Attribute  // more signed attributes
	Content     []byte       // nil: detached
}

// Prepare builds the signed attributes once: content-type, message-digest, signing-certificate-v2, CMSAlgorithmProtection
// and o.Attributes, sorted.
func Prepare(cert *certpath.Certificate, contentDigest []byte, o *PrepareOptions) (*Unsigned, error) {
	panic("unwritten")
}

// HashFor is the content hash that Prepare takes for a certificate's key when o.Hash is 0.
func HashFor(cert *certpath.Certificate) crypto.Hash { panic("unwritten") }

// ToBeSigned is the DER SET OF signed attributes.
func (u *Unsigned) ToBeSigned() []byte { panic("unwritten") }

// SignerOpts are for [crypto.Signer.Sign]; Digest is what to hand it (the message itself for Ed25519).
func (u *Unsigned) SignerOpts() crypto.SignerOpts { panic("unwritten") }

// Digest is what a crypto.Signer is handed: the hash of ToBeSigned, or ToBeSigned itself for Ed25519.
func (u *Unsigned) Digest() []byte { panic("unwritten") }

// Sign is Complete over key.Sign(rand, Digest, SignerOpts); rand nil means crypto/rand.
func (u *Unsigned) Sign(rand io.Reader, key crypto.Signer, chain ...*certpath.Certificate) (*SignedData, error) {
	panic("unwritten")
}

// Complete checks signature against the certificate (ErrSignatureMismatch) and returns the SignedData with chain inside.
func (u *Unsigned) Complete(signature []byte, chain ...*certpath.Certificate) (*SignedData, error) {
	panic("unwritten")
}

// MarshalBinary and UnmarshalBinary store an Unsigned; the format carries a version.
func (u *Unsigned) MarshalBinary() ([]byte, error) { panic("unwritten") }

// UnmarshalBinary reads what MarshalBinary wrote.
func (u *Unsigned) UnmarshalBinary(b []byte) error { panic("unwritten") }
