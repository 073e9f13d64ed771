package revocation

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
)

// OCSPResponder answers requests without a server. Safe for concurrent use if Lookup is.
type OCSPResponder struct {
	Issuer *certpath.Certificate
	Key    crypto.Signer
	Chain  []*certpath.Certificate // responder's certificate first; empty: Issuer itself
	Lookup func(ctx context.Context, serial *big.Int) (Status, error)
	Clock  func() time.Time
	Valid  time.Duration // NextUpdate − ThisUpdate; 0: none
}

const maxRequest = 64 << 10

// Respond answers a DER OCSPRequest with a DER OCSPResponse; a bad request gets an error status, not an error.
func (r *OCSPResponder) Respond(ctx context.Context, request []byte) ([]byte, error) {
	ids, nonce, ok := parseRequest(request)
	if !ok {
		return errorStatus(1), nil
	}
	now := r.Clock().UTC().Truncate(time.Second)
	var singles cryptobyte.Builder
	for _, id := range ids {
		status := Status{State: certpath.Unknown}
		h := certpath.HashByOID(id.HashOID)
		if h != 0 && bytes.Equal(id.IssuerNameHash, sum(h, r.Issuer.RawSubject)) && bytes.Equal(id.IssuerKeyHash, sum(h, keyBits(r.Issuer))) {
			var err error
			if status, err = r.Lookup(ctx, id.SerialNumber); err != nil {
				return errorStatus(2), nil //nolint:nilerr // internalError says so
			}
		}
		r.addSingle(&singles, id, status, now)
	}
	list, err := singles.Bytes()
	if err != nil {
		return nil, err
	}
	return r.sign(list, nonce, now)
}

func errorStatus(n int64) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Enum(n) })
	return b.BytesOrPanic()
}

func parseRequest(der []byte) (ids []SingleResponse, nonce []byte, ok bool) {
	if len(der) > maxRequest {
		return nil, nil, false
	}
	in := cryptobyte.String(der)
	var s, tbs, list cryptobyte.String
	if !in.ReadASN1(&s, cbasn1.SEQUENCE) || !s.ReadASN1(&tbs, cbasn1.SEQUENCE) || !tbs.SkipOptionalASN1(cbasn1.Tag(0).Constructed().ContextSpecific()) ||
		!tbs.SkipOptionalASN1(cbasn1.Tag(1).Constructed().ContextSpecific()) || !tbs.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil, nil, false
	}
	for !list.Empty() {
		var one cryptobyte.String
		if len(ids) >= 1000 || !list.ReadASN1(&one, cbasn1.SEQUENCE) {
			return nil, nil, false
		}
		var id SingleResponse
		var err error
		if id.HashOID, id.IssuerNameHash, id.IssuerKeyHash, id.SerialNumber, err = readCertID(&one); err != nil {
			return nil, nil, false
		}
		ids = append(ids, id)
	}
	err := eachExtension(&tbs, 2, func(e certpath.Extension) {
		if e.ID.Equal(oidNonce) && len(e.Value) <= 64 {
			nonce = e.Value
		}
	})
	return ids, nonce, err == nil && len(ids) > 0
}

func (r *OCSPResponder) addSingle(b *cryptobyte.Builder, id SingleResponse, s Status, now time.Time) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(certpath.AlgorithmIdentifier{Algorithm: id.HashOID, Parameters: []byte{5, 0}}.Marshal())
			b.AddASN1OctetString(id.IssuerNameHash)
			b.AddASN1OctetString(id.IssuerKeyHash)
			b.AddASN1BigInt(id.SerialNumber)
		})
		switch s.State {
		case certpath.Good:
			b.AddASN1(cbasn1.Tag(0).ContextSpecific(), func(*cryptobyte.Builder) {})
		case certpath.Revoked:
			b.AddASN1(cbasn1.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
				b.AddASN1GeneralizedTime(s.RevokedAt.UTC())
				if s.Reason > 0 {
					b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(s.Reason)) })
				}
			})
		default:
			b.AddASN1(cbasn1.Tag(2).ContextSpecific(), func(*cryptobyte.Builder) {})
		}
		b.AddASN1GeneralizedTime(now)
		if r.Valid > 0 {
			b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(now.Add(r.Valid)) })
		}
	})
}

func (r *OCSPResponder) sign(singles, nonce []byte, now time.Time) ([]byte, error) {
	signer := r.Issuer
	if len(r.Chain) > 0 {
		signer = r.Chain[0]
	}
	var d cryptobyte.Builder
	d.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(2).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1OctetString(sum(crypto.SHA1, keyBits(signer))) })
		b.AddASN1GeneralizedTime(now)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(singles) })
		if nonce != nil {
			b.AddASN1(cbasn1.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(oidNonce)
						b.AddASN1OctetString(nonce)
					})
				})
			})
		}
	})
	tbs, err := d.Bytes()
	if err != nil {
		return nil, err
	}
	alg, sig, err := signDER(r.Key, signer, tbs)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddBytes(alg.Marshal())
		b.AddASN1BitString(sig)
		if len(r.Chain) > 0 {
			b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					for _, c := range r.Chain {
						b.AddBytes(c.Raw)
					}
				})
			})
		}
	})
	basic, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	return wrapBasic(basic), nil
}

// signDER signs with the algorithm that the certificate's key asks for.
func signDER(key crypto.Signer, cert *certpath.Certificate, tbs []byte) (certpath.AlgorithmIdentifier, []byte, error) {
	h := cms.HashFor(cert)
	alg, err := certpath.SignatureAlgorithmFor(cert.PublicKey, h, false)
	if err != nil {
		return alg, nil, err
	}
	digest, opts := sum(h, tbs), crypto.SignerOpts(h)
	if certpath.HashOf(alg) == 0 { // Ed25519 signs the message itself
		digest, opts = tbs, crypto.Hash(0)
	}
	sig, err := key.Sign(rand.Reader, digest, opts)
	return alg, sig, err
}
