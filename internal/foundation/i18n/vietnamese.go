package i18n

import (
	"errors"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/antinvn/antin/internal/foundation/clock"
)

// A collator keeps buffers, so that each goroutine needs its own.
var collators = sync.Pool{New: func() any { return collate.New(language.Vietnamese) }}

// SortKey returns bytes that sort as the dictionary does (CLDR's Vietnamese collation): a, ă, â, …, d, đ, e, ê. It is stored beside
// the text, so that both databases sort alike. What stands after 200 characters does not count: the key goes into addresses.
func SortKey(s string) []byte {
	c, ok := collators.Get().(*collate.Collator)
	if !ok {
		c = collate.New(language.Vietnamese)
	}
	defer collators.Put(c)
	s = norm.NFC.String(strings.Join(strings.Fields(s), " "))
	if runes := []rune(s); len(runes) > 200 {
		s = string(runes[:200])
	}
	return c.KeyFromString(&collate.Buffer{}, s)
}

// PersonKey is the [SortKey] of a person: Vietnamese lists are in order of the given name, the last word, and then of what stands
// before it.
func PersonKey(name string) []byte {
	words := strings.Fields(name)
	if len(words) == 0 {
		return nil
	}
	last := len(words) - 1
	// Levels of a key end below every weight (UTS 10, "Form Sort Keys"), so that no key begins another and the two can follow each other.
	return append(SortKey(words[last]), SortKey(strings.Join(words[:last], " "))...)
}

// Fold returns what search compares: lower case, without marks, đ as d, one space between words. SQLite's own tokenizer never folds đ,
// so that both databases get what this makes.
func Fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(strings.ToValidUTF8(s, " "))) {
		switch {
		case r == 'đ':
			b.WriteByte('d')
		case unicode.Is(unicode.Mn, r):
		default:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Line is how one line of input is kept: NFC, trimmed, one space between words, no control and no text-direction character (which
// could make a name read as another).
func Line(s string) string {
	return strings.Join(strings.Fields(clean(s)), " ")
}

// Paragraphs is how longer input is kept: as [Line], but lines stay. Line ends are LF.
func Paragraphs(s string) string {
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(clean(l), " ")
	}
	return strings.Trim(strings.Join(lines, "\n"), " \n")
}

func clean(s string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\ufeff' || r == '\u200b' || r == '\u2060':
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd")))
}

// Date writes the day as Vietnam sees it: 31/12/2026.
func Date(t time.Time) string { return t.In(clock.Vietnam).Format("02/01/2006") }

// Clock writes the time of day as Vietnam sees it: 23:59.
func Clock(t time.Time) string { return t.In(clock.Vietnam).Format("15:04") }

// DateTime writes both.
func DateTime(t time.Time) string { return t.In(clock.Vietnam).Format("02/01/2006 15:04") }

var errDate = errors.New("i18n: not a date")

// ParseDate reads 31/12/2026, as people write, or 2026-12-31, as a browser's date field sends, as the start of that day in Vietnam.
// Years are 1900 to 2199.
func ParseDate(s string) (time.Time, error) {
	for _, form := range []string{"2/1/2006", "2006-01-02"} {
		if t, err := time.ParseInLocation(form, strings.TrimSpace(s), clock.Vietnam); err == nil && t.Year() >= 1900 && t.Year() < 2200 {
			return t, nil
		}
	}
	return time.Time{}, errDate
}
