package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestGeneratedFilesAreClean(t *testing.T) {
	if _, err := exec.LookPath("qpdf"); err != nil {
		t.Skip("qpdf is not installed")
	}
	dir := t.TempDir()
	for name, generate := range map[string]func(string) error{
		"small": func(p string) error { return os.WriteFile(p, smallPDF(documentSize, 3), 0o600) },
		"huge":  func(p string) error { return hugePDF(p, 5<<20+7, false) },
		"hole":  func(p string) error { return hugePDF(p, 5<<20, true) },
		"many":  func(p string) error { return manyPDF(p, 1000) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name+".pdf")
			if err := generate(path); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("qpdf", "--check", path).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestDocumentsAreDistinctAndOfTheirSize(t *testing.T) {
	d := documents(3)
	if bytes.Equal(d[0], d[1]) || bytes.Equal(d[1], d[2]) {
		t.Error("two inputs are the same")
	}
	if n := len(d[0]); n < documentSize-1000 || n > documentSize+1000 {
		t.Errorf("%d bytes", n)
	}
}

func TestTableTellsWhatWasMissedAndSkipped(t *testing.T) {
	table := newTable()
	table.add(row{What: "a", Measured: ms(1500 * time.Microsecond)}, true)
	table.add(row{What: "b", Measured: mb(32e6)}, false)
	table.skip("c", "≥ 40 ×", "no pyHanko")
	var b strings.Builder
	if err := table.writeMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| a | 1.500 ms |  |  |  | met |", "| b | 32.0 MB |", "missed", "not measured: no pyHanko"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

func TestMedian(t *testing.T) {
	if m := median([]time.Duration{5, 1, 9}); m != 5 {
		t.Error(m)
	}
}
