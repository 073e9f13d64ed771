package pades

import (
	"crypto"
	"fmt"
	"io"
	"time"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/tsp"
)

// The failures of this package.
const (
	ErrOptions       codes.Code = "pades.options"         // options that contradict each other or miss something
	ErrBaseChanged   codes.Code = "pades.base_changed"    // the file is no longer the one that was prepared
	ErrNoRoom        codes.Code = "pades.no_room"         // the signature is larger than the place reserved for it; see [RoomError]
	ErrPrepared      codes.Code = "pades.prepared_unread" // a stored Prepared is damaged or of an unknown version
	ErrField         codes.Code = "pades.field"           // no such field, or not of the kind needed
	ErrFieldSigned   codes.Code = "pades.field_signed"    // the field holds a signature already
	ErrFieldLocked   codes.Code = "pades.field_locked"    // an earlier signature locks the field
	ErrDocMDP        codes.Code = "pades.docmdp"          // an earlier signature forbids the change
	ErrPermission    codes.Code = "pades.permission"      // the file's permissions forbid the change
	ErrSeedValue     codes.Code = "pades.seed_value"      // the field's seed values demand something else
	ErrDamagedSigned codes.Code = "pades.damaged_signed"  // signed, and its cross-reference had to be rebuilt
	ErrPlace         codes.Code = "pades.place"           // no page or box for a visible thing
	ErrCertificate   codes.Code = "pades.certificate"     // missing, not valid at the time, or not the key's
	ErrRevoked       codes.Code = "pades.revoked"         // a certificate that a signature rests on is revoked
	ErrEvidence      codes.Code = "pades.evidence"        // the level needs certificates or revocation data that could not be had
	ErrTimestamp     codes.Code = "pades.timestamp"       // no time-stamp, although the level needs one
	ErrUnsigned      codes.Code = "pades.unsigned"        // there is no signature to extend
	ErrSigned        codes.Code = "pades.already_signed"  // the act is possible only before the first signature
	ErrUnsupported   codes.Code = "pades.unsupported"     // a signature format this package only recognises

	// ErrSignatureMismatch says that a signature value is not the certificate's key's over these attributes.
	ErrSignatureMismatch = cms.ErrSignatureMismatch
)

// Level is a baseline level of EN 319 142-1, 6; they are named as those of CAdES.
type Level = cades.Level

// The levels.
const (
	BB   = cades.BB
	BT   = cades.BT
	BLT  = cades.BLT
	BLTA = cades.BLTA
)

// ParseLevel reads what String writes.
func ParseLevel(s string) (Level, error) {
	level, err := cades.ParseLevel(s)
	if err != nil {
		return 0, codes.Wrap(ErrOptions, "reading", "a level", err)
	}
	return level, nil
}

// DocMDP is a certification level (ISO 32000-2, 12.8.2.2): 0 none (approval signature), 1 no changes, 2 filling in
// forms and signing, 3 annotations too.
type DocMDP int

// Place is a rectangle on a page: points from the lower left of the page as it is shown (rotation and crop box applied).
type Place struct {
	Page int // from 1; negative from the end
	Rect pdf.Rect
}

// FieldSpec names a field to sign or to make.
type FieldSpec struct {
	Name   string // fully qualified; "" : a free name is chosen (Signature1, …)
	Place  *Place // nil: invisible, or the existing field's place
	Parent string // fully qualified name of the field to put a new one under, made where absent
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
	Lock  *Lock  // signature fields; nil: All with P 1
}

// Options steer signing. Chain[0] is the signing certificate.
type Options struct {
	Level   Level
	Digest  crypto.Hash // 0: by key
	PSS     bool        // RSA keys: RSASSA-PSS
	Chain   []*certpath.Certificate
	Field   FieldSpec
	Certify DocMDP
	Lock    *Lock // of a new field; an existing field's own lock stays

	Reserve []Reservation     // made in the same revision, before the signature; the signature then certifies with P=2
	Fill    map[string]string // text fields to fill, by full name

	Appearance *appearance.Spec // nil: invisible
	AlsoOn     []Place          // the same picture as stamp annotations

	Reason, Location, ContactInfo, Name string

	TSA     tsp.Source            // for B-T and above; a [*Planner] remembers the size of its tokens
	Status  certpath.StatusSource // for B-LT and above
	Issuers certpath.IssuerFetcher
	Anchors certpath.AnchorSource
	Pool    []*certpath.Certificate

	Time             time.Time // /M; zero: time.Now
	Rand             io.Reader // nil: crypto/rand
	KeyName          string    // for Trace
	Trace            *fetch.Trace
	Progress         func(done, total int64) // bytes of the base read; from one goroutine
	PlaceholderBytes int                     // room for the CMS; 0: planned
}

// Report says what was written.
type Report struct {
	Level     Level
	Field     string
	Reserved  []string // full names of the fields made, in the order of Options.Reserve
	Size      int64
	ByteRange [4]int64
	Notes     []string // stable codes, see the constants that begin with Note
}

// What a [Report] may note.
const (
	NoteLateToken   = "token_too_large_document_timestamp_added" // B-B written; a document time-stamp gives the time
	NoteVisibleLate = "new_visible_field_after_certification"    // some validators refuse it (ISO 32000-2, 12.8.2.2.2 does not)
	NoteDocumentTST = "document_timestamp_for_missing_signature_timestamp"
	NoteTooLate     = "certificate_expired_before_renewal" // nothing proves that the last time-stamp or signature was made before its certificate ended
)

// RoomError says how much room a signature would have needed; it matches [ErrNoRoom]. Sign again with
// Options.PlaceholderBytes of at least Needed.
type RoomError struct {
	Field            string
	Needed, Reserved int // bytes of CMS
}

// Error implements error.
func (e *RoomError) Error() string {
	return fmt.Sprintf("embedding the signature %s: %d bytes are reserved and %d needed (%s)", e.Field, e.Reserved, e.Needed, ErrNoRoom)
}

// Code is the stable code.
func (e *RoomError) Code() string { return string(ErrNoRoom) }

// Unwrap lets errors.Is find [ErrNoRoom].
func (e *RoomError) Unwrap() error { return ErrNoRoom }
