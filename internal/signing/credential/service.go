package credential

import (
	"cmp"
	"context"
	"crypto"
	"math"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/pki/training"
)

// Policy says who may use what.
var Policy = auth.Policy{
	"signing/credential.IssueTraining": {Needs: auth.ManageCertificates, Decides: "the agency that the key signs for"},
	"signing/credential.List":          {Needs: auth.ManageCertificates, Decides: "the agency that the key signs for"},
	"signing/credential.Holders":       {Needs: auth.ManageCertificates, Decides: "the agency that the key signs for"},
	"signing/credential.End":           {Needs: auth.ManageCertificates, Decides: "the agency that the key signs for"},
}

// Service keeps credentials. It may be used concurrently.
type Service struct {
	db       *store.DB
	auth     *auth.Service
	ring     *seal.Ring
	training *training.Service
	own      *store.Warrant
}

// New makes it.
func New(db *store.DB, a *auth.Service, ring *seal.Ring, t *training.Service) *Service {
	return &Service{db: db, auth: a, ring: ring, training: t, own: a.System("signing/credential")}
}

// Asked is a training key that is asked for.
type Asked struct {
	// Holder is the person or, for a seal, the agency itself; Agency is the one that the key signs for.
	Holder, Agency store.ID
	Purpose        Purpose
	// Name is the holder's, AgencyName the agency's, Title the person's post, as they stand today: the certificate keeps them.
	Name, AgencyName, Title string
}

// IssueTraining makes a training key with its certificate. Earlier keys of the holder stay until they end; the youngest is used.
func (s *Service) IssueTraining(ctx context.Context, who auth.Actor, a Asked) (c Credential, err error) {
	w, err := s.auth.Warrant(ctx, who, "signing/credential.IssueTraining")
	if err != nil {
		return c, err
	}
	h := training.Holder{Name: a.Name, Organization: a.AgencyName, Title: a.Title}
	switch a.Purpose {
	case Signature:
	case Seal:
		a.Holder, h = a.Agency, training.Holder{Name: a.AgencyName}
	default:
		return c, fault.New(fault.Invalid, ErrPurpose, string(a.Purpose))
	}
	key, err := training.NewKey()
	if err != nil {
		return c, err
	}
	cert, err := s.training.Certificate(h, key.Public())
	if err != nil {
		return c, err
	}
	serial := store.ID(cert.SerialNumber.Int64())
	secret, err := training.SealKey(s.ring, purpose(serial), key)
	if err != nil {
		return c, err
	}
	err = s.db.Do(ctx, w, func(tx *store.Tx) error {
		if err := tx.Over(a.Agency); err != nil {
			return err
		}
		c = Credential{
			ID: tx.NewID(), Holder: a.Holder, Agency: a.Agency, Name: h.Name, Purpose: a.Purpose, Channel: Soft, Training: true, Serial: serial,
			Chain: append([]*certpath.Certificate{cert}, s.training.Chain()...), Since: tx.Now(), Until: cert.NotAfter,
		}
		c.Event = tx.Record(Issued{
			Credential: c.ID, Holder: c.Holder, Agency: c.Agency, Purpose: string(c.Purpose), Channel: string(c.Channel), Training: true, Until: c.Until,
		})
		if err := s.training.RecordTx(tx, cert, a.Agency); err != nil {
			return err
		}
		return insertTx(tx, &c, secret)
	})
	return c, err
}

// maxList bounds an answer.
const maxList = 1000

// Query asks for keys, the youngest first.
type Query struct {
	ID     store.ID // only this one
	Agency store.ID // only those that sign for it; 0 is all within reach
	Before store.ID // the last one of the page before; 0 begins
	Limit  int      // 0 is as many as an answer may have
}

// List are the keys that sign for agencies within reach.
func (s *Service) List(ctx context.Context, who auth.Actor, q Query) (out []Credential, err error) {
	w, err := s.auth.Warrant(ctx, who, "signing/credential.List")
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		if q.ID != 0 {
			c, err := OfTx(tx, q.ID)
			if err != nil {
				return err
			}
			out = []Credential{c}
			return tx.Over(c.Agency)
		}
		if q.Agency != 0 {
			if err := tx.Over(q.Agency); err != nil {
				return err
			}
		}
		query, args := q.statement(tx)
		out, err = store.Collect(tx, scan, query, args...)
		for i := range out {
			out[i].Over = !out[i].Until.After(tx.Now())
		}
		return err
	})
	return out, err
}

// statement walks one index: that of an agency, or all keys.
func (q Query) statement(tx *store.Tx) (string, []any) {
	before, limit := q.Before, min(cmp.Or(q.Limit, maxList), maxList)
	if before == 0 {
		before = math.MaxInt64
	}
	if q.Agency != 0 {
		return columns + ` WHERE agency = ? AND id < ? ORDER BY id DESC LIMIT ?`, []any{q.Agency, before, limit}
	}
	within, reached := tx.Within("credential.agency")
	return columns + ` WHERE id < ? AND ` + within + ` ORDER BY id DESC LIMIT ?`, append(append([]any{before}, reached...), limit)
}

// Reason is why a key is used no more; "" is not said.
type Reason string

// Reasons are those that one chooses from, with the CRLReason of each (RFC 5280, 5.3.1).
var Reasons = []struct {
	Reason
	Code int
}{{"lost", 1}, {"moved", 3}, {"replaced", 4}, {"closed", 5}}

// End ends the use of a credential from now on. Its certificate is revoked apart (package training).
func (s *Service) End(ctx context.Context, who auth.Actor, id store.ID, why Reason) error {
	w, err := s.auth.Warrant(ctx, who, "signing/credential.End")
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		c, err := OfTx(tx, id)
		if err != nil {
			return err
		}
		if err := tx.Over(c.Agency); err != nil || !tx.Now().Before(c.Until) {
			return err
		}
		event := tx.Record(Ended{Credential: id, Agency: c.Agency, Reason: string(why)})
		return tx.Change(`UPDATE credential SET until = ?, event = ? WHERE id = ? AND event = ?`, tx.Now(), event, id, c.Event)
	})
}

// OpenTx is what a channel needs to use a key, read in the transaction that checked that it may be used. The key itself stays sealed:
// [Service.Unseal] opens it outside.
func (s *Service) OpenTx(tx *store.Tx, id store.ID) (Sealed, error) {
	c, err := OfTx(tx, id)
	if err != nil {
		return Sealed{}, err
	}
	if now := tx.Now(); now.Before(c.Since) || !now.Before(c.Until) {
		return Sealed{}, none(c.Purpose)
	}
	secret, err := store.One[[]byte](tx, `SELECT secret FROM credential WHERE id = ?`, id)
	return Sealed{c, secret}, err
}

// Sealed is a credential with its key as it is kept.
type Sealed struct {
	Credential

	secret []byte
}

// Unseal opens a key for one signature. It takes training keys alone: the row has to say so, and the certificate has to be the training
// issuer's, for this key.
func (s *Service) Unseal(k Sealed) (crypto.Signer, error) {
	if !k.Training || k.Channel != Soft || len(k.Chain) == 0 || !s.training.Issued(k.Chain[0]) {
		return nil, fault.New(fault.Denied, ErrNotTraining, k.Name)
	}
	key, err := training.OpenKey(s.ring, purpose(k.Serial), k.secret)
	if err != nil {
		return nil, fault.New(fault.Unavailable, ErrKey, k.Name).Because(err)
	}
	if !sameKey(key.Public(), k.Chain[0].PublicKey) {
		return nil, fault.New(fault.Unavailable, ErrKey, k.Name)
	}
	return &once{key: key, pub: key.Public()}, nil
}

func sameKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(x crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// purpose binds a sealed key to its certificate.
func purpose(serial store.ID) string { return "training key " + serial.Text("crd") }

func none(p Purpose) error { return fault.New(fault.Conflict, ErrNone, string(p)) }
