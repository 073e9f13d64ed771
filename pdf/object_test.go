package pdf_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/antinvn/antin/pdf"
)

// read is the first object of a text.
func read(t *testing.T, s string) pdf.Object {
	t.Helper()
	o, op, ok := pdf.NewScanner([]byte(s)).Next()
	if !ok || op != "" {
		t.Fatalf("%q is %v, %q", s, o, op)
	}
	return o
}

func TestObjectsAreReadAsWritten(t *testing.T) {
	for text, want := range map[string]pdf.Object{
		"true": true, "null": nil, "12": int64(12), "-7": int64(-7), "+3": int64(3), "0.5": 0.5, "-.25": -0.25, "4.": 4.0,
		"/Name": pdf.Name("Name"), "/A#20b#23": pdf.Name("A b#"), "/": pdf.Name(""), "/a#zz": pdf.Name("a#zz"),
		"(a(b)c)": pdf.String("a(b)c"), `(\(\)\\\n\r\t\b\f)`: pdf.String("()\\\n\r\t\b\f"), `(\101\1012\7x)`: pdf.String("AA2\ax"),
		"(a\\\nb\\\r\nc)": pdf.String("abc"), "(a\r\nb\rc)": pdf.String("a\nb\nc"), `(\q)`: pdf.String("q"),
		"<48 65\n6c6C6>": pdf.String("Hell`"), "<>": pdf.String(""),
		"[1 (a) /B [] <<>>]": pdf.Array{int64(1), pdf.String("a"), pdf.Name("B"), pdf.Array{}, pdf.Dict{}},
		"[1 0 R 2 3]":        pdf.Array{pdf.Ref{Number: 1}, int64(2), int64(3)},
		"<</A 5 2 R/B/C%x\n/D null>>": pdf.Dict{
			"A": pdf.Ref{Number: 5, Generation: 2}, "B": pdf.Name("C"), "D": nil,
		},
	} {
		got := read(t, text)
		if d, ok := want.(pdf.Dict); ok {
			delete(d, "D") // an entry that is null is as one that is not there (ISO 32000-2, 7.3.7)
			delete(got.(pdf.Dict), "D")
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q is %#v, want %#v", text, got, want)
		}
	}
}

func TestWhatIsWrittenReadsTheSame(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, o := range []pdf.Object{
		nil, true, false, int64(math.MaxInt64), int64(-1), 0.1, -1e-7, 123456789.125, 1e20, pdf.String(every), pdf.String("(\\)"), pdf.Name(every[1:]), pdf.Name(""),
		pdf.Array{}, pdf.Dict{"A B": pdf.Array{pdf.Ref{Number: 7, Generation: 1}, int64(0), pdf.Dict{"Z": pdf.Name("/")}}},
	} {
		written := string(pdf.AppendObject(nil, o))
		if got := read(t, written); !reflect.DeepEqual(got, o) {
			t.Errorf("%#v is written %s and read %#v", o, written, got)
		}
	}
}

func TestADictionaryIsWrittenInOneOrder(t *testing.T) {
	d := pdf.Dict{"B": int64(1), "A": int64(2), "Subtype": pdf.Name("X"), "Type": pdf.Name("Annot")}
	const want = "<</Type /Annot/Subtype /X/A 2/B 1>>"
	for range 20 {
		if got := string(pdf.AppendObject(nil, d)); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
}

func TestRealsHaveNoExponent(t *testing.T) {
	for v, want := range map[float64]string{0: "0", math.Copysign(0, -1): "0", 1e-10: "0.0000000001", 1e21: "1000000000000000000000", math.Inf(1): "0", -2.50: "-2.5"} {
		if got := string(pdf.AppendObject(nil, v)); got != want {
			t.Errorf("%v is %s", v, got)
		}
	}
}

func TestContentIsReadToItsEnd(t *testing.T) {
	s := pdf.NewScanner([]byte("BT (a) Tj ET BI /W 1 ID \x00EIx EI Q " + strings.Repeat("[", 100)))
	var ops []string
	for {
		_, op, ok := s.Next()
		if !ok {
			break
		}
		if op != "" {
			ops = append(ops, op)
		}
		if op == "BI" {
			s.SkipInlineImage()
		}
	}
	if got := strings.Join(ops, " "); got != "BT Tj ET BI Q" {
		t.Error(got)
	}
}
