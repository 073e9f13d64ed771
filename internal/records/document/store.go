package document

import (
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/blob"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/store"
)

const columns = `SELECT d.id, d.agency, d.drafter, d.title, d.kind, d.state, d.file, d.name, d.size, d.number, d.notation, d.day, d.signer, d.reason, d.event`

func scan(r store.Scanner) (d Document, err error) {
	err = r.Scan(&d.ID, &d.Agency, &d.Drafter, &d.Title, &d.Kind, &d.State, &d.file, &d.Name, &d.Size, &d.Number, &d.Notation, store.At(&d.Day), &d.Signer, &d.Reason, &d.Event)
	d.Day = d.Day.In(clock.Vietnam)
	return d, err
}

// visible is the condition under which an actor sees document d, by name and by content: who took part; the clerk of its agency; the leader
// of its agency while it waits for his signature; the clerks of its recipients once it is issued. It is the only one.
func visible(tx *store.Tx, who auth.Actor) (condition string, args []any) {
	parts := []string{`EXISTS (SELECT 1 FROM document_part part WHERE part.document = d.id AND part.account = ?)`}
	args = []any{who.Account}
	add := func(before, column string, p auth.Permission, after string) {
		reach, ok := who.Reach(p)
		if !ok {
			return
		}
		within, more := reach.Within(tx, column)
		parts, args = append(parts, before+within+after), append(args, more...)
	}
	add(``, `d.agency`, auth.ReadDocuments, ``)
	add(`(d.state = 'draft' AND `, `d.agency`, auth.SignDocument, `)`)
	add(`(d.state = 'issued' AND EXISTS (SELECT 1 FROM document_recipient sent WHERE sent.document = d.id AND `, `sent.agency`, auth.ReadDocuments, `))`)
	return `(` + strings.Join(parts, ` OR `) + `)`, args
}

// seenTx is a document that the actor sees; one that he does not is not found.
func seenTx(tx *store.Tx, who auth.Actor, id store.ID) (Document, error) {
	condition, args := visible(tx, who)
	d, err := store.First(tx, scan, columns+` FROM document d WHERE d.id = ? AND `+condition, append([]any{id}, args...)...)
	ok, other := store.Found(err)
	if other != nil {
		return d, other
	}
	return d, tx.Permit(ok)
}

// loadTx is a document for a command, which checks its warrant over the agency.
func loadTx(tx *store.Tx, id store.ID) (Document, error) {
	return store.First(tx, scan, columns+` FROM document d WHERE d.id = ?`, id)
}

// overTx is a document of an agency that the warrant reaches.
func overTx(tx *store.Tx, id store.ID) (Document, error) {
	d, err := loadTx(tx, id)
	if err != nil {
		return d, err
	}
	return d, tx.Over(d.Agency)
}

func insertTx(tx *store.Tx, d *Document) error {
	_, err := tx.Exec(`INSERT INTO document (id, agency, drafter, title, kind, state, file, name, size, number, notation, day, signer, reason, event)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', NULL, '', '', ?)`,
		d.ID, d.Agency, d.Drafter, d.Title, d.Kind, string(d.State), string(d.file), d.Name, d.Size, d.Event)
	if err != nil {
		return err
	}
	return blob.KeepTx(tx, d.file, d.ID)
}

// saveTx writes a document that was changed, where nobody did so meanwhile, and lets go of the file that it had.
func saveTx(tx *store.Tx, d *Document, before Document) error {
	err := tx.Change(`UPDATE document SET state = ?, file = ?, name = ?, size = ?, number = ?, notation = ?, day = ?, signer = ?, reason = ?, event = ? WHERE id = ? AND event = ?`,
		string(d.State), string(d.file), d.Name, d.Size, d.Number, d.Notation, d.Day, d.Signer, d.Reason, d.Event, d.ID, before.Event)
	if err != nil || d.file == before.file {
		return err
	}
	if err := blob.KeepTx(tx, d.file, d.ID); err != nil {
		return err
	}
	return blob.DropTx(tx, before.file, d.ID)
}

// partTx notes that an account took part, and what it did.
func partTx(tx *store.Tx, d *Document, who auth.Actor, what, name, note string) error {
	_, err := tx.Exec(`INSERT INTO document_part (account, document, event) VALUES (?, ?, ?) ON CONFLICT (account, document) DO NOTHING`, who.Account, d.ID, d.Event)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO document_step (id, document, what, at, account, agency, name, note, event) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		tx.NewID(), d.ID, what, tx.Now(), who.Account, who.Agency, name, note, d.Event)
	return err
}

// maxRecipients bounds who a document goes to: every agency of a province, twice.
const maxRecipients = 500

func recipientsTx(tx *store.Tx, id store.ID) ([]Recipient, error) {
	return store.Collect(tx, func(r store.Scanner) (x Recipient, err error) {
		return x, r.Scan(&x.Agency, &x.Name, store.At(&x.Issued), store.At(&x.Opened))
	}, `SELECT agency, name, issued, opened FROM document_recipient WHERE document = ? ORDER BY name, agency LIMIT ?`, id, maxRecipients)
}

// maxSteps bounds what a page tells: it goes back and forth a few times.
const maxSteps = 200

func stepsTx(tx *store.Tx, id store.ID) ([]Step, error) {
	return store.Collect(tx, func(r store.Scanner) (x Step, err error) {
		return x, r.Scan(&x.What, store.At(&x.At), &x.Account, &x.Name, &x.Note, &x.event)
	}, `SELECT what, at, account, name, note, event FROM document_step WHERE document = ? ORDER BY id LIMIT ?`, id, maxSteps)
}

// openingTx reports whether somebody's opening a content was recorded on a day, and whether there is a recipient among his agencies that
// has not opened it yet.
func openingTx(tx *store.Tx, who auth.Actor, d *Document, day time.Time) (recorded bool, unopened []store.ID, err error) {
	recorded, err = store.Exists(tx, `SELECT 1 FROM document_opening WHERE document = ? AND account = ? AND day = ?`, d.ID, who.Account, day)
	if err != nil {
		return false, nil, err
	}
	reach, ok := who.Reach(auth.ReadDocuments)
	if !ok {
		return recorded, nil, nil
	}
	within, args := reach.Within(tx, `sent.agency`)
	unopened, err = store.Collect(tx, func(r store.Scanner) (id store.ID, err error) { return id, r.Scan(&id) },
		`SELECT sent.agency FROM document_recipient sent WHERE sent.document = ? AND sent.issued IS NOT NULL AND sent.opened IS NULL AND `+within, append([]any{d.ID}, args...)...)
	return recorded, unopened, err
}
