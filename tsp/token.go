package tsp

import (
	"bytes"
	"context"
	"crypto"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
)

// The failures of this package.
const (
	ErrToken    codes.Code = "tsp.token"    // not a time-stamp token that can be read
	ErrRejected codes.Code = "tsp.rejected" // the authority answered with another status than granted
	ErrMismatch codes.Code = "tsp.mismatch" // the token is for something else: imprint, nonce or signature
	ErrUsage    codes.Code = "tsp.usage"    // the certificate is not one of a time-stamping authority
	ErrClock    codes.Code = "tsp.clock"    // the token's time is far from ours
	ErrNone     codes.Code = "tsp.none"     // no authority of the pool gave a token
	ErrTimeout  codes.Code = "tsp.timeout"  // no answer in time
)

// Object identifiers.
var (
	oidTSTInfo      = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidTimeStamping = certpath.OID{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidExtKeyUsage  = certpath.OID{2, 5, 29, 37}
)

// Source makes time-stamps. Implementations say whether they are safe for concurrent use.
type Source interface {
	Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*Token, error)
}

// Token is an RFC 3161 TimeStampToken. It is read-only after parsing and safe for concurrent use.
type Token struct {
	Raw            []byte // ContentInfo, as received
	SignedData     *cms.SignedData
	Policy         certpath.OID
	ImprintHash    crypto.Hash // 0 if unknown
	ImprintHashOID certpath.OID
	Imprint        []byte
	SerialNumber   *big.Int
	GenTime        time.Time
	Accuracy       time.Duration // 0 if not given
	Ordering       bool
	Nonce          *big.Int // nil if absent
}

func bad(what string) error {
	return codes.New(ErrToken, "reading a time-stamp token", what, "malformed")
}

// ParseToken reads a token; trailing bytes (zero padding) are allowed.
func ParseToken(der []byte) (*Token, error) {
	sd, err := cms.ParseBytes(der)
	if err != nil {
		return nil, codes.Wrap(ErrToken, "reading", "a time-stamp token", err)
	}
	if !sd.ContentType().Equal(oidTSTInfo) || len(sd.Signers()) != 1 {
		return nil, bad("SignedData")
	}
	t := &Token{Raw: der[:len(der)-sd.Trailing()], SignedData: sd}
	return t, t.parseInfo(sd.Content())
}

// parseInfo reads TSTInfo (RFC 3161, 2.4.2).
func (t *Token) parseInfo(b []byte) error {
	in := cryptobyte.String(b)
	var s, imprint, v cryptobyte.String
	var version int
	if !in.ReadASN1(&s, cbasn1.SEQUENCE) || !s.ReadASN1Integer(&version) || version != 1 || !s.ReadASN1ObjectIdentifier(&t.Policy) || !s.ReadASN1(&imprint, cbasn1.SEQUENCE) {
		return bad("TSTInfo")
	}
	alg, ok := certpath.ReadAlgorithm(&imprint)
	if !ok || !imprint.ReadASN1(&v, cbasn1.OCTET_STRING) {
		return bad("messageImprint")
	}
	t.ImprintHashOID, t.ImprintHash, t.Imprint = alg.Algorithm, certpath.HashByOID(alg.Algorithm), v
	t.SerialNumber = new(big.Int)
	if !s.ReadASN1Integer(t.SerialNumber) {
		return bad("serialNumber")
	}
	var err error
	if t.GenTime, err = certpath.ReadTime(&s); err != nil {
		return bad("genTime")
	}
	if s.PeekASN1Tag(cbasn1.SEQUENCE) {
		if err := t.parseAccuracy(&s); err != nil {
			return err
		}
	}
	if s.PeekASN1Tag(cbasn1.BOOLEAN) && !s.ReadASN1Boolean(&t.Ordering) {
		return bad("ordering")
	}
	if s.PeekASN1Tag(cbasn1.INTEGER) {
		t.Nonce = new(big.Int)
		if !s.ReadASN1Integer(t.Nonce) {
			return bad("nonce")
		}
	}
	return nil
}

func (t *Token) parseAccuracy(s *cryptobyte.String) error {
	var a, v cryptobyte.String
	if !s.ReadASN1(&a, cbasn1.SEQUENCE) {
		return bad("accuracy")
	}
	var n int64
	if a.PeekASN1Tag(cbasn1.INTEGER) {
		if !a.ReadASN1Integer(&n) || n < 0 || n > 1<<31 {
			return bad("accuracy")
		}
		t.Accuracy = time.Duration(n) * time.Second
	}
	for i, unit := range []time.Duration{time.Millisecond, time.Microsecond} {
		var has bool
		if !a.ReadOptionalASN1(&v, &has, cbasn1.Tag(uint8(i)).ContextSpecific()) {
			return bad("accuracy")
		}
		if has {
			n := new(big.Int).SetBytes(v)
			if len(v) == 0 || v[0]&0x80 != 0 || n.BitLen() > 10 || n.Int64() > 999 {
				return bad("accuracy")
			}
			t.Accuracy += time.Duration(n.Int64()) * unit
		}
	}
	return nil
}

// Certificate is the TSA certificate found in the token or among pool, nil if absent.
func (t *Token) Certificate(pool []*certpath.Certificate) *certpath.Certificate {
	si := t.SignedData.Signers()[0]
	if c := si.Certificate(t.SignedData.Certificates()); c != nil {
		return c
	}
	return si.Certificate(pool)
}

// Verify checks imprint, signature, ESS and the TSA certificate's extended key usage; no trust decision.
func (t *Token) Verify(h crypto.Hash, digest []byte, pool ...*certpath.Certificate) (notes []string, err error) {
	if t.ImprintHash != h || !bytes.Equal(t.Imprint, digest) {
		return nil, codes.New(ErrMismatch, "verifying a time-stamp token", "messageImprint", "the token is for other data")
	}
	cert := t.Certificate(pool)
	if cert == nil {
		return nil, codes.New(ErrToken, "verifying a time-stamp token", "", "the authority's certificate is not at hand")
	}
	si := t.SignedData.Signers()[0]
	sh := si.Hash()
	if sh == 0 {
		return nil, codes.New(ErrToken, "verifying a time-stamp token", si.DigestAlgorithm().Algorithm.String(), "the digest algorithm is not supported")
	}
	sum := sh.New()
	sum.Write(t.SignedData.Content())
	in, err := si.Verify(oidTSTInfo, sum.Sum(nil), cert)
	if err != nil {
		return in.Notes, codes.Wrap(ErrMismatch, "verifying a time-stamp token of", cert.Subject.String(), err)
	}
	if !mayStamp(cert) {
		return in.Notes, codes.New(ErrUsage, "verifying a time-stamp token of", cert.Subject.String(), "timeStamping must be its only extended key usage, and critical")
	}
	return in.Notes, nil
}

// mayStamp is RFC 3161, 2.3.
func mayStamp(c *certpath.Certificate) bool {
	e := c.Extension(oidExtKeyUsage)
	return e != nil && e.Critical && len(c.ExtKeyUsage) == 1 && c.ExtKeyUsage[0].Equal(oidTimeStamping)
}

// VerifyMessage hashes message with the imprint's own hash and calls Verify.
func (t *Token) VerifyMessage(message []byte, pool ...*certpath.Certificate) (notes []string, err error) {
	if t.ImprintHash == 0 {
		return nil, codes.New(ErrToken, "verifying a time-stamp token", t.ImprintHashOID.String(), "the imprint's hash is not supported")
	}
	h := t.ImprintHash.New()
	h.Write(message)
	return t.Verify(t.ImprintHash, h.Sum(nil), pool...)
}
