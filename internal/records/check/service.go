package check

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/internal/foundation/web"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/verify"
)

// Service checks files. It may be used concurrently.
type Service struct {
	config  Config
	waiting chan struct{} // one for each that is here
	running chan struct{} // one for each that is at work
}

var errKey = errors.New("check: the key for answers is no 32 bytes")

// New makes it. It fails only over a key of the wrong length.
func New(c Config) (*Service, error) {
	c.complete()
	if len(c.Key) != 32 {
		return nil, errKey
	}
	l := &c.Limits
	return &Service{config: c, waiting: make(chan struct{}, l.Running+l.Waiting), running: make(chan struct{}, l.Running)}, nil
}

// Limits are those in force.
func (s *Service) Limits() Limits { return s.config.Limits }

// Check reads a file and says what its signatures are worth. Its failures are faults: [ErrLarge], [ErrUnread] and [ErrPassword] of the file,
// [ErrBusy] and [ErrTime] of the house, and those of in. Nothing of the file is left when it returns.
func (s *Service) Check(ctx context.Context, who auth.Actor, name string, in io.Reader) (*Answer, error) {
	return s.check(ctx, who, "records/check.Check", name, in, false)
}

// Show is [Service.Check] for who looks at the answer: with the file's first page, where it can be drawn.
func (s *Service) Show(ctx context.Context, who auth.Actor, name string, in io.Reader) (*Answer, error) {
	return s.check(ctx, who, "records/check.Show", name, in, true)
}

func (s *Service) check(ctx context.Context, who auth.Actor, method, name string, in io.Reader, page bool) (*Answer, error) {
	if _, err := s.config.Auth.Warrant(ctx, who, method); err != nil {
		return nil, err
	}
	select {
	case s.waiting <- struct{}{}:
		defer func() { <-s.waiting }()
	default:
		return nil, s.busy(name)
	}
	f, err := s.read(name, in)
	if err != nil {
		return nil, err
	}
	defer f.close()
	late := time.NewTimer(s.config.Limits.Patient)
	defer late.Stop()
	select {
	case s.running <- struct{}{}:
		defer func() { <-s.running }()
	case <-late.C:
		return nil, s.busy(name)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Limits.Time)
	defer cancel()
	a, err := s.verdict(ctx, name, f)
	if err == nil && page && s.config.Drawer != nil {
		a.page = s.draw(ctx, f)
	}
	return a, err
}

// draw shows the first page. What is no PDF has none; whatever else is in the way is said, and takes nothing from the answer.
func (s *Service) draw(ctx context.Context, f *upload) *drawn {
	file := sandbox.File{R: f.file, Size: f.size}
	var d drawn
	if d.read, d.err = s.config.Drawer.Read(ctx, file, 1, 1); d.err == nil {
		d.picture, d.err = s.config.Drawer.Image(ctx, file, 1, sandbox.Scale{Width: web.SheetWidth, Light: true})
	}
	if errors.Is(d.err, sandbox.ErrUnreadable) || ctx.Err() != nil {
		return nil
	}
	return &d
}

func (s *Service) busy(name string) error { return fault.New(fault.Unavailable, ErrBusy, name) }

func (s *Service) verdict(ctx context.Context, name string, f *upload) (*Answer, error) {
	c := &s.config
	now := c.Clock.Now()
	facts, err := c.Verifier.Collect(ctx, f.file, f.size, &verify.CollectOptions{
		Trust: c.Trust, Offline: c.Offline, Fetch: c.Fetch, Cache: c.Cache, At: now, Now: now,
	})
	if err != nil {
		return nil, s.refused(ctx, name, err)
	}
	return &Answer{Name: name, Verdict: verify.Decide(facts, c.Policy, now)}, nil
}

// refused tells why there is no answer: the house's reason, or the file's.
func (s *Service) refused(ctx context.Context, name string, err error) error {
	var already *fault.Error
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fault.New(fault.Unavailable, ErrTime, name).With("limit", s.config.Limits.Time.String()).Because(err)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &already):
		return err
	case errors.Is(err, pdf.ErrPassword):
		return fault.New(fault.Invalid, ErrPassword, name).Because(err)
	case unreadable(err):
		return fault.New(fault.Invalid, ErrUnread, name).Because(err)
	}
	return err
}

// unreadable tells what the engine says of a file from what went wrong in reading it.
func unreadable(err error) bool {
	for _, c := range []codes.Code{pdf.ErrDamaged, pdf.ErrNotPDF, pdf.ErrUnsupported, pdf.ErrLimit, cms.ErrMalformed, cms.ErrLimit, cms.ErrAttribute, cms.ErrAlgorithm} {
		if errors.Is(err, c) {
			return true
		}
	}
	return false
}

// upload is a file while it is checked.
type upload struct {
	file *os.File
	size int64
	name string // "" once the system has forgotten it
}

// read takes a file in. Its name is forgotten at once where the system allows that, so that a stop of the machine leaves nothing behind.
func (s *Service) read(name string, in io.Reader) (_ *upload, err error) {
	file, err := os.CreateTemp(s.config.Folder, "antin-check-*")
	if err != nil {
		return nil, fault.New(fault.Unavailable, ErrBusy, name).Because(err)
	}
	u := &upload{file: file, name: file.Name()}
	if os.Remove(u.name) == nil {
		u.name = ""
	}
	defer func() {
		if err != nil {
			u.close()
		}
	}()
	limit := s.config.Limits.Size
	if u.size, err = io.Copy(file, io.LimitReader(in, limit+1)); err != nil {
		return nil, err
	}
	if u.size > limit {
		return nil, fault.New(fault.TooLarge, ErrLarge, name).With("limit", web.Size(limit))
	}
	return u, nil
}

// close lets the file go: closed, it is no more.
func (u *upload) close() {
	_ = u.file.Close()
	if u.name != "" {
		_ = os.Remove(u.name)
	}
}
