package interop

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

// input is a kind of file to sign.
type input struct {
	name   string
	path   string
	before int    // signatures that it has already
	pdfa   string // the conformance that it claims: "2b"
}

// makeInputs writes every kind of input, each by the program that makes it in the field. What has no maker here is left out;
// where the whole suite is asked for a missing maker fails.
func makeInputs(t *testing.T, p *pki) []input {
	t.Helper()
	dir := t.TempDir()
	office, archive := absolute(t, "testdata/libreoffice.pdf"), absolute(t, "testdata/pdfa-2b.pdf")
	inputs := []input{{name: "LibreOffice", path: office}, {name: "PDF/A-2b", path: archive, pdfa: "2b"}}
	for _, kind := range []struct {
		input
		maker string // "": made by hand
		make  func(out string) (words string)
	}{
		{input{name: "Word-like"}, "", byHand(t, wordLike)},
		{input{name: "scanner-like"}, "", byHand(t, scannerLike)},
		{input{name: "hybrid"}, "", byHand(t, hybrid)},
		{input{name: "Chromium"}, "chromium", func(out string) string { return printPage(t, dir, out) }},
		{input{name: "Ghostscript"}, "gs", func(out string) string {
			return say(t.Context(), "gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", "-o", out, office)
		}},
		{input{name: "xref-stream"}, "qpdf", byQPDF(t, office, "--object-streams=generate")},
		{input{name: "linearised"}, "qpdf", byQPDF(t, office, "--linearize")},
		{input{name: "RC4-128"}, "qpdf", byQPDF(t, office, "--allow-weak-crypto", "--encrypt", "", "owner", "128", "--use-aes=n", "--")},
		{input{name: "AES-128"}, "qpdf", byQPDF(t, office, "--encrypt", "", "owner", "128", "--use-aes=y", "--")},
		{input{name: "AES-256"}, "qpdf", byQPDF(t, office, "--encrypt", "", "owner", "256", "--")},
		{input{name: "signed by pyHanko", before: 1}, "pyhanko", func(out string) string {
			return pyhanko(t, p.root, [][]string{p.pyhankoJob(t, pades.BT, "P-256", office, out)})[0].Error
		}},
		{input{name: "signed by DSS", before: 1}, "dss", func(out string) string {
			return dss(t, p.root, [][]string{p.dssJob(t, pades.BT, "P-256", office, out)})[0].Error
		}},
		{input{name: "PDF/A-1a", pdfa: "1a"}, "soffice", byOffice(t, dir, "1")}, // part 1 is level A, its wish or not
		{input{name: "PDF/A-3b", pdfa: "3b"}, "soffice", byOffice(t, dir, "3")},
		{input{name: "PDF/A-1b by Ghostscript", pdfa: "1b"}, "gs", func(out string) string { return archiveByGhostscript(t, dir, archive, out) }},
	} {
		if kind.maker != "" && !present(t, kind.maker) {
			continue
		}
		kind.path = filepath.Join(dir, strings.NewReplacer("/", "", " ", "-").Replace(kind.name)+".pdf")
		words := kind.make(kind.path)
		if st, err := os.Stat(kind.path); err != nil || st.Size() == 0 {
			t.Fatalf("%s was not made: %s", kind.name, words)
		}
		inputs = append(inputs, kind.input)
	}
	return inputs
}

func byHand(t *testing.T, make func() []byte) func(string) string {
	return func(out string) string { write(t, out, make()); return "" }
}

func byQPDF(t *testing.T, in string, args ...string) func(string) string {
	return func(out string) string { return say(t.Context(), "qpdf", append(args, in, out)...) }
}

// byOffice exports the demo's decision as PDF/A of a part.
func byOffice(t *testing.T, dir, part string) func(string) string {
	return func(out string) string {
		made := filepath.Join(dir, "office"+part)
		words := say(t.Context(), "soffice", "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to",
			`pdf:writer_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"`+part+`"}}`, "--outdir", made, "../cmd/antin/assets/decision.docx")
		if err := os.Rename(filepath.Join(made, "decision.pdf"), out); err != nil {
			return words
		}
		return ""
	}
}

func printPage(t *testing.T, dir, out string) string {
	page := filepath.Join(dir, "page.html")
	write(t, page, []byte("<!doctype html><meta charset=utf-8><title>Công văn</title><h1>Ủy ban nhân dân</h1><p>Kính gửi các đơn vị</p>"))
	return say(t.Context(), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", "--user-data-dir="+filepath.Join(dir, "chromium"),
		"--print-to-pdf="+out, "file://"+page)
}

// archiveByGhostscript gives Ghostscript the output profile of another PDF/A: the place of its own profiles differs by system.
func archiveByGhostscript(t *testing.T, dir, in, out string) string {
	profile, definition := filepath.Join(dir, "profile.icc"), filepath.Join(dir, "definition.ps")
	write(t, profile, outputProfile(t, in))
	write(t, definition, []byte(`%!
[/_objdef {icc} /type /stream /OBJ pdfmark
[{icc} << /N 3 >> /PUT pdfmark
[{icc} (`+profile+`) (r) file /PUT pdfmark
[/_objdef {intent} /type /dict /OBJ pdfmark
[{intent} << /Type /OutputIntent /S /GTS_PDFA1 /DestOutputProfile {icc} /OutputConditionIdentifier (sRGB) >> /PUT pdfmark
[{Catalog} << /OutputIntents [{intent}] >> /PUT pdfmark
`))
	return say(t.Context(), "gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", "-dPDFA=1", "-dPDFACompatibilityPolicy=1", "-sColorConversionStrategy=RGB",
		"--permit-file-read="+profile, "-o", out, definition, in)
}

func outputProfile(t *testing.T, path string) []byte {
	t.Helper()
	v := openView(t, read(t, path))
	o, err := v.Get("OutputIntents", 0, "DestOutputProfile")
	if err != nil {
		t.Fatal(err)
	}
	s, ok := o.(*pdf.Stream)
	if !ok {
		t.Fatalf("%s has no output profile: %v", path, o)
	}
	profile, _, err := v.Decode(s)
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

func openView(t *testing.T, b []byte) *pdf.View {
	t.Helper()
	d, err := pdf.Open(t.Context(), bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d.Latest()
}

// paper writes a PDF by hand, object by object.
type paper struct {
	bytes.Buffer
	offsets map[int]int
}

func newPaper(version string) *paper {
	p := &paper{offsets: map[int]int{}}
	p.WriteString("%PDF-" + version + "\n%\xe2\xe3\xcf\xd3\n")
	return p
}

func (p *paper) object(n int, body string) {
	p.offsets[n] = p.Len()
	fmt.Fprintf(p, "%d 0 obj\n%s\nendobj\n", n, body)
}

func (p *paper) stream(n int, dict, data string) {
	p.object(n, fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(data), data))
}

// entries are table entries of the objects from first to last.
func (p *paper) entries(first, last int) {
	for n := first; n <= last; n++ {
		fmt.Fprintf(p, "%010d 00000 n \n", p.offsets[n])
	}
}

func (p *paper) end(trailer string, startxref int) []byte {
	id := strings.Repeat("0123456789abcdef", 2)
	fmt.Fprintf(p, "trailer\n<< %s /ID [<%s> <%s>] >>\nstartxref\n%d\n%%%%EOF\n", trailer, id, id, startxref)
	return p.Bytes()
}

// hidden writes object 5, a stream that holds object 7, and object 6, the cross-reference stream for both
// (ISO 32000-2, 7.5.8.4).
func (p *paper) hidden(seven string) {
	p.stream(5, "/Type /ObjStm /N 1 /First 4", "7 0 "+seven)
	at := p.Len()
	entries := []byte{1, byte(at >> 8), byte(at), 0, 2, 0, 5, 0} // objects 6 and 7
	p.stream(6, "/Type /XRef /W [1 2 1] /Index [6 2] /Size 8 /Root 1 0 R", string(entries))
}

const helvetica = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"

// hybrid is a file whose font readers of PDF 1.4 do not see: it stands in an object stream that only the table's /XRefStm names.
func hybrid() []byte {
	p := newPaper("1.5")
	p.object(1, "<< /Type /Catalog /Pages 2 0 R >>")
	p.object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	p.object(3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 7 0 R >> >> >>")
	p.stream(4, "", "BT /F1 14 Tf 72 720 Td (A hybrid file) Tj ET")
	p.hidden(helvetica)
	table := p.Len()
	p.WriteString("xref\n0 7\n0000000000 65535 f \n")
	p.entries(1, 6)
	p.WriteString("7 1\n0000000000 65535 f \n")
	return p.end(fmt.Sprintf("/Size 8 /Root 1 0 R /XRefStm %d", p.offsets[6]), table)
}

// wordLike has the shape that Microsoft Word writes: tagged, the structure element in an object stream, and a second, empty section
// that names its cross-reference stream beside /Prev.
func wordLike() []byte {
	p := newPaper("1.7")
	p.object(1, "<< /Type /Catalog /Pages 2 0 R /Lang (vi-VN) /StructTreeRoot 8 0 R /MarkInfo << /Marked true >> >>")
	p.object(2, "<< /Type /Pages /Count 1 /Kids [3 0 R] >>")
	p.object(3, "<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 9 0 R >> /ProcSet [/PDF /Text] >> /MediaBox [0 0 595.32 841.92] "+
		"/Contents 4 0 R /Group << /Type /Group /S /Transparency /CS /DeviceRGB >> /Tabs /S /StructParents 0 >>")
	p.stream(4, "", "/P << /MCID 0 >> BDC BT /F1 12 Tf 72 720 Td (Kinh gui cac don vi) Tj ET EMC")
	p.hidden("<< /Type /StructElem /S /P /P 8 0 R /Pg 3 0 R /K 0 >>")
	p.object(8, "<< /Type /StructTreeRoot /K [7 0 R] /ParentTree << /Nums [0 [7 0 R]] >> /ParentTreeNextKey 1 >>")
	p.object(9, helvetica)
	table := p.Len()
	p.WriteString("xref\n0 10\n0000000007 65535 f \n")
	p.entries(1, 6)
	p.WriteString("0000000000 65535 f \n")
	p.entries(8, 9)
	p.end("/Size 10 /Root 1 0 R", table)
	section := p.Len()
	p.WriteString("xref\n0 0\n")
	return p.end(fmt.Sprintf("/Size 10 /Root 1 0 R /Prev %d /XRefStm %d", table, p.offsets[6]), section)
}

// scannerLike is a picture and nothing else, without /ID's cousin /Info and without fonts.
func scannerLike() []byte {
	picture := image.NewGray(image.Rect(0, 0, 620, 877)) // A4 at 75 dpi
	for i := range picture.Pix {
		picture.Pix[i] = byte(255 - i*i%23)
	}
	var data bytes.Buffer
	if err := jpeg.Encode(&data, picture, nil); err != nil {
		panic(err) // into memory
	}
	p := newPaper("1.3")
	p.object(1, "<< /Type /Catalog /Pages 2 0 R >>")
	p.object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	p.object(3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595.2 841.92] /Contents 4 0 R /Resources << /XObject << /Im0 5 0 R >> /ProcSet [/PDF /ImageB] >> >>")
	p.stream(4, "", "q 595.2 0 0 841.92 0 0 cm /Im0 Do Q")
	p.stream(5, "/Type /XObject /Subtype /Image /Width 620 /Height 877 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode", data.String())
	table := p.Len()
	p.WriteString("xref\n0 6\n0000000000 65535 f \n")
	p.entries(1, 5)
	return p.end("/Size 6 /Root 1 0 R", table)
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
