//go:build unix

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/antinvn/antin/pkitest"
)

// program starts antin as a process of its own.
func program(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), self(t), args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

// TestKilledAtAnyMomentLeavesOldOrNew kills a batch fifty times at random moments: each output is the file that stood there
// before, or the whole signed one; what the killed runs left behind is gone after the next that ends.
func TestKilledAtAnyMomentLeavesOldOrNew(t *testing.T) {
	const files, kills, attempts = 30, 50, 400
	dir, in := workplace(t)
	old := []byte("what stood there before")
	out := filepath.Join(dir, "out")
	var inputs []string
	for i := range files {
		path := filepath.Join(dir, fmt.Sprintf("in-%02d.pdf", i))
		if err := os.Link(in, path); err != nil {
			t.Skip(err)
		}
		inputs = append(inputs, path)
	}
	args := signArgs(dir, append([]string{"-o", out + "/"}, inputs...)...)
	start := time.Now()
	cmd, said := program(t, args...)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v %s", err, said)
	}
	whole := time.Since(start)
	killed, signed, abandoned := 0, 0, 0
	for range attempts {
		if killed == kills {
			break
		}
		for _, path := range inputs {
			if err := os.WriteFile(filepath.Join(out, filepath.Base(path)), old, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd, _ := program(t, args...)
		time.Sleep(rand.N(whole))
		if cmd.Process.Kill() == nil && cmd.Wait() != nil {
			killed++
		}
		names, err := os.ReadDir(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasPrefix(name.Name(), temporaryPrefix) {
				abandoned++
				continue
			}
			b, err := os.ReadFile(filepath.Join(out, name.Name()))
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(b, old) {
				continue
			}
			signed++
			if exit, stdout, _ := call(t, "verify", "--offline", "--format", "json", filepath.Join(out, name.Name())); exit != exitUndetermined || !strings.Contains(stdout, `"integrity":"intact"`) {
				t.Fatalf("%s is neither old nor whole: exit %d %s", name.Name(), exit, stdout)
			}
		}
	}
	t.Logf("%d kills: %d outputs signed, %d temporary files left behind", killed, signed, abandoned)
	if killed < kills {
		t.Errorf("only %d of %d runs were killed", killed, kills)
	}
	cmd, said = program(t, args...)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v %s", err, said)
	}
	if left, err := filepath.Glob(filepath.Join(out, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestASweepLeavesWhatARunningProcessHolds: two programs write to one folder.
func TestASweepLeavesWhatARunningProcessHolds(t *testing.T) {
	dir := t.TempDir()
	held, err := createTemporary(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	abandoned := filepath.Join(dir, temporaryPrefix+"ABANDONED"+temporarySuffix)
	other := filepath.Join(dir, ".antin-notes.txt")
	for _, path := range []string{abandoned, other} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sweep(dir)
	for path, stays := range map[string]bool{held.Name(): true, other: true, abandoned: false} {
		if _, err := os.Stat(path); (err == nil) != stays {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestInterruptedOnceTidiesUpAndReports: a batch that waits for a time-stamp ends at the first SIGINT.
func TestInterruptedOnceTidiesUpAndReports(t *testing.T) {
	p, dir, in := servedWorkplace(t)
	p.Faults.Set("tsa", pkitest.Fault{Delay: time.Minute})
	out := filepath.Join(dir, "out")
	second := filepath.Join(dir, "second.pdf")
	if err := os.Link(in, second); err != nil {
		t.Skip(err)
	}
	cmd, said := program(t, signArgs(dir, in, second, "-o", out, "--level", "B-T", "--tsa", p.URL("tsa"))...)
	for p.Requests("tsa") == 0 {
		time.Sleep(time.Millisecond)
	}
	start := time.Now()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %v to end", took)
	}
	if cmd.ProcessState.ExitCode() != exitFailed || strings.Count(said.String(), "cmd.cancelled") < 2 {
		t.Errorf("exit %d %s", cmd.ProcessState.ExitCode(), said)
	}
	if left, err := os.ReadDir(out); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
