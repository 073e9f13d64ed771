package verify

import (
	"context"
	"image"
	"io"
	"slices"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
)

// ErrPicture says that a page cannot be drawn.
const ErrPicture codes.Code = "verify.picture"

// Renderer draws pages; the engine has none of its own.
type Renderer interface {
	// Render draws a page, counted from 1, as a viewer shows it: annotations and fields too. Its failures are [ErrPicture].
	Render(ctx context.Context, file io.ReaderAt, size int64, page int) (image.Image, error)
}

// PagePictures is a page that changed: as it was signed, and as it is.
type PagePictures struct {
	Page          int
	Before, After image.Image // nil: there was, or is, no such page
}

// maxPictured bounds the pages that are drawn for one signature.
const maxPictured = 8

// Pictures draws the pages that the changes after a signature name, those with the strongest first. The signed state is the file cut at
// the end of the signed revision. A file whose cross-reference had to be rebuilt has no such end: ErrPicture, as for a page that
// the renderer cannot draw. password is what opens an encrypted file; the renderer must know it by itself.
func Pictures(ctx context.Context, r Renderer, file io.ReaderAt, size int64, password []byte, s *SignatureFacts) ([]PagePictures, error) {
	var pages []int
	for i := range s.Changes {
		if c := &s.Changes[i]; c.Page > 0 && c.Class != ClassLTA && !slices.Contains(pages, c.Page) && len(pages) < maxPictured {
			pages = append(pages, c.Page)
		}
	}
	if len(pages) == 0 {
		return nil, nil
	}
	d, err := pdf.Open(ctx, file, size, &pdf.Options{Password: password})
	if err != nil {
		return nil, err
	}
	revisions := d.Revisions()
	if d.Rebuilt() || s.Revision < 0 || s.Revision >= len(revisions) {
		return nil, codes.New(ErrPicture, "drawing", s.Field, "the signed revision has no end")
	}
	before, err := d.At(s.Revision).PageCount()
	if err != nil {
		return nil, err
	}
	after, err := d.Latest().PageCount()
	if err != nil {
		return nil, err
	}
	end := revisions[s.Revision].End
	out := make([]PagePictures, len(pages))
	for i, n := range pages {
		out[i].Page = n
		if n <= before {
			if out[i].Before, err = r.Render(ctx, io.NewSectionReader(file, 0, end), end, n); err != nil {
				return nil, err
			}
		}
		if n <= after {
			if out[i].After, err = r.Render(ctx, file, size, n); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
