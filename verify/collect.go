package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/tsp"
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
	// Password opens an encrypted PDF.
	Password []byte
	// Content is what a detached CMS signature is over; nil where it is inside, or not at hand.
	Content *io.SectionReader
	// At is the time to validate for; zero is not allowed.
	At time.Time
}

// Collect reads a PDF or a CMS file and gathers the facts about its signatures. An error means that the file could not be
// read (one of pdf's or cms's errors, the context's, or the reader's); everything else is a fact.
func Collect(ctx context.Context, r io.ReaderAt, size int64, o *CollectOptions) (*Facts, error) {
	c := newCollector(ctx, o)
	if cades.Detect(r) {
		return c.collectCMS(io.NewSectionReader(r, 0, size))
	}
	return c.collectPDF(r, size)
}

func (c *collector) collectPDF(r io.ReaderAt, size int64) (*Facts, error) {
	d, err := pdf.Open(c.ctx, r, size, &pdf.Options{Password: c.o.Password})
	if err != nil {
		return nil, err
	}
	c.doc = d
	sigs, err := pades.Signatures(c.ctx, d)
	if err != nil {
		return nil, err
	}
	if err := c.readEvidence(sigs); err != nil {
		return nil, err
	}
	f := c.facts("pdf", size)
	f.Revisions, f.Rebuilt, f.Signatures = len(d.Revisions()), d.Rebuilt(), make([]SignatureFacts, len(sigs))
	// Newest first: a later time-stamp proves that everything before it existed (EN 319 102-1, 5.6).
	poe := c.o.At
	for i := len(sigs) - 1; i >= 0; i-- {
		if f.Signatures[i], err = c.signature(sigs[i], &poe); err != nil {
			return nil, err
		}
	}
	return f, nil
}

type collector struct {
	ctx    context.Context
	doc    *pdf.Document // nil for CMS
	o      *CollectOptions
	pool   []*certpath.Certificate
	stored *revocation.Stored
	online *revocation.Fetcher // nil when offline
}

func newCollector(ctx context.Context, o *CollectOptions) *collector {
	c := &collector{ctx: ctx, o: o, stored: &revocation.Stored{}, online: onlineStatus(o)}
	if o.Trust != nil {
		c.pool = append(c.pool, o.Trust.Pool()...)
		for _, a := range o.Trust.Anchors(time.Time{}) {
			c.pool = append(c.pool, a.Certificate)
		}
	}
	return c
}

// facts are those about the whole file.
func (c *collector) facts(format string, size int64) *Facts {
	f := &Facts{Version: FactsVersion, Format: format, Size: size, CollectedAt: c.o.At.UTC(), Offline: c.o.Offline, Signatures: []SignatureFacts{}}
	if c.o.Trust != nil {
		f.TrustSnapshot = c.o.Trust.Snapshot()
	}
	return f
}

// carried takes the certificates and revocation data that a CMS object brings along.
func (c *collector) carried(sd *cms.SignedData) {
	c.pool = append(c.pool, sd.Certificates()...)
	c.stored.CRLs = append(c.stored.CRLs, sd.CRLs()...)
	c.stored.OCSP = append(c.stored.OCSP, sd.OCSPResponses()...)
	c.stored.Pool = c.pool
}

func onlineStatus(o *CollectOptions) *revocation.Fetcher {
	if o.Offline {
		return nil
	}
	return &revocation.Fetcher{Fetch: o.Fetch, Cache: o.Cache, Clock: func() time.Time { return o.At }}
}

// readEvidence gathers certificates and revocation data from the document security store and from the signatures.
func (c *collector) readEvidence(sigs []*pades.Signature) error {
	dss, err := pades.StoredEvidence(c.doc.Latest())
	if err != nil {
		return err
	}
	if dss != nil {
		c.pool = append(c.pool, dss.Certificates...)
		c.stored.OCSP = append(c.stored.OCSP, dss.OCSP...)
		c.stored.CRLs = append(c.stored.CRLs, dss.CRLs...)
	}
	for _, s := range sigs {
		sd := s.CMS
		if s.Token != nil {
			sd = s.Token.SignedData
		}
		if sd == nil {
			continue
		}
		c.carried(sd)
		for _, t := range signatureTokens(s) {
			if t.token != nil {
				c.carried(t.token.SignedData)
			}
		}
	}
	c.stored.Pool = c.pool
	return nil
}

func (c *collector) signature(s *pades.Signature, poe *time.Time) (SignatureFacts, error) {
	sum := sha256.Sum256(s.Contents)
	f := SignatureFacts{
		ID: hex.EncodeToString(sum[:]), Type: s.Type, Field: s.Field, Format: formatOf(s), Page: s.Page, Revision: s.Revision,
		Certification: int(s.DocMDP), Reason: s.Reason, Location: s.Location,
	}
	if !s.ClaimedTime.IsZero() {
		t := s.ClaimedTime.UTC()
		f.ClaimedTime = &t
	}
	if s.FieldMDP != nil {
		f.LockAction, f.LockFields, f.LockP = s.FieldMDP.Action, s.FieldMDP.Fields, s.FieldMDP.P
	}
	if s.ParseError != nil {
		f.Unread = s.ParseError.Error()
	}
	in := s.Check(c.ctx, c.pool...)
	if err := c.ctx.Err(); err != nil {
		return f, err
	}
	f.ByteRange, f.ByteRangeProblem, f.CoversWholeDocument = in.ByteRange, in.ByteRangeProblem, in.CoversWholeDocument
	f.Digest, f.Signature, f.Notes, f.AttributeProblem = in.Digest, in.Signature, in.Notes, attributeProblem(in.Digest, in.Signature, in.Err)
	if err := c.changes(s, &f); err != nil {
		return f, err
	}
	if s.Type == "document-timestamp" {
		return f, c.documentTimestamp(s, &f, in, poe)
	}
	if s.CMS != nil && len(s.CMS.Signers()) > 0 {
		f.DigestAlgorithm = s.CMS.Signers()[0].Hash().String()
	}
	best := *poe
	stored := true
	for _, t := range signatureTokens(s) {
		tf, ok := c.timestamp(t.token, t.problem(c.pool), *poe)
		if ok && tf.GenTime.Before(best) {
			best = tf.GenTime
		}
		stored = stored && tf.Path != nil && tf.Path.stored()
		f.Timestamps = append(f.Timestamps, tf)
	}
	if in.Certificate != nil {
		f.Signer = certificateFacts(in.Certificate)
		p, err := c.path(in.Certificate, best, certpath.Sign)
		if err != nil {
			return f, err
		}
		f.Path = p
		f.Stored = stored && p.stored()
	}
	return f, c.ctx.Err()
}

func (c *collector) documentTimestamp(s *pades.Signature, f *SignatureFacts, in pades.Integrity, poe *time.Time) error {
	if s.Token == nil {
		return nil
	}
	f.DigestAlgorithm = s.Token.ImprintHash.String()
	tf := TimestampFacts{
		GenTime: s.Token.GenTime.UTC(), ImprintHash: s.Token.ImprintHash.String(),
		Valid: in.Digest == "match" && in.Signature == "match" && in.ByteRange == "valid",
	}
	if in.Err != nil {
		tf.Problem = in.Err.Error()
	}
	if cert := s.Token.Certificate(c.pool); cert != nil {
		tf.TSA = certificateFacts(cert)
		f.Signer = tf.TSA
		p, err := c.path(cert, *poe, certpath.TimeStamp)
		if err != nil {
			return err
		}
		tf.Path, f.Path, f.Stored = p, p, p.stored()
		if tf.Valid && p.Valid && tf.GenTime.Before(*poe) {
			*poe = tf.GenTime
		}
	}
	f.Timestamps = []TimestampFacts{tf}
	return nil
}

// timestamp takes a token whose bytes were checked; problem is what was wrong with them, the token nil if it cannot be read.
// ok says that it proves its time.
func (c *collector) timestamp(t *tsp.Token, problem error, poe time.Time) (tf TimestampFacts, ok bool) {
	tf.Valid = problem == nil
	if problem != nil {
		tf.Problem = problem.Error()
	}
	if t == nil {
		return tf, false
	}
	tf.GenTime, tf.ImprintHash = t.GenTime.UTC(), t.ImprintHash.String()
	cert := t.Certificate(c.pool)
	if cert == nil {
		return tf, false
	}
	tf.TSA = certificateFacts(cert)
	p, err := c.path(cert, poe, certpath.TimeStamp)
	if err != nil {
		return tf, false
	}
	tf.Path = p
	return tf, tf.Valid && p.Valid
}

// attributeProblem is what is wrong with a signature whose digest and value match: a signed attribute.
func attributeProblem(digest, signature string, err error) string {
	if err == nil || digest != "match" || signature != "match" {
		return ""
	}
	return err.Error()
}

// path validates from the document's own evidence first and asks the network only for what is missing.
func (c *collector) path(cert *certpath.Certificate, at time.Time, purpose certpath.Purpose) (*PathFacts, error) {
	o := &certpath.Options{Pool: c.pool, Status: c.stored, At: at, Purpose: purpose, Anchors: noAnchors{}}
	if c.o.Trust != nil {
		o.Anchors = c.o.Trust
	}
	r, err := certpath.Validate(c.ctx, cert, o)
	if err != nil {
		return nil, err
	}
	fromStore := true
	if c.online != nil && !r.Valid {
		o.Status, o.Fetch = bothSources{c.stored, c.online}, c.online
		if r, err = certpath.Validate(c.ctx, cert, o); err != nil {
			return nil, err
		}
		fromStore = false
	}
	return pathFacts(r, at, fromStore), nil
}

type noAnchors struct{}

func (noAnchors) Anchors(time.Time) []certpath.Anchor { return nil }

// bothSources joins what several sources know.
type bothSources []certpath.StatusSource

func (b bothSources) Status(ctx context.Context, cert, issuer *certpath.Certificate) ([]certpath.Status, error) {
	var all []certpath.Status
	var errs []error
	for _, s := range b {
		st, err := s.Status(ctx, cert, issuer)
		all = append(all, st...)
		errs = append(errs, err)
	}
	if len(all) > 0 {
		return all, nil
	}
	return nil, errors.Join(errs...)
}

func (c *collector) changes(s *pades.Signature, f *SignatureFacts) error {
	last := c.doc.Latest().Revision()
	if s.Revision < 0 || s.Revision >= last {
		return nil
	}
	changes, err := compareViews(c.ctx, c.doc.At(s.Revision), c.doc.Latest())
	if err != nil {
		if ctxErr := c.ctx.Err(); ctxErr != nil {
			return ctxErr
		}
		// A later revision that cannot be read is not explained by any rule.
		changes = []Change{{Code: "unreadable_revision", Class: ClassForbidden, Object: "document", After: err.Error()}}
	}
	for i := range changes {
		changes[i].Revision = last
	}
	f.Changes = changes
	return nil
}

type signatureToken struct {
	token   *tsp.Token
	message []byte
	err     error
}

// problem is what is wrong with the token's bytes.
func (t *signatureToken) problem(pool []*certpath.Certificate) error {
	if t.token == nil {
		return t.err
	}
	_, err := t.token.VerifyMessage(t.message, pool...)
	return err
}

// oidSignatureTimeStamp is id-aa-signatureTimeStampToken (RFC 3161, appendix A).
var oidSignatureTimeStamp = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 14}

func signatureTokens(s *pades.Signature) []signatureToken {
	if s.CMS == nil || len(s.CMS.Signers()) == 0 {
		return nil
	}
	si := s.CMS.Signers()[0]
	var out []signatureToken
	for _, a := range si.UnsignedAttributes() {
		if !a.Type.Equal(oidSignatureTimeStamp) {
			continue
		}
		for _, v := range a.Values {
			t, err := tsp.ParseToken(v)
			out = append(out, signatureToken{token: t, message: si.Signature(), err: err})
		}
	}
	return out
}

func formatOf(s *pades.Signature) string {
	switch s.SubFilter {
	case "ETSI.CAdES.detached":
		return "PAdES"
	case "ETSI.RFC3161":
		return "TST"
	default:
		return "PKCS7"
	}
}

func certificateFacts(c *certpath.Certificate) *CertificateFacts {
	sum := c.Fingerprint()
	f := &CertificateFacts{
		Subject: c.Subject.String(), CommonName: c.Subject.CommonName(), Organization: c.Subject.Organization(),
		Issuer: c.Issuer.String(), NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), SHA256: hex.EncodeToString(sum[:]),
	}
	if c.SerialNumber != nil {
		f.Serial = c.SerialNumber.Text(16)
	}
	if len(c.EmailAddresses) > 0 {
		f.Email = c.EmailAddresses[0]
	}
	return f
}

func pathFacts(r *certpath.Result, at time.Time, fromStore bool) *PathFacts {
	p := &PathFacts{At: at.UTC(), Valid: r.Valid, FromDocument: fromStore}
	for _, c := range r.Path {
		p.Certificates = append(p.Certificates, *certificateFacts(c))
	}
	if r.Anchor != nil {
		p.Anchor = r.Anchor.Certificate.Subject.String()
	}
	for _, pr := range r.Problems {
		pf := ProblemFacts{Code: pr.Code, Detail: pr.Detail}
		if pr.Certificate != nil {
			pf.Subject = pr.Certificate.Subject.String()
		}
		if !pr.At.IsZero() {
			t := pr.At.UTC()
			pf.Date = &t
		}
		p.Problems = append(p.Problems, pf)
	}
	for i, st := range r.Status {
		for _, s := range st {
			rf := RevocationFacts{Kind: s.Kind, State: stateName(s.State), Source: s.Source, ThisUpdate: s.ThisUpdate.UTC()}
			if i < len(r.Path) {
				rf.Subject = r.Path[i].Subject.String()
			}
			if !s.NextUpdate.IsZero() {
				t := s.NextUpdate.UTC()
				rf.NextUpdate = &t
			}
			p.Revocation = append(p.Revocation, rf)
		}
	}
	return p
}

// stored says that the path was validated with what the document carries.
func (p *PathFacts) stored() bool { return p.FromDocument && p.Valid }

func stateName(s certpath.State) string {
	return [...]string{certpath.Unknown: "unknown", certpath.Good: "good", certpath.Revoked: "revoked"}[s]
}
