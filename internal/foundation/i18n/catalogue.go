package i18n

import (
	"bufio"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/fault"
)

// Lang is a language of the interface, by its BCP 47 tag.
type Lang string

// The languages. Vietnamese is the one that stands where nothing else was chosen.
const (
	Vietnamese Lang = "vi"
	English    Lang = "en"
)

// Languages lists them, the first one first.
func Languages() []Lang { return []Lang{Vietnamese, English} }

// Catalogue is every text in every language. It never changes, and may be read concurrently.
type Catalogue struct {
	texts map[Lang]map[string]text
}

// text is a parsed line: literals and what is filled in, in turn.
type text []part

type part struct {
	literal   string
	name      string
	one, many string // of a plural; empty for a plain name
}

const (
	maxFile = 1 << 20 // bytes of one file: every text of one module
	maxText = 2000    // bytes of one text: a paragraph
)

// New builds the catalogue of every module's pair: each holds vi.txt and en.txt. What the engine says of its failures is in it too, as
// "fault.CODE.what" (package codes); what to do next is said by the module that meets one.
func New(modules ...fs.FS) (*Catalogue, error) {
	c := &Catalogue{texts: map[Lang]map[string]text{}}
	for _, l := range Languages() {
		c.texts[l] = map[string]text{}
	}
	for _, m := range modules {
		for _, l := range Languages() {
			if err := c.read(m, l); err != nil {
				return nil, err
			}
		}
	}
	for key, vi := range c.texts[Vietnamese] {
		en, ok := c.texts[English][key]
		if !ok {
			return nil, fmt.Errorf("i18n: %s has no English text", key)
		}
		if err := agree(vi, en); err != nil {
			return nil, fmt.Errorf("i18n: %s: %w", key, err)
		}
	}
	for key := range c.texts[English] {
		if _, ok := c.texts[Vietnamese][key]; !ok {
			return nil, fmt.Errorf("i18n: %s has no Vietnamese text", key)
		}
	}
	for _, e := range codes.Catalogue() {
		key := "fault." + string(e.Code) + ".what"
		if _, ok := c.texts[Vietnamese][key]; !ok {
			c.texts[Vietnamese][key], c.texts[English][key] = text{{literal: e.WhatVI}}, text{{literal: e.WhatEN}}
		}
	}
	return c, nil
}

var keyForm = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`)

func (c *Catalogue) read(m fs.FS, l Lang) error {
	name := string(l) + ".txt"
	b, err := fs.ReadFile(m, name)
	if err != nil {
		return fmt.Errorf("i18n: %w", err)
	}
	if len(b) > maxFile {
		return fmt.Errorf("i18n: %s is above %d bytes", name, maxFile)
	}
	last, lines := "", bufio.NewScanner(strings.NewReader(string(b)))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		if strings.HasPrefix(line, "#") {
			last = ""
			continue
		}
		key, said, ok := strings.Cut(line, " = ")
		switch {
		case !ok || !keyForm.MatchString(key):
			return fmt.Errorf("i18n: %s:%d: not a line of the form \"module.key = text\": %q", name, n, line)
		case key <= last:
			return fmt.Errorf("i18n: %s:%d: %s does not come after %s", name, n, key, last)
		case len(said) > maxText || !norm.NFC.IsNormalString(said):
			return fmt.Errorf("i18n: %s:%d: %s is too long, or not NFC", name, n, key)
		}
		last = key
		if _, ok := c.texts[l][key]; ok {
			return fmt.Errorf("i18n: %s:%d: %s stands twice", name, n, key)
		}
		if c.texts[l][key], err = parse(said); err != nil {
			return fmt.Errorf("i18n: %s:%d: %s: %w", name, n, key, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("i18n: %s: %w", name, err)
	}
	return nil
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func parse(s string) (text, error) {
	var t text
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			return append(t, part{literal: s}), nil
		}
		if i > 0 {
			t = append(t, part{literal: s[:i]})
		}
		end := strings.IndexByte(s[i:], '}')
		if s[i] == '}' || end < 0 {
			return nil, fmt.Errorf("a brace without its twin in %q", s)
		}
		fields := strings.Split(s[i+1:i+end], "|")
		p := part{name: fields[0]}
		switch {
		case !nameForm.MatchString(p.name), len(fields) != 1 && len(fields) != 3:
			return nil, fmt.Errorf("neither {name} nor {name|one|many}: %q", s[i:i+end+1])
		case len(fields) == 3:
			p.one, p.many = fields[1], fields[2]
		}
		t, s = append(t, p), s[i+end+1:]
	}
	return t, nil
}

// agree holds a pair to the same names. Vietnamese has no plural; what English chooses by, Vietnamese names too.
func agree(vi, en text) error {
	plain, chosen := en.names(false), en.names(true)
	if v := vi.names(true); len(v) != 0 {
		return fmt.Errorf("a plural in Vietnamese: %v", v)
	}
	v := vi.names(false)
	if !maps.Equal(v, plain) {
		return fmt.Errorf("the names differ: %v and %v", slices.Sorted(maps.Keys(v)), slices.Sorted(maps.Keys(plain)))
	}
	for n := range chosen {
		if !v[n] {
			return fmt.Errorf("%s is chosen by and not named", n)
		}
	}
	return nil
}

func (t text) names(plural bool) map[string]bool {
	m := map[string]bool{}
	for _, p := range t {
		if p.name != "" && plural == (p.many != "") {
			m[p.name] = true
		}
	}
	return m
}

// Has reports whether a key has a text.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.texts[Vietnamese][key]
	return ok
}

// Text returns a text with its names filled in from pairs of name and value: a string, an int, an int64 or a [time.Time], which come
// out as the language writes them. An unknown key is its own text: wrong, and seen.
func (c *Catalogue) Text(l Lang, key string, pairs ...any) string {
	t, ok := c.texts[l][key]
	if !ok {
		if t, ok = c.texts[Vietnamese][key]; !ok {
			return key
		}
	}
	if len(t) == 1 && t[0].name == "" {
		return t[0].literal
	}
	var b strings.Builder
	for _, p := range t {
		switch v := value(pairs, p.name); {
		case p.name == "":
			b.WriteString(p.literal)
		case p.many != "" && shown(English, v) == "1":
			b.WriteString(p.one)
		case p.many != "":
			b.WriteString(p.many)
		default:
			b.WriteString(shown(l, v))
		}
	}
	return b.String()
}

func value(pairs []any, name string) any {
	for i := 0; i+1 < len(pairs); i += 2 {
		if n, ok := pairs[i].(string); ok && n == name {
			return pairs[i+1]
		}
	}
	return ""
}

func shown(l Lang, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return Number(l, int64(v))
	case int64:
		return Number(l, v)
	case time.Time:
		return DateTime(v)
	default:
		return fmt.Sprint(v)
	}
}

// Number writes thousands apart: 1.000 in Vietnamese, 1,000 in English.
func Number(l Lang, n int64) string {
	s := strconv.FormatInt(n, 10)
	sep := "."
	if l == English {
		sep = ","
	}
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(s) - 3; i > first; i -= 3 {
		s = s[:i] + sep + s[i:]
	}
	return s
}

// Fault is what is said of a failure: which is "what", for what happened, or "next", for what to do. A code that has no texts is an internal
// failure to the reader.
func (c *Catalogue) Fault(l Lang, code, which, object string, args []fault.Arg) string {
	key := "fault." + code + "." + which
	if !c.Has(key) {
		key = "fault.internal." + which
	}
	pairs := []any{"object", object}
	for _, a := range args {
		value := a.Value
		if a.Text {
			value = c.Text(l, value)
		}
		pairs = append(pairs, a.Name, value)
	}
	return c.Text(l, key, pairs...)
}
