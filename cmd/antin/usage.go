package main

import (
	"strings"

	"github.com/antinvn/antin/codes"
)

// reason is what is wrong with a command line: the thing, and a key of the command's texts. As an error it is English, like
// everything that the engine says.
type reason struct {
	object, key string
	pairs       []any
}

func (r *reason) Error() string { return say("en", r.key, r.pairs...) }

// sentence names the thing and what is wrong with it.
func (r *reason) sentence(lang string) string {
	s := say(lang, r.key, r.pairs...)
	if r.object != "" {
		s = r.object + ": " + s
	}
	return s
}

// wrong is wrong usage: the argument, which may be "", and the key of what is wrong with it.
func wrong(object, key string, pairs ...any) error {
	return codes.Wrap(errUsage, "reading the arguments", object, &reason{object, key, pairs})
}

func wrongLevel(level string) error {
	return wrong("--level "+level, "usage.level")
}

// wrongFlag puts what package flag says of a command line into both languages.
func wrongFlag(err error) error {
	text := err.Error()
	for _, known := range []struct{ prefix, key string }{
		{"flag provided but not defined: -", "usage.no_such_option"}, {"flag needs an argument: -", "usage.value_missing"},
	} {
		if name, ok := strings.CutPrefix(text, known.prefix); ok {
			return wrong(dashed(name), known.key)
		}
	}
	const before, between = "invalid value ", " for flag -"
	if rest, ok := strings.CutPrefix(text, before); ok {
		if value, rest, ok := strings.Cut(rest, between); ok {
			name, _, _ := strings.Cut(rest, ": ")
			return wrong(dashed(name)+" "+value, "usage.value")
		}
	}
	return wrong("", "usage.flag", "said", text)
}

// dashed is an option as help prints it.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
