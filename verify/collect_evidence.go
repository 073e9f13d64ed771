package verify

import (
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/tsp"
)

// idOf names bytes: what they are, and enough of their SHA-256 to be the only ones.
func idOf(kind string, der []byte) string {
	sum := sha256.Sum256(der)
	return kind + hex.EncodeToString(sum[:12])
}

func evidenceID(der []byte) string { return idOf("r-", der) }
func stampID(der []byte) string    { return idOf("t-", der) }

// certificate is the id of a certificate in the facts.
func (c *collector) certificate(cert *certpath.Certificate) string {
	sum := cert.Fingerprint()
	i, ok := c.certs[sum]
	if !ok {
		i = len(c.f.Certificates)
		c.certs[sum] = i
		c.f.Certificates = append(c.f.Certificates, c.o.Memory.describe(cert))
	}
	return c.f.Certificates[i].ID
}

// Object identifiers.
var (
	sha1WithRSA           = certpath.AlgorithmIdentifier{Algorithm: certpath.OID{1, 2, 840, 113549, 1, 1, 5}} // all that adbe.x509.rsa_sha1 has
	oidRSAPSS             = certpath.OID{1, 2, 840, 113549, 1, 1, 10}
	oidContentTimestamp   = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 20} // EN 319 122-1, 5.2.8
	oidSignatureTimestamp = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 14} // RFC 3161, appendix A
)

func certificateFacts(cert *certpath.Certificate) CertificateFacts {
	sum := cert.Fingerprint()
	f := CertificateFacts{
		ID: "c-" + hex.EncodeToString(sum[:12]), Subject: cert.Subject.String(), CommonName: cert.Subject.CommonName(),
		Organization: cert.Subject.Organization(), Title: cert.Subject.First(certpath.OIDTitle), Issuer: cert.Issuer.String(),
		NotBefore: cert.NotBefore.UTC(), NotAfter: cert.NotAfter.UTC(), SHA256: hex.EncodeToString(sum[:]), NoCheck: cert.OCSPNoCheck,
		Algorithm:  signedBy(cert.SignatureAlgorithm),
		NoRevAvail: cert.NeedsNoStatus() && (cert.NoRevAvail || cert.ValidityAssured),
	}
	f.Key.Signature, f.Key.Bits = trust.SignatureName(certpath.AlgorithmIdentifier{}, cert.PublicKey)
	if cert.SerialNumber != nil {
		f.Serial = cert.SerialNumber.Text(16)
	}
	if len(cert.EmailAddresses) > 0 {
		f.Email = cert.EmailAddresses[0]
	}
	return f
}

// signedBy says what an identifier alone tells: the digest, and RSASSA-PSS; the rest the key tells.
func signedBy(alg certpath.AlgorithmIdentifier) AlgorithmFacts {
	f := AlgorithmFacts{Digest: trust.DigestName(certpath.HashOf(alg))}
	if alg.Algorithm.Equal(oidRSAPSS) {
		f.Signature = "rsa-pss"
	}
	return f
}

// algorithm is that of a signature value by a key.
func algorithm(alg certpath.AlgorithmIdentifier, digest crypto.Hash, key crypto.PublicKey) AlgorithmFacts {
	f := AlgorithmFacts{Digest: trust.DigestName(certpath.HashOf(alg))}
	if f.Digest == "" {
		f.Digest = trust.DigestName(digest)
	}
	f.Signature, f.Bits = trust.SignatureName(alg, key)
	return f
}

// answered takes what a piece of evidence says of a certificate.
func (c *collector) answered(s *certpath.Status, cert, issuer *certpath.Certificate, origin string) error {
	i, err := c.piece(s, issuer, origin)
	if err != nil {
		return err
	}
	a := AnswerFacts{Certificate: c.certificate(cert), State: stateName(s.State), RevokedAt: moment(s.RevokedAt)}
	if s.State == certpath.Revoked {
		a.Reason = max(0, s.Reason)
	}
	e := &c.f.Evidence[i]
	e.Answers = append(e.Answers, a)
	return nil
}

// piece is the place of a piece of evidence in the facts, with the lists that it is read with. Who signed it for the issuer is
// looked at too.
func (c *collector) piece(s *certpath.Status, issuer *certpath.Certificate, origin string) (int, error) {
	signer := issuer
	if len(s.Signer) > 0 {
		signer = s.Signer[0]
	}
	var also []string
	for i := range s.Also {
		if _, err := c.piece(&s.Also[i], issuer, origin); err != nil {
			return 0, err
		}
		also = append(also, evidenceID(s.Also[i].Evidence))
	}
	key := strings.Join(append([]string{evidenceID(s.Evidence), c.certificate(signer)}, also...), "/")
	if i, ok := c.evidence[key]; ok {
		return i, nil
	}
	e := EvidenceFacts{
		ID: evidenceID(s.Evidence), Kind: s.Kind, Origin: origin, Source: s.Source, ThisUpdate: s.ThisUpdate.UTC(),
		NextUpdate: moment(s.NextUpdate), ProducedAt: moment(s.ProducedAt), CutOff: moment(s.ArchiveCutOff),
		Algorithm: algorithm(s.SignatureAlgorithm, 0, signer.PublicKey), Signer: c.certificate(signer), Answers: []AnswerFacts{}, Also: also,
	}
	if !signer.Equal(issuer) {
		made := s.ThisUpdate
		if !s.ProducedAt.IsZero() {
			made = s.ProducedAt
		}
		c.know(s.Signer...)
		var err error
		if e.Chains, err = c.responderChains(signer, s.Kind, made); err != nil {
			return 0, err
		}
	}
	i := len(c.f.Evidence)
	c.evidence[key] = i
	c.f.Evidence = append(c.f.Evidence, e)
	return i, nil
}

// responderChains are the paths of who signed evidence for somebody else: an OCSP responder, or an issuer of CRLs (RFC 5280,
// 6.3.3 (f)).
func (c *collector) responderChains(signer *certpath.Certificate, kind string, at time.Time) ([]ChainFacts, error) {
	if kind == "ocsp" {
		return c.chains(signer, certpath.OCSPSign, at)
	}
	return c.chains(signer, certpath.CRLSign, at)
}

func stateName(s certpath.State) string {
	switch s {
	case certpath.Good:
		return StateGood
	case certpath.Revoked:
		return StateRevoked
	case certpath.Unknown:
	}
	return StateUnknown
}

// innermost is the code of the last cause that has one: what really stood in the way.
func innermost(err error) string {
	code := codes.Of(err)
	for _, e := range causes(err) {
		if inner := innermost(e); inner != "" {
			code = inner
		}
	}
	return code
}

func causes(err error) []error {
	switch e := err.(type) { //nolint:errorlint // every branch of the tree is walked
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	case interface{ Unwrap() error }:
		if u := e.Unwrap(); u != nil {
			return []error{u}
		}
	}
	return nil
}

// stamp makes the facts of a token whose bytes were checked; problem is what was wrong with them, the token nil if it cannot
// be read. at is the moment for which evidence about its authority is wanted.
func (c *collector) stamp(kind string, t *tsp.Token, raw []byte, notes []string, problem error, at time.Time) (TimestampFacts, error) {
	f := TimestampFacts{ID: stampID(raw), Kind: kind, Imprint: Match, Signature: Match, Notes: notes}
	switch {
	case problem == nil:
	case errors.Is(problem, cades.ErrContent):
		f.Imprint, f.Problem = Unverifiable, problem.Error()
	case errors.Is(problem, tsp.ErrMismatch) && len(codesOf(problem)) == 1:
		f.Imprint, f.Problem = Mismatch, problem.Error()
	case errors.Is(problem, tsp.ErrMismatch):
		f.Signature, f.Problem = Mismatch, problem.Error()
	case errors.Is(problem, tsp.ErrUsage): // the chain says so too
	case errors.Is(problem, tsp.ErrToken):
		f.Signature, f.Problem = Unverifiable, problem.Error()
	default:
		f.Problem = problem.Error()
	}
	if t == nil {
		f.Imprint, f.Signature = Unverifiable, Unverifiable
		return f, nil
	}
	c.f.Checked++
	return f, c.authority(&f, t, at)
}

// authority says who made a token, and what is known of them.
func (c *collector) authority(f *TimestampFacts, t *tsp.Token, at time.Time) error {
	f.GenTime, f.Digest = t.GenTime.UTC(), trust.DigestName(t.ImprintHash)
	cert := t.Certificate(c.pool)
	if cert == nil {
		return nil
	}
	si := t.SignedData.Signers()[0]
	f.Signer, f.Algorithm = c.certificate(cert), algorithm(si.SignatureAlgorithm(), si.Hash(), cert.PublicKey)
	var err error
	f.Chains, err = c.chains(cert, certpath.TimeStamp, at)
	return err
}

// codesOf lists the codes in an error's tree.
func codesOf(err error) []string {
	var out []string
	if coded, ok := err.(interface{ Code() string }); ok {
		out = append(out, coded.Code())
	}
	for _, e := range causes(err) {
		if _, bare := e.(codes.Code); !bare { //nolint:errorlint // an Error's own kind
			out = append(out, codesOf(e)...)
		}
	}
	return out
}
