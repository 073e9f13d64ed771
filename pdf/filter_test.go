package pdf_test

import (
	"bytes"
	"compress/lzw"
	"compress/zlib"
	"encoding/ascii85"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/antinvn/antin/pdf"
)

// decoded is what a stream of these entries and bytes decodes to.
func decoded(t *testing.T, entries string, data []byte, limit int64) (out []byte, rest []pdf.Name, err error) {
	t.Helper()
	body := fmt.Sprintf("<< /Length %d %s >>\nstream\n%s\nendstream", len(data), entries, data)
	b := tableFile("", "", append(append([]string{}, onePage...), body)...)
	d, err := pdf.Open(t.Context(), bytes.NewReader(b), int64(len(b)), &pdf.Options{Limits: pdf.Limits{StreamBytes: limit}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.Latest().Stream(pdf.Ref{Number: 5})
	if err != nil || s == nil {
		t.Fatalf("%v, %v", s, err)
	}
	return d.Latest().Decode(s)
}

func flate(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

func lzwOf(data []byte) []byte {
	var b bytes.Buffer
	w := lzw.NewWriter(&b, lzw.MSB, 8)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

func base85(data []byte) []byte {
	b := make([]byte, ascii85.MaxEncodedLen(len(data)))
	return append(b[:ascii85.Encode(b, data)], "~>"...)
}

func TestFiltersGiveTheirData(t *testing.T) {
	text := []byte("Quyet dinh so 05/2026/QD-UBND, quyet dinh so 05")
	for name, c := range map[string]struct {
		entries string
		data    []byte
		want    string
	}{
		"none":                    {"", text, string(text)},
		"Flate":                   {"/Filter /FlateDecode", flate(text), string(text)},
		"Flate without its head":  {"/Filter /FlateDecode", append([]byte{0, 0}, flate(text)[2:]...), string(text)},
		"Flate without its sum":   {"/Filter /FlateDecode", flate(text)[:len(flate(text))-4], string(text)},
		"ASCIIHex, odd":           {"/Filter /ASCIIHexDecode", []byte("41 4\n2 5>67"), "ABP"},
		"ASCII85":                 {"/Filter /ASCII85Decode", base85(text), string(text)},
		"ASCII85 of zeros":        {"/Filter /ASCII85Decode", []byte("zz~>"), "\x00\x00\x00\x00\x00\x00\x00\x00"},
		"RunLength":               {"/Filter /RunLengthDecode", []byte("\x02abc\xfex\x80more"), "abcxxx"},
		"RunLength cut short":     {"/Filter /RunLengthDecode", []byte("\x09abc"), "abc"},
		"LZW, ISO 32000-2, 7.4.4": {"/Filter /LZWDecode", []byte("\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01"), "-----A---B"},
		"LZW of late change":      {"/Filter /LZWDecode /DecodeParms << /EarlyChange 0 >>", lzwOf(text), string(text)},
		"two, in their order":     {"/Filter [/ASCII85Decode /FlateDecode]", base85(flate(text)), string(text)},
		"short names":             {"/F [/A85 /Fl] /DP [null null]", base85(flate(text)), string(text)},
		"TIFF predictor":          {"/Filter /FlateDecode /DecodeParms << /Predictor 2 /Columns 2 /Colors 2 >>", flate([]byte{1, 2, 3, 4, 5, 6, 7, 8}), "\x01\x02\x04\x06\x05\x06\x0c\x0e"},
		"PNG predictors": {
			"/Filter /FlateDecode /DecodeParms [<< /Predictor 15 /Columns 3 >>]",
			flate([]byte{0, 1, 2, 3, 1, 1, 1, 1, 2, 1, 1, 1, 3, 2, 2, 2, 4, 1, 1, 1}),
			"\x01\x02\x03\x01\x02\x03\x02\x03\x04\x03\x05\x06\x04\x06\x07",
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, rest, err := decoded(t, c.entries, c.data, 0)
			if err != nil || string(out) != c.want || rest != nil {
				t.Errorf("%q, %v, %v; want %q", out, rest, err, c.want)
			}
		})
	}
}

// LZW codes grow from 9 to 12 bits; the table is full, and begun anew, after some 4,000.
func TestLongLZWIsRead(t *testing.T) {
	var text []byte
	for i := range 20_000 {
		text = fmt.Appendf(text, "%d ", i*7919%10_007)
	}
	out, _, err := decoded(t, "/Filter /LZWDecode", earlyLZW(text), 0)
	if err != nil || !bytes.Equal(out, text) {
		t.Errorf("%d bytes of %d, %v", len(out), len(text), err)
	}
}

// earlyLZW encodes with the early change of code lengths that is PDF's default (ISO 32000-2, 7.4.4.2).
func earlyLZW(data []byte) []byte {
	var out []byte
	bits, have := 0, 0
	put := func(code, width int) {
		for bits, have = bits<<width|code, have+width; have >= 8; have -= 8 {
			out = append(out, byte(bits>>(have-8)))
			bits &= 1<<(have-8) - 1
		}
	}
	table, next, width := map[string]int{}, 258, 9
	code := func(s string) int {
		if len(s) == 1 {
			return int(s[0])
		}
		return table[s]
	}
	put(256, width)
	s := ""
	for _, c := range data {
		longer := s + string([]byte{c})
		if _, ok := table[longer]; ok || len(longer) == 1 {
			s = longer
			continue
		}
		put(code(s), width)
		table[longer] = next
		if next++; next+1 > 1<<width {
			width++
		}
		if next == 4094 {
			put(256, 12)
			table, next, width = map[string]int{}, 258, 9
		}
		s = longer[len(s):]
	}
	put(code(s), width)
	put(257, width)
	put(0, 7)
	return out
}

func TestPicturesKeepTheirOwnFormat(t *testing.T) {
	out, rest, err := decoded(t, "/Filter [/ASCIIHexDecode /DCTDecode]", []byte("FFD8>"), 0)
	if err != nil || string(out) != "\xff\xd8" || len(rest) != 1 || rest[0] != "DCTDecode" {
		t.Errorf("%q, %v, %v", out, rest, err)
	}
}

func TestBombsAreStoppedByEveryFilter(t *testing.T) {
	const limit = 10_000
	zeros := make([]byte, 100*limit)
	for name, c := range map[string]struct {
		entries string
		data    []byte
	}{
		"Flate":              {"/Filter /FlateDecode", flate(zeros)},
		"Flate in Flate":     {"/Filter [/FlateDecode /FlateDecode]", flate(flate(zeros))},
		"LZW":                {"/Filter /LZWDecode", earlyLZW(zeros)},
		"LZW of late change": {"/Filter /LZWDecode /DecodeParms << /EarlyChange 0 >>", lzwOf(zeros)},
		"RunLength":          {"/Filter /RunLengthDecode", bytes.Repeat([]byte{129, 0}, 1000)},
		"ASCII85":            {"/Filter /ASCII85Decode", bytes.Repeat([]byte("z"), limit-1)},
		"stored":             {"", zeros},
		"many filters":       {"/Filter [" + strings.Repeat("/ASCIIHexDecode ", 100) + "]", []byte("41>")},
	} {
		t.Run(name, func(t *testing.T) {
			if out, _, err := decoded(t, c.entries, c.data, limit); !errors.Is(err, pdf.ErrLimit) {
				t.Errorf("%d bytes, %v", len(out), err)
			}
		})
	}
}

func TestFiltersWithWrongParametersAreErrors(t *testing.T) {
	for entries, code := range map[string]error{
		"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 999999999 >>": pdf.ErrDamaged,
		"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Colors -1 >>":         pdf.ErrDamaged,
		"/Filter /SecretDecode": pdf.ErrUnsupported,
		"/Filter (FlateDecode)": pdf.ErrUnsupported,
	} {
		if _, _, err := decoded(t, entries, flate([]byte("x")), 0); !errors.Is(err, code) {
			t.Errorf("%s: %v", entries, err)
		}
	}
}
