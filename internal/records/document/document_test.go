package document_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/records/document"
	"github.com/antinvn/antin/internal/records/register"
	"github.com/antinvn/antin/verify"
)

func TestADocumentGoesThroughItsAgency(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		id := h.write(t).ID
		h.waits(t, id, map[string]bool{"leader": true})
		draft := h.content(t, h.leader, id)
		h.sign(t, id)
		h.waits(t, id, map[string]bool{"clerk": true})
		d := h.get(t, h.clerk, id)
		if d.State != document.Signed || d.Signer != "Nguyễn Thị An" {
			t.Fatalf("%+v", d.Document)
		}
		if err := h.Number(t.Context(), h.clerk, id, d.Event, time.Time{}); err != nil {
			t.Fatal(err)
		}
		h.waits(t, id, map[string]bool{"clerk": true})
		d = h.get(t, h.clerk, id)
		if d.State != document.Numbered || d.Notation != "01/QĐ-UBND" {
			t.Fatalf("%+v", d.Document)
		}
		refused(t, "a second number", h.Number(t.Context(), h.clerk, id, d.Event, time.Time{}), document.ErrState)
		refused(t, "sent back with a number", h.SendBack(t.Context(), h.clerk, id, d.Event, "sai"), document.ErrState)
		if err := h.Seal(t.Context(), h.clerk, id, d.Event); err != nil {
			t.Fatal(err)
		}
		h.waits(t, id, map[string]bool{"recipient": true})
		sealed := h.content(t, h.recipient, id)
		h.waits(t, id, nil)
		d = h.get(t, h.drafter, id)
		if d.State != document.Issued || d.Notation != "01/QĐ-UBND" || d.Recipients[0].Issued.IsZero() || d.Recipients[0].Opened.IsZero() || d.Size != int64(len(sealed)) {
			t.Errorf("%+v", d)
		}
		var steps []string
		for _, s := range d.Steps {
			steps = append(steps, s.What+" "+s.Name)
		}
		want := []string{"written Đỗ Thị Soạn", "signed Nguyễn Thị An", "numbered Lê Văn Thư", "sealed Lê Văn Thư"}
		if !slices.Equal(steps, want) {
			t.Errorf("%q", steps)
		}
		if !bytes.HasPrefix(sealed, draft) {
			t.Error("what was read is not in what was issued")
		}
		h.holds(t, sealed)
	})
}

// waits holds who finds a document among what waits, in the list and in the count.
func (h *house) waits(t *testing.T, id store.ID, want map[string]bool) {
	t.Helper()
	for name, who := range map[string]auth.Actor{"drafter": h.drafter, "leader": h.leader, "clerk": h.clerk, "recipient": h.recipient} {
		rows, err := h.List(t.Context(), who, document.Waiting, nil, 10)
		if err != nil {
			t.Fatal(err)
		}
		found := slices.ContainsFunc(rows, func(r document.Row) bool { return r.ID == id })
		n, err := h.CountWaiting(t.Context(), who)
		if err != nil || found != want[name] || n != int64(len(rows)) {
			t.Errorf("waits for the %s: %v, counted %d, %v", name, found, n, err)
		}
	}
}

// holds checks an issued file: two training signatures of level B-LT, nothing changed but what was reserved.
func (h *house) holds(t *testing.T, b []byte) {
	t.Helper()
	r := h.report(t, b)
	if len(r.Signatures) != 2 || r.Document.Indication != verify.TotalPassed || r.Document.Tone != verify.ToneTraining {
		t.Fatal(r.Text())
	}
	for _, s := range r.Signatures {
		if s.Level != "B-LT" || s.Modifications == verify.ClassForbidden {
			t.Errorf("%s: %s, %s", s.Sentence, s.Level, s.Modifications)
		}
	}
	if !strings.Contains(strings.ToUpper(r.Document.Sentence), "HUẤN LUYỆN") {
		t.Error(r.Document.Sentence)
	}
}

func TestWhatComesBackIsPutRight(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	d := h.write(t)
	refused(t, "returned without a reason", h.Return(t.Context(), h.leader, d.ID, d.Event, " "), document.ErrReason)
	if err := h.Return(t.Context(), h.leader, d.ID, d.Event, "Sai căn cứ"); err != nil {
		t.Fatal(err)
	}
	h.waits(t, d.ID, map[string]bool{"drafter": true})
	back := h.get(t, h.drafter, d.ID)
	if back.State != document.Returned || back.Reason != "Sai căn cứ" {
		t.Fatalf("%+v", back.Document)
	}
	refused(t, "signing what was returned", h.Sign(t.Context(), h.leader, d.ID, back.Event), document.ErrState)
	refused(t, "another drafter", h.Replace(t.Context(), h.ground.Actor(h.commune, auth.Drafter), d.ID, back.Event, "x.pdf", bytes.NewReader(decision(t))), store.ErrNotFound)
	if err := h.Replace(t.Context(), h.drafter, d.ID, back.Event, "qd-2.pdf", bytes.NewReader(append(decision(t), '\n'))); err != nil {
		t.Fatal(err)
	}
	h.sign(t, d.ID)
	signed := h.get(t, h.clerk, d.ID)
	if err := h.SendBack(t.Context(), h.clerk, d.ID, signed.Event, "Sai thể thức"); err != nil {
		t.Fatal(err)
	}
	h.waits(t, d.ID, map[string]bool{"drafter": true})
	if err := h.Replace(t.Context(), h.drafter, d.ID, h.get(t, h.drafter, d.ID).Event, "qd-3.pdf", bytes.NewReader(decision(t))); err != nil {
		t.Fatal(err)
	}
	h.sign(t, d.ID)
	if r := h.report(t, h.content(t, h.clerk, d.ID)); len(r.Signatures) != 1 {
		t.Error(r.Text())
	}
}

func TestWhatWasNotSeenIsNotSigned(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	d := h.write(t)
	if err := h.Return(t.Context(), h.leader, d.ID, d.Event, "Sửa"); err != nil {
		t.Fatal(err)
	}
	if err := h.Replace(t.Context(), h.drafter, d.ID, h.get(t, h.drafter, d.ID).Event, "qd.pdf", bytes.NewReader(append(decision(t), '\n'))); err != nil {
		t.Fatal(err)
	}
	refused(t, "the file of before", h.Sign(t.Context(), h.leader, d.ID, d.Event), store.ErrStale)
	err := h.ground.DB.View(t.Context(), h.ground.Issuer.System("test"), func(tx *store.Tx) error {
		return document.SignableTx(tx, d) // as if it was replaced while it was read
	})
	refused(t, "a file that was replaced meanwhile", err, store.ErrStale)
}

// TestOfManyLeadersOneSigns has two leaders press the button twice each, at once.
func TestOfManyLeadersOneSigns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		d := h.write(t)
		second := h.deputy(t)
		var all sync.WaitGroup
		var signed atomic.Int64
		for _, who := range []auth.Actor{h.leader, second, h.leader, second} {
			all.Go(func() {
				switch err := h.Sign(t.Context(), who, d.ID, d.Event); {
				case err == nil:
					signed.Add(1)
				case !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Stale):
					t.Error(err)
				}
			})
		}
		all.Wait()
		now := h.get(t, h.clerk, d.ID)
		if now.State == document.Draft { // each was in the other's way
			h.sign(t, d.ID)
			now = h.get(t, h.clerk, d.ID)
		}
		if now.State != document.Signed || signed.Load() > 2 {
			t.Errorf("%s, signed %d times", now.State, signed.Load())
		}
		if r := h.report(t, h.content(t, h.clerk, d.ID)); len(r.Signatures) != 1 || r.Document.Tone != verify.ToneTraining {
			t.Error(r.Text())
		}
	})
}

// TestTheNumberStaysWhereSealingFails: numbered and not sealed goes on with the same number.
func TestTheNumberStaysWhereSealingFails(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		first, second := h.write(t).ID, h.write(t).ID
		h.sign(t, first)
		h.sign(t, second)
		h.ground.Clock.Advance(24 * time.Hour)
		for _, id := range []store.ID{first, second} {
			if err := h.Number(t.Context(), h.clerk, id, h.get(t, h.clerk, id).Event, time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		d := h.get(t, h.clerk, first)
		refused(t, "a leader seals", h.Seal(t.Context(), h.leader, first, d.Event), auth.ErrDenied)
		h.ground.Clock.Advance(48 * time.Hour)
		for i, id := range []store.ID{first, second} {
			if err := h.Seal(t.Context(), h.clerk, id, h.get(t, h.clerk, id).Event); err != nil {
				t.Fatal(err)
			}
			d := h.get(t, h.clerk, id)
			if d.Number != i+1 || d.Day.Format("02/01/2006") != "03/03/2026" {
				t.Errorf("%+v", d.Document)
			}
			h.holds(t, h.content(t, h.clerk, id))
		}
		numbers, err := register.New(h.ground.DB, h.ground.Auth).Numbers(t.Context(), h.clerk, register.Asked{Agency: h.commune, Limit: 10})
		if err != nil || len(numbers) != 2 || numbers[0].Sent.IsZero() || numbers[0].Signer != "Nguyễn Thị An" {
			t.Errorf("%+v, %v", numbers, err)
		}
	})
}

func TestContentNeverFlowsDownTheTree(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		id := h.write(t).ID
		above := h.ground.Reaching(h.province, auth.Subordinates, auth.Leader, auth.Clerk, auth.Auditor, auth.Operator)
		strangers := map[string]auth.Actor{
			"clerk and leader above": above, "another drafter": h.ground.Actor(h.commune, auth.Drafter), "a clerk of elsewhere": h.ground.Actor(h.other, auth.Clerk),
			"the recipient's leader": h.ground.Actor(h.department, auth.Leader), "nobody": {},
		}
		look := func(when string, seen map[string]bool) {
			t.Helper()
			all := map[string]auth.Actor{"drafter": h.drafter, "leader": h.leader, "clerk": h.clerk, "recipient": h.recipient}
			maps.Copy(all, strangers)
			for name, who := range all {
				_, err := h.Get(t.Context(), who, id)
				if want := seen[name]; want != (err == nil) {
					t.Errorf("%s, %s reads: %v", when, name, err)
				}
				c, err := h.Open(t.Context(), who, id)
				if err == nil {
					c.Close()
				} else if name != "nobody" && !fault.Is(err, fault.NotFound) {
					t.Errorf("%s, %s opens: %v", when, name, err)
				}
				if want := seen[name]; want != (err == nil) {
					t.Errorf("%s, %s opens: %v", when, name, err)
				}
				for _, v := range []document.View{document.Waiting, document.Mine, document.Outgoing, document.Incoming} {
					rows, err := h.List(t.Context(), who, v, nil, 10)
					if name == "nobody" {
						refused(t, "nobody lists", err, auth.ErrSignIn)
					} else if err != nil || len(rows) > 0 && !seen[name] {
						t.Errorf("%s, %s lists %s: %d, %v", when, name, v, len(rows), err)
					}
				}
			}
		}
		look("a draft", map[string]bool{"drafter": true, "leader": true, "clerk": true})
		h.sign(t, id)
		look("signed", map[string]bool{"drafter": true, "leader": true, "clerk": true})
		if err := h.Number(t.Context(), h.clerk, id, h.get(t, h.clerk, id).Event, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if err := h.Seal(t.Context(), h.clerk, id, h.get(t, h.clerk, id).Event); err != nil {
			t.Fatal(err)
		}
		look("issued", map[string]bool{"drafter": true, "leader": true, "clerk": true, "recipient": true})
		for who, views := range map[*auth.Actor][]document.View{&h.clerk: {document.Outgoing, document.Mine}, &h.recipient: {document.Incoming}, &h.drafter: {document.Mine}} {
			for _, v := range views {
				if rows, err := h.List(t.Context(), *who, v, nil, 10); err != nil || len(rows) != 1 {
					t.Errorf("%s: %d rows, %v", v, len(rows), err)
				}
			}
		}
	})
}

func TestListsGoOnByKey(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	var ids []store.ID
	for range 3 {
		ids = append(ids, h.write(t).ID)
	}
	for _, v := range []document.View{document.Waiting, document.Outgoing} {
		who := map[document.View]auth.Actor{document.Waiting: h.leader, document.Outgoing: h.clerk}[v]
		rows, err := h.List(t.Context(), who, v, nil, 2)
		if err != nil || len(rows) != 2 || rows[0].ID != ids[2] {
			t.Fatal(v, len(rows), err)
		}
		rows, err = h.List(t.Context(), who, v, &document.Place{ID: rows[1].ID}, 2)
		if err != nil || len(rows) != 1 || rows[0].ID != ids[0] {
			t.Error(v, len(rows), err)
		}
	}
}

func TestOpeningIsRecordedOnceADay(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	id := h.write(t).ID
	openings := func() (n int64) {
		t.Helper()
		err := h.ground.DB.View(t.Context(), h.ground.Issuer.System("test"), func(tx *store.Tx) (err error) {
			n, err = store.One[int64](tx, `SELECT COUNT(*) FROM event WHERE kind = 'document.opened/1' AND object = ?`, id)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	h.content(t, h.leader, id)
	h.content(t, h.leader, id)
	if n := openings(); n != 1 {
		t.Errorf("%d openings of one day", n)
	}
	h.content(t, h.drafter, id)
	h.ground.Clock.Advance(24 * time.Hour)
	h.content(t, h.leader, id)
	if n := openings(); n != 3 {
		t.Errorf("%d openings", n)
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	id := h.write(t).ID
	h.sign(t, id)
	signed := h.content(t, h.clerk, id)
	for name, c := range map[string]struct {
		file []byte
		want codes.Code
	}{
		"no PDF":              {[]byte("PK\x03\x04 a Word file"), document.ErrNotPDF},
		"signed":              {signed, document.ErrSigned},
		"no number":           {page(t, "ngày      tháng      năm 2026", "KT. CHỦ TỊCH"), document.ErrNoNumber},
		"no date":             {page(t, "Số:       /QĐ-UBND", "KT. CHỦ TỊCH"), document.ErrNoDate},
		"no day":              {page(t, "Số:       /QĐ-UBND", "ngày 05 tháng      năm 2026", "KT. CHỦ TỊCH"), document.ErrNoDate},
		"no month":            {page(t, "Số:       /QĐ-UBND", "ngày      tháng 5 năm 2026", "KT. CHỦ TỊCH"), document.ErrNoDate},
		"no signer":           {page(t, "Số:       /QĐ-UBND", "ngày      tháng      năm 2026"), document.ErrNoSigner},
		"secret":              {page(t, "MẬT", "Số:       /QĐ-UBND", "ngày      tháng      năm 2026", "KT. CHỦ TỊCH"), document.ErrSecret},
		"a password":          {encrypted(t), document.ErrEncrypted},
		"nothing wrong at it": {page(t, "Số:       /QĐ-UBND", "ngày      tháng      năm 2026", "KT. CHỦ TỊCH"), ""},
	} {
		n := h.new(t)
		n.File = bytes.NewReader(c.file)
		_, err := h.Write(t.Context(), h.drafter, n)
		if c.want == "" && err != nil {
			t.Error(name, err)
		} else if c.want != "" {
			refused(t, name, err, c.want)
		}
	}
	for name, spoil := range map[string]func(*document.NewDocument){
		"no title":      func(n *document.NewDocument) { n.Title = " " },
		"no kind":       func(n *document.NewDocument) { n.Kind = "thu-cong" },
		"no recipient":  func(n *document.NewDocument) { n.Recipients = nil },
		"to themselves": func(n *document.NewDocument) { n.Recipients = []store.ID{h.commune} },
		"to nobody":     func(n *document.NewDocument) { n.Recipients = []store.ID{99} },
	} {
		n := h.new(t)
		spoil(&n)
		if _, err := h.Write(t.Context(), h.drafter, n); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// many is how many documents the plans are read at.
const many = 50_000

// TestNoListReadsATableWhole reads the plan of every list at 50,000 documents of one agency, for its clerk, who sees most.
func TestNoListReadsATableWhole(t *testing.T) {
	storetest.Filled(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		h.fill(t, address)
		all := h.ground.Actor(h.commune, auth.Drafter, auth.Leader, auth.Clerk)
		costly := storetest.Costly(t, address)
		if costly(`SELECT id FROM document WHERE title = ? ORDER BY title LIMIT 10`, "t") == nil {
			t.Error("a list without index costs nothing")
		}
		for _, v := range []document.View{document.Waiting, document.Mine, document.Outgoing, document.Incoming} {
			for _, after := range []*document.Place{nil, {Value: 1 << 50, ID: 25_000}} {
				var statements []document.Statement
				err := h.ground.DB.View(t.Context(), h.ground.Issuer.System("test"), func(tx *store.Tx) error {
					statements = document.Statements(tx, all, v, after)
					return nil
				})
				if err != nil || len(statements) == 0 {
					t.Fatal(v, err)
				}
				for _, s := range statements {
					if steps := costly(s.SQL, s.Args...); len(steps) > 0 {
						t.Errorf("%s: %q", v, steps)
					}
				}
			}
		}
	})
}

// fill writes documents behind the store's back: of a hundred agencies, in all states, each to two recipients.
func (h *house) fill(t *testing.T, address string) {
	t.Helper()
	db := storetest.Raw(t, address)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	states := []document.State{document.Draft, document.Returned, document.Signed, document.Numbered, document.Issued}
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`INSERT INTO scope (ancestor, descendant, internal, since, until)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT 90000 + i % 300, 200000 + i, 1, 0, 9000000000000000 FROM n`)
	const rows = 500
	for from := 1; from <= many; from += rows {
		var documents, recipients, parts []string
		for i := from; i < from+rows; i++ {
			agency := int64(h.commune)
			if i%3 != 0 {
				agency = int64(i%100) + 5000
			}
			documents = append(documents, fmt.Sprintf(`(%d,%d,%d,'t','quyet-dinh','%s','f','n',1,0,'',NULL,'','',1)`, i, agency, i%50+1, states[i%len(states)]))
			recipients = append(recipients, fmt.Sprintf(`(%d,%d,'n',%d,NULL,1)`, i, int64(h.commune), i), fmt.Sprintf(`(%d,%d,'n',%d,%d,1)`, i, i%100+5000, i, i))
			parts = append(parts, fmt.Sprintf(`(%d,%d,1)`, i%50+1, i))
		}
		exec(`INSERT INTO document (id, agency, drafter, title, kind, state, file, name, size, number, notation, day, signer, reason, event) VALUES ` + strings.Join(documents, ","))
		exec(`INSERT INTO document_recipient (document, agency, name, issued, opened, event) VALUES ` + strings.Join(recipients, ","))
		exec(`INSERT INTO document_part (account, document, event) VALUES ` + strings.Join(parts, ","))
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}
