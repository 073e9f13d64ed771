package pdf_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/antinvn/antin/pdf"
)

// tableFile is a file with a classic cross-reference: objects 1 to n, and the lines and trailer entries given.
func tableFile(head string, trailer string, objects ...string) []byte {
	b := bytes.NewBufferString(head + "%PDF-1.6\n%\xe2\xe3\xcf\xd3\n")
	lines := "0000000000 65535 f \n"
	for i, o := range objects {
		if o == "" {
			lines += "0000000000 00007 f \n"
			continue
		}
		lines += fmt.Sprintf("%010d 00000 n \n", b.Len()-len(head))
		fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len() - len(head)
	fmt.Fprintf(b, "xref\n0 %d\n%strailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, lines, len(objects)+1, trailer, at)
	return b.Bytes()
}

var onePage = []string{
	"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
	"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>", "<< /Title (cũ) >>",
}

// updated appends a revision in which the page has a note, and returns the whole and what was appended.
func updated(t *testing.T, base []byte) (all, tail []byte) {
	t.Helper()
	d, err := opened(t, base, "")
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	page, err := d.Latest().Page(1)
	if err != nil {
		t.Fatal(err)
	}
	page.Dict["Note"] = u.Add(pdf.String("mới"))
	if err := u.Set(page.Ref, page.Dict); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := u.WriteTo(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(out.Bytes(), base) {
		t.Fatal("the base's bytes are not kept")
	}
	after, err := opened(t, out.Bytes(), "")
	if err != nil {
		t.Fatal(err)
	}
	if o, err := after.Latest().Get("Pages", "Kids", 0, "Note"); err != nil || o != pdf.String("mới") {
		t.Fatalf("the note is %v, %v", o, err)
	}
	return out.Bytes(), out.Bytes()[len(base):]
}

// byQPDF turns a file into another shape.
func byQPDF(t *testing.T, b []byte, options ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("qpdf"); err != nil {
		t.Skip("qpdf is not installed")
	}
	in, out := filepath.Join(t.TempDir(), "in.pdf"), filepath.Join(t.TempDir(), "out.pdf")
	if err := os.WriteFile(in, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if words, err := exec.CommandContext(t.Context(), "qpdf", append(options, in, out)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, words)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// checkedByQPDF holds that qpdf --check has nothing to say.
func checkedByQPDF(t *testing.T, b []byte, options ...string) {
	t.Helper()
	if _, err := exec.LookPath("qpdf"); err != nil {
		return
	}
	name := filepath.Join(t.TempDir(), "file.pdf")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if words, err := exec.CommandContext(t.Context(), "qpdf", append(options, "--check", name)...).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, words)
	}
}

func TestAnUpdateContinuesTheFile(t *testing.T) {
	const trailer = "/Info 4 0 R /ID [<0102> <0304>]"
	table := tableFile("", trailer, onePage...)
	t.Run("a table follows a table", func(t *testing.T) {
		all, tail := updated(t, table)
		if !bytes.Contains(tail, []byte("\nxref\n")) || bytes.Contains(tail, []byte("/XRef")) {
			t.Errorf("%s", tail)
		}
		checkedByQPDF(t, all)
	})
	t.Run("a stream follows a stream", func(t *testing.T) {
		all, tail := updated(t, byQPDF(t, table, "--object-streams=generate"))
		if bytes.Contains(tail, []byte("\nxref\n")) || !bytes.Contains(tail, []byte("/XRef")) {
			t.Errorf("%s", tail)
		}
		if bytes.Contains(tail, []byte("/ObjStm")) || !bytes.Contains(tail, []byte(" 0 obj\n<<")) {
			t.Error("an object of a stream is not written as a plain one")
		}
		checkedByQPDF(t, all)
	})
	t.Run("a linearised file is continued", func(t *testing.T) {
		all, _ := updated(t, byQPDF(t, table, "--linearize"))
		d, err := opened(t, all, "")
		if err != nil || len(d.Revisions()) != 2 {
			t.Fatalf("%v: %v", d.Revisions(), err)
		}
	})
	t.Run("Prev, Size, Info and the first ID are kept, the second ID changes", func(t *testing.T) {
		_, tail := updated(t, table)
		prev := regexp.MustCompile(`startxref\n(\d+)`).FindSubmatch(table)[1]
		for _, want := range []string{"/Prev " + string(prev), "/Size 6", "/Info 4 0 R", "/Root 1 0 R"} {
			if !bytes.Contains(tail, []byte(want)) {
				t.Errorf("%s is missing: %s", want, tail)
			}
		}
		d, err := opened(t, append(bytes.Clone(table), tail...), "")
		if err != nil {
			t.Fatal(err)
		}
		id, err := d.Latest().Array(d.Latest().Trailer()["ID"])
		if err != nil || len(id) != 2 || id[0] != pdf.String("\x01\x02") || id[1] == pdf.String("\x03\x04") {
			t.Errorf("the ID is %q, %v", id, err)
		}
	})
	t.Run("lines are twenty bytes", func(t *testing.T) {
		_, tail := updated(t, table)
		lines := regexp.MustCompile(`(?m)^\d{10} \d{5} [nf] \n`).FindAll(tail, -1)
		if len(lines) != 2 {
			t.Errorf("%d lines: %s", len(lines), tail)
		}
	})
	t.Run("freed numbers are not used again", func(t *testing.T) {
		_, tail := updated(t, tableFile("", "", append(append([]string{}, onePage...), "")...))
		if bytes.Contains(tail, []byte("\n5 0 obj")) || !bytes.Contains(tail, []byte("6 0 obj")) {
			t.Errorf("%s", tail)
		}
	})
	t.Run("generations are kept", func(t *testing.T) {
		b := bytes.Replace(table, []byte("\n3 0 obj"), []byte("\n3 2 obj"), 1)
		b = bytes.Replace(b, []byte("3 0 R"), []byte("3 2 R"), 1)
		lines := strings.SplitAfter(string(b), "\n")
		for i, l := range lines {
			if strings.HasPrefix(l, "0 5") {
				lines[i+4] = strings.Replace(lines[i+4], " 00000 n", " 00002 n", 1)
			}
		}
		_, tail := updated(t, []byte(strings.Join(lines, "")))
		if !bytes.Contains(tail, []byte("3 2 obj")) || !bytes.Contains(tail, []byte(" 00002 n")) {
			t.Errorf("%s", tail)
		}
	})
	t.Run("offsets count from a header that is not at the start", func(t *testing.T) {
		base := tableFile("junk before\n", "", onePage...)
		all, _ := updated(t, base)
		checkedByQPDF(t, all)
	})
	t.Run("a line end is added where it is missing", func(t *testing.T) {
		all, tail := updated(t, bytes.TrimSuffix(table, []byte("\n")))
		if tail[0] != '\n' {
			t.Errorf("%q", tail[:10])
		}
		checkedByQPDF(t, all)
	})
	t.Run("text behind the end is no obstacle", func(t *testing.T) {
		all, _ := updated(t, append(bytes.Clone(table), "\r\nsent by mail\r\n"...))
		checkedByQPDF(t, all)
	})
	t.Run("Encrypt is carried over and strings are encrypted", func(t *testing.T) {
		_, tail := updated(t, byQPDF(t, table, "--encrypt", "", "owner", "256", "--"))
		if !bytes.Contains(tail, []byte("/Encrypt")) || bytes.Contains(tail, []byte(pdf.EncodeTextString("mới"))) {
			t.Errorf("%q", tail)
		}
	})
	t.Run("a damaged cross-reference is replaced by a complete one", func(t *testing.T) {
		all, tail := updated(t, bytes.Replace(table, []byte("startxref\n"), []byte("startxref\n9"), 1))
		if bytes.Contains(tail, []byte("/Prev")) || !bytes.Contains(tail, []byte("xref\n0 6\n0000000000 65535 f \n")) {
			t.Errorf("%s", tail)
		}
		checkedByQPDF(t, all)
	})
}

// Other readers look for the last startxref in the last kilobyte; where objects stand behind it they rebuild the cross-reference,
// and show those. So do we.
func TestObjectsBehindTheLastCrossReferenceCount(t *testing.T) {
	base := tableFile("", "", onePage...)
	later := "3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>\nendobj\n"
	for name, c := range map[string]struct {
		behind  string
		rebuilt bool
		side    float64
	}{
		"an object and more than a kilobyte": {later + "%" + strings.Repeat("x", 1024) + "\n", true, 200},
		"a kilobyte without objects":         {"sent by mail " + strings.Repeat("x", 2048), false, 100},
		"an object in the last kilobyte":     {later, false, 100},
	} {
		t.Run(name, func(t *testing.T) {
			all, tail := updated(t, append(bytes.Clone(base), c.behind...))
			d, err := opened(t, append(bytes.Clone(base), c.behind...), "")
			if err != nil || d.Rebuilt() != c.rebuilt {
				t.Fatalf("rebuilt %v, %v", d.Rebuilt(), err)
			}
			if d, err = opened(t, all, ""); err != nil {
				t.Fatal(err)
			}
			if p, err := d.Latest().Page(1); err != nil || p.MediaBox.X1 != c.side || bytes.Contains(tail, []byte("/Prev")) == c.rebuilt {
				t.Errorf("%+v, %v: %s", p, err, tail)
			}
			checkedByQPDF(t, all)
		})
	}
}

// A hybrid file's stream hides objects from readers that know tables only; an update brings a table, as the file has.
func TestAHybridFileIsReadByItsStreamAndContinuedByATable(t *testing.T) {
	b := bytes.NewBufferString("%PDF-1.5\n")
	offset := map[int]int{}
	add := func(n int, o string) {
		offset[n] = b.Len()
		fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", n, o)
	}
	add(1, onePage[0])
	add(2, onePage[1])
	add(3, onePage[2])
	inside := "4 0 << /Hidden true >>"
	add(5, fmt.Sprintf("<< /Type /ObjStm /N 1 /First 4 /Length %d >>\nstream\n%s\nendstream", len(inside), inside))
	add(6, "<< /Type /XRef /Size 7 /W [1 1 1] /Index [4 1] /Root 1 0 R /Length 3 >>\nstream\n\x02\x05\x00\nendstream")
	at := b.Len()
	fmt.Fprintf(b, "xref\n0 4\n0000000000 65535 f \n%010d 00000 n \n%010d 00000 n \n%010d 00000 n \n4 3\n0000000000 00000 f \n%010d 00000 n \n%010d 00000 n \n"+
		"trailer\n<< /Size 7 /Root 1 0 R /XRefStm %d >>\nstartxref\n%d\n%%%%EOF\n", offset[1], offset[2], offset[3], offset[5], offset[6], offset[6], at)
	all, tail := updated(t, b.Bytes())
	if !bytes.Contains(tail, []byte("\nxref\n")) {
		t.Errorf("%s", tail)
	}
	d, err := opened(t, all, "")
	if err != nil {
		t.Fatal(err)
	}
	if o, err := d.Latest().Dict(pdf.Ref{Number: 4}); err != nil || o["Hidden"] != true {
		t.Errorf("the hidden object is %v, %v", o, err)
	}
	checkedByQPDF(t, all)
}

func TestHostileFilesGetAClearError(t *testing.T) {
	deep := strings.Repeat("[", 10_000)
	for name, c := range map[string]struct {
		b    []byte
		code error
	}{
		"nothing":                    {nil, pdf.ErrNotPDF},
		"no header":                  {[]byte("hello"), pdf.ErrNotPDF},
		"a header and no more":       {[]byte("%PDF-1.7\n"), pdf.ErrDamaged},
		"nested too deeply":          {tableFile("", "/X "+deep, onePage...), nil},
		"a cycle of cross-reference": {bytes.Replace(tableFile("", "/Prev 00000", onePage...), []byte("/Prev 00000"), []byte("/Prev 00271"), 1), nil},
		"pages in a circle":          {tableFile("", "", onePage[0], "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := opened(t, c.b, "")
			if c.code != nil && !errors.Is(err, c.code) {
				t.Errorf("%v", err)
			}
			if err == nil {
				_, _ = d.Latest().PageRefs()
			}
		})
	}
}

// Cut off anywhere, a file is a document or a clear error.
func TestAFileCutOffAnywhere(t *testing.T) {
	b := tableFile("", "/Info 4 0 R", onePage...)
	for n := range b {
		d, err := opened(t, b[:n], "")
		if err == nil {
			_, _ = d.Latest().Page(1)
			continue
		}
		if !errors.Is(err, pdf.ErrDamaged) && !errors.Is(err, pdf.ErrNotPDF) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestStreamsAreDecodedUnderABound(t *testing.T) {
	var zeros bytes.Buffer
	for range 1 << 20 {
		zeros.WriteByte('0')
	}
	b := byQPDF(t, tableFile("", "", append(append([]string{}, onePage...), fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", zeros.Len(), zeros.Bytes()))...),
		"--compress-streams=y", "--keep-files-open=y", "--preserve-unreferenced")
	d, err := pdf.Open(t.Context(), bytes.NewReader(b), int64(len(b)), &pdf.Options{Limits: pdf.Limits{StreamBytes: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 10 {
		s, err := d.Latest().Stream(pdf.Ref{Number: n})
		if err != nil || s == nil {
			continue
		}
		if _, _, err := d.Latest().Decode(s); !errors.Is(err, pdf.ErrLimit) {
			t.Errorf("%v", err)
		}
		return
	}
	t.Fatal("the stream is gone")
}

func TestTextStrings(t *testing.T) {
	for text, want := range map[string]string{
		"Decision":   "Decision",
		"Quyết định": "\xfe\xff\x00Q\x00u\x00y\x1e\xbf\x00t\x00 \x01\x11\x1e\xcb\x00n\x00h",
	} {
		if got := string(pdf.EncodeTextString(text)); got != want || pdf.TextString(pdf.String(got)) != text {
			t.Errorf("%q is %q", text, got)
		}
	}
	for b, want := range map[string]string{"\xef\xbb\xbfẤn": "Ấn", "\x80": "•", "\xfe\xff\x1e\xa4": "Ấ"} {
		if got := pdf.TextString(pdf.String(b)); got != want {
			t.Errorf("%q reads %q", b, got)
		}
	}
}
