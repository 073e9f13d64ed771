//go:build !cgo

package pkcs11

import (
	"context"
	"crypto"
	"io"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// Key is a key on a token; this program was built without the means to reach one, so that none exists.
type Key struct{}

// Open answers [ErrUnavailable]; an address that is wrong anyhow is refused as such.
func Open(_ context.Context, uri string, _ *Options) (*Key, error) {
	if _, err := ParseURI(uri); err != nil {
		return nil, err
	}
	return nil, codes.New(ErrUnavailable, "opening a PKCS#11 key", "", "this program was built without cgo")
}

// Public implements [crypto.Signer].
func (*Key) Public() crypto.PublicKey { return nil }

// Sign implements [crypto.Signer].
func (*Key) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, codes.New(ErrUnavailable, "signing", "", "this program was built without cgo")
}

// Certificates on the token.
func (*Key) Certificates() []*certpath.Certificate { return nil }

// Name of the key, no secret.
func (*Key) Name() string { return "" }

// Close releases the key.
func (*Key) Close() error { return nil }
