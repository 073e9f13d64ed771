package revocation

import (
	"bufio"
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/big"
	"strconv"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// CRL is a CertificateList without its entries. It is read-only after parsing and safe for concurrent use.
type CRL struct {
	Raw                    []byte // nil if scanned
	RawIssuer              []byte
	Issuer                 certpath.Name
	ThisUpdate, NextUpdate time.Time
	Number                 *big.Int
	SignatureAlgorithm     certpath.AlgorithmIdentifier
	Extensions             []certpath.Extension

	expiredSince time.Time   // expiredCertsOnCRL
	hash         crypto.Hash // that the list says it is signed by
	digest       []byte      // of tbsCertList
	tbs          []byte      // for algorithms that sign the message itself
	signature    []byte
}

// Extension identifiers of CRLs and their entries (RFC 5280, 5.2 and 5.3).
var (
	oidCRLNumber         = certpath.OID{2, 5, 29, 20}
	oidReasonCode        = certpath.OID{2, 5, 29, 21}
	oidDeltaIndicator    = certpath.OID{2, 5, 29, 27}
	oidIssuingPoint      = certpath.OID{2, 5, 29, 28}
	oidCertificateIssuer = certpath.OID{2, 5, 29, 29}
	oidAuthorityKeyID    = certpath.OID{2, 5, 29, 35}
	oidExpiredCerts      = certpath.OID{2, 5, 29, 60} // X.509, 9.5.2.7
)

func badCRL(what string) error { return codes.New(ErrCRL, "reading a CRL", what, "malformed") }

// ParseCRL reads a CertificateList held in memory.
func ParseCRL(der []byte) (*CRL, error) {
	c, _, err := ScanCRL(bytes.NewReader(der), nil)
	if err != nil {
		return nil, err
	}
	c.Raw = der
	return c, nil
}

// Lookup finds a serial number in a list that was parsed from memory.
func (c *CRL) Lookup(serial *big.Int) (Status, error) {
	if c.Raw == nil {
		return Status{}, codes.New(ErrCRL, "searching a CRL", "", "it was scanned, not kept")
	}
	_, s, err := ScanCRL(bytes.NewReader(c.Raw), serial)
	s.Evidence = c.Raw
	return s, err
}

// CheckSignature verifies the list by issuer's key.
func (c *CRL) CheckSignature(issuer *certpath.Certificate) error {
	if !issuer.Subject.Equal(c.Issuer) {
		return codes.New(ErrSigner, "verifying the CRL of", c.Issuer.String(), "its issuer is another than "+issuer.Subject.String())
	}
	h := certpath.HashOf(c.SignatureAlgorithm)
	var err error
	switch {
	case h != c.hash: // RFC 5280, 5.1.1.2
		err = codes.New(ErrCRL, "verifying the CRL of", c.Issuer.String(), "it names two algorithms")
	case h == 0:
		_, err = certpath.VerifySignature(c.SignatureAlgorithm, issuer.PublicKey, c.tbs, c.signature)
	default:
		_, err = certpath.VerifyDigest(c.SignatureAlgorithm, issuer.PublicKey, h, c.digest, c.signature)
	}
	if err != nil {
		return codes.Wrap(ErrSigner, "verifying the CRL of", c.Issuer.String(), err)
	}
	return nil
}

// tbsKept bounds the list that is kept whole for an algorithm that signs the message itself (Ed25519).
const tbsKept = 16 << 20

// maxElement bounds one element of a list: an entry, a name, all extensions of the list.
const maxElement = 64 << 10

// scanner reads DER from a stream while everything of tbsCertList passes through the hash.
type scanner struct {
	r    *bufio.Reader
	tee  bool
	hash hash.Hash     // once the algorithm is known, unless it
	keep *bytes.Buffer // signs the message
	left int64         // of tbsCertList
}

func (s *scanner) passed(b []byte) {
	if !s.tee {
		return
	}
	if s.hash != nil {
		s.hash.Write(b)
	} else if s.keep.Len()+len(b) <= tbsKept {
		s.keep.Write(b)
	}
	s.left -= int64(len(b))
}

// header reads identifier and length.
func (s *scanner) header() (tag byte, length int64, err error) {
	first, err := s.r.Peek(2)
	if err != nil {
		return 0, 0, badCRL("the stream ends early")
	}
	n := 2
	if first[1] >= 0x80 {
		k := int(first[1] & 0x7f)
		if k == 0 || k > 5 {
			return 0, 0, badCRL("a length")
		}
		n += k
	}
	b, err := s.r.Peek(n)
	if err != nil {
		return 0, 0, badCRL("the stream ends early")
	}
	tag, length = b[0], int64(b[1])
	if n > 2 {
		length = 0
		for _, c := range b[2:n] {
			length = length<<8 | int64(c)
		}
	}
	s.passed(b)
	_, err = s.r.Discard(n)
	return tag, length, err
}

func (s *scanner) peekTag() byte {
	b, err := s.r.Peek(1)
	if err != nil {
		return 0
	}
	return b[0]
}

// kept is an element that outlives the scan.
func (s *scanner) kept() ([]byte, error) {
	b, err := s.element()
	return bytes.Clone(b), err
}

// element reads one whole element, whose bytes are good until the next read.
func (s *scanner) element() ([]byte, error) {
	head, err := s.r.Peek(2)
	if err != nil {
		return nil, badCRL("the stream ends early")
	}
	n := 2
	if head[1] >= 0x80 {
		n += int(head[1] & 0x7f)
	}
	b, err := s.r.Peek(n)
	if err != nil || n > 7 {
		return nil, badCRL("a length")
	}
	length := int64(b[1])
	if n > 2 {
		length = 0
		for _, c := range b[2:n] {
			length = length<<8 | int64(c)
		}
	}
	if length > maxElement {
		return nil, badCRL("an element of " + strconv.FormatInt(length, 10) + " bytes")
	}
	out, err := s.r.Peek(n + int(length))
	if err != nil {
		return nil, badCRL("the stream ends early")
	}
	s.passed(out)
	_, err = s.r.Discard(len(out))
	return out, err
}

// ScanCRL reads a CertificateList as a stream and answers for one serial number (nil: for none) in constant memory.
func ScanCRL(r io.Reader, serial *big.Int) (*CRL, Status, error) {
	c := &CRL{}
	s := &scanner{r: bufio.NewReaderSize(r, maxElement+16), keep: &bytes.Buffer{}}
	status := Status{State: certpath.Good, Reason: -1, Kind: "crl"}
	if tag, _, err := s.header(); err != nil || tag != 0x30 {
		return nil, status, badCRL("CertificateList")
	}
	s.tee = true
	tag, n, err := s.header()
	if err != nil || tag != 0x30 {
		return nil, status, badCRL("tbsCertList")
	}
	s.left = n
	if err := c.head(s); err != nil {
		return nil, status, err
	}
	if s.left > 0 && s.peekTag() == 0x30 {
		if err := entries(s, serial, &status); err != nil {
			return nil, status, err
		}
	}
	if s.left > 0 {
		if err := c.tail(s); err != nil {
			return nil, status, err
		}
	}
	s.tee = false
	if s.hash != nil {
		c.digest = s.hash.Sum(nil)
	} else {
		c.tbs = s.keep.Bytes()
	}
	if err := c.signatureOf(s); err != nil {
		return nil, status, err
	}
	return c, c.finish(&status), nil
}

func (c *CRL) finish(status *Status) Status {
	status.ThisUpdate, status.NextUpdate, status.ArchiveCutOff, status.SignatureAlgorithm = c.ThisUpdate, c.NextUpdate, c.expiredSince, c.SignatureAlgorithm
	if !c.complete() {
		status.State = certpath.Unknown
	}
	return *status
}

// complete reports a full list for all reasons: a delta, indirect or partial one says nothing about absence.
func (c *CRL) complete() bool {
	for _, e := range c.Extensions {
		if e.ID.Equal(oidDeltaIndicator) {
			return false
		}
		if e.ID.Equal(oidIssuingPoint) {
			in := cryptobyte.String(e.Value)
			var idp cryptobyte.String
			if !in.ReadASN1(&idp, cbasn1.SEQUENCE) {
				return false
			}
			for !idp.Empty() {
				var v cryptobyte.String
				var tag cbasn1.Tag
				if !idp.ReadAnyASN1(&v, &tag) {
					return false
				}
				switch tag {
				case cbasn1.Tag(3).ContextSpecific(), cbasn1.Tag(4).ContextSpecific(), cbasn1.Tag(5).ContextSpecific(): // some reasons, indirect, attributes
					return false
				}
			}
		} else if e.Critical && !e.ID.Equal(oidAuthorityKeyID) {
			return false
		}
	}
	return true
}

func (c *CRL) head(s *scanner) error {
	if s.peekTag() == 0x02 {
		if _, err := s.element(); err != nil {
			return err
		}
	}
	if err := c.algorithm(s); err != nil {
		return err
	}
	issuer, err := s.kept()
	if err != nil {
		return err
	}
	c.RawIssuer, c.Issuer = issuer, certpath.ParseName(issuer)
	for i, t := range []*time.Time{&c.ThisUpdate, &c.NextUpdate} {
		if i == 1 && s.peekTag() != 0x17 && s.peekTag() != 0x18 {
			break
		}
		b, err := s.element()
		if err != nil {
			return err
		}
		in := cryptobyte.String(b)
		if *t, err = certpath.ReadTime(&in); err != nil {
			return badCRL("a time")
		}
	}
	return nil
}

// algorithm decides what is made of the list while it passes: one digest, or a copy.
func (c *CRL) algorithm(s *scanner) error {
	b, err := s.element()
	if err != nil {
		return err
	}
	in := cryptobyte.String(b)
	alg, ok := certpath.ReadAlgorithm(&in)
	if !ok {
		return badCRL("signature")
	}
	if c.hash = certpath.HashOf(alg); c.hash.Available() {
		s.hash = c.hash.New()
		s.hash.Write(s.keep.Bytes())
		s.keep = nil
	}
	return nil
}

func entries(s *scanner, serial *big.Int, status *Status) error {
	_, n, err := s.header()
	if err != nil {
		return err
	}
	end := s.left - n
	if end < 0 {
		return badCRL("revokedCertificates")
	}
	var wanted cryptobyte.String
	if serial != nil {
		var b cryptobyte.Builder
		b.AddASN1BigInt(serial)
		der := cryptobyte.String(b.BytesOrPanic())
		der.ReadASN1(&wanted, cbasn1.INTEGER)
	}
	for s.left > end {
		b, err := s.element()
		if err != nil {
			return err
		}
		if wanted == nil {
			continue
		}
		if err := entry(b, wanted, status); err != nil {
			return err
		}
	}
	return nil
}

// minimal is the one way to write an INTEGER in DER (X.690, 8.3.2): another would hide a serial number.
func minimal(n []byte) bool {
	return len(n) == 1 || len(n) > 1 && (n[0] != 0 || n[1] >= 0x80) && (n[0] != 0xff || n[1] < 0x80)
}

func entry(b, wanted []byte, status *Status) error {
	in := cryptobyte.String(b)
	var e, serial cryptobyte.String
	if !in.ReadASN1(&e, cbasn1.SEQUENCE) || !e.ReadASN1(&serial, cbasn1.INTEGER) || !minimal(serial) {
		return badCRL("an entry")
	}
	if !bytes.Equal(serial, wanted) {
		return nil
	}
	at, err := certpath.ReadTime(&e)
	if err != nil {
		return badCRL("revocationDate")
	}
	status.State, status.RevokedAt = certpath.Revoked, at
	if e.Empty() {
		return nil
	}
	exts, err := certpath.ReadExtensions(e)
	if err != nil {
		return err
	}
	for _, x := range exts {
		v := cryptobyte.String(x.Value)
		switch {
		case x.ID.Equal(oidReasonCode):
			if !v.ReadASN1Enum(&status.Reason) {
				return badCRL("reasonCode")
			}
			if status.Reason == 8 { // removeFromCRL
				status.State = certpath.Good
			}
		case x.ID.Equal(oidCertificateIssuer):
			status.State = certpath.Unknown // an indirect list speaks of another issuer's certificate
		}
	}
	return nil
}

func (c *CRL) tail(s *scanner) error {
	if s.peekTag() != 0xa0 {
		return badCRL("crlExtensions")
	}
	b, err := s.kept()
	if err != nil {
		return err
	}
	in := cryptobyte.String(b)
	var wrapped cryptobyte.String
	if !in.ReadASN1(&wrapped, cbasn1.Tag(0).Constructed().ContextSpecific()) {
		return badCRL("crlExtensions")
	}
	if c.Extensions, err = certpath.ReadExtensions(wrapped); err != nil {
		return err
	}
	for _, e := range c.Extensions {
		v := cryptobyte.String(e.Value)
		switch {
		case e.ID.Equal(oidCRLNumber):
			c.Number = new(big.Int)
			if !v.ReadASN1Integer(c.Number) {
				return badCRL("cRLNumber")
			}
		case e.ID.Equal(oidExpiredCerts):
			if t, err := certpath.ReadTime(&v); err == nil { // a wrong value is no value
				c.expiredSince = t
			}
		}
	}
	return nil
}

func (c *CRL) signatureOf(s *scanner) error {
	alg, err := s.kept()
	if err != nil {
		return err
	}
	in := cryptobyte.String(alg)
	var ok bool
	if c.SignatureAlgorithm, ok = certpath.ReadAlgorithm(&in); !ok {
		return badCRL("signatureAlgorithm")
	}
	b, err := s.kept()
	if err != nil {
		return err
	}
	in = b
	if !in.ReadASN1BitStringAsBytes(&c.signature) {
		return badCRL("signatureValue")
	}
	return nil
}

// CRLTemplate builds a list.
type CRLTemplate struct {
	Number                 *big.Int
	ThisUpdate, NextUpdate time.Time
	Entries                []CRLEntry
}

// CRLEntry is one revoked certificate.
type CRLEntry struct {
	Serial    *big.Int
	RevokedAt time.Time
	Reason    int
}

// CreateCRL builds and signs a list. The key's own randomness is used; rand is kept for keys that take none.
func CreateCRL(_ io.Reader, t *CRLTemplate, issuer *certpath.Certificate, key crypto.Signer) ([]byte, error) {
	if t.Number == nil {
		return nil, errors.New("revocation: a CRL needs a number")
	}
	var d cryptobyte.Builder
	alg, _, err := signDER(nopSigner{key}, issuer, nil)
	if err != nil {
		return nil, err
	}
	d.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddBytes(alg.Marshal())
		b.AddBytes(issuer.RawSubject)
		addTime(b, t.ThisUpdate)
		addTime(b, t.NextUpdate)
		if len(t.Entries) > 0 {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, e := range t.Entries {
					addEntry(b, e)
				}
			})
		}
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				if issuer.SubjectKeyID != nil {
					addExtension(b, oidAuthorityKeyID, func(b *cryptobyte.Builder) {
						b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddASN1(cbasn1.Tag(0).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(issuer.SubjectKeyID) })
						})
					})
				}
				addExtension(b, oidCRLNumber, func(b *cryptobyte.Builder) { b.AddASN1BigInt(t.Number) })
			})
		})
	})
	tbs, err := d.Bytes()
	if err != nil {
		return nil, err
	}
	_, sig, err := signDER(key, issuer, tbs)
	if err != nil {
		return nil, fmt.Errorf("signing the CRL of %s: %w", issuer.Subject, err)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddBytes(alg.Marshal())
		b.AddASN1BitString(sig)
	})
	return b.Bytes()
}

// nopSigner asks a key only for its algorithm.
type nopSigner struct{ crypto.Signer }

func (nopSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, nil }

func addEntry(b *cryptobyte.Builder, e CRLEntry) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(e.Serial)
		addTime(b, e.RevokedAt)
		if e.Reason > 0 {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addExtension(b, oidReasonCode, func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(e.Reason)) })
			})
		}
	})
}

func addExtension(b *cryptobyte.Builder, id certpath.OID, value func(*cryptobyte.Builder)) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(id)
		b.AddASN1(cbasn1.OCTET_STRING, value)
	})
}

// addTime is RFC 5280, 5.1.2.4: UTCTime until 2049.
func addTime(b *cryptobyte.Builder, t time.Time) {
	t = t.UTC().Truncate(time.Second)
	if t.Year() < 2050 {
		b.AddASN1UTCTime(t)
		return
	}
	b.AddASN1GeneralizedTime(t)
}
