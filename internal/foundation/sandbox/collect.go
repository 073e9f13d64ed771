package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/verify"
)

// collect gathers the facts of a document, in a child.
func collect(ctx context.Context, j *job, p *parent) ([]byte, error) {
	c := j.Collect
	o := &verify.CollectOptions{
		Offline: c.Offline, Previous: c.Previous, Password: j.Password, At: c.At, Now: c.Now,
		Fetch: &fetch.Client{Transport: through{p}, Trusted: true}, // which address may be asked is the parent's to say
	}
	if c.Trust != nil {
		var err error
		if o.Trust, err = trust.Unpack(c.Trust); err != nil {
			return nil, err
		}
	}
	f := &file{parent: p, number: 0}
	if c.Content && len(j.Sizes) > 1 {
		o.Content = io.NewSectionReader(&file{parent: p, number: 1}, 0, j.Sizes[1])
	}
	facts, err := verify.Collect(ctx, f, f.size(), o)
	if err != nil {
		return nil, err
	}
	return json.Marshal(facts)
}

// through lets the parent ask.
type through struct{ parent *parent }

// RoundTrip implements [http.RoundTripper].
func (t through) RoundTrip(r *http.Request) (*http.Response, error) {
	q := request{Method: r.Method, URL: r.URL.String(), ContentType: r.Header.Get("Content-Type"), Accept: r.Header.Get("Accept")}
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if q.Body, err = io.ReadAll(io.LimitReader(r.Body, maxAsked+1)); err != nil {
			return nil, err
		}
	}
	b, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	if b, err = t.parent.ask(frameFetch, b, frameFetched); err != nil {
		return nil, err
	}
	var a response
	if err := decode(b, &a); err != nil {
		return nil, err
	}
	if a.Error != nil {
		return nil, a.Error.err()
	}
	h := a.Header
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", a.ContentType)
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Header: h, Request: r,
		ContentLength: int64(len(a.Body)), Body: io.NopCloser(bytes.NewReader(a.Body)),
	}, nil
}
