package revocation

import (
	"context"

	"github.com/antinvn/antin/certpath"
)

// Memory keeps certificates, OCSP responses and CRLs as they were parsed, and by whom they were found to be signed, from one document
// to the next. The zero value is ready for use; it is safe for concurrent use. A nil Memory keeps nothing.
type Memory struct {
	certificates certpath.Interned[certpath.Certificate]
	responses    certpath.Interned[OCSPResponse]
	lists        certpath.Interned[CRL]
}

// longestKept bounds what is kept, in bytes: a long list is read once for each document.
const longestKept = 64 << 10

// Certificate is the certificate of these bytes, parsed if it is not known.
func (m *Memory) Certificate(der []byte) (*certpath.Certificate, error) {
	if m == nil {
		return certpath.ParseCertificate(der)
	}
	return m.certificates.Of(der, certpath.ParseCertificate)
}

func (m *Memory) response(der []byte) (*OCSPResponse, error) {
	if m == nil || len(der) > longestKept {
		return ParseOCSP(der)
	}
	return m.responses.Of(der, func(der []byte) (*OCSPResponse, error) { return parseOCSP(der, m.Certificate) })
}

func (m *Memory) list(ctx context.Context, der []byte) (*CRL, error) {
	if m == nil || len(der) > longestKept {
		return parseCRL(ctx, der)
	}
	return m.lists.Of(der, func(der []byte) (*CRL, error) { return parseCRL(ctx, der) })
}
