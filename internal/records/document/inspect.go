package document

import (
	"context"
	"errors"
	"slices"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/pdf"
)

// Reader reads PDFs that nobody vouches for; [sandbox.Sandbox] does it in children. It may be used concurrently.
type Reader interface {
	Inspect(ctx context.Context, f sandbox.File, names []string) (sandbox.Findings, error)
	Read(ctx context.Context, f sandbox.File, first, many int) (sandbox.Reading, error)
	Image(ctx context.Context, f sandbox.File, page int, scale sandbox.Scale) ([]byte, error)
}

var reserved = []string{fieldLeader, fieldNumber, fieldDay, fieldMonth, fieldYear, fieldSeal}

// inspect refuses a file that could not be signed, numbered, dated and sealed later: its drafter is the one who can put it right. The file
// is read by r alone; what is found is judged here.
func inspect(ctx context.Context, r Reader, f sandbox.File, name string) error {
	found, err := r.Inspect(ctx, f, reserved)
	if err != nil {
		return unreadable(ctx, err, name)
	}
	refuse := func(kind codes.Code, object string) error { return fault.New(fault.Invalid, kind, object) }
	has := func(gap string) bool { return slices.Contains(found.Gaps, gap) }
	switch {
	case found.Encrypted: // without a password to open it, but with things it forbids
		return fault.New(fault.Unsupported, ErrEncrypted, name)
	case found.Pages == 0:
		return fault.New(fault.Unsupported, ErrNotPDF, name)
	case found.Secret != "":
		return refuse(ErrSecret, found.Secret)
	case found.Signed:
		return refuse(ErrSigned, name)
	case len(found.Taken) > 0:
		return refuse(ErrForm, found.Taken[0])
	case !has(fieldNumber):
		return refuse(ErrNoNumber, name)
	case !has(fieldDay) || !has(fieldMonth):
		return refuse(ErrNoDate, name)
	case !found.Signer:
		return refuse(ErrNoSigner, name)
	}
	return nil
}

// unreadable tells why nothing was found: a limit and the like as they are, the engine's reasons as the file's.
func unreadable(ctx context.Context, err error, name string) error {
	var already *fault.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &already):
		return err
	case errors.Is(err, pdf.ErrPassword):
		return fault.New(fault.Unsupported, ErrEncrypted, name).Because(err)
	case codes.Of(err) != "":
		return fault.New(fault.Unsupported, ErrNotPDF, name).Because(err)
	}
	return err
}
