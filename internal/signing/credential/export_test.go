package credential

import "github.com/antinvn/antin/internal/foundation/store"

// Statement is what a list asks.
func (q Query) Statement(tx *store.Tx) (string, []any) { return q.statement(tx) }
