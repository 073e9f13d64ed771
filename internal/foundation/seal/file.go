package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/antinvn/antin/internal/foundation/durable"
	"github.com/antinvn/antin/internal/foundation/fault"
)

// The file of master keys: comments, then "antin-master-keys/1", one line "root KEY", and a line "master NUMBER KEY" for each master key, oldest first;
// keys are 32 bytes in base64. A few kB are room for more rotations than anyone makes.
const (
	firstLine = "antin-master-keys/1"
	maxFile   = 64 << 10
	head      = `# The master keys of Antin. Whoever has this file and the data reads everything; without it nobody reads any of it.
# Keep a copy in a safe, none beside the data or in its backup. Never change a line by hand.
`
)

// Create makes a file of master keys, readable by its owner alone. A file that is there already is left as it is.
func Create(path string) (*Ring, error) {
	ring, err := New(rand.Reader)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fault.New(fault.Unavailable, ErrKeys, path).Because(err)
	}
	if err := ring.write(path, os.Link); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil, fault.New(fault.Conflict, ErrExists, path)
		}
		return nil, fault.New(fault.Unavailable, ErrKeys, path).Because(err)
	}
	return ring, nil
}

// Rotate adds a master key to a file: what is sealed from now on uses it. Programs that are running have to be started again, and what
// older keys sealed opens as before.
func Rotate(path string) (*Ring, error) {
	ring, err := Load(path)
	if err != nil {
		return nil, err
	}
	if ring, err = ring.Next(); err != nil {
		return nil, err
	}
	if err := ring.write(path, os.Rename); err != nil {
		return nil, fault.New(fault.Unavailable, ErrKeys, path).Because(err)
	}
	return ring, nil
}

// Load reads a file of master keys. It refuses one that others than its owner and group can read, or others than its owner change.
func Load(path string) (*Ring, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.Unavailable, ErrKeys, path).Because(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fault.New(fault.Unavailable, ErrKeys, path).Because(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o027 != 0 { // Windows keeps rights elsewhere
		return nil, fault.New(fault.Denied, ErrExposed, path)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fault.New(fault.Unavailable, ErrKeys, path).Because(err)
	}
	ring, err := parse(b)
	if err != nil {
		return nil, fault.New(fault.Unavailable, ErrKeys, path).Because(err)
	}
	return ring, nil
}

func (r *Ring) write(path string, place func(from, to string) error) error {
	return durable.Write(path, filepath.Dir(path), place, func(w io.Writer) error {
		_, err := w.Write(r.text())
		return err
	})
}

func (r *Ring) text() []byte {
	b := bytes.NewBufferString(head)
	fmt.Fprintf(b, "%s\nroot %s\n", firstLine, base64.StdEncoding.EncodeToString(r.root))
	for _, id := range slices.Sorted(maps.Keys(r.keys)) {
		fmt.Fprintf(b, "master %d %s\n", id, base64.StdEncoding.EncodeToString(r.keys[id]))
	}
	return b.Bytes()
}

// parse never says what a line holds: errors go to logs.
func parse(b []byte) (*Ring, error) {
	if len(b) > maxFile {
		return nil, errors.New("too long")
	}
	r := &Ring{keys: map[uint32][]byte{}, random: rand.Reader}
	number, seen := 0, false
	for line := range strings.Lines(string(b)) {
		number++
		wrong := fmt.Errorf("line %d is none of a file of master keys", number)
		line = strings.TrimRight(line, "\r\n")
		f := strings.Split(line, " ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case !seen:
			if line != firstLine {
				return nil, wrong
			}
			seen = true
		case len(f) == 2 && f[0] == "root" && r.root == nil:
			key, err := decode(f[1])
			if err != nil {
				return nil, wrong
			}
			r.root = key
		case len(f) == 3 && f[0] == "master":
			id, err := strconv.ParseUint(f[1], 10, 32)
			key, bad := decode(f[2])
			if err != nil || bad != nil || uint32(id) <= r.current {
				return nil, wrong
			}
			r.keys[uint32(id)], r.current = key, uint32(id)
		default:
			return nil, wrong
		}
	}
	if r.root == nil || len(r.keys) == 0 {
		return nil, errors.New("keys are missing")
	}
	return r, nil
}

func decode(text string) ([]byte, error) {
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if err == nil && len(key) != keySize {
		err = io.ErrUnexpectedEOF
	}
	return key, err
}
