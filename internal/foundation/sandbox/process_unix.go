//go:build unix

package sandbox

import (
	"os"
	"strings"
	"syscall"
	"time"
)

// apart keeps what is typed at a terminal from a child: its parent ends it.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// endedBy gives the signal that ended a child, 0 for none.
func endedBy(s *os.ProcessState) syscall.Signal {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return w.Signal()
	}
	return 0
}

// overTime says that a child used up its time: it was told so, or ended by the signal that is not told.
func overTime(s *os.ProcessState, said string, limit time.Duration) bool {
	return endedBy(s) == syscall.SIGXCPU || strings.Contains(said, "SIGXCPU") || endedBy(s) == syscall.SIGKILL && s.SystemTime()+s.UserTime() > limit/2
}

// overMemory says that a child got no more memory: the Go runtime said so, or the system ended it because memory is short.
func overMemory(s *os.ProcessState, said string) bool {
	for _, words := range []string{"out of memory", "cannot allocate memory", "failed to allocate"} { // the last is the race detector's
		if strings.Contains(said, words) {
			return true
		}
	}
	return endedBy(s) == syscall.SIGKILL
}

// neededEnv is what a program cannot start without.
func neededEnv() []string { return nil }
