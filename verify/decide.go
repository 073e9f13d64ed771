package verify

import (
	"slices"
	"time"
)

// Verdict is the decision about a document. It is a value.
type Verdict struct {
	Policy     *Policy
	At         time.Time
	Facts      *Facts
	Indication Indication
	Sub        SubIndication
	Signatures []SignatureVerdict
}

// SignatureVerdict is the decision about one signature, in the order of the facts.
type SignatureVerdict struct {
	Indication        Indication
	Sub               SubIndication
	Process           Process // the process that gave the answer
	Level             string  // "B-B", "B-T", "B-LT", "B-LTA" or "none"
	Integrity         string  // "intact", "broken" or "unverifiable"
	Modifications     Class
	Chain             *ChainFacts // the path that was judged, nil if none
	BestSignatureTime *time.Time  // nil if nothing proves a time
	ValidUntil        *time.Time  // the last moment at which these facts still pass; nil: they do not, or no end is known
	Errors, Warnings  []Finding
	Timestamps        []TimestampVerdict // in the order of the facts
}

// TimestampVerdict is the decision about one time-stamp.
type TimestampVerdict struct {
	Indication Indication
	Sub        SubIndication
	Process    Process
}

// Process is a validation process of EN 319 102-1.
type Process string

// The processes.
const (
	Basic    Process = "basic"     // 5.3, or 5.4 for time-stamps
	WithTime Process = "with-time" // 5.5
	LongTerm Process = "long-term" // 5.6
)

// Finding is a stable code and what it is about.
type Finding struct {
	Code   string
	Detail string
	// When is the date that matters (a revocation, an end of validity), nil if there is none.
	When *time.Time
}

// Decide judges facts by a policy for a time. Same input, same output; it reads and writes nothing. Where at is younger than
// the facts the answer is a forecast: it takes for granted that no certificate is revoked in between.
func Decide(f *Facts, p *Policy, at time.Time) *Verdict {
	x := index(f, p)
	d := x.decide(at)
	v := &Verdict{Policy: p, At: at.UTC(), Facts: f, Indication: Indeterminate, Sub: NoSignature, Signatures: make([]SignatureVerdict, len(f.Signatures))}
	counted := 0
	for i := range f.Signatures {
		s := d.verdict(i)
		if s.Indication == TotalPassed {
			s.ValidUntil = x.validUntil(i, at)
		}
		s.nameAttacks(&f.Signatures[i], p)
		v.Signatures[i] = s
		if f.Signatures[i].Type != TypeSignature && f.Format != "tst" {
			continue // a document time-stamp counts through what it proves, a counter-signature for its signer alone
		}
		if counted++; counted == 1 || worse(s.Indication, v.Indication) {
			v.Indication, v.Sub = s.Indication, s.Sub
		}
	}
	return v
}

// indexed is facts with a policy, ready to be decided for any time. It is read-only.
type indexed struct {
	f       *Facts
	p       *Policy
	certs   map[string]*CertificateFacts
	answers map[string][]answer // by certificate, oldest evidence first
}

// answer is what one piece of evidence says of one certificate.
type answer struct {
	*AnswerFacts
	by *EvidenceFacts
}

func index(f *Facts, p *Policy) *indexed {
	x := &indexed{f: f, p: p, certs: make(map[string]*CertificateFacts, len(f.Certificates)), answers: make(map[string][]answer, len(f.Certificates))}
	for i := range f.Certificates {
		x.certs[f.Certificates[i].ID] = &f.Certificates[i]
	}
	for i := range f.Evidence {
		e := &f.Evidence[i]
		for j := range e.Answers {
			id := e.Answers[j].Certificate
			x.answers[id] = append(x.answers[id], answer{&e.Answers[j], e})
		}
	}
	for _, a := range x.answers {
		slices.SortStableFunc(a, func(a, b answer) int { return a.by.ThisUpdate.Compare(b.by.ThisUpdate) })
	}
	return x
}

// decision is one decision for one time: what the time-stamps prove, and what they come to.
type decision struct {
	*indexed
	at     time.Time
	asked  time.Time // the youngest time that evidence can be asked to hold for: that of the facts
	proofs map[string]time.Time
	stamps map[*TimestampFacts]*conclusion
}

// decide judges every time-stamp, newest first, and extracts what they prove (EN 319 102-1, 5.6.3.4).
func (x *indexed) decide(at time.Time) *decision {
	d := &decision{indexed: x, at: at, asked: at, proofs: map[string]time.Time{}, stamps: map[*TimestampFacts]*conclusion{}}
	if !x.f.CollectedAt.IsZero() && x.f.CollectedAt.Before(at) {
		d.asked = x.f.CollectedAt
	}
	for _, t := range x.timestamps() {
		c := d.timestamp(t)
		d.stamps[t] = c
		if c.indication != TotalPassed || t.Kind == StampContent {
			continue
		}
		for _, id := range t.Covers {
			if first, ok := d.proofs[id]; !ok || t.GenTime.Before(first) {
				d.proofs[id] = t.GenTime
			}
		}
	}
	return d
}

// timestamps are all of them in the order in which they prove each other: what covers much before what it covers, then the
// newest first.
func (x *indexed) timestamps() []*TimestampFacts {
	var all []*TimestampFacts
	for i := range x.f.Signatures {
		for j := range x.f.Signatures[i].Timestamps {
			all = append(all, &x.f.Signatures[i].Timestamps[j])
		}
	}
	slices.SortStableFunc(all, func(a, b *TimestampFacts) int {
		if a.wide() != b.wide() {
			if a.wide() {
				return -1
			}
			return 1
		}
		return b.GenTime.Compare(a.GenTime)
	})
	return all
}

// wide says that a time-stamp covers other time-stamps.
func (t *TimestampFacts) wide() bool { return t.Kind == StampArchive || t.Kind == StampDocument }

// existed is the earliest time at which an object is proved to have existed; without proof that is now.
func (d *decision) existed(id string) time.Time {
	if t, ok := d.proofs[id]; ok && t.Before(d.at) {
		return t
	}
	return d.at
}

// verdict judges one signature or document time-stamp.
func (d *decision) verdict(i int) SignatureVerdict {
	s := &d.f.Signatures[i]
	v := SignatureVerdict{Integrity: integrity(s), Modifications: modifications(s, d.p), Level: d.level(s)}
	for j := range s.Timestamps {
		c := d.stamps[&s.Timestamps[j]]
		v.Timestamps = append(v.Timestamps, TimestampVerdict{c.indication, c.sub, c.process})
	}
	if t, ok := d.proofs[s.ID]; ok {
		t = t.UTC()
		v.BestSignatureTime = &t
	}
	var c *conclusion
	if s.Type == TypeDocumentTimestamp {
		c = d.documentTimestamp(s)
		if len(s.Timestamps) > 0 && c.indication == TotalPassed && v.BestSignatureTime == nil {
			t := s.Timestamps[0].GenTime.UTC()
			v.BestSignatureTime = &t
		}
	} else {
		c = d.signature(s)
		d.warnOf(s, &v, c)
	}
	v.Indication, v.Sub, v.Process, v.Chain, v.Errors = c.indication, c.sub, c.process, c.chain, c.errors
	v.Warnings = append(c.warnings, v.Warnings...)
	return v
}

// validUntil looks for the first date at which the same facts no longer pass: every date of a certificate, an anchor or an
// algorithm is tried, and decided again.
func (x *indexed) validUntil(i int, at time.Time) *time.Time {
	passes := func(t time.Time) bool {
		d := x.decide(t)
		s := &x.f.Signatures[i]
		if s.Type == TypeDocumentTimestamp {
			return d.documentTimestamp(s).indication == TotalPassed
		}
		return d.signature(s).indication == TotalPassed
	}
	for _, t := range x.dates(at) {
		switch {
		case !passes(t):
			t = t.Add(-time.Second)
		case passes(t.Add(time.Second)):
			continue
		}
		t = t.UTC()
		return &t
	}
	return nil
}

// dates are those after at on which an answer can change, in order.
func (x *indexed) dates(at time.Time) []time.Time {
	var all []time.Time
	add := func(t time.Time) {
		if t.After(at) {
			all = append(all, t)
		}
	}
	algorithm := func(a AlgorithmFacts) {
		if _, until, _ := x.acceptable(a, at); !until.IsZero() {
			add(until)
		}
	}
	chains := func(cs []ChainFacts) {
		for _, c := range cs {
			if c.Anchor != nil && c.Anchor.Until != nil {
				add(*c.Anchor.Until)
			}
		}
	}
	for i := range x.f.Certificates {
		c := &x.f.Certificates[i]
		add(c.NotAfter)
		algorithm(c.Algorithm)
		algorithm(c.Key)
	}
	for i := range x.f.Evidence {
		algorithm(x.f.Evidence[i].Algorithm)
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
