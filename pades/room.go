package pades

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"sync"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/tsp"
)

const (
	minRoom     = 16 << 10 // bytes of CMS
	maxRoom     = 16 << 20
	attributes  = 2 << 10 // signed attributes, algorithm identifiers and frames, beside the names
	tokenUnseen = 8 << 10 // a token's size where no TSA can be asked yet
)

// Planner is a [tsp.Source] that remembers how large the tokens of the one below are, so that only the first
// signature asks for a sample. Safe for concurrent use if its source is.
type Planner struct {
	source tsp.Source

	mu      sync.Mutex
	largest int
}

// NewPlanner returns a planner over s.
func NewPlanner(s tsp.Source) *Planner { return &Planner{source: s} }

// Timestamp implements [tsp.Source].
func (p *Planner) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*tsp.Token, error) {
	t, err := p.source.Timestamp(ctx, h, digest)
	if err == nil {
		p.mu.Lock()
		p.largest = max(p.largest, len(t.Raw))
		p.mu.Unlock()
	}
	return t, err
}

// token is the size of the largest token seen, of a sample where none was.
func (p *Planner) token(ctx context.Context, h crypto.Hash) (int, error) {
	p.mu.Lock()
	n := p.largest
	p.mu.Unlock()
	if n > 0 {
		return n, nil
	}
	t, err := p.Timestamp(ctx, h, h.New().Sum(nil))
	if err != nil {
		return 0, codes.Wrap(ErrTimestamp, "asking for a sample token", "", err)
	}
	return len(t.Raw), nil
}

func tokenSize(ctx context.Context, s tsp.Source, h crypto.Hash) (int, error) {
	if s == nil {
		return tokenUnseen, nil
	}
	return planner(s).token(ctx, h)
}

func planner(s tsp.Source) *Planner {
	if p, ok := s.(*Planner); ok {
		return p
	}
	return NewPlanner(s)
}

// planRoom is the number of bytes to reserve for the CMS: the chain as it is, the signature, and half as much again
// as a token of this TSA.
func planRoom(ctx context.Context, o *Options, chain []*certpath.Certificate, h crypto.Hash) (int, error) {
	if o.PlaceholderBytes != 0 {
		return o.PlaceholderBytes, nil
	}
	room := attributes + 2*len(chain[0].RawIssuer) + signatureSize(chain[0].PublicKey)
	for _, c := range chain {
		room += len(c.Raw)
	}
	if o.Level >= BT {
		token, err := tokenSize(ctx, o.TSA, h)
		if err != nil {
			return 0, err
		}
		room += token + token/2
	}
	return max(room, minRoom), nil
}

// signatureSize is the largest DER of a signature by key.
func signatureSize(key crypto.PublicKey) int {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return k.Size()
	case *ecdsa.PublicKey:
		return 2*((k.Curve.Params().BitSize+7)/8) + 16
	}
	return 128
}
