package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
)

// Config says where rows are kept.
type Config struct {
	// URL is "postgres://…", or the path of an SQLite file.
	URL string
	// Migrations are the modules' steps; the store's own come with it.
	Migrations []Migration
	// Clock gives transactions their time; nil is the machine's.
	Clock clock.Clock
	// Random gives salts; nil is the system's.
	Random io.Reader
	// Volatile does not wait for the disk on SQLite: for rows that are thrown away. A power cut may take the last ones, or all.
	Volatile bool
	// Readers bounds the connections that read; 0 means 8. On PostgreSQL twice as many may be open.
	Readers int
}

// DB is an open database. It may be used concurrently.
type DB struct {
	driver dialect
	clock  clock.Clock
	random io.Reader
	ids    generator
	owner  int64
	until  atomic.Int64 // end of the node's lease, by the machine's clock
	told   atomic.Pointer[func(*Warrant)]
	close  context.CancelFunc
	done   sync.WaitGroup
}

// dialect is what differs between the databases.
type dialect interface {
	types(sql string) string
	bind(sql string) string
	locked(ctx context.Context, f func(executor) error) error
	view(ctx context.Context, f func(querier) error) error
	// do commits what f writes; snapshot says that conflicts with what others read do not matter.
	do(ctx context.Context, snapshot bool, f func(querier) error) error
	explain(err error) error
	skipLocked() string
	// sequence gives places to a list of ids: its arguments are the first place and what list returns.
	sequence() string
	list(ids []ID) string
	close() error
}

type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// querier runs statements inside one transaction.
type querier interface {
	exec(ctx context.Context, query string, args []any) (sql.Result, error)
	query(ctx context.Context, query string, args []any) (*sql.Rows, error)
}

// Open opens a database, brings its schema up to date while no other program does, and takes a node number for ids. It returns
// the one [Issuer].
func Open(ctx context.Context, c Config) (*DB, *Issuer, error) {
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Readers == 0 {
		c.Readers = 8
	}
	var d dialect
	var err error
	if strings.HasPrefix(c.URL, "postgres://") || strings.HasPrefix(c.URL, "postgresql://") {
		d, err = openPostgres(ctx, c)
	} else {
		d, err = openSQLite(ctx, c)
	}
	if err != nil {
		return nil, nil, err
	}
	db := &DB{driver: d, clock: c.Clock, random: c.Random}
	if err := db.start(ctx, c); err != nil {
		return nil, nil, errors.Join(err, d.close())
	}
	return db, &Issuer{db}, nil
}

func (db *DB) start(ctx context.Context, c Config) error {
	if err := migrate(ctx, db.driver, c.Migrations, db.now()); err != nil {
		return err
	}
	var owner [8]byte
	if _, err := io.ReadFull(db.random, owner[:]); err != nil {
		return err
	}
	db.owner = int64(binary.BigEndian.Uint64(owner[:]) >> 1)
	if err := db.takeNode(ctx); err != nil {
		return err
	}
	ctx, db.close = context.WithCancel(context.WithoutCancel(ctx))
	db.done.Go(func() { db.keepNode(ctx) })
	return nil
}

// Close waits for what runs and gives the node number back.
func (db *DB) Close() error {
	db.close()
	db.done.Wait()
	return errors.Join(db.freeNode(), db.driver.close())
}

func (db *DB) now() time.Time { return db.clock.Now().UTC().Truncate(time.Microsecond) }

// Do runs f in a transaction that may write, and commits it; f may run more than once. Errors of f come back as they are.
func (db *DB) Do(ctx context.Context, w *Warrant, f func(*Tx) error) error {
	if err := db.mine(w); err != nil {
		return err
	}
	if time.Now().UnixMicro() > db.until.Load() {
		return fault.New(fault.Unavailable, ErrBusy, "").Because(errors.New("this node's number is no longer its own"))
	}
	var tx *Tx
	err := db.driver.do(ctx, w.snapshot, func(q querier) error {
		tx = &Tx{ctx: ctx, db: db, w: w, q: q, now: db.now()}
		return tx.run(f)
	})
	db.tell(tx, err)
	return err
}

// View runs f in a transaction that only reads, on one state of the database.
func (db *DB) View(ctx context.Context, w *Warrant, f func(*Tx) error) error {
	if err := db.mine(w); err != nil {
		return err
	}
	var tx *Tx
	err := db.driver.view(ctx, func(q querier) error {
		tx = &Tx{ctx: ctx, db: db, w: w, q: q, now: db.now(), readonly: true}
		return tx.run(f)
	})
	db.tell(tx, err)
	return err
}

// tell says that a transaction ended because something lay out of reach, where somebody wants to know.
func (db *DB) tell(tx *Tx, err error) {
	if err == nil || tx == nil || !tx.refused || tx.w.system {
		return
	}
	if told := db.told.Load(); told != nil && errors.Is(err, ErrNotFound) {
		(*told)(tx.w)
	}
}

func (db *DB) mine(w *Warrant) error {
	if w == nil || w.db != db {
		return fault.New(fault.Internal, ErrWarrant, "")
	}
	return nil
}
