package verify

import (
	"slices"
	"strings"
	"testing"
)

// TestATrainingSignatureIsNeverCalledValid: whatever the answer is, the first sentence names it as one for training, and what passes has a
// tone, a word and a warning of its own; one training signature among others is enough.
func TestATrainingSignatureIsNeverCalledValid(t *testing.T) {
	train := func(f *Facts, i int) {
		s := &f.Signatures[i]
		s.Chains = slices.Clone(s.Chains)
		for k := range s.Chains {
			anchor := *s.Chains[k].Anchor
			anchor.Training = true
			s.Chains[k].Anchor = &anchor
		}
	}
	for name, tt := range map[string]struct {
		spoil func(f *Facts)
		want  Tone
	}{
		"passed":     {func(f *Facts) { train(f, 0) }, ToneTraining},
		"of two":     {func(f *Facts) { f.Signatures = append(f.Signatures, f.Signatures[0]); train(f, 1) }, ToneTraining},
		"failed":     {func(f *Facts) { train(f, 0); f.Signatures[0].Digest = Mismatch }, ToneFailed},
		"open":       {func(f *Facts) { train(f, 0); f.Signatures[0].Digest = Unverifiable }, ToneOpen},
		"a real one": {func(*Facts) {}, TonePassed},
	} {
		for lang, words := range map[string][2]string{"vi": {"huấn luyện", "hợp lệ"}, "en": {"training", "valid"}} {
			f := example(t, "b-lt")
			tt.spoil(f)
			v := Decide(f, DefaultPolicy(), testTime)
			r := v.Report(lang)
			sentence := strings.ToLower(r.Document.Sentence)
			first, _, _ := strings.Cut(sentence, ". ")
			if r.Document.Tone != tt.want || strings.Contains(first, words[0]) != (name != "a real one") {
				t.Errorf("%s, %s: %s, %q", name, lang, r.Document.Tone, first)
			}
			last := &r.Signatures[len(r.Signatures)-1]
			warned := slices.ContainsFunc(last.Warnings, func(x TextReport) bool { return x.Code == "training_key" })
			if warned != (name != "a real one") || last.Tone != tt.want {
				t.Errorf("%s, %s: warned %t, %s", name, lang, warned, last.Tone)
			}
			text := sentence + strings.ToLower(last.Sentence)
			if name == "passed" {
				text += strings.ToLower(r.Text())
			}
			if tt.want == ToneTraining && strings.Contains(text, words[1]) {
				t.Errorf("%s, %s: %s", name, lang, text)
			}
		}
	}
}
