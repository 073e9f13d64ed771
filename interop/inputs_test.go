package interop

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// input is a kind of file to sign.
type input struct {
	name   string
	path   string
	before int // signatures that it has already
}

// inputKinds are the columns' order of the matrix.
var inputKinds = []string{"libreoffice", "xref-stream", "hybrid", "linearised", "encrypted", "signed-before", "pdfa-2b"}

// makeInputs writes the inputs that can be made here.
func makeInputs(t *testing.T, p *pki) []input {
	t.Helper()
	dir := t.TempDir()
	base := absolute(t, "testdata/libreoffice.pdf")
	inputs := []input{{name: "libreoffice", path: base}}
	add := func(name string, before int, make func(out string)) {
		out := filepath.Join(dir, name+".pdf")
		make(out)
		if _, err := os.Stat(out); err != nil {
			t.Fatalf("%s was not made: %v", name, err)
		}
		inputs = append(inputs, input{name, out, before})
	}
	if present(t, "qpdf") {
		for name, args := range map[string][]string{
			"xref-stream": {"--object-streams=generate"},
			"linearised":  {"--linearize"},
			"encrypted":   {"--encrypt", "", "owner", "256", "--"},
		} {
			add(name, 0, func(out string) { say(t.Context(), "qpdf", append(args, base, out)...) })
		}
	}
	add("hybrid", 0, func(out string) { write(t, out, hybrid()) })
	if present(t, "pyhanko") {
		id := p.identity(t, "P-256")
		add("signed-before", 1, func(out string) {
			a := pyhanko(t, p.root, [][]string{{"sign", "B-T", "ECDSA", "sha256", id.p12, password, p.URL("tsa"), base, out}})
			if a[0].Error != "" {
				t.Fatal(a[0].Error)
			}
		})
	}
	return append(inputs, input{name: "pdfa-2b", path: absolute(t, "testdata/pdfa-2b.pdf")})
}

// hybrid is a file whose font and page text readers of PDF 1.4 do not see: they stand in an object stream that only the table's
// /XRefStm names (ISO 32000-2, 7.5.8.4).
func hybrid() []byte {
	var b bytes.Buffer
	offsets := map[int]int{}
	object := func(n int, body string) {
		offsets[n] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n, body)
	}
	stream := func(dict, data string) string {
		return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(data), data)
	}
	b.WriteString("%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
	object(1, "<< /Type /Catalog /Pages 2 0 R >>")
	object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	object(3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 7 0 R >> >> >>")
	object(4, stream("", "BT /F1 14 Tf 72 720 Td (A hybrid file) Tj ET"))
	const font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
	object(5, stream("/Type /ObjStm /N 1 /First 4", "7 0 "+font))
	hidden := b.Len()
	offsets[6] = hidden
	var entries []byte
	for _, e := range [][3]int{{1, hidden, 0}, {2, 5, 0}} { // objects 6 and 7
		entries = append(entries, byte(e[0]), byte(e[1]>>8), byte(e[1]), byte(e[2]))
	}
	object(6, stream("/Type /XRef /W [1 2 1] /Index [6 2] /Size 8 /Root 1 0 R", string(entries)))
	table := b.Len()
	b.WriteString("xref\n0 7\n0000000000 65535 f \n")
	for n := 1; n <= 6; n++ {
		fmt.Fprintf(&b, "%010d 00000 n \n", offsets[n])
	}
	b.WriteString("7 1\n0000000000 65535 f \n")
	id := strings.Repeat("0123456789abcdef", 2)
	fmt.Fprintf(&b, "trailer\n<< /Size 8 /Root 1 0 R /XRefStm %d /ID [<%s> <%s>] >>\nstartxref\n%d\n%%%%EOF\n", hidden, id, id, table)
	return b.Bytes()
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
