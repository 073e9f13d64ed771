package keys

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// readPKCS12 reads a PFX (RFC 7292) with a password: AES and PBMAC1 as written today, RC2 and 3DES as written before.
func readPKCS12(ctx context.Context, path string, data []byte, password *secret) (*contents, error) {
	const op = "opening the PKCS#12 file"
	if !modestIterations(data, maxIterations, 0) {
		return nil, codes.New(ErrUnsupported, op, path, "the key derivation asks for too many iterations")
	}
	value, err := password.get(ctx)
	if err != nil {
		return nil, err
	}
	key, leaf, others, err := pkcs12.DecodeChain(data, borrow(value))
	var unsupported pkcs12.NotImplementedError
	switch {
	case err == nil:
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		if value == nil {
			return nil, codes.New(ErrPassword, op, path, "a password is needed")
		}
		return nil, codes.New(ErrPassword, op, path, "the password is wrong")
	case errors.As(err, &unsupported):
		return nil, codes.Wrap(ErrUnsupported, op, path, err)
	default:
		if c := readPKCS12Leniently(ctx, path, data, value); c != nil {
			return c, nil
		}
		return nil, codes.Wrap(ErrFile, op, path, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, codes.New(ErrUnsupported, op, path, "the private key is of a kind that cannot sign")
	}
	c := &contents{keys: []crypto.Signer{signer}}
	for _, cert := range append([]*x509.Certificate{leaf}, others...) {
		parsed, err := certpath.ParseCertificate(cert.Raw)
		if err != nil {
			return nil, codes.Wrap(ErrFile, "reading a certificate of", path, err)
		}
		c.certs = append(c.certs, parsed)
	}
	return c, nil
}

// readPKCS12Leniently is for files with several keys or with a certificate that crypto/x509 refuses: the field holds
// both. It returns nil where that does not help.
func readPKCS12Leniently(ctx context.Context, path string, data, password []byte) *contents {
	blocks, err := pkcs12.ToPEM(data, borrow(password)) //nolint:staticcheck // the one call that does not parse certificates
	if err != nil {
		return nil
	}
	c := &contents{}
	for _, b := range blocks {
		if b.Type == "PRIVATE KEY" {
			// ToPEM writes PKCS#1 and SEC1 under this type.
			b.Type = "EC PRIVATE KEY"
			if _, err := x509.ParsePKCS1PrivateKey(b.Bytes); err == nil {
				b.Type = "RSA PRIVATE KEY"
			}
		}
		b.Headers = nil
		if c.add(ctx, path, b, &secret{}) != nil {
			return nil
		}
	}
	return c
}

// modestIterations looks, wherever the structure is not encrypted, for salt followed by an iteration count
// (MacData, pkcs-12PbeParams, PBKDF2-params) and reports whether all are within the limit.
func modestIterations(der []byte, limit int64, depth int) bool {
	const maxDepth = 24 // a PFX has about 15 levels down to PBKDF2-params
	salted := false
	for len(der) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil {
			return true // not DER: the decoder refuses it, or it is data
		}
		switch {
		case salted && v.Class == asn1.ClassUniversal && v.Tag == asn1.TagInteger:
			var n int64
			if _, err := asn1.Unmarshal(v.FullBytes, &n); err != nil || n > limit {
				return false
			}
		case v.IsCompound || wraps(v):
			if depth == maxDepth || !modestIterations(v.Bytes, limit, depth+1) {
				return false
			}
		}
		salted = v.Class == asn1.ClassUniversal && v.Tag == asn1.TagOctetString
		der = rest
	}
	return true
}

// wraps reports whether v is an OCTET STRING around exactly one SEQUENCE, and not encrypted data or salt.
func wraps(v asn1.RawValue) bool {
	if v.Class != asn1.ClassUniversal || v.Tag != asn1.TagOctetString {
		return false
	}
	var inner asn1.RawValue
	rest, err := asn1.Unmarshal(v.Bytes, &inner)
	return err == nil && len(rest) == 0 && inner.Tag == asn1.TagSequence && inner.IsCompound
}
