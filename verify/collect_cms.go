package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/certpath"
)

// collectCMS gathers the facts about each signer of a CMS file and, after it, each of its counter-signers.
func (c *collector) collectCMS(file *io.SectionReader) (*Facts, error) {
	d, err := cades.Open(c.ctx, file, c.o.Content)
	if err != nil {
		return nil, err
	}
	c.carried(d.SignedData())
	found, err := cades.Check(c.ctx, d, c.pool...)
	if err != nil {
		return nil, err
	}
	for _, s := range found {
		c.carriedByTokens(s)
	}
	f := c.facts("cms", file.Size())
	for _, s := range found {
		if err := c.signers(f, "signature", s); err != nil {
			return nil, err
		}
	}
	return f, nil
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
func (c *collector) signers(f *Facts, kind string, s *cades.Signature) error {
	one, err := c.cmsSigner(kind, s)
	if err != nil {
		return err
	}
	f.Signatures = append(f.Signatures, one)
	for _, counter := range s.Countersignatures {
		if err := c.signers(f, "counter-signature", counter); err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) cmsSigner(kind string, s *cades.Signature) (SignatureFacts, error) {
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
	f.ID, f.DigestAlgorithm = hex.EncodeToString(id[:]), s.Info.Hash().String()
	if slices.Contains(s.Notes, "ess_missing") || slices.Contains(s.Notes, "no_signed_attributes") {
		f.Format = "PKCS7"
	}
	if !s.ClaimedTime.IsZero() {
		t := s.ClaimedTime.UTC()
		f.ClaimedTime = &t
	}
	return f, c.cmsTime(&f, s)
}

// cmsTime walks the time-stamps back from the newest: each proves that what it covers existed (EN 319 102-1, 5.6).
func (c *collector) cmsTime(f *SignatureFacts, s *cades.Signature) error {
	poe, best, stored := c.o.At, c.o.At, true
	newest := true
	for _, t := range slices.Backward(s.Timestamps) {
		tf, ok := c.timestamp(t.Token, t.Err, poe)
		if ok && tf.GenTime.Before(best) {
			best = tf.GenTime
		}
		if !t.Archive {
			f.Timestamps = append([]TimestampFacts{tf}, f.Timestamps...)
			stored = stored && tf.Path != nil && tf.Path.stored()
			continue
		}
		f.Archive = append([]TimestampFacts{tf}, f.Archive...)
		poe = best
		stored = stored && (newest || tf.Path != nil && tf.Path.stored()) // nothing keeps the newest one's evidence yet
		newest = false
	}
	if err := c.ctx.Err(); err != nil || s.Certificate == nil {
		return err
	}
	f.Signer = certificateFacts(s.Certificate)
	p, err := c.path(s.Certificate, best, certpath.Sign)
	if err != nil {
		return err
	}
	f.Path, f.Stored = p, stored && p.stored()
	return nil
}
