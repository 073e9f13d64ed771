package pades

import (
	"bytes"
	"context"
	"crypto"
	"encoding/asn1"
	"encoding/hex"
	"regexp"
	"slices"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
)

// The older formats that are read and never written (ISO 32000-2, table 260).
const (
	subFilterPKCS7     = "adbe.pkcs7.detached"
	subFilterPKCS7SHA1 = "adbe.pkcs7.sha1"
	subFilterX509      = "adbe.x509.rsa_sha1"
)

// Results of [Integrity].
const (
	Valid        = "valid"
	Invalid      = "invalid"
	Match        = "match"
	Mismatch     = "mismatch"
	Unverifiable = "unverifiable"
)

// Problems of a byte range, [Integrity.ByteRangeProblem].
const (
	RangeNotFour      = "not_four_integers"
	RangeNotFromStart = "does_not_begin_at_0"
	RangeOverlap      = "parts_overlap"
	RangeOutside      = "ends_outside_the_file"
	RangeGap          = "gap_is_not_the_contents"
	RangeEnd          = "does_not_end_at_a_revision"
	RangeLeftOut      = "its_revision_is_left_out" // it ends as a revision does, and no cross-reference leads there
)

// Notes of [Integrity] beside those of package cms.
const (
	NoteRangeFromHeader = "byte_range_counted_from_header" // junk stands before %PDF, and the producer left it out
	NoteSharedDict      = "dictionary_in_several_fields"   // one signature shown as several
	NoteDictChanged     = "dictionary_changed_after_signing"
	NotePadding         = "data_after_cms"  // /Contents holds more than zeros after the CMS
	NoteSeveralSigners  = "several_signers" // EN 319 142-1, 6.3: exactly one
)

// Integrity is bytes and key, no trust.
type Integrity struct {
	ByteRange           string // Valid or Invalid
	ByteRangeProblem    string
	CoversWholeDocument bool
	Digest              string // Match, Mismatch or Unverifiable
	Signature           string // the same
	Covered             []byte // digest of the byte range, by the signature's hash; nil where it could not be made
	Certificate         *certpath.Certificate
	Notes               []string
	Err                 error
}

// Check computes the digest of the byte range and verifies the signature or token. The signer's certificate is looked
// for in the signature, then in pool.
func (s *Signature) Check(ctx context.Context, pool ...*certpath.Certificate) Integrity {
	i, shift := s.checkRange()
	if i.ByteRange == Valid && i.Err == nil {
		s.verify(ctx, &i, shift, pool)
	}
	return i
}

// CheckBytes is Check without the keys: the byte range, and the digest of what it covers. Whoever knows what Check said of a
// signature with the same value over the same digest knows what it would say.
func (s *Signature) CheckBytes(ctx context.Context) Integrity {
	i, shift := s.checkRange()
	if i.ByteRange == Valid && i.Err == nil {
		i.Covered, i.Err = s.digest(ctx, s.contentHash(), shift)
	}
	return i
}

// checkRange judges the byte range; shift is what its offsets are to be moved by.
func (s *Signature) checkRange() (i Integrity, shift int64) {
	i = Integrity{ByteRange: Invalid, Digest: Unverifiable, Signature: Unverifiable}
	i.ByteRangeProblem, i.Err = s.rangeProblem(0)
	if header := s.doc.HeaderOffset(); i.ByteRangeProblem != "" && header > 0 && i.Err == nil {
		if problem, err := s.rangeProblem(header); problem == "" && err == nil {
			i.ByteRangeProblem, shift = "", header
			i.Notes = append(i.Notes, NoteRangeFromHeader)
		}
	}
	if s.shared {
		i.Notes = append(i.Notes, NoteSharedDict)
	}
	if i.Err != nil || i.ByteRangeProblem != "" {
		return i, shift
	}
	i.ByteRange = Valid
	end := s.end() + shift
	i.CoversWholeDocument = end == s.doc.Size() || blank(s.doc, end, s.doc.Size())
	if s.changed() {
		i.Notes = append(i.Notes, NoteDictChanged)
	}
	if s.ParseError != nil {
		i.Err = s.ParseError
	}
	return i, shift
}

// rangeProblem checks the four integers one by one and the gap byte by byte: a sum alone proves nothing. shift is
// added to every offset.
func (s *Signature) rangeProblem(shift int64) (string, error) {
	if len(s.ByteRange) != 4 {
		return RangeNotFour, nil
	}
	r, size := s.ByteRange, s.doc.Size()
	switch {
	case r[0] != 0:
		return RangeNotFromStart, nil
	case slices.Min(r) < 0 || slices.Max(r) > size:
		return RangeOutside, nil
	case r[2] <= r[1]:
		return RangeOverlap, nil
	case r[2]+r[3]+shift > size:
		return RangeOutside, nil
	case s.Contents == nil || r[2]-r[1] != int64(2*len(s.Contents)+2):
		return RangeGap, nil
	}
	gap, err := s.doc.Bytes(r[1]+shift, r[2]-r[1])
	if err != nil {
		return RangeGap, codes.Wrap(ErrField, "reading the byte range of", s.Field, err)
	}
	if gap[0] != '<' || gap[len(gap)-1] != '>' || !spells(gap[1:len(gap)-1], s.Contents) {
		return RangeGap, nil
	}
	if !s.doc.Rebuilt() && revisionEnding(s.doc, r[2]+r[3]+shift) < 0 {
		if endsLikeARevision(s.doc, r[2]+r[3]+shift) {
			return RangeLeftOut, nil
		}
		return RangeEnd, nil
	}
	return "", nil
}

// spells reports whether hexadecimal digits, two for each byte, are those of value.
func spells(digits, value []byte) bool {
	var block [len(zeros)]byte
	for len(value) > 0 {
		k := min(len(value), len(block))
		if string(value[:k]) != zeros[:k] || string(digits[:2*k]) != zeroDigits[:2*k] { // most of a value is padding
			if n, err := hex.Decode(block[:], digits[:2*k]); err != nil || !bytes.Equal(block[:n], value[:k]) {
				return false
			}
		}
		digits, value = digits[2*k:], value[k:]
	}
	return true
}

// A block of padding, and its digits.
const (
	zeros      = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	zeroDigits = "0000000000000000000000000000000000000000000000000000000000000000"
)

var revisionsEnd = regexp.MustCompile(`startxref\s+\d+\s+%%EOF\s*$`)

// endsLikeARevision says that the bytes before an offset are the end of a file (ISO 32000-2, 7.5.5).
func endsLikeARevision(d *pdf.Document, end int64) bool {
	n := min(end, 128)
	b, err := d.Bytes(end-n, n)
	return err == nil && revisionsEnd.Match(b)
}

// changed reports whether the dictionary in the signed revision had another byte range or value.
func (s *Signature) changed() bool {
	if s.Revision < 0 || s.Ref == (pdf.Ref{}) {
		return false
	}
	v := s.doc.At(s.Revision)
	d, err := dictOf(v, s.Ref)
	if err != nil || d == nil {
		return true
	}
	format, err1 := nameOf(v, d["SubFilter"])
	ranges, err2 := rangeOf(v, d["ByteRange"])
	value, err3 := v.Resolve(d["Contents"])
	contents, _ := value.(pdf.String)
	return err1 != nil || err2 != nil || err3 != nil ||
		string(format) != s.SubFilter || !slices.Equal(ranges, s.ByteRange) || string(contents) != string(s.Contents)
}

func (s *Signature) verify(ctx context.Context, i *Integrity, shift int64, pool []*certpath.Certificate) {
	switch {
	case s.Type == TypeDocumentTimestamp:
		s.verifyToken(ctx, i, shift, pool)
	case s.SubFilter == string(subFilterCAdES), s.SubFilter == subFilterPKCS7, s.SubFilter == subFilterPKCS7SHA1:
		s.verifyCMS(ctx, i, shift, pool)
	case s.SubFilter == subFilterX509:
		s.verifyX509(ctx, i, shift)
	default:
		i.Err = codes.New(ErrUnsupported, "checking the signature", s.Field, "its format "+s.SubFilter+" is unknown")
	}
}

// digest is that of the byte range.
func (s *Signature) digest(ctx context.Context, h crypto.Hash, shift int64) ([]byte, error) {
	if h == 0 || !h.Available() {
		return nil, codes.New(ErrUnsupported, "hashing the byte range of", s.Field, "the digest algorithm is unknown")
	}
	return s.digests.sum(ctx, s.byteRange(h, shift))
}

func (s *Signature) verifyToken(ctx context.Context, i *Integrity, shift int64, pool []*certpath.Certificate) {
	t := s.Token
	i.Certificate = t.Certificate(pool)
	digest, err := s.digest(ctx, t.ImprintHash, shift)
	if err != nil {
		i.Err = err
		return
	}
	i.Covered, i.Digest = digest, matches(bytes.Equal(digest, t.Imprint))
	notes, err := t.Verify(t.ImprintHash, t.Imprint, pool...)
	i.Notes = append(i.Notes, notes...)
	if i.Certificate == nil {
		i.Err = err
		return
	}
	i.Signature, i.Err = matches(err == nil), err
}

func (s *Signature) verifyCMS(ctx context.Context, i *Integrity, shift int64, pool []*certpath.Certificate) {
	signers := s.CMS.Signers()
	if len(signers) == 0 {
		i.Err = codes.New(ErrUnsupported, "checking the signature", s.Field, "it has no signer")
		return
	}
	if len(signers) > 1 {
		i.Notes = append(i.Notes, NoteSeveralSigners)
	}
	if n := s.CMS.Trailing(); n > 0 && bytes.Count(s.Contents[len(s.Contents)-n:], []byte{0}) != n {
		i.Notes = append(i.Notes, NotePadding)
	}
	si := signers[0]
	i.Certificate = si.Certificate(slices.Concat(s.CMS.Certificates(), pool))
	digest, matched, err := s.contentDigest(ctx, i, si, shift)
	if err != nil {
		i.Err = err
		return
	}
	if !matched {
		i.Digest = Mismatch
	}
	if i.Certificate == nil {
		if md := si.MessageDigest(); md != nil && matched {
			i.Digest = matches(bytes.Equal(md, digest))
		}
		i.Err = codes.New(ErrCertificate, "checking the signature", s.Field, "the signing certificate is not in the file")
		return
	}
	result, err := si.Verify(s.CMS.ContentType(), digest, i.Certificate)
	i.Notes = append(i.Notes, result.Notes...)
	i.Digest = matches(matched && result.DigestMatches)
	i.Signature, i.Err = matches(result.SignatureMatches), err
}

// contentDigest is what message-digest should hold. adbe.pkcs7.sha1 signs the SHA-1 of the byte range as its content
// (ISO 32000-1, 12.8.3.3.1); matched says whether that content is the file's.
func (s *Signature) contentDigest(ctx context.Context, i *Integrity, si *cms.SignerInfo, shift int64) (digest []byte, matched bool, err error) {
	if s.SubFilter != subFilterPKCS7SHA1 {
		i.Covered, err = s.digest(ctx, si.Hash(), shift)
		return i.Covered, true, err
	}
	sum, err := s.digest(ctx, crypto.SHA1, shift)
	if err != nil {
		return nil, false, err
	}
	i.Covered = sum
	content := s.CMS.Content()
	h := si.Hash()
	if h == 0 || !h.Available() {
		return nil, false, codes.New(ErrUnsupported, "checking the signature", s.Field, "the digest algorithm is unknown")
	}
	over := h.New()
	over.Write(content)
	return over.Sum(nil), bytes.Equal(sum, content), nil
}

// verifyX509 reads adbe.x509.rsa_sha1: a bare PKCS#1 value in an OCTET STRING, the certificate in /Cert.
func (s *Signature) verifyX509(ctx context.Context, i *Integrity, shift int64) {
	i.Notes = append(i.Notes, "no_signed_attributes")
	if len(s.Certificates) == 0 {
		i.Err = codes.New(ErrCertificate, "checking the signature", s.Field, "the signing certificate is not in the file")
		return
	}
	i.Certificate = s.Certificates[0]
	var value []byte
	if _, i.Err = asn1.Unmarshal(s.Contents, &value); i.Err != nil {
		return
	}
	digest, err := s.digest(ctx, crypto.SHA1, shift)
	if err != nil {
		i.Err = err
		return
	}
	i.Covered = digest
	sha1WithRSA := certpath.AlgorithmIdentifier{Algorithm: certpath.OID{1, 2, 840, 113549, 1, 1, 5}}
	notes, err := certpath.VerifyDigest(sha1WithRSA, i.Certificate.PublicKey, crypto.SHA1, digest, value)
	i.Notes = append(i.Notes, notes...)
	// One value proves both: without a digest of its own the two cannot be told apart.
	i.Digest, i.Signature, i.Err = matches(err == nil), matches(err == nil), err
}

func matches(ok bool) string {
	if ok {
		return Match
	}
	return Mismatch
}
