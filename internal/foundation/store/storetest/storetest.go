// Package storetest opens empty databases for tests: SQLite in a temporary folder, and a PostgreSQL that the test program starts
// for itself. Without the program postgres a test says so and is skipped, except in CI.
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/antinvn/antin/internal/foundation/store"
)

// Each runs a test on both databases.
func Each(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite is the address of an empty database file.
func SQLite(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "antin.db")
}

// Open opens a database and closes it after the test.
func Open(t testing.TB, c store.Config) (*store.DB, *store.Issuer) {
	t.Helper()
	db, issuer, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, issuer
}

var (
	start   sync.Once
	server  string // the folder of its socket
	failure error
	made    atomic.Int64
)

// Postgres is the address of an empty database.
func Postgres(t testing.TB) string {
	t.Helper()
	start.Do(func() { server, failure = run() })
	if errors.Is(failure, exec.ErrNotFound) {
		if os.Getenv("CI") != "" {
			t.Fatal(failure)
		}
		t.Skip("postgres is not here: ", failure)
	}
	if failure != nil {
		t.Fatal(failure)
	}
	name := "t" + strconv.FormatInt(made.Add(1), 10)
	db, err := sql.Open("pgx", address(server, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return address(server, name)
}

func address(folder, database string) string {
	return "postgres://postgres@/" + database + "?" + url.Values{"host": {folder}, "sslmode": {"disable"}}.Encode()
}

// run starts a server that lives as long as this program: a shell that holds its standard input open waits for its end, stops the server
// and removes its folder.
func run() (string, error) {
	bin, err := programs()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "antin-pg")
	if err != nil {
		return "", err
	}
	as, err := asPostgres(dir)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", dir+"/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	as(initdb)
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w: %s", err, out)
	}
	options := "-k " + dir + " -c listen_addresses='' -c max_connections=200 -c fsync=off -c max_pred_locks_per_transaction=256"
	begin := exec.CommandContext(ctx, filepath.Join(bin, "pg_ctl"), "-D", dir+"/data", "-l", dir+"/log", "-w", "-o", options, "start")
	as(begin)
	if err := begin.Run(); err != nil {
		log, _ := os.ReadFile(dir + "/log") //nolint:errcheck // it only adds to the error
		return "", fmt.Errorf("pg_ctl: %w: %s", err, log)
	}
	end := exec.CommandContext(context.Background(), "sh", "-c", `cat >/dev/null; "$0/pg_ctl" -D "$1/data" -m immediate stop >/dev/null 2>&1; rm -rf "$1"`, bin, dir)
	as(end)
	alive, err := end.StdinPipe()
	if err != nil {
		return "", err
	}
	go func() { // holds the pipe open until this program ends
		<-context.Background().Done()
		alive.Close()
	}()
	return dir, end.Start()
}

func programs() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("initdb: %w", exec.ErrNotFound)
	}
	return filepath.Dir(found[len(found)-1]), nil
}
