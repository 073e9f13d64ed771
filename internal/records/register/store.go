package register

import (
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

// TakeTx takes the next number of a series, in the caller's transaction and under its warrant: the caller has checked that the agency's
// numbers are its to give. It records [Taken], whose object is the thing. Two that take at once get numbers that follow each other; a
// transaction that is rolled back took none; a thing that has its number in this series is given that one again, and nothing is recorded.
func TakeTx(tx *store.Tx, t Taking) (Number, error) {
	t.Backdated = i18n.Line(t.Backdated)
	n, err := OfTx(tx, t.For)
	switch known, err := store.Found(err); {
	case err != nil:
		return n, err
	case known && (n.Agency != t.Agency || n.Kind != t.Kind):
		return n, fault.New(fault.Conflict, ErrNumbered, n.Notation)
	case known:
		return n, nil
	}
	day, err := t.dayAt(tx.Now())
	if err != nil {
		return n, err
	}
	kind, ok := KindOf(t.Kind, day)
	if !ok {
		return n, fault.New(fault.Invalid, ErrKind, t.Kind).Field("kind", ErrKind)
	}
	s, err := seriesTx(tx, t.Agency, t.Kind, day.Year())
	if err != nil {
		return n, err
	}
	if err := t.follows(day, s); err != nil {
		return n, err
	}
	n = Number{
		ID: tx.NewID(), For: t.For, Agency: t.Agency, Kind: t.Kind, Year: s.Year, Number: s.Last + 1, Day: day,
		Summary: i18n.Line(t.Summary), Signer: i18n.Line(t.Signer), Recipients: i18n.Paragraphs(t.Recipients), Keeper: i18n.Line(t.Keeper),
		Copies: t.Copies, Note: i18n.Line(t.Note), Backdated: t.Backdated,
	}
	if n.Notation, err = notation(n.Number, kind, t.Notation, t.Unit); err != nil {
		return n, err
	}
	n.Event = tx.Record(Taken{For: n.For, Number: n.ID, Agency: n.Agency, Kind: n.Kind, Notation: n.Notation, Day: day, Backdated: n.Backdated})
	if err := s.takeTx(tx, day, n.Event); err != nil {
		return n, err
	}
	_, err = tx.Exec(`INSERT INTO register_number (id, agency, kind, year, number, notation, day, thing, summary, signer, recipients, keeper, copies, note, backdated, event)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		n.ID, n.Agency, n.Kind, n.Year, n.Number, n.Notation, n.Day, n.For, n.Summary, n.Signer, n.Recipients, n.Keeper, n.Copies, n.Note, n.Backdated, n.Event)
	return n, err
}

// takeTx moves a series on by one.
func (s *Series) takeTx(tx *store.Tx, day time.Time, event store.ID) error {
	if s.Last == 0 {
		_, err := tx.Exec(`INSERT INTO register_series (agency, kind, year, last, day, event) VALUES (?, ?, ?, 1, ?, ?)`, s.Agency, s.Kind, s.Year, day, event)
		return err
	}
	if day.Before(s.Day) {
		day = s.Day
	}
	return tx.Change(`UPDATE register_series SET last = ?, day = ?, event = ? WHERE agency = ? AND kind = ? AND year = ? AND last = ?`,
		s.Last+1, day, event, s.Agency, s.Kind, s.Year, s.Last)
}

// SentTx notes when a numbered document went out, once: a second time changes nothing.
func SentTx(tx *store.Tx, thing store.ID, at time.Time) error {
	n, err := OfTx(tx, thing)
	if err != nil || !n.Sent.IsZero() {
		return err
	}
	event := tx.Record(Sent{For: thing, Number: n.ID, At: at})
	return tx.Change(`UPDATE register_number SET sent = ?, event = ? WHERE id = ? AND sent IS NULL`, at, event, n.ID)
}

// OfTx is the number of a thing; one that has none is not found.
func OfTx(tx *store.Tx, thing store.ID) (Number, error) {
	return store.First(tx, scanNumber, selectNumber+` WHERE thing = ?`, thing)
}

// seriesTx is a series as it stands; one without a number has Last 0.
func seriesTx(tx *store.Tx, agency store.ID, kind string, year int) (Series, error) {
	s, err := store.First(tx, scanSeries, selectSeries+` WHERE agency = ? AND kind = ? AND year = ?`, agency, kind, year)
	if known, err := store.Found(err); err != nil || known {
		return s, err
	}
	return Series{Agency: agency, Kind: kind, Year: year}, nil
}

const selectSeries = `SELECT agency, kind, year, last, day FROM register_series`

func scanSeries(r store.Scanner) (s Series, err error) {
	err = r.Scan(&s.Agency, &s.Kind, &s.Year, &s.Last, store.At(&s.Day))
	s.Day = s.Day.In(clock.Vietnam)
	return s, err
}

const selectNumber = `SELECT id, thing, agency, kind, year, number, notation, day, sent, summary, signer, recipients, keeper, note, backdated, copies, event FROM register_number`

func scanNumber(r store.Scanner) (n Number, err error) {
	err = r.Scan(&n.ID, &n.For, &n.Agency, &n.Kind, &n.Year, &n.Number, &n.Notation, store.At(&n.Day), store.At(&n.Sent),
		&n.Summary, &n.Signer, &n.Recipients, &n.Keeper, &n.Note, &n.Backdated, &n.Copies, &n.Event)
	n.Day = n.Day.In(clock.Vietnam)
	return n, err
}

// statement is the list that is asked for; each has its index.
func (a *Asked) statement() (string, []any) {
	var b strings.Builder
	b.WriteString(selectNumber + ` WHERE agency = ?`)
	args := []any{a.Agency}
	if a.Kind != "" {
		b.WriteString(` AND kind = ?`)
		args = append(args, a.Kind)
	}
	if a.Year != 0 {
		b.WriteString(` AND year = ?`)
		args = append(args, a.Year)
	}
	way, beyond := ``, `>`
	if a.Desc {
		way, beyond = ` DESC`, `<`
	}
	if a.book() {
		if a.After != nil {
			b.WriteString(` AND number ` + beyond + ` ?`)
			args = append(args, a.After.Value)
		}
		b.WriteString(` ORDER BY number` + way)
	} else {
		if a.After != nil {
			b.WriteString(` AND (day, id) ` + beyond + ` (?, ?)`)
			args = append(args, a.After.Value, a.After.ID)
		}
		b.WriteString(` ORDER BY day` + way + `, id` + way)
	}
	b.WriteString(` LIMIT ?`)
	return b.String(), append(args, a.Limit)
}
