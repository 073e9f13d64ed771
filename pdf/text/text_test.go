package text_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/font"
	"github.com/antinvn/antin/pdf/text"
)

// file is a document with these page attributes and contents, one page each; fonts are /H Helvetica and /T Times, objects 4 and 5,
// and objects follow from 6.
func file(attributes string, contents []string, objects ...string) []byte {
	kids := ""
	base := 6 + len(objects)
	for i := range contents {
		kids += fmt.Sprintf("%d 0 R ", base+2*i)
	}
	all := append([]string{
		"<</Type/Catalog/Pages 2 0 R>>", fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(contents), kids),
		"<</Font<</H 4 0 R/T 5 0 R/F 6 0 R>>/XObject<</X 6 0 R>>>>",
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>", "<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>",
	}, objects...)
	for i, c := range contents {
		all = append(all, fmt.Sprintf("<</Type/Page/Parent 2 0 R/Resources 3 0 R/Contents %d 0 R%s>>", base+2*i+1, attributes), stream("", c))
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	var at []int
	for i, o := range all {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(all)+1)
	for _, o := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(all)+1, start)
	return b.Bytes()
}

func stream(entries, data string) string {
	return fmt.Sprintf("<<%s/Length %d>>stream\n%s\nendstream", entries, len(data), data)
}

func view(t testing.TB, b []byte) *pdf.View {
	t.Helper()
	d, err := pdf.Open(context.Background(), bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d.Latest()
}

func lines(t testing.TB, b []byte) []text.Line {
	t.Helper()
	l, err := text.Lines(t.Context(), view(t, b), 1)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

const a4 = "/MediaBox[0 0 595 842]"

func TestOperatorsPlaceText(t *testing.T) {
	for _, c := range []struct {
		name, content string
		want          []string
		x, y          float64 // of the first line's left end and base line
	}{
		{"Td moves from the line's start", "BT /H 10 Tf 100 700 Td (a) Tj 0 -20 Td (b) Tj ET", []string{"a", "b"}, 100, 700},
		{"TD sets the leading that T* uses", "BT /H 10 Tf 100 700 TD (a) Tj 0 -15 TD (b) Tj T* (c) Tj ET", []string{"a", "b", "c"}, 100, 700},
		{"Tm and cm are joined", "q 2 0 0 2 10 20 cm BT /H 10 Tf 1 0 0 1 50 60 Tm (a) Tj ET Q", []string{"a"}, 110, 140},
		{"Q brings the matrix back", "q 2 0 0 2 0 0 cm Q BT /H 10 Tf 50 60 Td (a) Tj ET", []string{"a"}, 50, 60},
		{"' and \" go to the next line", "BT /H 10 Tf 12 TL 100 700 Td (a) Tj (b) ' 1 2 (c) \" ET", []string{"a", "b", "c"}, 100, 700},
		{"TJ's numbers part words", "BT /H 10 Tf 100 700 Td [(Ky) 20 (so) -400 (so)] TJ ET", []string{"Kyso so"}, 100, 700},
		{"runs on one base line are one line", "BT /H 10 Tf 200 700 Td (b) Tj ET BT /T 12 Tf 100 700 Td (a) Tj ET", []string{"a b"}, 100, 700},
		{"text drawn twice to look bold is read once", "BT /H 10 Tf 100 700 Td (ab) Tj 0.3 0 Td (ab) Tj ET", []string{"ab"}, 100, 700},
		{"an inline image is passed over", "BI /W 1 /H 1 /BPC 8 /CS /G ID ( EI BT /H 10 Tf 100 700 Td (a) Tj ET", []string{"a"}, 100, 700},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := lines(t, file(a4, []string{c.content}))
			var texts []string
			for _, l := range got {
				texts = append(texts, l.Text)
			}
			if fmt.Sprint(texts) != fmt.Sprint(c.want) {
				t.Fatalf("%q, want %q", texts, c.want)
			}
			g := got[0].Glyphs[0]
			if y := g.Rect.Y0 + 0.22*g.Size; math.Abs(g.Rect.X0-c.x) > 0.01 || math.Abs(y-c.y) > 0.01 {
				t.Errorf("at %g %g, want %g %g", g.Rect.X0, y, c.x, c.y)
			}
		})
	}
}

func TestWidthsOfStandardFontsAreKnown(t *testing.T) {
	got := lines(t, file(a4, []string{"BT /H 1000 Tf (Wi) Tj /T 1000 Tf (W) Tj ET"}))[0]
	if w := got.Rect.X1 - got.Rect.X0; w != 944+222+944 {
		t.Errorf("%g wide", w)
	}
}

// Places are those of the page as it is shown.
func TestPlacesFollowThePage(t *testing.T) {
	const content = "BT /H 10 Tf 120 230 Td (a) Tj ET" // 20 right of and 30 above the crop box's corner
	const crop = "/MediaBox[0 0 800 800]/CropBox[100 200 500 700]"
	for _, c := range []struct {
		attributes string
		x, y       float64 // of the start of the base line
	}{
		{crop, 20, 30}, {crop + "/Rotate 90", 30, 400 - 20}, {crop + "/Rotate 180", 400 - 20, 500 - 30}, {crop + "/Rotate 270", 500 - 30, 20},
		{crop + "/UserUnit 2", 40, 60},
	} {
		r := lines(t, file(c.attributes, []string{content}))[0].Rect
		near := func(a, b float64) bool { return math.Abs(a-b) < 9*2 }
		if !(near(r.X0, c.x) && near(r.X1, c.x) && near(r.Y0, c.y) && near(r.Y1, c.y)) {
			t.Errorf("%s: %v, want near %g %g", c.attributes, r, c.x, c.y)
		}
	}
}

func TestFormsAreReadInTheirPlace(t *testing.T) {
	form := stream("/Type/XObject/Subtype/Form/BBox[0 0 100 100]/Matrix[1 0 0 1 5 6]", "BT /H 10 Tf 10 20 Td (a) Tj ET /X Do")
	got := lines(t, file(a4, []string{"q 1 0 0 1 100 100 cm /X Do Q BT /H 10 Tf 300 50 Td (b) Tj ET"}, form))
	if first := got[len(got)-2].Glyphs[0]; first.Text != "a" || math.Abs(first.Rect.X0-115) > 0.01 {
		t.Errorf("%+v", first)
	}
	if len(got) != 12+1 { // a form that draws itself ends at the limit of depth
		t.Errorf("%d lines", len(got))
	}
}

func TestFontsSayTheirText(t *testing.T) {
	for _, c := range []struct{ name, font, shown, want string }{
		{
			"by names of glyphs", "<</Type/Font/Subtype/Type1/BaseFont/A/FirstChar 1/Widths[500 500 500 500]" +
				"/Encoding<</Differences[1/Dcroat/uni1EA1/ohornhookabove/u0069]>>>>", "<01020304>", "Đạởi",
		},
		{"by MacRoman", "<</Type/Font/Subtype/TrueType/BaseFont/A/FirstChar 0/Widths[]/Encoding/MacRomanEncoding>>", "<8e>", "é"},
		{"by WinAnsi", "<</Type/Font/Subtype/TrueType/BaseFont/A/FirstChar 0/Widths[]/Encoding/WinAnsiEncoding>>", "<85>", "…"},
		{
			"by ToUnicode of a composite font", "<</Type/Font/Subtype/Type0/BaseFont/A/Encoding/Identity-H/DescendantFonts[<</DW 500/W[1[300 300]3 9 400]>>]/ToUnicode 7 0 R>>",
			"<000100020005>", "ĐạỨ",
		},
		{
			"by ToUnicode of a simple font, before its encoding",
			"<</Type/Font/Subtype/TrueType/BaseFont/A/FirstChar 1/Widths[500 500 500 500 500]/Encoding/WinAnsiEncoding/ToUnicode 7 0 R>>", "<0105>", "ĐỨ",
		},
		{
			"by ToUnicode of a Type 3 font", "<</Type/Font/Subtype/Type3/FontBBox[0 0 50 50]/FontMatrix[0.01 0 0 0.01 0 0]/FirstChar 1/LastChar 5" +
				"/Widths[50 50 50 50 50]/CharProcs<<>>/Encoding<</Differences[1/a/b]>>/ToUnicode 7 0 R>>", "<0105>", "ĐỨ",
		},
		{
			"by ToUnicode of a composite font whose codes are of one byte", "<</Type/Font/Subtype/Type0/BaseFont/A/Encoding 8 0 R/DescendantFonts[<</DW 500>>]/ToUnicode 7 0 R>>",
			"<0105>", "ĐỨ",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmap := stream("", "1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfchar <0001> <0110> endbfchar "+
				"2 beginbfrange <0002> <0003> [<1EA1> <0061>] <0004> <0006> <1EE7> endbfrange 1 beginbfchar <0005> <005500310031> endbfchar "+
				"1 beginbfchar <0005> <1EE8> endbfchar")
			got := lines(t, file(a4, []string{"BT /F 10 Tf 100 700 Td " + c.shown + " Tj ET"}, c.font, cmap,
				stream("/Type/CMap/CMapName/One", "1 begincodespacerange <00> <ff> endcodespacerange 1 begincidrange <00> <ff> 0 endcidrange")))
			if len(got) != 1 || got[0].Text != c.want {
				t.Errorf("%+v, want %q", got, c.want)
			}
		})
	}
}

// written shows a line on the first page in an embedded font.
func written(t testing.TB, u *pdf.Update, line string) []byte {
	t.Helper()
	e, err := font.Embed(u, font.Serif(), line)
	if err != nil {
		t.Fatal(err)
	}
	p, err := u.Base().Page(1)
	if err != nil {
		t.Fatal(err)
	}
	p.Dict["Contents"] = u.Add(pdf.NewStream(pdf.Dict{}, []byte("BT /F0 12 Tf 50 50 Td "+e.Encode(line)+" Tj ET"), true))
	p.Dict["Resources"] = pdf.Dict{"Font": pdf.Dict{"F0": e.Ref}}
	if err := u.Set(p.Ref, p.Dict); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := u.WriteTo(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAnAnchorIsComparedInNFC(t *testing.T) {
	u, err := view(t, file(a4, []string{""})).Document().NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	m, err := text.Find(t.Context(), view(t, written(t, u, "Ủy ban nhân dân tỉnh")), "Ủyban  nha\u0302n") // decomposed, other white space
	if err != nil {
		t.Fatal(err)
	}
	if w := m.Rect.X1 - m.Rect.X0; math.Abs(w-font.Serif().Width("Ủy ban nhân", 12)) > 0.1 {
		t.Errorf("%g wide", w)
	}
}

func TestAnAnchorIsFoundOnceOrNot(t *testing.T) {
	v := view(t, file(a4, []string{"BT /H 10 Tf 100 700 Td (KT. CHU TICH) Tj 0 -100 Td (Other) Tj ET", "BT /H 10 Tf 50 60 Td (KT.  CHU  TICH) Tj ET"}))
	if m, err := text.Find(t.Context(), v, "Other"); err != nil || m.Page != 1 {
		t.Errorf("%+v %v", m, err)
	}
	if m, err := text.Find(t.Context(), v, "KT. CHU TICH#2"); err != nil || m.Page != 2 || math.Abs(m.Rect.X0-50) > 0.01 {
		t.Errorf("%+v %v", m, err)
	}
	_, err := text.Find(t.Context(), v, "KT. CHU TICH")
	if !errors.Is(err, text.ErrAmbiguousAnchor) || !strings.Contains(err.Error(), "page 1") || !strings.Contains(err.Error(), "page 2") {
		t.Errorf("several hits: %v", err)
	}
	for _, missing := range []string{"KT. CHU TICH#3", "Nobody"} {
		if _, err := text.Find(t.Context(), v, missing); !errors.Is(err, text.ErrNoAnchor) {
			t.Errorf("%s: %v", missing, err)
		}
	}
}

func TestGapsOfSeveralProducers(t *testing.T) {
	for name, want := range map[string]string{
		"testdata/blank-libreoffice.pdf": "number day month", "testdata/blank-chromium.pdf": "number day month", "testdata/blank-ghostscript.pdf": "number day month",
		"testdata/dots-libreoffice.pdf": "number day month year", "testdata/dots-chromium.pdf": "number day month year",
		"testdata/dots-ghostscript.pdf": "number day month year", "../../cmd/antin/assets/decision.pdf": "number day month",
	} {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			v := view(t, b)
			gaps, err := text.Gaps(t.Context(), v)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, g := range gaps {
				names = append(names, g.Name)
				if w := g.Rect.X1 - g.Rect.X0; g.Page != 1 || w < 12 || w > 80 || g.Size < 7 || g.Size > 15 {
					t.Errorf("%+v is %g wide", g, w)
				}
			}
			if got := strings.Join(names, " "); got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if _, err := text.Find(t.Context(), v, "KT. CHỦ TỊCH"); err != nil {
				t.Error(err)
			}
		})
	}
}

// Word shows each run of a line by itself, its letters spaced by TJ, blanks as glyphs of the font or as nothing but a move: "Số:" in
// one column of the head, place and date in the other, on one base line.
func TestGapsOfFilesLikeWords(t *testing.T) {
	run := func(e *font.Embedded, x, y float64, s string) string {
		shown := ""
		for i, r := range []rune(s) {
			if i > 0 {
				shown += fmt.Sprintf(" %d ", i%3-1)
			}
			shown += e.Encode(string(r))
		}
		return fmt.Sprintf("/P <</MCID 0>> BDC q BT /F0 13 Tf 1 0 0 1 %g %g Tm [%s] TJ ET Q EMC\n", x, y, shown)
	}
	for name, c := range map[string]struct {
		runs []string // each shown where the one before ends; "|" and a number moves there
		want string
	}{
		"blanks":               {[]string{"Số:", "      ", "/2026/QĐ-UBND", "|320", "Huấn Luyện, ngày", "     ", "tháng", "     ", "năm 2026"}, "number day month"},
		"no-break spaces":      {[]string{"Số:", "\u00a0\u00a0\u00a0\u00a0", "/QĐ-UBND", "|320", "ngày\u00a0\u00a0\u00a0\u00a0tháng\u00a0\u00a0\u00a0\u00a0năm 2026"}, "number day month"},
		"moves alone":          {[]string{"Số:", "|85", "/2026/QĐ-UBND", "|320", "ngày", "|370", "tháng", "|430", "năm 2026"}, "number day month"},
		"leaders":              {[]string{"Số:", "……", "…/2026/QĐ-UBND", "|320", "ngày ……. tháng ……. năm ………"}, "number day month year"},
		"full stops":           {[]string{"Số: ....", ".../QĐ-UBND", "|320", "ngày ..... tháng ..... năm 2026"}, "number day month"},
		"a blank before colon": {[]string{"Số :", "      /2026/QĐ-UBND"}, "number"},
		"a Party body":         {[]string{"Số", "      ", "-QĐ/TU", "|320", "ngày      tháng      năm 2026"}, "number day month"},
		"capitals":             {[]string{"SỐ: ", "…… /UBND"}, "number"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := view(t, file(a4, []string{""})).Document().NewUpdate()
			if err != nil {
				t.Fatal(err)
			}
			e, err := font.Embed(u, font.Serif(), c.runs...)
			if err != nil {
				t.Fatal(err)
			}
			content, x := "", 50.0
			for _, r := range c.runs {
				if at, ok := strings.CutPrefix(r, "|"); ok {
					x, err = strconv.ParseFloat(at, 64)
					if err != nil {
						t.Fatal(err)
					}
					continue
				}
				content += run(e, x, 700, r)
				x += font.Serif().Width(r, 13)
			}
			p, err := u.Base().Page(1)
			if err != nil {
				t.Fatal(err)
			}
			p.Dict["Contents"], p.Dict["Resources"] = u.Add(pdf.NewStream(pdf.Dict{}, []byte(content), true)), pdf.Dict{"Font": pdf.Dict{"F0": e.Ref}}
			if err := u.Set(p.Ref, p.Dict); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if _, err := u.WriteTo(t.Context(), &out); err != nil {
				t.Fatal(err)
			}
			gaps, err := text.Gaps(t.Context(), view(t, out.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, g := range gaps {
				names = append(names, g.Name)
				if w := g.Rect.X1 - g.Rect.X0; w < 12 || w > 60 || g.Rect.Y0 > 700 || g.Rect.Y1 < 706 {
					t.Errorf("%+v", g)
				}
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// A value stands on the dots as if it were written by hand, not in them; on underscores and blanks it stands on the line.
func TestAValueStandsOnTheDots(t *testing.T) {
	d := view(t, file(a4, []string{""})).Document()
	for line, lifted := range map[string]bool{
		"Số: ....../QĐ-UBND": true, "Số: ……/QĐ-UBND": true, "Số: ______/QĐ-UBND": false, "Số:            /QĐ-UBND": false,
	} {
		u, err := d.NewUpdate()
		if err != nil {
			t.Fatal(err)
		}
		v := view(t, written(t, u, line))
		gaps, err := text.Gaps(t.Context(), v)
		if err != nil || len(gaps) != 1 {
			t.Fatalf("%s: %v %v", line, gaps, err)
		}
		all, err := text.Lines(t.Context(), v, 1)
		if err != nil {
			t.Fatal(err)
		}
		// A full stop is a tenth of the font size high.
		if up := (gaps[0].Rect.Y0 - all[0].Glyphs[0].Rect.Y0) / 12; lifted && up < 0.1 || !lifted && up != 0 || up > 0.15 {
			t.Errorf("%s: %.2f of the font size above the line", line, up)
		}
	}
}

func TestWhatIsFilledInIsNoGap(t *testing.T) {
	d := view(t, file(a4, []string{""})).Document()
	for name, line := range map[string]string{
		"a number": "Số: 05/2026/QĐ-UBND", "a number with a hyphen": "Số 05-QĐ/TU", "a range": "số 3-5", "a date": "ngày 01 tháng 02 năm 2026", "a word that ends alike": "Hệ số: 05", "running text that ends in a year": "từ ngày ký và hằng năm ",
	} {
		u, err := d.NewUpdate()
		if err != nil {
			t.Fatal(err)
		}
		if gaps, err := text.Gaps(t.Context(), view(t, written(t, u, line))); err != nil || len(gaps) != 0 {
			t.Errorf("%s: %v %v", name, gaps, err)
		}
	}
}

func TestReadingIsCancelled(t *testing.T) {
	v := view(t, file(a4, []string{strings.Repeat("q Q ", 20_000)}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := text.Lines(ctx, v, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func FuzzLines(f *testing.F) {
	f.Add([]byte("BT /H 10 Tf 100 700 Td [(Ky) 20 (so)] TJ ET"), []byte("<</Type/Font/Subtype/Type0/DescendantFonts[<</W[0 99999999 1]>>]/Encoding 7 0 R>>"), []byte("1 begincidrange <0000> <ffff> 0 endcidrange"))
	f.Add([]byte("/X Do q 1e38 0 0 1e38 0 0 cm BT /F 1e30 Tf (a) Tj ET"), []byte("<</Subtype/Type3/FontMatrix[1 0 0 1 0 0]/Widths[1]>>"), []byte("1 beginbfrange <00> <ffffffff> <0000> endbfrange"))
	f.Fuzz(func(_ *testing.T, content, object, cmap []byte) {
		b := file(a4, []string{string(content)}, string(object), stream("", string(cmap)))
		d, err := pdf.Open(context.Background(), bytes.NewReader(b), int64(len(b)), nil)
		if err != nil {
			return
		}
		_, _ = text.Lines(context.Background(), d.Latest(), 1) // must return
		_, _ = text.Gaps(context.Background(), d.Latest())
	})
}

func ExampleFind() {
	b := file(a4, []string{"BT /H 10 Tf 100 700 Td (KT. GIAM DOC) Tj ET"})
	d, err := pdf.Open(context.Background(), bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := text.Find(context.Background(), d.Latest(), "KT. GIAM DOC")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("page %d, %.0f points from the left\n", m.Page, m.Rect.X0)
	// Output: page 1, 100 points from the left
}
