// Package pkcs11 signs with keys on PKCS#11 tokens: smart cards, USB tokens and hardware security modules
// (OASIS PKCS#11 v2.40, addresses by RFC 7512).
//
//	key, err := pkcs11.Open(ctx, "pkcs11:token=van-thu;object=seal?module-path=/usr/lib/softhsm/libsofthsm2.so",
//		&pkcs11.Options{PIN: askPIN})
//
// Most callers go through package keys, which adds files and arranges the chain.
//
// A module is started once in a process and stays so; a token is logged in once, while at least one of its keys is
// open, with one session kept open for that and a pool of others that work. The PIN is held in memory for that time,
// because a token that lost its sessions (a reset, another part of the program that called C_CloseAllSessions) must be
// logged in again, and because some keys ask for it at each signature; it is cleared when the last key is closed. A PIN
// that the token refuses is sent once and never again.
//
// Tokens and modules belong to the process, not to a value: the table of modules is the one piece of state that
// PKCS#11 forces on this package. It needs cgo; built without, [Open] answers [ErrUnavailable].
package pkcs11
