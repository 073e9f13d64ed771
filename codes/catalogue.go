package codes

import (
	"embed"
	"strconv"
	"strings"
	"sync"

	"github.com/antinvn/antin/codes/texts"
)

//go:embed vi.txt en.txt exits.txt
var files embed.FS

var words = sync.OnceValue(func() *texts.Catalogue { return texts.Must(files) })

// said is a text, "" where there is none.
func said(lang, key string) string {
	if !words().Has(key) {
		return ""
	}
	return words().Text(lang, key)
}

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

// Catalogue lists every code that an error of the engine or of a command can carry, in alphabetical order. Its texts stand in vi.txt and
// en.txt as "fault.CODE.what" and "fault.CODE.next", its exit in exits.txt as "CODE = exit".
var Catalogue = sync.OnceValue(func() []Entry {
	b, err := files.ReadFile("exits.txt")
	if err != nil {
		panic(err) // it is embedded
	}
	lines, err := texts.Lines("exits.txt", b)
	if err != nil {
		panic(err) // the tests read it
	}
	out := make([]Entry, 0, len(lines))
	for _, l := range lines {
		exit, err := strconv.Atoi(l.Text)
		if err != nil {
			panic(err) // as above
		}
		what, next := "fault."+l.Key+".what", "fault."+l.Key+".next"
		out = append(out, Entry{
			Code: Code(l.Key), Exit: exit, WhatVI: said("vi", what), NextVI: said("vi", next), WhatEN: said("en", what), NextEN: said("en", next),
		})
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

// Findings lists everything that validation can find, by code. The texts stand in vi.txt and en.txt as "finding.CODE.what", ".cause" and
// ".next".
var Findings = sync.OnceValue(func() map[string]FindingEntry {
	out := map[string]FindingEntry{}
	for _, key := range words().Keys() {
		code, found := strings.CutPrefix(key, "finding.")
		code, first := strings.CutSuffix(code, ".what")
		if !found || !first {
			continue
		}
		cause, next := "finding."+code+".cause", "finding."+code+".next"
		out[code] = FindingEntry{
			Code:   code,
			WhatVI: said("vi", key), CauseVI: said("vi", cause), NextVI: said("vi", next),
			WhatEN: said("en", key), CauseEN: said("en", cause), NextEN: said("en", next),
		}
	}
	return out
})
