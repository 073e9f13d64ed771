package pdf

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/antinvn/antin/codes"
)

// InUse is the reference by which an object number is in use in this state; ok is false for a free or absent one.
func (v *View) InUse(number int) (r Ref, ok bool, err error) {
	e, ok, err := v.find(number)
	if err != nil || !ok || e.kind() == kindFree {
		return Ref{}, false, err
	}
	if e.kind() == kindCompressed {
		return Ref{number, 0}, true, nil
	}
	return Ref{number, e.small()}, true, nil
}

// Survey visits the objects in use in this state without building them: object gets each with its offset (that of the object
// stream for one inside it), reference each reference that an object holds, as written. An object that cannot be read holds
// none. A word that only looks like a reference may be reported too; none that [View.Load] would give is missed.
//
// It reads each object's text once: 8 times the file's size is the limit for files whose objects run into each other.
func (v *View) Survey(ctx context.Context, object func(r Ref, offset int64), reference func(from, to Ref)) error {
	s := &survey{v: v, ctx: ctx, reference: reference, left: maxRereading*v.d.size + maxScannedObject, buf: v.d.held}
	plain, holders, err := s.list(object)
	if err != nil {
		return err
	}
	if byOffset := func(a, b placed) int { return cmp.Compare(a.offset, b.offset) }; !slices.IsSortedFunc(plain, byOffset) {
		slices.SortFunc(plain, byOffset)
	}
	for i := range plain {
		if i&0xfff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := s.plain(&plain[i]); err != nil {
			return err
		}
	}
	for _, h := range holders {
		if err := s.compressed(h); err != nil {
			return err
		}
	}
	return nil
}

type survey struct {
	v         *View
	ctx       context.Context
	reference func(from, to Ref)
	left      int64 // bytes that may still be read
	buf       []byte
	at        int64 // offset of buf[0]
}

type placed struct {
	offset     int64
	number     int32
	generation uint16
}

// list is what is in use: the plain objects, and the object streams that hold the others.
func (s *survey) list(object func(r Ref, offset int64)) (plain []placed, holders []int, err error) {
	known := map[int]bool{}
	plain = make([]placed, 0, s.v.lines())
	err = s.v.eachInUse(func(n int, e entry) {
		switch e.kind() {
		case kindOffset:
			at := e.value() + s.v.d.shift
			plain = append(plain, placed{at, int32(n), uint16(e.small())})
			object(Ref{n, e.small()}, at)
		case kindCompressed:
			holder := int(e.value())
			if !known[holder] {
				known[holder] = true
				holders = append(holders, holder)
			}
			if h, ok, err := s.v.find(holder); err == nil && ok && h.kind() == kindOffset {
				object(Ref{n, 0}, h.value()+s.v.d.shift)
			}
		}
	})
	return plain, holders, err
}

// lines is how many objects the cross-references of this state list at most.
func (v *View) lines() int {
	all := 0
	for _, r := range v.d.revisions[:v.n+1] {
		for _, s := range r.sections {
			for i := range s.runs {
				all += s.runs[i].count
			}
		}
	}
	return min(all, v.d.maxNumber+1)
}

// eachInUse visits each number that a cross-reference of this state lists, with the entry that counts.
func (v *View) eachInUse(f func(n int, e entry)) error {
	seen := newNumberSet(v.d.maxNumber)
	for i := v.n; i >= 0; i-- {
		revision := v.d.revisions[i]
		err := revision.each(v.d.r, func(n int, e entry) error {
			if v.n == 0 && len(revision.sections) == 1 || seen.add(n) {
				f(n, e)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// numberSet holds object numbers: bits where they are as dense as writers make them, else a map.
type numberSet struct {
	bits   []uint64
	sparse map[int]bool
}

func newNumberSet(highest int) *numberSet {
	const dense = 1 << 23 // one megabyte of bits
	if highest < dense {
		return &numberSet{bits: make([]uint64, highest/64+1)}
	}
	return &numberSet{sparse: map[int]bool{}}
}

// add is false if n was there.
func (s *numberSet) add(n int) bool {
	if s.sparse != nil {
		had := s.sparse[n]
		s.sparse[n] = true
		return !had
	}
	if n/64 >= len(s.bits) {
		return true
	}
	had := s.bits[n/64]&(1<<(n%64)) != 0
	s.bits[n/64] |= 1 << (n % 64)
	return !had
}

// plain scans the object at its offset.
func (s *survey) plain(p *placed) error {
	const enough, more = 256, 64 << 10
	l := scanner{from: Ref{int(p.number), int(p.generation)}, reference: s.reference}
	offset, ok, err := s.header(p, enough)
	if err != nil || !ok {
		return err
	}
	for need := int64(enough); need <= 2*s.v.d.limits.ObjectBytes; {
		b, last, err := s.bytes(offset, need)
		if err != nil {
			return err
		}
		n, done := l.scan(b, last)
		switch s.left -= int64(n) + 16; {
		case s.left < 0:
			return codes.New(ErrLimit, "looking through", "the objects", "they run into each other")
		case l.broken:
			return codes.New(ErrLimit, "looking through object", l.from.String(), "a name is too long")
		case done || last:
			return nil
		}
		if need = more; n == 0 { // one token larger than the block
			need = 4 * int64(len(b))
		}
		offset += int64(n)
	}
	return nil // a token larger than an object may be: Load gives it up too
}

// header is the offset behind "N G obj"; ok is false where something else stands, and the object cannot be loaded.
func (s *survey) header(p *placed, enough int64) (offset int64, ok bool, err error) {
	b, _, err := s.bytes(p.offset, enough)
	if err != nil {
		return 0, false, err
	}
	if n, i, ok := digits(b, 0); ok && n == int64(p.number) && i < len(b) && b[i] == ' ' {
		if _, i, ok = digits(b, i+1); ok && len(b) > i+4 && string(b[i:i+4]) == " obj" {
			return p.offset + int64(i) + 4, true, nil
		}
	}
	l := s.v.d.lexer(p.offset)
	l.skip()
	n, _ := integer(l.number())
	l.skip()
	l.number()
	l.skip()
	ok = l.word(3) == "obj" && n == int64(p.number)
	return l.pos, ok, l.err
}

// digits reads a few digits.
func digits(b []byte, i int) (n int64, end int, ok bool) {
	start := i
	for ; i < len(b) && i-start < 10 && b[i] >= '0' && b[i] <= '9'; i++ {
		n = n*10 + int64(b[i]-'0')
	}
	return n, i, i > start
}

// bytes are what stands at an offset, so many or up to the end of the file; last says that it ends there.
func (s *survey) bytes(offset, need int64) (b []byte, last bool, err error) {
	have := s.at + int64(len(s.buf))
	if offset >= s.at && (have-offset >= need || have == s.v.d.size && offset < have) {
		return s.buf[offset-s.at:], have == s.v.d.size, nil
	}
	const apart, together = 2 << 10, 64 << 10
	// Objects mostly follow each other: then much is read at once.
	if next := offset - have; next > -together && next < together/4 {
		return s.fill(offset, max(need, together))
	}
	return s.fill(offset, max(need, apart))
}

func (s *survey) fill(offset, size int64) (b []byte, last bool, err error) {
	size = min(size, s.v.d.size-offset)
	if offset < 0 || size <= 0 {
		return nil, true, nil
	}
	if b, err = s.v.d.bytes(&s.buf, offset, size); err != nil {
		s.buf = nil
		return nil, true, codes.Wrap(ErrRead, "reading", "the objects", err)
	}
	s.buf, s.at = b, offset
	return b, offset+size == s.v.d.size, nil
}

// compressed scans what an object stream holds.
func (s *survey) compressed(holder int) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	e, ok, err := s.v.find(holder)
	if err != nil || !ok || e.kind() != kindOffset {
		return err
	}
	o, err := s.v.objectStream(Ref{holder, e.small()}, e.value()+s.v.d.shift, 0)
	if err != nil {
		if codes.Of(err) == string(ErrRead) {
			return err
		}
		return nil // its objects cannot be loaded either
	}
	for i, n := range o.numbers {
		if e, ok, err := s.v.find(n); err != nil || !ok || e.kind() != kindCompressed || int(e.value()) != holder {
			continue
		}
		l := scanner{from: Ref{n, 0}, reference: s.reference}
		end := len(o.data)
		if i+1 < len(o.offsets) && o.offsets[i+1] > o.offsets[i] {
			end = o.offsets[i+1]
		}
		if l.scan(o.data[o.offsets[i]:end], true); l.broken {
			return codes.New(ErrLimit, "looking through object", l.from.String(), "a name is too long")
		}
	}
	return nil
}

// scanner finds references in an object's text as the lexer would. Between two blocks it keeps what stands before an R.
type scanner struct {
	from      Ref
	reference func(from, to Ref)
	ints      int // how many integers stand right before the position
	a, b      int64
	depth     int  // of dictionaries and arrays
	broken    bool // something is written that the lexer cuts in two
}

// Classes of characters (ISO 32000-2, 7.2.3); digits are those that a number may begin with.
const (
	classRegular = iota
	classSpace
	classDigit
	classDelimiter
)

var characters = func() (c [256]uint8) {
	for i := range c {
		switch {
		case isSpace(i):
			c[i] = classSpace
		case i >= '0' && i <= '9' || i == '+' || i == '-' || i == '.':
			c[i] = classDigit
		case isDelimiter(byte(i)):
			c[i] = classDelimiter
		}
	}
	return c
}()

// The lexer cuts words and names that are longer.
const (
	longestWord = 128
	longestName = 4096
)

// scan reads whole tokens and returns how far it came; done says that the object ends there. A token that the block does not
// hold in full is left, unless it is the file's last.
func (s *scanner) scan(b []byte, last bool) (n int, done bool) {
	for n < len(b) {
		var end int
		var whole bool
		switch c := b[n]; characters[c] {
		case classSpace:
			n++
			continue
		case classDigit:
			v, plain := int64(0), true
			for end = n; end < len(b) && characters[b[end]] == classDigit; end++ {
				digit := b[end] - '0' // of "+", "-" and "." above nine
				v, plain = v*10+int64(digit), plain && digit <= 9
			}
			if whole = end < len(b) || last; whole {
				s.integer(b[n:end], v, plain && end-n <= 18)
			}
		case classDelimiter:
			if end, whole = s.delimited(b, n); whole && c != '%' {
				s.ints = 0
			}
		default:
			end = min(wordEnd(b, n), n+longestWord)
			if whole = end < len(b) || last; whole {
				if s.keyword(b[n:end]) {
					return end, true
				}
				s.ints = 0
			}
		}
		switch {
		case whole:
			n = end
		case last:
			return len(b), true
		default:
			return n, false
		}
	}
	return n, false
}

// wordEnd is where the regular characters from at on end.
func wordEnd(b []byte, at int) int {
	for at < len(b) && (characters[b[at]] == classRegular || characters[b[at]] == classDigit) {
		at++
	}
	return at
}

// delimited is the end of a string, name, comment or bracket.
func (s *scanner) delimited(b []byte, at int) (end int, whole bool) {
	switch b[at] {
	case '/':
		end = wordEnd(b, at+1)
		s.broken = s.broken || end-at > longestName
		return end, end < len(b)
	case '(':
		return literalEnd(b, at)
	case '<':
		if at+1 >= len(b) {
			return at, false
		}
		if b[at+1] == '<' {
			s.depth++
			return at + 2, true
		}
		end := bytes.IndexByte(b[at:], '>')
		return at + end + 1, end >= 0
	case '>': // one alone ends a dictionary too
		if at+1 >= len(b) {
			return at, false
		}
		s.depth = max(0, s.depth-1)
		if b[at+1] == '>' {
			at++
		}
	case '[':
		s.depth++
	case ']':
		s.depth = max(0, s.depth-1)
	case '%':
		end := bytes.IndexAny(b[at:], "\r\n")
		return at + end, end >= 0
	}
	return at + 1, true
}

func literalEnd(b []byte, at int) (end int, whole bool) {
	if end := plainLiteral(b[at+1:]); end >= 0 {
		return at + end + 2, true
	}
	depth := 0
	for i := at; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1, true
			}
		}
	}
	return at, false
}

// integer takes the number that b spells: v if it is plain digits.
func (s *scanner) integer(b []byte, v int64, plain bool) {
	if !plain { // "+1", "1-3", and what is no integer at all
		var ok bool
		if v, ok = bytesLexer(b, 0, Limits{}).number().(int64); !ok {
			s.ints = 0
			return
		}
	}
	s.a, s.b = s.b, v
	s.ints = min(s.ints+1, 2)
}

// keyword reports that the object ends: inside a dictionary the lexer reads on behind these words.
func (s *scanner) keyword(w []byte) bool {
	switch string(w) {
	case "R":
		if r, ok := makeRef(s.a, s.b).(Ref); ok && s.ints == 2 {
			s.reference(s.from, r)
		}
	case "endobj", "stream", "obj":
		return s.depth == 0
	}
	return false
}
