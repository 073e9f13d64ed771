package cms

import (
	"bytes"
	"crypto"
	"io"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// The failures of this package.
const (
	ErrMalformed         codes.Code = "cms.malformed"          // not CMS SignedData that can be read
	ErrLimit             codes.Code = "cms.limit"              // above a limit
	ErrSignatureMismatch codes.Code = "cms.signature_mismatch" // the value does not fit certificate and attributes
	ErrAttribute         codes.Code = "cms.attribute"          // a signed attribute is missing, doubled or wrong
	ErrAlgorithm         codes.Code = "cms.algorithm"          // an algorithm that is not supported, or never produced
	ErrContent           codes.Code = "cms.content"            // contents differ
)

// maxSize bounds an object held in memory.
const maxSize = 512 << 20

// Content types and attributes.
var (
	OIDData           = certpath.OID{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData     = certpath.OID{1, 2, 840, 113549, 1, 7, 2}
	oidContentType    = certpath.OID{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest  = certpath.OID{1, 2, 840, 113549, 1, 9, 4}
	oidSigningCert    = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertV2  = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidAlgProtection  = certpath.OID{1, 2, 840, 113549, 1, 9, 52}
	oidRevocationOCSP = certpath.OID{1, 3, 6, 1, 5, 5, 7, 16, 2}
)

// Attribute is a CMS attribute; each value is its own DER.
type Attribute struct {
	Type   certpath.OID
	Values [][]byte
}

// Marshal is the attribute's DER.
func (a Attribute) Marshal() []byte {
	var oid cryptobyte.Builder
	oid.AddASN1ObjectIdentifier(a.Type)
	return wrap(0x30, oid.BytesOrPanic(), wrap(0x31, sortSet(a.Values)...))
}

// SignedData is RFC 5652, 5.1. Everything read is kept as bytes: marshalling an unchanged value returns the input.
// It is not safe for concurrent use while it is changed.
type SignedData struct {
	raw      []byte // the input, nil once changed
	trailing int
	version  int
	digests  []byte // digestAlgorithms as read, with its tag
	ctype    certpath.OID
	content  []byte
	attached bool
	certs    [][]byte
	revs     [][]byte
	signers  []*SignerInfo
	parsed   []*certpath.Certificate
}

// Parse reads a ContentInfo with SignedData in BER or DER.
func Parse(r io.Reader) (*SignedData, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, codes.Wrap(ErrMalformed, "reading", "CMS", err)
	}
	if len(b) > maxSize {
		return nil, codes.New(ErrLimit, "reading", "CMS", "more than 512 MB")
	}
	return ParseBytes(b)
}

// ParseBytes is Parse for a slice; bytes after the structure are ignored and reported by [SignedData.Trailing].
func ParseBytes(b []byte) (*SignedData, error) {
	der, used, err := toDER(b)
	if err != nil {
		return nil, err
	}
	s := &SignedData{raw: b[:used], trailing: len(b) - used}
	in := cryptobyte.String(der)
	var ci, explicit, body cryptobyte.String
	var oid certpath.OID
	if !in.ReadASN1(&ci, cbasn1.SEQUENCE) || !ci.ReadASN1ObjectIdentifier(&oid) {
		return nil, malformed("ContentInfo")
	}
	if !oid.Equal(oidSignedData) {
		return nil, codes.New(ErrMalformed, "reading CMS", oid.String(), "the content type is not SignedData")
	}
	if !ci.ReadASN1(&explicit, cbasn1.Tag(0).Constructed().ContextSpecific()) || !explicit.ReadASN1(&body, cbasn1.SEQUENCE) {
		return nil, malformed("SignedData")
	}
	return s, s.parse(body)
}

func (s *SignedData) parse(b cryptobyte.String) error {
	var digests, eci cryptobyte.String
	if !b.ReadASN1Integer(&s.version) || !b.ReadASN1Element(&digests, cbasn1.SET) || !b.ReadASN1(&eci, cbasn1.SEQUENCE) {
		return malformed("SignedData")
	}
	s.digests = digests
	if !eci.ReadASN1ObjectIdentifier(&s.ctype) {
		return malformed("eContentType")
	}
	var explicit cryptobyte.String
	if !eci.ReadOptionalASN1(&explicit, &s.attached, cbasn1.Tag(0).Constructed().ContextSpecific()) {
		return malformed("eContent")
	}
	if s.attached {
		var v cryptobyte.String
		var tag cbasn1.Tag
		if !explicit.ReadAnyASN1(&v, &tag) { // PKCS#7 writers put other types than OCTET STRING here
			return malformed("eContent")
		}
		s.content = v
	}
	var err error
	if s.certs, err = readTagged(&b, 0); err != nil {
		return err
	}
	if s.revs, err = readTagged(&b, 1); err != nil {
		return err
	}
	var set cryptobyte.String
	if !b.ReadASN1(&set, cbasn1.SET) {
		return malformed("signerInfos")
	}
	for !set.Empty() {
		var one cryptobyte.String
		if !set.ReadASN1Element(&one, cbasn1.SEQUENCE) {
			return malformed("SignerInfo")
		}
		si, err := parseSignerInfo(one)
		if err != nil {
			return err
		}
		si.owner = s
		s.signers = append(s.signers, si)
	}
	return nil
}

func readTagged(b *cryptobyte.String, tag uint8) ([][]byte, error) {
	var list cryptobyte.String
	var has bool
	if !b.ReadOptionalASN1(&list, &has, cbasn1.Tag(tag).Constructed().ContextSpecific()) {
		return nil, malformed("certificates or crls")
	}
	var out [][]byte
	for !list.Empty() {
		var one cryptobyte.String
		var t cbasn1.Tag
		if !list.ReadAnyASN1Element(&one, &t) {
			return nil, malformed("certificates or crls")
		}
		out = append(out, one)
	}
	return out, nil
}

// Trailing is the number of bytes after the outer structure (zero padding in a PDF's /Contents).
func (s *SignedData) Trailing() int { return s.trailing }

// Version is CMSVersion.
func (s *SignedData) Version() int { return s.version }

// ContentType is eContentType.
func (s *SignedData) ContentType() certpath.OID { return s.ctype }

// Content is eContent's octets, nil if detached.
func (s *SignedData) Content() []byte { return s.content }

// Detached reports that there is no eContent.
func (s *SignedData) Detached() bool { return !s.attached }

// Certificates are the X.509 certificates inside; what cannot be parsed is left out (see RawCertificates).
func (s *SignedData) Certificates() []*certpath.Certificate {
	if s.parsed == nil {
		s.parsed = []*certpath.Certificate{}
		for _, der := range s.certs {
			if der[0] != 0x30 {
				continue
			}
			if c, err := certpath.ParseCertificate(der); err == nil {
				s.parsed = append(s.parsed, c)
			}
		}
	}
	return s.parsed
}

// RawCertificates are all elements of the certificates field as bytes.
func (s *SignedData) RawCertificates() [][]byte { return s.certs }

// CRLs are the CertificateLists inside, as DER.
func (s *SignedData) CRLs() [][]byte {
	var out [][]byte
	for _, r := range s.revs {
		if r[0] == 0x30 {
			out = append(out, r)
		}
	}
	return out
}

// OCSPResponses are the responses inside as OtherRevocationInfoFormat id-ri-ocsp-response (RFC 5940), each an OCSPResponse.
func (s *SignedData) OCSPResponses() [][]byte {
	var out [][]byte
	for _, r := range s.revs {
		in := cryptobyte.String(r)
		var body, v cryptobyte.String
		var oid certpath.OID
		if in.ReadASN1(&body, cbasn1.Tag(1).Constructed().ContextSpecific()) && body.ReadASN1ObjectIdentifier(&oid) &&
			oid.Equal(oidRevocationOCSP) && body.ReadASN1Element(&v, cbasn1.SEQUENCE) {
			out = append(out, v)
		}
	}
	return out
}

// RawRevocationInfos are all elements of the crls field as bytes.
func (s *SignedData) RawRevocationInfos() [][]byte { return s.revs }

// Signers are the signers in the order of the file.
func (s *SignedData) Signers() []*SignerInfo { return s.signers }

func (s *SignedData) changed() { s.raw, s.parsed = nil, nil }

func addUnique(list *[][]byte, der []byte) bool {
	for _, have := range *list {
		if bytes.Equal(have, der) {
			return false
		}
	}
	*list = append(*list, der)
	return true
}

// AddCertificates adds what is not yet there.
func (s *SignedData) AddCertificates(c ...*certpath.Certificate) {
	for _, one := range c {
		if addUnique(&s.certs, one.Raw) {
			s.changed()
		}
	}
}

// AddCRLs adds CertificateLists (DER) that are not yet there.
func (s *SignedData) AddCRLs(der ...[]byte) {
	for _, one := range der {
		if addUnique(&s.revs, one) {
			s.changed()
		}
	}
}

// AddOCSPResponses adds OCSPResponses (DER) that are not yet there.
func (s *SignedData) AddOCSPResponses(der ...[]byte) {
	for _, one := range der {
		var oid cryptobyte.Builder
		oid.AddASN1ObjectIdentifier(oidRevocationOCSP)
		if addUnique(&s.revs, wrap(0xa1, oid.BytesOrPanic(), one)) {
			s.changed()
		}
	}
}

// Merge adds the signers, certificates and revocation data of o (same content) to s.
func (s *SignedData) Merge(o *SignedData) error {
	if !s.ctype.Equal(o.ctype) || s.attached != o.attached || !bytes.Equal(s.content, o.content) {
		return codes.New(ErrContent, "joining signatures", "", "they sign different contents")
	}
	for _, c := range o.certs {
		addUnique(&s.certs, c)
	}
	for _, r := range o.revs {
		addUnique(&s.revs, r)
	}
	for _, si := range o.signers {
		c := *si
		c.owner = s
		s.signers = append(s.signers, &c)
	}
	s.digests = nil
	s.changed()
	return nil
}

// MarshalDER returns the ContentInfo: the input's bytes if nothing was changed, DER otherwise.
func (s *SignedData) MarshalDER() ([]byte, error) {
	if s.raw != nil {
		return s.raw, nil
	}
	var head, ctype, oid cryptobyte.Builder
	head.AddASN1Int64(int64(s.cmsVersion()))
	ctype.AddASN1ObjectIdentifier(s.ctype)
	oid.AddASN1ObjectIdentifier(oidSignedData)
	digests := s.digests
	if digests == nil {
		digests = s.digestAlgorithms()
	}
	eci := ctype.BytesOrPanic()
	if s.attached {
		eci = append(eci, wrap(0xa0, wrap(0x04, s.content))...)
	}
	parts := [][]byte{head.BytesOrPanic(), digests, wrap(0x30, eci)}
	if len(s.certs) > 0 {
		parts = append(parts, wrap(0xa0, sortSet(s.certs)...))
	}
	if len(s.revs) > 0 {
		parts = append(parts, wrap(0xa1, sortSet(s.revs)...))
	}
	signers := make([][]byte, len(s.signers))
	for i, si := range s.signers {
		signers[i] = si.Raw()
	}
	parts = append(parts, wrap(0x31, sortSet(signers)...))
	return wrap(0x30, oid.BytesOrPanic(), wrap(0xa0, wrap(0x30, parts...))), nil
}

// cmsVersion is RFC 5652, 5.1.
func (s *SignedData) cmsVersion() int {
	for _, r := range s.revs {
		if r[0] == 0xa1 {
			return 5
		}
	}
	v := 1
	if !s.ctype.Equal(OIDData) {
		v = 3
	}
	for _, c := range s.certs {
		switch c[0] {
		case 0xa3:
			return 5
		case 0xa2:
			v = 4
		case 0xa1:
			v = max(v, 3)
		}
	}
	for _, si := range s.signers {
		if si.version == 3 {
			v = max(v, 3)
		}
	}
	return max(v, s.version)
}

func (s *SignedData) digestAlgorithms() []byte {
	var list [][]byte
	for _, si := range s.signers {
		addUnique(&list, si.digest.Marshal())
	}
	return wrap(0x31, sortSet(list)...)
}

// SignerInfo is RFC 5652, 5.3.
type SignerInfo struct {
	owner       *SignedData
	raw         []byte // nil once unsigned attributes were added
	version     int
	sid         []byte
	issuer      []byte
	serial      *big.Int
	ski         []byte
	digest      certpath.AlgorithmIdentifier
	signedRaw   []byte // with tag SET OF
	signed      []Attribute
	sigAlg      certpath.AlgorithmIdentifier
	signature   []byte
	unsigned    []Attribute
	unsignedDER [][]byte // each attribute as read or built
}

func parseSignerInfo(raw cryptobyte.String) (*SignerInfo, error) {
	si := &SignerInfo{raw: raw}
	in := raw
	var b, sid cryptobyte.String
	var tag cbasn1.Tag
	if !in.ReadASN1(&b, cbasn1.SEQUENCE) || !b.ReadASN1Integer(&si.version) || !b.ReadAnyASN1Element(&sid, &tag) {
		return nil, malformed("SignerInfo")
	}
	si.sid = sid
	if tag == cbasn1.SEQUENCE {
		var isn, issuer cryptobyte.String
		si.serial = new(big.Int)
		if !sid.ReadASN1(&isn, cbasn1.SEQUENCE) || !isn.ReadASN1Element(&issuer, cbasn1.SEQUENCE) || !isn.ReadASN1Integer(si.serial) {
			return nil, malformed("issuerAndSerialNumber")
		}
		si.issuer = issuer
	} else {
		var v cryptobyte.String
		if !sid.ReadAnyASN1(&v, &tag) {
			return nil, malformed("subjectKeyIdentifier")
		}
		si.ski = v
	}
	var ok bool
	if si.digest, ok = certpath.ReadAlgorithm(&b); !ok {
		return nil, malformed("digestAlgorithm")
	}
	var err error
	var list cryptobyte.String
	var has bool
	if !b.ReadOptionalASN1(&list, &has, cbasn1.Tag(0).Constructed().ContextSpecific()) {
		return nil, malformed("signedAttrs")
	}
	if has {
		si.signedRaw = wrap(0x31, list)
		if si.signed, _, err = readAttributes(list); err != nil {
			return nil, err
		}
	}
	if si.sigAlg, ok = certpath.ReadAlgorithm(&b); !ok {
		return nil, malformed("signatureAlgorithm")
	}
	var sig cryptobyte.String
	if !b.ReadASN1(&sig, cbasn1.OCTET_STRING) {
		return nil, malformed("signature")
	}
	si.signature = sig
	if !b.ReadOptionalASN1(&list, &has, cbasn1.Tag(1).Constructed().ContextSpecific()) {
		return nil, malformed("unsignedAttrs")
	}
	if has {
		if si.unsigned, si.unsignedDER, err = readAttributes(list); err != nil {
			return nil, err
		}
	}
	return si, nil
}

func readAttributes(list cryptobyte.String) (attrs []Attribute, raw [][]byte, err error) {
	for !list.Empty() {
		var one, body, set cryptobyte.String
		var a Attribute
		if !list.ReadASN1Element(&one, cbasn1.SEQUENCE) {
			return nil, nil, malformed("Attribute")
		}
		in := one
		if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&a.Type) || !body.ReadASN1(&set, cbasn1.SET) {
			return nil, nil, malformed("Attribute")
		}
		for !set.Empty() {
			var v cryptobyte.String
			var tag cbasn1.Tag
			if !set.ReadAnyASN1Element(&v, &tag) {
				// Some writers put plain bytes here; the attribute is kept whole as one value.
				a.Values = append(a.Values, set)
				break
			}
			a.Values = append(a.Values, v)
		}
		attrs, raw = append(attrs, a), append(raw, one)
	}
	return attrs, raw, nil
}

// Raw is the SignerInfo, unsigned attributes included: as read, or built.
func (si *SignerInfo) Raw() []byte {
	if si.raw != nil {
		return si.raw
	}
	var v cryptobyte.Builder
	v.AddASN1Int64(int64(si.version))
	parts := [][]byte{v.BytesOrPanic(), si.sid, si.digest.Marshal()}
	if si.signedRaw != nil {
		parts = append(parts, append([]byte{0xa0}, si.signedRaw[1:]...))
	}
	parts = append(parts, si.sigAlg.Marshal(), wrap(0x04, si.signature))
	if len(si.unsignedDER) > 0 {
		parts = append(parts, wrap(0xa1, sortSet(si.unsignedDER)...))
	}
	si.raw = wrap(0x30, parts...)
	return si.raw
}

// SID is the issuer and serial number, or the subject key identifier, of the signing certificate.
func (si *SignerInfo) SID() (rawIssuer []byte, serial *big.Int, ski []byte) {
	return si.issuer, si.serial, si.ski
}

// Certificate finds the signing certificate among candidates by SID, nil if absent.
func (si *SignerInfo) Certificate(candidates []*certpath.Certificate) *certpath.Certificate {
	for _, c := range candidates {
		if si.ski != nil {
			if bytes.Equal(si.ski, c.SubjectKeyID) {
				return c
			}
			continue
		}
		if c.SerialNumber.Cmp(si.serial) == 0 && (bytes.Equal(c.RawIssuer, si.issuer) || c.Issuer.Equal(certpath.ParseName(si.issuer))) {
			return c
		}
	}
	return nil
}

// DigestAlgorithm is the hash of the content.
func (si *SignerInfo) DigestAlgorithm() certpath.AlgorithmIdentifier { return si.digest }

// Hash is DigestAlgorithm as a crypto.Hash, 0 if unknown.
func (si *SignerInfo) Hash() crypto.Hash { return certpath.HashByOID(si.digest.Algorithm) }

// SignatureAlgorithm is the signature's.
func (si *SignerInfo) SignatureAlgorithm() certpath.AlgorithmIdentifier { return si.sigAlg }

// Signature is the signature value.
func (si *SignerInfo) Signature() []byte { return si.signature }

// SignedAttributes are the signed attributes in the order of the file; nil if there are none.
func (si *SignerInfo) SignedAttributes() []Attribute { return si.signed }

// RawSignedAttributes is what was signed: the attributes as read, with tag SET OF (0x31); nil if there are none.
func (si *SignerInfo) RawSignedAttributes() []byte { return si.signedRaw }

// SignedAttribute returns the values of a signed attribute, nil if absent.
func (si *SignerInfo) SignedAttribute(t certpath.OID) [][]byte {
	for _, a := range si.signed {
		if a.Type.Equal(t) {
			return a.Values
		}
	}
	return nil
}

// UnsignedAttributes are the unsigned attributes in the order of the file.
func (si *SignerInfo) UnsignedAttributes() []Attribute { return si.unsigned }

// AddUnsigned appends an unsigned attribute (a new Attribute even if the type is already there).
func (si *SignerInfo) AddUnsigned(a Attribute) {
	si.unsigned = append(si.unsigned, a)
	si.unsignedDER = append(si.unsignedDER, a.Marshal())
	si.raw = nil
	if si.owner != nil {
		si.owner.changed()
	}
}

// MessageDigest is the message-digest attribute, nil if absent.
func (si *SignerInfo) MessageDigest() []byte {
	v := si.SignedAttribute(oidMessageDigest)
	if len(v) != 1 {
		return nil
	}
	in := cryptobyte.String(v[0])
	var d cryptobyte.String
	if !in.ReadASN1(&d, cbasn1.OCTET_STRING) {
		return nil
	}
	return d
}

// WithoutCertificates is a copy with an empty certificates field; what is signed stays as it is.
func (s *SignedData) WithoutCertificates() *SignedData {
	c := *s
	c.certs = nil
	c.changed()
	return &c
}
