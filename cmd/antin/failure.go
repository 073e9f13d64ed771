package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"unicode"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/keys"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/verify"
)

const (
	codeCancelled codes.Code = "cmd.cancelled" // the command was interrupted
	codeFailed    codes.Code = "cmd.failed"    // an error that carries no code
)

// Why a file cannot be read or written: causes below the codes in ofFiles.
const (
	codeAbsent    codes.Code = "cmd.absent"     // no such file or folder
	codeDenied    codes.Code = "cmd.denied"     // no right to read or write it
	codeDiskFull  codes.Code = "cmd.disk_full"  // no space left, or a limit is reached
	codeReadOnly  codes.Code = "cmd.read_only"  // the file system takes no change
	codeNotAFile  codes.Code = "cmd.not_a_file" // a folder or a device
	codeNotFolder codes.Code = "cmd.not_folder" // a part of the path is a file
)

// ofFiles are the codes whose cause the operating system tells.
var ofFiles = []codes.Code{errInput, errOutput, keys.ErrFile, keys.ErrModule, trust.ErrFile}

// problem is a failure as JSON says it.
type problem struct {
	Code   string `json:"code"`
	Cause  string `json:"cause,omitempty"` // the innermost code, where it is another
	Text   string `json:"text"`            // the catalogue's sentences for both
	Detail string `json:"detail"`          // what the engine said
	exit   int
	thing  string // the file that it is about, where the result names none
}

// explain says a failure by the catalogue: what happened, what lies at the bottom of it, and what to do about that.
func explain(err error, lang string) *problem {
	if errors.Is(err, context.Canceled) {
		err = codes.Wrap(codeCancelled, "", "", context.Canceled)
	}
	entry, ok := codes.Find(codes.Code(codes.Of(err)))
	if f, platform := errors.AsType[*fault.Error](err); platform && !ok {
		return explainFault(f, err, lang)
	}
	if !ok {
		entry, _ = codes.Find(codeFailed)
	}
	p := &problem{Code: string(entry.Code), Text: entry.Text(lang), Detail: err.Error(), exit: entry.Exit}
	if outer, ok := errors.AsType[*codes.Error](err); ok && slices.Contains(ofFiles, entry.Code) {
		p.thing = outer.Object
	}
	if usage, ok := errors.AsType[*reason](err); ok {
		p.Text = usageText(entry, usage, lang)
	} else if cause, ok := codes.Find(causeOf(err, entry.Code)); ok && cause.Code != entry.Code {
		p.Cause = string(cause.Code)
		what := entry.WhatVI
		if lang == "en" {
			what = entry.WhatEN
		}
		p.Text = say(lang, "failure.because", "what", what, "cause", cause.Text(lang))
	}
	return p
}

// explainFault says a failure of the platform by the rooms' sentences. What was set or sent wrongly is wrong usage; all else failed.
func explainFault(f *fault.Error, err error, lang string) *problem {
	p := &problem{Code: string(f.Kind), Detail: err.Error(), exit: exitFailed}
	if f.Class == fault.Invalid {
		p.exit = exitUnreadable
	}
	c, broken := catalogue()
	if broken != nil {
		p.Text = broken.Error()
		return p
	}
	said := func(which string) string { return c.Fault(i18n.Lang(lang), string(f.Kind), which, f.Object, f.Args) }
	p.Text = said("what") + " " + said("next")
	return p
}

// usageText is "what: the argument: why. what next".
func usageText(entry codes.Entry, r *reason, lang string) string {
	what, next := entry.WhatVI, entry.NextVI
	if lang == "en" {
		what, next = entry.WhatEN, entry.NextEN
	}
	return strings.TrimSuffix(what, ".") + ": " + r.sentence(lang) + ". " + next
}

// causeOf is what lies at the bottom of an error: the innermost code, or what the operating system said of a file.
func causeOf(err error, outer codes.Code) codes.Code {
	inner := codes.Code(rootCode(err))
	if inner != outer || !slices.Contains(ofFiles, outer) {
		return inner
	}
	for _, known := range []struct {
		is    error
		cause codes.Code
	}{
		{fs.ErrNotExist, codeAbsent}, {fs.ErrPermission, codeDenied}, {syscall.EROFS, codeReadOnly}, {syscall.ENOTDIR, codeNotFolder}, {syscall.EISDIR, codeNotAFile},
		{syscall.ENOSPC, codeDiskFull}, {syscall.EDQUOT, codeDiskFull}, {syscall.EFBIG, codeDiskFull},
	} {
		if errors.Is(err, known.is) {
			return known.cause
		}
	}
	return inner
}

// line is the failure on a terminal: the sentences, and in square brackets what is technical, as in a report: the code to search for, and
// what the engine said.
func (p *problem) line() string {
	if p.Cause == "" && p.Code == string(errUsage) {
		return p.Text + " [" + p.Code + "]" // the sentences say it all
	}
	return p.Text + " [" + p.Code + ": " + strings.TrimSuffix(p.Detail, " ("+p.Code+")") + "]"
}

// oneLine keeps a name or a detail on its line: what a file holds must not move the cursor or write lines of its own.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ReplaceAll(s, "\n", "; "))
}

// writef is fmt.Fprintf whose strings each stay on their line.
func writef(w io.Writer, format string, values ...any) {
	for i, v := range values {
		if s, ok := v.(string); ok {
			values[i] = oneLine(s)
		}
	}
	fmt.Fprintf(w, format, values...)
}

// rootCode is the innermost stable code of an error; of several joined errors, that of the first that has one.
func rootCode(err error) string {
	code := ""
	for err != nil {
		if c, ok := err.(interface{ Code() string }); ok { // each layer is looked at by itself
			code = c.Code()
		}
		err = below(err)
	}
	return code
}

func below(err error) error {
	switch u := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() error }:
		return u.Unwrap()
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			if _, code := e.(codes.Code); !code && codes.Of(e) != "" { //nolint:errorlint // as above
				return e
			}
		}
	}
	return nil
}

// note says a report's note for a reader.
func note(code, lang string) string { return verify.Text("note."+code, lang) }
