package keys

import (
	"crypto"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// arrange puts the key's own certificate first and then, nearest first, every issuer at hand. What does not belong
// to the key is left out: it would be embedded in every signature.
func arrange(name string, pub crypto.PublicKey, given, held []*certpath.Certificate) ([]*certpath.Certificate, error) {
	leaf := certificateOf(pub, given)
	if leaf == nil {
		leaf = certificateOf(pub, held)
	}
	if leaf == nil {
		if len(given)+len(held) == 0 {
			return nil, nil
		}
		return nil, codes.New(ErrCertificateMismatch, "opening the key", name, "none of the certificates is that of this key")
	}
	chain := []*certpath.Certificate{leaf}
	pool := append(append([]*certpath.Certificate{}, given...), held...)
	for i := 0; i < len(chain); i++ { // chain grows, and ends at the latest when the pool is used up
		for _, c := range pool {
			if c.Subject.Equal(chain[i].Issuer) && !contains(chain, c) && chain[i].CheckSignatureFrom(c) == nil {
				chain = append(chain, c)
			}
		}
	}
	return chain, nil
}

// certificateOf returns the certificate of a key; of several (a renewal with the same key) the one valid longest.
func certificateOf(pub crypto.PublicKey, certs []*certpath.Certificate) *certpath.Certificate {
	var best *certpath.Certificate
	for _, c := range certs {
		if samePublicKey(pub, c.PublicKey) && (best == nil || c.NotAfter.After(best.NotAfter)) {
			best = c
		}
	}
	return best
}

func samePublicKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && b != nil && k.Equal(b)
}

func contains(chain []*certpath.Certificate, c *certpath.Certificate) bool {
	for _, have := range chain {
		if have.Equal(c) {
			return true
		}
	}
	return false
}
