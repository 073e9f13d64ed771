package credential

import "github.com/antinvn/antin/codes"

// The codes of this package.
const (
	// ErrNone: the holder has no key in force for this purpose.
	ErrNone codes.Code = "credential.none"
	// ErrNotTraining: a key that is no training key; this channel does not use it.
	ErrNotTraining codes.Code = "credential.not_training"
	// ErrKey: the key cannot be opened.
	ErrKey codes.Code = "credential.key"
	// ErrSpent: the key was opened for one signature, and has made it.
	ErrSpent codes.Code = "credential.spent"
	// ErrPurpose: what is asked for is neither a signature nor a seal.
	ErrPurpose codes.Code = "credential.purpose"
)
