package auth

import (
	"context"
	"time"

	"github.com/antinvn/antin/internal/foundation/job"
	"github.com/antinvn/antin/internal/foundation/store"
)

// What has ended is kept for a while, then swept away a piece at a time. The events stay.
const (
	keepForms    = 3 * 24 * time.Hour
	keepSessions = 90 * 24 * time.Hour
	sweepAtOnce  = 500
)

// Jobs are the house's work on accounts.
func Jobs(*Service) []job.Kind {
	return []job.Kind{{
		Name: "auth.sweep", Tables: []string{"form", "once", "session", "attempt", "spent"}, Every: time.Hour, Work: sweep,
	}}
}

func sweep(ctx context.Context, r *job.Run) error {
	for _, x := range []struct {
		query string
		keep  time.Duration
	}{
		{`DELETE FROM form WHERE key IN (SELECT key FROM form WHERE at < ? ORDER BY at LIMIT ?)`, keepForms},
		{`DELETE FROM once WHERE id IN (SELECT id FROM once WHERE at < ? ORDER BY at LIMIT ?)`, keepForms},
		{`DELETE FROM session WHERE id IN (SELECT id FROM session WHERE until < ? ORDER BY until LIMIT ?)`, keepSessions},
		{`DELETE FROM attempt WHERE key IN (SELECT key FROM attempt WHERE at < ? ORDER BY at LIMIT ?)`, forget},
		{`DELETE FROM spent WHERE challenge IN (SELECT challenge FROM spent WHERE until < ? ORDER BY until LIMIT ?)`, challengeLife},
	} {
		for n := int64(sweepAtOnce); n == sweepAtOnce; {
			if err := r.Step(ctx, func(tx *store.Tx) (err error) {
				n, err = tx.Exec(x.query, tx.Now().Add(-x.keep), sweepAtOnce)
				return err
			}); err != nil {
				return err
			}
		}
	}
	return nil
}
