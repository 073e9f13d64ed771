package auth

import "github.com/antinvn/antin/internal/foundation/store"

// NamesTx are the names of accounts, by their ids, for who shows what somebody did. What is unknown has none.
func NamesTx(tx *store.Tx, accounts []store.ID) (map[store.ID]string, error) {
	out := map[store.ID]string{}
	for _, id := range accounts {
		if _, done := out[id]; done || id == 0 {
			continue
		}
		name, err := store.One[string](tx, `SELECT name FROM account WHERE id = ?`, id)
		switch known, err := store.Found(err); {
		case err != nil:
			return nil, err
		case known:
			out[id] = name
		}
	}
	return out, nil
}
