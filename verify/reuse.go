package verify

import (
	"encoding/hex"
	"slices"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pades"
)

// What an earlier collection verified is not verified again where its bytes are the same: a signature by its value and the
// digest of what it covers, a time-stamp inside one by its own bytes.

// check fills in what the bytes and the key say. before is the earlier answer, where that one was taken.
func (p *pdfCollector) check(s *pades.Signature, f *SignatureFacts) (in pades.Integrity, before *SignatureFacts) {
	if before = p.before(f); before != nil {
		in = s.CheckBytes(p.ctx)
		if in.Certificate = p.holder(before.Signer); in.ByteRange == pades.Valid && in.Err == nil && in.Certificate != nil && hex.EncodeToString(in.Covered) == before.Covered {
			f.ByteRange, f.CoversWholeDocument, f.Covered = in.ByteRange, in.CoversWholeDocument, before.Covered
			f.Digest, f.Signature, f.Notes, f.AttributeProblem = before.Digest, before.Signature, before.Notes, before.AttributeProblem
			in.Digest, in.Signature, in.Notes = before.Digest, before.Signature, before.Notes
			p.f.Reused++
			return in, before
		}
	}
	in = s.Check(p.ctx, p.pool...)
	f.ByteRange, f.ByteRangeProblem, f.CoversWholeDocument = in.ByteRange, in.ByteRangeProblem, in.CoversWholeDocument
	f.Digest, f.Signature, f.Notes, f.AttributeProblem = in.Digest, in.Signature, in.Notes, attributeProblem(in.Digest, in.Signature, in.Err)
	f.Covered = hex.EncodeToString(in.Covered)
	p.f.Checked++
	return in, nil
}

// before is what the previous facts say of a signature with the same value.
func (p *pdfCollector) before(f *SignatureFacts) *SignatureFacts {
	if p.o.Previous == nil || p.o.Previous.Version != FactsVersion || p.o.Previous.Format != p.f.Format {
		return nil
	}
	i := slices.IndexFunc(p.o.Previous.Signatures, func(b SignatureFacts) bool {
		return b.ID == f.ID && b.Type == f.Type && b.Covered != "" && b.ByteRange == pades.Valid && b.Signer != ""
	})
	if i < 0 {
		return nil
	}
	return &p.o.Previous.Signatures[i]
}

// holder is the certificate of an id, nil if the file and the operator no longer have it.
func (p *pdfCollector) holder(id string) *certpath.Certificate {
	i := slices.IndexFunc(p.pool, func(c *certpath.Certificate) bool { return p.certificate(c) == id })
	if i < 0 {
		return nil
	}
	return p.pool[i]
}

// token makes the facts of a time-stamp inside a signature.
func (p *pdfCollector) token(t *embedded, before *SignatureFacts, at time.Time) (TimestampFacts, error) {
	if known := before.stamp(stampID(t.raw)); known != nil && t.token != nil {
		return p.again(known, t, at)
	}
	problem := t.check(p.pool)
	return p.stamp(t.kind, t.token, t.raw, t.notes, problem, at)
}

// tokenOf makes the facts of a document time-stamp.
func (p *pdfCollector) tokenOf(s *pades.Signature, in pades.Integrity, before *SignatureFacts, at time.Time) (TimestampFacts, error) {
	if known := before.stamp(stampID(s.Token.Raw)); known != nil {
		return p.again(known, &embedded{token: s.Token}, at)
	}
	problem := in.Err
	if in.ByteRange != pades.Valid {
		problem = nil // the byte range says it
	}
	p.f.Checked-- // the signature that it is was counted
	tf, err := p.stamp(StampDocument, s.Token, s.Token.Raw, in.Notes, problem, at)
	switch {
	case in.ByteRange != pades.Valid:
		tf.Imprint = Unverifiable
	case in.Digest == pades.Mismatch:
		tf.Imprint = Mismatch
	}
	return tf, err
}

// again takes what was found about a token and looks for its authority anew.
func (p *pdfCollector) again(known *TimestampFacts, t *embedded, at time.Time) (TimestampFacts, error) {
	tf := TimestampFacts{ID: known.ID, Kind: known.Kind, Imprint: known.Imprint, Signature: known.Signature, Problem: known.Problem, Notes: known.Notes}
	if t.kind != "" {
		p.f.Reused++
	}
	return tf, p.authority(&tf, t.token, at)
}

// stamp is the time-stamp of an id.
func (f *SignatureFacts) stamp(id string) *TimestampFacts {
	if f == nil {
		return nil
	}
	for i := range f.Timestamps {
		if f.Timestamps[i].ID == id {
			return &f.Timestamps[i]
		}
	}
	return nil
}
