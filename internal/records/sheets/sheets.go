// Package sheets shows what the sandbox read of a document as the shell's sheets: pictures with their text, or why there are none.
//
//	part, err := reader.Read(ctx, file, 1, 5)
//	view := &web.Sheets{Count: part.Count, Pages: sheets.Of(part, 1, addresses), Why: sheets.Why(r, err)}
package sheets

import (
	"html/template"
	"strings"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/internal/foundation/web"
)

// Of are the pages that were read, the first of which has the number first. Pictures are where source says, in both widths.
func Of(read sandbox.Reading, first int, source func(page int) (usual, wide template.URL)) []web.Sheet {
	out := make([]web.Sheet, len(read.Pages))
	for i := range read.Pages {
		p := &read.Pages[i]
		s := web.Sheet{Number: first + i, Width: p.Width, Height: p.Height, Paragraphs: p.Paragraphs()}
		s.Source, s.Wide = source(s.Number)
		for _, l := range p.Lines {
			s.Lines = append(s.Lines, web.SheetLine(l))
		}
		out[i] = s
	}
	return out
}

// Why tells a reader why the pages of a document cannot be shown, where it is the sandbox that could not; otherwise it is nil, and the
// failure is that of the whole page.
func Why(r *web.Request, err error) *web.Banner {
	f := fault.Of(err)
	if f == nil || f.Kind == sandbox.ErrNoPage || !strings.HasPrefix(string(f.Kind), "sandbox.") {
		return nil
	}
	v := r.Failure(err)
	r.Note(err)
	return &web.Banner{Kind: web.Wait, Title: web.T("web.sheets.why"), Body: web.Plain(v.What + " " + v.Next)}
}
