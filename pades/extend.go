package pades

import (
	"context"
	"crypto"
	"io"
	"slices"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/tsp"
)

// documentTokenHash is the imprint of document time-stamps. It may differ from the signatures' own digests.
const documentTokenHash = crypto.SHA256

// ExtendOptions steer Extend.
type ExtendOptions = EmbedOptions

// Extend raises every signature to a level, or renews B-LTA: evidence into the DSS, then a document time-stamp.
// Earlier bytes are never changed, so a signature without a time-stamp of its own gets a document time-stamp
// (EN 319 142-1, 6.3 allows both). What w got before an error is worthless.
func Extend(ctx context.Context, w io.Writer, d *pdf.Document, to Level, o *ExtendOptions) (*Report, error) {
	if to < BT || to > BLTA {
		return nil, codes.New(ErrOptions, "extending", to.String(), "the levels to reach are B-T, B-LT and B-LTA")
	}
	out, o, err := openExtension(ctx, d, to, o)
	if err != nil {
		return nil, err
	}
	signatures, err := Signatures(ctx, d)
	if err != nil {
		return nil, err
	}
	if len(signatures) == 0 {
		return nil, codes.New(ErrUnsigned, "extending", to.String(), "the file holds no signature")
	}
	report := &Report{Level: to}
	if tooLate(signatures, o.time()) {
		report.Notes = append(report.Notes, NoteTooLate)
	}
	if err := out.pass(ctx, w, o.Progress, documentTokenHash); err != nil {
		return nil, err
	}
	if untimed(signatures) {
		report.Notes = append(report.Notes, NoteDocumentTST)
		if err := out.timestamp(ctx, "", o, report); err != nil {
			return nil, err
		}
	}
	if to >= BLT {
		if err := out.secure(ctx, o, func(s *Signature, stored *Evidence) bool { return !proved(s, signatures, stored) }); err != nil {
			return nil, err
		}
	}
	if to >= BLTA {
		if err := out.timestamp(ctx, "", o, report); err != nil {
			return nil, err
		}
	}
	report.Size = out.size()
	_, err = w.Write(out.tail)
	return report, err
}

// Timestamp adds a document time-stamp, in a new invisible field or in an empty signature field of that name. It is
// allowed after any certification (ISO 32000-2, 12.8.2.2.2).
func Timestamp(ctx context.Context, w io.Writer, d *pdf.Document, field string, o *ExtendOptions) (*Report, error) {
	out, o, err := openExtension(ctx, d, BT, o)
	if err != nil {
		return nil, err
	}
	if err := out.pass(ctx, w, o.Progress, documentTokenHash); err != nil {
		return nil, err
	}
	report := &Report{}
	if err := out.timestamp(ctx, field, o, report); err != nil {
		return nil, err
	}
	report.Size = out.size()
	_, err = w.Write(out.tail)
	return report, err
}

// openExtension checks before the first byte is written that a revision can be added.
func openExtension(ctx context.Context, d *pdf.Document, to Level, o *ExtendOptions) (*output, *ExtendOptions, error) {
	if o == nil {
		o = &ExtendOptions{}
	}
	if err := o.serves(to); err != nil {
		return nil, nil, err
	}
	if _, err := newDraft(ctx, d, &Options{}); err != nil {
		return nil, nil, err
	}
	planned := *o
	planned.TSA = planner(o.TSA)
	return newOutput(d), &planned, nil
}

// lastTimestamp is where the newest document time-stamp ends, 0 if there is none.
func lastTimestamp(signatures []*Signature) int64 {
	covered := int64(0)
	for _, s := range signatures {
		if s.Type == TypeDocumentTimestamp {
			covered = max(covered, s.end())
		}
	}
	return covered
}

// tooLate reports whether what no later document time-stamp covers rests on a certificate that has ended: a new one proves nothing of
// the time before (EN 319 102-1, 5.6.2.1).
func tooLate(signatures []*Signature, at time.Time) bool {
	covered := lastTimestamp(signatures)
	for _, s := range signatures {
		if s.end() < covered || s.CMS == nil || len(s.CMS.Signers()) == 0 {
			continue
		}
		rests := s.tokens()
		if s.Token != nil {
			rests = append(rests, s.Token)
		}
		if len(rests) == 0 && ended(s.CMS.Signers()[0].Certificate(s.CMS.Certificates()), at) {
			return true
		}
		if len(rests) > 0 && !slices.ContainsFunc(rests, func(t *tsp.Token) bool {
			return !ended(t.Certificate(nil), at)
		}) {
			return true
		}
	}
	return false
}

func ended(c *certpath.Certificate, at time.Time) bool { return c != nil && c.NotAfter.Before(at) }

// untimed reports whether a signature has neither a time-stamp of its own nor a document time-stamp after it.
func untimed(signatures []*Signature) bool {
	covered := lastTimestamp(signatures)
	for _, s := range signatures {
		if s.Type == TypeSignature && s.end() > covered && len(s.tokens()) == 0 {
			return true
		}
	}
	return false
}

// proved reports whether a signature needs no more evidence: the store has an entry for it, and a document time-stamp
// that covers both keeps them. Only the newest document time-stamp of a file at B-LTA is not.
func proved(s *Signature, all []*Signature, stored *Evidence) bool {
	if _, ok := stored.VRI[string(vriKey(s.Contents))]; !ok {
		return false
	}
	return slices.ContainsFunc(all, func(later *Signature) bool {
		return later.Type == TypeDocumentTimestamp && later.end() > s.end()
	})
}

// timestamp appends a revision with a document time-stamp.
func (o *output) timestamp(ctx context.Context, field string, eo *EmbedOptions, report *Report) error {
	d, err := o.reopen(ctx)
	if err != nil {
		return err
	}
	size, err := tokenSize(ctx, eo.TSA, documentTokenHash)
	if err != nil {
		return err
	}
	// A token larger than half as much again as the last one is met with a second layout, never with a failure.
	for room := max(size+size/2, minRoom); ; {
		dr, err := newDraft(ctx, d, &Options{Field: FieldSpec{Name: field}})
		if err != nil {
			return err
		}
		r, err := dr.layOutToken(room, eo)
		if err != nil {
			return err
		}
		digest, err := o.digest(ctx, documentTokenHash, &r)
		if err != nil {
			return err
		}
		token, err := eo.TSA.Timestamp(ctx, documentTokenHash, digest)
		if err != nil {
			return codes.Wrap(ErrTimestamp, "time-stamping the document", dr.report.Field, err)
		}
		if len(token.Raw) > room && len(token.Raw) <= maxRoom {
			room = len(token.Raw) + len(token.Raw)/2
			continue
		}
		if err := r.put(token.Raw, dr.report.Field); err != nil {
			return err
		}
		o.tail = append(o.tail, r.tail...)
		report.Field, report.ByteRange = dr.report.Field, r.byteRange()
		return nil
	}
}

// layOutToken builds the revision of a document time-stamp (EN 319 142-1, 5.4.3): no /M, no lock, nothing shown.
func (dr *draft) layOutToken(room int, eo *EmbedOptions) (revision, error) {
	f, err := dr.tokenField()
	if err != nil {
		return revision{}, err
	}
	dr.report.Field = f.name
	d := dr.dictionary(subFilterToken)
	d["Type"] = pdf.Name("DocTimeStamp")
	dr.signature = dr.u.Add(d)
	if err := dr.showSigned(f); err != nil {
		return revision{}, err
	}
	if err := declare(dr.u, esicStore); err != nil {
		return revision{}, err
	}
	return dr.finish(room, eo.Rand)
}

func (dr *draft) tokenField() (formField, error) {
	if dr.o.Field.Name == "" {
		dr.o.Field.Name = dr.form.numbered("Timestamp")
	}
	return dr.field()
}
