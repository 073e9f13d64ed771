package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/tsp"
)

func (c *collector) collectPDF(r io.ReaderAt, size int64) (*Facts, error) {
	d, err := pdf.Open(c.ctx, r, size, &pdf.Options{Password: c.o.Password})
	if err != nil {
		return nil, err
	}
	sigs, err := pades.Signatures(c.ctx, d)
	if err != nil {
		return nil, err
	}
	dead, searched, err := pades.DeadSignatures(c.ctx, d, sigs)
	if err != nil {
		return nil, err
	}
	rewritten := len(sigs) == 0
	if rewritten {
		sigs = dead
	}
	c.begin("pdf", size)
	c.f.Revisions, c.f.Rebuilt, c.f.Signatures = len(d.Revisions()), d.Rebuilt(), make([]SignatureFacts, len(sigs))
	dss, err := pades.StoredEvidence(d.Latest(), c.o.Memory.parse)
	if err != nil {
		return nil, err
	}
	c.carriedCertificates(dss.Certificates)
	c.stored.OCSP, c.stored.CRLs = append(c.stored.OCSP, dss.OCSP...), append(c.stored.CRLs, dss.CRLs...)
	p := &pdfCollector{collector: c, doc: d, later: newLaterRevisions(d, sigs), brings: make([][]string, len(sigs)), tokens: map[*pades.Signature][]*embedded{}}
	for i, s := range sigs {
		p.describe(&c.f.Signatures[i], s)
		p.brings[i] = p.brought(s)
	}
	// Newest first: a later time-stamp proves that everything before it existed, so evidence for that time will do.
	at := c.o.At
	for i, s := range slices.Backward(sigs) {
		if rewritten {
			p.dead(&c.f.Signatures[i], s)
			continue
		}
		if err := p.signature(i, s, &at); err != nil {
			return nil, err
		}
	}
	if note := noteOfDead(len(dead), searched); note != "" && !rewritten {
		for i := range c.f.Signatures {
			c.f.Signatures[i].Notes = append(c.f.Signatures[i].Notes, note)
		}
	}
	return c.f, nil
}

// noteOfDead says that the file also holds signatures that no field reaches, or that nobody looked for them; "" if there are none.
func noteOfDead(found int, searched bool) string {
	switch {
	case !searched:
		return "dead_signatures_not_searched"
	case found > 0:
		return "dead_signatures"
	}
	return ""
}

// dead is a signature that no field reaches: who signed can be told, not what.
func (p *pdfCollector) dead(f *SignatureFacts, s *pades.Signature) {
	f.Dead, f.ByteRange, f.Digest, f.Signature = true, pades.Invalid, Unverifiable, Unverifiable
	if s.CMS == nil || len(s.CMS.Signers()) == 0 {
		return
	}
	si := s.CMS.Signers()[0]
	if cert := si.Certificate(slices.Concat(s.CMS.Certificates(), p.pool)); cert != nil {
		f.signed(si, cert)
		f.Signer = p.certificate(cert)
	}
}

// pdfCollector is a collector for one PDF.
type pdfCollector struct {
	*collector
	doc    *pdf.Document
	later  *laterRevisions
	brings [][]string                       // by signature: the ids of certificates, evidence and time-stamps inside it
	tokens map[*pades.Signature][]*embedded // those inside each
}

// brought takes what a signature carries in its CMS and in its time-stamps.
func (p *pdfCollector) brought(s *pades.Signature) []string {
	sd := s.CMS
	if s.Token != nil {
		sd = s.Token.SignedData
	}
	if sd == nil {
		p.carriedCertificates(s.Certificates)
		return p.ids(s.Certificates)
	}
	out := p.inside(sd)
	for _, t := range p.tokensOf(s) {
		out = append(out, stampID(t.raw))
		if t.token != nil {
			out = append(out, p.inside(t.token.SignedData)...)
		}
	}
	return out
}

func (p *pdfCollector) inside(sd *cms.SignedData) []string {
	p.carried(sd)
	return p.ids(sd.Certificates(), sd.CRLs(), sd.OCSPResponses())
}

func (p *pdfCollector) ids(certs []*certpath.Certificate, evidence ...[][]byte) []string {
	var out []string
	for _, c := range certs {
		out = append(out, p.certificate(c))
	}
	for _, e := range slices.Concat(evidence...) {
		out = append(out, evidenceID(e))
	}
	return out
}

// signature gathers the facts about one signature; at goes down to the time that a sound document time-stamp claims.
func (p *pdfCollector) signature(i int, s *pades.Signature, at *time.Time) error {
	f := &p.f.Signatures[i]
	in, before := p.check(s, f)
	if err := p.ctx.Err(); err != nil {
		return err
	}
	if err := p.changes(s, f); err != nil {
		return err
	}
	if s.Type == pades.TypeDocumentTimestamp {
		return p.documentTimestamp(i, s, in, before, at)
	}
	best := *at
	for _, t := range p.tokensOf(s) {
		tf, err := p.token(t, before, *at)
		if err != nil {
			return err
		}
		if t.kind == StampSignature {
			tf.Covers = []string{f.ID}
			if tf.sound() && tf.GenTime.Before(best) {
				best = tf.GenTime
			}
		}
		f.Timestamps = append(f.Timestamps, tf)
	}
	if len(s.Certificates) > 0 { // adbe.x509.rsa_sha1: no CMS, and no time-stamp
		cert := s.Certificates[0]
		f.Algorithm, f.Signer = algorithm(sha1WithRSA, 0, cert.PublicKey), p.certificate(cert)
		var err error
		f.Chains, err = p.chains(cert, certpath.Sign, best)
		return err
	}
	if s.CMS == nil || len(s.CMS.Signers()) == 0 {
		return nil
	}
	si, cert := s.CMS.Signers()[0], in.Certificate
	if cert == nil { // whose it claims to be can be told although no bytes are known to be signed
		cert = si.Certificate(slices.Concat(s.CMS.Certificates(), p.pool))
	}
	if cert == nil {
		return nil
	}
	f.signed(si, cert)
	if s.SubFilter == "adbe.pkcs7.sha1" && f.ContentDigest != "md5" {
		f.ContentDigest = "sha1" // the content that is signed is the SHA-1 of the byte range (ISO 32000-1, 12.8.3.3.1)
	}
	f.Signer = p.certificate(cert)
	var err error
	f.Chains, err = p.chains(cert, certpath.Sign, best)
	return err
}

// signed takes the algorithms of a signer.
func (f *SignatureFacts) signed(si *cms.SignerInfo, cert *certpath.Certificate) {
	f.Algorithm = algorithm(si.SignatureAlgorithm(), si.Hash(), cert.PublicKey)
	if d := trust.DigestName(si.Hash()); d != f.Algorithm.Digest {
		f.ContentDigest = d
	}
	f.SignaturePolicy = signaturePolicy(si)
	if f.CertificateBinding = binding(si, cert); f.CertificateBinding == Mismatch && strings.Contains(f.AttributeProblem, "signing-certificate") {
		f.AttributeProblem = "" // said by the binding
	}
}

// describe takes what the dictionary says.
func (p *pdfCollector) describe(f *SignatureFacts, s *pades.Signature) {
	sum := sha256.Sum256(s.Contents)
	*f = SignatureFacts{
		ID: hex.EncodeToString(sum[:]), Type: s.Type, Field: s.Field, Format: formatOf(s), Page: s.Page, Revision: s.Revision,
		Visible: s.Page > 0 && s.Rect.X1 > s.Rect.X0 && s.Rect.Y1 > s.Rect.Y0, Certification: int(s.DocMDP), Reason: s.Reason, Location: s.Location,
		ClaimedTime: moment(s.ClaimedTime), Software: softwareOf(p.doc.Latest(), s.Dict),
	}
	if s.FieldMDP != nil {
		f.LockAction, f.LockFields, f.LockP = s.FieldMDP.Action, s.FieldMDP.Fields, s.FieldMDP.P
	}
	if s.ParseError != nil {
		f.Unread = s.ParseError.Error()
	}
}

// documentTimestamp is a token over a revision: it proves what the revision holds.
func (p *pdfCollector) documentTimestamp(i int, s *pades.Signature, in pades.Integrity, before *SignatureFacts, at *time.Time) error {
	f := &p.f.Signatures[i]
	if s.Token == nil {
		return nil
	}
	tf, err := p.tokenOf(s, in, before, *at)
	if err != nil {
		return err
	}
	f.Signer, f.Chains, f.Algorithm = tf.Signer, tf.Chains, tf.Algorithm
	if tf.sound() {
		if tf.Covers, err = p.covered(i, s.Revision); err != nil {
			return err
		}
		if tf.GenTime.Before(*at) {
			*at = tf.GenTime
		}
	}
	f.Timestamps = []TimestampFacts{tf}
	return nil
}

// covered lists what stands in the bytes under the i-th signature: the signatures before it, what they carry, and the
// document security store of its revision.
func (p *pdfCollector) covered(i, revision int) ([]string, error) {
	var out []string
	for j := range i {
		out = append(out, p.f.Signatures[j].ID)
		out = append(out, p.brings[j]...)
	}
	if revision >= 0 {
		dss, err := pades.StoredEvidence(p.doc.At(revision), p.o.Memory.parse)
		if err != nil {
			return nil, err
		}
		out = append(out, p.ids(dss.Certificates, dss.OCSP, dss.CRLs)...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func (p *pdfCollector) changes(s *pades.Signature, f *SignatureFacts) error {
	changes, err := p.later.changes(p.ctx, s, p.o.Password)
	if ctxErr := p.ctx.Err(); ctxErr != nil {
		return ctxErr
	}
	if err != nil {
		// A later revision that cannot be read is not explained by any rule.
		changes = []Change{{
			Code: "unreadable_revision", Class: ClassForbidden, Object: "document", After: err.Error(), Revision: p.doc.Latest().Revision(),
		}}
	}
	f.Changes = changes
	return nil
}

// attributeProblem is what is wrong with a signature whose digest and value match: a signed attribute.
func attributeProblem(digest, signature string, err error) string {
	if err == nil || digest != Match || signature != Match {
		return ""
	}
	return err.Error()
}

// embedded is a token in an attribute of a signature.
type embedded struct {
	kind  string
	raw   []byte
	token *tsp.Token // nil: cannot be read
	err   error
	notes []string
	over  []byte // the message, of a signature time-stamp
	si    *cms.SignerInfo
}

// check says what is wrong with the token's bytes.
func (e *embedded) check(pool []*certpath.Certificate) error {
	if e.token == nil {
		return e.err
	}
	if e.kind == StampContent { // over the content, whose digest the signer states (EN 319 122-1, 5.2.8)
		if e.token.ImprintHash != e.si.Hash() {
			return errContentStamp
		}
		notes, err := e.token.Verify(e.si.Hash(), e.si.MessageDigest(), pool...)
		e.notes = notes
		return err
	}
	notes, err := e.token.VerifyMessage(e.over, pool...)
	e.notes = notes
	return err
}

// tokensOf are the time-stamps inside a signature, read once.
func (p *pdfCollector) tokensOf(s *pades.Signature) []*embedded {
	known, ok := p.tokens[s]
	if !ok {
		known = readTokens(s)
		p.tokens[s] = known
	}
	return known
}

func readTokens(s *pades.Signature) []*embedded {
	if s.CMS == nil || len(s.CMS.Signers()) == 0 {
		return nil
	}
	si := s.CMS.Signers()[0]
	out := contentTokens(si)
	for _, a := range si.UnsignedAttributes() {
		if !a.Type.Equal(oidSignatureTimestamp) {
			continue
		}
		for _, v := range a.Values {
			t, err := tsp.ParseToken(v)
			if err != nil {
				t = nil
			}
			out = append(out, &embedded{kind: StampSignature, raw: v, token: t, err: err, over: si.Signature(), si: si})
		}
	}
	return out
}

func contentTokens(si *cms.SignerInfo) []*embedded {
	var out []*embedded
	for _, v := range si.SignedAttribute(oidContentTimestamp) {
		t, err := tsp.ParseToken(v)
		if err != nil {
			t = nil
		}
		out = append(out, &embedded{kind: StampContent, raw: v, token: t, err: err, si: si})
	}
	return out
}

func formatOf(s *pades.Signature) string {
	switch s.SubFilter {
	case "ETSI.CAdES.detached":
		return "PAdES"
	case "ETSI.RFC3161":
		return "TST"
	default:
		return "PKCS7"
	}
}
