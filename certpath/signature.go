package certpath

import (
	"bytes"
	"crypto"
	"crypto/dsa" //nolint:staticcheck // to verify only: old certificates and PKITS use it
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // read and flagged, never produced
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/codes"
)

// Algorithm identifiers.
var (
	oidRSAPSS  = OID{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1    = OID{1, 2, 840, 113549, 1, 1, 8}
	oidEd25519 = OID{1, 3, 101, 112}
	oidDSA     = OID{1, 2, 840, 10040, 4, 1}
	derNull    = []byte{5, 0}
	digestOIDs = map[crypto.Hash]OID{
		crypto.SHA1: {1, 3, 14, 3, 2, 26}, crypto.SHA224: {2, 16, 840, 1, 101, 3, 4, 2, 4}, crypto.SHA256: {2, 16, 840, 1, 101, 3, 4, 2, 1},
		crypto.SHA384: {2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA512: {2, 16, 840, 1, 101, 3, 4, 2, 3},
	}
)

// scheme is how a signature algorithm identifier is to be read.
type scheme struct {
	kind string // "rsa", "pss", "ecdsa", "dsa", "ed25519"
	hash crypto.Hash
}

var schemes = map[string]scheme{
	"1.2.840.113549.1.1.5": {"rsa", crypto.SHA1}, "1.2.840.113549.1.1.14": {"rsa", crypto.SHA224}, "1.2.840.113549.1.1.11": {"rsa", crypto.SHA256},
	"1.2.840.113549.1.1.12": {"rsa", crypto.SHA384}, "1.2.840.113549.1.1.13": {"rsa", crypto.SHA512}, "1.2.840.113549.1.1.1": {"rsa", 0},
	"1.2.840.10045.4.1": {"ecdsa", crypto.SHA1}, "1.2.840.10045.4.3.1": {"ecdsa", crypto.SHA224}, "1.2.840.10045.4.3.2": {"ecdsa", crypto.SHA256},
	"1.2.840.10045.4.3.3": {"ecdsa", crypto.SHA384}, "1.2.840.10045.4.3.4": {"ecdsa", crypto.SHA512}, "1.2.840.10045.2.1": {"ecdsa", 0},
	"1.2.840.10040.4.3": {"dsa", crypto.SHA1}, "2.16.840.1.101.3.4.3.1": {"dsa", crypto.SHA224}, "2.16.840.1.101.3.4.3.2": {"dsa", crypto.SHA256}, "1.2.840.10040.4.1": {"dsa", 0},
	"1.3.101.112": {"ed25519", 0}, "1.2.840.113549.1.1.10": {"pss", 0},
}

func parsePublicKey(spki cryptobyte.String) (AlgorithmIdentifier, crypto.PublicKey) {
	in := spki
	var body cryptobyte.String
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) {
		return AlgorithmIdentifier{}, nil
	}
	alg, ok := ReadAlgorithm(&body)
	if !ok {
		return alg, nil
	}
	if alg.Algorithm.Equal(oidRSAPSS) { // the key itself is an RSAPublicKey (RFC 4055, 1.2)
		var bits []byte
		if !body.ReadASN1BitStringAsBytes(&bits) {
			return alg, nil
		}
		k, err := x509.ParsePKCS1PublicKey(bits)
		if err != nil {
			return alg, nil
		}
		return alg, k
	}
	if alg.Algorithm.Equal(oidDSA) && (alg.Parameters == nil || bytes.Equal(alg.Parameters, derNull)) {
		return alg, dsaWithoutParameters(body)
	}
	k, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return alg, nil
	}
	return alg, k
}

// dsaWithoutParameters is a key whose parameters are its issuer's (RFC 3279, 2.3.2); nil if it cannot be read.
func dsaWithoutParameters(body cryptobyte.String) crypto.PublicKey {
	var bits []byte
	y := new(big.Int)
	if !body.ReadASN1BitStringAsBytes(&bits) {
		return nil
	}
	in := cryptobyte.String(bits)
	if !in.ReadASN1Integer(y) || y.Sign() <= 0 {
		return nil
	}
	return &dsa.PublicKey{Y: y}
}

// inherits reports a DSA key without parameters of its own.
func inherits(k crypto.PublicKey) bool {
	d, ok := k.(*dsa.PublicKey)
	return ok && d.P == nil
}

// inherited completes a certificate's DSA key by its issuer's parameters (RFC 5280, 6.1.4 (e)).
func inherited(c, issuer *Certificate) *Certificate {
	from, ok := issuer.PublicKey.(*dsa.PublicKey)
	if !ok || !inherits(c.PublicKey) || from.P == nil {
		return c
	}
	with := *c
	with.PublicKey = &dsa.PublicKey{Parameters: from.Parameters, Y: c.PublicKey.(*dsa.PublicKey).Y} //nolint:forcetypeassert // inherits
	return &with
}

// pssParameters reads RSASSA-PSS-params (RFC 4055, 3.1) with its defaults.
func pssParameters(der []byte) (h crypto.Hash, salt int, ok bool) {
	h, salt = crypto.SHA1, 20
	if len(der) == 0 {
		return h, salt, true
	}
	in := cryptobyte.String(der)
	var s, v cryptobyte.String
	var has bool
	if !in.ReadASN1(&s, cbasn1.SEQUENCE) {
		return 0, 0, false
	}
	if !s.ReadOptionalASN1(&v, &has, cbasn1.Tag(0).Constructed().ContextSpecific()) {
		return 0, 0, false
	}
	if has {
		a, ok := ReadAlgorithm(&v)
		if h = HashByOID(a.Algorithm); !ok || h == 0 {
			return 0, 0, false
		}
	}
	if !s.ReadOptionalASN1(&v, &has, cbasn1.Tag(1).Constructed().ContextSpecific()) {
		return 0, 0, false
	}
	if has {
		mgf, ok := ReadAlgorithm(&v)
		if !ok || !mgf.Algorithm.Equal(oidMGF1) {
			return 0, 0, false
		}
		p := cryptobyte.String(mgf.Parameters)
		if a, ok := ReadAlgorithm(&p); !ok || HashByOID(a.Algorithm) != h {
			return 0, 0, false // crypto/rsa has one hash for both
		}
	}
	if !s.ReadOptionalASN1(&v, &has, cbasn1.Tag(2).Constructed().ContextSpecific()) {
		return 0, 0, false
	}
	if has && (!v.ReadASN1Integer(&salt) || salt < 0 || salt > 1024) {
		return 0, 0, false
	}
	return h, salt, true
}

// VerifySignature checks sig over message (not its digest) by key pub under alg. It accepts a PKCS#1 v1.5 DigestInfo
// with or without NULL (RFC 4055) and says so in notes. Notes are stable codes: "digestinfo_without_null",
// "stray_pss_parameters", "sha1".
func VerifySignature(alg AlgorithmIdentifier, pub crypto.PublicKey, message, sig []byte) (notes []string, err error) {
	sc, ok := schemes[alg.Algorithm.String()]
	if !ok {
		return nil, codes.New(ErrAlgorithm, "verifying a signature", alg.Algorithm.String(), "the signature algorithm is not supported")
	}
	if sc.kind == "ed25519" {
		k, ok := pub.(ed25519.PublicKey)
		if !ok || !ed25519.Verify(k, message, sig) {
			return nil, mismatch(alg)
		}
		return nil, nil
	}
	h := sc.hash
	if sc.kind == "pss" {
		if h, _, ok = pssParameters(alg.Parameters); !ok {
			return nil, codes.New(ErrAlgorithm, "verifying a signature", alg.Algorithm.String(), "PSS parameters are not supported")
		}
	}
	if h == 0 {
		return nil, codes.New(ErrAlgorithm, "verifying a signature", alg.Algorithm.String(), "the hash is not given")
	}
	hash := h.New()
	hash.Write(message)
	return VerifyDigest(alg, pub, h, hash.Sum(nil), sig)
}

// VerifyDigest is [VerifySignature] for a digest already made with hash h. Ed25519 cannot be verified that way.
func VerifyDigest(alg AlgorithmIdentifier, pub crypto.PublicKey, h crypto.Hash, digest, sig []byte) (notes []string, err error) {
	sc, ok := schemes[alg.Algorithm.String()]
	if !ok || !h.Available() {
		return nil, codes.New(ErrAlgorithm, "verifying a signature", alg.Algorithm.String(), "the algorithm is not supported")
	}
	if sc.hash != 0 && sc.hash != h {
		return nil, codes.New(ErrSignature, "verifying a signature", alg.Algorithm.String(), "the algorithm names another hash")
	}
	if h == crypto.SHA1 {
		notes = append(notes, "sha1")
	}
	good := false
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() > maxRSA {
			return nil, codes.New(ErrTooLarge, "verifying a signature", alg.Algorithm.String(), "an RSA key of more than 16384 bits")
		}
		switch sc.kind {
		case "pss":
			ph, salt, ok := pssParameters(alg.Parameters)
			good = ok && ph == h && rsa.VerifyPSS(k, h, digest, sig, &rsa.PSSOptions{SaltLength: salt, Hash: h}) == nil
		case "rsa":
			if len(alg.Parameters) > 0 && !bytes.Equal(alg.Parameters, derNull) {
				notes = append(notes, "stray_pss_parameters")
			}
			if good = rsa.VerifyPKCS1v15(k, h, digest, sig) == nil; !good && verifyWithoutNull(k, h, digest, sig) {
				good, notes = true, append(notes, "digestinfo_without_null")
			}
		}
	case *ecdsa.PublicKey:
		good = sc.kind == "ecdsa" && ecdsa.VerifyASN1(k, digest, sig)
	case *dsa.PublicKey:
		good = sc.kind == "dsa" && verifyDSA(k, digest, sig)
	default:
		return nil, codes.New(ErrAlgorithm, "verifying a signature", alg.Algorithm.String(), "the public key is of an unknown kind")
	}
	if !good {
		return notes, mismatch(alg)
	}
	return notes, nil
}

func mismatch(alg AlgorithmIdentifier) error {
	return codes.New(ErrSignature, "verifying a signature", alg.Algorithm.String(), "the value does not match key and data")
}

// verifyWithoutNull accepts a DigestInfo whose AlgorithmIdentifier omits NULL (RFC 8017, appendix A.2.4, note 2).
func verifyWithoutNull(k *rsa.PublicKey, h crypto.Hash, digest, sig []byte) bool {
	size := k.Size()
	if len(sig) != size {
		return false
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(OIDByHash(h)) })
		b.AddASN1OctetString(digest)
	})
	info, err := b.Bytes()
	if err != nil || size < len(info)+11 {
		return false
	}
	want := append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, size-len(info)-3)...)
	want = append(append(want, 0), info...)
	got := new(big.Int).Exp(new(big.Int).SetBytes(sig), big.NewInt(int64(k.E)), k.N)
	return bytes.Equal(got.FillBytes(make([]byte, size)), want)
}

// The largest keys that are worked with: a verification's cost grows with the square of their size, and nothing interrupts it.
const (
	maxRSA  = 16384
	maxDSA  = 4096
	maxDSAQ = 512
)

func verifyDSA(k *dsa.PublicKey, digest, sig []byte) bool {
	in := cryptobyte.String(sig)
	var s cryptobyte.String
	r, v := new(big.Int), new(big.Int)
	if !in.ReadASN1(&s, cbasn1.SEQUENCE) || !s.ReadASN1Integer(r) || !s.ReadASN1Integer(v) || k.P == nil ||
		k.P.BitLen() > maxDSA || k.Q.BitLen() > maxDSAQ || k.G.BitLen() > maxDSA || k.Y.BitLen() > maxDSA {
		return false
	}
	if n := (k.Q.BitLen() + 7) / 8; len(digest) > n {
		digest = digest[:n]
	}
	return dsa.Verify(k, digest, r, v)
}

// HashByOID returns the hash of a digest algorithm identifier, 0 if unknown.
func HashByOID(o OID) crypto.Hash {
	for h, id := range digestOIDs {
		if id.Equal(o) {
			return h
		}
	}
	return 0
}

// OIDByHash returns the digest algorithm's identifier, nil if unknown.
func OIDByHash(h crypto.Hash) OID { return digestOIDs[h] }

// HashOf is the hash that a signature algorithm names, 0 if it names none.
func HashOf(alg AlgorithmIdentifier) crypto.Hash {
	sc := schemes[alg.Algorithm.String()]
	if sc.kind == "pss" {
		h, _, _ := pssParameters(alg.Parameters)
		return h
	}
	return sc.hash
}

// SignatureAlgorithmFor returns the AlgorithmIdentifier to write for a key and hash: sha256WithRSAEncryption,
// ecdsa-with-SHA256, Ed25519, or RSASSA-PSS with explicit parameters where pss is true.
func SignatureAlgorithmFor(pub crypto.PublicKey, h crypto.Hash, pss bool) (AlgorithmIdentifier, error) {
	unsupported := codes.New(ErrAlgorithm, "choosing a signature algorithm", h.String(), "key and hash do not go together")
	switch k := pub.(type) {
	case *rsa.PublicKey:
		oid, ok := map[crypto.Hash]OID{
			crypto.SHA256: {1, 2, 840, 113549, 1, 1, 11}, crypto.SHA384: {1, 2, 840, 113549, 1, 1, 12}, crypto.SHA512: {1, 2, 840, 113549, 1, 1, 13},
		}[h]
		if !ok {
			return AlgorithmIdentifier{}, unsupported
		}
		if pss {
			return AlgorithmIdentifier{Algorithm: oidRSAPSS, Parameters: marshalPSS(h)}, nil
		}
		return AlgorithmIdentifier{Algorithm: oid, Parameters: derNull}, nil
	case *ecdsa.PublicKey:
		oid, ok := map[crypto.Hash]OID{
			crypto.SHA256: {1, 2, 840, 10045, 4, 3, 2}, crypto.SHA384: {1, 2, 840, 10045, 4, 3, 3}, crypto.SHA512: {1, 2, 840, 10045, 4, 3, 4},
		}[h]
		if !ok || k.Curve == elliptic.P224() {
			return AlgorithmIdentifier{}, unsupported
		}
		return AlgorithmIdentifier{Algorithm: oid}, nil
	case ed25519.PublicKey:
		return AlgorithmIdentifier{Algorithm: oidEd25519}, nil
	}
	return AlgorithmIdentifier{}, unsupported
}

func marshalPSS(h crypto.Hash) []byte {
	digest := AlgorithmIdentifier{Algorithm: OIDByHash(h), Parameters: derNull}.Marshal()
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(digest) })
		b.AddASN1(cbasn1.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddBytes(AlgorithmIdentifier{Algorithm: oidMGF1, Parameters: digest}.Marshal())
		})
		b.AddASN1(cbasn1.Tag(2).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(h.Size())) })
	})
	return b.BytesOrPanic()
}
