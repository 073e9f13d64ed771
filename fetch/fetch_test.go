package fetch_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/fetch"
)

func server(t *testing.T, h http.HandlerFunc) (address, host string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return s.URL, u.Host
}

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }

func TestAddresses(t *testing.T) {
	address, host := server(t, hello)
	port := host[strings.LastIndexByte(host, ':'):]
	for _, tt := range []struct {
		name   string
		client fetch.Client
		url    string
		want   error
	}{
		{"loopback", fetch.Client{}, address, fetch.ErrAddress},
		{"loopback by name", fetch.Client{}, "http://localhost" + port, fetch.ErrAddress},
		{"loopback in IPv6", fetch.Client{}, "http://[::1]" + port, fetch.ErrAddress},
		{"loopback mapped into IPv6", fetch.Client{}, "http://[::ffff:127.0.0.1]" + port, fetch.ErrAddress},
		{"unspecified", fetch.Client{}, "http://0.0.0.0" + port, fetch.ErrAddress},
		{"private", fetch.Client{}, "http://10.0.0.1/", fetch.ErrAddress},
		{"link-local", fetch.Client{}, "http://169.254.169.254/", fetch.ErrAddress},
		{"carrier-grade", fetch.Client{}, "http://100.64.0.1/", fetch.ErrAddress},
		{"file", fetch.Client{Trusted: true}, "file:///etc/passwd", fetch.ErrAddress},
		{"ldap", fetch.Client{Trusted: true}, "ldap://127.0.0.1/", fetch.ErrAddress},
		{"no host", fetch.Client{Trusted: true}, "http:///x", fetch.ErrAddress},
		{"another host allowed", fetch.Client{AllowHosts: []string{"10.9.9.9"}}, address, fetch.ErrAddress},
		{"another port allowed", fetch.Client{AllowHosts: []string{"127.0.0.1:1"}}, address, fetch.ErrAddress},
		{"host allowed", fetch.Client{AllowHosts: []string{"127.0.0.1"}}, address, nil},
		{"host and port allowed", fetch.Client{AllowHosts: []string{host}}, address, nil},
		{"trusted", fetch.Client{Trusted: true}, address, nil},
		{"rewritten to an allowed host", fetch.Client{AllowHosts: []string{host}, Rewrite: map[string]string{"ocsp.example.test": host}}, "http://ocsp.example.test/", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := tt.client.Do(t.Context(), fetch.Request{URL: tt.url})
			if !errors.Is(err, tt.want) || tt.want == nil && string(r.Body) != "hello" {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestARedirectIsCheckedLikeAnAddress(t *testing.T) {
	inside, _ := server(t, hello)
	_, host := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside, http.StatusFound) })
	c := &fetch.Client{AllowHosts: []string{host}}
	if _, err := c.Do(t.Context(), fetch.Request{URL: "http://" + host}); !errors.Is(err, fetch.ErrAddress) {
		t.Errorf("a redirect led inside: %v", err)
	}
	loop, _ := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) })
	if _, err := (&fetch.Client{Trusted: true}).Do(t.Context(), fetch.Request{URL: loop}); !errors.Is(err, fetch.ErrAddress) {
		t.Errorf("endless redirects: %v", err)
	}
}

func TestAnswers(t *testing.T) {
	trusted := &fetch.Client{Trusted: true, Timeout: 100 * time.Millisecond, MaxBytes: 10}
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		want    error
	}{
		{"too large", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 11)) }, fetch.ErrTooLarge},
		{"404", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, fetch.ErrStatus},
		{"429", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		}, fetch.ErrBusy},
		{"slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, fetch.ErrTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address, _ := server(t, tt.handler)
			var told fetch.Call
			c := *trusted
			c.Trace = &fetch.Trace{Done: func(call fetch.Call) { told = call }}
			_, err := c.Do(t.Context(), fetch.Request{Kind: "ocsp", URL: address})
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if told.Kind != "ocsp" || told.Err == nil {
				t.Errorf("the trace was told %+v", told)
			}
			var busy *fetch.BusyError
			if errors.As(err, &busy) && busy.RetryAfter != 7*time.Second {
				t.Errorf("retry after %s", busy.RetryAfter)
			}
		})
	}
}

// Before the answer and within it. The best of some attempts counts: the machine has other work.
func TestCancelledWithinATenthOfASecond(t *testing.T) {
	silent, _ := server(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	half, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("half"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	for _, address := range []string{silent, half} {
		best := time.Hour
		for n := 0; n < 10 && best > 100*time.Millisecond; n++ {
			ctx, cancel := context.WithCancel(t.Context())
			var at time.Time
			time.AfterFunc(20*time.Millisecond, func() { at = time.Now(); cancel() })
			_, err := (&fetch.Client{Trusted: true}).Do(ctx, fetch.Request{URL: address})
			best = min(best, time.Since(at))
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		if best > 100*time.Millisecond {
			t.Errorf("it took %s", best)
		}
	}
}
