package verify

import (
	"slices"
	"time"
)

// forecast finds until when each signature that passes goes on to do so on these facts: on every date of a certificate, an
// anchor, an algorithm or a piece of evidence it is decided again, and the first on which it no longer passes ends it.
func (x *indexed) forecast(verdicts []SignatureVerdict, at time.Time) {
	var open []int
	for i := range verdicts {
		if verdicts[i].Indication == TotalPassed {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		return
	}
	for _, t := range x.dates(at) {
		after := x.decide(t.Add(time.Second))
		var on *decision
		open = slices.DeleteFunc(open, func(i int) bool {
			if after.judge(&x.signatures[i]).indication == TotalPassed {
				return false
			}
			if on == nil {
				on = x.decide(t)
			}
			last := t // notAfter is the last second of a certificate, the day of an algorithm the first without it
			if on.judge(&x.signatures[i]).indication != TotalPassed {
				last = t.Add(-time.Second)
			}
			verdicts[i].ValidUntil = moment(last)
			return true
		})
		if len(open) == 0 {
			return
		}
	}
}

// dates are those on which an answer can change, none before at, in order.
func (x *indexed) dates(at time.Time) []time.Time {
	all := make([]time.Time, 0, 32)
	add := func(t time.Time) {
		if !t.Before(at) {
			all = append(all, t)
		}
	}
	algorithm := func(a AlgorithmFacts) {
		for _, one := range []AlgorithmFacts{{Digest: a.Digest}, {Signature: a.Signature, Bits: a.Bits}} {
			if _, until, _ := x.acceptable(one, at); !until.IsZero() {
				add(until)
			}
		}
	}
	chains := func(cs []ChainFacts) {
		for i := range cs {
			if a := cs[i].Anchor; a != nil && a.Until != nil {
				add(*a.Until)
			}
		}
	}
	for i := range x.f.Certificates {
		c := &x.f.Certificates[i]
		add(c.NotAfter)
		algorithm(AlgorithmFacts{Digest: c.Algorithm.Digest, Signature: c.Key.Signature, Bits: c.Key.Bits})
	}
	for i := range x.evidence {
		x.evidenceDates(&x.evidence[i], add)
		algorithm(x.evidence[i].Algorithm)
	}
	for i := range x.f.Signatures {
		s := &x.f.Signatures[i]
		algorithm(s.Algorithm)
		algorithm(AlgorithmFacts{Digest: s.ContentDigest})
		chains(s.Chains)
		for j := range s.Timestamps {
			t := &s.Timestamps[j]
			algorithm(t.Algorithm)
			algorithm(AlgorithmFacts{Digest: t.Digest})
			chains(t.Chains)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// evidenceDates are those of evidence up to the collection of the facts; afterwards younger evidence is taken for granted. A
// revocation that is known counts whenever it comes.
func (x *indexed) evidenceDates(e *knownEvidence, add func(time.Time)) {
	if until := x.holdsUntil(e); until.Before(x.f.CollectedAt) {
		add(until)
	}
	for i := range e.Answers {
		if r := e.Answers[i].RevokedAt; r != nil {
			add(*r)
		}
	}
	if e.signer != nil && e.signer.NotAfter.Before(x.f.CollectedAt) {
		add(e.signer.NotAfter)
	}
}
