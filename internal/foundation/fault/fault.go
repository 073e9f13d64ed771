// Package fault is the platform's one error type: which kind of failure, of which thing, why, and what it means for the caller.
// What a reader sees stands in the catalogue under "fault.CODE.what" and "fault.CODE.next"; a fault has no sentence of its own.
//
//	return fault.New(fault.TooLarge, "document.too_large", name).With("limit", "100 MB")
package fault

import (
	"errors"
	"slices"
	"strings"

	"github.com/antinvn/antin/codes"
)

// Class says what a caller can do about a failure; the edge turns it into an HTTP status.
type Class uint8

// The classes, with the status of RFC 9110 that the edge answers with.
const (
	Internal        Class = iota // 500: our own failure
	Invalid                      // 422: what was sent breaks a rule
	Unauthenticated              // 401: sign in first
	Denied                       // 403: no grant allows it
	NotFound                     // 404: not there, or out of reach: nobody learns which
	Stale                        // 409: somebody changed it meanwhile
	Conflict                     // 409: its state does not allow it
	TooLarge                     // 413
	Unsupported                  // 415: a kind of content that is not taken
	TooMany                      // 429: a limit on attempts
	Unavailable                  // 503: something that is needed does not answer
	Full                         // 507: no room left
)

// Status is the class's HTTP status.
func (c Class) Status() int {
	return [...]int{500, 422, 401, 403, 404, 409, 409, 413, 415, 429, 503, 507}[c]
}

// Error is a failure.
type Error struct {
	Class Class
	// Kind is the stable code, "module.cause".
	Kind codes.Code
	// Object names the thing: a file's name, a document's notation. Never a secret. Texts name it as {object}.
	Object string
	// Args are what else the text names.
	Args []Arg
	// Fields are the fields of a form that are wrong.
	Fields []Field
	// Err is the cause, for the log: it is not shown.
	Err error
}

// Arg is a value that a text names as {Name}. Where Text is set, the value is the key of another text.
type Arg struct {
	Name, Value string
	Text        bool
}

// Field is a field of a form and what is wrong with it.
type Field struct {
	Name string
	Kind codes.Code
	Args []Arg
}

// New returns a failure of a thing.
func New(c Class, kind codes.Code, object string) *Error {
	return &Error{Class: c, Kind: kind, Object: object}
}

// With returns a copy whose text may name a value.
func (e *Error) With(name, value string) *Error {
	c := *e
	c.Args = append(slices.Clip(e.Args), Arg{Name: name, Value: value})
	return &c
}

// Say returns a copy whose text may name another text, by its key in the catalogue.
func (e *Error) Say(name, key string) *Error {
	c := *e
	c.Args = append(slices.Clip(e.Args), Arg{Name: name, Value: key, Text: true})
	return &c
}

// Because returns a copy with its cause.
func (e *Error) Because(err error) *Error {
	c := *e
	c.Err = err
	return &c
}

// Field returns a copy that blames one more field of a form.
func (e *Error) Field(name string, kind codes.Code, args ...Arg) *Error {
	c := *e
	c.Fields = append(slices.Clip(e.Fields), Field{name, kind, args})
	return &c
}

// Error is for logs: the code, the thing, the fields and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Kind))
	if e.Object != "" {
		b.WriteString(" " + e.Object)
	}
	for _, f := range e.Fields {
		b.WriteString("; " + f.Name + ": " + string(f.Kind))
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Code returns the stable code.
func (e *Error) Code() string { return string(e.Kind) }

// Unwrap returns the code and the cause, so that [errors.Is] finds both.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// Of returns the outermost fault in err's tree. What is none, an engine's error included, is an Internal fault around it whose
// code is the engine's, or "internal".
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return f
	}
	kind := codes.Code(codes.Of(err))
	if kind == "" {
		kind = "internal"
	}
	return &Error{Class: Internal, Kind: kind, Err: err}
}

// Is reports whether err is a fault of a class.
func Is(err error, c Class) bool {
	f, ok := errors.AsType[*Error](err)
	return ok && f.Class == c
}
