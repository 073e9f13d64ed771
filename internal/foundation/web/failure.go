package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
)

func tooLarge(limit int64) *fault.Error {
	return fault.New(fault.TooLarge, ErrTooLarge, "").With("limit", Size(limit))
}

// Size is a number of bytes in words, rounded up: "100 MB".
func Size(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d kB", (n+1023)>>10)
	}
	return fmt.Sprintf("%d MB", (n+1<<20-1)>>20)
}

// Failure is a fault as a reader sees it.
type Failure struct {
	Status     int
	Code       string
	What, Next string
	Request    string
	Back       string
	Kept       string // the form that was sent, where a session ended under it
	SignIn     string
}

// fail answers a failure: a page with what happened, what to do next, the code and the request's id, or a problem under /api/.
// A visitor is sent to sign in; what they had written goes with them.
func (s *Server) fail(r *Request, err error) {
	f := fault.Of(err)
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		f = tooLarge(large.Limit)
	}
	v := s.failure(r, f)
	s.note(r, v.Status, f)
	if r.out.status != 0 { // half an answer is out already
		return
	}
	if f.Class == fault.TooMany || f.Class == fault.Unavailable {
		r.out.Header().Set("Retry-After", "60")
	}
	r.out.Header().Set("Cache-Control", "no-store")
	if r.isAPI() {
		s.problem(r, v, f)
		return
	}
	page := &Page{Title: T("web.failure"), Status: v.Status, Body: "failure.html", Data: v}
	if f.Class == fault.Unauthenticated && !r.Actor.SignedIn() {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			_ = SeeOther(s.config.SignIn+"?ve="+url.QueryEscape(r.URL.RequestURI())).send(s, r) //nolint:errcheck // it has none
			return
		}
		v.Kept = r.keep()
		page.Title, page.Body, page.Data = T("web.session_over"), "session-over.html", v
	}
	r.module = "web"
	if err := page.send(s, r); err != nil {
		s.config.Log.Error("failure page", "request", r.ID, "error", err)
		http.Error(r.out, v.What+" "+v.Next+" ("+v.Code+", "+r.ID+")", v.Status)
	}
}

func (s *Server) note(r *Request, status int, f *fault.Error) {
	if status >= http.StatusInternalServerError {
		s.config.Log.Error("failure", "request", r.ID, "pattern", r.Pattern, "code", string(f.Kind), "error", f.Error())
	} else {
		s.config.Log.Info("refused", "request", r.ID, "code", string(f.Kind), "error", f.Error())
	}
}

// Note writes a failure to the log that a page tells of and goes on without.
func (r *Request) Note(err error) {
	if f := fault.Of(err); f != nil {
		r.server.note(r, f.Class.Status(), f)
	}
}

// Failure is an error as this reader is told of it: for pages where one of several things failed.
func (r *Request) Failure(err error) Failure {
	f := fault.Of(err)
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		f = tooLarge(large.Limit)
	}
	return r.server.failure(r, f)
}

// failure finds a fault's texts. A code without one is an internal failure to its reader; the log has the rest.
func (s *Server) failure(r *Request, f *fault.Error) Failure {
	v := Failure{Status: f.Class.Status(), Code: string(f.Kind), Request: r.ID, Back: r.back(), SignIn: s.config.SignIn}
	v.What, v.Next = s.config.Texts.Fault(r.Lang, string(f.Kind), "what", f.Object, f.Args), s.config.Texts.Fault(r.Lang, string(f.Kind), "next", f.Object, f.Args)
	return v
}

// fieldText is what is wrong with a field, and what to do where that is not the same.
func (s *Server) fieldText(l i18n.Lang, f fault.Field) string {
	text := s.config.Texts.Fault(l, string(f.Kind), "what", "", f.Args)
	if s.config.Texts.Has("fault." + string(f.Kind) + ".next") {
		text += " " + s.config.Texts.Fault(l, string(f.Kind), "next", "", f.Args)
	}
	return text
}

// Problem is a failure of the API (RFC 9457, application/problem+json). Code and next are ours.
type Problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail"`
	Code   string         `json:"code"`
	ID     string         `json:"request_id"`
	Errors []ProblemField `json:"errors,omitempty"`
}

// ProblemField is what is wrong with one member of what was sent.
type ProblemField struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (s *Server) problem(r *Request, v Failure, f *fault.Error) {
	p := Problem{Type: s.config.Public.Scheme + "://" + s.config.Public.Host + "/ma-loi/" + v.Code, Title: v.What, Status: v.Status, Detail: v.Next, Code: v.Code, ID: r.ID}
	for _, x := range f.Fields {
		p.Errors = append(p.Errors, ProblemField{x.Name, string(x.Kind), s.fieldText(r.Lang, x)})
	}
	b, err := json.Marshal(p)
	if err != nil {
		panic("web: " + err.Error()) // strings and numbers
	}
	s.write(r, v.Status, "application/problem+json", b)
}
