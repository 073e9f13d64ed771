// Package durable writes files that stand in their place whole and on disk, or not at all.
package durable

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Write lets fill write a temporary file in the folder beside, readable by its owner alone, and then puts it at path: with [os.Rename] it takes
// the place of what is there, with [os.Link] it fails if something is. beside and path are on one file system. What fails before that leaves
// nothing but, when the process is killed, the temporary file.
//
// The errors are fill's own and those of package os. When only the folder could not be made durable the file stays: it is whole, and may
// have replaced another.
func Write(path, beside string, place func(from, to string) error, fill func(io.Writer) error) error {
	if err := write(path, beside, place, fill, (*os.File).Sync); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// Place is [Write] without waiting for the disk: for what is thrown away.
func Place(path, beside string, place func(from, to string) error, fill func(io.Writer) error) error {
	return write(path, beside, place, fill, func(*os.File) error { return nil })
}

func write(path, beside string, place func(from, to string) error, fill func(io.Writer) error, sync func(*os.File) error) error {
	f, err := os.CreateTemp(beside, ".unfinished-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after a rename it is no longer there
	if err = fill(f); err == nil {
		err = sync(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return place(f.Name(), path)
}

// SyncFolder makes the names in a folder durable, where the system can.
func SyncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // there a folder cannot be flushed
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) { // some network file systems
		err = nil
	}
	return errors.Join(err, d.Close())
}
