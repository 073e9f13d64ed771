// Command generate draws the demo's pictures: a handwritten-looking signature in blue and a training seal in red.
//
//	go run ./internal/pki/training/pictures/generate internal/pki/training/pictures
package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"

	"github.com/go-fonts/liberation/liberationserifbold"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

const dpi = 300

func main() {
	dir := "."
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	if err := run(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir string) error {
	if err := save(filepath.Join(dir, "signature.png"), signature()); err != nil {
		return err
	}
	seal, err := seal()
	if err != nil {
		return err
	}
	return save(filepath.Join(dir, "seal.png"), seal)
}

func save(path string, img image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	e := png.Encoder{CompressionLevel: png.BestCompression}
	return e.Encode(f, img)
}

// pen stamps soft dots along a curve.
func pen(img *image.NRGBA, c color.NRGBA, radius float64, at func(t float64) (x, y float64)) {
	const steps = 6000
	for i := range steps {
		x, y := at(float64(i) / steps)
		disc(img, c, x, y, radius*(0.7+0.3*math.Sin(float64(i)/190)))
	}
}

func disc(img *image.NRGBA, c color.NRGBA, x, y, r float64) {
	for py := int(y - r - 1); py <= int(y+r+1); py++ {
		for px := int(x - r - 1); px <= int(x+r+1); px++ {
			d := math.Hypot(float64(px)+0.5-x, float64(py)+0.5-y)
			a := min(1, max(0, r+0.5-d))
			if a == 0 || !(image.Pt(px, py).In(img.Rect)) {
				continue
			}
			if old := img.NRGBAAt(px, py); old.A < uint8(a*255) {
				img.SetNRGBA(px, py, color.NRGBA{c.R, c.G, c.B, uint8(a * 255)})
			}
		}
	}
}

func signature() image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, 590, 260))
	blue := color.NRGBA{20, 50, 170, 255}
	pen(img, blue, 3.2, func(t float64) (float64, float64) {
		a := t * 9 * math.Pi
		return 60 + 430*t + 45*math.Cos(a), 130 - 60*math.Sin(a)*(1-0.6*t) + 30*math.Sin(t*5)
	})
	pen(img, blue, 2.6, func(t float64) (float64, float64) { return 50 + 500*t, 205 - 40*t + 14*math.Sin(t*7) })
	return img
}

// seal is 36 mm across: two rings, a star and the words that make it worthless.
func seal() (image.Image, error) {
	const size = 425 // 36 mm at 300 dpi
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	red := color.NRGBA{205, 20, 30, 255}
	c := float64(size) / 2
	for _, ring := range []struct{ r, w float64 }{{c - 5, 4}, {c - 22, 1.6}} {
		pen(img, red, ring.w, func(t float64) (float64, float64) {
			return c + ring.r*math.Cos(2*math.Pi*t), c + ring.r*math.Sin(2*math.Pi*t)
		})
	}
	star(img, red, c, c-78, 46)
	f, err := opentype.Parse(liberationserifbold.TTF)
	if err != nil {
		return nil, err
	}
	for _, l := range []struct {
		text string
		pt   float64
		y    int
	}{{"HUẤN LUYỆN", 11.5, 240}, {"KHÔNG CÓ", 8.5, 285}, {"GIÁ TRỊ", 8.5, 325}} {
		face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: l.pt, DPI: dpi})
		if err != nil {
			return nil, err
		}
		d := font.Drawer{Dst: img, Src: image.NewUniform(red), Face: face}
		d.Dot = fixed.P((size-d.MeasureString(l.text).Round())/2, l.y)
		d.DrawString(l.text)
	}
	return img, nil
}

func star(img draw.Image, c color.NRGBA, x, y, r float64) {
	inside := func(px, py float64) bool {
		count := 0
		for k := range 5 { // inside at least four of the five edges of a pentagram
			a := math.Pi/2 + 2*math.Pi*float64(k)/5 + math.Pi
			if (px-x)*math.Cos(a)+(py-y)*math.Sin(a) <= r*math.Cos(2*math.Pi/5) {
				count++
			}
		}
		return count >= 4 && math.Hypot(px-x, py-y) <= r
	}
	for py := int(y - r); py <= int(y+r); py++ {
		for px := int(x - r); px <= int(x+r); px++ {
			if inside(float64(px), float64(py)) {
				img.Set(px, py, c)
			}
		}
	}
}
