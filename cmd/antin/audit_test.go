package main

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/antinvn/antin/internal/foundation/audit"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
)

type happened struct {
	Thing store.ID
	Whose store.Personal
}

func (happened) EventKind() string { return "test.happened/1" }

// recordings is an installation in which a few things happened; the last still waits for its place.
func recordings(t *testing.T) (data, key string, events []store.ID) {
	t.Helper()
	data = t.TempDir()
	steps, err := allSteps()
	if err != nil {
		t.Fatal(err)
	}
	db, issuer, err := store.Open(t.Context(), store.Config{URL: filepath.Join(data, "antin.db"), Migrations: steps})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ring, err := seal.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := audit.NewSequencer(t.Context(), audit.Config{DB: db, Issuer: issuer, Ring: ring, Origin: "ky.example.vn/nhat-ky"})
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if len(events) == 3 {
			if err := s.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		err := db.Do(t.Context(), issuer.Warrant(store.Grant{Method: "test.Happen", Actor: 7}), func(tx *store.Tx) error {
			events = append(events, tx.Record(happened{5, "Nguyễn Văn A"}))
			return tx.Permit(true)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return data, s.VerifierKey(), events
}

func TestTheLogIsExportedAndVerified(t *testing.T) {
	data, key, events := recordings(t)
	dir := filepath.Join(t.TempDir(), "log")
	if exit, out, errs := call(t, "audit", "key", "--data", data); exit != exitDone || out != key+"\n" {
		t.Errorf("exit %d %s %s", exit, out, errs)
	}
	if exit, out, errs := call(t, "audit", "export", dir, "--data", data); exit != exitDone || !strings.Contains(out, dir) {
		t.Fatalf("exit %d %s %s", exit, out, errs)
	}
	if exit, _, errs := call(t, "audit", "export", dir, "--data", data); exit != exitFailed || !strings.Contains(errs, "audit.folder") {
		t.Errorf("over another: exit %d %s", exit, errs)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(dir, "checkpoint")
	for _, args := range [][]string{{dir, "--key", key}, {dir, "--key", file, "--known", known}, {"--data", data}, {"--data", data, "--key", file}} {
		if exit, out, errs := call(t, append([]string{"audit", "verify"}, args...)...); exit != exitDone || !strings.Contains(out, "Không có gì bị sửa") || !strings.Contains(out, "3 sự kiện") {
			t.Errorf("%v: exit %d %s %s", args, exit, out, errs)
		}
	}
	exit, out, _ := call(t, "audit", "verify", dir, "--key", key, "--event", events[1].Text("evt"), "--format", "json")
	var r struct {
		Size  int64
		Rows  int64
		Proof *struct {
			Index      int64
			Leaf, Text string
		}
		Findings []struct{ Code, At, Text string }
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil || exit != exitDone || r.Size != 3 || r.Rows != 3 || r.Proof == nil || r.Proof.Index != 1 ||
		!strings.HasPrefix(r.Proof.Text, "c2sp.org/tlog-proof@v1\nindex 1\n") || strings.Contains(r.Proof.Leaf, "Nguyễn") {
		t.Errorf("exit %d %s %v", exit, out, err)
	}
	if exit, out, _ := call(t, "audit", "verify", "--data", data, "--event", events[3].Text("evt")); exit != exitUndetermined || !strings.Contains(out, "đang chờ") {
		t.Errorf("an event that waits: exit %d %s", exit, out)
	}
	if exit, out, _ := call(t, "audit", "verify", dir, "--key", key, "--event", "5", "--format", "json"); exit != exitFailed || !strings.Contains(out, `"audit.event_absent"`) {
		t.Errorf("an event that is not there: exit %d %s", exit, out)
	}
	path := filepath.Join(dir, "tile", "0", "000.p", "3")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if exit, out, _ := call(t, "audit", "verify", dir, "--key", key); exit != exitFailed || !strings.Contains(out, "Ô băm tile/0/000.p/3") || strings.Contains(out, "Không có gì") {
		t.Errorf("a tile that was changed: exit %d %s", exit, out)
	}
}

func TestWhatCannotBeVerifiedIsSaid(t *testing.T) {
	data, key, _ := recordings(t)
	empty := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		exit int
		code string
	}{
		"no act":                 {[]string{"audit"}, exitUnreadable, "cmd.usage"},
		"another act":            {[]string{"audit", "sign"}, exitUnreadable, "cmd.usage"},
		"no key for a folder":    {[]string{"audit", "verify", empty}, exitUnreadable, "cmd.usage"},
		"two folders":            {[]string{"audit", "verify", empty, empty, "--key", key}, exitUnreadable, "cmd.usage"},
		"no folder to export to": {[]string{"audit", "export", "--data", data}, exitUnreadable, "cmd.usage"},
		"no event":               {[]string{"audit", "verify", empty, "--key", key, "--event", "doc_1"}, exitUnreadable, "cmd.usage"},
		"no checkpoint":          {[]string{"audit", "verify", empty, "--key", key}, exitUnreadable, "audit.unread"},
		"no verifier key":        {[]string{"audit", "verify", empty, "--key", "a+b+c"}, exitUnreadable, "audit.key"},
		"no file with a key":     {[]string{"audit", "verify", empty, "--key", filepath.Join(empty, "key")}, exitUnreadable, "cmd.input"},
		"no database":            {[]string{"audit", "verify", "--data", empty}, exitUnreadable, "cmd.input"},
		"a witness's key as the log's": {
			[]string{"audit", "verify", "--data", data, "--witness", key}, exitUnreadable, "audit.key",
		},
	} {
		exit, out, _ := call(t, append(c.args, "--format", "json")...)
		var answer struct{ Error problem }
		if err := json.Unmarshal([]byte(out), &answer); err != nil || exit != c.exit || answer.Error.Code != c.code {
			t.Errorf("%s: exit %d %s %v", name, exit, out, err)
		}
	}
	if _, err := os.Stat(filepath.Join(empty, "antin.db")); err == nil {
		t.Error("a database was made")
	}
}

var (
	aTable = regexp.MustCompile(`(?s)CREATE TABLE ([a-z0-9_]+) \((.*?)\n\)`)
	eventC = regexp.MustCompile(`(?m)^\s*event\s+\{id\}`)
)

// TestEveryRecordedTableIsReconciled: a table whose rows carry the event that wrote them is among the referrers, and nothing else is.
func TestEveryRecordedTableIsReconciled(t *testing.T) {
	steps, err := allSteps()
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, s := range steps {
		for _, m := range aTable.FindAllStringSubmatch(s.SQL, -1) {
			if eventC.MatchString(m[2]) {
				there[m[1]] = true
				if referrers[m[1]] != "event" {
					t.Errorf("%s (step %04d) is not among the referrers in house.go", m[1], s.Number)
				}
			}
		}
	}
	for table := range referrers {
		if !there[table] {
			t.Errorf("%s has no column event", table)
		}
	}
	if len(there) == 0 {
		t.Error("no table was looked at")
	}
}
