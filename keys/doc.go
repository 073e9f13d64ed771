// Package keys opens signing keys wherever they lie: PKCS#12 files, PEM files, and PKCS#11 tokens (package
// [github.com/antinvn/antin/keys/pkcs11], which needs cgo; without it such a key answers [ErrPKCS11Unavailable]).
//
//	key, err := keys.Open(ctx, "pkcs11:token=van-thu;object=seal?module-path=/usr/lib/softhsm/libsofthsm2.so",
//		&keys.Options{Secret: askPIN})
//	if err != nil {
//		return err
//	}
//	defer key.Close()
//	signed, err := pades.Sign(ctx, out, document, key, &pades.Options{Chain: key.Chain})
//
// A secret comes by callback only, once for each [Open]; it is cleared as soon as it is no longer needed and stands in
// no error, name or trace. Every [Key] is an ordinary [crypto.Signer]: with the same randomness a software key gives
// the same bytes (ECDSA with nil randomness by RFC 6979).
package keys
