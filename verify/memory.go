package verify

import (
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/revocation"
)

// Memory keeps what many files have in common: certificates, OCSP responses and CRLs, each with the keys under which it was
// verified. It holds bytes and signatures, no decisions. The zero value is ready for use; it is safe for concurrent use.
type Memory struct {
	certificates certpath.Interned[certpath.Certificate]
	revocation   revocation.Memory
}

// certificate is the one kept of these bytes.
func (m *Memory) certificate(c *certpath.Certificate) *certpath.Certificate {
	if m == nil {
		return c
	}
	known, err := m.certificates.Of(c.Raw, func([]byte) (*certpath.Certificate, error) { return c, nil })
	if err != nil {
		return c
	}
	return known
}

// parse reads a certificate whose bytes are not known yet.
func (m *Memory) parse(der []byte) (*certpath.Certificate, error) {
	if m == nil {
		return certpath.ParseCertificate(der)
	}
	return m.certificates.Of(der, certpath.ParseCertificate)
}

func (m *Memory) evidence() *revocation.Memory {
	if m == nil {
		return nil
	}
	return &m.revocation
}
