package revocation

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/antinvn/antin/certpath"
)

// Stored answers from evidence at hand, such as a document carries. It implements [certpath.StatusSource] and is safe for
// concurrent use; what was read and verified once is remembered. Between questions evidence and certificates may be
// appended to its fields.
type Stored struct {
	OCSP [][]byte // OCSPResponses
	CRLs [][]byte
	Long []LongList
	// Pool holds further certificates, among them those of responders and CRL issuers.
	Pool []*certpath.Certificate
	// Memory keeps what was read and verified for the next document; nil keeps nothing.
	Memory *Memory

	mu        sync.Mutex
	responses []*OCSPResponse // as far as read, nil where they cannot be
	lists     []*CRL
	verified  map[verification]signedBy
}

// LongList is a CRL too long to be held in memory. It is read once for each certificate that it may speak of.
type LongList struct {
	Name string // given as the Source of what it says
	Open func() (io.ReadCloser, error)
}

// verification is a piece of evidence under one issuer.
type verification struct {
	evidence any // *CRL or *OCSPResponse
	issuer   string
	pool     int // its length
}

type signedBy struct {
	signer []*certpath.Certificate
	key    []byte
	ok     bool
}

// parse reads what is new.
func (s *Stored) parse(ctx context.Context) ([]*OCSPResponse, []*CRL, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, der := range s.OCSP[len(s.responses):] {
		r, err := s.Memory.response(der)
		if err != nil {
			r = nil
		}
		s.responses = append(s.responses, r)
	}
	for _, der := range s.CRLs[len(s.lists):] {
		c, err := s.Memory.list(ctx, der)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil {
			c = nil
		}
		s.lists = append(s.lists, c)
	}
	return s.responses, s.lists, nil
}

// Status implements [certpath.StatusSource]: everything at hand that is about cert and verifies. What cannot be read is
// passed over; the errors are the context's and those of opening a long list.
func (s *Stored) Status(ctx context.Context, cert, issuer *certpath.Certificate) ([]Status, error) {
	responses, crls, err := s.parse(ctx)
	if err != nil {
		return nil, err
	}
	var out []Status
	for _, r := range responses {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if r == nil {
			continue
		}
		one := r.Find(cert, issuer)
		if one == nil {
			continue
		}
		by := s.remember(verification{r, string(issuer.Raw), len(s.Pool)}, func() signedBy {
			c, err := r.Signer(issuer, s.Pool...)
			return signedBy{signer: []*certpath.Certificate{c}, ok: err == nil}
		})
		if by.ok {
			out = append(out, r.status(one, by.signer[0], issuer))
		}
	}
	var lists []list
	for _, c := range crls {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if c == nil || c.covers(cert) == 0 {
			continue
		}
		by := s.remember(verification{c, string(issuer.Raw), len(s.Pool)}, func() (b signedBy) {
			b.signer, b.key, b.ok = c.signedBy(issuer, s.Pool)
			return b
		})
		q := queryFor(cert)
		if by.ok && c.find(ctx, q) == nil {
			lists = append(lists, list{c, q.entry, by.signer, by.key, ""})
		}
	}
	long, err := s.long(ctx, cert, issuer)
	out = append(out, combine(cert, append(lists, long...))...)
	if len(out) > 0 {
		err = nil
	}
	return out, errors.Join(ctx.Err(), err)
}

func (s *Stored) remember(v verification, verify func() signedBy) signedBy {
	s.mu.Lock()
	by, known := s.verified[v]
	s.mu.Unlock()
	if known {
		return by
	}
	by = verify()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.verified == nil {
		s.verified = map[verification]signedBy{}
	}
	s.verified[v] = by
	return by
}

// long reads the long lists whose issuer may speak of the certificate, each from its beginning to its end.
func (s *Stored) long(ctx context.Context, cert, issuer *certpath.Certificate) ([]list, error) {
	var out []list
	var failures []error
	for _, l := range s.Long {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := l.Open()
		if err != nil {
			failures = append(failures, err)
			continue
		}
		q := queryFor(cert)
		q.wanted = func(c *CRL) bool { return c.mayCover(cert) }
		c, err := scan(&lasting{ctx, f}, q)
		failures = append(failures, err, f.Close())
		if err != nil || c == nil || c.covers(cert) == 0 {
			continue
		}
		if signer, key, ok := c.signedBy(issuer, s.Pool); ok {
			out = append(out, list{c, q.entry, signer, key, l.Name})
		}
	}
	return out, errors.Join(failures...)
}

// mayCover compares what the head of a list tells.
func (c *CRL) mayCover(cert *certpath.Certificate) bool {
	return c.Issuer.Equal(cert.Issuer) || slices.ContainsFunc(cert.CRLDistributionPoints, func(p certpath.DistributionPoint) bool {
		return slices.ContainsFunc(p.CRLIssuer, func(n certpath.GeneralName) bool {
			return n.Form == certpath.DirectoryName && n.Directory().Equal(c.Issuer)
		})
	})
}
