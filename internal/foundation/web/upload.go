package web

import (
	"bufio"
	"errors"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// Upload is a file as it comes in: read it once, while the handler runs. Reading fails with [fault.TooLarge] at the limit.
type Upload struct {
	// Name is what its owner called it, as [FileName] makes it: shown, never a path.
	Name string
	// Type is its media type by its first bytes; what the browser claims is not believed.
	Type string

	field string
	in    *bufio.Reader
}

func newUpload(p *multipart.Part) (*Upload, error) {
	in := bufio.NewReaderSize(p, 4096)
	head, err := in.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, unreadable(err)
	}
	u := &Upload{Name: FileName(p.FileName()), Type: http.DetectContentType(head), field: p.FormName(), in: in}
	if len(head) == 0 {
		return nil, fault.New(fault.Invalid, ErrEmptyFile, u.Name)
	}
	return u, nil
}

// Read implements [io.Reader].
func (u *Upload) Read(b []byte) (int, error) {
	n, err := u.in.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = unreadable(err)
	}
	return n, err //nolint:wrapcheck // io.EOF is part of the contract
}
