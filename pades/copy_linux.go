package pades

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/antinvn/antin/pdf"
)

// copyBlock is what one call may copy: small enough to notice a cancelled context within 100 ms.
const copyBlock = 16 << 20

// copyBase writes the first n bytes of r behind what dst holds. From file to file the system does it, without the
// bytes passing through this process, and begins to write each block to the disk at once: while the digest is still
// being made, most of what a later fsync would wait for is done.
func copyBase(ctx context.Context, dst *os.File, r io.ReaderAt, n int64) error {
	src, ok := r.(*os.File)
	if !ok {
		return pdf.Copy(ctx, dst, r, n)
	}
	to, err := dst.SyscallConn()
	if err != nil {
		return err
	}
	from, err := src.SyscallConn()
	if err != nil {
		return err
	}
	for at := int64(0); at < n; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var copied int
		var failed error
		err := to.Control(func(w uintptr) {
			err := from.Control(func(r uintptr) {
				copied, failed = unix.CopyFileRange(int(r), &at, int(w), nil, int(min(n-at, copyBlock)), 0)
			})
			failed = errors.Join(failed, err)
			_ = unix.SyncFileRange(int(w), 0, 0, unix.SYNC_FILE_RANGE_WRITE) //nolint:errcheck // a hint: where it fails, fsync does all
		})
		if err != nil || failed != nil || copied == 0 {
			// Not between these file systems, or not into this kind of file: EXDEV, EINVAL, EBADF, ENOSYS and others.
			return pdf.Copy(ctx, dst, io.NewSectionReader(src, at, n-at), n-at)
		}
	}
	return nil
}
