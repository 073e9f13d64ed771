package document

import (
	"context"
	"io"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// Content is a document's file, to be read once.
type Content struct {
	io.ReadCloser

	Name string
	Size int64
}

// Open opens a document's content.
func (s *Service) Open(ctx context.Context, who auth.Actor, id store.ID) (c Content, err error) {
	d, err := s.open(ctx, who, "records/document.Open", id)
	if err != nil {
		return c, err
	}
	b, err := s.blobs.Open(ctx, d.file)
	if err != nil {
		return c, err
	}
	c = Content{Name: d.Name, Size: b.Size()}
	c.ReadCloser, err = b.Reader()
	return c, err
}

// PagesAtOnce is how many pages are read in one go.
const PagesAtOnce = 5

// Part is some pages of a document's content, as text.
type Part struct {
	sandbox.Reading

	First int
	// Version names the content that was read: [Service.PageImage] draws the same.
	Version string
}

// PageText reads pages of a document's content, from one counted from 1 on. Failures of the sandbox are its own.
func (s *Service) PageText(ctx context.Context, who auth.Actor, id store.ID, first int) (p Part, err error) {
	d, err := s.open(ctx, who, "records/document.PageText", id)
	if err != nil {
		return p, err
	}
	p.First, p.Version = first, d.version()
	b, err := s.blobs.Open(ctx, d.file)
	if err != nil {
		return p, err
	}
	p.Reading, err = s.reader.Read(ctx, sandbox.File{R: b, Size: b.Size()}, first, PagesAtOnce)
	return p, err
}

// Picture is a page as it is asked for.
type Picture struct {
	Page int // counted from 1
	Wide bool
	// Version is what [Service.PageText] said: of another content nothing is drawn.
	Version string
	// Kept says that the reader has the picture already: that he may see it is checked, and nothing is drawn.
	Kept bool
}

// PageImage draws a page of a document's content, as PNG or JPEG. Failures of the sandbox are its own.
func (s *Service) PageImage(ctx context.Context, who auth.Actor, id store.ID, p Picture) ([]byte, error) {
	d, err := s.open(ctx, who, "records/document.PageImage", id)
	switch {
	case err != nil:
		return nil, err
	case p.Version != d.version():
		return nil, fault.New(fault.Stale, store.ErrStale, d.Title)
	case p.Kept:
		return nil, nil
	}
	b, err := s.blobs.Open(ctx, d.file)
	if err != nil {
		return nil, err
	}
	scale := sandbox.Scale{Width: web.SheetWidth, Light: true}
	if p.Wide {
		scale.Width = web.SheetWide
	}
	return s.reader.Image(ctx, sandbox.File{R: b, Size: b.Size()}, p.Page, scale)
}

// version names a document's content to its readers: names of blobs are long, and no secret.
func (d *Document) version() string { return string(d.file[:min(len(d.file), 16)]) }

// open lets an actor at a document's content. That somebody did is recorded before anything goes out, once a person, document and day.
func (s *Service) open(ctx context.Context, who auth.Actor, method string, id store.ID) (d Document, err error) {
	w, err := s.auth.Warrant(ctx, who.Inner(), method)
	if err != nil {
		return d, err
	}
	var known bool
	var unopened []store.ID
	look := func(tx *store.Tx) (day time.Time, err error) {
		day = clock.Day(tx.Now())
		if d, err = seenTx(tx, who, id); err != nil {
			return day, err
		}
		known, unopened, err = openingTx(tx, who, &d, day)
		return day, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		_, err := look(tx)
		return err
	})
	if err != nil || known && len(unopened) == 0 {
		return d, err
	}
	err = s.db.Do(ctx, w, func(tx *store.Tx) error {
		day, err := look(tx)
		if err != nil || known && len(unopened) == 0 {
			return err
		}
		return recordTx(tx, who, &d, day, known, unopened)
	})
	return d, err
}

func recordTx(tx *store.Tx, who auth.Actor, d *Document, day time.Time, known bool, unopened []store.ID) error {
	event := tx.Record(Opened{Document: d.ID, Day: day})
	if !known {
		_, err := tx.Exec(`INSERT INTO document_opening (document, account, day, event) VALUES (?, ?, ?, ?)`, d.ID, who.Account, day, event)
		if err != nil {
			return err
		}
	}
	for _, agency := range unopened {
		err := tx.Change(`UPDATE document_recipient SET opened = ?, event = ? WHERE document = ? AND agency = ? AND opened IS NULL`, tx.Now(), event, d.ID, agency)
		if err != nil {
			return err
		}
	}
	return nil
}
