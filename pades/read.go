package pades

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/tsp"
)

// Kinds of [Signature.Type].
const (
	TypeSignature         = "signature"
	TypeDocumentTimestamp = "document-timestamp"
)

// Signature is a signature dictionary found in the form, with everything read and nothing judged. It is read-only and
// safe for concurrent use.
type Signature struct {
	Field                  string
	Ref                    pdf.Ref // of the signature dictionary; zero if it is direct
	FieldRef               pdf.Ref
	Dict                   pdf.Dict
	Type                   string // TypeSignature or TypeDocumentTimestamp
	SubFilter              string
	Contents               []byte // decoded /Contents, padding included
	ByteRange              []int64
	Revision               int // whose end the byte range reaches; -1 if none
	Page                   int // of the widget, 0 if none
	Rect                   pdf.Rect
	ClaimedTime            time.Time // /M
	Reason, Location, Name string
	CMS                    *cms.SignedData // nil if unreadable
	Token                  *tsp.Token      // document time-stamps
	ParseError             error
	Certificates           []*certpath.Certificate // of /Cert, the signer's first: adbe.x509.rsa_sha1 alone has them there
	DocMDP                 DocMDP
	FieldMDP               *Lock

	doc     *pdf.Document
	digests *digester
	shared  bool // another field has the same dictionary
}

// Signatures lists the signatures that the form's fields reach, in the order of the end of their byte range.
func Signatures(ctx context.Context, d *pdf.Document) ([]*Signature, error) {
	v := d.Latest()
	root, err := v.Catalog()
	if err != nil {
		return nil, err
	}
	fields, err := formFields(v, root)
	if err != nil {
		return nil, err
	}
	var all []*Signature
	byRef := map[pdf.Ref]*Signature{}
	for _, f := range fields {
		if f.kind != "Sig" || f.value == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s, err := readSignature(d, v, f)
		if err != nil {
			return nil, err
		}
		if s == nil {
			continue
		}
		if first := byRef[s.Ref]; first != nil && s.Ref != (pdf.Ref{}) {
			first.shared, s.shared = true, true
		}
		byRef[s.Ref] = s
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b *Signature) int { return cmp.Compare(a.end(), b.end()) })
	digests := newDigester(d, all)
	for _, s := range all {
		s.digests = digests
	}
	return all, nil
}

// end is where the byte range ends, 0 if it is no byte range.
func (s *Signature) end() int64 {
	if len(s.ByteRange) != 4 {
		return 0
	}
	return s.ByteRange[2] + s.ByteRange[3]
}

// End is the offset behind the signed bytes, 0 if the byte range is none. Where bytes stand before %PDF that the byte range leaves
// out, they are counted here.
func (s *Signature) End() int64 {
	header := s.doc.HeaderOffset()
	if len(s.ByteRange) != 4 || header == 0 {
		return s.end()
	}
	var at [1]byte
	opens := func(offset int64) bool {
		n, err := s.doc.Reader().ReadAt(at[:], offset)
		return n == 1 && at[0] == '<' && (err == nil || offset+1 == s.doc.Size())
	}
	if first := s.ByteRange[1]; first >= 0 && first < s.doc.Size()-header && !opens(first) && opens(first+header) {
		return s.end() + header
	}
	return s.end()
}

// readSignature reads one field's value; nil if it is no dictionary. What is wrong inside is kept in ParseError.
func readSignature(d *pdf.Document, v *pdf.View, f formField) (*Signature, error) {
	dict, err := dictOf(v, f.value)
	if err != nil || dict == nil {
		return nil, err
	}
	s := &Signature{Field: f.name, FieldRef: f.ref, Dict: dict, Type: TypeSignature, doc: d}
	s.Ref, _ = f.value.(pdf.Ref)
	if err := s.entries(v); err != nil {
		return nil, err
	}
	s.Revision = revisionEnding(d, s.End())
	if s.DocMDP, s.FieldMDP, err = transforms(v, dict); err != nil {
		return nil, err
	}
	if s.FieldMDP != nil {
		if err := s.FieldMDP.complete(v, f); err != nil {
			return nil, err
		}
	}
	if err := s.place(v, f); err != nil {
		return nil, err
	}
	return s, s.parse(v)
}

func (s *Signature) entries(v *pdf.View) error {
	kind, err := nameOf(v, s.Dict["Type"])
	if err != nil {
		return err
	}
	format, err := nameOf(v, s.Dict["SubFilter"])
	if err != nil {
		return err
	}
	s.SubFilter = string(format)
	if kind == "DocTimeStamp" || format == subFilterToken {
		s.Type = TypeDocumentTimestamp
	}
	for _, text := range []struct {
		key pdf.Name
		to  *string
	}{{"Reason", &s.Reason}, {"Location", &s.Location}, {"Name", &s.Name}} {
		if *text.to, err = textOf(v, s.Dict[text.key]); err != nil {
			return err
		}
	}
	claimed, err := textOf(v, s.Dict["M"])
	if err != nil {
		return err
	}
	s.ClaimedTime = parseDate(claimed)
	contents, err := v.Resolve(s.Dict["Contents"])
	if err != nil {
		return err
	}
	if c, ok := contents.(pdf.String); ok {
		s.Contents = []byte(c)
	}
	s.ByteRange, err = rangeOf(v, s.Dict["ByteRange"])
	return err
}

// rangeOf are the numbers of a byte range; nil where one of them is none.
func rangeOf(v *pdf.View, o pdf.Object) ([]int64, error) {
	list, err := arrayOf(v, o)
	if err != nil {
		return nil, err
	}
	const most = 64 // four are valid; more are kept for the report
	var out []int64
	for _, o := range list[:min(len(list), most)] {
		n, ok, err := intOf(v, o)
		if err != nil || !ok {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

func (s *Signature) place(v *pdf.View, f formField) error {
	if len(f.widgets) == 0 {
		return nil
	}
	d, err := dictOf(v, f.widgets[0])
	if err != nil || d == nil {
		return err
	}
	box, _, err := rectOf(v, d["Rect"])
	if err != nil {
		return err
	}
	s.Rect = box
	s.Page, err = pageOf(v, v, f.widgets[0], d)
	return err
}

func (s *Signature) parse(v *pdf.View) (err error) {
	switch {
	case s.SubFilter == subFilterX509:
		s.Certificates, err = certificatesOf(v, s.Dict["Cert"])
	case s.Type == TypeDocumentTimestamp:
		if s.Token, s.ParseError = tsp.ParseToken(s.Contents); s.ParseError == nil {
			s.CMS = s.Token.SignedData
		}
	default:
		s.CMS, s.ParseError = cms.ParseBytes(s.Contents)
	}
	return err
}

// certificatesOf is /Cert: a string, or an array of them with the signer's first (ISO 32000-1, table 252). It ends at the first that
// cannot be read.
func certificatesOf(v *pdf.View, o pdf.Object) ([]*certpath.Certificate, error) {
	o, err := v.Resolve(o)
	if err != nil {
		return nil, err
	}
	list, ok := o.(pdf.Array)
	if !ok {
		list = pdf.Array{o}
	}
	var out []*certpath.Certificate
	for _, one := range list[:min(len(list), maxCertificates)] {
		if one, err = v.Resolve(one); err != nil {
			return nil, err
		}
		der, _ := one.(pdf.String)
		c, err := certpath.ParseCertificate([]byte(der))
		if err != nil {
			return out, nil //nolint:nilerr // whoever needs it says that it is not there
		}
		out = append(out, c)
	}
	return out, nil
}

// maxCertificates bounds those read from /Cert.
const maxCertificates = 100

// revisionEnding is the revision whose end a byte range reaches: its %%EOF, with or without the line end after it.
func revisionEnding(d *pdf.Document, end int64) int {
	for i, r := range d.Revisions() {
		if end > r.XRefOffset && end <= r.End && (end == r.End || blank(d, end, r.End)) {
			return i
		}
	}
	if last := len(d.Revisions()) - 1; last >= 0 && end == d.Size() {
		return last
	}
	return -1
}

// blank reports whether only white space stands between two offsets; a line end is all that is looked at.
func blank(d *pdf.Document, from, to int64) bool {
	const longest = 64
	if to-from > longest {
		return false
	}
	b, err := d.Bytes(from, to-from)
	return err == nil && len(bytes.TrimLeft(b, " \t\r\n\x00\f")) == 0
}

// parseDate reads a PDF date (ISO 32000-2, 7.9.4) as the field writes it; zero if it is none.
func parseDate(s string) time.Time {
	s = strings.TrimPrefix(s, "D:")
	digits := 0
	for digits < len(s) && digits < 14 && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	const full = "20060102150405"
	if digits < 4 || digits%2 != 0 {
		return time.Time{}
	}
	zone := strings.ReplaceAll(s[digits:], "'", "")
	layout := full[:digits]
	switch {
	case zone == "" || zone[0] == 'Z':
		zone = ""
	case len(zone) == 5:
		layout += "-0700"
	case len(zone) == 3:
		layout += "-07"
	default:
		return time.Time{}
	}
	t, err := time.Parse(layout, s[:digits]+zone)
	if err != nil {
		return time.Time{}
	}
	return t
}
