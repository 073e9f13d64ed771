package check

import (
	"embed"

	"github.com/antinvn/antin/codes"
)

// The codes of this package.
const (
	// ErrBusy: as many files are being checked, and wait for it, as may.
	ErrBusy codes.Code = "check.busy"
	// ErrTime: the check took longer than it may.
	ErrTime codes.Code = "check.time"
	// ErrUnread: the file is none that can carry signatures, or is damaged; the cause is the engine's.
	ErrUnread codes.Code = "check.unread"
	// ErrPassword: the file opens with a password.
	ErrPassword codes.Code = "check.password"
	// ErrLarge: the file is larger than this page takes.
	ErrLarge codes.Code = "check.large"
	// ErrFiles: more files were sent than are checked at once.
	ErrFiles codes.Code = "check.files"
	// ErrNoFile: no file was sent.
	ErrNoFile codes.Code = "check.no_file"
	// ErrAnswer: a report is asked for an answer that this house did not give.
	ErrAnswer codes.Code = "check.answer"
)

// Files are the texts and the pages.
//
//go:embed vi.txt en.txt pages/*.html
var Files embed.FS
