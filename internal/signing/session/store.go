package session

import (
	"github.com/antinvn/antin/internal/foundation/blob"
	"github.com/antinvn/antin/internal/foundation/store"
)

const columns = `SELECT id, thing, agency, account, purpose, credential, base, prepared, result, state, expires, event FROM signing_session`

func scan(r store.Scanner) (s Session, err error) {
	return s, r.Scan(&s.ID, &s.Thing, &s.Agency, &s.Account, &s.Purpose, &s.Credential, &s.Base, &s.prepared, &s.Result, &s.State, store.At(&s.Expires), &s.Event)
}

func loadTx(tx *store.Tx, id store.ID) (Session, error) {
	return store.First(tx, scan, columns+` WHERE id = ?`, id)
}

// openTx is the open session of a thing, nil where there is none.
func openTx(tx *store.Tx, thing store.ID) (*Session, error) {
	s, err := store.First(tx, scan, columns+` WHERE thing = ? AND state = 'open'`, thing)
	if ok, err := store.Found(err); err != nil || !ok {
		return nil, err
	}
	return &s, nil
}

func (s *Session) insertTx(tx *store.Tx) error {
	s.ID, s.State, s.Expires = tx.NewID(), Open, tx.Now().Add(Life)
	s.Event = tx.Record(Opened{
		Session: s.ID, Thing: s.Thing, Agency: s.Agency, Purpose: string(s.Purpose), Credential: s.Credential, Base: string(s.Base), Expires: s.Expires,
	})
	_, err := tx.Exec(`INSERT INTO signing_session (id, thing, agency, account, purpose, credential, base, prepared, result, state, expires, event)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?)`,
		s.ID, s.Thing, s.Agency, s.Account, string(s.Purpose), s.Credential, string(s.Base), string(s.prepared), string(s.State), s.Expires, s.Event)
	if err != nil {
		return err
	}
	return blob.KeepTx(tx, s.prepared, s.ID)
}

// endTx moves an open session on, once.
func (s *Session) endTx(tx *store.Tx, to State, event store.ID) error {
	err := tx.Change(`UPDATE signing_session SET state = ?, result = ?, event = ? WHERE id = ? AND state = 'open'`, string(to), string(s.Result), event, s.ID)
	if err != nil {
		return err
	}
	s.State, s.Event = to, event
	return blob.DropTx(tx, s.prepared, s.ID)
}

// leaveTx ends a session without a signature.
func (s *Session) leaveTx(tx *store.Tx) error {
	return s.endTx(tx, Ended, tx.Record(Left{Session: s.ID, Thing: s.Thing}))
}
