package session

import (
	"context"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/blob"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/pki/trust"
	"github.com/antinvn/antin/internal/signing/credential"
	"github.com/antinvn/antin/tsp"
)

// Policy says who may use what.
var Policy = auth.Policy{
	"signing/session.OpenSignature":     {Needs: auth.SignDocument, Decides: "the agency of the thing that is signed"},
	"signing/session.CompleteSignature": {Needs: auth.SignDocument, Decides: "the agency of the thing that is signed, and who opened the session"},
	"signing/session.OpenSeal":          {Needs: auth.SealDocument, Decides: "the agency of the thing that is sealed"},
	"signing/session.CompleteSeal":      {Needs: auth.SealDocument, Decides: "the agency of the thing that is sealed, and who opened the session"},
}

// Evidence asks for the status of certificates, and for their issuers.
type Evidence interface {
	certpath.StatusSource
	certpath.IssuerFetcher
}

// Config is what signing stands on.
type Config struct {
	DB          *store.DB
	Auth        *auth.Service
	Blobs       *blob.Store
	Credentials *credential.Service
	// TSA and Evidence make a signature one of level B-LT; Trust says up to which anchors evidence has to reach.
	TSA      tsp.Source
	Evidence Evidence
	Trust    *trust.Snapshot
	Clock    clock.Clock
	// Time is how long preparing may take, and how long signing and embedding: a minute.
	Time time.Duration
}

// Service signs. It may be used concurrently.
type Service struct{ Config }

// New makes it.
func New(c Config) *Service { return &Service{c} }

// OpenSignature prepares a person's signature of a thing. Where the actor has an open session for it, that one goes on.
func (s *Service) OpenSignature(ctx context.Context, who auth.Actor, p Paper, thing store.ID) (Session, error) {
	return s.open(ctx, who, "signing/session.OpenSignature", p, thing, credential.Signature)
}

// OpenSeal is the same with the agency's seal.
func (s *Service) OpenSeal(ctx context.Context, who auth.Actor, p Paper, thing store.ID) (Session, error) {
	return s.open(ctx, who, "signing/session.OpenSeal", p, thing, credential.Seal)
}

// CompleteSignature signs and embeds. A session that is done is returned as it is.
func (s *Service) CompleteSignature(ctx context.Context, who auth.Actor, p Paper, id store.ID) (Session, error) {
	return s.complete(ctx, who, "signing/session.CompleteSignature", p, id, credential.Signature)
}

// CompleteSeal is the same with the agency's seal.
func (s *Service) CompleteSeal(ctx context.Context, who auth.Actor, p Paper, id store.ID) (Session, error) {
	return s.complete(ctx, who, "signing/session.CompleteSeal", p, id, credential.Seal)
}

// asked is what both commands read and check first.
type asked struct {
	Session

	open   bool     // there is a session that goes on
	behind *Session // the open one that this one takes the place of; nil for none
	key    credential.Sealed
}

func (s *Service) open(ctx context.Context, who auth.Actor, method string, p Paper, thing store.ID, purpose credential.Purpose) (out Session, err error) {
	w, err := s.Auth.Warrant(ctx, who, method)
	if err != nil {
		return out, err
	}
	var a asked
	err = s.DB.View(ctx, w, func(tx *store.Tx) error {
		a, err = s.beginTx(tx, who, p, thing, purpose)
		return err
	})
	if err != nil || a.open {
		return a.Session, err
	}
	prepared, err := within(ctx, s.Time, func(ctx context.Context) (blob.Name, error) { return s.prepare(ctx, p, &a) })
	if err != nil {
		return out, err
	}
	err = s.DB.Do(ctx, w, func(tx *store.Tx) error {
		now, err := s.beginTx(tx, who, p, thing, purpose)
		switch {
		case err != nil:
			return err
		case now.open: // the same button twice
			out = now.Session
			return nil
		case now.Base != a.Base || now.Credential != a.Credential:
			return fault.New(fault.Stale, ErrChanged, "")
		}
		if now.behind != nil {
			if err := now.behind.leaveTx(tx); err != nil {
				return err
			}
		}
		out = now.Session
		out.prepared = prepared
		return out.insertTx(tx)
	})
	return out, err
}

// beginTx checks that the actor may sign a thing now, and with what.
func (s *Service) beginTx(tx *store.Tx, who auth.Actor, p Paper, thing store.ID, purpose credential.Purpose) (a asked, err error) {
	subject, err := s.subjectTx(tx, p, thing, purpose)
	if err != nil {
		return a, err
	}
	holder := who.Person
	if purpose == credential.Seal {
		holder = subject.Agency
	}
	c, none := credential.InForceTx(tx, holder, subject.Agency, purpose)
	old, err := openTx(tx, thing)
	if err != nil {
		return a, err
	}
	if old != nil && tx.Now().Before(old.Expires) && old.Base == subject.File {
		switch {
		case old.Account != who.Account || old.Purpose != purpose:
			return a, fault.New(fault.Conflict, ErrBusy, "")
		case old.Credential == c.ID:
			return asked{Session: *old, open: true}, nil
		}
	}
	a.behind = old
	a.Session = Session{Thing: thing, Agency: subject.Agency, Account: who.Account, Purpose: purpose, Credential: c.ID, Base: subject.File}
	a.key.Credential = c
	return a, none
}

// subjectTx asks the room and the warrant.
func (s *Service) subjectTx(tx *store.Tx, p Paper, thing store.ID, purpose credential.Purpose) (Subject, error) {
	subject, err := p.SubjectTx(tx, thing, purpose)
	if err != nil {
		return subject, err
	}
	return subject, tx.Over(subject.Agency)
}

func (s *Service) complete(ctx context.Context, who auth.Actor, method string, p Paper, id store.ID, purpose credential.Purpose) (out Session, err error) {
	w, err := s.Auth.Warrant(ctx, who, method)
	if err != nil {
		return out, err
	}
	var a asked
	resume := func(tx *store.Tx) (err error) {
		a, err = s.resumeTx(tx, who, p, id, purpose)
		return err
	}
	if err := s.DB.View(ctx, w, resume); err != nil || a.State == Done {
		return a.Session, err
	}
	result, err := within(ctx, s.Time, func(ctx context.Context) (blob.Info, error) { return s.sign(ctx, &a) })
	if err != nil {
		return out, err
	}
	err = s.DB.Do(ctx, w, func(tx *store.Tx) error {
		if err := resume(tx); err != nil || a.State == Done {
			return err
		}
		a.Result, a.Size = result.Name, result.Size
		event := tx.Record(Completed{
			Session: id, Thing: a.Thing, Agency: a.Agency, Purpose: string(purpose), Credential: a.Credential, Base: string(a.Base), Result: string(result.Name),
		})
		if err := a.endTx(tx, Done, event); err != nil {
			return err
		}
		return p.SignedTx(tx, &a.Session, &a.key.Credential)
	})
	_, taken, err := store.Before(err)
	if taken { // by the form's first sending: its session is done
		err = s.DB.View(ctx, w, resume)
	}
	return a.Session, err
}

// resumeTx checks that a session can be completed by this actor now, or is done already.
func (s *Service) resumeTx(tx *store.Tx, who auth.Actor, p Paper, id store.ID, purpose credential.Purpose) (a asked, err error) {
	if a.Session, err = loadTx(tx, id); err != nil {
		return a, err
	}
	if err := tx.Permit(a.Account == who.Account && a.Purpose == purpose); err != nil {
		return a, err
	}
	if err := tx.Over(a.Agency); err != nil {
		return a, err
	}
	switch {
	case a.State == Done:
		return a, nil
	case a.State != Open:
		return a, fault.New(fault.Conflict, ErrOver, "")
	case !tx.Now().Before(a.Expires):
		return a, fault.New(fault.Conflict, ErrExpired, "")
	}
	subject, err := s.subjectTx(tx, p, a.Thing, purpose)
	switch {
	case err != nil:
		return a, err
	case subject.File != a.Base || subject.Agency != a.Agency:
		return a, fault.New(fault.Stale, ErrChanged, "")
	}
	a.key, err = s.Credentials.OpenTx(tx, a.Credential)
	return a, err
}
