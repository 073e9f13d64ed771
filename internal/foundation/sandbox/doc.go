// Package sandbox reads documents that nobody vouches for: each in a process of its own that is thrown away afterwards.
//
//	s, err := sandbox.New(sandbox.Config{Cache: filepath.Join(data, "pdfium")})
//	info, err := s.Pages(ctx, sandbox.File{R: file, Size: size})
//	picture, err := s.Image(ctx, sandbox.File{R: file, Size: size}, 1, sandbox.Scale{DPI: 96})
//	words, err := s.Text(ctx, sandbox.File{R: file, Size: size}, 1)
//	part, err := s.Read(ctx, sandbox.File{R: file, Size: size}, 1, 5)
//	found, err := s.Inspect(ctx, sandbox.File{R: file, Size: size}, nil)
//	facts, err := s.Collect(ctx, file, size, &verify.CollectOptions{…})
//
// Pages are drawn by pdfium, compiled to WebAssembly; signatures are read by the engine. A child is this program started again: [Child] is the
// first thing that its main calls. It gives up every right that it does not need before it sees the first byte of the document, asks its
// parent for the parts of the file that it wants, and answers once. One that takes too long, grows or breaks is killed and answered for
// with a fault; nothing of it is left.
//
// What holds on which system stands in docs/decisions/0018-sandbox.md.
package sandbox

import (
	"embed"

	"github.com/antinvn/antin/codes"
)

// The codes of this package.
const (
	// ErrTooLarge: the file is larger than {limit}.
	ErrTooLarge codes.Code = "sandbox.too_large"
	// ErrPages: the document has more than {limit} pages.
	ErrPages codes.Code = "sandbox.pages"
	// ErrNoPage: the document has no page {page}.
	ErrNoPage codes.Code = "sandbox.no_page"
	// ErrTime: reading it took longer than it may.
	ErrTime codes.Code = "sandbox.time"
	// ErrMemory: reading it took more memory than it may.
	ErrMemory codes.Code = "sandbox.memory"
	// ErrCrashed: the child broke over it.
	ErrCrashed codes.Code = "sandbox.crashed"
	// ErrPassword: it opens with a password, which was not given or is another.
	ErrPassword codes.Code = "sandbox.password"
	// ErrUnreadable: it is no PDF, or too damaged to be shown.
	ErrUnreadable codes.Code = "sandbox.unreadable"
	// ErrBusy: as many documents as may be are being read, and those before this one took long.
	ErrBusy codes.Code = "sandbox.busy"
	// ErrStart: no child could be started, or none that is confined.
	ErrStart codes.Code = "sandbox.start"
	// ErrClosed: the sandbox is closed.
	ErrClosed codes.Code = "sandbox.closed"
)

// Files are the texts.
//
//go:embed vi.txt en.txt
var Files embed.FS
