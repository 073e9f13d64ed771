package verify

import "time"

// signature runs the processes one after another until one of them answers (EN 319 102-1, 5.3, 5.5, 5.6): the basic one for
// now, the one for the best signature time, the one that asks what the archive time-stamps still prove.
func (d *decision) signature(s *knownSignature) *conclusion {
	best := d.existed(s.object)
	c := d.basic(s, question{at: d.at, since: best, stale: d.p.Revocation.Stale})
	if c.indication == Indeterminate && past(c.sub) && best.Before(d.at) {
		c = d.withTime(s, c, best)
	}
	d.times(s, c, best)
	return c
}

// past says that a proof of an earlier time can still turn an answer (EN 319 102-1, 5.5.4 step 2 and 5.6.3.4 step 3).
func past(s SubIndication) bool {
	switch s {
	case RevokedNoPOE, RevokedCANoPOE, OutOfBoundsNoPOE, OutOfBoundsNotRevoked, CryptoConstraintsNoPOE, TryLater,
		NoCertificateChainNoPOE, RevocationOutOfBounds:
		return true
	default:
		return false
	}
}

// basic is the validation process for basic signatures (EN 319 102-1, 5.3): format, signing certificate, context, its path,
// cryptography, acceptance. All blocks run, so that a reader learns everything at once; the worst decides, and of equal ones
// the first.
func (d *decision) basic(s *knownSignature, q question) *conclusion {
	c := passed(Basic)
	d.format(s.SignatureFacts, c)
	if s.Unread != "" || s.Dead {
		return c
	}
	d.cryptography(s.SignatureFacts, c)
	d.changed(s.SignatureFacts, c)
	d.context(s.SignatureFacts, c)
	if s.Signer != "" {
		c.take(d.certificate(s.paths, q))
	}
	d.acceptance(s.SignatureFacts, q.at, c)
	d.contentTime(s, c)
	return c
}

// withTime is the process for signatures with time and with long-term validation material (EN 319 102-1, 5.5), then the
// one with archive time-stamps (5.6): was everything in order when the signature is proved to have existed?
func (d *decision) withTime(s *knownSignature, now *conclusion, best time.Time) *conclusion {
	c := d.basic(s, question{at: best, since: best, stale: d.p.Revocation.Stale})
	switch {
	case c.early: // 5.5.4 step 4 b)
		c.process = WithTime
		c.indication, c.sub = TotalFailed, NotYetValid
		return c
	case c.indication == TotalPassed && d.ownOnly(now), c.indication == TotalFailed, c.indication == Indeterminate && !past(c.sub):
		c.process = WithTime
		return c
	}
	return d.longTerm(s, now, best)
}

// ownOnly says that what is wrong now concerns the signature and its own certificate alone: then a time-stamp on the
// signature is proof enough. What concerns the certificates above it, or evidence, needs proof of them too (5.6.2).
func (d *decision) ownOnly(now *conclusion) bool {
	if now.chain == nil || len(now.chain.Certificates) < 3 {
		return true
	}
	c := d.certificate(d.above(now.chain), question{at: d.at, stale: Ignore})
	return c.indication == TotalPassed
}

// above is a chain without its leaf.
func (d *decision) above(chain *ChainFacts) []knownPath {
	return d.paths([]ChainFacts{{Certificates: chain.Certificates[1:], Anchor: chain.Anchor, Problems: chain.Problems}})
}

// clockAccuracy is what the clocks of two time-stamping authorities may be apart without an order being wrong: each keeps a
// second (EN 319 421, 7.7.1; RFC 3161, 2.4.2 on accuracy).
const clockAccuracy = 2 * time.Second

// times judges the times of a signature against each other (EN 319 102-1, 5.5.4 steps 4 e) and 5).
func (d *decision) times(s *knownSignature, c *conclusion, best time.Time) {
	if c.indication != TotalPassed {
		return
	}
	if late := d.outOfOrder(s, best); late != nil {
		c.fail(Indeterminate, TimestampOrderFailure, Finding{Code: "timestamp_order", When: late})
	}
	if _, proved := d.proved(s.object); !proved {
		c.severe(d.p.Timestamps.Required, SigConstraintsFailure, Finding{Code: "no_trusted_time"})
		return
	}
	delay := time.Duration(d.p.Timestamps.MaxDelay)
	switch {
	case delay == 0:
	case s.ClaimedTime == nil: // 5.5.4 step 5 a)
		c.fail(Indeterminate, SigConstraintsFailure, Finding{Code: "signing_time_required"})
	case best.After(s.ClaimedTime.Add(delay)): // 5.5.4 step 5 b)
		c.fail(Indeterminate, SigConstraintsFailure, Finding{Code: "timestamp_late", When: moment(best)})
	}
}

// outOfOrder is a time that contradicts the others: one of the content later than the proof of the signature over it, or one
// of the signature later than a time-stamp that covers it.
func (d *decision) outOfOrder(s *knownSignature, best time.Time) *time.Time {
	if earliest, ok := d.notBefore(s); ok && earliest.After(best.Add(clockAccuracy)) {
		return moment(earliest)
	}
	for _, t := range s.stamps {
		if d.stamped[t.place].indication != TotalPassed {
			continue
		}
		if cover, ok := d.proved(t.object); ok && t.GenTime.After(cover.Add(clockAccuracy)) {
			return moment(t.GenTime)
		}
	}
	return nil
}

// notBefore is the latest time that a content time-stamp proves to lie before the signature.
func (d *decision) notBefore(s *knownSignature) (latest time.Time, ok bool) {
	for _, t := range s.stamps {
		if t.Kind == StampContent && d.stamped[t.place].indication == TotalPassed && t.GenTime.After(latest) {
			latest, ok = t.GenTime, true
		}
	}
	return latest, ok
}
