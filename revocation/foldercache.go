package revocation

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/antinvn/antin/codes"
)

// FolderCache is a [Cache] in a folder, which several processes may share. Answers are stored under the SHA-256 of their
// bytes, and beside them, for each key, a note of the hash and the end of its validity: what a crash cut short or somebody
// changed is not found. Nothing is waited for: a file that cannot be written is not kept. Safe for concurrent use.
type FolderCache struct {
	notes, content string // folders
	limit          int64

	mu    sync.Mutex
	added int64 // bytes since the last sweep
}

// folderVersion is that of the stored form; another version's folder is left alone.
const folderVersion = "v1"

// maxNotes bounds the answers that a sweep keeps.
const maxNotes = 100_000

// note is the stored form of what is known about a key.
type note struct {
	Key    string    `json:"key"`
	Until  time.Time `json:"until"`
	SHA256 string    `json:"sha256"`
	Size   int64     `json:"size"`
}

// NewFolderCache opens or makes a cache of about limit bytes; 0 means 1 GB. Error: [ErrCache].
func NewFolderCache(dir string, limit int64) (*FolderCache, error) {
	if limit == 0 {
		limit = 1 << 30
	}
	root := filepath.Join(dir, folderVersion)
	c := &FolderCache{notes: filepath.Join(root, "notes"), content: filepath.Join(root, "content"), limit: limit}
	for _, folder := range []string{c.notes, c.content} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, codes.Wrap(ErrCache, "opening the cache", dir, err)
		}
	}
	c.sweep()
	return c, nil
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Get implements [Cache].
func (c *FolderCache) Get(key string) (der []byte, until time.Time, ok bool) {
	n, ok := readNote(c.note(key))
	if !ok || n.Key != key {
		return nil, until, false
	}
	path := filepath.Join(c.content, n.SHA256)
	der, err := os.ReadFile(path)
	if err != nil {
		return nil, until, false
	}
	if hexSum(der) != n.SHA256 {
		_ = os.Remove(path) // the next Put writes it anew
		return nil, until, false
	}
	return der, n.Until, true
}

func (c *FolderCache) note(key string) string { return filepath.Join(c.notes, hexSum([]byte(key))) }

func readNote(path string) (n note, ok bool) {
	b, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(b, &n) != nil {
		return n, false
	}
	sum, err := hex.DecodeString(n.SHA256) // it becomes a file's name
	return n, err == nil && len(sum) == sha256.Size
}

// Put implements [Cache].
func (c *FolderCache) Put(key string, der []byte, until time.Time) {
	n := note{Key: key, Until: until, SHA256: hexSum(der), Size: int64(len(der))}
	b, err := json.Marshal(n)
	if err != nil || n.Size > c.limit {
		return
	}
	path := filepath.Join(c.content, n.SHA256)
	if st, err := os.Stat(path); err != nil || st.Size() != n.Size {
		if !put(path, der) {
			return
		}
	}
	if !put(c.note(key), b) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.added += n.Size; c.added > c.limit/8 {
		c.added = 0
		c.sweep()
	}
}

// put replaces a file at once: readers in other processes see the old one or the new one.
func put(path string, b []byte) bool {
	f, err := os.CreateTemp(filepath.Dir(path), "new-")
	if err != nil {
		return false
	}
	_, err = f.Write(b)
	if err = cmp.Or(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // a sweep removes it
	}
	return err == nil
}

// sweep keeps the answers that stay valid longest, up to the limit, and what they need. Another process that is putting
// the rest at this moment finds it gone and asks again.
func (c *FolderCache) sweep() {
	entries, err := os.ReadDir(c.notes)
	if err != nil {
		return
	}
	var all []note
	paths := map[string]string{}
	for _, e := range entries {
		path := filepath.Join(c.notes, e.Name())
		n, ok := readNote(path)
		if !ok || c.note(n.Key) != path {
			_ = os.Remove(path) // the next sweep tries again, here and below
			continue
		}
		all = append(all, n)
		paths[n.Key] = path
	}
	slices.SortFunc(all, func(a, b note) int { return b.Until.Compare(a.Until) })
	kept := map[string]bool{}
	var size int64
	for i, n := range all {
		if i >= maxNotes || !kept[n.SHA256] && size+n.Size > c.limit {
			_ = os.Remove(paths[n.Key]) // as above
			continue
		}
		if !kept[n.SHA256] {
			kept[n.SHA256], size = true, size+n.Size
		}
	}
	contents, err := os.ReadDir(c.content)
	if err != nil {
		return
	}
	for _, e := range contents {
		if !kept[e.Name()] {
			_ = os.Remove(filepath.Join(c.content, e.Name())) // as above
		}
	}
}
