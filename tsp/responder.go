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
)

// Responder is a TSA without a server: it answers one DER request. Safe for concurrent use if its functions are.
type Responder struct {
	Key      crypto.Signer
	Chain    []*certpath.Certificate // TSA certificate first
	Policy   certpath.OID
	Clock    func() (time.Time, error)
	Serial   func(context.Context) (*big.Int, error)
	Accuracy time.Duration
	Hash     crypto.Hash // of the token's signature; 0: by key
}

// Failure information bits (RFC 3161, 2.4.2).
const (
	failBadAlg           = 0
	failBadRequest       = 2
	failBadDataFormat    = 5
	failTimeNotAvailable = 14
	failUnacceptedPolicy = 15
	failUnacceptedExt    = 16
	failSystem           = 25
)

// maxRequest bounds a request.
const maxRequest = 64 << 10

type request struct {
	alg     certpath.AlgorithmIdentifier
	digest  []byte
	policy  certpath.OID
	nonce   *big.Int
	certReq bool
}

// Respond answers a TimeStampReq; a bad request gets a TimeStampResp with status 2 and failInfo, not an error.
func (r *Responder) Respond(ctx context.Context, der []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	q, fail := parseRequest(der)
	if q == nil {
		return rejection(fail), nil
	}
	h := certpath.HashByOID(q.alg.Algorithm)
	switch {
	case h == 0 || h == crypto.SHA1:
		return rejection(failBadAlg), nil
	case len(q.digest) != h.Size():
		return rejection(failBadDataFormat), nil
	case q.policy != nil && !q.policy.Equal(r.Policy):
		return rejection(failUnacceptedPolicy), nil
	}
	now, err := r.Clock()
	if err != nil {
		return rejection(failTimeNotAvailable), nil //nolint:nilerr // the answer says so
	}
	serial, err := r.Serial(ctx)
	if err != nil {
		return rejection(failSystem), nil //nolint:nilerr // the answer says so
	}
	token, err := r.token(q, now, serial)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(0) })
		b.AddBytes(token)
	})
	return b.Bytes()
}

func parseRequest(der []byte) (*request, int) {
	if len(der) > maxRequest {
		return nil, failBadDataFormat
	}
	in := cryptobyte.String(der)
	var s, imprint, digest cryptobyte.String
	var version int
	if !in.ReadASN1(&s, cbasn1.SEQUENCE) || !in.Empty() || !s.ReadASN1Integer(&version) || !s.ReadASN1(&imprint, cbasn1.SEQUENCE) {
		return nil, failBadDataFormat
	}
	q := &request{}
	var ok bool
	if q.alg, ok = certpath.ReadAlgorithm(&imprint); !ok || !imprint.ReadASN1(&digest, cbasn1.OCTET_STRING) {
		return nil, failBadDataFormat
	}
	q.digest = digest
	if version != 1 {
		return nil, failBadRequest
	}
	if s.PeekASN1Tag(cbasn1.OBJECT_IDENTIFIER) && !s.ReadASN1ObjectIdentifier(&q.policy) {
		return nil, failBadDataFormat
	}
	if s.PeekASN1Tag(cbasn1.INTEGER) {
		q.nonce = new(big.Int)
		if !s.ReadASN1Integer(q.nonce) {
			return nil, failBadDataFormat
		}
	}
	if s.PeekASN1Tag(cbasn1.BOOLEAN) && !s.ReadASN1Boolean(&q.certReq) {
		return nil, failBadDataFormat
	}
	if !s.Empty() { // extensions: none is supported (RFC 3161, 2.4.1)
		return nil, failUnacceptedExt
	}
	return q, 0
}

func rejection(fail int) []byte {
	bits := make([]byte, fail/8+1)
	bits[fail/8] = 0x80 >> (fail % 8)
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(2)
			b.AddASN1(cbasn1.BIT_STRING, func(b *cryptobyte.Builder) {
				b.AddUint8(uint8(7 - fail%8))
				b.AddBytes(bits)
			})
		})
	})
	return b.BytesOrPanic()
}

func (r *Responder) token(q *request, now time.Time, serial *big.Int) ([]byte, error) {
	info, err := r.info(q, now, serial)
	if err != nil {
		return nil, err
	}
	h := r.Hash
	if h == 0 {
		h = cms.HashFor(r.Chain[0])
	}
	sum := h.New()
	sum.Write(info)
	u, err := cms.Prepare(r.Chain[0], sum.Sum(nil), &cms.PrepareOptions{ContentType: oidTSTInfo, Hash: h})
	if err != nil {
		return nil, err
	}
	sd, err := u.Sign(nil, r.Key, r.Chain[1:]...)
	if err != nil {
		return nil, err
	}
	sd.Attach(bytes.NewReader(info), int64(len(info)))
	if !q.certReq {
		sd = sd.WithoutCertificates()
	}
	return sd.MarshalDER()
}

func (r *Responder) info(q *request, now time.Time, serial *big.Int) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1ObjectIdentifier(r.Policy)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(q.alg.Marshal())
			b.AddASN1OctetString(q.digest)
		})
		b.AddASN1BigInt(serial)
		b.AddASN1GeneralizedTime(now.UTC().Truncate(time.Second))
		if r.Accuracy > 0 {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				if s := int64(r.Accuracy / time.Second); s > 0 {
					b.AddASN1Int64(s)
				}
				if ms := int64(r.Accuracy % time.Second / time.Millisecond); ms > 0 {
					b.AddASN1(cbasn1.Tag(0).ContextSpecific(), func(b *cryptobyte.Builder) { addUnsigned(b, ms) })
				}
			})
		}
		if q.nonce != nil {
			b.AddASN1BigInt(q.nonce)
		}
	})
	return b.Bytes()
}

// addUnsigned writes the content octets of a small positive INTEGER.
func addUnsigned(b *cryptobyte.Builder, v int64) {
	c := big.NewInt(v).Bytes()
	if c[0]&0x80 != 0 {
		c = append([]byte{0}, c...)
	}
	b.AddBytes(c)
}
