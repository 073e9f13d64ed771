//go:build cgo

package pkcs11

import (
	"errors"
	"slices"

	"github.com/miekg/pkcs11"

	"github.com/antinvn/antin/codes"
)

// is reports whether err is one of these return values.
func is(err error, values ...uint) bool {
	var e pkcs11.Error
	return errors.As(err, &e) && slices.Contains(values, uint(e))
}

// lost reports whether a second try with a fresh session, login and handle may succeed.
func lost(err error) bool {
	return is(err, pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_USER_NOT_LOGGED_IN,
		pkcs11.CKR_DEVICE_ERROR, pkcs11.CKR_DEVICE_MEMORY, pkcs11.CKR_DEVICE_REMOVED,
		pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_TOKEN_NOT_RECOGNIZED, pkcs11.CKR_SLOT_ID_INVALID,
		pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED, pkcs11.CKR_GENERAL_ERROR, pkcs11.CKR_FUNCTION_FAILED,
		pkcs11.CKR_OPERATION_ACTIVE, pkcs11.CKR_OPERATION_NOT_INITIALIZED,
		pkcs11.CKR_KEY_HANDLE_INVALID, pkcs11.CKR_OBJECT_HANDLE_INVALID)
}

// gone reports whether the session no longer exists: closing it could close a stranger's with the same number.
func gone(err error) bool {
	return is(err, pkcs11.CKR_SESSION_HANDLE_INVALID, pkcs11.CKR_SESSION_CLOSED, pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED)
}

// explain gives a return value its code.
func explain(op, object string, err error) error {
	var e pkcs11.Error
	if codes.Of(err) != "" || !errors.As(err, &e) {
		return err
	}
	switch uint(e) {
	case pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_TOKEN_NOT_RECOGNIZED, pkcs11.CKR_SLOT_ID_INVALID, pkcs11.CKR_DEVICE_REMOVED:
		return codes.Wrap(ErrTokenMissing, op, object, err)
	case pkcs11.CKR_MECHANISM_INVALID, pkcs11.CKR_MECHANISM_PARAM_INVALID, pkcs11.CKR_KEY_TYPE_INCONSISTENT,
		pkcs11.CKR_KEY_FUNCTION_NOT_PERMITTED, pkcs11.CKR_KEY_SIZE_RANGE, pkcs11.CKR_DATA_LEN_RANGE:
		return codes.Wrap(ErrUnsupported, op, object, err)
	}
	return codes.Wrap(ErrDevice, op, object, err)
}

// explainLogin tells what became of a PIN. flags are the token's after the try: a hint at the tries left.
func explainLogin(name string, flags uint, err error) error {
	const op = "logging in to the token"
	switch {
	case is(err, pkcs11.CKR_PIN_LOCKED), flags&pkcs11.CKF_USER_PIN_LOCKED != 0:
		return codes.New(ErrPINLocked, op, name, "the PIN is locked")
	case is(err, pkcs11.CKR_PIN_LEN_RANGE), is(err, pkcs11.CKR_PIN_INVALID):
		return codes.New(ErrWrongPIN, op, name, "no PIN of this token has that length or these characters")
	case is(err, pkcs11.CKR_PIN_EXPIRED):
		return codes.New(ErrWrongPIN, op, name, "the PIN has expired and must be changed")
	case is(err, pkcs11.CKR_USER_PIN_NOT_INITIALIZED):
		return codes.New(ErrWrongPIN, op, name, "no user PIN has been set on the token")
	case !is(err, pkcs11.CKR_PIN_INCORRECT):
		return err
	case flags&pkcs11.CKF_USER_PIN_FINAL_TRY != 0:
		return codes.New(ErrWrongPIN, op, name, "the PIN is wrong; one try is left before it locks")
	case flags&pkcs11.CKF_USER_PIN_COUNT_LOW != 0:
		return codes.New(ErrWrongPIN, op, name, "the PIN is wrong, and the tries left have become fewer")
	}
	return codes.New(ErrWrongPIN, op, name, "the PIN is wrong")
}
