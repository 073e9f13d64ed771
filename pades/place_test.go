package pades

import (
	"math"
	"testing"

	"github.com/antinvn/antin/pdf"
)

func TestPlacesAreThoseOfThePageAsShown(t *testing.T) {
	crop := pdf.Rect{X0: -10, Y0: 20, X1: 585, Y1: 862} // 595 × 842, shifted
	shown := pdf.Rect{X0: 100, Y0: 50, X1: 220, Y1: 80} // from the shown lower left
	for _, c := range []struct {
		name   string
		rotate int
		unit   float64
		want   pdf.Rect
	}{
		{"upright", 0, 1, pdf.Rect{X0: 90, Y0: 70, X1: 210, Y1: 100}},
		{"a quarter turn clockwise", 90, 1, pdf.Rect{X0: 505, Y0: 120, X1: 535, Y1: 240}},
		{"upside down", 180, 1, pdf.Rect{X0: 365, Y0: 782, X1: 485, Y1: 812}},
		{"three quarters", 270, 1, pdf.Rect{X0: 40, Y0: 642, X1: 70, Y1: 762}},
		{"units of a fifth", 0, 5, pdf.Rect{X0: 10, Y0: 30, X1: 34, Y1: 36}},
		{"no unit given", 0, 0, pdf.Rect{X0: 90, Y0: 70, X1: 210, Y1: 100}},
	} {
		t.Run(c.name, func(t *testing.T) {
			page := &pdf.Page{CropBox: crop, Rotate: c.rotate, UserUnit: c.unit}
			got := userSpace(page, shown)
			if got != c.want {
				t.Errorf("in user space %v, want %v", got, c.want)
			}
			if back := onPage(page, got); distance(back, shown) > 1e-9 {
				t.Errorf("back on the page %v", back)
			}
			if w, h := shownSize(page, got); math.Abs(w-120) > 1e-9 || math.Abs(h-30) > 1e-9 {
				t.Errorf("size %g × %g", w, h)
			}
		})
	}
}

func distance(a, b pdf.Rect) float64 {
	return math.Abs(a.X0-b.X0) + math.Abs(a.Y0-b.Y0) + math.Abs(a.X1-b.X1) + math.Abs(a.Y1-b.Y1)
}

func TestDatesOfTheField(t *testing.T) {
	for text, want := range map[string]string{
		"D:20261124093000+07'00'": "2026-11-24T09:30:00+07:00",
		"D:20261124093000+07'00":  "2026-11-24T09:30:00+07:00",
		"D:20261124093000Z":       "2026-11-24T09:30:00Z",
		"D:20261124093000Z00'00'": "2026-11-24T09:30:00Z",
		"20261124":                "2026-11-24T00:00:00Z",
		"D:2026":                  "2026-01-01T00:00:00Z",
		"":                        "",
		"yesterday":               "",
		"D:20261399":              "",
	} {
		got := ""
		if at := parseDate(text); !at.IsZero() {
			got = at.Format("2006-01-02T15:04:05Z07:00")
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestXMPClaims(t *testing.T) {
	for xmp, want := range map[string]string{
		`<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>`: "1b",
		`<rdf:Description pdfaid:part="2" pdfaid:conformance='U'/>`:              "2u",
		`<pdfaid:part>4</pdfaid:part>`:                                           "4",
		`<dc:title>pdfaid</dc:title>`:                                            "",
	} {
		part := xmpValue([]byte(xmp), "pdfaid:part")
		if got := part + lower(xmpValue([]byte(xmp), "pdfaid:conformance")); got != want {
			t.Errorf("%s: %q, want %q", xmp, got, want)
		}
	}
}

func lower(s string) string {
	if s == "" {
		return ""
	}
	return string(s[0] | 0x20)
}
