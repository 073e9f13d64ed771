package verify

import (
	"slices"
	"time"
)

// Indication is a main indication of EN 319 102-1, 5.1.3.
type Indication string

// The main indications.
const (
	TotalPassed   Indication = "TOTAL_PASSED"
	TotalFailed   Indication = "TOTAL_FAILED"
	Indeterminate Indication = "INDETERMINATE"
)

// SubIndication is a sub-indication of EN 319 102-1, table 6; NO_SIGNATURE is Antin's own, for a document without any.
type SubIndication string

// The sub-indications in use.
const (
	FormatFailure           SubIndication = "FORMAT_FAILURE"
	HashFailure             SubIndication = "HASH_FAILURE"
	SigCryptoFailure        SubIndication = "SIG_CRYPTO_FAILURE"
	SignedDataNotFound      SubIndication = "SIGNED_DATA_NOT_FOUND"
	NoSigningCertificate    SubIndication = "NO_SIGNING_CERTIFICATE_FOUND"
	NoCertificateChain      SubIndication = "NO_CERTIFICATE_CHAIN_FOUND"
	ChainConstraintsFailure SubIndication = "CHAIN_CONSTRAINTS_FAILURE"
	ChainGeneralFailure     SubIndication = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
	RevokedNoPOE            SubIndication = "REVOKED_NO_POE"
	OutOfBoundsNoPOE        SubIndication = "OUT_OF_BOUNDS_NO_POE"
	CryptoConstraintsNoPOE  SubIndication = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
	TryLater                SubIndication = "TRY_LATER"
	NoSignature             SubIndication = "NO_SIGNATURE"
)

// Policy steers [Decide]; it is data.
type Policy struct {
	Name string `json:"name"`
	// RefuseSHA1 leaves a signature over a SHA-1 digest undetermined.
	RefuseSHA1 bool `json:"refuse_sha1"`
	// Uncertified is the strongest class of change allowed after a signature without certification.
	Uncertified Class `json:"uncertified"`
}

// DefaultPolicy is for public-service documents (circular 41/2017).
func DefaultPolicy() *Policy {
	return &Policy{Name: "default", RefuseSHA1: true, Uncertified: ClassAnnotation}
}

// Verdict is the decision about a document. It is a value.
type Verdict struct {
	Policy     string
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
	Level             string // "B-B", "B-T", "B-LT", "B-LTA" or "none"
	Integrity         string // "intact", "broken" or "unverifiable"
	Modifications     Class
	BestSignatureTime *time.Time // nil if nothing proves a time
	ValidUntil        *time.Time // when the newest proof's certificate ends
	Errors, Warnings  []Finding
}

// Finding is a stable code and what it is about.
type Finding struct {
	Code   string
	Detail string
}

// Decide judges facts by a policy for a time. Same input, same output; it reads and writes nothing.
func Decide(f *Facts, p *Policy, at time.Time) *Verdict {
	v := &Verdict{Policy: p.Name, At: at.UTC(), Facts: f, Indication: TotalPassed}
	if len(f.Signatures) == 0 {
		v.Indication, v.Sub = Indeterminate, NoSignature
		return v
	}
	signatures := 0
	for i := range f.Signatures {
		s := decideSignature(f, i, p, at)
		v.Signatures = append(v.Signatures, s)
		if f.Signatures[i].Type != "signature" {
			continue // a document time-stamp counts through what it proves, a counter-signature for its signer alone
		}
		signatures++
		if worse(s.Indication, v.Indication) || signatures == 1 {
			v.Indication, v.Sub = s.Indication, s.Sub
		}
	}
	if signatures == 0 {
		v.Indication, v.Sub = Indeterminate, NoSignature
	}
	return v
}

func worse(a, b Indication) bool {
	order := map[Indication]int{TotalPassed: 0, Indeterminate: 1, TotalFailed: 2}
	return order[a] > order[b]
}

func decideSignature(f *Facts, i int, p *Policy, at time.Time) SignatureVerdict {
	s := &f.Signatures[i]
	v := SignatureVerdict{Indication: TotalPassed, Integrity: integrity(s), Modifications: modifications(s, p)}
	v.BestSignatureTime = bestSignatureTime(f, i)
	v.Level = level(f, i)
	v.ValidUntil = validUntil(f, i)
	v.warn(s)

	fail := func(ind Indication, sub SubIndication, code, detail string) {
		if v.Indication == TotalPassed || worse(ind, v.Indication) {
			v.Indication, v.Sub = ind, sub
		}
		v.Errors = append(v.Errors, Finding{code, detail})
	}
	// EN 319 102-1, 5.2.2 format checking
	if s.ByteRange != "valid" {
		fail(TotalFailed, FormatFailure, "byte_range_invalid", s.ByteRangeProblem)
	}
	if s.Unread != "" {
		fail(TotalFailed, FormatFailure, "signature_unreadable", s.Unread)
		return v
	}
	if v.Modifications == ClassForbidden {
		fail(TotalFailed, FormatFailure, "forbidden_change", forbiddenDetail(s, p))
	}
	// 5.2.7 cryptographic verification
	switch {
	case s.Digest == "mismatch":
		fail(TotalFailed, HashFailure, "digest_mismatch", "")
	case s.Signature == "mismatch":
		fail(TotalFailed, SigCryptoFailure, "signature_mismatch", "")
	case s.Signer == nil:
		fail(Indeterminate, NoSigningCertificate, "no_signing_certificate", "") // 5.2.3
	case v.Integrity == "unverifiable":
		fail(Indeterminate, SignedDataNotFound, "not_verifiable", "")
	case s.AttributeProblem != "":
		fail(TotalFailed, FormatFailure, "attributes_wrong", s.AttributeProblem)
	}
	// 5.2.6 and 5.2.8 certificate and algorithms
	if s.Path != nil {
		for _, pr := range s.Path.Problems {
			sub, code := chainSub(pr.Code)
			fail(Indeterminate, sub, code, pr.Subject)
		}
		if !s.Path.Valid && len(s.Path.Problems) == 0 {
			fail(Indeterminate, ChainGeneralFailure, "no_path", "")
		}
	}
	if p.RefuseSHA1 && slices.Contains(s.Notes, "sha1") {
		fail(Indeterminate, CryptoConstraintsNoPOE, "sha1", s.DigestAlgorithm)
	}
	_ = at
	return v
}

func (v *SignatureVerdict) warn(s *SignatureFacts) {
	for _, n := range s.Notes {
		if n != "sha1" {
			v.Warnings = append(v.Warnings, Finding{n, ""})
		}
	}
	for _, t := range slices.Concat(s.Timestamps, s.Archive) {
		if t.Problem != "" && s.Type != "document-timestamp" {
			v.Warnings = append(v.Warnings, Finding{"timestamp_invalid", t.Problem})
		} else if t.Path != nil && !t.Path.Valid {
			v.Warnings = append(v.Warnings, Finding{"timestamp_untrusted", t.Path.firstProblem()})
		}
	}
	if s.Type != "document-timestamp" && v.BestSignatureTime != nil && s.ClaimedTime != nil {
		if d := s.ClaimedTime.Sub(*v.BestSignatureTime); d > time.Hour || d < -time.Hour {
			v.Warnings = append(v.Warnings, Finding{"claimed_time_differs", s.ClaimedTime.Format(time.RFC3339)})
		}
	}
	if s.Type != "document-timestamp" && v.BestSignatureTime == nil {
		v.Warnings = append(v.Warnings, Finding{"no_trusted_time", ""})
	}
	if v.Modifications == ClassAnnotation {
		v.Warnings = append(v.Warnings, Finding{"annotations_added", ""})
	}
}

func (p *PathFacts) firstProblem() string {
	if len(p.Problems) == 0 {
		return ""
	}
	return p.Problems[0].Code
}

func integrity(s *SignatureFacts) string {
	switch {
	case s.Digest == "mismatch" || s.Signature == "mismatch":
		return "broken"
	case s.Digest == "match" && s.Signature == "match":
		return "intact"
	default:
		return "unverifiable"
	}
}

// chainSub maps a path problem to its sub-indication and the finding's code.
func chainSub(code string) (SubIndication, string) {
	switch code {
	case "no_path":
		return NoCertificateChain, "no_path"
	case "expired", "not_yet_valid":
		return OutOfBoundsNoPOE, "certificate_" + code
	case "revoked":
		return RevokedNoPOE, "certificate_revoked"
	case "no_revocation_evidence":
		return TryLater, "no_revocation_evidence"
	case "bad_signature", "limit":
		return ChainGeneralFailure, "chain_" + code
	default:
		return ChainConstraintsFailure, "chain_" + code
	}
}

// limits are the strongest class of change that a signature allows.
func limit(s *SignatureFacts, p *Policy) Class {
	perm := s.Certification
	if s.LockP != 0 && (perm == 0 || s.LockP < perm) {
		perm = s.LockP
	}
	switch perm {
	case 1:
		return ClassLTA
	case 2:
		return ClassForm
	case 3:
		return ClassAnnotation
	default:
		return p.Uncertified
	}
}

// classOf is a change's class for this signature: a locked field makes any change of it forbidden (ISO 32000-2, 12.8.2.4).
func classOf(c *Change, s *SignatureFacts, p *Policy) Class {
	if c.Class == ClassForbidden || rank(c.Class) > rank(limit(s, p)) {
		return ClassForbidden
	}
	if c.Code == "field_filled" && locked(s, c.Field) {
		return ClassForbidden
	}
	return c.Class
}

func locked(s *SignatureFacts, name string) bool {
	listed := slices.ContainsFunc(s.LockFields, func(l string) bool {
		return name == l || len(name) > len(l) && name[:len(l)] == l && name[len(l)] == '.'
	})
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
			d := c.Code + " " + c.Object
			if c.Field != "" {
				d = c.Code + " " + c.Field
			}
			if c.Before != "" || c.After != "" {
				d += ": " + c.Before + " → " + c.After
			}
			return d
		}
	}
	return ""
}

// bestSignatureTime is the earliest time that a valid, trusted time-stamp proves (EN 319 102-1, 5.5).
func bestSignatureTime(f *Facts, i int) *time.Time {
	var best *time.Time
	consider := func(ts []TimestampFacts) {
		for _, t := range ts {
			if t.Valid && t.Path != nil && t.Path.Valid && (best == nil || t.GenTime.Before(*best)) {
				g := t.GenTime
				best = &g
			}
		}
	}
	consider(f.Signatures[i].Timestamps)
	consider(f.Signatures[i].Archive)
	for j := i + 1; j < len(f.Signatures); j++ {
		if f.Signatures[j].Type == "document-timestamp" {
			consider(f.Signatures[j].Timestamps)
		}
	}
	return best
}

// level is the baseline level that the facts reach (EN 319 142-1, 6; EN 319 122-1, 6).
func level(f *Facts, i int) string {
	s := &f.Signatures[i]
	if s.Type == "document-timestamp" || s.Format != "PAdES" && s.Format != "CAdES" {
		return "none"
	}
	stamped := len(s.Timestamps) > 0 && s.Timestamps[0].Valid
	archived := slices.ContainsFunc(s.Archive, func(t TimestampFacts) bool { return t.Valid })
	for j := i + 1; j < len(f.Signatures); j++ {
		d := &f.Signatures[j]
		if d.Type == "document-timestamp" && len(d.Timestamps) > 0 && d.Timestamps[0].Valid {
			archived = true
		}
	}
	switch {
	case (stamped || archived) && s.Stored && archived:
		return "B-LTA"
	case stamped && s.Stored:
		return "B-LT"
	case stamped || archived:
		return "B-T"
	default:
		return "B-B"
	}
}

// validUntil is when the certificate that protects the signature now ends: the newest time-stamp's, else the signer's.
func validUntil(f *Facts, i int) *time.Time {
	cert := f.Signatures[i].Signer
	if ts := slices.Concat(f.Signatures[i].Timestamps, f.Signatures[i].Archive); len(ts) > 0 && ts[len(ts)-1].Valid && ts[len(ts)-1].TSA != nil {
		cert = ts[len(ts)-1].TSA
	}
	for j := i + 1; j < len(f.Signatures); j++ {
		d := &f.Signatures[j]
		if d.Type == "document-timestamp" && len(d.Timestamps) > 0 && d.Timestamps[0].Valid && d.Timestamps[0].TSA != nil {
			cert = d.Timestamps[0].TSA
		}
	}
	if cert == nil {
		return nil
	}
	t := cert.NotAfter
	return &t
}
