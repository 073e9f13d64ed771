// Package codes is the engine's error type: a stable code, the thing it happened to, and the cause.
//
// Every package of the engine declares its own codes as constants, and a caller tells failures apart with
// [errors.Is] or by the code's text, which never changes once published (docs/codes.md lists them all):
//
//	const ErrPassword codes.Code = "pdf.password"
//
//	if errors.Is(err, pdf.ErrPassword) { … }
//	if codes.Of(err) == "pdf.password" { … }
//
// All types are values and safe for concurrent use.
package codes
