package revocation

import (
	"crypto"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
)

// CRLTemplate builds a list.
type CRLTemplate struct {
	Number                 *big.Int
	ThisUpdate, NextUpdate time.Time
	Entries                []CRLEntry
	// Extensions are written after authorityKeyIdentifier and cRLNumber.
	Extensions []certpath.Extension
}

// CRLEntry is one revoked certificate.
type CRLEntry struct {
	Serial    *big.Int
	RevokedAt time.Time
	Reason    int
	// Extensions are written after reasonCode.
	Extensions []certpath.Extension
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
				addExtensions(b, t.Extensions)
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
		if e.Reason > 0 || len(e.Extensions) > 0 {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				if e.Reason > 0 {
					addExtension(b, oidReasonCode, func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(e.Reason)) })
				}
				addExtensions(b, e.Extensions)
			})
		}
	})
}

func addExtensions(b *cryptobyte.Builder, list []certpath.Extension) {
	for _, e := range list {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(e.ID)
			if e.Critical {
				b.AddASN1Boolean(true)
			}
			b.AddASN1OctetString(e.Value)
		})
	}
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
