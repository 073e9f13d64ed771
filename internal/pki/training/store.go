package training

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"math/big"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/revocation"
)

// Established is the event of the infrastructure's making.
type Established struct {
	Root string // SHA-256 of the root's certificate
}

// EventKind implements [store.Event].
func (Established) EventKind() string { return "training.established/1" }

// Issued is the event of a certificate.
type Issued struct {
	Serial  store.ID
	Agency  store.ID
	Subject store.Personal
	Until   time.Time
}

// EventKind implements [store.Event].
func (Issued) EventKind() string { return "training.issued/1" }

// Revoked is the event of a revocation.
type Revoked struct {
	Serial store.ID
	Agency store.ID
	Reason int // CRLReason, RFC 5280, 5.3.1
}

// EventKind implements [store.Event].
func (Revoked) EventKind() string { return "training.revoked/1" }

// tables are what the infrastructure's own warrant writes.
var tables = []string{"training_authority", "training_certificate"}

// row is a stored authority.
type row struct {
	name        string
	certificate []byte
	secret      []byte
}

func readTx(tx *store.Tx) ([]row, error) {
	return store.Collect(tx, func(s store.Scanner) (r row, err error) {
		return r, s.Scan(&r.name, &r.certificate, &r.secret)
	}, `SELECT name, certificate, secret FROM training_authority`)
}

func purpose(name string) string { return "training authority " + name }

// sealed puts authorities into rows.
func (all authorities) sealed(ring *seal.Ring) ([]row, error) {
	var rows []row
	for _, r := range roles {
		a := all[r.name]
		secret, err := SealKey(ring, purpose(r.name), a.key)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{r.name, a.cert.Raw, secret})
	}
	return rows, nil
}

// unsealed reads them back.
func unsealed(rows []row, ring *seal.Ring) (authorities, error) {
	all := authorities{}
	for _, r := range rows {
		a, err := r.open(ring)
		if err != nil {
			return nil, fault.New(fault.Unavailable, ErrKeys, r.name).Because(err)
		}
		all[r.name] = a
	}
	for _, r := range roles {
		if all[r.name].key == nil {
			return nil, fault.New(fault.Unavailable, ErrKeys, r.name)
		}
	}
	return all, nil
}

func (r row) open(ring *seal.Ring) (a authority, err error) {
	if a.cert, err = certpath.ParseCertificate(r.certificate); err != nil {
		return a, err
	}
	a.key, err = OpenKey(ring, purpose(r.name), r.secret)
	return a, err
}

// SealKey is a training key as a row keeps it: PKCS #8, sealed for a purpose.
func SealKey(ring *seal.Ring, purpose string, key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return ring.Seal(purpose, der)
}

// OpenKey opens what [SealKey] sealed for the same purpose.
func OpenKey(ring *seal.Ring, purpose string, secret []byte) (crypto.Signer, error) {
	der, err := ring.Open(purpose, secret)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("training: a %T signs nothing", key)
	}
	return signer, nil
}

// keepTx stores authorities that were just made.
func keepTx(tx *store.Tx, rows []row, all authorities) error {
	event := tx.Record(Established{Root: fmt.Sprintf("%x", all[root].cert.Fingerprint())})
	for _, r := range rows {
		if _, err := tx.Exec(`INSERT INTO training_authority (name, certificate, secret, event) VALUES (?, ?, ?, ?)`, r.name, r.certificate, r.secret, event); err != nil {
			return err
		}
	}
	for _, r := range roles {
		if err := insertTx(tx, r.by, all[r.name].cert, 0, event); err != nil {
			return err
		}
	}
	return nil
}

func insertTx(tx *store.Tx, by string, c *certpath.Certificate, agency, event store.ID) error {
	_, err := tx.Exec(`INSERT INTO training_certificate (serial, issuer, agency, certificate, reason, event) VALUES (?, ?, ?, ?, 0, ?)`,
		serialOf(c.SerialNumber), by, agency, c.Raw, event)
	return err
}

// serialOf is a serial number as a row has it; 0 for one that this package cannot have given.
func serialOf(n *big.Int) store.ID {
	if !n.IsInt64() || n.Sign() <= 0 {
		return 0
	}
	return store.ID(n.Int64())
}

// statusTx is what is known of a serial number of an issuer.
func statusTx(tx *store.Tx, by string, serial *big.Int) (revocation.Status, error) {
	var at time.Time
	s, err := store.First(tx, func(r store.Scanner) (s revocation.Status, err error) { return s, r.Scan(store.At(&at), &s.Reason) },
		`SELECT revoked, reason FROM training_certificate WHERE serial = ? AND issuer = ?`, serialOf(serial), by)
	if ok, err := store.Found(err); err != nil || !ok {
		return revocation.Status{State: certpath.Unknown}, err // it was never issued, RFC 6960, 2.2
	}
	if s.State = certpath.Good; !at.IsZero() {
		s.State, s.RevokedAt = certpath.Revoked, at
	}
	return s, nil
}

// maxRevoked bounds a list.
const maxRevoked = 100_000

func revokedTx(tx *store.Tx, by string) ([]revocation.CRLEntry, error) {
	return store.Collect(tx, func(r store.Scanner) (e revocation.CRLEntry, err error) {
		var serial int64
		err = r.Scan(&serial, store.At(&e.RevokedAt), &e.Reason)
		e.Serial = big.NewInt(serial)
		return e, err
	}, `SELECT serial, revoked, reason FROM training_certificate WHERE issuer = ? AND revoked IS NOT NULL ORDER BY revoked, serial LIMIT ?`, by, maxRevoked)
}
