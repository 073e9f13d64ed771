package tsp_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/tsp"
)

// liar is an authority whose answer may be spoiled before it goes out; its address holds a password.
func liar(t *testing.T, p *pkitest.PKI, spoil func(answer []byte) []byte) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		answer, err := p.TSA().Respond(r.Context(), query)
		if err != nil {
			t.Error(err)
		}
		w.Write(spoil(answer))
	}))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "://", "://ten:matkhau@", 1)
}

var imprint = sha256.Sum256([]byte("văn bản"))

func rsaAuthority(t testing.TB) *pkitest.PKI {
	t.Helper()
	p, err := pkitest.New(pkitest.Options{Algorithm: pkitest.RSA2048}) // its signatures have one length
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// resigned replaces bytes that are signed by others of the same length, and signs again.
func resigned(t *testing.T, p *pkitest.PKI, answer, old, other []byte) []byte {
	t.Helper()
	changed := bytes.ReplaceAll(answer, old, other)
	token, err := tsp.ParseResponse(changed)
	if err != nil || bytes.Equal(changed, answer) {
		t.Fatalf("nothing was replaced (%v)", err)
	}
	si := token.SignedData.Signers()[0]
	digest := sha256.Sum256(si.RawSignedAttributes())
	value, err := p.TSA().Key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Replace(changed, si.Signature(), value, 1)
}

// What an authority may answer, and what a client makes of it. The error names the address, without its password.
func TestWhatAClientAccepts(t *testing.T) {
	p := rsaAuthority(t)
	without := func(b []byte) []byte { // the same, answered to a request without certReq
		token, err := tsp.ParseResponse(b)
		if err != nil {
			t.Error(err)
			return nil
		}
		der, err := token.SignedData.WithoutCertificates().MarshalDER()
		if err != nil {
			t.Error(err)
		}
		return append([]byte{0x30, 0x82, byte((len(der) + 5) >> 8), byte(len(der) + 5), 0x30, 0x03, 0x02, 0x01, 0x00}, der...)
	}
	old, err := tsp.Request(crypto.SHA256, imprint[:], big.NewInt(1), nil)
	if err != nil {
		t.Fatal(err)
	}
	replayed, err := p.TSA().Respond(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	ess := []byte{0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f}
	noESS := append(bytes.Clone(ess[:12]), 0x7f)
	for _, tt := range []struct {
		name   string
		policy certpath.OID
		spoil  func([]byte) []byte
		want   error
	}{
		{"granted", nil, bytes.Clone, nil},
		{"granted with modifications", nil, func(b []byte) []byte { b[8] = 1; return b }, nil},
		{"the policy asked for", p.TSA().Policy, bytes.Clone, nil},
		{"nothing", nil, func([]byte) []byte { return nil }, tsp.ErrToken},
		{"a web page", nil, func([]byte) []byte { return []byte("<html>Xin chào</html>") }, tsp.ErrToken},
		{"granted without a token", nil, func([]byte) []byte { return []byte{0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00} }, tsp.ErrToken},
		{"without the certificate asked for", nil, without, tsp.ErrToken},
		{"without ESS", nil, func(b []byte) []byte { return resigned(t, p, b, ess, noESS) }, tsp.ErrToken},
		{"another answer, replayed", nil, func([]byte) []byte { return replayed }, tsp.ErrMismatch},
		{"a signature of nobody", nil, func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, tsp.ErrMismatch},
		{"a time that was changed", nil, func(b []byte) []byte { return bytes.Replace(b, []byte("\x18\x0f20"), []byte("\x18\x0f21"), 1) }, tsp.ErrMismatch},
		{"waiting", nil, func([]byte) []byte { return []byte{0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x03} }, tsp.ErrRejected},
		{"a megabyte", nil, func([]byte) []byte { return make([]byte, 2<<20) }, fetch.ErrTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &tsp.Client{URL: liar(t, p, tt.spoil), Policy: tt.policy}
			_, err := c.Timestamp(t.Context(), crypto.SHA256, imprint[:])
			if !errors.Is(err, tt.want) || tt.want != nil && codes.Of(err) != tt.want.Error() {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err != nil && (!strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), "matkhau")) {
				t.Errorf("the address: %v", err)
			}
		})
	}
}

func TestAnotherPolicyThanAskedForIsRefused(t *testing.T) {
	p := rsaAuthority(t)
	policy := []byte{0x06, 0x08, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x86, 0x8d, 0x1f}
	c := &tsp.Client{Policy: certpath.OID{1, 3, 6, 1, 4, 1, 99999, 2}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		answer, err := p.TSA().Respond(r.Context(), bytes.Replace(query, append(bytes.Clone(policy[2:]), 2), append(bytes.Clone(policy[2:]), 1), 1))
		if err != nil {
			t.Error(err)
		}
		w.Write(answer)
	}))
	defer s.Close()
	c.URL = s.URL
	if _, err := c.Timestamp(t.Context(), crypto.SHA256, imprint[:]); !errors.Is(err, tsp.ErrMismatch) || !strings.Contains(err.Error(), "policy") {
		t.Error(err)
	}
}

func TestAnAnswerCutShortAnywhereIsRefused(t *testing.T) {
	p := rsaAuthority(t)
	query, err := tsp.Request(crypto.SHA256, imprint[:], big.NewInt(1), nil)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := p.TSA().Respond(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := tsp.ParseResponse(whole[:n]); codes.Of(err) != string(tsp.ErrToken) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// The authority's words come from a stranger: they are told, in order, and move no terminal's cursor.
func TestTheAuthoritysWordsAreTold(t *testing.T) {
	words := "Hết hạn mức\x1b[2J\x07\r\n" + strings.Repeat("a", 1000)
	text := append([]byte{0x0c, 0x82, byte(len(words) >> 8), byte(len(words))}, words...)
	list := append([]byte{0x30, 0x82, byte(len(text) >> 8), byte(len(text))}, text...)
	status := append(append([]byte{0x02, 0x01, 0x02}, list...), 0x03, 0x05, 0x06, 0xa4, 0x00, 0x00, 0x40) // bits 0, 2, 5, 25
	body := append([]byte{0x30, 0x82, byte(len(status) >> 8), byte(len(status))}, status...)
	_, err := tsp.ParseResponse(append([]byte{0x30, 0x82, byte(len(body) >> 8), byte(len(body))}, body...))
	if !errors.Is(err, tsp.ErrRejected) {
		t.Fatal(err)
	}
	if said := err.Error(); !strings.Contains(said, "Hết hạn mức") || !strings.Contains(said, "badAlg, badRequest, badDataFormat, systemFailure") ||
		strings.ContainsAny(said, "\x1b\x07\r\n") || len(said) > 500 {
		t.Errorf("%q", said)
	}
}

// Every fault that a server can show costs a batch no more than one time-out, and no token of the bad one is taken.
func TestEveryFaultCostsABatchOneTimeOut(t *testing.T) {
	const timeout = 500 * time.Millisecond
	running := func() *pkitest.PKI {
		p := authority(t)
		if err := p.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for name, fault := range map[string]pkitest.Fault{
		"slow":          {Delay: 131 * time.Second},
		"429":           {Status: http.StatusTooManyRequests, Retry: "3600"},
		"503":           {Status: http.StatusServiceUnavailable},
		"500":           {Status: http.StatusInternalServerError},
		"wrong nonce":   {Nonce: true},
		"wrong imprint": {Imprint: true},
		"wrong EKU":     {Usage: true},
		"status 2":      {Reject: true},
		"clock off":     {ClockSkew: -2 * time.Hour},
		"clock ahead":   {ClockSkew: 2 * time.Hour},
		"truncated":     {Truncate: true},
		"a web page":    {Body: []byte("<html>")},
	} {
		t.Run(name, func(t *testing.T) {
			bad, good := running(), running()
			bad.Faults.Set("tsa", fault)
			pool := tsp.NewPool(tsp.PoolOptions{Timeout: timeout}, &tsp.Client{URL: bad.URL("tsa")}, &tsp.Client{URL: good.URL("tsa")})
			var longest atomic.Int64
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					for range 10 {
						start := time.Now()
						token, err := pool.Timestamp(t.Context(), crypto.SHA256, imprint[:])
						if err != nil {
							t.Error(err)
							return
						}
						if !token.Certificate(nil).Issuer.Equal(good.CA.Subject) || token.Certificate(nil).CheckSignatureFrom(good.CA) != nil {
							t.Error("a token of the bad one")
						}
						longest.Store(max(longest.Load(), int64(time.Since(start))))
					}
				})
			}
			group.Wait()
			if n := bad.Requests("tsa"); n < 1 || n > 4 { // once for each worker that had begun
				t.Errorf("the bad one was asked %d times", n)
			}
			if d := time.Duration(longest.Load()); name == "slow" && (d < timeout || d > 4*timeout) {
				t.Errorf("the longest wait was %v", d)
			}
		})
	}
}

func TestATraceIsToldOfEveryQuestion(t *testing.T) {
	p := authority(t)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var told []fetch.Call
	c := &tsp.Client{URL: p.URL("tsa"), Fetch: &fetch.Client{Trusted: true, Trace: &fetch.Trace{Done: func(c fetch.Call) { told = append(told, c) }}}}
	if _, err := c.Timestamp(t.Context(), crypto.SHA256, imprint[:]); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || told[0].Kind != "tsa" || told[0].Address != p.URL("tsa") || told[0].Bytes == 0 || told[0].Err != nil {
		t.Errorf("%+v", told)
	}
}

// rfc6979 is an ECDSA key without randomness: crypto/ecdsa then follows RFC 6979.
type rfc6979 struct{ crypto.Signer }

func (k rfc6979) Sign(_ io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return k.Signer.Sign(nil, digest, o)
}

// With a fixed clock, serial number and randomness the same request gives the same bytes, and a client the same request.
func TestTheSameRequestGivesTheSameBytes(t *testing.T) {
	p := authority(t)
	at := time.Now()
	r := p.TSA()
	r.Key, r.Clock = rfc6979{r.Key}, func() (time.Time, error) { return at, nil }
	r.Serial = func(context.Context) (*big.Int, error) { return big.NewInt(7), nil }
	var questions, answers [][]byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		query, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		answer, err := r.Respond(q.Context(), query)
		if err != nil {
			t.Error(err)
		}
		questions, answers = append(questions, query), append(answers, answer)
		w.Write(answer)
	}))
	defer s.Close()
	for range 2 {
		c := &tsp.Client{URL: s.URL, Rand: bytes.NewReader([]byte("12345678"))}
		if _, err := c.Timestamp(t.Context(), crypto.SHA256, imprint[:]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(questions[0], questions[1]) || !bytes.Equal(answers[0], answers[1]) {
		t.Error("the bytes differ")
	}
}

func TestATimestampIsCancelledWithinATenthOfASecond(t *testing.T) {
	p := authority(t)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Faults.Set("tsa", pkitest.Fault{Delay: time.Minute})
	client := &tsp.Client{URL: p.URL("tsa")}
	for _, source := range []tsp.Source{client, tsp.NewPool(tsp.PoolOptions{}, client)} {
		best := time.Hour // of some attempts: the machine has other work
		for n := 0; n < 10 && best > 100*time.Millisecond; n++ {
			ctx, cancel := context.WithCancel(t.Context())
			var at time.Time
			time.AfterFunc(20*time.Millisecond, func() { at = time.Now(); cancel() })
			_, err := source.Timestamp(ctx, crypto.SHA256, imprint[:])
			best = min(best, time.Since(at))
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}
		if best > 100*time.Millisecond {
			t.Errorf("%T: it took %v", source, best)
		}
	}
}

// A clock or a serial number that cannot be had is an answer that says so; without certReq no certificate is sent.
func TestAResponderSaysWhatIsMissing(t *testing.T) {
	p := authority(t)
	query, err := tsp.Request(crypto.SHA256, imprint[:], big.NewInt(1), nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*tsp.Responder){
		"timeNotAvailable": func(r *tsp.Responder) {
			r.Clock = func() (time.Time, error) { return time.Time{}, errors.New("no clock") }
		},
		"systemFailure": func(r *tsp.Responder) {
			r.Serial = func(context.Context) (*big.Int, error) { return nil, errors.New("no number") }
		},
	} {
		r := p.TSA()
		change(r)
		answer, err := r.Respond(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tsp.ParseResponse(answer); !errors.Is(err, tsp.ErrRejected) || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	bare := append(bytes.Clone(query[:len(query)-3]), 0x01, 0x01, 0x00)
	answer, err := p.TSA().Respond(t.Context(), bare)
	if err != nil {
		t.Fatal(err)
	}
	token, err := tsp.ParseResponse(answer)
	if err != nil || len(token.SignedData.RawCertificates()) != 0 {
		t.Fatalf("certificates that nobody asked for (%v)", err)
	}
	if _, err := token.Verify(crypto.SHA256, imprint[:], p.TSA().Chain...); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.TSA().Respond(ctx, query); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
