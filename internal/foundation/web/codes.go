package web

import "github.com/antinvn/antin/codes"

// The codes of the shell's failures; their texts stand in vi.txt and en.txt.
const (
	// ErrAgencyChanged: a form was opened while its sender acted for another agency.
	ErrAgencyChanged codes.Code = "web.agency_changed"
	// ErrCrossOrigin: another web site posted here.
	ErrCrossOrigin codes.Code = "web.cross_origin"
	// ErrCursor: a list's address names no place in it.
	ErrCursor codes.Code = "web.cursor"
	// ErrEmptyFile: a file without content was sent.
	ErrEmptyFile codes.Code = "web.empty_file"
	// ErrFilter: a filter is above its limit.
	ErrFilter codes.Code = "web.filter"
	// ErrFormID: a form came without its single-use id.
	ErrFormID codes.Code = "web.form_id"
	// ErrGone: the sender went away before there was a result.
	ErrGone codes.Code = "web.gone"
	// ErrNoAgency: the agency is none of the actor's.
	ErrNoAgency codes.Code = "web.no_agency"
	// ErrNoPage: there is nothing at the address.
	ErrNoPage codes.Code = "web.no_page"
	// ErrSignIn: nobody is signed in.
	ErrSignIn codes.Code = "web.sign_in"
	// ErrStillRunning: the form was sent before, and that is not done yet.
	ErrStillRunning codes.Code = "web.still_running"
	// ErrTooLarge: what was sent is above its limit.
	ErrTooLarge codes.Code = "web.too_large"
	// ErrUnreadable: what was sent is no form.
	ErrUnreadable codes.Code = "web.unreadable"
	// ErrWatchers: too many follow progress.
	ErrWatchers codes.Code = "web.watchers"
)
