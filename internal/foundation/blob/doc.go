// Package blob keeps the content of files: encrypted, named by what it is, in a folder or in S3.
//
// A name is a keyed hash of the content: the same content is kept once, and nobody without the master keys can tell from a name what it
// names. Content is stored first, outside any transaction; a module's transaction then refers to it:
//
//	info, err := blobs.Put(ctx, upload)
//	err = db.Do(ctx, warrant, func(tx *store.Tx) error {
//		…
//		return blob.KeepTx(tx, info.Name, document)
//	})
//
// [Store.Get] streams, [Store.Open] reads ranges; both give only bytes that were authenticated. Nothing deletes: [Store.Collect] takes what
// no row has referred to for longer than its grace, and nothing while a [Store.Pin] holds.
//
// docs/blob-format.md gives the bytes, docs/decisions/0016-blobs.md the reasons.
package blob

import (
	"embed"
	"io"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
)

// The codes of this package.
const (
	// ErrName: a text is no name of a blob.
	ErrName codes.Code = "blob.name"
	// ErrMissing: there is no blob of this name.
	ErrMissing codes.Code = "blob.missing"
	// ErrDamaged: what is stored was changed, cut or lost.
	ErrDamaged codes.Code = "blob.damaged"
	// ErrGone: it was collected before a row referred to it; storing it again helps.
	ErrGone codes.Code = "blob.gone"
	// ErrFull: there is no room left.
	ErrFull codes.Code = "blob.full"
	// ErrStorage: the folder or server does not answer as it should.
	ErrStorage codes.Code = "blob.storage"
	// ErrTooLarge: more than [MaxSize].
	ErrTooLarge codes.Code = "blob.too_large"
	// ErrSlow: storing took longer than half of the grace.
	ErrSlow codes.Code = "blob.slow"
)

// MaxSize bounds a blob; who takes uploads has a lower limit.
const MaxSize = 64 << 30

// DefaultGrace is longer than any transaction, reading or upload lasts.
const DefaultGrace = 24 * time.Hour

// Tables are what the store's warrant must be able to write.
var Tables = []string{"blob", "blob_pin"}

// Files are the texts and the migrations.
//
//go:embed vi.txt en.txt migrations/*.sql
var Files embed.FS

// Config is what a store of blobs stands on.
type Config struct {
	Driver Driver
	DB     *store.DB
	// Warrant is a system warrant that may write [Tables].
	Warrant *store.Warrant
	Ring    *seal.Ring
	Clock   clock.Clock // nil is the machine's
	Random  io.Reader   // nil is the system's
	// Grace is how long what nothing refers to is kept; 0 means [DefaultGrace].
	Grace time.Duration
}

// Store keeps blobs. It may be used concurrently, and by many programs on the same database and storage.
type Store struct {
	Config

	names []byte // the key of names
}

// Info is what is known of a blob without reading it.
type Info struct {
	Name   Name
	Size   int64
	Stored time.Time // the last time that somebody stored it
}
