package verify

import (
	"fmt"
	"strconv"
	"strings"
)

// Symbols of the three answers: no two share a shape, so that a black and white print tells them apart.
const (
	symbolPassed        = "✓"
	symbolFailed        = "✗"
	symbolIndeterminate = "?"
)

// Symbol is the sign for an indication on a page or terminal.
func (i Indication) Symbol() string {
	switch i {
	case TotalPassed:
		return symbolPassed
	case TotalFailed:
		return symbolFailed
	case Indeterminate:
	}
	return symbolIndeterminate
}

// Word is the answer in one or two words; lang is "vi" or "en".
func (i Indication) Word(lang string) string {
	code := "word.indeterminate"
	switch i {
	case TotalPassed:
		code = "word.passed"
	case TotalFailed:
		code = "word.failed"
	case Indeterminate:
	}
	return text(code, lang)
}

// Text is the report for a terminal, a ladder of detail: the answer, what to do, a line for each act of signing, and below it what
// stands in the file.
func (r *Report) Text() string {
	var b strings.Builder
	line := func(indent int, format string, values ...string) {
		shown := make([]any, len(values))
		for i, v := range values {
			shown[i] = plain(v)
		}
		fmt.Fprintf(&b, strings.Repeat(" ", indent)+format+"\n", shown...)
	}
	line(0, "%s", r.File)
	line(2, "%s %s: %s", r.Document.Tone.Symbol(), strings.ToUpper(r.Document.Tone.Word(r.lang)), lowerFirst(r.Said()))
	if r.Document.ValidUntil != nil {
		line(4, "%s", text("document.until", r.lang, "time", clock(*r.Document.ValidUntil)))
	}
	for _, n := range r.Document.Next {
		line(4, "→ %s", n)
	}
	if r.Reused > 0 {
		line(4, "%s", text("document.reused", r.lang, "n", strconv.Itoa(r.Checked), "old", strconv.Itoa(r.Reused)))
	}
	for _, l := range r.Document.Lines {
		line(2, "%s. %s %s", l.Numbers(), l.Tone.Symbol(), l.Sentence)
		for _, i := range l.Signatures {
			if len(l.Signatures) > 1 {
				line(5, "%s. %s", strconv.Itoa(i+1), r.Signatures[i].Sentence)
			}
			r.Signatures[i].below(line)
		}
	}
	return b.String()
}

// Said is the document's sentence without the word of its answer, for a place below that word.
func (r *Report) Said() string {
	if word, rest, ok := strings.Cut(r.Document.Sentence, ": "); ok && strings.EqualFold(word, r.Document.Tone.Word(r.lang)) {
		return upperFirst(rest)
	}
	return r.Document.Sentence
}

// below is what is said below the sentence about a signature.
func (s *SignatureReport) below(line func(indent int, format string, values ...string)) {
	for _, c := range s.ChangeLines {
		line(5, "· %s", c)
	}
	for _, e := range s.Errors { // what leaves an answer open is never shown as what makes a signature invalid
		line(5, s.Indication.Symbol()+" %s [%s]", e.What, e.Label())
	}
	for _, w := range s.Warnings {
		line(5, "! %s [%s]", w.What, w.Label())
	}
}

// Label is the code, and what is technical behind it.
func (t *TextReport) Label() string {
	if t.Technical == "" {
		return t.Code
	}
	return t.Code + ": " + t.Technical
}
