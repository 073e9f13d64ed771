package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/antinvn/antin/internal/foundation/audit"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

const (
	actCallers = 64
	actTime    = 4 * time.Second // of one measurement
	actPool    = 16              // connections to PostgreSQL, for both
)

// acts compares durable acts (a row and its event, permission and reach checked, the sequencer running beside them) with the same two inserts made bare in one transaction, on
// the same engine, by as many callers and with the same group commit, and with one bare insert.
func (b *bench) acts(ctx context.Context) error {
	if err := b.actsOn(ctx, "SQLite", filepath.Join(b.dir, "ours.db"), func() (barely, error) { return bareSQLite(ctx, filepath.Join(b.dir, "bare.db")) }); err != nil {
		return err
	}
	server, err := storetest.StartPostgres()
	if errors.Is(err, exec.ErrNotFound) {
		b.table.skip("acts, PostgreSQL", actsGoal, "no PostgreSQL")
		return nil
	}
	if err != nil {
		return err
	}
	ours, err := server.Database(ctx)
	if err != nil {
		return err
	}
	bare, err := server.Database(ctx)
	if err != nil {
		return err
	}
	return b.actsOn(ctx, "PostgreSQL", ours, func() (barely, error) { return barePostgres(ctx, bare) })
}

const actsGoal = "≥ 50 %"

func (b *bench) actsOn(ctx context.Context, engine, address string, openBare func() (barely, error)) error {
	h, err := openActs(ctx, address)
	if err != nil {
		return err
	}
	defer h.db.Close()
	bare, err := openBare()
	if err != nil {
		return err
	}
	defer bare.close() //nolint:errcheck // what was measured is measured
	ctx, stop := context.WithCancel(ctx)
	var behind sync.WaitGroup
	defer behind.Wait()
	defer stop()
	behind.Go(func() { h.sequencer.Serve(ctx) })
	var ours, two, one []float64
	var oldest time.Duration
	for range b.rounds {
		for _, m := range []struct {
			into *[]float64
			act  func(context.Context, int64) error
		}{
			{&ours, h.act},
			{&two, func(ctx context.Context, n int64) error { return bare.insert(ctx, n, true) }},
			{&one, func(ctx context.Context, n int64) error { return bare.insert(ctx, n, false) }},
		} {
			rate, err := rateOf(ctx, m.act)
			if err != nil {
				return fmt.Errorf("%s: %w", engine, err)
			}
			*m.into = append(*m.into, rate)
			if m.into == &ours {
				age, err := h.log.Age(ctx)
				if err != nil {
					return fmt.Errorf("%s: %w", engine, err)
				}
				oldest = max(oldest, age)
			}
		}
	}
	o, t, i := median(ours), median(two), median(one)
	b.table.add(row{
		What: "durable acts, " + engine + ", 64 callers", Measured: fmt.Sprintf("%.0f/s", o), Peer: fmt.Sprintf("two bare inserts %.0f/s", t),
		Result: fmt.Sprintf("%.0f %%; %.0f %% of one bare insert (%.0f/s); the oldest event without a place waited %s", 100*o/t, 100*o/i, i, seconds(oldest)), Goal: actsGoal,
	}, o >= t/2)
	return nil
}

var actNumbers atomic.Int64

// rateOf is how many acts a second all callers get done.
func rateOf(ctx context.Context, act func(context.Context, int64) error) (float64, error) {
	until := time.Now().Add(actTime)
	var done atomic.Int64
	var first atomic.Pointer[error]
	var callers sync.WaitGroup
	began := time.Now()
	for range actCallers {
		callers.Go(func() {
			for time.Now().Before(until) && first.Load() == nil {
				if err := act(ctx, actNumbers.Add(1)); err != nil {
					first.CompareAndSwap(nil, &err)
					return
				}
				done.Add(1)
			}
		})
	}
	callers.Wait()
	if err := first.Load(); err != nil {
		return 0, *err
	}
	return float64(done.Load()) / time.Since(began).Seconds(), nil
}

const actTable = `CREATE TABLE bench_note (
  id {id} PRIMARY KEY, agency {id} NOT NULL, title {text} NOT NULL, n {int} NOT NULL, made {time} NOT NULL, event {id} NOT NULL
){strict};`

const insertNote = `INSERT INTO bench_note (id, agency, title, n, made, event) VALUES (?, ?, ?, ?, ?, ?)`

const noteTitle = "Quyết định về việc phân công nhiệm vụ các thành viên Tổ công tác"

type noteWritten struct {
	Note  store.ID
	Title string
	N     int64
}

func (noteWritten) EventKind() string { return "bench.note_written/1" }

type actHouse struct {
	db        *store.DB
	log       *audit.Log
	sequencer *audit.Sequencer
	auth      *auth.Service
	who       auth.Actor
}

const actAgency = 77

func openActs(ctx context.Context, address string) (*actHouse, error) {
	steps, err := store.Migrations(audit.Files, auth.Files)
	if err != nil {
		return nil, err
	}
	db, issuer, err := store.Open(ctx, store.Config{URL: address, Migrations: append(steps, store.Migration{Number: 9000, Name: "bench", SQL: actTable})})
	if err != nil {
		return nil, err
	}
	a, err := auth.New(auth.Config{DB: db, Issuer: issuer, Policies: []auth.Policy{{"bench.Write": {Needs: auth.WriteDocument}}}})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	ring, err := seal.New(rand.Reader)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	sequencer, err := audit.NewSequencer(ctx, audit.Config{DB: db, Issuer: issuer, Ring: ring, Origin: "bench.example/log"})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &actHouse{db, audit.Open(db, issuer, nil), sequencer, a, auth.Actor{
		Account: 5, Person: 6, Agency: actAgency, Request: "bench",
		Grants: []auth.Grant{{Role: auth.Clerk, Agency: actAgency, Reach: auth.Units}},
	}}, nil
}

func (h *actHouse) act(ctx context.Context, n int64) error {
	w, err := h.auth.Warrant(ctx, h.who, "bench.Write")
	if err != nil {
		return err
	}
	return h.db.Do(ctx, w, func(tx *store.Tx) error {
		if err := tx.Over(actAgency); err != nil {
			return err
		}
		id := tx.NewID()
		event := tx.Record(noteWritten{Note: id, Title: noteTitle, N: n})
		_, err := tx.Exec(insertNote, id, store.ID(actAgency), noteTitle, n, tx.Now(), event)
		return err
	})
}

// barely makes the inserts by themselves: the row, and with both the row that an event is.
type barely struct {
	insert func(ctx context.Context, n int64, both bool) error
	close  func() error
}

const insertEvent = `INSERT INTO event (id, at, kind, actor, agency, method, object, request, leaf, personal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func noteArgs(n int64) []any {
	return []any{n, int64(actAgency), noteTitle, n, time.Now().UnixMicro(), n}
}

func eventArgs(n int64) []any {
	leaf := fmt.Appendf(nil, `{"v":1,"id":"%d","at":"2026-11-25T00:00:00.000000Z","kind":"bench.note_written/1","actor":"5","agency":"77","method":"bench.Write","object":"%d","data":{"note":"%d","title":%q,"n":%d}}`,
		n, n, n, noteTitle, n)
	return []any{n, time.Now().UnixMicro(), "bench.note_written/1", int64(5), int64(actAgency), "bench.Write", n, "bench", leaf, nil}
}

// prepareBare gives a database the same tables, made by the store itself.
func prepareBare(ctx context.Context, address string) error {
	h, err := openActs(ctx, address)
	if err != nil {
		return err
	}
	return h.db.Close()
}

// bareSQLite has one writer, whose commit those share who wait for it, as the store does.
func bareSQLite(ctx context.Context, path string) (barely, error) {
	if err := prepareBare(ctx, path); err != nil {
		return barely{}, err
	}
	q := url.Values{"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "cache_size(-16000)", "temp_store(MEMORY)", "mmap_size(268435456)"}}
	db, err := sql.Open("sqlite", "file:"+path+"?"+q.Encode())
	if err != nil {
		return barely{}, err
	}
	db.SetMaxOpenConns(1)
	note, err := db.PrepareContext(ctx, insertNote)
	if err != nil {
		return barely{}, errors.Join(err, db.Close())
	}
	event, err := db.PrepareContext(ctx, insertEvent)
	if err != nil {
		return barely{}, errors.Join(err, db.Close())
	}
	type request struct {
		n    int64
		both bool
		done chan error
	}
	wanted := make(chan request)
	group := func(first request) {
		var joined []request
		err := func() error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to undo
			for r, more := first, true; more; {
				joined = append(joined, r)
				if _, err := tx.StmtContext(ctx, note).ExecContext(ctx, noteArgs(r.n)...); err != nil { //nolint:sqlclosecheck // the transaction closes it
					return err
				}
				if r.both {
					if _, err := tx.StmtContext(ctx, event).ExecContext(ctx, eventArgs(r.n)...); err != nil { //nolint:sqlclosecheck // the transaction closes it
						return err
					}
				}
				select {
				case r = <-wanted:
				default:
					more = false
				}
			}
			return tx.Commit()
		}()
		for _, r := range joined {
			r.done <- err
		}
	}
	go func() {
		for r := range wanted {
			group(r)
		}
	}()
	return barely{
		insert: func(_ context.Context, n int64, both bool) error {
			r := request{n, both, make(chan error, 1)}
			wanted <- r
			return <-r.done
		},
		close: func() error {
			close(wanted)
			return db.Close()
		},
	}, nil
}

// barePostgres runs each caller's transaction by itself; the server makes their commits durable together.
func barePostgres(ctx context.Context, address string) (barely, error) {
	if err := prepareBare(ctx, address); err != nil {
		return barely{}, err
	}
	db, err := sql.Open("pgx", address)
	if err != nil {
		return barely{}, err
	}
	db.SetMaxOpenConns(actPool)
	db.SetMaxIdleConns(actPool)
	const note = `INSERT INTO bench_note (id, agency, title, n, made, event) VALUES ($1, $2, $3, $4, $5, $6)`
	const event = `INSERT INTO event (id, at, kind, actor, agency, method, object, request, leaf, personal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	return barely{
		insert: func(ctx context.Context, n int64, both bool) error {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to undo
			if _, err := tx.ExecContext(ctx, note, noteArgs(n)...); err != nil {
				return err
			}
			if both {
				if _, err := tx.ExecContext(ctx, event, eventArgs(n)...); err != nil {
					return err
				}
			}
			return tx.Commit()
		},
		close: db.Close,
	}, nil
}
