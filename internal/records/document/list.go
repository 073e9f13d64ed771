package document

import (
	"context"
	"slices"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/store"
)

// View is one of several lists of documents.
type View string

// The views.
const (
	Waiting  View = "waiting"  // what waits for the actor: to be put right, signed, numbered, sealed, opened
	Mine     View = "mine"     // in what the actor took part
	Outgoing View = "outgoing" // the acting agency's, for its clerk
	Incoming View = "incoming" // what was issued to the acting agency, for its clerk
)

// Place is a row of a list: the time of issue in microseconds in [Incoming], nothing elsewhere; and the document.
type Place struct {
	Value int64
	ID    store.ID
}

// Row is a document in a list.
type Row struct {
	Document

	// Received is when it was issued to the acting agency, in [Incoming].
	Received time.Time
}

// MaxLimit is how many rows one answer may have.
const MaxLimit = 201

// List are the documents of a view that the actor sees, newest first, behind a place (nil: from the newest).
func (s *Service) List(ctx context.Context, who auth.Actor, v View, after *Place, limit int) (rows []Row, err error) {
	limit = min(max(limit, 1), MaxLimit)
	w, err := s.auth.Warrant(ctx, who, "records/document.List")
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(true); err != nil { // each list is held to what the actor sees
			return err
		}
		rows = nil
		for _, q := range queries(who, v) {
			part, err := q.run(tx, who, after, limit)
			if err != nil {
				return err
			}
			rows = append(rows, part...)
		}
		if v == Waiting { // each part is in order and limited; so is what they come to
			slices.SortFunc(rows, func(a, b Row) int { return int(max(min(b.ID-a.ID, 1), -1)) })
			rows = slices.CompactFunc(rows, func(a, b Row) bool { return a.ID == b.ID })
			rows = rows[:min(len(rows), limit)]
		}
		return nil
	})
	return rows, err
}

// CountWaiting is how many documents wait for the actor; counting stops at 1000.
func (s *Service) CountWaiting(ctx context.Context, who auth.Actor) (n int64, err error) {
	w, err := s.auth.Warrant(ctx, who, "records/document.CountWaiting")
	if err != nil {
		return 0, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(true); err != nil {
			return err
		}
		n = 0
		for _, q := range queries(who, Waiting) {
			condition, args := visible(tx, who)
			one, err := store.One[int64](tx, `SELECT COUNT(*) FROM (SELECT 1 FROM `+q.from+` AND `+condition+` LIMIT 1000) counted`, append(slices.Clone(q.args), args...)...)
			if err != nil {
				return err
			}
			n += one
		}
		n = min(n, 1000)
		return nil
	})
	return n, err
}

// query is a list by one index: tables and condition, the column of the document that the index ends with, and whether the time of issue
// stands before it.
type query struct {
	from   string
	args   []any
	key    string
	issued bool
}

const (
	inState  = `document d WHERE d.agency = ? AND d.state = ?`
	received = `document_recipient r JOIN document d ON d.id = r.document WHERE r.agency = ? AND r.issued IS NOT NULL`
)

func queries(who auth.Actor, v View) (out []query) {
	switch v {
	case Mine:
		return []query{{from: `document_part p JOIN document d ON d.id = p.document WHERE p.account = ?`, args: []any{who.Account}, key: `p.document`}}
	case Outgoing:
		return []query{{from: `document d WHERE d.agency = ?`, args: []any{who.Agency}, key: `d.id`}}
	case Incoming:
		return []query{{from: received, args: []any{who.Agency}, key: `r.document`, issued: true}}
	case Waiting:
	}
	out = append(out, query{from: `document d WHERE d.drafter = ? AND d.state = ?`, args: []any{who.Account, string(Returned)}, key: `d.id`})
	if who.May(auth.SignDocument) {
		out = append(out, query{from: inState, args: []any{who.Agency, string(Draft)}, key: `d.id`})
	}
	if who.May(auth.NumberDocument) || who.May(auth.SealDocument) {
		for _, state := range []State{Signed, Numbered} {
			out = append(out, query{from: inState, args: []any{who.Agency, string(state)}, key: `d.id`})
		}
	}
	if who.May(auth.ReadDocuments) {
		out = append(out, query{from: received + ` AND r.opened IS NULL`, args: []any{who.Agency}, key: `r.document`})
	}
	return out
}

// statement is the list behind a place, held to what the actor sees.
func (q query) statement(tx *store.Tx, who auth.Actor, after *Place, limit int) (string, []any) {
	condition, more := visible(tx, who)
	args := append(slices.Clone(q.args), more...)
	date, behind, order := `, NULL`, ` AND `+q.key+` < ?`, ` ORDER BY `+q.key+` DESC`
	if q.issued {
		date, behind, order = `, r.issued`, ` AND (r.issued, r.document) < (?, ?)`, ` ORDER BY r.issued DESC, r.document DESC`
	}
	if after == nil {
		behind = ``
	} else {
		if q.issued {
			args = append(args, after.Value)
		}
		args = append(args, after.ID)
	}
	return columns + date + ` FROM ` + q.from + ` AND ` + condition + behind + order + ` LIMIT ?`, append(args, limit)
}

func (q query) run(tx *store.Tx, who auth.Actor, after *Place, limit int) ([]Row, error) {
	statement, args := q.statement(tx, who, after, limit)
	return store.Collect(tx, func(r store.Scanner) (row Row, err error) {
		row.Document, err = scan(with{r, store.At(&row.Received)})
		return row, err
	}, statement, args...)
}

// with scans one more column behind a document's.
type with struct {
	store.Scanner

	last any
}

// Scan implements [store.Scanner].
func (w with) Scan(to ...any) error { return w.Scanner.Scan(append(to, w.last)...) }
