package appearance

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // pictures of signatures come in both
	_ "image/png"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
)

const (
	maxPixels      = 40_000_000
	defaultPicture = 142 // points, 50 mm: what a handwritten signature takes
	defaultSeal    = 102 // points, 36 mm: the real size of most seals
)

// pictureConfig reads a picture's head and holds its size against the limit before any pixel is decoded.
func (s *Spec) pictureConfig() (image.Config, string, error) {
	cfg, format, err := image.DecodeConfig(bytes.NewReader(s.Image))
	switch {
	case err != nil:
		return cfg, "", codes.Wrap(ErrImage, "reading", "the picture", err)
	case cfg.Width <= 0 || cfg.Height <= 0:
		return cfg, "", codes.New(ErrImage, "reading", "the picture", "it has no pixels")
	case cfg.Width > maxPixels/cfg.Height:
		return cfg, "", codes.New(ErrImage, "reading", "the picture", "it has more than 40 million pixels")
	}
	return cfg, format, nil
}

// pictureSize is the picture's natural size in points.
func (s *Spec) pictureSize() (width, height float64, err error) {
	cfg, _, err := s.pictureConfig()
	if err != nil {
		return 0, 0, err
	}
	if w, h := s.realSize(cfg); w > 0 {
		return w, h, nil
	}
	width = defaultPicture
	if s.Kind == Agency {
		width = defaultSeal
	}
	return width, width * float64(cfg.Height) / float64(cfg.Width), nil
}

// realSize is the size asked for, in points; where only one side is given the other keeps the proportions. 0: fitted.
func (s *Spec) realSize(cfg image.Config) (width, height float64) {
	width, height = max(s.WidthMM, 0)*pointsPerMM, max(s.HeightMM, 0)*pointsPerMM
	switch proportion := float64(cfg.Width) / float64(cfg.Height); {
	case width == 0:
		width = height * proportion
	case height == 0:
		height = width / proportion
	}
	return width, height
}

// PictureBox is where the picture of s stands when [Form] draws s into box; box itself where s shows no picture.
func PictureBox(s *Spec, box pdf.Rect) (pdf.Rect, error) {
	if s == nil || s.Image == nil {
		return box, nil
	}
	cfg, _, err := s.pictureConfig()
	if err != nil {
		return box, err
	}
	left, column := s.columns(box.X1-box.X0, box.Y1-box.Y0)
	w, h, err := s.fitted(cfg, column, box.Y1-box.Y0)
	x, y := box.X0+left+(column-w)/2, (box.Y0+box.Y1-h)/2
	return pdf.Rect{X0: x, Y0: y, X1: x + w, Y1: y + h}, err
}

// fitted is the size that a picture gets in a box: its real one if that is asked for, else as large as the box allows.
func (s *Spec) fitted(cfg image.Config, width, height float64) (w, h float64, err error) {
	const tolerance = 0.05 // of a point: boxes are written in thousandths
	if w, h = s.realSize(cfg); w == 0 {
		f := min(width/float64(cfg.Width), height/float64(cfg.Height))
		return float64(cfg.Width) * f, float64(cfg.Height) * f, nil
	}
	if w > width+tolerance || h > height+tolerance {
		return w, h, codes.New(ErrImage, "drawing", "the picture", fmt.Sprintf("its real size of %.1f × %.1f mm does not fit into a box of %.1f × %.1f mm",
			w/pointsPerMM, h/pointsPerMM, width/pointsPerMM, height/pointsPerMM))
	}
	return w, h, nil
}

// image draws a picture, in its real size or fitted, centred in the box.
func (c *canvas) image(s *Spec, x, y, width, height float64) error {
	cfg, format, err := s.pictureConfig()
	if err != nil {
		return err
	}
	w, h, err := s.fitted(cfg, width, height)
	if err != nil {
		return err
	}
	ref, err := c.picture(s.Image, format, cfg)
	if err != nil {
		return err
	}
	c.resources["XObject"] = pdf.Dict{"I0": ref}
	fmt.Fprintf(&c.content, "q\n%s cm\n/I0 Do\nQ\n", numbers(w, 0, 0, h, x+(width-w)/2, y+(height-h)/2))
	return nil
}

// picture adds the image: JPEG as it is, PNG with a soft mask where it is transparent.
func (c *canvas) picture(data []byte, format string, cfg image.Config) (pdf.Ref, error) {
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return pdf.Ref{}, codes.Wrap(ErrImage, "reading", "the picture", err)
	}
	if format == "jpeg" && cfg.ColorModel == color.YCbCrModel {
		d := imageDict(img.Bounds(), c.colourSpace())
		d["Filter"] = pdf.Name("DCTDecode")
		return c.u.Add(pdf.NewStream(d, data, false)), nil
	}
	b := img.Bounds()
	rgb, alpha := make([]byte, 0, 3*b.Dx()*b.Dy()), make([]byte, 0, b.Dx()*b.Dy())
	transparent := false
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			p, _ := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			rgb, alpha = append(rgb, p.R, p.G, p.B), append(alpha, p.A)
			transparent = transparent || p.A != 255
		}
	}
	if transparent && c.opaque {
		return c.mask(img), nil
	}
	d := imageDict(b, c.colourSpace())
	if transparent {
		d["SMask"] = c.u.Add(pdf.NewStream(imageDict(b, pdf.Name("DeviceGray")), alpha, true))
	}
	return c.u.Add(pdf.NewStream(d, rgb, true)), nil
}

func imageDict(b image.Rectangle, space pdf.Object) pdf.Dict {
	return pdf.Dict{
		"Type": pdf.Name("XObject"), "Subtype": pdf.Name("Image"), "Width": int64(b.Dx()), "Height": int64(b.Dy()),
		"ColorSpace": space, "BitsPerComponent": int64(8),
	}
}

// mask paints the picture's strokes in their mean colour through a 1-bit stencil: PDF/A-1 allows no transparency (ISO 19005-1, 6.4).
func (c *canvas) mask(img image.Image) pdf.Ref {
	b := img.Bounds()
	row := (b.Dx() + 7) / 8
	bits := bytes.Repeat([]byte{0xff}, row*b.Dy())
	var sum [3]float64
	n := 0.0
	for y := range b.Dy() {
		for x := range b.Dx() {
			p, _ := color.NRGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
			if p.A < 128 {
				continue
			}
			bits[y*row+x/8] &^= 0x80 >> (x % 8)
			sum[0], sum[1], sum[2], n = sum[0]+float64(p.R), sum[1]+float64(p.G), sum[2]+float64(p.B), n+1
		}
	}
	if n > 0 {
		c.content.WriteString(c.fill([3]float64{sum[0] / n / 255, sum[1] / n / 255, sum[2] / n / 255}))
	}
	return c.u.Add(pdf.NewStream(pdf.Dict{
		"Type": pdf.Name("XObject"), "Subtype": pdf.Name("Image"), "Width": int64(b.Dx()), "Height": int64(b.Dy()),
		"ImageMask": true, "BitsPerComponent": int64(1),
	}, bits, true))
}
