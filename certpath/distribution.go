package certpath

import (
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// DistributionPoint says where, and under which names, a CRL speaks of a certificate (RFC 5280, 4.2.1.13).
type DistributionPoint struct {
	Names     []GeneralName // of the point itself; a name relative to the CRL's issuer stands here in full
	Reasons   Reasons       // that its CRL covers; zero: all
	CRLIssuer []GeneralName // who signs the CRL, if not the certificate's issuer
}

// Reasons is a set of reasons for revocation: bit i is ReasonFlags' bit i (RFC 5280, 4.2.1.13), from keyCompromise (1) to
// aACompromise (8).
type Reasons uint16

// AllReasons is the whole set.
const AllReasons Reasons = 0x1fe

// ReadReasons reads the content of a ReasonFlags.
func ReadReasons(bits []byte) (Reasons, bool) {
	if len(bits) < 1 || len(bits) > 3 || bits[0] > 7 {
		return 0, false
	}
	b := asn1.BitString{Bytes: bits[1:], BitLength: (len(bits)-1)*8 - int(bits[0])}
	var r Reasons
	for i := 1; i <= 8; i++ {
		r |= Reasons(b.At(i)) << i
	}
	return r, true
}

// ReadDistributionPoints reads CRLDistributionPoints, the value of cRLDistributionPoints and freshestCRL, in a certificate
// or a CRL of that issuer; false if it cannot be read.
func ReadDistributionPoints(value []byte, issuer Name) ([]DistributionPoint, bool) {
	in := cryptobyte.String(value)
	var list cryptobyte.String
	if !in.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil, false
	}
	var out []DistributionPoint
	for !list.Empty() {
		var one cryptobyte.String
		if len(out) >= maxListed || !list.ReadASN1(&one, cbasn1.SEQUENCE) {
			return nil, false
		}
		point, ok := readDistributionPoint(one, issuer)
		if !ok {
			return nil, false
		}
		out = append(out, point)
	}
	return out, true
}

func readDistributionPoint(s cryptobyte.String, issuer Name) (p DistributionPoint, ok bool) {
	var name, reasons, crlIssuer cryptobyte.String
	var hasName, hasReasons bool
	if !s.ReadOptionalASN1(&name, &hasName, cbasn1.Tag(0).Constructed().ContextSpecific()) ||
		!s.ReadOptionalASN1(&reasons, &hasReasons, cbasn1.Tag(1).ContextSpecific()) ||
		!s.ReadOptionalASN1(&crlIssuer, nil, cbasn1.Tag(2).Constructed().ContextSpecific()) {
		return p, false
	}
	if hasReasons {
		if p.Reasons, ok = ReadReasons(reasons); !ok {
			return p, false
		}
	}
	if p.CRLIssuer, ok = ReadGeneralNames(crlIssuer); !ok || !hasName {
		return p, ok
	}
	for _, n := range p.CRLIssuer {
		if n.Form == DirectoryName {
			issuer = n.Directory()
		}
	}
	p.Names, ok = ReadDistributionPointName(name, issuer)
	return p, ok
}

// ReadDistributionPointName reads a DistributionPointName; a name relative to the CRL's issuer is completed by that.
func ReadDistributionPointName(s cryptobyte.String, issuer Name) ([]GeneralName, bool) {
	var v cryptobyte.String
	var tag cbasn1.Tag
	if !s.ReadAnyASN1(&v, &tag) {
		return nil, false
	}
	switch tag {
	case cbasn1.Tag(0).Constructed().ContextSpecific():
		return ReadGeneralNames(v)
	case cbasn1.Tag(1).Constructed().ContextSpecific():
		full, ok := below(issuer, v)
		return []GeneralName{{DirectoryName, full}}, ok
	}
	return nil, false
}

// below is the name with one more RDN, whose SET's content is given.
func below(n Name, rdn []byte) ([]byte, bool) {
	in := cryptobyte.String(n.Raw)
	var above cryptobyte.String
	if !in.ReadASN1(&above, cbasn1.SEQUENCE) {
		return nil, false
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(above)
		b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(rdn) })
	})
	der, err := b.Bytes()
	return der, err == nil
}

// Equal compares names of the same form: distinguished names by RFC 5280, 7.1, the others byte by byte.
func (n GeneralName) Equal(o GeneralName) bool {
	if n.Form != o.Form {
		return false
	}
	if n.Form == DirectoryName {
		return n.Directory().Equal(o.Directory())
	}
	return string(n.Value) == string(o.Value)
}

// addresses are the URIs among the points' names.
func addresses(points []DistributionPoint) []string {
	var out []string
	for _, p := range points {
		for _, n := range p.Names {
			if n.Form == URIName && len(out) < maxListed {
				out = append(out, string(n.Value))
			}
		}
	}
	return out
}
