//go:build !linux

package pades

import (
	"context"
	"io"
	"os"

	"github.com/antinvn/antin/pdf"
)

// copyBase writes the first n bytes of r to dst.
func copyBase(ctx context.Context, dst *os.File, r io.ReaderAt, n int64) error {
	return pdf.Copy(ctx, dst, r, n)
}
