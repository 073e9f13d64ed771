package document

import (
	"bytes"
	"html/template"
	"net/http"
	"strconv"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
	"github.com/antinvn/antin/internal/records/sheets"
)

// sheets are the pages of a document's content that a request asks for, on the page at an address below the document's. Where they cannot
// be drawn it says why: the page is shown all the same, and leads to the file.
func (p page) sheets(r *web.Request, id store.ID, below string) (*web.Sheets, error) {
	first, err := pageNumber(r.URL.Query().Get("trang"), 1)
	if err != nil {
		return nil, err
	}
	view := &web.Sheets{Many: PagesAtOnce, Path: at(id, below), File: at(id, "/tep?doc=1")}
	part, err := p.s.PageText(r.Context(), auth.Who(r), id, first)
	if err != nil {
		if view.Why = sheets.Why(r, err); view.Why == nil || r.Context().Err() != nil {
			return nil, err
		}
		return view, nil
	}
	view.Count = part.Count
	view.Pages = sheets.Of(part.Reading, first, func(n int) (usual, wide template.URL) {
		source := at(id, "/trang/"+strconv.Itoa(n)+"?ban="+part.Version)
		return template.URL(source), template.URL(source + "&rong=1") //nolint:gosec // an address of our own, of digits and letters
	})
	return view, nil
}

// pageNumber reads the number of a page; what is no number is no page.
func pageNumber(text string, otherwise int) (int, error) {
	if text == "" && otherwise > 0 {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n == 0 {
		return 0, fault.New(fault.NotFound, sandbox.ErrNoPage, "").With("page", text)
	}
	return int(n), nil
}

// picture sends a page as an image: kept by the reader's browser, shown again after asking.
func (p page) picture(r *web.Request) (web.Answer, error) {
	id, err := store.ParseID(idKind, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	n, err := pageNumber(r.PathValue("page"), 0)
	if err != nil {
		return nil, err
	}
	q := r.URL.Query()
	want := Picture{Page: n, Wide: q.Has("rong"), Version: q.Get("ban")}
	tag := want.Version + "-" + strconv.Itoa(n)
	if want.Wide {
		tag += "-rong"
	}
	want.Kept = r.Keeps(tag)
	b, err := p.s.PageImage(r.Context(), auth.Who(r), id, want)
	switch {
	case err != nil:
		return nil, err
	case want.Kept:
		return &web.Unchanged{Tag: tag}, nil
	}
	kind := http.DetectContentType(b)
	return &web.Download{Name: strconv.Itoa(n), Type: kind, Size: int64(len(b)), Content: bytes.NewReader(b), Inline: true, Tag: tag}, nil
}
