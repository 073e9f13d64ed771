package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/text"
)

func examplePaper() *paper {
	return &paper{
		superior: "Ủy ban nhân dân", agency: "Tỉnh Huấn Luyện", place: "Huấn Luyện", year: 2026, code: "QĐ", notation: "UBND",
		kind: "Quyết định", title: "Về việc phân công nhiệm vụ các thành viên Tổ công tác chuyển đổi số của tỉnh",
		body:     []string{"Căn cứ Luật Tổ chức chính quyền địa phương;", "Điều 1. Thành lập Tổ công tác gồm các thành viên có tên trong danh sách kèm theo Quyết định này.", "Điều 2. Quyết định này có hiệu lực kể từ ngày ký."},
		capacity: "CHỦ TỊCH", signer: "Lò Văn Vận", recipients: []string{"Như Điều 2", "Lưu: VT"},
	}
}

// TestAPaperHasItsGaps: what the demo makes must be signable, numberable and datable.
func TestAPaperHasItsGaps(t *testing.T) {
	b, err := examplePaper().pdf(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if at := os.Getenv("ANTIN_KEEP"); at != "" {
		if err := os.WriteFile(at, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := pdf.Open(t.Context(), bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.Rebuilt() || d.Irregular() {
		t.Error("its table had to be repaired")
	}
	gaps, err := text.Gaps(t.Context(), d.Latest())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, g := range gaps {
		found[g.Name] = true
	}
	for _, want := range []string{"number", "day", "month"} {
		if !found[want] {
			t.Errorf("no gap for the %s: %+v", want, gaps)
		}
	}
	m, err := text.Signer(t.Context(), d.Latest())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := text.SpaceBelow(t.Context(), d.Latest(), m, text.SignatureWidth, text.SignatureHeight); err != nil {
		t.Error(err)
	}
	if _, secret, err := text.Secret(t.Context(), d.Latest()); err != nil || secret {
		t.Error("it is taken for a secret one", err)
	}
}
