package render

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"html/template"
	"image"
	"image/png"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/antinvn/antin/verify"
)

//go:embed page.html
var pageText string

//go:embed page.css
var styleText string

var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"clock": clock, "clean": clean,
	}).Parse(pageText))
})

// htmlPage is what page.html shows.
type htmlPage struct {
	*verify.Report
	Words       map[string]string
	Style       template.CSS
	Title       string
	Timeline    *timeline
	Facts       *verify.Facts
	Lines       []htmlLine
	PolicyTitle string
}

type htmlLine struct {
	verify.Line
	Members []htmlSignature
}

type htmlSignature struct {
	*verify.SignatureReport
	Number int
	Drawn  []htmlPictures
}

// htmlPictures is a page before and after, as addresses that hold the picture itself; "" where there is none.
type htmlPictures struct {
	Page          int
	Before, After template.URL
}

// HTML writes the report as one self-contained page: no script, nothing to load, for a screen, a telephone and paper.
func HTML(w io.Writer, v *verify.Verdict, r *verify.Report) error {
	words := wordsOf(r.Language())
	p := &htmlPage{
		Report: r, Words: words, Style: template.CSS(styleText), //nolint:gosec // our own file
		Title: words["title"] + ": " + clean(r.File), Timeline: timelineOf(v, r), Facts: v.Facts, PolicyTitle: v.Policy.Title[r.Language()],
	}
	for _, l := range r.Document.Lines {
		one := htmlLine{Line: l}
		for _, i := range l.Signatures {
			drawn, err := drawnPages(r.Signatures[i].Pictures)
			if err != nil {
				return err
			}
			one.Members = append(one.Members, htmlSignature{&r.Signatures[i], i + 1, drawn})
		}
		p.Lines = append(p.Lines, one)
	}
	return page().Execute(w, p)
}

func drawnPages(pages []verify.PagePictures) ([]htmlPictures, error) {
	var out []htmlPictures
	for _, p := range pages {
		h := htmlPictures{Page: p.Page}
		for to, picture := range map[*template.URL]image.Image{&h.Before: p.Before, &h.After: p.After} {
			if picture == nil {
				continue
			}
			var b bytes.Buffer
			if err := png.Encode(&b, picture); err != nil {
				return nil, err
			}
			*to = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())) //nolint:gosec // our own encoding of pixels
		}
		out = append(out, h)
	}
	return out, nil
}

// vietnam is the offset of Vietnamese time, which knows no summer time.
var vietnam = time.FixedZone("+07", 7*60*60)

// clock is a time as a reader in Vietnam has it.
func clock(t time.Time) string { return t.In(vietnam).Format("15:04:05 02/01/2006") }

// clean takes out what would turn the writing direction or move the cursor.
func clean(s string) string { return strings.TrimSpace(verify.Plain(s)) }
