package api

import (
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/web"
)

// Operation is one call: what it is named, what it takes and answers, and what does it.
type Operation struct {
	Method, Path string
	// Name is its operationId; Summary the key of the text that says what it does.
	Name, Summary string
	// Methods are the methods of services that it calls, as their policies name them; the first decides who may call it.
	Methods []string
	// Anyone opens it to callers who are not signed in.
	Anyone bool
	// Media is what it answers: application/json, unless [Operation.Sends] says otherwise.
	Media string

	in, out reflect.Type
	fields  []field
	call    func(*web.Request, reflect.Value) (any, error)
}

// Get declares an operation that reads.
func Get[In, Out any](path, name, summary string, call func(*web.Request, In) (Out, error)) *Operation {
	return declare(http.MethodGet, path, name, summary, call)
}

// Post declares one that acts.
func Post[In, Out any](path, name, summary string, call func(*web.Request, In) (Out, error)) *Operation {
	return declare(http.MethodPost, path, name, summary, call)
}

// ForAnyone is the operation, open to callers who are not signed in.
func (o *Operation) ForAnyone() *Operation {
	open := *o
	open.Anyone = true
	return &open
}

// Calls is the operation, with the methods of services that it calls.
func (o *Operation) Calls(methods ...string) *Operation {
	calls := *o
	calls.Methods = methods
	return &calls
}

// Sends is the operation, whose answer is a file of a media type: it returns a [web.Download].
func (o *Operation) Sends(media string) *Operation {
	sends := *o
	sends.Media = media
	return &sends
}

func declare[In, Out any](method, path, name, summary string, call func(*web.Request, In) (Out, error)) *Operation {
	o := &Operation{
		Method: method, Path: path, Name: name, Summary: summary, Media: "application/json", in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
	}
	o.call = func(r *web.Request, v reflect.Value) (any, error) {
		in, _ := reflect.TypeAssert[In](v)
		return call(r, in)
	}
	o.fields = fieldsOf(o.in)
	return o
}

// body is the field that takes the body, nil where there is none.
func (o *Operation) body() *field {
	for i := range o.fields {
		if f := &o.fields[i]; f.in == "json" || f.in == "file" || f.in == "form" {
			return f
		}
	}
	return nil
}

func (o *Operation) route() web.Route {
	b := o.body()
	return web.Route{Pattern: o.Method + " " + o.Path, Anyone: o.Anyone, Upload: b != nil && b.in != "json", Handler: func(r *web.Request) (web.Answer, error) {
		if err := o.once(r); err != nil {
			return nil, err
		}
		in := reflect.New(o.in).Elem()
		if err := o.read(r, in); err != nil {
			return nil, err
		}
		out, err := o.call(r, in)
		if _, before := errors.AsType[interface {
			error
			TakenBefore()
		}](err); before {
			return nil, fault.New(fault.Conflict, ErrDone, "") // without its cause, which package web would lead to a page
		}
		if err != nil {
			return nil, err
		}
		if file, ok := out.(*web.Download); ok {
			return file, nil
		}
		return &web.JSON{Value: out}, nil
	}}
}

// keyed reports whether an operation takes an [IdempotencyKey]: what acts, for somebody.
func (o *Operation) keyed() bool { return o.Method == http.MethodPost && !o.Anyone }

// IdempotencyKey is the header by which a call is known again (draft-ietf-httpapi-idempotency-key-header): its act is done once, as a form's is
// that is sent twice. The key is the caller's own and goes with the address; what else is sent with it a second time is not compared.
const IdempotencyKey = "Idempotency-Key"

// once claims the call's key. Who sends it again while the first is at work waits for that; the command then tells that it was done.
func (o *Operation) once(r *web.Request) error {
	sent := r.Header.Values(IdempotencyKey)
	if !o.keyed() || len(sent) == 0 {
		return nil
	}
	key := strings.Trim(strings.TrimSpace(sent[0]), `"`) // a string of RFC 9651, which stands in quotes; without them it is taken too
	if len(sent) > 1 || len(key) < 16 || len(key) > 64 || strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return fault.New(fault.Invalid, ErrKey, IdempotencyKey)
	}
	return r.Once(key)
}
