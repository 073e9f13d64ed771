package auth

import (
	"maps"
	"time"

	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// OwnPolicy is this package's own.
func OwnPolicy() Policy { return maps.Clone(own) }

// TOTPCode is what an app with a secret shows at a time.
func TOTPCode(secret []byte, at time.Time) string { return totpCode(secret, totpStep(at)) }

// Challenge is what the page of signing in asks for.
func (s *Service) Challenge() (Challenge, error) { return s.challenge(0) }

// Statement is a list's SQL, for who reads its plan.
type Statement struct {
	SQL  string
	Args []any
	// Few says that it sorts what one account has: it never grows with a table.
	Few bool
}

// Pairs are the filters with their order that pages of accounts may ask for.
func Pairs() []web.Pair { return accountList.Pairs }

// Statement is what a page of accounts asks.
func (q AccountQuery) Statement(tx *store.Tx) Statement {
	s, args := q.sql(tx)
	return Statement{SQL: s, Args: args}
}

// AccountsOfStatement is what a person's page asks.
func AccountsOfStatement(tx *store.Tx, person store.ID) Statement {
	s, args := accountsOf(tx, person)
	return Statement{SQL: s, Args: args}
}

// OfAccount are the lists of what one account has.
func OfAccount(account store.ID) map[string]Statement {
	return map[string]Statement{
		"sessions":       {SQL: mySessions, Args: []any{account, 0, 0}},
		"other sessions": {SQL: myOthers, Args: []any{account, 0, 1}},
		"grants":         {SQL: grantsOf, Args: []any{account, 0, 1 << 60, maxGrants}, Few: true},
		"passkeys":       {SQL: devicesOf, Args: []any{account, maxPasskeys}},
	}
}
