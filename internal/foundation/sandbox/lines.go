package sandbox

import (
	"math"
	"strings"
	"unicode/utf8"
)

// The most that is told of a page's text.
const (
	maxWords = 20_000 // of a page
	maxWord  = 200    // bytes of a word, about; a longer one is cut in two
)

// Reading is a part of a document as it is read: how many pages it has, and some of them.
type Reading struct {
	Count int    `json:"count"`
	Pages []Leaf `json:"pages"`
}

// Leaf is a page with its lines, in the order in which pdfium reads them.
type Leaf struct {
	Page

	Lines []Word `json:"lines,omitempty"`
}

// linesOf puts words together that stand side by side: a wide gap parts columns.
func linesOf(words []Word) []Word {
	var lines []Word
	for _, w := range words {
		if n := len(lines); n > 0 && lines[n-1].goesOn(w) {
			l := &lines[n-1]
			l.Text += " " + w.Text
			l.Top, l.Right, l.Bottom = min(l.Top, w.Top), max(l.Right, w.Right), max(l.Bottom, w.Bottom)
			continue
		}
		lines = append(lines, w)
	}
	return lines
}

// maxLine bounds a line, in bytes.
const maxLine = 2000

// goesOn says that a word goes on a line: it stands to the right of it, not far, and shares half its height.
func (l *Word) goesOn(w Word) bool {
	low := min(l.Bottom-l.Top, w.Bottom-w.Top)
	shared := min(l.Bottom, w.Bottom) - max(l.Top, w.Top)
	gap := w.Left - l.Right
	return len(l.Text) < maxLine && shared > low/2 && gap > -low && gap < 2*max(l.Bottom-l.Top, w.Bottom-w.Top)
}

// Paragraphs are a page's lines as text that may be broken anywhere else: a line that went on for want of room goes on.
func (p *Leaf) Paragraphs() []string {
	edge := 0.0
	for i := range p.Lines {
		edge = max(edge, p.Lines[i].Right)
	}
	var out []string
	for i, l := range p.Lines {
		if i > 0 && p.Lines[i-1].fills(&l, edge) {
			out[len(out)-1] += " " + l.Text
			continue
		}
		out = append(out, l.Text)
	}
	return out
}

// indent is how much further in a paragraph's first line may begin, in heights of a line.
const indent = 6

// fills says that a line ended because the first word of the next had no room before the edge: that one stands right below it, in letters
// of its size, and begins no further in than the line did.
func (l *Word) fills(next *Word, edge float64) bool {
	height := l.Bottom - l.Top
	gap := next.Top - l.Bottom
	if height <= 0 || gap < -height || gap > height || math.Abs(next.Bottom-next.Top-height) > height/2 || next.Left > l.Left+height/2 || next.Left < l.Left-indent*height {
		return false
	}
	first, _, _ := strings.Cut(next.Text, " ")
	letter := (next.Right - next.Left) / float64(utf8.RuneCountInString(next.Text))
	return l.Right+letter*float64(utf8.RuneCountInString(first)+1) > edge
}
