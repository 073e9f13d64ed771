package storetest

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Raw opens a database behind the store's back: to fill tables fast, and to ask for plans.
func Raw(t testing.TB, url string) *sql.DB {
	t.Helper()
	driver := "sqlite"
	if isPostgres(url) {
		driver = "pgx"
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Costly analyses a filled database and returns a function for its statements: the steps of a plan that grow with a table, those that read
// it whole and those that sort. A list whose pair has its index has none.
func Costly(t testing.TB, url string) func(query string, args ...any) []string {
	t.Helper()
	db := Raw(t, url)
	if _, err := db.ExecContext(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
	return func(query string, args ...any) (costly []string) {
		t.Helper()
		explain := "EXPLAIN QUERY PLAN "
		if isPostgres(url) {
			explain = "EXPLAIN "
			for i := range args {
				query = strings.Replace(query, "?", "$"+strconv.Itoa(i+1), 1)
			}
		}
		steps, err := plan(t.Context(), db, explain+query, args)
		if err != nil || len(steps) == 0 {
			t.Fatalf("%q: %v", steps, err)
		}
		for _, s := range steps {
			if !strings.Contains(s, "CONSTANT ROW") && slices.ContainsFunc(growing, func(sign string) bool { return strings.Contains(s, sign) }) {
				costly = append(costly, strings.TrimSpace(s))
			}
		}
		return costly
	}
}

// growing are the signs of such a step, in SQLite's words and in PostgreSQL's.
var growing = []string{"SCAN ", "TEMP B-TREE", "Seq Scan", "Sort"}

func isPostgres(url string) bool { return strings.HasPrefix(url, "postgres") }

// plan is one text for each step: the last column of what the database answers.
func plan(ctx context.Context, db *sql.DB, query string, args []any) (steps []string, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = e
		}
	}()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var last string
		to := make([]any, len(columns))
		for i := range to {
			to[i] = new(any)
		}
		to[len(to)-1] = &last
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		steps = append(steps, last)
	}
	return steps, rows.Err()
}
