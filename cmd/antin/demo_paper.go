package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/font"
)

// paper is a made-up document of the demo, laid out as Decree 30/2020/NĐ-CP, Appendix I, says: with gaps for number and date, and a line
// under which its signer signs.
type paper struct {
	superior, agency string // the masthead
	place            string
	year             int
	code, notation   string // QĐ, UBND
	kind, title      string
	body             []string
	capacity, signer string
	recipients       []string
}

// unreal stands under every title, so that nothing that the demo makes is taken for real.
const unreal = "(Văn bản giả định, chỉ dùng để chạy thử, không có giá trị pháp lý)"

type drawn struct {
	x, y, size float64
	text       string
	center     bool
}

const (
	paperWidth, paperHeight = 595.0, 842.0
	paperLeft, paperRight   = 85.0, 43.0
)

// lines puts the parts of a paper in their places.
func (p *paper) lines(face *font.Face) []drawn {
	var out []drawn
	put := func(x, y, size float64, center bool, text string) {
		out = append(out, drawn{x, y, size, text, center})
	}
	const left, right = 170.0, 415.0
	y := 790.0
	if p.superior != "" {
		put(left, y, 11, true, strings.ToUpper(p.superior))
		y -= 15
	}
	put(left, y, 11, true, strings.ToUpper(p.agency))
	put(right, 790, 11, true, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM")
	put(right, 775, 12, true, "Độc lập - Tự do - Hạnh phúc")
	put(100, 740, 13, false, fmt.Sprintf("Số:        /%s-%s", p.code, p.notation))
	put(right, 740, 13, true, fmt.Sprintf("%s, ngày         tháng         năm %d", p.place, p.year))
	y = 700
	put(paperWidth/2, y, 14, true, strings.ToUpper(p.kind))
	for _, l := range broken(face, p.title, 13, 380) {
		y -= 18
		put(paperWidth/2, y, 13, true, l)
	}
	y -= 18
	put(paperWidth/2, y, 11, true, unreal)
	y -= 30
	for _, paragraph := range p.body {
		for i, l := range broken(face, paragraph, 13, paperWidth-paperLeft-paperRight-28) {
			indent := 0.0
			if i == 0 {
				indent = 28
			}
			put(paperLeft+indent, y, 13, false, l)
			y -= 18
		}
		y -= 6
	}
	y -= 14
	put(paperLeft, y, 11, false, "Nơi nhận:")
	for i, r := range p.recipients {
		put(paperLeft, y-float64(i+1)*13, 10, false, "- "+r+";")
	}
	put(right, y, 13, true, p.capacity)
	put(right, y-110, 13, true, p.signer)
	return out
}

// broken breaks a paragraph into lines of a width.
func broken(face *font.Face, s string, size, width float64) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(s) {
		longer := strings.TrimPrefix(line+" "+word, " ")
		if line != "" && face.Width(longer, size) > width {
			lines = append(lines, line)
			longer = word
		}
		line = longer
	}
	return append(lines, line)
}

// pdf draws the paper.
func (p *paper) pdf(ctx context.Context) ([]byte, error) {
	base := pdf.Empty()
	d, err := pdf.Open(ctx, bytes.NewReader(base), int64(len(base)), nil)
	if err != nil {
		return nil, err
	}
	u, err := d.NewUpdate()
	if err != nil {
		return nil, err
	}
	lines := p.lines(font.Serif())
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = l.text
	}
	face, err := font.Embed(u, font.Serif(), texts...)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, l := range lines {
		x := l.x
		if l.center {
			x -= font.Serif().Width(l.text, l.size) / 2
		}
		fmt.Fprintf(&b, "BT /F %g Tf %.2f %.2f Td %s Tj ET\n", l.size, x, l.y, face.Encode(l.text))
	}
	tree := pdf.Ref{Number: 2}
	page := u.Add(pdf.Dict{
		"Type": pdf.Name("Page"), "Parent": tree, "MediaBox": pdf.Array{int64(0), int64(0), int64(paperWidth), int64(paperHeight)},
		"Resources": pdf.Dict{"Font": pdf.Dict{"F": face.Ref}}, "Contents": u.Add(pdf.NewStream(pdf.Dict{}, b.Bytes(), true)),
	})
	if err := u.Set(tree, pdf.Dict{"Type": pdf.Name("Pages"), "Kids": pdf.Array{page}, "Count": int64(1)}); err != nil {
		return nil, err
	}
	catalog := pdf.Dict{"Type": pdf.Name("Catalog"), "Pages": tree, "Lang": pdf.String("vi")}
	if err := u.Set(pdf.Ref{Number: 1}, catalog); err != nil {
		return nil, err
	}
	tail, err := u.Tail(nil)
	if err != nil {
		return nil, err
	}
	return append(base, tail...), nil
}
