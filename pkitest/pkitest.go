package pkitest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // key identifiers, RFC 5280, 4.2.1.2
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/tsp"
)

// Algorithm names a kind of key.
type Algorithm string

// The algorithms.
const (
	P256    Algorithm = "P-256"
	P384    Algorithm = "P-384"
	P521    Algorithm = "P-521"
	RSA2048 Algorithm = "RSA-2048"
	RSA3072 Algorithm = "RSA-3072"
	Ed25519 Algorithm = "Ed25519"
)

// Options steer New; zero fields take the default named.
type Options struct {
	Name      string           // of the root and CA: "Antin Test"
	Algorithm Algorithm        // of CA, TSA and responder keys: P-256
	Clock     func() time.Time // time.Now
	// Address is where the one server listens: "127.0.0.1:0". Every service has its path on it.
	Address string
}

// Subject describes a certificate to issue.
type Subject struct {
	CommonName, Organization, Unit, Email, UserID string
	Algorithm                                     Algorithm // P-256
	NotBefore, NotAfter                           time.Time // an hour ago, in two years
	Usage                                         x509.KeyUsage
	ExtKeyUsage                                   []x509.ExtKeyUsage
	NoAddresses                                   bool // neither AIA nor CRL address inside
	Extensions                                    []pkix.Extension
}

// Faults are switched while the servers run. The zero value is an honest service. Safe for concurrent use.
type Faults struct {
	mu sync.Mutex
	f  map[string]Fault
}

// Fault is what one service does wrong.
type Fault struct {
	Delay     time.Duration // before the answer
	Status    int           // HTTP status instead of an answer
	Retry     string        // Retry-After beside it
	Truncate  bool          // half of the answer
	Body      []byte        // this answer instead
	Nonce     bool          // another nonce, of tsa and ocsp
	Imprint   bool          // tsa: a token for other data
	Usage     bool          // tsa: a certificate without timeStamping
	Reject    bool          // tsa: status 2
	ClockSkew time.Duration // of the clock, of tsa and ocsp
}

// Set switches a fault of "tsa", "ocsp", "crl" or "ca"; the zero Fault heals it.
func (f *Faults) Set(service string, fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.f == nil {
		f.f = map[string]Fault{}
	}
	f.f[service] = fault
}

func (f *Faults) get(service string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.f[service]
}

// PKI is a running or resting infrastructure. Safe for concurrent use.
type PKI struct {
	Root, CA *certpath.Certificate
	Faults   Faults

	o                                            Options
	rootKey, caKey, tsaKey, ocspKey, rootOCSPKey crypto.Signer
	tsa, notTSA, ocsp, rootOCSP                  *certpath.Certificate
	serial                                       atomic.Int64
	mu                                           sync.Mutex
	revoked                                      map[string]revocation.CRLEntry
	listener                                     net.Listener
	server                                       *http.Server
	requests                                     map[string]int
}

var policy = certpath.OID{1, 3, 6, 1, 4, 1, 99999, 1}

// New makes the keys and CA certificates. The address is bound at once, so that certificates can name it; Start serves.
func New(o Options) (*PKI, error) {
	if o.Name == "" {
		o.Name = "Antin Test"
	}
	if o.Algorithm == "" {
		o.Algorithm = P256
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	p := &PKI{o: o, revoked: map[string]revocation.CRLEntry{}, requests: map[string]int{}}
	p.serial.Store(o.Clock().UnixMicro())
	var err error
	for _, k := range []*crypto.Signer{&p.rootKey, &p.caKey, &p.tsaKey, &p.ocspKey, &p.rootOCSPKey} {
		if *k, err = NewKey(o.Algorithm); err != nil {
			return nil, err
		}
	}
	if err := p.listen(); err != nil {
		return nil, err
	}
	if err := p.makeCAs(); err != nil {
		p.listener.Close()
		return nil, err
	}
	return p, p.makeServices()
}

// NewKey makes a key.
func NewKey(a Algorithm) (crypto.Signer, error) {
	switch a {
	case "", P256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case P384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case P521:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case Ed25519:
		_, k, err := ed25519.GenerateKey(rand.Reader)
		return k, err
	}
	return nil, fmt.Errorf("pkitest: no algorithm %q", a)
}

// A kept port may be somebody's for a moment: any connection going out can hold it.
const (
	listenTries = 15
	listenPause = 100 * time.Millisecond
)

func (p *PKI) listen() (err error) {
	for range listenTries {
		if p.listener, err = net.Listen("tcp", p.o.Address); !errors.Is(err, syscall.EADDRINUSE) { //nolint:noctx // a loopback port is there at once
			break
		}
		time.Sleep(listenPause)
	}
	if err != nil {
		return fmt.Errorf("pkitest: listening on %s: %w", p.o.Address, err)
	}
	p.o.Address = p.listener.Addr().String()
	return nil
}

func (p *PKI) makeCAs() error {
	now := p.o.Clock()
	ca := func(name string) *x509.Certificate {
		return &x509.Certificate{
			Subject: pkix.Name{CommonName: name, Organization: []string{p.o.Name}, Country: []string{"VN"}}, NotBefore: now.Add(-24 * time.Hour),
			NotAfter: now.AddDate(20, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		}
	}
	var err error
	root := ca(p.o.Name + " Root")
	if p.Root, err = p.create(root, root, p.rootKey.Public(), p.rootKey); err != nil {
		return err
	}
	issuer, err := p.Root.X509()
	if err != nil {
		return err
	}
	sub := ca(p.o.Name + " CA")
	sub.MaxPathLenZero = true
	p.addresses(sub, "root")
	p.CA, err = p.create(sub, issuer, p.caKey.Public(), p.rootKey)
	return err
}

// makeServices issues the certificates of those that answer. Each CA has a responder of its own, with id-pkix-ocsp-nocheck: the
// question who may answer ends there (RFC 6960, 4.2.2.2.1), also for validators that ask for the responder's own revocation.
func (p *PKI) makeServices() error {
	usage := func(critical bool, purpose int) pkix.Extension { // id-kp
		v, _ := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, purpose}}) //nolint:errcheck // constant identifiers
		return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: v}
	}
	noCheck := pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}, Value: []byte{5, 0}}
	for _, s := range []struct {
		to         **certpath.Certificate
		name       string
		issuer     string
		key        crypto.Signer
		extensions []pkix.Extension
	}{
		{&p.tsa, "TSA", "ca", p.tsaKey, []pkix.Extension{usage(true, 8)}},
		{&p.notTSA, "not a TSA", "ca", p.tsaKey, []pkix.Extension{usage(false, 4)}},
		{&p.ocsp, "OCSP", "ca", p.ocspKey, []pkix.Extension{usage(false, 9), noCheck}},
		{&p.rootOCSP, "Root OCSP", "root", p.rootOCSPKey, []pkix.Extension{usage(false, 9), noCheck}},
	} {
		var err error
		if *s.to, err = p.makeService(p.o.Name+" "+s.name, s.issuer, s.key, s.extensions); err != nil {
			return err
		}
	}
	return nil
}

func (p *PKI) makeService(name, issuer string, key crypto.Signer, extensions []pkix.Extension) (*certpath.Certificate, error) {
	above, aboveKey := p.CA, p.caKey
	if issuer == "root" {
		above, aboveKey = p.Root, p.rootKey
	}
	x, err := above.X509()
	if err != nil {
		return nil, err
	}
	now := p.o.Clock()
	t := &x509.Certificate{
		Subject: pkix.Name{CommonName: name, Organization: []string{p.o.Name}, Country: []string{"VN"}}, NotBefore: now.Add(-12 * time.Hour),
		NotAfter: now.AddDate(10, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: extensions,
	}
	p.addresses(t, issuer)
	return p.create(t, x, key.Public(), aboveKey)
}

func (p *PKI) addresses(t *x509.Certificate, issuer string) {
	t.OCSPServer = []string{p.URL("ocsp/" + issuer)}
	t.IssuingCertificateURL = []string{p.URL(issuer + ".crt")}
	t.CRLDistributionPoints = []string{p.URL(issuer + ".crl")}
}

func (p *PKI) create(t, issuer *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) (*certpath.Certificate, error) {
	t.SerialNumber = big.NewInt(p.serial.Add(1))
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, err
	}
	id := sha1.Sum(spki) //nolint:gosec // an identifier
	t.SubjectKeyId = id[:]
	der, err := x509.CreateCertificate(rand.Reader, t, issuer, pub, key)
	if err != nil {
		return nil, fmt.Errorf("pkitest: issuing %s: %w", t.Subject, err)
	}
	return certpath.ParseCertificate(der)
}

// Issue makes a key and a certificate under the CA.
func (p *PKI) Issue(s Subject) (*certpath.Certificate, crypto.Signer, error) {
	key, err := NewKey(s.Algorithm)
	if err != nil {
		return nil, nil, err
	}
	c, err := p.IssueFor(s, key.Public())
	return c, key, err
}

// IssueFor makes a certificate for a key that exists.
func (p *PKI) IssueFor(s Subject, pub crypto.PublicKey) (*certpath.Certificate, error) {
	now := p.o.Clock()
	if s.NotBefore.IsZero() {
		s.NotBefore = now.Add(-time.Hour)
	}
	if s.NotAfter.IsZero() {
		s.NotAfter = now.AddDate(2, 0, 0)
	}
	if s.Usage == 0 {
		s.Usage = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	}
	name := pkix.Name{CommonName: s.CommonName, Country: []string{"VN"}}
	if s.Organization != "" {
		name.Organization = []string{s.Organization}
	}
	if s.Unit != "" {
		name.OrganizationalUnit = []string{s.Unit}
	}
	if s.UserID != "" {
		name.ExtraNames = []pkix.AttributeTypeAndValue{{Type: certpath.OIDUserID, Value: s.UserID}}
	}
	t := &x509.Certificate{
		Subject: name, NotBefore: s.NotBefore, NotAfter: s.NotAfter, KeyUsage: s.Usage, ExtKeyUsage: s.ExtKeyUsage, ExtraExtensions: s.Extensions,
	}
	if s.Email != "" {
		t.EmailAddresses = []string{s.Email}
	}
	if !s.NoAddresses {
		p.addresses(t, "ca")
	}
	issuer, err := p.CA.X509()
	if err != nil {
		return nil, err
	}
	return p.create(t, issuer, pub, p.caKey)
}

// Revoke lists a certificate as revoked from a time on.
func (p *PKI) Revoke(c *certpath.Certificate, at time.Time, reason int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.revoked[c.SerialNumber.String()] = revocation.CRLEntry{Serial: c.SerialNumber, RevokedAt: at, Reason: reason}
}

// Chain is the CA certificate and the root, what stands above an issued certificate.
func (p *PKI) Chain() []*certpath.Certificate { return []*certpath.Certificate{p.CA, p.Root} }

// Anchors implements certpath.AnchorSource with the root.
func (p *PKI) Anchors(time.Time) []certpath.Anchor {
	return []certpath.Anchor{{Certificate: p.Root, Name: "pkitest"}}
}

// URL is a service's address: "tsa", "ocsp/ca", "ca.crl", "ca.crt", "root.crl", "root.crt".
func (p *PKI) URL(path string) string { return "http://" + p.o.Address + "/" + path }

// Host is the server's "host:port", for clients that refuse loopback unless it is allowed.
func (p *PKI) Host() string { return p.o.Address }

// TSA is the time-stamping authority without its server.
func (p *PKI) TSA() *tsp.Responder { return p.responder(Fault{}) }

func (p *PKI) responder(f Fault) *tsp.Responder {
	cert := p.tsa
	if f.Usage {
		cert = p.notTSA
	}
	return &tsp.Responder{
		Key: p.tsaKey, Chain: []*certpath.Certificate{cert, p.CA, p.Root}, Policy: policy, Accuracy: time.Second,
		Clock:  func() (time.Time, error) { return p.o.Clock().Add(f.ClockSkew), nil },
		Serial: func(context.Context) (*big.Int, error) { return big.NewInt(p.serial.Add(1)), nil },
	}
}

// OCSP answers for a CA's certificates ("ca" or "root") without its server.
func (p *PKI) OCSP(issuer string) *revocation.OCSPResponder {
	r := &revocation.OCSPResponder{
		Issuer: p.CA, Key: p.ocspKey, Chain: []*certpath.Certificate{p.ocsp}, Clock: p.o.Clock, Valid: 24 * time.Hour,
		Lookup: func(_ context.Context, serial *big.Int) (revocation.Status, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			if e, ok := p.revoked[serial.String()]; ok {
				return revocation.Status{State: certpath.Revoked, RevokedAt: e.RevokedAt, Reason: e.Reason}, nil
			}
			return revocation.Status{State: certpath.Good}, nil
		},
	}
	if issuer == "root" {
		r.Issuer, r.Key, r.Chain = p.Root, p.rootOCSPKey, []*certpath.Certificate{p.rootOCSP}
	}
	return r
}

// CRL is the current list of "ca" or "root".
func (p *PKI) CRL(issuer string) ([]byte, error) {
	now := p.o.Clock()
	t := &revocation.CRLTemplate{Number: big.NewInt(now.Unix()), ThisUpdate: now.Add(-time.Second), NextUpdate: now.Add(24 * time.Hour)}
	if issuer == "root" {
		return revocation.CreateCRL(rand.Reader, t, p.Root, p.rootKey)
	}
	p.mu.Lock()
	for _, e := range p.revoked {
		t.Entries = append(t.Entries, e)
	}
	p.mu.Unlock()
	return revocation.CreateCRL(rand.Reader, t, p.CA, p.caKey)
}

// Requests is how often a service ("tsa", "ocsp", "crl", "ca") was asked.
func (p *PKI) Requests(service string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[service]
}

// Start serves until Close or the context's end.
func (p *PKI) Start(ctx context.Context) error {
	if p.listener == nil {
		if err := p.listen(); err != nil {
			return err
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /tsa", p.serve("tsa", p.answerTSA))
	for _, ca := range []string{"ca", "root"} {
		mux.HandleFunc("POST /ocsp/"+ca, p.serve("ocsp", func(ctx context.Context, f Fault, body []byte) ([]byte, string, error) {
			if f.Nonce {
				body = append([]byte{}, body...)
				body[len(body)-1] ^= 1 // the request ends with it
			}
			r := p.OCSP(ca)
			r.Clock = func() time.Time { return p.o.Clock().Add(f.ClockSkew) }
			der, err := r.Respond(ctx, body)
			return der, "application/ocsp-response", err
		}))
		mux.HandleFunc("GET /"+ca+".crl", p.serve("crl", func(context.Context, Fault, []byte) ([]byte, string, error) {
			der, err := p.CRL(ca)
			return der, "application/pkix-crl", err
		}))
		cert := map[string]*certpath.Certificate{"ca": p.CA, "root": p.Root}[ca]
		mux.HandleFunc("GET /"+ca+".crt", p.serve("ca", func(context.Context, Fault, []byte) ([]byte, string, error) {
			return cert.Raw, "application/pkix-cert", nil
		}))
	}
	p.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	server, listener := p.server, p.listener
	go func() { _ = server.Serve(listener) }() //nolint:errcheck // ends with Close
	return nil
}

// Close stops the server; Start binds the same address again.
func (p *PKI) Close() error {
	var err error
	if p.server != nil {
		err = p.server.Close()
	} else if p.listener != nil {
		err = p.listener.Close()
	}
	p.server, p.listener = nil, nil
	return err
}

func (p *PKI) answerTSA(ctx context.Context, f Fault, body []byte) ([]byte, string, error) {
	const reply = "application/timestamp-reply"
	if f.Reject {
		return []byte{0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02}, reply, nil
	}
	if f.Nonce || f.Imprint {
		body = otherRequest(body, f)
	}
	der, err := p.responder(f).Respond(ctx, body)
	return der, reply, err
}

// otherRequest flips a bit of the nonce or of the imprint before the honest responder sees it.
func otherRequest(body []byte, f Fault) []byte {
	out := append([]byte{}, body...)
	i := len(out) - 4 // inside the nonce, which stands before certReq
	if f.Imprint {
		i = len(out) / 2
	}
	out[max(i, 0)] ^= 1
	return out
}

// maxBody bounds a request to these servers.
const maxBody = 1 << 20

func (p *PKI) serve(service string, answer func(context.Context, Fault, []byte) ([]byte, string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.requests[service]++
		p.mu.Unlock()
		f := p.Faults.get(service)
		// Read before waiting: only then does the server notice that the client went away.
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err != nil {
			return
		}
		if f.Delay > 0 {
			select {
			case <-time.After(f.Delay):
			case <-r.Context().Done():
				return
			}
		}
		if f.Status != 0 {
			if f.Retry != "" {
				w.Header().Set("Retry-After", f.Retry)
			}
			http.Error(w, http.StatusText(f.Status), f.Status)
			return
		}
		der, kind, err := answer(r.Context(), f, body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if f.Body != nil {
			der = f.Body
		}
		if f.Truncate {
			der = der[:len(der)/2]
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(der) //nolint:errcheck // the client went away
	}
}
