package main

import (
	"strings"

	"github.com/antinvn/antin/codes"
)

// reason is what is wrong with a command line, in both languages. As an error it is English, like everything that the
// engine says.
type reason struct{ object, en, vi string }

func (r *reason) Error() string { return r.en }

// sentence names the thing and what is wrong with it.
func (r *reason) sentence(lang string) string {
	s := r.vi
	if lang == "en" {
		s = r.en
	}
	if r.object != "" {
		s = r.object + ": " + s
	}
	return s
}

// wrong is wrong usage: the argument, which may be "", and what is wrong with it.
func wrong(object, en, vi string) error {
	return codes.Wrap(errUsage, "reading the arguments", object, &reason{object: object, en: en, vi: vi})
}

func wrongLevel(level string) error {
	return wrong("--level "+level, "B-B, B-T, B-LT or B-LTA is expected", "cần B-B, B-T, B-LT hoặc B-LTA")
}

// wrongFlag puts what package flag says of a command line into both languages.
func wrongFlag(err error) error {
	text := err.Error()
	for _, known := range []struct{ prefix, en, vi string }{
		{"flag provided but not defined: -", "there is no such option", "không có tùy chọn này"},
		{"flag needs an argument: -", "its value is missing", "thiếu giá trị"},
	} {
		if name, ok := strings.CutPrefix(text, known.prefix); ok {
			return wrong(dashed(name), known.en, known.vi)
		}
	}
	const before, between = "invalid value ", " for flag -"
	if rest, ok := strings.CutPrefix(text, before); ok {
		if value, rest, ok := strings.Cut(rest, between); ok {
			name, _, _ := strings.Cut(rest, ": ")
			return wrong(dashed(name)+" "+value, "this value is not possible", "giá trị này không dùng được")
		}
	}
	return wrong("", text, text)
}

// dashed is an option as help prints it.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
