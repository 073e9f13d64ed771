package verify

import (
	"time"
)

// question is what is asked about a certificate.
type question struct {
	at    time.Time // its validity, revocation and algorithms are judged for this time
	since time.Time // evidence must have been issued after this time where the policy wants that; zero: no matter
	stale Severity  // what evidence means that was no longer in force
}

// certificate is the X.509 certificate validation building block (EN 319 102-1, 5.2.6). The first chain that passes counts,
// else the one that is least wrong.
func (d *decision) certificate(chains []ChainFacts, q question) *conclusion {
	var best *conclusion
	for i := range chains {
		c := d.chainAt(&chains[i], q)
		if c.indication == TotalPassed {
			return c
		}
		if best == nil || chainRank(c.sub) < chainRank(best.sub) {
			best = c
		}
	}
	if best == nil {
		best = passed(Basic)
		best.fail(Indeterminate, NoCertificateChain, Finding{Code: "no_path"})
	}
	return best
}

func passed(p Process) *conclusion { return &conclusion{indication: TotalPassed, process: p} }

// chainRank orders sub-indications by how much is still missing.
func chainRank(s SubIndication) int {
	for i, o := range []SubIndication{
		TryLater, CryptoConstraintsNoPOE, OutOfBoundsNotRevoked, OutOfBoundsNoPOE, RevokedNoPOE, RevokedCANoPOE, ChainConstraintsFailure,
		ChainGeneralFailure, NoCertificateChain,
	} {
		if o == s {
			return i
		}
	}
	return 100
}

// chainAt judges one chain for a time.
func (d *decision) chainAt(chain *ChainFacts, q question) *conclusion {
	c := passed(Basic)
	c.chain = chain
	if !d.lasting(chain, c) {
		return c
	}
	if a := chain.Anchor; a.From != nil && q.at.Before(*a.From) || a.Until != nil && q.at.After(*a.Until) {
		c.fail(Indeterminate, NoCertificateChain, Finding{Code: "anchor_out_of_time", Detail: a.Name, When: a.Until})
	}
	for i := range len(chain.Certificates) - 1 {
		d.certificateAt(chain, i, q, c)
	}
	if len(chain.Certificates) == 1 { // the signing certificate is itself the anchor (EN 319 102-1, 5.2.6.4)
		d.validity(d.certs[chain.Certificates[0]], true, q, c)
	}
	return c
}

// lasting says what is wrong with a chain at any time; false when there is nothing to go on with.
func (d *decision) lasting(chain *ChainFacts, c *conclusion) bool {
	for _, p := range chain.Problems {
		sub, code := chainSub(p.Code)
		c.fail(Indeterminate, sub, Finding{Code: code, Detail: p.Subject})
	}
	if chain.Anchor == nil {
		if len(chain.Problems) == 0 {
			c.fail(Indeterminate, NoCertificateChain, Finding{Code: "no_path"})
		}
		return false
	}
	for _, id := range chain.Certificates {
		if d.certs[id] == nil { // facts that were written by hand
			c.fail(Indeterminate, NoCertificateChain, Finding{Code: "no_path", Detail: id})
			return false
		}
	}
	return true
}

// chainSub maps a problem of certpath to its sub-indication and the finding's code.
func chainSub(code string) (SubIndication, string) {
	switch code {
	case "no_path":
		return NoCertificateChain, "no_path"
	case "bad_signature", "limit", "not_a_ca":
		return ChainGeneralFailure, "chain_" + code
	default:
		return ChainConstraintsFailure, "chain_" + code
	}
}

// certificateAt judges the i-th certificate of a chain for a time: algorithms, validity, revocation.
func (d *decision) certificateAt(chain *ChainFacts, i int, q question, c *conclusion) {
	cert, issuer := d.certs[chain.Certificates[i]], d.certs[chain.Certificates[i+1]]
	signed := cert.Algorithm
	signed.Signature, signed.Bits = firstOf(signed.Signature, issuer.Key.Signature), issuer.Key.Bits
	if name, until, ok := d.acceptable(signed, q.at); !ok {
		c.fail(Indeterminate, CryptoConstraintsNoPOE, Finding{Code: "weak_certificate_algorithm", Detail: name + ", " + cert.Subject, When: moment(until)})
	}
	known := d.validity(cert, i == 0, q, c)
	d.revocation(cert, issuer, i == 0, q, c, known)
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// validity judges a certificate's own dates; false when it is out of them. That it was not revoked when it ended makes
// OUT_OF_BOUNDS_NOT_REVOKED of it (EN 319 102-1, 5.2.6.4).
func (d *decision) validity(cert *CertificateFacts, leaf bool, q question, c *conclusion) bool {
	sub := OutOfBoundsNoPOE
	switch {
	case q.at.Before(cert.NotBefore):
		c.fail(Indeterminate, sub, Finding{Code: "certificate_not_yet_valid", Detail: cert.Subject, When: moment(cert.NotBefore)})
	case q.at.After(cert.NotAfter):
		if leaf && d.goodAt(cert, cert.NotAfter) {
			sub = OutOfBoundsNotRevoked
		}
		c.fail(Indeterminate, sub, Finding{Code: "certificate_expired", Detail: cert.Subject, When: moment(cert.NotAfter)})
	default:
		return true
	}
	return false
}

// goodAt says that evidence in force at a time calls the certificate good.
func (d *decision) goodAt(cert *CertificateFacts, at time.Time) bool {
	for _, a := range d.answers[cert.ID] {
		if a.State == StateGood && a.speaksOf(cert) && d.inForce(a.by, at) {
			return true
		}
	}
	return false
}

// revocation judges what the evidence says of a certificate (EN 319 102-1, 5.2.5 and 5.2.6.4).
func (d *decision) revocation(cert, issuer *CertificateFacts, leaf bool, q question, c *conclusion, inBounds bool) {
	if cert.NoRevAvail {
		return
	}
	s := d.status(cert, issuer, q.at)
	switch {
	case s.revoked != nil && s.revoked.Reason == onHold:
		c.fail(Indeterminate, TryLater, Finding{Code: "certificate_on_hold", Detail: cert.Subject, When: s.revoked.RevokedAt})
		return
	case s.revoked != nil:
		sub := RevokedNoPOE
		if !leaf {
			sub = RevokedCANoPOE
		}
		c.indication, c.sub = Indeterminate, sub // says more than a date that is over
		c.errors = append(c.errors, Finding{Code: "certificate_revoked", Detail: cert.Subject, When: s.revoked.RevokedAt})
		return
	}
	if !inBounds {
		return // nobody answers for a certificate out of its dates
	}
	ref := q.at
	if d.asked.Before(ref) {
		ref = d.asked
	}
	switch {
	case s.good == nil:
		c.severe(d.p.Revocation.Required, TryLater, Finding{Code: "no_revocation_evidence", Detail: cert.Subject})
		return
	case !d.inForce(s.good.by, ref):
		c.severe(q.stale, TryLater, Finding{Code: "revocation_stale", Detail: cert.Subject, When: moment(s.good.by.ThisUpdate)})
	case leaf && !q.since.IsZero() && s.good.by.ThisUpdate.Before(q.since):
		c.severe(d.p.Revocation.AfterSignature, TryLater, Finding{Code: "revocation_before_signature", Detail: cert.Subject, When: moment(s.good.by.ThisUpdate)})
	}
	if name, until, ok := d.acceptable(s.good.by.Algorithm, min2(q.at, s.good.by.ThisUpdate)); !ok {
		c.fail(Indeterminate, CryptoConstraintsNoPOE, Finding{Code: "weak_revocation_algorithm", Detail: name, When: moment(until)})
	}
}

func min2(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// onHold is certificateHold (RFC 5280, 5.3.1).
const onHold = 6

// status is what all evidence together says of a certificate at a time.
type status struct {
	revoked *answer // the revocation that counts, at or before the time
	good    *answer // the youngest that calls it good
}

// status weighs the evidence: a revocation is for ever, a hold until younger evidence lifts it.
func (d *decision) status(cert, issuer *CertificateFacts, at time.Time) status {
	var s status
	answers := d.answers[cert.ID]
	for i := range answers {
		a := &answers[i]
		if !a.speaksOf(cert) && a.State != StateRevoked || !d.trusted(a.by, issuer) {
			continue
		}
		switch a.State {
		case StateGood:
			s.good = a
			if s.revoked != nil && s.revoked.Reason == onHold {
				s.revoked = nil
			}
		case StateRevoked:
			if a.RevokedAt != nil && a.RevokedAt.After(at) {
				s.good = a // revoked later, so good at the time
				continue
			}
			if s.revoked == nil || s.revoked.Reason == onHold {
				s.revoked = a
			}
		}
	}
	return s
}

// speaksOf says that the evidence can know of the certificate: it is not older than it, and not made after it expired by
// someone who has forgotten (RFC 6960, 4.4.4; X.509, expiredCertsOnCRL).
func (a *answer) speaksOf(cert *CertificateFacts) bool {
	if a.by.ThisUpdate.Before(cert.NotBefore) {
		return false
	}
	return !a.by.ThisUpdate.After(cert.NotAfter) || a.by.CutOff != nil && !a.by.CutOff.After(cert.NotAfter)
}

// defaultAge is how long evidence without nextUpdate is taken to hold: "newer information is available all the time"
// (RFC 6960, 4.2.2.1).
const defaultAge = 24 * time.Hour

// inForce says that evidence holds for a time: it was issued after it, or not replaced by then.
func (d *decision) inForce(e *EvidenceFacts, at time.Time) bool { return !at.After(d.holdsUntil(e)) }

// holdsUntil is the last moment that evidence says something about.
func (d *decision) holdsUntil(e *EvidenceFacts) time.Time {
	age := time.Duration(d.p.Revocation.MaxAge)
	switch {
	case age > 0:
		return e.ThisUpdate.Add(age)
	case e.NextUpdate != nil:
		return *e.NextUpdate
	default:
		return e.ThisUpdate.Add(defaultAge)
	}
}

// trusted says that evidence was signed by the issuer, or by somebody whose chain was good when it was made.
func (d *decision) trusted(e *EvidenceFacts, issuer *CertificateFacts) bool {
	if issuer != nil && e.Signer == issuer.ID {
		return true
	}
	made := e.ThisUpdate
	if e.ProducedAt != nil {
		made = *e.ProducedAt
	}
	for i := range e.Chains {
		chain := &e.Chains[i]
		if len(chain.Problems) > 0 || chain.Anchor == nil {
			continue
		}
		good := true
		for _, id := range chain.Certificates[:max(1, len(chain.Certificates)-1)] {
			c := d.certs[id]
			good = good && c != nil && !made.Before(c.NotBefore) && !made.After(c.NotAfter) && !d.revokedBefore(c, made)
		}
		if good {
			return true
		}
	}
	return false
}

// revokedBefore looks at direct answers only: who vouches for a responder is not vouched for by it.
func (d *decision) revokedBefore(cert *CertificateFacts, at time.Time) bool {
	for _, a := range d.answers[cert.ID] {
		if a.State == StateRevoked && a.Reason != onHold && (a.RevokedAt == nil || !a.RevokedAt.After(at)) && a.by.Signer != cert.ID {
			return true
		}
	}
	return false
}

// acceptable asks the policy's table; name is the algorithm that is not, until the end that comes first.
func (x *indexed) acceptable(a AlgorithmFacts, at time.Time) (name string, until time.Time, ok bool) {
	if x.p.algorithms == nil {
		return "", time.Time{}, true
	}
	for _, one := range []struct {
		name string
		bits int
	}{{a.Digest, 0}, {a.Signature, a.Bits}} {
		if one.name == "" {
			continue
		}
		end, fine := x.p.algorithms.Acceptable(one.name, one.bits, at)
		if !end.IsZero() && (until.IsZero() || end.Before(until)) {
			until = end
		}
		if !fine {
			return one.name, end, false
		}
	}
	return "", until, true
}
