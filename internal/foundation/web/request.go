package web

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/antinvn/antin/internal/foundation/i18n"
)

// Request is a request with what the house knows of it.
type Request struct {
	*http.Request
	// ID names the request in the answer, the log, the events and the error page.
	ID string
	// Actor is who sends it; Lang is what they read.
	Actor Actor
	Lang  i18n.Lang
	// Client is the address it comes from, as far as the named proxies can be believed.
	Client netip.Addr

	server  *Server
	out     *response
	module  string
	route   Route
	session string
	claimed string // the key of a form that this request is the first to send
	kept    string // what an earlier form holds while its sender signs in again
}

// Say returns a text in the reader's language.
func (r *Request) Say(t Text) string { return t.in(r.server.config.Texts, r.Lang) }

// Session is the secret of the session, "" where there is none.
func (r *Request) Session() string { return r.session }

// SessionCookie is the name of the cookie that carries it.
func (r *Request) SessionCookie() string { return r.server.cookieName("session") }

// Claimed is the key under which [Once] holds the form that this request sent first, "" where there is none. A command that must not
// happen twice even if the machine stops between its commit and the answer stores its result under it in its own transaction.
func (r *Request) Claimed() string { return r.claimed }

// Text is what a reader is told: a key of the catalogue with its values, or words that are data (a name, a title).
type Text struct {
	Key   string
	Plain string
	// Values are pairs of name and value, as [i18n.Catalogue.Text] takes them.
	Values []any
}

// T is the text of a key, with pairs of name and value.
func T(key string, pairs ...any) Text { return Text{Key: key, Values: pairs} }

// Plain is a text that is data, the same in every language.
func Plain(s string) Text { return Text{Plain: s} }

// IsZero reports whether there is nothing to say.
func (t Text) IsZero() bool { return t.Key == "" && t.Plain == "" }

func (t Text) in(c *i18n.Catalogue, l i18n.Lang) string {
	if t.Key == "" {
		return t.Plain
	}
	pairs := make([]any, len(t.Values))
	for i, v := range t.Values {
		if inner, ok := v.(Text); ok {
			v = inner.in(c, l)
		}
		pairs[i] = v
	}
	return c.Text(l, t.Key, pairs...)
}

// cookieName is a cookie's name under the prefix that binds it to this host and to TLS (RFC 6265bis, 4.1.3.2). Browsers refuse the
// prefix over plain http, which [Config] allows on this machine only.
func (s *Server) cookieName(name string) string {
	if s.secure {
		return "__Host-antin-" + name
	}
	return "antin-" + name
}

// setCookie sets a cookie for seconds; 0 ends with the browser, a negative number takes it away.
func (r *Request) setCookie(name, value string, seconds int) {
	http.SetCookie(r.out, &http.Cookie{ //nolint:gosec // Secure is off under http://localhost alone, where Config allows it
		Name: r.server.cookieName(name), Value: value, Path: "/", MaxAge: seconds,
		Secure: r.server.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// EndSession takes the session's cookie away, and what the browser kept of texts that were being written; the session itself is its
// keeper's to end.
func (r *Request) EndSession() {
	r.setCookie("session", "", -1)
	r.out.Header().Set("Clear-Site-Data", `"storage"`)
}

// localPath returns a path on this server, "/" for all that is none: an address in a request must not lead elsewhere.
func localPath(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n\t") || len(s) > 2000 {
		return "/"
	}
	return s
}

// back is the page the reader came from, where that is one of ours.
func (r *Request) back() string {
	u, err := url.Parse(r.Referer())
	if err != nil || u.Host != r.Host || u.Path == r.URL.Path {
		return "/"
	}
	return localPath(u.RequestURI())
}

func (r *Request) isAPI() bool { return strings.HasPrefix(r.URL.Path, "/api/") }
