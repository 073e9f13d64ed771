package auth

import "github.com/antinvn/antin/codes"

// The codes of this package.
const (
	// ErrSignIn: somebody has to be signed in for this.
	ErrSignIn codes.Code = "auth.sign_in"
	// ErrDenied: no grant of this account, at the agency it acts for, allows it.
	ErrDenied codes.Code = "auth.denied"
)
