package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/fault"
)

func TestAFaultSaysWhatAndWhy(t *testing.T) {
	base := fault.New(fault.Invalid, "document.refused", "05/QĐ-UBND")
	err := fmt.Errorf("saving: %w", base.With("limit", "3").Field("title", "field.required").Because(io.ErrUnexpectedEOF))
	if !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, codes.Code("document.refused")) {
		t.Error("cause or code is lost")
	}
	f := fault.Of(err)
	if f.Class.Status() != 422 || f.Args[0].Value != "3" || f.Fields[0].Name != "title" || codes.Of(err) != "document.refused" {
		t.Errorf("%+v", f)
	}
	if want := "document.refused 05/QĐ-UBND; title: field.required: unexpected EOF"; f.Error() != want {
		t.Errorf("%q, want %q", f.Error(), want)
	}
	if len(base.Args)+len(base.Fields) != 0 || base.Err != nil {
		t.Error("the first fault changed")
	}
}

func TestWhatIsNoFaultIsInternal(t *testing.T) {
	if f := fault.Of(io.EOF); f.Class != fault.Internal || f.Kind != "internal" || !errors.Is(f, io.EOF) {
		t.Errorf("%+v", f)
	}
	if f := fault.Of(codes.New("pdf.damaged", "reading", "x", "")); f.Class.Status() != 500 || f.Kind != "pdf.damaged" {
		t.Errorf("%+v", f)
	}
	if fault.Of(nil) != nil || fault.Is(io.EOF, fault.Internal) || !fault.Is(fault.New(fault.Full, "x", ""), fault.Full) {
		t.Error("wrong class")
	}
}

func TestEveryClassHasAStatus(t *testing.T) {
	for c := fault.Internal; c <= fault.Full; c++ {
		if s := c.Status(); s < 400 || s > 599 {
			t.Errorf("%d: %d", c, s)
		}
	}
}
