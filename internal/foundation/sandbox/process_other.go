//go:build !unix

package sandbox

import (
	"os"
	"strings"
	"syscall"
	"time"
)

// confine: this system limits a process only from outside; pdfium's own memory and the time by the clock are limited as elsewhere.
func confine(int64, int) error { return nil }

func apart() *syscall.SysProcAttr { return nil }

func overTime(*os.ProcessState, string, time.Duration) bool { return false }

func overMemory(_ *os.ProcessState, said string) bool { return strings.Contains(said, "out of memory") }

// neededEnv is what a program cannot start without.
func neededEnv() []string { return []string{"SYSTEMROOT=" + os.Getenv("SYSTEMROOT")} }
