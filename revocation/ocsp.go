package revocation

import (
	"bytes"
	"crypto"
	"math/big"
	"slices"
	"strconv"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// The failures of this package.
const (
	ErrOCSP        codes.Code = "revocation.ocsp"        // not an OCSP response that can be read
	ErrStatus      codes.Code = "revocation.ocsp_status" // the responder answered with an error status
	ErrUnanswered  codes.Code = "revocation.unanswered"  // the answer is not about the certificate asked for
	ErrSigner      codes.Code = "revocation.signer"      // the evidence is not signed by someone authorised
	ErrNonce       codes.Code = "revocation.nonce"       // the nonce is not ours
	ErrCRL         codes.Code = "revocation.crl"         // not a CRL that can be read
	ErrNoAddress   codes.Code = "revocation.no_address"  // the certificate names no OCSP responder and no CRL
	ErrUnavailable codes.Code = "revocation.unavailable" // no address gave evidence
	ErrRevoked     codes.Code = "revocation.revoked"     // a certificate of the path is revoked
	ErrPath        codes.Code = "revocation.path"        // no valid path to an anchor
	ErrCache       codes.Code = "revocation.cache"       // the folder of a cache cannot be made or opened
)

// Status is certpath's.
type Status = certpath.Status

// Object identifiers.
var (
	oidBasic       = certpath.OID{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidNonce       = certpath.OID{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidCutOff      = certpath.OID{1, 3, 6, 1, 5, 5, 7, 48, 1, 6}
	oidOCSPSigning = certpath.OID{1, 3, 6, 1, 5, 5, 7, 3, 9}
)

// maxResponses bounds the answers in one response.
const maxResponses = 10_000

// OCSPResponse is a parsed OCSPResponse with a BasicOCSPResponse. It is read-only after parsing and safe for concurrent use.
type OCSPResponse struct {
	Raw          []byte // OCSPResponse
	Basic        []byte // BasicOCSPResponse
	ProducedAt   time.Time
	Nonce        []byte
	Responses    []SingleResponse
	Certificates []*certpath.Certificate

	tbs       []byte
	alg       certpath.AlgorithmIdentifier
	signature []byte
	name      *certpath.Name // responder by name
	keyHash   []byte         // responder by key
	verified  *certpath.Verified
}

// SingleResponse is one certificate's answer.
type SingleResponse struct {
	HashOID                certpath.OID
	IssuerNameHash         []byte
	IssuerKeyHash          []byte
	SerialNumber           *big.Int
	State                  certpath.State
	Reason                 int
	RevokedAt              time.Time
	ThisUpdate, NextUpdate time.Time
	ArchiveCutOff          time.Time
}

func badOCSP(what string) error {
	return codes.New(ErrOCSP, "reading an OCSP response", what, "malformed")
}

// ParseOCSP reads an OCSPResponse; a status other than successful is ErrStatus and says which.
func ParseOCSP(der []byte) (*OCSPResponse, error) { return parseOCSP(der, certpath.ParseCertificate) }

// parseCertificate reads a certificate that came with a response.
type parseCertificate func(der []byte) (*certpath.Certificate, error)

func parseOCSP(der []byte, parse parseCertificate) (*OCSPResponse, error) {
	in := cryptobyte.String(der)
	var s, wrapped, rb, basic cryptobyte.String
	var status int
	var has bool
	var oid certpath.OID
	if !in.ReadASN1(&s, cbasn1.SEQUENCE) || !s.ReadASN1Enum(&status) {
		return nil, badOCSP("OCSPResponse")
	}
	if status != 0 {
		name := map[int]string{1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized"}[status]
		return nil, codes.New(ErrStatus, "asking", "an OCSP responder", "its answer is "+name+" ("+strconv.Itoa(status)+")")
	}
	if !s.ReadOptionalASN1(&wrapped, &has, cbasn1.Tag(0).Constructed().ContextSpecific()) || !has || !wrapped.ReadASN1(&rb, cbasn1.SEQUENCE) ||
		!rb.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(oidBasic) || !rb.ReadASN1(&basic, cbasn1.OCTET_STRING) {
		return nil, badOCSP("responseBytes")
	}
	r := &OCSPResponse{Raw: der[:len(der)-len(in)], Basic: basic, verified: &certpath.Verified{}}
	return r, r.parseBasic(basic, parse)
}

// ParseBasicOCSP reads a BasicOCSPResponse and wraps it.
func ParseBasicOCSP(der []byte) (*OCSPResponse, error) {
	r := &OCSPResponse{Basic: der, Raw: wrapBasic(der), verified: &certpath.Verified{}}
	return r, r.parseBasic(der, certpath.ParseCertificate)
}

func wrapBasic(basic []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidBasic)
				b.AddASN1OctetString(basic)
			})
		})
	})
	return b.BytesOrPanic()
}

func (r *OCSPResponse) parseBasic(der []byte, parse parseCertificate) error {
	in := cryptobyte.String(der)
	var s, tbs cryptobyte.String
	if !in.ReadASN1(&s, cbasn1.SEQUENCE) || !s.ReadASN1Element(&tbs, cbasn1.SEQUENCE) {
		return badOCSP("BasicOCSPResponse")
	}
	r.tbs = tbs
	var ok bool
	if r.alg, ok = certpath.ReadAlgorithm(&s); !ok || !s.ReadASN1BitStringAsBytes(&r.signature) {
		return badOCSP("signature")
	}
	var wrapped, list cryptobyte.String
	var has bool
	if !s.ReadOptionalASN1(&wrapped, &has, cbasn1.Tag(0).Constructed().ContextSpecific()) {
		return badOCSP("certs")
	}
	if has && wrapped.ReadASN1(&list, cbasn1.SEQUENCE) {
		for !list.Empty() && len(r.Certificates) < 100 {
			var one cryptobyte.String
			if !list.ReadASN1Element(&one, cbasn1.SEQUENCE) {
				return badOCSP("certs")
			}
			if c, err := parse(one); err == nil {
				r.Certificates = append(r.Certificates, c)
			}
		}
	}
	return r.parseData(tbs)
}

// parseData reads ResponseData (RFC 6960, 4.2.1).
func (r *OCSPResponse) parseData(tbs cryptobyte.String) error {
	var s, id, list cryptobyte.String
	var tag cbasn1.Tag
	if !tbs.ReadASN1(&s, cbasn1.SEQUENCE) || !s.SkipOptionalASN1(cbasn1.Tag(0).Constructed().ContextSpecific()) || !s.ReadAnyASN1(&id, &tag) {
		return badOCSP("responderID")
	}
	switch tag {
	case cbasn1.Tag(1).Constructed().ContextSpecific():
		n := certpath.ParseName(id)
		r.name = &n
	case cbasn1.Tag(2).Constructed().ContextSpecific():
		var h cryptobyte.String
		if !id.ReadASN1(&h, cbasn1.OCTET_STRING) {
			return badOCSP("responderID")
		}
		r.keyHash = h
	default:
		return badOCSP("responderID")
	}
	var err error
	if r.ProducedAt, err = certpath.ReadTime(&s); err != nil {
		return badOCSP("producedAt")
	}
	if !s.ReadASN1(&list, cbasn1.SEQUENCE) {
		return badOCSP("responses")
	}
	for !list.Empty() {
		var one cryptobyte.String
		if len(r.Responses) >= maxResponses || !list.ReadASN1(&one, cbasn1.SEQUENCE) {
			return badOCSP("responses")
		}
		single, err := parseSingle(one)
		if err != nil {
			return err
		}
		r.Responses = append(r.Responses, single)
	}
	return eachExtension(&s, 1, func(e certpath.Extension) {
		if e.ID.Equal(oidNonce) {
			v := cryptobyte.String(e.Value)
			var n cryptobyte.String
			if v.ReadASN1(&n, cbasn1.OCTET_STRING) {
				r.Nonce = n
			} else {
				r.Nonce = e.Value // written bare by some responders
			}
		}
	})
}

func eachExtension(s *cryptobyte.String, tag uint8, f func(certpath.Extension)) error {
	var wrapped cryptobyte.String
	var has bool
	if !s.ReadOptionalASN1(&wrapped, &has, cbasn1.Tag(tag).Constructed().ContextSpecific()) {
		return badOCSP("extensions")
	}
	if !has {
		return nil
	}
	list, err := certpath.ReadExtensions(wrapped)
	if err != nil {
		return err
	}
	for _, e := range list {
		if e.Critical && !slices.ContainsFunc(knownOCSP, e.ID.Equal) { // RFC 6960, 4.4
			return badOCSP("the critical extension " + e.ID.String())
		}
		f(e)
	}
	return nil
}

// knownOCSP are the extensions of requests and answers that are acted upon, or that ask for no act.
var knownOCSP = []certpath.OID{
	oidNonce, oidCutOff, {1, 3, 6, 1, 5, 5, 7, 48, 1, 3}, {1, 3, 6, 1, 5, 5, 7, 48, 1, 4}, {1, 3, 6, 1, 5, 5, 7, 48, 1, 8}, {1, 3, 6, 1, 5, 5, 7, 48, 1, 9},
	oidReasonCode, {2, 5, 29, 24}, {1, 3, 36, 8, 3, 13},
}

func parseSingle(s cryptobyte.String) (SingleResponse, error) {
	r := SingleResponse{Reason: -1}
	var err error
	if r.HashOID, r.IssuerNameHash, r.IssuerKeyHash, r.SerialNumber, err = readCertID(&s); err != nil {
		return r, err
	}
	var v cryptobyte.String
	var tag cbasn1.Tag
	if !s.ReadAnyASN1(&v, &tag) {
		return r, badOCSP("certStatus")
	}
	switch tag {
	case cbasn1.Tag(0).ContextSpecific():
		r.State = certpath.Good
	case cbasn1.Tag(1).Constructed().ContextSpecific():
		r.State = certpath.Revoked
		if r.RevokedAt, err = certpath.ReadTime(&v); err != nil {
			return r, badOCSP("revocationTime")
		}
		var reason cryptobyte.String
		var has bool
		if !v.ReadOptionalASN1(&reason, &has, cbasn1.Tag(0).Constructed().ContextSpecific()) || has && !reason.ReadASN1Enum(&r.Reason) {
			return r, badOCSP("revocationReason")
		}
	case cbasn1.Tag(2).ContextSpecific():
	default:
		return r, badOCSP("certStatus")
	}
	if r.ThisUpdate, err = certpath.ReadTime(&s); err != nil {
		return r, badOCSP("thisUpdate")
	}
	var has bool
	if !s.ReadOptionalASN1(&v, &has, cbasn1.Tag(0).Constructed().ContextSpecific()) {
		return r, badOCSP("nextUpdate")
	}
	if has {
		if r.NextUpdate, err = certpath.ReadTime(&v); err != nil {
			return r, badOCSP("nextUpdate")
		}
	}
	return r, eachExtension(&s, 1, func(e certpath.Extension) {
		if e.ID.Equal(oidCutOff) {
			v := cryptobyte.String(e.Value)
			if t, err := certpath.ReadTime(&v); err == nil { // a wrong value is no value
				r.ArchiveCutOff = t
			}
		}
	})
}

func readCertID(s *cryptobyte.String) (oid certpath.OID, name, key []byte, serial *big.Int, err error) {
	var id, n, k cryptobyte.String
	serial = new(big.Int)
	if !s.ReadASN1(&id, cbasn1.SEQUENCE) {
		return nil, nil, nil, nil, badOCSP("certID")
	}
	alg, ok := certpath.ReadAlgorithm(&id)
	if !ok || !id.ReadASN1(&n, cbasn1.OCTET_STRING) || !id.ReadASN1(&k, cbasn1.OCTET_STRING) || !id.ReadASN1Integer(serial) {
		return nil, nil, nil, nil, badOCSP("certID")
	}
	return alg.Algorithm, n, k, serial, nil
}

// keyBits is the public key's BIT STRING content, whose hash names an issuer (RFC 6960, 4.1.1).
func keyBits(c *certpath.Certificate) []byte {
	in := cryptobyte.String(c.RawSubjectPublicKeyInfo)
	var s cryptobyte.String
	var bits []byte
	if !in.ReadASN1(&s, cbasn1.SEQUENCE) || !s.SkipASN1(cbasn1.SEQUENCE) || !s.ReadASN1BitStringAsBytes(&bits) {
		return nil
	}
	return bits
}

func sum(h crypto.Hash, b []byte) []byte {
	w := h.New()
	w.Write(b)
	return w.Sum(nil)
}

// Signer finds the responder's certificate (issuer itself, or delegated: OCSPSigning, signed by issuer, valid when the answer was
// made) and verifies the signature.
func (r *OCSPResponse) Signer(issuer *certpath.Certificate, pool ...*certpath.Certificate) (*certpath.Certificate, error) {
	candidates := append([]*certpath.Certificate{issuer}, r.Certificates...)
	for _, c := range append(candidates, pool...) {
		if !r.names(c) {
			continue
		}
		if r.verified.By(c, func() error {
			_, err := certpath.VerifySignature(r.alg, c.PublicKey, r.tbs, r.signature)
			return err
		}) != nil {
			continue
		}
		if c.Equal(issuer) || bytes.Equal(c.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo) && c.Subject.Equal(issuer.Subject) {
			return c, nil
		}
		// RFC 6960, 4.2.2.2: delegated by the CA itself, for this purpose, and for the time of the answer.
		if slices.ContainsFunc(c.ExtKeyUsage, oidOCSPSigning.Equal) && !r.ProducedAt.Before(c.NotBefore) && !r.ProducedAt.After(c.NotAfter) &&
			c.Issuer.Equal(issuer.Subject) && c.CheckSignatureFrom(issuer) == nil {
			return c, nil
		}
	}
	return nil, codes.New(ErrSigner, "verifying", "an OCSP response", "it is signed by nobody whom "+issuer.Subject.String()+" authorised")
}

func (r *OCSPResponse) names(c *certpath.Certificate) bool {
	if r.name != nil {
		return r.name.Equal(c.Subject)
	}
	return bytes.Equal(r.keyHash, sum(crypto.SHA1, keyBits(c)))
}

// Find returns the answer for cert under issuer, nil if absent.
func (r *OCSPResponse) Find(cert, issuer *certpath.Certificate) *SingleResponse {
	for i := range r.Responses {
		s := &r.Responses[i]
		h := certpath.HashByOID(s.HashOID)
		if h == 0 || s.SerialNumber.Cmp(cert.SerialNumber) != 0 {
			continue
		}
		if bytes.Equal(s.IssuerNameHash, sum(h, issuer.RawSubject)) && bytes.Equal(s.IssuerKeyHash, sum(h, keyBits(issuer))) {
			return s
		}
	}
	return nil
}

// OCSPRequest builds a request for several certificates of one issuer; nonce may be nil. Certificates are named by SHA-1,
// the one hash that every responder knows (RFC 5019, 2.1.1).
func OCSPRequest(issuer *certpath.Certificate, nonce []byte, certs ...*certpath.Certificate) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, c := range certs {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addCertID(b, crypto.SHA1, issuer, c.SerialNumber) })
				}
			})
			if nonce != nil {
				b.AddASN1(cbasn1.Tag(2).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { addNonce(b, nonce) })
			}
		})
	})
	return b.Bytes()
}

func addCertID(b *cryptobyte.Builder, h crypto.Hash, issuer *certpath.Certificate, serial *big.Int) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(certpath.AlgorithmIdentifier{Algorithm: certpath.OIDByHash(h), Parameters: []byte{5, 0}}.Marshal())
		b.AddASN1OctetString(sum(h, issuer.RawSubject))
		b.AddASN1OctetString(sum(h, keyBits(issuer)))
		b.AddASN1BigInt(serial)
	})
}

func addNonce(b *cryptobyte.Builder, nonce []byte) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidNonce)
			b.AddASN1(cbasn1.OCTET_STRING, func(b *cryptobyte.Builder) { b.AddASN1OctetString(nonce) })
		})
	})
}
