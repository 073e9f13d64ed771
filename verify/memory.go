package verify

import (
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/revocation"
)

// Memory keeps what many files have in common: certificates, OCSP responses and CRLs, each with the keys under which it was
// verified. It holds bytes and signatures, no decisions. The zero value is ready for use; it is safe for concurrent use.
type Memory struct {
	described  certpath.Interned[CertificateFacts]
	revocation revocation.Memory
}

// certificate is the one kept of these bytes.
func (m *Memory) certificate(c *certpath.Certificate) *certpath.Certificate {
	if m == nil {
		return c
	}
	known, err := m.parse(c.Raw)
	if err != nil { // not parsed, but put together
		return c
	}
	return known
}

// parse reads a certificate whose bytes are not known yet.
func (m *Memory) parse(der []byte) (*certpath.Certificate, error) {
	return m.evidence().Certificate(der)
}

// describe makes the facts about a certificate.
func (m *Memory) describe(c *certpath.Certificate) CertificateFacts {
	if m == nil {
		return certificateFacts(c)
	}
	f, err := m.described.Of(c.Raw, func([]byte) (*CertificateFacts, error) {
		f := certificateFacts(c)
		return &f, nil
	})
	if err != nil {
		return certificateFacts(c)
	}
	return *f
}

func (m *Memory) evidence() *revocation.Memory {
	if m == nil {
		return nil
	}
	return &m.revocation
}
