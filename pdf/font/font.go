package font

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"

	"github.com/go-fonts/liberation/liberationserifitalic"
	"github.com/go-fonts/liberation/liberationserifregular"
	"golang.org/x/text/unicode/norm"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
)

// The bounds of reading a font.
const (
	maxTables   = 100
	maxSegments = 100_000   // of a character map
	maxMapped   = 1_200_000 // characters that all segments of a map name; Unicode has 1,114,112
)

// The failures of this package.
const (
	ErrFont  codes.Code = "font.malformed" // not a TrueType font that can be read
	ErrGlyph codes.Code = "font.glyph"     // characters that the font does not have
)

// Face is a TrueType font. It is read-only and safe for concurrent use.
type Face struct {
	tables     map[string][]byte
	unitsPerEm int
	ascent     int
	descent    int
	glyphs     int
	hMetrics   int
	longLoca   bool
	cmap       map[rune]uint16
	bbox       [4]int
	name       string
}

// Serif is Liberation Serif Regular (metrics of Times New Roman).
var Serif = sync.OnceValue(func() *Face { return shipped("LiberationSerif", liberationserifregular.TTF) })

// SerifItalic is Liberation Serif Italic.
var SerifItalic = sync.OnceValue(func() *Face { return shipped("LiberationSerif-Italic", liberationserifitalic.TTF) })

func shipped(name string, ttf []byte) *Face {
	f, err := Parse(ttf)
	if err != nil {
		panic(err) // the font is part of the program
	}
	f.name = name
	return f
}

func bad(what string) error { return codes.New(ErrFont, "reading a font", what, "malformed") }

// italicAngle is in degrees counter-clockwise from the vertical (OpenType, post).
func (f *Face) italicAngle() int { return int(int32(u32(f.tables["post"], 4))) >> 16 }

// flags are those of ISO 32000-2, table 121.
func (f *Face) flags() int64 {
	const serif, symbolic, italic = 1 << 1, 1 << 2, 1 << 6
	if f.italicAngle() != 0 {
		return serif | symbolic | italic
	}
	return serif | symbolic
}

func u16(b []byte, i int) int {
	if i < 0 || i+2 > len(b) {
		return 0
	}
	return int(binary.BigEndian.Uint16(b[i:]))
}

func i16(b []byte, i int) int { return int(int16(u16(b, i))) }

func u32(b []byte, i int) int {
	if i < 0 || i+4 > len(b) {
		return 0
	}
	return int(binary.BigEndian.Uint32(b[i:]))
}

// Parse reads a TrueType font with glyf outlines.
func Parse(ttf []byte) (*Face, error) {
	if len(ttf) < 12 || len(ttf) > 64<<20 || u32(ttf, 0) != 0x00010000 && string(ttf[:4]) != "true" {
		return nil, bad("the header")
	}
	f := &Face{tables: map[string][]byte{}, name: "Embedded"}
	n := u16(ttf, 4)
	for i := range min(n, maxTables) {
		d := 12 + 16*i
		if d+16 > len(ttf) {
			return nil, bad("the table directory")
		}
		off, length := u32(ttf, d+8), u32(ttf, d+12)
		if off > len(ttf) || length > len(ttf)-off {
			return nil, bad("table " + string(ttf[d:d+4]))
		}
		f.tables[string(ttf[d:d+4])] = ttf[off : off+length]
	}
	for _, t := range []string{"head", "hhea", "hmtx", "maxp", "loca", "glyf", "cmap"} {
		if f.tables[t] == nil {
			return nil, bad("table " + t + " is missing")
		}
	}
	head, hhea := f.tables["head"], f.tables["hhea"]
	f.unitsPerEm, f.longLoca = u16(head, 18), u16(head, 50) == 1
	f.bbox = [4]int{i16(head, 36), i16(head, 38), i16(head, 40), i16(head, 42)}
	f.ascent, f.descent, f.hMetrics = i16(hhea, 4), i16(hhea, 6), u16(hhea, 34)
	f.glyphs = u16(f.tables["maxp"], 4)
	if f.unitsPerEm < 16 || f.hMetrics < 1 || f.hMetrics > f.glyphs || len(f.tables["hmtx"]) < 4*f.hMetrics || len(head) < 54 {
		return nil, bad("its metrics")
	}
	return f, f.readCmap()
}

// readCmap takes format 4 or 12 of a Unicode table.
func (f *Face) readCmap() error {
	t := f.tables["cmap"]
	f.cmap = map[rune]uint16{}
	best, rank := -1, -1
	for i := range min(u16(t, 2), maxTables) {
		platform, encoding, off := u16(t, 4+8*i), u16(t, 6+8*i), u32(t, 8+8*i)
		format := u16(t, off)
		r := -1
		switch {
		case format == 12 && (platform == 3 && encoding == 10 || platform == 0):
			r = 2
		case format == 4 && (platform == 3 && encoding == 1 || platform == 0):
			r = 1
		}
		if r > rank {
			best, rank = off, r
		}
	}
	if best < 0 || best >= len(t) {
		return bad("no Unicode character map")
	}
	if t = t[best:]; rank == 2 {
		return f.readGroups(t)
	}
	return f.readSegments(t)
}

// readGroups reads format 12 (OpenType, cmap).
func (f *Face) readGroups(t []byte) error {
	mapped := 0
	for i := range min(u32(t, 12), maxSegments, len(t)/12) {
		start, end, glyph := u32(t, 16+12*i), u32(t, 20+12*i), u32(t, 24+12*i)
		if end > unicode.MaxRune || mapped > maxMapped {
			return bad("the character map")
		}
		for c := start; c <= end; c++ {
			f.assign(c, glyph+c-start)
		}
		mapped += max(0, end-start+1)
	}
	return nil
}

// readSegments reads format 4 (OpenType, cmap).
func (f *Face) readSegments(t []byte) error {
	segments, mapped := u16(t, 6)/2, 0
	for i := range segments {
		end, start := u16(t, 14+2*i), u16(t, 16+2*segments+2*i)
		delta, at := u16(t, 16+4*segments+2*i), 16+6*segments+2*i
		offset := u16(t, at)
		if mapped > maxMapped {
			return bad("the character map")
		}
		for c := start; c <= end && c < 0xffff; c++ {
			g := c
			if offset != 0 {
				if g = u16(t, at+offset+2*(c-start)); g == 0 {
					continue
				}
			}
			f.assign(c, (g+delta)&0xffff)
		}
		mapped += max(0, end-start+1)
	}
	return nil
}

func (f *Face) assign(c, glyph int) {
	if glyph > 0 && glyph < f.glyphs {
		f.cmap[rune(c)] = uint16(glyph)
	}
}

func (f *Face) advance(g uint16) int { return u16(f.tables["hmtx"], 4*min(int(g), f.hMetrics-1)) }

// Width is the advance of a text at size, in points; characters that the font does not have count as its .notdef.
func (f *Face) Width(text string, size float64) float64 {
	w := 0
	for _, r := range norm.NFC.String(text) {
		w += f.advance(f.cmap[r])
	}
	return float64(w) * size / float64(f.unitsPerEm)
}

// Ascent at size, in points.
func (f *Face) Ascent(size float64) float64 { return float64(f.ascent) * size / float64(f.unitsPerEm) }

// Descent at size, in points; negative.
func (f *Face) Descent(size float64) float64 {
	return float64(f.descent) * size / float64(f.unitsPerEm)
}

// Embedded is a subset in an update. Read-only.
type Embedded struct {
	Ref  pdf.Ref
	face *Face
}

// Embed adds the subset of f that the texts need to u: a Type0 font with Identity-H (ISO 32000-2, 9.7.4). Glyph numbers are kept.
func Embed(u *pdf.Update, f *Face, texts ...string) (*Embedded, error) {
	used := map[uint16]rune{}
	var missing []string
	for _, t := range texts {
		for _, r := range norm.NFC.String(t) {
			g, ok := f.cmap[r]
			if !ok {
				if name := fmt.Sprintf("%q", r); !slices.Contains(missing, name) && len(missing) < 20 {
					missing = append(missing, name)
				}
				continue
			}
			if have, ok := used[g]; !ok || r < have {
				used[g] = r
			}
		}
	}
	if len(missing) > 0 {
		return nil, codes.New(ErrGlyph, "embedding", f.name, "the font has no "+strings.Join(missing, ", "))
	}
	glyphs := make([]int, 0, len(used))
	for g := range used {
		glyphs = append(glyphs, int(g))
	}
	sort.Ints(glyphs)
	program, _, err := f.subset(glyphs)
	if err != nil {
		return nil, err
	}
	base := pdf.Name(tag(glyphs) + "+" + f.name)
	scale := func(v int) int64 { return int64(v) * 1000 / int64(f.unitsPerEm) }
	file := u.Add(pdf.NewStream(pdf.Dict{"Length1": int64(len(program))}, program, true))
	// PDF/A-1, 6.3.5 asks for /CIDSet, and PDF/A-2, 6.2.11.4.2 that it names every glyph of the program: also the empty ones.
	set := make([]byte, (f.glyphs+7)/8)
	for g := range f.glyphs {
		set[g/8] |= 0x80 >> (g % 8)
	}
	descriptor := u.Add(pdf.Dict{
		"Type": pdf.Name("FontDescriptor"), "FontName": base, "Flags": f.flags(), "ItalicAngle": int64(f.italicAngle()), "Ascent": scale(f.ascent), "Descent": scale(f.descent),
		"CapHeight": scale(f.ascent * 3 / 4), "StemV": int64(80), "FontFile2": file, "CIDSet": u.Add(pdf.NewStream(pdf.Dict{}, set, true)),
		"FontBBox": pdf.Array{scale(f.bbox[0]), scale(f.bbox[1]), scale(f.bbox[2]), scale(f.bbox[3])},
	})
	widths := pdf.Array{}
	for _, g := range glyphs {
		widths = append(widths, int64(g), pdf.Array{scale(f.advance(uint16(g)))})
	}
	descendant := u.Add(pdf.Dict{
		"Type": pdf.Name("Font"), "Subtype": pdf.Name("CIDFontType2"), "BaseFont": base, "FontDescriptor": descriptor, "DW": int64(1000), "W": widths,
		"CIDSystemInfo": pdf.Dict{"Registry": pdf.String("Adobe"), "Ordering": pdf.String("Identity"), "Supplement": int64(0)}, "CIDToGIDMap": pdf.Name("Identity"),
	})
	e := &Embedded{face: f}
	e.Ref = u.Add(pdf.Dict{
		"Type": pdf.Name("Font"), "Subtype": pdf.Name("Type0"), "BaseFont": base, "Encoding": pdf.Name("Identity-H"),
		"DescendantFonts": pdf.Array{descendant}, "ToUnicode": u.Add(pdf.NewStream(pdf.Dict{}, toUnicode(glyphs, used), true)),
	})
	return e, nil
}

// tag is the subset's prefix: six letters made of its glyphs (ISO 32000-2, 9.9.2).
func tag(glyphs []int) string {
	h := uint64(14695981039346656037)
	for _, g := range glyphs {
		h = (h ^ uint64(g)) * 1099511628211
	}
	var b [6]byte
	for i := range b {
		b[i] = 'A' + byte(h%26)
		h /= 26
	}
	return string(b[:])
}

func toUnicode(glyphs []int, used map[uint16]rune) []byte {
	var b strings.Builder
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for len(glyphs) > 0 {
		n := min(100, len(glyphs))
		fmt.Fprintf(&b, "%d beginbfchar\n", n)
		for _, g := range glyphs[:n] {
			fmt.Fprintf(&b, "<%04X> <", g)
			for _, u := range utf16.Encode([]rune{used[uint16(g)]}) {
				fmt.Fprintf(&b, "%04X", u)
			}
			b.WriteString(">\n")
		}
		b.WriteString("endbfchar\n")
		glyphs = glyphs[n:]
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return []byte(b.String())
}

// Encode is the hex string operand for Tj, with its angle brackets.
func (e *Embedded) Encode(text string) string {
	var b strings.Builder
	b.WriteByte('<')
	for _, r := range norm.NFC.String(text) {
		fmt.Fprintf(&b, "%04X", e.face.cmap[r])
	}
	b.WriteByte('>')
	return b.String()
}
