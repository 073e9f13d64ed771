//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// none are questions about rows that have no answer in a house where nothing is half there: each row that one returns is a finding.
var none = map[string]string{
	"a number without its document, or beside another": `SELECT n.notation FROM register_number n LEFT JOIN document d ON d.id = n.thing
		WHERE d.id IS NULL OR d.state NOT IN ('numbered', 'issued') OR d.number <> n.number OR d.notation <> n.notation OR d.day <> n.day`,
	"a numbered document that is not in the register once": `SELECT d.title FROM document d
		WHERE (SELECT COUNT(*) FROM register_number n WHERE n.thing = d.id) <> CASE WHEN d.state IN ('numbered', 'issued') THEN 1 ELSE 0 END`,
	"a series with a gap": `SELECT s.kind FROM register_series s LEFT JOIN register_number n ON n.agency = s.agency AND n.kind = s.kind AND n.year = s.year
		GROUP BY s.agency, s.kind, s.year, s.last HAVING COUNT(n.id) <> s.last OR MIN(n.number) <> 1 OR MAX(n.number) <> s.last`,
	"an issue that its recipients or the register do not know": `SELECT d.title FROM document d JOIN register_number n ON n.thing = d.id
		WHERE (n.sent IS NOT NULL) <> (d.state = 'issued') OR
			EXISTS (SELECT 1 FROM document_recipient r WHERE r.document = d.id AND (r.issued IS NOT NULL) <> (d.state = 'issued'))`,
	"a document without its recipients or its drafter": `SELECT d.title FROM document d
		WHERE NOT EXISTS (SELECT 1 FROM document_recipient r WHERE r.document = d.id) OR
			NOT EXISTS (SELECT 1 FROM document_part p WHERE p.document = d.id AND p.account = d.drafter)`,
	"a signature whose session is not done, or whose file is another": `SELECT d.title FROM document d WHERE d.state IN ('signed', 'numbered', 'issued') AND
		NOT EXISTS (SELECT 1 FROM signing_session s WHERE s.thing = d.id AND s.state = 'done' AND s.result = d.file AND
			s.purpose = CASE d.state WHEN 'issued' THEN 'seal' ELSE 'signature' END)`,
	"a session that is done while its document stands before it": `SELECT d.title FROM document d JOIN signing_session s ON s.thing = d.id
		WHERE s.state = 'done' AND (s.purpose = 'seal' AND d.state <> 'issued' OR s.purpose = 'signature' AND d.state = 'draft' AND s.base = d.file)`,
	"an open session that has a result, or a done one without": `SELECT s.state FROM signing_session s WHERE (s.state = 'done') <> (s.result <> '')`,
	"a session of nothing": `SELECT s.purpose FROM signing_session s LEFT JOIN document d ON d.id = s.thing WHERE d.id IS NULL`,
	"an open session without what it prepared": `SELECT s.purpose FROM signing_session s
		WHERE s.state = 'open' AND NOT EXISTS (SELECT 1 FROM blob_ref b WHERE b.blob = s.prepared AND b.owner = s.id)`,
	"a file that nothing holds": `SELECT d.title FROM document d WHERE NOT EXISTS (SELECT 1 FROM blob_ref b WHERE b.blob = d.file AND b.owner = d.id)`,
	"a file held by what is over": `SELECT b.blob FROM blob_ref b LEFT JOIN document d ON d.id = b.owner AND d.file = b.blob
		LEFT JOIN signing_session s ON s.id = b.owner AND s.state = 'open' AND s.prepared = b.blob WHERE d.id IS NULL AND s.id IS NULL`,
	"a form that was taken by no event": `SELECT o.id FROM once o LEFT JOIN event e ON e.id = o.event WHERE e.id IS NULL`,
	"a step that no event made":         `SELECT s.what FROM document_step s LEFT JOIN event e ON e.id = s.event WHERE e.id IS NULL OR e.object <> s.document AND s.what <> 'sealed' AND s.what <> 'signed'`,
	"an agency or unit without facts":   `SELECT n.id FROM org_node n WHERE NOT EXISTS (SELECT 1 FROM org_node_fact f WHERE f.node = n.id)`,
	"a person without a name":           `SELECT p.id FROM org_person p WHERE NOT EXISTS (SELECT 1 FROM org_person_fact f WHERE f.person = p.id)`,
	"an account without a password":     `SELECT a.login FROM account a WHERE a.state = 'active' AND NOT EXISTS (SELECT 1 FROM password p WHERE p.account = a.id)`,
}

// raw looks at the rows behind the house's back. It keeps no connection: closing the last one would tidy up after the kill.
func (c *crash) raw(t *testing.T) *sql.DB {
	t.Helper()
	db := storetest.Raw(t, c.url)
	db.SetMaxIdleConns(0)
	return db
}

func column(t *testing.T, tx interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}, query string) (out []string) {
	t.Helper()
	rows, err := tx.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// hold looks at the house that was started again, before anybody acts, and says what it found of what was in flight.
func (c *crash) hold(t *testing.T) string {
	t.Helper()
	db := c.raw(t)
	defer db.Close()
	c.jobsGoOn(t, db)
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) { // the killed sequencer's lease may still run
		waiting := column(t, db, `SELECT COUNT(*) FROM event WHERE seq IS NULL`)[0]
		if waiting == "0" {
			break
		}
		if time.Now().After(until) {
			t.Errorf("kill %d: %s events still wait for their place in the log", c.kill, waiting)
			break
		}
	}
	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true, Isolation: map[bool]sql.IsolationLevel{true: sql.LevelRepeatableRead}[c.name == "postgres"]})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() // it only reads
	for finding, query := range none {
		if rows := column(t, tx, query); len(rows) > 0 {
			t.Errorf("kill %d: %s: %d, %.200q", c.kill, finding, len(rows), rows)
		}
	}
	found := c.sheets(t, tx)
	for table, want := range map[string]string{"person": `SELECT name FROM org_person_fact`, "unit": `SELECT name FROM org_node_fact`, "account": `SELECT name FROM account`} {
		there := map[string]int{}
		for _, name := range column(t, tx, want) {
			there[name]++
		}
		for _, name := range c.journal.made[table] {
			if there[name] != 1 {
				t.Errorf("kill %d: %s %s is there %d times", c.kill, table, name, there[name])
			}
		}
	}
	c.log(t, tx)
	c.look(t, 2, 1)
	return found
}

// standing is where a document stands by the last that was done with it.
var standing = map[string]string{"written": "draft", "replaced": "draft", "returned": "returned", "signed": "signed", "numbered": "numbered", "sealed": "issued"}

// sheets compares the documents with what was answered: what was is there, in its order; what was in flight is there as far as it was done.
func (c *crash) sheets(t *testing.T, tx *sql.Tx) string {
	t.Helper()
	type row struct {
		state string
		steps []string
	}
	byTitle, byID := map[string][]string{}, map[string]*row{}
	rows, err := tx.QueryContext(t.Context(), `SELECT d.id, d.title, d.state, s.what FROM document d JOIN document_step s ON s.document = d.id ORDER BY s.document, s.id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id store.ID
		var title, state, what string
		if err := rows.Scan(&id, &title, &state, &what); err != nil {
			t.Fatal(err)
		}
		text := id.Text("doc")
		if byID[text] == nil {
			byID[text] = &row{state: state}
			byTitle[title] = append(byTitle[title], text)
		}
		byID[text].steps = append(byID[text].steps, what)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	flying := map[*sheet][]string{}
	for _, x := range c.callers {
		if d, ok := x.(*desk); ok && d.flight.post != nil {
			flying[d.sheet] = d.flight.steps
		}
	}
	how := map[string]int{}
	for _, s := range c.journal.papers {
		ids, wanted := byTitle[s.title], s.steps
		if len(ids) > 1 || len(ids) == 0 && len(wanted) > 0 || s.id != "" && !slices.Contains(ids, s.id) {
			t.Errorf("kill %d: %q is there as %v; it was answered to be %q with %v", c.kill, s.title, ids, s.id, wanted)
			continue
		}
		if len(ids) == 0 {
			if _, flies := flying[s]; flies {
				how["not done"]++
			}
			continue
		}
		r := byID[ids[0]]
		more := len(r.steps) - len(wanted)
		if all := append(slices.Clone(wanted), flying[s]...); more < 0 || len(r.steps) > len(all) || !slices.Equal(r.steps, all[:len(r.steps)]) {
			t.Errorf("kill %d: %s has %v; answered were %v, in flight %v", c.kill, ids[0], r.steps, wanted, flying[s])
			continue
		}
		if last := r.steps[len(r.steps)-1]; standing[last] != r.state {
			t.Errorf("kill %d: %s is %s after %v", c.kill, ids[0], r.state, r.steps)
		}
		switch n, flies := flying[s]; {
		case !flies:
		case more == 0:
			how["not done"]++
		case more < len(n):
			how[halfWay]++
		default:
			how["done"]++
		}
	}
	for what, n := range how {
		c.met[what] += n
	}
	return counted(how)
}

// halfWay is a number that is given and a seal that is not yet there: a state of its own.
const halfWay = "half way"

// jobsDue makes the house's jobs due again and again, so that a kill meets them, until the function that it returns is called.
func (c *crash) jobsDue(t *testing.T) (stop func()) {
	t.Helper()
	db := c.raw(t)
	ended := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(100 * time.Millisecond):
				_, _ = db.ExecContext(context.Background(), `UPDATE job_schedule SET next = 0`) // it may meet the house's own
			}
		}
	})
	return func() {
		close(ended)
		group.Wait()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// jobsGoOn lets the minute pass that a killed node's job is leased for, and waits until somebody else did it.
func (c *crash) jobsGoOn(t *testing.T, db *sql.DB) {
	t.Helper()
	lost := column(t, db, `SELECT id FROM job WHERE state = 'running'`)
	if len(lost) == 0 {
		return
	}
	list := strings.Join(lost, ",")
	c.lost += len(lost)
	for until := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if _, err := db.ExecContext(t.Context(), `UPDATE job SET lease = 1 WHERE state = 'running' AND attempt < 2 AND id IN (`+list+`)`); err != nil {
			t.Log(err) // busy
		}
		open := column(t, db, `SELECT kind || ' ' || state || ' ' || error FROM job WHERE state <> 'done' AND id IN (`+list+`)`)
		if len(open) == 0 {
			return
		}
		if time.Now().After(until) {
			t.Errorf("kill %d: what a killed node left is not done: %q", c.kill, open)
			return
		}
	}
}

// log has the audit log verified by the program, from the last checkpoint that stands outside the store.
func (c *crash) log(t *testing.T, tx *sql.Tx) {
	t.Helper()
	rows := column(t, tx, `SELECT COUNT(*) FROM event`)[0]
	if left := column(t, tx, `SELECT s.what FROM document_step s JOIN event e ON e.id = s.event WHERE e.seq IS NULL`); len(left) > 0 {
		t.Errorf("kill %d: %d steps are in no log", c.kill, len(left))
	}
	args := append([]string{"audit", "verify", "--format", "json"}, c.args...)
	if outside := filepath.Join(c.dir, "data.checkpoint"); exists(outside) {
		args = append(args, "--known", outside)
	}
	cmd := exec.CommandContext(t.Context(), c.binary, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	var r struct {
		Size, Rows, Waiting int64
		Findings            []any
	}
	if e := json.Unmarshal(out, &r); err != nil || e != nil || len(r.Findings) > 0 || fmt.Sprint(r.Rows+r.Waiting) < rows && len(fmt.Sprint(r.Rows)) <= len(rows) {
		t.Errorf("kill %d: the log of %s events: %v %v %s %s", c.kill, rows, err, e, out, &said)
	}
}

// look reads some documents again: the content is what it was when it was read last; what is issued has two valid signatures. Who was let
// in is in, who was let out is out.
func (c *crash) look(t *testing.T, contents, signatures int) {
	t.Helper()
	var read, issued []*sheet
	for _, s := range c.journal.papers {
		if len(s.steps) == 0 || slices.ContainsFunc(c.callers, func(x caller) bool { d, ok := x.(*desk); return ok && d.sheet == s }) {
			continue
		}
		if s.hashed == len(s.steps) {
			read = append(read, s)
		}
		if s.steps[len(s.steps)-1] == "sealed" {
			issued = append(issued, s)
		}
	}
	reader := c.callers[0].(*desk).clerk
	content := func(s *sheet) string {
		page, err := reader.get("/van-ban/" + s.id + "/tep")
		if err != nil {
			t.Errorf("kill %d: %v", c.kill, err)
		}
		return page
	}
	for _, s := range some(read, contents) {
		if got := sha256.Sum256([]byte(content(s))); got != s.hash {
			t.Errorf("kill %d: %s has another content than was read", c.kill, s.id)
		}
	}
	for _, s := range some(issued, signatures) {
		c.signatures(t, content(s), s.id)
	}
	for _, p := range c.journal.open {
		if _, err := p.get("/tai-khoan-cua-toi"); err != nil {
			t.Errorf("kill %d: who was let in: %v", c.kill, err)
		}
	}
	for _, p := range c.journal.closed {
		if _, err := p.get("/tai-khoan-cua-toi"); err == nil {
			t.Errorf("kill %d: who was let out is in", c.kill)
		}
	}
}

func some(all []*sheet, n int) []*sheet {
	all = slices.Clone(all)
	rand.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	return all[:min(n, len(all))]
}

// signatures has a file verified with the training root as the anchor, and nothing from the network.
func (c *crash) signatures(t *testing.T, file, id string) {
	t.Helper()
	root, path := filepath.Join(c.dir, "root.crt"), filepath.Join(c.dir, "issued.pdf")
	if !exists(root) {
		a, err := newPerson("", "http://"+c.address).do(http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.address+"/huan-luyen/root.crt", nil))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(root, []byte(a.page), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	exit, _, said := answerOf(t, path, "--trust", root, "--offline")
	if exit != exitDone || len(said.Signatures) != 2 {
		t.Errorf("kill %d: %s is issued and has %d signatures: exit %d %+v", c.kill, id, len(said.Signatures), exit, said)
	}
}

// repeat sends what was not answered again, as a browser does, and some of what was: each leads to where its act is.
func (c *crash) repeat(t *testing.T) {
	t.Helper()
	var group sync.WaitGroup
	for _, f := range c.journal.all {
		if f.post != nil {
			group.Go(func() {
				p := f.post
				a, err := p.send()
				if err != nil {
					t.Errorf("kill %d: %s again: %v", c.kill, p.what, err)
					return
				}
				f.took(a)
			})
		}
	}
	group.Wait()
	for _, wrong := range c.journal.wrongs() {
		t.Errorf("kill %d: again: %s", c.kill, wrong)
	}
	answered := slices.Clone(c.journal.answered)
	rand.Shuffle(len(answered), func(i, k int) { answered[i], answered[k] = answered[k], answered[i] })
	for _, p := range answered[:min(3, len(answered))] {
		if a, err := p.send(); err != nil || a.location != p.first {
			t.Errorf("kill %d: %s %s led to %s, and now %v %d %s %s", c.kill, p.what, p.path, p.first, err, a.status, a.location, mainText(a.page))
		}
	}
}

// whole looks at everything.
func (c *crash) whole(t *testing.T) {
	t.Helper()
	c.hold(t)
	c.look(t, 300, 12)
}
