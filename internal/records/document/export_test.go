package document

import (
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/signing/credential"
)

// SignableTx is what a signing session asks about a document that was read before.
func SignableTx(tx *store.Tx, seen Document) error {
	_, err := (&paper{d: seen}).SubjectTx(tx, seen.ID, credential.Signature)
	return err
}

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
