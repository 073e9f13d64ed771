package verify

// timestamp is the time-stamp validation building block (EN 319 102-1, 5.4), and where the answer now is open, what the
// time-stamps that were judged before it still prove (5.6.2.4).
func (d *decision) timestamp(t *knownStamp) *conclusion {
	stale := d.p.Revocation.StaleForTimestamps
	c := d.stampAt(t, question{at: d.at, stale: stale})
	proved, ok := d.proved(t.object)
	if !ok || c.indication != Indeterminate || !past(c.sub) || !proved.Before(d.at) {
		return c
	}
	l := d.pastCertificate(t.paths, stale)
	if l.verdict(proved); l.past.Indication != TotalPassed {
		c.past = &l.past
		return c
	}
	if d.stampAt(t, question{at: proved, stale: Ignore}).indication != TotalPassed {
		return c
	}
	p := passed(LongTerm)
	p.chain, p.past = l.chain, &l.past
	return p
}

func (d *decision) stampAt(t *knownStamp, q question) *conclusion {
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
	c.take(d.certificate(t.paths, q))
	for _, a := range [...]AlgorithmFacts{t.Algorithm, {Digest: t.Digest}} {
		if name, until, ok := d.acceptable(a, q.at); !ok {
			c.fail(Indeterminate, CryptoConstraintsNoPOE, Finding{Code: "weak_timestamp_algorithm", Detail: name, When: moment(until)})
		}
	}
	return c
}

// documentTimestamp is a document time-stamp as a signature of its own: its token, its byte range and what came after.
func (d *decision) documentTimestamp(s *knownSignature) *conclusion {
	c := passed(Basic)
	d.format(s.SignatureFacts, c)
	if s.Unread != "" || s.Dead || len(s.stamps) == 0 {
		return c
	}
	d.changed(s.SignatureFacts, c)
	if s.Digest == Mismatch {
		c.fail(TotalFailed, HashFailure, Finding{Code: "digest_mismatch"})
		return c
	}
	t := d.stamped[s.stamps[0].place]
	c.process, c.past = t.process, t.past
	c.take(t)
	return c
}
