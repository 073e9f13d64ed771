package render

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	aColour = regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6}|[0-9a-f]{3});`)
	anyHex  = regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b`)
)

// themes are the colours of the stylesheet by their names: light, dark and printed. The later ones replace what the first one says.
func themes(t *testing.T) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{}
	for name, mark := range map[string]string{"light": ":root {", "dark": "@media (prefers-color-scheme: dark) {", "print": "@media print {"} {
		_, block, ok := strings.Cut(styleText, mark)
		if !ok {
			t.Fatalf("the stylesheet has no %s", mark)
		}
		if name != "light" {
			_, block, _ = strings.Cut(block, ":root {")
		}
		block, _, _ = strings.Cut(block, "}")
		out[name] = map[string]string{}
		for _, m := range aColour.FindAllStringSubmatch(block, -1) {
			out[name][m[1]] = m[2]
		}
	}
	return out
}

// luminance is WCAG 2.2's relative luminance.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = strings.Join([]string{hex[:1], hex[:1], hex[1:2], hex[1:2], hex[2:], hex[2:]}, "")
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) != 6 {
		t.Fatalf("%q is no colour", hex)
	}
	linear := func(c uint64) float64 {
		v := float64(c&0xff) / 255
		if v <= .04045 {
			return v / 12.92
		}
		return math.Pow((v+.055)/1.055, 2.4)
	}
	return .2126*linear(n>>16) + .7152*linear(n>>8) + .0722*linear(n)
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

// TestEveryTextCanBeRead: 4.5 to 1 for text on what it stands on (WCAG 2.2, 1.4.3), 3 to 1 for the lines that carry an answer
// (1.4.11), on a light screen, a dark one and on paper.
func TestEveryTextCanBeRead(t *testing.T) {
	if c := contrast(t, "777", "fff"); c < 4.47 || c > 4.49 {
		t.Fatalf("the measure is wrong: %.2f", c)
	}
	pairs := [][2]string{{"ink", "paper"}, {"soft", "paper"}}
	for _, answer := range []string{"passed", "failed", "open", "training"} {
		pairs = append(pairs, [][2]string{{answer, "paper"}, {answer, answer + "-paper"}, {"ink", answer + "-paper"}, {"soft", answer + "-paper"}}...)
	}
	for name, colours := range themes(t) {
		for _, p := range pairs {
			text, ground := colours[p[0]], colours[p[1]]
			if text == "" || ground == "" {
				t.Errorf("%s: %s or %s is not given", name, p[0], p[1])
				continue
			}
			if c := contrast(t, text, ground); c < 4.5 {
				t.Errorf("%s: %s on %s is %.2f to 1", name, p[0], p[1], c)
			}
		}
	}
}

// TestEveryTextOnPaperCanBeRead: the colours of a PDF on white.
func TestEveryTextOnPaperCanBeRead(t *testing.T) {
	for name, c := range tones {
		hex := fmt.Sprintf("%02x%02x%02x", int(c[0]*255), int(c[1]*255), int(c[2]*255))
		if got := contrast(t, hex, "ffffff"); got < 4.5 {
			t.Errorf("%s is %.2f to 1", name, got)
		}
	}
}

// TestColoursHaveNames: no rule has a colour of its own, but the white behind the picture of a page.
func TestColoursHaveNames(t *testing.T) {
	for line := range strings.Lines(styleText) {
		if rest := aColour.ReplaceAllString(line, ""); anyHex.MatchString(rest) && !strings.HasPrefix(line, ".pictures img") {
			t.Errorf("%s", line)
		}
	}
	for _, must := range []string{":focus-visible", "prefers-color-scheme: dark", "@media print", "@media (max-width"} {
		if !strings.Contains(styleText, must) {
			t.Errorf("there is no %s", must)
		}
	}
}
