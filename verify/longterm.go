package verify

import "time"

// lasting time of a chain: the path that was validated, and the last moment for which that can be relied upon.
type longTermPath struct {
	chain   *ChainFacts
	control time.Time
	passed  bool
}

// longTerm is past signature validation (EN 319 102-1, 5.6.2.4): the path is validated for the past, and the signature has
// to be proved to have existed before anything about it became doubtful.
func (d *decision) longTerm(s *SignatureFacts, now *conclusion, best time.Time) *conclusion {
	l := d.pastCertificate(s.Chains, d.p.Revocation.Stale)
	if l == nil || best.After(l.control) {
		return now
	}
	c := d.basic(s, question{at: best, since: best, stale: Ignore})
	c.process = LongTerm
	if tooEarly(c) {
		c.indication, c.sub = TotalFailed, NotYetValid
		return c
	}
	if c.indication != TotalPassed && !d.excused(c, l) {
		return now
	}
	ok := passed(LongTerm)
	ok.chain, ok.warnings = l.chain, c.warnings
	return ok
}

// excused says that all that is left open at the proved time is about certificates, and the past path answers that.
func (d *decision) excused(c *conclusion, l *longTermPath) bool {
	if c.indication == TotalPassed {
		return true
	}
	if c.indication == TotalFailed {
		return false
	}
	for _, f := range c.errors {
		switch f.Code {
		case "revocation_stale", "revocation_before_signature", "weak_certificate_algorithm", "weak_revocation_algorithm", "anchor_out_of_time":
		default:
			return false
		}
	}
	return l.passed
}

// pastCertificate is past certificate validation (EN 319 102-1, 5.6.2.1): the first chain whose validation time can slide
// down to a moment at which all of it is proved to have been in order; nil if there is none.
func (d *decision) pastCertificate(chains []ChainFacts, stale Severity) *longTermPath {
	var best *longTermPath
	for i := range chains {
		chain := &chains[i]
		if c := passed(LongTerm); !d.lasting(chain, c) || len(chain.Problems) > 0 {
			continue
		}
		if control, ok := d.slide(chain, stale); ok && (best == nil || control.After(best.control)) {
			best = &longTermPath{chain: chain, control: control, passed: true}
		}
	}
	return best
}

// slide is validation time sliding (EN 319 102-1, 5.6.2.2). Starting at the anchor's end of the chain the control time
// goes down to the moment until which each certificate, by evidence that existed by then, is known to have been good.
func (d *decision) slide(chain *ChainFacts, stale Severity) (control time.Time, ok bool) {
	control = d.at
	if u := chain.Anchor.Until; u != nil && u.Before(control) {
		control = *u
	}
	for i := len(chain.Certificates) - 2; i >= 0; i-- {
		cert, issuer := d.certs[chain.Certificates[i]], d.certs[chain.Certificates[i+1]]
		if d.existed(cert.ID).After(control) && i > 0 {
			return control, false
		}
		if cert.NotAfter.Before(control) {
			control = cert.NotAfter
		}
		if !cert.NoRevAvail {
			if control, ok = d.slideBy(cert, issuer, control, stale); !ok {
				return control, false
			}
		}
		// Its signature has to be reliable at the control time, or proved to be older than the end of its algorithms.
		signed := cert.Algorithm
		signed.Signature, signed.Bits = firstOf(signed.Signature, issuer.Key.Signature), issuer.Key.Bits
		if _, until, fine := d.acceptable(signed, control); !fine {
			if until.IsZero() || d.existed(cert.ID).After(until) {
				return control, false
			}
			control = until
		}
	}
	return control, true
}

// slideBy finds evidence about one certificate that is proved to have existed by the control time, and lowers that time to
// what it still says.
func (d *decision) slideBy(cert, issuer *CertificateFacts, control time.Time, stale Severity) (time.Time, bool) {
	var lowest time.Time
	found := false
	answers := d.answers[cert.ID]
	for i := range answers {
		a := &answers[i]
		if a.State == StateUnknown || a.by.ThisUpdate.After(control) && a.State != StateRevoked || !d.trusted(a.by, issuer) {
			continue
		}
		if a.State == StateRevoked && a.Reason != onHold && a.RevokedAt != nil {
			// A revocation counts whenever it became known: nothing after it is good.
			if a.RevokedAt.Before(control) {
				control = *a.RevokedAt
			}
			found = true
			continue
		}
		if !a.speaksOf(cert) || d.existed(a.by.ID).After(control) {
			continue
		}
		until := d.holdsUntil(a.by)
		if stale != Fail && until.Before(control) {
			until = control
		}
		if _, end, fine := d.acceptable(a.by.Algorithm, control); !fine {
			if end.IsZero() || d.existed(a.by.ID).After(end) {
				continue
			}
			until = min2(until, end)
		}
		if until.After(lowest) {
			lowest = until
		}
		found = true
	}
	if !found && d.p.Revocation.Required != Fail {
		return control, true
	}
	if !lowest.IsZero() && lowest.Before(control) {
		control = lowest
	}
	return control, found
}
