package cms

import (
	"bytes"
	"context"
	"io"
	"slices"
	"sync"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// The failures of this package.
const (
	ErrMalformed         codes.Code = "cms.malformed"          // not CMS SignedData that can be read
	ErrLimit             codes.Code = "cms.limit"              // above a limit
	ErrSignatureMismatch codes.Code = "cms.signature_mismatch" // the value does not fit certificate and attributes
	ErrAttribute         codes.Code = "cms.attribute"          // a signed attribute is missing, doubled or wrong
	ErrAlgorithm         codes.Code = "cms.algorithm"          // an algorithm that is not supported, or never produced
	ErrContent           codes.Code = "cms.content"            // contents differ
)

// maxSize bounds an object held in memory.
const maxSize = 512 << 20

// maxSigners bounds the signers of one value: each is looked for among all certificates.
const maxSigners = 1000

// Content types and attributes.
var (
	OIDData           = certpath.OID{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData     = certpath.OID{1, 2, 840, 113549, 1, 7, 2}
	oidContentType    = certpath.OID{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest  = certpath.OID{1, 2, 840, 113549, 1, 9, 4}
	oidSigningCert    = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertV2  = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidAlgProtection  = certpath.OID{1, 2, 840, 113549, 1, 9, 52}
	oidRevocationOCSP = certpath.OID{1, 3, 6, 1, 5, 5, 7, 16, 2}
)

// Attribute is a CMS attribute; each value is its own DER.
type Attribute struct {
	Type   certpath.OID
	Values [][]byte
}

// Marshal is the attribute's DER.
func (a Attribute) Marshal() []byte {
	var oid cryptobyte.Builder
	oid.AddASN1ObjectIdentifier(a.Type)
	return wrap(0x30, oid.BytesOrPanic(), wrap(0x31, sortSet(a.Values)...))
}

// SignedData is RFC 5652, 5.1. Everything read is kept as bytes: writing an unchanged value returns the input.
// Reading is safe for concurrent use, changing is not.
type SignedData struct {
	input    *eContent // everything as read, nil once changed
	trailing int
	version  int
	digests  []byte // digestAlgorithms as read, with its tag
	ctype    certpath.OID
	content  *eContent // nil if detached
	held     []byte    // the content's octets where they are in memory
	certs    [][]byte
	revs     [][]byte
	signers  []*SignerInfo
	parsed   *parsedCerts // of certs
}

// parsedCerts are parsed when somebody first asks, also where many ask at once.
type parsedCerts struct {
	once sync.Once
	list []*certpath.Certificate
}

// Open reads a ContentInfo with SignedData in BER or DER. Its content stays where it is and is read through r whenever
// it is asked for, so memory does not grow with it; r must not change meanwhile. Bytes after the structure are ignored
// and reported by [SignedData.Trailing].
func Open(ctx context.Context, r io.ReaderAt, size int64) (*SignedData, error) {
	return open(ctx, r, nil, size)
}

// open is Open, with what r reads from where that is in memory.
func open(ctx context.Context, r io.ReaderAt, held []byte, size int64) (*SignedData, error) {
	file := cursor{r: r, held: held, end: size}
	info, err := file.enter(0x30, "ContentInfo")
	if err != nil {
		return nil, err
	}
	oid, err := info.oid("contentType")
	if err != nil {
		return nil, err
	}
	if !oid.Equal(oidSignedData) {
		return nil, codes.New(ErrMalformed, "reading CMS", oid.String(), "the content type is not SignedData")
	}
	explicit, err := info.enter(0xa0, "SignedData")
	if err != nil {
		return nil, err
	}
	body, err := explicit.enter(0x30, "SignedData")
	if err != nil {
		return nil, err
	}
	s := &SignedData{parsed: &parsedCerts{}}
	if err := s.parse(ctx, &body); err != nil {
		return nil, err
	}
	for _, level := range []struct{ outer, inner *cursor }{{&explicit, &body}, {&info, &explicit}, {&file, &info}} {
		if err := level.outer.leave(level.inner); err != nil {
			return nil, err
		}
	}
	s.input, s.trailing = &eContent{r: r, size: file.at}, int(size-file.at)
	return s, nil
}

// Parse is [Open] for a stream, held in memory with its content.
func Parse(r io.Reader) (*SignedData, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, codes.Wrap(ErrMalformed, "reading", "CMS", err)
	}
	if len(b) > maxSize {
		return nil, codes.New(ErrLimit, "reading", "CMS", "more than 512 MB")
	}
	return ParseBytes(b)
}

// ParseBytes is [Open] for a slice, which is not copied.
func ParseBytes(b []byte) (*SignedData, error) {
	s, err := open(context.Background(), bytes.NewReader(b), b, int64(len(b)))
	if err != nil || s.content == nil {
		return s, err
	}
	if c := s.content; c.value == nil {
		s.held = b[c.at : c.at+c.size]
		return s, nil
	}
	var joined bytes.Buffer
	err = s.content.copy(context.Background(), &joined)
	s.held = joined.Bytes()
	return s, err
}

func (s *SignedData) parse(ctx context.Context, body *cursor) error {
	head, err := body.fields(2)
	if err != nil {
		return err
	}
	before := cryptobyte.String(head)
	var digests cryptobyte.String
	if !before.ReadASN1Integer(&s.version) || !before.ReadASN1Element(&digests, cbasn1.SET) {
		return malformed("SignedData")
	}
	s.digests = digests
	if err := s.parseContent(ctx, body); err != nil {
		return err
	}
	tail, err := body.fields(maxFields)
	if err != nil {
		return err
	}
	after := cryptobyte.String(tail)
	if s.certs, err = readTagged(&after, 0); err != nil {
		return err
	}
	if s.revs, err = readTagged(&after, 1); err != nil {
		return err
	}
	return s.parseSigners(&after)
}

// parseContent is EncapsulatedContentInfo (RFC 5652, 5.2).
func (s *SignedData) parseContent(ctx context.Context, body *cursor) error {
	info, err := body.enter(0x30, "encapContentInfo")
	if err != nil {
		return err
	}
	if s.ctype, err = info.oid("eContentType"); err != nil {
		return err
	}
	e, ok, err := info.next()
	if err != nil {
		return err
	}
	if !ok { // detached
		body.at = info.at
		return nil
	}
	if e.tag != 0xa0 {
		return malformed("eContent")
	}
	explicit, err := info.into(e)
	if err != nil {
		return err
	}
	if s.content, err = readContent(ctx, &explicit); err != nil {
		return err
	}
	if err := info.leave(&explicit); err != nil {
		return err
	}
	return body.leave(&info)
}

func (s *SignedData) parseSigners(b *cryptobyte.String) error {
	var set cryptobyte.String
	if !b.ReadASN1(&set, cbasn1.SET) {
		return malformed("signerInfos")
	}
	for !set.Empty() {
		var one cryptobyte.String
		if !set.ReadASN1Element(&one, cbasn1.SEQUENCE) {
			return malformed("SignerInfo")
		}
		si, err := ParseSignerInfo(one)
		if err != nil {
			return err
		}
		si.owner = s
		if s.signers = append(s.signers, si); len(s.signers) > maxSigners {
			return codes.New(ErrLimit, "reading", "signerInfos", "more than 1000 signers")
		}
	}
	return nil
}

func readTagged(b *cryptobyte.String, tag uint8) ([][]byte, error) {
	var list cryptobyte.String
	var has bool
	if !b.ReadOptionalASN1(&list, &has, cbasn1.Tag(tag).Constructed().ContextSpecific()) {
		return nil, malformed("certificates or crls")
	}
	var out [][]byte
	for !list.Empty() {
		var one cryptobyte.String
		var t cbasn1.Tag
		if !list.ReadAnyASN1Element(&one, &t) {
			return nil, malformed("certificates or crls")
		}
		out = append(out, one)
	}
	return out, nil
}

// Trailing is the number of bytes after the outer structure (zero padding in a PDF's /Contents).
func (s *SignedData) Trailing() int { return s.trailing }

// Version is CMSVersion.
func (s *SignedData) Version() int {
	if s.input == nil {
		return s.cmsVersion()
	}
	return s.version
}

// ContentType is eContentType.
func (s *SignedData) ContentType() certpath.OID { return s.ctype }

// Content is eContent's octets where they are in memory (see [ParseBytes]), else nil.
func (s *SignedData) Content() []byte { return s.held }

// Detached reports that there is no eContent.
func (s *SignedData) Detached() bool { return s.content == nil }

// ContentSize is the number of eContent's octets, 0 if detached.
func (s *SignedData) ContentSize() int64 {
	if s.content == nil {
		return 0
	}
	return s.content.size
}

// WriteContent writes eContent's octets to w, nothing if detached. Each call reads them anew.
func (s *SignedData) WriteContent(ctx context.Context, w io.Writer) error {
	if s.content == nil {
		return nil
	}
	return s.content.copy(ctx, w)
}

// Attach makes eContent of what r holds; it is read when the value is written. Whether the signatures are over it is not
// looked at.
func (s *SignedData) Attach(r io.ReaderAt, size int64) {
	s.content, s.held = &eContent{r: r, size: size}, nil
	s.changed()
}

// Certificates are the X.509 certificates inside; what cannot be parsed is left out (see RawCertificates).
func (s *SignedData) Certificates() []*certpath.Certificate {
	return s.CertificatesBy(certpath.ParseCertificate)
}

// CertificatesBy is Certificates for who knows some of them already: they are parsed by parse, unless somebody asked for them before.
func (s *SignedData) CertificatesBy(parse func(der []byte) (*certpath.Certificate, error)) []*certpath.Certificate {
	if s.parsed == nil {
		return parseCertificates(s.certs, parse)
	}
	s.parsed.once.Do(func() { s.parsed.list = parseCertificates(s.certs, parse) })
	return s.parsed.list
}

func parseCertificates(list [][]byte, parse func(der []byte) (*certpath.Certificate, error)) []*certpath.Certificate {
	var out []*certpath.Certificate
	for _, der := range list {
		if der[0] != 0x30 {
			continue
		}
		if c, err := parse(der); err == nil {
			out = append(out, c)
		}
	}
	return out
}

// RawCertificates are all elements of the certificates field as bytes.
func (s *SignedData) RawCertificates() [][]byte { return s.certs }

// CRLs are the CertificateLists inside, as DER.
func (s *SignedData) CRLs() [][]byte {
	var out [][]byte
	for _, r := range s.revs {
		if r[0] == 0x30 {
			out = append(out, r)
		}
	}
	return out
}

// OCSPResponses are the responses inside as OtherRevocationInfoFormat id-ri-ocsp-response (RFC 5940), each an OCSPResponse.
func (s *SignedData) OCSPResponses() [][]byte {
	var out [][]byte
	for _, r := range s.revs {
		in := cryptobyte.String(r)
		var body, v cryptobyte.String
		var oid certpath.OID
		if in.ReadASN1(&body, cbasn1.Tag(1).Constructed().ContextSpecific()) && body.ReadASN1ObjectIdentifier(&oid) &&
			oid.Equal(oidRevocationOCSP) && body.ReadASN1Element(&v, cbasn1.SEQUENCE) {
			out = append(out, v)
		}
	}
	return out
}

// RawRevocationInfos are all elements of the crls field as bytes.
func (s *SignedData) RawRevocationInfos() [][]byte { return s.revs }

// Signers are the signers in the order of the file.
func (s *SignedData) Signers() []*SignerInfo { return s.signers }

func (s *SignedData) changed() { s.input, s.parsed = nil, &parsedCerts{} }

func addUnique(list *[][]byte, der []byte) bool {
	for _, have := range *list {
		if bytes.Equal(have, der) {
			return false
		}
	}
	*list = append(*list, der)
	return true
}

// AddCertificates adds what is not yet there.
func (s *SignedData) AddCertificates(c ...*certpath.Certificate) {
	for _, one := range c {
		if addUnique(&s.certs, one.Raw) {
			s.changed()
		}
	}
}

// AddCRLs adds CertificateLists (DER) that are not yet there.
func (s *SignedData) AddCRLs(der ...[]byte) {
	for _, one := range der {
		if addUnique(&s.revs, one) {
			s.changed()
		}
	}
}

// AddOCSPResponses adds OCSPResponses (DER) that are not yet there.
func (s *SignedData) AddOCSPResponses(der ...[]byte) {
	for _, one := range der {
		if addUnique(&s.revs, OCSPRevocationInfo(one)) {
			s.changed()
		}
	}
}

// OCSPRevocationInfo is the element of the crls field that an OCSPResponse (DER) stands in: OtherRevocationInfoFormat
// id-ri-ocsp-response (RFC 5940, 2.1).
func OCSPRevocationInfo(der []byte) []byte {
	var oid cryptobyte.Builder
	oid.AddASN1ObjectIdentifier(oidRevocationOCSP)
	return wrap(0xa1, oid.BytesOrPanic(), der)
}

// Merge adds the signers, certificates and revocation data of o to s. A detached o speaks of s's content, whatever it is.
func (s *SignedData) Merge(o *SignedData) error {
	if !s.ctype.Equal(o.ctype) || o.content != nil && !s.content.equal(o.content) {
		return codes.New(ErrContent, "joining signatures", "", "they sign different contents")
	}
	for _, c := range o.certs {
		addUnique(&s.certs, c)
	}
	for _, r := range o.revs {
		addUnique(&s.revs, r)
	}
	for _, si := range o.signers {
		c := *si
		c.owner = s
		s.signers = append(s.signers, &c)
	}
	s.digests = nil
	s.changed()
	return nil
}

// MarshalDER is what Write writes, in memory.
func (s *SignedData) MarshalDER() ([]byte, error) {
	var b bytes.Buffer
	if err := s.Write(context.Background(), &b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Write writes the ContentInfo: the input's bytes if nothing was changed, DER otherwise. The content passes through in
// blocks, and w gets nothing more once ctx is done.
func (s *SignedData) Write(ctx context.Context, w io.Writer) error {
	if s.input != nil {
		return s.input.copy(ctx, w)
	}
	head, tail := s.marshal()
	if _, err := w.Write(head); err != nil {
		return err
	}
	if err := s.WriteContent(ctx, w); err != nil {
		return err
	}
	_, err := w.Write(tail)
	return err
}

// marshal is the DER before and after the content's octets, whose number is known: every length is definite.
func (s *SignedData) marshal() (head, tail []byte) {
	behind := int(s.ContentSize())
	enclose := func(tag byte, inside []byte) []byte {
		return append(appendLength([]byte{tag}, len(inside)+behind), inside...)
	}
	if s.content != nil {
		head = enclose(0xa0, enclose(s.content.kind(), nil))
	}
	head = enclose(0x30, append(objectIdentifier(s.ctype), head...))
	digests := s.digests
	if digests == nil {
		digests = s.digestAlgorithms()
	}
	var version cryptobyte.Builder
	version.AddASN1Int64(int64(s.cmsVersion()))
	head = slices.Concat(version.BytesOrPanic(), digests, head)
	tail = s.marshalTail()
	behind += len(tail)
	head = enclose(0xa0, enclose(0x30, head))
	return enclose(0x30, append(objectIdentifier(oidSignedData), head...)), tail
}

func (s *SignedData) marshalTail() (tail []byte) {
	if len(s.certs) > 0 {
		tail = append(tail, wrap(0xa0, sortSet(s.certs)...)...)
	}
	if len(s.revs) > 0 {
		tail = append(tail, wrap(0xa1, sortSet(s.revs)...)...)
	}
	signers := make([][]byte, len(s.signers))
	for i, si := range s.signers {
		signers[i] = si.Raw()
	}
	return append(tail, wrap(0x31, sortSet(signers)...)...)
}

func objectIdentifier(o certpath.OID) []byte {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(o)
	return b.BytesOrPanic()
}

// cmsVersion is RFC 5652, 5.1.
func (s *SignedData) cmsVersion() int {
	for _, r := range s.revs {
		if r[0] == 0xa1 {
			return 5
		}
	}
	v := 1
	if !s.ctype.Equal(OIDData) {
		v = 3
	}
	for _, c := range s.certs {
		switch c[0] {
		case 0xa3:
			return 5
		case 0xa2:
			v = 4
		case 0xa1:
			v = max(v, 3)
		}
	}
	for _, si := range s.signers {
		if si.version == 3 {
			v = max(v, 3)
		}
	}
	return max(v, s.version)
}

func (s *SignedData) digestAlgorithms() []byte {
	var list [][]byte
	for _, si := range s.signers {
		addUnique(&list, si.digest.Marshal())
	}
	return wrap(0x31, sortSet(list)...)
}

// WithoutCertificates is a copy with an empty certificates field; what is signed stays as it is.
func (s *SignedData) WithoutCertificates() *SignedData {
	c := *s
	c.certs = nil
	c.changed()
	return &c
}
