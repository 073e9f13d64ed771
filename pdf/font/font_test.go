package font_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-fonts/liberation/liberationsansregular"
	"github.com/go-fonts/liberation/liberationserifregular"
	"golang.org/x/text/unicode/norm"

	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/font"
)

// emptyPage is a file of one empty page.
func emptyPage() []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	var at []int
	for i, o := range []string{
		"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 2000 595]/Resources<<>>>>",
	} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	b.WriteString("xref\n0 4\n0000000000 65535 f \n")
	for _, o := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", start)
	return b.Bytes()
}

func page(t testing.TB) *pdf.Document {
	t.Helper()
	b := emptyPage()
	d, err := pdf.Open(context.Background(), bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// write shows lines on the page in face and returns the file.
func write(t testing.TB, face *font.Face, lines ...string) []byte {
	t.Helper()
	d := page(t)
	u, err := d.NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	e, err := font.Embed(u, face, lines...)
	if err != nil {
		t.Fatal(err)
	}
	content := "BT /F0 12 Tf 14 TL 20 560 Td\n"
	for _, l := range lines {
		content += e.Encode(l) + " Tj T*\n"
	}
	p, err := d.Latest().Page(1)
	if err != nil {
		t.Fatal(err)
	}
	p.Dict["Contents"] = u.Add(pdf.NewStream(pdf.Dict{}, []byte(content+"ET\n"), true))
	p.Dict["Resources"] = pdf.Dict{"Font": pdf.Dict{"F0": e.Ref}}
	if err := u.Set(p.Ref, p.Dict); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := u.WriteTo(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func peer(t testing.TB, name string, file []byte, args ...string) string {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	path := filepath.Join(t.TempDir(), "in.pdf")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		if a == "FILE" {
			args[i] = path
		}
	}
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}

// letters are the 134 letters of Vietnamese that ASCII does not have.
func letters() string {
	var all strings.Builder
	for _, vowel := range []string{"a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"} {
		for _, tone := range []string{"", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323"} {
			if l := norm.NFC.String(vowel + tone); len(l) > 1 {
				all.WriteString(l + strings.ToUpper(l))
			}
		}
	}
	return all.String() + "đĐ"
}

func TestPoppler(t *testing.T) {
	sentence := "Ủy ban nhân dân tỉnh: số 05/QĐ-UBND, ngày 21 tháng 11 năm 2026; “chữ ký số” – hợp lệ…"
	faces := map[string]*font.Face{"serif": font.Serif()}
	sans, err := font.Parse(liberationsansregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	faces["sans"] = sans
	if n := len([]rune(letters())); n != 134 {
		t.Fatalf("%d letters, want 134", n)
	}
	for name, face := range faces {
		t.Run("gives the text of "+name+" back", func(t *testing.T) {
			file := write(t, face, sentence, letters(), norm.NFD.String(sentence))
			said := peer(t, "pdftotext", file, "-layout", "FILE", "-")
			got := strings.Split(strings.TrimRight(said, "\n\f"), "\n")
			for i, want := range []string{sentence, letters(), sentence} {
				if i >= len(got) || strings.TrimSpace(got[i]) != want {
					t.Errorf("line %d: %q, want %q", i, got, want)
				}
			}
			fonts := strings.Split(strings.TrimSpace(peer(t, "pdffonts", file, "FILE")), "\n")
			if len(fonts) != 3 || !strings.Contains(fonts[2], "Identity-H       yes yes yes") {
				t.Errorf("pdffonts: %s", strings.Join(fonts, "\n"))
			}
			if said := peer(t, "qpdf", file, "--check", "FILE"); !strings.Contains(said, "No syntax or stream encoding errors found") {
				t.Error(said)
			}
		})
	}
}

// The whole font is 390 kB.
func TestASubsetIsSmallAndTheSameEachTime(t *testing.T) {
	first, second := write(t, font.Serif(), "Đã ký"), write(t, font.Serif(), "Đã ký")
	if !bytes.Equal(first, second) {
		t.Error("two subsets of one text differ")
	}
	if len(first) > 20_000 {
		t.Errorf("%d bytes", len(first))
	}
	if bytes.Equal(first, write(t, font.Serif(), "Đã ký.")) {
		t.Error("subsets of two texts are the same")
	}
}

func TestMissingCharactersAreNamedOnce(t *testing.T) {
	u, err := page(t).NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	_, err = font.Embed(u, font.Serif(), "chữ 漢 và 漢字")
	if !errors.Is(err, font.ErrGlyph) || strings.Count(err.Error(), "漢") != 1 || !strings.Contains(err.Error(), "字") {
		t.Errorf("got %v", err)
	}
}

func TestWidthIsThatOfTimes(t *testing.T) {
	if w := font.Serif().Width("A\u030a", 1000); w < 721 || w > 723 { // Å, as Times-Roman has it
		t.Errorf("Å is %g wide", w)
	}
	if w := font.Serif().Width("0123456789", 10); w != 50 {
		t.Errorf("digits are %g wide", w)
	}
}

func TestBrokenFontsAreRefused(t *testing.T) {
	ttf := liberationserifregular.TTF
	for name, data := range map[string][]byte{
		"nothing": nil, "another format": []byte("OTTO\x00\x01\x00\x00\x00\x00\x00\x00"), "cut in its directory": ttf[:60], "cut in its tables": ttf[:len(ttf)/2],
	} {
		if _, err := font.Parse(data); !errors.Is(err, font.ErrFont) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(liberationserifregular.TTF[:4096], 0, []byte{0xff})
	f.Add([]byte(nil), 4, []byte{0, 3})
	f.Add([]byte(nil), 5000, []byte{0xff, 0xff, 0xff, 0xff})
	doc := page(f)
	f.Fuzz(func(t *testing.T, data []byte, at int, patch []byte) {
		if len(data) == 0 { // a whole font with one spot broken
			data = bytes.Clone(liberationserifregular.TTF)
			copy(data[max(0, min(at, len(data))):], patch)
		}
		face, err := font.Parse(data)
		if err != nil {
			return
		}
		u, err := doc.NewUpdate()
		if err != nil {
			t.Fatal(err)
		}
		face.Width("Ủy ban", 12)
		_, _ = font.Embed(u, face, "Ủy ban") // must return
	})
}

func ExampleEmbed() {
	file := emptyPage()
	d, err := pdf.Open(context.Background(), bytes.NewReader(file), int64(len(file)), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	u, err := d.NewUpdate()
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := font.Embed(u, font.Serif(), "Đã ký")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("BT /F0 10 Tf %s Tj ET\n", e.Encode("ký"))
	// Output: BT /F0 10 Tf <004E00BF> Tj ET
}
