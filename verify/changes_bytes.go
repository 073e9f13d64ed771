package verify

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/antinvn/antin/pdf"
)

// Two readers that follow the standard must see the same file. What only some of them see is no change that a rule could
// explain: a revision lists its own objects, all of them, once, and stands behind the one before it (ISO 32000-2, 7.5.6).

// bytes looks at how the step's revision is written.
func (s *step) bytes() {
	if s.foreign() {
		return
	}
	revisions := s.doc.Revisions()
	r := &revisions[s.r]
	from, to := revisions[s.r-1].End, r.End
	if r.XRefOffset < from || r.XRefOffset >= to {
		s.forbid("cross_reference_elsewhere", AttackDifferential, "cross-reference", fmt.Sprint(from), fmt.Sprint(r.XRefOffset))
		return
	}
	written, err := s.new.Changed()
	if err != nil {
		return // collect said so
	}
	listed := make([]listedObject, 0, len(written))
	for _, c := range written {
		switch d := s.touched[c.Ref]; {
		case c.Offset < 0:
		case c.Offset >= to:
			s.forbid("object_beyond_revision", AttackDifferential, c.Ref.String(), fmt.Sprint(to), fmt.Sprint(c.Offset))
		case c.Hidden && d != nil && d.before != nil && d.after != nil:
			// Readers without cross-reference streams see the old object (ISO 32000-2, 7.5.8.4 is for new ones).
			s.forbid("hybrid_differs", AttackDifferential, c.Ref.String(), describe(d.before), describe(d.after))
		default:
			listed = append(listed, listedObject{c.Offset, c.Ref})
		}
		if d := s.touched[c.Ref]; d != nil {
			if u, ok := d.after.(unreadable); ok {
				s.forbid("object_unreadable", AttackDifferential, c.Ref.String(), describe(d.before), printable(u.err.Error(), 120))
			}
		}
	}
	s.region(from, to, listed)
}

// maxRegion bounds the bytes of a revision that are looked through for what its cross-reference does not list; larger ones mostly
// hold pictures.
const maxRegion = 64 << 20

// region looks for objects, trailers and cross-references outside the objects that the revision lists.
func (s *step) region(from, to int64, listed []listedObject) {
	b, err := s.doc.Bytes(from, min(to-from, maxRegion))
	if err != nil {
		return // the objects cannot be read either
	}
	slices.SortFunc(listed, func(a, b listedObject) int { return cmp.Compare(a.offset, b.offset) })
	listed = slices.CompactFunc(listed, func(a, b listedObject) bool { return a.offset == b.offset })
	at, stream := 0, false
	trailers, starts := 0, 0
	for i := range len(listed) + 1 {
		end := len(b)
		if i < len(listed) {
			end = min(end, int(listed[i].offset-from))
		}
		if at < end {
			gap := b[at:end]
			trailers += bytes.Count(gap, []byte("trailer"))
			starts += bytes.Count(gap, []byte("startxref"))
			if n, ok := objectHeader(gap); ok {
				s.forbid("unlisted_object", AttackIncremental, strconv.Itoa(n), "", "offset "+fmt.Sprint(from+int64(at)))
			} else if stream && !streamEnds(gap) {
				s.forbid("stream_ends_twice", AttackDifferential, listed[i-1].ref.String(), "", "")
			}
		}
		if i < len(listed) {
			at, stream = s.bodyEnd(b, max(end, 0), from, listed[i].ref)
		}
	}
	if trailers > 1 || starts > 1 {
		s.forbid("cross_reference_twice", AttackDifferential, "trailer", "", fmt.Sprintf("%d trailers, %d startxref", trailers, starts))
	}
}

// listedObject is an object where its revision lists it.
type listedObject struct {
	offset int64
	ref    pdf.Ref
}

// bodyEnd is behind an object's header, or behind the data of its stream.
func (s *step) bodyEnd(b []byte, at int, from int64, ref pdf.Ref) (end int, stream bool) {
	if header := bytes.Index(b[min(at, len(b)):min(len(b), at+64)], []byte("obj")); header >= 0 {
		at += header + len("obj")
	}
	if st, ok := load(s.new, ref).(*pdf.Stream); ok {
		if start, length := st.Extent(); start >= from+int64(at) {
			return int(min(start+length-from, int64(len(b)))), true
		}
	}
	return at, false
}

// streamEnds: behind a stream's data come endstream and endobj, before the next object or cross-reference, and nothing else.
func streamEnds(gap []byte) bool {
	for line := range bytes.Lines(gap) {
		for w := range bytes.FieldsSeq(line) {
			switch string(w) {
			case "endstream", "endobj", "endstreamendobj":
			case "xref", "trailer", "startxref":
				return true
			default:
				return w[0] == '%'
			}
		}
	}
	return true
}

// objectHeader finds "N G obj" at the start of a line, but for the listed object that a gap may begin inside of.
func objectHeader(gap []byte) (int, bool) {
	for _, line := range bytes.FieldsFunc(gap, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if !bytes.Contains(line, []byte("obj")) {
			continue
		}
		f := strings.Fields(string(line))
		if len(f) < 3 || !strings.HasPrefix(f[2], "obj") {
			continue
		}
		n, err1 := strconv.Atoi(f[0])
		_, err2 := strconv.Atoi(f[1])
		if err1 == nil && err2 == nil {
			return n, true
		}
	}
	return 0, false
}

// tail looks at what belongs to no revision: how the signed one ends, and what follows the last one.
func (h *history) tail(signed *pdf.View) []Change {
	var all []Change
	forbid := func(code, attack, object, before, after string) {
		all = append(all, Change{
			Code: code, Class: ClassForbidden, Attack: attack, Object: object, Before: before, After: after, Revision: h.doc.Latest().Revision(),
		})
	}
	if h.foreign() {
		return nil
	}
	revisions := h.doc.Revisions()
	r := &revisions[signed.Revision()]
	if at, ok := h.startXRef(r.End); ok && !r.Linearized && at != r.XRefOffset && at+h.doc.HeaderOffset() != r.XRefOffset {
		// The end that was signed names another cross-reference than the one in use now.
		forbid("signed_cross_reference_differs", AttackDifferential, "startxref", fmt.Sprint(at), fmt.Sprint(r.XRefOffset))
	}
	for i := range revisions[:signed.Revision()] {
		if revisions[i].XRefOffset >= r.End {
			forbid("cross_reference_elsewhere", AttackDifferential, "cross-reference", fmt.Sprint(r.End), fmt.Sprint(revisions[i].XRefOffset))
		}
	}
	if h.graph != nil {
		for _, o := range h.graph.beyond[:min(len(h.graph.beyond), 16)] {
			forbid("object_beyond_signature", AttackDifferential, o.String(), "", "")
		}
	}
	if end := revisions[len(revisions)-1].End; end < h.doc.Size() {
		if text, ok := h.junk(end); ok {
			forbid("unlisted_bytes", AttackIncremental, "document", "", text)
		}
	}
	return all
}

// startXRef is the offset that the end of a revision names.
func (h *history) startXRef(end int64) (int64, bool) {
	n := min(end, 256)
	b, err := h.doc.Bytes(end-n, n)
	if err != nil {
		return 0, false
	}
	i := bytes.LastIndex(b, []byte("startxref"))
	if i < 0 {
		return 0, false
	}
	f := strings.Fields(string(b[i+9:]))
	if len(f) == 0 {
		return 0, false
	}
	at, err := strconv.ParseInt(f[0], 10, 64)
	return at, err == nil
}

// junk is what follows the last revision, if it is more than white space.
func (h *history) junk(end int64) (string, bool) {
	b, err := h.doc.Bytes(end, min(h.doc.Size()-end, 4096))
	if err != nil {
		return "", false
	}
	if rest := strings.Trim(string(b), " \t\r\n\f\x00"); rest != "" {
		return printable(strings.ToValidUTF8(rest, "?"), 60), true
	}
	return "", h.doc.Size()-end > int64(len(b))
}
