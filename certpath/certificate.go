package certpath

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"time"
)

// OID is an object identifier.
type OID = asn1.ObjectIdentifier

// AlgorithmIdentifier is X.509's AlgorithmIdentifier; Parameters is the raw DER of the parameters, nil if absent.
type AlgorithmIdentifier struct {
	Algorithm  OID
	Parameters []byte
	Raw        []byte // the whole SEQUENCE as read, nil if built
}

// Certificate is an X.509 certificate as it was written: every byte is kept, and fields that cannot be understood
// are left empty rather than refused. It is read-only after parsing and safe for concurrent use.
type Certificate struct {
	Raw                     []byte
	RawTBSCertificate       []byte
	RawIssuer               []byte // DER of the Name
	RawSubject              []byte
	RawSubjectPublicKeyInfo []byte

	Version      int // 1, 2 or 3
	SerialNumber *big.Int
	Issuer       Name
	Subject      Name
	NotBefore    time.Time
	NotAfter     time.Time

	SignatureAlgorithm AlgorithmIdentifier
	Signature          []byte
	PublicKeyAlgorithm AlgorithmIdentifier
	PublicKey          crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey, *dsa.PublicKey; nil if unknown

	Extensions []Extension

	// Decoded extensions; the zero value where absent.
	BasicConstraints bool // the extension is present
	IsCA             bool
	MaxPathLen       int           // -1 if not given
	KeyUsage         x509.KeyUsage // 0 if absent
	ExtKeyUsage      []OID
	SubjectKeyID     []byte
	AuthorityKeyID   []byte
	OCSPServers      []string
	IssuerURLs       []string
	CRLURLs          []string
	PolicyOIDs       []OID
	EmailAddresses   []string
	DNSNames         []string
	OCSPNoCheck      bool
	ExtensionErrors  []error // extensions that could not be decoded
}

// Extension is one extension.
type Extension struct {
	ID       OID
	Critical bool
	Value    []byte // contents of the OCTET STRING
}

// ParseCertificate reads one DER certificate.
func ParseCertificate(der []byte) (*Certificate, error) { panic("unwritten") }

// ParseCertificates reads certificates from PEM, concatenated DER or a PKCS#7 certificate bag.
func ParseCertificates(data []byte) ([]*Certificate, error) { panic("unwritten") }

// X509 parses the certificate with crypto/x509, which refuses more than this package does.
func (c *Certificate) X509() (*x509.Certificate, error) { return x509.ParseCertificate(c.Raw) }

// Equal reports whether both are the same bytes.
func (c *Certificate) Equal(o *Certificate) bool { panic("unwritten") }

// Fingerprint is the SHA-256 of Raw.
func (c *Certificate) Fingerprint() [32]byte { panic("unwritten") }

// SelfIssued reports whether subject and issuer are the same name (RFC 5280, 6.1).
func (c *Certificate) SelfIssued() bool { panic("unwritten") }

// SelfSigned reports whether the certificate is signed with its own key.
func (c *Certificate) SelfSigned() bool { panic("unwritten") }

// CheckSignatureFrom verifies that issuer's key signed c.
func (c *Certificate) CheckSignatureFrom(issuer *Certificate) error { panic("unwritten") }

// Extension returns the extension with that identifier, nil if absent.
func (c *Certificate) Extension(id OID) *Extension { panic("unwritten") }

// Name is a distinguished name.
type Name struct {
	Raw  []byte
	RDNs [][]AttributeTypeAndValue
}

// AttributeTypeAndValue is one attribute of a name; Value is its text in UTF-8, NFC left as written.
type AttributeTypeAndValue struct {
	Type  OID
	Tag   int
	Value string
	Raw   []byte // DER of the value
}

// String is the name in RFC 4514 form, most specific first.
func (n Name) String() string { panic("unwritten") }

// First returns the first value of that attribute type (from the most specific RDN), "" if absent.
func (n Name) First(t OID) string { panic("unwritten") }

// CommonName is the most specific CN.
func (n Name) CommonName() string { panic("unwritten") }

// Organization is the most specific O.
func (n Name) Organization() string { panic("unwritten") }

// Equal compares by RFC 5280, 7.1 (case folded, white space collapsed).
func (n Name) Equal(o Name) bool { panic("unwritten") }

// VerifySignature checks sig over message (not its digest) by key pub under alg. It accepts a PKCS#1 v1.5 DigestInfo
// with or without NULL (RFC 4055) and says so in notes. Notes are stable codes: "digestinfo_without_null",
// "stray_pss_parameters", "sha1".
func VerifySignature(alg AlgorithmIdentifier, pub crypto.PublicKey, message, sig []byte) (notes []string, err error) {
	panic("unwritten")
}

// VerifyDigest is [VerifySignature] for a digest already made with hash h. Ed25519 cannot be verified that way.
func VerifyDigest(alg AlgorithmIdentifier, pub crypto.PublicKey, h crypto.Hash, digest, sig []byte) (notes []string, err error) {
	panic("unwritten")
}

// HashByOID returns the hash of a digest algorithm identifier, 0 if unknown.
func HashByOID(o OID) crypto.Hash { panic("unwritten") }

// OIDByHash returns the digest algorithm's identifier, nil if unknown.
func OIDByHash(h crypto.Hash) OID { panic("unwritten") }

// SignatureAlgorithmFor returns the AlgorithmIdentifier to write for a key and hash: sha256WithRSAEncryption,
// ecdsa-with-SHA256, Ed25519, or RSASSA-PSS with explicit parameters where pss is true.
func SignatureAlgorithmFor(pub crypto.PublicKey, h crypto.Hash, pss bool) (AlgorithmIdentifier, error) {
	panic("unwritten")
}
