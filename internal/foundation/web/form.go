package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	"unicode/utf8"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
)

// Form is a form as it is shown: empty, filled from a struct, or sent and sent back with what is wrong.
type Form struct {
	// Key begins its texts in the catalogue: "KEY.FIELD" is a label, "KEY.FIELD.hint" its hint, "KEY.submit" the button.
	Key    string
	Action string
	// ID is sent along, once: the same form sent twice does its work once.
	ID string
	// Agency is the acting agency that the form was made for: whoever changed it in another tab is told, not taken for it.
	Agency string
	// Kept is an earlier form that goes along while its sender signs in.
	Kept   string
	Files  bool
	Fields []*Field
	// Problem is what is wrong with no field in particular.
	Problem string
	// Cancel is where a link beside the button leads; "" shows none.
	Cancel string

	request *Request
	sent    bool
}

// Field is one field.
type Field struct {
	Name string
	// Kind is text, textarea, search, email, tel, password, number, date, checkbox, checks, radio, select, file or hidden.
	Kind     string
	Label    string
	Hint     string
	Error    string
	Value    string
	Values   []string // of checks
	Options  []Choice
	Required bool
	Max      int    // characters
	Auto     string // the autocomplete attribute
	Accept   string // of files: media types or endings
	Limit    int64  // of files: bytes
	// Keep is the key under which the browser keeps what is being written; "" keeps nothing.
	Keep string
}

// Wire is the name the field is sent under: that of a secret is marked, so that it is never carried along or shown again.
func (f *Field) Wire() string {
	if f.Kind == "password" {
		return secretMark + f.Name
	}
	return f.Name
}

// Selected reports whether a value is chosen.
func (f *Field) Selected(value string) bool {
	return f.Value == value || slices.Contains(f.Values, value)
}

// Describedby lists the ids of what explains the field, for screen readers.
func (f *Field) Describedby() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, "f-"+f.Name+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, "f-"+f.Name+"-error")
	}
	return strings.Join(ids, " ")
}

// Form reads a form into a struct, or makes an empty one filled from it where none was sent. Fields of the struct say what they are:
//
//	Title string      `form:"title,required,max=300"`
//	Note  string      `form:"note,textarea"`
//	Due   time.Time   `form:"due"`
//	File  *web.Upload `form:"file,required,accept=.pdf"` // the last one
//
// Strings are text, bool a checkbox, int and int64 a number, [time.Time] a date, []string several boxes; a word in the tag names
// another kind. Text is kept as [i18n.Line] or [i18n.Paragraphs] makes it. A nil struct is a form of nothing but a button.
//
// Ask [Form.OK] before acting. The error, where there is one, is the handler's to return: a form that was sent before answers what it
// led to the first time.
func (r *Request) Form(key string, into any) (*Form, error) {
	f := &Form{Key: key, Action: r.URL.RequestURI(), ID: r.server.newID(16), Agency: r.Actor.Agency.Value, request: r}
	fields, err := f.describe(into)
	if err != nil {
		return nil, err
	}
	if r.Method != http.MethodPost {
		f.fill(fields)
		return f, nil
	}
	values, upload, err := r.read()
	if err != nil {
		return nil, err
	}
	r.kept = values.Get(fieldKept)
	f.Kept = r.kept
	refill := values.Get(fieldRefill) != ""
	f.sent = !refill
	for _, x := range fields {
		x.decode(values, upload, refill)
	}
	if refill {
		return f, nil
	}
	if values.Get(fieldAgency) != r.Actor.Agency.Value {
		return nil, fault.New(fault.Stale, ErrAgencyChanged, r.Actor.Agency.Name)
	}
	return f, r.claim(values.Get(fieldID))
}

// Next makes an empty form that is shown in the answer to the one that was sent: the next step of a way. It is posted to its own action
// and carries along what an earlier form holds.
func (r *Request) Next(key, action string, into any) (*Form, error) {
	f := &Form{Key: key, Action: localPath(action), ID: r.server.newID(16), Agency: r.Actor.Agency.Value, Kept: r.kept, request: r}
	fields, err := f.describe(into)
	f.fill(fields)
	return f, err
}

// OK reports whether the form was sent and nothing is wrong with it.
func (f *Form) OK() bool { return f.sent && !f.Wrong() }

// Fresh reports whether the form was sent by this very request: its errors then get the focus.
func (f *Form) Fresh() bool { return f.sent }

// Wrong reports whether something is.
func (f *Form) Wrong() bool {
	return f.Problem != "" || slices.ContainsFunc(f.Fields, func(x *Field) bool { return x.Error != "" })
}

// Field returns a field by its name. An unknown name is a mistake of the page, and panics.
func (f *Form) Field(name string) *Field {
	for _, x := range f.Fields {
		if x.Name == name {
			return x
		}
	}
	panic("web: no field " + name + " in " + f.Key)
}

// Options gives a field its choices, and refuses what is none of them. A text becomes a list to choose from.
func (f *Form) Options(name string, choices []Choice) {
	x := f.Field(name)
	x.Options = choices
	if x.Kind == "text" {
		x.Kind = "select"
	}
	chosen := x.Values
	if x.Value != "" {
		chosen = append(slices.Clone(chosen), x.Value)
	}
	for _, v := range chosen {
		if f.sent && x.Error == "" && !slices.ContainsFunc(choices, func(c Choice) bool { return c.Value == v }) {
			f.blame(fault.Field{Name: name, Kind: fault.ErrChoice})
		}
	}
}

// Blame shows a failure in the form and reports whether it belongs there: what the sender can put right. All other failures are the
// handler's to return.
func (f *Form) Blame(err error) bool {
	e := fault.Of(err)
	if e == nil {
		return false
	}
	switch e.Class {
	case fault.Invalid, fault.Stale, fault.Conflict, fault.TooLarge, fault.Unsupported, fault.TooMany:
	default:
		return false
	}
	for _, x := range e.Fields {
		f.blame(x)
	}
	if len(e.Fields) == 0 {
		v := f.request.server.failure(f.request, e)
		f.Problem = v.What + " " + v.Next
	}
	return true
}

func (f *Form) blame(x fault.Field) {
	text := f.request.server.fieldText(f.request.Lang, x)
	for _, field := range f.Fields {
		if field.Name == x.Name {
			field.Error = text
			return
		}
	}
	f.Problem = text
}

// bound is a field with the place in the struct that it fills.
type bound struct {
	*Field
	form *Form
	to   reflect.Value
}

var errForm = errors.New("web: not a form")

func (f *Form) describe(into any) ([]bound, error) {
	if into == nil {
		return nil, nil
	}
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("%w: %T", errForm, into)
	}
	v = v.Elem()
	var list []bound
	for i := range v.NumField() {
		tag, ok := v.Type().Field(i).Tag.Lookup("form")
		if !ok {
			continue
		}
		if f.Files {
			return nil, fmt.Errorf("%w: the file is not %T's last field", errForm, into)
		}
		b := bound{Field: &Field{}, form: f, to: v.Field(i)}
		if err := b.read(tag); err != nil {
			return nil, fmt.Errorf("%w: %T: %s", errForm, into, err.Error())
		}
		r := f.request
		b.Label = r.Say(T(f.Key + "." + b.Name))
		if hint := f.Key + "." + b.Name + ".hint"; r.server.config.Texts.Has(hint) {
			b.Hint = r.Say(T(hint))
		}
		if b.Kind == "file" {
			f.Files, b.Limit = true, r.server.config.UploadLimit
		}
		if b.Kind == "textarea" || b.Kind == "text" {
			b.Keep = shortHash(r.Actor.ID, r.URL.Path, b.Name)
		}
		list, f.Fields = append(list, b), append(f.Fields, b.Field)
	}
	return list, nil
}

func (b bound) read(tag string) error {
	words := strings.Split(tag, ",")
	b.Name = words[0]
	switch b.to.Interface().(type) {
	case string:
		b.Kind = "text"
	case bool:
		b.Kind = "checkbox"
	case int, int64:
		b.Kind = "number"
	case time.Time:
		b.Kind = "date"
	case []string:
		b.Kind = "checks"
	case *Upload:
		b.Kind = "file"
	default:
		return fmt.Errorf("%s: no field shows a %s", b.Name, b.to.Type()) //nolint:err113 // a programmer reads it
	}
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "required":
			b.Required = true
		case "max":
			n, err := strconv.Atoi(value)
			if err != nil {
				return err
			}
			b.Max = n
		case "auto":
			b.Auto = value
		case "accept":
			b.Accept = strings.ReplaceAll(value, " ", ",")
		case "text", "textarea", "search", "email", "tel", "password", "radio", "select", "hidden":
			b.Kind = name
		default:
			return fmt.Errorf("%s: %q is no word of a form", b.Name, w) //nolint:err113 // a programmer reads it
		}
	}
	if b.Max == 0 {
		b.Max = map[string]int{"textarea": 20_000, "checks": 200}[b.Kind]
		or(&b.Max, 200)
	}
	return nil
}

func (f *Form) fill(fields []bound) {
	for _, b := range fields {
		switch v := b.to.Interface().(type) {
		case string:
			b.Value = v
		case bool:
			if v {
				b.Value = "1"
			}
		case int, int64:
			if !b.to.IsZero() {
				b.Value = fmt.Sprint(v)
			}
		case time.Time:
			if !v.IsZero() {
				b.Value = i18n.Date(v)
			}
		case []string:
			b.Values = v
		}
		if b.Kind == "password" {
			b.Value = ""
		}
	}
}

func (b bound) wrong(kind codes.Code, args ...fault.Arg) {
	if b.Error == "" {
		b.form.blame(fault.Field{Name: b.Name, Kind: kind, Args: args})
	}
}

// decode takes a field from what was sent. What cannot be read is shown again as it was written.
func (b bound) decode(values url.Values, upload *Upload, quietly bool) {
	raw := values.Get(b.Wire())
	given := strings.TrimSpace(raw) != ""
	switch b.to.Interface().(type) {
	case string:
		switch b.Kind {
		case "textarea":
			raw = i18n.Paragraphs(raw)
		case "password": // every character counts
		default:
			raw = i18n.Line(raw)
		}
		if b.Kind != "password" {
			b.Value = raw
		}
		b.to.SetString(raw)
	case bool:
		b.to.SetBool(raw != "")
		b.Value = raw
	case int, int64:
		b.Value = i18n.Line(raw)
		n, err := strconv.ParseInt(strings.ReplaceAll(b.Value, ".", ""), 10, 64)
		if given && !quietly && (err != nil || b.to.OverflowInt(n)) {
			b.wrong(fault.ErrNumber)
		} else {
			b.to.SetInt(n)
		}
	case time.Time:
		b.Value = i18n.Line(raw)
		d, err := i18n.ParseDate(b.Value)
		if given && err != nil && !quietly {
			b.wrong(fault.ErrDate)
		} else if err == nil {
			b.to.Set(reflect.ValueOf(d))
		}
	case []string:
		all := values[b.Wire()]
		if len(all) > b.Max {
			all = all[:b.Max]
		}
		for i := range all {
			all[i] = i18n.Line(all[i])
		}
		b.Values, given = all, len(all) > 0
		b.to.Set(reflect.ValueOf(all))
	case *Upload:
		if upload != nil && upload.field == b.Name {
			b.to.Set(reflect.ValueOf(upload))
			given = true
		} else {
			given = false
		}
	}
	if quietly {
		return
	}
	if b.Required && !given {
		b.wrong(map[bool]codes.Code{true: fault.ErrFile, false: fault.ErrRequired}[b.Kind == "file"])
	}
	if n := utf8.RuneCountInString(raw); b.Kind != "file" && n > b.Max {
		b.wrong(fault.ErrLong, fault.Arg{Name: "max", Value: strconv.Itoa(b.Max)}, fault.Arg{Name: "n", Value: strconv.Itoa(n)})
	}
}

const maxParts = 1000 // values of one form

// read returns what was sent: everything up to the first file, and that file to be read.
func (r *Request) read() (url.Values, *Upload, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		if err := r.ParseForm(); err != nil {
			return nil, nil, unreadable(err)
		}
		return r.PostForm, nil, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, nil, unreadable(err)
	}
	values, room := url.Values{}, r.server.config.BodyLimit
	for range maxParts {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return values, nil, nil
		}
		if err != nil {
			return nil, nil, unreadable(err)
		}
		if p.FileName() != "" {
			u, err := newUpload(p)
			return values, u, err
		}
		b, err := io.ReadAll(io.LimitReader(p, room+1))
		if err != nil {
			return nil, nil, unreadable(err)
		}
		if room -= int64(len(b)); room < 0 {
			return nil, nil, tooLarge(r.server.config.BodyLimit)
		}
		_, said, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
		if err != nil {
			return nil, nil, unreadable(err)
		}
		if _, file := said["filename"]; file {
			continue // a file field that was left empty
		}
		values.Add(p.FormName(), string(b))
	}
	return nil, nil, unreadable(errForm)
}

func unreadable(err error) error {
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(large.Limit)
	}
	return fault.New(fault.Invalid, ErrUnreadable, "").Because(err)
}

// replay is a form that was sent before: not a failure, and it ends the handler like one.
type replay struct{ first Result }

func (*replay) Error() string { return "web: sent before" }

// Multipart reads multipart/form-data for a call: its values, and the first file, to be read while the handler runs. What stands behind the file
// is not looked at.
func (r *Request) Multipart() (url.Values, *Upload, error) { return r.read() }

// Once claims an id that the sender of a call chose, as [Request.Form] does a form's: who sends it a second time waits for the first, and
// the command then tells that it was done.
func (r *Request) Once(id string) error { return r.claim(id) }

// claim takes the form's id. Who comes second waits for the first: browsers give up the first request when a button is pressed twice.
func (r *Request) claim(id string) error {
	if len(id) < 16 || len(id) > 64 {
		return fault.New(fault.Invalid, ErrFormID, "")
	}
	key := shortHash(r.Actor.ID, r.URL.Path, id)
	end := time.NewTimer(r.server.waiting)
	defer end.Stop()
	for {
		first, taken, err := r.server.config.Once.Claim(r.Context(), key)
		switch {
		case err != nil:
			return err
		case !taken:
			r.claimed = key
			return nil
		case first.Location != "":
			return &replay{first}
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-end.C:
			return fault.New(fault.Conflict, ErrStillRunning, "")
		case <-r.Context().Done():
			return fault.New(fault.Unavailable, ErrGone, "").Because(r.Context().Err())
		}
	}
}

// abandon gives a claimed form back when its handler broke. What it had committed by then is told by the store, to the next sending.
func (r *Request) abandon() {
	if r.claimed == "" {
		return
	}
	if err := r.server.config.Once.Release(context.WithoutCancel(r.Context()), r.claimed); err != nil {
		r.server.config.Log.Error("a form is not released", "request", r.ID, "error", err)
	}
}

// settle ends what [Request.Form] began: a redirect is the form's result, everything else leaves it to be sent again.
func (r *Request) settle(a Answer, err error) (Answer, error) {
	if again, ok := errors.AsType[*replay](err); ok {
		return SeeOther(again.first.Location).Say(again.first.Said), nil
	}
	if before, ok := errors.AsType[interface {
		error
		TakenBefore()
	}](err); ok { // it was done by another node, or by one that stopped before it could answer
		r.server.config.Log.Info("done before", "request", r.ID, "error", before.Error())
		a, err = SeeOther(r.back()).Say(T("web.done_before")), nil
	}
	if r.claimed == "" {
		return a, err
	}
	ctx, once := context.WithoutCancel(r.Context()), r.server.config.Once
	to, done := a.(*Redirect)
	if done = done && err == nil && to.cookie == ""; done { // a session's secret is kept nowhere: who signs in twice is let in twice
		if e := once.Keep(ctx, r.claimed, Result{to.to, to.said}); e != nil {
			r.server.config.Log.Error("a form's result is not kept", "request", r.ID, "error", e)
		}
	} else if e := once.Release(ctx, r.claimed); e != nil {
		r.server.config.Log.Error("a form is not released", "request", r.ID, "error", e)
	}
	return a, err
}

func shortHash(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h[:16])
}
