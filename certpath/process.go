package certpath

import (
	"crypto/x509"
	"slices"
	"time"
)

// judged applies RFC 5280, 6.1 to each certificate below the anchor, but for time and revocation.
func (b *builder) judged(path []*Certificate, a *Anchor) *Path {
	p := &Path{Certificates: path, Anchor: a}
	add := func(code string, c *Certificate, detail string, at time.Time) {
		p.Problems = append(p.Problems, Problem{Code: code, Certificate: c, Detail: detail, At: at})
	}
	last := len(path) - 1
	if b.o.Purpose != AnyPurpose {
		checkPurpose(path[0], b.o.Purpose, add)
	}
	for i, c := range path {
		if i == last && i > 0 && a != nil {
			break // an anchor is a name and a key: its dates and extensions are the operator's business (RFC 5280, 6.1.1)
		}
		if id := unknownCritical(c); id != nil {
			add("unknown_critical_extension", c, id.String(), time.Time{})
		}
		if i > 0 {
			checkCA(c, i-1-selfIssued(path[1:i]), add)
			if !namesAllowed(c, path[:i]) {
				add("name_constraints", c, "", time.Time{})
			}
		}
	}
	if last > 0 && a != nil && !namesAllowed(path[last], path[:last]) {
		add("name_constraints", path[last], "", time.Time{})
	}
	worstFirst(p.Problems)
	return p
}

// Extended key usages (RFC 5280, 4.2.1.12).
var (
	oidTimeStamping = OID{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidOCSPSigning  = OID{1, 3, 6, 1, 5, 5, 7, 3, 9}
)

func selfIssued(path []*Certificate) int {
	n := 0
	for _, c := range path {
		if c.SelfIssued() {
			n++
		}
	}
	return n
}

func checkCA(c *Certificate, below int, add func(string, *Certificate, string, time.Time)) {
	if c.Version == 3 && (!c.BasicConstraints || !c.IsCA) || c.Version < 3 {
		add("not_a_ca", c, "", time.Time{})
	}
	if c.MaxPathLen >= 0 && below > c.MaxPathLen {
		add("path_length", c, "", time.Time{})
	}
	if c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0 {
		add("key_usage", c, "keyCertSign is missing", time.Time{})
	}
}

func checkPurpose(c *Certificate, p Purpose, add func(string, *Certificate, string, time.Time)) {
	if c.KeyUsage != 0 && c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		add("key_usage", c, "neither digitalSignature nor nonRepudiation", time.Time{})
	}
	switch p {
	case AnyPurpose, Sign:
	case TimeStamp:
		// RFC 3161, 2.3: the only purpose, and critical.
		e := c.Extension(oidExtKeyUsage)
		if e == nil || !e.Critical || len(c.ExtKeyUsage) != 1 || !c.ExtKeyUsage[0].Equal(oidTimeStamping) {
			add("ext_key_usage", c, "timeStamping must stand alone and be critical", time.Time{})
		}
	case OCSPSign:
		if !slices.ContainsFunc(c.ExtKeyUsage, oidOCSPSigning.Equal) && !c.IsCA {
			add("ext_key_usage", c, "OCSPSigning is missing", time.Time{})
		}
	}
}

// understood are the critical extensions that this package acts upon.
var understood = []OID{
	oidBasicConstraints, oidKeyUsage, oidExtKeyUsage, oidNameConstraints, oidPolicies, oidPolicyConstraint, oidInhibitAny, oidPolicyMappings,
	oidSubjectAltName, oidAuthorityKeyID, oidSubjectKeyID, oidCRLDistribution, oidAuthorityInfo, oidOCSPNoCheck,
}

func unknownCritical(c *Certificate) OID {
	for _, e := range c.Extensions {
		if e.Critical && !slices.ContainsFunc(understood, e.ID.Equal) {
			return e.ID
		}
	}
	return nil
}
