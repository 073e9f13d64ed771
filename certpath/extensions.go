package certpath

import (
	"crypto/x509"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Extension identifiers of RFC 5280, 4.2 and RFC 6960, 4.2.2.2.1.
var (
	oidSubjectKeyID     = OID{2, 5, 29, 14}
	oidKeyUsage         = OID{2, 5, 29, 15}
	oidSubjectAltName   = OID{2, 5, 29, 17}
	oidBasicConstraints = OID{2, 5, 29, 19}
	oidNameConstraints  = OID{2, 5, 29, 30}
	oidCRLDistribution  = OID{2, 5, 29, 31}
	oidPolicies         = OID{2, 5, 29, 32}
	oidPolicyMappings   = OID{2, 5, 29, 33}
	oidAuthorityKeyID   = OID{2, 5, 29, 35}
	oidPolicyConstraint = OID{2, 5, 29, 36}
	oidExtKeyUsage      = OID{2, 5, 29, 37}
	oidInhibitAny       = OID{2, 5, 29, 54}
	oidAuthorityInfo    = OID{1, 3, 6, 1, 5, 5, 7, 1, 1}
	oidOCSPNoCheck      = OID{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
	oidIssuerAltName    = OID{2, 5, 29, 18}
	oidFreshestCRL      = OID{2, 5, 29, 46}
	oidNoRevAvail       = OID{2, 5, 29, 56}          // RFC 9608
	oidValidityAssured  = OID{0, 4, 0, 194121, 2, 1} // EN 319 412-1, 5.2.1

	oidAccessOCSP    = OID{1, 3, 6, 1, 5, 5, 7, 48, 1}
	oidAccessIssuers = OID{1, 3, 6, 1, 5, 5, 7, 48, 2}
)

// maxListed bounds the entries read from one extension.
const maxListed = 1000

func (c *Certificate) decodeExtension(e *Extension) bool {
	s := cryptobyte.String(e.Value)
	switch {
	case e.ID.Equal(oidSubjectKeyID):
		var v cryptobyte.String
		if !s.ReadASN1(&v, cbasn1.OCTET_STRING) {
			return false
		}
		c.SubjectKeyID = v
	case e.ID.Equal(oidAuthorityKeyID):
		return c.decodeAuthorityKeyID(s)
	case e.ID.Equal(oidKeyUsage):
		var b asn1.BitString
		if !s.ReadASN1BitString(&b) {
			return false
		}
		for i := range 9 {
			if b.At(i) != 0 {
				c.KeyUsage |= x509.KeyUsage(1 << i)
			}
		}
	case e.ID.Equal(oidBasicConstraints):
		return c.decodeBasicConstraints(s)
	case e.ID.Equal(oidExtKeyUsage):
		var list cryptobyte.String
		if !s.ReadASN1(&list, cbasn1.SEQUENCE) {
			return false
		}
		for !list.Empty() && len(c.ExtKeyUsage) < maxListed {
			var o OID
			if !list.ReadASN1ObjectIdentifier(&o) {
				return false
			}
			c.ExtKeyUsage = append(c.ExtKeyUsage, o)
		}
	case e.ID.Equal(oidPolicies):
		var list, p cryptobyte.String
		if !s.ReadASN1(&list, cbasn1.SEQUENCE) {
			return false
		}
		for !list.Empty() && len(c.PolicyOIDs) < maxListed {
			var o OID
			if !list.ReadASN1(&p, cbasn1.SEQUENCE) || !p.ReadASN1ObjectIdentifier(&o) {
				return false
			}
			c.PolicyOIDs = append(c.PolicyOIDs, o)
		}
	case e.ID.Equal(oidAuthorityInfo):
		return c.decodeAuthorityInfo(s)
	case e.ID.Equal(oidCRLDistribution):
		var ok bool
		c.CRLDistributionPoints, ok = ReadDistributionPoints(e.Value, c.Issuer)
		c.CRLURLs = addresses(c.CRLDistributionPoints)
		return ok
	case e.ID.Equal(oidFreshestCRL):
		var ok bool
		c.FreshestCRL, ok = ReadDistributionPoints(e.Value, c.Issuer)
		return ok
	case e.ID.Equal(oidSubjectAltName):
		return c.decodeSubjectAltName(s)
	case e.ID.Equal(oidOCSPNoCheck):
		c.OCSPNoCheck = true
	case e.ID.Equal(oidNoRevAvail):
		c.NoRevAvail = true
	case e.ID.Equal(oidValidityAssured):
		c.ValidityAssured = true
	}
	return true
}

func (c *Certificate) decodeAuthorityKeyID(s cryptobyte.String) bool {
	var body, id cryptobyte.String
	var has bool
	if !s.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadOptionalASN1(&id, &has, cbasn1.Tag(0).ContextSpecific()) {
		return false
	}
	if has {
		c.AuthorityKeyID = id
	}
	return true
}

func (c *Certificate) decodeBasicConstraints(s cryptobyte.String) bool {
	var body cryptobyte.String
	if !s.ReadASN1(&body, cbasn1.SEQUENCE) {
		return false
	}
	c.BasicConstraints = true
	if body.PeekASN1Tag(cbasn1.BOOLEAN) {
		var b cryptobyte.String
		if !body.ReadASN1(&b, cbasn1.BOOLEAN) || len(b) != 1 {
			return false
		}
		c.IsCA = b[0] != 0
	}
	if body.PeekASN1Tag(cbasn1.INTEGER) {
		if !body.ReadASN1Integer(&c.MaxPathLen) || c.MaxPathLen < 0 {
			c.MaxPathLen = 0
			return false
		}
	}
	return true
}

func (c *Certificate) decodeAuthorityInfo(s cryptobyte.String) bool {
	var list cryptobyte.String
	if !s.ReadASN1(&list, cbasn1.SEQUENCE) {
		return false
	}
	for n := 0; !list.Empty() && n < maxListed; n++ {
		var one, name cryptobyte.String
		var method OID
		var tag cbasn1.Tag
		if !list.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&method) || !one.ReadAnyASN1(&name, &tag) {
			return false
		}
		if tag != cbasn1.Tag(6).ContextSpecific() {
			continue
		}
		switch {
		case method.Equal(oidAccessOCSP):
			c.OCSPServers = append(c.OCSPServers, string(name))
		case method.Equal(oidAccessIssuers):
			c.IssuerURLs = append(c.IssuerURLs, string(name))
		}
	}
	return true
}

func (c *Certificate) decodeSubjectAltName(s cryptobyte.String) bool {
	var list cryptobyte.String
	if !s.ReadASN1(&list, cbasn1.SEQUENCE) || list.Empty() {
		return false
	}
	names, ok := ReadGeneralNames(list)
	if !ok {
		return false
	}
	c.AlternativeNames = names
	for _, n := range names {
		switch n.Form { //nolint:exhaustive // those that have a field
		case RFC822Name:
			c.EmailAddresses = append(c.EmailAddresses, string(n.Value))
		case DNSName:
			c.DNSNames = append(c.DNSNames, string(n.Value))
		}
	}
	return true
}
