package verify

import "time"

// onHold is certificateHold (RFC 5280, 5.3.1).
const onHold = 6

// status is what all evidence together says of a certificate at a time.
type status struct {
	revoked *answer // the revocation that counts, at or before the time
	good    *answer // the youngest that calls it good
}

// status weighs the evidence (EN 319 102-1, 5.2.6.4 step 4: the latest that is known to speak of the certificate): a revocation
// is for ever, a hold until younger evidence lifts it.
func (d *decision) status(cert, issuer *knownCert, at time.Time) status {
	var s status
	for i := range cert.answers {
		a := &cert.answers[i]
		if !a.speaksOf(cert) && a.State != StateRevoked || !d.trusted(a.by, issuer) {
			continue
		}
		switch a.State {
		case StateGood:
			s.good = d.better(s.good, a)
			if s.revoked != nil && s.revoked.Reason == onHold {
				s.revoked = nil
			}
		case StateRevoked:
			if a.RevokedAt != nil && a.RevokedAt.After(at) {
				s.good = d.better(s.good, a) // revoked later, so good at the time
				continue
			}
			if s.revoked == nil || s.revoked.Reason == onHold {
				s.revoked = a
			}
		}
	}
	return s
}

// better is the younger of two answers, unless only the older is signed by algorithms that still count.
func (d *decision) better(older, younger *answer) *answer {
	if older != nil && d.reliable(older.by) && !d.reliable(younger.by) {
		return older
	}
	return younger
}

// reliable says that evidence is signed by algorithms that count for it.
func (d *decision) reliable(e *knownEvidence) bool {
	_, _, ok := d.acceptableParts(e)
	return ok
}

// acceptableParts asks the policy's table about each list that the evidence speaks by.
func (d *decision) acceptableParts(e *knownEvidence) (name string, until time.Time, ok bool) {
	for _, p := range e.parts {
		if name, until, ok = d.acceptable(p.Algorithm, d.countsFrom(p)); !ok {
			return name, until, false
		}
	}
	return "", until, true
}

// countsFrom is the time for which the algorithms of evidence are judged. It can be forged from the day on which they are broken,
// whatever time it names: it counts by its proof (EN 319 102-1, 5.2.8.4.1 NOTE 2).
func (d *decision) countsFrom(e *knownEvidence) time.Time { return min2(d.existed(e.object), d.asked) }

// known is since when all that the evidence speaks by is proved to exist; without proof that is now.
func (d *decision) known(e *knownEvidence) time.Time {
	var last time.Time
	for _, p := range e.parts {
		if t := d.existed(p.object); t.After(last) {
			last = t
		}
	}
	return last
}

// goodAt says that evidence in force at a time calls the certificate good: it is known not to have been revoked.
func (d *decision) goodAt(cert, issuer *knownCert, at time.Time) bool {
	for i := range cert.answers {
		a := &cert.answers[i]
		if a.State == StateGood && a.speaksOf(cert) && d.inForce(a.by, at) && d.trusted(a.by, issuer) {
			return true
		}
	}
	return false
}

// speaksOf says that the evidence can know of the certificate: it is not older than it, and not made after it expired by
// someone who has forgotten (RFC 6960, 4.4.4; X.509, expiredCertsOnCRL).
func (a *answer) speaksOf(cert *knownCert) bool {
	if a.by.ThisUpdate.Before(cert.NotBefore) {
		return false
	}
	return !a.by.ThisUpdate.After(cert.NotAfter) || a.by.CutOff != nil && !a.by.CutOff.After(cert.NotAfter)
}

// inForce is the revocation freshness checker (EN 319 102-1, 5.2.5): evidence was issued after a time, or not longer before it
// than the policy, else its own nextUpdate, allows.
func (x *indexed) inForce(e *knownEvidence, at time.Time) bool { return !at.After(x.holdsUntil(e)) }

// holdsUntil is the last moment for which evidence is fresh. Without nextUpdate and without a word of the policy that is the
// moment it was issued: it is not known how fresh it has to be (5.2.5.4 step 1).
func (x *indexed) holdsUntil(e *knownEvidence) time.Time {
	age := time.Duration(x.p.Revocation.MaxAge)
	switch {
	case age > 0:
		return e.ThisUpdate.Add(age)
	case e.NextUpdate != nil:
		return *e.NextUpdate
	default:
		return e.ThisUpdate.Add(time.Duration(x.p.Revocation.MaxAgeWithoutNextUpdate))
	}
}

// trusted says that evidence was signed by the issuer, or by somebody whose chain was good when it was made. How a delegated
// responder is checked for revocation is local policy (RFC 6960, 4.2.2.2.1): here it must not be known to have been revoked.
func (d *decision) trusted(e *knownEvidence, issuer *knownCert) bool {
	for _, p := range e.parts {
		if !d.trustedAlone(p, issuer) {
			return false
		}
	}
	return e.whole
}

func (d *decision) trustedAlone(e *knownEvidence, issuer *knownCert) bool {
	if issuer != nil && e.signer == issuer {
		return true
	}
	made := e.ThisUpdate
	if e.ProducedAt != nil {
		made = *e.ProducedAt
	}
	for i := range e.paths {
		if d.vouchedFor(&e.paths[i], made) {
			return true
		}
	}
	return false
}

// vouchedFor says that a chain was good at a time: anchor, dates, algorithms, and nothing known to have been revoked.
func (d *decision) vouchedFor(path *knownPath, at time.Time) bool {
	a := path.Anchor
	if len(path.Problems) > 0 || len(path.certs) == 0 || a == nil || a.From != nil && at.Before(*a.From) || a.Until != nil && !at.Before(*a.Until) {
		return false
	}
	for i, c := range path.certs {
		if c == nil {
			return false
		}
		anchor := i == len(path.certs)-1
		if anchor && i > 0 {
			continue // an anchor's own dates are those of its trust (RFC 5280, 6.1.1 d)
		}
		if at.Before(c.NotBefore) || at.After(c.NotAfter) || d.revokedBefore(c, at) {
			return false
		}
		if !anchor {
			if _, _, ok := d.acceptable(signedWith(c, path.certs[i+1]), at); !ok {
				return false
			}
		}
	}
	return true
}

// revokedBefore looks at direct answers only: who vouches for a responder is not vouched for by it. A hold counts until younger
// evidence lifts it.
func (d *decision) revokedBefore(cert *knownCert, at time.Time) bool {
	held := false
	for i := range cert.answers {
		a := &cert.answers[i]
		switch {
		case a.by.signer == cert:
		case a.State == StateGood:
			held = false
		case a.State == StateRevoked && (a.RevokedAt == nil || !a.RevokedAt.After(at)):
			if a.Reason != onHold {
				return true
			}
			held = true
		}
	}
	return held
}
