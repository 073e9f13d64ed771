package org

import (
	"time"

	"github.com/antinvn/antin/internal/foundation/store"
)

// What this package records. The object of a node's events is the node, that of a person's the person.

// Made says that an agency or a unit is there from a day on.
type Made struct {
	Node, Agency, Parent store.ID
	Name                 string
	From                 time.Time
	Basis                string
}

// Changed says that the facts of a node changed from a day on.
type Changed struct {
	Node   store.ID
	From   time.Time
	Fields []string
	Basis  string
}

// Ended says that a node is no longer from a day on.
type Ended struct {
	Node  store.ID
	On    time.Time
	Basis string
}

// PersonMade says that a person is in the directory.
type PersonMade struct {
	Person, Agency store.ID
	Name           store.Personal
	From           time.Time
}

// PersonChanged says that the facts of a person changed from a day on.
type PersonChanged struct {
	Person store.ID
	From   time.Time
	Fields []string
}

// PersonEnded says that a person is in no agency any more from a day on; their posts ended with it.
type PersonEnded struct {
	Person store.ID
	On     time.Time
	Posts  []store.ID
}

// PrivateSet says that personal data was written.
type PrivateSet struct{ Person store.ID }

// Revealed says that somebody looked at it.
type Revealed struct{ Person store.ID }

// PostGiven says that a person holds a post from a day on.
type PostGiven struct {
	Person, Post, Agency, Unit store.ID
	Title                      string
	Since, Until               time.Time
	Basis                      string
}

// PostEnded says that a person holds a post no longer.
type PostEnded struct {
	Person, Post store.ID
	On           time.Time
	Basis        string
}

// AbsenceSet says that a person is away, and somebody stands in.
type AbsenceSet struct {
	Person, Absence, Substitute store.ID
	Since, Until                time.Time
}

// AbsenceWithdrawn says that a person is not away after all.
type AbsenceWithdrawn struct{ Person, Absence store.ID }

// EventKind names the event in the log.
func (Made) EventKind() string { return "org.made/1" }

// EventKind names the event in the log.
func (Changed) EventKind() string { return "org.changed/1" }

// EventKind names the event in the log.
func (Ended) EventKind() string { return "org.ended/1" }

// EventKind names the event in the log.
func (PersonMade) EventKind() string { return "org.person_made/1" }

// EventKind names the event in the log.
func (PersonChanged) EventKind() string { return "org.person_changed/1" }

// EventKind names the event in the log.
func (PersonEnded) EventKind() string { return "org.person_ended/1" }

// EventKind names the event in the log.
func (PrivateSet) EventKind() string { return "org.private_set/1" }

// EventKind names the event in the log.
func (Revealed) EventKind() string { return "org.revealed/1" }

// EventKind names the event in the log.
func (PostGiven) EventKind() string { return "org.post_given/1" }

// EventKind names the event in the log.
func (PostEnded) EventKind() string { return "org.post_ended/1" }

// EventKind names the event in the log.
func (AbsenceSet) EventKind() string { return "org.absence_set/1" }

// EventKind names the event in the log.
func (AbsenceWithdrawn) EventKind() string { return "org.absence_withdrawn/1" }
