package verify

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/trust"
)

// CollectOptions steer [Collect].
type CollectOptions struct {
	// Trust holds the anchors and chain certificates; nil means that nothing is trusted.
	Trust *trust.Store
	// Offline forbids every request: only evidence in the document and in Trust counts.
	Offline bool
	// Fetch reaches OCSP, CRL and issuer addresses when not offline; nil means the careful default.
	Fetch *fetch.Client
	// Cache keeps fetched evidence; nil means none.
	Cache revocation.Cache
	// Memory keeps certificates and evidence, and what was verified about them, for the next file; nil keeps nothing.
	Memory *Memory
	// Previous are facts that this program collected about the same PDF or an earlier revision of it: signatures whose bytes are
	// still the same are not verified again. Paths, evidence and changes are looked for anew. It has to come from the caller's
	// own store: what it says of a signature is believed.
	Previous *Facts
	// Password opens an encrypted PDF.
	Password []byte
	// Content is what a detached CMS signature or a time-stamp token is over; nil where it is inside, or not at hand.
	Content *io.SectionReader
	// At is the time to validate for: it says for which moment evidence is worth asking for. Zero is not allowed.
	At time.Time
	// Now is when the facts are collected; zero means At.
	Now time.Time
}

// Collect reads a PDF, a CMS file or a time-stamp token and gathers the facts about its signatures. An error means that the
// file could not be read (one of pdf's or cms's errors, the context's, or the reader's); everything else is a fact.
func Collect(ctx context.Context, r io.ReaderAt, size int64, o *CollectOptions) (*Facts, error) {
	c := newCollector(ctx, o)
	if cades.Detect(r) {
		return c.collectCMS(io.NewSectionReader(r, 0, size))
	}
	return c.collectPDF(r, size)
}

// collector gathers the facts of one file. It is not safe for concurrent use.
type collector struct {
	ctx    context.Context
	o      *CollectOptions
	f      *Facts
	pool   []*certpath.Certificate
	pooled map[[32]byte]bool // the fingerprints of pool
	stored *revocation.Stored
	online *revocation.Fetcher // nil when offline

	certs    map[[32]byte]int             // index into f.Certificates by fingerprint
	evidence map[string]int               // index into f.Evidence by its key
	carries  map[string][]certpath.Status // by certificate and issuer: what the file carries, in f already
	asked    map[string]bool              // pairs of certificate and issuer about whom the network was asked
	known    map[string][]ChainFacts
}

func newCollector(ctx context.Context, o *CollectOptions) *collector {
	c := &collector{
		ctx: ctx, o: o, stored: &revocation.Stored{Memory: o.Memory.evidence()},
		pooled: map[[32]byte]bool{}, certs: map[[32]byte]int{}, evidence: map[string]int{}, carries: map[string][]certpath.Status{}, asked: map[string]bool{}, known: map[string][]ChainFacts{},
	}
	if !o.Offline {
		c.online = &revocation.Fetcher{Fetch: o.Fetch, Cache: o.Cache, Clock: func() time.Time { return c.f.CollectedAt }}
	}
	return c
}

// begin makes the facts about the whole file. What the operator trusts is looked for behind what the file carries.
func (c *collector) begin(format string, size int64) {
	at := c.o.Now
	if at.IsZero() {
		at = c.o.At
	}
	c.f = &Facts{Version: FactsVersion, Format: format, Size: size, CollectedAt: at.UTC(), Offline: c.o.Offline, Signatures: []SignatureFacts{}}
	if c.o.Trust == nil {
		return
	}
	c.f.TrustSnapshot = c.o.Trust.Snapshot()
	c.know(c.o.Trust.Pool()...)
	for _, a := range c.o.Trust.Anchors(time.Time{}) {
		if a.Certificate != nil {
			c.know(a.Certificate)
		}
	}
}

// carried takes the certificates and revocation data that a CMS object brings along.
func (c *collector) carried(sd *cms.SignedData) {
	c.carriedCertificates(sd.CertificatesBy(c.o.Memory.parse))
	c.stored.CRLs = append(c.stored.CRLs, sd.CRLs()...)
	c.stored.OCSP = append(c.stored.OCSP, sd.OCSPResponses()...)
}

func (c *collector) carriedCertificates(certs []*certpath.Certificate) {
	for _, cert := range certs {
		c.certificate(cert)
		c.f.Certificates[c.certs[cert.Fingerprint()]].InDocument = true
	}
	c.know(certs...)
	c.stored.Pool = c.pool
}

// know adds certificates to build paths with; a file repeats the same ones in many places.
func (c *collector) know(certs ...*certpath.Certificate) {
	for _, cert := range certs {
		if sum := cert.Fingerprint(); !c.pooled[sum] {
			c.pooled[sum] = true
			c.pool = append(c.pool, c.o.Memory.certificate(cert))
		}
	}
}

// chains are the paths from a certificate to an anchor, with the evidence about each certificate in them. at is the moment
// for which evidence is wanted.
func (c *collector) chains(cert *certpath.Certificate, purpose certpath.Purpose, at time.Time) ([]ChainFacts, error) {
	cert = c.o.Memory.certificate(cert)
	id := c.certificate(cert)
	key := id + string(rune('0'+purpose))
	if known, ok := c.known[key]; ok {
		return known, nil
	}
	c.known[key] = nil // a responder whose own chain leads here is not asked again
	o := &certpath.Options{Pool: c.pool, At: at, Purpose: purpose, Anchors: noAnchors{}}
	if c.o.Trust != nil {
		o.Anchors = c.o.Trust
	}
	if c.online != nil {
		o.Fetch = c.online
	}
	paths, err := certpath.Paths(c.ctx, cert, o)
	if err != nil {
		return nil, err
	}
	var out []ChainFacts
	for _, p := range paths {
		out = append(out, c.chain(p))
		if p.Anchor == nil {
			continue
		}
		for i := range len(p.Certificates) - 1 {
			if err := c.statusOf(p.Certificates[i], p.Certificates[i+1], at, purpose == certpath.Sign && i == 0); err != nil {
				return nil, err
			}
		}
	}
	c.known[key] = out
	return out, nil
}

func (c *collector) chain(p *certpath.Path) ChainFacts {
	var f ChainFacts
	for _, cert := range p.Certificates {
		f.Certificates = append(f.Certificates, c.certificate(cert))
	}
	if p.Anchor != nil {
		f.Anchor = &AnchorFacts{Name: p.Anchor.Name, From: moment(p.Anchor.From), Until: moment(p.Anchor.Until), Training: p.Anchor.Training}
		if f.Anchor.Name == "" {
			f.Anchor.Name = p.Anchor.Certificate.Subject.String()
		}
	}
	for _, pr := range p.Problems {
		one := ProblemFacts{Code: pr.Code, Detail: pr.Detail}
		if pr.Certificate != nil {
			one.Subject = pr.Certificate.Subject.String()
		}
		f.Problems = append(f.Problems, one)
	}
	return f
}

type noAnchors struct{}

func (noAnchors) Anchors(time.Time) []certpath.Anchor { return nil }

// statusOf gathers what is known about one certificate: what the file carries, and what the network says where that does not
// reach to the moment in question. About a signing certificate in force the network is asked in any case: that it was revoked
// before it signed may have become known after the file was made.
func (c *collector) statusOf(cert, issuer *certpath.Certificate, at time.Time, signing bool) error {
	pair := c.certificate(cert) + "/" + c.certificate(issuer)
	carried, known := c.carries[pair]
	if !known {
		var err error
		if carried, err = c.stored.Status(c.ctx, cert, issuer); err != nil {
			return err
		}
		c.carries[pair] = carried
		for i := range carried {
			if err := c.answered(&carried[i], cert, issuer, FromDocument); err != nil {
				return err
			}
		}
	}
	anew := signing && !cert.NotAfter.Before(c.f.CollectedAt)
	if c.online == nil || c.asked[pair] || cert.NeedsNoStatus() || !anew && c.enough(carried, cert, at) {
		return nil
	}
	c.asked[pair] = true
	found, err := c.online.Status(c.ctx, cert, issuer)
	if err := c.ctx.Err(); err != nil {
		return err
	}
	for i := range found {
		if err := c.answered(&found[i], cert, issuer, FromOutside); err != nil {
			return err
		}
	}
	if err != nil {
		c.f.Unanswered = append(c.f.Unanswered, UnansweredFacts{Certificate: c.certificate(cert), Code: innermost(err), Detail: err.Error()})
	}
	return nil
}

// enough says that what the file carries speaks of a certificate at a moment.
func (c *collector) enough(carried []certpath.Status, cert *certpath.Certificate, at time.Time) bool {
	at = min2(at, c.f.CollectedAt)
	return slices.ContainsFunc(carried, func(s certpath.Status) bool {
		return (s.State == certpath.Revoked || s.State == certpath.Good && s.SpeaksFor(cert)) && certpath.Freshness{}.Accepts(s, at)
	})
}
