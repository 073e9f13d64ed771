// Package keys opens signing keys: PKCS#12, PEM, and PKCS#11 (package keys/pkcs11, which needs cgo).
package keys

import (
	"context"
	"crypto"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
)

// Key is a signer with its certificate and whatever chain came with it. Safe for concurrent use.
type Key struct {
	crypto.Signer
	Chain []*certpath.Certificate // signing certificate first; empty if the source holds none
	Name  string                  // for traces and reports, no secret
}

// Close releases the key's session.
func (k *Key) Close() error { panic("unwritten") }

// Options bring secrets and observers.
type Options struct {
	// Secret returns the PIN or passphrase; called at most once a call to Open. Nil: none.
	Secret func(ctx context.Context, prompt string) ([]byte, error)
	Chain  []*certpath.Certificate // certificates given beside the key
	Trace  *fetch.Trace
	Module string // PKCS#11 library, overrides module-path
}

// Open opens "p12:FILE", "pem:FILE" or "pkcs11:token=…;object=…" (RFC 7512).
func Open(ctx context.Context, uri string, o *Options) (*Key, error) { panic("unwritten") }
