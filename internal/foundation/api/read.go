package api

import (
	"bytes"
	"encoding"
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

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/web"
)

// field is one thing that an operation takes, or one member of its body.
type field struct {
	name, in string // in is path, query, json, form or file
	index    []int
	required bool
	enum     []string
	kind     reflect.Type
	tag      reflect.StructTag
	members  []field // of json and form
}

var (
	readerType = reflect.TypeFor[io.Reader]()
	uploadType = reflect.TypeFor[*web.Upload]()
	parsedType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// fieldsOf reads the tags of what is asked. What is of no form is a mistake of the program, and panics.
func fieldsOf(t reflect.Type) (out []field) {
	for f := range t.Fields() {
		one := field{index: f.Index, kind: f.Type, tag: f.Tag, required: f.Tag.Get("required") == "true", enum: choices(f.Tag)}
		body := f.Tag.Get("body")
		switch {
		case f.Tag.Get("path") != "":
			one.name, one.in, one.required = f.Tag.Get("path"), "path", true
		case f.Tag.Get("query") != "":
			one.name, one.in = f.Tag.Get("query"), "query"
		case body == "json" || body == "form":
			one.name, one.in, one.members = "body", body, membersOf(f.Type)
		case body == "file" && f.Type == readerType:
			one.name, one.in = "body", "file"
		default:
			panic(fmt.Sprintf("api: %s.%s is neither path, query nor body", t, f.Name))
		}
		if (one.in == "path" || one.in == "query") && !one.plain() {
			panic(fmt.Sprintf("api: %s.%s is no text, number, truth, day or time", t, f.Name))
		}
		out = append(out, one)
	}
	return out
}

// plain reports whether one piece of text can be a field's value.
func (f *field) plain() bool {
	k := f.kind.Kind()
	return k == reflect.String || k == reflect.Int || k == reflect.Bool || reflect.PointerTo(f.kind).Implements(parsedType)
}

func choices(tag reflect.StructTag) []string {
	if e := tag.Get("enum"); e != "" {
		return strings.Split(e, ",")
	}
	return nil
}

// membersOf are the members of a body, by its json tags.
func membersOf(t reflect.Type) (out []field) {
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous { // its fields are the struct's own
			continue
		}
		if name == "" {
			panic(fmt.Sprintf("api: %s.%s has no name in JSON", t, f.Name))
		}
		out = append(out, field{name: name, index: f.Index, kind: f.Type, tag: f.Tag, required: !optional(options), enum: choices(f.Tag)})
	}
	return out
}

func optional(options string) bool {
	return strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
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
		to := in.FieldByIndex(f.index)
		switch f.in {
		case "path":
			wrong = f.set(to, r.PathValue(f.name), wrong)
		case "query":
			wrong = f.set(to, query.Get(f.name), wrong)
		}
	}
	if len(wrong.Fields) > 0 {
		return wrong
	}
	b := o.body()
	if b == nil {
		return nil
	}
	to := in.FieldByIndex(b.index)
	switch b.in {
	case "json":
		return b.readJSON(r, to)
	case "form":
		return b.readForm(r, to)
	}
	to.Set(reflect.ValueOf(io.Reader(r.Body)))
	return nil
}

// set fills a field with one piece of text; what is wrong with it is added to what is wrong already.
func (f *field) set(to reflect.Value, text string, wrong *fault.Error) *fault.Error {
	switch {
	case text == "" && f.required:
		return wrong.Field(f.name, fault.ErrRequired)
	case text == "":
		return wrong
	case f.enum != nil && !slices.Contains(f.enum, text):
		return wrong.Field(f.name, fault.ErrChoice)
	}
	if v, ok := reflect.TypeAssert[encoding.TextUnmarshaler](to.Addr()); ok {
		if err := v.UnmarshalText([]byte(text)); err != nil {
			return wrong.Field(f.name, f.misread())
		}
		return wrong
	}
	switch to.Kind() {
	case reflect.String:
		to.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return wrong.Field(f.name, fault.ErrChoice)
		}
		to.SetBool(text == "true")
	default:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || to.OverflowInt(n) {
			return wrong.Field(f.name, fault.ErrNumber)
		}
		to.SetInt(n)
	}
	return wrong
}

// misread is what is said of a value that is not of a field's type.
func (f *field) misread() codes.Code {
	switch f.kind {
	case dateType, reflect.PointerTo(dateType):
		return ErrDate
	case timeType, reflect.PointerTo(timeType):
		return ErrTime
	}
	return ErrType
}

// media holds a body to its media type.
func media(r *web.Request, want string) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != want {
		return fault.New(fault.Unsupported, ErrMedia, want).Because(err)
	}
	return nil
}

// readJSON reads one object, all of it and nothing else.
func (f *field) readJSON(r *web.Request, to reflect.Value) error {
	if err := media(r, "application/json"); err != nil {
		return err
	}
	d := json.NewDecoder(r.Body)
	var sent map[string]json.RawMessage
	err := d.Decode(&sent)
	if err == nil {
		if _, err = d.Token(); !errors.Is(err, io.EOF) {
			err = errors.Join(errors.New("api: more than one value"), err)
		} else if err = nil; sent == nil {
			err = errors.New("api: null")
		}
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return err
	}
	wrong := fault.New(fault.Invalid, ErrBody, "")
	if err != nil {
		return wrong.Because(err)
	}
	for _, m := range f.members {
		raw, there := sent[m.name]
		delete(sent, m.name)
		if !there {
			if m.required {
				wrong = wrong.Field(m.name, fault.ErrRequired)
			}
			continue
		}
		wrong = m.decode(to.FieldByIndex(m.index), raw, wrong)
	}
	return refused(sent, wrong)
}

// decode fills a member of a body.
func (f *field) decode(to reflect.Value, raw json.RawMessage, wrong *fault.Error) *fault.Error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	null := f.kind.Kind() != reflect.Pointer && bytes.Equal(bytes.TrimSpace(raw), []byte("null"))
	if err := d.Decode(to.Addr().Interface()); err != nil || null {
		return wrong.Field(f.name, f.misread())
	}
	if f.enum != nil && !slices.Contains(f.enum, to.String()) {
		return wrong.Field(f.name, fault.ErrChoice)
	}
	return wrong
}

// readForm reads multipart/form-data (RFC 7578): members of text, and last the file, which is read while the operation runs.
func (f *field) readForm(r *web.Request, to reflect.Value) error {
	if err := media(r, "multipart/form-data"); err != nil {
		return err
	}
	sent, file, err := r.Multipart()
	if err != nil {
		return err
	}
	wrong := fault.New(fault.Invalid, ErrBody, "")
	for _, m := range f.members {
		values := sent[m.name]
		delete(sent, m.name)
		switch {
		case m.kind == uploadType:
			if file != nil && file.Field() == m.name {
				to.FieldByIndex(m.index).Set(reflect.ValueOf(file))
				file = nil
			} else {
				wrong = wrong.Field(m.name, fault.ErrFile)
			}
		case m.kind.Kind() == reflect.Slice:
			if len(values) == 0 && m.required {
				wrong = wrong.Field(m.name, fault.ErrRequired)
			}
			to.FieldByIndex(m.index).Set(reflect.ValueOf(values))
		case len(values) > 1:
			wrong = wrong.Field(m.name, ErrType)
		default:
			wrong = m.set(to.FieldByIndex(m.index), strings.Join(values, ""), wrong)
		}
	}
	if file != nil {
		wrong = wrong.Field(file.Field(), ErrMember)
	}
	return refused(sent, wrong)
}

// refused is what is wrong with a body: what was found, and what is left of it that is not described.
func refused[V any](left map[string]V, wrong *fault.Error) error {
	names := make([]string, 0, len(left))
	for name := range left {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names[:min(len(names), maxNamed)] {
		wrong = wrong.Field(name, ErrMember)
	}
	if len(wrong.Fields) > 0 {
		return wrong
	}
	return nil
}

// maxNamed is how many members that are not described an answer names.
const maxNamed = 20
