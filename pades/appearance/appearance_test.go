package appearance_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
)

// file is a document of one page with these page attributes and further catalog entries; objects follow from number 4.
func file(attributes, catalog string, objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	all := append([]string{
		"<</Type/Catalog/Pages 2 0 R" + catalog + ">>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/Resources<<>>" + attributes + ">>",
	}, objects...)
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
	const id = "<00112233445566778899aabbccddeeff>"
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R/ID[%s %s]>>\nstartxref\n%d\n%%%%EOF\n", len(all)+1, id, id, start)
	return b.Bytes()
}

func open(t testing.TB, b []byte) (*pdf.Update, *pdf.Page) {
	t.Helper()
	d, err := pdf.Open(t.Context(), bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Latest().Page(1)
	if err != nil {
		t.Fatal(err)
	}
	return u, p
}

// show puts the form on the page as a stamp that covers shown, and returns the file.
func show(t testing.TB, u *pdf.Update, p *pdf.Page, shown pdf.Rect, form pdf.Ref) []byte {
	t.Helper()
	p.Dict["Annots"] = pdf.Array{u.Add(pdf.Dict{
		"Type": pdf.Name("Annot"), "Subtype": pdf.Name("Stamp"), "F": int64(4), "Rect": userSpace(p, shown), "AP": pdf.Dict{"N": form},
	})}
	if err := u.Set(p.Ref, p.Dict); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := u.WriteTo(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// userSpace undoes user unit, rotation and the crop box's corner.
func userSpace(p *pdf.Page, r pdf.Rect) pdf.Array {
	w, h := p.CropBox.X1-p.CropBox.X0, p.CropBox.Y1-p.CropBox.Y0
	undo := func(x, y float64) (float64, float64) {
		switch x, y = x/p.UserUnit, y/p.UserUnit; p.Rotate {
		case 90:
			x, y = w-y, x
		case 180:
			x, y = w-x, h-y
		case 270:
			x, y = y, h-x
		}
		return x + p.CropBox.X0, y + p.CropBox.Y0
	}
	x0, y0 := undo(r.X0, r.Y0)
	x1, y1 := undo(r.X1, r.Y1)
	return pdf.Array{min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)}
}

func stored(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shown.pdf")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func peer(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	out, err := exec.CommandContext(t.Context(), path, args...).Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return out
}

const dpi = 300

// render draws the page so that a shown inch has 300 pixels: poppler takes a unit of user space for a point.
func render(t testing.TB, b []byte, unit float64) *image.RGBA {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(peer(t, "pdftoppm", "-cropbox", "-r", fmt.Sprint(dpi*unit), "-png", stored(t, b))))
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewRGBA(img.Bounds())
	draw.Draw(out, out.Rect, img, out.Rect.Min, draw.Src)
	return out
}

// extent is the box of the pixels that want, from the upper left.
func extent(img *image.RGBA, want func(r, g, b byte) bool) image.Rectangle {
	var box image.Rectangle
	for y := img.Rect.Min.Y; y < img.Rect.Max.Y; y++ {
		row := img.Pix[img.PixOffset(img.Rect.Min.X, y):]
		for x := range img.Rect.Dx() {
			if p := row[4*x : 4*x+3]; (p[0]&p[1]&p[2]) != 255 && want(p[0], p[1], p[2]) {
				box = box.Union(image.Rect(img.Rect.Min.X+x, y, img.Rect.Min.X+x+1, y+1))
			}
		}
	}
	return box
}

func isRed(r, g, b byte) bool  { return r > 150 && g < 100 && b < 100 }
func isBlue(r, g, b byte) bool { return b > 150 && r < 100 && g < 100 }
func isDark(r, g, b byte) bool { return r < 128 && g < 128 && b < 128 }

// picture is red with a blue upper left quarter; with a transparent right quarter if wanted.
func picture(width, height int, transparent bool) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Rect, image.NewUniform(color.NRGBA{220, 20, 20, 255}), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(0, 0, width/2, height/2), image.NewUniform(color.NRGBA{20, 20, 220, 255}), image.Point{}, draw.Src)
	if transparent {
		draw.Draw(img, image.Rect(width*3/4, 0, width, height), image.Transparent, image.Point{}, draw.Src)
	}
	return img
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// The requirement is 0.2 mm; a pixel is 0.085 mm.
func TestASealHasItsRealSizeAndStandsUpright(t *testing.T) {
	const mm = 36
	seal := &appearance.Spec{Kind: appearance.Agency, Image: pngOf(t, picture(426, 426, false)), WidthMM: mm, HeightMM: mm}
	for name, attributes := range map[string]string{
		"on a plain page":              "/MediaBox[0 0 420 400]",
		"on a page turned by 90":       "/MediaBox[0 0 420 400]/Rotate 90",
		"on a page turned by 180":      "/MediaBox[0 0 420 400]/Rotate 180",
		"on a page turned by 270":      "/MediaBox[0 0 420 400]/Rotate 270",
		"with a shifted crop box":      "/MediaBox[-100 -50 495 542]/CropBox[-40 60 400 460]",
		"turned, with a shifted box":   "/MediaBox[-100 -50 495 542]/CropBox[-40 60 400 460]/Rotate 270",
		"with a user unit of 2":        "/MediaBox[0 0 200 180]/UserUnit 2",
		"turned, with a user unit 1.5": "/MediaBox[10 20 260 300]/UserUnit 1.5/Rotate 90",
	} {
		t.Run(name, func(t *testing.T) {
			u, p := open(t, file(attributes, ""))
			side := mm * 72 / 25.4
			box := pdf.Rect{X0: 220, Y0: 150, X1: 220 + side, Y1: 150 + side}
			form, err := appearance.Form(u, p, side, side, seal, "")
			if err != nil {
				t.Fatal(err)
			}
			img := render(t, show(t, u, p, box, form), p.UserUnit)
			scale := dpi / 72.0
			_, shownHeight := appearance.ShownSize(p)
			red, blue := extent(img, isRed), extent(img, isBlue)
			near := func(what string, got int, want float64) {
				if off := math.Abs(float64(got)-want*scale) / dpi * 25.4; off > 0.2 {
					t.Errorf("%s is %.2f mm off", what, off)
				}
			}
			near("width", red.Union(blue).Dx(), side)
			near("height", red.Union(blue).Dy(), side)
			near("left edge", red.Union(blue).Min.X, box.X0)
			near("upper edge", red.Union(blue).Min.Y, shownHeight-box.Y1)
			near("left edge of the blue quarter", blue.Min.X, box.X0)
			near("upper edge of the blue quarter", blue.Min.Y, shownHeight-box.Y1)
			near("width of the blue quarter", blue.Dx(), side/2)
		})
	}
}

func TestAPersonsPictureIsCentredWithItsProportions(t *testing.T) {
	u, p := open(t, file("/MediaBox[0 0 400 300]", ""))
	box := pdf.Rect{X0: 100, Y0: 100, X1: 300, Y1: 150}
	form, err := appearance.Form(u, p, 200, 50, &appearance.Spec{Kind: appearance.Person, Image: pngOf(t, picture(80, 40, false))}, "")
	if err != nil {
		t.Fatal(err)
	}
	img := render(t, show(t, u, p, box, form), 1)
	got := extent(img, isRed).Union(extent(img, isBlue))
	scale := dpi / 72.0
	for _, c := range []struct {
		what      string
		got, want float64
	}{{"width", float64(got.Dx()), 100}, {"height", float64(got.Dy()), 50}, {"centre", float64(got.Min.X+got.Max.X) / 2, 200}} {
		if math.Abs(c.got-c.want*scale) > 2 {
			t.Errorf("%s: %g pixels, want %g", c.what, c.got, c.want*scale)
		}
	}
}

func TestTextsGiveTheExactSentenceBack(t *testing.T) {
	lines := []string{"05/2026/QĐ-UBND", "2026-11-22T14:03:05+07:00", "Sở Khoa học và Công nghệ tỉnh Huấn Luyện"}
	for _, kind := range []appearance.Kind{appearance.Attachment, appearance.Copy, appearance.Text} {
		for _, rotate := range []int{0, 90} {
			t.Run(fmt.Sprintf("%s turned by %d", kind, rotate), func(t *testing.T) {
				u, p := open(t, file(fmt.Sprintf("/MediaBox[0 0 595 842]/Rotate %d", rotate), ""))
				spec := &appearance.Spec{Kind: kind, Lines: lines}
				box, err := appearance.DefaultBox(p, spec)
				if err != nil {
					t.Fatal(err)
				}
				form, err := appearance.Form(u, p, box.X1-box.X0, box.Y1-box.Y0, spec, "")
				if err != nil {
					t.Fatal(err)
				}
				b := show(t, u, p, box, form)
				said := strings.Fields(string(peer(t, "pdftotext", "-layout", stored(t, b), "-")))
				if want := strings.Fields(strings.Join(lines, " ")); fmt.Sprint(said) != fmt.Sprint(want) {
					t.Errorf("%q, want %q", said, want)
				}
				if fonts := string(peer(t, "pdffonts", stored(t, b))); !strings.Contains(fonts, "Identity-H       yes yes yes") {
					t.Error(fonts)
				}
			})
		}
	}
}

// Decree 30/2020, appendix I: upper right, 10 points, black.
func TestAnAttachmentStandsAtTheUpperRight(t *testing.T) {
	u, p := open(t, file("/MediaBox[0 0 595 842]", ""))
	spec := &appearance.Spec{Kind: appearance.Attachment, Lines: []string{"H05/2026/QĐ-UBND", "H"}}
	box, err := appearance.DefaultBox(p, spec)
	if err != nil {
		t.Fatal(err)
	}
	form, err := appearance.Form(u, p, box.X1-box.X0, box.Y1-box.Y0, spec, "")
	if err != nil {
		t.Fatal(err)
	}
	img := render(t, show(t, u, p, box, form), 1)
	got := extent(img, isDark)
	if right := float64(img.Bounds().Dx()-got.Max.X) / dpi * 25.4; right < 9 || right > 12 {
		t.Errorf("%.1f mm from the right edge", right)
	}
	if top := float64(got.Min.Y) / dpi * 25.4; top > 16 {
		t.Errorf("%.1f mm from the upper edge", top)
	}
	lower, _ := img.SubImage(image.Rect(got.Min.X, got.Max.Y-31, got.Max.X, got.Max.Y)).(*image.RGBA)
	h := extent(lower, isDark)
	if cap := float64(h.Dy()) / dpi * 72; math.Abs(cap-6.6) > 0.4 { // an H of Times is 0.66 of its size high
		t.Errorf("the H is %.1f points high", cap)
	}
}

func TestAFieldsTextIsThatOfItsValue(t *testing.T) {
	u, p := open(t, file("/MediaBox[0 0 595 842]", ""))
	empty, err := appearance.FieldText(u, p, 30, 14, "", 13, false, "")
	if err != nil || empty == (pdf.Ref{}) {
		t.Fatal(err)
	}
	form, err := appearance.FieldText(u, p, 30, 14, "05", 13, false, "")
	if err != nil {
		t.Fatal(err)
	}
	b := show(t, u, p, pdf.Rect{X0: 100, Y0: 700, X1: 130, Y1: 714}, form)
	if said := strings.TrimSpace(string(peer(t, "pdftotext", stored(t, b), "-"))); said != "05" {
		t.Errorf("%q", said)
	}
}

func TestAJPEGIsEmbeddedAsItIs(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(64, 48, false), nil); err != nil {
		t.Fatal(err)
	}
	u, p := open(t, file("/MediaBox[0 0 400 300]", ""))
	form, err := appearance.Form(u, p, 64, 48, &appearance.Spec{Kind: appearance.Person, Image: b.Bytes()}, "2b")
	if err != nil {
		t.Fatal(err)
	}
	out := show(t, u, p, pdf.Rect{X0: 10, Y0: 10, X1: 74, Y1: 58}, form)
	if !bytes.Contains(out, b.Bytes()) {
		t.Error("the JPEG was changed")
	}
	if img := render(t, out, 1); extent(img, isRed).Empty() {
		t.Error("nothing red is shown")
	}
}

const (
	rgbIntent  = "/OutputIntents[<</S/GTS_PDFA1/OutputConditionIdentifier(a)/DestOutputProfile 4 0 R>>]"
	grayStream = "<</N 1/Length 0>>stream\n\nendstream"
	rgbStream  = "<</N 3/Length 0>>stream\n\nendstream"
)

func TestPDFAIsKept(t *testing.T) {
	spec := &appearance.Spec{Kind: appearance.Text, Lines: []string{"Đã ký"}, Image: pngOf(t, picture(40, 40, true)), QR: "Đã ký"}
	for _, c := range []struct {
		name, pdfA, catalog, profile string
		mask, icc, softMask          bool
	}{
		{"no PDF/A: device colours and a soft mask", "", "", rgbStream, false, false, true},
		{"A-1 with an RGB intent: a stencil", "1b", rgbIntent, rgbStream, true, false, false},
		{"A-2 with an RGB intent: a soft mask", "2b", rgbIntent, rgbStream, false, false, true},
		{"A-2 with a gray intent: ICC-based colours", "2u", rgbIntent, grayStream, false, true, true},
		{"A-2 without an intent: ICC-based colours, no transparency", "2b", "", rgbStream, true, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, p := open(t, file("/MediaBox[0 0 400 300]", c.catalog, c.profile))
			form, err := appearance.Form(u, p, 200, 80, spec, c.pdfA)
			if err != nil {
				t.Fatal(err)
			}
			b := show(t, u, p, pdf.Rect{X0: 20, Y0: 20, X1: 220, Y1: 100}, form)
			for key, want := range map[string]bool{"/ImageMask true": c.mask, "/SMask": c.softMask, "/ICCBased": c.icc} {
				if bytes.Contains(b, []byte(key)) != want {
					t.Errorf("%s written: %t, want %t", key, !want, want)
				}
			}
			if img := render(t, b, 1); extent(img, isDark).Empty() {
				t.Error("nothing is shown")
			}
			if said := string(peer(t, "qpdf", "--check", stored(t, b))); !strings.Contains(said, "No syntax or stream encoding errors found") {
				t.Error(said)
			}
		})
	}
}

func TestWhatCannotBeShownIsRefused(t *testing.T) {
	bomb := pngOf(t, image.NewGray(image.Rect(0, 0, 1, 1)))
	copy(bomb[16:], []byte{0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20}) // 20,000 × 20,000
	broken := pngOf(t, picture(50, 50, true))
	for _, c := range []struct {
		name string
		spec appearance.Spec
		code codes.Code
	}{
		{"a picture of 400 million pixels", appearance.Spec{Image: bomb}, appearance.ErrImage},
		{"a picture that is none", appearance.Spec{Image: []byte("GIF89a")}, appearance.ErrImage},
		{"a picture that is cut", appearance.Spec{Image: broken[:len(broken)/2]}, appearance.ErrImage},
		{"a QR code that would be too large", appearance.Spec{QR: strings.Repeat("a", 5000)}, appearance.ErrKind},
	} {
		u, p := open(t, file("/MediaBox[0 0 400 300]", ""))
		if _, err := appearance.Form(u, p, 100, 100, &c.spec, ""); !errors.Is(err, c.code) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func FuzzImage(f *testing.F) {
	f.Add(pngOf(f, picture(9, 7, true)))
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(16, 16, false), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	base := file("/MediaBox[0 0 400 300]", "")
	f.Fuzz(func(t *testing.T, data []byte) {
		if cfg, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil && cfg.Width*cfg.Height > 1<<20 {
			t.Skip("large")
		}
		u, p := open(t, base)
		_, _ = appearance.Form(u, p, 100, 50, &appearance.Spec{Kind: appearance.Person, Image: data}, "1b") // must return
	})
}

func ExampleForm() {
	base := file("/MediaBox[0 0 595 842]/Rotate 90", "")
	d, err := pdf.Open(context.Background(), bytes.NewReader(base), int64(len(base)), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	u, err := d.NewUpdate()
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := d.Latest().Page(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	spec := &appearance.Spec{Kind: appearance.Copy, Lines: []string{"SAO Y", "Sở Khoa học và Công nghệ"}}
	box, err := appearance.DefaultBox(page, spec)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := appearance.Form(u, page, box.X1-box.X0, box.Y1-box.Y0, spec, ""); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.0f × %.0f points, up to the right edge of a page %.0f wide\n", box.X1-box.X0, box.Y1-box.Y0, box.X1+28)
	// Output: 114 × 29 points, up to the right edge of a page 842 wide
}

// A copy's form, agency and time end above the national motto, which begins 20 mm from the upper edge.
func TestACopysTextHidesNoMotto(t *testing.T) {
	_, p := open(t, file("/MediaBox[0 0 595 842]", ""))
	spec := &appearance.Spec{Kind: appearance.Copy, Lines: []string{"SAO Y", "Ủy ban nhân dân tỉnh Huấn Luyện", "2026-11-22T14:03:05+07:00"}}
	box, err := appearance.DefaultBox(p, spec)
	if err != nil {
		t.Fatal(err)
	}
	if below := (842 - box.Y0) / 72 * 25.4; below > 20.2 || box.Y1 > 842-8 {
		t.Errorf("the text ends %.1f mm below the upper edge, at %v", below, box)
	}
}

// Without a size or a place a seal is 36 mm wide, the real size of most; a signature takes 50 mm.
func TestTheNaturalSizeOfPictures(t *testing.T) {
	for kind, want := range map[appearance.Kind]float64{appearance.Agency: 36, appearance.Person: 50} {
		w, h, err := appearance.Size(&appearance.Spec{Kind: kind, Image: pngOf(t, picture(80, 40, false))})
		if mm := w / 72 * 25.4; err != nil || math.Abs(mm-want) > 0.2 || math.Abs(w-2*h) > 0.01 {
			t.Errorf("%s: %.1f mm, %g × %g, %v", kind, mm, w, h, err)
		}
	}
}
