package web

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/config"
	"github.com/antinvn/antin/internal/foundation/i18n"
)

// Config is what a server is made of. A zero field means what its comment says.
type Config struct {
	// Public is the address people type, scheme and host: https, or http on this machine only. Needed.
	Public *url.URL
	// Proxies are the machines whose X-Forwarded-For is believed: none.
	Proxies []netip.Prefix
	// BodyLimit is how many bytes a request may send: 1 MB. UploadLimit is the same for routes that take files: 100 MB.
	BodyLimit, UploadLimit int64
	// SignIn is the page that asks who is there: "/dang-nhap"; SignOut is where its opposite is posted: "/dang-xuat".
	SignIn, SignOut string
	// Watchers is how many may follow progress at once, each on an open connection: 500.
	Watchers int

	Texts    *i18n.Catalogue // needed
	Sessions Sessions        // nobody is signed in
	Once     Once            // a [Memory] of 10,000 forms
	Clock    clock.Clock     // the machine's
	Random   io.Reader       // crypto/rand
	Log      *slog.Logger    // slog's default
	// Observe is told of each answer, for figures; nil tells nobody. The route is a pattern, so that there are few of them.
	Observe func(route string, status int, took time.Duration)
}

// Module is what a module brings to the pages. Its texts go into the catalogue on their own.
type Module struct {
	// Name is the module's folder under internal: "records/document". Files of Pages and Assets are found by it.
	Name string
	// Routes are its pages, forms and calls.
	Routes []Route
	// Navigation is what it adds to the menu; Panels what it adds to the first page.
	Navigation []Item
	Panels     []Panel
	// Pages holds its *.html, in a folder "pages"; Assets its scripts, in a folder "assets". Either may be nil.
	Pages, Assets fs.FS
}

// Route is a method, a path and what answers.
type Route struct {
	// Pattern is [http.ServeMux]'s: "GET /van-ban/{id}". A path under /api/ answers problems instead of pages.
	Pattern string
	Handler Handler
	// Anyone opens it to visitors who are not signed in; all others are asked to sign in first.
	Anyone bool
	// Upload lets it take files, up to [Config.UploadLimit].
	Upload bool
}

// Handler answers a request. What it returns as an error becomes a page or a problem (package fault).
type Handler func(*Request) (Answer, error)

// Item is a place in the menu.
type Item struct {
	Text  Text
	Href  string
	Order int // small numbers first
	// Shown tells who sees it; nil means everybody who is signed in.
	Shown func(Actor) bool
}

// Panel is what a module shows on the first page: what waits for this reader, a few lines of it.
type Panel struct {
	Order int // small numbers first
	// Show returns nil where this reader has no use for it.
	Show func(*Request) (*PanelView, error)
}

// PanelView is a panel as it is drawn. With no rows it shows what Empty says.
type PanelView struct {
	Title Text
	Rows  []PanelRow
	More  *Link // leads to all of them
	Empty Empty
}

// PanelRow is a line of a panel.
type PanelRow struct {
	Text  Text
	Note  Text
	Href  string
	Badge *Badge
}

// Actor is who sends a request, as far as pages need to know. The zero Actor is a visitor.
type Actor struct {
	// ID tells one person from another: not shown.
	ID   string
	Name string
	// Agency is the one that the person acts for now; Agencies are all that can be chosen.
	Agency   Choice
	Agencies []Choice
	// Identity is what the rooms above know the person by.
	Identity any
}

// SignedIn reports whether somebody is there.
func (a Actor) SignedIn() bool { return a.ID != "" }

// Choice is one of several: a value that is sent and a name that is shown.
type Choice struct{ Value, Name string }

// Sessions knows who a session's secret belongs to; auth fills it.
type Sessions interface {
	// Actor returns the zero Actor where the session is unknown, over or revoked.
	Actor(ctx context.Context, secret string) (Actor, error)
	// Choose makes another of the actor's agencies the acting one.
	Choose(ctx context.Context, secret, agency string) error
}

// Once keeps the first result of each form, so that sending it twice answers what it led to the first time. That the work itself is done
// once is held by the store, in the command's own transaction: where a claim's holder died after that, the next sending learns of it there.
type Once interface {
	// Claim takes a key. Where it was taken before, taken is true and first is the result, empty while the first is still at it.
	Claim(ctx context.Context, key string) (first Result, taken bool, err error)
	// Keep stores the first result of a claimed key.
	Keep(ctx context.Context, key string, first Result) error
	// Release gives a claimed key back: nothing was done.
	Release(ctx context.Context, key string) error
}

// Result is what a form led to: where the browser was sent, and what it was told.
type Result struct {
	Location string
	Said     Text
}

var (
	errNoAddress = errors.New("web: no public address")
	errPlain     = errors.New("web: the public address must be https, except on this machine")
	errNoTexts   = errors.New("web: no catalogue")
)

const (
	bodyLimit   = 1 << 20
	uploadLimit = 100 << 20
	headerLimit = 32 << 10
	pageTime    = 60 * time.Second // for one request's handler and answer; a slow line gets more as it reads
)

func (c *Config) complete() error {
	switch {
	case c.Public == nil || c.Public.Host == "":
		return errNoAddress
	case c.Public.Scheme != "https" && (c.Public.Scheme != "http" || !config.Local(c.Public.Hostname())):
		return errPlain
	case c.Texts == nil:
		return errNoTexts
	}
	or(&c.BodyLimit, bodyLimit)
	or(&c.UploadLimit, uploadLimit)
	or(&c.Watchers, 500)
	or(&c.SignIn, "/dang-nhap")
	or(&c.SignOut, "/dang-xuat")
	if c.Sessions == nil {
		c.Sessions = nobody{}
	}
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	if c.Once == nil {
		c.Once = NewMemory(c.Clock, 10_000)
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return nil
}

func or[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

type nobody struct{}

func (nobody) Actor(context.Context, string) (Actor, error) { return Actor{}, nil }
func (nobody) Choose(context.Context, string, string) error { return nil }
