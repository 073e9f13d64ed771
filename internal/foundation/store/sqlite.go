package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// sqliteDB has one connection that writes and several that read. One goroutine writes: what callers ask for while a commit
// goes to disk shares the next one.
type sqliteDB struct {
	writer  *sql.DB
	conn    *sql.Conn // the writer's only connection
	readers *sql.DB
	slots   chan struct{} // one for each transaction that reads
	wanted  chan *request
	stopped chan struct{}
	ended   chan struct{} // the writer is gone
	prepped prepared
}

type request struct {
	ctx  context.Context
	f    func(querier) error
	err  error
	done chan struct{}
}

const (
	maxGroup     = 128                   // callers that share a commit
	maxGroupTime = 20 * time.Millisecond // after which no further caller joins
	busyTimeout  = 10 * time.Second      // another program on the same file
)

func openSQLite(ctx context.Context, c Config) (*sqliteDB, error) {
	path := strings.TrimPrefix(c.URL, "sqlite:")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fault.New(fault.Unavailable, ErrBusy, path).Because(err)
	}
	synchronous := "synchronous(FULL)"
	if c.Volatile {
		synchronous = "synchronous(OFF)"
	}
	q := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), "journal_mode(WAL)", synchronous, "foreign_keys(1)",
		"cache_size(-16000)", "temp_store(MEMORY)", "mmap_size(268435456)",
	}}
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?"
	writer, err := sql.Open("sqlite", name+q.Encode())
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	conn, err := writer.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fault.New(fault.Unavailable, ErrBusy, path).Because(err), writer.Close())
	}
	q.Add("_pragma", "query_only(1)")
	readers, err := sql.Open("sqlite", name+q.Encode())
	if err != nil {
		return nil, errors.Join(err, conn.Close(), writer.Close())
	}
	readers.SetMaxOpenConns(c.Readers + 1) // one is left for preparing, when every slot is taken by a transaction that waits for that
	readers.SetMaxIdleConns(c.Readers + 1)
	d := &sqliteDB{writer: writer, conn: conn, readers: readers, slots: make(chan struct{}, c.Readers), wanted: make(chan *request), stopped: make(chan struct{}), ended: make(chan struct{})}
	go d.write()
	return d, nil
}

func (d *sqliteDB) types(s string) string {
	return strings.NewReplacer("{id}", "INTEGER", "{int}", "INTEGER", "{text}", "TEXT", "{blob}", "BLOB", "{time}", "INTEGER", "{bool}", "INTEGER", "{strict}", " STRICT").Replace(s)
}

func (d *sqliteDB) bind(s string) string { return s }

func (d *sqliteDB) locked(_ context.Context, f func(executor) error) error {
	// The writer's connection is not used yet by anyone else in this program; another program waits for each step's lock.
	return f(immediate{d.conn})
}

// immediate takes the write lock with BEGIN, so that two programs cannot both begin to read and then both want to write.
type immediate struct{ *sql.Conn }

func (c immediate) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if query == "BEGIN" {
		query = "BEGIN IMMEDIATE"
	}
	return c.Conn.ExecContext(ctx, query, args...)
}

func (d *sqliteDB) view(ctx context.Context, f func(querier) error) error {
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	tx, err := d.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return d.explain(err)
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	return f(readTx{d, tx})
}

type readTx struct {
	d  *sqliteDB
	tx *sql.Tx
}

func (q readTx) exec(context.Context, string, []any) (sql.Result, error) {
	return nil, ErrWarrant
}

func (q readTx) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	s, err := q.d.prepped.get(ctx, q.d.readers, query)
	if err != nil {
		return nil, err
	}
	return q.tx.StmtContext(ctx, s).QueryContext(ctx, args...) //nolint:sqlclosecheck // it ends with the transaction
}

func (d *sqliteDB) do(ctx context.Context, _ bool, f func(querier) error) error {
	r := &request{ctx: ctx, f: f, done: make(chan struct{})}
	select {
	case d.wanted <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-d.stopped:
		return fault.New(fault.Unavailable, ErrBusy, "").Because(sql.ErrConnDone)
	}
	<-r.done
	if p, ok := errors.AsType[panicked](r.err); ok {
		panic(p.value)
	}
	return r.err
}

// panicked carries a panic of a caller's function back into the caller's goroutine.
type panicked struct{ value any }

func (p panicked) Error() string { return fmt.Sprint("panic: ", p.value) }

// write takes callers in groups.
func (d *sqliteDB) write() {
	w := &writeConn{d: d, statements: map[string]*sql.Stmt{}}
	defer close(d.ended)
	defer w.closeAll()
	for {
		select {
		case r := <-d.wanted:
			d.group(w, r)
		case <-d.stopped:
			return
		}
	}
}

// group lets callers share a commit. They run one after the other without a mark between them, which halves what the writer has to say to
// SQLite: most who are refused are so before they write. Where one wrote and failed, all of them run again, each in its savepoint.
func (d *sqliteDB) group(w *writeConn, r *request) {
	began := time.Now()
	if err := w.plain("BEGIN IMMEDIATE"); err != nil {
		r.err = d.explain(err)
		close(r.done)
		return
	}
	marked := w.careful > 0
	var asked []*request
	for r != nil {
		asked = append(asked, r)
		if r.err = w.one(r, marked); w.broken != nil || w.spoiled {
			break
		}
		r = nil
		if len(asked) < maxGroup && time.Since(began) < maxGroupTime {
			select {
			case r = <-d.wanted:
			default:
			}
		}
	}
	if w.careful--; w.spoiled {
		w.again(asked)
	}
	err := w.broken
	if err == nil {
		err = w.plain("COMMIT")
	}
	if err != nil {
		w.broken = nil
		_ = w.plain("ROLLBACK") //nolint:errcheck // SQLite may have rolled back itself
		for _, r := range asked {
			if r.err != nil {
				continue
			}
			if len(asked) == 1 {
				r.err = d.explain(err)
				continue
			}
			w.alone(r) // another's failure takes nobody with it
		}
	}
	for _, r := range asked {
		close(r.done)
	}
}

// writeConn is the writer's connection; only the writing goroutine uses it.
type writeConn struct {
	d          *sqliteDB
	statements map[string]*sql.Stmt
	wrote      bool  // the caller that runs did
	spoiled    bool  // one without a mark wrote and failed
	careful    int   // for so many groups each caller has its savepoint, because somebody failed lately
	broken     error // the outer transaction cannot go on
}

// carefulGroups are how many groups use savepoints after a caller spoiled one.
const carefulGroups = 32

func (w *writeConn) plain(query string) error {
	_, err := w.run(context.Background(), query, nil)
	return err
}

// again begins a spoiled transaction anew.
func (w *writeConn) again(asked []*request) {
	w.spoiled, w.careful = false, carefulGroups
	if w.broken = w.plain("ROLLBACK"); w.broken != nil {
		return
	}
	if w.broken = w.plain("BEGIN IMMEDIATE"); w.broken != nil {
		return
	}
	for _, r := range asked {
		r.err = nil
		if r.err = w.one(r, true); w.broken != nil {
			return
		}
	}
}

// one runs a caller's function, in a savepoint where it is marked. A caller who gives up interrupts no statement: SQLite would roll back the
// others too.
func (w *writeConn) one(r *request, marked bool) (err error) {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	w.wrote = false
	if marked {
		if w.broken = w.plain("SAVEPOINT caller"); w.broken != nil {
			return nil
		}
	}
	defer func() {
		if p := recover(); p != nil {
			err = panicked{p}
		}
		if err == nil {
			err = r.ctx.Err()
		}
		if !marked {
			w.spoiled = err != nil && w.wrote
			return
		}
		if err != nil {
			if e := w.plain("ROLLBACK TO caller"); e != nil {
				w.broken = e
				return
			}
		}
		if e := w.plain("RELEASE caller"); e != nil {
			w.broken = e
		}
	}()
	return r.f(w)
}

// alone gives a caller a transaction of its own.
func (w *writeConn) alone(r *request) {
	r.err = w.plain("BEGIN IMMEDIATE")
	if r.err == nil {
		if r.err = w.one(r, true); r.err == nil {
			if r.err = w.broken; r.err == nil {
				r.err = w.plain("COMMIT")
			}
		}
		if r.err != nil {
			_ = w.plain("ROLLBACK") //nolint:errcheck // the first error is the one that tells
		}
	}
	w.broken = nil
	r.err = w.d.explain(r.err)
}

func (w *writeConn) stmt(query string) (*sql.Stmt, error) {
	if s := w.statements[query]; s != nil {
		return s, nil
	}
	if len(w.statements) >= maxStatements {
		w.closeAll()
	}
	s, err := w.d.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	w.statements[query] = s
	return s, nil
}

func (w *writeConn) closeAll() {
	for _, s := range w.statements {
		_ = s.Close()
	}
	clear(w.statements)
}

func (w *writeConn) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	w.wrote = true
	return w.run(ctx, query, args)
}

func (w *writeConn) run(ctx context.Context, query string, args []any) (sql.Result, error) {
	s, err := w.stmt(query) //nolint:sqlclosecheck // it is kept
	if err != nil {
		return nil, err
	}
	return s.ExecContext(context.WithoutCancel(ctx), args...)
}

func (w *writeConn) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	s, err := w.stmt(query) //nolint:sqlclosecheck // it is kept
	if err != nil {
		return nil, err
	}
	return s.QueryContext(context.WithoutCancel(ctx), args...)
}

func (d *sqliteDB) close() error {
	close(d.stopped)
	<-d.ended
	d.prepped.closeAll()
	return errors.Join(d.readers.Close(), d.conn.Close(), d.writer.Close())
}

func (d *sqliteDB) explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return fault.New(fault.Full, ErrFull, "").Because(err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return fault.New(fault.Unavailable, ErrBusy, "").Because(err)
	case sqlite3.SQLITE_CONSTRAINT:
		if e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
			return fault.New(fault.Conflict, ErrTaken, "").Because(err)
		}
	}
	return err
}

const maxStatements = 512

// prepared are prepared once for all reading connections.
type prepared struct {
	mu  sync.Mutex
	all map[string]*sql.Stmt
}

func (p *prepared) get(ctx context.Context, db *sql.DB, query string) (*sql.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.all[query]; s != nil {
		return s, nil
	}
	if p.all == nil {
		p.all = map[string]*sql.Stmt{}
	}
	if len(p.all) >= maxStatements {
		return nil, fmt.Errorf("store: more than %d different statements: one is made of values", maxStatements)
	}
	s, err := db.PrepareContext(context.WithoutCancel(ctx), query) //nolint:sqlclosecheck // it is kept
	if err != nil {
		return nil, err
	}
	p.all[query] = s
	return s, nil
}

func (p *prepared) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.all {
		_ = s.Close()
	}
}

func (d *sqliteDB) skipLocked() string { return "" }

func (d *sqliteDB) sequence() string {
	return `UPDATE event SET seq = ? + j.key FROM json_each(?) AS j WHERE event.id = j.value AND event.seq IS NULL`
}

func (d *sqliteDB) list(ids []ID) string { return "[" + joined(ids) + "]" }

func joined(ids []ID) string {
	b := make([]byte, 0, 20*len(ids))
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(id), 10)
	}
	return string(b)
}
