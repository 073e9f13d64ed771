package operate

import (
	"context"
	"embed"
	"fmt"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/job"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

//go:embed pages
var pages embed.FS

// Pages are the room's pages, and what machines ask.
func Pages(s *Service, h *Health, m *Metrics) web.Module {
	p := page{s}
	return web.Module{
		Name: "foundation/operate", Pages: pages,
		Routes: []web.Route{
			{Pattern: "GET /healthz", Handler: h.alive, Anyone: true},
			{Pattern: "GET /readyz", Handler: h.ready, Anyone: true},
			{Pattern: "GET /metrics", Handler: m.page, Anyone: true},
			{Pattern: "GET " + jobsPath, Handler: p.jobs},
			{Pattern: "POST " + jobsPath + "/{id}/lam-lai", Handler: p.steer(s.Retry, "operate.job.retried")},
			{Pattern: "POST " + jobsPath + "/{id}/bo", Handler: p.steer(s.GiveUp, "operate.job.given_up")},
		},
		Navigation: []web.Item{{Text: web.T("operate.jobs"), Href: jobsPath, Order: 900, Shown: auth.Shown(auth.Operate)}},
	}
}

const (
	jobsPath = "/viec-nen"
	idKind   = "job"
)

type page struct{ s *Service }

// jobList opens with what failed: that is what somebody has to do something about.
var jobList = web.List{
	Key:     "operate.jobs.list",
	Columns: []web.Column{{Name: "kind"}, {Name: "made"}, {Name: "run_at"}, {Name: "attempt", Number: true}, {Name: "error"}, {Name: "acts"}},
	Pairs: []web.Pair{
		{Filters: []string{"state"}, Sort: "made", Desc: true},
		{Sort: "made", Desc: true},
	},
}

type jobRow struct {
	job.Job
	State      web.Badge
	Retry, End *web.Act
}

type jobsData struct {
	Tabs  []web.Tab
	Table *web.Table
	Rows  []jobRow
}

var badges = map[job.State]web.Kind{job.Failed: web.Bad, job.Waiting: web.Wait, job.Running: web.Info, job.Done: web.Good}

func (p page) jobs(r *web.Request) (web.Answer, error) {
	q, err := jobList.Query(r)
	if err != nil {
		return nil, err
	}
	state := job.State(q.Value("state"))
	if badges[state] == "" {
		state = job.Failed
	}
	var before store.ID
	if q.After != nil {
		before = store.ID(q.After.ID)
	}
	all, err := p.s.Jobs(r.Context(), auth.Who(r), state, before, q.Limit+1)
	if err != nil {
		return nil, err
	}
	d := jobsData{}
	for _, s := range []job.State{job.Failed, job.Running, job.Waiting, job.Done} {
		d.Tabs = append(d.Tabs, web.Tab{Text: web.T("operate.job.state." + string(s)), Href: fmt.Sprintf("%s?state=%s", jobsPath, s), Current: s == state})
	}
	shown, more := web.Cut(q, all)
	var next *web.Cursor
	if more {
		next = &web.Cursor{Value: int64(0), ID: int64(shown[len(shown)-1].ID)}
	}
	d.Table = q.Table(r, len(shown), next)
	d.Table.Filters, d.Table.Filtered = nil, false // the tabs choose the state
	for _, j := range shown {
		row := jobRow{Job: j, State: web.Badge{Kind: badges[j.State], Text: web.T("operate.job.state." + string(j.State))}}
		if j.State == job.Failed {
			at := jobsPath + "/" + j.ID.Text(idKind)
			row.Retry, row.End = r.Act(web.T("operate.job.retry"), at+"/lam-lai", ""), r.Act(web.T("operate.job.give_up"), at+"/bo", "danger")
		}
		d.Rows = append(d.Rows, row)
	}
	return &web.Page{Title: web.T("operate.jobs"), Body: "jobs.html", Data: d, Trail: []web.Link{{Text: web.T("web.home"), Href: "/"}}}, nil
}

// steer is a button on a failed job.
func (p page) steer(act func(context.Context, auth.Actor, store.ID) error, said string) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		id, err := store.ParseID(idKind, r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		if _, err := r.Form("operate.job", nil); err != nil {
			return nil, err
		}
		if err := act(r.Context(), auth.Who(r), id); err != nil {
			return nil, err
		}
		return web.SeeOther(jobsPath + "?state=" + string(job.Failed)).Say(web.T(said)), nil
	}
}
