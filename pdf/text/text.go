// Package text reads the text of pages with its places: anchors for signatures and the gaps that a drafter left for
// number and date.
package text

import (
	"context"

	"github.com/antinvn/antin/pdf"
)

// Glyph is one shown character; Rect is in points of the page as it is shown, from its lower left.
type Glyph struct {
	Text string
	Rect pdf.Rect
	Size float64 // effective font size
	Font string
}

// Line is a line of glyphs, left to right, NFC.
type Line struct {
	Text   string
	Glyphs []Glyph
	Rect   pdf.Rect
}

// Lines reads a page (from 1).
func Lines(ctx context.Context, v *pdf.View, page int) ([]Line, error) { panic("unwritten") }

// Match is a place where a text stands.
type Match struct {
	Page int
	Rect pdf.Rect
	Line string
}

// Find finds text on all pages, ignoring differences of white space, in NFC. "text#2" takes the second hit. No hit is
// ErrNoAnchor, several without #n ErrAmbiguousAnchor; both list what was found.
func Find(ctx context.Context, v *pdf.View, text string) (Match, error) { panic("unwritten") }

// Gap is a blank or dotted place left for a value.
type Gap struct {
	Name string // number, day, month, year
	Page int
	Rect pdf.Rect // the free box: from the end of the word before to the start of the word after, a line high
	Size float64  // font size of the line
}

// Gaps finds "Số: …/2026/QĐ-UBND" and "ngày … tháng … năm …" left blank or dotted.
func Gaps(ctx context.Context, v *pdf.View) ([]Gap, error) { panic("unwritten") }
