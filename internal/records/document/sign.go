package document

import (
	"context"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/records/register"
	"github.com/antinvn/antin/internal/signing/credential"
	"github.com/antinvn/antin/internal/signing/session"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

// Sign signs a draft with the leader's key. What is signed is the file that was seen.
func (s *Service) Sign(ctx context.Context, who auth.Actor, id, seen store.ID) error {
	p, err := s.paper(ctx, who, "records/document.Sign", id, seen)
	if err != nil {
		return err
	}
	open, err := s.sessions.OpenSignature(ctx, who.Inner(), p, id)
	if err != nil {
		return err
	}
	_, err = s.sessions.CompleteSignature(ctx, who, p, open.ID)
	return err
}

// Seal writes number and date into a numbered document, seals it with the agency's key and issues it.
func (s *Service) Seal(ctx context.Context, who auth.Actor, id, seen store.ID) error {
	p, err := s.paper(ctx, who, "records/document.Seal", id, seen)
	if err != nil {
		return err
	}
	open, err := s.sessions.OpenSeal(ctx, who.Inner(), p, id)
	if err != nil {
		return err
	}
	_, err = s.sessions.CompleteSeal(ctx, who, p, open.ID)
	return err
}

// paper is a document as package session sees it: as it was seen.
type paper struct {
	*Service

	who auth.Actor
	d   Document
}

// paper reads a document for signing.
func (s *Service) paper(ctx context.Context, who auth.Actor, method string, id, seen store.ID) (*paper, error) {
	w, err := s.auth.Warrant(ctx, who, method)
	if err != nil {
		return nil, err
	}
	p := &paper{Service: s, who: who}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		if p.d, err = overTx(tx, id); err != nil {
			return err
		}
		return p.d.unchanged(seen)
	})
	return p, err
}

// SubjectTx implements [session.Paper].
func (p *paper) SubjectTx(tx *store.Tx, thing store.ID, purpose credential.Purpose) (session.Subject, error) {
	d, err := loadTx(tx, thing)
	if err != nil {
		return session.Subject{}, err
	}
	from := Draft
	if purpose == credential.Seal {
		from = Numbered
	}
	if err := d.in(from); err != nil {
		return session.Subject{}, err
	}
	if d.file != p.d.file {
		return session.Subject{}, fault.New(fault.Stale, store.ErrStale, d.Title)
	}
	return session.Subject{Agency: d.Agency, File: d.file}, nil
}

// Layout implements [session.Paper].
func (p *paper) Layout(ctx context.Context, f *pdf.Document) (*pades.Options, error) {
	if p.d.State == Numbered {
		return forSeal(f, p.d.Number, p.d.Day)
	}
	return forSignature(ctx, f)
}

// SignedTx implements [session.Paper].
func (p *paper) SignedTx(tx *store.Tx, s *session.Session, signer *credential.Credential) error {
	before, err := loadTx(tx, s.Thing)
	if err != nil {
		return err
	}
	if before.file != s.Base {
		return fault.New(fault.Stale, store.ErrStale, before.Title)
	}
	d := before
	d.file, d.Size = s.Result, s.Size
	what, note := "signed", ""
	if s.Purpose == credential.Seal {
		what, note, d.State = "sealed", signer.Name, Issued
		d.Event = tx.Record(Sealed{Document: d.ID, Session: s.ID, Credential: signer.ID, File: string(s.Result), Training: signer.Training})
	} else {
		d.State, d.Signer = Signed, signer.Name
		d.Event = tx.Record(SignedBy{Document: d.ID, Session: s.ID, Credential: signer.ID, File: string(s.Result), Training: signer.Training})
	}
	if err := saveTx(tx, &d, before); err != nil {
		return err
	}
	if err := p.stepTx(tx, &d, p.who, what, note); err != nil {
		return err
	}
	if d.State != Issued {
		return nil
	}
	if _, err := tx.Exec(`UPDATE document_recipient SET issued = ?, event = ? WHERE document = ?`, tx.Now(), d.Event, d.ID); err != nil {
		return err
	}
	return register.SentTx(tx, d.ID, tx.Now())
}
