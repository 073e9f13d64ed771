//go:build unix && !(linux && (amd64 || arm64))

package sandbox

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// confine limits what this system can limit for a process without rights: time, and files that it writes.
func confine(_ int64, cpu int) error {
	for what, limit := range map[int][2]int{unix.RLIMIT_CPU: {cpu, cpu + 1}, unix.RLIMIT_FSIZE: {}, unix.RLIMIT_CORE: {}} {
		r := unix.Rlimit{}
		set(&r.Cur, limit[0]) // a signal that tells why
		set(&r.Max, limit[1]) // one that nobody withstands
		if err := unix.Setrlimit(what, &r); err != nil {
			return fmt.Errorf("limiting %d: %w", what, err)
		}
	}
	return nil
}

// set knows that systems disagree about the type of a limit.
func set[T int64 | uint64](field *T, limit int) { *field = T(limit) }
