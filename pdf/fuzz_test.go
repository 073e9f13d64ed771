package pdf_test

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
)

// small bounds what a fuzzer's file may ask for.
var small = pdf.Limits{Depth: 30, Revisions: 20, ObjectBytes: 1 << 16, StreamBytes: 1 << 18}

// seeds are the shapes of files: a table, none at all, a cross-reference stream with an object stream.
var seeds = []string{
	plain,
	"%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj 2 0 obj <</Type/Pages/Kids[]/Count 0>> endobj\nxref\n0 1\n0000000000 65535 f \n" +
		"trailer <</Root 1 0 R/Size 3/Prev 0>>\nstartxref\n96\n%%EOF\n",
	"%PDF-1.5\n1 0 obj <</Type/ObjStm/N 2/First 8/Length 70>>\nstream\n2 0 3 33 <</Type/Catalog/Pages 3 0 R   >> <</Type/Pages/Kids[]/Count 0>>\nendstream endobj\n" +
		"4 0 obj <</Type/XRef/W[1 1 1]/Size 5/Root 2 0 R/Length 15/Filter/ASCIIHexDecode>>\nstream\n000000010900020100020101019e00>\nendstream endobj\nstartxref\n158\n%%EOF\n",
	"%PDF-1.4\n1 0 obj <</Filter/Standard/V 2/R 3/Length 128/P -4/O(00000000000000000000000000000000)/U(00000000000000000000000000000000)>> endobj\n" +
		"2 0 obj <</Type/Catalog/Pages 3 0 R>> endobj 3 0 obj <</Type/Pages>> endobj trailer <</Root 2 0 R/Encrypt 1 0 R>>",
}

// FuzzOpen reads everything that a file holds: no input may cause a panic or go on without end, and a file that is read through windows
// is the same as one in memory.
func FuzzOpen(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		held := everything(t, bytes.NewReader(b), len(b))
		if windows := everything(t, &inWindows{r: bytes.NewReader(b)}, len(b)); !slices.Equal(windows, held) {
			t.Fatalf("in memory: %q\nin windows: %q", held, windows)
		}
	})
}

// inWindows is a file that nobody may read as a whole at first.
type inWindows struct {
	r      io.ReaderAt
	refuse sync.Once
}

func (f *inWindows) ReadAt(p []byte, off int64) (n int, err error) {
	f.refuse.Do(func() { err = io.ErrNoProgress })
	if err != nil {
		return 0, err
	}
	return f.r.ReadAt(p, off)
}

// everything is what a file holds, in words.
func everything(t *testing.T, r io.ReaderAt, size int) (all []string) {
	d, err := pdf.Open(t.Context(), r, int64(size), &pdf.Options{Limits: small})
	if err != nil {
		return []string{codes.Of(err)}
	}
	for i := range d.Revisions() {
		v := d.At(i)
		changed, _ := v.Changed()
		for _, c := range changed[:min(len(changed), 200)] {
			o, err := v.Load(c.Ref)
			s, stream := o.(*pdf.Stream)
			if !stream {
				all = append(all, fmt.Sprint(c, string(pdf.AppendObject(nil, o)), codes.Of(err)))
				continue
			}
			data, rest, err := v.Decode(s)
			all = append(all, fmt.Sprint(c, string(pdf.AppendObject(nil, s.Dict)), string(data), rest, codes.Of(err)))
		}
	}
	pages, err := d.Latest().PageRefs()
	all = append(all, fmt.Sprint(pages, codes.Of(err)))
	page, err := d.Latest().Page(1)
	all = append(all, fmt.Sprint(page, codes.Of(err)))
	mentioned, err := d.Latest().Mentions(t.Context(), "/Type", nil)
	all = append(all, fmt.Sprint(mentioned, codes.Of(err)))
	err = d.Latest().Survey(t.Context(), func(r pdf.Ref, offset int64) { all = append(all, fmt.Sprint(r, offset)) },
		func(from, to pdf.Ref) { all = append(all, fmt.Sprint(from, to)) })
	return append(all, codes.Of(err))
}

// FuzzUpdate appends a revision: what the file held before must read the same afterwards, and what was added be there.
func FuzzUpdate(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		open := func(b []byte) (*pdf.Document, error) {
			return pdf.Open(t.Context(), bytes.NewReader(b), int64(len(b)), &pdf.Options{Limits: small})
		}
		before, err := open(b)
		if err != nil || before.Encrypted() {
			return
		}
		u, err := before.NewUpdate()
		if err != nil {
			return
		}
		u.Complete = before.Irregular()
		added := u.Add(pdf.Dict{"Antin": pdf.String("x")})
		var out bytes.Buffer
		if _, err := u.WriteTo(t.Context(), &out); err != nil {
			return
		}
		after, err := open(out.Bytes())
		if err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		if o, err := after.Latest().Load(added); err != nil || !reflect.DeepEqual(o, pdf.Dict{"Antin": pdf.String("x")}) {
			t.Fatalf("the new object is %v, %v", o, err)
		}
		for n := range min(added.Number, 50) {
			r := pdf.Ref{Number: n}
			was, err := before.Latest().Load(r)
			if _, stream := was.(*pdf.Stream); err != nil || stream {
				continue
			}
			if is, err := after.Latest().Load(r); err != nil || !bytes.Equal(pdf.AppendObject(nil, is), pdf.AppendObject(nil, was)) {
				t.Fatalf("%v was %v, is %v, %v", r, was, is, err)
			}
		}
	})
}

// FuzzObject reads objects as content streams have them, and what is written again reads the same.
func FuzzObject(f *testing.F) {
	for _, s := range []string{"<< /A [1 -2.5 (x\\)\\101) <41> /B#20c true null] >> Do", "1 0 R", "[[[[", "<<<<", "(((", "BI /W 1 ID x EI Q", "/#", "--5 1.2.3 .", "<zz>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := pdf.NewScanner(b)
		for range 1000 {
			o, op, ok := s.Next()
			if !ok {
				return
			}
			if op != "" {
				continue
			}
			written := pdf.AppendObject(nil, o)
			again, _, ok := pdf.NewScanner(written).Next()
			if !ok || !bytes.Equal(pdf.AppendObject(nil, again), written) {
				t.Fatalf("%q is read as %q", written, pdf.AppendObject(nil, again))
			}
		}
	})
}

// FuzzFilters decodes a stream under a bound.
func FuzzFilters(f *testing.F) {
	for _, s := range []string{"/FlateDecode", "/LZWDecode", "/ASCII85Decode", "/ASCIIHexDecode", "/RunLengthDecode", "[/ASCII85Decode /FlateDecode]"} {
		f.Add(s, "<</Predictor 12 /Columns 4>>", []byte("x\x9c\x4b\x4c\x4a\x06\x00\x02\x4d\x01\x27"))
	}
	f.Fuzz(func(t *testing.T, filter, params string, data []byte) {
		b := bytes.Join([][]byte{
			[]byte("%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R/S 3 0 R>> endobj 2 0 obj <</Type/Pages/Kids[]>> endobj 3 0 obj <</Filter "),
			[]byte(filter), []byte("/DecodeParms "), []byte(params), []byte(">>\nstream\n"), data, []byte("\nendstream endobj trailer <</Root 1 0 R>>"),
		}, nil)
		d, err := pdf.Open(t.Context(), bytes.NewReader(b), int64(len(b)), &pdf.Options{Limits: small})
		if err != nil {
			return
		}
		s, err := d.Latest().Stream(pdf.Ref{Number: 3})
		if err != nil || s == nil {
			return
		}
		if out, _, err := d.Latest().Decode(s); err == nil && int64(len(out)) > small.StreamBytes {
			t.Fatalf("%d bytes came of a bound of %d", len(out), small.StreamBytes)
		}
	})
}

// FuzzTextString reads any bytes as text; what is encoded again reads the same.
func FuzzTextString(f *testing.F) {
	for _, s := range []string{"\xfe\xff\x1e\xa4", "\xef\xbb\xbfẤn", "PDFDoc \x80", "\xfe\xff\xd8", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := pdf.TextString(pdf.String(b))
		if again := pdf.TextString(pdf.EncodeTextString(s)); again != s {
			t.Fatalf("%q became %q", s, again)
		}
	})
}
