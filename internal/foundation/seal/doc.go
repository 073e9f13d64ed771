// Package seal keeps what is kept secret at rest: the ring of master keys, small secrets sealed by it, and keys derived from it.
//
// The ring is a file of its own, outside the store and outside its backup: who has the backup alone reads nothing. Each master key has a
// number; the highest seals, all of them open. A sealed secret is bound to its purpose, so that what was sealed for one row does not open in
// another:
//
//	ring, err := seal.Load("/etc/antin/master.keys")
//	row.secret, err = ring.Seal("totp "+account, secret)
//	secret, err := ring.Open("totp "+account, row.secret)
//
// docs/blob-format.md gives the bytes.
package seal

import "github.com/antinvn/antin/codes"

// The codes of this package.
const (
	// ErrKeys: the file of master keys cannot be read or written, or is none.
	ErrKeys codes.Code = "seal.keys"
	// ErrExists: there is a file of master keys already; it is never overwritten.
	ErrExists codes.Code = "seal.exists"
	// ErrExposed: others than its owner can read or change the file of master keys.
	ErrExposed codes.Code = "seal.exposed"
	// ErrKey: what is to be opened was sealed by a master key that is not in the ring.
	ErrKey codes.Code = "seal.key"
	// ErrOpen: what is to be opened was changed, or sealed for another purpose.
	ErrOpen codes.Code = "seal.open"
)
