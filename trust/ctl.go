package trust

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/pem"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
)

// ErrCTL is a certificate trust list that cannot be read.
const ErrCTL codes.Code = "trust.ctl"

// oidCTL is szOID_CTL, the content type of a certificate trust list.
var oidCTL = certpath.OID{1, 3, 6, 1, 4, 1, 311, 10, 1}

var derOIDCTL = []byte{6, 9, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 1}

const maxSubjects = 10_000

// CTL is a Microsoft certificate trust list: PKCS#7 SignedData over a CertificateTrustList, whose members the documentation of Windows describes
// as CTL_INFO. It is not the form of the government's gca.ctl, for which see [GCAList].
type CTL struct {
	Identifier []byte
	Sequence   *big.Int // nil if not given
	ThisUpdate time.Time
	NextUpdate time.Time // zero if not given
	Usage      []certpath.OID
	Hash       crypto.Hash // of the subjects' identifiers
	Subjects   [][]byte    // identifiers: hashes of certificates
	// Certificates are those inside whose hash is listed. What else lies in the file is not signed, and left out.
	Certificates []*certpath.Certificate
	Signer       *certpath.Certificate
	SHA1         bool // signature or identifiers rest on SHA-1
	Digest       [32]byte
}

// Expired says whether a newer list should have been published by then.
func (c *CTL) Expired(at time.Time) bool { return !c.NextUpdate.IsZero() && at.After(c.NextUpdate) }

// Lists says whether a certificate's hash is among the subjects.
func (c *CTL) Lists(cert *certpath.Certificate) bool {
	h := c.Hash.New()
	h.Write(cert.Raw)
	sum := h.Sum(nil)
	return slices.ContainsFunc(c.Subjects, func(s []byte) bool { return bytes.Equal(s, sum) })
}

// isCTL says whether a file is a certificate trust list, in DER or PEM, and gives its DER.
func isCTL(data []byte) ([]byte, bool) {
	if block, _ := pem.Decode(data); block != nil {
		data = block.Bytes
	}
	return data, bytes.Contains(data[:min(len(data), 100)], derOIDCTL)
}

// ParseCTL reads a certificate trust list in DER or PEM and checks its signature, which must be by one of the signers given, who is believed
// for himself. Errors: [ErrCTL], [ErrListSigner], [ErrListSignature].
func ParseCTL(data []byte, signers []*certpath.Certificate) (*CTL, error) {
	const op = "reading a certificate trust list"
	data, _ = isCTL(data)
	sd, err := cms.ParseBytes(data)
	if err != nil {
		return nil, codes.Wrap(ErrCTL, op, "", err)
	}
	if !sd.ContentType().Equal(oidCTL) || sd.Detached() {
		return nil, codes.New(ErrCTL, op, sd.ContentType().String(), "the content is no certificate trust list")
	}
	c := &CTL{Digest: sha256.Sum256(sd.Content())}
	if err := c.check(sd, signers); err != nil {
		return nil, err
	}
	if !c.parse(sd.Content()) {
		return nil, codes.New(ErrCTL, op, "", "its structure is wrong")
	}
	if c.Hash == 0 {
		return nil, codes.New(ErrCTL, op, "", "the subjects' hash is not supported")
	}
	c.SHA1 = c.SHA1 || c.Hash == crypto.SHA1
	for _, cert := range sd.Certificates() {
		if len(c.Certificates) < maxSubjects && c.Lists(cert) {
			c.Certificates = append(c.Certificates, cert)
		}
	}
	return c, nil
}

func (c *CTL) check(sd *cms.SignedData, signers []*certpath.Certificate) error {
	const op = "checking the signature of a certificate trust list"
	if len(sd.Signers()) != 1 {
		return codes.New(ErrListSignature, op, "", "there is not exactly one signer")
	}
	si := sd.Signers()[0]
	if c.Signer = si.Certificate(signers); c.Signer == nil {
		return codes.New(ErrListSigner, op, "", "the certificate that signed is none of those given")
	}
	if si.Hash() == 0 {
		return codes.New(ErrListSignature, op, "", "the hash is not supported")
	}
	h := si.Hash().New()
	h.Write(sd.Content())
	in, err := si.Verify(oidCTL, h.Sum(nil), c.Signer)
	if err != nil || !in.DigestMatches || !in.SignatureMatches {
		return codes.Wrap(ErrListSignature, op, c.Signer.Subject.String(), err)
	}
	c.SHA1 = slices.Contains(in.Notes, "sha1")
	return nil
}

// parse reads CertificateTrustList. PKCS#7 has it in place of the OCTET STRING, so that its own header is no part of the content; CMS has
// it whole.
//
//	CertificateTrustList ::= SEQUENCE {
//	    version INTEGER DEFAULT 0, subjectUsage SEQUENCE OF OBJECT IDENTIFIER, listIdentifier OCTET STRING OPTIONAL,
//	    sequenceNumber INTEGER OPTIONAL, ctlThisUpdate Time, ctlNextUpdate Time OPTIONAL, subjectAlgorithm AlgorithmIdentifier,
//	    trustedSubjects SEQUENCE OF SEQUENCE { subjectIdentifier OCTET STRING, subjectAttributes SET OPTIONAL } OPTIONAL,
//	    ctlExtensions [0] EXPLICIT Extensions OPTIONAL }
func (c *CTL) parse(content []byte) bool {
	in := cryptobyte.String(content)
	var whole, usage, identifier, subjects cryptobyte.String
	if all := in; all.ReadASN1(&whole, cbasn1.SEQUENCE) && all.Empty() {
		in = whole
	}
	version, has := 0, false
	if in.PeekASN1Tag(cbasn1.INTEGER) && (!in.ReadASN1Integer(&version) || version != 0) {
		return false
	}
	if !in.ReadASN1(&usage, cbasn1.SEQUENCE) {
		return false
	}
	for !usage.Empty() {
		var oid certpath.OID
		if !usage.ReadASN1ObjectIdentifier(&oid) {
			return false
		}
		c.Usage = append(c.Usage, oid)
	}
	if !in.ReadOptionalASN1(&identifier, &has, cbasn1.OCTET_STRING) {
		return false
	}
	c.Identifier = identifier
	if in.PeekASN1Tag(cbasn1.INTEGER) {
		c.Sequence = new(big.Int)
		if !in.ReadASN1Integer(c.Sequence) {
			return false
		}
	}
	var ok bool
	if c.ThisUpdate, ok = readTime(&in); !ok {
		return false
	}
	if in.PeekASN1Tag(cbasn1.UTCTime) || in.PeekASN1Tag(cbasn1.GeneralizedTime) {
		if c.NextUpdate, ok = readTime(&in); !ok {
			return false
		}
	}
	algorithm, ok := certpath.ReadAlgorithm(&in)
	if !ok {
		return false
	}
	c.Hash = certpath.HashByOID(algorithm.Algorithm)
	if !in.ReadOptionalASN1(&subjects, &has, cbasn1.SEQUENCE) {
		return false
	}
	for !subjects.Empty() {
		var subject, id cryptobyte.String
		if len(c.Subjects) == maxSubjects || !subjects.ReadASN1(&subject, cbasn1.SEQUENCE) || !subject.ReadASN1(&id, cbasn1.OCTET_STRING) {
			return false
		}
		c.Subjects = append(c.Subjects, id)
	}
	return in.SkipOptionalASN1(cbasn1.Tag(0).Constructed().ContextSpecific()) && in.Empty()
}

func readTime(in *cryptobyte.String) (t time.Time, ok bool) {
	if in.PeekASN1Tag(cbasn1.UTCTime) {
		ok = in.ReadASN1UTCTime(&t)
	} else {
		ok = in.ReadASN1GeneralizedTime(&t)
	}
	return t.UTC(), ok
}
