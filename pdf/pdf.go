package pdf

import (
	"context"
	"io"
)

// Object is a PDF object: nil (null), bool, int64, float64, [Name], [String], [Array], [Dict], [*Stream] or [Ref].
// In an [Update] also [Raw] and [*Placeholder].
type Object any

// Name is a name without its slash, #-escapes decoded.
type Name string

// String is a string's bytes, decrypted.
type String string

// Array is an array.
type Array []Object

// Dict is a dictionary; it is written with sorted keys, /Type and /Subtype first.
type Dict map[Name]Object

// Ref is an indirect reference.
type Ref struct {
	Number     int
	Generation int
}

// Raw is bytes to be written as they are, in place of an object.
type Raw []byte

// Placeholder writes Width bytes of Fill and remembers where they landed; Offset is absolute in the finished file.
type Placeholder struct {
	Prefix, Suffix string // written around it, not counted in Width ("<" and ">")
	Width          int
	Fill           byte
	Offset         int64 // of the first fill byte
}

// Stream is a stream object. Read from a file its data stays there until asked for.
type Stream struct {
	Dict Dict
	// owner: pdf (unexported rest)
}

// NewStream makes a stream of decoded data for an Update; with compress it is written with FlateDecode.
func NewStream(d Dict, data []byte, compress bool) *Stream { panic("unwritten") }

// Options steer Open.
type Options struct {
	Password []byte // user's or owner's; the empty password is always tried
	Limits   Limits
}

// Limits bound the parser; zero fields take the default.
type Limits struct {
	Depth       int   // nesting of objects and of page and field trees, 100
	Revisions   int   // 10,000
	ObjectBytes int64 // of one object without stream data, 64 MB
	StreamBytes int64 // of one decoded stream, 256 MB
}

// Document is an open file. Safe for concurrent use.
type Document struct { /* owner: pdf */
}

// Open reads the structure: header, cross-references of all revisions, encryption. Errors: ErrPassword, ErrDamaged, ErrLimit,
// ErrUnsupported, ErrNotPDF; reading errors of r are wrapped.
func Open(ctx context.Context, r io.ReaderAt, size int64, o *Options) (*Document, error) {
	panic("unwritten")
}

// Size is the file's size; Reader reads it.
func (d *Document) Size() int64 { panic("unwritten") }

// Reader is what Open was given.
func (d *Document) Reader() io.ReaderAt { panic("unwritten") }

// HeaderOffset is the offset of %PDF; Version is the header's or the catalog's, whichever is later ("1.7").
func (d *Document) HeaderOffset() int64 { panic("unwritten") }

// Version see HeaderOffset.
func (d *Document) Version() string { panic("unwritten") }

// Rebuilt says that the cross-reference was damaged and had to be rebuilt by scanning.
func (d *Document) Rebuilt() bool { panic("unwritten") }

// Encrypted reports a standard security handler in force.
func (d *Document) Encrypted() bool { panic("unwritten") }

// Permissions are the user's rights; everything is allowed if not encrypted or opened with the owner's password.
func (d *Document) Permissions() Permissions { panic("unwritten") }

// Permissions are the rights of ISO 32000-1, table 22.
type Permissions struct {
	Owner                                 bool // opened with the owner's password, or not encrypted
	Modify, Annotate, FillForms, Assemble bool
}

// Revision is one incremental update.
type Revision struct {
	XRefOffset int64  // absolute offset of its (last) cross-reference section
	End        int64  // absolute offset after its %%EOF line; the file's size for the last one if only white space follows
	Kind       string // "table", "stream", "hybrid" or "rebuilt"
	Linearized bool
}

// Revisions are the revisions, oldest first.
func (d *Document) Revisions() []Revision { panic("unwritten") }

// At is the file as it was after that revision (0 is the oldest).
func (d *Document) At(revision int) *View { panic("unwritten") }

// Latest is the file as it is.
func (d *Document) Latest() *View { panic("unwritten") }

// View is one state of the file. Safe for concurrent use.
type View struct { /* owner: pdf */
}

// Document is the view's file; Revision its number.
func (v *View) Document() *Document { panic("unwritten") }

// Revision see Document.
func (v *View) Revision() int { panic("unwritten") }

// Trailer is the merged trailer; Catalog the resolved /Root; CatalogRef its reference.
func (v *View) Trailer() Dict { panic("unwritten") }

// Catalog see Trailer.
func (v *View) Catalog() (Dict, error) { panic("unwritten") }

// CatalogRef see Trailer.
func (v *View) CatalogRef() Ref { panic("unwritten") }

// Load reads an indirect object; a free or missing one is nil (null).
func (v *View) Load(r Ref) (Object, error) { panic("unwritten") }

// Resolve follows references until something else stands there.
func (v *View) Resolve(o Object) (Object, error) { panic("unwritten") }

// Get walks from the catalog: names into dictionaries, ints into arrays, following references: v.Get("AcroForm", "Fields", 0).
func (v *View) Get(path ...any) (Object, error) { panic("unwritten") }

// Dict, Array and Stream resolve and assert; what is absent or of another type is nil without error.
func (v *View) Dict(o Object) (Dict, error) { panic("unwritten") }

// Array see Dict.
func (v *View) Array(o Object) (Array, error) { panic("unwritten") }

// Stream see Dict.
func (v *View) Stream(o Object) (*Stream, error) { panic("unwritten") }

// Decode is a stream's data after all its filters (image filters DCT, JPX, CCITT, JBIG2 are left in place and named in rest).
func (v *View) Decode(s *Stream) (data []byte, rest []Name, err error) { panic("unwritten") }

// Changed lists the objects that the view's revision itself writes or frees, with the offset of each (freed: -1).
func (v *View) Changed() ([]Change, error) { panic("unwritten") }

// Change is one entry of a revision's cross-reference.
type Change struct {
	Ref    Ref
	Offset int64 // of "N G obj", or of the object stream that holds it; -1 freed
	Stream int   // number of the object stream, 0 if none
}

// Page is a page with inherited attributes resolved.
type Page struct {
	Ref       Ref
	Dict      Dict // as written, not inherited
	Parent    Ref
	MediaBox  Rect
	CropBox   Rect // intersected with MediaBox
	Rotate    int  // 0, 90, 180, 270
	UserUnit  float64
	Resources Object
}

// PageCount is the number of leaves of the page tree.
func (v *View) PageCount() (int, error) { panic("unwritten") }

// Page returns a page, counted from 1; negative counts from the end (-1 is the last).
func (v *View) Page(n int) (*Page, error) { panic("unwritten") }

// Rect is a rectangle in default user space, X0 <= X1, Y0 <= Y1.
type Rect struct{ X0, Y0, X1, Y1 float64 }

// TextString decodes PDFDocEncoding, UTF-16BE or UTF-8 with mark (ISO 32000-2, 7.9.2.2).
func TextString(s String) string { panic("unwritten") }

// EncodeTextString is the reverse: ASCII stays, anything else becomes UTF-16BE with mark.
func EncodeTextString(s string) String { panic("unwritten") }

// Update collects a new revision. Not safe for concurrent use.
type Update struct { /* owner: pdf */
}

// NewUpdate starts a revision on the latest view. Numbers continue above every number ever used.
func (d *Document) NewUpdate() (*Update, error) { panic("unwritten") }

// View reads through the update: objects set there win.
func (u *Update) Load(r Ref) (Object, error) { panic("unwritten") }

// Resolve is View.Resolve through the update.
func (u *Update) Resolve(o Object) (Object, error) { panic("unwritten") }

// Base is the view below.
func (u *Update) Base() *View { panic("unwritten") }

// Add stores a new indirect object.
func (u *Update) Add(o Object) Ref { panic("unwritten") }

// Set replaces an indirect object, its generation kept.
func (u *Update) Set(r Ref, o Object) error { panic("unwritten") }

// NoEncrypt marks keys of that dictionary object whose strings stay in clear (/Contents of a signature).
func (u *Update) NoEncrypt(r Ref, keys ...Name) { panic("unwritten") }

// RaiseVersion sets the catalog's /Version if the file's is lower.
func (u *Update) RaiseVersion(v string) error { panic("unwritten") }

// Tail serialises the revision: everything that follows the base's bytes (a line end first where one is missing),
// in the cross-reference style of the base. Placeholders have their offsets afterwards. fixedID, if not nil, is
// the new second element of /ID.
func (u *Update) Tail(fixedID []byte) ([]byte, error) { panic("unwritten") }

// WriteTo writes base and tail. The base is copied without loading it.
func (u *Update) WriteTo(ctx context.Context, w io.Writer) (int64, error) { panic("unwritten") }

// Copy streams the base's first n bytes to w in blocks, cancelled within 100 ms.
func Copy(ctx context.Context, w io.Writer, r io.ReaderAt, n int64) error { panic("unwritten") }
