package document

import (
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Statement is a list's SQL, for who reads its plan.
type Statement struct {
	SQL  string
	Args []any
}

// Statements are those of a view, behind a place.
func Statements(tx *store.Tx, who auth.Actor, v View, after *Place) (out []Statement) {
	for _, q := range queries(who, v) {
		s, args := q.statement(tx, who, after, 51)
		out = append(out, Statement{s, args})
	}
	return out
}
