// Package appearance draws what a signature shows: a picture, text, a QR code, in form XObjects with embedded fonts.
//
// Boxes are in points of the page as it is shown.
package appearance

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // pictures of signatures come in both
	_ "image/png"
	"math"
	"strings"

	"github.com/boombuler/barcode/qr"
	"golang.org/x/text/unicode/norm"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/font"
)

// The failures of this package.
const (
	ErrImage codes.Code = "appearance.image" // a picture that cannot be read, or is too large
	ErrKind  codes.Code = "appearance.kind"  // an unknown appearance, or one without what it shows
)

// Kind is one of the appearances that practice knows (decree 30/2020, appendix I).
type Kind string

// The kinds.
const (
	Person     Kind = "person"     // picture of a handwritten signature, centred in its box
	Agency     Kind = "agency"     // picture of the seal in real millimetres
	Attachment Kind = "attachment" // text only: number and notation, time
	Copy       Kind = "copy"       // text only: kind of copy, agency, time
	Text       Kind = "text"       // free text, and a picture if given
)

// Spec says what to show.
type Spec struct {
	Kind              Kind
	Image             []byte     // PNG or JPEG
	WidthMM, HeightMM float64    // real size of the picture; 0: fitted into the box
	Lines             []string   // text, NFC
	FontSize          float64    // points; 0: 10
	Color             [3]float64 // RGB 0..1
	QR                string     // content of a QR code, "" none
}

const (
	pointsPerMM = 72 / 25.4
	defaultSize = 10
	leading     = 1.25 // room for stacked Vietnamese marks
	maxPixels   = 40_000_000
	margin      = 28 // of a default place, about 10 mm
)

func (s *Spec) size() float64 {
	if s.FontSize > 0 {
		return s.FontSize
	}
	return defaultSize
}

// ShownSize is the page's width and height in points as it is shown.
func ShownSize(p *pdf.Page) (width, height float64) {
	w, h := (p.CropBox.X1-p.CropBox.X0)*p.UserUnit, (p.CropBox.Y1-p.CropBox.Y0)*p.UserUnit
	if p.Rotate%180 != 0 {
		return h, w
	}
	return w, h
}

// Size is the natural size in points of what s shows.
func Size(s *Spec) (width, height float64, err error) {
	if s.WidthMM > 0 && s.HeightMM > 0 {
		return s.WidthMM * pointsPerMM, s.HeightMM * pointsPerMM, nil
	}
	for _, l := range s.Lines {
		width = max(width, font.Serif().Width(l, s.size()))
	}
	height = float64(len(s.Lines)) * s.size() * leading
	if s.Image != nil {
		c, _, err := image.DecodeConfig(bytes.NewReader(s.Image))
		if err != nil || c.Width == 0 {
			return 0, 0, codes.Wrap(ErrImage, "reading", "the picture", err)
		}
		w := 142.0 // 50 mm, what a handwritten signature takes
		width, height = width+w, max(height, w*float64(c.Height)/float64(c.Width))
	}
	if s.QR != "" {
		width, height = width+max(height, 57), max(height, 57)
	}
	if width == 0 || height == 0 {
		return 0, 0, codes.New(ErrKind, "drawing", string(s.Kind), "there is nothing to show")
	}
	return width + 4, height + 4, nil
}

// DefaultBox is where an appearance goes when no place is given: texts at the upper right of the page, as decree 30/2020,
// appendix I asks for attachments and copies, pictures at the lower right.
func DefaultBox(p *pdf.Page, s *Spec) (pdf.Rect, error) {
	w, h, err := Size(s)
	if err != nil {
		return pdf.Rect{}, err
	}
	pw, ph := ShownSize(p)
	w, h = min(w, pw-2*margin), min(h, ph-2*margin)
	r := pdf.Rect{X0: pw - margin - w, Y0: margin * 2, X1: pw - margin, Y1: margin*2 + h}
	if s.Kind == Attachment || s.Kind == Copy {
		r.Y0, r.Y1 = ph-margin-h, ph-margin
	}
	return r, nil
}

// canvas collects a form's content and resources.
type canvas struct {
	u         *pdf.Update
	content   strings.Builder
	resources pdf.Dict
	pdfA      string
}

// Form builds the form XObject for a box of width × height points (as shown) on a page, rotated to stand upright,
// and adds it with its fonts and images to the update. pdfA says which PDF/A part is claimed ("" none, "1b", "2b", …).
func Form(u *pdf.Update, page *pdf.Page, width, height float64, s *Spec, pdfA string) (pdf.Ref, error) {
	c := &canvas{u: u, resources: pdf.Dict{}, pdfA: pdfA}
	if err := c.draw(width, height, s); err != nil {
		return pdf.Ref{}, err
	}
	return c.finish(page, width, height), nil
}

func (c *canvas) draw(width, height float64, s *Spec) error {
	left := 0.0
	if s.QR != "" {
		side := min(height, width)
		if err := c.qr(s.QR, 0, (height-side)/2, side); err != nil {
			return err
		}
		left = side + 4
	}
	if s.Image != nil {
		w := width - left
		if len(s.Lines) > 0 {
			w /= 2
		}
		if err := c.image(s, left, 0, w, height); err != nil {
			return err
		}
		left += w
	}
	if len(s.Lines) == 0 {
		return nil
	}
	return c.text(s.Lines, left+2, width-2, height, s.size(), s.Color, s.Kind == Attachment || s.Kind == Copy)
}

// text writes lines from the top down, smaller where they would not fit.
func (c *canvas) text(lines []string, x0, x1, height, size float64, rgb [3]float64, right bool) error {
	face := font.Serif()
	for _, l := range lines {
		if w := face.Width(l, size); w > x1-x0 && x1 > x0 {
			size *= (x1 - x0) / w
		}
	}
	if need := float64(len(lines)) * size * leading; need > height {
		size *= height / need
	}
	e, err := font.Embed(c.u, face, lines...)
	if err != nil {
		return err
	}
	c.resources["Font"] = pdf.Dict{"F0": e.Ref}
	fmt.Fprintf(&c.content, "BT\n%s rg\n/F0 %s Tf\n", numbers(rgb[0], rgb[1], rgb[2]), numbers(size))
	top := (height+float64(len(lines))*size*leading)/2 - face.Ascent(size)
	for i, l := range lines {
		x := x0
		if right {
			x = x1 - face.Width(l, size)
		}
		fmt.Fprintf(&c.content, "1 0 0 1 %s Tm\n%s Tj\n", numbers(x, top-float64(i)*size*leading), e.Encode(l))
	}
	c.content.WriteString("ET\n")
	return nil
}

// qr draws dark modules as rectangles, with the quiet zone that ISO/IEC 18004 asks for.
func (c *canvas) qr(content string, x, y, side float64) error {
	code, err := qr.Encode(norm.NFC.String(content), qr.M, qr.Unicode)
	if err != nil {
		return codes.Wrap(ErrKind, "drawing", "a QR code", err)
	}
	n := code.Bounds().Dx()
	m := side / float64(n+8)
	c.content.WriteString("0 0 0 rg\n")
	for row := range n {
		for col := 0; col < n; col++ {
			start := col
			for col < n && dark(code.At(col, row)) {
				col++
			}
			if col > start {
				fmt.Fprintf(&c.content, "%s re\n", numbers(x+float64(start+4)*m, y+side-float64(row+5)*m, float64(col-start)*m, m))
			}
		}
	}
	c.content.WriteString("f\n")
	return nil
}

func dark(c color.Color) bool {
	g, _ := color.GrayModel.Convert(c).(color.Gray)
	return g.Y < 128
}

// image draws a picture, in its real size or fitted, centred in the box.
func (c *canvas) image(s *Spec, x, y, width, height float64) error {
	cfg, format, err := image.DecodeConfig(bytes.NewReader(s.Image))
	if err != nil {
		return codes.Wrap(ErrImage, "reading", "the picture", err)
	}
	if cfg.Width <= 0 || cfg.Height <= 0 || cfg.Width > maxPixels/cfg.Height {
		return codes.New(ErrImage, "reading", "the picture", "it has more than 40 million pixels")
	}
	w, h := s.WidthMM*pointsPerMM, s.HeightMM*pointsPerMM
	if w <= 0 || h <= 0 {
		f := min(width/float64(cfg.Width), height/float64(cfg.Height))
		w, h = float64(cfg.Width)*f, float64(cfg.Height)*f
	}
	ref, err := c.picture(s.Image, format, cfg)
	if err != nil {
		return err
	}
	c.resources["XObject"] = pdf.Dict{"I0": ref}
	fmt.Fprintf(&c.content, "q\n%s cm\n/I0 Do\nQ\n", numbers(w, 0, 0, h, x+(width-w)/2, y+(height-h)/2))
	return nil
}

func (c *canvas) picture(data []byte, format string, cfg image.Config) (pdf.Ref, error) {
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return pdf.Ref{}, codes.Wrap(ErrImage, "reading", "the picture", err)
	}
	if strings.HasPrefix(c.pdfA, "1") && format == "png" {
		return c.mask(img), nil
	}
	b := img.Bounds()
	rgb, alpha := make([]byte, 0, 3*cfg.Width*cfg.Height), make([]byte, 0, cfg.Width*cfg.Height)
	transparent := false
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			p, _ := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			rgb = append(rgb, p.R, p.G, p.B)
			alpha = append(alpha, p.A)
			transparent = transparent || p.A != 255
		}
	}
	d := pdf.Dict{
		"Type": pdf.Name("XObject"), "Subtype": pdf.Name("Image"), "Width": int64(b.Dx()), "Height": int64(b.Dy()), "ColorSpace": pdf.Name("DeviceRGB"),
		"BitsPerComponent": int64(8),
	}
	if transparent {
		m := pdf.Dict{
			"Type": pdf.Name("XObject"), "Subtype": pdf.Name("Image"), "Width": int64(b.Dx()), "Height": int64(b.Dy()), "ColorSpace": pdf.Name("DeviceGray"),
			"BitsPerComponent": int64(8),
		}
		d["SMask"] = c.u.Add(pdf.NewStream(m, alpha, true))
	}
	return c.u.Add(pdf.NewStream(d, rgb, true)), nil
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
			if p.A < 128 || p.R > 240 && p.G > 240 && p.B > 240 {
				continue
			}
			bits[y*row+x/8] &^= 0x80 >> (x % 8)
			sum[0], sum[1], sum[2], n = sum[0]+float64(p.R), sum[1]+float64(p.G), sum[2]+float64(p.B), n+1
		}
	}
	if n > 0 {
		fmt.Fprintf(&c.content, "%s rg\n", numbers(sum[0]/n/255, sum[1]/n/255, sum[2]/n/255))
	}
	d := pdf.Dict{
		"Type": pdf.Name("XObject"), "Subtype": pdf.Name("Image"), "Width": int64(b.Dx()), "Height": int64(b.Dy()), "ImageMask": true, "BitsPerComponent": int64(1),
	}
	return c.u.Add(pdf.NewStream(d, bits, true))
}

// numbers writes operands.
func numbers(v ...float64) string {
	var b []byte
	for i, n := range v {
		if i > 0 {
			b = append(b, ' ')
		}
		b = pdf.AppendObject(b, math.Round(n*10000)/10000)
	}
	return string(b)
}

// finish adds the form. Its matrix turns it with the page, so that it stands upright as the page is shown; the viewer fits the
// turned box into the annotation's rectangle (ISO 32000-2, 12.5.5).
func (c *canvas) finish(page *pdf.Page, width, height float64) pdf.Ref {
	d := pdf.Dict{
		"Type": pdf.Name("XObject"), "Subtype": pdf.Name("Form"), "BBox": pdf.Array{int64(0), int64(0), width, height}, "Resources": c.resources,
	}
	switch page.Rotate {
	case 90:
		d["Matrix"] = pdf.Array{int64(0), int64(1), int64(-1), int64(0), int64(0), int64(0)}
	case 180:
		d["Matrix"] = pdf.Array{int64(-1), int64(0), int64(0), int64(-1), int64(0), int64(0)}
	case 270:
		d["Matrix"] = pdf.Array{int64(0), int64(-1), int64(1), int64(0), int64(0), int64(0)}
	}
	return c.u.Add(pdf.NewStream(d, []byte(c.content.String()), true))
}

// FieldText builds the normal appearance of a text field: text in the embedded font on the box's base line; "" is an empty box.
func FieldText(u *pdf.Update, page *pdf.Page, width, height float64, text string, fontSize float64, pdfA string) (pdf.Ref, error) {
	c := &canvas{u: u, resources: pdf.Dict{}, pdfA: pdfA}
	if text != "" {
		face := font.Serif()
		size := fontSize
		if size <= 0 {
			size = min(13, height/1.15) // decree 30/2020: numbers and dates are set in 13 to 14 points
		}
		if w := face.Width(text, size); w > width {
			size *= width / w
		}
		e, err := font.Embed(u, face, text)
		if err != nil {
			return pdf.Ref{}, err
		}
		c.resources["Font"] = pdf.Dict{"F0": e.Ref}
		x := max(0, (width-face.Width(text, size))/2)
		y := (height-(face.Ascent(size)-face.Descent(size)))/2 - face.Descent(size)
		fmt.Fprintf(&c.content, "/Tx BMC\nq\nBT\n0 0 0 rg\n/F0 %s Tf\n1 0 0 1 %s Tm\n%s Tj\nET\nQ\nEMC\n", numbers(size), numbers(x, y), e.Encode(text))
	}
	return c.finish(page, width, height), nil
}
