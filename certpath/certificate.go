package certpath

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/codes"
)

// The failures of this package.
const (
	ErrCertificate codes.Code = "certpath.certificate" // not a certificate that can be read
	ErrSignature   codes.Code = "certpath.signature"   // a signature value does not match
	ErrAlgorithm   codes.Code = "certpath.algorithm"   // an algorithm that is not supported
	ErrTooLarge    codes.Code = "certpath.too_large"   // above a limit
)

// The limits of the parser.
const (
	maxCertificate  = 1 << 20
	maxCertificates = 10_000
	maxExtensions   = 200
	maxNameParts    = 200
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
	// PublicKey is an *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey or *dsa.PublicKey (without parameters, if it
	// inherits its issuer's: RFC 3279, 2.3.2); nil if unknown.
	PublicKey crypto.PublicKey

	Extensions []Extension

	// Decoded extensions; the zero value where absent.
	BasicConstraints      bool // the extension is present
	IsCA                  bool
	MaxPathLen            int           // -1 if not given
	KeyUsage              x509.KeyUsage // 0 if absent
	ExtKeyUsage           []OID
	SubjectKeyID          []byte
	AuthorityKeyID        []byte
	OCSPServers           []string
	IssuerURLs            []string
	CRLURLs               []string // the addresses of CRLDistributionPoints
	PolicyOIDs            []OID
	EmailAddresses        []string
	DNSNames              []string
	CRLDistributionPoints []DistributionPoint
	FreshestCRL           []DistributionPoint // of delta CRLs
	AlternativeNames      []GeneralName       // all of subjectAltName; nil if absent or unreadable
	OCSPNoCheck           bool
	NoRevAvail            bool    // no revocation information will ever exist (RFC 9608)
	ValidityAssured       bool    // so short-lived that none is needed (EN 319 412-1, 5.2)
	ExtensionErrors       []error // extensions that could not be decoded, or stand there twice

	tbsAlgorithm AlgorithmIdentifier // inside the signed part
	verified     *Verified
	fingerprint  [sha256.Size]byte
	keyHash      [sha256.Size]byte
	broken       []OID // the extensions of ExtensionErrors
}

// Extension is one extension.
type Extension struct {
	ID       OID
	Critical bool
	Value    []byte // contents of the OCTET STRING
}

func bad(what string) error {
	return codes.New(ErrCertificate, "reading a certificate", what, "malformed")
}

// ParseCertificate reads one DER certificate (RFC 5280, 4.1).
func ParseCertificate(der []byte) (*Certificate, error) {
	if len(der) > maxCertificate {
		return nil, codes.New(ErrTooLarge, "reading a certificate", "", "more than 1 MB")
	}
	input := cryptobyte.String(bytes.Clone(der))
	var whole, outer, tbs cryptobyte.String
	if !input.ReadASN1Element(&whole, cbasn1.SEQUENCE) || len(input) != 0 {
		return nil, bad("the outer SEQUENCE")
	}
	c := &Certificate{Raw: whole, MaxPathLen: -1, Version: 1, verified: &Verified{}, fingerprint: sha256.Sum256(whole)}
	body := whole
	if !body.ReadASN1(&outer, cbasn1.SEQUENCE) || !outer.ReadASN1Element(&tbs, cbasn1.SEQUENCE) {
		return nil, bad("tbsCertificate")
	}
	c.RawTBSCertificate = tbs
	var ok bool
	if c.SignatureAlgorithm, ok = ReadAlgorithm(&outer); !ok {
		return nil, bad("signatureAlgorithm")
	}
	var sig asn1.BitString
	if !outer.ReadASN1BitString(&sig) {
		return nil, bad("signatureValue")
	}
	c.Signature = sig.Bytes
	return c, c.parseTBS(tbs)
}

func (c *Certificate) parseTBS(tbs cryptobyte.String) error {
	var s cryptobyte.String
	if !tbs.ReadASN1(&s, cbasn1.SEQUENCE) {
		return bad("tbsCertificate")
	}
	var version cryptobyte.String
	var has bool
	if !s.ReadOptionalASN1(&version, &has, cbasn1.Tag(0).Constructed().ContextSpecific()) {
		return bad("version")
	}
	if has {
		var v int
		if !version.ReadASN1Integer(&v) || v < 0 || v > 10 {
			return bad("version")
		}
		c.Version = v + 1
	}
	c.SerialNumber = new(big.Int)
	if !s.ReadASN1Integer(c.SerialNumber) {
		return bad("serialNumber")
	}
	var ok bool
	if c.tbsAlgorithm, ok = ReadAlgorithm(&s); !ok {
		return bad("signature")
	}
	var raw, validity cryptobyte.String
	if !s.ReadASN1Element(&raw, cbasn1.SEQUENCE) {
		return bad("issuer")
	}
	c.RawIssuer, c.Issuer = raw, ParseName(raw)
	var err error
	if !s.ReadASN1(&validity, cbasn1.SEQUENCE) {
		return bad("validity")
	}
	if c.NotBefore, err = ReadTime(&validity); err != nil {
		return err
	}
	if c.NotAfter, err = ReadTime(&validity); err != nil {
		return err
	}
	var subject, spki cryptobyte.String
	if !s.ReadASN1Element(&subject, cbasn1.SEQUENCE) {
		return bad("subject")
	}
	c.RawSubject, c.Subject = subject, ParseName(subject)
	if !s.ReadASN1Element(&spki, cbasn1.SEQUENCE) {
		return bad("subjectPublicKeyInfo")
	}
	c.RawSubjectPublicKeyInfo, c.keyHash = spki, sha256.Sum256(spki)
	c.PublicKeyAlgorithm, c.PublicKey = parsePublicKey(spki)
	s.SkipOptionalASN1(cbasn1.Tag(1).ContextSpecific())
	s.SkipOptionalASN1(cbasn1.Tag(2).ContextSpecific())
	var exts cryptobyte.String
	if !s.ReadOptionalASN1(&exts, &has, cbasn1.Tag(3).Constructed().ContextSpecific()) {
		return bad("extensions")
	}
	if has {
		return c.parseExtensions(exts)
	}
	return nil
}

func (c *Certificate) parseExtensions(s cryptobyte.String) error {
	list, err := ReadExtensions(s)
	if err != nil {
		return err
	}
	c.Extensions = list
	for i := range c.Extensions {
		e := &c.Extensions[i]
		twice := slices.ContainsFunc(c.Extensions[:i], func(x Extension) bool { return x.ID.Equal(e.ID) }) // RFC 5280, 4.2
		if twice || !c.decodeExtension(e) {
			c.ExtensionErrors = append(c.ExtensionErrors, bad("extension "+e.ID.String()))
			c.broken = append(c.broken, e.ID)
		}
	}
	return nil
}

// ReadExtensions reads the Extensions SEQUENCE of a certificate, CRL or OCSP answer.
func ReadExtensions(s cryptobyte.String) ([]Extension, error) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil, bad("extensions")
	}
	var out []Extension
	for !list.Empty() {
		var e cryptobyte.String
		var x Extension
		if !list.ReadASN1(&e, cbasn1.SEQUENCE) || !e.ReadASN1ObjectIdentifier(&x.ID) {
			return nil, bad("extension")
		}
		if e.PeekASN1Tag(cbasn1.BOOLEAN) {
			var b cryptobyte.String
			if !e.ReadASN1(&b, cbasn1.BOOLEAN) || len(b) != 1 {
				return nil, bad("extension " + x.ID.String())
			}
			x.Critical = b[0] != 0
		}
		var v cryptobyte.String
		if !e.ReadASN1(&v, cbasn1.OCTET_STRING) {
			return nil, bad("extension " + x.ID.String())
		}
		x.Value = v
		if out = append(out, x); len(out) > maxExtensions {
			return nil, codes.New(ErrTooLarge, "reading extensions", "", "more than 200 extensions")
		}
	}
	return out, nil
}

// ReadAlgorithm reads an AlgorithmIdentifier.
func ReadAlgorithm(s *cryptobyte.String) (AlgorithmIdentifier, bool) {
	var raw, body cryptobyte.String
	var a AlgorithmIdentifier
	if !s.ReadASN1Element(&raw, cbasn1.SEQUENCE) {
		return a, false
	}
	a.Raw = raw
	in := raw
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&a.Algorithm) {
		return a, false
	}
	if !body.Empty() {
		a.Parameters = body
	}
	return a, true
}

// Marshal is the algorithm's DER: as read, or built.
func (a AlgorithmIdentifier) Marshal() []byte {
	if a.Raw != nil {
		return a.Raw
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(a.Algorithm)
		b.AddBytes(a.Parameters)
	})
	return b.BytesOrPanic()
}

// ReadTime reads UTCTime or GeneralizedTime, with or without seconds and fractions.
func ReadTime(s *cryptobyte.String) (time.Time, error) {
	var v cryptobyte.String
	var tag cbasn1.Tag
	if !s.ReadAnyASN1(&v, &tag) || len(v) > 32 {
		return time.Time{}, bad("a time")
	}
	formats := []string{"20060102150405Z0700", "20060102150405.999999999Z0700", "200601021504Z0700", "20060102150405"}
	if tag == cbasn1.UTCTime {
		formats = []string{"060102150405Z0700", "0601021504Z0700"}
	} else if tag != cbasn1.GeneralizedTime {
		return time.Time{}, bad("a time")
	}
	for _, f := range formats {
		t, err := time.Parse(f, string(v))
		if err != nil {
			continue
		}
		if tag == cbasn1.UTCTime && t.Year() >= 2050 { // RFC 5280, 4.1.2.5.1
			t = t.AddDate(-100, 0, 0)
		}
		return t.UTC(), nil
	}
	return time.Time{}, bad("a time")
}

// ParseCertificates reads certificates from PEM, concatenated DER or a PKCS#7 certificate bag.
func ParseCertificates(data []byte) ([]*Certificate, error) {
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		return parsePEM(data)
	}
	if certs, err := parsePKCS7(data); err == nil {
		return certs, nil
	}
	var out []*Certificate
	rest := cryptobyte.String(data)
	for len(rest) > 0 {
		var one cryptobyte.String
		if !rest.ReadASN1Element(&one, cbasn1.SEQUENCE) {
			return nil, bad("the file")
		}
		c, err := ParseCertificate(one)
		if err != nil {
			return nil, err
		}
		if out = append(out, c); len(out) > maxCertificates {
			return nil, codes.New(ErrTooLarge, "reading certificates", "", "more than 10,000")
		}
		rest = cryptobyte.String(bytes.TrimLeft(rest, "\r\n"))
	}
	if len(out) == 0 {
		return nil, bad("an empty file")
	}
	return out, nil
}

func parsePEM(data []byte) ([]*Certificate, error) {
	var out []*Certificate
	for len(out) < maxCertificates {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		switch {
		case block.Type == "PKCS7":
			certs, err := parsePKCS7(block.Bytes)
			if err != nil {
				return nil, err
			}
			out = append(out, certs...)
		case strings.HasSuffix(block.Type, "CERTIFICATE"):
			c, err := ParseCertificate(block.Bytes)
			if err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return nil, bad("the PEM file: no certificate in it")
	}
	return out, nil
}

// parsePKCS7 reads the certificates of a degenerate SignedData (RFC 5652, 5.1) in definite lengths.
func parsePKCS7(data []byte) ([]*Certificate, error) {
	in := cryptobyte.String(data)
	var ci, content, sd, certs cryptobyte.String
	var oid OID
	if !in.ReadASN1(&ci, cbasn1.SEQUENCE) || !ci.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(OID{1, 2, 840, 113549, 1, 7, 2}) ||
		!ci.ReadASN1(&content, cbasn1.Tag(0).Constructed().ContextSpecific()) || !content.ReadASN1(&sd, cbasn1.SEQUENCE) ||
		!sd.SkipASN1(cbasn1.INTEGER) || !sd.SkipASN1(cbasn1.SET) || !sd.SkipASN1(cbasn1.SEQUENCE) ||
		!sd.ReadASN1(&certs, cbasn1.Tag(0).Constructed().ContextSpecific()) {
		return nil, bad("the PKCS#7 file")
	}
	var out []*Certificate
	for !certs.Empty() && len(out) < maxCertificates {
		var one cryptobyte.String
		if !certs.ReadASN1Element(&one, cbasn1.SEQUENCE) {
			return nil, bad("the PKCS#7 file")
		}
		c, err := ParseCertificate(one)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// X509 parses the certificate with crypto/x509, which refuses more than this package does.
func (c *Certificate) X509() (*x509.Certificate, error) { return x509.ParseCertificate(c.Raw) }

// Equal reports whether both are the same bytes.
func (c *Certificate) Equal(o *Certificate) bool {
	return c != nil && o != nil && (c == o || bytes.Equal(c.Raw, o.Raw))
}

// Fingerprint is the SHA-256 of Raw.
func (c *Certificate) Fingerprint() [32]byte {
	if c.verified == nil { // not parsed, but put together
		return sha256.Sum256(c.Raw)
	}
	return c.fingerprint
}

// key names the public key: the SHA-256 of RawSubjectPublicKeyInfo.
func (c *Certificate) key() [32]byte {
	if c.verified == nil {
		return sha256.Sum256(c.RawSubjectPublicKeyInfo)
	}
	return c.keyHash
}

// SelfIssued reports whether subject and issuer are the same name (RFC 5280, 6.1).
func (c *Certificate) SelfIssued() bool { return c.Subject.Equal(c.Issuer) }

// SelfSigned reports whether the certificate is signed with its own key.
func (c *Certificate) SelfSigned() bool { return c.SelfIssued() && c.CheckSignatureFrom(c) == nil }

// CheckSignatureFrom verifies that issuer's key signed c.
func (c *Certificate) CheckSignatureFrom(issuer *Certificate) error {
	if !sameAlgorithm(c.SignatureAlgorithm, c.tbsAlgorithm) { // RFC 5280, 4.1.1.2
		return codes.New(ErrSignature, "verifying a certificate", c.Subject.String(), "it names two signature algorithms")
	}
	return c.verified.By(issuer, func() error {
		_, err := VerifySignature(c.SignatureAlgorithm, issuer.PublicKey, c.RawTBSCertificate, c.Signature)
		return err
	})
}

// sameAlgorithm takes NULL and absent parameters for the same (RFC 4055, 2.1).
func sameAlgorithm(a, b AlgorithmIdentifier) bool {
	parameters := func(a AlgorithmIdentifier) []byte {
		if bytes.Equal(a.Parameters, derNull) {
			return nil
		}
		return a.Parameters
	}
	return a.Algorithm.Equal(b.Algorithm) && bytes.Equal(parameters(a), parameters(b))
}

// Extension returns the extension with that identifier, nil if absent.
func (c *Certificate) Extension(id OID) *Extension {
	for i := range c.Extensions {
		if c.Extensions[i].ID.Equal(id) {
			return &c.Extensions[i]
		}
	}
	return nil
}
