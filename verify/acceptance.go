package verify

import (
	"slices"
	"time"
)

// format is EN 319 102-1, 5.2.2, and what of 5.2.3 concerns the bytes.
func (d *decision) format(s *SignatureFacts, c *conclusion) {
	switch {
	case s.Dead:
		c.fail(Indeterminate, SignedDataNotFound, Finding{Code: "rewritten_after_signing"})
		return
	case s.Unread != "":
		c.fail(TotalFailed, FormatFailure, Finding{Code: "signature_unreadable", Detail: s.Unread})
	}
	if s.ByteRange != "valid" {
		c.fail(TotalFailed, FormatFailure, Finding{Code: "byte_range_invalid", Detail: s.ByteRangeProblem})
	}
}

// cryptography is EN 319 102-1, 5.2.7, after the identification of the signing certificate, 5.2.3.
func (d *decision) cryptography(s *SignatureFacts, c *conclusion) {
	switch {
	case s.ByteRange != "valid" && s.Digest == Unverifiable && s.Signature == Unverifiable: // said by the format: no bytes are known to be signed
	case s.Digest == Mismatch:
		c.fail(TotalFailed, HashFailure, Finding{Code: "digest_mismatch"})
	case s.Signature == Mismatch:
		c.fail(TotalFailed, SigCryptoFailure, Finding{Code: "signature_mismatch"})
	case s.Signer == "":
		c.fail(Indeterminate, NoSigningCertificate, Finding{Code: "no_signing_certificate"})
	case s.CertificateBinding == Mismatch: // 5.2.3.4 step 2: no reference fits, so this is not the certificate that was meant
		c.fail(Indeterminate, NoSigningCertificate, Finding{Code: "signing_certificate_mismatch"})
	case s.Digest != Match || s.Signature != Match:
		c.fail(Indeterminate, SignedDataNotFound, Finding{Code: "not_verifiable", Detail: s.AttributeProblem})
	case s.AttributeProblem != "":
		c.fail(TotalFailed, FormatFailure, Finding{Code: "attributes_wrong", Detail: s.AttributeProblem})
	}
}

// context is the part of EN 319 102-1, 5.2.4 that the signature itself has a say in: the signature policy that it names. The
// policy that is decided by stands for those that it accepts; what the others mean is its own decision.
func (d *decision) context(s *SignatureFacts, c *conclusion) {
	named, rules := s.SignaturePolicy, &d.p.SignaturePolicy
	switch {
	case named == nil || named.Implied:
	case named.Problem != "" || named.Digest == Mismatch:
		c.severe(rules.Unprocessable, PolicyProcessingError, Finding{Code: "signature_policy_unprocessable", Detail: firstOf(named.ID, named.Problem)})
	case named.Digest != Match && !slices.Contains(rules.Accepted, named.ID):
		c.severe(rules.Unavailable, PolicyNotAvailable, Finding{Code: "signature_policy_unavailable", Detail: named.ID})
	}
}

// changed judges what later revisions did (EN 319 102-1, 5.2.2: the format of PDF; ISO 32000-2, 12.8.2).
func (d *decision) changed(s *SignatureFacts, c *conclusion) {
	switch modifications(s, d.p) {
	case ClassForbidden:
		f := Finding{Code: "forbidden_change", Detail: forbiddenDetail(s, d.p)}
		if d.p.Changes.Forbidden == Fail {
			c.fail(TotalFailed, FormatFailure, f)
		} else {
			c.severe(d.p.Changes.Forbidden, FormatFailure, f)
		}
	case ClassAnnotation:
		c.warn(Finding{Code: "annotations_added"})
	case ClassNone, ClassLTA, ClassForm:
	}
	if d.p.Changes.VisibleAfterCertification == Warn && visibleAfterCertification(s) {
		c.warn(Finding{Code: "visible_after_certification"})
	}
}

// acceptance is EN 319 102-1, 5.2.8: algorithms, and what the policy asks of the attributes.
func (d *decision) acceptance(s *SignatureFacts, at time.Time, c *conclusion) {
	for _, a := range [...]AlgorithmFacts{s.Algorithm, {Digest: s.ContentDigest}} {
		if name, until, ok := d.acceptable(a, at); !ok {
			c.fail(Indeterminate, CryptoConstraintsNoPOE, Finding{Code: weak(name), Detail: name, When: moment(until)})
		}
	}
	if unbound(s) && d.p.SigningCertificateAttribute == Fail { // a note warns of it
		c.fail(Indeterminate, SigConstraintsFailure, Finding{Code: "ess_required"})
	}
}

// unbound says that the signature does not name its certificate by hash among its signed attributes.
func unbound(s *SignatureFacts) bool {
	return slices.Contains(s.Notes, "ess_missing") || slices.Contains(s.Notes, "no_signed_attributes")
}

// weak names SHA-1 by itself: it is what most old files have, and there is something to be said about it.
func weak(name string) string {
	if name == "sha1" {
		return "sha1"
	}
	return "weak_algorithm"
}

// contentTime turns what is undetermined into a failure where a content time-stamp proves that the signature came after
// (EN 319 102-1, 5.3.4 steps 4 and 6).
func (d *decision) contentTime(s *knownSignature, c *conclusion) {
	earliest, ok := d.notBefore(s)
	if !ok || c.indication != Indeterminate {
		return
	}
	for _, f := range c.errors {
		if f.When == nil || !earliest.After(*f.When) {
			continue
		}
		switch {
		case c.sub == RevokedNoPOE && f.Code == "certificate_revoked":
			c.fail(TotalFailed, Revoked, Finding{Code: "signed_after_revocation", When: f.When})
			return
		case (c.sub == OutOfBoundsNoPOE || c.sub == OutOfBoundsNotRevoked) && f.Code == "certificate_expired":
			c.fail(TotalFailed, Expired, Finding{Code: "signed_after_expiry", When: f.When})
			return
		case c.sub == CryptoConstraintsNoPOE && (f.Code == "sha1" || f.Code == "weak_algorithm"):
			c.sub = CryptoConstraints
			return
		}
	}
}
