package pkcs11

import "github.com/antinvn/antin/codes"

// The failures of this package.
const (
	ErrURI          codes.Code = "keys.uri"                // not a key's address, or one that names what it must not
	ErrUnavailable  codes.Code = "keys.pkcs11_unavailable" // built without cgo
	ErrModule       codes.Code = "keys.module"             // no module named, or it cannot be loaded or started
	ErrTokenMissing codes.Code = "keys.token_missing"      // no such token is present
	ErrNotFound     codes.Code = "keys.not_found"          // no such private key
	ErrAmbiguous    codes.Code = "keys.ambiguous"          // several tokens or keys match
	ErrPINMissing   codes.Code = "keys.pin_missing"        // the token wants a PIN and none was given
	ErrWrongPIN     codes.Code = "keys.wrong_pin"          // the token refused the PIN
	ErrPINLocked    codes.Code = "keys.pin_locked"         // too many wrong PINs: the token refuses every further one
	ErrNoPublicKey  codes.Code = "keys.no_public_key"      // neither certificate nor public key on the token
	ErrUnsupported  codes.Code = "keys.unsupported"        // a kind of key, digest or mechanism that is not supported
	ErrDevice       codes.Code = "keys.device"             // the device failed, also when asked a second time
	ErrClosed       codes.Code = "keys.closed"             // the key was closed
)
