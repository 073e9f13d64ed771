package text

import (
	"context"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
)

// The most that a person's picture gets below a signer's line, in points.
const (
	SignatureWidth  = 142 // 50 mm
	SignatureHeight = 71  // 25 mm
)

// signerLine is a line of the block of a signer (decree 30/2020, appendix I, box 7a): his authority (TM., Q., KT., TL., TUQ.) or his post.
var signerLine = regexp.MustCompile(`^(?:(?:TM|Q|KT|TL|TUQ|T/M|K/T)\. ?\p{Lu}|(?:[\p{Lu}]+ )*(?:CHỦ TỊCH|GIÁM ĐỐC|CHÁNH|TRƯỞNG|CHỦ NHIỆM|CHỦ TỌA|BÍ THƯ|THỐNG ĐỐC)(?: [\p{Lu} -]+)?$)`)

// Signer finds the line under which a document is signed, in capitals, as decree 30/2020 sets it: the last one there is. None is ErrNoAnchor.
func Signer(ctx context.Context, v *pdf.View) (Match, error) {
	pages, err := v.PageCount()
	if err != nil {
		return Match{}, err
	}
	for page := pages; page >= 1; page-- { // documents are signed at their end
		lines, err := Lines(ctx, v, page)
		if err != nil {
			return Match{}, err
		}
		for i := len(lines) - 1; i >= 0; i-- {
			for _, s := range lines[i].columns() {
				if signerLine.MatchString(s.Text) {
					return Match{Page: page, Rect: s.Rect, Line: s.Text}, nil
				}
			}
		}
	}
	return Match{}, codes.New(ErrNoAnchor, "finding", "the signer's line", "no line in capitals names an authority or a post")
}

// secrecy are the marks of box 10a.
var secrecy = map[string]bool{"MẬT": true, "TỐI MẬT": true, "TUYỆT MẬT": true}

// Secret finds the mark of a state secret (decree 30/2020, appendix I, box 10a), which stands by itself in capitals; ok is false where there is none.
func Secret(ctx context.Context, v *pdf.View) (m Match, ok bool, err error) {
	pages, err := v.PageCount()
	if err != nil {
		return Match{}, false, err
	}
	for page := 1; page <= pages; page++ {
		lines, err := Lines(ctx, v, page)
		if err != nil {
			return Match{}, false, err
		}
		for i := range lines {
			for _, s := range lines[i].columns() {
				if secrecy[s.Text] {
					return Match{Page: page, Rect: s.Rect, Line: s.Text}, true, nil
				}
			}
		}
	}
	return Match{}, false, nil
}

// columnGap is the width, in font sizes, from which on blanks part two columns.
const columnGap = 1.5

// columns are a line's parts with wide blanks between them, each with its blanks made one.
func (l *Line) columns() []Line {
	var out []Line
	var part []Glyph
	end := func() {
		if len(part) > 0 {
			c := Line{Glyphs: part, Rect: part[0].Rect}
			var b strings.Builder
			for _, g := range part {
				c.Rect = union(c.Rect, g.Rect)
				b.WriteString(g.Text)
			}
			c.Text = strings.Join(strings.FieldsFunc(norm.NFC.String(b.String()), unicode.IsSpace), " ")
			out = append(out, c)
		}
		part = nil
	}
	for _, g := range l.Glyphs {
		if isBlank(g.Text) {
			continue
		}
		if n := len(part); n > 0 {
			switch gap := g.Rect.X0 - part[n-1].Rect.X1; {
			case gap > columnGap*g.Size:
				end()
			case gap > wordGap*g.Size:
				part = append(part, Glyph{Text: " ", Rect: pdf.Rect{X0: part[n-1].Rect.X1, Y0: g.Rect.Y0, X1: g.Rect.X0, Y1: g.Rect.Y1}, Size: g.Size, Font: g.Font})
			}
		}
		part = append(part, g)
	}
	end()
	return out
}
