//go:build cgo

package pkcs11

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"

	"github.com/miekg/pkcs11"

	"github.com/antinvn/antin/certpath"
)

// PKCS#11 v3.0, which the binding does not name.
const (
	ckmEdDSA     = 0x00001057
	ckkECEdwards = 0x00000040
)

// mechanismFor returns how a key signs, and what it is handed.
func mechanismFor(kind uint, pub crypto.PublicKey, digest []byte, opts crypto.SignerOpts) (*pkcs11.Mechanism, []byte, error) {
	h := opts.HashFunc()
	if kind == ckkECEdwards {
		if h != 0 {
			return nil, nil, errors.New("Ed25519 signs the message, not a digest of it") // a name
		}
		return pkcs11.NewMechanism(ckmEdDSA, nil), digest, nil
	}
	if h == 0 || !h.Available() || len(digest) != h.Size() {
		return nil, nil, errors.New("the digest does not have the length of its hash")
	}
	if kind == pkcs11.CKK_EC {
		k, ok := pub.(*ecdsa.PublicKey)
		if !ok {
			return nil, nil, errors.New("the public key is of another type than the private key")
		}
		// FIPS 186-5, 6.4.1: the leftmost bits of the digest; some tokens refuse the rest.
		size := (k.Params().N.BitLen() + 7) / 8
		return pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil), digest[:min(len(digest), size)], nil
	}
	if pss, ok := opts.(*rsa.PSSOptions); ok {
		return pssMechanism(h, pss.SaltLength, digest)
	}
	oid := certpath.OIDByHash(h)
	if oid == nil {
		return nil, nil, errors.New("this hash is not supported")
	}
	// RFC 8017, 9.2: the token pads, we bring the DigestInfo.
	info, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}{pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: asn1.NullRawValue}, digest})
	return pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS, nil), info, err
}

func pssMechanism(h crypto.Hash, salt int, digest []byte) (*pkcs11.Mechanism, []byte, error) {
	var mechanism, mask uint
	switch h {
	case crypto.SHA256:
		mechanism, mask = pkcs11.CKM_SHA256, pkcs11.CKG_MGF1_SHA256
	case crypto.SHA384:
		mechanism, mask = pkcs11.CKM_SHA384, pkcs11.CKG_MGF1_SHA384
	case crypto.SHA512:
		mechanism, mask = pkcs11.CKM_SHA512, pkcs11.CKG_MGF1_SHA512
	default:
		return nil, nil, errors.New("this hash is not supported with PSS")
	}
	if salt <= 0 { // rsa.PSSSaltLengthAuto and rsa.PSSSaltLengthEqualsHash
		salt = h.Size()
	}
	params := pkcs11.NewPSSParams(mechanism, mask, uint(salt))
	return pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_PSS, params), digest, nil
}

// ecdsaDER turns r‖s into an ECDSA-Sig-Value (RFC 3279, 2.2.3).
func ecdsaDER(raw []byte) ([]byte, error) {
	if len(raw) == 0 || len(raw)%2 != 0 {
		return nil, errors.New("the token returned no signature")
	}
	half := len(raw) / 2
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:half]), new(big.Int).SetBytes(raw[half:])})
}
