package api

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/web"
)

// Operation is one call: what it is named, what it takes and answers, and what does it.
type Operation struct {
	Method, Path string
	// Name is its operationId; Summary the key of the text that says what it does.
	Name, Summary string
	// Anyone opens it to callers who are not signed in.
	Anyone bool

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

func declare[In, Out any](method, path, name, summary string, call func(*web.Request, In) (Out, error)) *Operation {
	o := &Operation{Method: method, Path: path, Name: name, Summary: summary, in: reflect.TypeFor[In](), out: reflect.TypeFor[Out]()}
	o.call = func(r *web.Request, v reflect.Value) (any, error) {
		in, _ := reflect.TypeAssert[In](v)
		return call(r, in)
	}
	o.fields = fieldsOf(o.in)
	return o
}

// Date is a day, as 2026-12-31.
type Date time.Time

// MarshalText implements [encoding.TextMarshaler].
func (d Date) MarshalText() ([]byte, error) {
	return []byte(time.Time(d).In(clock.Vietnam).Format(time.DateOnly)), nil
}

// List is a part of a list. Next is the cursor of the part behind it, "" at the end.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// Place writes a place in a list as a cursor: the row's sort value and its id.
func Place(value, id int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(value, 36) + "." + strconv.FormatInt(id, 36)))
}

// ReadPlace reads what [Place] wrote.
func ReadPlace(cursor string) (value, id int64, err error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	v, i, _ := strings.Cut(string(b), ".")
	value, err2 := strconv.ParseInt(v, 36, 64)
	id, err3 := strconv.ParseInt(i, 36, 64)
	if err := errors.Join(err, err2, err3); err != nil {
		return 0, 0, fault.New(fault.Invalid, ErrCursor, "").Because(err)
	}
	return value, id, nil
}

// field is one thing that an operation takes.
type field struct {
	name, in string // in is path, query, json or file
	index    int
	required bool
	enum     []string
	kind     reflect.Type
}

// fieldsOf reads the tags of what is asked. What is of no form is a mistake of the program, and panics.
func fieldsOf(t reflect.Type) (out []field) {
	for i := range t.NumField() {
		f := t.Field(i)
		one := field{index: i, kind: f.Type, required: f.Tag.Get("required") == "true"}
		if e := f.Tag.Get("enum"); e != "" {
			one.enum = strings.Split(e, ",")
		}
		switch {
		case f.Tag.Get("path") != "":
			one.name, one.in, one.required = f.Tag.Get("path"), "path", true
		case f.Tag.Get("query") != "":
			one.name, one.in = f.Tag.Get("query"), "query"
		case f.Tag.Get("body") == "json":
			one.name, one.in = "body", "json"
		case f.Tag.Get("body") == "file" && f.Type == reflect.TypeFor[io.Reader]():
			one.name, one.in = "body", "file"
		default:
			panic(fmt.Sprintf("api: %s.%s is neither path, query nor body", t, f.Name))
		}
		if k := one.kind.Kind(); (one.in == "path" || one.in == "query") && k != reflect.String && k != reflect.Int {
			panic(fmt.Sprintf("api: %s.%s is neither text nor number", t, f.Name))
		}
		out = append(out, one)
	}
	return out
}

// body is the field that takes the body, nil where there is none.
func (o *Operation) body() *field {
	for i := range o.fields {
		if f := &o.fields[i]; f.in == "json" || f.in == "file" {
			return f
		}
	}
	return nil
}

func (o *Operation) route() web.Route {
	b := o.body()
	return web.Route{Pattern: o.Method + " " + o.Path, Anyone: o.Anyone, Upload: b != nil && b.in == "file", Handler: func(r *web.Request) (web.Answer, error) {
		in := reflect.New(o.in).Elem()
		if err := o.read(r, in); err != nil {
			return nil, err
		}
		out, err := o.call(r, in)
		if err != nil {
			return nil, err
		}
		return &web.JSON{Value: out}, nil
	}}
}

// read fills what is asked, and refuses what is not described.
func (o *Operation) read(r *web.Request, in reflect.Value) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return fault.New(fault.Invalid, ErrUnknown, "?").Because(err)
	}
	for name, values := range query {
		known := slices.ContainsFunc(o.fields, func(f field) bool { return f.in == "query" && f.name == name })
		if !known || len(values) != 1 {
			return fault.New(fault.Invalid, ErrUnknown, name)
		}
	}
	wrong := fault.New(fault.Invalid, ErrValue, "")
	for _, f := range o.fields {
		to := in.Field(f.index)
		switch f.in {
		case "path":
			wrong = f.set(to, r.PathValue(f.name), wrong)
		case "query":
			wrong = f.set(to, query.Get(f.name), wrong)
		case "file":
			to.Set(reflect.ValueOf(io.Reader(r.Body)))
		case "json":
			if err := readJSON(r, to.Addr().Interface()); err != nil {
				return err
			}
		}
	}
	if len(wrong.Fields) > 0 {
		return wrong
	}
	return nil
}

func (f *field) set(to reflect.Value, text string, wrong *fault.Error) *fault.Error {
	switch {
	case text == "" && f.required:
		return wrong.Field(f.name, fault.ErrRequired)
	case text == "":
		return wrong
	case f.enum != nil && !slices.Contains(f.enum, text):
		return wrong.Field(f.name, fault.ErrChoice)
	case to.Kind() == reflect.String:
		to.SetString(text)
		return wrong
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || to.OverflowInt(n) {
		return wrong.Field(f.name, fault.ErrNumber)
	}
	to.SetInt(n)
	return wrong
}

// readJSON reads one value, all of it and nothing else.
func readJSON(r *web.Request, to any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return fault.New(fault.Unsupported, ErrMedia, "application/json").Because(err)
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		err = errors.Join(errors.New("api: more than one value"), err)
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return err
	}
	return fault.New(fault.Invalid, ErrBody, "").Because(err)
}
