package pdf

import (
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/antinvn/antin/codes"
)

// Document is an open file. Safe for concurrent use.
type Document struct {
	r         io.ReaderAt
	held      []byte // all of it where it is in memory, see hold
	size      int64
	limits    Limits
	header    int64 // offset of %PDF
	shift     int64 // added to every offset in the file
	version   string
	rebuilt   bool
	revisions []*revision
	crypt     *crypt
	perms     Permissions
	maxNumber int                // the highest object number that any revision used
	known     map[int64]*section // while reopening: sections read before, by offset

	mu      sync.Mutex
	objects map[location]Object
	streams map[location]*objectStream
}

// location is where an object is written: an offset, or an object stream's offset and index. The number belongs to it: a damaged
// or hostile table leads two of them to one place, where only one is right.
type location struct {
	number int
	offset int64
	index  int
}

// The caches are emptied when full: a page's objects fit many times.
const (
	maxCached  = 4096
	maxStreams = 16
)

// Open reads the structure: header, cross-references of all revisions, encryption. r must not change while the document is in use.
// Errors: ErrPassword, ErrDamaged, ErrLimit, ErrUnsupported, ErrNotPDF; reading errors of r are ErrRead.
func Open(ctx context.Context, r io.ReaderAt, size int64, o *Options) (*Document, error) {
	if o == nil {
		o = &Options{}
	}
	d := &Document{r: r, held: hold(r, size), size: size, limits: o.Limits, objects: map[location]Object{}, streams: map[location]*objectStream{}}
	d.limits.Depth = orDefault(d.limits.Depth, 100)
	d.limits.Revisions = orDefault(d.limits.Revisions, 10_000)
	d.limits.ObjectBytes = orDefault(d.limits.ObjectBytes, 64<<20)
	d.limits.StreamBytes = orDefault(d.limits.StreamBytes, 256<<20)
	if err := d.read(ctx); err != nil {
		return nil, err
	}
	if err := d.openEncryption(o.Password); err != nil {
		return nil, err
	}
	return d, nil
}

// Reopen opens the file after revisions were appended to it: r begins with the bytes that d was opened on. What d knows
// of them is shared, the key of an encrypted file included.
func (d *Document) Reopen(ctx context.Context, r io.ReaderAt, size int64) (*Document, error) {
	n := &Document{r: r, held: hold(r, size), size: size, limits: d.limits, objects: map[location]Object{}, streams: map[location]*objectStream{}}
	n.known = map[int64]*section{}
	for _, revision := range d.revisions {
		for _, s := range revision.sections {
			if !d.rebuilt {
				n.known[s.offset] = s
			}
		}
	}
	if err := n.read(ctx); err != nil {
		return nil, err
	}
	n.crypt, n.perms, n.known = d.crypt, d.perms, nil
	return n, nil
}

func (d *Document) read(ctx context.Context) error {
	if err := d.readHeader(); err != nil {
		return err
	}
	if err := d.readStructure(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if code := codes.Of(err); code == string(ErrRead) {
			return err
		}
		if err := d.rebuild(ctx); err != nil {
			return err
		}
	} else if d.misleading() {
		if err := d.tryRebuild(ctx); err != nil {
			return err
		}
	}
	d.countNumbers()
	return nil
}

// misleading reports a cross-reference that leads to a catalog, but to no page: its lines are wrong.
func (d *Document) misleading() bool {
	v := d.Latest()
	if v.Trailer()["Encrypt"] != nil {
		return false // objects in streams are still closed
	}
	_, err := v.Page(1)
	return errors.Is(err, ErrDamaged)
}

// tryRebuild keeps a rebuilt cross-reference if it leads to a page.
func (d *Document) tryRebuild(ctx context.Context) error {
	revisions, shift, number := d.revisions, d.shift, d.maxNumber
	clear(d.objects)
	clear(d.streams)
	err := d.rebuild(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil && !d.misleading() {
		return nil
	}
	d.revisions, d.shift, d.maxNumber, d.rebuilt = revisions, shift, number, false
	clear(d.objects)
	clear(d.streams)
	return nil
}

func orDefault[T int | int64](v, d T) T {
	if v == 0 {
		return d
	}
	return v
}

func (d *Document) readHeader() error {
	head, err := d.Bytes(0, min(d.size, 8192))
	if err != nil {
		return codes.Wrap(ErrRead, "reading", "the header", err)
	}
	i := bytes.Index(head, []byte("%PDF-"))
	if i < 0 {
		return codes.New(ErrNotPDF, "reading", "the header", "there is no %PDF in the first 8 kB")
	}
	d.header = int64(i)
	l := bytesLexer(head, i+5, d.limits)
	d.version = l.word(8)
	return nil
}

// readStructure follows the last startxref; a file with bytes before its header may count offsets from either.
func (d *Document) readStructure(ctx context.Context) error {
	start, err := d.lastStartXRef()
	if err != nil {
		return err
	}
	if err = d.readChain(ctx, start); err != nil && d.header > 0 {
		d.revisions, d.shift = nil, d.header
		err = d.readChain(ctx, start)
	}
	if err != nil {
		d.revisions, d.shift = nil, 0
		return err
	}
	if !d.plausible() {
		d.revisions, d.shift = nil, 0
		return codes.New(ErrDamaged, "reading", "the cross-reference", "it does not lead to a catalog with pages")
	}
	return nil
}

// definition begins an indirect object (ISO 32000-2, 7.3.10).
var definition = regexp.MustCompile(`\d+\s+\d+\s+obj\b`)

// lastStartXRef is the offset that the last startxref names. Other readers look for it in the last kilobyte (ISO 32000-1, annex
// H.3): where it stands before that, and objects behind it, they rebuild the cross-reference and find these, so that what a
// viewer shows would not be what is signed.
func (d *Document) lastStartXRef() (int64, error) {
	const tail, looked = 2048, 1024
	from := max(0, d.size-tail)
	for {
		b, err := d.Bytes(from, d.size-from)
		if err != nil {
			return 0, codes.Wrap(ErrRead, "reading", "the end of the file", err)
		}
		if i := bytes.LastIndex(b, []byte("startxref")); i >= 0 {
			l := bytesLexer(b, i+9, d.limits)
			l.skip()
			n, ok := integer(l.number())
			if !ok {
				return 0, l.damaged("startxref is wrong")
			}
			if behind := b[i:]; len(behind) > looked && definition.Match(behind) {
				return 0, codes.New(ErrDamaged, "reading", "the end of the file", "objects stand behind the last startxref")
			}
			return n, nil
		}
		if from == 0 || d.size-from > 1<<20 {
			return 0, codes.New(ErrDamaged, "reading", "the end of the file", "startxref is missing")
		}
		from = max(0, d.size-1<<20-1)
	}
}

// plausible reports that the catalog and its page tree can be read.
func (d *Document) plausible() bool {
	v := d.Latest()
	if d.Latest().Trailer()["Encrypt"] != nil {
		return true // strings are still closed, objects in streams too
	}
	c, err := v.Catalog()
	if err != nil || c == nil {
		return false
	}
	pages, err := v.Dict(c["Pages"])
	return err == nil && pages != nil
}

func (d *Document) countNumbers() {
	for _, r := range d.revisions {
		for _, s := range r.sections {
			if size, ok := integer(s.trailer["Size"]); ok && size > 0 && size <= maxObjectNumber {
				d.maxNumber = max(d.maxNumber, int(size)-1)
			}
			d.maxNumber = max(d.maxNumber, s.own)
			for _, r := range s.runs {
				d.maxNumber = max(d.maxNumber, r.end()-1)
			}
		}
	}
}

// search finds a pattern between two offsets, in blocks.
func (d *Document) search(pattern []byte, from, to int64) (int64, bool) {
	const block = 8 << 10
	var buf []byte
	for at := from; at < to; {
		b, _ := d.bytes(&buf, at, min(block, to-at)) //nolint:errcheck // what cannot be read is not found
		if i := bytes.Index(b, pattern); i >= 0 {
			return at + int64(i), true
		}
		if len(b) < len(pattern) {
			return 0, false
		}
		at += int64(len(b) - len(pattern) + 1)
	}
	return 0, false
}

// Size is the file's size.
func (d *Document) Size() int64 { return d.size }

// Reader is what Open was given.
func (d *Document) Reader() io.ReaderAt { return d.r }

// HeaderOffset is the offset of %PDF.
func (d *Document) HeaderOffset() int64 { return d.header }

// Version is the header's or the catalog's, whichever is later ("1.7").
func (d *Document) Version() string {
	v := d.version
	if c, err := d.Latest().Catalog(); err == nil {
		if n, ok := c["Version"].(Name); ok && laterVersion(string(n), v) {
			v = string(n)
		}
	}
	return v
}

func laterVersion(a, b string) bool {
	x, y := versionNumber(a), versionNumber(b)
	return x > y
}

func versionNumber(s string) int {
	major, minor, _ := strings.Cut(s, ".")
	a, _ := strconv.Atoi(major) //nolint:errcheck // no number is zero
	b, _ := strconv.Atoi(minor) //nolint:errcheck // as above
	return a*100 + b
}

// Rebuilt says that the cross-reference was damaged and had to be rebuilt by scanning.
func (d *Document) Rebuilt() bool { return d.rebuilt }

// Irregular says that a cross-reference or trailer was readable, but is not written as ISO 32000-2, 7.5.4 and 7.5.5, have it:
// other readers may refuse the file.
func (d *Document) Irregular() bool {
	return slices.ContainsFunc(d.revisions, func(r *revision) bool {
		return slices.ContainsFunc(r.sections, func(s *section) bool { return s.loose })
	})
}

// Encrypted reports a standard security handler in force.
func (d *Document) Encrypted() bool { return d.crypt != nil }

// Permissions are the user's rights; everything is allowed if not encrypted or opened with the owner's password.
func (d *Document) Permissions() Permissions { return d.perms }

// Revisions are the revisions, oldest first.
func (d *Document) Revisions() []Revision {
	out := make([]Revision, len(d.revisions))
	for i, r := range d.revisions {
		out[i] = r.Revision
	}
	return out
}

// At is the file as it was after that revision (0 is the oldest).
func (d *Document) At(revision int) *View { return &View{d: d, n: revision} }

// Latest is the file as it is.
func (d *Document) Latest() *View { return d.At(len(d.revisions) - 1) }
