package verify

import "slices"

// Tone is how an answer is shown to a reader. There is one for each indication, and one for what passes by training keys alone: no two
// share a word, a sign or a colour. It is a name for a stylesheet too.
type Tone string

// The tones.
const (
	TonePassed   Tone = "passed"
	ToneFailed   Tone = "failed"
	ToneOpen     Tone = "open"
	ToneTraining Tone = "training"
)

// tone is that of an indication. What training keys signed is never shown as what passed; where it failed or is open, that says enough.
func tone(i Indication, training bool) Tone {
	switch {
	case i == TotalFailed:
		return ToneFailed
	case i != TotalPassed:
		return ToneOpen
	case training:
		return ToneTraining
	}
	return TonePassed
}

// symbolTraining is an open lozenge.
const symbolTraining = "◇"

// Symbol is its sign on a page or terminal.
func (t Tone) Symbol() string {
	switch t {
	case TonePassed:
		return symbolPassed
	case ToneFailed:
		return symbolFailed
	case ToneTraining:
		return symbolTraining
	case ToneOpen:
	}
	return symbolIndeterminate
}

// Word is the answer in a few words; lang is "vi" or "en".
func (t Tone) Word(lang string) string {
	switch t {
	case TonePassed:
		return TotalPassed.Word(lang)
	case ToneFailed:
		return TotalFailed.Word(lang)
	case ToneTraining:
		return text("word.training", lang)
	case ToneOpen:
	}
	return Indeterminate.Word(lang)
}

// trainingTexts begins the keys of the texts about training signatures.
const trainingTexts = "training."

// training says that a path of the signature leads to an anchor of training keys.
func (s *SignatureFacts) training() bool {
	return slices.ContainsFunc(s.Chains, func(c ChainFacts) bool { return c.Anchor != nil && c.Anchor.Training })
}

// Training says that one of the signatures on which a document's answer rests is a training key's: whatever the indication, the document
// has no legal value.
func (v *Verdict) Training() bool {
	for i := range v.Facts.Signatures {
		if s := &v.Facts.Signatures[i]; (s.Type == TypeSignature || v.Facts.Format == "tst") && s.training() {
			return true
		}
	}
	return false
}
