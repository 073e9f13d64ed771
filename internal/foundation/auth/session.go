package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// Session is somebody who is signed in somewhere.
type Session struct {
	ID      store.ID
	Agency  store.ID // the acting one
	Since   time.Time
	Used    time.Time // to some minutes
	Until   time.Time // when it ends, used or not
	Device  string    // what the browser says of itself
	Address string
	Current bool // the one that asks
}

// touch is how old the last use may be before it is written again.
const touch = 5 * time.Minute

const secretSize = 32

func hashSecret(secret string) []byte {
	b := sha256.Sum256([]byte(secret))
	return b[:]
}

// Place is where somebody signs in from: kept with the session, so that its owner knows it again.
type Place struct {
	Address netip.Addr
	Device  string // the browser's User-Agent
}

// openTx opens a session, for the agency that the account last acted for where it still may. It returns what the browser keeps.
func (s *Service) openTx(tx *store.Tx, account store.ID, p Place) (string, error) {
	raw := make([]byte, secretSize)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return "", err
	}
	secret := base64.RawURLEncoding.EncodeToString(raw)
	grants, err := grantsTx(tx, account, tx.Now(), false)
	if err != nil {
		return "", err
	}
	last, err := store.One[store.ID](tx, `SELECT agency FROM session WHERE account = ? ORDER BY until DESC LIMIT 1`, account)
	if err := ignoreNone(err); err != nil {
		return "", err
	}
	id := tx.NewID()
	event := tx.Record(SignedIn{id, account, store.Personal(p.Address.String())})
	_, err = tx.Exec(`INSERT INTO session (id, account, secret, agency, since, used, until, device, address, event) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		id, account, hashSecret(secret), acting(grants, last), tx.Now(), tx.Now(), tx.Now().Add(s.life), shorten(i18n.Line(p.Device), 300), p.Address.String(), event)
	return secret, err
}

// browsers and systems are what a User-Agent names, the more particular first: most call themselves by all the others' names.
var (
	browsers = [][2]string{{"coc_coc", "coccoc"}, {"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox", "Firefox"}, {"Chrome", "Chrome"}, {"CriOS", "Chrome"}, {"Safari", "Safari"}}
	systems  = [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}}
)

// Browser is what the device calls itself, in short where that is known: "Chrome – Windows".
func (x Session) Browser() string {
	var parts []string
	for _, names := range [][][2]string{browsers, systems} {
		for _, n := range names {
			if strings.Contains(x.Device, n[0]) {
				parts = append(parts, n[1])
				break
			}
		}
	}
	if len(parts) < 2 {
		return shorten(x.Device, 60)
	}
	return strings.Join(parts, " – ")
}

func shorten(s string, n int) string {
	r := []rune(s)
	return string(r[:min(len(r), n)])
}

// acting is the agency that is acted for: the wanted one, or the first there is.
func acting(grants []Given, wanted store.ID) store.ID {
	if len(grants) == 0 {
		return 0
	}
	if slices.ContainsFunc(grants, func(g Given) bool { return g.Agency == wanted }) {
		return wanted
	}
	return grants[0].Agency
}

// endSessionsTx ends an account's sessions but one (0: all).
func endSessionsTx(tx *store.Tx, account, but store.ID) error {
	_, err := tx.Exec(`UPDATE session SET until = ?, event = ? WHERE account = ? AND until > ? AND id <> ?`, tx.Now(), tx.Event(), account, tx.Now(), int64(but))
	return err
}

// loaded is a session with whose it is.
type loaded struct {
	Session
	account Account
	grants  []Given
	names   map[store.ID]string
}

// load finds an open session by its secret; none is not found.
func (s *Service) load(ctx context.Context, secret string) (l loaded, err error) {
	err = s.db.View(ctx, s.System("foundation/auth.session"), func(tx *store.Tx) error {
		var id store.ID
		l, err = store.First(tx, func(r store.Scanner) (l loaded, err error) {
			return l, r.Scan(&l.ID, &id, &l.Agency, store.At(&l.Since), store.At(&l.Used), store.At(&l.Until))
		}, `SELECT id, account, agency, since, used, until FROM session WHERE secret = ? AND until > ? AND used > ?`,
			hashSecret(secret), tx.Now(), tx.Now().Add(-s.idle-touch))
		if err != nil {
			return err
		}
		if l.account, err = accountTx(tx, id); err != nil {
			return err
		}
		if l.account.State != Active {
			return fault.New(fault.NotFound, store.ErrNotFound, "")
		}
		if l.grants, err = grantsTx(tx, id, tx.Now(), false); err != nil {
			return err
		}
		l.Agency = acting(l.grants, l.Agency)
		l.names, err = s.names(tx, agencies(l.grants))
		return err
	})
	return l, err
}

func agencies(grants []Given) (list []store.ID) {
	for _, g := range grants {
		if !slices.Contains(list, g.Agency) {
			list = append(list, g.Agency)
		}
	}
	return list
}

// used notes that a session is in use, seldom: a failure costs nobody their page.
func (s *Service) used(ctx context.Context, id store.ID, last time.Time) {
	err := s.db.Do(ctx, s.System("foundation/auth.used", "session"), func(tx *store.Tx) error {
		if tx.Now().Sub(last) < touch {
			return nil
		}
		_, err := tx.Exec(`UPDATE session SET used = ? WHERE id = ? AND used < ? AND until > ?`, tx.Now(), id, tx.Now(), tx.Now())
		return err
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		s.log.Warn("a session's last use is not written", "error", err)
	}
}

// sessions implements [web.Sessions].
type sessions struct{ s *Service }

// Sessions is who the pages ask who is there.
func (s *Service) Sessions() web.Sessions { return sessions{s} }

// Actor implements [web.Sessions].
func (x sessions) Actor(ctx context.Context, secret string) (web.Actor, error) {
	l, err := x.s.load(ctx, secret)
	if there, err := store.Found(err); err != nil || !there {
		return web.Actor{}, err
	}
	if x.s.stale(l.Used) {
		x.s.used(ctx, l.ID, l.Used)
	}
	a := Actor{Account: l.account.ID, Session: l.ID, Person: l.account.Person, Agency: l.Agency}
	for _, g := range l.grants {
		a.Grants = append(a.Grants, g.Grant)
	}
	w := web.Actor{ID: l.account.ID.Text("acc"), Name: l.account.Name, Identity: a}
	for _, id := range agencies(l.grants) {
		c := web.Choice{Value: id.Text("agy"), Name: cmp.Or(l.names[id], id.Text("agy"))}
		w.Agencies = append(w.Agencies, c)
		if id == l.Agency {
			w.Agency = c
		}
	}
	return w, nil
}

// stale asks the house's clock without a transaction.
func (s *Service) stale(used time.Time) bool { return s.clock.Now().Sub(used) >= touch }

// Choose implements [web.Sessions].
func (x sessions) Choose(ctx context.Context, secret, agency string) error {
	l, err := x.s.load(ctx, secret)
	if err != nil {
		return err
	}
	id, err := store.ParseID("agy", agency)
	if err != nil {
		return err
	}
	w, err := x.s.Warrant(ctx, Actor{Account: l.account.ID, Session: l.ID, Agency: id}, "foundation/auth.Choose")
	if err != nil {
		return err
	}
	return x.s.db.Do(ctx, w, func(tx *store.Tx) error {
		grants, err := grantsTx(tx, l.account.ID, tx.Now(), false)
		if err != nil {
			return err
		}
		if err := tx.Permit(acting(grants, id) == id); err != nil {
			return err
		}
		event := tx.Record(AgencyChosen{l.ID, id})
		return tx.Change(`UPDATE session SET agency = ?, event = ? WHERE id = ? AND account = ? AND until > ?`, id, event, l.ID, l.account.ID, tx.Now())
	})
}

// The lists of an account's sessions: the open ones, and those beside one of them.
const (
	mySessions = `SELECT id, agency, since, used, until, device, address FROM session WHERE account = ? AND until > ? AND used > ? ORDER BY until DESC LIMIT 100`
	myOthers   = `SELECT id FROM session WHERE account = ? AND until > ? AND id <> ? ORDER BY until DESC LIMIT 1000`
)

// MySessions are one's own open sessions, the newest first.
func (s *Service) MySessions(ctx context.Context, who Actor) (list []Session, err error) {
	w, err := s.Warrant(ctx, who, "foundation/auth.MySessions")
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(true); err != nil { // it asks for nothing but the actor's own
			return err
		}
		list, err = store.Collect(tx, func(r store.Scanner) (x Session, err error) {
			err = r.Scan(&x.ID, &x.Agency, store.At(&x.Since), store.At(&x.Used), store.At(&x.Until), &x.Device, &x.Address)
			x.Current = x.ID == who.Session
			return x, err
		}, mySessions, who.Account, tx.Now(), tx.Now().Add(-s.idle-touch))
		return err
	})
	return list, err
}

// EndSession ends one of one's own sessions.
func (s *Service) EndSession(ctx context.Context, who Actor, id store.ID) error {
	return s.end(ctx, who, "foundation/auth.EndSession", id)
}

// SignOut ends the session that asks for it.
func (s *Service) SignOut(ctx context.Context, who Actor) error {
	return s.end(ctx, who, "foundation/auth.SignOut", who.Session)
}

func (s *Service) end(ctx context.Context, who Actor, method string, id store.ID) error {
	w, err := s.Warrant(ctx, who, method)
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		owner, err := store.One[store.ID](tx, `SELECT account FROM session WHERE id = ? AND until > ?`, id, tx.Now())
		if err != nil {
			return err
		}
		if err := tx.Permit(owner == who.Account); err != nil {
			return err
		}
		event := tx.Record(SignedOut{id, who.Account})
		return tx.Change(`UPDATE session SET until = ?, event = ? WHERE id = ?`, tx.Now(), event, id)
	})
}

// EndOthers ends all of one's sessions but this one.
func (s *Service) EndOthers(ctx context.Context, who Actor) error {
	w, err := s.Warrant(ctx, who, "foundation/auth.EndOthers")
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(who.Account != 0); err != nil {
			return err
		}
		others, err := store.Collect(tx, func(r store.Scanner) (id store.ID, err error) { return id, r.Scan(&id) },
			myOthers, who.Account, tx.Now(), int64(who.Session))
		if err != nil || len(others) == 0 {
			return err
		}
		for _, id := range others {
			tx.Record(SignedOut{id, who.Account})
		}
		return endSessionsTx(tx, who.Account, who.Session)
	})
}
