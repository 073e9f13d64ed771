package trust

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// The failures of this package.
const (
	ErrFile          codes.Code = "trust.file"           // a file or folder cannot be read
	ErrTooLarge      codes.Code = "trust.too_large"      // a file, a folder or the whole is above the limit
	ErrNoCertificate codes.Code = "trust.no_certificate" // a named file or folder holds no certificate
)

// What is loaded is bounded: a list of all anchors of the world is below 1 MB and 1,000 certificates.
const (
	maxFileBytes    = 16 << 20
	maxFolderFiles  = 10_000
	maxCertificates = 10_000
)

// Load reads PEM, DER or PKCS#7 files, or folders of them. Self-signed certificates are anchors, the others serve as
// chain certificates. In a folder, subfolders and files that hold no certificate are passed over; a file that is
// named and holds none, or cannot be read, is an error.
func Load(paths ...string) (*Store, error) {
	var all []*certpath.Certificate
	for _, path := range paths {
		found, err := load(path)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, codes.New(ErrNoCertificate, "loading trust anchors from", path, "there is no certificate in it")
		}
		if all = append(all, found...); len(all) > maxCertificates {
			return nil, codes.New(ErrTooLarge, "loading trust anchors from", path, "there are too many certificates")
		}
	}
	return New(all...), nil
}

func load(path string) ([]*certpath.Certificate, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, codes.Wrap(ErrFile, "loading trust anchors from", path, err)
	}
	if info.IsDir() {
		return loadFolder(path)
	}
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	found, err := certpath.ParseCertificates(data)
	if err != nil {
		return nil, codes.Wrap(ErrNoCertificate, "loading trust anchors from", path, err)
	}
	return found, nil
}

func loadFolder(path string) ([]*certpath.Certificate, error) {
	entries, err := os.ReadDir(path) // sorted by name
	if err != nil {
		return nil, codes.Wrap(ErrFile, "loading trust anchors from", path, err)
	}
	if len(entries) > maxFolderFiles {
		return nil, codes.New(ErrTooLarge, "loading trust anchors from", path, "there are too many files")
	}
	var all []*certpath.Certificate
	for _, entry := range entries {
		file := filepath.Join(path, entry.Name())
		info, err := os.Stat(file) // follows links: system folders of certificates are made of them
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, codes.Wrap(ErrFile, "loading trust anchors from", file, err)
		}
		if !info.Mode().IsRegular() || info.Size() > maxFileBytes {
			continue
		}
		data, err := read(file)
		if err != nil {
			return nil, err
		}
		if found, err := certpath.ParseCertificates(data); err == nil {
			all = append(all, found...)
		}
	}
	return all, nil
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, codes.Wrap(ErrFile, "loading trust anchors from", path, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, codes.Wrap(ErrFile, "loading trust anchors from", path, err)
	}
	if len(data) > maxFileBytes {
		return nil, codes.New(ErrTooLarge, "loading trust anchors from", path, "the file is larger than 16 MB")
	}
	return data, nil
}
