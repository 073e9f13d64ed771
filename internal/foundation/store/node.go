package store

import (
	"context"
	"errors"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// A node number is leased by the machine's own clock, whatever clock the rows go by.
const (
	nodeLease = time.Hour
	nodeRenew = 10 * time.Minute
)

func (db *DB) takeNode(ctx context.Context) error {
	return db.onNodes(ctx, func(tx *Tx) error {
		now := time.Now()
		// A number that was never used comes first, so that an old one rests as long as it can.
		n, err := One[int64](tx, `SELECT COALESCE(MAX(number) + 1, 0) FROM node`)
		if err != nil {
			return err
		}
		if n < maxNodes {
			_, err = tx.Exec(`INSERT INTO node (number, owner, until) VALUES (?, ?, ?)`, n, db.owner, now.Add(nodeLease))
		} else {
			if n, err = One[int64](tx, `SELECT number FROM node WHERE until < ? ORDER BY until LIMIT 1`, now); err != nil {
				return fault.New(fault.Unavailable, ErrBusy, "").Because(errors.Join(errors.New("all node numbers are taken"), err))
			}
			err = tx.Change(`UPDATE node SET owner = ?, until = ? WHERE number = ?`, db.owner, now.Add(nodeLease), n)
		}
		if err != nil {
			return err
		}
		db.ids.node = ID(n)
		db.until.Store(now.Add(nodeLease).UnixMicro())
		return nil
	})
}

func (db *DB) keepNode(ctx context.Context) {
	t := time.NewTicker(nodeRenew)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			if db.setNode(ctx, now.Add(nodeLease)) == nil {
				db.until.Store(now.Add(nodeLease).UnixMicro())
			} // else the next tick tries again; Do refuses when the lease is over
		}
	}
}

// freeNode ends the lease. The number is not used again before all others were.
func (db *DB) freeNode() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return db.setNode(ctx, time.Now())
}

func (db *DB) setNode(ctx context.Context, until time.Time) error {
	return db.onNodes(ctx, func(tx *Tx) error {
		return tx.Change(`UPDATE node SET until = ? WHERE number = ? AND owner = ?`, until, int64(db.ids.node), db.owner)
	})
}

// onNodes is [DB.Do] for the leases themselves, which need none.
func (db *DB) onNodes(ctx context.Context, f func(*Tx) error) error {
	w := (&Issuer{db}).System("store.node", "node")
	return db.driver.do(ctx, false, func(q querier) error { return f(&Tx{ctx: ctx, db: db, w: w, q: q}) })
}
