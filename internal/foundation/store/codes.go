package store

import (
	"embed"

	"github.com/antinvn/antin/codes"
)

// The codes of this package.
const (
	// ErrNotFound: there is no such row, or it lies out of reach: nobody learns which.
	ErrNotFound codes.Code = "store.not_found"
	// ErrStale: somebody changed the row since it was read.
	ErrStale codes.Code = "store.stale"
	// ErrNotChecked: a transaction ended without asking whether it was allowed. A fault of the program.
	ErrNotChecked codes.Code = "store.not_checked"
	// ErrNoEvent: a transaction wrote and recorded nothing. A fault of the program.
	ErrNoEvent codes.Code = "store.no_event"
	// ErrWarrant: a warrant does not allow the statement. A fault of the program.
	ErrWarrant codes.Code = "store.warrant"
	// ErrBusy: too many conflicts with other transactions, or the database does not answer.
	ErrBusy codes.Code = "store.busy"
	// ErrFull: the disk is full.
	ErrFull codes.Code = "store.full"
	// ErrNewer: the database was made by a newer program.
	ErrNewer codes.Code = "store.newer"
	// ErrSchema: a step of the schema is not the one that was applied, or came too late.
	ErrSchema codes.Code = "store.schema"
	// ErrEvent: an event is above 64 kB, for which the log has no room. A fault of the program: a mass act records one event for each thing.
	ErrEvent codes.Code = "store.event"
	// ErrTaken: a value that must be unique is there already.
	ErrTaken codes.Code = "store.taken"
)

// Texts are vi.txt and en.txt.
//
//go:embed vi.txt en.txt
var Texts embed.FS
