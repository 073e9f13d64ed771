package durable

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestWrite(t *testing.T) {
	spoiled := errors.New("spoiled")
	for name, c := range map[string]struct {
		place func(from, to string) error
		fill  func(io.Writer) error
		fails error
		left  string
	}{
		"takes the place of the old":      {os.Rename, text("new"), nil, "new"},
		"overwrites nothing":              {os.Link, text("new"), fs.ErrExist, "old"},
		"what fails half-way leaves none": {os.Rename, func(w io.Writer) error { return errors.Join(text("ne")(w), spoiled) }, spoiled, "old"},
	} {
		t.Run(name, func(t *testing.T) {
			path, beside := filepath.Join(t.TempDir(), "file"), t.TempDir()
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := Write(path, beside, c.place, c.fill); !errors.Is(err, c.fails) {
				t.Error(err)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != c.left {
				t.Errorf("%q, %v", got, err)
			}
			if left, err := os.ReadDir(beside); err != nil || len(left) != 0 {
				t.Errorf("%v, %v", left, err)
			}
		})
	}
}

func TestAFolderThatIsNotThereIsSaid(t *testing.T) {
	if err := SyncFolder(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
