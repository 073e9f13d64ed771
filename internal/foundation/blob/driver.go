package blob

import (
	"context"
	"io"
	"iter"
	"time"
)

// Driver keeps objects: bytes under a key of letters, digits, dots and slashes. It knows nothing of what they are. Every driver passes the
// same suite.
type Driver interface {
	// Write puts an object at its place, whole and durable when it returns; what was there before is replaced at once. When r or ctx ends
	// it, nothing is left. An error of r comes back as it is.
	Write(ctx context.Context, key string, r io.Reader) error
	// Read gives n bytes from an offset, or all from there if n is negative. What is not there is fs.ErrNotExist.
	Read(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error)
	// Stat gives the length. What is not there is fs.ErrNotExist.
	Stat(ctx context.Context, key string) (int64, error)
	// Remove takes an object, or what is left of a Write that did not come to its end. What is not there is no error.
	Remove(ctx context.Context, i Item) error
	// List gives all objects, and what is left of unfinished Writes.
	List(ctx context.Context) iter.Seq2[Item, error]
}

// Item is a stored object.
type Item struct {
	Key  string
	At   time.Time // when it was written
	Size int64
	// Unfinished is how the driver knows what a Write left behind that did not come to its end; "" for an object.
	Unfinished string
}
