package keys

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

const maxBlocks = 1000 // blocks of a PEM file

// readPEM reads private keys and certificates (RFC 7468) in any order; other blocks are passed over.
func readPEM(ctx context.Context, path string, data []byte, password *secret) (*contents, error) {
	c := &contents{}
	for range maxBlocks {
		block, rest := pem.Decode(data)
		if block == nil {
			return c, nil
		}
		if err := c.add(ctx, path, block, password); err != nil {
			return nil, err
		}
		data = rest
	}
	return nil, codes.New(ErrFile, "reading the key file", path, "there are too many PEM blocks in it")
}

func (c *contents) add(ctx context.Context, path string, block *pem.Block, password *secret) error {
	var key any
	var err error
	switch block.Type {
	case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
		cert, err := certpath.ParseCertificate(block.Bytes)
		if err != nil {
			return codes.Wrap(ErrFile, "reading a certificate of the key file", path, err)
		}
		c.certs = append(c.certs, cert)
		return nil
	case "PRIVATE KEY":
		key, err = parsePKCS8(path, block.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		key, err = decryptPKCS8(ctx, path, block.Bytes, password)
	case "RSA PRIVATE KEY", "EC PRIVATE KEY":
		key, err = parseTraditional(path, block)
	default:
		return nil
	}
	clear(block.Bytes)
	if err != nil {
		return err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return codes.New(ErrUnsupported, "reading the key file", path, "the private key is of a kind that cannot sign")
	}
	c.keys = append(c.keys, signer)
	return nil
}

func parsePKCS8(path string, der []byte) (any, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, codes.Wrap(ErrFile, "reading the private key of", path, err)
	}
	return key, nil
}

// parseTraditional reads PKCS#1 (RFC 8017) and SEC1 (RFC 5915). Their encrypted form derives the key by one round of
// MD5 (RFC 1421 headers): it is refused rather than carried on.
func parseTraditional(path string, block *pem.Block) (key any, err error) {
	if block.Headers["DEK-Info"] != "" {
		return nil, codes.New(ErrUnsupported, "reading the private key of", path,
			"this old kind of encryption protects nothing; convert the file with: openssl pkcs8 -topk8")
	}
	if block.Type == "RSA PRIVATE KEY" {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	} else {
		key, err = x509.ParseECPrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, codes.Wrap(ErrFile, "reading the private key of", path, err)
	}
	return key, nil
}
