// Package api is how the house's methods are called by programs: REST under /api/, with the OpenAPI 3.1 document that describes it.
//
// A module declares each operation once; its route and its description both come from that, so that they cannot differ:
//
//	func API(s *Service) []*api.Operation {
//		return []*api.Operation{
//			api.Get("/api/registers/numbers", "listNumbers", "register.api.numbers", func(r *web.Request, in asked) (api.List[number], error) { … }),
//		}
//	}
//
// What is asked stands in the fields of a struct: `path:"id"`, `query:"kind"` (with `required:"true"` beside it), and at most one body:
// `body:"json"`, a struct; `body:"form"`, a struct that is sent as multipart/form-data, a *[web.Upload] its last member; or `body:"file"`, an
// [io.Reader] over the bytes that were sent. What is answered is a struct, or a *[web.Download] ([Operation.Sends]). Json tags are the names;
// members without omitempty or omitzero are always there. `enum:"a,b"` lists values, `id:"doc"` the kinds of an id, `pattern` says how a text looks. Ids are text, times RFC 3339
// in UTC, days [Date]; a list goes on by an opaque cursor ([Place], [Cut]).
//
// What is not described is refused: parameters and members of another name, values of another type, bodies above 1 MB, files above the limit
// for uploads. Failures are problems (RFC 9457), answered by package web with a code and what to do about it. Callers use the session of the
// pages. A call that acts may carry an [IdempotencyKey]: sent again with it, the act is not done again. Its operation then answers what it led to
// where that can be read again, and [ErrDone] where it cannot.
package api

import (
	"embed"

	"github.com/antinvn/antin/codes"
)

// The codes of this package.
const (
	// ErrUnknown: a parameter is none of the operation's.
	ErrUnknown codes.Code = "api.unknown"
	// ErrValue: a parameter's value is missing or of another type; the fields say which.
	ErrValue codes.Code = "api.value"
	// ErrBody: the body is not what is described; the fields say which member.
	ErrBody codes.Code = "api.body"
	// ErrMedia: the body is of another media type.
	ErrMedia codes.Code = "api.media"
	// ErrCursor: a cursor is none that was answered here.
	ErrCursor codes.Code = "api.cursor"
	// ErrDate: a day is not written as RFC 3339 writes it.
	ErrDate codes.Code = "api.date"
	// ErrTime: a time is not written as RFC 3339 writes it.
	ErrTime codes.Code = "api.time"
	// ErrType: a value is of another type.
	ErrType codes.Code = "api.type"
	// ErrMember: a body has no such member.
	ErrMember codes.Code = "api.member"
	// ErrLimit: a list's part is wanted too large, or empty.
	ErrLimit codes.Code = "api.limit"
	// ErrKey: an Idempotency-Key is too short, too long, or of other letters.
	ErrKey codes.Code = "api.key"
	// ErrDone: an earlier call with the same key did it.
	ErrDone codes.Code = "api.done_before"
)

// Files are the texts.
//
//go:embed vi.txt en.txt
var Files embed.FS
