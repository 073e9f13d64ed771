package web

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

// Sheets are pages of a document as pictures with their text, a few at a time: what is shown to who reads before signing. Without pages it
// says by Why what is in the way.
type Sheets struct {
	// Count is how many pages the document has; Of tells one document from another where a page shows several.
	Count int
	Of    string
	Pages []Sheet
	Why   *Banner
	// File leads to the file itself: what is left where a picture does not come.
	File string
	// Many is how many are shown at once where there are more.
	Many int
	// Path is the page that shows them; with "?trang=" it begins at another one. It is "" where there is none: all are shown that can be.
	Path string
	// Below says that its heading stands below another one of the page's.
	Below bool
}

// Sheet is a page. Its picture is fetched when it comes near; its text lies over it, to be selected and searched, and below it, to be read
// aloud or on a narrow screen.
type Sheet struct {
	Number int
	// Source is the picture; Wide the same in more pixels, for fine screens and to look closer; either is "" where there is none.
	Source, Wide template.URL
	// Width and Height are the page's, in any unit, and that of Lines. They are 0 where it cannot be drawn.
	Width, Height float64
	Lines         []SheetLine
	Paragraphs    []string
}

// SheetLine is a line of text on a page: its box from the upper left corner.
type SheetLine struct {
	Text                     string
	Left, Top, Right, Bottom float64
}

// The widths of pictures, in pixels. A page on a desk is drawn in about the first; fine screens take the second.
const (
	SheetWidth = 800
	SheetWide  = 1200
)

// tallest is how much higher than wide a page is shown: longer ones are shown smaller.
const tallest = 3

// PixelWidth and PixelHeight keep a place for the picture before it comes.
func (s Sheet) PixelWidth() int { return SheetWidth }

// PixelHeight is the other side.
func (s Sheet) PixelHeight() int {
	return max(1, int(SheetWidth*min(s.Height/s.Width, tallest)))
}

// Drawn reports whether there is a picture.
func (s Sheet) Drawn() bool { return s.Source != "" && s.Width > 0 && s.Height > 0 }

// Whole reports whether the picture fills its place, so that its text can lie over it.
func (s Sheet) Whole() bool { return s.Height <= tallest*s.Width && s.Height*4000 > s.Width }

// Baseline is where the letters of a line stand: a fifth of its height hangs below.
func (l SheetLine) Baseline() string { return points(l.Bottom - (l.Bottom-l.Top)/5) }

// Length is how wide a line is set.
func (l SheetLine) Length() string { return points(l.Right - l.Left) }

// Size is the height of its letters.
func (l SheetLine) Size() string { return points(l.Bottom - l.Top) }

// X is where it begins.
func (l SheetLine) X() string { return points(l.Left) }

// Shown reports whether it has a place at all.
func (l SheetLine) Shown() bool { return l.Right > l.Left && l.Bottom > l.Top }

func points(f float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0")
}

// ViewBox is the page as the space of its lines.
func (s Sheet) ViewBox() string { return "0 0 " + points(s.Width) + " " + points(s.Height) }

// First and Last are the numbers of the pages that are shown; 0 for none.
func (s *Sheets) First() int {
	if len(s.Pages) == 0 {
		return 0
	}
	return s.Pages[0].Number
}

// Last is the other end.
func (s *Sheets) Last() int {
	if len(s.Pages) == 0 {
		return 0
	}
	return s.Pages[len(s.Pages)-1].Number
}

// Cut reports whether there is more than what is shown; Part whether that stands at other addresses.
func (s *Sheets) Cut() bool { return len(s.Pages) > 0 && len(s.Pages) < s.Count }

// Part is what Cut says.
func (s *Sheets) Part() bool { return s.Path != "" && s.Cut() }

// Before and After lead on; they are "" at the ends.
func (s *Sheets) Before() string {
	if s.First() <= 1 {
		return ""
	}
	return s.at(max(1, s.First()-max(s.Many, 1)))
}

// After leads to the next part.
func (s *Sheets) After() string {
	if s.Last() >= s.Count {
		return ""
	}
	return s.at(s.Last() + 1)
}

func (s *Sheets) at(page int) string { return fmt.Sprintf("%s?trang=%d#cac-trang", s.Path, page) }

// Embedded is a picture as an address that holds it whole, for pages behind which nothing is kept (see [Page.Pictures]).
func Embedded(picture []byte) template.URL {
	return template.URL("data:" + http.DetectContentType(picture) + ";base64," + base64.StdEncoding.EncodeToString(picture)) //nolint:gosec // of letters that base64 has
}
