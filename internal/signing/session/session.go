package session

import (
	"context"
	"time"

	"github.com/antinvn/antin/internal/foundation/blob"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/signing/credential"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

// State is where a session stands.
type State string

// The states.
const (
	Open  State = "open"
	Done  State = "done"
	Ended State = "ended"
)

// Life is how long a session may be open: somebody is there, and presses a button.
const Life = 30 * time.Minute

// Session is one signature, from what is prepared to what is signed.
type Session struct {
	ID      store.ID
	Thing   store.ID
	Agency  store.ID
	Account store.ID // who signs
	Purpose credential.Purpose
	// Credential is the key.
	Credential store.ID
	// Base is the file that was prepared; Result the signed one, "" before.
	Base, Result blob.Name
	// Size is the result's length; it is known while the result is handed over ([Paper]).
	Size    int64
	State   State
	Expires time.Time
	Event   store.ID

	prepared blob.Name
}

// Subject is what a [Paper] says of a thing.
type Subject struct {
	// Agency is the one for which it is signed: the actor's permission has to reach it.
	Agency store.ID
	// File is the thing's file as it is now.
	File blob.Name
}

// Paper is the room that a thing belongs to. Its methods run in the session's transactions, under its warrant.
type Paper interface {
	// SubjectTx says which file a thing has, or why it cannot be signed for a purpose now.
	SubjectTx(tx *store.Tx, thing store.ID, p credential.Purpose) (Subject, error)
	// Layout says how a file is signed: field, appearance, reserved fields, values to fill in. It runs outside of any transaction; what
	// belongs to key, level, time and evidence is the session's.
	Layout(ctx context.Context, d *pdf.Document) (*pades.Options, error)
	// SignedTx puts a session's result in the place of its base, and keeps it (blob.KeepTx).
	SignedTx(tx *store.Tx, s *Session, signer *credential.Credential) error
}

// Opened is the event of a session.
type Opened struct {
	Session    store.ID
	Thing      store.ID
	Agency     store.ID
	Purpose    string
	Credential store.ID
	Base       string
	Expires    time.Time
}

// EventKind implements [store.Event].
func (Opened) EventKind() string { return "session.opened/1" }

// Completed is the event of a signature.
type Completed struct {
	Session    store.ID
	Thing      store.ID
	Agency     store.ID
	Purpose    string
	Credential store.ID
	Base       string
	Result     string
}

// EventKind implements [store.Event].
func (Completed) EventKind() string { return "session.completed/1" }

// Left is the event of a session that ended without a signature.
type Left struct {
	Session store.ID
	Thing   store.ID
}

// EventKind implements [store.Event].
func (Left) EventKind() string { return "session.left/1" }
