package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strconv"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Guessing is slowed down by two counters in the store, so that they hold over all nodes: one by sign-in name, whether there is such an
// account or not, and one by address. An attempt is counted before it is looked at and forgiven when it was right, so that many at once
// gain nothing. What is above the free ones waits, twice as long each time up to the longest; nobody is locked out for ever.
type counter struct {
	key  string
	free int64         // attempts without delay
	most time.Duration // the longest delay
}

const (
	firstDelay = 5 * time.Second
	// forget is how long after the last failure a counter begins anew.
	forget = 24 * time.Hour
)

func byName(login string) counter {
	h := sha256.Sum256([]byte(login))
	return counter{"name " + hex.EncodeToString(h[:16]), 5, 15 * time.Minute}
}

// byAddress counts an IPv6 network of 64 bits as one: its owner has all of it (RFC 6177).
func byAddress(a netip.Addr) counter {
	if a.Is6() && !a.Is4In6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return counter{"net " + p.String(), 30, 15 * time.Minute}
		}
	}
	return counter{"net " + a.Unmap().String(), 30, 15 * time.Minute} // an agency behind one address
}

func (c counter) delay(failed int64) time.Duration {
	if failed < c.free {
		return 0
	}
	return min(c.most, firstDelay<<min(failed-c.free, 20))
}

// try counts an attempt by all counters, or refuses it.
func (s *Service) try(ctx context.Context, counters ...counter) error {
	return s.db.Do(ctx, s.System("foundation/auth.try", "attempt"), func(tx *store.Tx) error {
		for _, c := range counters {
			var failed int64
			var at, until time.Time
			err := ignoreNone(tx.Each(func(r store.Scanner) error { return r.Scan(&failed, store.At(&at), store.At(&until)) },
				`SELECT failed, at, until FROM attempt WHERE key = ?`, c.key))
			if err != nil {
				return err
			}
			now := tx.Now()
			if now.Before(until) {
				wait := until.Sub(now).Round(time.Second) + time.Second
				return fault.New(fault.TooMany, ErrTooOften, "").With("seconds", strconv.Itoa(int(wait.Seconds())))
			}
			if now.Sub(at) > forget {
				failed = 0
			}
			failed++
			_, err = tx.Exec(`INSERT INTO attempt (key, failed, at, until) VALUES (?, ?, ?, ?)
				ON CONFLICT (key) DO UPDATE SET failed = excluded.failed, at = excluded.at, until = excluded.until`, c.key, failed, now, now.Add(c.delay(failed)))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// forgiveTx takes back what a right attempt was counted for: the name begins anew, the address gets its one back.
func forgiveTx(tx *store.Tx, name, address counter) error {
	if _, err := tx.Exec(`DELETE FROM attempt WHERE key = ?`, name.key); err != nil {
		return err
	}
	return giveBackTx(tx, address)
}

// giveBackTx takes back one attempt: it was right, and a further step is to come.
func giveBackTx(tx *store.Tx, counters ...counter) error {
	for _, c := range counters {
		if _, err := tx.Exec(`UPDATE attempt SET failed = failed - 1, until = at WHERE key = ? AND failed > 0`, c.key); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) giveBack(ctx context.Context, counters ...counter) error {
	return s.db.Do(ctx, s.System("foundation/auth.try", "attempt"), func(tx *store.Tx) error { return giveBackTx(tx, counters...) })
}
