package pdf

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"

	"github.com/antinvn/antin/codes"
)

// The failures of this package.
const (
	ErrPassword    codes.Code = "pdf.password"    // encrypted, and no given password opens it
	ErrDamaged     codes.Code = "pdf.damaged"     // the structure cannot be read
	ErrLimit       codes.Code = "pdf.limit"       // above a limit
	ErrUnsupported codes.Code = "pdf.unsupported" // a feature that is not supported
	ErrNotPDF      codes.Code = "pdf.not_pdf"     // no PDF header
	ErrRead        codes.Code = "pdf.read"        // the file could not be read
	ErrNoPage      codes.Code = "pdf.no_page"     // the document has no page of that number
)

// Object is a PDF object: nil (null), bool, int64, float64, [Name], [String], [Array], [Dict], [*Stream] or [Ref].
// In an [Update] also [Raw] and [*Placeholder]. What a document returns is read-only.
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

// String is "12 0".
func (r Ref) String() string { return strconv.Itoa(r.Number) + " " + strconv.Itoa(r.Generation) }

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

	doc            *Document
	offset, length int64 // in the file
	ref            Ref   // whose key encrypts it
	data           []byte
	compress       bool
}

// NewStream makes a stream of decoded data for an Update; with compress it is written with FlateDecode.
func NewStream(d Dict, data []byte, compress bool) *Stream {
	return &Stream{Dict: d, data: data, compress: compress}
}

// SameBytes reports whether both streams are the same stored bytes of the same file: a stream that a later
// revision does not touch is the same without being read.
func (s *Stream) SameBytes(o *Stream) bool {
	return s == o || s.doc != nil && s.doc == o.doc && s.offset == o.offset && s.length == o.length
}

// Extent is where the stored bytes lie in the file; offset is -1 for a stream made in memory.
func (s *Stream) Extent() (offset, length int64) {
	if s.doc == nil {
		return -1, int64(len(s.data))
	}
	return s.offset, s.length
}

// serializer writes objects into a buffer that will stand at base in the file.
type serializer struct {
	out  []byte
	base int64
	// encrypt encrypts a string of the object being written, nil outside encrypted files.
	encrypt func([]byte) []byte
	clear   map[Name]bool // keys of the outermost dictionary whose strings stay in clear
	depth   int
	holes   []hole // of the placeholders
}

type hole struct{ from, to int }

// AppendObject appends the text of an object that is not a stream; dictionaries are sorted, so the same object gives the
// same bytes.
func AppendObject(dst []byte, o Object) []byte {
	s := serializer{out: dst}
	s.object(o)
	return s.out
}

func (s *serializer) object(o Object) {
	switch o := o.(type) {
	case nil:
		s.out = append(s.out, "null"...)
	case bool:
		s.out = strconv.AppendBool(s.out, o)
	case int:
		s.out = strconv.AppendInt(s.out, int64(o), 10)
	case int64:
		s.out = strconv.AppendInt(s.out, o, 10)
	case float64:
		s.out = appendReal(s.out, o)
	case Name:
		s.out = appendName(s.out, o)
	case String:
		s.string(o)
	case Array:
		s.out = append(s.out, '[')
		for i, e := range o {
			if i > 0 {
				s.out = append(s.out, ' ')
			}
			s.depth++
			s.object(e)
			s.depth--
		}
		s.out = append(s.out, ']')
	case Dict:
		s.dict(o)
	case Ref:
		s.out = strconv.AppendInt(s.out, int64(o.Number), 10)
		s.out = append(s.out, ' ')
		s.out = strconv.AppendInt(s.out, int64(o.Generation), 10)
		s.out = append(s.out, " R"...)
	case Raw:
		s.out = append(s.out, o...)
	case *Placeholder:
		s.out = append(s.out, o.Prefix...)
		at := len(s.out)
		o.Offset = s.base + int64(at)
		s.out = append(slices.Grow(s.out, o.Width), o.Fill)[:at+o.Width]
		for n := 1; n < o.Width; n *= 2 {
			copy(s.out[at+n:], s.out[at:at+n])
		}
		s.holes = append(s.holes, hole{at, len(s.out)})
		s.out = append(s.out, o.Suffix...)
	default:
		s.out = append(s.out, fmt.Sprintf("null %% %T", o)...)
	}
}

func (s *serializer) string(v String) {
	b := []byte(v)
	if s.encrypt != nil {
		b = s.encrypt(b)
	}
	printable := true
	for _, c := range b {
		if c < ' ' || c > '~' {
			printable = false
			break
		}
	}
	if !printable {
		s.out = append(s.out, '<')
		const digits = "0123456789ABCDEF"
		for _, c := range b {
			s.out = append(s.out, digits[c>>4], digits[c&15])
		}
		s.out = append(s.out, '>')
		return
	}
	s.out = append(s.out, '(')
	for _, c := range b {
		if c == '(' || c == ')' || c == '\\' {
			s.out = append(s.out, '\\')
		}
		s.out = append(s.out, c)
	}
	s.out = append(s.out, ')')
}

func (s *serializer) dict(d Dict) {
	keys := make([]Name, 0, len(d))
	for k := range d {
		keys = append(keys, k)
	}
	order := func(k Name) int {
		switch k {
		case "Type":
			return 0
		case "Subtype":
			return 1
		}
		return 2
	}
	sort.Slice(keys, func(i, j int) bool {
		if a, b := order(keys[i]), order(keys[j]); a != b {
			return a < b
		}
		return keys[i] < keys[j]
	})
	s.out = append(s.out, "<<"...)
	for _, k := range keys {
		s.out = appendName(s.out, k)
		s.out = append(s.out, ' ')
		encrypt := s.encrypt
		if s.depth == 0 && s.clear[k] {
			s.encrypt = nil
		}
		s.depth++
		s.object(d[k])
		s.depth--
		s.encrypt = encrypt
	}
	s.out = append(s.out, ">>"...)
}

func appendName(out []byte, n Name) []byte {
	out = append(out, '/')
	for i := range len(n) {
		c := n[i]
		if c <= ' ' || c > '~' || c == '#' || isDelimiter(c) {
			out = append(out, '#', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
			continue
		}
		out = append(out, c)
	}
	return out
}

// appendReal writes the shortest decimals that read back as v: a dictionary written again must hold the numbers it had, or the
// signatures before it count as broken. PDF has no exponents (ISO 32000-2, 7.3.3).
func appendReal(out []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(out, '0')
	}
	if v == 0 {
		return append(out, '0') // not "-0"
	}
	return strconv.AppendFloat(out, v, 'f', -1, 64)
}
