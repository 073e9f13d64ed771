package operate_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/api/apitest"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/job"
	"github.com/antinvn/antin/internal/foundation/operate"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/foundation/web"
)

func TestJobsAreSteeredByCalls(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	texts, err := i18n.New(web.Texts(), api.Files, store.Texts, auth.Files, job.Files, operate.Files)
	if err != nil {
		t.Fatal(err)
	}
	s, err := web.New(web.Config{Public: authtest.Public, Texts: texts, Sessions: h, Clock: h.Clock, Log: slog.New(slog.DiscardHandler)}, api.Module(operate.API(operate.New(h.DB, h.Auth))...))
	if err != nil {
		t.Fatal(err)
	}
	workers := job.New(h.DB, h.Issuer, slog.New(slog.DiscardHandler), 7, job.Kind{Name: "test.send", Attempts: 1, Work: func(context.Context, *job.Run) error { return errors.New("no answer") }})
	for _, key := range []string{"a", "b", "c"} {
		err := h.DB.Do(t.Context(), h.Issuer.System("test", "job"), func(tx *store.Tx) error { return job.EnqueueTx(tx, "test.send", key, struct{}{}, time.Time{}) })
		if err != nil {
			t.Fatal(err)
		}
		if did, err := workers.One(t.Context()); !did || err != nil {
			t.Fatal(did, err)
		}
	}
	c := apitest.NewCaller(t, s).As("operator")
	type list struct {
		Items []struct{ ID, Key, State, Error string }
		Next  string
	}
	var part, rest, waiting list
	c.Get("/api/jobs?limit=2").Into(&part)
	c.Get("/api/jobs?limit=2&after=" + part.Next).Into(&rest)
	if len(part.Items) != 2 || len(rest.Items) != 1 || rest.Next != "" || part.Items[0].Key != "c" || part.Items[0].Error != "no answer" || rest.Items[0].Key != "a" {
		t.Fatalf("%+v, %+v", part, rest)
	}
	retry := "/api/jobs/" + part.Items[0].ID + "/retry"
	keyed := c.Keyed("once-more-and-only-once")
	keyed.Post(retry, nil).Into(&struct{}{})
	keyed.Post(retry, nil).Into(&struct{}{})
	c.Post(retry, nil).Refused("it does not fail any more", "409 job.state")
	c.Post("/api/jobs/"+part.Items[1].ID+"/give-up", nil).Into(&struct{}{})
	c.Post("/api/jobs/job_0000000000002/retry", nil).Refused("nothing", "404 store.not_found")
	if c.Get("/api/jobs?state=waiting").Into(&waiting); len(waiting.Items) != 1 || waiting.Items[0].Key != "c" {
		t.Errorf("%+v", waiting)
	}
	// The twins: who does not operate the house sees and steers nothing.
	h.who = h.House.Actor(h.who.Agency, auth.Auditor)
	c.Get("/api/jobs").Refused("an auditor", "403 auth.denied")
	c.Post("/api/jobs/"+rest.Items[0].ID+"/retry", nil).Refused("an auditor", "403 auth.denied")
}
