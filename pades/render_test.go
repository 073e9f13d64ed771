package pades_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os/exec"
	"strings"
	"testing"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
)

const (
	renderDPI = 300
	perPoint  = renderDPI / 72.0
	perMM     = renderDPI / 25.4
	exact     = 0.2 * perMM // pixels: what a box may be off
)

// rendered draws the first page so that a shown inch has 300 pixels: poppler takes a unit of user space for a point.
func rendered(t testing.TB, b []byte, unit float64) *image.RGBA {
	t.Helper()
	path, err := exec.LookPath("pdftoppm")
	if err != nil {
		t.Skip("pdftoppm is not installed")
	}
	out := must(exec.CommandContext(t.Context(), path, "-cropbox", "-singlefile", "-r", fmt.Sprint(renderDPI*unit), "-png", store(t, b)).Output())(t)
	img := must(png.Decode(bytes.NewReader(out)))(t)
	rgba := image.NewRGBA(img.Bounds())
	draw.Draw(rgba, rgba.Rect, img, rgba.Rect.Min, draw.Src)
	return rgba
}

// extents are the boxes of the pixels of each colour, from the upper left.
func extents(img *image.RGBA) (reds, blues, greens, darks image.Rectangle) {
	for y := range img.Rect.Dy() {
		row := img.Pix[img.PixOffset(0, y):]
		for x := range img.Rect.Dx() {
			r, g, b := row[4*x], row[4*x+1], row[4*x+2]
			var box *image.Rectangle
			switch {
			case r < 128 && g < 128 && b < 128:
				box = &darks
			case r > 150 && g < 100 && b < 100:
				box = &reds
			case b > 150 && r < 100 && g < 100:
				box = &blues
			case g > 150 && r < 100 && b < 100:
				box = &greens
			default:
				continue
			}
			*box = box.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	return reds, blues, greens, darks
}

// plain is a picture of one colour whose upper left quarter has another.
func plain(t testing.TB, width, height int, all, corner color.Color) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Rect, image.NewUniform(all), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(0, 0, width/2, height/2), image.NewUniform(corner), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var (
	red   = color.NRGBA{220, 20, 20, 255}
	blue  = color.NRGBA{20, 20, 220, 255}
	green = color.NRGBA{20, 220, 20, 255}
)

// paper is a file of one empty page with these attributes.
func paper(attributes string) []byte {
	f := pages(1)
	f.objects[firstPage-1] = "<< /Type /Page /Parent 2 0 R /Resources << >> " + attributes + " >>"
	return f.bytes()
}

// Decree 30/2020, appendix I: the seal in its real size over the left third of the signer's picture, and number and date where the
// drafter left room for them; on whatever page, to a fifth of a millimetre.
func TestADecisionLooksTheSameOnEveryPage(t *testing.T) {
	leader, agency := newSigner(t, "Leader", p256()), newSigner(t, "Agency", p256())
	box := pdf.Rect{X0: 250, Y0: 120, X1: 392, Y1: 191}
	number := pdf.Rect{X0: 60, Y0: 300, X1: 120, Y1: 318}
	for _, c := range []struct {
		name, attributes string
		unit             float64
		picture          image.Point // of the person
	}{
		{"upright", "/MediaBox [0 0 500 400]", 1, image.Pt(400, 200)},
		{"turned by 90", "/MediaBox [0 0 400 500] /Rotate 90", 1, image.Pt(400, 200)},
		{"turned by 180", "/MediaBox [0 0 500 400] /Rotate 180", 1, image.Pt(400, 200)},
		{"turned by -90", "/MediaBox [0 0 400 500] /Rotate -90", 1, image.Pt(400, 200)},
		{"a shifted crop box, turned", "/MediaBox [-200 -100 600 900] /CropBox [-50 100 350 600] /Rotate 270", 1, image.Pt(400, 200)},
		{"a crop box beyond the page", "/MediaBox [0 0 500 400] /CropBox [-100 -100 900 900]", 1, image.Pt(400, 200)},
		{"units of a half", "/MediaBox [0 0 250 200] /UserUnit 2", 2, image.Pt(400, 200)},
		{"units and a turn", "/MediaBox [10 20 210 270] /UserUnit 2 /Rotate 90", 2, image.Pt(400, 200)},
		{"a square picture", "/MediaBox [0 0 500 400]", 1, image.Pt(300, 300)},
		{"a flat picture", "/MediaBox [0 0 500 400]", 1, image.Pt(600, 100)},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := leader.options()
			o.Field.Place = &pades.Place{Page: 1, Rect: box}
			o.Appearance = &appearance.Spec{Kind: appearance.Person, Image: plain(t, c.picture.X, c.picture.Y, blue, green)}
			o.Reserve = []pades.Reservation{{Name: "number", Place: &pades.Place{Page: 1, Rect: number}}, {Name: "seal"}}
			first, _ := sign(t, paper(c.attributes), leader, o)
			o = agency.options()
			o.Field.Name, o.Fill = "seal", map[string]string{"number": "05"}
			o.Appearance = &appearance.Spec{Kind: appearance.Agency, Image: plain(t, 360, 360, red, red), WidthMM: 36, HeightMM: 36}
			sealed, _ := sign(t, first, agency, o)

			_, person, corner, _ := extents(rendered(t, first, c.unit))
			seal, _, _, digits := extents(rendered(t, sealed, c.unit))
			person = person.Union(corner)
			near := func(what string, got, want float64) {
				if math.Abs(got-want) > exact {
					t.Errorf("%s is at %.1f mm, %.2f off", what, got/perMM, (got-want)/perMM)
				}
			}
			f := min((box.X1-box.X0)/float64(c.picture.X), (box.Y1-box.Y0)/float64(c.picture.Y)) * perPoint
			near("the picture's width", float64(person.Dx()), f*float64(c.picture.X))
			near("the picture's height", float64(person.Dy()), f*float64(c.picture.Y))
			near("the picture's middle", float64(person.Min.X+person.Max.X)/2, (box.X0+box.X1)/2*perPoint)
			near("the picture's middle height", float64(person.Min.Y+person.Max.Y)/2, (400-(box.Y0+box.Y1)/2)*perPoint)
			near("its upper left quarter", float64(corner.Min.X), float64(person.Min.X))
			near("its upper left quarter's upper edge", float64(corner.Min.Y), float64(person.Min.Y))
			near("the seal's width", float64(seal.Dx()), 36*perMM)
			near("the seal's height", float64(seal.Dy()), 36*perMM)
			near("the seal's right edge", float64(seal.Max.X), float64(person.Min.X)+float64(person.Dx())/3)
			near("the seal's middle height", float64(seal.Min.Y+seal.Max.Y)/2, float64(person.Min.Y+person.Max.Y)/2)
			near("the number's middle", float64(digits.Min.X+digits.Max.X)/2, (number.X0+number.X1)/2*perPoint)
			if !digits.In(image.Rect(int(number.X0*perPoint), int((400-number.Y1)*perPoint), int(number.X1*perPoint), int((400-number.Y0)*perPoint))) || digits.Dx() < digits.Dy() {
				t.Errorf("the number stands at %v", digits)
			}
			if said := strings.TrimSpace(peer(t, "pdftotext", store(t, sealed), "-")); said != "05" {
				t.Errorf("pdftotext reads %q", said)
			}
			if said := peer(t, "pdffonts", store(t, sealed)); strings.Count(said, "Identity-H       yes yes yes") != 1 {
				t.Errorf("pdffonts: %s", said)
			}
		})
	}
}

func TestASealTooLargeForItsFieldIsRefused(t *testing.T) {
	s := newSigner(t, "Large", p256())
	o := s.options()
	o.Field.Place = &pades.Place{Page: 1, Rect: pdf.Rect{X0: 100, Y0: 100, X1: 200, Y1: 200}} // 35.3 mm
	o.Appearance = &appearance.Spec{Kind: appearance.Agency, Image: plain(t, 36, 36, red, red), WidthMM: 36}
	_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, paper("/MediaBox [0 0 500 400]")), s.key, o)
	wantCode(t, err, appearance.ErrImage)
}
