package codes

import (
	"errors"
	"strings"
)

// Code is a stable, machine-readable cause: "package.cause", lower case, words joined by "_". It is itself an
// error, so that a constant can be the target of [errors.Is].
type Code string

// Error returns the code's text.
func (c Code) Error() string { return string(c) }

// Error is a failure: what was being done, to which object, field or address, why.
type Error struct {
	// Kind is the stable code.
	Kind Code
	// Op says what was being done, in the present participle: "reading the cross-reference".
	Op string
	// Object names the thing: an object number, a field, an address, a file. Never a secret.
	Object string
	// Detail is one plain English sentence for a reader, without a final full stop.
	Detail string
	// Err is the cause below, or nil.
	Err error
}

// New returns an [Error] with a detail and no cause.
func New(kind Code, op, object, detail string) *Error {
	return &Error{Kind: kind, Op: op, Object: object, Detail: detail}
}

// Wrap returns an [Error] around a cause.
func Wrap(kind Code, op, object string, err error) *Error {
	return &Error{Kind: kind, Op: op, Object: object, Err: err}
}

// Error says everything that is known, in one line: "op object: detail: cause (code)". A code that the cause ends with is not
// said again.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Object != "" {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(e.Object)
	}
	for _, s := range []string{e.Detail, causeText(e.Err)} {
		if s == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(s)
	}
	if kind := " (" + string(e.Kind) + ")"; !strings.HasSuffix(b.String(), kind) {
		b.WriteString(kind)
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

// Of returns the outermost stable code in err's tree, or "" where there is none.
func Of(err error) string {
	var coded interface{ Code() string }
	if errors.As(err, &coded) {
		return coded.Code()
	}
	if c, ok := errors.AsType[Code](err); ok {
		return string(c)
	}
	return ""
}

func causeText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
