package certpath

import (
	"crypto/x509"
	"slices"
)

// processor walks a path from the anchor down to the leaf (RFC 5280, 6.1), but for time and revocation.
type processor struct {
	o    *Options
	path *Path
	left int // comparisons of names that may still be made
}

func (p *processor) add(code string, c *Certificate, detail string) {
	p.path.Problems = append(p.path.Problems, Problem{Code: code, Certificate: c, Detail: detail})
}

// judged processes a path; without an anchor it is the part of one, and its last certificate is judged too.
func (b *builder) judged(certificates []*Certificate, a *Anchor) *Path {
	p := &processor{o: b.o, path: &Path{Certificates: slices.Clone(certificates), Anchor: a}, left: maxComparisons}
	p.run()
	worstFirst(p.path.Problems)
	return p.path
}

func (p *processor) run() {
	certs := p.path.Certificates
	given := slices.Clone(certs)
	top := len(certs) // the first that is not judged: an anchor is a name and a key (RFC 5280, 6.1.1 (d))
	var working []*constraints
	pathLength := top
	if p.path.Anchor != nil && top > 1 {
		top--
		pathLength = top
		// An anchor's own name constraints bind too (RFC 5937, 3.2); its other extensions are its operator's business.
		working = p.constrain(working, certs[top])
	}
	state := newPolicies(top, p.o.Inhibit)
	policyFailed := false
	for i := top - 1; i >= 0; i-- {
		c := certs[i]
		if i+1 < len(certs) {
			issuerInherits := inherits(given[i+1].PublicKey)
			c = p.signed(i, issuerInherits)
		}
		p.checkExtensions(c)
		if i == 0 || !c.SelfIssued() {
			p.checkNames(working, c)
		}
		if !policyFailed && (!state.take(c, i == 0) || i > 0 && !state.prepare(c)) {
			policyFailed = true
			p.add("policy", c, "no policy is left that is valid, or the extensions about policies cannot be read")
		}
		if i == 0 {
			break
		}
		working = p.constrain(working, c)
		pathLength = p.checkCA(c, pathLength)
		if p.o.Purpose == Sign || p.o.Purpose == TimeStamp {
			p.checkExtKeyUsage(c, true)
		}
	}
	if !policyFailed {
		var ok bool
		if p.path.Policies, ok = state.valid(certs[0], p.o.Policies); !ok {
			p.add("policy", certs[0], "the path is valid for none of the policies asked for")
		}
	}
	p.checkPurpose(certs[0])
}

// signed completes an inherited key, and checks the signature that the builder could not check because its issuer's key
// is an inherited one.
func (p *processor) signed(i int, issuerInherits bool) *Certificate {
	certs := p.path.Certificates
	c, issuer := certs[i], certs[i+1]
	if issuerInherits && c.CheckSignatureFrom(issuer) != nil {
		p.add("bad_signature", c, "not signed by the key of "+issuer.Subject.String())
	}
	certs[i] = inherited(c, issuer)
	return certs[i]
}

// checkExtensions is RFC 5280, 6.1.4 (o) and 6.1.5 (f), and what 4.2 says of all extensions.
func (p *processor) checkExtensions(c *Certificate) {
	for i, e := range c.Extensions { // 4.2: which of the two would count?
		if slices.ContainsFunc(c.Extensions[:i], func(x Extension) bool { return x.ID.Equal(e.ID) }) {
			p.add("duplicate_extension", c, e.ID.String())
			return
		}
	}
	for _, e := range c.Extensions {
		broken := slices.ContainsFunc(c.broken, e.ID.Equal)
		if e.Critical && (broken || !slices.ContainsFunc(understood, e.ID.Equal)) {
			p.add("unknown_critical_extension", c, e.ID.String())
			return
		}
		if broken && slices.ContainsFunc(decisive, e.ID.Equal) {
			p.add("malformed_extension", c, e.ID.String())
			return
		}
	}
}

// understood are the critical extensions that this package acts upon, or that ask for no act.
var understood = []OID{
	oidBasicConstraints, oidKeyUsage, oidExtKeyUsage, oidNameConstraints, oidPolicies, oidPolicyConstraint, oidInhibitAny, oidPolicyMappings,
	oidSubjectAltName, oidIssuerAltName, oidAuthorityKeyID, oidSubjectKeyID, oidCRLDistribution, oidFreshestCRL, oidAuthorityInfo, oidOCSPNoCheck,
	oidNoRevAvail, oidValidityAssured,
}

// decisive are the extensions that change the outcome, critical or not: one that cannot be read is not passed over.
var decisive = []OID{oidBasicConstraints, oidKeyUsage, oidExtKeyUsage, oidNameConstraints, oidPolicies}

// constrain adds a CA's name constraints to those in force (RFC 5280, 6.1.4 (g)).
func (p *processor) constrain(working []*constraints, c *Certificate) []*constraints {
	nc, ok := nameConstraints(c, &p.left)
	if !ok {
		p.add("name_constraints", c, "they cannot be read")
	}
	if nc == nil {
		return working
	}
	return append(working, nc)
}

// checkNames is RFC 5280, 6.1.3 (b) and (c).
func (p *processor) checkNames(working []*constraints, c *Certificate) {
	for _, nc := range working {
		if name, refused := nc.refuses(c); refused {
			p.add("name_constraints", c, name)
			return
		}
	}
}

// checkCA is RFC 5280, 6.1.4 (k) to (n); it returns max_path_length.
func (p *processor) checkCA(c *Certificate, pathLength int) int {
	if c.Version < 3 || !c.BasicConstraints || !c.IsCA {
		p.add("not_a_ca", c, "")
	}
	if !c.SelfIssued() {
		if pathLength <= 0 {
			p.add("path_length", c, "")
		}
		pathLength--
	}
	if c.MaxPathLen >= 0 {
		pathLength = min(pathLength, c.MaxPathLen)
	}
	if e := c.Extension(oidKeyUsage); e != nil && c.KeyUsage&x509.KeyUsageCertSign == 0 {
		p.add("key_usage", c, "keyCertSign is missing")
	}
	return pathLength
}

// Extended key usages (RFC 5280, 4.2.1.12).
var (
	oidTimeStamping = OID{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidOCSPSigning  = OID{1, 3, 6, 1, 5, 5, 7, 3, 9}
	oidAnyUsage     = OID{2, 5, 29, 37, 0}
)

// forSigning are the extended key usages under which documents are signed: documentSigning (RFC 9336), emailProtection,
// clientAuth and smart-card logon, with which authorities of the field stand by the signer's certificates, and the
// vendors' own.
var forSigning = []OID{
	oidAnyUsage, {1, 3, 6, 1, 5, 5, 7, 3, 36}, {1, 3, 6, 1, 5, 5, 7, 3, 4}, {1, 3, 6, 1, 5, 5, 7, 3, 2}, {1, 3, 6, 1, 4, 1, 311, 20, 2, 2},
	{1, 3, 6, 1, 4, 1, 311, 10, 3, 12}, {1, 2, 840, 113583, 1, 1, 5},
}

func (p *processor) checkPurpose(c *Certificate) {
	switch p.o.Purpose {
	case AnyPurpose:
		return
	case CRLSign:
		if c.Extension(oidKeyUsage) != nil && c.KeyUsage&x509.KeyUsageCRLSign == 0 {
			p.add("key_usage", c, "cRLSign is missing")
		}
		return
	case Sign, TimeStamp, OCSPSign:
	}
	if c.Extension(oidKeyUsage) != nil && c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		p.add("key_usage", c, "neither digitalSignature nor nonRepudiation")
	}
	p.checkExtKeyUsage(c, false)
}

// checkExtKeyUsage holds the leaf to the purpose, and an authority that limits itself too, as verifiers have come to do.
func (p *processor) checkExtKeyUsage(c *Certificate, authority bool) {
	e := c.Extension(oidExtKeyUsage)
	has := func(list ...OID) bool {
		return slices.ContainsFunc(c.ExtKeyUsage, func(o OID) bool { return slices.ContainsFunc(list, o.Equal) })
	}
	switch p.o.Purpose {
	case AnyPurpose, CRLSign:
	case Sign:
		if e != nil && !has(forSigning...) {
			p.add("ext_key_usage", c, "none under which documents are signed")
		}
	case TimeStamp:
		if authority {
			if e != nil && !has(oidTimeStamping, oidAnyUsage) {
				p.add("ext_key_usage", c, "the authority is not for timeStamping")
			}
			return
		}
		// RFC 3161, 2.3: the only purpose, and critical.
		if e == nil || !e.Critical || len(c.ExtKeyUsage) != 1 || !has(oidTimeStamping) {
			p.add("ext_key_usage", c, "timeStamping must stand alone and be critical")
		}
	case OCSPSign:
		if !has(oidOCSPSigning) && !c.IsCA {
			p.add("ext_key_usage", c, "OCSPSigning is missing")
		}
	}
}
