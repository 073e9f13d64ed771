package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/antinvn/antin/internal/foundation/durable"
	"github.com/antinvn/antin/internal/foundation/fault"
)

// The files of a log beside its tiles. Below rows/ stands what no tile server has: what the store says of the events.
const (
	checkpointFile = "checkpoint"
	cosignedFile   = "checkpoint.cosigned" // the newest that a witness signed
	eventsFile     = "rows/events"
	referencesFile = "rows/references"
)

// Source is a log to verify: its files, and the rows that it is reconciled with.
type Source interface {
	// File returns a file by its path; what is not there is [fs.ErrNotExist].
	File(path string) ([]byte, error)
	// Rows calls f for each event's row: in the order of their places, then those that wait for one. Without rows it is [fs.ErrNotExist].
	Rows(f func(Row) error) error
	// References calls f for each event that a row of the house refers to. Without rows it is [fs.ErrNotExist].
	References(f func(Reference) error) error
}

// Row is an event's row as an export holds it, a JSON object a line; the texts are as in the leaf.
type Row struct {
	ID     string `json:"id"`
	Seq    int64  `json:"seq"` // -1 while it waits for its place
	At     string `json:"at"`
	Kind   string `json:"kind"`
	Actor  string `json:"actor"`
	Agency string `json:"agency"`
	Method string `json:"method"`
	Object string `json:"object"`

	unfaithful bool // the row itself does not agree with its leaf, or a personal text with its hash
}

// Reference is an event that rows of a table refer to.
type Reference struct {
	Table string `json:"table"`
	Event string `json:"event"`
}

// Export writes a log into a folder that is empty or not there yet: its files under their paths, the rows under rows/. The checkpoint comes last, so
// that half an export is none.
func Export(s Source, dir string) error {
	failed := func(err error) error { return fault.New(fault.Unavailable, ErrFolder, dir).Because(err) }
	if there, err := os.ReadDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed(err)
	} else if len(there) > 0 {
		return fault.New(fault.Conflict, ErrFolder, dir).Because(errors.New("it is not empty"))
	}
	put := func(path string, fill func(io.Writer) error) error {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return failed(err)
		}
		if err := durable.Write(path, filepath.Dir(path), os.Rename, fill); err != nil {
			return failed(err)
		}
		return nil
	}
	bytesOf := func(b []byte) func(io.Writer) error {
		return func(w io.Writer) error { _, err := w.Write(b); return err }
	}
	signed, err := s.File(checkpointFile)
	if err != nil {
		return err
	}
	c, err := parseCheckpoint(signed)
	if err != nil {
		return broken(err.Error())
	}
	err = places(c.size, func(p place) error {
		path := tilePath(p, p.widthAt(c.size))
		b, err := s.File(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // its absence is what a verifier finds
		}
		if err != nil {
			return err
		}
		return put(path, bytesOf(b))
	})
	if err != nil {
		return err
	}
	if err := put(eventsFile, func(w io.Writer) error { return lines(w, s.Rows) }); err != nil {
		return err
	}
	if err := put(referencesFile, func(w io.Writer) error { return lines(w, s.References) }); err != nil {
		return err
	}
	if b, err := s.File(cosignedFile); err == nil {
		if err := put(cosignedFile, bytesOf(b)); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return put(checkpointFile, bytesOf(signed))
}

// lines writes each value as a line of JSON.
func lines[T any](w io.Writer, each func(func(T) error) error) error {
	b := bufio.NewWriter(w)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	return errors.Join(each(func(v T) error { return e.Encode(v) }), b.Flush())
}

// Folder is an exported log, or a copy of what a tile server serves, which has no rows.
func Folder(dir string) Source { return folder{os.DirFS(dir)} }

type folder struct{ fs.FS }

const (
	maxFile = tileWidth * (2 + maxEntry) // a full bundle of the largest entries
	maxLine = 64 << 10
)

// File implements [Source].
func (d folder) File(path string) ([]byte, error) {
	f, err := d.Open(path)
	if err != nil {
		return nil, unread(path, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = errors.New("too long")
	}
	return b, unread(path, err)
}

func unread(path string, err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fault.New(fault.Invalid, ErrUnread, path).Because(err)
}

// Rows implements [Source].
func (d folder) Rows(f func(Row) error) error { return parseLines(d, eventsFile, f) }

// References implements [Source].
func (d folder) References(f func(Reference) error) error { return parseLines(d, referencesFile, f) }

func parseLines[T any](d fs.FS, path string, f func(T) error) error {
	file, err := d.Open(path)
	if err != nil {
		return unread(path, err)
	}
	defer file.Close()
	s := bufio.NewScanner(file)
	s.Buffer(nil, maxLine)
	for n := 1; s.Scan(); n++ {
		v, err := parseLine[T](s.Bytes())
		if err != nil {
			return unread(fmt.Sprintf("%s:%d", path, n), err)
		}
		if err := f(v); err != nil {
			return err
		}
	}
	return unread(path, s.Err())
}

// parseLine reads one object with the fields that are known and no others.
func parseLine[T any](b []byte) (v T, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err = d.Decode(&v); err == nil && strings.TrimSpace(string(b[d.InputOffset():])) != "" {
		err = errors.New("more than one object")
	}
	return v, err
}
