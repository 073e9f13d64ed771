package verify

import (
	"slices"
	"time"
)

// signature runs the processes one after another until one of them answers (EN 319 102-1, 5.3, 5.5, 5.6): the basic one for
// now, the one for the best signature time, the one that asks what the archive time-stamps still prove.
func (d *decision) signature(s *SignatureFacts) *conclusion {
	best := d.existed(s.ID)
	q := question{at: d.at, since: best, stale: d.p.Revocation.Stale}
	c := d.basic(s, q)
	if c.indication == Indeterminate && past(c.sub) && best.Before(d.at) {
		c = d.withTime(s, c, best)
	}
	d.times(s, c, best)
	return c
}

// past says that a proof of an earlier time can still turn an answer (EN 319 102-1, 5.5.4 step 2).
func past(s SubIndication) bool {
	switch s {
	case RevokedNoPOE, RevokedCANoPOE, OutOfBoundsNoPOE, OutOfBoundsNotRevoked, CryptoConstraintsNoPOE, TryLater:
		return true
	default:
		return false
	}
}

// basic is the validation process for basic signatures (EN 319 102-1, 5.3): format, signing certificate, its path,
// cryptography, acceptance. All blocks run, so that a reader learns everything at once; the worst decides.
func (d *decision) basic(s *SignatureFacts, q question) *conclusion {
	c := passed(Basic)
	d.format(s, c)
	if s.Unread != "" || s.Dead {
		return c
	}
	d.cryptography(s, c)
	d.changed(s, c)
	if s.Signer != "" {
		c.take(d.certificate(s.Chains, q))
	}
	d.acceptance(s, q.at, c)
	d.contentTime(s, c)
	return c
}

// format is EN 319 102-1, 5.2.2, and what of 5.2.3 concerns the bytes.
func (d *decision) format(s *SignatureFacts, c *conclusion) {
	switch {
	case s.Dead:
		c.fail(Indeterminate, SignedDataNotFound, Finding{Code: "rewritten_after_signing"})
		return
	case s.Unread != "":
		c.fail(TotalFailed, FormatFailure, Finding{Code: "signature_unreadable", Detail: s.Unread})
	}
	if s.ByteRange != "valid" {
		c.fail(TotalFailed, FormatFailure, Finding{Code: "byte_range_invalid", Detail: s.ByteRangeProblem})
	}
}

// cryptography is EN 319 102-1, 5.2.7, after the identification of the signing certificate, 5.2.3.
func (d *decision) cryptography(s *SignatureFacts, c *conclusion) {
	switch {
	case s.Digest == Mismatch:
		c.fail(TotalFailed, HashFailure, Finding{Code: "digest_mismatch"})
	case s.Signature == Mismatch:
		c.fail(TotalFailed, SigCryptoFailure, Finding{Code: "signature_mismatch"})
	case s.Signer == "":
		c.fail(Indeterminate, NoSigningCertificate, Finding{Code: "no_signing_certificate"})
	case s.Digest != Match || s.Signature != Match:
		c.fail(Indeterminate, SignedDataNotFound, Finding{Code: "not_verifiable", Detail: s.AttributeProblem})
	case s.AttributeProblem != "":
		c.fail(TotalFailed, FormatFailure, Finding{Code: "attributes_wrong", Detail: s.AttributeProblem})
	}
}

// changed judges what later revisions did (EN 319 102-1, 5.2.2: the format of PDF; ISO 32000-2, 12.8.2).
func (d *decision) changed(s *SignatureFacts, c *conclusion) {
	switch modifications(s, d.p) {
	case ClassForbidden:
		f := Finding{Code: "forbidden_change", Detail: forbiddenDetail(s, d.p)}
		if d.p.Changes.Forbidden == Fail {
			c.fail(TotalFailed, FormatFailure, f)
		} else {
			c.severe(d.p.Changes.Forbidden, FormatFailure, f)
		}
	case ClassAnnotation:
		c.warn(Finding{Code: "annotations_added"})
	case ClassNone, ClassLTA, ClassForm:
	}
	if d.p.Changes.VisibleAfterCertification == Warn && visibleAfterCertification(s) {
		c.warn(Finding{Code: "visible_after_certification"})
	}
}

// acceptance is EN 319 102-1, 5.2.8: algorithms, and what the policy asks of the attributes.
func (d *decision) acceptance(s *SignatureFacts, at time.Time, c *conclusion) {
	for _, a := range []AlgorithmFacts{s.Algorithm, {Digest: s.ContentDigest}} {
		if name, until, ok := d.acceptable(a, at); !ok {
			c.fail(Indeterminate, CryptoConstraintsNoPOE, Finding{Code: weak(name), Detail: name, When: moment(until)})
		}
	}
	if slices.Contains(s.Notes, "ess_missing") || slices.Contains(s.Notes, "no_signed_attributes") {
		if d.p.SigningCertificateAttribute == Fail {
			c.fail(Indeterminate, NoSigningCertificate, Finding{Code: "ess_required"})
		}
	}
}

// weak names SHA-1 by itself: it is what most old files have, and there is something to be said about it.
func weak(name string) string {
	if name == "sha1" {
		return "sha1"
	}
	return "weak_algorithm"
}

// contentTime turns what is undetermined into a failure where a content time-stamp proves that the signature came after
// (EN 319 102-1, 5.3.4).
func (d *decision) contentTime(s *SignatureFacts, c *conclusion) {
	earliest, ok := d.notBefore(s)
	if !ok || c.indication != Indeterminate {
		return
	}
	for _, f := range c.errors {
		if f.When == nil || earliest.Before(*f.When) {
			continue
		}
		switch {
		case c.sub == RevokedNoPOE && f.Code == "certificate_revoked":
			c.fail(TotalFailed, Revoked, Finding{Code: "signed_after_revocation", When: f.When})
			return
		case (c.sub == OutOfBoundsNoPOE || c.sub == OutOfBoundsNotRevoked) && f.Code == "certificate_expired":
			c.fail(TotalFailed, Expired, Finding{Code: "signed_after_expiry", When: f.When})
			return
		case c.sub == CryptoConstraintsNoPOE:
			c.sub = CryptoConstraints // signed after the end of the algorithm
			return
		}
	}
}

// notBefore is the latest time that a content time-stamp proves to lie before the signature.
func (d *decision) notBefore(s *SignatureFacts) (latest time.Time, ok bool) {
	for i := range s.Timestamps {
		t := &s.Timestamps[i]
		if t.Kind == StampContent && d.stamps[t].indication == TotalPassed && t.GenTime.After(latest) {
			latest, ok = t.GenTime, true
		}
	}
	return latest, ok
}

// withTime is the process for signatures with time and with long-term validation material (EN 319 102-1, 5.5), then the
// one with archive time-stamps (5.6): was everything in order when the signature is proved to have existed?
func (d *decision) withTime(s *SignatureFacts, now *conclusion, best time.Time) *conclusion {
	if c := d.basic(s, question{at: best, since: best, stale: d.p.Revocation.Stale}); c.indication != Indeterminate || !past(c.sub) {
		c.process = WithTime
		if c.indication != TotalPassed || d.ownOnly(now) {
			return c
		}
	} else if tooEarly(c) {
		c.process = WithTime
		c.indication, c.sub = TotalFailed, NotYetValid // EN 319 102-1, 5.5.4 step 5 b)
		return c
	}
	return d.longTerm(s, now, best)
}

func tooEarly(c *conclusion) bool {
	return slices.ContainsFunc(c.errors, func(f Finding) bool { return f.Code == "certificate_not_yet_valid" })
}

// ownOnly says that what is wrong now concerns the signature and its own certificate alone: then a time-stamp on the
// signature is proof enough. What concerns the certificates above it, or evidence, needs proof of them too (5.6.2).
func (d *decision) ownOnly(now *conclusion) bool {
	if now.chain == nil || len(now.chain.Certificates) < 3 {
		return true
	}
	above := ChainFacts{Certificates: now.chain.Certificates[1:], Anchor: now.chain.Anchor, Problems: now.chain.Problems}
	c := d.certificate([]ChainFacts{above}, question{at: d.at, stale: Ignore})
	return c.indication == TotalPassed
}

// times judges the times of a signature against each other (EN 319 102-1, 5.5.4 steps 4 to 6).
func (d *decision) times(s *SignatureFacts, c *conclusion, best time.Time) {
	if c.indication != TotalPassed {
		return
	}
	if earliest, ok := d.notBefore(s); ok && earliest.After(best) {
		c.fail(Indeterminate, TimestampOrderFailure, Finding{Code: "timestamp_order", When: moment(earliest)})
	}
	if _, proved := d.proofs[s.ID]; !proved {
		c.severe(d.p.Timestamps.Required, SigConstraintsFailure, Finding{Code: "no_trusted_time"})
		return
	}
	if delay := time.Duration(d.p.Timestamps.MaxDelay); delay > 0 && s.ClaimedTime != nil && best.After(s.ClaimedTime.Add(delay)) {
		c.fail(Indeterminate, SigConstraintsFailure, Finding{Code: "timestamp_late", When: moment(best)})
	}
}

// timestamp is the time-stamp validation building block (EN 319 102-1, 5.4), and where the answer now is open, what the
// time-stamps that were judged before it still prove (5.6.2.4).
func (d *decision) timestamp(t *TimestampFacts) *conclusion {
	q := question{at: d.at, stale: d.p.Revocation.StaleForTimestamps}
	c := d.stampAt(t, q)
	proved := d.existed(t.ID)
	if c.indication != Indeterminate || !past(c.sub) || !proved.Before(d.at) {
		return c
	}
	if l := d.pastCertificate(t.Chains, q.stale); l != nil && !proved.After(l.control) {
		if p := d.stampAt(t, question{at: proved, stale: q.stale}); d.excused(p, l) {
			ok := passed(LongTerm)
			ok.chain = l.chain
			return ok
		}
	}
	return c
}

func (d *decision) stampAt(t *TimestampFacts, q question) *conclusion {
	c := passed(Basic)
	switch {
	case t.Imprint == Mismatch:
		c.fail(TotalFailed, HashFailure, Finding{Code: "timestamp_imprint", Detail: t.Problem})
	case t.Signature == Mismatch:
		c.fail(TotalFailed, SigCryptoFailure, Finding{Code: "timestamp_signature", Detail: t.Problem})
	case t.Signer == "":
		c.fail(Indeterminate, NoSigningCertificate, Finding{Code: "timestamp_no_certificate"})
		return c
	case t.Imprint != Match || t.Signature != Match:
		c.fail(Indeterminate, SignedDataNotFound, Finding{Code: "timestamp_unverifiable", Detail: t.Problem})
	case t.Problem != "":
		c.fail(TotalFailed, FormatFailure, Finding{Code: "timestamp_malformed", Detail: t.Problem})
	}
	c.take(d.certificate(t.Chains, q))
	for _, a := range []AlgorithmFacts{t.Algorithm, {Digest: t.Digest}} {
		if name, until, ok := d.acceptable(a, q.at); !ok {
			c.fail(Indeterminate, CryptoConstraintsNoPOE, Finding{Code: "weak_timestamp_algorithm", Detail: name, When: moment(until)})
		}
	}
	return c
}

// documentTimestamp is a document time-stamp as a signature of its own: its token, its byte range and what came after.
func (d *decision) documentTimestamp(s *SignatureFacts) *conclusion {
	c := passed(Basic)
	d.format(s, c)
	if s.Unread != "" || s.Dead || len(s.Timestamps) == 0 {
		return c
	}
	d.changed(s, c)
	if s.Digest == Mismatch {
		c.fail(TotalFailed, HashFailure, Finding{Code: "digest_mismatch"})
		return c
	}
	t := d.stamps[&s.Timestamps[0]]
	c.process = t.process
	c.take(t)
	return c
}
