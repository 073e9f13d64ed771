package document

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/blob"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/records/register"
	"github.com/antinvn/antin/internal/signing/credential"
	"github.com/antinvn/antin/internal/signing/session"
)

// Policy says who may do what.
var Policy = auth.Policy{
	"records/document.Write":        {Needs: auth.WriteDocument, Decides: "the acting agency"},
	"records/document.Replace":      {Needs: auth.WriteDocument, Decides: "the document's agency; its drafter"},
	"records/document.Return":       {Needs: auth.SignDocument, Decides: "the document's agency"},
	"records/document.SendBack":     {Needs: auth.NumberDocument, Decides: "the document's agency"},
	"records/document.Sign":         {Needs: auth.SignDocument, Decides: "the document's agency"},
	"records/document.Number":       {Needs: auth.NumberDocument, Decides: "the document's agency"},
	"records/document.Seal":         {Needs: auth.SealDocument, Decides: "the document's agency"},
	"records/document.Get":          {SignedIn: true, Decides: "took part, clerk of the agency, its leader while it waits for him, clerk of a recipient"},
	"records/document.Open":         {SignedIn: true, Decides: "took part, clerk of the agency, its leader while it waits for him, clerk of a recipient"},
	"records/document.PageText":     {SignedIn: true, Decides: "took part, clerk of the agency, its leader while it waits for him, clerk of a recipient"},
	"records/document.PageImage":    {SignedIn: true, Decides: "took part, clerk of the agency, its leader while it waits for him, clerk of a recipient"},
	"records/document.List":         {SignedIn: true, Decides: "took part, clerk of the agency, its leader while it waits for him, clerk of a recipient"},
	"records/document.CountWaiting": {SignedIn: true, Decides: "took part, clerk of the agency, its leader while it waits for him, clerk of a recipient"},
	"records/document.Recipients":   {Needs: auth.WriteDocument, Decides: "every agency may be written to"},
}

// Service carries documents. It may be used concurrently.
type Service struct {
	db       *store.DB
	auth     *auth.Service
	blobs    *blob.Store
	sessions *session.Service
	reader   Reader
}

// New makes it. Uploads are looked at, and pages shown, by the reader alone.
func New(db *store.DB, a *auth.Service, blobs *blob.Store, sessions *session.Service, reader Reader) *Service {
	return &Service{db: db, auth: a, blobs: blobs, sessions: sessions, reader: reader}
}

func (s *Service) now() time.Time { return s.sessions.Clock.Now() }

// NewDocument is a document to be written.
type NewDocument struct {
	Title      string
	Kind       string // a code of the register's kinds
	Recipients []store.ID
	// Name is what its owner calls the file, File its content.
	Name string
	File io.Reader
}

// Write takes a draft: it waits for the leader's signature from then on. A file that could not be signed, numbered, dated and sealed is
// refused with the reason.
func (s *Service) Write(ctx context.Context, who auth.Actor, n NewDocument) (d Document, err error) {
	w, err := s.auth.Warrant(ctx, who, "records/document.Write")
	if err != nil {
		return d, err
	}
	if n.Title = i18n.Line(n.Title); n.Title == "" {
		return d, fault.New(fault.Invalid, fault.ErrRequired, "").Field("title", fault.ErrRequired)
	}
	file, err := s.take(ctx, n.Name, n.File)
	if err != nil {
		return d, err
	}
	err = s.db.Do(ctx, w, func(tx *store.Tx) error {
		if err := tx.Over(who.Agency); err != nil {
			return err
		}
		if k, ok := register.KindOf(n.Kind, tx.Now()); !ok || k.Form == register.FormNone {
			return fault.New(fault.Invalid, ErrKind, n.Kind).Field("kind", fault.ErrChoice)
		}
		d = Document{
			ID: tx.NewID(), Agency: who.Agency, Drafter: who.Account, Title: n.Title, Kind: n.Kind, State: Draft, Name: n.Name, Size: file.Size, file: file.Name,
		}
		d.Event = tx.Record(Written{
			Document: d.ID, Agency: d.Agency, Title: store.Personal(d.Title), Kind: d.Kind, File: string(d.file), Recipients: n.Recipients,
		})
		if err := insertTx(tx, &d); err != nil {
			return err
		}
		if err := addressTx(tx, &d, n.Recipients); err != nil {
			return err
		}
		return s.stepTx(tx, &d, who, "written", "")
	})
	return d, err
}

// take stores a file and looks at it. What is refused is collected some day.
func (s *Service) take(ctx context.Context, name string, r io.Reader) (blob.Info, error) {
	info, err := s.blobs.Put(ctx, r)
	if err != nil {
		return info, err
	}
	b, err := s.blobs.Open(ctx, info.Name)
	if err != nil {
		return info, err
	}
	return info, inspect(ctx, s.reader, sandbox.File{R: b, Size: b.Size()}, name)
}

// addressTx notes who a document goes to, by the names that they have now.
func addressTx(tx *store.Tx, d *Document, recipients []store.ID) error {
	if len(recipients) == 0 || len(recipients) > maxRecipients {
		return fault.New(fault.Invalid, ErrRecipients, "").Field("to", fault.ErrRequired)
	}
	for _, r := range recipients {
		a, err := org.AgencyTx(tx, r, tx.Now())
		switch known, err := store.Found(err); {
		case err != nil:
			return err
		case !known || r == d.Agency:
			return fault.New(fault.Invalid, ErrRecipients, "").Field("to", fault.ErrChoice)
		}
		_, err = tx.Exec(`INSERT INTO document_recipient (document, agency, name, event) VALUES (?, ?, ?, ?) ON CONFLICT (document, agency) DO NOTHING`, d.ID, r, a.Name, d.Event)
		if err != nil {
			return err
		}
	}
	return nil
}

// stepTx notes what the actor did, under the name that the directory has for him now.
func (s *Service) stepTx(tx *store.Tx, d *Document, who auth.Actor, what, note string) error {
	p, err := org.PersonTx(tx, who.Person, tx.Now())
	if _, err := store.Found(err); err != nil {
		return err
	}
	return partTx(tx, d, who, what, p.Name, note)
}

// Replace takes a new file for a document that was returned: it waits for the leader again.
func (s *Service) Replace(ctx context.Context, who auth.Actor, id, seen store.ID, name string, r io.Reader) error {
	w, err := s.auth.Warrant(ctx, who, "records/document.Replace")
	if err != nil {
		return err
	}
	file, err := s.take(ctx, name, r)
	if err != nil {
		return err
	}
	own := func(tx *store.Tx, id store.ID) (Document, error) {
		d, err := overTx(tx, id)
		if err != nil {
			return d, err
		}
		return d, tx.Permit(d.Drafter == who.Account)
	}
	return s.change(ctx, w, own, id, seen, func(tx *store.Tx, d *Document) error {
		if err := d.in(Returned); err != nil {
			return err
		}
		d.State, d.file, d.Name, d.Size, d.Reason, d.Signer = Draft, file.Name, name, file.Size, "", ""
		d.Event = tx.Record(Replaced{Document: id, File: string(file.Name)})
		return s.stepTx(tx, d, who, "replaced", "")
	})
}

// change does one thing to a document that load lets the actor at, where nobody changed it since it was seen. Who it is not for does not hear
// whether it was.
func (s *Service) change(
	ctx context.Context, w *store.Warrant, load func(*store.Tx, store.ID) (Document, error), id, seen store.ID, f func(*store.Tx, *Document) error,
) error {
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		before, err := load(tx, id)
		if err != nil {
			return err
		}
		if err := before.unchanged(seen); err != nil {
			return err
		}
		d := before
		if err := f(tx, &d); err != nil {
			return err
		}
		return saveTx(tx, &d, before)
	})
}

// Return gives a draft back to its drafter with a reason.
func (s *Service) Return(ctx context.Context, who auth.Actor, id, seen store.ID, reason string) error {
	return s.back(ctx, who, "records/document.Return", id, seen, reason, Draft, "returned")
}

// SendBack gives a signed document back that has no number yet: its drafter makes it anew.
func (s *Service) SendBack(ctx context.Context, who auth.Actor, id, seen store.ID, reason string) error {
	return s.back(ctx, who, "records/document.SendBack", id, seen, reason, Signed, "sent_back")
}

func (s *Service) back(ctx context.Context, who auth.Actor, method string, id, seen store.ID, reason string, from State, what string) error {
	w, err := s.auth.Warrant(ctx, who, method)
	if err != nil {
		return err
	}
	if reason = i18n.Paragraphs(reason); reason == "" {
		return fault.New(fault.Invalid, ErrReason, "").Field("reason", fault.ErrRequired)
	}
	return s.change(ctx, w, overTx, id, seen, func(tx *store.Tx, d *Document) error {
		if err := d.in(from); err != nil {
			return err
		}
		d.State, d.Reason = Returned, reason
		d.Event = tx.Record(Back{Document: id, From: string(from), Reason: store.Personal(reason)})
		return s.stepTx(tx, d, who, what, reason)
	})
}

// Number gives a signed document its number and date, zero being today. One that has its number keeps it, with its date.
func (s *Service) Number(ctx context.Context, who auth.Actor, id, seen store.ID, date time.Time) error {
	w, err := s.auth.Warrant(ctx, who, "records/document.Number")
	if err != nil {
		return err
	}
	return s.change(ctx, w, overTx, id, seen, func(tx *store.Tx, d *Document) error {
		if err := d.in(Signed); err != nil {
			return err
		}
		agency, err := org.AgencyTx(tx, d.Agency, tx.Now())
		if err != nil {
			return err
		}
		to, err := recipientsTx(tx, id)
		if err != nil {
			return err
		}
		names := make([]string, len(to))
		for i, r := range to {
			names[i] = r.Name
		}
		n, err := register.TakeTx(tx, register.Taking{
			For: id, Agency: d.Agency, Notation: agency.Notation, Kind: d.Kind, Date: date, Summary: d.Title, Signer: d.Signer, Recipients: strings.Join(names, "\n"),
		})
		if err != nil {
			return err
		}
		d.State, d.Number, d.Notation, d.Day = Numbered, n.Number, n.Notation, n.Day
		d.Event = tx.Record(NumberGiven{Document: id, Number: n.ID, Notation: n.Notation, Day: n.Day})
		return s.stepTx(tx, d, who, "numbered", n.Notation)
	})
}

// Get is a document with all that its page shows.
func (s *Service) Get(ctx context.Context, who auth.Actor, id store.ID) (f Full, err error) {
	w, err := s.auth.Warrant(ctx, who, "records/document.Get")
	if err != nil {
		return f, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		if f.Document, err = seenTx(tx, who, id); err != nil {
			return err
		}
		if f.Recipients, err = recipientsTx(tx, id); err != nil {
			return err
		}
		if f.Steps, err = stepsTx(tx, id); err != nil || f.State != Draft || f.Agency != who.Agency || !who.May(auth.SignDocument) {
			return err
		}
		_, err = credential.InForceTx(tx, who.Person, f.Agency, credential.Signature)
		if f.Keyless = codes.Of(err) == string(credential.ErrNone); f.Keyless {
			err = nil
		}
		return err
	})
	return f, err
}

// Agency is one that a document can go to.
type Agency struct {
	ID   store.ID
	Name string
}

// Recipients are the agencies that a document of the acting agency can go to.
func (s *Service) Recipients(ctx context.Context, who auth.Actor) (out []Agency, err error) {
	w, err := s.auth.Warrant(ctx, who, "records/document.Recipients")
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(true); err != nil {
			return err
		}
		now := tx.Now()
		out, err = store.Collect(tx, func(r store.Scanner) (a Agency, err error) { return a, r.Scan(&a.ID, &a.Name) },
			`SELECT id, name FROM v_org_agency WHERE since <= ? AND until > ? AND id <> ? ORDER BY name, id LIMIT ?`, now, now, who.Agency, maxRecipients)
		return err
	})
	return out, err
}
