package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestHTMLReportShowsThePageBeforeAndAfter, and says so where nobody can draw.
func TestHTMLReportShowsThePageBeforeAndAfter(t *testing.T) {
	dir := t.TempDir()
	if exit, _, stderr := call(t, "attack", sealedVector, "-o", dir); exit != exitDone {
		t.Fatal(stderr)
	}
	forged, page := filepath.Join(dir, "pades-sealed.isa-content.pdf"), filepath.Join(dir, "report.html")
	report := func() string {
		t.Helper()
		if exit, stdout, stderr := call(t, "verify", forged, "--trust", "../../testdata/vectors/trust", "--offline", "--report", "html="+page); exit != exitFailed {
			t.Fatalf("exit %d\n%s%s", exit, stdout, stderr)
		}
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	t.Run("nowhere to keep what is compiled", func(t *testing.T) {
		file := filepath.Join(dir, "a file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("XDG_CACHE_HOME", file)
		if b := report(); strings.Contains(b, "<img") || !strings.Contains(b, "sandbox.start") {
			t.Error("it is not said that pages cannot be drawn")
		}
	})
	t.Run("drawn", func(t *testing.T) {
		pictures := regexp.MustCompile(`<img [^>]*src="(data:image/png;base64,[^"]+)"`).FindAllStringSubmatch(report(), -1)
		if len(pictures) < 2 || len(pictures)%2 != 0 || pictures[0][1] == pictures[1][1] {
			t.Errorf("%d pictures, or twice the same", len(pictures))
		}
	})
}
