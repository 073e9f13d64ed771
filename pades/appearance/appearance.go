// Package appearance draws what a signature shows: a picture, text, a QR code, in form XObjects with embedded fonts.
package appearance

import "github.com/antinvn/antin/pdf"

// Kind is one of the appearances that practice knows (domain: decree 30/2020, appendix I).
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

// Form builds the form XObject for a box of width × height points (as shown) on a page, rotated to stand upright,
// and adds it with its fonts and images to the update. pdfA says which PDF/A part is claimed ("" none, "1b", "2b", …).
func Form(u *pdf.Update, page *pdf.Page, width, height float64, s *Spec, pdfA string) (pdf.Ref, error) {
	panic("unwritten")
}

// Size is the natural size in points of what s shows.
func Size(s *Spec) (width, height float64, err error) { panic("unwritten") }

// FieldText builds the normal appearance of a filled text field: text in the embedded font, sized to the box.
func FieldText(u *pdf.Update, page *pdf.Page, width, height float64, text string, fontSize float64, pdfA string) (pdf.Ref, error) {
	panic("unwritten")
}
