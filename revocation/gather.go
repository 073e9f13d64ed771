package revocation

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// Evidence is what certificates rest on: the certificates of their paths and of the responders, and the revocation data
// that speaks for each. Nothing stands in it twice.
type Evidence struct {
	Certificates []*certpath.Certificate
	OCSP, CRLs   [][]byte
}

// GatherOptions steer Gather.
type GatherOptions struct {
	Anchors certpath.AnchorSource
	Status  certpath.StatusSource
	Issuers certpath.IssuerFetcher // nil: nothing is fetched
	Pool    []*certpath.Certificate
	At      time.Time // now
}

// Gather validates the path of each leaf and keeps what it rests on, responders of responders included. A leaf that has
// expired since is validated for its last moment.
//
// Errors: [ErrRevoked], [ErrUnavailable], [ErrPath] with the path's first problem, the context's.
func Gather(ctx context.Context, o *GatherOptions, leaves ...*certpath.Certificate) (*Evidence, error) {
	g := &gatherer{o: o, found: &Evidence{}, done: map[[32]byte]bool{}}
	for _, leaf := range leaves {
		if err := g.path(ctx, leaf, 0); err != nil {
			return nil, err
		}
	}
	return g.found, nil
}

// maxResponders bounds how far responders of responders are followed.
const maxResponders = 4

type gatherer struct {
	o     *GatherOptions
	found *Evidence
	done  map[[32]byte]bool // leaves
}

// path validates one leaf and keeps its path, the evidence for each certificate below the anchor, and what the
// responders need.
func (g *gatherer) path(ctx context.Context, leaf *certpath.Certificate, depth int) error {
	if g.done[leaf.Fingerprint()] || depth > maxResponders {
		return nil
	}
	g.done[leaf.Fingerprint()] = true
	at := g.o.At
	if leaf.NotAfter.Before(at) {
		at = leaf.NotAfter
	}
	result, err := certpath.Validate(ctx, leaf, &certpath.Options{
		Anchors: g.o.Anchors, Pool: g.o.Pool, Status: g.o.Status, Fetch: g.o.Issuers, At: at,
	})
	if err != nil {
		return err
	}
	if !result.Valid {
		return refuse(leaf, result)
	}
	for _, c := range result.Path {
		g.certificate(c)
	}
	for i, statuses := range result.Status {
		j := slices.IndexFunc(statuses, func(s Status) bool {
			return s.State == certpath.Good && s.SpeaksFor(result.Path[i]) && certpath.Freshness{}.Accepts(s, at)
		})
		if j < 0 { // of one that was revoked later
			j = slices.IndexFunc(statuses, func(s Status) bool { return s.State == certpath.Revoked && s.RevokedAt.After(at) })
		}
		if j < 0 {
			continue
		}
		if err := g.status(ctx, statuses[j], depth); err != nil {
			return err
		}
	}
	return nil
}

func refuse(leaf *certpath.Certificate, r *certpath.Result) error {
	const act = "gathering evidence for"
	name := leaf.Subject.CommonName()
	for _, p := range r.Problems {
		if p.Code == "revoked" {
			return codes.New(ErrRevoked, act, name, "revoked on "+p.At.UTC().Format(time.RFC3339))
		}
	}
	if len(r.Problems) == 0 {
		return codes.New(ErrPath, act, name, "no path")
	}
	first := r.Problems[0]
	if first.Err != nil {
		return codes.Wrap(ErrUnavailable, act, name, first.Err)
	}
	return codes.New(ErrPath, act, name, first.Code+" "+first.Detail)
}

func (g *gatherer) certificate(c *certpath.Certificate) {
	if !slices.ContainsFunc(g.found.Certificates, c.Equal) {
		g.found.Certificates = append(g.found.Certificates, c)
	}
}

func (g *gatherer) status(ctx context.Context, s Status, depth int) error {
	to := &g.found.CRLs
	if s.Kind == "ocsp" {
		to = &g.found.OCSP
	}
	if !slices.ContainsFunc(*to, func(have []byte) bool { return string(have) == string(s.Evidence) }) {
		*to = append(*to, s.Evidence)
	}
	for _, c := range s.Signer {
		g.certificate(c)
	}
	for _, also := range s.Also { // without these it would say something else (RFC 5280, 5.2.4 and 6.3.3)
		if err := g.status(ctx, also, depth); err != nil {
			return err
		}
	}
	// A responder with id-pkix-ocsp-nocheck ends the recursion (RFC 6960, 4.2.2.2.1); an authority that signs for
	// itself is on the path already.
	if len(s.Signer) == 0 || s.Signer[0].OCSPNoCheck || s.Signer[0].IsCA {
		return nil
	}
	return g.path(ctx, s.Signer[0], depth+1)
}

// Remember returns a source that asks the one below once for each certificate, so that several signatures under one
// authority cost one question. It is safe for concurrent use if source is.
func Remember(source certpath.StatusSource) certpath.StatusSource {
	return &remembered{source: source, known: map[[32]byte][]Status{}}
}

type remembered struct {
	source certpath.StatusSource

	mu    sync.Mutex
	known map[[32]byte][]Status
}

func (r *remembered) Status(ctx context.Context, cert, issuer *certpath.Certificate) ([]Status, error) {
	key := cert.Fingerprint()
	r.mu.Lock()
	known, ok := r.known[key]
	r.mu.Unlock()
	if ok {
		return known, nil
	}
	found, err := r.source.Status(ctx, cert, issuer)
	if err == nil {
		r.mu.Lock()
		r.known[key] = found
		r.mu.Unlock()
	}
	return found, err
}
