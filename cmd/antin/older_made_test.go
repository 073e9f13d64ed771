package main

import (
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/config"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// olderDocuments are places in the demo's row of one agency: the first is issued, the second returned, the last a draft. The last two share
// a file; with more, it is the files that make such a house large.
var olderDocuments = []int{0, 15, 11}

// makeOlder has the demo make a small house on SQLite, and writes it down.
func makeOlder(t *testing.T, name string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	c, err := config.Load(config.Sources{Flags: map[string]string{
		"data": filepath.Join(dir, "data"), "master_keys": filepath.Join(dir, "master.keys"), "training": "on", "public_address": olderPublic,
	}})
	must(err)
	ring, err := seal.Create(c.MasterKeys)
	must(err)
	p, err := openPast(t.Context(), c, ring, slog.New(slog.DiscardHandler), time.Now(), extra{cost: demoCost, volatile: true})
	must(err)
	must(p.province.Advance(t.Context(), p.clock.Now()))
	must(p.staff(t.Context()))
	of := func(login string) *demoBody {
		a := p.accounts[slices.IndexFunc(p.accounts, func(a demoAccount) bool { return a.Login == login })]
		return p.bodies[slices.IndexFunc(p.bodies, func(b *demoBody) bool { return b.ShortName == a.Agency })]
	}
	p.bodies = []*demoBody{of("soanthao"), of("vanthu.snv")}
	for _, b := range p.bodies {
		must(p.equip(t.Context(), b))
	}
	topics, err := demoTopics()
	must(err)
	for n, i := range olderDocuments {
		if n == 1 { // the story of two years lies between the first and the others
			p.clock.Set(time.Now().AddDate(0, 0, -30))
			must(p.province.Advance(t.Context(), p.clock.Now()))
		}
		p.clock.Advance(24 * time.Hour)
		must(p.document(t.Context(), i, topics[min(n, 1)]))
	}
	for range 3 { // only what is needed is kept
		p.clock.Advance(4 * 24 * time.Hour)
		_, err := p.h.blobs.Collect(t.Context())
		must(err)
	}
	must(errors.Join(p.h.sequencer.Drain(t.Context()), p.h.close()))
	must(writeOlder(t, name, dir, p))
}

// writeOlder writes rows and files of a house that stands still.
func writeOlder(t *testing.T, name, dir string, p *past) (err error) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, z.Close(), f.Close()) }()
	to := json.NewEncoder(z)
	db := storetest.Raw(t, filepath.Join(dir, "data", "antin.db"))
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // it only reads
	house := olderHouse{At: p.clock.Now().UTC(), Public: olderPublic, Steps: stepsIn(t, tx), Accounts: p.accounts, Issued: map[string]int64{}}
	_, issued, err := read(t, tx, `SELECT printf('%d', id), size FROM document WHERE state = 'issued'`)
	if err != nil {
		return err
	}
	for _, row := range issued {
		id, err := strconv.ParseInt(row[0].(string), 10, 64)
		if err != nil {
			return err
		}
		house.Issued[documentPath(id)] = row[1].(int64)
	}
	if err := to.Encode(olderRow{Begun: &house}); err != nil {
		return err
	}
	// In the order in which they were made: what refers to a table stands behind it.
	_, tables, err := read(t, tx, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN ('schema_step', 'node') ORDER BY rowid`)
	if err != nil {
		return err
	}
	for _, table := range tables {
		if err := writeTable(t, to, tx, table[0].(string)); err != nil {
			return err
		}
	}
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		in := strings.TrimPrefix(path, dir+string(filepath.Separator))
		if err != nil || e.IsDir() || strings.HasPrefix(in, filepath.Join("data", "antin.db")) {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return to.Encode(olderRow{File: filepath.ToSlash(in), Bytes: b})
	})
}

func writeTable(t *testing.T, to *json.Encoder, tx *sql.Tx, table string) error {
	t.Helper()
	columns, all, err := read(t, tx, `SELECT * FROM `+table)
	if err != nil {
		return err
	}
	if err := to.Encode(olderRow{Table: table, Columns: columns}); err != nil {
		return err
	}
	for _, row := range all {
		for i, v := range row {
			if b, ok := v.([]byte); ok {
				row[i] = struct {
					Bytes []byte `json:"bytes"`
				}{b}
			}
		}
		if err := to.Encode(olderRow{Row: row}); err != nil {
			return err
		}
	}
	return nil
}

func read(t *testing.T, tx *sql.Tx, query string) (columns []string, out [][]any, err error) {
	t.Helper()
	rows, err := tx.QueryContext(t.Context(), query)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	if columns, err = rows.Columns(); err != nil {
		return nil, nil, err
	}
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, nil, err
		}
		out = append(out, row)
	}
	return columns, out, rows.Err()
}
