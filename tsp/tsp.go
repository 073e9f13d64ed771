package tsp

import (
	"context"
	"crypto"
	"math/big"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/fetch"
)

// Source makes time-stamps.
type Source interface {
	Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*Token, error)
}

// Token is an RFC 3161 TimeStampToken.
type Token struct {
	Raw            []byte // ContentInfo, DER as received
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

// ParseToken reads a token; trailing bytes (zero padding) are allowed.
func ParseToken(der []byte) (*Token, error) { panic("unwritten") }

// Certificate is the TSA certificate found in the token or among pool, nil if absent.
func (t *Token) Certificate(pool []*certpath.Certificate) *certpath.Certificate { panic("unwritten") }

// Verify checks imprint, signature, ESS and the TSA certificate's extended key usage; no trust decision.
func (t *Token) Verify(h crypto.Hash, digest []byte, pool ...*certpath.Certificate) (notes []string, err error) {
	panic("unwritten")
}

// VerifyMessage hashes message with the imprint's own hash and calls Verify.
func (t *Token) VerifyMessage(message []byte, pool ...*certpath.Certificate) (notes []string, err error) {
	panic("unwritten")
}

// Client asks one TSA over HTTP (RFC 3161, 3.4). Safe for concurrent use.
type Client struct {
	URL    string
	Fetch  *fetch.Client // nil: a Trusted client with a time-out of 180 s
	Policy certpath.OID  // nil: the TSA's default
}

// Timestamp implements [Source]; it verifies the answer: status, nonce, imprint, signature, EKU.
func (c *Client) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*Token, error) {
	panic("unwritten")
}

// PoolOptions steer a Pool; zero fields take the defaults named.
type PoolOptions struct {
	Timeout time.Duration    // for one TSA's answer, 30 s
	BackOff time.Duration    // first pause of a failing TSA, 30 s, doubling to 30 min
	Clock   func() time.Time // nil: time.Now
	MaxSkew time.Duration    // GenTime may differ from Clock by that, 10 min; a token beyond is refused
}

// Pool asks several TSAs: the healthiest first, a failing one rests. Safe for concurrent use.
type Pool struct { /* owner: tsp */
}

// NewPool returns a pool over s, in order of preference.
func NewPool(o PoolOptions, s ...Source) *Pool { panic("unwritten") }

// Timestamp implements [Source].
func (p *Pool) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*Token, error) {
	panic("unwritten")
}

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

// Respond answers a TimeStampReq; a bad request gets a TimeStampResp with status 2 and failInfo, not an error.
func (r *Responder) Respond(ctx context.Context, request []byte) ([]byte, error) { panic("unwritten") }
