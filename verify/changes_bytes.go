package verify

import (
	"bytes"
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
	listed := make([]int64, 0, len(written))
	for _, c := range written {
		switch d := s.touched[c.Ref]; {
		case c.Offset < 0:
		case c.Offset >= to:
			s.forbid("object_beyond_revision", AttackDifferential, c.Ref.String(), fmt.Sprint(to), fmt.Sprint(c.Offset))
		case c.Hidden && d != nil && d.before != nil && d.after != nil:
			// Readers without cross-reference streams see the old object (ISO 32000-2, 7.5.8.4 is for new ones).
			s.forbid("hybrid_differs", AttackDifferential, c.Ref.String(), describe(d.before), describe(d.after))
		default:
			listed = append(listed, c.Offset)
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
func (s *step) region(from, to int64, listed []int64) {
	b := make([]byte, min(to-from, maxRegion))
	if _, err := s.doc.Reader().ReadAt(b, from); err != nil {
		return // the objects cannot be read either
	}
	slices.Sort(listed)
	spans := s.spans(listed)
	trailers, starts := 0, 0
	for at := 0; at < len(b); {
		if len(spans) > 0 && int64(at)+from >= spans[0][0] {
			start := max(0, int(spans[0][0]-from))
			if header := bytes.Index(b[start:min(len(b), start+64)], []byte("obj")); header >= 0 {
				start += header + len("obj")
			}
			at = max(at, start, int(min(spans[0][1]-from, int64(len(b)))))
			spans = spans[1:]
			continue
		}
		end := len(b)
		if len(spans) > 0 {
			end = min(end, int(spans[0][0]-from))
		}
		gap := b[at:end]
		trailers += bytes.Count(gap, []byte("trailer"))
		starts += bytes.Count(gap, []byte("startxref"))
		if n, ok := objectHeader(gap); ok {
			s.forbid("unlisted_object", AttackIncremental, strconv.Itoa(n), "", "offset "+fmt.Sprint(from+int64(at)))
		}
		at = end
	}
	if trailers > 1 || starts > 1 {
		s.forbid("cross_reference_twice", AttackDifferential, "trailer", "", fmt.Sprintf("%d trailers, %d startxref", trailers, starts))
	}
}

// spans are where the listed objects lie: from their number to the end of their stream, or to endobj.
func (s *step) spans(listed []int64) [][2]int64 {
	var out [][2]int64
	for i, at := range listed {
		if i > 0 && listed[i-1] == at {
			continue
		}
		out = append(out, [2]int64{at, at + 1})
	}
	for i := range s.deltas {
		d := &s.deltas[i]
		if d.offset < 0 {
			continue
		}
		k, ok := slices.BinarySearchFunc(out, d.offset, func(s [2]int64, at int64) int { return int(min(1, max(-1, s[0]-at))) })
		if !ok {
			continue
		}
		if st, ok := d.after.(*pdf.Stream); ok {
			if start, length := st.Extent(); start > d.offset {
				out[k][1] = max(out[k][1], start+length)
			}
		}
	}
	return out
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
	b := make([]byte, min(end, 256))
	if _, err := h.doc.Reader().ReadAt(b, end-int64(len(b))); err != nil {
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
	n, err := strconv.ParseInt(f[0], 10, 64)
	return n, err == nil
}

// junk is what follows the last revision, if it is more than white space.
func (h *history) junk(end int64) (string, bool) {
	b := make([]byte, min(h.doc.Size()-end, 4096))
	if _, err := h.doc.Reader().ReadAt(b, end); err != nil {
		return "", false
	}
	if rest := strings.Trim(string(b), " \t\r\n\f\x00"); rest != "" {
		return printable(strings.ToValidUTF8(rest, "?"), 60), true
	}
	return "", h.doc.Size()-end > int64(len(b))
}
