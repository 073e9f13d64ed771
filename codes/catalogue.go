package codes

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

// Entry is what the catalogue says of a code: the exit status of a command that ends with it, what happened, and what to do
// next, in Vietnamese and English.
type Entry struct {
	Code           Code
	Exit           int
	WhatVI, NextVI string
	WhatEN, NextEN string
}

// Text is "what: next" in a language ("vi" or "en").
func (e Entry) Text(lang string) string {
	what, next := e.WhatVI, e.NextVI
	if lang == "en" {
		what, next = e.WhatEN, e.NextEN
	}
	if next == "" {
		return what
	}
	return what + " " + next
}

//go:embed catalogue.tsv
var catalogueText string

// Catalogue lists every code that an error of the engine or of a command can carry, in the order of the file. The lines of
// catalogue.tsv are: code, exit, what (vi), next (vi), what (en), next (en).
var Catalogue = sync.OnceValue(func() []Entry {
	var out []Entry
	for line := range strings.Lines(catalogueText) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) != 6 || strings.HasPrefix(line, "#") {
			continue
		}
		exit, err := strconv.Atoi(f[1])
		if err != nil {
			continue
		}
		out = append(out, Entry{Code: Code(f[0]), Exit: exit, WhatVI: f[2], NextVI: f[3], WhatEN: f[4], NextEN: f[5]})
	}
	return out
})

// Find returns a code's entry.
func Find(code Code) (Entry, bool) {
	for _, e := range Catalogue() {
		if e.Code == code {
			return e, true
		}
	}
	return Entry{}, false
}
