package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// Tx is one transaction under a warrant. Only the goroutine whose function it was given to uses it, and only while that runs.
type Tx struct {
	ctx      context.Context
	db       *DB
	w        *Warrant
	q        querier
	now      time.Time
	readonly bool
	checked  bool
	refused  bool
	wrote    bool
	events   []pending
	failed   error // a fault of the program: the transaction does not commit
}

type pending struct {
	id     ID
	event  Event
	object ID // set when it is written
}

// Context ends when the caller gives up.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Warrant is under which it runs.
func (tx *Tx) Warrant() *Warrant { return tx.w }

// Now is the time of the whole transaction, to the microsecond.
func (tx *Tx) Now() time.Time { return tx.now }

// NewID makes an id.
func (tx *Tx) NewID() ID { return tx.db.ids.next(tx.now) }

// Record notes what happened and returns the event's id.
func (tx *Tx) Record(e Event) ID {
	id := tx.NewID()
	tx.events = append(tx.events, pending{id: id, event: e})
	return id
}

// Event is the id of the first event recorded: what each recorded row that this transaction writes carries in its column "event".
// Before any is recorded it is 0.
func (tx *Tx) Event() ID {
	if len(tx.events) == 0 {
		return 0
	}
	return tx.events[0].id
}

// Over checks that the warrant reaches an agency; what lies out of reach is not found.
func (tx *Tx) Over(agency ID) error {
	if tx.w.reach == nil {
		return tx.Permit(false)
	}
	ok, err := tx.w.reach.Covers(tx, agency)
	if err != nil {
		return err
	}
	return tx.Permit(ok)
}

// Within is the condition that keeps a list to the agencies in the warrant's reach.
func (tx *Tx) Within(column string) (condition string, args []any) {
	tx.checked = true
	if tx.w.reach == nil {
		return "1 = 0", nil
	}
	return tx.w.reach.Within(tx, column)
}

// Permit is the answer of a module's own rule about a thing: whether this actor took part, is a recipient, owns it. What it
// refuses is not found.
func (tx *Tx) Permit(ok bool) error {
	tx.checked = true
	if !ok {
		tx.refused = true
		return errNotFound
	}
	return nil
}

var errNotFound = fault.New(fault.NotFound, ErrNotFound, "")

// Scanner is a row.
type Scanner interface{ Scan(dest ...any) error }

var (
	writing = regexp.MustCompile(`(?is)^\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+([a-z_0-9]+)`)
	reading = regexp.MustCompile(`(?is)^\s*(?:SELECT|WITH)\s`)
	hidden  = regexp.MustCompile(`(?is)\b(?:INSERT\s+INTO|DELETE\s+FROM|UPDATE\s+\S+\s+SET|RETURNING)\b`)
)

// Exec runs one INSERT, UPDATE or DELETE, with ? for each argument, and returns how many rows it touched.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	m := writing.FindStringSubmatch(query)
	switch {
	case m == nil:
		return 0, tx.fault(ErrWarrant, "no writing statement: "+first(query))
	case tx.readonly:
		return 0, tx.fault(ErrWarrant, "writing under a reading warrant: "+first(query))
	case tx.w.system && !slices.Contains(tx.w.tables, strings.ToLower(m[1])):
		return 0, tx.fault(ErrWarrant, "a system warrant writes only its tables: "+first(query))
	}
	tx.wrote = true
	r, err := tx.q.exec(tx.ctx, query, bound(args))
	if err != nil {
		return 0, tx.db.driver.explain(err)
	}
	return r.RowsAffected()
}

// Change is [Tx.Exec] for exactly one row: none means that somebody changed it meanwhile.
func (tx *Tx) Change(query string, args ...any) error {
	n, err := tx.Exec(query, args...)
	if err == nil && n != 1 {
		return fault.New(fault.Stale, ErrStale, "")
	}
	return err
}

func (tx *Tx) query(query string, args []any) (*sql.Rows, error) {
	if !reading.MatchString(query) || hidden.MatchString(query) {
		return nil, tx.fault(ErrWarrant, "no reading statement: "+first(query))
	}
	rows, err := tx.q.query(tx.ctx, query, bound(args))
	if err != nil {
		return nil, tx.db.driver.explain(err)
	}
	return rows, nil
}

// Each calls f for each row.
func (tx *Tx) Each(f func(Scanner) error, query string, args ...any) (err error) {
	rows, err := tx.query(query, args)
	if err != nil {
		return err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return tx.db.driver.explain(err)
	}
	return nil
}

// Collect returns what scan makes of each row.
func Collect[T any](tx *Tx, scan func(Scanner) (T, error), query string, args ...any) ([]T, error) {
	var out []T
	err := tx.Each(func(s Scanner) error {
		v, err := scan(s)
		out = append(out, v)
		return err
	}, query, args...)
	return out, err
}

// First returns what scan makes of the first row; none is not found.
func First[T any](tx *Tx, scan func(Scanner) (T, error), query string, args ...any) (v T, err error) {
	rows, err := tx.query(query, args)
	if err != nil {
		return v, err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return v, tx.db.driver.explain(err)
		}
		return v, errNotFound
	}
	return scan(rows)
}

// One scans the first column of the first row; none is not found.
func One[T any](tx *Tx, query string, args ...any) (T, error) {
	return First(tx, func(s Scanner) (v T, err error) { return v, s.Scan(&v) }, query, args...)
}

// Found turns "not found" into false.
func Found(err error) (bool, error) {
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// Exists reports whether a query has a row. It asks for one: SELECT 1 FROM …
func Exists(tx *Tx, query string, args ...any) (bool, error) {
	_, err := One[int64](tx, query, args...)
	return Found(err)
}

func (tx *Tx) fault(kind interface{ Error() string }, why string) error {
	err := fmt.Errorf("%s: %w: %s", tx.w.method, kind, why)
	tx.failed = errors.Join(tx.failed, err)
	return err
}

func first(query string) string {
	s := strings.Join(strings.Fields(query), " ")
	return s[:min(len(s), 60)]
}

// bound turns arguments into what both databases take: times into microseconds (the zero time into NULL), flags into 0 and 1.
func bound(args []any) []any {
	out := args
	for i, a := range args {
		var v any
		switch a := a.(type) {
		case time.Time:
			if !a.IsZero() {
				v = Micros(a)
			}
		case bool:
			v = int64(0)
			if a {
				v = int64(1)
			}
		default:
			continue
		}
		if &out[0] == &args[0] {
			out = slices.Clone(args)
		}
		out[i] = v
	}
	return out
}

// run does f and what belongs to every transaction: a form is taken once; what was written was checked and has an event.
func (tx *Tx) run(f func(*Tx) error) error {
	if err := tx.onceBefore(); err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return err
	}
	if tx.failed != nil {
		return tx.failed
	}
	if !tx.w.system {
		if !tx.checked {
			return tx.fault(ErrNotChecked, "nothing asked whether it is allowed")
		}
		if tx.wrote && len(tx.events) == 0 {
			return tx.fault(ErrNoEvent, "rows were written without an event")
		}
	}
	if tx.readonly {
		if len(tx.events) > 0 {
			return tx.fault(ErrWarrant, "an event under a reading warrant")
		}
		return nil
	}
	if err := tx.writeEvents(); err != nil {
		return err
	}
	return tx.onceAfter()
}

const insertEvent = `INSERT INTO event (id, at, kind, actor, agency, method, object, request, leaf, personal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func (tx *Tx) writeEvents() error {
	for i := range tx.events {
		p := &tx.events[i]
		leaf, personal, object, err := record(p.id, tx.now, tx.w, p.event, tx.db.random)
		if err != nil {
			return err
		}
		p.object = object
		_, err = tx.q.exec(tx.ctx, insertEvent, []any{
			p.id, Micros(tx.now), p.event.EventKind(), tx.w.actor, tx.w.agency, tx.w.method, object, tx.w.request, leaf, personal,
		})
		if err != nil {
			return tx.db.driver.explain(err)
		}
	}
	return nil
}

// Done is the error of a form that was taken before: what its first sending did.
type Done struct { //nolint:errname // it is an answer that travels as an error
	Event, Object ID
}

func (d *Done) Error() string { return "store: this form was taken before" }

// TakenBefore marks it for package web, which answers what no page answered.
func (*Done) TakenBefore() {}

// onceKey tells the methods that one form leads through apart: each is done once.
func (w *Warrant) onceKey() string { return w.once + " " + w.method }

// Before takes apart an error that says that a form was taken before: the object of its first sending, for the page that leads where that
// one led, and no error. Any other error comes back as it is.
func Before(err error) (object ID, done bool, rest error) {
	if d, ok := errors.AsType[*Done](err); ok {
		return d.Object, true, nil
	}
	return 0, false, err
}

func (tx *Tx) onceBefore() error {
	if tx.w.once == "" || tx.readonly {
		return nil
	}
	d, err := First(tx, func(s Scanner) (d Done, err error) { return d, s.Scan(&d.Event, &d.Object) },
		`SELECT event, object FROM once WHERE id = ? AND (actor = ? OR actor IS NULL)`, tx.w.onceKey(), tx.w.actor)
	if ok, err := Found(err); err != nil || !ok {
		return err
	}
	return &d
}

func (tx *Tx) onceAfter() error {
	if tx.w.once == "" || len(tx.events) == 0 {
		return nil
	}
	first := &tx.events[0]
	_, err := tx.q.exec(tx.ctx, `INSERT INTO once (id, actor, at, event, object) VALUES (?, ?, ?, ?, ?)`,
		[]any{tx.w.onceKey(), tx.w.actor, Micros(tx.now), first.id, first.object})
	if err != nil {
		return tx.db.driver.explain(err)
	}
	return nil
}

// History returns the events of an object, newest first, before an event (0: from the newest), at most limit. The caller
// has checked that the object may be seen.
func (tx *Tx) History(object, before ID, limit int) ([]Recorded, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	return Collect(tx, scanEvent, eventColumns+` WHERE object = ? AND id < ? ORDER BY id DESC LIMIT ?`, object, before, limit)
}

const eventColumns = `SELECT id, at, kind, actor, agency, method, object, request, leaf, personal, COALESCE(seq, -1) FROM event`

func scanEvent(s Scanner) (Recorded, error) {
	var r Recorded
	var personal []byte
	if err := s.Scan(&r.ID, At(&r.At), &r.Kind, &r.Actor, &r.Agency, &r.Method, &r.Object, &r.Request, &r.Leaf, &personal, &r.Seq); err != nil {
		return r, err
	}
	return r, r.disclose(personal)
}

// SkipLocked ends a SELECT that takes work others may be taking too: on PostgreSQL their rows are passed over, on SQLite there is
// one writer and nothing to pass. A transaction that only reads takes nothing.
func (tx *Tx) SkipLocked() string {
	if tx.readonly {
		return ""
	}
	return tx.db.driver.skipLocked()
}
