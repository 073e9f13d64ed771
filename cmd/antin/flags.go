package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/tsp"
)

// The command's own codes; the engine's are in the engine's packages.
const (
	errUsage  codes.Code = "cmd.usage"
	errInput  codes.Code = "cmd.input"  // the input cannot be read
	errOutput codes.Code = "cmd.output" // the output cannot be written
	errListen codes.Code = "cmd.listen" // the port is in use, or may not be opened
)

// list is a flag that may be repeated.
type list []string

func (l *list) String() string     { return strings.Join(*l, ", ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// flagSet is a flag.FlagSet that takes options before, between and after the files.
type flagSet struct {
	*flag.FlagSet
	e        *env
	synopsis string
	format   string
	fail     func(format string, files []string, err error) int // reports what ends the command before a file was touched
}

func newFlags(e *env, name, synopsis string) *flagSet {
	f := &flagSet{FlagSet: flag.NewFlagSet("antin "+name, flag.ContinueOnError), e: e, synopsis: synopsis}
	f.fail = func(format string, _ []string, err error) int { return e.fail(format, err) }
	f.SetOutput(io.Discard) // a wrong command line is reported as every failure is
	f.StringVar(&f.format, "format", "text", f.e.say("flag.format"))
	return f
}

// parse returns the files; done says that the command ends here with that exit code (help, wrong usage).
func (f *flagSet) parse(args []string) (files []string, exit int, done bool) {
	all := args
	for {
		err := f.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			f.help()
			return nil, exitDone, true
		case err != nil:
			return nil, f.fail(wantedFormat(all), nil, wrongFlag(err)), true
		}
		if f.format != "text" && f.format != "json" {
			return nil, f.fail("text", nil, wrong("--format "+f.format, "usage.format")), true
		}
		rest := f.Args()
		read := len(args) - len(rest)
		if len(rest) == 0 || read > 0 && args[read-1] == "--" {
			return append(files, rest...), exitDone, false
		}
		files = append(files, rest[0])
		args = rest[1:]
	}
}

func (f *flagSet) help() {
	fmt.Fprintf(f.e.stdout, "%s %s\n", f.Name(), f.synopsis)
	f.VisitAll(func(g *flag.Flag) {
		value, text := flag.UnquoteUsage(g)
		fmt.Fprintf(f.e.stdout, "  %s\n      %s", strings.TrimSpace(dashed(g.Name)+" "+value), text)
		if g.DefValue != "" && g.DefValue != "0" && g.DefValue != "false" {
			fmt.Fprint(f.e.stdout, " ", f.e.say("help.default", "value", g.DefValue))
		}
		fmt.Fprintln(f.e.stdout)
	})
}

// wantedFormat finds --format in a command line that could not be read.
func wantedFormat(args []string) string {
	for i, a := range args {
		name, value, ok := strings.Cut(strings.TrimLeft(a, "-"), "=")
		if name != "format" {
			continue
		}
		if !ok && i+1 < len(args) {
			value = args[i+1]
		}
		return value
	}
	return "text"
}

// networkFlags are shared by every command that may ask a TSA, a responder or a list.
type networkFlags struct {
	tsa, trust, allow, rewrite list
	tsaOption                  string // that fills tsa; "" is --tsa
	verbose                    bool
}

func (n *networkFlags) register(f *flagSet, withTSA bool) {
	if withTSA {
		f.Var(&n.tsa, "tsa", f.e.say("flag.tsa"))
	}
	f.Var(&n.trust, "trust", f.e.say("flag.trust"))
	f.Var(&n.allow, "allow-host", f.e.say("flag.allow_host"))
	f.Var(&n.rewrite, "rewrite", f.e.say("flag.rewrite"))
	f.BoolVar(&n.verbose, "verbose", false, f.e.say("flag.verbose"))
	f.BoolVar(&n.verbose, "v", false, f.e.say("flag.v"))
}

func (n *networkFlags) client(e *env) (*fetch.Client, error) {
	c := &fetch.Client{AllowHosts: n.allow, Rewrite: map[string]string{}, Trace: n.trace(e)}
	for _, r := range n.rewrite {
		from, to, ok := strings.Cut(r, "=")
		if !ok || from == "" || to == "" {
			return nil, wrong("--rewrite "+r, "usage.rewrite")
		}
		c.Rewrite[from] = to
	}
	return c, nil
}

// trace prints every finished call with --verbose; nil is silent.
func (n *networkFlags) trace(e *env) *fetch.Trace {
	if !n.verbose {
		return nil
	}
	var mu sync.Mutex
	return &fetch.Trace{Done: func(c fetch.Call) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(e.stderr, "%s %s %d ms %d byte", c.Kind, c.Address, c.Duration.Milliseconds(), c.Bytes)
		if c.Err != nil {
			fmt.Fprintf(e.stderr, ": %v", c.Err)
		}
		fmt.Fprintln(e.stderr)
	}}
}

// network is what networkFlags stand for, opened.
type network struct {
	tsa    tsp.Source // nil if none was named
	status *revocation.Fetcher
	store  *trust.Store
	fetch  *fetch.Client
}

func (n *networkFlags) open(e *env) (*network, error) {
	c, err := n.client(e)
	if err != nil {
		return nil, err
	}
	out := &network{fetch: c, status: &revocation.Fetcher{Fetch: c, Clock: e.clock, Cache: revocation.NewMemoryCache(0)}}
	if len(n.tsa) > 0 {
		sources := make([]tsp.Source, len(n.tsa))
		for i, u := range n.tsa {
			if at, err := url.Parse(u); err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
				return nil, wrong(cmp.Or(n.tsaOption, "--tsa")+" "+u, "usage.address")
			}
			sources[i] = &tsp.Client{URL: u, Fetch: &fetch.Client{Trusted: true, Rewrite: c.Rewrite, Timeout: tsaTimeout, Trace: c.Trace}}
		}
		// Planned: one sample token tells the room that every file of a batch needs.
		out.tsa = pades.NewPlanner(tsp.NewPool(tsp.PoolOptions{Timeout: tsaTimeout, Clock: e.clock}, sources...))
	}
	if out.store, err = trust.Load(n.trust...); err != nil {
		return nil, err
	}
	e.warnOfTrust(out.store)
	return out, nil
}

// parseRect reads "x,y,w,h" in points from the lower left.
func parseRect(s string) (pdf.Rect, error) {
	parts := strings.Split(s, ",")
	var v [4]float64
	if len(parts) != len(v) {
		return pdf.Rect{}, wrong(s, "usage.rect")
	}
	for i, p := range parts {
		n, err := strconv.ParseFloat(strings.TrimSpace(p), 64)
		if err != nil || n < -100000 || n > 100000 {
			return pdf.Rect{}, wrong(s, "usage.rect_points")
		}
		v[i] = n
	}
	if v[2] <= 0 || v[3] <= 0 {
		return pdf.Rect{}, wrong(s, "usage.rect_empty")
	}
	return pdf.Rect{X0: v[0], Y0: v[1], X1: v[0] + v[2], Y1: v[1] + v[3]}, nil
}

// parseReservation reads NAME or NAME=PAGE:x,y,w,h.
func parseReservation(s string) (pades.Reservation, error) {
	name, place, ok := strings.Cut(s, "=")
	r := pades.Reservation{Name: name}
	if name == "" {
		return r, wrong(s, "usage.reservation")
	}
	if strings.ContainsRune(name, '.') { // ISO 32000-2, 12.7.4.2: it joins the parts of a full name
		return r, wrong(s, "usage.field_name")
	}
	if !ok {
		return r, nil
	}
	page, rect, ok := strings.Cut(place, ":")
	n, err := strconv.Atoi(page)
	if !ok || err != nil || n == 0 {
		return r, wrong(s, "usage.reservation_place")
	}
	box, err := parseRect(rect)
	if err != nil {
		return r, err
	}
	r.Place = &pades.Place{Page: n, Rect: box}
	return r, nil
}

func parseReservations(specs []string) ([]pades.Reservation, error) {
	out := make([]pades.Reservation, 0, len(specs))
	for _, s := range specs {
		r, err := parseReservation(s)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func parseFill(specs []string) (map[string]string, error) {
	out := map[string]string{}
	for _, s := range specs {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return nil, wrong("--fill "+s, "usage.fill")
		}
		if _, twice := out[name]; twice {
			return nil, wrong("--fill "+name, "usage.twice")
		}
		out[name] = value
	}
	return out, nil
}
