package cms

import (
	"bytes"
	"crypto"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
)

// SignerInfo is RFC 5652, 5.3. Reading is safe for concurrent use, changing is not.
type SignerInfo struct {
	owner       *SignedData
	raw         []byte // as read, or built anew when unsigned attributes were added
	fields      []byte // version to signature, as read
	version     int
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

// ParseSignerInfo reads one SignerInfo in DER, as a counter-signature holds it (RFC 5652, 11.4).
func ParseSignerInfo(der []byte) (*SignerInfo, error) {
	in := cryptobyte.String(der)
	var raw, b cryptobyte.String
	if !in.ReadASN1Element(&raw, cbasn1.SEQUENCE) || !in.Empty() {
		return nil, malformed("SignerInfo")
	}
	si := &SignerInfo{raw: raw}
	if !raw.ReadASN1(&b, cbasn1.SEQUENCE) {
		return nil, malformed("SignerInfo")
	}
	all := b
	if !b.ReadASN1Integer(&si.version) {
		return nil, malformed("SignerInfo")
	}
	if err := si.parseSID(&b); err != nil {
		return nil, err
	}
	var ok, has bool
	if si.digest, ok = certpath.ReadAlgorithm(&b); !ok {
		return nil, malformed("digestAlgorithm")
	}
	var list, sig cryptobyte.String
	if !b.ReadOptionalASN1(&list, &has, cbasn1.Tag(0).Constructed().ContextSpecific()) {
		return nil, malformed("signedAttrs")
	}
	var err error
	if has {
		si.signedRaw = wrap(0x31, list)
		if si.signed, _, err = readAttributes(list); err != nil {
			return nil, err
		}
	}
	if si.sigAlg, ok = certpath.ReadAlgorithm(&b); !ok {
		return nil, malformed("signatureAlgorithm")
	}
	if !b.ReadASN1(&sig, cbasn1.OCTET_STRING) {
		return nil, malformed("signature")
	}
	si.signature = sig
	si.fields = all[:len(all)-len(b)]
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

// parseSID is SignerIdentifier.
func (si *SignerInfo) parseSID(b *cryptobyte.String) error {
	var sid, isn, issuer, ski cryptobyte.String
	var tag cbasn1.Tag
	if !b.ReadAnyASN1Element(&sid, &tag) {
		return malformed("SignerIdentifier")
	}
	if tag != cbasn1.SEQUENCE {
		if !sid.ReadAnyASN1(&ski, &tag) {
			return malformed("subjectKeyIdentifier")
		}
		si.ski = ski
		return nil
	}
	si.serial = new(big.Int)
	if !sid.ReadASN1(&isn, cbasn1.SEQUENCE) || !isn.ReadASN1Element(&issuer, cbasn1.SEQUENCE) || !isn.ReadASN1Integer(si.serial) {
		return malformed("issuerAndSerialNumber")
	}
	si.issuer = issuer
	return nil
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
func (si *SignerInfo) Raw() []byte { return si.raw }

// RawFields are the fields version to signature as they stand, what an archive-time-stamp-v3 covers of a SignerInfo
// (EN 319 122-1, 5.5.3).
func (si *SignerInfo) RawFields() []byte { return si.fields }

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
	si.raw = wrap(0x30, si.fields, wrap(0xa1, sortSet(si.unsignedDER)...))
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
