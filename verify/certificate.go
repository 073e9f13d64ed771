package verify

import (
	"strconv"
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
func (d *decision) certificate(paths []knownPath, q question) *conclusion {
	var best *conclusion
	for i := range paths {
		c := d.chainAt(&paths[i], q)
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

// chainOrder is by how much is still missing.
var chainOrder = [...]SubIndication{
	TryLater, RevocationOutOfBounds, CryptoConstraintsNoPOE, OutOfBoundsNotRevoked, OutOfBoundsNoPOE, RevokedNoPOE, RevokedCANoPOE,
	NoCertificateChainNoPOE, ChainConstraintsFailure, ChainGeneralFailure, NoCertificateChain,
}

func chainRank(s SubIndication) int {
	for i, o := range chainOrder {
		if o == s {
			return i
		}
	}
	return len(chainOrder)
}

// chainAt judges one chain for a time.
func (d *decision) chainAt(path *knownPath, q question) *conclusion {
	c := passed(Basic)
	c.chain = path.ChainFacts
	if !d.lasting(path, c) {
		return c
	}
	d.anchor(path.Anchor, q.at, c)
	for i := range len(path.certs) - 1 {
		d.certificateAt(path, i, q, c)
	}
	if len(path.certs) == 1 { // 5.2.6.4 step 1 b): the signing certificate is itself the anchor
		d.validity(path.certs[0], nil, true, q, c)
	}
	return c
}

// anchor judges the time between which a trust anchor is one (EN 319 102-1, 5.2.6.4 step 3): the sunset date is the first
// moment without it. That it was recognised only later is no matter of proof: then it was none.
func (d *decision) anchor(a *AnchorFacts, at time.Time, c *conclusion) {
	switch {
	case a.From != nil && at.Before(*a.From):
		c.fail(Indeterminate, NoCertificateChain, Finding{Code: "anchor_out_of_time", Detail: a.Name, When: a.From})
	case a.Until != nil && !at.Before(*a.Until):
		c.fail(Indeterminate, NoCertificateChainNoPOE, Finding{Code: "anchor_out_of_time", Detail: a.Name, When: a.Until})
	}
}

// lasting says what is wrong with a chain at any time; false when there is nothing to go on with.
func (d *decision) lasting(path *knownPath, c *conclusion) bool {
	for _, p := range path.Problems {
		sub, code := chainSub(p.Code)
		c.fail(Indeterminate, sub, Finding{Code: code, Detail: p.Subject})
	}
	if path.Anchor == nil || len(path.certs) == 0 {
		if len(path.Problems) == 0 {
			c.fail(Indeterminate, NoCertificateChain, Finding{Code: "no_path"})
		}
		return false
	}
	for i, cert := range path.certs {
		if cert == nil { // facts that were written by hand
			c.fail(Indeterminate, NoCertificateChain, Finding{Code: "no_path", Detail: path.Certificates[i]})
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
func (d *decision) certificateAt(path *knownPath, i int, q question, c *conclusion) {
	cert, issuer := path.certs[i], path.certs[i+1]
	if name, until, ok := d.acceptable(signedWith(cert, issuer), q.at); !ok {
		c.fail(Indeterminate, CryptoConstraintsNoPOE, Finding{Code: "weak_certificate_algorithm", Detail: name + ", " + cert.Subject, When: moment(until)})
	}
	inBounds := d.validity(cert, issuer, i == 0, q, c)
	d.revocation(cert, issuer, i == 0, q, c, inBounds)
}

// signedWith are the algorithms of the issuer's signature on a certificate: the certificate names the digest, the key the rest.
func signedWith(cert, issuer *knownCert) AlgorithmFacts {
	a := cert.Algorithm
	a.Signature, a.Bits = firstOf(a.Signature, issuer.Key.Signature), issuer.Key.Bits
	return a
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
// OUT_OF_BOUNDS_NOT_REVOKED of it (EN 319 102-1, 5.2.6.4 step 7). What that step says of the signing certificate holds for those
// above it too: RFC 5280, 6.1.3 (a) (2).
func (d *decision) validity(cert, issuer *knownCert, leaf bool, q question, c *conclusion) bool {
	sub := OutOfBoundsNoPOE
	switch {
	case q.at.Before(cert.NotBefore):
		c.fail(Indeterminate, sub, Finding{Code: "certificate_not_yet_valid", Detail: cert.Subject, When: moment(cert.NotBefore)})
		c.early = c.early || leaf
	case q.at.After(cert.NotAfter):
		if leaf && d.goodAt(cert, issuer, cert.NotAfter) {
			sub = OutOfBoundsNotRevoked
		}
		c.fail(Indeterminate, sub, Finding{Code: "certificate_expired", Detail: cert.Subject, When: moment(cert.NotAfter)})
	default:
		return true
	}
	return false
}

// revocation judges what the evidence says of a certificate (EN 319 102-1, 5.2.6.4 steps 4, 6 and 8). A certificate that says
// itself that nobody answers for it needs none.
func (d *decision) revocation(cert, issuer *knownCert, leaf bool, q question, c *conclusion, inBounds bool) {
	if cert.NoRevAvail {
		return
	}
	s := d.status(cert, issuer, q.at)
	switch {
	case s.revoked != nil && s.revoked.Reason == onHold: // step 4 c)
		c.fail(Indeterminate, TryLater, Finding{Code: "certificate_on_hold", Detail: cert.Subject, When: s.revoked.RevokedAt})
		return
	case s.revoked != nil: // steps 4 b) and d), before all that is judged of a path afterwards
		sub := RevokedNoPOE
		if !leaf {
			sub = RevokedCANoPOE
		}
		if c.sub != NoCertificateChain && c.sub != NoCertificateChainNoPOE {
			c.indication, c.sub = Indeterminate, sub
		}
		c.errors = append(c.errors, Finding{Code: "certificate_revoked", Detail: cert.Subject, When: s.revoked.RevokedAt})
		return
	case !inBounds:
		return // nobody answers for a certificate out of its dates
	case s.good == nil:
		c.severe(d.p.Revocation.Required, TryLater, Finding{Code: "no_revocation_evidence", Detail: cert.Subject})
		return
	}
	d.evidenceFor(cert, issuer, leaf, q, s.good, c)
}

// evidenceFor judges the evidence that calls a certificate good: freshness (step 4 a), algorithms (step 6) and whether its
// issuer's certificate was still valid (step 8). In a forecast it is asked no more than to have been good enough when the facts
// were collected.
func (d *decision) evidenceFor(cert, issuer *knownCert, leaf bool, q question, good *answer, c *conclusion) {
	ref := min2(q.at, d.asked)
	switch {
	case !d.inForce(good.by, ref):
		c.severe(q.stale, TryLater, Finding{Code: "revocation_stale", Detail: cert.Subject, When: moment(good.by.ThisUpdate)})
	case leaf && !q.since.IsZero() && good.by.ThisUpdate.Before(q.since):
		c.severe(d.p.Revocation.AfterSignature, TryLater, Finding{Code: "revocation_before_signature", Detail: cert.Subject, When: moment(good.by.ThisUpdate)})
	}
	if name, until, ok := d.acceptableParts(good.by); !ok {
		c.fail(Indeterminate, CryptoConstraintsNoPOE, Finding{Code: "weak_revocation_algorithm", Detail: name, When: moment(until)})
	}
	for _, p := range good.by.parts {
		if by := p.signer; by != nil && by != issuer && ref.After(by.NotAfter) {
			c.severe(d.p.Revocation.IssuerExpired, RevocationOutOfBounds, Finding{Code: "revocation_issuer_expired", Detail: by.Subject, When: moment(by.NotAfter)})
			return
		}
	}
}

func min2(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// acceptable asks the policy's table; name is the algorithm that is not, until the end that comes first.
func (x *indexed) acceptable(a AlgorithmFacts, at time.Time) (name string, until time.Time, ok bool) {
	if x.p.algorithms == nil {
		return "", time.Time{}, true
	}
	for _, one := range [...]struct {
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
		switch {
		case !fine && one.bits > 0: // the algorithm may be fine with a longer key
			return one.name + " " + strconv.Itoa(one.bits) + " bit", end, false
		case !fine:
			return one.name, end, false
		}
	}
	return "", until, true
}
