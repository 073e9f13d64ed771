package certpath

import (
	"context"
	"errors"
	"time"
)

// Freshness says which evidence is recent enough for a time. The zero value takes what was made after it or is still in
// force at it.
type Freshness struct {
	// MaxAge, if set, bounds how long before the time in question evidence may have been made (its thisUpdate).
	MaxAge time.Duration
	// Late is how long after its nextUpdate evidence is still taken: clocks differ, and lists come late.
	Late time.Duration
	// Grace, if set, wants evidence made at least so long after the time in question, so that a revocation under way is seen
	// in it (EN 319 102-1, 5.2.5 and 5.5.4: the grace period).
	Grace time.Duration
}

// undated is how old evidence without nextUpdate may be where nothing else is said: newer is always to be had (RFC 6960, 2.4).
const undated = 24 * time.Hour

// Accepts says that evidence is recent enough for the time in question.
func (f Freshness) Accepts(s Status, at time.Time) bool {
	if f.Grace > 0 {
		return !s.ThisUpdate.Before(at.Add(f.Grace))
	}
	if !s.ThisUpdate.Before(at) {
		return true
	}
	age := at.Sub(s.ThisUpdate)
	switch {
	case f.MaxAge > 0 && age > f.MaxAge:
		return false
	case s.NextUpdate.IsZero():
		return f.MaxAge > 0 || age <= undated
	}
	return !s.NextUpdate.Add(f.Late).Before(at)
}

// SpeaksFor says that evidence can tell that the certificate was good: it was made within the certificate's validity, or
// its issuer keeps what has expired since (RFC 6960, 4.4.4; X.509, 9.5.2.7; EN 319 102-1, 5.2.6.3). What it says of a
// revocation always counts.
func (s Status) SpeaksFor(c *Certificate) bool {
	if s.ThisUpdate.Before(c.NotBefore) {
		return false
	}
	return !s.ThisUpdate.After(c.NotAfter) || !s.ArchiveCutOff.IsZero() && !s.ArchiveCutOff.After(c.NotAfter)
}

// NeedsNoStatus says that nobody need ask for the state of a certificate: it is an OCSP responder's with
// id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2.1), an end entity's for which no information will ever exist (RFC 9608), or one so
// short-lived that none is needed (EN 319 412-1, 5.2).
func (c *Certificate) NeedsNoStatus() bool {
	responder := false
	for _, u := range c.ExtKeyUsage {
		responder = responder || u.Equal(oidOCSPSigning)
	}
	return c.OCSPNoCheck && responder || !c.IsCA && (c.NoRevAvail || c.ValidityAssured)
}

// validator validates one leaf; the signers of evidence are validated within it.
type validator struct {
	ctx context.Context
	// asking are the certificates whose state is being found: none of them can vouch for itself.
	asking map[string]bool
	known  map[question]answer
}

type question struct {
	certificate string
	at          int64
}

type answer struct {
	problem  Problem // the zero Problem: good
	statuses []Status
}

func (r *Result) add(code string, c *Certificate, detail string, at time.Time) {
	r.Problems = append(r.Problems, Problem{Code: code, Certificate: c, Detail: detail, At: at})
}

// validate judges the paths that were found, as [Validate] says.
func (v *validator) validate(paths []*Path, o *Options) (*Result, error) {
	var best *Result
	for _, p := range paths {
		r := &Result{Path: p.Certificates, Anchor: p.Anchor, Policies: p.Policies, Problems: append([]Problem(nil), p.Problems...)}
		r.judgeDates(o.At)
		if o.Status != nil && len(r.Problems) == 0 {
			r.Status = make([][]Status, len(r.Path)-1)
			for i := len(r.Path) - 2; i >= 0; i-- { // from the anchor down: who is revoked vouches for nobody
				v.judgeStatus(r, o, i)
			}
		}
		if err := v.ctx.Err(); err != nil {
			return nil, err
		}
		worstFirst(r.Problems)
		if r.Valid = len(r.Problems) == 0; r.Valid {
			return r, nil
		}
		if best == nil || weight(r.Problems) < weight(best.Problems) {
			best = r
		}
	}
	return best, nil
}

// judgeDates compares the validity of each certificate below the anchor; an anchor's own dates are its operator's business
// (RFC 5280, 6.1.1).
func (r *Result) judgeDates(at time.Time) {
	for i, c := range r.Path {
		if i > 0 && r.Anchor != nil && i == len(r.Path)-1 {
			break
		}
		if at.Before(c.NotBefore) {
			r.add("not_yet_valid", c, "", c.NotBefore)
		}
		if at.After(c.NotAfter) {
			r.add("expired", c, "", c.NotAfter)
		}
	}
}

// judgeStatus finds the state of Path[i] at the time of validation: a revocation after it does not count.
func (v *validator) judgeStatus(r *Result, o *Options, i int) {
	c, issuer := r.Path[i], r.Path[i+1]
	if c.NeedsNoStatus() {
		return
	}
	key := string(c.Raw)
	q := question{key, o.At.UnixNano()}
	a, known := v.known[q]
	if !known {
		v.asking[key] = true
		a.problem, a.statuses = v.state(r, o, c, issuer)
		delete(v.asking, key)
		if len(v.asking) == 0 || a.problem.Code != "no_revocation_evidence" { // what a loop left open is open only inside it
			v.known[q] = a
		}
	}
	r.Status[i] = a.statuses
	if a.problem.Code != "" {
		r.Problems = append(r.Problems, a.problem)
	}
}

func (v *validator) state(r *Result, o *Options, c, issuer *Certificate) (Problem, []Status) {
	all, err := o.Status.Status(v.ctx, c, issuer)
	detail := "nobody knows its state"
	good := false
	for _, s := range all {
		if s.State == Unknown {
			continue
		}
		if s.State == Good && (!s.SpeaksFor(c) || !o.Freshness.Accepts(s, o.At)) {
			detail = "what there is was not made for that time"
			continue
		}
		if !v.trusted(r, o, s) {
			detail = "the signer of the evidence is not trusted"
			continue
		}
		if s.State == Revoked && !s.RevokedAt.After(o.At) {
			why := ""
			if s.Reason == 6 {
				why = "certificateHold"
			}
			return Problem{Code: "revoked", Certificate: c, Detail: why, At: s.RevokedAt}, all
		}
		good = true
	}
	if good {
		return Problem{}, all
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		detail = err.Error()
	}
	return Problem{Code: "no_revocation_evidence", Certificate: c, Detail: detail, Err: err}, all
}

// trusted says that who signed the evidence, where it was not the issuer itself, has a valid path to the same anchor
// (RFC 5280, 6.3.3 (f); RFC 6960, 4.2.2.2). It must be valid at the time of validation, or when the evidence was made if
// that was later.
func (v *validator) trusted(r *Result, o *Options, s Status) bool {
	for _, also := range s.Also {
		if !v.trusted(r, o, also) {
			return false
		}
	}
	if len(s.Signer) == 0 {
		return true
	}
	at, purpose := s.ThisUpdate, CRLSign
	if s.Kind == "ocsp" {
		at, purpose = s.ProducedAt, OCSPSign
	}
	if at.Before(o.At) {
		at = o.At
	}
	with := &Options{
		Anchors: onlyAnchor{*r.Anchor}, Pool: append(append(append([]*Certificate(nil), r.Path...), s.Signer...), o.Pool...), Status: o.Status, At: at,
		Purpose: purpose, Freshness: o.Freshness, Limits: o.Limits,
	}
	if len(v.asking) > maxNested {
		return false
	}
	for _, signer := range s.Signer {
		if string(signer.RawSubjectPublicKeyInfo) != string(s.Signer[0].RawSubjectPublicKeyInfo) {
			continue
		}
		if v.asking[string(signer.Raw)] {
			if signer.answersForItself() {
				return true
			}
			continue
		}
		inner, err := v.validate(newBuilder(v.ctx, signer, with).paths(), with)
		if err == nil && inner.Valid {
			return true
		}
	}
	return false
}

// answersForItself says that the issuer of a CRL issuer's certificate sends those who ask for its state to the lists which it
// signs itself.
func (c *Certificate) answersForItself() bool {
	for _, p := range c.CRLDistributionPoints {
		for _, n := range p.CRLIssuer {
			if n.Form == DirectoryName && n.Directory().Equal(c.Subject) {
				return true
			}
		}
	}
	return false
}

// maxNested bounds how far signers of evidence about signers of evidence are followed.
const maxNested = 6

type onlyAnchor []Anchor

func (a onlyAnchor) Anchors(time.Time) []Anchor { return a }
