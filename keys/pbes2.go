package keys

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // read only: old PKCS#8 files are closed with it
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // RFC 8018: the default of PBKDF2
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"hash"
	"unsafe"

	"github.com/antinvn/antin/codes"
)

// RFC 8018, appendix A and B.
type (
	encryptedPrivateKeyInfo struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	pbes2Params struct {
		KDF    pkix.AlgorithmIdentifier
		Cipher pkix.AlgorithmIdentifier
	}
	pbkdf2Params struct {
		Salt       []byte // the specified form of the CHOICE; no program writes the other
		Iterations int
		KeyLength  int                      `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
)

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

// prf returns the pseudo-random function of PBKDF2, by default HMAC-SHA-1.
func prf(oid asn1.ObjectIdentifier) func() hash.Hash {
	switch oid.String() {
	case "", "1.2.840.113549.2.7":
		return sha1.New
	case "1.2.840.113549.2.9":
		return sha256.New
	case "1.2.840.113549.2.10":
		return sha512.New384
	case "1.2.840.113549.2.11":
		return sha512.New
	}
	return nil
}

// blockCipher returns a CBC cipher and the length of its key.
func blockCipher(oid asn1.ObjectIdentifier) (keyLength int, newCipher func([]byte) (cipher.Block, error)) {
	switch oid.String() {
	case "2.16.840.1.101.3.4.1.2":
		return 16, aes.NewCipher
	case "2.16.840.1.101.3.4.1.22":
		return 24, aes.NewCipher
	case "2.16.840.1.101.3.4.1.42":
		return 32, aes.NewCipher
	case "1.2.840.113549.3.7": // still the default of some tools
		return 24, des.NewTripleDESCipher
	}
	return 0, nil
}

// decryptPKCS8 opens an EncryptedPrivateKeyInfo (RFC 5958, 3) under PBES2 with PBKDF2 (RFC 8018, 6.2).
func decryptPKCS8(ctx context.Context, path string, der []byte, password *secret) (any, error) {
	const op = "decrypting the private key of"
	var info encryptedPrivateKeyInfo
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) > 0 {
		return nil, codes.New(ErrFile, op, path, "it is not an EncryptedPrivateKeyInfo")
	}
	unsupported := codes.New(ErrUnsupported, op, path, "only PBES2 with PBKDF2 and AES or 3DES is supported")
	if !info.Algorithm.Algorithm.Equal(oidPBES2) {
		return nil, unsupported
	}
	var scheme pbes2Params
	if _, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &scheme); err != nil || !scheme.KDF.Algorithm.Equal(oidPBKDF2) {
		return nil, unsupported
	}
	var kdf pbkdf2Params
	if _, err := asn1.Unmarshal(scheme.KDF.Parameters.FullBytes, &kdf); err != nil {
		return nil, unsupported
	}
	newHash := prf(kdf.PRF.Algorithm)
	keyLength, newCipher := blockCipher(scheme.Cipher.Algorithm)
	if newHash == nil || newCipher == nil {
		return nil, unsupported
	}
	if kdf.Iterations < 1 || kdf.Iterations > maxIterations {
		return nil, codes.New(ErrUnsupported, op, path, "the key derivation asks for too many iterations")
	}
	value, err := password.get(ctx)
	if err != nil {
		return nil, err
	}
	if value == nil {
		return nil, codes.New(ErrPassword, op, path, "a password is needed")
	}
	key, err := pbkdf2.Key(newHash, borrow(value), kdf.Salt, kdf.Iterations, keyLength)
	if err != nil {
		return nil, codes.Wrap(ErrUnsupported, op, path, err)
	}
	defer clear(key)
	block, err := newCipher(key)
	if err != nil {
		return nil, codes.Wrap(ErrUnsupported, op, path, err)
	}
	plain, ok := decryptCBC(block, scheme.Cipher.Parameters.Bytes, info.Data)
	defer clear(plain)
	if !ok {
		return nil, codes.New(ErrPassword, op, path, "the password is wrong")
	}
	// Right padding by chance is no key: the structure tells (1 in 256 wrong passwords comes this far).
	var shape asn1.RawValue
	if rest, err := asn1.Unmarshal(plain, &shape); err != nil || len(rest) > 0 || shape.Tag != asn1.TagSequence {
		return nil, codes.New(ErrPassword, op, path, "the password is wrong")
	}
	return parsePKCS8(path, plain)
}

// decryptCBC decrypts and takes the padding off (RFC 8018, 6.1.1).
func decryptCBC(block cipher.Block, iv, data []byte) (plain []byte, ok bool) {
	size := block.BlockSize()
	if len(iv) != size || len(data) == 0 || len(data)%size != 0 {
		return nil, false
	}
	plain = make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > size {
		return plain, false
	}
	for _, b := range plain[len(plain)-pad:] {
		if int(b) != pad {
			return plain, false
		}
	}
	return plain[:len(plain)-pad], true
}

// borrow lends a secret as a string without a copy that could not be cleared. The string dies with the slice's
// content: it must not be kept.
func borrow(secret []byte) string { return unsafe.String(unsafe.SliceData(secret), len(secret)) } //nolint:gosec // as said
