package fetch

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/antinvn/antin/codes"
)

// The failures of this package.
const (
	ErrAddress  codes.Code = "fetch.address_refused"   // scheme, host or redirect not allowed
	ErrTooLarge codes.Code = "fetch.too_large"         // the answer is above the limit
	ErrTimeout  codes.Code = "fetch.timeout"           // no complete answer in time
	ErrStatus   codes.Code = "fetch.http_status"       // an HTTP status other than 200
	ErrNetwork  codes.Code = "fetch.network"           // no connection, or it broke
	ErrBusy     codes.Code = "fetch.too_many_requests" // HTTP 429 or 503
)

// Client fetches. The zero value is ready to use with the limits named at each field.
type Client struct {
	// Transport carries the requests; nil means a transport of this package's own that checks every address
	// it connects to. With a Transport of the caller's, host names are resolved and checked before the request; where it
	// resolves them again, a name that changed its mind in between is its own to notice.
	Transport http.RoundTripper
	// AllowHosts lists "host" or "host:port" that may be reached although they are loopback or private.
	AllowHosts []string
	// Rewrite maps "host" or "host:port" to another "host" or "host:port" before connecting.
	Rewrite map[string]string
	// MaxBytes bounds an answer; 0 means 10 MB. A request's own MaxBytes wins.
	MaxBytes int64
	// Timeout bounds one request with its redirects; 0 means 20 s.
	Timeout time.Duration
	// Trusted says that addresses were given by the operator rather than read from a document: private and
	// loopback addresses are then allowed, of the host asked for. A redirect to another host is not the operator's word.
	Trusted bool
	// Logger, if set, gets one debug record a call. Nil is silent.
	Logger *slog.Logger
	// Trace, if set, is told of every call when it ends.
	Trace *Trace
}

// Trace observes calls to keys, TSAs, OCSP responders, CRL and certificate addresses.
type Trace struct {
	// Done is called once for each finished call, from the goroutine that made it.
	Done func(Call)
}

// Call is one finished call. It holds no secret.
type Call struct {
	Kind     string // "key", "tsa", "ocsp", "crl", "aia"
	Address  string // the address as asked for, before rewriting, without a password in it; for a key its name
	Start    time.Time
	Duration time.Duration
	Bytes    int64 // size of the answer
	Err      error
}

// Report tells the trace of a call. A nil trace is fine.
func (t *Trace) Report(c Call) {
	if t != nil && t.Done != nil {
		t.Done(c)
	}
}

// Request is one request.
type Request struct {
	Kind        string // see [Call.Kind]
	Method      string // "" means GET, or POST with a Body
	URL         string
	Body        []byte
	ContentType string
	Accept      string
	MaxBytes    int64
}

// Response is a complete answer with status 200.
type Response struct {
	Address     string // as asked for, without a password in it
	Body        []byte
	ContentType string
	Header      http.Header
}

// BusyError says that the server asked for patience; it matches [ErrBusy].
type BusyError struct {
	Address string
	Status  string
	// RetryAfter is what the server asked for, 0 if it said nothing.
	RetryAfter time.Duration
}

func (e *BusyError) Error() string {
	return "asking " + e.Address + ": the answer was " + e.Status + " (" + string(ErrBusy) + ")"
}

// Code is [ErrBusy].
func (e *BusyError) Code() string { return string(ErrBusy) }

// Unwrap makes the error match [ErrBusy].
func (e *BusyError) Unwrap() error { return ErrBusy }
