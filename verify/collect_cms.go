package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"slices"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/tsp"
)

// oidTSTInfo is id-ct-TSTInfo (RFC 3161, 2.4.2).
var oidTSTInfo = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 1, 4}

// errContentStamp says that an imprint is by another hash than the one whose digest is known.
var errContentStamp = codes.New(cades.ErrContent, "checking", "a time-stamp", "its hash is not the one of the content's digest")

// collectCMS gathers the facts about each signer of a CMS file and, after it, each of its counter-signers; or about the one
// token that the file is.
func (c *collector) collectCMS(file *io.SectionReader) (*Facts, error) {
	sd, err := cms.Open(c.ctx, file, file.Size())
	if err != nil {
		return nil, err
	}
	if sd.ContentType().Equal(oidTSTInfo) {
		return c.collectToken(file)
	}
	d, err := cades.Open(c.ctx, file, c.o.Content)
	if err != nil {
		return nil, err
	}
	c.begin("cms", file.Size())
	c.carried(d.SignedData())
	found, err := cades.Check(c.ctx, d, c.pool...)
	if err != nil {
		return nil, err
	}
	for _, s := range found {
		c.carriedByTokens(s)
	}
	m := &cmsCollector{c, d.SignedData()}
	for _, s := range found {
		if err := m.signers(TypeSignature, s); err != nil {
			return nil, err
		}
	}
	return c.f, nil
}

// cmsCollector is a collector for one CMS file.
type cmsCollector struct {
	*collector
	sd *cms.SignedData
}

func (c *collector) carriedByTokens(s *cades.Signature) {
	for _, t := range s.Timestamps {
		if t.Token != nil {
			c.carried(t.Token.SignedData)
		}
	}
	for _, one := range s.Countersignatures {
		c.carriedByTokens(one)
	}
}

// signers appends a signer and those who counter-signed it.
func (m *cmsCollector) signers(kind string, s *cades.Signature) error {
	one, err := m.signer(kind, s)
	if err != nil {
		return err
	}
	m.f.Signatures = append(m.f.Signatures, one)
	m.f.Checked++
	for _, counter := range s.Countersignatures {
		if err := m.signers(TypeCounterSignature, counter); err != nil {
			return err
		}
	}
	return nil
}

func (m *cmsCollector) signer(kind string, s *cades.Signature) (SignatureFacts, error) {
	// There is no byte range: the whole content is signed, whatever it is.
	f := SignatureFacts{
		Type: kind, Format: "CAdES", Revision: -1, ByteRange: "valid", CoversWholeDocument: true,
		Digest: s.Digest, Signature: s.Signature, Notes: s.Notes, AttributeProblem: attributeProblem(s.Digest, s.Signature, s.Err),
	}
	if s.Info == nil {
		f.Unread = s.Err.Error()
		return f, nil
	}
	id := sha256.Sum256(s.Info.Raw())
	f.ID = hex.EncodeToString(id[:])
	if slices.Contains(s.Notes, "ess_missing") || slices.Contains(s.Notes, "no_signed_attributes") {
		f.Format = "PKCS7"
	}
	f.ClaimedTime = moment(s.ClaimedTime)
	return f, m.times(&f, s)
}

// times takes the time-stamps, newest first: each proves that what it covers existed, so evidence for that time will do.
func (m *cmsCollector) times(f *SignatureFacts, s *cades.Signature) error {
	at, best := m.o.At, m.o.At
	for _, e := range contentTokens(s.Info) {
		tf, err := m.stamp(e.kind, e.token, e.raw, e.notes, e.check(m.pool), at)
		if err != nil {
			return err
		}
		f.Timestamps = append(f.Timestamps, tf)
	}
	content := len(f.Timestamps)
	for i, t := range slices.Backward(s.Timestamps) {
		kind := StampSignature
		if t.Archive {
			kind = StampArchive
		}
		var raw []byte
		if t.Token != nil {
			raw = t.Token.Raw
		}
		tf, err := m.stamp(kind, t.Token, raw, t.Notes, t.Err, at)
		if err != nil {
			return err
		}
		tf.Covers = []string{f.ID}
		if t.Archive && tf.sound() {
			tf.Covers = m.archived(f.ID, t, s.Timestamps[:i])
		}
		if tf.sound() && tf.GenTime.Before(best) {
			best = tf.GenTime
		}
		if t.Archive {
			at = best
		}
		f.Timestamps = slices.Insert(f.Timestamps, content, tf)
	}
	if err := m.ctx.Err(); err != nil || s.Certificate == nil {
		return err
	}
	f.signed(s.Info, s.Certificate)
	f.Signer = m.certificate(s.Certificate)
	var err error
	f.Chains, err = m.chains(s.Certificate, certpath.Sign, best)
	return err
}

// archived lists what an archive time-stamp covers: the signature, and what its hash index names (EN 319 122-1, 5.5.2).
func (m *cmsCollector) archived(signature string, t *cades.TimestampToken, before []*cades.TimestampToken) []string {
	out := []string{signature}
	for _, cert := range m.sd.Certificates() {
		if t.Covers(cert.Raw) {
			out = append(out, m.certificate(cert))
		}
	}
	for _, der := range slices.Concat(m.sd.CRLs(), m.sd.OCSPResponses()) {
		if t.Covers(der) {
			out = append(out, evidenceID(der))
		}
	}
	for _, b := range before {
		if b.Token == nil || b.Token.GenTime.After(t.Token.GenTime) {
			continue
		}
		out = append(out, stampID(b.Token.Raw))
		inside := b.Token.SignedData
		for _, cert := range inside.Certificates() {
			out = append(out, m.certificate(cert))
		}
		for _, der := range slices.Concat(inside.CRLs(), inside.OCSPResponses()) {
			out = append(out, evidenceID(der))
		}
	}
	return out
}

// maxToken bounds a file that is one token, in bytes.
const maxToken = 16 << 20

// collectToken gathers the facts about a time-stamp token that stands by itself, over the content given beside it.
func (c *collector) collectToken(file *io.SectionReader) (*Facts, error) {
	if file.Size() > maxToken {
		return nil, codes.New(tsp.ErrToken, "reading", "a time-stamp token", "it is larger than 16 MiB")
	}
	raw := make([]byte, file.Size())
	if _, err := io.ReadFull(file, raw); err != nil {
		return nil, codes.Wrap(tsp.ErrToken, "reading", "a time-stamp token", err)
	}
	t, err := tsp.ParseToken(raw)
	if err != nil {
		return nil, err
	}
	c.begin("tst", file.Size())
	c.carried(t.SignedData)
	problem := error(codes.New(cades.ErrContent, "checking", "a time-stamp", "what it is over is not at hand"))
	var notes []string
	if c.o.Content != nil && t.ImprintHash.Available() {
		h := t.ImprintHash.New()
		if err := c.hash(h); err != nil {
			return nil, err
		}
		notes, problem = t.Verify(t.ImprintHash, h.Sum(nil), c.pool...)
	}
	sum := sha256.Sum256(raw)
	tf, err := c.stamp(StampDocument, t, t.Raw, notes, problem, c.o.At)
	if err != nil {
		return nil, err
	}
	c.f.Signatures = []SignatureFacts{{
		ID: hex.EncodeToString(sum[:]), Type: TypeDocumentTimestamp, Format: "TST", Revision: -1, ByteRange: "valid", CoversWholeDocument: true,
		Digest: tf.Imprint, Signature: tf.Signature, Algorithm: tf.Algorithm, Signer: tf.Signer, Chains: tf.Chains, Timestamps: []TimestampFacts{tf},
	}}
	return c.f, nil
}

// hash reads the content in blocks.
func (c *collector) hash(h hash.Hash) error {
	source := &cms.SignedData{}
	source.Attach(c.o.Content, c.o.Content.Size())
	return source.WriteContent(c.ctx, h)
}
