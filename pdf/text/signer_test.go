package text_test

import (
	"errors"
	"os"
	"testing"

	"github.com/antinvn/antin/pdf/text"
)

func TestTheSignersLineIsFoundByItself(t *testing.T) {
	b, err := os.ReadFile("../../cmd/antin/assets/decision.pdf")
	if err != nil {
		t.Fatal(err)
	}
	v := view(t, b)
	m, err := text.Signer(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	byHand, err := text.Find(t.Context(), v, "KT. CHỦ TỊCH")
	if err != nil {
		t.Fatal(err)
	}
	a, err := text.SpaceBelow(t.Context(), v, m, text.SignatureWidth, text.SignatureHeight)
	if err != nil {
		t.Fatal(err)
	}
	want, err := text.SpaceBelow(t.Context(), v, byHand, text.SignatureWidth, text.SignatureHeight)
	if err != nil {
		t.Fatal(err)
	}
	if m.Page != byHand.Page || a.Y0 != want.Y0 || max(a.X0-want.X0, want.X0-a.X0) > 30 {
		t.Errorf("%q gives %v, by hand %v", m.Line, a, want)
	}
	if m, ok, err := text.Secret(t.Context(), v); ok || err != nil {
		t.Errorf("a secret where there is none: %v, %v", m, err)
	}
}

func TestLinesThatNameASigner(t *testing.T) {
	for line, found := range map[string]bool{
		"TM. ỦY BAN NHÂN DÂN": true, "KT. GIÁM ĐỐC": true, "TUQ. CHỦ TỊCH": true, "PHÓ CHỦ TỊCH": true, "CHÁNH VĂN PHÒNG": true, "TRƯỞNG PHÒNG NỘI VỤ": true,
		"Chủ tịch": false, "QUYẾT ĐỊNH": false, "KT. chủ tịch": false, "Lưu: VT, KT.": false, "ỦY BAN NHÂN DÂN": false,
	} {
		m, err := text.Signer(t.Context(), view(t, shown(t, line)))
		if found && (err != nil || m.Line != line) || !found && !errors.Is(err, text.ErrNoAnchor) {
			t.Errorf("%q: %q, %v", line, m.Line, err)
		}
	}
}

func TestASecretIsAMarkByItself(t *testing.T) {
	for line, found := range map[string]bool{"MẬT": true, "TỐI  MẬT": true, "TUYỆT MẬT": true, "BÍ MẬT KINH DOANH": false, "mật": false, "CÁC VĂN BẢN MẬT": false} {
		if _, ok, err := text.Secret(t.Context(), view(t, shown(t, line))); ok != found || err != nil {
			t.Errorf("%q: %v, %v", line, ok, err)
		}
	}
}

// shown is a page with one line.
func shown(t *testing.T, line string) []byte {
	t.Helper()
	u, err := view(t, file(a4, []string{""})).Document().NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	return written(t, u, line)
}
