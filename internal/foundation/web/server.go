package web

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
)

// Server answers requests by the routes of its modules. It never changes once made.
type Server struct {
	config   Config
	mux      *http.ServeMux
	routes   []Route
	items    []Item
	panels   []Panel
	assets   map[string]asset  // by path
	assetOf  map[string]string // path by "module/name"
	pages    map[i18n.Lang]map[string]*template.Template
	origins  *http.CrossOriginProtection
	secure   bool
	watchers chan struct{}
	waiting  time.Duration // how long a form that is sent twice waits for the first
	random   sync.Mutex
}

// New makes a server of its modules; its own pages come with it. It refuses templates that do not parse and patterns that clash.
func New(c Config, modules ...Module) (s *Server, err error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	s = &Server{
		config: c, mux: http.NewServeMux(), secure: c.Public.Scheme == "https", watchers: make(chan struct{}, c.Watchers),
		origins: http.NewCrossOriginProtection(), waiting: 20 * time.Second,
	}
	if err := s.origins.AddTrustedOrigin(c.Public.Scheme + "://" + c.Public.Host); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	modules = append([]Module{own(s)}, modules...)
	if err := s.readAssets(modules); err != nil {
		return nil, err
	}
	if err := s.readPages(modules); err != nil {
		return nil, err
	}
	defer func() { // ServeMux panics where two patterns clash
		if p := recover(); p != nil {
			s, err = nil, fmt.Errorf("web: %v", p)
		}
	}()
	for _, m := range modules {
		for _, r := range m.Routes {
			s.routes = append(s.routes, r)
			s.mux.Handle(r.Pattern, s.serve(m.Name, r))
		}
		s.items, s.panels = append(s.items, m.Navigation...), append(s.panels, m.Panels...)
	}
	slices.SortStableFunc(s.items, func(a, b Item) int { return a.Order - b.Order })
	slices.SortStableFunc(s.panels, func(a, b Panel) int { return a.Order - b.Order })
	s.mux.HandleFunc("GET /tai-nguyen/{name}", s.sendAsset)
	// Browsers ask for it where they show what is no page of ours: a list of revoked certificates, the API's description.
	s.mux.Handle("GET /favicon.ico", http.RedirectHandler(s.assetOf["web/antin.svg"], http.StatusFound))
	s.mux.Handle("/", s.serve("web", Route{Pattern: "/", Anyone: true, Handler: func(r *Request) (Answer, error) {
		return nil, fault.New(fault.NotFound, ErrNoPage, r.URL.Path)
	}}))
	return s, nil
}

// Routes returns every route, for the suites that hold each to its permission.
func (s *Server) Routes() []Route { return slices.Clone(s.routes) }

// Serve answers on a listener until ctx ends, then lets what runs finish for up to 20 seconds.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	base, cut := context.WithCancel(context.WithValue(context.WithoutCancel(ctx), stopKey{}, ctx.Done()))
	defer cut()
	h := &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: pageTime, WriteTimeout: 2 * pageTime, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: headerLimit, BaseContext: func(net.Listener) context.Context { return base },
		ErrorLog: slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		rest, end := context.WithTimeout(base, 20*time.Second)
		defer end()
		stopped <- h.Shutdown(rest)
	}()
	if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("web: serving: %w", err)
	}
	return <-stopped
}

// ServeHTTP answers one request: everything that holds for all of them stands here.
func (s *Server) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	began := s.config.Clock.Now()
	out := &response{ResponseWriter: w}
	r := &Request{Request: hr, server: s, out: out, ID: s.newID(10), Client: s.client(hr), Lang: i18n.Vietnamese}
	r.Request = hr.WithContext(context.WithValue(hr.Context(), requestKey{}, r))
	s.headers(out.Header(), r)
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler { //nolint:errorlint,err113 // it is compared as net/http does
				panic(p)
			}
			r.abandon()
			s.config.Log.Error("panic", "request", r.ID, "pattern", r.Pattern, "panic", p, "stack", string(debug.Stack()))
			if out.status == 0 {
				s.fail(r, fault.New(fault.Internal, "internal", ""))
			}
		}
		s.access(r, s.config.Clock.Now().Sub(began))
	}()
	if c, err := hr.Cookie(s.cookieName("lang")); err == nil && i18n.Lang(c.Value) == i18n.English {
		r.Lang = i18n.English
	}
	if err := s.origins.Check(hr); err != nil {
		s.fail(r, fault.New(fault.Denied, ErrCrossOrigin, "").Because(err))
		return
	}
	s.mux.ServeHTTP(out, r.Request)
}

type (
	requestKey struct{} // the Request of an http.Request
	stopKey    struct{} // closed when the server stops: who follows progress is let go, and comes back to another node
)

// requestOf is our request behind one that the mux hands on.
func requestOf(hr *http.Request) *Request {
	r, ok := hr.Context().Value(requestKey{}).(*Request)
	if !ok {
		panic("web: a request that did not come through ServeHTTP")
	}
	r.Request = hr // the mux has added the pattern and its values
	return r
}

// serve is the way from a route to its handler and back.
func (s *Server) serve(module string, route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		r := requestOf(hr)
		r.module, r.route = module, route
		limit := s.config.BodyLimit
		if route.Upload {
			limit = s.config.UploadLimit
		}
		conn := http.NewResponseController(w)
		// The connection's deadlines are the machine's time, whatever the house's clock says.
		hr.Body = http.MaxBytesReader(r.out.ResponseWriter, &patient{ReadCloser: hr.Body, conn: conn, began: time.Now()}, limit)
		if err := s.identify(r); err != nil {
			s.fail(r, err)
			return
		}
		if !route.Anyone && !r.Actor.SignedIn() {
			s.fail(r, fault.New(fault.Unauthenticated, ErrSignIn, ""))
			return
		}
		answer, err := route.Handler(r)
		answer, err = r.settle(answer, err)
		if err == nil && answer != nil {
			err = answer.send(s, r)
		}
		if err != nil {
			s.fail(r, err)
		}
	})
}

func (s *Server) identify(r *Request) error {
	if c, err := r.Cookie(s.cookieName("session")); err == nil && c.Value != "" && len(c.Value) <= 256 {
		a, err := s.config.Sessions.Actor(r.Context(), c.Value)
		if err != nil {
			return err
		}
		r.Actor, r.session = a, c.Value
	}
	if r.Actor.SignedIn() {
		r.out.Header().Set("Cache-Control", "no-store")
	}
	return nil
}

// policy of contents: there is nothing inline in our pages, so that it needs no exception.
const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'"

// headers go out with every answer.
func (s *Server) headers(h http.Header, r *Request) {
	h.Set("X-Request-ID", r.ID)
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "geolocation=(), microphone=(), payment=()")
	h.Set("Cache-Control", "no-cache, private")
	if s.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// access writes the line of the log: no query, no cookie, no body, and of the path only what is not a person's.
func (s *Server) access(r *Request, took time.Duration) {
	path := r.Pattern
	if path == "" || path == "/" {
		path = r.Method + " " + shorten(r.URL.Path, 200)
	}
	if s.config.Observe != nil {
		route := r.Pattern
		if route == "" || route == "/" {
			route = "none"
		}
		s.config.Observe(route, r.out.status, took)
	}
	s.config.Log.Info("request", "request", r.ID, "route", path, "status", r.out.status, "bytes", r.out.bytes, "ms", took.Milliseconds(),
		"client", r.Client.String(), "actor", r.Actor.ID)
}

// client is the address that sent the request: the connection's, or, where that is a named proxy's, the last one in
// X-Forwarded-For that is none. What stands left of it anybody may have written.
func (s *Server) client(hr *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(hr.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := ap.Addr().Unmap()
	hops := strings.Split(strings.Join(hr.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.isProxy(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr
}

func (s *Server) isProxy(a netip.Addr) bool {
	return slices.ContainsFunc(s.config.Proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// newID returns n random bytes as text.
func (s *Server) newID(n int) string {
	b := make([]byte, n)
	s.random.Lock()
	defer s.random.Unlock()
	if _, err := io.ReadFull(s.config.Random, b); err != nil {
		panic("web: no random bytes: " + err.Error()) // recovered as an internal failure
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// patient reads a body for as long as it keeps coming, at 4 kB a second or more: an upload over a slow line takes longer than any
// page, and who sends a byte a minute is let go.
type patient struct {
	io.ReadCloser
	conn  *http.ResponseController
	began time.Time
	n     int64
}

func (p *patient) Read(b []byte) (int, error) {
	end := p.began.Add(pageTime + time.Duration(p.n>>12)*time.Second)
	for _, set := range []func(time.Time) error{p.conn.SetReadDeadline, p.conn.SetWriteDeadline} {
		if err := set(end); err != nil && !errors.Is(err, http.ErrNotSupported) { // a test's connection has none
			return 0, err
		}
		end = end.Add(pageTime)
	}
	n, err := p.ReadCloser.Read(b)
	p.n += int64(n)
	return n, err
}

func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
