package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// watch runs the program and returns its time and the most memory it held (VmHWM of its own address space; the
// ru_maxrss of a child counts the parent's too). The figure is asked for while it runs: at its exit it is gone.
func (b *bench) watch(ctx context.Context, args ...string) (time.Duration, int64, error) {
	cmd := exec.CommandContext(ctx, b.antin, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	ended := make(chan struct{})
	peak := make(chan int64)
	go func() {
		var most int64
		for tick := time.NewTicker(2 * time.Millisecond); ; {
			most = max(most, highWater(cmd.Process.Pid))
			select {
			case <-tick.C:
			case <-ended:
				tick.Stop()
				peak <- most
				return
			}
		}
	}()
	err := cmd.Wait()
	spent := time.Since(start)
	close(ended)
	most := <-peak
	if err != nil {
		return 0, 0, fmt.Errorf("antin %s: %w: %s", args[0], err, lastLine(out.String()))
	}
	return spent, most, nil
}

// resting is the memory of the program that does nothing: `antin version`, which is held at its only write by a pipe
// that is full.
func (b *bench) resting(ctx context.Context) (int64, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	if err := fill(w); err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, b.antin, "version")
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	w.Close()
	var most int64
	for range 100 {
		time.Sleep(5 * time.Millisecond)
		most = max(most, highWater(cmd.Process.Pid))
	}
	go io.Copy(io.Discard, r) //nolint:errcheck // the figure is taken already
	if err := cmd.Wait(); err != nil {
		return 0, err
	}
	if most == 0 {
		return 0, errors.New("antin version ended before it was looked at")
	}
	return most, nil
}

// fill writes to a pipe until it would block, and leaves it blocking for the next writer.
func fill(w *os.File) error {
	raw, err := w.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = syscall.SetNonblock(int(fd), true)
		for block := make([]byte, 4096); failed == nil; {
			_, failed = syscall.Write(int(fd), block)
		}
		if errors.Is(failed, syscall.EAGAIN) {
			failed = syscall.SetNonblock(int(fd), false)
		}
	})
	return errors.Join(err, failed)
}

// highWater is VmHWM in bytes, 0 once the process has ended.
func highWater(pid int) int64 {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(v)[0], 10, 64) //nolint:errcheck // the kernel writes a number
			return kb << 10
		}
	}
	return 0
}

// settle writes back what earlier steps left dirty, so that nobody pays for another's writing.
func settle() { syscall.Sync() }
