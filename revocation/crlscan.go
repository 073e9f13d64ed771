package revocation

import (
	"bufio"
	"bytes"
	"hash"
	"io"
	"math/big"
	"strconv"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
)

// tbsKept bounds the list that is kept whole for an algorithm that signs the message itself (Ed25519).
const tbsKept = 16 << 20

// maxElement bounds one element of a list: an entry, a name, all extensions of the list.
const maxElement = 64 << 10

// scanner reads DER from a stream while everything of tbsCertList passes through the hash.
type scanner struct {
	r    *bufio.Reader
	tee  bool
	hash hash.Hash     // once the algorithm is known, unless it
	keep *bytes.Buffer // signs the message
	left int64         // of tbsCertList
	read int64         // bytes so far
}

func (s *scanner) passed(b []byte) {
	s.read += int64(len(b))
	if !s.tee {
		return
	}
	if s.hash != nil {
		s.hash.Write(b)
	} else if s.keep.Len()+len(b) <= tbsKept {
		s.keep.Write(b)
	}
	s.left -= int64(len(b))
}

// header reads identifier and length.
func (s *scanner) header() (tag byte, length int64, err error) {
	first, err := s.r.Peek(2)
	if err != nil {
		return 0, 0, badCRL("the stream ends early")
	}
	n := 2
	if first[1] >= 0x80 {
		k := int(first[1] & 0x7f)
		if k == 0 || k > 5 {
			return 0, 0, badCRL("a length")
		}
		n += k
	}
	b, err := s.r.Peek(n)
	if err != nil {
		return 0, 0, badCRL("the stream ends early")
	}
	tag, length = b[0], int64(b[1])
	if n > 2 {
		length = 0
		for _, c := range b[2:n] {
			length = length<<8 | int64(c)
		}
	}
	s.passed(b)
	_, err = s.r.Discard(n)
	return tag, length, err
}

func (s *scanner) peekTag() byte {
	b, err := s.r.Peek(1)
	if err != nil {
		return 0
	}
	return b[0]
}

// kept is an element that outlives the scan.
func (s *scanner) kept() ([]byte, error) {
	b, err := s.element()
	return bytes.Clone(b), err
}

// element reads one whole element, whose bytes are good until the next read.
func (s *scanner) element() ([]byte, error) {
	head, err := s.r.Peek(2)
	if err != nil {
		return nil, badCRL("the stream ends early")
	}
	n := 2
	if head[1] >= 0x80 {
		n += int(head[1] & 0x7f)
	}
	b, err := s.r.Peek(n)
	if err != nil || n > 7 {
		return nil, badCRL("a length")
	}
	length := int64(b[1])
	if n > 2 {
		length = 0
		for _, c := range b[2:n] {
			length = length<<8 | int64(c)
		}
	}
	if length > maxElement {
		return nil, badCRL("an element of " + strconv.FormatInt(length, 10) + " bytes")
	}
	out, err := s.r.Peek(n + int(length))
	if err != nil {
		return nil, badCRL("the stream ends early")
	}
	s.passed(out)
	_, err = s.r.Discard(len(out))
	return out, err
}

// ScanCRL reads a CertificateList as a stream and answers for one serial number of the list's own issuer (nil: for none) in
// constant memory. The state is Unknown where the list alone does not tell: a delta, or one that does not cover
// everything; [Stored] puts such lists together.
func ScanCRL(r io.Reader, serial *big.Int) (*CRL, Status, error) {
	q := &query{}
	if serial != nil {
		q.serial = integer(serial)
	}
	c, err := scan(r, q)
	if err != nil {
		return nil, Status{State: certpath.Unknown, Reason: -1, Kind: "crl"}, err
	}
	s := c.status(q.entry)
	if !c.complete() {
		s.State = certpath.Unknown
	}
	return c, s, nil
}

// query is what is looked for among the entries, and what was found.
type query struct {
	serial []byte          // content of the INTEGER; nil: nothing is looked for
	issuer *certpath.Name  // of the certificate; nil: the list's own
	wanted func(*CRL) bool // asked when the head is read: false ends the scan
	entry  entry
}

// entry is what a list says of the certificate.
type entry struct {
	found  bool
	at     time.Time
	reason int
}

// integer is the content of an INTEGER.
func integer(n *big.Int) []byte {
	var b cryptobyte.Builder
	b.AddASN1BigInt(n)
	der := cryptobyte.String(b.BytesOrPanic())
	var content cryptobyte.String
	der.ReadASN1(&content, cbasn1.INTEGER)
	return content
}

// queryFor looks for a certificate.
func queryFor(cert *certpath.Certificate) *query {
	return &query{serial: integer(cert.SerialNumber), issuer: &cert.Issuer}
}

// scan reads a list; it is nil if the query does not want it.
func scan(r io.Reader, q *query) (*CRL, error) {
	c := &CRL{verified: &certpath.Verified{}}
	s := &scanner{r: bufio.NewReaderSize(r, maxElement+16), keep: &bytes.Buffer{}}
	if tag, _, err := s.header(); err != nil || tag != 0x30 {
		return nil, badCRL("CertificateList")
	}
	s.tee = true
	tag, n, err := s.header()
	if err != nil || tag != 0x30 {
		return nil, badCRL("tbsCertList")
	}
	s.left = n
	if err := c.head(s); err != nil {
		return nil, err
	}
	if q.wanted != nil && !q.wanted(c) {
		return nil, nil //nolint:nilnil // documented
	}
	if s.left > 0 && s.peekTag() == 0x30 {
		if err := c.entries(s, q); err != nil {
			return nil, err
		}
	}
	if s.left > 0 {
		if err := c.tail(s); err != nil {
			return nil, err
		}
	}
	if err := c.decode(); err != nil {
		return nil, err
	}
	s.tee = false
	if s.hash != nil {
		c.digest = s.hash.Sum(nil)
	} else {
		c.tbs = s.keep.Bytes()
	}
	return c, c.signatureOf(s)
}

func (c *CRL) entries(s *scanner, q *query) error {
	_, n, err := s.header()
	if err != nil {
		return err
	}
	end := s.left - n
	if end < 0 {
		return badCRL("revokedCertificates")
	}
	c.entriesAt = [2]int64{s.read, s.read + n}
	w := &walk{list: c, query: q}
	for s.left > end {
		b, err := s.element()
		if err != nil {
			return err
		}
		if err := w.take(b); err != nil {
			return err
		}
	}
	if s.left != end {
		return badCRL("revokedCertificates")
	}
	return nil
}

// walk goes through the entries of a list, each of which may speak of another issuer's certificate from there on
// (RFC 5280, 5.3.3).
type walk struct {
	list   *CRL
	query  *query
	issuer []byte // the GeneralNames of the last certificateIssuer; nil: the list's own issuer
}

// minimal is the one way to write an INTEGER in DER (X.690, 8.3.2): another would hide a serial number.
func minimal(n []byte) bool {
	return len(n) == 1 || len(n) > 1 && (n[0] != 0 || n[1] >= 0x80) && (n[0] != 0xff || n[1] < 0x80)
}

func (w *walk) take(b []byte) error {
	in := cryptobyte.String(b)
	var e, serial, when cryptobyte.String
	var tag cbasn1.Tag
	if !in.ReadASN1(&e, cbasn1.SEQUENCE) || !e.ReadASN1(&serial, cbasn1.INTEGER) || !minimal(serial) || !e.ReadAnyASN1Element(&when, &tag) {
		return badCRL("an entry")
	}
	reason := -1
	if !e.Empty() {
		var err error
		if reason, err = w.extensions(e); err != nil {
			return err
		}
	}
	if w.query.serial == nil || !bytes.Equal(serial, w.query.serial) || !w.isOurs() {
		return nil
	}
	at, err := certpath.ReadTime(&when)
	if err != nil {
		return badCRL("revocationDate")
	}
	w.query.entry = entry{found: true, at: at, reason: reason}
	return nil
}

// isOurs says that the entry is about a certificate of the issuer looked for.
func (w *walk) isOurs() bool {
	if w.issuer == nil {
		return w.query.issuer == nil || w.query.issuer.Equal(w.list.Issuer)
	}
	names, ok := certpath.ReadGeneralNames(w.issuer)
	for _, n := range names {
		if n.Form != certpath.DirectoryName {
			continue
		}
		if d := n.Directory(); w.query.issuer == nil && d.Equal(w.list.Issuer) || w.query.issuer != nil && d.Equal(*w.query.issuer) {
			return ok
		}
	}
	return false
}

// The contents of the identifiers of entries' extensions (RFC 5280, 5.3).
const (
	idReasonCode        = "\x55\x1d\x15"
	idInvalidityDate    = "\x55\x1d\x18"
	idCertificateIssuer = "\x55\x1d\x1d"
)

// extensions reads those of one entry without keeping anything: a long list has millions.
func (w *walk) extensions(e cryptobyte.String) (reason int, err error) {
	reason = -1
	var list cryptobyte.String
	if !e.ReadASN1(&list, cbasn1.SEQUENCE) || !e.Empty() {
		return reason, badCRL("crlEntryExtensions")
	}
	for !list.Empty() {
		var one, id, critical, value cryptobyte.String
		var has bool
		if !list.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1(&id, cbasn1.OBJECT_IDENTIFIER) || !one.ReadOptionalASN1(&critical, &has, cbasn1.BOOLEAN) ||
			has && len(critical) != 1 || !one.ReadASN1(&value, cbasn1.OCTET_STRING) {
			return reason, badCRL("crlEntryExtensions")
		}
		switch string(id) {
		case idReasonCode:
			if !value.ReadASN1Enum(&reason) {
				return reason, badCRL("reasonCode")
			}
		case idCertificateIssuer:
			var names cryptobyte.String
			if !value.ReadASN1(&names, cbasn1.SEQUENCE) {
				return reason, badCRL("certificateIssuer")
			}
			w.issuer = bytes.Clone(names)
		case idInvalidityDate:
		default:
			if has && critical[0] != 0 { // RFC 5280, 5.3: such a list says nothing
				w.list.unknown = true
			}
		}
	}
	return reason, nil
}

func (c *CRL) head(s *scanner) error {
	if s.peekTag() == 0x02 {
		if _, err := s.element(); err != nil {
			return err
		}
	}
	if err := c.algorithm(s); err != nil {
		return err
	}
	issuer, err := s.kept()
	if err != nil {
		return err
	}
	c.RawIssuer, c.Issuer = issuer, certpath.ParseName(issuer)
	for i, t := range []*time.Time{&c.ThisUpdate, &c.NextUpdate} {
		if i == 1 && s.peekTag() != 0x17 && s.peekTag() != 0x18 {
			break
		}
		b, err := s.element()
		if err != nil {
			return err
		}
		in := cryptobyte.String(b)
		if *t, err = certpath.ReadTime(&in); err != nil {
			return badCRL("a time")
		}
	}
	return nil
}

// algorithm decides what is made of the list while it passes: one digest, or a copy.
func (c *CRL) algorithm(s *scanner) error {
	b, err := s.element()
	if err != nil {
		return err
	}
	in := cryptobyte.String(b)
	alg, ok := certpath.ReadAlgorithm(&in)
	if !ok {
		return badCRL("signature")
	}
	if c.hash = certpath.HashOf(alg); c.hash.Available() {
		s.hash = c.hash.New()
		s.hash.Write(s.keep.Bytes())
		s.keep = nil
	}
	return nil
}

func (c *CRL) tail(s *scanner) error {
	if s.peekTag() != 0xa0 {
		return badCRL("crlExtensions")
	}
	b, err := s.kept()
	if err != nil {
		return err
	}
	in := cryptobyte.String(b)
	var wrapped cryptobyte.String
	if !in.ReadASN1(&wrapped, cbasn1.Tag(0).Constructed().ContextSpecific()) {
		return badCRL("crlExtensions")
	}
	c.Extensions, err = certpath.ReadExtensions(wrapped)
	return err
}

func (c *CRL) signatureOf(s *scanner) error {
	alg, err := s.kept()
	if err != nil {
		return err
	}
	in := cryptobyte.String(alg)
	var ok bool
	if c.SignatureAlgorithm, ok = certpath.ReadAlgorithm(&in); !ok {
		return badCRL("signatureAlgorithm")
	}
	b, err := s.kept()
	if err != nil {
		return err
	}
	in = b
	var bits cryptobyte.String
	if !in.ReadASN1(&bits, cbasn1.BIT_STRING) || len(bits) == 0 {
		return badCRL("signatureValue")
	}
	if bits[0] == 0 { // else no signature algorithm wrote it: the list can be read, and does not verify
		c.signature = bits[1:]
	}
	return nil
}
