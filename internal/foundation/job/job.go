package job

import (
	"context"
	"embed"
	"encoding/json"
	"math"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Files are the texts and the migrations.
//
//go:embed vi.txt en.txt migrations/*.sql
var Files embed.FS

// The codes of this package.
const (
	// ErrState: the job is not in a state that allows the act.
	ErrState codes.Code = "job.state"
	// ErrLost: another node has the job now.
	ErrLost codes.Code = "job.lost"
	// ErrTooLarge: what a job is given is above 1 MB; what is larger belongs elsewhere, and the job names it.
	ErrTooLarge codes.Code = "job.too_large"
)

// State is where a job stands.
type State string

// The states.
const (
	Waiting State = "waiting"
	Running State = "running"
	Failed  State = "failed" // all attempts are used up; it waits for a person
	Done    State = "done"   // or given up, where Error is not empty
)

// Job is a row as pages show it.
type Job struct {
	ID      store.ID
	Kind    string
	Key     string
	Payload []byte // JSON
	State   State
	RunAt   time.Time
	Attempt int    // how often it was begun
	Error   string // of the last attempt
	Lease   time.Time
	Actor   store.ID // who caused it; 0 for the house
	Agency  store.ID // for whom
	Made    time.Time
	Ended   time.Time // zero while open
}

// Kind is a kind of work.
type Kind struct {
	// Name is "module.what", for ever.
	Name string
	// Tables are what its system warrant may write; "job" is always among them.
	Tables []string
	// Attempts after which it fails and waits for a person; 0 means 8.
	Attempts int
	// Lease is how long it may go without [Run.Step]; 0 means a minute.
	Lease time.Duration
	// Every makes it a schedule: one job, its key empty, each so often.
	Every time.Duration
	// Work does it. Its error is kept with the job, so it holds no secret.
	Work func(ctx context.Context, r *Run) error
}

const (
	defaultAttempts = 8
	defaultLease    = time.Minute
	firstPause      = 5 * time.Second // doubled with each attempt
	longestPause    = time.Hour
	maxError        = 2000    // bytes that are kept
	maxPayload      = 1 << 20 // bytes
)

// EnqueueTx puts a job down in the caller's transaction. Where one of the same kind and key is open already, that one will do; the
// first's payload stays. at may be zero: as soon as possible.
func EnqueueTx(tx *store.Tx, kind, key string, payload any, at time.Time) error {
	b, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	if len(b) > maxPayload {
		return fault.New(fault.TooLarge, ErrTooLarge, kind)
	}
	if at.IsZero() {
		at = tx.Now()
	}
	w := tx.Warrant()
	_, err = tx.Exec(`INSERT INTO job (id, kind, key, payload, state, run_at, attempt, error, owner, lease, actor, agency, made)
		VALUES (?, ?, ?, ?, 'waiting', ?, 0, '', 0, 0, ?, ?, ?) ON CONFLICT (kind, key) WHERE state = 'waiting' OR state = 'running' DO NOTHING`,
		tx.NewID(), kind, key, b, at, w.Actor(), w.Agency(), tx.Now())
	return err
}

const columns = `SELECT id, kind, key, payload, state, run_at, attempt, error, lease, actor, agency, made, ended FROM job`

func scan(s store.Scanner) (j Job, err error) {
	return j, s.Scan(&j.ID, &j.Kind, &j.Key, &j.Payload, &j.State, store.At(&j.RunAt), &j.Attempt, &j.Error, store.At(&j.Lease),
		&j.Actor, &j.Agency, store.At(&j.Made), store.At(&j.Ended))
}

// ListTx is a page of jobs in a state, newest first, before an id (0: from the newest).
func ListTx(tx *store.Tx, s State, before store.ID, limit int) ([]Job, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	return store.Collect(tx, scan, columns+` WHERE state = ? AND id < ? ORDER BY id DESC LIMIT ?`, string(s), before, limit)
}

// Retried is the event of a job that a person began again.
type Retried struct {
	Job  store.ID
	Kind string
}

// EventKind names it.
func (Retried) EventKind() string { return "job.retried/1" }

// GaveUp is the event of a job that a person ended.
type GaveUp struct {
	Job  store.ID
	Kind string
}

// EventKind names it.
func (GaveUp) EventKind() string { return "job.gave_up/1" }

// RetryTx gives a failed job all its attempts again.
func RetryTx(tx *store.Tx, id store.ID) error {
	j, err := loadFailed(tx, id)
	if err != nil {
		return err
	}
	tx.Record(Retried{id, j.Kind})
	return tx.Change(`UPDATE job SET state = 'waiting', attempt = 0, run_at = ? WHERE id = ? AND state = 'failed'`, tx.Now(), id)
}

// GiveUpTx ends a failed job; its error stays.
func GiveUpTx(tx *store.Tx, id store.ID) error {
	j, err := loadFailed(tx, id)
	if err != nil {
		return err
	}
	tx.Record(GaveUp{id, j.Kind})
	return tx.Change(`UPDATE job SET state = 'done', ended = ? WHERE id = ? AND state = 'failed'`, tx.Now(), id)
}

func loadFailed(tx *store.Tx, id store.ID) (Job, error) {
	j, err := store.First(tx, scan, columns+` WHERE id = ?`, id)
	if err == nil && j.State != Failed {
		return j, fault.New(fault.Conflict, ErrState, j.Kind).With("state", string(j.State))
	}
	return j, err
}
