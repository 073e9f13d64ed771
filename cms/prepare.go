package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"io"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// Unsigned is a signature prepared but not made: it can be stored and completed in another process. It is read-only
// after Prepare and safe for concurrent use.
type Unsigned struct {
	cert  *certpath.Certificate
	ctype certpath.OID
	hash  crypto.Hash
	pss   bool
	attrs []byte // DER SET OF
}

// PrepareOptions steer Prepare; the zero value makes CAdES-style attributes without signing-time.
type PrepareOptions struct {
	ContentType certpath.OID // nil: id-data
	Hash        crypto.Hash  // 0: SHA-256 (P-384: SHA-384, P-521 and Ed25519: SHA-512)
	PSS         bool         // RSA keys: RSASSA-PSS
	Attributes  []Attribute  // more signed attributes
	// Countersignature prepares one over a signature value: without content-type (RFC 5652, 11.4).
	Countersignature bool
}

// Prepare builds the signed attributes once: content-type, message-digest, signing-certificate-v2, CMSAlgorithmProtection
// and o.Attributes, sorted as DER asks (X.690, 11.6).
func Prepare(cert *certpath.Certificate, contentDigest []byte, o *PrepareOptions) (*Unsigned, error) {
	if o == nil {
		o = &PrepareOptions{}
	}
	u := &Unsigned{cert: cert, ctype: o.ContentType, hash: o.Hash, pss: o.PSS}
	if u.ctype == nil {
		u.ctype = OIDData
	}
	if u.hash == 0 {
		u.hash = HashFor(cert)
	}
	if u.hash != crypto.SHA256 && u.hash != crypto.SHA384 && u.hash != crypto.SHA512 {
		return nil, codes.New(ErrAlgorithm, "preparing a signature", u.hash.String(), "only SHA-256, SHA-384 and SHA-512 are produced")
	}
	if len(contentDigest) != u.hash.Size() {
		return nil, codes.New(ErrAlgorithm, "preparing a signature", u.hash.String(), "the digest has another length")
	}
	if _, ok := cert.PublicKey.(ed25519.PublicKey); ok && u.hash != crypto.SHA512 { // RFC 8419, 3.1
		return nil, codes.New(ErrAlgorithm, "preparing a signature", u.hash.String(), "Ed25519 goes with SHA-512")
	}
	alg, err := certpath.SignatureAlgorithmFor(cert.PublicKey, u.hash, u.pss)
	if err != nil {
		return nil, err
	}
	attrs := append([]Attribute{
		{Type: oidMessageDigest, Values: [][]byte{wrap(0x04, contentDigest)}},
		{Type: oidSigningCertV2, Values: [][]byte{signingCertificateV2(cert)}},
		{Type: oidAlgProtection, Values: [][]byte{algorithmProtection(u.hash, alg)}},
	}, o.Attributes...)
	if !o.Countersignature {
		attrs = append(attrs, Attribute{Type: oidContentType, Values: [][]byte{objectIdentifier(u.ctype)}})
	}
	der := make([][]byte, len(attrs))
	for i, a := range attrs {
		for _, b := range attrs[:i] {
			if a.Type.Equal(b.Type) {
				return nil, codes.New(ErrAttribute, "preparing a signature", a.Type.String(), "the attribute is given twice")
			}
		}
		der[i] = a.Marshal()
	}
	u.attrs = wrap(0x31, sortSet(der)...)
	return u, nil
}

// HashFor is the content hash that Prepare takes for a certificate's key when o.Hash is 0.
func HashFor(cert *certpath.Certificate) crypto.Hash {
	switch k := cert.PublicKey.(type) {
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 384:
			return crypto.SHA384
		case 521:
			return crypto.SHA512
		}
	case ed25519.PublicKey:
		return crypto.SHA512 // RFC 8419, 3
	}
	return crypto.SHA256
}

// signingCertificateV2 omits the default SHA-256 identifier (RFC 5035, 3; X.690, 11.5).
func signingCertificateV2(cert *certpath.Certificate) []byte {
	sum := cert.Fingerprint()
	var serial cryptobyte.Builder
	serial.AddASN1BigInt(cert.SerialNumber)
	issuerSerial := wrap(0x30, wrap(0x30, wrap(0xa4, cert.RawIssuer)), serial.BytesOrPanic())
	return wrap(0x30, wrap(0x30, wrap(0x30, wrap(0x04, sum[:]), issuerSerial)))
}

// algorithmProtection is RFC 6211, 2.
func algorithmProtection(h crypto.Hash, alg certpath.AlgorithmIdentifier) []byte {
	sig := alg.Marshal()
	return wrap(0x30, digestAlgorithm(h).Marshal(), append([]byte{0xa1}, sig[1:]...))
}

// digestAlgorithm has absent parameters (RFC 5754, 2).
func digestAlgorithm(h crypto.Hash) certpath.AlgorithmIdentifier {
	return certpath.AlgorithmIdentifier{Algorithm: certpath.OIDByHash(h)}
}

// sortSet orders the elements of a SET OF (X.690, 11.6).
func sortSet(parts [][]byte) [][]byte {
	out := slices.Clone(parts)
	slices.SortStableFunc(out, bytes.Compare)
	return out
}

// Certificate is the signing certificate.
func (u *Unsigned) Certificate() *certpath.Certificate { return u.cert }

// Hash is the content's and the attributes' hash.
func (u *Unsigned) Hash() crypto.Hash { return u.hash }

// ToBeSigned is the DER SET OF signed attributes.
func (u *Unsigned) ToBeSigned() []byte { return u.attrs }

// SignerOpts are for [crypto.Signer.Sign]; Digest is what to hand it.
func (u *Unsigned) SignerOpts() crypto.SignerOpts {
	switch u.cert.PublicKey.(type) {
	case ed25519.PublicKey:
		return crypto.Hash(0)
	case *rsa.PublicKey:
		if u.pss {
			return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: u.hash}
		}
	}
	return u.hash
}

// Digest is what a crypto.Signer is handed: the hash of ToBeSigned, or ToBeSigned itself for Ed25519.
func (u *Unsigned) Digest() []byte {
	if _, ok := u.cert.PublicKey.(ed25519.PublicKey); ok {
		return u.attrs
	}
	h := u.hash.New()
	h.Write(u.attrs)
	return h.Sum(nil)
}

// Sign is Complete over key.Sign(rand, Digest, SignerOpts); random nil means crypto/rand.
func (u *Unsigned) Sign(random io.Reader, key crypto.Signer, chain ...*certpath.Certificate) (*SignedData, error) {
	if random == nil {
		random = rand.Reader
	}
	sig, err := key.Sign(random, u.Digest(), u.SignerOpts())
	if err != nil {
		return nil, err
	}
	return u.CompleteBy(key, sig, chain...)
}

// CompleteBy is Complete for a value that key has just made. One by crypto/rsa with the certificate's own key is not verified a
// second time: before it returns a value it compares it with the public key, against faults in the computation.
func (u *Unsigned) CompleteBy(key crypto.Signer, signature []byte, chain ...*certpath.Certificate) (*SignedData, error) {
	if k, ok := key.(*rsa.PrivateKey); ok && k.PublicKey.Equal(u.cert.PublicKey) {
		return u.assemble(signature, chain)
	}
	return u.Complete(signature, chain...)
}

// Complete checks signature against the certificate (ErrSignatureMismatch) and returns a detached SignedData with the
// signing certificate and chain inside; [SignedData.Attach] gives it its content.
func (u *Unsigned) Complete(signature []byte, chain ...*certpath.Certificate) (*SignedData, error) {
	alg, err := certpath.SignatureAlgorithmFor(u.cert.PublicKey, u.hash, u.pss)
	if err != nil {
		return nil, err
	}
	if _, err := certpath.VerifySignature(alg, u.cert.PublicKey, u.attrs, signature); err != nil {
		return nil, codes.Wrap(ErrSignatureMismatch, "completing the signature of", u.cert.Subject.String(), err)
	}
	return u.assemble(signature, chain)
}

// assemble writes the SignerInfo and what goes with it.
func (u *Unsigned) assemble(signature []byte, chain []*certpath.Certificate) (*SignedData, error) {
	alg, err := certpath.SignatureAlgorithmFor(u.cert.PublicKey, u.hash, u.pss)
	if err != nil {
		return nil, err
	}
	var serial, version cryptobyte.Builder
	serial.AddASN1BigInt(u.cert.SerialNumber)
	version.AddASN1Int64(1)
	raw := wrap(0x30, version.BytesOrPanic(), wrap(0x30, u.cert.RawIssuer, serial.BytesOrPanic()), digestAlgorithm(u.hash).Marshal(),
		append([]byte{0xa0}, u.attrs[1:]...), alg.Marshal(), wrap(0x04, signature))
	si, err := ParseSignerInfo(raw)
	if err != nil {
		return nil, err
	}
	s := &SignedData{ctype: u.ctype, signers: []*SignerInfo{si}}
	si.owner = s
	s.AddCertificates(u.cert)
	s.AddCertificates(chain...)
	return s, nil
}

// unsignedVersion is the version of the stored form.
const unsignedVersion = 1

// MarshalBinary stores an Unsigned; the format carries a version.
func (u *Unsigned) MarshalBinary() ([]byte, error) {
	flags := byte(0)
	if u.pss {
		flags |= 1
	}
	out := append([]byte("ACU"), unsignedVersion, flags, byte(u.hash))
	for _, part := range [][]byte{u.cert.Raw, objectIdentifier(u.ctype), u.attrs} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part)))
		out = append(out, part...)
	}
	return out, nil
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (u *Unsigned) UnmarshalBinary(b []byte) error {
	if len(b) < 6 || string(b[:3]) != "ACU" {
		return codes.New(ErrMalformed, "reading a prepared signature", "", "this is not one")
	}
	if b[3] != unsignedVersion {
		return codes.New(ErrMalformed, "reading a prepared signature", "", "its version is not known to this program")
	}
	flags, h := b[4], crypto.Hash(b[5])
	b = b[6:]
	var parts [3][]byte
	for i := range parts {
		if len(b) < 4 || uint64(binary.BigEndian.Uint32(b)) > uint64(len(b)-4) {
			return malformed("a prepared signature")
		}
		n := binary.BigEndian.Uint32(b)
		parts[i], b = bytes.Clone(b[4:4+n]), b[4+n:]
	}
	cert, err := certpath.ParseCertificate(parts[0])
	if err != nil {
		return err
	}
	oid := cryptobyte.String(parts[1])
	var ctype certpath.OID
	set := cryptobyte.String(parts[2])
	if !oid.ReadASN1ObjectIdentifier(&ctype) || !set.SkipASN1(cbasn1.SET) || !set.Empty() || !h.Available() {
		return malformed("a prepared signature")
	}
	*u = Unsigned{cert: cert, ctype: ctype, hash: h, pss: flags&1 != 0, attrs: parts[2]}
	return nil
}
