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

// FindingEntry is what the catalogue says of something that validation found: what it is, why it is so, and what to do next,
// in Vietnamese and English.
type FindingEntry struct {
	Code                    string
	WhatVI, CauseVI, NextVI string
	WhatEN, CauseEN, NextEN string
}

// In gives the three texts in a language ("vi" or "en").
func (f FindingEntry) In(lang string) (what, cause, next string) {
	if lang == "en" {
		return f.WhatEN, f.CauseEN, f.NextEN
	}
	return f.WhatVI, f.CauseVI, f.NextVI
}

//go:embed findings.tsv
var findingsText string

// Findings lists everything that validation can find, by code. The lines of findings.tsv are: code, then what, cause and next
// in Vietnamese, then in English.
var Findings = sync.OnceValue(func() map[string]FindingEntry {
	out := map[string]FindingEntry{}
	for line := range strings.Lines(findingsText) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) == 7 && !strings.HasPrefix(line, "#") {
			out[f[0]] = FindingEntry{Code: f[0], WhatVI: f[1], CauseVI: f[2], NextVI: f[3], WhatEN: f[4], CauseEN: f[5], NextEN: f[6]}
		}
	}
	return out
})
