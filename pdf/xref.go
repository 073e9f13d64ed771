package pdf

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/antinvn/antin/codes"
)

// revision is one incremental update: its table or stream, and the stream beside it in a hybrid file. A linearised file's
// two parts are one revision.
type revision struct {
	sections []*section // looked at in this order
	Revision
}

func (r *revision) find(file io.ReaderAt, n int) (entry, bool, error) {
	found, has := entry(0), false
	for _, s := range r.sections {
		e, ok, err := s.find(file, n)
		if err != nil {
			return 0, false, err
		}
		if !ok {
			continue
		}
		if e.kind() != kindFree {
			return e, true, nil
		}
		found, has = e, true // free in the table of a hybrid file may be hidden in its stream (ISO 32000-1, 7.5.8.4)
	}
	return found, has, nil
}

// each visits what [revision.find] would find, in no order; of several visits to one number the last counts.
func (r *revision) each(file io.ReaderAt, f func(n int, e entry) error) error {
	for _, s := range slices.Backward(r.sections) {
		if err := s.each(file, func(n int, e entry) error {
			if e.kind() == kindAbsent {
				return nil
			}
			if len(r.sections) > 1 { // what one lists is what it finds
				var err error
				if e, _, err = r.find(file, n); err != nil {
					return err
				}
			}
			return f(n, e)
		}); err != nil {
			return err
		}
	}
	return nil
}

// readChain reads all sections from the last startxref back.
func (d *Document) readChain(ctx context.Context, start int64) error {
	var chain []*revision // newest first
	seen := map[int64]bool{}
	for at := start; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if seen[at] {
			return codes.New(ErrDamaged, "reading the cross-reference at", strconv.FormatInt(at, 10), "the chain is cyclic")
		}
		seen[at] = true
		if len(chain) >= d.limits.Revisions {
			return codes.New(ErrLimit, "reading the cross-references", "", "too many revisions")
		}
		s, err := d.readSection(ctx, at)
		if err != nil {
			return err
		}
		r := &revision{sections: []*section{s}}
		r.XRefOffset, r.Kind = at+d.shift, "table"
		if s.stream {
			r.Kind = "stream"
		}
		if x, ok := s.trailer["XRefStm"].(int64); ok && !s.stream {
			if h, err := d.readSection(ctx, x); err == nil && h.stream {
				r.sections = append(r.sections, h)
				r.Kind = "hybrid"
			}
		}
		chain = append(chain, r)
		prev, ok := integer(s.trailer["Prev"])
		if !ok {
			break
		}
		at = prev
	}
	for _, c := range slices.Backward(chain) {
		d.revisions = append(d.revisions, c)
	}
	d.joinLinearized()
	for _, r := range d.revisions {
		r.End = d.endOf(r)
	}
	return nil
}

func integer(o Object) (int64, bool) {
	switch o := o.(type) {
	case int64:
		return o, true
	case float64:
		if o == math.Trunc(o) && math.Abs(o) < 1<<53 {
			return int64(o), true
		}
	}
	return 0, false
}

// joinLinearized makes one revision of a linearised file's two parts (ISO 32000-1, annex F): the first page's section
// stands at the front and points to the main one behind it.
func (d *Document) joinLinearized() {
	if len(d.revisions) < 2 {
		return
	}
	main, front := d.revisions[0], d.revisions[1]
	if front.XRefOffset >= main.XRefOffset {
		return
	}
	l := d.lexer(d.header)
	for range 3 { // the parameter dictionary is the first object
		l.skip()
		if _, o, err := d.indirect(l, nil); err == nil {
			dict, ok := o.(Dict)
			if ok && dict["Linearized"] != nil {
				joined := &revision{sections: append(append([]*section{}, front.sections...), main.sections...)}
				joined.XRefOffset, joined.Kind, joined.Linearized = main.XRefOffset, front.Kind, true
				d.revisions = append([]*revision{joined}, d.revisions[2:]...)
			}
			return
		}
	}
}

// endOf is the offset behind the revision's %%EOF line.
func (d *Document) endOf(r *revision) int64 {
	last := r.sections[len(r.sections)-1]
	if !r.Linearized {
		last = r.sections[0]
	}
	l := d.lexer(last.after)
	for c := l.peek(); isSpace(c); c = l.peek() {
		l.pos++
	}
	if l.word(16) != "startxref" {
		return d.endByScan(last.after)
	}
	l.skip()
	l.word(32)
	return d.endByScan(l.pos)
}

// endByScan finds the next %%EOF from an offset on, and the end of its line.
func (d *Document) endByScan(from int64) int64 {
	at, ok := d.search([]byte("%%EOF"), from, min(d.size, from+1<<20))
	if !ok {
		return d.size
	}
	l := d.lexer(at + 5)
	for l.peek() == ' ' || l.peek() == '\t' {
		l.pos++
	}
	switch l.peek() {
	case '\r':
		l.pos++
		if l.peek() == '\n' {
			l.pos++
		}
	case '\n':
		l.pos++
	}
	return l.pos
}

// readSection reads the table or stream at an offset as written in the file.
func (d *Document) readSection(ctx context.Context, at int64) (*section, error) {
	if s := d.known[at]; s != nil {
		return s, nil
	}
	if at < 0 || at+d.shift >= d.size {
		return nil, codes.New(ErrDamaged, "reading the cross-reference at", strconv.FormatInt(at, 10), "it lies outside the file")
	}
	l := d.lexer(at + d.shift)
	l.skip()
	if l.peek() == 'x' {
		if w := l.word(8); w != "xref" {
			return nil, l.damaged("no cross-reference here")
		}
		return d.readTable(ctx, l, at)
	}
	return d.readXRefStream(l, at)
}

func (d *Document) readTable(ctx context.Context, l *lexer, at int64) (*section, error) {
	s := &section{offset: at}
	for {
		l.skip()
		if c := l.peek(); c < '0' || c > '9' {
			break
		}
		first, ok1 := l.number().(int64)
		l.skip()
		count, ok2 := l.number().(int64)
		if !ok1 || !ok2 || first < 0 || count < 0 || first+count > maxObjectNumber || count > d.size/10+1 {
			return nil, l.damaged("a cross-reference subsection is wrong")
		}
		l.skip()
		// Some writers count the first object from 1 though the list starts with the head of the free list.
		if first == 1 && len(s.runs) == 0 && l.atFreeHead(ctx) {
			first = 0
		}
		lines, err := l.regularLines(ctx, int(first), int(count))
		if err != nil {
			return nil, err
		}
		rest, err := l.looseLines(ctx, lines.end(), int(count)-lines.count)
		if err != nil {
			return nil, err
		}
		s.add(lines)
		s.add(rest)
		s.loose = s.loose || lines.count < int(count)
	}
	if w := l.word(16); w != "trailer" {
		return nil, l.damaged("the trailer is missing")
	}
	l.from = l.pos // the limit is for the trailer, not for a table of millions of lines
	o, err := l.object(0)
	if err != nil {
		return nil, err
	}
	t, ok := o.(Dict)
	if !ok {
		return nil, l.damaged("the trailer is no dictionary")
	}
	_, sized := t["Size"].(int64)
	s.trailer, s.after, s.loose = t, l.pos, s.loose || l.loose || !sized
	return s, s.finish(d.r)
}

func (d *Document) readXRefStream(l *lexer, at int64) (*section, error) {
	ref, o, err := d.indirect(l, nil)
	if err != nil {
		return nil, err
	}
	st, ok := o.(*Stream)
	if !ok || st.Dict["Type"] != Name("XRef") {
		return nil, l.damaged("no cross-reference here")
	}
	data, _, err := d.decode(st, nil, true)
	if err != nil {
		return nil, err
	}
	s := &section{offset: at, stream: true, own: ref.Number, trailer: st.Dict, after: l.pos, loose: l.loose || tiffPredicted(st.Dict)}
	if err := s.readLines(data); err != nil {
		return nil, err
	}
	return s, s.finish(d.r)
}

// tiffPredicted reports a predictor that the standard allows and readers lack: nobody else writes a cross-reference with it.
func tiffPredicted(d Dict) bool {
	parms, _ := d["DecodeParms"].(Dict)
	return parms["Predictor"] == int64(2)
}

// readLines reads the fields of ISO 32000-1, table 18.
func (s *section) readLines(data []byte) error {
	bad := func(what string) error {
		return codes.New(ErrDamaged, "reading the cross-reference at", strconv.FormatInt(s.offset, 10), what)
	}
	w, _ := s.trailer["W"].(Array)
	if len(w) < 3 {
		return bad("/W is missing")
	}
	var width [3]int
	total := 0
	for i := range width {
		v, ok := w[i].(int64)
		if !ok || v < 0 || v > 8 {
			return bad("/W is wrong")
		}
		width[i] = int(v)
		total += int(v)
	}
	if total == 0 {
		return bad("/W is wrong")
	}
	index, _ := s.trailer["Index"].(Array)
	if index == nil {
		index = Array{int64(0), s.trailer["Size"]}
	}
	for i := 0; i+1 < len(index); i += 2 {
		first, ok1 := index[i].(int64)
		count, ok2 := index[i+1].(int64)
		if !ok1 || !ok2 || first < 0 || count < 0 || first+count > maxObjectNumber {
			return bad("/Index is wrong")
		}
		count = min(count, int64(len(data)/total))
		r := run{first: int(first), entries: make([]entry, 0, count)}
		for range count {
			kind := int64(1)
			if width[0] > 0 {
				kind = bigEndian(data[:width[0]])
			}
			f2, f3 := bigEndian(data[width[0]:width[0]+width[1]]), bigEndian(data[width[0]+width[1]:total])
			data = data[total:]
			switch kind {
			case 0:
				r.entries = append(r.entries, makeEntry(kindFree, 0, int(min(f3, math.MaxUint16))))
			case 1:
				r.entries = append(r.entries, makeEntry(kindOffset, f2, int(f3&math.MaxUint16)))
			case 2:
				r.entries = append(r.entries, makeEntry(kindCompressed, f2, int(f3&math.MaxUint16)))
			default: // null by ISO 32000-1, 7.5.8.3
				r.entries = append(r.entries, makeEntry(kindAbsent, 0, 0))
			}
		}
		r.count = len(r.entries)
		s.add(r)
	}
	return nil
}

func bigEndian(b []byte) int64 {
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return int64(v & math.MaxInt64)
}

// indirect reads "N G obj …" at the lexer. view resolves a stream's length; nil takes only direct ones.
func (d *Document) indirect(l *lexer, view *View) (Ref, Object, error) {
	l.from = l.pos
	l.skip()
	n, ok1 := integer(l.number())
	l.skip()
	g, ok2 := integer(l.number())
	l.skip()
	if !ok1 || !ok2 || n <= 0 || l.word(3) != "obj" {
		return Ref{}, nil, l.damaged("no object here")
	}
	ref := Ref{int(n), int(g)}
	o, err := l.value(0)
	if k, ok := errors.AsType[keywordError](err); ok {
		if k.word == "endobj" {
			return ref, nil, nil
		}
		return ref, nil, l.damaged(err.Error())
	}
	if err != nil {
		return ref, nil, err
	}
	dict, ok := o.(Dict)
	mark := l.pos
	l.skip()
	if !ok || l.peek() != 's' {
		l.skipWord("endobj", mark)
		return ref, o, nil
	}
	if l.word(6) != "stream" {
		l.pos = mark
		return ref, o, nil
	}
	switch l.peek() { // ISO 32000-1, 7.3.8.1: CR LF or LF; a lone CR is met too
	case '\r':
		l.pos++
		if l.peek() == '\n' {
			l.pos++
		}
	case '\n':
		l.pos++
	case ' ':
		l.skipBlanks()
	}
	s := &Stream{Dict: dict, doc: d, offset: l.pos, ref: ref}
	s.length, err = d.streamLength(l, dict, view)
	if err != nil {
		return ref, nil, err
	}
	l.pos = s.offset + s.length
	l.skip()
	l.word(9) // endstream
	l.skipWord("endobj", l.pos)
	return ref, s, nil
}

// skipWord passes a keyword if it stands there, else goes back to mark.
func (l *lexer) skipWord(w string, mark int64) {
	l.skip()
	if l.word(len(w)) != w {
		l.pos = mark
	}
}

func (l *lexer) skipBlanks() {
	for l.peek() == ' ' {
		l.pos++
	}
	if l.peek() == '\r' {
		l.pos++
	}
	if l.peek() == '\n' {
		l.pos++
	}
}

// streamLength takes /Length if endstream follows it, else searches for endstream.
func (d *Document) streamLength(l *lexer, dict Dict, view *View) (int64, error) {
	start := l.pos
	length := dict["Length"]
	if r, ok := length.(Ref); ok && view != nil {
		o, err := view.load(r, l.limits.Depth)
		if err == nil {
			length = o
		}
	}
	if n, ok := integer(length); ok && n >= 0 && n <= d.size-start {
		e := d.lexer(start + n)
		e.skip()
		if e.word(9) == "endstream" {
			return n, nil
		}
	}
	at, ok := d.search([]byte("endstream"), start, d.size)
	if !ok {
		if at, ok = d.search([]byte("endobj"), start, d.size); !ok {
			err := l.damaged("a stream does not end")
			l.pos = d.size // as far as it was searched
			return 0, err
		}
	}
	e := d.lexer(max(start, at-2))
	a, b := e.next(), e.next()
	switch {
	case at-2 >= start && a == '\r' && b == '\n':
		at -= 2
	case at-1 >= start && (b == '\n' || b == '\r'):
		at--
	}
	return at - start, nil
}
