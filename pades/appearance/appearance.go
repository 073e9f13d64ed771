package appearance

import (
	"fmt"
	"image/color"
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
	margin      = 28   // of a default place, about 10 mm
	leastMargin = 9    // about 3 mm
	letterhead  = 57   // 20 mm from the upper edge: where the national motto begins, which no text may hide
	padding     = 2
	leastQR     = 57 // 20 mm
)

var black [3]float64

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
	width, height = s.textSize()
	if s.Image != nil {
		w, h, err := s.pictureSize()
		if err != nil {
			return 0, 0, err
		}
		if len(s.Lines) == 0 && s.QR == "" {
			return w, h, nil
		}
		width, height = width+w, max(height, h)
	}
	if s.QR != "" {
		side := max(height, leastQR)
		width, height = width+side, side
	}
	if width == 0 || height == 0 {
		return 0, 0, codes.New(ErrKind, "drawing", string(s.Kind), "there is nothing to show")
	}
	return width, height, nil
}

// textSize is the room that the lines take, with their padding.
func (s *Spec) textSize() (width, height float64) {
	if len(s.Lines) == 0 {
		return 0, 0
	}
	for _, l := range s.Lines {
		width = max(width, font.Serif().Width(l, s.size()))
	}
	return width + 2*padding, float64(len(s.Lines))*s.size()*leading + 2*padding
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
		top := max(leastMargin, min(margin, letterhead-h))
		r.Y0, r.Y1 = ph-top-h, ph-top
	}
	return r, nil
}

// canvas collects a form's content and resources.
type canvas struct {
	u         *pdf.Update
	content   strings.Builder
	resources pdf.Dict
	space     pdf.Object // of colours, once one is used
	palette
}

func newCanvas(u *pdf.Update, pdfA string) (*canvas, error) {
	p, err := paletteOf(u.Base(), pdfA)
	return &canvas{u: u, resources: pdf.Dict{}, palette: p}, err
}

// Form builds the form XObject for a box of width × height points (as shown) on a page, rotated to stand upright,
// and adds it with its fonts and images to the update. pdfA says which PDF/A part is claimed ("" none, "1b", "2b", …).
func Form(u *pdf.Update, page *pdf.Page, width, height float64, s *Spec, pdfA string) (pdf.Ref, error) {
	c, err := newCanvas(u, pdfA)
	if err != nil {
		return pdf.Ref{}, err
	}
	if err := c.draw(width, height, s); err != nil {
		return pdf.Ref{}, err
	}
	return c.finish(page, width, height), nil
}

// columns are the widths of what stands side by side in a box: QR code, picture, and text in the rest.
func (s *Spec) columns(width, height float64) (code, picture float64) {
	if s.QR != "" {
		code = min(height, width)
	}
	if s.Image != nil {
		text, _ := s.textSize()
		picture = max(width-code-text, (width-code)/3)
	}
	return code, picture
}

func (c *canvas) draw(width, height float64, s *Spec) error {
	left, picture := s.columns(width, height)
	if s.QR != "" {
		if err := c.qr(s.QR, 0, (height-left)/2, left); err != nil {
			return err
		}
	}
	if s.Image != nil {
		if err := c.image(s, left, 0, picture, height); err != nil {
			return err
		}
		left += picture
	}
	if len(s.Lines) == 0 {
		return nil
	}
	return c.text(s, left+padding, width-padding, height)
}

// text writes lines from the top down, smaller where they would not fit.
func (c *canvas) text(s *Spec, x0, x1, height float64) error {
	const tolerance = 1.005 // boxes are written in thousandths of a point
	face, size, lines := font.Serif(), s.size(), s.Lines
	for _, l := range lines {
		if w := face.Width(l, size); w > (x1-x0)*tolerance && x1 > x0 {
			size *= (x1 - x0) / w
		}
	}
	if need := float64(len(lines)) * size * leading; need > height*tolerance {
		size *= height / need
	}
	e, err := font.Embed(c.u, face, lines...)
	if err != nil {
		return err
	}
	c.resources["Font"] = pdf.Dict{"F0": e.Ref}
	fmt.Fprintf(&c.content, "BT\n%s/F0 %s Tf\n", c.fill(s.Color), numbers(size))
	top := (height+float64(len(lines))*size*leading)/2 - face.Ascent(size)
	for i, l := range lines {
		x := x0
		if s.Kind == Attachment || s.Kind == Copy {
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
	c.content.WriteString(c.fill(black))
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

// FieldText builds the normal appearance of a text field: text in the embedded font, upright or italic, on the box's base line;
// "" is an empty box.
func FieldText(u *pdf.Update, page *pdf.Page, width, height float64, text string, fontSize float64, italic bool, pdfA string) (pdf.Ref, error) {
	c, err := newCanvas(u, pdfA)
	if err != nil {
		return pdf.Ref{}, err
	}
	if text != "" {
		face := font.Serif()
		if italic {
			face = font.SerifItalic()
		}
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
		fmt.Fprintf(&c.content, "/Tx BMC\nq\nBT\n%s/F0 %s Tf\n1 0 0 1 %s Tm\n%s Tj\nET\nQ\nEMC\n", c.fill(black), numbers(size), numbers(x, y), e.Encode(text))
	}
	return c.finish(page, width, height), nil
}
