package main

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/durable"
)

// The names of files being written. One that a killed process left behind is removed by the next run in its folder.
const (
	temporaryPrefix = ".antin-"
	temporarySuffix = ".tmp"
)

// writeFile writes by temporary file, fsync and rename: whatever happens, the old file or the new one stands there.
func writeFile(path string, write func(w *os.File) error) error {
	r, err := replace(path, write)
	if err != nil {
		return err
	}
	return settle([]*replacement{r})[0]
}

// replacement is a file that is written, beside the one whose place it takes when it is settled.
type replacement struct {
	tmp  *os.File
	path string
}

// replace writes a temporary file; what fails leaves none.
func replace(path string, write func(w *os.File) error) (*replacement, error) {
	path, mode, err := destination(path)
	if err != nil {
		return nil, codes.Wrap(errOutput, "writing", path, err)
	}
	tmp, err := createTemporary(filepath.Dir(path))
	if err != nil {
		return nil, codes.Wrap(errOutput, "writing", path, err)
	}
	r := &replacement{tmp: tmp, path: path}
	if err := r.fill(mode, write); err != nil {
		r.discard()
		return nil, err
	}
	return r, nil
}

func (r *replacement) fill(mode fs.FileMode, write func(w *os.File) error) error {
	if err := write(r.tmp); err != nil {
		var p *fs.PathError
		if errors.As(err, &p) && p.Path == r.tmp.Name() { // a full disk, above all
			return codes.Wrap(errOutput, "writing", r.path, p.Err)
		}
		return err
	}
	if mode == 0 {
		return nil
	}
	if err := r.tmp.Chmod(mode); err != nil {
		return codes.Wrap(errOutput, "writing", r.path, err)
	}
	return nil
}

func (r *replacement) discard() {
	_ = r.tmp.Close()           // the first failure is what matters
	_ = os.Remove(r.tmp.Name()) // as above
}

// settle makes files durable and puts them into their places; it returns the error of each. All are synced at the same
// time, which lets the file system commit them together, and each folder once.
func settle(files []*replacement) []error {
	errs := make([]error, len(files))
	var syncs sync.WaitGroup
	for i, r := range files {
		syncs.Go(func() { errs[i] = r.tmp.Sync() })
	}
	syncs.Wait()
	folders := map[string]error{}
	for i, r := range files {
		if errs[i] == nil {
			errs[i] = r.tmp.Close()
		}
		if errs[i] == nil {
			errs[i] = os.Rename(r.tmp.Name(), r.path)
		}
		if errs[i] != nil {
			r.discard()
			errs[i] = codes.Wrap(errOutput, "writing", r.path, errs[i])
			continue
		}
		folders[filepath.Dir(r.path)] = nil
	}
	for dir := range folders {
		folders[dir] = durable.SyncFolder(dir)
	}
	for i, r := range files {
		dir := filepath.Dir(r.path)
		if err := folders[dir]; err != nil && errs[i] == nil {
			errs[i] = codes.Wrap(errOutput, "writing the folder", dir, err)
		}
	}
	return errs
}

// destination follows a link to what it names, and gives the mode of the file that stands there, 0 if there is none.
// Devices and folders are refused: a rename would put a file in their place.
func destination(path string) (string, fs.FileMode, error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, 0, nil
	case err != nil:
		return path, 0, err
	case !st.Mode().IsRegular():
		return path, 0, codes.New(codeNotAFile, "looking at it", "", "it is a folder or a device")
	}
	return path, st.Mode().Perm(), nil
}

// createTemporary makes a file that no sweep removes while it is open. The lock and the second look close the gap between
// making and locking it.
func createTemporary(dir string) (*os.File, error) {
	const attempts = 100
	for range attempts {
		name := filepath.Join(dir, temporaryPrefix+rand.Text()[:16]+temporarySuffix)
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666) // the umask decides, as for any new file
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		_ = lock(f, true) //nolint:errcheck // a file system without locks: then no sweep removes anything either
		if stillThere(f) {
			return f, nil
		}
		f.Close()
	}
	return nil, errors.New("no temporary file could be made")
}

func stillThere(f *os.File) bool {
	opened, errOpened := f.Stat()
	named, errNamed := os.Stat(f.Name())
	return errOpened == nil && errNamed == nil && os.SameFile(opened, named)
}

// sweepFolders sweeps the folder of each file once.
func sweepFolders(files []string) {
	seen := map[string]bool{}
	for _, f := range files {
		if dir := filepath.Dir(f); !seen[dir] {
			seen[dir] = true
			sweep(dir)
		}
	}
}

// sweep removes what killed processes left in a folder: temporary files that nobody holds. What fails is left.
func sweep(dir string) {
	d, err := os.Open(dir)
	if err != nil {
		return
	}
	defer d.Close()
	for {
		names, err := d.Readdirnames(1000)
		for _, name := range names {
			if strings.HasPrefix(name, temporaryPrefix) && strings.HasSuffix(name, temporarySuffix) {
				removeIfAbandoned(filepath.Join(dir, name))
			}
		}
		if err != nil {
			return
		}
	}
}

func removeIfAbandoned(path string) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() && lock(f, false) == nil {
		_ = os.Remove(path) // the next run tries again
	}
}
