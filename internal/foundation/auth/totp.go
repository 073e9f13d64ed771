package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what RFC 6238's apps compute; HMAC does not ask for collision resistance
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// One-time codes of an app: RFC 6238 with what every app knows, HMAC-SHA-1, six digits, thirty seconds.
const (
	totpSecret = 20 // bytes (RFC 4226, 4: at least 16)
	totpPeriod = 30
	totpDrift  = 1 // steps that a phone's clock may be off
	// recoveryCodes are given at once, each of recoveryLength characters.
	recoveryCodes, recoveryLength = 10, 10
)

func totpStep(t time.Time) int64 { return t.Unix() / totpPeriod }

// totpCode is the code of a step (RFC 4226, 5.3).
func totpCode(secret []byte, step int64) string {
	m := hmac.New(sha1.New, secret)
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	h := m.Sum(nil)
	at := h[len(h)-1] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(h[at:])&0x7fffffff)%1_000_000)
}

// totpMatch is the step whose code was typed, after the last used one; 0 for none.
func totpMatch(secret []byte, code string, now time.Time, last int64) (step int64) {
	for s := totpStep(now) - totpDrift; s <= totpStep(now)+totpDrift; s++ {
		if subtle.ConstantTimeCompare([]byte(totpCode(secret, s)), []byte(code)) == 1 && s > last {
			step = s
		}
	}
	return step
}

// Setup is a secret for an app to take over. It is stored when a code of the app comes back with the ticket.
type Setup struct {
	Secret string // base32, to be typed
	URI    string // to be shown as a QR code
	Ticket string

	login string
}

func setupOf(secret []byte, login string) Setup {
	u := Setup{Secret: base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret), login: login}
	u.URI = (&url.URL{Scheme: "otpauth", Host: "totp", Path: "/Antin:" + login, RawQuery: url.Values{"secret": {u.Secret}, "issuer": {"Antin"}}.Encode()}).String()
	return u
}

type setupTicket struct {
	Account store.ID  `json:"account"`
	Secret  []byte    `json:"secret"`
	Until   time.Time `json:"until"`
}

const (
	setupPurpose = "auth.totp-setup"
	setupLife    = time.Hour
)

func totpPurpose(account store.ID) string { return "auth.totp " + account.Text("acc") }

// BeginTOTP makes a secret for one's own app.
func (s *Service) BeginTOTP(ctx context.Context, who Actor) (u Setup, err error) {
	w, err := s.Warrant(ctx, who, "foundation/auth.BeginTOTP")
	if err != nil {
		return u, err
	}
	t := setupTicket{Account: who.Account, Secret: make([]byte, totpSecret)}
	if _, err := io.ReadFull(s.random, t.Secret); err != nil {
		return u, err
	}
	var a Account
	if err := s.db.View(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(true); err != nil { // it asks for nothing but the actor's own
			return err
		}
		t.Until = tx.Now().Add(setupLife)
		a, err = accountTx(tx, who.Account)
		return err
	}); err != nil {
		return u, err
	}
	u = setupOf(t.Secret, a.Login)
	u.Ticket, err = s.sealed(setupPurpose, t)
	return u, err
}

func (s *Service) sealed(purpose string, v any) (string, error) {
	b, err := json.Marshal(v)
	if err == nil {
		b, err = s.ring.Seal(purpose, b)
	}
	return base64.RawURLEncoding.EncodeToString(b), err
}

func (s *Service) unsealed(purpose, text string, into any) error {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		b, err = s.ring.Open(purpose, b)
	}
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		return fault.New(fault.Conflict, ErrTicket, "").Because(err)
	}
	return nil
}

// ConfirmTOTP stores the app's secret, once it gave a right code, and returns the codes for when it is lost: they are shown once.
func (s *Service) ConfirmTOTP(ctx context.Context, who Actor, ticket, code string) (recovery []string, err error) {
	w, err := s.Warrant(ctx, who, "foundation/auth.ConfirmTOTP")
	if err != nil {
		return nil, err
	}
	var t setupTicket
	if err := s.unsealed(setupPurpose, ticket, &t); err != nil {
		return nil, err
	}
	secret, err := s.ring.Seal(totpPurpose(who.Account), t.Secret)
	if err != nil {
		return nil, err
	}
	codes, hashes, err := s.newRecovery(who.Account)
	if err != nil {
		return nil, err
	}
	err = s.db.Do(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(t.Account == who.Account); err != nil {
			return err
		}
		if !tx.Now().Before(t.Until) {
			return fault.New(fault.Conflict, ErrTicket, "")
		}
		step := totpMatch(t.Secret, plain(code), tx.Now(), 0)
		if step == 0 {
			return fault.New(fault.Invalid, ErrCode, "").Field("code", ErrCode)
		}
		event := tx.Record(FactorAdded{who.Account, "totp"})
		_, err := tx.Exec(`INSERT INTO totp (account, secret, step, since, event) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (account) DO UPDATE SET secret = excluded.secret, step = excluded.step, since = excluded.since, event = excluded.event`,
			who.Account, secret, step, tx.Now(), event)
		if err != nil {
			return err
		}
		return setRecoveryTx(tx, who.Account, hashes)
	})
	return codes, err
}

func (s *Service) newRecovery(account store.ID) (codes []string, hashes [][]byte, err error) {
	for range recoveryCodes {
		c, err := typeable(s.random, recoveryLength)
		if err != nil {
			return nil, nil, err
		}
		h, err := s.recoveryHash(account, c)
		if err != nil {
			return nil, nil, err
		}
		codes, hashes = append(codes, c[:recoveryLength/2]+"-"+c[recoveryLength/2:]), append(hashes, h)
	}
	return codes, hashes, nil
}

// recoveryHash is keyed by the ring: fifty bits would not stand against who has the rows alone.
func (s *Service) recoveryHash(account store.ID, code string) ([]byte, error) {
	key, err := s.ring.Derive("auth.recovery")
	if err != nil {
		return nil, err
	}
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "%d %s", account, plain(code))
	return m.Sum(nil), nil
}

func setRecoveryTx(tx *store.Tx, account store.ID, hashes [][]byte) error {
	if _, err := tx.Exec(`DELETE FROM recovery WHERE account = ?`, account); err != nil {
		return err
	}
	for _, h := range hashes {
		if _, err := tx.Exec(`INSERT INTO recovery (account, hash, event) VALUES (?, ?, ?)`, account, h, tx.Event()); err != nil {
			return err
		}
	}
	return nil
}

// RemoveTOTP does without the app from now on. It asks for the password: a session that was left open must not suffice.
func (s *Service) RemoveTOTP(ctx context.Context, who Actor, password string) error {
	w, err := s.Warrant(ctx, who, "foundation/auth.RemoveTOTP")
	if err != nil {
		return err
	}
	c, name, err := s.proved(ctx, who.Account, password)
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(c.account == who.Account); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM attempt WHERE key = ?`, name.key); err != nil {
			return err
		}
		tx.Record(FactorRemoved{who.Account, "totp"})
		if err := setRecoveryTx(tx, who.Account, nil); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM totp WHERE account = ?`, who.Account)
		return err
	})
}

// ResetFactors takes the second factors of who lost their device: the password alone lets them in again.
func (s *Service) ResetFactors(ctx context.Context, who Actor, account store.ID) error {
	w, err := s.Warrant(ctx, who, "foundation/auth.ResetFactors")
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		a, err := s.helpTx(tx, who, account)
		if err != nil {
			return err
		}
		tx.Record(FactorRemoved{a.ID, "all"})
		for _, query := range []string{`DELETE FROM totp WHERE account = ?`, `DELETE FROM recovery WHERE account = ?`, `DELETE FROM passkey WHERE account = ?`} {
			if _, err := tx.Exec(query, a.ID); err != nil {
				return err
			}
		}
		return endSessionsTx(tx, a.ID, 0)
	})
}

// SecondFactor goes on with a sign-in whose password was right, by a code of the app or one of those for when it is lost.
func (s *Service) SecondFactor(ctx context.Context, who Actor, ticket, code string, p Place) (e Entry, err error) {
	c, _, err := s.readTicket(ctx, ticket)
	if err != nil {
		return e, err
	}
	if err := s.try(ctx, byName(c.login), byAddress(p.Address)); err != nil {
		return e, err
	}
	right, now := false, time.Time{}
	w := s.System("foundation/auth.SecondFactor", "totp", "recovery")
	err = s.db.Do(ctx, w, func(tx *store.Tx) (err error) {
		now = tx.Now()
		right, err = s.factorTx(tx, c.account, plain(code))
		return err
	})
	if err != nil {
		return e, err
	}
	if !right {
		if err := s.refused(ctx, who, "foundation/auth.SecondFactor", c.account, "code", p); fault.Of(err).Kind != ErrWrong {
			return e, err
		}
		return e, fault.New(fault.Invalid, ErrCode, "").Field("code", ErrCode)
	}
	if c.once {
		e.Need = NeedPassword
		e.Ticket, err = s.ticket(c, now, true)
		return e, err
	}
	return s.open(ctx, who, "foundation/auth.SecondFactor", c, p, "")
}

// factorTx uses up a code.
func (s *Service) factorTx(tx *store.Tx, account store.ID, code string) (bool, error) {
	var sealed []byte
	var last int64
	err := tx.Each(func(r store.Scanner) error { return r.Scan(&sealed, &last) }, `SELECT secret, step FROM totp WHERE account = ?`, account)
	if err != nil || sealed == nil {
		return false, err
	}
	secret, err := s.ring.Open(totpPurpose(account), sealed)
	if err != nil {
		return false, err
	}
	if step := totpMatch(secret, code, tx.Now(), last); step != 0 {
		n, err := tx.Exec(`UPDATE totp SET step = ? WHERE account = ? AND step < ?`, step, account, step)
		return n == 1, err
	}
	hash, err := s.recoveryHash(account, code)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`DELETE FROM recovery WHERE account = ? AND hash = ?`, account, hash)
	if err == nil && n == 1 {
		tx.Record(RecoveryUsed{account})
	}
	return n == 1, err
}
