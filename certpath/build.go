package certpath

import (
	"bytes"
	"context"
	"slices"
)

// maxPaths bounds the candidate paths that are built for one leaf.
const maxPaths = 8

// builder finds paths in three steps: it links every certificate that can be reached from the leaf to its issuers, each
// once; measures how far each is from an anchor; and walks from the leaf only where an anchor can be reached. So loops
// of cross-certificates cost no more than their signatures.
type builder struct {
	ctx     context.Context
	o       *Options
	limits  Limits
	leaf    *Certificate
	anchors []Anchor

	pool      []*Certificate
	known     map[[32]byte]*node // by fingerprint
	order     []*node            // as found: nearest to the leaf first
	fetched   int
	exhausted bool

	byName  map[string][]*Certificate // the pool by subjects, once it is long
	indexed int                       // certificates of the pool that are in byName
	looked  map[*Certificate]bool     // candidates

	signatures int
	checked    map[check]bool
}

// check is one signature under one key: cross-certificates have many issuing certificates and few keys.
type check struct {
	certificate *Certificate
	key         [32]byte // the issuer's
}

// node is a certificate with those that signed it.
type node struct {
	cert     *Certificate
	anchor   *Anchor // the anchor that the certificate is
	issuers  []*node
	distance int // certificates to an anchor, 0 for an anchor itself, far if none is reached
	asked    bool
	// wrongKey is a candidate of the right name and key identifier whose key did not verify the signature.
	wrongKey *Certificate
}

const far = 1 << 20

func newBuilder(ctx context.Context, leaf *Certificate, o *Options) *builder {
	b := &builder{ctx: ctx, o: o, limits: o.Limits, leaf: leaf, pool: o.Pool, known: map[[32]byte]*node{}, looked: map[*Certificate]bool{}, checked: map[check]bool{}}
	b.limits.Depth = orDefault(b.limits.Depth, 10)
	b.limits.Candidates = orDefault(b.limits.Candidates, 1000)
	b.limits.Signatures = orDefault(b.limits.Signatures, 1000)
	b.limits.Fetches = orDefault(b.limits.Fetches, 10)
	if o.Anchors == nil {
		return b
	}
	for _, a := range o.anchors() {
		if a.Certificate != nil {
			b.anchors = append(b.anchors, a)
		}
	}
	return b
}

func (o *Options) anchors() []Anchor {
	if s, ok := o.Anchors.(PurposeAnchorSource); ok {
		return s.AnchorsFor(o.Purpose, o.At)
	}
	return o.Anchors.Anchors(o.At)
}

func orDefault(v, d int) int {
	if v == 0 {
		return d
	}
	return v
}

// paths are the candidates, best first; without any, the longest partial path.
func (b *builder) paths() []*Path {
	b.explore(b.node(b.leaf))
	found := b.walk()
	for !slices.ContainsFunc(found, b.acceptable) && b.fetch() {
		found = b.walk()
	}
	if len(found) == 0 {
		return []*Path{b.partial()}
	}
	slices.SortStableFunc(found, func(x, y *Path) int { return b.weight(x) - b.weight(y) })
	return found
}

// acceptable says that nothing better need be looked for.
func (b *builder) acceptable(p *Path) bool { return len(p.Problems) == 0 && b.inTime(p) }

// inTime compares with the time asked for, if any.
func (b *builder) inTime(p *Path) bool {
	for _, c := range p.Certificates[:max(len(p.Certificates)-1, 1)] {
		if !b.inForce(c) {
			return false
		}
	}
	return true
}

func (b *builder) inForce(c *Certificate) bool {
	return b.o.At.IsZero() || !b.o.At.Before(c.NotBefore) && !b.o.At.After(c.NotAfter)
}

func (b *builder) weight(p *Path) int {
	w := weight(p.Problems) * 2
	if !b.inTime(p) {
		w++
	}
	return w*100 + len(p.Certificates)
}

func (b *builder) node(c *Certificate) *node {
	n, ok := b.known[c.Fingerprint()]
	if !ok {
		n = &node{cert: c, distance: far}
		if i := slices.IndexFunc(b.anchors, func(a Anchor) bool { return a.Certificate.Equal(c) }); i >= 0 {
			n.anchor = &b.anchors[i]
		}
		b.known[c.Fingerprint()] = n
	}
	return n
}

// explore links n and all that is found above it. An anchor ends the way up, unless it is the leaf.
func (b *builder) explore(n *node) {
	for queue := []*node{n}; len(queue) > 0 && b.ctx.Err() == nil; queue = queue[1:] {
		n := queue[0]
		b.order = append(b.order, n)
		for i := range b.anchors {
			b.link(n, b.anchors[i].Certificate)
		}
		queue = append(queue, b.linkAll(n, b.named(n.cert.Issuer))...)
	}
}

// fewNames is the length of a pool that is searched from end to end.
const fewNames = 64

// named are the certificates of the pool among which those with that subject are.
func (b *builder) named(subject Name) []*Certificate {
	if len(b.pool) <= fewNames {
		return b.pool
	}
	if b.byName == nil {
		b.byName = map[string][]*Certificate{}
	}
	for ; b.indexed < len(b.pool); b.indexed++ {
		c := b.pool[b.indexed]
		key := c.Subject.folded()
		b.byName[key] = append(b.byName[key], c)
	}
	return b.byName[subject.folded()]
}

// linkAll returns the issuers that were not known before.
func (b *builder) linkAll(n *node, candidates []*Certificate) []*node {
	var fresh []*node
	for _, c := range candidates {
		_, seen := b.known[c.Fingerprint()]
		if issuer := b.link(n, c); issuer != nil && !seen && issuer.anchor == nil {
			fresh = append(fresh, issuer)
		}
	}
	return fresh
}

// link makes c an issuer of n if its name fits and its key verifies.
func (b *builder) link(n *node, c *Certificate) *node {
	if c == nil || !c.Subject.Equal(n.cert.Issuer) || c.Equal(n.cert) {
		return nil
	}
	if !b.looked[c] {
		if len(b.looked) >= b.limits.Candidates {
			b.exhausted = true
			return nil
		}
		b.looked[c] = true
	}
	known := len(c.SubjectKeyID) > 0 && len(n.cert.AuthorityKeyID) > 0
	if known && !bytes.Equal(c.SubjectKeyID, n.cert.AuthorityKeyID) {
		return nil
	}
	if slices.ContainsFunc(n.issuers, func(i *node) bool { return i.cert.Equal(c) }) {
		return nil
	}
	if !b.verified(n.cert, c) {
		if known {
			n.wrongKey = c
		}
		return nil
	}
	issuer := b.node(c)
	n.issuers = append(n.issuers, issuer)
	return issuer
}

func (b *builder) verified(c, issuer *Certificate) bool {
	q := check{c, issuer.key()}
	good, known := b.checked[q]
	if known {
		return good
	}
	if b.signatures++; b.signatures > b.limits.Signatures {
		b.exhausted = true
		return false
	}
	good = inherits(issuer.PublicKey) || c.CheckSignatureFrom(issuer) == nil // an inherited key is known with its path
	b.checked[q] = good
	return good
}

// fetch asks for the issuers of one more certificate, first of those at which a way ends; false if nothing is left to ask.
func (b *builder) fetch() bool {
	if b.o.Fetch == nil {
		return false
	}
	for _, deadEnd := range []bool{true, false} {
		for _, n := range b.order {
			if n.asked || deadEnd && len(n.issuers) > 0 || n.cert.SelfIssued() || b.ctx.Err() != nil {
				continue
			}
			if b.fetched++; b.fetched > b.limits.Fetches {
				b.exhausted = true
				return false
			}
			n.asked = true
			issuers, err := b.o.Fetch.Issuers(b.ctx, n.cert)
			if err != nil || len(issuers) == 0 {
				continue // not reached: other paths may exist, and no path says so
			}
			b.pool = slices.Clip(b.pool) // the caller's
			for _, c := range issuers {
				if !slices.ContainsFunc(b.anchors, func(a Anchor) bool { return a.Certificate.Equal(c) }) {
					b.pool = append(b.pool, c)
				}
			}
			for _, n := range b.order { // what was fetched may also be an issuer of others
				for _, i := range b.linkAll(n, b.named(n.cert.Issuer)) {
					b.explore(i)
				}
			}
			return true
		}
	}
	return false
}

// measure gives each node its distance from an anchor.
func (b *builder) measure() {
	for _, n := range b.known {
		n.distance = far
		if n.anchor != nil {
			n.distance = 0
		}
	}
	for range b.limits.Depth {
		for _, n := range b.order {
			for _, i := range n.issuers {
				n.distance = min(n.distance, i.distance+1)
			}
		}
	}
}

// walk judges the paths from the leaf to an anchor, the shortest ways first.
func (b *builder) walk() []*Path {
	b.measure()
	for _, n := range b.order {
		slices.SortStableFunc(n.issuers, func(x, y *node) int {
			if x.distance != y.distance {
				return x.distance - y.distance
			}
			if in := b.inForce(x.cert); in != b.inForce(y.cert) {
				if in {
					return -1
				}
				return 1
			}
			return y.cert.NotBefore.Compare(x.cert.NotBefore) // the newer certificate
		})
	}
	w := &walker{b: b, steps: b.limits.Candidates}
	w.extend([]*Certificate{b.leaf}, b.known[b.leaf.Fingerprint()])
	return w.found
}

type walker struct {
	b     *builder
	steps int
	found []*Path
}

// extend tries every way up from the last certificate; true ends the walk.
func (w *walker) extend(path []*Certificate, n *node) bool {
	if n.anchor != nil {
		w.found = append(w.found, w.b.judged(path, n.anchor))
		if len(w.found) >= maxPaths || len(path) > 1 {
			return len(w.found) >= maxPaths
		}
	}
	for _, i := range n.issuers {
		if w.steps--; w.steps < 0 || w.b.ctx.Err() != nil {
			w.b.exhausted = true
			return true
		}
		if len(path)+1+i.distance > w.b.limits.Depth {
			if i.distance < far {
				w.b.exhausted = true
			}
			continue
		}
		if !inPath(path, i.cert) && w.extend(append(slices.Clone(path), i.cert), i) {
			return true
		}
	}
	return false
}

// inPath catches loops: the same name and key twice.
func inPath(path []*Certificate, c *Certificate) bool {
	return slices.ContainsFunc(path, func(p *Certificate) bool {
		return bytes.Equal(p.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo) && p.Subject.Equal(c.Subject)
	})
}

// partial is the longest way up that reaches no anchor.
func (b *builder) partial() *Path {
	path := []*Certificate{b.leaf}
	n := b.known[b.leaf.Fingerprint()]
	for steps := b.limits.Depth; steps > 1; steps-- {
		i := slices.IndexFunc(n.issuers, func(i *node) bool { return !inPath(path, i.cert) })
		if i < 0 {
			break
		}
		n = n.issuers[i]
		path = append(path, n.cert)
	}
	p := b.judged(path, nil)
	p.Problems = append(p.Problems, Problem{Code: "no_path", Certificate: n.cert, Detail: "no anchor was reached"})
	if n.wrongKey != nil {
		p.Problems = append(p.Problems, Problem{Code: "bad_signature", Certificate: n.cert, Detail: "not signed by the key of " + n.wrongKey.Subject.String()})
	}
	if b.exhausted {
		p.Problems = append(p.Problems, Problem{Code: "limit", Detail: "the limits of the search were reached"})
	}
	worstFirst(p.Problems)
	return p
}
