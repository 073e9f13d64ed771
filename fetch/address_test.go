package fetch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/antinvn/antin/fetch"
)

// No connection is made to any of these: the refusal comes before it.
func TestOnlyPublicAddressesAreAsked(t *testing.T) {
	for _, host := range []string{
		"127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
		"100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
		"[::]", "[::1]", "[fe80::1]", "[fe80::1%25lo]", "[fec0::1]", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]", "[100::1]", "[2001:db8::1]", "[3fff::1]",
		"[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:a00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::a00:1]",
		"[2001:0:7f00:1::1]", "[2002:7f00:1::1]",
		"2130706433", "0x7f000001", "0177.0.0.1", "127.1", // loopback for resolvers that read numbers; ours finds no such host
	} {
		_, err := (&fetch.Client{Timeout: 2 * time.Second}).Do(t.Context(), fetch.Request{URL: "http://" + host + ":1/"})
		if number := !strings.HasPrefix(host, "[") && net.ParseIP(host) == nil; number && errors.Is(err, fetch.ErrNetwork) {
			continue
		}
		if !errors.Is(err, fetch.ErrAddress) {
			t.Errorf("%s: %v", host, err)
		}
	}
	for _, address := range []string{"ftp://127.0.0.1/", "gopher://127.0.0.1/", "HTTPX://a/", "//127.0.0.1/", "127.0.0.1", "", "http://a b/", "javascript:x", "data:,x"} {
		if _, err := (&fetch.Client{Trusted: true}).Do(t.Context(), fetch.Request{URL: address}); !errors.Is(err, fetch.ErrAddress) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestThreeRedirectsAreFollowed(t *testing.T) {
	for n, want := range map[int]error{0: nil, 1: nil, 3: nil, 4: fetch.ErrAddress, 5: fetch.ErrAddress} {
		var asked atomic.Int64
		address, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
			if k := int(asked.Add(1)); k <= n {
				http.Redirect(w, r, fmt.Sprint("/", k), http.StatusFound)
				return
			}
			hello(w, r)
		})
		r, err := (&fetch.Client{Trusted: true}).Do(t.Context(), fetch.Request{URL: address})
		if !errors.Is(err, want) || want == nil && string(r.Body) != "hello" || asked.Load() > 4 {
			t.Errorf("%d redirects: %v, asked %d times", n, err, asked.Load())
		}
	}
}

// What the operator said of one host, he said of no other.
func TestATrustedAddressDoesNotVouchForARedirect(t *testing.T) {
	inside, host := server(t, hello)
	byName := strings.Replace(inside, "127.0.0.1", "localhost", 1)
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		for _, to := range []string{byName, "file:///etc/passwd", "http://[::ffff:127.0.0.1]:1/"} {
			trusted, _ := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, status) })
			if _, err := (&fetch.Client{Trusted: true}).Do(t.Context(), fetch.Request{URL: trusted, Body: []byte("q")}); !errors.Is(err, fetch.ErrAddress) {
				t.Errorf("%d to %s: %v", status, to, err)
			}
		}
		trusted, _ := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, byName, status) })
		c := &fetch.Client{Trusted: true, AllowHosts: []string{"localhost" + host[strings.LastIndexByte(host, ':'):]}}
		if r, err := c.Do(t.Context(), fetch.Request{URL: trusted}); err != nil || string(r.Body) != "hello" {
			t.Errorf("%d to an allowed host: %v", status, err)
		}
	}
}

func TestARedirectIsRewrittenToo(t *testing.T) {
	_, inside := server(t, hello)
	_, host := server(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://crl.gov.example/list", http.StatusFound)
	})
	c := &fetch.Client{AllowHosts: []string{host, inside}, Rewrite: map[string]string{"crl.gov.example": inside}}
	if r, err := c.Do(t.Context(), fetch.Request{URL: "http://" + host}); err != nil || string(r.Body) != "hello" {
		t.Error(err)
	}
}

func TestHostsAreComparedAsNames(t *testing.T) {
	_, host := server(t, hello)
	at, port, err := net.SplitHostPort(host)
	if err != nil {
		t.Fatal(err)
	}
	for rule, address := range map[string]string{
		"OCSP.Gov.Example":     "http://ocsp.gov.example/",
		"ocsp.gov.example":     "HTTP://OCSP.GOV.EXAMPLE./x",
		"ocsp.gov.example:80":  "http://Ocsp.gov.example:80/",
		"ocsp.gov.example.":    "http://ocsp.gov.example:" + port + "/",
		"ocsp2.gov.example:81": "http://ocsp2.gov.example:81/",
	} {
		to := host
		if strings.Contains(address, port) {
			to = at // the port stays
		}
		c := &fetch.Client{AllowHosts: []string{host}, Rewrite: map[string]string{rule: to}}
		if r, err := c.Do(t.Context(), fetch.Request{URL: address}); err != nil || string(r.Body) != "hello" {
			t.Errorf("%s for %s: %v", rule, address, err)
		}
	}
	c := &fetch.Client{AllowHosts: []string{host}, Rewrite: map[string]string{"ocsp.gov.example:81": host}}
	if _, err := c.Do(t.Context(), fetch.Request{URL: "http://ocsp.gov.example.invalid:82/"}); err == nil {
		t.Error("a rule for one port is taken for another host")
	}
}

// nameServer answers every question for an IPv4 address with the next of answers, the last again and again.
func nameServer(t *testing.T, answers ...[4]byte) *atomic.Int64 {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	go func() {
		b := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			end := 12 + bytes.IndexByte(b[12:n], 0) + 5
			reply := append([]byte{b[0], b[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, b[12:end]...)
			if b[end-3] == 1 { // A
				k := min(int(asked.Add(1)), len(answers)) - 1
				reply[7] = 1
				reply = append(append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4), answers[k][:]...)
			}
			if _, err := conn.WriteTo(reply, from); err != nil {
				return
			}
		}
	}()
	system := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	t.Cleanup(func() { net.DefaultResolver = system; conn.Close() })
	return &asked
}

// DNS rebinding: what counts is the address that is connected to, not one that was looked up for a check before.
func TestANameThatChangesItsMindGainsNothing(t *testing.T) {
	var reached atomic.Bool
	_, host := server(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	port := host[strings.LastIndexByte(host, ':'):]
	asked := nameServer(t, [4]byte{127, 0, 0, 1})
	_, err := (&fetch.Client{}).Do(t.Context(), fetch.Request{URL: "http://rebinding.example" + port})
	if !errors.Is(err, fetch.ErrAddress) || reached.Load() {
		t.Errorf("a name that leads inside: %v", err)
	}
	if asked.Load() != 1 {
		t.Errorf("the name was looked up %d times: between two looks it can change", asked.Load())
	}
	// The public answer comes first, for the check; the second would be for the connection.
	nameServer(t, [4]byte{9, 9, 9, 9}, [4]byte{127, 0, 0, 1})
	redirect, from := server(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://rebinding.example"+port, http.StatusFound)
	})
	if _, err := net.DefaultResolver.LookupHost(t.Context(), "rebinding.example"); err != nil {
		t.Fatal(err)
	}
	if _, err := (&fetch.Client{AllowHosts: []string{from}}).Do(t.Context(), fetch.Request{URL: redirect}); !errors.Is(err, fetch.ErrAddress) || reached.Load() {
		t.Errorf("after a redirect: %v", err)
	}
	// Connections that an allowed request left open are not for others.
	c := &fetch.Client{AllowHosts: []string{"rebinding.example"}}
	if _, err := c.Do(t.Context(), fetch.Request{URL: "http://rebinding.example" + port}); err != nil || !reached.Swap(false) {
		t.Fatalf("an allowed name: %v", err)
	}
	if _, err := (&fetch.Client{}).Do(t.Context(), fetch.Request{URL: "http://rebinding.example" + port}); !errors.Is(err, fetch.ErrAddress) || reached.Load() {
		t.Errorf("over an open connection: %v", err)
	}
}

// A client with the caller's own transport looks names up beforehand.
func TestATransportOfTheCallersIsAskedOnlyForPublicNames(t *testing.T) {
	used := 0
	c := &fetch.Client{Transport: carrier(func(*http.Request) (*http.Response, error) {
		used++
		return httptest.NewRecorder().Result(), nil
	})}
	nameServer(t, [4]byte{9, 9, 9, 9}, [4]byte{10, 0, 0, 1})
	if _, err := c.Do(t.Context(), fetch.Request{URL: "http://public.example"}); err != nil || used != 1 {
		t.Errorf("a public name: %v", err)
	}
	if _, err := c.Do(t.Context(), fetch.Request{URL: "http://private.example"}); !errors.Is(err, fetch.ErrAddress) || used != 1 {
		t.Errorf("a private name: %v", err)
	}
}

type carrier func(*http.Request) (*http.Response, error)

func (c carrier) RoundTrip(r *http.Request) (*http.Response, error) { return c(r) }

func TestNoPasswordIsTold(t *testing.T) {
	address, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ten" || password != "matkhau" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.Path {
		case "/busy":
			w.WriteHeader(http.StatusTooManyRequests)
		case "/large":
			_, _ = w.Write(make([]byte, 100))
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/cut":
			w.Header().Set("Content-Length", "100")
		case "/ok":
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	secret := strings.Replace(address, "://", "://ten:matkhau@", 1)
	for _, a := range []string{
		secret + "/ok", secret + "/busy", secret + "/large", secret + "/loop", secret + "/cut", secret + "/none", "http://ten:matkhau@127.0.0.1:1/",
		"http://ten:matkhau@[::1:bad/", "ftp://ten:matkhau@host/", "http://ten:matkhau@10.0.0.1:bad/",
	} {
		for _, trusted := range []bool{true, false} {
			var log bytes.Buffer
			var call fetch.Call
			c := &fetch.Client{
				Trusted: trusted, MaxBytes: 10, Trace: &fetch.Trace{Done: func(c fetch.Call) { call = c }},
				Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			}
			_, err := c.Do(t.Context(), fetch.Request{URL: a})
			if (err == nil) != (trusted && strings.HasSuffix(a, "/ok")) {
				t.Errorf("%s: %v", a, err)
			}
			told := fmt.Sprintf("%v %+v %s", err, call, log.String())
			if strings.Contains(told, "matkhau") {
				t.Errorf("the password is told: %s", told)
			}
			if log.Len() == 0 || call.Address == "" {
				t.Errorf("%s: the logger got %q, the trace %q", a, log.String(), call.Address)
			}
		}
	}
}

func TestAHeaderIsBounded(t *testing.T) {
	address, _ := server(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Large", strings.Repeat("x", 1<<20)) })
	if _, err := (&fetch.Client{Trusted: true}).Do(t.Context(), fetch.Request{URL: address}); !errors.Is(err, fetch.ErrNetwork) {
		t.Errorf("a header of a megabyte: %v", err)
	}
}

// A compressed answer is bounded by what becomes of it.
func TestACompressedAnswerIsBounded(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(make([]byte, 5<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	address, _ := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	})
	if packed.Len() > 1<<16 {
		t.Fatal("it is not small")
	}
	if _, err := (&fetch.Client{Trusted: true, MaxBytes: 1 << 20}).Do(t.Context(), fetch.Request{URL: address}); !errors.Is(err, fetch.ErrTooLarge) {
		t.Error(err)
	}
}
