package job

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Workers take due jobs and do them. Make it with [New]; it may be used concurrently.
type Workers struct {
	db    *store.DB
	log   *slog.Logger
	owner int64
	kinds map[string]*kind
	take  *store.Warrant
}

type kind struct {
	Kind
	warrant *store.Warrant
}

// New makes workers for the kinds that the modules registered. owner tells this node's leases from others'; it is not 0.
func New(db *store.DB, issuer *store.Issuer, log *slog.Logger, owner int64, kinds ...Kind) *Workers {
	w := &Workers{db: db, log: log, owner: owner, kinds: map[string]*kind{}, take: issuer.System("job.take", "job", "job_schedule")}
	for _, k := range kinds {
		if k.Attempts == 0 {
			k.Attempts = defaultAttempts
		}
		if k.Lease == 0 {
			k.Lease = defaultLease
		}
		w.kinds[k.Name] = &kind{k, issuer.System(k.Name, append(slices.Clone(k.Tables), "job")...)}
	}
	return w
}

// Serve does due jobs, n side by side, until ctx ends; then it waits for those that run. It looks every so often.
func (w *Workers) Serve(ctx context.Context, n int, every time.Duration) {
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			for ctx.Err() == nil {
				did, err := w.One(ctx)
				if err != nil && ctx.Err() == nil {
					w.log.WarnContext(ctx, "taking a job", "error", err)
				}
				if did {
					continue
				}
				select {
				case <-ctx.Done():
				case <-time.After(every):
				}
			}
		})
	}
	group.Wait()
}

// One does one due job; did is false where none is due.
func (w *Workers) One(ctx context.Context) (did bool, err error) {
	if err := w.schedule(ctx); err != nil {
		return false, err
	}
	r, err := w.taken(ctx)
	if err != nil || r == nil {
		return false, err
	}
	err = r.work(ctx)
	if err == nil && !r.finished {
		err = r.Finish(ctx, nil)
	}
	if err != nil && !r.finished {
		return true, r.fail(ctx, err)
	}
	return true, err
}

// schedule puts down what is due by the clock.
func (w *Workers) schedule(ctx context.Context) error {
	var due []*kind
	err := w.db.View(ctx, w.take, func(tx *store.Tx) error { // an idle node writes nothing
		later := map[string]bool{}
		err := tx.Each(func(s store.Scanner) error {
			var name string
			err := s.Scan(&name)
			later[name] = true
			return err
		}, `SELECT kind FROM job_schedule WHERE next > ?`, tx.Now())
		for _, k := range w.kinds {
			if k.Every > 0 && !later[k.Name] {
				due = append(due, k)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, k := range due {
		err := w.db.Do(ctx, w.take, func(tx *store.Tx) error {
			n, err := tx.Exec(`INSERT INTO job_schedule (kind, next) VALUES (?, ?) ON CONFLICT (kind) DO UPDATE SET next = excluded.next WHERE job_schedule.next <= ?`,
				k.Name, tx.Now().Add(k.Every), tx.Now())
			if err != nil || n == 0 { // another node was first
				return err
			}
			return EnqueueTx(tx, k.Name, "", struct{}{}, time.Time{})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// taken leases the job that is due longest, or one whose node lost its lease; nil where there is none.
func (w *Workers) taken(ctx context.Context) (*Run, error) {
	var r *Run
	due := func(tx *store.Tx) (Job, bool, error) {
		for _, q := range []string{
			columns + ` WHERE state = 'waiting' AND run_at <= ? ORDER BY run_at, id LIMIT 1`,
			columns + ` WHERE state = 'running' AND lease < ? ORDER BY lease, id LIMIT 1`,
		} {
			j, err := store.First(tx, scan, q+tx.SkipLocked(), tx.Now())
			if ok, err := store.Found(err); ok || err != nil {
				return j, ok, err
			}
		}
		return Job{}, false, nil
	}
	some := false
	err := w.db.View(ctx, w.take, func(tx *store.Tx) (err error) {
		_, some, err = due(tx)
		return err
	})
	if err != nil || !some {
		return nil, err
	}
	err = w.db.Do(ctx, w.take, func(tx *store.Tx) error {
		r = nil
		j, ok, err := due(tx)
		if err != nil || !ok {
			return err
		}
		k := w.kinds[j.Kind]
		if k == nil { // of a newer program, or of a module that is gone
			return tx.Change(`UPDATE job SET state = 'failed', error = ? WHERE id = ?`, "nothing here does this kind of work", j.ID)
		}
		if j.State == Running && j.Attempt >= k.Attempts {
			return tx.Change(`UPDATE job SET state = 'failed', error = ? WHERE id = ?`, "its node ended in each attempt, the last one at "+j.Lease.Format(time.RFC3339), j.ID)
		}
		j.Attempt++
		j.Lease = tx.Now().Add(k.Lease)
		r = &Run{Job: j, w: w, k: k}
		return tx.Change(`UPDATE job SET state = 'running', attempt = ?, owner = ?, lease = ? WHERE id = ?`, j.Attempt, w.owner, j.Lease, j.ID)
	})
	return r, err
}

// Run is one attempt at a job. Only the goroutine that does the work uses it.
type Run struct {
	Job      Job
	w        *Workers
	k        *kind
	finished bool
}

// Payload reads what was put down.
func (r *Run) Payload(into any) error { return json.Unmarshal(r.Job.Payload, into) }

// work calls the kind; a panic is an error of this job alone.
func (r *Run) work(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return r.k.Work(ctx, r)
}

// Step commits a part of the work and renews the lease. It fails where another node has the job.
func (r *Run) Step(ctx context.Context, f func(*store.Tx) error) error {
	return r.commit(ctx, f, func(tx *store.Tx) error { return r.change(tx, `lease = ?`, tx.Now().Add(r.k.Lease)) })
}

// Finish commits the last part of the work together with the job's end.
func (r *Run) Finish(ctx context.Context, f func(*store.Tx) error) error {
	err := r.commit(ctx, f, func(tx *store.Tx) error { return r.change(tx, `state = 'done', error = '', ended = ?`, tx.Now()) })
	r.finished = r.finished || err == nil
	return err
}

// commit does a part of the work, which may be nil, and what the job's row says of it.
func (r *Run) commit(ctx context.Context, part, row func(*store.Tx) error) error {
	return r.w.db.Do(ctx, r.k.warrant, func(tx *store.Tx) error {
		if part != nil {
			if err := part(tx); err != nil {
				return err
			}
		}
		return row(tx)
	})
}

// fail notes an attempt's error: later again, or no more.
func (r *Run) fail(ctx context.Context, cause error) error {
	text := cause.Error()
	text = strings.ReplaceAll(strings.ToValidUTF8(text[:min(len(text), maxError)], ""), "\x00", "") // what PostgreSQL takes
	state, pause, used := Waiting, min(firstPause<<min(r.Job.Attempt-1, 16), longestPause), 1
	switch {
	case ctx.Err() != nil: // this node stops: the attempt does not count
		pause, used = 0, 0
	case r.Job.Attempt >= r.k.Attempts:
		state = Failed
	}
	err := r.w.db.Do(context.WithoutCancel(ctx), r.w.take, func(tx *store.Tx) error {
		return r.change(tx, `state = ?, run_at = ?, error = ?, attempt = attempt - 1 + ?`, string(state), tx.Now().Add(pause), text, used)
	})
	if fault.Is(err, fault.Stale) {
		return nil // another node has it: it will tell
	}
	return err
}

// change sets columns of the job's row while it is still this node's.
func (r *Run) change(tx *store.Tx, set string, args ...any) error {
	n, err := tx.Exec(`UPDATE job SET `+set+` WHERE id = ? AND owner = ? AND attempt = ? AND state = 'running'`, append(args, r.Job.ID, r.w.owner, r.Job.Attempt)...)
	if err == nil && n != 1 {
		return fault.New(fault.Stale, ErrLost, r.Job.Kind)
	}
	return err
}
