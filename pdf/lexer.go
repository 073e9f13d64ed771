package pdf

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/antinvn/antin/codes"
)

// lexer reads tokens and objects from an offset on, through a small window on the file.
type lexer struct {
	r      io.ReaderAt
	size   int64
	buf    []byte
	start  int64 // file offset of buf[0]
	pos    int64
	err    error // the first reading error, io.EOF not counted
	limits Limits
	from   int64 // where the object began, for ObjectBytes
	loose  bool  // something was read that the syntax does not have
}

const firstWindow, window = 512, 4096

func bytesLexer(b []byte, pos int, l Limits) *lexer {
	return &lexer{buf: b, size: int64(len(b)), pos: int64(pos), from: int64(pos), limits: l}
}

// peek is the byte at the position, -1 at the end.
func (l *lexer) peek() int {
	if i := uint64(l.pos - l.start); i < uint64(len(l.buf)) {
		return int(l.buf[i])
	}
	return l.fill()
}

// fill moves the window to the position.
func (l *lexer) fill() int {
	if l.r == nil || l.pos < 0 || l.pos >= l.size || l.err != nil {
		return -1
	}
	want := window
	if l.buf == nil { // most objects are small
		want = firstWindow
	}
	if cap(l.buf) < want {
		l.buf = make([]byte, want)
	}
	n, err := l.r.ReadAt(l.buf[:min(int64(want), l.size-l.pos)], l.pos)
	l.buf, l.start = l.buf[:n], l.pos
	if n == 0 {
		if err != nil && !errors.Is(err, io.EOF) {
			l.err = codes.Wrap(ErrRead, "reading at offset", strconv.FormatInt(l.pos, 10), err)
		}
		return -1
	}
	return int(l.buf[0])
}

func (l *lexer) next() int {
	c := l.peek()
	if c >= 0 {
		l.pos++
	}
	return c
}

func isSpace(c int) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool { return strings.IndexByte("()<>[]{}/%", c) >= 0 }

func isRegular(c int) bool { return c >= 0 && !isSpace(c) && !isDelimiter(byte(c)) }

// view is what of the file is at hand from the position on.
func (l *lexer) view() []byte {
	i := l.pos - l.start
	if i < 0 || i >= int64(len(l.buf)) {
		return nil
	}
	return l.buf[i:]
}

// skip passes white space and comments.
func (l *lexer) skip() {
	b := l.view()
	n := 0
	for n < len(b) && characters[b[n]] == classSpace {
		n++
	}
	l.pos += int64(n)
	if n < len(b) && b[n] != '%' {
		return
	}
	for {
		c := l.peek()
		switch {
		case c == '%':
			for c >= 0 && c != '\n' && c != '\r' {
				l.pos++
				c = l.peek()
			}
		case isSpace(c):
			l.pos++
		default:
			return
		}
	}
}

// word reads regular characters, at most n.
func (l *lexer) word(n int) string {
	if at := l.view(); len(at) > 0 {
		at = at[:min(len(at), n+1)]
		if end := wordEnd(at, 0); end < len(at) {
			l.pos += int64(end)
			if known, ok := keywords[string(at[:end])]; ok {
				return known
			}
			return string(at[:end])
		}
	}
	var b []byte
	for len(b) < n && isRegular(l.peek()) {
		b = append(b, byte(l.next()))
	}
	return string(b)
}

// keywords are the words that stand in every file: they are not made anew each time.
var keywords = func() map[string]string {
	all := map[string]string{}
	for _, w := range []string{"obj", "endobj", "stream", "endstream", "R", "true", "false", "null", "xref", "trailer", "startxref"} {
		all[w] = w
	}
	return all
}()

func (l *lexer) damaged(what string) error {
	if l.err != nil {
		return l.err
	}
	return codes.New(ErrDamaged, "reading at offset", strconv.FormatInt(l.pos, 10), what)
}

// keywordError is a bare word where an object was expected.
type keywordError struct{ word string }

func (k keywordError) Error() string { return "unexpected " + k.word }

// object reads one object; refs says that "1 0 R" may stand there.
func (l *lexer) object(depth int) (Object, error) {
	if depth > l.limits.Depth {
		return nil, codes.New(ErrLimit, "reading at offset", strconv.FormatInt(l.pos, 10), "objects are nested too deeply")
	}
	if l.pos-l.from > l.limits.ObjectBytes {
		return nil, codes.New(ErrLimit, "reading at offset", strconv.FormatInt(l.from, 10), "the object is too large")
	}
	l.skip()
	c := l.peek()
	switch {
	case c < 0:
		return nil, l.damaged("the file ends inside an object")
	case c == '/':
		l.pos++
		return l.name(), nil
	case c == '(':
		l.pos++
		return l.literal()
	case c == '[':
		l.pos++
		return l.array(depth)
	case c == '<':
		l.pos++
		if l.peek() == '<' {
			l.pos++
			return l.dict(depth)
		}
		return l.hex()
	case c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.':
		return l.number(), nil
	case isRegular(c):
		switch w := l.word(longestWord); w {
		case "true":
			return true, nil
		case "false":
			return false, nil
		case "null":
			return nil, nil
		default:
			return nil, keywordError{w}
		}
	}
	l.pos++
	return nil, keywordError{string(rune(c))}
}

func (l *lexer) name() Name {
	if at := l.view(); len(at) > 0 {
		at = at[:min(len(at), longestName+1)]
		if end := wordEnd(at, 0); end < len(at) && bytes.IndexByte(at[:end], '#') < 0 {
			l.pos += int64(end)
			return Name(at[:end])
		}
	}
	var b []byte
	for c := l.peek(); isRegular(c); c = l.peek() {
		l.pos++
		if c == '#' {
			mark := l.pos
			hi, lo := unhex(l.next()), unhex(l.next())
			if hi >= 0 && lo >= 0 {
				c = hi<<4 | lo
			} else {
				l.pos, l.loose = mark, true
			}
		}
		if b = append(b, byte(c)); len(b) > longestName {
			break
		}
	}
	return Name(b)
}

func unhex(c int) int {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return -1
}

func (l *lexer) literal() (Object, error) {
	at := l.view()
	at = at[:min(int64(len(at)), l.limits.ObjectBytes)]
	if end := plainLiteral(at); end >= 0 && bytes.IndexByte(at[:end], '\r') < 0 {
		l.pos += int64(end) + 1
		return String(at[:end]), nil
	}
	var b []byte
	for depth := 1; ; {
		c := l.next()
		switch c {
		case -1:
			return nil, l.damaged("a string does not end")
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return String(b), nil
			}
		case '\r':
			if l.peek() == '\n' {
				l.pos++
			}
			c = '\n'
		case '\\':
			if c = l.escape(); c < 0 {
				continue
			}
		}
		if b = append(b, byte(c)); int64(len(b)) > l.limits.ObjectBytes {
			return nil, codes.New(ErrLimit, "reading at offset", strconv.FormatInt(l.from, 10), "a string is too long")
		}
	}
}

// plainLiteral is where a string without escapes and inner parentheses ends, -1 if it is none.
func plainLiteral(b []byte) int {
	end := bytes.IndexByte(b, ')')
	if end < 0 || bytes.IndexByte(b[:end], '\\') >= 0 || bytes.IndexByte(b[:end], '(') >= 0 {
		return -1
	}
	return end
}

// escape is the byte that a backslash sequence stands for, -1 for none.
func (l *lexer) escape() int {
	c := l.next()
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case '\r':
		if l.peek() == '\n' {
			l.pos++
		}
		return -1
	case '\n', -1:
		return -1
	}
	if c < '0' || c > '7' {
		return c
	}
	v := c - '0'
	for range 2 {
		d := l.peek()
		if d < '0' || d > '7' {
			break
		}
		v = v<<3 | (d - '0')
		l.pos++
	}
	return v & 0xff
}

func (l *lexer) hex() (Object, error) {
	rest := l.view()
	rest = rest[:min(int64(len(rest)), 2*l.limits.ObjectBytes)]
	end := bytes.IndexByte(rest, '>')
	if end >= 0 {
		if s, ok := unhexed(rest[:end]); ok {
			l.pos += int64(end) + 1
			return s, nil
		}
	}
	b := make([]byte, 0, max(end, min(len(rest), window))/2)
	half := -1
	for {
		if half < 0 {
			b = l.pairs(b)
		}
		c := l.next()
		switch {
		case c < 0:
			return nil, l.damaged("a string does not end")
		case c == '>':
			if half >= 0 {
				b = append(b, byte(half<<4))
			}
			return String(b), nil
		}
		v := unhex(c)
		if v < 0 {
			l.loose = l.loose || !isSpace(c)
			continue
		}
		if half < 0 {
			half = v
			continue
		}
		b, half = append(b, byte(half<<4|v)), -1
		if int64(len(b)) > l.limits.ObjectBytes {
			return nil, codes.New(ErrLimit, "reading at offset", strconv.FormatInt(l.from, 10), "a string is too long")
		}
	}
}

// pairs takes the digits that stand in the window two by two.
func (l *lexer) pairs(b []byte) []byte {
	rest := l.view()
	n := 0
	for ; n+1 < len(rest) && int64(len(b)) < l.limits.ObjectBytes; n += 2 {
		high, low := digitValues[rest[n]], digitValues[rest[n+1]]
		if high|low > 15 {
			break
		}
		b = append(b, high<<4|low)
	}
	l.pos += int64(n)
	return b
}

// unhexed is the value of pairs of digits and nothing else; ok is false where anything else stands among them. A signature's
// value is tens of thousands of digits, most of them the zeros behind it.
func unhexed(text []byte) (value String, ok bool) {
	var b strings.Builder
	b.Grow(len(text) / 2)
	for len(text) > 0 {
		var block [256]byte
		part := text[:min(len(text), 2*len(block))]
		if n := len(part) / 2; string(part) != zeroDigits[:len(part)] {
			if _, err := hex.Decode(block[:n], part); err != nil {
				return "", false
			}
		}
		b.Write(block[:len(part)/2])
		text = text[len(part):]
	}
	return String(b.String()), true
}

// zeroDigits are the digits of a block of padding.
var zeroDigits = strings.Repeat("0", 512)

// digitValues is the value of each hexadecimal digit, 0xff for what is none.
var digitValues = func() (t [256]byte) {
	for c := range t {
		t[c] = 0xff
		if v := unhex(c); v >= 0 {
			t[c] = byte(v)
		}
	}
	return t
}()

func (l *lexer) array(depth int) (Object, error) {
	a := Array{}
	behind := 0 // an R takes no number from before this index: a word stood between them
	for {
		l.skip()
		if l.peek() == ']' {
			l.pos++
			return a, nil
		}
		if r, ok := l.reference(depth + 1); ok {
			a = append(a, r)
			behind = len(a)
			continue
		}
		mark := l.pos
		o, err := l.object(depth + 1)
		k, bare := errors.AsType[keywordError](err)
		switch {
		case bare && k.word == "R" && len(a)-behind >= 2:
			n, ok1 := a[len(a)-2].(int64)
			g, ok2 := a[len(a)-1].(int64)
			if ok1 && ok2 {
				a = append(a[:len(a)-2], makeRef(n, g))
			}
			behind = len(a)
		case bare:
			l.loose, behind = true, len(a)
			if k.word == "endobj" || k.word == "endstream" || k.word == ">" {
				l.pos = mark
				return a, nil
			}
		case err != nil:
			return nil, err
		default:
			a = append(a, o)
		}
	}
}

func makeRef(n, g int64) Object {
	if n <= 0 || n > maxObjectNumber || g < 0 || g > 65535 {
		return nil
	}
	return Ref{int(n), int(g)}
}

// maxObjectNumber bounds object numbers: more than any implementation's limit.
const maxObjectNumber = 1 << 31

func (l *lexer) dict(depth int) (Object, error) {
	d := Dict{}
	for {
		l.skip()
		c := l.peek()
		if c == '>' {
			l.pos++
			if l.peek() == '>' {
				l.pos++
			} else {
				l.loose = true
			}
			return d, nil
		}
		if c < 0 {
			return nil, l.damaged("a dictionary does not end")
		}
		if c != '/' {
			mark := l.pos
			l.loose = true
			if _, err := l.object(depth + 1); err != nil { // something that is no key: passed over
				var k keywordError
				if !errors.As(err, &k) {
					return nil, err
				}
				if k.word == "endobj" || k.word == "stream" {
					l.pos = mark
					return d, nil
				}
			}
			continue
		}
		l.pos++
		key := l.name()
		l.skip()
		if l.peek() == '>' {
			l.loose = true
			continue // a key without value
		}
		v, err := l.value(depth + 1)
		if k, ok := errors.AsType[keywordError](err); ok {
			l.loose = true
			if k.word == "endobj" {
				return d, nil
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if v != nil {
			d[key] = v
		}
	}
}

// reference takes "N G R" where all of it is at hand and written as nearly always; else it takes nothing.
func (l *lexer) reference(depth int) (o Object, ok bool) {
	if depth > l.limits.Depth || l.pos-l.from > l.limits.ObjectBytes {
		return nil, false
	}
	b := l.view()
	n, i, ok := digits(b, 0)
	if !ok || i >= len(b) || b[i] != ' ' {
		return nil, false
	}
	g, i, ok := digits(b, i+1)
	if !ok || i+2 >= len(b) || b[i] != ' ' || b[i+1] != 'R' || isRegular(int(b[i+2])) {
		return nil, false
	}
	l.pos += int64(i + 2)
	return makeRef(n, g), true
}

// value reads an object or a reference.
func (l *lexer) value(depth int) (Object, error) {
	l.skip()
	if r, ok := l.reference(depth); ok {
		return r, nil
	}
	o, err := l.object(depth)
	if err != nil {
		return nil, err
	}
	n, ok := o.(int64)
	if !ok || n < 0 {
		return o, nil
	}
	mark := l.pos
	l.skip()
	if c := l.peek(); c < '0' || c > '9' {
		l.pos = mark
		return o, nil
	}
	g, ok := l.number().(int64)
	l.skip()
	if ok && l.peek() == 'R' {
		l.pos++
		if !isRegular(l.peek()) {
			return makeRef(n, g), nil
		}
	}
	l.pos = mark
	return o, nil
}

// number reads what the field writes: "--5", "1.2.3", ".", "5-3".
func (l *lexer) number() Object {
	at := l.view()
	if v, end, ok := digits(at, 0); ok && end < len(at) && characters[at[end]] != classDigit {
		l.pos += int64(end)
		return v
	}
	var b [64]byte
	n, real, digits, stop := 0, false, false, false
	for c := l.peek(); c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'; c = l.peek() {
		l.pos++
		switch {
		case stop:
			continue
		case c == '.':
			if real {
				stop = true
				continue
			}
			real = true
		case c == '+' || c == '-':
			if n > 0 {
				stop = digits
				continue
			}
			if c == '+' {
				continue
			}
		default:
			digits = true
		}
		if n < len(b) {
			b[n] = byte(c)
			n++
		}
	}
	s := string(b[:n])
	if !digits {
		return int64(0)
	}
	if !real {
		if v, err := strconv.ParseInt(s, 10, 64); err == nil {
			return v
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return int64(0)
	}
	// Reals end where those of single precision do (ISO 32000-2, C.2); what is written again stays within the digits read here.
	const smallest = 1.175e-38
	switch a := math.Abs(v); {
	case a < smallest:
		return float64(0)
	case a > math.MaxFloat32:
		return math.Copysign(math.MaxFloat32, v)
	}
	return v
}
