package web_test

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tokens reads the colours of one scheme; what dark does not name it takes from light.
func tokens(css, scheme string) map[string]string {
	token := regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6})`)
	all := map[string]string{}
	light, rest, _ := strings.Cut(css, "@media (prefers-color-scheme: dark)")
	dark, rest, _ := strings.Cut(rest, "\n}\n")
	_, printed, _ := strings.Cut(rest, "@media print")
	for _, block := range []string{light, map[string]string{"dark": dark, "print": printed}[scheme]} {
		for _, m := range token.FindAllStringSubmatch(block, -1) {
			all[m[1]] = m[2]
		}
	}
	return all
}

// luminance and contrast are WCAG 2.1's definitions.
func luminance(hex string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			panic(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// TestColoursCanBeRead holds every text that stands on a ground to 4.5 : 1 (WCAG 1.4.3), and every edge that tells where something
// can be pressed or written, and the focus, to 3 : 1 (1.4.11).
func TestColoursCanBeRead(t *testing.T) {
	css := string(must(os.ReadFile("assets/antin.css")))
	if got := contrast("#000000", "#ffffff"); got != 21 {
		t.Fatal(got)
	}
	pairs := map[string][]string{
		"ink":    {"paper", "sunken", "red-soft", "amber-soft", "green-soft", "blue-soft"},
		"quiet":  {"paper", "sunken"},
		"blue":   {"paper", "sunken", "blue-soft", "amber-soft", "green-soft", "red-soft"},
		"red":    {"paper", "sunken", "red-soft"},
		"amber":  {"paper", "sunken", "amber-soft"},
		"green":  {"paper", "sunken", "green-soft"},
		"on-red": {"red"}, "on-blue": {"blue", "blue-strong"}, "blue-strong": {"paper", "sunken", "blue-soft"},
	}
	edges := map[string][]string{"edge": {"paper", "sunken"}, "focus": {"paper", "sunken", "red-soft"}}
	for _, scheme := range []string{"light", "dark", "print"} {
		c := tokens(css, scheme)
		if len(c) < 18 {
			t.Fatalf("%s: %d tokens", scheme, len(c))
		}
		check := func(pairs map[string][]string, least float64) {
			for text, grounds := range pairs {
				for _, ground := range grounds {
					if scheme == "print" && (strings.HasPrefix(text, "on-") || strings.HasSuffix(ground, "-soft")) {
						continue // grounds are not printed
					}
					if got := contrast(c[text], c[ground]); got < least {
						t.Errorf("%s: %s on %s is %.2f : 1, below %.1f", scheme, text, ground, got, least)
					}
				}
			}
		}
		check(pairs, 4.5)
		check(edges, 3)
	}
}

// TestColoursAreTokens refuses a colour that stands anywhere but among the tokens, and a token that is used and not there.
func TestColoursAreTokens(t *testing.T) {
	css := string(must(os.ReadFile("assets/antin.css")))
	for i, line := range strings.Split(css, "\n") {
		if !strings.Contains(line, "--") && regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b`).MatchString(line) {
			t.Errorf("line %d: a colour outside the tokens: %s", i+1, line)
		}
	}
	for _, m := range regexp.MustCompile(`var\(--([a-z-]+)\)`).FindAllStringSubmatch(css, -1) {
		if !strings.Contains(css, "--"+m[1]+":") {
			t.Errorf("no token %s", m[1])
		}
	}
	for _, want := range []string{"prefers-reduced-motion", "forced-colors", "@media print", "prefers-color-scheme: dark", "--text: 1.0625rem", "font: var(--text)/1.55"} {
		if !strings.Contains(css, want) {
			t.Errorf("no %s", want)
		}
	}
}
