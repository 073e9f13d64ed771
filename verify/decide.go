package verify

import "time"

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
	Past              *PastVerdict       // nil where past signature validation was not asked
}

// PastVerdict is what past signature validation came to (EN 319 102-1, 5.6.2.4) for a signature whose answer for now was open.
// Where it did not pass, the answer for now stands.
type PastVerdict struct {
	Indication Indication
	Sub        SubIndication // [NoPOE] where something is not proved to have existed early enough
	// ControlTime is the moment down to which validation time slid (5.6.2.2), nil where it found none.
	ControlTime *time.Time
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
// the facts the answer is a forecast: it takes for granted that no certificate is revoked in between, and that evidence as good
// as what was at hand can be had then.
func Decide(f *Facts, p *Policy, at time.Time) *Verdict {
	x := index(f, p)
	d := x.decide(at)
	v := &Verdict{Policy: p, At: at.UTC(), Facts: f, Indication: Indeterminate, Sub: NoSignature, Signatures: make([]SignatureVerdict, len(f.Signatures))}
	counted := 0
	for i := range f.Signatures {
		s := d.verdict(&x.signatures[i])
		s.nameAttacks(&f.Signatures[i], p)
		v.Signatures[i] = s
		if f.Signatures[i].Type != TypeSignature && f.Format != "tst" {
			continue // a document time-stamp counts through what it proves, a counter-signature for its signer alone
		}
		if counted++; counted == 1 || worse(s.Indication, v.Indication) {
			v.Indication, v.Sub = s.Indication, s.Sub
		}
	}
	x.forecast(v.Signatures, at)
	return v
}

// decision is one decision for one time: what the time-stamps prove, and what they come to.
type decision struct {
	*indexed
	at      time.Time
	asked   time.Time     // the youngest time that evidence can be asked to hold for: that of the facts
	proofs  []time.Time   // by object: since when it is proved to exist; zero: nothing proves it
	stamped []*conclusion // by place of the time-stamp
}

// decide judges every time-stamp, newest first, and extracts what they prove (EN 319 102-1, 5.6.3.4).
func (x *indexed) decide(at time.Time) *decision {
	d := &decision{indexed: x, at: at, asked: at, proofs: make([]time.Time, len(x.objects)), stamped: make([]*conclusion, len(x.stamps))}
	if !x.f.CollectedAt.IsZero() && x.f.CollectedAt.Before(at) {
		d.asked = x.f.CollectedAt
	}
	for i, t := range x.stamps {
		d.stamped[i] = d.timestamp(t)
		// What a time-stamp over the content proves is no proof of the signature, but a time before which there was none.
		if d.stamped[i].indication == TotalPassed && t.Kind != StampContent {
			for _, object := range t.covers {
				d.prove(object, t.GenTime)
			}
		}
	}
	return d
}

// prove is POE extraction (EN 319 102-1, 5.6.2.3): what a time-stamp covers existed when it was made, and so did the
// certificate whose hash that names.
func (d *decision) prove(object int, since time.Time) {
	for object >= 0 && (d.proofs[object].IsZero() || since.Before(d.proofs[object])) {
		d.proofs[object] = since
		object = d.binds[object]
	}
}

// proved is the earliest time at which an object is proved to have existed; a proof from after the time that is decided for
// says nothing (5.5.4 step 1).
func (d *decision) proved(object int) (time.Time, bool) {
	t := d.proofs[object]
	return t, !t.IsZero() && !t.After(d.at)
}

// existed is the same; without proof that is now.
func (d *decision) existed(object int) time.Time {
	if t, ok := d.proved(object); ok {
		return t
	}
	return d.at
}

// judge decides about one signature or document time-stamp.
func (d *decision) judge(s *knownSignature) *conclusion {
	if s.Type == TypeDocumentTimestamp {
		return d.documentTimestamp(s)
	}
	return d.signature(s)
}

// verdict says everything about one signature or document time-stamp.
func (d *decision) verdict(s *knownSignature) SignatureVerdict {
	v := SignatureVerdict{Integrity: integrity(s.SignatureFacts), Modifications: modifications(s.SignatureFacts, d.p), Level: d.level(s)}
	for _, t := range s.stamps {
		c := d.stamped[t.place]
		v.Timestamps = append(v.Timestamps, TimestampVerdict{c.indication, c.sub, c.process})
	}
	if t, ok := d.proved(s.object); ok {
		v.BestSignatureTime = moment(t)
	}
	c := d.judge(s)
	if s.Type != TypeDocumentTimestamp {
		d.warnOf(s, &v, c)
	} else if c.indication == TotalPassed && v.BestSignatureTime == nil && len(s.stamps) > 0 {
		v.BestSignatureTime = moment(s.stamps[0].GenTime)
	}
	v.Indication, v.Sub, v.Process, v.Chain, v.Errors, v.Past = c.indication, c.sub, c.process, c.chain, c.errors, c.past
	v.Warnings = append(c.warnings, v.Warnings...)
	return v
}
