package revocation

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"math/big"
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
	Base                   *big.Int // of a delta: the number of the list that it changes; nil for a full list
	SignatureAlgorithm     certpath.AlgorithmIdentifier
	Extensions             []certpath.Extension

	scope        scope
	freshest     []certpath.DistributionPoint // where the deltas are
	issuers      []string                     // where the certificates of its issuer are
	expiredSince time.Time                    // expiredCertsOnCRL
	unknown      bool                         // a critical extension, of the list or an entry, is not known
	entriesAt    [2]int64                     // where the entries begin and end

	hash      crypto.Hash // that the list says it is signed by
	digest    []byte      // of tbsCertList
	tbs       []byte      // for algorithms that sign the message itself
	signature []byte
	verified  *certpath.Verified
}

// Extension identifiers of CRLs and their entries (RFC 5280, 5.2 and 5.3).
var (
	oidCRLNumber      = certpath.OID{2, 5, 29, 20}
	oidReasonCode     = certpath.OID{2, 5, 29, 21}
	oidDeltaIndicator = certpath.OID{2, 5, 29, 27}
	oidIssuingPoint   = certpath.OID{2, 5, 29, 28}
	oidAuthorityKeyID = certpath.OID{2, 5, 29, 35}
	oidFreshestCRL    = certpath.OID{2, 5, 29, 46}
	oidExpiredCerts   = certpath.OID{2, 5, 29, 60} // X.509, 9.5.2.7
	oidAuthorityInfo  = certpath.OID{1, 3, 6, 1, 5, 5, 7, 1, 1}
	oidAccessIssuers  = certpath.OID{1, 3, 6, 1, 5, 5, 7, 48, 2}
)

func badCRL(what string) error { return codes.New(ErrCRL, "reading a CRL", what, "malformed") }

// ParseCRL reads a CertificateList held in memory.
func ParseCRL(der []byte) (*CRL, error) {
	return parseCRL(context.Background(), der)
}

// parseCRL ends with its context.
func parseCRL(ctx context.Context, der []byte) (*CRL, error) {
	c, err := scan(&lasting{ctx, bytes.NewReader(der)}, &query{})
	if err = cmp.Or(ctx.Err(), err); err != nil {
		return nil, err
	}
	c.Raw = der
	return c, nil
}

// Lookup finds a serial number in a list that was parsed from memory; see [ScanCRL].
func (c *CRL) Lookup(serial *big.Int) (Status, error) {
	q := &query{serial: integer(serial)}
	if err := c.find(context.Background(), q); err != nil {
		return Status{}, err
	}
	s := c.status(q.entry)
	if !c.complete() {
		s.State = certpath.Unknown
	}
	return s, nil
}

// find walks the entries again, which were read without fault before.
func (c *CRL) find(ctx context.Context, q *query) error {
	if c.Raw == nil {
		return codes.New(ErrCRL, "searching a CRL", "", "it was scanned, not kept")
	}
	w := &walk{list: &CRL{Issuer: c.Issuer}, query: q}
	in := cryptobyte.String(c.Raw[c.entriesAt[0]:c.entriesAt[1]])
	for n := 0; !in.Empty(); n++ {
		if n%10_000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		var one cryptobyte.String
		if !in.ReadASN1Element(&one, cbasn1.SEQUENCE) {
			return badCRL("an entry")
		}
		if err := w.take(one); err != nil {
			return err
		}
	}
	return nil
}

// status is what the list says by itself.
func (c *CRL) status(e entry) Status {
	s := Status{
		State: certpath.Good, Reason: -1, Kind: "crl", Evidence: c.Raw, ThisUpdate: c.ThisUpdate, NextUpdate: c.NextUpdate,
		SignatureAlgorithm: c.SignatureAlgorithm, ArchiveCutOff: c.expiredSince,
	}
	if e.found {
		s.State, s.RevokedAt, s.Reason = certpath.Revoked, e.at, e.reason
		if e.reason == removeFromCRL {
			s.State = certpath.Good
		}
	}
	if c.unknown {
		s.State = certpath.Unknown
	}
	return s
}

// removeFromCRL is the reason by which a delta takes back a hold, or drops what has expired (RFC 5280, 5.3.1).
const removeFromCRL = 8

// complete reports a full list for all reasons and all of the issuer's certificates, or for those of one kind.
func (c *CRL) complete() bool {
	return c.Base == nil && !c.unknown && c.scope.reasons == certpath.AllReasons && !c.scope.indirect && !c.scope.attributes
}

// CheckSignature verifies the list by issuer's key.
func (c *CRL) CheckSignature(issuer *certpath.Certificate) error {
	if !issuer.Subject.Equal(c.Issuer) {
		return codes.New(ErrSigner, "verifying the CRL of", c.Issuer.String(), "its issuer is another than "+issuer.Subject.String())
	}
	if err := c.verified.By(issuer, func() error { return c.verify(issuer) }); err != nil {
		return codes.Wrap(ErrSigner, "verifying the CRL of", c.Issuer.String(), err)
	}
	return nil
}

func (c *CRL) verify(issuer *certpath.Certificate) (err error) {
	switch h := certpath.HashOf(c.SignatureAlgorithm); {
	case h != c.hash: // RFC 5280, 5.1.1.2
		err = codes.New(ErrCRL, "verifying the CRL of", c.Issuer.String(), "it names two algorithms")
	case h == 0:
		_, err = certpath.VerifySignature(c.SignatureAlgorithm, issuer.PublicKey, c.tbs, c.signature)
	default:
		_, err = certpath.VerifyDigest(c.SignatureAlgorithm, issuer.PublicKey, h, c.digest, c.signature)
	}
	return err
}

// decode reads what the list's extensions say (RFC 5280, 5.2).
func (c *CRL) decode() error {
	c.scope = scope{reasons: certpath.AllReasons}
	for _, e := range c.Extensions {
		v := cryptobyte.String(e.Value)
		switch {
		case e.ID.Equal(oidCRLNumber):
			c.Number = new(big.Int)
			if !v.ReadASN1Integer(c.Number) {
				return badCRL("cRLNumber")
			}
		case e.ID.Equal(oidDeltaIndicator):
			c.Base = new(big.Int)
			if !v.ReadASN1Integer(c.Base) {
				return badCRL("deltaCRLIndicator")
			}
		case e.ID.Equal(oidIssuingPoint):
			var ok bool
			if c.scope, ok = readScope(v, c.Issuer); !ok {
				return badCRL("issuingDistributionPoint")
			}
		case e.ID.Equal(oidFreshestCRL):
			var ok bool
			if c.freshest, ok = certpath.ReadDistributionPoints(e.Value, c.Issuer); !ok {
				return badCRL("freshestCRL")
			}
		case e.ID.Equal(oidExpiredCerts):
			if t, err := certpath.ReadTime(&v); err == nil { // a wrong value is no value
				c.expiredSince = t
			}
		case e.ID.Equal(oidAuthorityInfo):
			c.issuers = readIssuers(v)
		case e.ID.Equal(oidAuthorityKeyID):
		default:
			c.unknown = c.unknown || e.Critical
		}
	}
	return nil
}

// readIssuers reads the addresses of authority information access (RFC 5280, 5.2.7); what cannot be read ends it.
func readIssuers(s cryptobyte.String) []string {
	var out []string
	var list cryptobyte.String
	if !s.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil
	}
	for !list.Empty() && len(out) < maxAddresses {
		var one, name cryptobyte.String
		var method certpath.OID
		var tag cbasn1.Tag
		if !list.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&method) || !one.ReadAnyASN1(&name, &tag) {
			return out
		}
		if method.Equal(oidAccessIssuers) && tag == cbasn1.Tag(6).ContextSpecific() {
			out = append(out, string(name))
		}
	}
	return out
}
