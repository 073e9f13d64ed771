package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/internal/foundation/fault"
)

// process is a child as its parent sees it. It does one task.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	said   said
	ending sync.Once
	ended  error
}

// said keeps the beginning of what a child writes to its standard error.
type said struct {
	mu sync.Mutex
	b  []byte
}

const maxSaid = 500

// Write implements [io.Writer].
func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b = append(s.b, p[:min(len(p), maxSaid-len(s.b))]...)
	return len(p), nil
}

// ready gives a child that stands ready, or nil, and sees to the next.
func (s *Sandbox) ready(kind string) (p *process, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fault.New(fault.Unavailable, ErrClosed, "")
	}
	if kind == draws {
		if n := len(s.spare); n > 0 {
			p, s.spare = s.spare[n-1], s.spare[:n-1]
		}
		s.refill()
	}
	return p, nil
}

// refill sees to it that one child more will stand ready where one is missing. It is called under the lock.
func (s *Sandbox) refill() {
	if !s.closed && len(s.spare)+s.making < s.config.Spare {
		s.making++
		s.makers.Go(s.prepare)
	}
}

// prepare adds one child to those that stand ready. One that cannot be started is told to who asks next, who tries too.
func (s *Sandbox) prepare() {
	p, err := s.start(s.life, draws)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.making--
	switch {
	case err != nil:
	case s.closed:
		p.end()
	default:
		s.spare = append(s.spare, p)
	}
}

// start starts a child and waits until it has given up its rights.
func (s *Sandbox) start(ctx context.Context, kind string) (*process, error) {
	failed := func(err error) error { return fault.New(fault.Unavailable, ErrStart, "").Because(err) }
	text, err := s.startText(kind)
	if err != nil {
		return nil, failed(err)
	}
	p := &process{cmd: exec.Command(s.config.Program)} //nolint:noctx // how it ends is decided below, and told from how it ended
	p.cmd.Env = append([]string{variable + "=" + text}, neededEnv()...)
	p.cmd.Stderr = &p.said
	p.cmd.SysProcAttr = apart()
	p.cmd.Dir = string(os.PathSeparator)
	p.cmd.WaitDelay = time.Second
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, failed(err)
	}
	if p.out, err = p.cmd.StdoutPipe(); err != nil {
		return nil, failed(err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, failed(err)
	}
	limit, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	stop := context.AfterFunc(limit, p.kill)
	defer stop()
	if _, err := want(p.out, frameHello); err != nil {
		p.end()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, failed(fmt.Errorf("%w: %w: %s", err, p.ended, p.said.b))
	}
	return p, nil
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() //nolint:errcheck // it may have ended already
}

// end kills the child and waits until nothing of it is left; ended tells then how it ended.
func (p *process) end() {
	p.ending.Do(func() {
		p.kill()
		p.ended = p.cmd.Wait()
	})
}

// task is a job and what its child may use of this process.
type task struct {
	job   job
	files []File
	fetch *fetch.Client // nil: nobody is asked
	asked int
}

// work gives the child its task, serves it until it answers, and ends it.
func (p *process) work(ctx context.Context, t *task, l *Limits) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, l.Wall)
	defer cancel()
	stop := context.AfterFunc(limited, p.kill)
	answer, err := p.serve(limited, t)
	stop()
	p.end()
	switch f := (*childError)(nil); {
	case err == nil:
		return answer, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &f):
		return nil, f.fault(t, l)
	case errors.Is(err, errOwn):
		return nil, errors.Unwrap(err)
	case limited.Err() != nil:
		return nil, fault.New(fault.Invalid, ErrTime, "").With("limit", seconds(l.Wall)).Because(err)
	default:
		return nil, p.why(errors.Join(err, p.ended), l)
	}
}

// errIdle says that a child ended before it had asked for a single byte of the document.
var errIdle = errors.New("the child ended while it waited")

// own is a failure of what this process reads for a child.
type own struct{ error }

var errOwn = errors.New("reading for a child")

// Is makes every own failure one.
func (o own) Is(target error) bool { return target == errOwn }

// Unwrap gives the failure.
func (o own) Unwrap() error { return o.error }

// childError is a failure that a child told of.
type childError failure

// Error implements error.
func (e *childError) Error() string { return e.Detail }

func (e *childError) fault(t *task, l *Limits) error {
	because := (*failure)(e).err()
	switch e.Kind {
	case ErrPages:
		return fault.New(fault.TooLarge, ErrPages, "").With("limit", strconv.Itoa(l.Pages)).Because(because)
	case ErrNoPage:
		return fault.New(fault.NotFound, ErrNoPage, "").With("page", strconv.Itoa(t.job.Page)).Because(because)
	case ErrMemory:
		return fault.New(fault.Invalid, ErrMemory, "").With("limit", megabytes(l.Memory)).Because(because)
	case ErrPassword, ErrUnreadable:
		return fault.New(fault.Invalid, e.Kind, "").Because(because)
	default:
		if (t.job.Act == actCollect || t.job.Act == actInspect) && e.Kind != "" && e.Kind != ErrCrashed {
			return because // the engine's own
		}
		return fault.New(fault.Invalid, ErrCrashed, "").Because(because)
	}
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Round(time.Second) / time.Second)) }

// why tells what a child died of that has not answered.
func (p *process) why(err error, l *Limits) error {
	state := p.cmd.ProcessState
	text := string(p.said.b)
	because := fmt.Errorf("%w: %s", err, text)
	switch {
	case errors.Is(err, errFrame):
		return fault.New(fault.Invalid, ErrCrashed, "").Because(because)
	case overTime(state, text, l.CPU):
		return fault.New(fault.Invalid, ErrTime, "").With("limit", seconds(l.CPU)).Because(because)
	case overMemory(state, text):
		return fault.New(fault.Invalid, ErrMemory, "").With("limit", megabytes(l.Memory)).Because(because)
	default:
		return fault.New(fault.Invalid, ErrCrashed, "").Because(because)
	}
}

// serve speaks with the child until it answers.
func (p *process) serve(ctx context.Context, t *task) ([]byte, error) {
	b, err := json.Marshal(&t.job) //nolint:gosec // the child opens the document with the password
	if err != nil {
		return nil, own{err}
	}
	if err := writeFrame(p.in, frameJob, b); err != nil {
		return nil, fmt.Errorf("%w: %w", errIdle, err)
	}
	buffer := make([]byte, blockSize)
	for first := true; ; first = false {
		kind, body, err := readFrame(p.out)
		if err != nil {
			if first {
				err = fmt.Errorf("%w: %w", errIdle, err)
			}
			return nil, err
		}
		switch kind {
		case frameAnswer:
			return body, nil
		case frameFailure:
			var f childError
			if err := decode(body, &f); err != nil {
				return nil, err
			}
			return nil, &f
		case frameRead:
			err = p.give(t, body, &buffer)
		case frameFetch:
			err = p.fetch(ctx, t, body)
		default:
			err = fmt.Errorf("%w: %q", errFrame, kind)
		}
		if err != nil {
			return nil, err
		}
	}
}

// give sends a range of a file.
func (p *process) give(t *task, body []byte, buffer *[]byte) error {
	number, offset, n, err := parseRange(body, t.job.Sizes)
	if err != nil {
		return err
	}
	if n > len(*buffer) {
		*buffer = make([]byte, n)
	}
	got, err := t.files[number].R.ReadAt((*buffer)[:n], offset)
	if err != nil && (got < n || !errors.Is(err, io.EOF)) {
		return own{err}
	}
	return writeFrame(p.in, frameData, (*buffer)[:n])
}

// fetch asks the network for a child.
func (p *process) fetch(ctx context.Context, t *task, body []byte) error {
	var q request
	if err := decode(body, &q); err != nil {
		return err
	}
	t.asked++
	if t.fetch == nil || t.asked > maxAsks || len(q.Body) > maxAsked {
		return fmt.Errorf("%w: a request that may not be asked", errFrame)
	}
	var a response
	got, err := t.fetch.Do(ctx, fetch.Request{Kind: "sandbox", Method: q.Method, URL: q.URL, Body: q.Body, ContentType: q.ContentType, Accept: q.Accept, MaxBytes: maxBody})
	if err != nil {
		f := failureOf(err)
		a.Error = &f
	} else {
		a = response{ContentType: got.ContentType, Header: got.Header, Body: got.Body}
	}
	b, err := json.Marshal(a)
	if err != nil {
		return own{err}
	}
	return writeFrame(p.in, frameFetched, b)
}
