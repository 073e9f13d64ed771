package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/antinvn/antin/internal/foundation/fault"
)

type postgresDB struct {
	db    *sql.DB
	bound sync.Map      // a query with ? → with $1
	queue chan struct{} // one transaction that keeps meeting conflicts at a time
}

const (
	maxAttempts   = 30 // of one transaction against conflicts
	maxBeside     = 3  // of which so many beside others; then those of this program that meet conflicts go one after the other
	maxTaken      = 2  // of which so many because a unique value was taken
	migrationLock = 0x616e74696e
)

func openPostgres(ctx context.Context, c Config) (*postgresDB, error) {
	db, err := sql.Open("pgx", c.URL)
	if err != nil {
		return nil, fault.New(fault.Unavailable, ErrBusy, "").Because(errors.New("the database's address cannot be read")) // it may hold a password
	}
	db.SetMaxOpenConns(2 * c.Readers)
	db.SetMaxIdleConns(2 * c.Readers)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fault.New(fault.Unavailable, ErrBusy, "").Because(err), db.Close())
	}
	return &postgresDB{db: db, queue: make(chan struct{}, 1)}, nil
}

func (d *postgresDB) types(s string) string {
	return strings.NewReplacer("{id}", "BIGINT", "{int}", "BIGINT", "{text}", `TEXT COLLATE "C"`, "{blob}", "BYTEA", "{time}", "BIGINT", "{bool}", "BIGINT", "{strict}", "").Replace(s)
}

// bind writes $1, $2 … for each ? that stands outside quotes.
func (d *postgresDB) bind(s string) string {
	if b, ok := d.bound.Load(s); ok {
		return b.(string)
	}
	var b strings.Builder
	n, quoted := 0, false
	for _, r := range s {
		switch {
		case r == '\'':
			quoted = !quoted
		case r == '?' && !quoted:
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
			continue
		}
		b.WriteRune(r)
	}
	d.bound.Store(s, b.String())
	return b.String()
}

func (d *postgresDB) locked(ctx context.Context, f func(executor) error) (err error) {
	c, err := d.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if _, err := c.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return err
	}
	defer func() {
		_, e := c.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(migrationLock))
		err = errors.Join(err, e)
	}()
	return f(c)
}

type pgTx struct {
	d  *postgresDB
	tx *sql.Tx
}

func (q pgTx) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	return q.tx.ExecContext(ctx, q.d.bind(query), args...)
}

func (q pgTx) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	return q.tx.QueryContext(ctx, q.d.bind(query), args...)
}

func (d *postgresDB) view(ctx context.Context, f func(querier) error) error {
	tx, err := d.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return d.explain(err)
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	return f(pgTx{d, tx})
}

func (d *postgresDB) do(ctx context.Context, snapshot bool, f func(querier) error) error {
	level := sql.LevelSerializable
	if snapshot {
		level = sql.LevelRepeatableRead
	}
	var err error
	for attempt := range maxAttempts {
		if attempt == maxBeside {
			select {
			case d.queue <- struct{}{}:
				defer func() { <-d.queue }()
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if attempt > 0 {
			pause := time.Millisecond << min(attempt, 7)
			select {
			case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // it only spreads the attempts
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		err = d.attempt(ctx, level, f)
		// A value that is taken may be another transaction's that this one could not see yet: a second look decides.
		if taken := errors.Is(err, ErrTaken) && attempt < maxTaken; !taken && !conflict(err) {
			return err
		}
	}
	return fault.New(fault.Unavailable, ErrBusy, "").Because(err)
}

func (d *postgresDB) attempt(ctx context.Context, level sql.IsolationLevel, f func(querier) error) error {
	tx, err := d.db.BeginTx(ctx, &sql.TxOptions{Isolation: level})
	if err != nil {
		return d.explain(err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	if err := f(pgTx{d, tx}); err != nil {
		return err
	}
	return d.explain(tx.Commit())
}

// conflict reports that running again may help (SQLSTATE class 40).
func conflict(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

func (d *postgresDB) explain(err error) error {
	var e *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		switch {
		case e.Code == "40001" || e.Code == "40P01":
			return err
		case e.Code == "23505":
			return fault.New(fault.Conflict, ErrTaken, e.ConstraintName).Because(err)
		case e.Code == "53100":
			return fault.New(fault.Full, ErrFull, "").Because(err)
		case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "53"), strings.HasPrefix(e.Code, "57"):
			return fault.New(fault.Unavailable, ErrBusy, "").Because(err)
		}
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case pgconn.SafeToRetry(err):
		return fault.New(fault.Unavailable, ErrBusy, "").Because(err)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return fault.New(fault.Unavailable, ErrBusy, "").Because(err)
	}
	return err
}

func (d *postgresDB) close() error { return d.db.Close() }

func (d *postgresDB) skipLocked() string { return " FOR UPDATE SKIP LOCKED" }

func (d *postgresDB) sequence() string {
	return `UPDATE event SET seq = ? + j.n - 1 FROM unnest(CAST(? AS BIGINT[])) WITH ORDINALITY AS j (id, n) WHERE event.id = j.id AND event.seq IS NULL`
}

func (d *postgresDB) list(ids []ID) string { return "{" + joined(ids) + "}" }
