package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/audit"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/config"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// Houses of earlier schemas lie in testdata/older, each named by the newest step that it had: the demo's people and its story as they
// were then, and three documents. Each is put into both databases, brought to today's schema, and lived in.
//
// There is one of today's schema, too: that of the step before the next.

// olderRow is a line of such a file: a table's name and columns, a row of the last table, or a file.
type olderRow struct {
	Table   string   `json:"table,omitempty"`
	Columns []string `json:"columns,omitempty"`
	Row     []any    `json:"row,omitempty"` // whole numbers, texts, bytes as {"bytes": base64}
	File    string   `json:"file,omitempty"`
	Bytes   []byte   `json:"bytes,omitempty"`

	Begun *olderHouse `json:"house,omitempty"` // the first line
}

// olderHouse says what a house needs that lies in no table.
type olderHouse struct {
	At       time.Time        `json:"at"` // the last that happened
	Public   string           `json:"public"`
	Accounts []demoAccount    `json:"accounts"`
	Steps    map[int]string   `json:"steps"`  // with what was applied
	Issued   map[string]int64 `json:"issued"` // addresses of documents, with the sizes of their files
}

const (
	olderFolder = "testdata/older"
	olderPublic = "http://localhost:8480"
	olderSize   = 320 << 10 // of one file
)

func newestStep(t *testing.T) (all []store.Migration, newest int) {
	t.Helper()
	all, err := allSteps()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		newest = max(newest, s.Number)
	}
	return all, newest
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// TestOlderDataIsBroughtToTodaysSchema: every migration is tested on data that was there before it.
func TestOlderDataIsBroughtToTodaysSchema(t *testing.T) {
	_, newest := newestStep(t)
	today := filepath.Join(olderFolder, fmt.Sprintf("%04d.gz", newest))
	if !exists(today) && os.Getenv("ANTIN_UPDATE") != "" {
		makeOlder(t, today)
	}
	names, err := filepath.Glob(filepath.Join(olderFolder, "*.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(names, today) {
		t.Errorf("the schema has a step %04d, and there is no data of it for the next to be tested on: ANTIN_UPDATE=1 go test ./cmd/antin -run Older", newest)
	}
	if testing.Short() {
		names = names[:1] // the oldest has every step before it
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".gz"), func(t *testing.T) {
			if info, err := os.Stat(name); err != nil || info.Size() > olderSize {
				t.Errorf("%d bytes, %v", info.Size(), err)
			}
			storetest.Each(t, func(t *testing.T, url string) {
				o := readOlder(t, name)
				o.put(t, url)
				o.live(t, url)
			})
		})
	}
}

// TestALaterStepRunsOverOlderData proves the way itself, with a step that no program has: what lies there is changed, and today's program
// does not open what is newer than it.
func TestALaterStepRunsOverOlderData(t *testing.T) {
	all, newest := newestStep(t)
	later := store.Migration{Number: newest + 1, Name: "later", SQL: "ALTER TABLE document ADD COLUMN folded {text} NOT NULL DEFAULT '';\n" +
		"UPDATE document SET folded = lower(name);\nCREATE TABLE later (id {id} PRIMARY KEY){strict};\nINSERT INTO later (id) SELECT id FROM document;\n"}
	storetest.Each(t, func(t *testing.T, url string) {
		o := readOlder(t, filepath.Join(olderFolder, fmt.Sprintf("%04d.gz", newest)))
		o.put(t, url)
		db, _, err := store.Open(t.Context(), store.Config{URL: url, Migrations: append(slices.Clone(all), later)})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		raw := storetest.Raw(t, url)
		var moved, there int
		err = raw.QueryRowContext(t.Context(), `SELECT (SELECT COUNT(*) FROM later JOIN document ON document.id = later.id WHERE folded = lower(name) AND folded <> ''), (SELECT COUNT(*) FROM document)`).Scan(&moved, &there)
		if err != nil || moved != there || there == 0 {
			t.Errorf("%d of %d documents came along: %v", moved, there, err)
		}
		if _, err := openHouse(t.Context(), o.config(t, url), o.ring(t), clock.System{}, slog.New(slog.DiscardHandler), extra{}); !errors.Is(err, store.ErrNewer) {
			t.Errorf("today's program opens it: %v", err)
		}
	})
}

// older is a house that was read.
type older struct {
	olderHouse

	name   string
	dir    string
	tables []olderTable
	files  map[string][]byte
}

type olderTable struct {
	name    string
	columns []string
	rows    [][]any
}

func readOlder(t *testing.T, name string) *older {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	o := &older{name: name, dir: t.TempDir(), files: map[string][]byte{}}
	d := json.NewDecoder(bufio.NewReader(unzipped))
	d.UseNumber()
	for {
		var r olderRow
		err := d.Decode(&r)
		if errors.Is(err, io.EOF) {
			return o
		}
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case r.Begun != nil:
			o.olderHouse = *r.Begun
		case r.Table != "":
			o.tables = append(o.tables, olderTable{name: r.Table, columns: r.Columns})
		case r.File != "":
			o.files[r.File] = r.Bytes
		default:
			for i, v := range r.Row {
				r.Row[i] = olderValue(t, v)
			}
			last := &o.tables[len(o.tables)-1]
			last.rows = append(last.rows, r.Row)
		}
	}
}

func olderValue(t *testing.T, v any) any {
	t.Helper()
	switch v := v.(type) {
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			t.Fatal(err)
		}
		return n
	case map[string]any:
		var b struct{ Bytes []byte }
		text, err := json.Marshal(v)
		if err == nil {
			err = json.Unmarshal(text, &b)
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes
	}
	return v
}

// put makes the schema as it was, of the steps that it had, and puts rows and files into it.
func (o *older) put(t *testing.T, url string) {
	t.Helper()
	all, _ := newestStep(t)
	then := slices.DeleteFunc(slices.Clone(all), func(s store.Migration) bool { return o.Steps[s.Number] == "" })
	db, _, err := store.Open(t.Context(), store.Config{URL: url, Migrations: then})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw := storetest.Raw(t, url)
	tx, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() // nothing is left of it when it is committed
	if made := stepsIn(t, tx); !maps.Equal(made, o.Steps) {
		t.Fatalf("a step that had landed was changed: %v, and it was %v", made, o.Steps)
	}
	do := func(query string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	for _, table := range slices.Backward(o.tables) {
		do(`DELETE FROM ` + table.name)
	}
	for _, table := range o.tables {
		places := make([]string, len(table.columns))
		for i := range places {
			places[i] = "$" + strconv.Itoa(i+1)
		}
		insert := fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s)`, table.name, strings.Join(table.columns, ", "), strings.Join(places, ", "))
		for _, row := range table.rows {
			do(insert, row...)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	for name, b := range o.files {
		path := filepath.Join(o.dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

func stepsIn(t *testing.T, tx *sql.Tx) map[int]string {
	t.Helper()
	rows, err := tx.QueryContext(t.Context(), `SELECT number, sha256 FROM schema_step`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[int]string{}
	for rows.Next() {
		var n int
		var sum string
		if err := rows.Scan(&n, &sum); err != nil {
			t.Fatal(err)
		}
		out[n] = sum
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func (o *older) config(t *testing.T, url string) *config.Config {
	t.Helper()
	c, err := config.Load(config.Sources{Flags: map[string]string{
		"data": filepath.Join(o.dir, "data"), "database": url, "master_keys": filepath.Join(o.dir, "master.keys"), "training": "on", "public_address": o.Public,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (o *older) ring(t *testing.T) *seal.Ring {
	t.Helper()
	ring, err := seal.Load(filepath.Join(o.dir, "master.keys"))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

var (
	aDocument = regexp.MustCompile(`href="(/van-ban/doc_\w+)"`)
	aLink     = regexp.MustCompile(`href="(/[^"#]*)"`)
)

// live opens the house on the day after, and is its people: pages answer, documents are read and verified, a draft goes on to its issue, the
// log holds.
func (o *older) live(t *testing.T, url string) {
	t.Helper()
	c, clk := o.config(t, url), clock.NewFake(o.At.AddDate(0, 0, 1))
	h, err := openHouse(t.Context(), c, o.ring(t), clk, slog.New(slog.DiscardHandler), extra{cost: demoCost})
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- h.serve(ctx, l) }()
	base := "http://" + strings.Replace(l.Addr().String(), "127.0.0.1", "localhost", 1)
	people, seen := map[string]*browser{}, map[string]bool{}
	for _, a := range o.Accounts {
		b := browserAt(t, base)
		b.http.Timeout = 5 * time.Minute // pdfium is compiled before the first page is drawn
		b.send("/dang-nhap", map[string]string{"login": a.Login, "password": a.Password})
		people[a.Login] = b
		b.goAround(a.Login, seen)
	}
	if len(seen) < 40 {
		t.Errorf("there are %d pages: %v", len(seen), seen)
	}
	drafts := aDocument.FindStringSubmatch(people["lanhdao"].get("/van-ban"))
	if drafts == nil {
		t.Fatal("no draft waits for the leader")
	}
	people["lanhdao"].send(drafts[1]+"/ky", map[string]string{"seen": seenOn(people["lanhdao"].get(drafts[1] + "/ky"))})
	people["vanthu"].send(drafts[1]+"/phat-hanh", map[string]string{"seen": seenOn(people["vanthu"].get(drafts[1] + "/phat-hanh"))})
	read := o.verified(t, people["vanthu"])
	if read < len(o.Issued)+1 {
		t.Errorf("%d issued documents are verified; %d were there before", read, len(o.Issued))
	}
	stop()
	if err := errors.Join(<-served, h.sequencer.Drain(t.Context())); err != nil {
		t.Error(err)
	}
	if err := h.close(); err != nil {
		t.Error(err)
	}
	o.logged(t, url)
}

func documentPath(id int64) string { return "/van-ban/" + store.ID(id).Text("doc") }

func seenOn(page string) string {
	for _, f := range formsOf(page) {
		if v := f.values.Get("seen"); v != "" {
			return v
		}
	}
	return ""
}

// goAround opens every page that the first ones lead to and that nobody has seen.
func (b *browser) goAround(login string, seen map[string]bool) {
	b.t.Helper()
	paths := []string{"/"}
	for range 2 {
		var next []string
		for _, path := range paths {
			r, err := b.http.Get(b.base + path)
			if page := b.read(r, err); r.StatusCode != http.StatusOK {
				b.t.Errorf("%s: GET %s: %d %s", login, path, r.StatusCode, page)
			}
			for _, to := range aLink.FindAllStringSubmatch(b.page, -1) {
				if path, _, _ := strings.Cut(to[1], "?"); !seen[path] && !strings.HasPrefix(path, "/tai-nguyen/") {
					seen[path] = true
					next = append(next, path)
				}
			}
		}
		paths = next
	}
}

// verified reads what was issued, and has both signatures of each verified on the day of the house.
func (o *older) verified(t *testing.T, clerk *browser) (n int) {
	t.Helper()
	root, file := filepath.Join(o.dir, "root.crt"), filepath.Join(o.dir, "x.pdf")
	if err := os.WriteFile(root, []byte(clerk.get("/huan-luyen/root.crt")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, to := range aDocument.FindAllStringSubmatch(clerk.get("/van-ban?xem=di"), -1) {
		page := clerk.get(to[1])
		content := clerk.get(to[1] + "/tep")
		if size, known := o.Issued[to[1]]; known && int64(len(content)) != size {
			t.Errorf("%s has %d bytes, and had %d", to[1], len(content), size)
		}
		if !strings.Contains(page, "Đã phát hành") {
			continue
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		exit, _, a := answerOf(t, file, "--trust", root, "--offline", "--at", o.At.AddDate(0, 0, 1).Add(time.Hour).Format(time.RFC3339))
		if exit != exitDone || len(a.Signatures) != 2 {
			t.Errorf("%s: exit %d %+v", to[1], exit, a)
		}
		n++
	}
	return n
}

// logged verifies the log: it goes on from what was signed then.
func (o *older) logged(t *testing.T, url string) {
	t.Helper()
	c := o.config(t, url)
	known := filepath.Join(o.dir, "known")
	if err := os.WriteFile(known, o.files["data.checkpoint"], 0o600); err != nil {
		t.Fatal(err)
	}
	exit, out, errs := call(t, "audit", "verify", "--format", "json", "--data", c.Data, "--database", url, "--known", known)
	var r audit.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || exit != exitDone || !r.Holds() || r.Waiting != 0 || r.Rows < 100 {
		t.Errorf("exit %d %v %s %s", exit, err, out, errs)
	}
}
