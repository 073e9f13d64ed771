package training

import "github.com/antinvn/antin/codes"

// The codes of this package.
const (
	// ErrKeys: the training keys cannot be opened.
	ErrKeys codes.Code = "training.keys"
	// ErrNoService: there is nothing at an address below /huan-luyen/.
	ErrNoService codes.Code = "training.no_service"
)
