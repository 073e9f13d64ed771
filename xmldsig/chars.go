package xmldsig

import (
	"strconv"
	"strings"
)

// nameStart and nameMore are NameStartChar and what NameChar adds to it (XML 1.0, 2.3).
func nameStart(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_', r == ':':
		return true
	case r < 0xc0:
		return false
	}
	return r <= 0x2ff && r != 0xd7 && r != 0xf7 || r >= 0x370 && r <= 0x1fff && r != 0x37e || r == 0x200c || r == 0x200d ||
		r >= 0x2070 && r <= 0x218f || r >= 0x2c00 && r <= 0x2fef || r >= 0x3001 && r <= 0xd7ff || r >= 0xf900 && r <= 0xfdcf ||
		r >= 0xfdf0 && r <= 0xfffc || r >= 0x10000 && r <= 0xeffff
}

func nameMore(r rune) bool {
	return r == '-' || r == '.' || r >= '0' && r <= '9' || r == 0xb7 || r >= 0x300 && r <= 0x36f || r == 0x203f || r == 0x2040
}

// character is Char (XML 1.0, 2.2).
func character(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= 0x10ffff
}

func characters(s string) bool {
	for _, r := range s {
		if !character(r) {
			return false
		}
	}
	return true
}

// lines makes every line end a line feed (XML 1.0, 2.11).
func lines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// resolve puts characters in the place of references to them (XML 1.0, 4.1, 4.6).
func (p *parser) resolve(s string) (string, error) {
	if strings.IndexByte(s, '&') < 0 {
		return s, nil
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "&")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, behind, ended := strings.Cut(rest, ";")
		r, ok := reference(name)
		switch {
		case !ended:
			return "", p.fail(ErrMalformed, "a reference does not end")
		case !ok && !strings.HasPrefix(name, "#"):
			return "", p.fail(ErrForbidden, "an entity is not one of XML's five")
		case !ok:
			return "", p.fail(ErrMalformed, "a reference names no character")
		}
		b.WriteRune(r)
		s = behind
	}
}

func reference(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	digits, base := strings.CutPrefix(name, "#x")
	radix := 16
	if !base {
		if digits, base = strings.CutPrefix(name, "#"); !base {
			return 0, false
		}
		radix = 10
	}
	if strings.HasPrefix(digits, "+") || len(digits) > 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, radix, 32)
	return rune(n), err == nil && n <= 0x10ffff && character(rune(n))
}
