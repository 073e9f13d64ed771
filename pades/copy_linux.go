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
// bytes passing through this process.
func copyBase(ctx context.Context, dst *os.File, r io.ReaderAt, n int64) error {
	src, ok := r.(*os.File)
	if !ok {
		return pdf.Copy(ctx, dst, r, n)
	}
	for at := int64(0); at < n; {
		if err := ctx.Err(); err != nil {
			return err
		}
		copied, err := copyRange(dst, src, at, int(min(n-at, copyBlock)))
		if err != nil || copied == 0 {
			// Not between these file systems, or not into this kind of file: EXDEV, EINVAL, EBADF, ENOSYS and others.
			return pdf.Copy(ctx, dst, io.NewSectionReader(src, at, n-at), n-at)
		}
		at += int64(copied)
	}
	return nil
}

func copyRange(dst, src *os.File, at int64, n int) (copied int, err error) {
	to, err := dst.SyscallConn()
	if err != nil {
		return 0, err
	}
	from, err := src.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = to.Control(func(w uintptr) {
		err := from.Control(func(r uintptr) {
			copied, failed = unix.CopyFileRange(int(r), &at, int(w), nil, n, 0)
		})
		failed = errors.Join(failed, err)
	})
	return copied, errors.Join(err, failed)
}
