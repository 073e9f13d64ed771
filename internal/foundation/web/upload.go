package web

import (
	"bufio"
	"errors"
	"io"
	"iter"
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

// Uploads are the files of a request, one after the other: each is read before the next is asked for. It is for routes that change nothing:
// values beside the files, a form's single-use id among them, are passed over. It ends at the first error.
func (r *Request) Uploads() iter.Seq2[*Upload, error] {
	return func(yield func(*Upload, error) bool) {
		parts, err := r.MultipartReader()
		if err != nil {
			yield(nil, unreadable(err))
			return
		}
		for range maxParts {
			p, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return
			}
			var u *Upload
			switch {
			case err != nil:
				err = unreadable(err)
			case p.FileName() == "":
				continue
			default:
				u, err = newUpload(p)
			}
			if !yield(u, err) || err != nil {
				return
			}
		}
		yield(nil, unreadable(errForm))
	}
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

// Field is the name that it was sent under.
func (u *Upload) Field() string { return u.field }

// Read implements [io.Reader].
func (u *Upload) Read(b []byte) (int, error) {
	n, err := u.in.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = unreadable(err)
	}
	return n, err //nolint:wrapcheck // io.EOF is part of the contract
}
