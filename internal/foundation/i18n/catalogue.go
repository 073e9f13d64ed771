package i18n

import (
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/codes/texts"
	"github.com/antinvn/antin/internal/foundation/fault"
)

// Lang is a language of the interface, by its BCP 47 tag.
type Lang string

// The languages. Vietnamese is the one that stands where nothing else was chosen.
const (
	Vietnamese Lang = texts.Vietnamese
	English    Lang = texts.English
)

// Languages lists them, the first one first.
func Languages() []Lang { return []Lang{Vietnamese, English} }

// Catalogue is every text in every language. It never changes, and may be read concurrently.
type Catalogue struct {
	rooms  *texts.Catalogue
	engine map[string]codes.Entry // by "fault.CODE.what"
}

// New builds the catalogue of every module's pair: each holds vi.txt and en.txt. What the engine says of its failures is in it too, as
// "fault.CODE.what" (package codes); what to do next is said by the module that meets one.
func New(modules ...fs.FS) (*Catalogue, error) {
	rooms, err := texts.Read(modules...)
	if err != nil {
		return nil, fmt.Errorf("i18n: %w", err)
	}
	c := &Catalogue{rooms: rooms, engine: map[string]codes.Entry{}}
	for _, e := range codes.Catalogue() {
		c.engine["fault."+string(e.Code)+".what"] = e
	}
	return c, nil
}

// Has reports whether a key has a text.
func (c *Catalogue) Has(key string) bool {
	_, ok := c.engine[key]
	return ok || c.rooms.Has(key)
}

// Text returns a text with its names filled in from pairs of name and value: a string, an int, an int64 or a [time.Time], which come
// out as the language writes them. An unknown key is its own text: wrong, and seen.
func (c *Catalogue) Text(l Lang, key string, pairs ...any) string {
	if e, ok := c.engine[key]; ok && !c.rooms.Has(key) {
		if l == English {
			return e.WhatEN
		}
		return e.WhatVI
	}
	said := make([]string, len(pairs))
	for i, v := range pairs {
		said[i] = shown(l, v)
	}
	return c.rooms.Text(string(l), key, said...)
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
