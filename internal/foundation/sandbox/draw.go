package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/responses"
	"github.com/klippa-app/go-pdfium/structs"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/text/unicode/norm"

	"github.com/antinvn/antin/codes"
)

// drawer is pdfium in a child: one instance, for one document.
type drawer struct {
	pdfium   pdfium.Pdfium
	memory   *memory
	document references.FPDF_DOCUMENT
}

// newDrawer loads pdfium. Compiling it takes seconds and some 350 MB, loading what was compiled a tenth of a second.
func newDrawer(ctx context.Context, cache string, room int64) (*drawer, error) {
	// The module handles its own errors by WebAssembly's exceptions.
	c := wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling)
	if cache != "" {
		folder, err := wazero.NewCompilationCacheWithDir(cache)
		if err != nil {
			return nil, err
		}
		c = c.WithCompilationCache(folder)
	}
	m := &memory{bytes: make([]byte, room)}
	pool, err := webassembly.Init(webassembly.Config{
		Context: experimental.WithMemoryAllocator(ctx, m), MaxIdle: 1, MaxTotal: 1, RuntimeConfig: c,
		FSConfig: wazero.NewFSConfig(), // nothing: the default is everything
		Stdout:   io.Discard, Stderr: io.Discard,
	})
	if err != nil {
		return nil, err
	}
	p, err := pool.GetInstanceWithContext(ctx)
	if err != nil {
		return nil, err
	}
	return &drawer{pdfium: p, memory: m}, nil
}

// answer opens the document and does what is asked. What pdfium could not do for want of memory is told so.
func (d *drawer) answer(j *job, f *file) (answer []byte, err error) {
	defer func() {
		if err != nil && codes.Of(err) == "" {
			kind := ErrCrashed
			if d.memory.refused {
				kind = ErrMemory
			}
			err = codes.Wrap(kind, "drawing", "", err)
		}
	}()
	open := &requests.OpenDocument{FileReader: f, FileReaderSize: f.size()}
	if len(j.Password) > 0 {
		password := string(j.Password)
		open.Password = &password
	}
	opened, err := d.pdfium.OpenDocument(open)
	switch {
	case errors.Is(err, pdfiumerrors.ErrPassword), errors.Is(err, pdfiumerrors.ErrSecurity):
		return nil, codes.Wrap(ErrPassword, "opening", "", err)
	case errors.Is(err, pdfiumerrors.ErrFile), errors.Is(err, pdfiumerrors.ErrFormat), errors.Is(err, pdfiumerrors.ErrUnknown), errors.Is(err, pdfiumerrors.ErrPage):
		return nil, codes.Wrap(ErrUnreadable, "opening", "", err)
	case err != nil:
		return nil, err
	}
	d.document = opened.Document
	count, err := d.pdfium.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: d.document})
	switch {
	case err != nil:
		return nil, err
	case count.PageCount > j.Pages:
		return nil, tooManyPages(count.PageCount)
	case j.Act == actPages:
		return d.pages(count.PageCount)
	case j.Page < 1 || j.Page > count.PageCount:
		return nil, codes.New(ErrNoPage, "opening", "", fmt.Sprintf("%d pages", count.PageCount))
	case j.Act == actRead:
		return d.read(j.Page, j.Many, count.PageCount)
	}
	if j.Act == actText {
		words, _, err := d.words(d.numbered(j.Page))
		if err != nil {
			return nil, err
		}
		return json.Marshal(words)
	}
	return d.image(d.numbered(j.Page), j.Scale, j.Pixels)
}

func tooManyPages(n int) error { return codes.New(ErrPages, "opening", "", fmt.Sprintf("%d pages", n)) }

func (d *drawer) pages(count int) ([]byte, error) {
	info := Info{Pages: make([]Page, 0, count)}
	for i := range count {
		p, err := d.page(d.numbered(i + 1))
		if errors.Is(err, pdfiumerrors.ErrPage) {
			err = nil // a page that is not there, or no page: it is shown empty
		}
		if err != nil {
			return nil, err
		}
		info.Pages = append(info.Pages, p)
	}
	return json.Marshal(info)
}

// read gives some pages with their lines.
func (d *drawer) read(first, many, count int) ([]byte, error) {
	r := Reading{Count: count}
	for n := first; n <= count && n < first+many; n++ {
		words, p, err := d.words(d.numbered(n))
		if errors.Is(err, pdfiumerrors.ErrPage) {
			err = nil
		}
		if err != nil {
			return nil, err
		}
		r.Pages = append(r.Pages, Leaf{Page: p, Lines: linesOf(words)})
	}
	return json.Marshal(r)
}

func (d *drawer) numbered(page int) requests.Page {
	return requests.Page{ByIndex: &requests.PageByIndex{Document: d.document, Index: page - 1}}
}

func (d *drawer) page(page requests.Page) (Page, error) {
	size, err := d.pdfium.GetPageSize(&requests.GetPageSize{Page: page})
	if err != nil {
		return Page{}, err
	}
	turned, err := d.pdfium.FPDFPage_GetRotation(&requests.FPDFPage_GetRotation{Page: page})
	if err != nil {
		return Page{}, err
	}
	return Page{Width: size.Width, Height: size.Height, Rotation: 90 * (int(turned.PageRotation) & 3)}, nil
}

// image draws a page as it is printed, signatures and other annotations with it. Larger than allowed it is drawn smaller.
func (d *drawer) image(page requests.Page, s Scale, pixels int) ([]byte, error) {
	p, err := d.page(page)
	if errors.Is(err, pdfiumerrors.ErrPage) || err == nil && (p.Width <= 0 || p.Height <= 0) {
		return nil, codes.New(ErrUnreadable, "drawing", "", "it is no page")
	}
	if err != nil {
		return nil, err
	}
	w, h := s.size(p, pixels)
	drawn, err := d.pdfium.RenderPageInPixels(&requests.RenderPageInPixels{Page: page, Width: w, Height: h, RenderFlags: enums.FPDF_RENDER_FLAG_ANNOT, RenderForm: true, Document: &d.document})
	if err != nil {
		return nil, err
	}
	defer drawn.Cleanup()
	if s.Light {
		return light(drawn.Result.RenderedImage)
	}
	return exact(drawn.Result.RenderedImage)
}

// size is that of a page's picture in pixels, at least one each way.
func (s Scale) size(p Page, pixels int) (width, height int) {
	k := s.DPI / 72
	if s.Width > 0 {
		k = float64(s.Width) / p.Width
	}
	k = min(k, math.Sqrt(float64(pixels)/(p.Width*p.Height)), maxSide/max(p.Width, p.Height))
	return max(1, int(math.Round(k*p.Width))), max(1, int(math.Round(k*p.Height)))
}

// words are those of a page. A word ends at white space, and where the next letter stands on another line.
func (d *drawer) words(page requests.Page) ([]Word, Page, error) {
	p, err := d.page(page)
	if err != nil {
		return nil, p, err
	}
	box, err := d.pdfium.FPDF_GetPageBoundingBox(&requests.FPDF_GetPageBoundingBox{Page: page})
	if err != nil {
		return nil, p, err
	}
	got, err := d.pdfium.GetPageTextStructured(&requests.GetPageTextStructured{Page: page, Mode: requests.GetPageTextStructuredModeChars})
	if err != nil {
		return nil, p, err
	}
	words := []Word{}
	var text strings.Builder
	var w Word
	end := func() {
		if text.Len() > 0 {
			w.Text = norm.NFC.String(text.String())
			words = append(words, w)
			text.Reset()
		}
	}
	for _, c := range got.Chars {
		letters := strings.Map(visible, c.Text)
		if letters == "" {
			end()
			continue
		}
		b := shown(c.PointPosition, &box.Rect, p.Rotation)
		if text.Len() > 0 && (!w.joins(b) || text.Len() > maxWord) {
			end()
		}
		if len(words) == maxWords {
			break
		}
		if text.Len() == 0 {
			w = b
		} else {
			w.Left, w.Top, w.Right, w.Bottom = min(w.Left, b.Left), min(w.Top, b.Top), max(w.Right, b.Right), max(w.Bottom, b.Bottom)
		}
		text.WriteString(letters)
	}
	end()
	return words, p, nil
}

// visible drops white space and controls, the hyphen that pdfium marks as U+FFFE at a line's end among them.
func visible(r rune) rune {
	if unicode.IsSpace(r) || unicode.IsControl(r) || r == '\uFFFE' || r == 0 {
		return -1
	}
	return r
}

// joins says that a letter may go on a word: it overlaps its height or, in text that runs up or down, its width.
func (w *Word) joins(b Word) bool {
	return b.Top <= w.Bottom && b.Bottom >= w.Top || b.Left <= w.Right && b.Right >= w.Left
}

// shown turns a box of the page's own space (ISO 32000-2, 8.3.2.3) to the page as it is shown, from its upper left corner down.
func shown(c responses.CharPosition, box *structs.FPDF_FS_RECTF, rotation int) Word {
	left, bottom, right, top := float64(box.Left), float64(box.Bottom), float64(box.Right), float64(box.Top)
	switch rotation {
	case 90:
		return Word{Left: c.Bottom - bottom, Top: c.Left - left, Right: c.Top - bottom, Bottom: c.Right - left}
	case 180:
		return Word{Left: right - c.Right, Top: c.Bottom - bottom, Right: right - c.Left, Bottom: c.Top - bottom}
	case 270:
		return Word{Left: top - c.Top, Top: right - c.Right, Right: top - c.Bottom, Bottom: right - c.Left}
	default:
		return Word{Left: c.Left - left, Top: top - c.Top, Right: c.Right - left, Bottom: top - c.Bottom}
	}
}
