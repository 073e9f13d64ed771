package revocation

import (
	"bytes"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
)

// scope is an issuingDistributionPoint (RFC 5280, 5.2.5): which certificates, and which reasons, a list speaks of.
type scope struct {
	raw                              []byte
	names                            []certpath.GeneralName // nil: no name is given
	users, cas, attributes, indirect bool
	reasons                          certpath.Reasons
}

func readScope(s cryptobyte.String, issuer certpath.Name) (sc scope, ok bool) {
	sc = scope{raw: s, reasons: certpath.AllReasons}
	var body cryptobyte.String
	if !s.ReadASN1(&body, cbasn1.SEQUENCE) || !s.Empty() {
		return sc, false
	}
	for !body.Empty() {
		var v cryptobyte.String
		var tag cbasn1.Tag
		if !body.ReadAnyASN1(&v, &tag) {
			return sc, false
		}
		flag := len(v) == 1 && v[0] != 0
		switch tag {
		case cbasn1.Tag(0).Constructed().ContextSpecific():
			if sc.names, ok = certpath.ReadDistributionPointName(v, issuer); !ok || len(sc.names) == 0 {
				return sc, false
			}
		case cbasn1.Tag(1).ContextSpecific():
			sc.users = flag
		case cbasn1.Tag(2).ContextSpecific():
			sc.cas = flag
		case cbasn1.Tag(3).ContextSpecific():
			if sc.reasons, ok = certpath.ReadReasons(v); !ok {
				return sc, false
			}
		case cbasn1.Tag(4).ContextSpecific():
			sc.indirect = flag
		case cbasn1.Tag(5).ContextSpecific():
			sc.attributes = flag
		default:
			return sc, false
		}
	}
	return sc, true
}

// covers are the reasons for which the list speaks of a certificate, by RFC 5280, 6.3.3 (b) and (d); none if it does not.
func (c *CRL) covers(cert *certpath.Certificate) certpath.Reasons {
	if c.scope.users && cert.IsCA || c.scope.cas && !cert.IsCA || c.scope.attributes {
		return 0
	}
	// A list of the certificate's issuer counts although no distribution point names it.
	implied := certpath.DistributionPoint{Names: []certpath.GeneralName{{Form: certpath.DirectoryName, Value: cert.RawIssuer}}}
	reasons := c.coversPoint(cert, implied)
	for _, p := range cert.CRLDistributionPoints {
		reasons |= c.coversPoint(cert, p)
	}
	return reasons
}

func (c *CRL) coversPoint(cert *certpath.Certificate, p certpath.DistributionPoint) certpath.Reasons {
	if len(p.CRLIssuer) == 0 {
		if !c.Issuer.Equal(cert.Issuer) {
			return 0
		}
	} else if !c.scope.indirect || !slices.ContainsFunc(p.CRLIssuer, func(n certpath.GeneralName) bool {
		return n.Form == certpath.DirectoryName && n.Directory().Equal(c.Issuer)
	}) {
		return 0
	}
	if c.scope.names != nil {
		names := p.Names
		if len(names) == 0 {
			names = p.CRLIssuer
		}
		if !slices.ContainsFunc(names, func(n certpath.GeneralName) bool { return slices.ContainsFunc(c.scope.names, n.Equal) }) {
			return 0
		}
	}
	reasons := p.Reasons
	if reasons == 0 {
		reasons = certpath.AllReasons
	}
	return reasons & c.scope.reasons
}

// applies says that the delta changes that list (RFC 5280, 5.2.4 and 6.3.3 (c)).
func (c *CRL) applies(base *CRL) bool {
	return c.Base != nil && c.Number != nil && base.Base == nil && base.Number != nil && c.Issuer.Equal(base.Issuer) && bytes.Equal(c.scope.raw, base.scope.raw) &&
		bytes.Equal(c.value(oidAuthorityKeyID), base.value(oidAuthorityKeyID)) && base.Number.Cmp(c.Base) >= 0 && base.Number.Cmp(c.Number) < 0
}

func (c *CRL) value(id certpath.OID) []byte {
	for _, e := range c.Extensions {
		if e.ID.Equal(id) {
			return e.Value
		}
	}
	return nil
}
