package credential

import (
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/internal/foundation/store"
)

const columns = `SELECT id, holder, agency, name, purpose, channel, training, serial, chain, since, until, event FROM credential`

func scan(s store.Scanner) (c Credential, err error) {
	var chain []byte
	err = s.Scan(&c.ID, &c.Holder, &c.Agency, &c.Name, &c.Purpose, &c.Channel, &c.Training, &c.Serial, &chain, store.At(&c.Since), store.At(&c.Until), &c.Event)
	if err != nil {
		return c, err
	}
	c.Chain, err = certpath.ParseCertificates(chain)
	return c, err
}

// InForceTx is the credential that a holder signs with for an agency now: the youngest. None is [ErrNone]. The caller has checked that the
// actor may use it.
func InForceTx(tx *store.Tx, holder, agency store.ID, p Purpose) (Credential, error) {
	now := tx.Now()
	c, err := store.First(tx, scan, columns+` WHERE holder = ? AND agency = ? AND purpose = ? AND until > ? AND since <= ? ORDER BY since DESC, id DESC LIMIT 1`,
		holder, agency, string(p), now, now)
	if ok, err := store.Found(err); err != nil || ok {
		return c, err
	}
	return c, none(p)
}

// OfTx is a credential by its id.
func OfTx(tx *store.Tx, id store.ID) (Credential, error) {
	return store.First(tx, scan, columns+` WHERE id = ?`, id)
}

func insertTx(tx *store.Tx, c *Credential, secret []byte) error {
	var chain []byte
	for _, x := range c.Chain {
		chain = append(chain, x.Raw...)
	}
	_, err := tx.Exec(`INSERT INTO credential (id, holder, agency, name, purpose, channel, training, serial, chain, secret, since, until, event)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.Holder, c.Agency, c.Name, string(c.Purpose), string(c.Channel), c.Training, c.Serial, chain, secret, c.Since, c.Until, c.Event)
	return err
}
