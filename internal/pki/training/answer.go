package training

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/tsp"
)

// What the addresses answer with.
const (
	typeCertificate = "application/pkix-cert"
	typeCRL         = "application/pkix-crl"
	typeOCSP        = "application/ocsp-response"
	typeToken       = "application/timestamp-reply"
)

const (
	// fresh is how long status holds: the NextUpdate of a response, of a list twice that.
	fresh = 24 * time.Hour
	// listLife is for how long a list is given out again: OCSP knows of a revocation at once, the list within this time.
	listLife = time.Minute
)

// policy is the time-stamps': the arc for examples (RFC 5612), for nothing that it says is a promise.
var policy = certpath.OID{1, 3, 6, 1, 4, 1, 32473, 1}

// answer is what an address answers to: over HTTP and inside the house alike. body is what was posted, nil for a GET.
func (s *Service) answer(ctx context.Context, name string, body []byte) (kind string, der []byte, err error) {
	switch name {
	case "root.crt", "issuer.crt":
		return typeCertificate, s.all[strings.TrimSuffix(name, ".crt")].cert.Raw, nil
	case "root.crl", "issuer.crl":
		der, err = s.list(ctx, strings.TrimSuffix(name, ".crl"))
		return typeCRL, der, err
	case "ocsp/root", "ocsp/issuer":
		der, err = s.responder(strings.TrimPrefix(name, "ocsp/")).Respond(ctx, body)
		return typeOCSP, der, err
	case "tsa":
		der, err = s.authority().Respond(ctx, body)
		return typeToken, der, err
	}
	return "", nil, fault.New(fault.NotFound, ErrNoService, name)
}

// authority is the time-stamping authority.
func (s *Service) authority() *tsp.Responder {
	return &tsp.Responder{
		Key: s.all[tsa].key, Chain: append([]*certpath.Certificate{s.all[tsa].cert}, s.Chain()...), Policy: policy, Accuracy: time.Second,
		Clock: func() (time.Time, error) { return s.clock.Now(), nil },
		Serial: func(context.Context) (*big.Int, error) {
			return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
		},
	}
}

// responder answers for the certificates of root or issuer.
func (s *Service) responder(by string) *revocation.OCSPResponder {
	signer := map[string]string{root: rootOCSP, issuer: ocsp}[by]
	return &revocation.OCSPResponder{
		Issuer: s.all[by].cert, Key: s.all[signer].key, Chain: []*certpath.Certificate{s.all[signer].cert}, Clock: s.clock.Now, Valid: fresh,
		Lookup: func(ctx context.Context, serial *big.Int) (st revocation.Status, err error) {
			err = s.db.View(ctx, s.own, func(tx *store.Tx) error {
				st, err = statusTx(tx, by, serial)
				return err
			})
			return st, err
		},
	}
}

// list is a revocation list that was signed at a time.
type list struct {
	at  time.Time
	der []byte
}

// list gives out the list of root or issuer, signed at most once in its life: who asks costs nothing.
func (s *Service) list(ctx context.Context, by string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	if l, ok := s.lists[by]; ok && !now.Before(l.at) && now.Before(l.at.Add(listLife)) {
		return l.der, nil
	}
	t := &revocation.CRLTemplate{Number: big.NewInt(now.UnixMicro()), ThisUpdate: now, NextUpdate: now.Add(2 * fresh)}
	err := s.db.View(ctx, s.own, func(tx *store.Tx) (err error) {
		t.Entries, err = revokedTx(tx, by)
		return err
	})
	if err != nil {
		return nil, err
	}
	der, err := revocation.CreateCRL(rand.Reader, t, s.all[by].cert, s.all[by].key)
	if err == nil {
		s.lists[by] = list{now, der}
	}
	return der, err
}

// TSA makes time-stamps without a network, by the address that certificates and settings would name.
func (s *Service) TSA() tsp.Source {
	return &tsp.Client{URL: s.base.JoinPath("tsa").String(), Fetch: s.Fetch()}
}

// Status asks OCSP and lists at the addresses in certificates, without a network; it finds issuers too.
func (s *Service) Status() *revocation.Fetcher {
	return &revocation.Fetcher{Fetch: s.Fetch(), Clock: s.clock.Now, Pool: s.Chain()}
}

// Fetch is a client that reaches this infrastructure and nothing else.
func (s *Service) Fetch() *fetch.Client {
	return &fetch.Client{Transport: inside{s}, Trusted: true}
}

// inside answers requests where they are made.
type inside struct{ s *Service }

// RoundTrip implements [http.RoundTripper].
func (i inside) RoundTrip(r *http.Request) (*http.Response, error) {
	name, ok := strings.CutPrefix(r.URL.Path, "/"+path+"/")
	if !ok || !i.s.made(r.URL) {
		return nil, fault.New(fault.NotFound, ErrNoService, r.URL.Host)
	}
	var body []byte
	var err error
	if r.Body != nil {
		defer r.Body.Close()
		if body, err = io.ReadAll(io.LimitReader(r.Body, bodyLimit)); err != nil {
			return nil, err
		}
	}
	kind, der, err := i.s.answer(r.Context(), name, body)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {kind}}, ContentLength: int64(len(der)), Body: io.NopCloser(bytes.NewReader(der)),
	}, nil
}

// made reports whether an address is one that this infrastructure named: at the public address of now, or of when it was made.
func (s *Service) made(u *url.URL) bool {
	if u.Host == s.base.Host {
		return true
	}
	x, err := s.all[issuer].cert.X509()
	if err != nil || len(x.OCSPServer) == 0 {
		return false
	}
	then, err := url.Parse(x.OCSPServer[0])
	return err == nil && u.Host == then.Host
}

// bodyLimit bounds a request; both protocols' responders take less.
const bodyLimit = 128 << 10

// decodeGET reads the request of an OCSP GET (RFC 6960, A.1).
func decodeGET(s string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.ReplaceAll(s, " ", "+")) // a "+" that somebody took for a blank
}
