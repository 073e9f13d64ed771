package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// many is how many accounts the plans are read at.
const many = 50_000

// TestNoListReadsATableWhole reads the plan of every declared pair of the list of accounts, on its first page and behind a place, as an
// operator of one agency and of a whole province, and of what one account has.
func TestNoListReadsATableWhole(t *testing.T) {
	storetest.Filled(t, func(t *testing.T, address string) {
		h := authtest.New(t, address, nil)
		province := h.Agency(t, 0, false)
		agency := h.Agency(t, province, false)
		fill(t, address, province, agency)
		costly := storetest.Costly(t, address)
		if costly(`SELECT id FROM account WHERE name = ? ORDER BY name LIMIT 10`, "t") == nil {
			t.Error("a list without index costs nothing")
		}
		for _, who := range []auth.Actor{h.Actor(agency, auth.Operator), h.Reaching(province, auth.Subordinates, auth.Operator)} {
			w, err := h.Auth.Warrant(t.Context(), who, "foundation/auth.Accounts")
			if err != nil {
				t.Fatal(err)
			}
			for _, pair := range auth.Pairs() {
				for _, after := range []*auth.Account{nil, {ID: 25_000, Key: i18n.PersonKey("Nguyễn Văn M"), Term: "nguyen van m"}} {
					q := auth.AccountQuery{After: after, Limit: 51}
					for _, f := range pair.Filters {
						switch f {
						case "agency":
							q.Agency = agency
						case "name":
							q.Begins = "nguyen"
						default:
							t.Fatalf("nothing is known of the filter %s", f)
						}
					}
					var s auth.Statement
					if err := h.DB.View(t.Context(), w, func(tx *store.Tx) error { s = q.Statement(tx); return nil }); err != nil {
						t.Fatal(err)
					}
					if steps := costly(s.SQL, s.Args...); len(steps) > 0 {
						t.Errorf("%v after %v: %q", pair, after, steps)
					}
				}
			}
			var s auth.Statement
			if err := h.DB.View(t.Context(), w, func(tx *store.Tx) error { s = auth.AccountsOfStatement(tx, 77); return nil }); err != nil {
				t.Fatal(err)
			}
			if steps := costly(s.SQL, s.Args...); len(steps) > 0 {
				t.Errorf("a person's accounts: %q", steps)
			}
		}
		for name, s := range auth.OfAccount(77) {
			steps := costly(s.SQL, s.Args...)
			if s.Few {
				steps = slices.DeleteFunc(steps, func(s string) bool { return strings.Contains(s, "Sort") || strings.Contains(s, "TEMP B-TREE") })
			}
			if len(steps) > 0 {
				t.Errorf("%s: %q", name, steps)
			}
		}
	})
}

// fill makes accounts behind the store's back: a third of them of one agency, the rest of three hundred; each with what it is found by, a
// session, a role and a passkey.
func fill(t *testing.T, address string, province, agency store.ID) {
	t.Helper()
	tx, err := storetest.Raw(t, address).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	const bodies = 300
	for i := range bodies {
		exec(fmt.Sprintf(`INSERT INTO scope (ancestor, descendant, internal, since, until) VALUES (%d, %d, 0, 0, 9000000000000000)`, int64(province), 5000+i))
	}
	exec(`INSERT INTO scope (ancestor, descendant, internal, since, until)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT 90000 + i % 300, 200000 + i, 1, 0, 9000000000000000 FROM n`)
	blob := `X'%x'`
	if strings.HasPrefix(address, "postgres") {
		blob = `'\x%x'`
	}
	const rows = 500
	for from := 1; from <= many; from += rows {
		all := map[string][]string{}
		add := func(into, format string, args ...any) { all[into] = append(all[into], fmt.Sprintf(format, args...)) }
		for i := from; i < from+rows; i++ {
			of := int64(agency)
			if i%3 != 0 {
				of = int64(5000 + i%bodies)
			}
			name := fmt.Sprintf("Nguyễn Văn %c%d", 'A'+i%26, i)
			add("account (id, kind, login, name, sort_key, person, agency, state, since, event)",
				`(%d,'person','u%d','%s',`+blob+`,%d,%d,'active',0,1)`, i, i, name, i18n.PersonKey(name), i, of)
			add("account_term (term, account)", `('%s',%d),('u%d',%d)`, i18n.Fold(name), i, i, i)
			add("session (id, account, secret, agency, since, used, until, device, address, event)", `(%d,%d,`+blob+`,%d,0,0,%d,'','',1)`, i, i, fmt.Append(nil, i), of, i)
			add("role_grant (id, account, role, agency, at_unit, reach, since, until, given_by, event)", `(%d,%d,'drafter',%d,%d,0,0,9000000000000000,1,1)`, i, i, of, of)
			add("passkey (id, account, credential, public, counter, name, since, used, event)", `(%d,%d,`+blob+`,`+blob+`,0,'',0,0,1)`, i, i, fmt.Append(nil, i), []byte{1})
		}
		for into, values := range all {
			exec(`INSERT INTO ` + into + ` VALUES ` + strings.Join(values, ","))
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}
