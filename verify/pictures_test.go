package verify_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"io"
	"slices"
	"testing"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/verify"
)

// drawer draws nothing, and remembers what it was asked for; the picture is as wide as the file is large.
type drawer struct {
	asked []int
	err   error
}

func (d *drawer) Render(_ context.Context, _ io.ReaderAt, size int64, page int) (image.Image, error) {
	d.asked = append(d.asked, page)
	return image.NewGray(image.Rect(0, 0, int(size), 1)), d.err
}

func TestPicturesAreOfTheSignedStateAndOfNow(t *testing.T) {
	desk := newDesk(t)
	signed := desk.sign(t, clean(t), pades.Options{})
	u, err := open(t, signed).NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Set(pdf.Ref{Number: 4}, pdf.NewStream(nil, []byte("BT /F1 12 Tf 72 700 Td (So tien 900) Tj ET"), false)); err != nil {
		t.Fatal(err)
	}
	changed := written(t, u)
	s := &desk.judge(t, changed).Facts.Signatures[0]
	d := &drawer{}
	got, err := verify.Pictures(t.Context(), d, bytes.NewReader(changed), int64(len(changed)), nil, s)
	if err != nil || len(got) != 1 || got[0].Page != 1 || !slices.Equal(d.asked, []int{1, 1}) {
		t.Fatalf("%v %+v %v", err, got, d.asked)
	}
	if before, after := got[0].Before.Bounds().Dx(), got[0].After.Bounds().Dx(); before != len(signed) || after != len(changed) {
		t.Errorf("drawn from %d and %d bytes, want %d and %d", before, after, len(signed), len(changed))
	}

	d = &drawer{err: verify.ErrPicture}
	if _, err := verify.Pictures(t.Context(), d, bytes.NewReader(changed), int64(len(changed)), nil, s); !errors.Is(err, verify.ErrPicture) {
		t.Errorf("a page that cannot be drawn: %v", err)
	}
	s.Revision = -1
	if _, err := verify.Pictures(t.Context(), &drawer{}, bytes.NewReader(changed), int64(len(changed)), nil, s); !errors.Is(err, verify.ErrPicture) {
		t.Errorf("without a signed revision: %v", err)
	}
	s.Changes = []verify.Change{{Class: verify.ClassLTA, Page: 1}}
	if got, err := verify.Pictures(t.Context(), &drawer{}, bytes.NewReader(changed), int64(len(changed)), nil, s); err != nil || got != nil {
		t.Errorf("nothing that shows: %v %v", got, err)
	}
}
