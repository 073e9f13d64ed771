package xmldsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // read and flagged
	_ "crypto/sha256"
	_ "crypto/sha512"
	"math/big"
)

// digests are the DigestMethods (RFC 9231, 2.1; XML Signature 1.1, 6.2).
var digests = map[string]crypto.Hash{
	Namespace + "sha1":                              crypto.SHA1,
	"http://www.w3.org/2001/04/xmlenc#sha256":       crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	"http://www.w3.org/2001/04/xmlenc#sha512":       crypto.SHA512,
}

type method struct {
	kind string // "rsa", "pss", "ecdsa", "ed25519"
	hash crypto.Hash
}

// methods are the SignatureMethods (RFC 9231, 2.3; XML Signature 1.1, 6.4).
var methods = map[string]method{
	Namespace + "rsa-sha1":                                   {"rsa", crypto.SHA1},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256":      {"rsa", crypto.SHA256},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384":      {"rsa", crypto.SHA384},
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512":      {"rsa", crypto.SHA512},
	"http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1":   {"pss", crypto.SHA1},
	"http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1": {"pss", crypto.SHA256},
	"http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1": {"pss", crypto.SHA384},
	"http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1": {"pss", crypto.SHA512},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1":      {"ecdsa", crypto.SHA1},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256":    {"ecdsa", crypto.SHA256},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384":    {"ecdsa", crypto.SHA384},
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512":    {"ecdsa", crypto.SHA512},
	"http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519":   {"ed25519", 0},
}

// checkValue checks a signature value over octets and says which hash it is made with.
func checkValue(algorithm string, key crypto.PublicKey, octets, value []byte) (crypto.Hash, error) {
	m, ok := methods[algorithm]
	if !ok {
		return 0, fail(ErrAlgorithm, algorithm, "the signature algorithm is not supported")
	}
	var digest []byte
	if m.hash != 0 {
		h := m.hash.New()
		h.Write(octets)
		digest = h.Sum(nil)
	}
	fits, good := false, false
	switch k := key.(type) {
	case *rsa.PublicKey:
		switch m.kind {
		case "rsa":
			fits, good = true, rsa.VerifyPKCS1v15(k, m.hash, digest, value) == nil
		case "pss": // RFC 9231, 2.3.10: the salt is as long as the hash
			o := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: m.hash}
			fits, good = true, rsa.VerifyPSS(k, m.hash, digest, value, o) == nil
		}
	case *ecdsa.PublicKey:
		half := len(value) / 2
		fits = m.kind == "ecdsa"
		good = fits && len(value) == 2*half && half <= orderBytes(k) &&
			ecdsa.Verify(k, digest, new(big.Int).SetBytes(value[:half]), new(big.Int).SetBytes(value[half:]))
	case ed25519.PublicKey:
		fits = m.kind == "ed25519"
		good = fits && ed25519.Verify(k, octets, value)
	}
	switch {
	case !fits:
		return 0, fail(ErrAlgorithm, algorithm, "the key is not of this kind")
	case !good:
		return 0, fail(ErrSignature, algorithm, "the value does not match key and SignedInfo")
	}
	return m.hash, nil
}

// orderBytes is the length of r and of s, which stand side by side (XML Signature 1.1, 6.4.3). EU DSS makes both as short as the longer of them
// allows, which for P-521 is every fourth signature: that is read, and noted.
func orderBytes(k *ecdsa.PublicKey) int { return (k.Params().N.BitLen() + 7) / 8 }

func shortValue(key crypto.PublicKey, value []byte) bool {
	k, ok := key.(*ecdsa.PublicKey)
	return ok && len(value) < 2*orderBytes(k)
}
