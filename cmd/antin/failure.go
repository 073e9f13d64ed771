package main

import (
	"context"
	"errors"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/verify"
)

// codeCancelled is what an interrupted command answers.
const codeCancelled codes.Code = "cmd.cancelled"

// codeOf is the stable code of a failure; "cmd.failed" for one that has none.
func codeOf(err error) string {
	if c := codes.Of(err); c != "" {
		return c
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return string(codeCancelled)
	}
	return "cmd.failed"
}

// explain gives a failure's exit status and its text: the catalogue's sentence, then what the engine said.
func explain(err error, lang string) (exit int, text string) {
	entry, ok := codes.Find(codes.Code(codeOf(err)))
	if !ok {
		return exitFailed, err.Error()
	}
	return entry.Exit, entry.Text(lang) + " (" + err.Error() + ")"
}

// note says a report's note for a reader.
func note(code, lang string) string { return verify.Text("note."+code, lang) }
