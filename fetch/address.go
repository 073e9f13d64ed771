package fetch

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/antinvn/antin/codes"
)

// visit is one request with its redirects: what a client may reach depends on where it was sent.
type visit struct {
	*Client
	host string // that was asked for, after rewriting
}

// address applies the rewriting rules and refuses what may not be asked.
func (v *visit) address(ctx context.Context, raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		if said, ok := errors.AsType[*url.Error](err); ok {
			err = said.Err // without the address, which may hold a password
		}
		return nil, codes.Wrap(ErrAddress, "reading the address", shown(raw), err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, codes.New(ErrAddress, "reading the address", shown(raw), "only http and https are asked")
	}
	v.rewrite(u)
	if v.host == "" {
		v.host = name(u.Hostname())
	}
	if v.Transport != nil && !v.allowed(u) {
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
		if err != nil {
			return nil, codes.Wrap(ErrNetwork, "resolving", u.Hostname(), err)
		}
		for _, ip := range ips {
			if !public(ip) {
				return nil, refused(shown(raw), ip)
			}
		}
	}
	return u, nil
}

func (v *visit) rewrite(u *url.URL) {
	for from, to := range v.Rewrite {
		if name(from) == name(u.Host) {
			u.Host = to
			return
		}
	}
	for from, to := range v.Rewrite {
		if name(from) != name(u.Hostname()) {
			continue
		}
		if port := u.Port(); port != "" && (&url.URL{Host: to}).Port() == "" {
			to = net.JoinHostPort(strings.Trim(to, "[]"), port)
		}
		u.Host = to
		return
	}
}

// name is a host as hosts are compared: letters of either case, with or without the root's dot (RFC 4343, RFC 1034, 3.1).
func name(host string) string {
	host = strings.ToLower(host)
	if h, port, err := net.SplitHostPort(host); err == nil {
		return net.JoinHostPort(strings.TrimSuffix(h, "."), port)
	}
	return strings.TrimSuffix(strings.Trim(host, "[]"), ".")
}

// shown is an address without its password, for errors, traces and logs.
func shown(raw string) string {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err == nil {
		return u.Redacted()
	}
	return raw[strings.LastIndexByte(raw, '@')+1:]
}

func refused(address string, ip netip.Addr) error {
	return codes.New(ErrAddress, "asking", address, "it leads to the local or private address "+ip.String()+"; the operator may allow the host")
}

// allowed says that the operator named the host: as the address of a trusted client, which speaks for no other host that a
// redirect leads to, or in AllowHosts.
func (v *visit) allowed(u *url.URL) bool {
	host, port := name(u.Hostname()), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return v.Trusted && host == v.host || slices.ContainsFunc(v.AllowHosts, func(a string) bool {
		return name(a) == host || name(a) == net.JoinHostPort(host, port)
	})
}

// shared are the connections of every Client without a Transport of its own: one pool for allowed addresses, one that
// refuses private ones when it connects, so that a name that changes its mind after the check gains nothing.
var (
	openTransport    = newTransport(nil)
	carefulTransport = newTransport(func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil || !public(ap.Addr()) {
			return refused(address, ap.Addr())
		}
		return nil
	})
)

// maxHeader bounds the header of an answer.
const maxHeader = 64 << 10

func newTransport(control func(string, string, syscall.RawConn) error) *http.Transport {
	d := &net.Dialer{Timeout: 10 * time.Second, Control: control}
	return &http.Transport{
		DialContext: d.DialContext, MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: maxHeader,
	}
}

func (v *visit) httpClient() *http.Client {
	return &http.Client{
		Transport: chooser{v},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return codes.New(ErrAddress, "following", req.URL.Redacted(), "more than three redirects")
			}
			u, err := v.address(req.Context(), req.URL.String())
			if err != nil {
				return err
			}
			req.URL = u
			return nil
		},
	}
}

// chooser sends each request, redirects included, through the transport that its host may use.
type chooser struct{ v *visit }

func (t chooser) RoundTrip(req *http.Request) (*http.Response, error) {
	switch {
	case t.v.Transport != nil:
		return t.v.Transport.RoundTrip(req)
	case t.v.allowed(req.URL):
		return openTransport.RoundTrip(req)
	default:
		return carefulTransport.RoundTrip(req)
	}
}

// special are the ranges of IANA's special-purpose address registries (RFC 6890) that netip has no word for. The last ones carry
// an IPv4 address inside, which may be any.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("100.64.0.0/10"),   // carrier-grade, RFC 6598
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved
	netip.MustParsePrefix("100::/64"),        // discarded
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("3fff::/20"),       // documentation
	netip.MustParsePrefix("fec0::/10"),       // site-local, RFC 3879
	netip.MustParsePrefix("::/96"),           // IPv4-compatible, RFC 4291
	netip.MustParsePrefix("64:ff9b::/96"),    // translated, RFC 6052
	netip.MustParsePrefix("64:ff9b:1::/48"),  // translated within a network, RFC 8215
	netip.MustParsePrefix("2001::/32"),       // Teredo, RFC 4380
	netip.MustParsePrefix("2002::/16"),       // 6to4, RFC 3056
}

func public(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	return ip.IsValid() && ip.IsGlobalUnicast() && !ip.IsPrivate() && !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(ip) })
}
