package certpath_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
)

func problemCodes(problems []certpath.Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.Code)
	}
	return out
}

// TestPathsAreCandidatesBestFirst: a bridge offers a broken, an expired and a good way to two anchors.
func TestPathsAreCandidatesBestFirst(t *testing.T) {
	rootA, rootB, mid, leaf := newEntity(t, "root a"), newEntity(t, "root b"), newEntity(t, "mid"), newEntity(t, "leaf")
	a, b := rootA.issue(t, rootA, ca), rootB.issue(t, rootB, ca)
	broken := rootA.issue(t, mid, func(c *x509.Certificate) { ca(c); c.KeyUsage = x509.KeyUsageCRLSign })
	expired := rootA.issue(t, mid, func(c *x509.Certificate) { ca(c); c.NotAfter = now.AddDate(0, 0, -1) })
	good := rootB.issue(t, mid, ca)
	leafCert := mid.issue(t, leaf, nil)
	o := &certpath.Options{Anchors: anchors{a, b}, Pool: []*certpath.Certificate{broken, expired, good}, At: now, Purpose: certpath.Sign}
	paths, err := certpath.Paths(t.Context(), leafCert, o)
	if err != nil || len(paths) != 3 {
		t.Fatalf("%v, %d paths", err, len(paths))
	}
	for i, want := range []struct {
		via, anchor *certpath.Certificate
		codes       []string
	}{{good, b, nil}, {expired, a, nil}, {broken, a, []string{"key_usage"}}} {
		p := paths[i]
		if len(p.Certificates) != 3 || p.Certificates[0] != leafCert || p.Certificates[1] != want.via || p.Certificates[2] != want.anchor ||
			p.Anchor == nil || p.Anchor.Certificate != want.anchor || !slices.Equal(problemCodes(p.Problems), want.codes) {
			t.Errorf("path %d: %+v", i, p)
		}
	}
	o.At = time.Time{} // no time is asked for: the expired way is as good, and found first or second
	if paths, err = certpath.Paths(t.Context(), leafCert, o); err != nil || len(paths) != 3 || len(paths[1].Problems) > 0 || len(paths[2].Problems) == 0 {
		t.Errorf("without a time: %v %+v", err, paths)
	}
}

func TestPathsWithoutAnAnchorGiveTheLongestPart(t *testing.T) {
	root, mid, leaf, stranger := newEntity(t, "root"), newEntity(t, "mid"), newEntity(t, "leaf"), newEntity(t, "stranger")
	midCert, leafCert := root.issue(t, mid, ca), mid.issue(t, leaf, nil)
	paths, err := certpath.Paths(t.Context(), leafCert, &certpath.Options{
		Anchors: anchors{stranger.issue(t, stranger, ca)}, Pool: []*certpath.Certificate{midCert}, At: now,
	})
	if err != nil || len(paths) != 1 {
		t.Fatalf("%v, %d paths", err, len(paths))
	}
	p := paths[0]
	if p.Anchor != nil || len(p.Certificates) != 2 || p.Certificates[1] != midCert || !slices.Equal(problemCodes(p.Problems), []string{"no_path"}) ||
		p.Problems[0].Certificate != midCert {
		t.Errorf("%+v", p)
	}
}

// TestAForgedSignatureIsNamed: the authority's name and key identifier, but another key.
func TestAForgedSignatureIsNamed(t *testing.T) {
	root, forger, leaf := newEntity(t, "root"), newEntity(t, "root"), newEntity(t, "leaf")
	id := func(c *x509.Certificate) { ca(c); c.SubjectKeyId = []byte{1, 2, 3} }
	rootCert := root.issue(t, root, id)
	leafCert := forger.issue(t, leaf, func(c *x509.Certificate) { c.AuthorityKeyId = []byte{1, 2, 3} })
	r, err := certpath.Validate(t.Context(), leafCert, &certpath.Options{Anchors: anchors{rootCert}, At: now})
	if err != nil || r.Valid || !slices.Equal(problemCodes(r.Problems), []string{"no_path", "bad_signature"}) {
		t.Errorf("%v %+v", err, r)
	}
}

// fetcher answers for each subject with its certificates, and counts.
type fetcher struct {
	by    map[string][]*certpath.Certificate
	asked int
}

func (f *fetcher) Issuers(_ context.Context, c *certpath.Certificate) ([]*certpath.Certificate, error) {
	f.asked++
	return f.by[c.Issuer.CommonName()], nil
}

func TestIssuersAreFetchedOnlyWhereNoGoodPathIsAtHand(t *testing.T) {
	root, mid, leaf := newEntity(t, "root"), newEntity(t, "mid"), newEntity(t, "leaf")
	rootCert, midCert, leafCert := root.issue(t, root, ca), root.issue(t, mid, ca), mid.issue(t, leaf, nil)
	expired := root.issue(t, mid, func(c *x509.Certificate) { ca(c); c.NotAfter = now.AddDate(0, 0, -1) })
	for _, tt := range []struct {
		name  string
		pool  []*certpath.Certificate
		asked int
	}{
		{"at hand", []*certpath.Certificate{midCert}, 0}, {"nothing at hand", nil, 1}, {"an expired one at hand", []*certpath.Certificate{expired}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fetcher{by: map[string][]*certpath.Certificate{"mid": {midCert}}}
			r, err := certpath.Validate(t.Context(), leafCert, &certpath.Options{Anchors: anchors{rootCert}, Pool: tt.pool, Fetch: f, At: now})
			if err != nil || !r.Valid || f.asked != tt.asked {
				t.Errorf("%v, asked %d times: %+v", err, f.asked, r.Problems)
			}
		})
	}
}

// TestTenThousandFetchedCandidatesEndInsideTheLimits: an authority's address gives ten thousand certificates of the right
// name with other keys, and a new address each time.
func TestTenThousandFetchedCandidatesEndInsideTheLimits(t *testing.T) {
	leafIssuer, leaf, root := newEntity(t, "mid"), newEntity(t, "leaf"), newEntity(t, "root")
	wrong := newEntity(t, "mid").issue(t, newEntity(t, "mid"), ca)
	var flood []*certpath.Certificate
	for i := range 10_000 {
		c := *wrong
		c.Raw = append(slices.Clone(wrong.Raw), byte(i), byte(i>>8))
		c.RawSubjectPublicKeyInfo = append(slices.Clone(wrong.RawSubjectPublicKeyInfo), byte(i), byte(i>>8))
		flood = append(flood, &c)
	}
	f := &fetcher{by: map[string][]*certpath.Certificate{"mid": flood}}
	start := time.Now()
	r, err := certpath.Validate(t.Context(), leafIssuer.issue(t, leaf, nil), &certpath.Options{Anchors: anchors{root.issue(t, root, ca)}, Fetch: f, At: now})
	if err != nil || r.Valid || !slices.Equal(problemCodes(r.Problems), []string{"no_path", "limit"}) || f.asked > 10 {
		t.Fatalf("%v, asked %d times: %+v", err, f.asked, r.Problems)
	}
	t.Logf("%d questions, %v", f.asked, time.Since(start))
}

// TestThreeRingsAndAWayOut: three rings of authorities that certify their neighbours both ways, joined by bridges, each ring
// once more in certificates of the day before; one authority of the last ring is certified by the anchor.
func TestThreeRingsAndAWayOut(t *testing.T) {
	const ring = 4
	var cas [3][ring]*entity
	var pool []*certpath.Certificate
	for r := range cas {
		for i := range ring {
			cas[r][i] = newEntity(t, fmt.Sprint("ca ", r, " ", i))
		}
		for i := range ring {
			next := cas[r][(i+1)%ring]
			for range 2 {
				pool = append(pool, cas[r][i].issue(t, next, ca), next.issue(t, cas[r][i], ca))
			}
		}
		if r > 0 {
			pool = append(pool, cas[r-1][2].issue(t, cas[r][0], ca), cas[r][0].issue(t, cas[r-1][2], ca))
		}
	}
	root := newEntity(t, "root")
	rootCert := root.issue(t, root, ca)
	pool = append(pool, root.issue(t, cas[2][2], ca))
	leafCert := cas[0][0].issue(t, newEntity(t, "leaf"), nil)
	o := &certpath.Options{Anchors: anchors{rootCert}, Pool: pool, At: now, Limits: certpath.Limits{Depth: 11}}
	r, err := certpath.Validate(t.Context(), leafCert, o)
	if err != nil || !r.Valid || len(r.Path) != 11 {
		t.Fatalf("%v, a path of %d: %v", err, len(r.Path), r.Problems)
	}
	o.Pool = pool[:len(pool)-1] // no way out
	if r, err = certpath.Validate(t.Context(), leafCert, o); err != nil || r.Valid || !slices.Equal(problemCodes(r.Problems), []string{"no_path"}) {
		t.Errorf("%v %v: the limits are not reached by certificates that are there once", err, r.Problems)
	}
}

// TestALongPoolIsSearchedByName finds issuers of other spelling, and those that were fetched late.
func TestALongPoolIsSearchedByName(t *testing.T) {
	root, mid, leaf := newEntity(t, "Root  One"), newEntity(t, "mid"), newEntity(t, "leaf")
	var pool []*certpath.Certificate
	other := newEntity(t, "other")
	for range 200 {
		pool = append(pool, other.issue(t, newEntity(t, "another"), ca))
	}
	upper := newEntity(t, "ROOT ONE")
	upper.key = root.key
	f := &fetcher{by: map[string][]*certpath.Certificate{"mid": {upper.issue(t, mid, ca)}}}
	r, err := certpath.Validate(t.Context(), mid.issue(t, leaf, nil), &certpath.Options{Anchors: anchors{root.issue(t, root, ca)}, Pool: pool, Fetch: f, At: now})
	if err != nil || !r.Valid || f.asked != 1 {
		t.Fatalf("%v, asked %d times: %v", err, f.asked, r.Problems)
	}
	r, err = certpath.Validate(t.Context(), mid.issue(t, leaf, nil), &certpath.Options{
		Anchors: anchors{root.issue(t, root, ca)}, Pool: append(pool, upper.issue(t, mid, ca)), At: now,
	})
	if err != nil || !r.Valid {
		t.Fatalf("%v: %v", err, r.Problems)
	}
}
