package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/antinvn/antin/codes"
)

// The defaults of [Client].
const (
	defaultMaxBytes = 10 << 20
	defaultTimeout  = 20 * time.Second
	maxRedirects    = 3
)

// Do sends one request and reads the whole answer. A 429 or 503 is a [*BusyError].
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	start := time.Now()
	resp, err := c.do(ctx, r)
	call := Call{Kind: r.Kind, Address: r.URL, Start: start, Duration: time.Since(start), Err: err}
	if resp != nil {
		call.Bytes = int64(len(resp.Body))
	}
	c.Trace.Report(call)
	if c.Logger != nil {
		c.Logger.DebugContext(ctx, "fetch", "kind", r.Kind, "address", r.URL, "took", call.Duration, "bytes", call.Bytes, "error", err)
	}
	return resp, err
}

func (c *Client) do(ctx context.Context, r Request) (*Response, error) {
	timeout := c.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	address, err := c.address(ctx, r.URL)
	if err != nil {
		return nil, err
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
		if r.Body != nil {
			method = http.MethodPost
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, address.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, codes.Wrap(ErrAddress, "reading the address", r.URL, err)
	}
	if r.ContentType != "" {
		req.Header.Set("Content-Type", r.ContentType)
	}
	if r.Accept != "" {
		req.Header.Set("Accept", r.Accept)
	}
	req.Header.Set("User-Agent", "antin")
	resp, err := c.httpClient().Do(req)
	if err != nil {
		return nil, failure(r.URL, err)
	}
	defer resp.Body.Close()
	return c.read(resp, r)
}

func (c *Client) read(resp *http.Response, r Request) (*Response, error) {
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return nil, &BusyError{Address: r.URL, Status: resp.Status, RetryAfter: retryAfter(resp.Header.Get("Retry-After"))}
	default:
		return nil, codes.New(ErrStatus, "asking", r.URL, "the answer was "+resp.Status)
	}
	limit := r.MaxBytes
	if limit == 0 {
		limit = c.MaxBytes
	}
	if limit == 0 {
		limit = defaultMaxBytes
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, failure(r.URL, err)
	}
	if int64(len(body)) > limit {
		return nil, codes.New(ErrTooLarge, "reading the answer of", r.URL, "more than "+strconv.FormatInt(limit, 10)+" bytes")
	}
	return &Response{Body: body, ContentType: resp.Header.Get("Content-Type"), Header: resp.Header}, nil
}

func retryAfter(v string) time.Duration {
	if n, err := strconv.Atoi(v); err == nil && n >= 0 && n < 1<<30 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, time.Until(t))
	}
	return 0
}

func failure(address string, err error) error {
	var coded *codes.Error
	switch {
	case errors.As(err, &coded):
		return coded
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return codes.Wrap(ErrTimeout, "asking", address, err)
	}
	return codes.Wrap(ErrNetwork, "asking", address, err)
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// address applies the rewriting rules and refuses what may not be asked.
func (c *Client) address(ctx context.Context, raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return nil, codes.Wrap(ErrAddress, "reading the address", raw, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, codes.New(ErrAddress, "reading the address", raw, "only http and https are asked")
	}
	if to, ok := c.Rewrite[u.Host]; ok {
		u.Host = to
	} else if to, ok := c.Rewrite[u.Hostname()]; ok {
		if port := u.Port(); port != "" && !strings.Contains(to, ":") {
			to = net.JoinHostPort(to, port)
		}
		u.Host = to
	}
	if c.Transport != nil && !c.allowed(u) {
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
		if err != nil {
			return nil, codes.Wrap(ErrNetwork, "resolving", u.Hostname(), err)
		}
		for _, ip := range ips {
			if !public(ip) {
				return nil, refused(raw, ip)
			}
		}
	}
	return u, nil
}

func refused(address string, ip netip.Addr) error {
	return codes.New(ErrAddress, "asking", address, "it leads to the local or private address "+ip.String()+"; the operator may allow the host")
}

func (c *Client) allowed(u *url.URL) bool {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return c.Trusted || slices.Contains(c.AllowHosts, u.Hostname()) || slices.Contains(c.AllowHosts, net.JoinHostPort(u.Hostname(), port))
}

// shared are the connections of every Client without a Transport of its own: one pool for trusted addresses, one that
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

func newTransport(control func(string, string, syscall.RawConn) error) *http.Transport {
	d := &net.Dialer{Timeout: 10 * time.Second, Control: control}
	return &http.Transport{DialContext: d.DialContext, MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true}
}

func (c *Client) httpClient() *http.Client {
	return &http.Client{
		Transport: chooser{c},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return codes.New(ErrAddress, "following", req.URL.String(), "more than three redirects")
			}
			u, err := c.address(req.Context(), req.URL.String())
			if err != nil {
				return err
			}
			req.URL = u
			return nil
		},
	}
}

// chooser sends each request, redirects included, through the transport that its host may use.
type chooser struct{ c *Client }

func (t chooser) RoundTrip(req *http.Request) (*http.Response, error) {
	switch {
	case t.c.Transport != nil:
		return t.c.Transport.RoundTrip(req)
	case t.c.allowed(req.URL):
		return openTransport.RoundTrip(req)
	default:
		return carefulTransport.RoundTrip(req)
	}
}

// shared6598 is the carrier-grade range of RFC 6598.
var shared6598 = netip.MustParsePrefix("100.64.0.0/10")

func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsValid() && ip.IsGlobalUnicast() && !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && !shared6598.Contains(ip) && ip != netip.IPv4Unspecified()
}
