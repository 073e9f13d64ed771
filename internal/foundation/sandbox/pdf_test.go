package sandbox

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"strings"
	"testing"
)

// made is a PDF of these objects, numbered from 1; the first is the catalog.
func made(objects ...string) File {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	at := make([]int, len(objects))
	for i, o := range objects {
		at[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return bytesFile(b.Bytes())
}

func bytesFile(b []byte) File { return File{R: bytes.NewReader(b), Size: int64(len(b))} }

func stream(dict, content string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(content), content)
}

const (
	catalog  = "<</Type/Catalog/Pages 2 0 R>>"
	onePage  = "<</Type/Pages/Kids[3 0 R]/Count 1>>"
	font     = "/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
	pageOf   = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<<" + font + "%s>>%s>>"
	textShow = "BT /F 24 Tf 20 150 Td (Alpha Beta) Tj 0 -100 Td (Gamma) Tj ET"
)

// page is a document of one page; more are objects from number 5 on.
func page(resources, entries, content string, more ...string) File {
	return made(append([]string{catalog, onePage, fmt.Sprintf(pageOf, resources, entries), stream("", content)}, more...)...)
}

// laughs draws a form that draws the next one ten times, and so on: 10^depth paths.
func laughs(depth int) File {
	var forms []string
	for i := range depth {
		what, resources := strings.Repeat("/X Do ", 10), fmt.Sprintf("/Resources<</XObject<</X %d 0 R>>>>", 6+i)
		if i == depth-1 {
			what, resources = "0 0 300 200 re f", ""
		}
		forms = append(forms, stream("/Type/XObject/Subtype/Form/BBox[0 0 300 200]"+resources, what))
	}
	return page("/XObject<</X 5 0 R>>", "", "/X Do", forms...)
}

// endless takes hours to draw, and little memory.
func endless() File {
	return page("/Pattern<</P 5 0 R>>", "", "/Pattern cs /P scn 0 0 300 200 re f",
		stream("/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep .00001/YStep .00001/Resources<<>>", "0 0 1 1 re f"))
}

// zeros is n bytes of 0 as FlateDecode shrinks them, a thousand times.
func zeros(t testing.TB, n int64) string {
	t.Helper()
	var b strings.Builder
	w, err := zlib.NewWriterLevel(&b, zlib.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, zero{}, n); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

type zero struct{}

func (zero) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
