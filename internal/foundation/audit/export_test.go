package audit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
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

// TestFilesStandAtTheirPaths: those of any size that was signed, and none beyond.
func TestFilesStandAtTheirPaths(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		s := h.sequencer(t)
		h.many(t, 300)
		drain(t, s)
		for path, want := range map[string]int{
			"tile/0/000": 256 * hashSize, "tile/0/000.p/7": 7 * hashSize, "tile/0/001.p/44": 44 * hashSize, "tile/1/000.p/1": hashSize, "tile/entries/000": -1,
			"tile/entries/001.p/44": -1, "tile/entries/001.p/3": -1, "checkpoint": -1,
			"tile/0/001.p/45": 0, "tile/0/001": 0, "tile/0/002.p/1": 0, "tile/1/000.p/2": 0, "tile/2/000.p/1": 0, "tile/entries/001.p/45": 0, "tile/00/000": 0,
			"tile/0/0": 0, "tile/0/000.p/0": 0, "tile/0/000.p/256": 0, "tile/0/../0/000": 0, "tile/-1/000": 0, "checkpoint.cosigned": 0, "rows/events": 0, "": 0,
		} {
			b, err := h.log().File(t.Context(), path)
			switch {
			case want == 0 && !errors.Is(err, fs.ErrNotExist), want != 0 && err != nil, want > 0 && len(b) != want:
				t.Errorf("%q: %d bytes, %v", path, len(b), err)
			case want < 0 && strings.Contains(path, ".p/"):
				if leaves, err := parseBundle(b); err != nil || !strings.HasSuffix(path, "/"+strconv.Itoa(len(leaves))) {
					t.Errorf("%q: %d entries, %v", path, len(leaves), err)
				}
			}
		}
	})
}
