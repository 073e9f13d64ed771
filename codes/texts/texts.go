package texts

import (
	"bufio"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// The languages, by their BCP 47 tags. Vietnamese is the one that stands where another is not known.
const (
	Vietnamese = "vi"
	English    = "en"
)

// Catalogue is every text in both languages.
type Catalogue struct {
	vi, en map[string]text
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

// Read reads the pairs, vi.txt and en.txt of each, into one catalogue. It refuses a line of another form, a key that one language
// lacks, that stands twice or is not in order, and two texts that name different things.
func Read(pairs ...fs.FS) (*Catalogue, error) {
	c := &Catalogue{vi: map[string]text{}, en: map[string]text{}}
	for _, p := range pairs {
		if err := read(c.vi, p, "vi.txt"); err != nil {
			return nil, err
		}
		if err := read(c.en, p, "en.txt"); err != nil {
			return nil, err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.vi)) {
		en, ok := c.en[key]
		if !ok {
			return nil, fmt.Errorf("texts: %s has no English text", key)
		}
		if err := agree(c.vi[key], en); err != nil {
			return nil, fmt.Errorf("texts: %s: %w", key, err)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.en)) {
		if _, ok := c.vi[key]; !ok {
			return nil, fmt.Errorf("texts: %s has no Vietnamese text", key)
		}
	}
	return c, nil
}

// Must is [Read] of a program's own embedded pair; it panics where Read fails, as [regexp.MustCompile] does.
func Must(pair fs.FS) *Catalogue {
	c, err := Read(pair)
	if err != nil {
		panic(err)
	}
	return c
}

func read(into map[string]text, pair fs.FS, name string) error {
	b, err := fs.ReadFile(pair, name)
	if err != nil {
		return fmt.Errorf("texts: %w", err)
	}
	lines, err := Lines(name, b)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if _, twice := into[l.Key]; twice {
			return fmt.Errorf("texts: %s: %s stands twice", name, l.Key)
		}
		if into[l.Key], err = parse(l.Text); err != nil {
			return fmt.Errorf("texts: %s: %s: %w", name, l.Key, err)
		}
	}
	return nil
}

// Line is one line of a file, "key = text", as it stands.
type Line struct{ Key, Text string }

var keyForm = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$`)

// Lines reads the lines of one file, in their order; name is what an error calls it. A file holds at most 1 MiB, a text 2,000 bytes.
func Lines(name string, b []byte) ([]Line, error) {
	if len(b) > maxFile {
		return nil, fmt.Errorf("texts: %s is above %d bytes", name, maxFile)
	}
	var out []Line
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
			return nil, fmt.Errorf("texts: %s:%d: not a line of the form \"module.key = text\": %q", name, n, line)
		case key <= last:
			return nil, fmt.Errorf("texts: %s:%d: %s does not come after %s", name, n, key, last)
		case len(said) > maxText || strings.ContainsFunc(said, isMark):
			return nil, fmt.Errorf("texts: %s:%d: %s is too long, or not NFC", name, n, key)
		}
		last = key
		out = append(out, Line{key, said})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("texts: %s: %w", name, err)
	}
	return out, nil
}

// isMark: NFC (Unicode TR15) has every letter of both languages in one piece, so that a mark by itself is no NFC.
func isMark(r rune) bool { return unicode.Is(unicode.M, r) }

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

// Keys lists the keys in alphabetical order.
func (c *Catalogue) Keys() []string { return slices.Sorted(maps.Keys(c.vi)) }

// Has reports whether a key has a text.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.vi[key]
	return ok
}

// Names reports whether a text names something: whether what is filled in for it will be read.
func (c *Catalogue) Names(key, name string) bool {
	return slices.ContainsFunc(c.vi[key], func(p part) bool { return p.name == name })
}

// Text returns a text with its names filled in from pairs of name and value. An unknown key is its own text: wrong, and seen. A name
// without a value is filled with nothing.
func (c *Catalogue) Text(lang, key string, pairs ...string) string {
	t, ok := c.vi[key]
	if lang == English {
		t, ok = c.en[key]
	}
	if !ok {
		return key
	}
	if len(t) == 1 && t[0].name == "" {
		return t[0].literal
	}
	var b strings.Builder
	for _, p := range t {
		switch v := value(pairs, p.name); {
		case p.name == "":
			b.WriteString(p.literal)
		case p.many != "" && v == "1":
			b.WriteString(p.one)
		case p.many != "":
			b.WriteString(p.many)
		default:
			b.WriteString(v)
		}
	}
	return b.String()
}

func value(pairs []string, name string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == name {
			return pairs[i+1]
		}
	}
	return ""
}
