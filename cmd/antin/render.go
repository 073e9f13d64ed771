package main

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/verify"
)

// popplerRenderer draws pages with poppler's pdftoppm.
type popplerRenderer struct{ program string }

// Bounds of one drawing: the file, which is copied beside it; the time; the picture.
const (
	maxDrawn    = 256 << 20
	drawingTime = 20 * time.Second
	maxPicture  = 16 << 20
	drawingDPI  = "72"
)

// pageRenderer is the machine's renderer; nil where pdftoppm is not installed.
func pageRenderer() verify.Renderer {
	program, err := exec.LookPath("pdftoppm")
	if err != nil {
		return nil
	}
	return &popplerRenderer{program}
}

// Render implements [verify.Renderer].
func (r *popplerRenderer) Render(ctx context.Context, file io.ReaderAt, size int64, page int) (image.Image, error) {
	failed := func(err error) error { return codes.Wrap(verify.ErrPicture, "drawing page", strconv.Itoa(page), err) }
	if size > maxDrawn {
		return nil, failed(errors.New("the file is larger than 256 MB"))
	}
	dir, err := os.MkdirTemp("", "antin-page-")
	if err != nil {
		return nil, failed(err)
	}
	defer os.RemoveAll(dir)
	in := filepath.Join(dir, "in.pdf")
	if err := writeFile(in, func(out *os.File) error {
		_, err := io.Copy(out, io.NewSectionReader(file, 0, size))
		return err
	}); err != nil {
		return nil, failed(err)
	}
	ctx, cancel := context.WithTimeout(ctx, drawingTime)
	defer cancel()
	n := strconv.Itoa(page)
	var said bytes.Buffer
	draw := exec.CommandContext(ctx, r.program, "-png", "-r", drawingDPI, "-f", n, "-l", n, "-singlefile", in, filepath.Join(dir, "page"))
	draw.Stderr = &said
	if err := draw.Run(); err != nil {
		return nil, failed(errors.New(err.Error() + " " + strings.TrimSpace(said.String())))
	}
	b, err := os.ReadFile(filepath.Join(dir, "page.png"))
	if err == nil && len(b) > maxPicture {
		err = errors.New("the picture is larger than 16 MB")
	}
	if err != nil {
		return nil, failed(err)
	}
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, failed(err)
	}
	return picture, nil
}
