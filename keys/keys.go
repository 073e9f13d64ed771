package keys

import (
	"context"
	"crypto"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/keys/pkcs11"
)

// The failures of this package.
const (
	ErrFile                codes.Code = "keys.file"                 // the file cannot be read, or is no key file
	ErrPassword            codes.Code = "keys.password"             // the file's password is missing or wrong
	ErrCertificateMismatch codes.Code = "keys.certificate_mismatch" // no certificate given is that of the key

	ErrURI               = pkcs11.ErrURI
	ErrNotFound          = pkcs11.ErrNotFound
	ErrAmbiguous         = pkcs11.ErrAmbiguous
	ErrUnsupported       = pkcs11.ErrUnsupported
	ErrPKCS11Unavailable = pkcs11.ErrUnavailable
	ErrModule            = pkcs11.ErrModule
	ErrTokenMissing      = pkcs11.ErrTokenMissing
	ErrPINMissing        = pkcs11.ErrPINMissing
	ErrWrongPIN          = pkcs11.ErrWrongPIN
	ErrPINLocked         = pkcs11.ErrPINLocked
	ErrNoPublicKey       = pkcs11.ErrNoPublicKey
	ErrDevice            = pkcs11.ErrDevice
	ErrClosed            = pkcs11.ErrClosed
)

// Key is a signer with its certificate and whatever chain came with it. Safe for concurrent use.
type Key struct {
	crypto.Signer
	Chain []*certpath.Certificate // signing certificate first; empty if the source holds none
	Name  string                  // for traces and reports, no secret

	close func() error
}

// Close releases the key's session. The key must not be used afterwards; closing it twice is harmless.
func (k *Key) Close() error {
	if k == nil || k.close == nil {
		return nil
	}
	return k.close()
}

// Options bring secrets and observers. The zero value opens what needs no secret.
type Options struct {
	// Secret returns the PIN or passphrase; called at most once a call to Open, only if one is needed, and perhaps on
	// another goroutine. What it returns is cleared by this package. Nil: none.
	Secret func(ctx context.Context, prompt string) ([]byte, error)
	// Chain are certificates given beside the key. Among several certificates of the key they win.
	Chain []*certpath.Certificate
	// Trace, if set, is told of every signature.
	Trace *fetch.Trace
	// Module is the PKCS#11 library; it overrides module-path.
	Module string
	// Sessions bounds the parallel use of a PKCS#11 token; 0: twice the number of processors. The first key opened on
	// a token decides.
	Sessions int
	// Clock is for the trace. Nil: time.Now.
	Clock func() time.Time
}

// Open opens "p12:FILE", "pem:FILE" or "pkcs11:token=…;object=…" (RFC 7512). It returns at once when ctx ends, even
// while a device does not answer.
func Open(ctx context.Context, uri string, o *Options) (*Key, error) {
	if o == nil {
		o = &Options{}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	type result struct {
		key *Key
		err error
	}
	done := make(chan result, 1)
	go func() {
		key, err := open(ctx, uri, o)
		done <- result{key, err}
	}()
	select {
	case r := <-done:
		return r.key, r.err
	case <-ctx.Done():
		go func() { (<-done).key.Close() }()
		return nil, ctx.Err()
	}
}

func open(ctx context.Context, uri string, o *Options) (*Key, error) {
	scheme, rest, _ := strings.Cut(uri, ":")
	var key *Key
	var err error
	switch scheme {
	case "p12":
		key, err = openFile(ctx, rest, o, readPKCS12)
	case "pem":
		key, err = openFile(ctx, rest, o, readPEM)
	case "pkcs11":
		key, err = openToken(ctx, uri, o)
	default:
		return nil, codes.New(ErrURI, "opening a key", "", "p12:FILE, pem:FILE or pkcs11:… is expected")
	}
	if err != nil {
		return nil, err
	}
	if o.Trace != nil {
		key.Signer = newTraced(key.Signer, key.Name, o)
	}
	return key, nil
}

func openToken(ctx context.Context, uri string, o *Options) (*Key, error) {
	k, err := pkcs11.Open(ctx, uri, &pkcs11.Options{
		Module: o.Module, PIN: o.Secret, Certificates: o.Chain, Sessions: o.Sessions,
	})
	if err != nil {
		return nil, err
	}
	chain, err := arrange(k.Name(), k.Public(), o.Chain, k.Certificates())
	if err != nil {
		k.Close()
		return nil, err
	}
	return &Key{Signer: k, Chain: chain, Name: k.Name(), close: k.Close}, nil
}

// traced tells of every signature when it is made.
type traced struct {
	crypto.Signer
	name  string
	trace *fetch.Trace
	now   func() time.Time
}

func newTraced(s crypto.Signer, name string, o *Options) traced {
	t := traced{Signer: s, name: name, trace: o.Trace, now: o.Clock}
	if t.now == nil {
		t.now = time.Now
	}
	return t
}

// Sign implements [crypto.Signer].
func (t traced) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	start := t.now()
	signature, err := t.Signer.Sign(rand, digest, opts)
	t.trace.Report(fetch.Call{
		Kind: "key", Address: t.name, Start: start, Duration: t.now().Sub(start), Bytes: int64(len(signature)), Err: err,
	})
	return signature, err
}

// secret asks at most once, whoever asks first, and clears what it got.
type secret struct {
	ask    func(ctx context.Context, prompt string) ([]byte, error)
	prompt string
	once   sync.Once
	value  []byte
	err    error
}

// get returns the secret, nil if there is nobody to ask.
func (s *secret) get(ctx context.Context) ([]byte, error) {
	s.once.Do(func() {
		if s.ask != nil {
			s.value, s.err = s.ask(ctx, s.prompt)
		}
	})
	return s.value, s.err
}

func (s *secret) clear() { clear(s.value) }
