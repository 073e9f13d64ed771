//go:build !windows

package blob

import (
	"errors"
	"syscall"
)

// isFull: the disk is full, or the quota is used up.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
