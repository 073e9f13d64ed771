package verify

import (
	"slices"
	"strings"
	"time"
)

// integrity is digest and signature value, nothing else.
func integrity(s *SignatureFacts) string {
	switch {
	case s.Dead:
		return "unverifiable"
	case s.Digest == Mismatch || s.Signature == Mismatch:
		return "broken"
	case s.Digest == Match && s.Signature == Match:
		return "intact"
	default:
		return "unverifiable"
	}
}

// ranks orders the classes of changes.
var ranks = map[Class]int{ClassNone: 0, ClassLTA: 1, ClassForm: 2, ClassAnnotation: 3, ClassForbidden: 4}

func rank(c Class) int { return ranks[c] }

// permission is what the signature itself allows afterwards: 1, 2, 3, or 0 where it does not say (ISO 32000-2, tables 236
// and 257).
func permission(s *SignatureFacts) int {
	perm := s.Certification
	if s.LockP != 0 && (perm == 0 || s.LockP < perm) {
		perm = s.LockP
	}
	return perm
}

// limit is the strongest class of change that a signature allows.
func limit(s *SignatureFacts, p *Policy) Class {
	switch permission(s) {
	case 1:
		return ClassLTA
	case 2:
		return ClassForm
	case 3:
		return ClassAnnotation
	default:
		return p.Changes.Uncertified
	}
}

// classOf is a change's class for this signature: a locked field makes any change of it forbidden (ISO 32000-2, 12.8.2.4).
func classOf(c *Change, s *SignatureFacts, p *Policy) Class {
	if c.Class == ClassForbidden || rank(c.Class) > rank(limit(s, p)) {
		return ClassForbidden
	}
	if fieldChange(c.Code) && locked(s, c.Field) {
		return ClassForbidden
	}
	if p.Changes.VisibleAfterCertification == Fail && permission(s) == 2 && c.Code == CodeVisibleSignature {
		return ClassForbidden
	}
	return c.Class
}

func visibleAfterCertification(s *SignatureFacts) bool {
	return permission(s) == 2 && slices.ContainsFunc(s.Changes, func(c Change) bool { return c.Code == CodeVisibleSignature })
}

func locked(s *SignatureFacts, name string) bool {
	listed := slices.ContainsFunc(s.LockFields, func(l string) bool { return name == l || strings.HasPrefix(name, l+".") })
	switch s.LockAction {
	case "All":
		return true
	case "Include":
		return listed
	case "Exclude":
		return !listed
	}
	return false
}

// modifications is the strongest class of change after a signature.
func modifications(s *SignatureFacts, p *Policy) Class {
	out := ClassNone
	for i := range s.Changes {
		if c := classOf(&s.Changes[i], s, p); rank(c) > rank(out) {
			out = c
		}
	}
	return out
}

func forbiddenDetail(s *SignatureFacts, p *Policy) string {
	for i := range s.Changes {
		c := &s.Changes[i]
		if classOf(c, s, p) == ClassForbidden {
			d := c.Code + " " + firstOf(c.Field, c.Object)
			if c.Before != "" || c.After != "" {
				d += ": " + c.Before + " → " + c.After
			}
			return d
		}
	}
	return ""
}

// level is the baseline level that the facts reach (EN 319 142-1, 6; EN 319 122-1, 6): what the file holds, not what it is
// worth.
func (d *decision) level(s *knownSignature) string {
	if s.Type == TypeDocumentTimestamp || s.Format != "PAdES" && s.Format != "CAdES" || s.Dead {
		return "none"
	}
	stamped, archived := false, false
	stored := d.stored(s.paths)
	for _, t := range s.stamps {
		if t.Kind == StampSignature && t.sound() {
			stamped = true
			stored = stored && d.stored(t.paths)
		}
	}
	for _, t := range d.stamps {
		archived = archived || t.wide() && t.sound() && slices.Contains(t.covers, s.object)
	}
	switch {
	case stored && archived:
		return "B-LTA"
	case stored && stamped:
		return "B-LT"
	case stamped || archived:
		return "B-T"
	default:
		return "B-B"
	}
}

func (t *TimestampFacts) sound() bool { return t.Imprint == Match && t.Signature == Match }

// stored says that the file carries evidence for every certificate of a chain below its anchor.
func (d *decision) stored(paths []knownPath) bool {
	return slices.ContainsFunc(paths, func(p knownPath) bool {
		if p.Anchor == nil || len(p.certs) == 0 {
			return false
		}
		for _, c := range p.certs[:len(p.certs)-1] {
			if c == nil || !c.NoRevAvail && !slices.ContainsFunc(c.answers, inDocument) {
				return false
			}
		}
		return true
	})
}

func inDocument(a answer) bool { return a.by.Origin == FromDocument && a.State != StateUnknown }

// warnOf says what is odd about a signature and does not change the answer.
func (d *decision) warnOf(s *knownSignature, v *SignatureVerdict, c *conclusion) {
	for _, n := range s.Notes {
		if n != "sha1" { // the algorithm table speaks of it
			v.Warnings = append(v.Warnings, Finding{Code: n})
		}
	}
	for _, t := range s.stamps {
		switch stamp := d.stamped[t.place]; stamp.indication {
		case TotalPassed:
			v.Warnings = append(v.Warnings, stamp.warnings...)
		case TotalFailed:
			v.Warnings = append(v.Warnings, Finding{Code: "timestamp_invalid", Detail: stamp.errors[0].Code})
		case Indeterminate:
			if t.Signer != "" && !t.sound() { // what it is over is not at hand: nothing is known against whoever made it
				v.Warnings = append(v.Warnings, Finding{Code: "timestamp_unverifiable"})
				continue
			}
			v.Warnings = append(v.Warnings, Finding{Code: "timestamp_untrusted", Detail: stamp.errors[0].Code})
		}
	}
	if s.training() {
		v.Warnings = append(v.Warnings, Finding{Code: "training_key"})
	}
	stamped := slices.ContainsFunc(v.Warnings, func(f Finding) bool { return strings.HasPrefix(f.Code, "timestamp_") })
	d.warnOfClock(s.SignatureFacts, v)
	if stamped { // that there is no other time goes without saying
		c.warnings = slices.DeleteFunc(c.warnings, func(f Finding) bool { return f.Code == "no_trusted_time" })
		return
	}
	if v.BestSignatureTime == nil && c.indication != TotalPassed && d.p.Timestamps.Required != Ignore {
		v.Warnings = append(v.Warnings, Finding{Code: "no_trusted_time"})
	}
}

// vietnamAhead is how far local time is ahead of UTC: signing programs that write it with a Z are seven hours in the future.
const vietnamAhead = 7 * time.Hour

// clockAhead is how much later than its time-stamp a signature may claim to be: the time-stamp came after it, so only clocks can
// explain more.
const clockAhead = time.Minute

func (d *decision) warnOfClock(s *SignatureFacts, v *SignatureVerdict) {
	skew := time.Duration(d.p.ClaimedTimeSkew)
	if s.ClaimedTime == nil || skew == 0 {
		return
	}
	if v.BestSignatureTime == nil {
		if s.ClaimedTime.After(d.asked.Add(skew)) {
			v.Warnings = append(v.Warnings, Finding{Code: "claimed_time_future", When: s.ClaimedTime})
		}
		return
	}
	by := s.ClaimedTime.Sub(*v.BestSignatureTime)
	switch {
	case (by - vietnamAhead).Abs() <= min(skew, 10*time.Minute):
		v.Warnings = append(v.Warnings, Finding{Code: "claimed_time_local_as_utc", When: s.ClaimedTime})
	case by.Abs() > skew, by > min(skew, clockAhead):
		v.Warnings = append(v.Warnings, Finding{Code: "claimed_time_differs", When: s.ClaimedTime})
	}
}
