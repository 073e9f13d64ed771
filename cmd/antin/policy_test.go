package main

import (
	"io/fs"
	"strings"
	"testing"

	pairs "github.com/antinvn/antin/codes/texts"
	"github.com/antinvn/antin/internal/foundation/i18n"
)

// TestEveryRuleIsSaidInBothLanguages: what decides stands in each line of the policies as their authors read it, and in the catalogue, in
// the same words in English, as everybody reads it at /quyen. A text that belongs to no line is dead.
func TestEveryRuleIsSaidInBothLanguages(t *testing.T) {
	h := wholeHouse(t)
	said, err := catalogue()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for method, r := range h.auth.Rules() {
		key := r.Key()
		known[key] = true
		if r.Decides == "" || !said.Has(key) {
			t.Errorf("%s: what decides, %q, has no text %s", method, r.Decides, key)
			continue
		}
		if en := said.Text(i18n.English, key); en != r.Decides {
			t.Errorf("%s: the catalogue says %q, not %q", method, en, r.Decides)
		}
		if vi := said.Text(i18n.Vietnamese, key); vi == r.Decides || vi == "" {
			t.Errorf("%s: %q is not in Vietnamese", method, vi)
		}
	}
	for _, files := range texts {
		b, err := fs.ReadFile(files, "vi.txt")
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pairs.Lines("vi.txt", b)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range lines {
			if strings.HasPrefix(l.Key, "decides.") && !known[l.Key] {
				t.Errorf("%s is the text of no rule", l.Key)
			}
		}
	}
}
