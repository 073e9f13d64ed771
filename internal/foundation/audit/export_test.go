package audit

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// export writes the log as it stands into a new folder.
func (h house) export(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "log")
	if err := h.log().View(t.Context(), func(s Source) error { return Export(s, dir) }); err != nil {
		t.Fatal(err)
	}
	return dir
}

func readAll(t testing.TB, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
