package revocation

import (
	"bytes"
	"crypto/x509"
	"slices"
	"time"

	"github.com/antinvn/antin/certpath"
)

// list is a CRL whose signature is verified, with what it says of one certificate.
type list struct {
	*CRL
	entry  entry
	signer []*certpath.Certificate // empty: the certificate's issuer itself
	key    []byte                  // that signed it
	source string
}

var oidKeyUsage = certpath.OID{2, 5, 29, 15}

// maySign says that nothing forbids a key to sign CRLs (RFC 5280, 6.3.3 (f)).
func maySign(c *certpath.Certificate) bool {
	return c.KeyUsage&x509.KeyUsageCRLSign != 0 || c.Extension(oidKeyUsage) == nil
}

// signedBy finds who signed the list: the certificate's issuer, or another certificate of the list's issuer, whose path the
// caller of a [certpath.StatusSource] has to validate.
func (c *CRL) signedBy(issuer *certpath.Certificate, pool []*certpath.Certificate) (signer []*certpath.Certificate, key []byte, ok bool) {
	if issuer.Subject.Equal(c.Issuer) && maySign(issuer) && c.CheckSignature(issuer) == nil {
		return nil, issuer.RawSubjectPublicKeyInfo, true
	}
	tried := [][]byte{issuer.RawSubjectPublicKeyInfo}
	if !issuer.Subject.Equal(c.Issuer) || !maySign(issuer) {
		tried = nil
	}
	for _, p := range pool {
		if !p.Subject.Equal(c.Issuer) || !maySign(p) || slices.ContainsFunc(tried, func(k []byte) bool { return bytes.Equal(k, p.RawSubjectPublicKeyInfo) }) {
			continue
		}
		if len(tried) >= maxSigners {
			break
		}
		tried = append(tried, p.RawSubjectPublicKeyInfo)
		if c.CheckSignature(p) != nil {
			continue
		}
		for _, q := range pool { // each certificate of that key may be the one with a path
			if q.Subject.Equal(c.Issuer) && maySign(q) && bytes.Equal(q.RawSubjectPublicKeyInfo, p.RawSubjectPublicKeyInfo) && !slices.ContainsFunc(signer, q.Equal) {
				signer = append(signer, q)
			}
		}
		return signer, p.RawSubjectPublicKeyInfo, true
	}
	return nil, nil, false
}

// maxSigners bounds the keys of one name that are tried on a list.
const maxSigners = 20

// combine says what several lists together tell of a certificate (RFC 5280, 6.3.3): each full list by itself and with the
// newest delta that changes it, and lists of some reasons together.
func combine(cert *certpath.Certificate, lists []list) []Status {
	var out []Status
	var parts []Status
	var covered certpath.Reasons
	for _, base := range lists {
		reasons := base.covers(cert)
		if base.Base != nil || base.unknown || reasons == 0 {
			continue
		}
		claims := base.claims(lists)
		if reasons == certpath.AllReasons {
			out = append(out, claims...)
			continue
		}
		for _, s := range claims {
			if s.State == certpath.Revoked {
				out = append(out, s)
			}
		}
		if claims[0].State == certpath.Good {
			parts = append(parts, claims[0])
			covered |= reasons
		}
	}
	if len(parts) > 0 {
		out = append(out, together(parts, covered == certpath.AllReasons))
	}
	return out
}

// claims are what a full list says, the newest first: changed by its delta, and by itself unless the delta took a hold back.
func (l *list) claims(lists []list) []Status {
	alone := l.said()
	var delta *list
	for i := range lists {
		d := &lists[i]
		if d.applies(l.CRL) && !d.unknown && bytes.Equal(d.key, l.key) && (delta == nil || d.Number.Cmp(delta.Number) > 0) {
			delta = d
		}
	}
	if delta == nil {
		return []Status{alone}
	}
	changed, by := alone, delta.said()
	changed.ThisUpdate, changed.NextUpdate, changed.Also = by.ThisUpdate, by.NextUpdate, []Status{by}
	if delta.entry.found {
		changed.State, changed.RevokedAt, changed.Reason = by.State, by.RevokedAt, by.Reason
		if by.State == certpath.Good && alone.State == certpath.Revoked {
			changed.RevokedAt = time.Time{}
			return []Status{changed}
		}
	}
	return []Status{changed, alone}
}

func (l *list) said() Status {
	s := l.status(l.entry)
	s.Signer, s.Source = l.signer, l.source
	return s
}

// together joins lists of some reasons: good only if they cover all, and as old as the oldest.
func together(parts []Status, all bool) Status {
	s := parts[0]
	for _, p := range parts[1:] {
		if p.ThisUpdate.Before(s.ThisUpdate) {
			s.ThisUpdate = p.ThisUpdate
		}
		if s.NextUpdate.IsZero() || !p.NextUpdate.IsZero() && p.NextUpdate.Before(s.NextUpdate) {
			s.NextUpdate = p.NextUpdate
		}
		also := p.Also
		p.Also = nil
		s.Also = append(append(slices.Clip(s.Also), p), also...)
	}
	if !all {
		s.State = certpath.Unknown
	}
	return s
}
