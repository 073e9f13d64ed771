package operate

import (
	"context"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/job"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Policy says who may look at and steer the work that runs. Work belongs to the house, not to an agency.
var Policy = auth.Policy{
	"foundation/operate.Jobs":   {Needs: auth.Operate, Decides: "the house"},
	"foundation/operate.Retry":  {Needs: auth.Operate, Decides: "the house"},
	"foundation/operate.GiveUp": {Needs: auth.Operate, Decides: "the house"},
}

// Service steers the work that runs behind the house. It may be used concurrently.
type Service struct {
	db   *store.DB
	auth *auth.Service
	own  *store.Warrant
}

// New makes it.
func New(db *store.DB, a *auth.Service) *Service {
	return &Service{db: db, auth: a, own: a.System("foundation/operate")}
}

// Jobs is a page of jobs in a state, newest first, before an id (0: from the newest).
func (s *Service) Jobs(ctx context.Context, who auth.Actor, state job.State, before store.ID, limit int) (jobs []job.Job, err error) {
	w, err := s.auth.Warrant(ctx, who, "foundation/operate.Jobs")
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(true); err != nil { // the permission is all that is asked
			return err
		}
		jobs, err = job.ListTx(tx, state, before, limit)
		return err
	})
	return jobs, err
}

// Retry gives a failed job all its attempts again.
func (s *Service) Retry(ctx context.Context, who auth.Actor, id store.ID) error {
	return s.steer(ctx, who, "foundation/operate.Retry", func(tx *store.Tx) error { return job.RetryTx(tx, id) })
}

// GiveUp ends a failed job; its error stays.
func (s *Service) GiveUp(ctx context.Context, who auth.Actor, id store.ID) error {
	return s.steer(ctx, who, "foundation/operate.GiveUp", func(tx *store.Tx) error { return job.GiveUpTx(tx, id) })
}

func (s *Service) steer(ctx context.Context, who auth.Actor, method string, act func(*store.Tx) error) error {
	w, err := s.auth.Warrant(ctx, who, method)
	if err != nil {
		return err
	}
	return s.db.Do(ctx, w, func(tx *store.Tx) error {
		if err := tx.Permit(true); err != nil {
			return err
		}
		return act(tx)
	})
}

// Gauges are the figures of the work that runs.
func (s *Service) Gauges() []Gauge {
	var out []Gauge
	for _, state := range []job.State{job.Waiting, job.Running, job.Failed} {
		out = append(out, Gauge{
			Name: "antin_jobs", Help: "Jobs by state.", Labels: map[string]string{"state": string(state)},
			Read: func(ctx context.Context) (n float64, err error) {
				err = s.db.View(ctx, s.own, func(tx *store.Tx) error {
					n, err = store.One[float64](tx, `SELECT COUNT(*) FROM (SELECT 1 FROM job WHERE state = ? LIMIT 100000) counted`, string(state))
					return err
				})
				return n, err
			},
		})
	}
	return out
}

// Check asks the store.
func (s *Service) Check() Check {
	return Check{Name: "store", Run: func(ctx context.Context) error {
		return s.db.View(ctx, s.own, func(tx *store.Tx) error {
			_, err := store.One[int64](tx, `SELECT 1`)
			return err
		})
	}}
}
