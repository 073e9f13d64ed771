//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// lock takes a file for this process until it is closed, however the process ends.
func lock(f *os.File, wait bool) error {
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	return syscall.Flock(int(f.Fd()), how)
}

// ignoreFileSizeSignal lets a write beyond the process's file size limit fail as any other write, so that it is reported
// and tidied up, instead of ending the process.
func ignoreFileSizeSignal() { signal.Ignore(syscall.SIGXFSZ) }
