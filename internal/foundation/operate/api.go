package operate

import (
	"context"
	"time"

	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/job"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// API are the calls about the work that runs.
func API(s *Service) []*api.Operation {
	return []*api.Operation{
		api.Get("/api/jobs", "listJobs", "operate.api.jobs", s.apiJobs).Calls("foundation/operate.Jobs"),
		api.Post("/api/jobs/{id}/retry", "retryJob", "operate.api.retry", steered(s.Retry)).Calls("foundation/operate.Retry"),
		api.Post("/api/jobs/{id}/give-up", "giveUpJob", "operate.api.give_up", steered(s.GiveUp)).Calls("foundation/operate.GiveUp"),
	}
}

// apiJob is a job; what it was given is not told.
type apiJob struct {
	ID      string     `id:"job"                           json:"id"`
	Kind    string     `json:"kind"`
	Key     string     `json:"key"`
	State   job.State  `enum:"waiting,running,failed,done" json:"state"`
	RunAt   *time.Time `json:"run_at"`
	Attempt int        `json:"attempt"`
	Error   string     `json:"error"`
	Made    *time.Time `json:"made_at"`
	Ended   *time.Time `json:"ended_at"`
}

// maxJobs is how many jobs one answer has at most.
const maxJobs = 200

func (s *Service) apiJobs(r *web.Request, in struct {
	State job.State `enum:"waiting,running,failed,done" query:"state"`
	After string    `query:"after"`
	Limit int       `query:"limit"`
}) (out api.List[apiJob], err error) {
	if in.State == "" { // that is what somebody has to do something about
		in.State = job.Failed
	}
	limit, err := api.Limit(in.Limit, maxJobs)
	if err != nil {
		return out, err
	}
	var before int64
	if in.After != "" {
		if _, before, err = api.ReadPlace(in.After); err != nil {
			return out, err
		}
	}
	jobs, err := s.Jobs(r.Context(), auth.Who(r), in.State, store.ID(before), limit)
	if err != nil {
		return out, err
	}
	return api.Cut(jobs, limit, func(j job.Job) apiJob {
		return apiJob{j.ID.Text(idKind), j.Kind, j.Key, j.State, api.Time(j.RunAt), j.Attempt, j.Error, api.Time(j.Made), api.Time(j.Ended)}
	}, func(j job.Job) string { return api.Place(0, int64(j.ID)) }), nil
}

type apiOne struct {
	ID string `id:"job" path:"id"`
}

// steered does something to a failed job; what was done before, by a call with the same key, is done.
func steered(act func(context.Context, auth.Actor, store.ID) error) func(*web.Request, apiOne) (api.Nothing, error) {
	return func(r *web.Request, in apiOne) (out api.Nothing, err error) {
		id, err := store.ParseID(idKind, in.ID)
		if err == nil {
			_, _, err = store.Before(act(r.Context(), auth.Who(r), id))
		}
		return out, err
	}
}
