package cades

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"slices"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/tsp"
)

// What a digest or a signature value turned out to be.
const (
	Match        = "match"
	Mismatch     = "mismatch"
	Unverifiable = "unverifiable"
)

// Signature is one signer as read and checked: bytes and keys, no trust. It is read-only and safe for concurrent use.
type Signature struct {
	Info        *cms.SignerInfo
	Certificate *certpath.Certificate // nil: nowhere to be found
	ClaimedTime time.Time             // signing-time, zero if absent

	Digest    string   // Match, Mismatch or Unverifiable
	Signature string   // the same
	Notes     []string // stable codes of oddities: those of [cms.Integrity], [NoteSigningTime]
	Err       error    // the first thing that is wrong

	// Timestamps are the signature time-stamps, then the archive time-stamps, each kind by time. A counter-signature has
	// those archive time-stamps of its signer that cover it.
	Timestamps        []*TimestampToken
	Countersignatures []*Signature
}

// Covers reports whether an archive time-stamp that is right covers a certificate, a CRL or an OCSPResponse of the SignedData
// (EN 319 122-1, 5.5.2). The element of the crls field that an OCSP response stands in is what the index names.
func (t *TimestampToken) Covers(der []byte) bool {
	if t.index == nil {
		return false
	}
	for _, form := range [][]byte{der, cms.OCSPRevocationInfo(der)} {
		want := sum(t.index.hash, form)
		for _, list := range [][][]byte{t.index.certificates, t.index.crls} {
			if slices.ContainsFunc(list, func(h []byte) bool { return bytes.Equal(h, want) }) {
				return true
			}
		}
	}
	return false
}

// NoteSigningTime says that signing-time is absent, which the baseline demands (EN 319 122-1, 6.3).
const NoteSigningTime = "signing_time_absent"

// TimestampToken is one token of a signature as read and checked.
type TimestampToken struct {
	Token   *tsp.Token // nil: cannot be read
	Archive bool       // an archive-time-stamp-v3; else a signature-time-stamp
	Notes   []string
	Err     error // nil: imprint, signature, extended key usage and hash index are right

	index *hashIndex // of an archive time-stamp that is right
}

// The limits of what is read of one signer.
const (
	maxTimestamps      = 1000
	maxCounters        = 1000
	maxCountersInDepth = 8
)

// Check reads and checks every signer: digest, signature value, signed attributes, time-stamps with their hash indexes,
// counter-signatures. Certificates are looked for in the file, then in pool. The content is read once. An error means that
// the content cannot be read; what is wrong with a signature is in it.
func Check(ctx context.Context, d *Document, pool ...*certpath.Certificate) ([]*Signature, error) {
	if d.sd == nil {
		return nil, nil
	}
	c := &checker{sd: d.sd, pool: slices.Concat(d.sd.Certificates(), pool)}
	var err error
	if c.digests, err = d.digests(ctx, hashesOf(d.sd)...); err != nil {
		return nil, err
	}
	var all []*Signature
	for _, si := range d.sd.Signers() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		all = append(all, c.signature(si))
	}
	return all, nil
}

// hashesOf are those that the signers and their archive time-stamps need of the content.
func hashesOf(sd *cms.SignedData) []crypto.Hash {
	var all []crypto.Hash
	for _, si := range sd.Signers() {
		all = append(all, si.Hash())
		for _, t := range tokens(si, oidArchiveV3) {
			all = append(all, t.ImprintHash)
		}
	}
	return all
}

type checker struct {
	sd      *cms.SignedData
	pool    []*certpath.Certificate
	digests map[crypto.Hash][]byte // nil: the content is not at hand
}

func (c *checker) signature(si *cms.SignerInfo) *Signature {
	s := c.read(si)
	if digest := c.digests[si.Hash()]; digest != nil {
		s.verify(c.sd.ContentType(), digest)
	} else {
		s.Err = codes.New(ErrContent, "checking", "a signature", "the content is not at hand, or its digest algorithm is not supported")
	}
	for _, der := range unsignedValues(si, oidArchiveV3) {
		if len(s.Timestamps) < maxTimestamps {
			s.Timestamps = append(s.Timestamps, c.archiveTimestamp(si, der))
		}
	}
	for range unsignedValues(si, oidArchiveV2) {
		if len(s.Timestamps) < maxTimestamps {
			s.Timestamps = append(s.Timestamps, &TimestampToken{Archive: true, Err: unsupportedV2()})
		}
	}
	slices.SortStableFunc(s.Timestamps, func(a, b *TimestampToken) int {
		if a.Archive != b.Archive || a.Token == nil || b.Token == nil {
			return cmp.Compare(rank(a), rank(b))
		}
		return a.Token.GenTime.Compare(b.Token.GenTime)
	})
	c.counters(s, 0)
	return s
}

// rank puts signature time-stamps before archive time-stamps, and those that cannot be read last.
func rank(t *TimestampToken) int {
	switch {
	case t.Token == nil:
		return 2
	case t.Archive:
		return 1
	}
	return 0
}

func unsupportedV2() error {
	return codes.New(ErrUnsupported, "checking", "an archive-time-stamp-v2", "only archive-time-stamp-v3 is checked")
}

// read takes what needs no content: the certificate, signing-time and signature time-stamps.
func (c *checker) read(si *cms.SignerInfo) *Signature {
	s := &Signature{Info: si, Certificate: si.Certificate(c.pool), ClaimedTime: signingTime(si), Digest: Unverifiable, Signature: Unverifiable}
	if s.ClaimedTime.IsZero() {
		s.Notes = append(s.Notes, NoteSigningTime)
	}
	for _, der := range unsignedValues(si, oidSignatureTimeStamp) {
		if len(s.Timestamps) >= maxTimestamps {
			break
		}
		t := &TimestampToken{}
		if t.Token, t.Err = tsp.ParseToken(der); t.Err == nil {
			t.Notes, t.Err = t.Token.VerifyMessage(si.Signature(), c.pool...)
		} else {
			t.Token = nil
		}
		s.Timestamps = append(s.Timestamps, t)
	}
	return s
}

// verify compares with the digest of what is signed.
func (s *Signature) verify(contentType certpath.OID, digest []byte) {
	if s.Certificate == nil {
		if md := s.Info.MessageDigest(); md != nil {
			s.Digest = matches(bytes.Equal(md, digest))
		}
		s.Err = codes.New(ErrCertificate, "checking", "a signature", "the signing certificate is not in the file")
		return
	}
	in, err := s.Info.Verify(contentType, digest, s.Certificate)
	s.Notes = append(s.Notes, in.Notes...)
	s.Digest, s.Signature, s.Err = matches(in.DigestMatches), matches(in.SignatureMatches), err
}

func matches(ok bool) string {
	if ok {
		return Match
	}
	return Mismatch
}

// counters checks the counter-signatures of a signature, and those of each.
func (c *checker) counters(s *Signature, depth int) {
	for _, der := range unsignedValues(s.Info, oidCountersignature) {
		if depth >= maxCountersInDepth || len(s.Countersignatures) >= maxCounters {
			return
		}
		si, err := cms.ParseSignerInfo(der)
		if err != nil {
			s.Countersignatures = append(s.Countersignatures, &Signature{Digest: Unverifiable, Signature: Unverifiable, Err: err})
			continue
		}
		one := c.read(si)
		if h := si.Hash(); h.Available() {
			one.verify(nil, sum(h, s.Info.Signature()))
		} else {
			one.Err = codes.New(ErrUnsupported, "checking", "a counter-signature", "its digest algorithm is not supported")
		}
		if one.Err == nil && si.SignedAttribute(oidContentType) != nil {
			one.Err = codes.New(ErrUnsupported, "checking", "a counter-signature", "it has a content-type, which RFC 5652, 11.4 forbids")
		}
		for _, t := range s.Timestamps {
			if t.index != nil && (depth > 0 || t.index.covers(oidCountersignature, der)) { // a nested one is inside what is covered
				one.Timestamps = append(one.Timestamps, t)
			}
		}
		c.counters(one, depth+1)
		s.Countersignatures = append(s.Countersignatures, one)
	}
}

func (c *checker) archiveTimestamp(si *cms.SignerInfo, der []byte) *TimestampToken {
	t := &TimestampToken{Archive: true}
	if t.Token, t.Err = tsp.ParseToken(der); t.Err != nil {
		t.Token = nil
		return t
	}
	var index *hashIndex
	if index, t.Err = c.verifyArchive(si, t); t.Err == nil {
		t.index = index
	}
	return t
}

// verifyArchive checks the imprint, and that the index names what is there and what had to be covered.
func (c *checker) verifyArchive(si *cms.SignerInfo, t *TimestampToken) (*hashIndex, error) {
	digest := c.digests[t.Token.ImprintHash]
	if digest == nil {
		return nil, codes.New(ErrContent, "checking", "an archive time-stamp", "the content is not at hand, or its hash is not supported")
	}
	index, raw, err := indexIn(t.Token)
	if err != nil {
		return nil, err
	}
	if t.Notes, err = t.Token.VerifyMessage(archiveMessage(c.sd.ContentType(), digest, si, raw), c.pool...); err != nil {
		return nil, err
	}
	if err := index.found(indexOf(index.hash, c.sd, si)); err != nil {
		return nil, err
	}
	return index, index.complete(si, t.Token)
}

// complete checks that the index names every time-stamp that stood there before (EN 319 122-1, 5.5.2): one that it leaves
// out is not kept by the archive.
func (x *hashIndex) complete(si *cms.SignerInfo, t *tsp.Token) error {
	for _, kind := range []certpath.OID{oidSignatureTimeStamp, oidArchiveV3} {
		for _, der := range unsignedValues(si, kind) {
			other, err := tsp.ParseToken(der)
			if err == nil && other.GenTime.Before(t.GenTime) && !x.covers(kind, der) {
				return codes.New(ErrIndex, "checking", "ats-hash-index-v3", "a time-stamp made before is left out")
			}
		}
	}
	return nil
}
