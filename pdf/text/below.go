package text

import (
	"context"
	"sort"

	"github.com/antinvn/antin/pdf"
)

// The layout that [SpaceBelow] reads, in points and in line heights.
const (
	columnHalfWidth = 113 // half of the 8 cm that a signer's block takes
	leastSpace      = 20  // a lower free space is not one that a drafter left for a signature
	blockGap        = 0.9 // lines closer than this many line heights belong to one block
	bottomMargin    = 28
)

// SpaceBelow is the box of at most width × height points for a signature below the block of lines that starts at m: centred
// under it, and halfway between it and the next text of the same column (the signer's name), as decree 30/2020, appendix I asks.
func SpaceBelow(ctx context.Context, v *pdf.View, m Match, width, height float64) (pdf.Rect, error) {
	lines, err := Lines(ctx, v, m.Page)
	if err != nil {
		return pdf.Rect{}, err
	}
	centre := (m.Rect.X0 + m.Rect.X1) / 2
	rows := column(lines, centre-columnHalfWidth, centre+columnHalfWidth)
	top := m.Rect.Y0
	lineHeight := m.Rect.Y1 - m.Rect.Y0
	floor := float64(bottomMargin)
	for _, r := range rows {
		if r.Y1 > m.Rect.Y0+lineHeight/2 {
			continue // the anchor's own line, or above it
		}
		if top-r.Y1 > blockGap*lineHeight {
			floor = r.Y1
			break
		}
		top = r.Y0
	}
	free := top - floor
	if free < leastSpace {
		free, floor = height, top-height
	}
	h := min(height, free)
	y := floor + (free-h)/2
	if floor == bottomMargin { // nothing below: stay with the title
		y = top - h
	}
	return pdf.Rect{X0: centre - width/2, Y0: y, X1: centre + width/2, Y1: y + h}, nil
}

// column is the boxes of the lines' parts that lie between two x, top-down.
func column(lines []Line, x0, x1 float64) []pdf.Rect {
	var rows []pdf.Rect
	for _, l := range lines {
		var box pdf.Rect
		for _, g := range l.Glyphs {
			mid := (g.Rect.X0 + g.Rect.X1) / 2
			if g.Text == " " || g.Text == "\u00a0" || mid < x0 || mid > x1 {
				continue
			}
			if box == (pdf.Rect{}) {
				box = g.Rect
				continue
			}
			box = pdf.Rect{
				X0: min(box.X0, g.Rect.X0), Y0: min(box.Y0, g.Rect.Y0), X1: max(box.X1, g.Rect.X1), Y1: max(box.Y1, g.Rect.Y1),
			}
		}
		if box != (pdf.Rect{}) {
			rows = append(rows, box)
		}
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i].Y1 > rows[j].Y1 })
	return rows
}
