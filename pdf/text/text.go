package text

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
)

// The failures of this package.
const (
	ErrNoAnchor        codes.Code = "text.no_anchor"        // the text does not stand in the document
	ErrAmbiguousAnchor codes.Code = "text.ambiguous_anchor" // it stands there more than once
)

// Glyph is one shown character; Rect is in points of the page as it is shown, from its lower left.
type Glyph struct {
	Text string
	Rect pdf.Rect
	Size float64 // effective font size
	Font string  // the font's /BaseFont, "" if it has none
}

// Line is a line of glyphs, left to right, NFC.
type Line struct {
	Text   string
	Glyphs []Glyph
	Rect   pdf.Rect
}

// Lines reads a page (from 1), top-down.
func Lines(ctx context.Context, v *pdf.View, page int) ([]Line, error) {
	p, err := v.Page(page)
	if err != nil {
		return nil, err
	}
	glyphs, err := readPage(ctx, v, p)
	if err != nil {
		return nil, err
	}
	return group(glyphs), nil
}

// group puts glyphs with overlapping base lines together.
func group(glyphs []Glyph) []Line {
	sort.SliceStable(glyphs, func(i, j int) bool { return glyphs[i].Rect.Y0 > glyphs[j].Rect.Y0 })
	var lines []Line
	for _, g := range glyphs {
		if g.Text == "" {
			continue
		}
		n := len(lines)
		if n == 0 || math.Abs(lines[n-1].Glyphs[0].Rect.Y0-g.Rect.Y0) > 0.35*max(g.Size, 1) {
			lines = append(lines, Line{Rect: g.Rect})
			n++
		}
		l := &lines[n-1]
		l.Glyphs = append(l.Glyphs, g)
		l.Rect = union(l.Rect, g.Rect)
	}
	for i := range lines {
		lines[i].order()
	}
	return lines
}

func union(a, b pdf.Rect) pdf.Rect {
	return pdf.Rect{X0: min(a.X0, b.X0), Y0: min(a.Y0, b.Y0), X1: max(a.X1, b.X1), Y1: max(a.Y1, b.Y1)}
}

// wordGap is the distance, in font sizes, from which on glyphs belong to two words.
const wordGap = 0.15

// order sorts a line and writes its text; a space stands where glyphs are apart.
func (l *Line) order() {
	sort.SliceStable(l.Glyphs, func(i, j int) bool { return l.Glyphs[i].Rect.X0 < l.Glyphs[j].Rect.X0 })
	var spaced []Glyph
	for i, g := range l.Glyphs {
		if i > 0 {
			last := spaced[len(spaced)-1]
			if last.Text == g.Text && g.Rect.X0-last.Rect.X0 < 0.1*g.Size && g.Rect.X1 > g.Rect.X0 {
				continue // drawn twice, to look bold
			}
			if gap := g.Rect.X0 - last.Rect.X1; gap > wordGap*g.Size && !isBlank(last.Text) && !isBlank(g.Text) {
				spaced = append(spaced, Glyph{Text: " ", Rect: pdf.Rect{X0: last.Rect.X1, Y0: g.Rect.Y0, X1: g.Rect.X0, Y1: g.Rect.Y1}, Size: g.Size, Font: g.Font})
			}
		}
		spaced = append(spaced, g)
	}
	l.Glyphs = spaced
	var b strings.Builder
	for _, g := range spaced {
		b.WriteString(g.Text)
	}
	l.Text = norm.NFC.String(b.String())
}

func isBlank(s string) bool {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' }) == ""
}

// Match is a place where a text stands.
type Match struct {
	Page int
	Rect pdf.Rect
	Line string
}

// maxMatches bounds a search.
const maxMatches = 1000

// Find finds text on all pages, ignoring differences of white space, in NFC. "text#2" takes the second hit. No hit is
// ErrNoAnchor, several without #n ErrAmbiguousAnchor; both list what was found.
func Find(ctx context.Context, v *pdf.View, wanted string) (Match, error) {
	words, nth := wanted, 0
	if i := strings.LastIndexByte(wanted, '#'); i > 0 {
		if n, err := strconv.Atoi(wanted[i+1:]); err == nil && n > 0 {
			words, nth = wanted[:i], n
		}
	}
	pages, err := v.PageCount()
	if err != nil {
		return Match{}, err
	}
	var all []Match
	for page := 1; page <= pages && len(all) < maxMatches; page++ {
		lines, err := Lines(ctx, v, page)
		if err != nil {
			return Match{}, err
		}
		for _, l := range lines {
			for _, r := range l.find(words) {
				all = append(all, Match{Page: page, Rect: r, Line: strings.TrimSpace(l.Text)})
			}
		}
	}
	switch {
	case len(all) == 0:
		return Match{}, codes.New(ErrNoAnchor, "finding", words, fmt.Sprintf("it stands on none of %d pages", pages))
	case nth == 0 && len(all) > 1:
		return Match{}, codes.New(ErrAmbiguousAnchor, "finding", words, "it stands in "+list(all)+"; add #n")
	case nth > len(all):
		return Match{}, codes.New(ErrNoAnchor, "finding", wanted, "it stands only in "+list(all))
	}
	return all[max(nth, 1)-1], nil
}

func list(all []Match) string {
	var b strings.Builder
	for i, m := range all[:min(len(all), 5)] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "page %d %q", m.Page, m.Line)
	}
	if len(all) > 5 {
		fmt.Fprintf(&b, " and %d more", len(all)-5)
	}
	return b.String()
}

// find returns the boxes of a text in the line, white space aside.
func (l *Line) find(wanted string) []pdf.Rect {
	squeeze := func(s string) []rune {
		var out []rune
		for _, r := range norm.NFC.String(s) {
			if !unicode.IsSpace(r) {
				out = append(out, r)
			}
		}
		return out
	}
	target := squeeze(wanted)
	var have []rune
	var at []int // glyph of each rune
	for i, g := range l.Glyphs {
		for _, r := range squeeze(g.Text) {
			have, at = append(have, r), append(at, i)
		}
	}
	if len(target) == 0 {
		return nil
	}
	// Marks that a font draws apart are joined to their letter first.
	if composed := squeeze(string(have)); len(composed) != len(have) {
		have, at = recompose(have, at)
	}
	var out []pdf.Rect
	for i := 0; i+len(target) <= len(have); i++ {
		if string(have[i:i+len(target)]) != string(target) {
			continue
		}
		box := l.Glyphs[at[i]].Rect
		for _, g := range at[i : i+len(target)] {
			box = union(box, l.Glyphs[g].Rect)
		}
		out = append(out, box)
		i += len(target) - 1
	}
	return out
}

func recompose(have []rune, at []int) ([]rune, []int) {
	var out []rune
	var where []int
	for i, r := range have {
		if n := len(out); n > 0 {
			if c := []rune(norm.NFC.String(string([]rune{out[n-1], r}))); len(c) == 1 {
				out[n-1] = c[0]
				continue
			}
		}
		out, where = append(out, r), append(where, at[i])
	}
	return out, where
}

// Gap is a blank or dotted place left for a value.
type Gap struct {
	Name string // number, day, month, year
	Page int
	Rect pdf.Rect // the free box: from the end of the word before to the start of the word after, a line high; above dots
	Size float64  // font size of the line
	Font string   // /BaseFont of the word before it
}

// Gaps finds "Số: …/2026/QĐ-UBND" and "ngày … tháng … năm …" left blank or dotted, the first of each kind.
func Gaps(ctx context.Context, v *pdf.View) ([]Gap, error) {
	pages, err := v.PageCount()
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	var out []Gap
	for page := 1; page <= pages; page++ {
		lines, err := Lines(ctx, v, page)
		if err != nil {
			return nil, err
		}
		for i := range lines {
			for _, g := range lines[i].gaps() {
				if !found[g.Name] {
					found[g.Name] = true
					g.Page = page
					out = append(out, g)
				}
			}
		}
	}
	return out, nil
}

// gapRules are the words before and after each gap; an after of "" means the end of the line. Party bodies join number and symbol
// with a hyphen.
var gapRules = []struct{ name, before, after string }{
	{"number", "số:", "/"}, {"number", "số", "/"}, {"number", "số :", "/"}, {"number", "số:", "-"}, {"number", "số", "-"}, {"day", "ngày", "tháng"}, {"month", "tháng", "năm"}, {"year", "năm", ""},
}

func (l *Line) gaps() []Gap {
	var runes []rune
	var at []int
	for i, g := range l.Glyphs {
		for _, r := range strings.ToLower(norm.NFC.String(g.Text)) {
			runes, at = append(runes, r), append(at, i)
		}
	}
	runes, at = recompose(runes, at)
	dated := strings.Contains(string(runes), "ngày")
	var out []Gap
	seen := map[string]bool{}
	for _, rule := range gapRules {
		if seen[rule.name] || rule.name != "number" && !dated {
			continue
		}
		if rule.name == "year" && !seen["month"] && !isLeader(runes[len(runes)-1]) {
			continue // running text whose line ends with "năm"
		}
		if g, ok := l.gap(runes, at, []rune(rule.before), []rune(rule.after)); ok {
			g.Name = rule.name
			seen[rule.name] = true
			out = append(out, g)
		}
	}
	return out
}

func (l *Line) gap(runes []rune, at []int, before, after []rune) (Gap, bool) {
	for i := 0; i+len(before) <= len(runes); i++ {
		if string(runes[i:i+len(before)]) != string(before) || i > 0 && unicode.IsLetter(runes[i-1]) {
			continue
		}
		start := i + len(before)
		end := start
		for end < len(runes) && isFiller(runes[end]) {
			end++
		}
		if (len(after) == 0) != (end == len(runes)) || !slices.Equal(runes[end:min(end+len(after), len(runes))], after) {
			continue
		}
		g, ok := l.box(at, start, end)
		if strings.ContainsAny(string(runes[start:end]), ".…‥․") {
			g.Rect.Y0, g.Rect.Y1 = g.Rect.Y0+dotted*g.Size, g.Rect.Y1+dotted*g.Size
		}
		return g, ok
	}
	return Gap{}, false
}

// isFiller is what drafters leave: blanks or leaders.
func isFiller(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || isLeader(r) }

func isLeader(r rune) bool { return strings.ContainsRune(".…_‥․·", r) }

const (
	leastGap = 6    // points: the narrowest place that a two-digit value fits into
	dotted   = 0.13 // of the font size: what stands on dots must not run into them
)

func (l *Line) box(at []int, start, end int) (Gap, bool) {
	word := l.Glyphs[at[start-1]]
	g := Gap{Size: word.Size, Font: word.Font, Rect: pdf.Rect{X0: word.Rect.X1, Y0: word.Rect.Y0, X1: l.Rect.X1, Y1: word.Rect.Y1}}
	if end < len(at) {
		g.Rect.X1 = l.Glyphs[at[end]].Rect.X0
	} else if g.Rect.X1-g.Rect.X0 < leastGap {
		g.Rect.X1 = g.Rect.X0 + 3*word.Size
	}
	return g, g.Rect.X1-g.Rect.X0 >= leastGap
}
