package certpath

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"time"
)

// State is a certificate's revocation state.
type State int

// The states; Unknown is the zero value.
const (
	Unknown State = iota
	Good
	Revoked
)

// Status is what one piece of revocation evidence says about one certificate.
type Status struct {
	State      State
	Reason     int // RFC 5280 CRLReason, -1 if not given
	RevokedAt  time.Time
	ThisUpdate time.Time
	NextUpdate time.Time // zero if not given
	ProducedAt time.Time // OCSP only
	Kind       string    // "ocsp" or "crl"
	Source     string    // address it came from, "" if stored
	Evidence   []byte    // the whole OCSPResponse or CertificateList
	// Signer is the certificate that signed the evidence, with the others needed to check it.
	Signer []*Certificate
}

// StatusSource finds revocation evidence. Implementations say whether they are safe for concurrent use.
type StatusSource interface {
	Status(ctx context.Context, cert, issuer *Certificate) ([]Status, error)
}

// Anchor is a trust anchor: a certificate, valid as an anchor between two times (zero means without limit).
type Anchor struct {
	Certificate *Certificate
	From, Until time.Time
	Name        string // where it came from
}

// AnchorSource gives the anchors in force at a time.
type AnchorSource interface{ Anchors(at time.Time) []Anchor }

// IssuerFetcher finds issuing certificates elsewhere (authority information access).
type IssuerFetcher interface {
	Issuers(ctx context.Context, cert *Certificate) ([]*Certificate, error)
}

// Options steer building and validation.
type Options struct {
	Anchors AnchorSource
	Pool    []*Certificate // more certificates to build with
	Status  StatusSource   // nil: revocation is not checked
	Fetch   IssuerFetcher  // nil: nothing is fetched
	At      time.Time      // the time to validate for
	Purpose Purpose
	Limits  Limits
}

// Purpose is what the leaf is to be used for.
type Purpose int

// The purposes.
const (
	AnyPurpose Purpose = iota
	Sign               // digitalSignature or nonRepudiation
	TimeStamp          // extended key usage timeStamping, critical and alone (RFC 3161, 2.3)
	OCSPSign           // extended key usage OCSPSigning
)

// Limits bound the work; zero fields take the default.
type Limits struct {
	Depth      int // certificates in a path, 10
	Candidates int // certificates looked at, 1000
	Signatures int // signatures checked, 1000
}

// Result is a path and what is wrong with it; a bad path is a result, not an error.
type Result struct {
	Valid  bool
	Path   []*Certificate // leaf first, anchor last
	Anchor *Anchor
	Status [][]Status // per certificate of Path below the anchor
	// Problems has stable codes, worst first: "no_path", "expired", "not_yet_valid", "revoked", "bad_signature",
	// "not_a_ca", "path_length", "key_usage", "ext_key_usage", "unknown_critical_extension", "name_constraints",
	// "no_revocation_evidence", "limit".
	Problems []Problem
}

// Problem is one thing wrong with a path.
type Problem struct {
	Code        string
	Certificate *Certificate // nil if it concerns the whole path
	Detail      string
	At          time.Time // date that matters (revocation, end of validity), zero if none
	Err         error     // what the status source said, of "no_revocation_evidence"; nil if it said nothing
}

// Extended key usages (RFC 5280, 4.2.1.12).
var (
	oidTimeStamping = OID{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidOCSPSigning  = OID{1, 3, 6, 1, 5, 5, 7, 3, 9}
)

// Validate builds a path from leaf to an anchor and validates it. Where several paths exist the first without a problem
// wins, else the one with the least. The error is only ever the context's.
func Validate(ctx context.Context, leaf *Certificate, o *Options) (*Result, error) {
	b := &builder{ctx: ctx, o: o, limits: o.Limits, fetched: map[[32]byte]bool{}}
	b.limits.Depth = orDefault(b.limits.Depth, 10)
	b.limits.Candidates = orDefault(b.limits.Candidates, 1000)
	b.limits.Signatures = orDefault(b.limits.Signatures, 1000)
	for _, a := range o.Anchors.Anchors(o.At) {
		if a.Certificate != nil {
			b.anchors = append(b.anchors, a)
		}
	}
	b.extend([]*Certificate{leaf})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if b.best != nil {
		return b.best, nil
	}
	r := &Result{Path: []*Certificate{leaf}, Problems: []Problem{{Code: "no_path", Certificate: leaf, Detail: "no anchor was reached"}}}
	if b.exhausted {
		r.Problems = append(r.Problems, Problem{Code: "limit", Detail: "the limits of the search were reached"})
	}
	return r, nil
}

func orDefault(v, d int) int {
	if v == 0 {
		return d
	}
	return v
}

type builder struct {
	ctx        context.Context
	o          *Options
	limits     Limits
	anchors    []Anchor
	more       []*Certificate // fetched issuers
	fetched    map[[32]byte]bool
	candidates int
	signatures int
	exhausted  bool
	best       *Result
}

// extend tries every issuer of the last certificate; true ends the search.
func (b *builder) extend(path []*Certificate) bool {
	if b.ctx.Err() != nil {
		return true
	}
	last := path[len(path)-1]
	for i := range b.anchors {
		a := &b.anchors[i]
		if a.Certificate.Equal(last) {
			if b.finish(path, a) {
				return true
			}
			continue
		}
		if !mayIssue(a.Certificate, last) || !b.verified(last, a.Certificate) {
			continue
		}
		if b.finish(append(slices.Clone(path), a.Certificate), a) {
			return true
		}
	}
	if len(path) >= b.limits.Depth {
		b.exhausted = true
		return false
	}
	if b.tryAll(path, b.o.Pool) || b.tryAll(path, b.more) {
		return true
	}
	if b.o.Fetch == nil || b.fetched[last.Fingerprint()] || last.SelfIssued() {
		return false
	}
	b.fetched[last.Fingerprint()] = true
	issuers, err := b.o.Fetch.Issuers(b.ctx, last)
	if err != nil {
		return false // not reached: other paths may exist, and no path says so
	}
	b.more = append(b.more, issuers...)
	return b.tryAll(path, issuers)
}

func (b *builder) tryAll(path, candidates []*Certificate) bool {
	last := path[len(path)-1]
	for _, c := range candidates {
		if b.candidates++; b.candidates > b.limits.Candidates {
			b.exhausted = true
			return true
		}
		if !mayIssue(c, last) || inPath(path, c) || b.isAnchor(c) || !b.verified(last, c) {
			continue
		}
		if b.extend(append(slices.Clone(path), c)) {
			return true
		}
	}
	return false
}

func (b *builder) isAnchor(c *Certificate) bool {
	return slices.ContainsFunc(b.anchors, func(a Anchor) bool { return a.Certificate.Equal(c) })
}

// inPath also catches loops of cross-certificates: the same name and key twice.
func inPath(path []*Certificate, c *Certificate) bool {
	return slices.ContainsFunc(path, func(p *Certificate) bool {
		return bytes.Equal(p.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo) && p.Subject.Equal(c.Subject)
	})
}

// mayIssue compares names, and key identifiers where both are given.
func mayIssue(issuer, c *Certificate) bool {
	if !issuer.Subject.Equal(c.Issuer) {
		return false
	}
	return len(c.AuthorityKeyID) == 0 || len(issuer.SubjectKeyID) == 0 || bytes.Equal(c.AuthorityKeyID, issuer.SubjectKeyID)
}

func (b *builder) verified(c, issuer *Certificate) bool {
	if b.signatures++; b.signatures > b.limits.Signatures {
		b.exhausted = true
		return false
	}
	return c.CheckSignatureFrom(issuer) == nil
}

// finish judges a complete path; true when nothing is wrong with it.
func (b *builder) finish(path []*Certificate, a *Anchor) bool {
	r := &Result{Path: path, Anchor: a}
	b.judge(r)
	r.Valid = len(r.Problems) == 0
	slices.SortStableFunc(r.Problems, func(x, y Problem) int { return severity(y.Code) - severity(x.Code) })
	if b.best == nil || r.Valid || weight(r) < weight(b.best) {
		b.best = r
	}
	return r.Valid
}

var severities = []string{
	"limit", "no_revocation_evidence", "not_yet_valid", "expired", "unknown_critical_extension", "ext_key_usage", "key_usage", "path_length",
	"name_constraints", "not_a_ca", "revoked", "bad_signature", "no_path",
}

func severity(code string) int { return slices.Index(severities, code) }

func weight(r *Result) int {
	w := 0
	for _, p := range r.Problems {
		w += 100 + severity(p.Code)
	}
	return w
}

// judge applies RFC 5280, 6.1 in its simple form to each certificate below the anchor.
func (b *builder) judge(r *Result) {
	add := func(code string, c *Certificate, detail string, at time.Time) {
		r.Problems = append(r.Problems, Problem{Code: code, Certificate: c, Detail: detail, At: at})
	}
	at := b.o.At
	last := len(r.Path) - 1
	r.Status = make([][]Status, last)
	if b.o.Purpose != AnyPurpose {
		checkPurpose(r.Path[0], b.o.Purpose, add)
	}
	for i, c := range r.Path {
		if i == last && i > 0 {
			break // an anchor is a name and a key: its dates and extensions are the operator's business (RFC 5280, 6.1.1)
		}
		if at.Before(c.NotBefore) {
			add("not_yet_valid", c, "", c.NotBefore)
		}
		if at.After(c.NotAfter) {
			add("expired", c, "", c.NotAfter)
		}
		if id := unknownCritical(c); id != nil {
			add("unknown_critical_extension", c, id.String(), time.Time{})
		}
		if i > 0 {
			checkCA(c, i-1-selfIssued(r.Path[1:i]), add)
			if !namesAllowed(c, r.Path[:i]) {
				add("name_constraints", c, "", time.Time{})
			}
		}
	}
	if last > 0 && !namesAllowed(r.Path[last], r.Path[:last]) {
		add("name_constraints", r.Path[last], "", time.Time{})
	}
	if b.o.Status != nil && len(r.Problems) == 0 {
		for i := range last {
			b.judgeStatus(r, i, add)
		}
	}
}

func selfIssued(path []*Certificate) int {
	n := 0
	for _, c := range path {
		if c.SelfIssued() {
			n++
		}
	}
	return n
}

func checkCA(c *Certificate, below int, add func(string, *Certificate, string, time.Time)) {
	if c.Version == 3 && (!c.BasicConstraints || !c.IsCA) || c.Version < 3 {
		add("not_a_ca", c, "", time.Time{})
	}
	if c.MaxPathLen >= 0 && below > c.MaxPathLen {
		add("path_length", c, "", time.Time{})
	}
	if c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0 {
		add("key_usage", c, "keyCertSign is missing", time.Time{})
	}
}

func checkPurpose(c *Certificate, p Purpose, add func(string, *Certificate, string, time.Time)) {
	if c.KeyUsage != 0 && c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		add("key_usage", c, "neither digitalSignature nor nonRepudiation", time.Time{})
	}
	switch p {
	case AnyPurpose, Sign:
	case TimeStamp:
		// RFC 3161, 2.3: the only purpose, and critical.
		e := c.Extension(oidExtKeyUsage)
		if e == nil || !e.Critical || len(c.ExtKeyUsage) != 1 || !c.ExtKeyUsage[0].Equal(oidTimeStamping) {
			add("ext_key_usage", c, "timeStamping must stand alone and be critical", time.Time{})
		}
	case OCSPSign:
		if !slices.ContainsFunc(c.ExtKeyUsage, oidOCSPSigning.Equal) && !c.IsCA {
			add("ext_key_usage", c, "OCSPSigning is missing", time.Time{})
		}
	}
}

// understood are the critical extensions that this package acts upon.
var understood = []OID{
	oidBasicConstraints, oidKeyUsage, oidExtKeyUsage, oidNameConstraints, oidPolicies, oidPolicyConstraint, oidInhibitAny, oidPolicyMappings,
	oidSubjectAltName, oidAuthorityKeyID, oidSubjectKeyID, oidCRLDistribution, oidAuthorityInfo, oidOCSPNoCheck,
}

func unknownCritical(c *Certificate) OID {
	for _, e := range c.Extensions {
		if e.Critical && !slices.ContainsFunc(understood, e.ID.Equal) {
			return e.ID
		}
	}
	return nil
}

// judgeStatus finds the state of path[i] at the time of validation: a revocation after it does not count.
func (b *builder) judgeStatus(r *Result, i int, add func(string, *Certificate, string, time.Time)) {
	c := r.Path[i]
	if c.OCSPNoCheck {
		return
	}
	all, err := b.o.Status.Status(b.ctx, c, r.Path[i+1])
	r.Status[i] = all
	known := false
	for _, s := range all {
		switch s.State {
		case Revoked:
			if !s.RevokedAt.After(b.o.At) {
				add("revoked", c, "", s.RevokedAt)
				return
			}
			known = true
		case Good:
			known = known || fresh(s, b.o.At)
		case Unknown:
		}
	}
	if !known {
		detail := "nobody knows its state"
		if err != nil && !errors.Is(err, context.Canceled) {
			detail = err.Error()
		}
		add("no_revocation_evidence", c, detail, time.Time{})
		r.Problems[len(r.Problems)-1].Err = err
	}
}

// fresh accepts evidence made after the time in question, or still in force at it.
func fresh(s Status, at time.Time) bool {
	return !s.ThisUpdate.Before(at) || s.NextUpdate.IsZero() || !s.NextUpdate.Before(at)
}
