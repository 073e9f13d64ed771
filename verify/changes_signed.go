package verify

import (
	"context"
	"io"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

// laterRevisions answers for each signature of a file what changed after it; what one signature asked is not looked for again.
// Not safe for concurrent use.
type laterRevisions struct {
	doc     *pdf.Document
	oldest  int // the first signed revision, -1 if no byte range ends at one
	history *history
}

func newLaterRevisions(doc *pdf.Document, sigs []*pades.Signature) *laterRevisions {
	l := &laterRevisions{doc: doc, oldest: -1}
	for _, s := range sigs {
		if s.Revision >= 0 && (l.oldest < 0 || s.Revision < l.oldest) {
			l.oldest = s.Revision
		}
	}
	return l
}

// changes after a signature. What its byte range does not end at a revision of, is compared by the file cut there.
func (l *laterRevisions) changes(ctx context.Context, s *pades.Signature, password []byte) ([]Change, error) {
	if len(s.ByteRange) != 4 {
		return nil, nil
	}
	if l.doc.Rebuilt() {
		return l.cut(ctx, s.End(), password)
	}
	if s.Revision < 0 {
		return nil, nil // the byte range says what is wrong
	}
	if l.history == nil {
		l.history = newHistory(ctx, l.doc.At(l.oldest), l.doc, changeRules())
	}
	return l.history.since(l.doc.At(s.Revision))
}

// cut compares the file as it was signed with what a rebuilt cross-reference makes of all its bytes.
func (l *laterRevisions) cut(ctx context.Context, end int64, password []byte) ([]Change, error) {
	if end <= 0 || end >= l.doc.Size() {
		return nil, nil
	}
	signed, err := pdf.Open(ctx, io.NewSectionReader(l.doc.Reader(), 0, end), end, &pdf.Options{Password: password})
	if err != nil {
		return nil, err
	}
	return compareViews(ctx, signed.Latest(), l.doc.Latest())
}
