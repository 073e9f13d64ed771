package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/antinvn/antin/internal/foundation/durable"
	"github.com/antinvn/antin/internal/foundation/fault"
)

// Folder keeps objects as files. What is being written lies in its folder "tmp" until it is whole and on disk.
type Folder struct {
	root string
	// Volatile does not wait for the disk: for content that is thrown away.
	Volatile bool
}

const unfinished = "tmp"

// NewFolder opens a folder, and makes it if it is not there.
func NewFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(filepath.Join(path, unfinished), 0o700); err != nil {
		return nil, explain(err)
	}
	return &Folder{root: path}, nil
}

func (f *Folder) path(key string) string { return filepath.Join(f.root, filepath.FromSlash(key)) }

// Write is [Driver]'s.
func (f *Folder) Write(ctx context.Context, key string, r io.Reader) error {
	if err := f.makeFolder(filepath.Dir(f.path(key))); err != nil {
		return explain(err)
	}
	from, write := &source{ctx: ctx, r: r}, durable.Write
	if f.Volatile {
		write = durable.Place
	}
	err := write(f.path(key), filepath.Join(f.root, unfinished), os.Rename, func(w io.Writer) error {
		_, err := io.CopyBuffer(struct{ io.Writer }{w}, from, make([]byte, 4*wireSize))
		return err
	})
	if from.err != nil {
		return from.err
	}
	return explain(err)
}

// source ends with its context, and remembers whether it was the one that failed.
type source struct {
	ctx context.Context
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		s.err = err
		return 0, err
	}
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// makeFolder makes a folder whose name is on disk when it returns.
func (f *Folder) makeFolder(path string) error {
	if _, err := os.Stat(path); err == nil || path == f.root {
		return err
	}
	parent := filepath.Dir(path)
	if err := f.makeFolder(parent); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if f.Volatile {
		return nil
	}
	return durable.SyncFolder(parent)
}

// Read is [Driver]'s.
func (f *Folder) Read(_ context.Context, key string, offset, n int64) (io.ReadCloser, error) {
	file, err := os.Open(f.path(key))
	if err != nil {
		return nil, explain(err)
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return nil, explain(errors.Join(err, file.Close()))
	}
	if n < 0 {
		return file, nil
	}
	return limited{io.LimitReader(file, n), file}, nil
}

type limited struct {
	io.Reader
	io.Closer
}

// Stat is [Driver]'s.
func (f *Folder) Stat(_ context.Context, key string) (int64, error) {
	i, err := os.Stat(f.path(key))
	if err != nil {
		return 0, explain(err)
	}
	return i.Size(), nil
}

// Remove is [Driver]'s. Emptied folders stay: they are few, and the next object may want them.
func (f *Folder) Remove(_ context.Context, i Item) error {
	err := os.Remove(f.path(i.Key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return explain(err)
}

// List is [Driver]'s.
func (f *Folder) List(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		err := filepath.WalkDir(f.root, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // removed meanwhile
			}
			if err != nil || d.IsDir() {
				return errors.Join(err, ctx.Err())
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(f.root, path)
			if err != nil {
				return err
			}
			i := Item{Key: filepath.ToSlash(rel), At: info.ModTime(), Size: info.Size()}
			if strings.HasPrefix(i.Key, unfinished+"/") {
				i.Unfinished = i.Key
			}
			if !yield(i, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Item{}, explain(err))
		}
	}
}

// explain makes a fault of what a file system answers.
func explain(err error) error {
	if f := (*fault.Error)(nil); err == nil || errors.As(err, &f) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if isFull(err) {
		return fault.New(fault.Full, ErrFull, "").Because(err)
	}
	return fault.New(fault.Unavailable, ErrStorage, "").Because(err)
}
