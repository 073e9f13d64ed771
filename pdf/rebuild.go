package pdf

import (
	"bytes"
	"context"
	"strconv"

	"github.com/antinvn/antin/codes"
)

// maxScanned bounds the objects that a rebuilt cross-reference lists.
const maxScanned = 10_000_000

// Of a damaged file, an object counts up to this size, and all that is read for the sake of its objects is a multiple of the
// file's own size: hostile files open a string at every line and never close one.
const (
	maxScannedObject = 1 << 20
	maxRereading     = 8
)

// rebuild makes one cross-reference by scanning the file for "N G obj"; of several objects with one number the last counts.
func (d *Document) rebuild(ctx context.Context) error {
	all := map[int]entry{}
	s := &section{trailer: Dict{}}
	d.revisions = []*revision{{sections: []*section{s}, Revision: Revision{Kind: "rebuilt", End: d.size, XRefOffset: -1}}}
	d.rebuilt, d.shift = true, 0
	var streams []Ref
	limits, left := d.limits, maxRereading*d.size+maxScannedObject
	limits.ObjectBytes = min(limits.ObjectBytes, maxScannedObject)
	if err := d.scan(ctx, func(at int64, line []byte) error {
		l := d.lexer(at)
		l.limits = limits
		defer func() { left -= l.pos - at }()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case left < 0:
			return codes.New(ErrLimit, "rebuilding", "the cross-reference", "its objects run into each other")
		case bytes.HasPrefix(line, []byte("trailer")):
			l.pos += int64(len("trailer"))
			if o, err := l.object(0); err == nil {
				if t, ok := o.(Dict); ok {
					mergeTrailer(s.trailer, t)
				}
			}
			return nil
		}
		ref, o, err := d.indirect(l, nil)
		if ref.Number == 0 || ref.Number > maxObjectNumber {
			return nil // a line that looks like an object and is none
		}
		all[ref.Number] = makeEntry(kindOffset, at, ref.Generation)
		if len(all) > maxScanned {
			return codes.New(ErrLimit, "rebuilding", "the cross-reference", "too many objects")
		}
		if err != nil {
			return nil // listed; reading it later says what is wrong
		}
		switch o := o.(type) {
		case *Stream:
			switch o.Dict["Type"] {
			case Name("XRef"):
				mergeTrailer(s.trailer, o.Dict)
			case Name("ObjStm"):
				streams = append(streams, ref)
			}
		case Dict:
			if o["Type"] == Name("Catalog") {
				s.trailer["Root"] = ref
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if len(all) == 0 {
		return codes.New(ErrDamaged, "rebuilding", "the cross-reference", "no object was found")
	}
	s.runs = runsOf(all)
	d.countNumbers()
	if s.trailer["Encrypt"] == nil {
		d.addCompressed(all, streams)
	}
	s.runs = runsOf(all)
	s.trailer["Size"] = int64(d.maxNumber + 1)
	if !d.plausible() {
		return codes.New(ErrDamaged, "rebuilding", "the cross-reference", "no catalog with pages was found")
	}
	return nil
}

func mergeTrailer(into, t Dict) {
	for _, k := range []Name{"Root", "Info", "ID", "Encrypt"} {
		if o, ok := t[k]; ok {
			into[k] = o
		}
	}
}

// addCompressed lists what object streams hold, where nothing outside has the number.
func (d *Document) addCompressed(all map[int]entry, streams []Ref) {
	v := d.Latest()
	for _, r := range streams {
		e, ok, err := v.find(r.Number)
		if err != nil || !ok || e.kind() != kindOffset {
			continue
		}
		s, err := v.objectStream(r, e.value(), 0)
		if err != nil {
			continue
		}
		for i, n := range s.numbers {
			if have, ok := all[n]; ok && have.kind() == kindOffset {
				continue
			}
			all[n] = makeEntry(kindCompressed, int64(r.Number), i)
			d.maxNumber = max(d.maxNumber, n)
			l := bytesLexer(s.data, s.offsets[i], d.limits)
			if o, err := l.value(0); err == nil {
				if c, ok := o.(Dict); ok && c["Type"] == Name("Catalog") {
					d.revisions[0].sections[0].trailer["Root"] = Ref{n, 0}
				}
			}
		}
	}
}

// scan calls f for each place where "N G obj" or "trailer" starts a line or follows endobj. What stands before the header is no part of
// the file: at offset 0 no cross-reference could name it.
func (d *Document) scan(ctx context.Context, f func(at int64, line []byte) error) error {
	const block, overlap = 1 << 20, 64
	var buf []byte
	for at := d.header; at < d.size; at += block {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := d.bytes(&buf, at, min(block+overlap, d.size-at))
		if len(b) == 0 {
			return codes.Wrap(ErrRead, "reading at offset", strconv.FormatInt(at, 10), err)
		}
		for i := range min(len(b), block) {
			if i > 0 && !isSpace(int(b[i-1])) &&
				!bytes.HasSuffix(b[:i], []byte("endobj")) {
				continue
			}
			c := b[i]
			if c == 't' && bytes.HasPrefix(b[i:], []byte("trailer")) || c >= '0' && c <= '9' && looksLikeObject(b[i:]) {
				if err := f(at+int64(i), b[i:]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// looksLikeObject matches "N G obj".
func looksLikeObject(b []byte) bool {
	i := 0
	digits := func() bool {
		start := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		return i > start && i-start < 11
	}
	spaces := func() bool {
		start := i
		for i < len(b) && isSpace(int(b[i])) {
			i++
		}
		return i > start
	}
	return digits() && spaces() && digits() && spaces() && bytes.HasPrefix(b[i:], []byte("obj"))
}
