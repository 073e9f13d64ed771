package main

import (
	"os"
	"os/exec"
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
	t.Run("without pdftoppm", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if b := report(); strings.Contains(b, "<img") || !strings.Contains(b, "pdftoppm") {
			t.Error("it is not said that pages cannot be drawn")
		}
	})
	t.Run("with pdftoppm", func(t *testing.T) {
		if _, err := exec.LookPath("pdftoppm"); err != nil {
			t.Skip("pdftoppm is not installed")
		}
		pictures := regexp.MustCompile(`<img [^>]*src="(data:image/png;base64,[^"]+)"`).FindAllStringSubmatch(report(), -1)
		if len(pictures) < 2 || len(pictures)%2 != 0 || pictures[0][1] == pictures[1][1] {
			t.Errorf("%d pictures, or twice the same", len(pictures))
		}
	})
}
