package trust

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// The failures of this package.
const (
	ErrFile          codes.Code = "trust.file"           // a file or folder cannot be read
	ErrTooLarge      codes.Code = "trust.too_large"      // a file, a folder or the whole is above the limit
	ErrNoCertificate codes.Code = "trust.no_certificate" // a named file or folder holds no certificate
)

// What is loaded is bounded: a list of all anchors of the world is below 1 MB and 1,000 certificates, all trusted lists of the European Union
// together have 5,000.
const (
	maxFileBytes    = 16 << 20
	maxFolderFiles  = 10_000
	maxCertificates = 50_000
	maxListBytes    = 256 << 20 // of all lists together, which are held until all are read
)

// signerSuffix ends the name of a file whose certificates may sign the list of the same name before it, and are no anchors.
const signerSuffix = ".signer.pem"

// datesName is the file of a folder that dates anchors.
const datesName = "dates.tsv"

// Load reads files, or folders of them:
//
//   - PEM, DER or PKCS#7: self-signed certificates are anchors, the others serve as chain certificates.
//   - Trusted lists (ETSI TS 119 612, XML): the services are anchors in the spans in which they are granted. The list must be signed by a
//     certificate of LIST.signer.pem beside LIST.xml, or by one that a list of lists gives for it, or, where there is neither, by
//     one of the certificates loaded. Earlier editions of a list of lists are its pivots, see [ParsePivoted]; of several editions of one list the last
//     counts.
//   - Certificate trust lists (PKCS#7, see [CTL]): what they list is an anchor. They are signed by a certificate of NAME.signer.pem or one loaded.
//   - The government's list of authorities (gca.ctl, see [GCAList]): as certificates. It is not signed, and told of.
//   - dates.tsv: lines of a certificate's SHA-256 fingerprint, its first and its last day as an anchor ("-" for none), parted by tabs.
//
// In a folder, subfolders and files that hold nothing of that are passed over; a file that is named and holds none, or cannot be read, is an
// error. A list that does not hold is left out and told of by [Store.Sources]; it is an error only where nothing at all was loaded.
func Load(paths ...string) (*Store, error) {
	l := &loader{dates: map[string]dates{}, signers: map[string][]*certpath.Certificate{}}
	for _, path := range paths {
		if err := l.load(path); err != nil {
			return nil, err
		}
	}
	return l.store()
}

// loader gathers everything before the first list is checked, because files may stand in any order.
type loader struct {
	certificates int
	listBytes    int
	plain        []plain
	lists        []*listFile
	ctls         []*ctlFile
	gcas         []*gcaFile
	dates        map[string]dates                   // by fingerprint
	signers      map[string][]*certpath.Certificate // by the list's path without its ending
}

// plain is a file of certificates.
type plain struct {
	path  string
	certs []*certpath.Certificate
}

func (l *loader) load(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return codes.Wrap(ErrFile, "loading trust anchors from", path, err)
	}
	if info.IsDir() {
		return l.folder(path)
	}
	data, err := read(path)
	if err != nil {
		return err
	}
	if filepath.Base(path) == datesName {
		return l.readDates(path, data)
	}
	// A named list's signers stand beside it.
	signer := withoutEnding(path) + signerSuffix
	if beside, err := read(signer); err == nil && signer != path {
		if found, err := certpath.ParseCertificates(beside); err == nil {
			l.signers[withoutEnding(path)] = found
		}
	}
	known, err := l.file(path, data)
	if err == nil && !known {
		err = codes.New(ErrNoCertificate, "loading trust anchors from", path, "there is neither a certificate nor a list in it")
	}
	return err
}

func (l *loader) folder(path string) error {
	entries, err := os.ReadDir(path) // sorted by name
	if err != nil {
		return codes.Wrap(ErrFile, "loading trust anchors from", path, err)
	}
	if len(entries) > maxFolderFiles {
		return codes.New(ErrTooLarge, "loading trust anchors from", path, "there are too many files")
	}
	any := false
	for _, entry := range entries {
		file := filepath.Join(path, entry.Name())
		info, err := os.Stat(file) // follows links: system folders of certificates are made of them
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return codes.Wrap(ErrFile, "loading trust anchors from", file, err)
		}
		if !info.Mode().IsRegular() || info.Size() > maxFileBytes {
			continue
		}
		data, err := read(file)
		if err != nil {
			return err
		}
		if name, ok := strings.CutSuffix(file, signerSuffix); ok {
			if found, err := certpath.ParseCertificates(data); err == nil {
				l.signers[name] = found
			}
			continue
		}
		known, err := l.file(file, data)
		if err != nil && codes.Of(err) != string(ErrNoCertificate) {
			return err
		}
		any = any || known
	}
	if !any {
		return codes.New(ErrNoCertificate, "loading trust anchors from", path, "there is neither a certificate nor a list in it")
	}
	return nil
}

// file takes what a file holds, and says whether it is of a kind that is known.
func (l *loader) file(path string, data []byte) (known bool, err error) {
	if filepath.Base(path) == datesName {
		return false, l.readDates(path, data)
	}
	if l.listBytes > maxListBytes {
		return false, codes.New(ErrTooLarge, "loading trust anchors from", path, "the lists are larger than 256 MB together")
	}
	if der, ok := isCTL(data); ok {
		l.listBytes += len(data)
		l.ctls = append(l.ctls, &ctlFile{path: path, data: der})
		return true, nil
	}
	if isGCA(data) {
		l.listBytes += len(data)
		l.gcas = append(l.gcas, readGCA(path, data))
		return true, nil
	}
	if bytes.HasPrefix(trimmed(data), []byte("<")) {
		h, list, err := peek(data)
		if err == nil && !list {
			return false, nil // another XML file
		}
		l.listBytes += len(data)
		l.lists = append(l.lists, &listFile{path: path, data: data, header: h, err: err})
		return true, nil
	}
	found, err := certpath.ParseCertificates(data)
	if err != nil {
		return false, codes.Wrap(ErrNoCertificate, "loading trust anchors from", path, err)
	}
	if len(found) == 0 {
		return false, nil
	}
	if l.certificates += len(found); l.certificates > maxCertificates {
		return false, codes.New(ErrTooLarge, "loading trust anchors from", path, "there are too many certificates")
	}
	l.plain = append(l.plain, plain{path, found})
	return true, nil
}

func withoutEnding(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) }

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
