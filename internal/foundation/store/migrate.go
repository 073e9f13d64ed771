package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// Migration is one step of the schema. Numbers are given once over the whole house; a new one is larger than all before it.
type Migration struct {
	Number int
	Name   string
	SQL    string // types as {id} {int} {text} {blob} {time} {bool}; {strict} ends a table
}

//go:embed migrations/*.sql
var own embed.FS

// Migrations reads the folders "migrations" of modules: files NNNN_name.sql.
func Migrations(modules ...fs.FS) (out []Migration, err error) {
	for _, m := range modules {
		if out, err = appendMigrations(out, m); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func appendMigrations(out []Migration, module fs.FS) ([]Migration, error) {
	names, err := fs.Glob(module, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		base := strings.TrimSuffix(strings.TrimPrefix(name, "migrations/"), ".sql")
		number, title, ok := strings.Cut(base, "_")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || len(number) != 4 {
			return nil, fmt.Errorf("migration %s: its name is not NNNN_name.sql", name)
		}
		b, err := fs.ReadFile(module, name)
		if err != nil {
			return nil, err
		}
		out = append(out, Migration{n, title, string(b)})
	}
	return out, nil
}

// migrate brings the schema up to date, one step a transaction, while no other program does.
func migrate(ctx context.Context, d dialect, steps []Migration, now time.Time) error {
	base, err := Migrations(own)
	if err != nil {
		return err
	}
	steps = append(base, steps...)
	slices.SortFunc(steps, func(a, b Migration) int { return a.Number - b.Number })
	for i, s := range steps[1:] {
		if s.Number == steps[i].Number {
			return fmt.Errorf("migration %04d is there twice: %s and %s", s.Number, steps[i].Name, s.Name)
		}
	}
	return d.locked(ctx, func(c executor) error {
		if _, err := c.ExecContext(ctx, d.types(`CREATE TABLE IF NOT EXISTS schema_step (number {int} PRIMARY KEY, name {text} NOT NULL, sha256 {text} NOT NULL, at {time} NOT NULL){strict}`)); err != nil {
			return err
		}
		done := map[int]string{}
		newest := 0
		rows, err := c.QueryContext(ctx, `SELECT number, sha256 FROM schema_step`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n int
			var sum string
			if err := rows.Scan(&n, &sum); err != nil {
				return err
			}
			done[n], newest = sum, max(newest, n)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if last := steps[len(steps)-1].Number; newest > last {
			return fault.New(fault.Unavailable, ErrNewer, strconv.Itoa(newest)).With("known", strconv.Itoa(last))
		}
		for _, s := range steps {
			h := sha256.Sum256([]byte(s.SQL))
			sum := hex.EncodeToString(h[:])
			switch was, ok := done[s.Number]; {
			case ok && was != sum:
				return fault.New(fault.Unavailable, ErrSchema, s.Name)
			case ok:
				continue
			case s.Number < newest:
				return fault.New(fault.Unavailable, ErrSchema, s.Name)
			}
			if err := step(ctx, c, d, s, sum, now); err != nil {
				return fmt.Errorf("migration %04d %s: %w", s.Number, s.Name, err)
			}
		}
		return nil
	})
}

func step(ctx context.Context, c executor, d dialect, s Migration, sum string, now time.Time) (err error) {
	if _, err := c.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	defer func() {
		end := "COMMIT"
		if err != nil {
			end = "ROLLBACK"
		}
		_, e := c.ExecContext(context.WithoutCancel(ctx), end)
		err = errors.Join(err, e)
	}()
	// On SQLite another program may have done it while this one waited for BEGIN.
	insert := `INSERT INTO schema_step (number, name, sha256, at) VALUES (?, ?, ?, ?) ON CONFLICT (number) DO NOTHING`
	r, err := c.ExecContext(ctx, d.bind(insert), s.Number, s.Name, sum, Micros(now))
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); n == 0 || err != nil {
		return err
	}
	for _, q := range statements(d.types(s.SQL)) {
		if _, err := c.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return nil
}

// statements splits a migration: a statement ends with a semicolon at the end of a line.
func statements(sql string) []string {
	var out []string
	for s := range strings.SplitSeq(sql+"\n", ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}
