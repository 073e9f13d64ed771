package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
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
	call := Call{Kind: r.Kind, Address: shown(r.URL), Start: start, Duration: time.Since(start), Err: err}
	if resp != nil {
		call.Bytes = int64(len(resp.Body))
	}
	c.Trace.Report(call)
	if c.Logger != nil {
		c.Logger.DebugContext(ctx, "fetch", "kind", r.Kind, "address", call.Address, "took", call.Duration, "bytes", call.Bytes, "error", err)
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
	v := &visit{Client: c}
	address, err := v.address(ctx, r.URL)
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
		return nil, codes.Wrap(ErrAddress, "reading the address", shown(r.URL), err)
	}
	if r.ContentType != "" {
		req.Header.Set("Content-Type", r.ContentType)
	}
	if r.Accept != "" {
		req.Header.Set("Accept", r.Accept)
	}
	req.Header.Set("User-Agent", "antin")
	resp, err := v.httpClient().Do(req)
	if err != nil {
		return nil, failure(shown(r.URL), err)
	}
	defer resp.Body.Close()
	return c.read(resp, r)
}

func (c *Client) read(resp *http.Response, r Request) (*Response, error) {
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return nil, &BusyError{Address: shown(r.URL), Status: resp.Status, RetryAfter: retryAfter(resp.Header.Get("Retry-After"))}
	default:
		return nil, codes.New(ErrStatus, "asking", shown(r.URL), "the answer was "+resp.Status)
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
		return nil, failure(shown(r.URL), err)
	}
	if int64(len(body)) > limit {
		return nil, codes.New(ErrTooLarge, "reading the answer of", shown(r.URL), "more than "+strconv.FormatInt(limit, 10)+" bytes")
	}
	return &Response{Address: shown(r.URL), Body: body, ContentType: resp.Header.Get("Content-Type"), Header: resp.Header}, nil
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
