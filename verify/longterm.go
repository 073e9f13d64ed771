package verify

import "time"

// pastPath is what past certificate validation found: the chain, and the moment down to which validation time slid.
type pastPath struct {
	chain   *ChainFacts
	control time.Time
	missing string // of which certificate something is not proved early enough, "" if it found a control time
	past    PastVerdict
}

// longTerm is past signature validation (EN 319 102-1, 5.6.2.4): the path is validated for the past, and the signature has
// to be proved to have existed before anything about it became doubtful. Where it does not pass, the answer for now stands,
// with the reason.
func (d *decision) longTerm(s *knownSignature, now *conclusion, best time.Time) *conclusion {
	l := d.pastCertificate(s.paths, d.p.Revocation.Stale)
	l.verdict(best)
	now.past = &l.past
	if l.past.Indication != TotalPassed {
		now.errors = append(now.errors, Finding{Code: "proof_missing", Detail: l.missing, When: l.past.ControlTime})
		return now
	}
	// What has been proved of the path does not prove the rest: format, cryptography and acceptance at the proved time.
	c := d.basic(s, question{at: best, since: best, stale: Ignore})
	if c.indication != TotalPassed {
		return now
	}
	ok := passed(LongTerm)
	ok.chain, ok.warnings, ok.past = l.chain, c.warnings, &l.past
	return ok
}

// verdict is step 3 of 5.6.2.4.4: there is a proof of the object at or before control time.
func (l *pastPath) verdict(proved time.Time) {
	l.past = PastVerdict{Indication: Indeterminate, Sub: NoPOE}
	switch {
	case l.chain == nil:
		l.past.Sub = NoCertificateChain
	case l.missing != "":
	default:
		l.past.ControlTime = moment(l.control)
		if !proved.After(l.control) {
			l.past = PastVerdict{Indication: TotalPassed, ControlTime: l.past.ControlTime}
		}
	}
}

// pastCertificate is past certificate validation (EN 319 102-1, 5.6.2.1): of the chains whose validation time can slide down
// to a moment at which all of it is proved to have been in order, the one where that is latest.
func (d *decision) pastCertificate(paths []knownPath, stale Severity) *pastPath {
	best := &pastPath{}
	for i := range paths {
		path := &paths[i]
		if c := passed(LongTerm); !d.lasting(path, c) || len(path.Problems) > 0 {
			continue
		}
		control, missing := d.slide(path, stale)
		if best.chain == nil || missing == "" && (best.missing != "" || control.After(best.control)) {
			best = &pastPath{chain: path.ChainFacts, control: control, missing: missing}
		}
	}
	return best
}

// slide is validation time sliding (EN 319 102-1, 5.6.2.2). Starting at the anchor's end of the chain the control time
// goes down to the moment until which each certificate, by evidence that existed by then, is known to have been good. missing
// names the certificate of which something is not proved.
//
// Step 2 c) goes down to the issuance of evidence that is not fresh enough. Here it goes down to the last moment for which it is
// fresh (5.2.5): somebody who validated then would have passed. Else a root that issues a list each half year could never be
// validated in the past.
func (d *decision) slide(path *knownPath, stale Severity) (control time.Time, missing string) {
	control = d.at
	if u := path.Anchor.Until; u != nil && !control.Before(*u) { // step 1: the sunset date is the first moment without the anchor
		control = u.Add(-time.Nanosecond)
	}
	for i := len(path.certs) - 2; i >= 0; i-- {
		cert, issuer := path.certs[i], path.certs[i+1]
		if d.existed(cert.object).After(control) { // step 2 a)
			return control, cert.Subject
		}
		control = min2(control, cert.NotAfter)
		if !cert.NoRevAvail {
			var ok bool
			if control, ok = d.slideBy(cert, issuer, control, stale); !ok {
				return control, cert.Subject
			}
		}
		// Step 2 d): its signature has to be reliable at the control time, or proved to be older than the end of its algorithms.
		if _, until, fine := d.acceptable(signedWith(cert, issuer), control); !fine {
			if until.IsZero() || !d.existed(cert.object).Before(until) {
				return control, cert.Subject
			}
			control = until.Add(-time.Nanosecond)
		}
	}
	return control, ""
}

// slideBy finds evidence about one certificate that is proved to have existed by the control time, and lowers that time to
// what it still says (EN 319 102-1, 5.6.2.2.4 step 2 a) to d)).
func (d *decision) slideBy(cert, issuer *knownCert, control time.Time, stale Severity) (time.Time, bool) {
	limit := control
	var until, hold time.Time
	found := false
	for i := range cert.answers {
		a := &cert.answers[i]
		if a.State == StateUnknown || a.State == StateGood && !a.speaksOf(cert) || !d.trusted(a.by, issuer) {
			continue
		}
		says := d.holdsUntil(a.by)
		if stale != Fail && says.Before(control) {
			says = control
		}
		switch {
		case a.State == StateGood:
			hold = time.Time{} // lifted
		case a.Reason == onHold:
			says = unrevokedUntil(a, cert)
			hold = says
		default: // a revocation counts whenever it became known: nothing after it is good
			says = unrevokedUntil(a, cert)
			limit = min2(limit, says)
		}
		if a.by.ThisUpdate.After(control) || d.known(a.by).After(control) {
			continue
		}
		says, fine := d.saysAt(a.by, says, control)
		if !fine {
			continue
		}
		if found = true; says.After(until) {
			until = says
		}
	}
	if !hold.IsZero() {
		limit = min2(limit, hold)
	}
	if found {
		return min2(limit, until), true
	}
	return limit, d.p.Revocation.Required != Fail
}

// saysAt lowers the last moment that evidence speaks of to where each of its algorithms was still reliable, or it is proved to be
// older than their end; false where it is neither.
func (d *decision) saysAt(e *knownEvidence, says, control time.Time) (time.Time, bool) {
	for _, p := range e.parts {
		if _, end, fine := d.acceptable(p.Algorithm, control); !fine {
			if end.IsZero() || !d.existed(p.object).Before(end) {
				return says, false
			}
			says = min2(says, end.Add(-time.Nanosecond))
		}
	}
	return says, true
}

// unrevokedUntil is the last moment before a certificate is revoked: before all of it, where the evidence does not say.
func unrevokedUntil(a *answer, cert *knownCert) time.Time {
	since := cert.NotBefore
	if a.RevokedAt != nil {
		since = *a.RevokedAt
	}
	return since.Add(-time.Nanosecond)
}
