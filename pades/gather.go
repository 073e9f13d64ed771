package pades

import (
	"context"
	"slices"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// maxResponders bounds how far responders of responders are followed.
const maxResponders = 4

// gatherer collects paths and the revocation data that speaks for them.
type gatherer struct {
	field string
	pool  []*certpath.Certificate
	o     *EmbedOptions
	proof *proof
	seen  map[[32]byte]bool // leaves done
}

// path validates one leaf and keeps its path, the evidence for each certificate below the anchor, and what the
// responders need.
func (g *gatherer) path(ctx context.Context, leaf *certpath.Certificate, depth int) error {
	if g.seen[leaf.Fingerprint()] || depth > maxResponders {
		return nil
	}
	g.seen[leaf.Fingerprint()] = true
	result, err := certpath.Validate(ctx, leaf, &certpath.Options{
		Anchors: g.o.Anchors, Pool: g.pool, Status: g.o.Status, Fetch: g.o.Issuers, At: g.at(leaf),
	})
	if err != nil {
		return err
	}
	if !result.Valid {
		return g.refuse(leaf, result)
	}
	for _, c := range result.Path {
		g.certificate(c)
	}
	for _, statuses := range result.Status {
		i := slices.IndexFunc(statuses, func(s certpath.Status) bool { return s.State == certpath.Good })
		if i < 0 {
			continue
		}
		if err := g.status(ctx, statuses[i], depth); err != nil {
			return err
		}
	}
	return nil
}

// at is now, or the last moment at which a certificate that has expired since could be validated.
func (g *gatherer) at(leaf *certpath.Certificate) time.Time {
	if now := g.o.time(); now.Before(leaf.NotAfter) {
		return now
	}
	return leaf.NotAfter
}

func (g *gatherer) refuse(leaf *certpath.Certificate, r *certpath.Result) error {
	const act = "gathering evidence for"
	for _, p := range r.Problems {
		if p.Code == "revoked" {
			return codes.New(ErrRevoked, act, g.field, leaf.Subject.CommonName()+": revoked on "+p.At.UTC().Format(time.RFC3339))
		}
	}
	detail := "no path"
	if len(r.Problems) > 0 {
		detail = r.Problems[0].Code + " " + r.Problems[0].Detail
	}
	return codes.New(ErrEvidence, act, g.field, leaf.Subject.CommonName()+": "+detail)
}

func (g *gatherer) certificate(c *certpath.Certificate) {
	if !slices.ContainsFunc(g.proof.Certificates, c.Equal) {
		g.proof.Certificates = append(g.proof.Certificates, c)
	}
}

func (g *gatherer) status(ctx context.Context, s certpath.Status, depth int) error {
	to := &g.proof.CRLs
	if s.Kind == "ocsp" {
		to = &g.proof.OCSP
	}
	if !slices.ContainsFunc(*to, func(have []byte) bool { return string(have) == string(s.Evidence) }) {
		*to = append(*to, s.Evidence)
	}
	for _, c := range s.Signer {
		g.certificate(c)
	}
	// A responder with id-pkix-ocsp-nocheck ends the recursion (RFC 6960, 4.2.2.2.1); an authority that signs for
	// itself is on the path already.
	if len(s.Signer) == 0 || s.Signer[0].OCSPNoCheck || s.Signer[0].IsCA {
		return nil
	}
	return g.path(ctx, s.Signer[0], depth+1)
}
