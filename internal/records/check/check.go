package check

import (
	"cmp"
	"context"
	"io"
	"runtime"
	"time"

	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/verify"
)

// Policy says who may check.
var Policy = auth.Policy{
	"records/check.Check":  {Anyone: true, Decides: "whoever has the file"},
	"records/check.Show":   {Anyone: true, Decides: "whoever has the file"},
	"records/check.Report": {Anyone: true, Decides: "whoever has the answer"},
}

// Verifier gathers the facts about a file's signatures, as [verify.Collect] does. It may be used concurrently.
type Verifier interface {
	Collect(ctx context.Context, r io.ReaderAt, size int64, o *verify.CollectOptions) (*verify.Facts, error)
}

// Drawer shows the first page of what was checked; [sandbox.Sandbox] does it in children. It may be used concurrently.
type Drawer interface {
	Read(ctx context.Context, f sandbox.File, first, many int) (sandbox.Reading, error)
	Image(ctx context.Context, f sandbox.File, page int, scale sandbox.Scale) ([]byte, error)
}

// InProcess is the engine as it is, in this process: for tests, and where no child process can be had.
type InProcess struct{}

// Collect implements [Verifier].
func (InProcess) Collect(ctx context.Context, r io.ReaderAt, size int64, o *verify.CollectOptions) (*verify.Facts, error) {
	return verify.Collect(ctx, r, size, o)
}

// Limits bound what strangers may ask. A zero field means what its comment says.
type Limits struct {
	Size    int64         // bytes of a file: 100 MB
	Files   int           // of one request: 10
	Time    time.Duration // of one check: 60 s, because the servers of issuers take theirs
	Running int           // checks at once: twice the processors
	Waiting int           // that wait for one of those: four times Running
	Patient time.Duration // how long they wait: 20 s
}

// Config is what a [Service] is made of.
type Config struct {
	Auth     *auth.Service
	Verifier Verifier // [InProcess]
	Drawer   Drawer   // nil: no page is shown
	// Trust is the snapshot of anchors to check by; nil trusts nothing.
	Trust *trust.Store
	// Policy decides: the engine's default.
	Policy *verify.Policy
	// Offline asks no server about revocation; else Fetch does, by its rules, and Cache remembers the answers.
	Offline bool
	Fetch   *fetch.Client
	Cache   revocation.Cache
	// Key authenticates answers on their way through a reader's page: 32 bytes, the same on every node.
	Key    []byte
	Clock  clock.Clock // the machine's
	Limits Limits
	// Folder is where uploads lie while they are checked: the system's for temporary files.
	Folder string
}

func (c *Config) complete() {
	if c.Verifier == nil {
		c.Verifier = InProcess{}
	}
	if c.Policy == nil {
		c.Policy = verify.DefaultPolicy()
	}
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	l := &c.Limits
	l.Size = cmp.Or(l.Size, 100<<20)
	l.Files = cmp.Or(l.Files, 10)
	l.Time = cmp.Or(l.Time, time.Minute)
	l.Running = cmp.Or(l.Running, 2*runtime.GOMAXPROCS(0))
	l.Waiting = cmp.Or(l.Waiting, 4*l.Running)
	l.Patient = cmp.Or(l.Patient, 20*time.Second)
}

// Answer is what a check came to.
type Answer struct {
	// Name is the file's, shown only.
	Name    string
	Verdict *verify.Verdict

	page *drawn // the first, where it was asked for and can be shown
}

// drawn is a page of what was checked, or why there is none.
type drawn struct {
	read    sandbox.Reading
	picture []byte
	err     error
}

// Report is the answer in words, for a reader who has a page before him; lang is "vi" or "en".
func (a *Answer) Report(lang string) *verify.Report {
	r := a.Verdict.PublicReport(lang)
	r.File = a.Name
	return r
}
