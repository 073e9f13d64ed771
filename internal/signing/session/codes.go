package session

import "github.com/antinvn/antin/codes"

// The codes of this package.
const (
	// ErrBusy: somebody else is signing the thing.
	ErrBusy codes.Code = "session.busy"
	// ErrExpired: the session was left too long.
	ErrExpired codes.Code = "session.expired"
	// ErrOver: the session has ended without a signature.
	ErrOver codes.Code = "session.over"
	// ErrChanged: the thing has another file than the one that was prepared.
	ErrChanged codes.Code = "session.changed"
	// ErrSigning: the file cannot be signed as it is.
	ErrSigning codes.Code = "session.signing"
	// ErrTime: preparing or embedding takes longer than it may.
	ErrTime codes.Code = "session.time"
)
