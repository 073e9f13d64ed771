package document

import (
	"slices"
	"time"

	"github.com/antinvn/antin/internal/foundation/blob"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// State is where a document stands.
type State string

// The states.
const (
	Draft    State = "draft"
	Returned State = "returned"
	Signed   State = "signed"
	Numbered State = "numbered"
	Issued   State = "issued"
)

// Document is one document.
type Document struct {
	ID     store.ID
	Agency store.ID
	// Drafter is the account that uploaded it.
	Drafter store.ID
	Title   string
	// Kind is a code of the register's kinds.
	Kind  string
	State State
	// Name is what its owner called the file, Size its length.
	Name string
	Size int64
	// Number, Notation and Day are the register's; zero before.
	Number   int
	Notation string
	Day      time.Time
	// Signer is who signed, as certified.
	Signer string
	// Reason is why it was returned.
	Reason string
	Event  store.ID

	file blob.Name
}

// Recipient is an agency that a document goes to.
type Recipient struct {
	Agency         store.ID
	Name           string
	Issued, Opened time.Time // zero before
}

// Step is something that somebody did with a document.
type Step struct {
	What    string // written, replaced, signed, returned, sent_back, numbered, sealed
	At      time.Time
	Account store.ID
	Name    string // who, as they were called then
	Note    string

	event store.ID // the document's, from then on until the next step
}

// Full is a document with all that its page shows.
type Full struct {
	Document

	Recipients []Recipient
	Steps      []Step // oldest first
	// Keyless says that the document waits for the reader's signature, and they have no key in force for its agency.
	Keyless bool
}

// in holds a document to a state.
func (d *Document) in(states ...State) error {
	if slices.Contains(states, d.State) {
		return nil
	}
	return fault.New(fault.Conflict, ErrState, d.Title)
}

// unchanged holds a document to the event that its reader saw last.
func (d *Document) unchanged(seen store.ID) error {
	if d.Event != seen {
		return fault.New(fault.Stale, store.ErrStale, d.Title)
	}
	return nil
}

// Written is the event of a new document.
type Written struct {
	Document   store.ID
	Agency     store.ID
	Title      store.Personal
	Kind       string
	File       string
	Recipients []store.ID
}

// EventKind implements [store.Event].
func (Written) EventKind() string { return "document.written/1" }

// Replaced is the event of a new file for a document that was returned.
type Replaced struct {
	Document store.ID
	File     string
}

// EventKind implements [store.Event].
func (Replaced) EventKind() string { return "document.replaced/1" }

// Back is the event of a document that goes back to its drafter.
type Back struct {
	Document store.ID
	From     string
	Reason   store.Personal
}

// EventKind implements [store.Event].
func (Back) EventKind() string { return "document.back/1" }

// SignedBy is the event of the person's signature.
type SignedBy struct {
	Document   store.ID
	Session    store.ID
	Credential store.ID
	File       string
	Training   bool
}

// EventKind implements [store.Event].
func (SignedBy) EventKind() string { return "document.signed/1" }

// NumberGiven is the event of a number.
type NumberGiven struct {
	Document store.ID
	Number   store.ID
	Notation string
	Day      time.Time
}

// EventKind implements [store.Event].
func (NumberGiven) EventKind() string { return "document.numbered/1" }

// Sealed is the event of the agency's seal, with which a document is issued.
type Sealed struct {
	Document   store.ID
	Session    store.ID
	Credential store.ID
	File       string
	Training   bool
}

// EventKind implements [store.Event].
func (Sealed) EventKind() string { return "document.sealed/1" }

// Opened is the event of somebody's opening the content, once a day.
type Opened struct {
	Document store.ID
	Day      time.Time
}

// EventKind implements [store.Event].
func (Opened) EventKind() string { return "document.opened/1" }
