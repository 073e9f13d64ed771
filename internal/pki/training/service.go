package training

import (
	"context"
	"crypto"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Policy says who may use what.
var Policy = auth.Policy{
	"pki/training.Revoke": {Needs: auth.ManageCertificates, Decides: "the holder's agency"},
}

// Config is what the infrastructure stands on.
type Config struct {
	DB   *store.DB
	Auth *auth.Service
	// Ring seals the keys.
	Ring *seal.Ring
	// Public is the address that certificates name, with /huan-luyen/ below it. Certificates keep the one they were made with.
	Public *url.URL
	// Clock is the house's; time-stamps are made by it.
	Clock clock.Clock
}

// Service is the infrastructure. It may be used concurrently.
type Service struct {
	db    *store.DB
	auth  *auth.Service
	clock clock.Clock
	own   *store.Warrant
	base  *url.URL
	all   authorities

	mu    sync.Mutex
	lists map[string]list // by authority
}

// New opens the infrastructure, and makes it where there is none. Of two nodes that start at once one makes it.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{
		db: c.DB, auth: c.Auth, clock: c.Clock, own: c.Auth.System("pki/training", tables...), base: c.Public.JoinPath(path), lists: map[string]list{},
	}
	rows, err := s.rows(ctx)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		if rows, err = s.establish(ctx, c.Ring); err != nil {
			return nil, err
		}
	}
	s.all, err = unsealed(rows, c.Ring)
	return s, err
}

func (s *Service) rows(ctx context.Context) (rows []row, err error) {
	err = s.db.View(ctx, s.own, func(tx *store.Tx) error {
		rows, err = readTx(tx)
		return err
	})
	return rows, err
}

func (s *Service) establish(ctx context.Context, ring *seal.Ring) (rows []row, err error) {
	all, err := establish(s.clock.Now(), s.base)
	if err != nil {
		return nil, err
	}
	made, err := all.sealed(ring)
	if err != nil {
		return nil, err
	}
	err = s.db.Do(ctx, s.own, func(tx *store.Tx) error {
		if rows, err = readTx(tx); err != nil || len(rows) > 0 {
			return err
		}
		rows = made
		return keepTx(tx, made, all)
	})
	return rows, err
}

// Root is the trust anchor of all that is signed here.
func (s *Service) Root() *certpath.Certificate { return s.all[root].cert }

// Chain is what stands above a holder's certificate: issuer and root.
func (s *Service) Chain() []*certpath.Certificate {
	return []*certpath.Certificate{s.all[issuer].cert, s.all[root].cert}
}

// Certificate signs a certificate for a holder's key. Until [Service.RecordTx] has recorded it OCSP does not know it, and nothing that is
// signed with it passes.
func (s *Service) Certificate(h Holder, pub crypto.PublicKey) (*certpath.Certificate, error) {
	t := h.template(s.clock.Now())
	address(t, s.base, issuer)
	return s.all[issuer].certify(t, pub)
}

// RecordTx records a certificate that [Service.Certificate] made, for an agency over which the caller has checked its warrant.
func (s *Service) RecordTx(tx *store.Tx, c *certpath.Certificate, agency store.ID) error {
	if !s.Issued(c) {
		return fmt.Errorf("training: a certificate of another issuer: %s", c.Subject)
	}
	event := tx.Record(Issued{Serial: serialOf(c.SerialNumber), Agency: agency, Subject: store.Personal(c.Subject.CommonName()), Until: c.NotAfter})
	return insertTx(tx, issuer, c, agency, event)
}

// Issued reports whether a certificate was signed by this infrastructure's issuer.
func (s *Service) Issued(c *certpath.Certificate) bool {
	x, err := c.X509()
	if err != nil {
		return false
	}
	above, err := s.all[issuer].cert.X509()
	return err == nil && x.CheckSignatureFrom(above) == nil
}

// Revoke revokes a holder's certificate from now on; one that is revoked stays so since then. reason is a CRLReason (RFC 5280, 5.3.1).
func (s *Service) Revoke(ctx context.Context, who auth.Actor, serial store.ID, reason int) error {
	w, err := s.auth.Warrant(ctx, who, "pki/training.Revoke")
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		var agency store.ID
		var at time.Time
		_, err := store.First(tx, func(r store.Scanner) (struct{}, error) { return struct{}{}, r.Scan(&agency, store.At(&at)) },
			`SELECT agency, revoked FROM training_certificate WHERE serial = ?`, serial)
		if err != nil {
			return err
		}
		if err := tx.Over(agency); err != nil || !at.IsZero() {
			return err
		}
		event := tx.Record(Revoked{Serial: serial, Agency: agency, Reason: reason})
		return tx.Change(`UPDATE training_certificate SET revoked = ?, reason = ?, event = ? WHERE serial = ? AND revoked IS NULL`, tx.Now(), reason, event, serial)
	})
}
