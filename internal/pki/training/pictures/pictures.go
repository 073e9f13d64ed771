// Package pictures holds what signatures with training keys show. The seal says that it is worth nothing; the signature is nobody's.
package pictures

import _ "embed" // for the two below

// The pictures, PNG.
var (
	//go:embed signature.png
	Signature []byte
	//go:embed seal.png
	Seal []byte
)
