// Package storetest opens empty databases for tests: SQLite in a temporary folder, and a PostgreSQL that the test program starts
// for itself. Without the program postgres a test says so and is skipped, except in CI.
// It also kills test programs in mid-act.
package storetest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/antinvn/antin/internal/foundation/store"
)

// Each runs a test on both databases.
func Each(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// Filled is [Each] for a test that fills tables to read plans: many rows and a single caller. It is left out of short runs, among them
// those with the race detector.
func Filled(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	if testing.Short() {
		t.Skip("tables are not filled in a short run")
	}
	Each(t, test)
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
	server  *Server
	failure error
)

// Postgres is the address of an empty database.
func Postgres(t testing.TB) string {
	t.Helper()
	start.Do(func() { server, failure = StartPostgres("-c", "fsync=off") })
	if errors.Is(failure, exec.ErrNotFound) {
		if os.Getenv("CI") != "" {
			t.Fatal(failure)
		}
		t.Skip("postgres is not here: ", failure)
	}
	if failure != nil {
		t.Fatal(failure)
	}
	address, err := server.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return address
}
