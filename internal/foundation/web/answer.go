package web

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/i18n"
)

// Answer is what a handler answers: a [Page], a [Redirect], a [Download], [Bytes], [JSON], or [Watch].
type Answer interface {
	send(*Server, *Request) error
}

// Redirect sends the browser on by 303, so that going back never sends a form again.
type Redirect struct {
	to     string
	said   Text
	cookie string
}

// SeeOther is the answer to a form that did its work. Where leads to a path on this server.
func SeeOther(where string) *Redirect { return &Redirect{to: localPath(where)} }

// Say shows a text on the next page, once.
func (a *Redirect) Say(t Text) *Redirect {
	a.said = t
	return a
}

func (a *Redirect) send(_ *Server, r *Request) error {
	if !a.said.IsZero() {
		r.setFlash(a.said)
	}
	if a.cookie != "" {
		r.setCookie("session", a.cookie, 0)
	}
	h := r.out.Header()
	h.Set("Location", a.to)
	h.Set("Cache-Control", "no-store")
	r.out.WriteHeader(http.StatusSeeOther)
	return nil
}

const flashLimit = 1000

// setFlash leaves a text for the next page. It names a text of the catalogue, so that a forged one can say nothing new.
func (r *Request) setFlash(t Text) {
	pairs := make([]string, len(t.Values))
	for i, v := range t.Values {
		pairs[i] = Text{Key: "web.flash_value", Values: []any{"v", v}}.in(r.server.config.Texts, r.Lang)
	}
	b, err := json.Marshal(append([]string{t.Key}, pairs...))
	if err != nil || t.Key == "" {
		return
	}
	if v := base64.RawURLEncoding.EncodeToString(b); len(v) <= flashLimit {
		r.setCookie("flash", v, 60)
	}
}

// takeFlash returns what was left for this page, and takes it away.
func (r *Request) takeFlash() Text {
	c, err := r.Cookie(r.server.cookieName("flash"))
	if err != nil || len(c.Value) > flashLimit {
		return Text{}
	}
	r.setCookie("flash", "", -1)
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	var parts []string
	if err != nil || json.Unmarshal(b, &parts) != nil || len(parts) == 0 || !r.server.config.Texts.Has(parts[0]) {
		return Text{}
	}
	t := Text{Key: parts[0]}
	for _, p := range parts[1:] {
		t.Values = append(t.Values, p)
	}
	return t
}

// Download sends bytes to be saved, never to be shown in our origin.
type Download struct {
	// Name is the file's name as its owner wrote it: shown, never a path.
	Name string
	// Type is its media type; Size its length, -1 where that is not known.
	Type string
	Size int64
	// Content is closed where it is an [io.Closer].
	Content io.Reader
	// Inline lets a browser show it: page images and the like, of types that cannot run.
	Inline bool
	// Tag names this very content. With one, a browser may keep it for its reader and asks each time whether it may still show it
	// ([Request.Keeps], [Unchanged]).
	Tag string
}

// private is for what a browser may keep for one reader, and show after asking (RFC 9111, 5.2.2.4, 5.2.2.7).
const private = "private, no-cache"

// Unchanged answers that the browser has the content that this tag names, and may show it.
type Unchanged struct{ Tag string }

func (a *Unchanged) send(_ *Server, r *Request) error { //nolint:unparam // it is an Answer
	r.out.Header().Set("ETag", `"`+a.Tag+`"`)
	r.out.Header().Set("Cache-Control", private)
	r.out.WriteHeader(http.StatusNotModified)
	return nil
}

// Keeps reports whether the browser says that it has the content that a tag names (RFC 9110, 13.1.2).
func (r *Request) Keeps(tag string) bool {
	for t := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if strings.TrimPrefix(strings.TrimSpace(t), "W/") == `"`+tag+`"` {
			return true
		}
	}
	return false
}

var inlineTypes = map[string]bool{"image/png": true, "image/jpeg": true, "application/pdf": true, "text/plain; charset=utf-8": true}

func (a *Download) send(_ *Server, r *Request) error {
	if c, ok := a.Content.(io.Closer); ok {
		defer c.Close()
	}
	h := r.out.Header()
	h.Set("Content-Type", a.Type)
	how := "attachment"
	if a.Inline && inlineTypes[a.Type] {
		how = "inline"
	}
	h.Set("Content-Disposition", mime.FormatMediaType(how, map[string]string{"filename": FileName(a.Name)}))
	h.Set("Cache-Control", "no-store")
	if a.Tag != "" {
		h.Set("Cache-Control", private)
		h.Set("ETag", `"`+a.Tag+`"`)
		h.Set("Vary", "Cookie")
	}
	if a.Size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(a.Size, 10))
	}
	buffer := make([]byte, 64<<10)
	for {
		n, err := a.Content.Read(buffer)
		if n > 0 {
			if _, err := r.out.slowly(buffer[:n]); err != nil {
				return nil // the reader went away
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil && r.out.status == 0:
			h.Del("Content-Disposition")
			h.Del("Content-Length")
			h.Del("ETag")
			return err
		case err != nil: // half of it is out: break the connection, so that it cannot be taken for the whole
			panic(http.ErrAbortHandler)
		}
	}
}

// FileName is a user's file name as it may be shown: one line, NFC, no path, at most 150 characters with its ending kept.
func FileName(s string) string {
	s = i18n.Line(strings.Map(func(c rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, c) {
			return '_'
		}
		return c
	}, s[strings.LastIndexAny(s, `/\`)+1:]))
	s = strings.TrimLeft(s, ". ")
	if c := []rune(s); len(c) > 150 {
		end := ""
		if i := strings.LastIndexByte(s, '.'); i >= 0 && len(s)-i <= 10 {
			end = s[i:]
		}
		s = string(c[:150-len([]rune(end))]) + end
	}
	return s
}

// JSON answers a value of the API.
type JSON struct {
	Value  any
	Status int // 200
}

func (a *JSON) send(s *Server, r *Request) error {
	b, err := json.Marshal(a.Value)
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	or(&a.Status, http.StatusOK)
	s.write(r, a.Status, "application/json", b)
	return nil
}

// Bytes answers a program with what a protocol asks for: a certificate, a list, a time-stamp. Browsers save it.
type Bytes struct {
	Type string // the media type
	Body []byte
}

func (a *Bytes) send(s *Server, r *Request) error { //nolint:unparam // it is an Answer
	s.write(r, http.StatusOK, a.Type, a.Body)
	return nil
}

// write sends a whole answer, small enough to be had at once, packed where that pays. Nothing secret that a stranger could guess at by
// lengths (BREACH) stands beside what a stranger can send: forms carry fresh random ids, and no cookie is ever shown.
func (s *Server) write(r *Request, status int, kind string, body []byte) {
	h := r.out.Header()
	h.Set("Content-Type", kind)
	h.Add("Vary", "Accept-Encoding, Cookie")
	if len(body) > 1000 && acceptsGzip(r.Request) {
		body = pack(body, 5)
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	r.out.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = r.out.Write(body) //nolint:errcheck // the reader went away; the log has the count
	}
}

func acceptsGzip(r *http.Request) bool {
	for e := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(e), ";")
		if name == "gzip" && strings.TrimSpace(q) != "q=0" {
			return true
		}
	}
	return false
}

func pack(b []byte, level int) []byte {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, level)
	if err == nil {
		if _, err = z.Write(b); err == nil {
			err = z.Close()
		}
	}
	if err != nil {
		panic("web: " + err.Error()) // a buffer takes everything
	}
	return out.Bytes()
}

// response notes what went out.
type response struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// slowly writes a part of an answer that goes on: the line has a page's time for each part.
func (w *response) slowly(b []byte) (int, error) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(pageTime)) //nolint:errcheck // a test's connection has none; a deadline is the machine's time
	return w.Write(b)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }
