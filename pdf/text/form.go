package text

import (
	"context"
	"strings"

	"github.com/antinvn/antin/pdf"
)

// OfForm is the text that a form XObject shows (ISO 32000-2, 8.10), its runs in the order of the content; "" where it shows
// none.
func OfForm(ctx context.Context, v *pdf.View, form *pdf.Stream) (string, error) {
	if form == nil {
		return "", nil
	}
	in := &interpreter{ctx: ctx, v: v, fonts: map[pdf.Object]*textFont{}}
	in.s = state{ctm: matrix{1, 0, 0, 1, 0, 0}, scale: 1}
	resources, err := v.Dict(form.Dict["Resources"])
	if err != nil {
		return "", err
	}
	if err := in.run(decoded(v, form), resources, 0); err != nil {
		return "", err
	}
	var b strings.Builder
	for _, g := range in.glyphs {
		b.WriteString(g.Text)
	}
	return b.String(), nil
}

// Glyphs are those of a page's content in default user space, in the order of the content.
func Glyphs(ctx context.Context, v *pdf.View, page *pdf.Page) ([]Glyph, error) {
	plain := *page
	plain.CropBox, plain.Rotate, plain.UserUnit = pdf.Rect{}, 0, 1
	return readPage(ctx, v, &plain)
}
