package operate_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/job"
	"github.com/antinvn/antin/internal/foundation/operate"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

func TestPermissions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		s := operate.New(h.DB, h.Auth)
		workers := job.New(h.DB, h.Issuer, slog.New(slog.DiscardHandler), 7, job.Kind{
			Name: "test.send", Attempts: 1, Work: func(context.Context, *job.Run) error { return errors.New("no answer") },
		})
		n := 0
		failed := func(t testing.TB, _ store.ID) store.ID {
			n++
			err := h.DB.Do(t.Context(), h.Issuer.System("test", "job"), func(tx *store.Tx) error {
				return job.EnqueueTx(tx, "test.send", strconv.Itoa(n), struct{}{}, time.Time{})
			})
			if err != nil {
				t.Fatal(err)
			}
			if did, err := workers.One(t.Context()); !did || err != nil {
				t.Fatal(did, err)
			}
			jobs, err := s.Jobs(t.Context(), h.who, job.Failed, 0, 1)
			if err != nil || len(jobs) != 1 {
				t.Fatal(jobs, err)
			}
			return jobs[0].ID
		}
		// Work is the house's: an operator steers it wherever they are one.
		house := func(s authtest.Standing) bool { return s.Role.Carries(auth.Operate) }
		authtest.Permissions(t, h.House, operate.Policy, map[string]authtest.Case{
			"foundation/operate.Jobs": {Alone: true, Call: func(ctx context.Context, who auth.Actor, _, _ store.ID) error {
				_, err := s.Jobs(ctx, who, job.Failed, 0, 1)
				return err
			}},
			"foundation/operate.Retry":  {Make: failed, Lets: house, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error { return s.Retry(ctx, who, id) }},
			"foundation/operate.GiveUp": {Make: failed, Lets: house, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error { return s.GiveUp(ctx, who, id) }},
		})
	})
}
