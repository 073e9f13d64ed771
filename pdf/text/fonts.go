package text

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"

	"github.com/antinvn/antin/pdf"
)

// maxMapped bounds the codes that a font maps, each time that it maps one counted.
const maxMapped = 500_000

// textFont turns codes into text and widths.
type textFont struct {
	composite bool
	name      string // /BaseFont
	base      string // of one of the standard 14 fonts that does not say its widths
	unicode   map[int]string
	cids      map[int]int // nil: codes are CIDs
	widths    map[int]float64
	standard  float64 // width of what has none
	em        float64 // height of the font's em at size 1; 1 but in Type 3 fonts
	oneByte   map[int]bool
	mapped    int
}

// room counts one more mapping and says whether there is room for it.
func (f *textFont) room() bool {
	f.mapped++
	return f.mapped <= maxMapped
}

func readFont(v *pdf.View, d pdf.Dict) (*textFont, error) {
	f := &textFont{unicode: map[int]string{}, widths: map[int]float64{}, standard: 500, em: 1}
	f.composite = d["Subtype"] == pdf.Name("Type0")
	if name, ok := d["BaseFont"].(pdf.Name); ok {
		f.name = string(name)
	}
	var err error
	if f.composite {
		err = f.readComposite(v, d)
	} else {
		err = f.readSimple(v, d)
	}
	if err != nil {
		return nil, err
	}
	s, err := v.Stream(d["ToUnicode"])
	if err != nil {
		return nil, err
	}
	if data := decoded(v, s); data != nil {
		f.readCMap(data)
	}
	return f, nil
}

// decoded is a stream's data, nil where it cannot be read.
func decoded(v *pdf.View, s *pdf.Stream) []byte {
	if s == nil {
		return nil
	}
	data, rest, err := v.Decode(s)
	if err != nil || len(rest) > 0 {
		return nil
	}
	return data
}

func (f *textFont) readComposite(v *pdf.View, d pdf.Dict) error {
	f.standard = 1000
	encoding, err := v.Resolve(d["Encoding"])
	if err != nil {
		return err
	}
	if s, ok := encoding.(*pdf.Stream); ok {
		f.cids = map[int]int{}
		f.readCMap(decoded(v, s))
	}
	list, err := v.Array(d["DescendantFonts"])
	if err != nil || len(list) == 0 {
		return err
	}
	cid, err := v.Dict(list[0])
	if err != nil || cid == nil {
		return err
	}
	if n, ok := numberOf(v, cid["DW"]); ok {
		f.standard = n
	}
	w, err := v.Array(cid["W"])
	if err != nil {
		return err
	}
	// ISO 32000-2, 9.7.4.3: "c [w1 w2 …]" or "first last w".
	for i := 0; i+1 < len(w) && f.mapped < maxMapped; {
		first, ok := numberOf(v, w[i])
		if !ok {
			i++
			continue
		}
		if a, err := v.Array(w[i+1]); err == nil && a != nil {
			for j, e := range a {
				if n, ok := numberOf(v, e); ok && f.room() {
					f.widths[int(first)+j] = n
				}
			}
			i += 2
			continue
		}
		if i+2 >= len(w) {
			break
		}
		last, _ := numberOf(v, w[i+1])
		n, _ := numberOf(v, w[i+2])
		for c := int(first); c <= int(last) && f.room(); c++ {
			f.widths[c] = n
		}
		i += 3
	}
	return nil
}

func numberOf(v *pdf.View, o pdf.Object) (float64, bool) {
	r, err := v.Resolve(o)
	if err != nil {
		return 0, false
	}
	switch n := r.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

func (f *textFont) readSimple(v *pdf.View, d pdf.Dict) error {
	enc, err := v.Resolve(d["Encoding"])
	if err != nil {
		return err
	}
	e, differs := enc.(pdf.Dict)
	if differs {
		enc = e["BaseEncoding"]
	}
	table := charmap.Windows1252 // what other encodings than these two name is near to it in letters
	if enc == pdf.Name("MacRomanEncoding") {
		table = charmap.Macintosh
	}
	for c := 32; c < 256; c++ {
		f.unicode[c] = string(table.DecodeByte(byte(c)))
	}
	if differs {
		diff, err := v.Array(e["Differences"])
		if err != nil {
			return err
		}
		code := 0
		for _, o := range diff {
			switch o := o.(type) {
			case int64:
				code = int(o)
			case pdf.Name:
				if t := glyphName(string(o)); t != "" && code >= 0 && code < 256 {
					f.unicode[code] = t
				}
				code++
			}
		}
	}
	first, _ := numberOf(v, d["FirstChar"])
	widths, err := v.Array(d["Widths"])
	if err != nil {
		return err
	}
	for i, w := range widths {
		if n, ok := numberOf(v, w); ok && i < 256 {
			f.widths[int(first)+i] = n
		}
	}
	desc, err := v.Dict(d["FontDescriptor"])
	if err != nil {
		return err
	}
	if n, ok := numberOf(v, desc["MissingWidth"]); ok && n > 0 {
		f.standard = n
	}
	if base, ok := d["BaseFont"].(pdf.Name); ok && widths == nil {
		f.base = string(base)
	}
	if d["Subtype"] == pdf.Name("Type3") {
		return f.readType3(v, d)
	}
	return nil
}

// readType3 turns widths of the glyphs' own space into thousandths of text space (ISO 32000-2, 9.6.4).
func (f *textFont) readType3(v *pdf.View, d pdf.Dict) error {
	m, err := v.Array(d["FontMatrix"])
	if err != nil || len(m) != 6 {
		return err
	}
	x, _ := numberOf(v, m[0])
	y, _ := numberOf(v, m[3])
	for c := range f.widths {
		f.widths[c] *= x * 1000
	}
	f.standard, f.em = 0, math.Abs(y)*1000
	return nil
}

// glyphName reads the names of the Adobe Glyph List that Vietnamese text needs: uniXXXX, and letters with marks by their parts.
func glyphName(n string) string {
	if r, ok := glyphNames[n]; ok {
		return r
	}
	n, _, _ = strings.Cut(n, ".")
	if hex, ok := strings.CutPrefix(n, "uni"); ok && len(hex) >= 4 {
		return hexText(hex)
	}
	if hex, ok := strings.CutPrefix(n, "u"); ok && len(hex) >= 4 {
		return hexText("0000"[:max(0, 4-len(hex))] + hex)
	}
	if len(n) == 1 {
		return n
	}
	if n == "" {
		return ""
	}
	out, marks := n[:1], n[1:]
	for marks != "" {
		found := false
		for name, mark := range combining {
			if rest, ok := strings.CutPrefix(marks, name); ok {
				out, marks, found = out+mark, rest, true
				break
			}
		}
		if !found {
			return ""
		}
	}
	return out
}

var combining = map[string]string{
	"grave": "\u0300", "acute": "\u0301", "circumflex": "\u0302", "tilde": "\u0303", "breve": "\u0306", "dieresis": "\u0308", "hookabove": "\u0309",
	"horn": "\u031b", "dotbelow": "\u0323", "caron": "\u030c",
}

var glyphNames = map[string]string{
	"space": " ", "nbspace": "\u00a0", "slash": "/", "colon": ":", "period": ".", "comma": ",", "hyphen": "-", "endash": "–", "emdash": "—", "ellipsis": "…",
	"underscore": "_", "parenleft": "(", "parenright": ")", "quotedblleft": "“", "quotedblright": "”", "quoteright": "’", "quoteleft": "‘", "quotesingle": "'",
	"semicolon": ";", "percent": "%", "plus": "+", "equal": "=", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
	"seven": "7", "eight": "8", "nine": "9", "Dcroat": "Đ", "dcroat": "đ", "Eth": "Đ", "eth": "ð", "fi": "fi", "fl": "fl", "numbersign": "#", "ampersand": "&",
	"question": "?", "exclam": "!", "asterisk": "*", "at": "@", "bullet": "•",
}

func hexText(s string) string {
	var u []uint16
	for i := 0; i+4 <= len(s); i += 4 {
		v, err := strconv.ParseUint(s[i:i+4], 16, 16)
		if err != nil {
			return ""
		}
		u = append(u, uint16(v))
	}
	return string(utf16.Decode(u))
}

// readCMap reads the ranges of a ToUnicode CMap or of an embedded encoding (ISO 32000-2, 9.7.5 and 9.10.3).
func (f *textFont) readCMap(data []byte) {
	sc := pdf.NewScanner(data)
	var args []pdf.Object
	for f.mapped < maxMapped {
		o, op, ok := sc.Next()
		if !ok {
			return
		}
		if op == "" {
			if args = append(args, o); len(args) > 1000 {
				args = args[len(args)-1000:]
			}
			continue
		}
		switch op {
		case "endcodespacerange":
			for i := 0; i+1 < len(args); i += 2 {
				if lo, ok := args[i].(pdf.String); ok && len(lo) == 1 && f.composite {
					f.mixed(lo, args[i+1])
				}
			}
		case "endbfchar":
			for i := 0; i+1 < len(args); i += 2 {
				src, ok1 := args[i].(pdf.String)
				dst, ok2 := args[i+1].(pdf.String)
				if ok1 && ok2 && f.room() {
					f.unicode[codeOf(src)] = utf16Text(dst)
				}
			}
		case "endcidchar":
			for i := 0; i+1 < len(args); i += 2 {
				f.mapCIDs(args[i], args[i], args[i+1])
			}
		case "endcidrange":
			for i := 0; i+2 < len(args); i += 3 {
				f.mapCIDs(args[i], args[i+1], args[i+2])
			}
		case "endbfrange":
			for i := 0; i+2 < len(args); i += 3 {
				f.mapRange(args[i], args[i+1], args[i+2])
			}
		}
		args = args[:0]
	}
}

// mixed notes that codes of one byte exist in a composite font.
func (f *textFont) mixed(lo pdf.String, o pdf.Object) {
	hi, ok := o.(pdf.String)
	if !ok || len(hi) != 1 {
		return
	}
	if f.oneByte == nil {
		f.oneByte = map[int]bool{}
	}
	for c := int(lo[0]); c <= int(hi[0]); c++ {
		f.oneByte[c] = true
	}
}

func (f *textFont) mapRange(lo, hi, dst pdf.Object) {
	a, ok1 := lo.(pdf.String)
	b, ok2 := hi.(pdf.String)
	if !ok1 || !ok2 {
		return
	}
	first, last := codeOf(a), codeOf(b)
	switch d := dst.(type) {
	case pdf.String:
		if len(d) < 2 {
			return
		}
		base := []byte(d)
		for c := first; c <= last && f.room(); c++ {
			f.unicode[c] = utf16Text(pdf.String(base))
			base = append([]byte{}, base...)
			for i := len(base) - 1; i >= 0; i-- {
				if base[i]++; base[i] != 0 {
					break
				}
			}
		}
	case pdf.Array:
		for i, e := range d {
			if s, ok := e.(pdf.String); ok && first+i <= last && f.room() {
				f.unicode[first+i] = utf16Text(s)
			}
		}
	}
}

func (f *textFont) mapCIDs(lo, hi, cid pdf.Object) {
	a, ok1 := lo.(pdf.String)
	b, ok2 := hi.(pdf.String)
	first, ok3 := cid.(int64)
	if !ok1 || !ok2 || !ok3 || f.cids == nil {
		return
	}
	for c := codeOf(a); c <= codeOf(b) && f.room(); c++ {
		f.cids[c] = int(first) + c - codeOf(a)
	}
}

func codeOf(s pdf.String) int {
	v := 0
	for i := range min(len(s), 4) {
		v = v<<8 | int(s[i])
	}
	return v
}

func utf16Text(s pdf.String) string {
	u := make([]uint16, 0, len(s)/2)
	for i := 0; i+1 < len(s); i += 2 {
		u = append(u, uint16(s[i])<<8|uint16(s[i+1]))
	}
	return string(utf16.Decode(u))
}

// code reads the next code: two bytes of a composite font, one of a simple one.
func (f *textFont) code(s []byte) (code, n int) {
	if f.composite && len(s) >= 2 && !f.oneByte[int(s[0])] {
		return int(s[0])<<8 | int(s[1]), 2
	}
	return int(s[0]), 1
}

func (f *textFont) width(code int) float64 {
	if f.base != "" {
		return standardWidth(f.base, f.unicode[code])
	}
	if f.cids != nil {
		code = f.cids[code]
	}
	if w, ok := f.widths[code]; ok {
		return w
	}
	return f.standard
}

func (f *textFont) text(code int) string { return f.unicode[code] }
