package revocation

import (
	"context"

	"github.com/antinvn/antin/certpath"
)

// Memory keeps parsed OCSP responses and CRLs, and by whom they were found to be signed, from one document to the next. The zero
// value is ready for use; it is safe for concurrent use.
type Memory struct {
	responses certpath.Interned[OCSPResponse]
	lists     certpath.Interned[CRL]
}

// longestKept bounds what is kept, in bytes: a long list is read once for each document.
const longestKept = 64 << 10

func (m *Memory) response(der []byte) (*OCSPResponse, error) {
	if m == nil || len(der) > longestKept {
		return ParseOCSP(der)
	}
	return m.responses.Of(der, ParseOCSP)
}

func (m *Memory) list(ctx context.Context, der []byte) (*CRL, error) {
	if m == nil || len(der) > longestKept {
		return parseCRL(ctx, der)
	}
	return m.lists.Of(der, func(der []byte) (*CRL, error) { return parseCRL(ctx, der) })
}
