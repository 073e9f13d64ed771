package pades

import (
	"context"
	"slices"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/tsp"
)

// tokens are the signature-time-stamps that can be read.
func (s *Signature) tokens() []*tsp.Token {
	if s.CMS == nil || s.Type != TypeSignature {
		return nil
	}
	var all []*tsp.Token
	for _, si := range s.CMS.Signers() {
		for _, a := range si.UnsignedAttributes() {
			if !a.Type.Equal(oidSignatureTimeStamp) {
				continue
			}
			for _, der := range a.Values {
				if t, err := tsp.ParseToken(der); err == nil {
					all = append(all, t)
				}
			}
		}
	}
	return all
}

// prove gathers what a signature needs for good: its signer's path and those of its time-stamps.
func prove(ctx context.Context, s *Signature, stored *Evidence, o *EmbedOptions) (*revocation.Evidence, error) {
	const act = "gathering evidence for"
	if s.CMS == nil {
		return nil, codes.New(ErrEvidence, act, s.Field, "the signature cannot be read")
	}
	pool := slices.Concat(s.CMS.Certificates(), stored.Certificates, o.Pool)
	tokens := s.tokens()
	for _, t := range tokens {
		pool = append(pool, t.SignedData.Certificates()...)
	}
	var leaves []*certpath.Certificate
	add := func(c *certpath.Certificate) error {
		if c == nil {
			return codes.New(ErrEvidence, act, s.Field, "a signing certificate is nowhere to be found")
		}
		leaves = append(leaves, c)
		return nil
	}
	if s.Token != nil {
		if err := add(s.Token.Certificate(pool)); err != nil {
			return nil, err
		}
	} else {
		for _, si := range s.CMS.Signers() {
			if err := add(si.Certificate(pool)); err != nil {
				return nil, err
			}
		}
	}
	for _, t := range tokens {
		if err := add(t.Certificate(pool)); err != nil {
			return nil, err
		}
	}
	found, err := gather(ctx, s.Field, leaves, pool, o)
	if codes.Of(err) == string(ErrEvidence) && s.Token != nil && leaves[0].NotAfter.Before(o.time()) {
		return &revocation.Evidence{}, nil // nobody answers for it any more: the renewal came too late, and says so
	}
	return found, err
}

// gather validates each leaf's path and keeps what it rests on.
func gather(ctx context.Context, field string, leaves, pool []*certpath.Certificate, o *EmbedOptions) (*revocation.Evidence, error) {
	options := &revocation.GatherOptions{Anchors: o.Anchors, Status: o.Status, Issuers: o.Issuers, Pool: pool, At: o.time()}
	found, err := revocation.Gather(ctx, options, leaves...)
	switch {
	case codes.Of(err) == string(revocation.ErrRevoked):
		return nil, codes.Wrap(ErrRevoked, "securing", field, err)
	case missing(err):
		return nil, codes.Wrap(ErrEvidence, "securing", field, err)
	}
	return found, err
}

func missing(err error) bool {
	code := codes.Code(codes.Of(err))
	return code == revocation.ErrPath || code == revocation.ErrUnavailable
}
