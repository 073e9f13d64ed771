package blob

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// small is a folder on a file system of n bytes.
func small(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skip("a file system that can be filled takes the right to mount one: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestAFullDiskIsSaidAndLeavesNothing(t *testing.T) {
	t.Run("folder", func(t *testing.T) {
		f, err := NewFolder(filepath.Join(small(t, "size=1m"), "blobs"))
		if err != nil {
			t.Fatal(err)
		}
		fill(t, over(t, f, storetest.SQLite(t)), 10<<20)
	})
	t.Run("folder without room for names", func(t *testing.T) {
		f, err := NewFolder(filepath.Join(small(t, "size=1m,nr_inodes=8"), "blobs"))
		if err != nil {
			t.Fatal(err)
		}
		h := over(t, f, storetest.SQLite(t))
		for i := range 9 {
			if _, err = h.Put(t.Context(), bytes.NewReader(content(10, uint64(i)))); err != nil {
				break
			}
		}
		if !fault.Is(err, fault.Full) {
			t.Error(err)
		}
	})
	t.Run("s3", func(t *testing.T) {
		needGateway(t)
		root := filepath.Join(small(t, "size=24m"), "s3")
		if err := os.Mkdir(root, 0o700); err != nil {
			t.Fatal(err)
		}
		g, err := serve(root)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, over(t, g.bucket(t), storetest.SQLite(t)), 60<<20)
	})
}

func fill(t *testing.T, h house, size int) {
	t.Helper()
	kept := h.put(t, content(1000, 1))
	i, err := h.Put(t.Context(), bytes.NewReader(content(size, 2)))
	if !fault.Is(err, fault.Full) || !errors.Is(err, ErrFull) {
		t.Errorf("%+v, %v", i, err)
	}
	if keys := h.keys(t); len(keys) != 2 {
		t.Errorf("%v is left", keys)
	}
	if got, err := h.get(t, kept.Name); err != nil || len(got) != 1000 {
		t.Error(err)
	}
	h.put(t, content(1000, 3))
}

func TestAFolderThatIsNoneIsSaid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewFolder(file); !errors.Is(err, ErrStorage) || !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	f := folder(t)
	if err := os.RemoveAll(f.root); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(t.Context(), "x", strings.NewReader("x")); !errors.Is(err, ErrStorage) || !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
