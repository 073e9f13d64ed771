package keys

import (
	"context"
	"crypto"
	"io"
	"os"
	"path/filepath"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

const (
	// maxKeyFile bounds a key file; one with a long chain is below 64 kB.
	maxKeyFile = 1 << 20
	// maxIterations bounds a key derivation: the slowest files in use ask for about a million, half a second.
	maxIterations = 2_000_000
)

// contents is what a key file holds.
type contents struct {
	keys  []crypto.Signer
	certs []*certpath.Certificate
}

// reader takes a key file apart; path is for errors.
type reader func(ctx context.Context, path string, data []byte, password *secret) (*contents, error)

func openFile(ctx context.Context, path string, o *Options, read reader) (*Key, error) {
	data, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	password := &secret{ask: o.Secret, prompt: "Password for " + path}
	defer password.clear()
	c, err := read(ctx, path, data, password)
	if err != nil {
		return nil, err
	}
	switch len(c.keys) {
	case 0:
		return nil, codes.New(ErrNotFound, "opening the key file", path, "there is no private key in it")
	case 1:
	default:
		return nil, codes.New(ErrAmbiguous, "opening the key file", path, "there are several private keys in it")
	}
	name := filepath.Base(path)
	chain, err := arrange(name, c.keys[0].Public(), o.Chain, c.certs)
	if err != nil {
		return nil, err
	}
	return &Key{Signer: c.keys[0], Chain: chain, Name: name}, nil
}

func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, codes.Wrap(ErrFile, "opening the key file", path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, codes.Wrap(ErrFile, "reading the key file", path, err)
	}
	if len(data) > maxKeyFile {
		return nil, codes.New(ErrFile, "reading the key file", path, "it is larger than 1 MB")
	}
	return data, nil
}
