package pades

import (
	"context"
	"crypto"
	"io"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/tsp"
)

// Level is a baseline level of EN 319 142-1, 6.
type Level int

// The levels.
const (
	BB Level = iota
	BT
	BLT
	BLTA
)

// String is "B-B", "B-T", "B-LT" or "B-LTA".
func (l Level) String() string { panic("unwritten") }

// ParseLevel reads what String writes.
func ParseLevel(s string) (Level, error) { panic("unwritten") }

// DocMDP is a certification level: 0 none (approval signature), 1, 2 or 3.
type DocMDP int

// Place is a rectangle on a page: points from the lower left of the page as it is shown (rotation and crop box applied).
type Place struct {
	Page int // from 1; negative from the end
	Rect pdf.Rect
}

// FieldSpec names a field to sign or to make.
type FieldSpec struct {
	Name   string // "" : a free name is chosen (Signature1, …)
	Place  *Place // nil: invisible, or the existing field's place
	Parent string
}

// Lock is a field lock (ISO 32000-2, table 236) with its document permission.
type Lock struct {
	Action string // "All", "Include" or "Exclude"
	Fields []string
	P      int // 0: not written
}

// Reservation is a field made before the first signature: a read-only text field, or the seal's signature field.
type Reservation struct {
	Name  string // number, day, month, year, seal; "number-2" if taken
	Kind  string // "text" or "signature"; "": by name
	Place *Place // nil: found in the gap the drafter left
	Lock  *Lock  // signature fields
}

// Options steer signing. Chain[0] is the signing certificate.
type Options struct {
	Level                               Level
	Digest                              crypto.Hash // 0: by key
	PSS                                 bool
	Chain                               []*certpath.Certificate
	Field                               FieldSpec
	Certify                             DocMDP
	Lock                                *Lock
	Reserve                             []Reservation     // made in the same revision, before the signature
	Fill                                map[string]string // reserved text fields to fill, NFC
	Appearance                          *appearance.Spec  // nil: invisible
	AlsoOn                              []Place           // the same picture as stamp annotations
	Reason, Location, ContactInfo, Name string
	TSA                                 tsp.Source
	Status                              certpath.StatusSource // for B-LT and above
	Issuers                             certpath.IssuerFetcher
	Anchors                             certpath.AnchorSource
	Pool                                []*certpath.Certificate
	Time                                time.Time // /M; zero: time.Now
	Rand                                io.Reader // nil: crypto/rand
	KeyName                             string    // for Trace
	Trace                               *fetch.Trace
	Progress                            func(done, total int64)
	PlaceholderBytes                    int // 0: planned
}

// Report says what was written.
type Report struct {
	Level     Level
	Field     string
	Size      int64
	ByteRange [4]int64
	Notes     []string // stable codes: "token_too_large_document_timestamp_added", …
}

// Reserve writes a revision with reserved fields and nothing signed.
func Reserve(ctx context.Context, w io.Writer, d *pdf.Document, fields ...Reservation) (*Report, error) {
	panic("unwritten")
}

// Sign signs with a key at hand: Prepare, sign, Embed and the higher levels' revisions in one call.
func Sign(ctx context.Context, w io.Writer, d *pdf.Document, key crypto.Signer, o *Options) (*Report, error) {
	panic("unwritten")
}

// Prepared is a signature waiting for its value: it can be stored, and embedded days later by another process.
type Prepared struct { /* owner: pades */
}

// Prepare builds the revision and its signed attributes once.
func Prepare(ctx context.Context, d *pdf.Document, o *Options) (*Prepared, error) { panic("unwritten") }

// MarshalBinary stores; the format carries a version.
func (p *Prepared) MarshalBinary() ([]byte, error) { panic("unwritten") }

// UnmarshalBinary reads what MarshalBinary wrote.
func (p *Prepared) UnmarshalBinary(b []byte) error { panic("unwritten") }

// Unsigned is the CMS signature waiting: ToBeSigned, Digest, SignerOpts.
func (p *Prepared) Unsigned() *cms.Unsigned { panic("unwritten") }

// ToBeSigned is the DER of the signed attributes.
func (p *Prepared) ToBeSigned() []byte { panic("unwritten") }

// EmbedOptions bring what the higher levels need when the value arrives.
type EmbedOptions struct {
	TSA      tsp.Source
	Status   certpath.StatusSource
	Issuers  certpath.IssuerFetcher
	Anchors  certpath.AnchorSource
	Pool     []*certpath.Certificate
	Time     time.Time
	Rand     io.Reader
	Progress func(done, total int64)
}

// Embed writes base, revision and signature, then the revisions of the level. Errors: ErrBaseChanged, ErrSignatureMismatch, ErrNoRoom.
func (p *Prepared) Embed(ctx context.Context, w io.Writer, d *pdf.Document, signature []byte, o *EmbedOptions) (*Report, error) {
	panic("unwritten")
}

// ExtendOptions steer Extend.
type ExtendOptions = EmbedOptions

// Extend raises every signature to a level, or renews B-LTA: evidence into the DSS, then a document time-stamp.
func Extend(ctx context.Context, w io.Writer, d *pdf.Document, to Level, o *ExtendOptions) (*Report, error) {
	panic("unwritten")
}

// Timestamp adds a document time-stamp.
func Timestamp(ctx context.Context, w io.Writer, d *pdf.Document, field string, o *ExtendOptions) (*Report, error) {
	panic("unwritten")
}

// Signature is a signature dictionary found in the form, with everything read and nothing judged.
type Signature struct {
	Field                  string
	Ref                    pdf.Ref // of the signature dictionary
	FieldRef               pdf.Ref
	Dict                   pdf.Dict
	Type                   string // "signature" or "document-timestamp"
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
	DocMDP                 DocMDP
	FieldMDP               *Lock
}

// Signatures lists the signatures that the form's fields reach, in the order of the end of their byte range.
func Signatures(ctx context.Context, d *pdf.Document) ([]*Signature, error) { panic("unwritten") }

// Integrity is bytes and key, no trust.
type Integrity struct {
	ByteRange           string // "valid" or "invalid"
	ByteRangeProblem    string
	CoversWholeDocument bool
	Digest              string // "match", "mismatch" or "unverifiable"
	Signature           string // the same
	Certificate         *certpath.Certificate
	Notes               []string
	Err                 error
}

// Check computes the digest of the byte range and verifies the signature or token.
func (s *Signature) Check(ctx context.Context, pool ...*certpath.Certificate) Integrity {
	panic("unwritten")
}

// Evidence is the document security store of a view.
type Evidence struct {
	Certificates []*certpath.Certificate
	OCSP, CRLs   [][]byte
	VRI          map[string]pdf.Dict
}

// StoredEvidence reads /DSS.
func StoredEvidence(v *pdf.View) (*Evidence, error) { panic("unwritten") }
