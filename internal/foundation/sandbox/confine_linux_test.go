//go:build linux && (amd64 || arm64)

package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antinvn/antin/codes"
)

// outbreaks are what a child that was taken over would try.
var outbreaks = map[string]func() error{
	"read a file":         func() error { _, err := os.ReadFile("/etc/hostname"); return err },
	"read its own memory": func() error { _, err := os.Open("/proc/self/mem"); return err },
	"make a file":         func() error { return os.WriteFile(filepath.Join(os.TempDir(), "antin-outbreak"), nil, 0o600) },
	"remove a file":       func() error { return os.Remove("/tmp/antin-outbreak") },
	"list a folder":       func() error { _, err := os.ReadDir("/"); return err },
	"look at a file":      func() error { _, err := os.Stat("/etc/passwd"); return err },
	"change its folder":   func() error { return os.Chdir("/tmp") },
	"call a server":       func() error { c, err := net.Dial("tcp", "127.0.0.1:1"); return closed(c, err) },
	"send a datagram":     func() error { c, err := net.Dial("udp", "127.0.0.1:53"); return closed(c, err) },
	"call a local socket": func() error { c, err := net.Dial("unix", "/run/x"); return closed(c, err) },
	"be a server":         func() error { l, err := net.Listen("tcp", "127.0.0.1:0"); return closed(l, err) },
	"start a program":     func() error { return exec.Command("/bin/true").Run() },
	"become a program":    func() error { return syscall.Exec("/bin/true", []string{"true"}, nil) },
	"copy itself": func() error {
		_, _, e := syscall.RawSyscall(unix.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0)
		return errno(e)
	},
	"copy itself another way": func() error { _, _, e := syscall.RawSyscall(unix.SYS_CLONE3, 0, 0, 0); return errno(e) },
	"end its parent":          func() error { return syscall.Kill(os.Getppid(), syscall.SIGKILL) },
	"signal its parent":       func() error { return unix.Tgkill(os.Getppid(), os.Getppid(), syscall.SIGCONT) },
	"trace its parent":        func() error { return unix.PtraceAttach(os.Getppid()) },
	"read another's memory":   func() error { _, err := unix.ProcessVMReadv(os.Getppid(), nil, nil, 0); return err },
	"take more memory":        func() error { return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: 1 << 40, Max: 1 << 40}) },
	"take more time":          func() error { return unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}) },
	"use the kernel's ring":   func() error { _, _, e := syscall.Syscall(unix.SYS_IO_URING_SETUP, 1, 0, 0); return errno(e) },
	"map a file in memory":    func() error { _, err := unix.MemfdCreate("x", 0); return err },
	"make a name space":       func() error { return unix.Unshare(unix.CLONE_NEWUSER) },
	"load a filter":           func() error { _, _, e := syscall.Syscall(unix.SYS_BPF, 0, 0, 0); return errno(e) },
}

func errno(e syscall.Errno) error {
	if e == 0 {
		return nil
	}
	return e
}

func closed(c interface{ Close() error }, err error) error {
	if err == nil {
		_ = c.Close() // that it could be opened is what counts
	}
	return err
}

func init() { //nolint:gochecknoinits // tries exist before any test
	tries["break out"] = func() ([]byte, error) {
		left := map[string]string{}
		// On another thread than the one that asked for the filter, too.
		for range 2 {
			var done sync.WaitGroup
			done.Go(func() {
				for name, try := range outbreaks {
					err := try()
					if e := syscall.Errno(0); !errors.As(err, &e) || e != syscall.EPERM && e != syscall.ENOSYS {
						left[name] = fmt.Sprint(err)
					}
				}
			})
			done.Wait()
		}
		return json.Marshal(left)
	}
	tries["look around"] = func() ([]byte, error) {
		open := []int{}
		for n := range 200 {
			var st unix.Stat_t
			if unix.Fstat(n, &st) == nil && (n < 3 || st.Mode&unix.S_IFMT != 0) { // what the runtime waits with has no kind
				open = append(open, n)
			}
		}
		return json.Marshal(map[string]any{"open": open, "env": len(os.Environ())})
	}
}

func TestAChildReachesNothing(t *testing.T) {
	s := open(t, Config{})
	b, err := s.try(t, "break out")
	left := map[string]string{}
	if err != nil || json.Unmarshal(b, &left) != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
	// Not vacuous: here the same things go another way.
	for _, name := range []string{"read a file", "list a folder", "be a server", "start a program", "map a file in memory"} {
		if err := outbreaks[name](); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAChildInheritsNothing(t *testing.T) {
	f, err := os.Open("/etc/hostname")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	leak, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD, 50) // as a library in C opens: not closed when a program starts
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(leak)
	b, err := open(t, Config{}).try(t, "look around")
	if err != nil || string(b) != `{"env":1,"open":[0,1,2]}` {
		t.Errorf("%s, %v", b, err)
	}
}

// children are the running children of a process.
func children(t *testing.T, pid int) (found []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		name, rest, ok := strings.Cut(string(b), ") ")
		if fields := strings.Fields(rest); ok && len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			id, _, _ := strings.Cut(name, " ")
			n, err := strconv.Atoi(id)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, n)
		}
	}
	return found
}

func TestWhoLeavesLeavesNothingBehind(t *testing.T) {
	s := open(t, Config{})
	if left := children(t, os.Getpid()); len(left) != 0 {
		t.Fatal("others run", left)
	}
	slow := endless()
	for range 12 {
		ctx, cancel := context.WithTimeout(t.Context(), rand.N(1500*time.Millisecond))
		_, err := s.Image(ctx, slow, 1, Scale{DPI: 96})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if left := children(t, os.Getpid()); len(left) != 0 {
			t.Error("left behind:", left)
		}
	}
}

func TestNoMoreChildrenThanAllowed(t *testing.T) {
	const most, callers = 2, 4
	s := open(t, Config{Children: most, Patience: time.Minute, Limits: Limits{CPU: time.Second}})
	var running sync.WaitGroup
	done := make(chan struct{})
	for range callers {
		running.Go(func() {
			if _, err := s.Image(t.Context(), endless(), 1, Scale{DPI: 96}); codes.Of(err) != string(ErrTime) {
				t.Error(err)
			}
		})
	}
	go func() { running.Wait(); close(done) }()
	seen := 0
	for {
		select {
		case <-done:
			if seen != most {
				t.Errorf("%d children at once, not %d", seen, most)
			}
			return
		case <-time.After(5 * time.Millisecond):
			seen = max(seen, len(children(t, os.Getpid())))
		}
	}
}

// asParent is set for a run of this test's program that is a parent to be killed.
const asParent = "ANTIN_TEST_PARENT"

func TestAParentThatIsKilledTakesItsChildAlong(t *testing.T) {
	if os.Getenv(asParent) != "" {
		s := open(t, Config{Limits: Limits{CPU: 3 * time.Second}})
		_, err := s.Image(t.Context(), endless(), 1, Scale{DPI: 96})
		t.Log(err)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestAParentThatIsKilledTakesItsChildAlong$")
	cmd.Env = append(os.Environ(), asParent+"=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var born []int
	for range 600 {
		if born = children(t, cmd.Process.Pid); len(born) == 1 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if len(born) != 1 {
		t.Fatal("no child", born)
	}
	time.Sleep(time.Second) // at work
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	for range 600 {
		if syscall.Kill(born[0], 0) != nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Error("the child lives on")
	_ = syscall.Kill(born[0], syscall.SIGKILL) // it may have ended by now
}
