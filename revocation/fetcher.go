package revocation

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
)

// Cache keeps answers; implementations may persist them. Safe for concurrent use.
type Cache interface {
	Get(key string) (der []byte, until time.Time, ok bool)
	Put(key string, der []byte, until time.Time)
}

// MemoryCache is a Cache in memory, emptied when it holds more than its limit. Safe for concurrent use.
type MemoryCache struct {
	limit   int64
	mu      sync.Mutex
	size    int64
	entries map[string]cached
}

type cached struct {
	der   []byte
	until time.Time
}

// NewMemoryCache returns a cache of at most limit bytes; 0 means 256 MB.
func NewMemoryCache(limit int64) *MemoryCache {
	if limit == 0 {
		limit = 256 << 20
	}
	return &MemoryCache{limit: limit, entries: map[string]cached{}}
}

// Get implements [Cache].
func (c *MemoryCache) Get(key string) (der []byte, until time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	return e.der, e.until, ok
}

// Put implements [Cache].
func (c *MemoryCache) Put(key string, der []byte, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size += int64(len(der) - len(c.entries[key].der))
	if c.size > c.limit {
		clear(c.entries)
		c.size = int64(len(der))
	}
	c.entries[key] = cached{der, until}
}

// Fetcher finds status by OCSP first, then CRL, at the addresses in the certificate. It implements certpath.StatusSource
// and certpath.IssuerFetcher. Safe for concurrent use.
type Fetcher struct {
	Fetch   *fetch.Client    // nil: defaults, hostile addresses refused
	Cache   Cache            // nil: none
	Clock   func() time.Time // nil: time.Now
	NoNonce bool
	Pool    []*certpath.Certificate // further certificates, among them those of CRL issuers
	Rand    io.Reader               // nil: crypto/rand
}

// maxAddresses bounds the addresses of one certificate that are asked.
const maxAddresses = 4

func (f *Fetcher) client() *fetch.Client {
	if f.Fetch == nil {
		return &fetch.Client{}
	}
	return f.Fetch
}

func (f *Fetcher) now() time.Time {
	if f.Clock == nil {
		return time.Now()
	}
	return f.Clock()
}

// Status implements certpath.StatusSource; evidence is verified against issuer.
func (f *Fetcher) Status(ctx context.Context, cert, issuer *certpath.Certificate) ([]Status, error) {
	var failures []error
	var unknown []Status
	for _, a := range first(cert.OCSPServers) {
		s, err := f.ocsp(ctx, a, issuer, cert)
		if err == nil && s[0].State != certpath.Unknown {
			return s, nil
		}
		unknown = append(unknown, s...)
		failures = append(failures, err)
	}
	s, errs := f.lists(ctx, cert, issuer)
	if slices.ContainsFunc(s, func(s Status) bool { return s.State != certpath.Unknown }) {
		return s, nil
	}
	if unknown = append(unknown, s...); len(unknown) > 0 {
		return unknown, nil
	}
	failures = append(failures, errs...)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(failures) == 0 {
		return nil, codes.New(ErrNoAddress, "finding the state of", cert.Subject.String(), "its certificate names neither an OCSP responder nor a CRL")
	}
	return nil, codes.Wrap(ErrUnavailable, "finding the state of", cert.Subject.String(), errors.Join(failures...))
}

func first[T any](list []T) []T { return list[:min(len(list), maxAddresses)] }

// StatusAll is Status for certificates of one issuer: those that name the same OCSP responder first share requests, of at
// most a hundred. What a shared answer leaves open is asked alone. Errors are those of the first certificate without an
// answer.
func (f *Fetcher) StatusAll(ctx context.Context, issuer *certpath.Certificate, certs ...*certpath.Certificate) ([][]Status, error) {
	const together = 100
	byResponder := map[string][]*certpath.Certificate{}
	for _, c := range certs {
		if len(c.OCSPServers) > 0 {
			byResponder[c.OCSPServers[0]] = append(byResponder[c.OCSPServers[0]], c)
		}
	}
	found := map[*certpath.Certificate]Status{}
	for address, list := range byResponder {
		for group := range slices.Chunk(list, together) {
			statuses, err := f.ocsp(ctx, address, issuer, group...)
			if err != nil {
				continue // each of them is asked alone, which tells why
			}
			for i, c := range group {
				found[c] = statuses[i]
			}
		}
	}
	out := make([][]Status, len(certs))
	for i, c := range certs {
		if s, ok := found[c]; ok && s.Evidence != nil {
			out[i] = []Status{s}
			continue
		}
		var err error
		if out[i], err = f.Status(ctx, c, issuer); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ocsp asks one responder about certificates of one issuer. A status without evidence is that of a certificate which the
// answer does not speak of; if it speaks of none, that is an error.
func (f *Fetcher) ocsp(ctx context.Context, address string, issuer *certpath.Certificate, certs ...*certpath.Certificate) ([]Status, error) {
	out := make([]Status, len(certs))
	var open []int
	for i, c := range certs {
		var ok bool
		if out[i], ok = f.cachedOCSP(address, c, issuer); !ok {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		return out, nil
	}
	asked := make([]*certpath.Certificate, len(open))
	for k, i := range open {
		asked[k] = certs[i]
	}
	resp, err := f.askOCSP(ctx, address, issuer, asked...)
	if err != nil {
		return nil, err
	}
	der := resp.Body
	var first error
	for _, i := range open {
		s, err := statusOf(der, certs[i], issuer, nil)
		if err == nil {
			err = f.current(s)
		}
		if err != nil {
			first = cmp.Or(first, error(codes.Wrap(codes.Code(codes.Of(err)), "asking", resp.Address, err)))
			continue
		}
		s.Source = address
		out[i] = s
		if f.Cache != nil && !s.NextUpdate.IsZero() {
			f.Cache.Put(ocspKey(address, certs[i]), der, s.NextUpdate)
		}
	}
	if !slices.ContainsFunc(out, func(s Status) bool { return s.Evidence != nil }) {
		return nil, first
	}
	return out, nil
}

func ocspKey(address string, cert *certpath.Certificate) string {
	return "ocsp " + address + " " + fingerprint(cert)
}

func (f *Fetcher) cachedOCSP(address string, cert, issuer *certpath.Certificate) (Status, bool) {
	if f.Cache == nil {
		return Status{}, false
	}
	der, until, ok := f.Cache.Get(ocspKey(address, cert))
	if !ok || !f.now().Before(until) {
		return Status{}, false
	}
	s, err := statusOf(der, cert, issuer, nil)
	s.Source = address
	return s, err == nil
}

// askOCSP sends one request and returns the answer, its nonce checked.
func (f *Fetcher) askOCSP(ctx context.Context, address string, issuer *certpath.Certificate, certs ...*certpath.Certificate) (*fetch.Response, error) {
	var nonce []byte
	if !f.NoNonce {
		random := f.Rand
		if random == nil {
			random = rand.Reader
		}
		nonce = make([]byte, 16)
		if _, err := io.ReadFull(random, nonce); err != nil {
			return nil, codes.Wrap(ErrNonce, "making", "a nonce", err)
		}
	}
	request, err := OCSPRequest(issuer, nonce, certs...)
	if err != nil {
		return nil, err
	}
	resp, err := f.client().Do(ctx, fetch.Request{
		Kind: "ocsp", URL: address, Body: request, ContentType: "application/ocsp-request", Accept: "application/ocsp-response", MaxBytes: 1 << 20,
	})
	if err != nil {
		return nil, err
	}
	r, err := ParseOCSP(resp.Body)
	if err != nil {
		return nil, codes.Wrap(codes.Code(codes.Of(err)), "asking", resp.Address, err)
	}
	// A responder that serves prepared answers sends no nonce (RFC 5019, 4); a wrong one is a replay.
	if nonce != nil && r.Nonce != nil && !bytes.Equal(r.Nonce, nonce) {
		return nil, codes.New(ErrNonce, "asking", resp.Address, "the answer carries another nonce")
	}
	return resp, nil
}

// statusOf verifies a stored or received response for one certificate.
func statusOf(der []byte, cert, issuer *certpath.Certificate, pool []*certpath.Certificate) (Status, error) {
	r, err := ParseOCSP(der)
	if err != nil {
		return Status{}, err
	}
	one := r.Find(cert, issuer)
	if one == nil {
		return Status{}, codes.New(ErrUnanswered, "reading an OCSP response", cert.Subject.String(), "the answer is about other certificates")
	}
	signer, err := r.Signer(issuer, pool...)
	if err != nil {
		return Status{}, err
	}
	return r.status(one, signer, issuer), nil
}

// status is one answer with who signed it.
func (r *OCSPResponse) status(one *SingleResponse, signer, issuer *certpath.Certificate) Status {
	s := Status{
		State: one.State, Reason: one.Reason, RevokedAt: one.RevokedAt, ThisUpdate: one.ThisUpdate, NextUpdate: one.NextUpdate,
		ProducedAt: r.ProducedAt, Kind: "ocsp", Evidence: r.Raw, SignatureAlgorithm: r.alg, ArchiveCutOff: one.ArchiveCutOff,
	}
	if !signer.Equal(issuer) {
		s.Signer = append([]*certpath.Certificate{signer}, r.Certificates...)
	}
	return s
}

// lists asks for the lists of each distribution point until all reasons are covered, and for the deltas that change them.
func (f *Fetcher) lists(ctx context.Context, cert, issuer *certpath.Certificate) ([]Status, []error) {
	var found []list
	var failures []error
	var covered certpath.Reasons
	for _, p := range first(cert.CRLDistributionPoints) {
		if p.Reasons != 0 && p.Reasons&^covered == 0 || covered == certpath.AllReasons {
			continue
		}
		l, errs := f.firstList(ctx, p, cert, issuer)
		failures = append(failures, errs...)
		if l != nil {
			found = append(found, *l)
			covered |= l.covers(cert)
		}
	}
	var deltas []list
	for _, l := range found {
		for _, p := range first(append(slices.Clip(cert.FreshestCRL), l.freshest...)) {
			d, errs := f.firstList(ctx, p, cert, issuer)
			failures = append(failures, errs...)
			if d != nil {
				deltas = append(deltas, *d)
			}
		}
	}
	return combine(cert, append(found, deltas...)), failures
}

// firstList is the list of a distribution point from the first of its addresses that gives it.
func (f *Fetcher) firstList(ctx context.Context, p certpath.DistributionPoint, cert, issuer *certpath.Certificate) (*list, []error) {
	var failures []error
	asked := 0
	for _, n := range p.Names {
		if n.Form != certpath.URIName || asked >= maxAddresses {
			continue
		}
		asked++
		l, err := f.list(ctx, string(n.Value), cert, issuer)
		if err == nil {
			return l, nil
		}
		failures = append(failures, err)
	}
	return nil, failures
}

// list asks for a list, or takes the one that is kept: where that does not serve, the address may hold a newer one.
func (f *Fetcher) list(ctx context.Context, address string, cert, issuer *certpath.Certificate) (*list, error) {
	key := "crl " + address
	if f.Cache != nil {
		if der, until, ok := f.Cache.Get(key); ok && f.now().Before(until) {
			if l, err := f.listed(ctx, address, der, cert, issuer); err == nil {
				return l, nil
			}
		}
	}
	resp, err := f.client().Do(ctx, fetch.Request{Kind: "crl", URL: address, MaxBytes: 100 << 20})
	if err != nil {
		return nil, err
	}
	l, err := f.listed(ctx, address, resp.Body, cert, issuer)
	if err != nil {
		return nil, codes.Wrap(codes.Code(codes.Of(err)), "asking", resp.Address, err)
	}
	if f.Cache != nil && !l.NextUpdate.IsZero() {
		f.Cache.Put(key, resp.Body, l.NextUpdate)
	}
	return l, nil
}

// listed reads a list's word about a certificate; the list is verified.
func (f *Fetcher) listed(ctx context.Context, address string, der []byte, cert, issuer *certpath.Certificate) (*list, error) {
	c, err := parseCRL(ctx, der)
	if err != nil {
		return nil, err
	}
	signer, key, ok := c.signedBy(issuer, f.crlIssuers(ctx, c, issuer))
	if !ok {
		return nil, codes.New(ErrSigner, "verifying the CRL of", c.Issuer.String(), "it is signed by nobody whom "+issuer.Subject.String()+" lets sign")
	}
	if c.covers(cert) == 0 {
		return nil, codes.New(ErrUnanswered, "searching the CRL of", c.Issuer.String(), "it is about other certificates")
	}
	if err := f.current(c.status(entry{})); err != nil {
		return nil, err
	}
	q := queryFor(cert)
	return &list{c, q.entry, signer, key, address}, c.find(ctx, q)
}

// crlIssuers are the certificates that may have signed a list: those given, and where the issuer's own key did not, those
// that the list points to (RFC 5280, 5.2.7).
func (f *Fetcher) crlIssuers(ctx context.Context, c *CRL, issuer *certpath.Certificate) []*certpath.Certificate {
	if len(c.issuers) == 0 || issuer.Subject.Equal(c.Issuer) && c.CheckSignature(issuer) == nil {
		return f.Pool
	}
	pool := f.Pool
	for _, a := range first(c.issuers) {
		if found, err := f.certificates(ctx, a, func(by *certpath.Certificate) bool { return c.CheckSignature(by) == nil }); err == nil {
			pool = append(slices.Clip(pool), found...)
		}
	}
	return pool
}

// issuersKept is how long certificates from an address are taken as they were: an authority's stay for years, and none of them is
// believed for having been kept.
const issuersKept = 24 * time.Hour

// certificates asks one address for certificates, or the cache if one of those kept is the signer that is looked for: an authority
// may have a new key since.
func (f *Fetcher) certificates(ctx context.Context, address string, signed func(by *certpath.Certificate) bool) ([]*certpath.Certificate, error) {
	key := "aia " + address
	if f.Cache != nil {
		if body, until, ok := f.Cache.Get(key); ok && f.now().Before(until) {
			if certs, err := certpath.ParseCertificates(body); err == nil && slices.ContainsFunc(certs, signed) {
				return certs, nil
			}
		}
	}
	resp, err := f.client().Do(ctx, fetch.Request{Kind: "aia", URL: address, MaxBytes: 1 << 20})
	if err != nil {
		return nil, err
	}
	certs, err := certpath.ParseCertificates(resp.Body)
	if err == nil && f.Cache != nil {
		f.Cache.Put(key, resp.Body, f.now().Add(issuersKept))
	}
	return certs, err
}

// lasting is a reader that ends with a context: a list of 100 MB takes a second.
type lasting struct {
	ctx context.Context
	r   io.Reader
}

func (l *lasting) Read(b []byte) (int, error) {
	if err := l.ctx.Err(); err != nil {
		return 0, err
	}
	return l.r.Read(b)
}

// maxLate is how far evidence may be beyond its time: clocks differ. maxSilent is how old an answer without nextUpdate may be,
// which says that newer information is always there (RFC 6960, 4.2.2.1).
const (
	maxLate   = 5 * time.Minute
	maxSilent = 24 * time.Hour
)

// current refuses fresh evidence that is out of date, from the future, or an old answer played again.
func (f *Fetcher) current(s Status) error {
	const act = "taking the word of"
	now, what := f.now(), map[string]codes.Code{"ocsp": ErrUnanswered, "crl": ErrCRL}[s.Kind]
	switch {
	case !s.NextUpdate.IsZero() && now.After(s.NextUpdate.Add(maxLate)):
		return codes.New(what, act, s.Kind, "it is out of date since "+s.NextUpdate.UTC().Format(time.RFC3339))
	case s.ThisUpdate.After(now.Add(maxLate)):
		return codes.New(what, act, s.Kind, "it is of "+s.ThisUpdate.UTC().Format(time.RFC3339)+", which is to come")
	case s.Kind == "ocsp" && s.NextUpdate.IsZero() && now.After(s.ProducedAt.Add(maxSilent)):
		return codes.New(what, act, s.Kind, "it was made on "+s.ProducedAt.UTC().Format(time.RFC3339)+" and names no end")
	}
	return nil
}

func fingerprint(c *certpath.Certificate) string {
	f := c.Fingerprint()
	return hex.EncodeToString(f[:])
}

// Issuers implements certpath.IssuerFetcher (caIssuers of authority information access).
func (f *Fetcher) Issuers(ctx context.Context, cert *certpath.Certificate) ([]*certpath.Certificate, error) {
	var failures []error
	for _, a := range first(cert.IssuerURLs) {
		certs, err := f.certificates(ctx, a, func(by *certpath.Certificate) bool { return cert.CheckSignatureFrom(by) == nil })
		if err == nil {
			return certs, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}
