package pdf

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
	"strconv"

	"github.com/antinvn/antin/codes"
)

// Update collects a new revision. Not safe for concurrent use.
type Update struct {
	// Rand fills the initialisation vectors of encrypted files; nil means crypto/rand.
	Rand io.Reader
	// Complete writes a cross-reference of all objects and no /Prev: nobody has to read those before, but revisions before this
	// one are none any more. A rebuilt document's updates always are complete.
	Complete bool

	d       *Document
	view    *View
	objects map[Ref]Object
	clear   map[Ref]map[Name]bool
	next    int
}

// NewUpdate starts a revision on the latest view. Numbers continue above every number ever used.
func (d *Document) NewUpdate() (*Update, error) {
	if len(d.revisions) == 0 {
		return nil, codes.New(ErrDamaged, "starting", "a revision", "the document has none to stand on")
	}
	return &Update{d: d, view: d.Latest(), objects: map[Ref]Object{}, clear: map[Ref]map[Name]bool{}, next: d.maxNumber + 1}, nil
}

// Load is View.Load through the update: objects set there win.
func (u *Update) Load(r Ref) (Object, error) {
	if o, ok := u.objects[r]; ok {
		return o, nil
	}
	return u.view.Load(r)
}

// Resolve is View.Resolve through the update.
func (u *Update) Resolve(o Object) (Object, error) { return resolve(u, o, u.d.limits.Depth) }

// Base is the view below.
func (u *Update) Base() *View { return u.view }

// Add stores a new indirect object.
func (u *Update) Add(o Object) Ref {
	r := Ref{Number: u.next}
	u.next++
	u.objects[r] = o
	return r
}

// Set replaces an indirect object, its generation kept.
func (u *Update) Set(r Ref, o Object) error {
	if r.Number <= 0 || r.Number >= u.next {
		return codes.New(ErrDamaged, "replacing object", r.String(), "there is no such object")
	}
	u.objects[r] = o
	return nil
}

// NoEncrypt marks keys of that dictionary object whose strings stay in clear (/Contents of a signature).
func (u *Update) NoEncrypt(r Ref, keys ...Name) {
	m := u.clear[r]
	if m == nil {
		m = map[Name]bool{}
		u.clear[r] = m
	}
	for _, k := range keys {
		m[k] = true
	}
}

// RaiseVersion sets the catalog's /Version if the file's is lower.
func (u *Update) RaiseVersion(v string) error {
	if !laterVersion(v, u.d.Version()) {
		return nil
	}
	ref := u.view.CatalogRef()
	o, err := u.Load(ref)
	if err != nil {
		return err
	}
	c, ok := o.(Dict)
	if !ok {
		return codes.New(ErrDamaged, "reading", "the catalog", "it is no dictionary")
	}
	c = maps.Clone(c)
	c["Version"] = Name(v)
	return u.Set(ref, c)
}

// Tail serialises the revision: everything that follows the base's bytes (a line end first where one is missing),
// in the cross-reference style of the base. Placeholders have their offsets afterwards. fixedID, if not nil, is
// the new second element of /ID; otherwise it is made of the revision's content.
func (u *Update) Tail(fixedID []byte) ([]byte, error) {
	w := &tailWriter{u: u, entries: map[int]entry{}}
	w.s.base, w.s.out = u.d.size, make([]byte, 0, u.room())
	if u.d.size > 0 {
		var last [1]byte
		if _, err := u.d.r.ReadAt(last[:], u.d.size-1); err != nil {
			return nil, codes.Wrap(ErrRead, "reading", "the end of the file", err)
		}
		if last[0] != '\n' && last[0] != '\r' {
			w.s.out = append(w.s.out, '\n')
		}
	}
	refs := slices.Collect(maps.Keys(u.objects))
	sort.Slice(refs, func(i, j int) bool { return refs[i].Number < refs[j].Number })
	for _, r := range refs {
		if err := w.object(r, u.objects[r]); err != nil {
			return nil, err
		}
	}
	if u.Complete || u.d.rebuilt {
		return w.complete(fixedID)
	}
	newest := u.d.revisions[len(u.d.revisions)-1]
	if newest.Kind == "stream" {
		return w.xrefStream(fixedID, newest)
	}
	return w.table(fixedID, newest)
}

// room is about what the revision takes, placeholders exactly.
func (u *Update) room() int {
	n := 2048
	for _, o := range u.objects {
		n += 256
		d, _ := o.(Dict)
		for _, v := range d {
			if p, ok := v.(*Placeholder); ok {
				n += p.Width
			}
		}
	}
	return n
}

type tailWriter struct {
	u       *Update
	s       serializer
	entries map[int]entry
}

func (w *tailWriter) offset() int64 { return w.s.base + int64(len(w.s.out)) - w.u.d.shift }

func (w *tailWriter) object(r Ref, o Object) error {
	w.entries[r.Number] = makeEntry(kindOffset, w.offset(), r.Generation)
	w.s.out = append(w.s.out, strconv.Itoa(r.Number)+" "+strconv.Itoa(r.Generation)+" obj\n"...)
	c := w.u.d.crypt
	var failed error
	w.s.encrypt, w.s.clear, w.s.depth = nil, w.u.clear[r], 0
	if c != nil && c.strings != methodIdentity && r != c.dict {
		w.s.encrypt = func(b []byte) []byte {
			e, err := c.encrypt(c.strings, r, b, w.u.random())
			if err != nil {
				failed = err
			}
			return e
		}
	}
	if s, ok := o.(*Stream); ok {
		if err := w.stream(r, s); err != nil {
			return err
		}
	} else {
		w.s.object(o)
	}
	w.s.encrypt = nil
	w.s.out = append(w.s.out, "\nendobj\n"...)
	if failed != nil {
		return codes.Wrap(ErrRead, "encrypting object", r.String(), failed)
	}
	return nil
}

func (u *Update) random() io.Reader {
	if u.Rand != nil {
		return u.Rand
	}
	return rand.Reader
}

func (w *tailWriter) stream(r Ref, s *Stream) error {
	d := maps.Clone(s.Dict)
	if d == nil {
		d = Dict{}
	}
	data := s.data
	switch {
	case s.doc != nil: // taken over from the file: stored bytes as they are, decrypted
		data = make([]byte, s.length)
		if n, err := s.doc.r.ReadAt(data, s.offset); n < len(data) {
			return codes.Wrap(ErrRead, "reading stream", s.ref.String(), err)
		}
		if c := s.doc.crypt; c != nil {
			filters, params, err := filtersOf(s.Dict, w.u.Resolve)
			if err != nil {
				return err
			}
			data = c.decrypt(c.methodOf(s.Dict, filters, params), s.ref, data)
		}
	case s.compress:
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		if _, err := z.Write(data); err != nil {
			return codes.Wrap(ErrRead, "compressing stream", r.String(), err)
		}
		if err := z.Close(); err != nil {
			return codes.Wrap(ErrRead, "compressing stream", r.String(), err)
		}
		data, d["Filter"] = b.Bytes(), Name("FlateDecode")
		delete(d, "DecodeParms")
	}
	if c := w.u.d.crypt; c != nil {
		filters, params, err := filtersOf(d, w.u.Resolve)
		if err != nil {
			return err
		}
		if data, err = c.encrypt(c.methodOf(d, filters, params), r, data, w.u.random()); err != nil {
			return codes.Wrap(ErrRead, "encrypting stream", r.String(), err)
		}
	}
	d["Length"] = int64(len(data))
	w.s.object(d)
	w.s.out = append(w.s.out, "\nstream\n"...)
	w.s.out = append(w.s.out, data...)
	w.s.out = append(w.s.out, "\nendstream"...)
	return nil
}

// trailer carries what the base's says over (ISO 32000-1, 7.5.6).
func (w *tailWriter) trailer(fixedID []byte, size int, prev int64) Dict {
	old := w.u.view
	t := Dict{"Size": int64(size), "Root": old.trailerEntry("Root")}
	if prev >= 0 {
		t["Prev"] = prev
	}
	for _, k := range []Name{"Info", "Encrypt"} {
		if o := old.trailerEntry(k); o != nil {
			t[k] = o
		}
	}
	if fixedID == nil {
		fixedID = w.identifier()
	}
	first := String(fileID(old))
	if first == "" {
		first = String(fixedID)
	}
	t["ID"] = Array{first, String(fixedID)}
	return t
}

// identifier is made of the base's size and what the revision says, the fill of its placeholders left out.
func (w *tailWriter) identifier() []byte {
	h := sha256.New()
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(w.u.d.size)))
	from := 0
	for _, hole := range w.s.holes {
		h.Write(w.s.out[from:hole.from])
		from = hole.to
	}
	h.Write(w.s.out[from:])
	return h.Sum(nil)[:16]
}

func (w *tailWriter) end(at int64) []byte {
	return append(w.s.out, "startxref\n"+strconv.FormatInt(at, 10)+"\n%%EOF\n"...)
}

func (w *tailWriter) table(fixedID []byte, newest *revision) ([]byte, error) {
	t := w.trailer(fixedID, w.u.next, newest.XRefOffset-w.u.d.shift)
	if newest.Linearized {
		t["Prev"] = newest.sections[0].offset
	}
	return w.writeTable(t, runsOf(w.entries))
}

func (w *tailWriter) writeTable(t Dict, runs []run) ([]byte, error) {
	at := w.offset()
	w.s.out = append(w.s.out, "xref\n"...)
	if len(runs) == 0 {
		w.s.out = append(w.s.out, "0 0\n"...)
	}
	for _, r := range runs {
		w.s.out = fmt.Appendf(w.s.out, "%d %d\n", r.first, len(r.entries))
		for _, e := range r.entries {
			letter := byte('n')
			if e.kind() == kindFree {
				letter = 'f'
			}
			if e.value() > 9_999_999_999 {
				return nil, codes.New(ErrUnsupported, "writing", "the cross-reference", "a table reaches to 10 GB, this file is larger")
			}
			w.s.out = fmt.Appendf(w.s.out, "%010d %05d %c \n", e.value(), e.small(), letter)
		}
	}
	w.s.out = append(w.s.out, "trailer\n"...)
	w.s.object(t)
	w.s.out = append(w.s.out, '\n')
	return w.end(at), nil
}

func (w *tailWriter) xrefStream(fixedID []byte, newest *revision) ([]byte, error) {
	prev := newest.XRefOffset - w.u.d.shift
	if newest.Linearized {
		prev = newest.sections[0].offset
	}
	t := w.trailer(fixedID, w.u.next+1, prev)
	return w.writeXRefStream(t, w.u.next)
}

func (w *tailWriter) writeXRefStream(t Dict, own int) ([]byte, error) {
	at := w.offset()
	w.entries[own] = makeEntry(kindOffset, at, 0)
	runs := runsOf(w.entries)
	width := 1
	for _, r := range runs {
		for _, e := range r.entries {
			for e.value()>>(8*width) > 0 {
				width++
			}
		}
	}
	var data []byte
	index := Array{}
	for _, r := range runs {
		index = append(index, int64(r.first), int64(len(r.entries)))
		for _, e := range r.entries {
			data = append(data, byte(e.kind()))
			for i := width - 1; i >= 0; i-- {
				data = append(data, byte(e.value()>>(8*i)))
			}
			data = append(data, byte(e.small()>>8), byte(e.small()))
		}
	}
	t["Type"], t["W"], t["Index"] = Name("XRef"), Array{int64(1), int64(width), int64(2)}, index
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		return nil, codes.Wrap(ErrRead, "compressing", "the cross-reference", err)
	}
	if err := z.Close(); err != nil {
		return nil, codes.Wrap(ErrRead, "compressing", "the cross-reference", err)
	}
	t["Filter"], t["Length"] = Name("FlateDecode"), int64(b.Len())
	w.s.out = fmt.Appendf(w.s.out, "%d 0 obj\n", own)
	w.s.object(t)
	w.s.out = append(w.s.out, "\nstream\n"...)
	w.s.out = append(w.s.out, b.Bytes()...)
	w.s.out = append(w.s.out, "\nendstream\nendobj\n"...)
	return w.end(at), nil
}

// maxGaps bounds the numbers without an object that a complete table names; where a file leaves out more, a cross-reference
// stream names only what is there (ISO 32000-2, 7.5.8.2, /Index).
const maxGaps = 100_000

// complete writes every object's line and no /Prev.
func (w *tailWriter) complete(fixedID []byte) ([]byte, error) {
	all := map[int]entry{0: makeEntry(kindFree, 0, 65535)}
	compressed := false
	for _, r := range w.u.d.revisions {
		if err := r.each(w.u.d.r, func(n int, e entry) error {
			all[n] = e
			return nil
		}); err != nil {
			return nil, err
		}
	}
	maps.Copy(all, w.entries)
	w.entries = all
	for _, e := range all {
		compressed = compressed || e.kind() == kindCompressed
	}
	if compressed || w.u.next-len(all) > maxGaps {
		return w.writeXRefStream(w.trailer(fixedID, w.u.next+1, -1), w.u.next)
	}
	for n := range w.u.next { // a complete table names every number (ISO 32000-1, 7.5.4)
		if _, ok := all[n]; !ok {
			all[n] = makeEntry(kindFree, 0, 65535)
		}
	}
	return w.writeTable(w.trailer(fixedID, w.u.next, -1), runsOf(all))
}

// WriteTo writes base and tail. The base is copied without loading it.
func (u *Update) WriteTo(ctx context.Context, w io.Writer) (int64, error) {
	tail, err := u.Tail(nil)
	if err != nil {
		return 0, err
	}
	if err := Copy(ctx, w, u.d.r, u.d.size); err != nil {
		return 0, err
	}
	n, err := w.Write(tail)
	return u.d.size + int64(n), err
}

// copyBlock stays in a core's cache between reading, hashing and writing.
const copyBlock = 64 << 10

// Copy streams the base's first n bytes to w in blocks, cancelled within 100 ms.
func Copy(ctx context.Context, w io.Writer, r io.ReaderAt, n int64) error {
	to := &blocks{ctx: ctx, w: w}
	if b := inMemory(r, n); b != nil { // hashed where it stands
		_, err := to.Write(b)
		return err
	}
	buf := make([]byte, min(n, copyBlock))
	for at := int64(0); at < n; {
		b := buf[:min(int64(len(buf)), n-at)]
		if k, err := r.ReadAt(b, at); k < len(b) {
			return codes.Wrap(ErrRead, "reading at offset", strconv.FormatInt(at, 10), err)
		}
		if _, err := to.Write(b); err != nil {
			return err
		}
		at += int64(len(b))
	}
	return nil
}

// blocks hands on what is written to it in blocks, until its context ends.
type blocks struct {
	ctx context.Context //nolint:containedctx // lives as long as one call of Copy
	w   io.Writer
}

func (b *blocks) Write(p []byte) (n int, err error) {
	for n < len(p) {
		if err := b.ctx.Err(); err != nil {
			return n, err
		}
		k, err := b.w.Write(p[n:min(n+copyBlock, len(p))])
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
