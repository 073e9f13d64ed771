package blob

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isFull: the disk is full, or the quota is used up.
func isFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) || errors.Is(err, windows.ERROR_NOT_ENOUGH_QUOTA)
}
