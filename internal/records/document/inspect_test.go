package document_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/records/document"
)

// inspecting answers an inspection with a failure.
type inspecting struct {
	document.Reader
	err error
}

func (i inspecting) Inspect(context.Context, sandbox.File, []string) (sandbox.Findings, error) {
	return sandbox.Findings{}, i.err
}

// TestAFileThatReachesALimitIsRefusedWithIt: at its form, with what to do, and nothing of it becomes a document.
func TestAFileThatReachesALimitIsRefusedWithIt(t *testing.T) {
	o := newOffice(t, storetest.SQLite(t))
	for kind, words := range map[codes.Code]string{
		sandbox.ErrTime: "đọc tệp mất quá 20 giây", sandbox.ErrCrashed: "tệp làm hỏng chương trình đọc", sandbox.ErrMemory: "đọc tệp cần nhiều hơn 20 bộ nhớ",
		sandbox.ErrPages: "nhiều hơn 20 trang",
	} {
		o.reader.Reader = inspecting{o.reader.Reader, fault.New(fault.Invalid, kind, "").With("limit", "20")}
		to, body := o.send("drafter", "/van-ban/moi", o.writing(), decision(t))
		if to != "" || !strings.Contains(body, words) {
			t.Errorf("%s: %q\n%s", kind, to, body)
		}
	}
	if rows, err := o.List(t.Context(), o.drafter, document.Mine, nil, 10); err != nil || len(rows) != 0 {
		t.Error(rows, err)
	}
	o.reader.Reader = inspecting{o.reader.Reader, fault.New(fault.Unavailable, sandbox.ErrStart, "")}
	n := o.new(t)
	if _, err := o.Write(t.Context(), o.drafter, n); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

// TestTheServingProcessReadsNoUpload: what is handed to the reader is all that an upload meets before it is a document.
func TestTheServingProcessReadsNoUpload(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	h.reader.Reader = inspecting{Reader: h.reader.Reader}
	n := h.new(t)
	n.File = bytes.NewReader([]byte("no PDF at all"))
	_, err := h.Write(t.Context(), h.drafter, n)
	refused(t, "nothing found", err, document.ErrNotPDF) // by what was found, which is nothing
	h.reader.Reader = willing{h.reader.Reader}
	n.File = bytes.NewReader([]byte("no PDF at all"))
	if _, err := h.Write(t.Context(), h.drafter, n); err != nil {
		t.Error("the service looked for itself: ", err)
	}
}

// willing finds all that a document needs in any file.
type willing struct{ document.Reader }

func (willing) Inspect(context.Context, sandbox.File, []string) (sandbox.Findings, error) {
	return sandbox.Findings{Pages: 1, Signer: true, Gaps: []string{"number", "day", "month"}}, nil
}
