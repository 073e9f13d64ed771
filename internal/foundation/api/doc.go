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
// What is asked stands in the fields of a struct: `path:"id"`, `query:"kind"` (with `required:"true"` or `enum:"a,b"` beside it), and at most one
// `body:"json"`, a struct, or `body:"file"`, an [io.Reader] over the bytes that were sent. What is answered is a struct; its json tags are the
// names. Ids are text, times RFC 3339 in UTC, days [Date]; a list goes on by an opaque cursor ([Place]).
//
// What is not described is refused: parameters and members of another name, values of another type, bodies above 1 MB. Failures are problems
// (RFC 9457), answered by package web with a code and what to do about it. Callers use the session of the pages.
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
	// ErrBody: the body is not the JSON that is described.
	ErrBody codes.Code = "api.body"
	// ErrMedia: the body is of another media type.
	ErrMedia codes.Code = "api.media"
	// ErrCursor: a cursor is none that was answered here.
	ErrCursor codes.Code = "api.cursor"
)

// Files are the texts.
//
//go:embed vi.txt en.txt
var Files embed.FS
