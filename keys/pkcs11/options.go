package pkcs11

import (
	"context"

	"github.com/antinvn/antin/certpath"
)

// Options bring the PIN. The zero value opens tokens that need none.
type Options struct {
	// Module is the path of the library; it overrides the address's module-path.
	Module string
	// PIN returns the user's PIN; called at most once a call to Open. What it returns is cleared. Nil: none.
	PIN func(ctx context.Context, prompt string) ([]byte, error)
	// Certificates given beside the key tell its public key where the token does not.
	Certificates []*certpath.Certificate
	// Sessions bounds the parallel use of the token; 0: twice the number of processors. The first key opened on a
	// token decides.
	Sessions int
}
