package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/fault"
)

// try asks a child for one of tries. It is started as one that reads signatures: it has less to load.
func (s *Sandbox) try(t *testing.T, what string) ([]byte, error) {
	t.Helper()
	return s.ask(t.Context(), collects, &task{job: job{Act: what}, files: []File{bytesFile([]byte("%PDF"))}})
}

func TestAChildThatBreaksIsAnsweredFor(t *testing.T) {
	limits := Limits{CPU: 2 * time.Second, Memory: 256 << 20, Wall: time.Minute}
	quick := limits
	quick.Wall = 500 * time.Millisecond
	for what, c := range map[string]struct {
		limits Limits
		want   codes.Code
	}{
		"grow": {limits, ErrMemory}, "spin": {limits, ErrTime}, "sleep": {quick, ErrTime}, "panic": {limits, ErrCrashed}, "leave": {limits, ErrCrashed},
		"babble": {limits, ErrCrashed}, "ask too far": {limits, ErrCrashed}, "ask the network": {limits, ErrCrashed}, "announce much": {limits, ErrCrashed},
		"nothing that is known": {limits, ErrCrashed}, "answer": {limits, ""},
	} {
		t.Run(what, func(t *testing.T) {
			start := time.Now()
			b, err := open(t, Config{Limits: c.limits}).try(t, what)
			if c.want == "" {
				if err != nil || string(b) != `{"pages":[]}` {
					t.Errorf("%q, %v", b, err)
				}
				return
			}
			if !errors.Is(err, c.want) || !fault.Is(err, fault.Invalid) {
				t.Error(err)
			}
			if what == "panic" && !strings.Contains(err.Error(), "as asked") {
				t.Errorf("the log would not learn why: %v", err)
			}
			if took := time.Since(start); took > 50*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestASpareChildStandsReady(t *testing.T) {
	s, f := open(t, Config{Spare: 1}), vector(t, "unsigned.pdf")
	first := func() *process {
		for range 600 {
			s.mu.Lock()
			if len(s.spare) == 1 && s.making == 0 {
				defer s.mu.Unlock()
				return s.spare[0]
			}
			s.mu.Unlock()
			time.Sleep(100 * time.Millisecond)
		}
		t.Fatal("no child stands ready")
		return nil
	}
	if _, err := s.Pages(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	p := first()
	if _, err := s.Pages(t.Context(), f); err != nil || p.cmd.ProcessState == nil {
		t.Error("the child that stood ready was not taken", err)
	}
	p = first()
	p.kill() // as a system short of memory does
	if _, err := s.Pages(t.Context(), f); err != nil {
		t.Error(err)
	}
}

// TestAChildEndsWithItsParent: one whose parent was killed while it compiled never says that it is ready.
func TestAChildEndsWithItsParent(t *testing.T) {
	s := open(t, Config{})
	text, err := s.startText(draws)
	if err != nil {
		t.Fatal(err)
	}
	mine := fmt.Sprintf(`"parent":%d`, os.Getpid())
	if !strings.Contains(text, mine) {
		t.Fatal(text)
	}
	cmd := exec.CommandContext(t.Context(), s.config.Program)
	cmd.Env = append([]string{variable + "=" + strings.Replace(text, mine, `"parent":1`, 1)}, neededEnv()...)
	if said, err := cmd.Output(); err == nil || len(said) > 0 {
		t.Errorf("it said %q, and ended with %v", said, err)
	}
}
