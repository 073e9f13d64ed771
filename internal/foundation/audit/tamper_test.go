package audit

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// evidence is an exported log with what its verifier was given: a checkpoint that was kept elsewhere, and a witness.
type evidence struct {
	t       testing.TB
	dir     string
	key     *key
	known   string // a file
	witness *key
}

const (
	early = 300 // events when the known checkpoint was made
	size  = 700 // two full tiles and one of 188; a second level
)

func gather(t testing.TB, h house) (*evidence, *Sequencer) {
	t.Helper()
	s := h.sequencer(t)
	h.acts(t, early)
	drain(t, s)
	st, err := s.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := &evidence{t: t, key: s.key, known: filepath.Join(t.TempDir(), "known")}
	e.write(e.known, st.checkpoint)
	h.acts(t, size-early)
	drain(t, s)
	w := newWitness(t, "witness.example", s)
	if _, err := s.Cosign(t.Context(), w.config()); err != nil {
		t.Fatal(err)
	}
	e.witness, e.dir = w.key, h.export(t)
	return e, s
}

func (e *evidence) copy() *evidence {
	e.t.Helper()
	c := *e
	c.dir = filepath.Join(e.t.TempDir(), "copy")
	if err := os.CopyFS(c.dir, os.DirFS(e.dir)); err != nil {
		e.t.Fatal(err)
	}
	c.known = filepath.Join(filepath.Dir(c.dir), "known")
	c.write(c.known, e.read(e.known))
	return &c
}

func (e *evidence) at(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(e.dir, filepath.FromSlash(path))
}

func (e *evidence) read(path string) []byte {
	e.t.Helper()
	b, err := os.ReadFile(e.at(path))
	if err != nil {
		e.t.Fatal(err)
	}
	return b
}

func (e *evidence) write(path string, b []byte) {
	e.t.Helper()
	if err := os.WriteFile(e.at(path), b, 0o600); err != nil {
		e.t.Fatal(err)
	}
}

// bundle changes the entries of a bundle.
func (e *evidence) bundle(path string, change func([][]byte) [][]byte) {
	e.t.Helper()
	leaves, err := parseBundle(e.read(path))
	if err != nil {
		e.t.Fatal(err)
	}
	var b []byte
	for _, leaf := range change(leaves) {
		b = appendEntry(b, leaf)
	}
	e.write(path, b)
}

// sign puts another checkpoint into the place of the one that is there.
func (e *evidence) sign(k *key, origin string, size int64, root tlog.Hash) {
	e.t.Helper()
	c, err := signCheckpoint(k, origin, size, root)
	if err != nil {
		e.t.Fatal(err)
	}
	e.write(checkpointFile, c.note)
	os.Remove(e.at(cosignedFile))
}

// ours is what this package finds.
func (e *evidence) ours() []Finding {
	e.t.Helper()
	r, err := Verify(Folder(e.dir), Options{Key: e.key.String(), Known: [][]byte{e.read(e.known)}, Witnesses: []string{e.witness.String()}})
	if err != nil {
		e.t.Fatal(err)
	}
	return r.Findings
}

// python is what a program finds that uses nothing of ours.
func (e *evidence) python(more ...string) (found []Finding, said map[string]json.RawMessage) {
	e.t.Helper()
	args := append([]string{"../../../interop/audit/verify.py", e.dir, "--key", e.key.String(), "--known", e.known, "--witness", e.witness.String()}, more...)
	out, err := exec.Command(interpreter(e.t), args...).Output()
	exit := 0
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		exit = ended.ExitCode()
	} else if err != nil {
		e.t.Fatal(err)
	}
	if err := json.Unmarshal(out, &said); err != nil {
		e.t.Fatalf("%v: %s", err, out)
	}
	if err := json.Unmarshal(said["findings"], &found); err != nil {
		e.t.Fatalf("%v: %s", err, out)
	}
	if (exit == 1) != (len(found) > 0) {
		e.t.Errorf("exit %d with %v", exit, found)
	}
	return found, said
}

// pythonHere finds a Python with cryptography once.
var pythonHere = sync.OnceValues(func() (string, error) {
	python := os.Getenv("ANTIN_PYTHON")
	if python == "" {
		python = "python3"
	}
	return python, exec.Command(python, "-c", "import cryptography").Run()
})

func interpreter(t testing.TB) string {
	t.Helper()
	python, err := pythonHere()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("a Python with cryptography is not here: ", err)
	}
	return python
}

func (e *evidence) expect(want ...Finding) {
	e.t.Helper()
	if got := e.ours(); !slices.Equal(got, want) {
		e.t.Errorf("ours found %v, want %v", got, want)
	}
	if got, _ := e.python(); !slices.Equal(got, want) {
		e.t.Errorf("Python found %v, want %v", got, want)
	}
}

func flip(b []byte, i int) []byte {
	b = bytes.Clone(b)
	b[i] ^= 1
	return b
}

const (
	first, last   = "tile/entries/000", "tile/entries/002.p/188"
	tile0, tile1  = "tile/0/001", "tile/1/000.p/2"
	ragged        = "tile/0/002.p/188"
	leavesOfFirst = tileWidth
)

// TestTamperingIsNamed spoils an honest log in one way after the other: both verifiers name it, and nothing else. A folder knows
// no database: one will do.
func TestTamperingIsNamed(t *testing.T) {
	honest, _ := gather(t, open(t, storetest.SQLite(t)))
	honest.expect()
	another := func() *key {
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		return &key{name: honest.key.name, kind: kindLog, public: public, private: private}
	}
	c, finding := openCheckpoint(honest.read(checkpointFile), honest.key)
	if finding != nil {
		t.Fatal(finding)
	}
	before, finding := openCheckpoint(honest.read(honest.known), honest.key)
	if finding != nil {
		t.Fatal(finding)
	}
	forged := func(e *evidence, size int) Finding {
		f := &frontier{tiles: map[place][]tlog.Hash{}}
		for i := range size {
			f.add(tlog.RecordHash([]byte(strconv.Itoa(i))))
		}
		e.sign(e.key, origin, int64(size), f.root())
		e.write(e.known, e.read(checkpointFile))
		e.write(checkpointFile, honest.read(checkpointFile))
		return Finding{CheckpointForked, strconv.Itoa(size)}
	}
	for _, c := range []struct {
		name  string
		spoil func(e *evidence) []Finding
	}{
		{"leaf removed from the last bundle", func(e *evidence) []Finding {
			e.bundle(last, func(l [][]byte) [][]byte { return slices.Delete(l, 100, 101) })
			return []Finding{{LeafRemoved, "612"}}
		}},
		{"leaf removed and all after it moved up", func(e *evidence) []Finding {
			var all [][]byte
			for _, path := range []string{first, "tile/entries/001", last} {
				e.bundle(path, func(l [][]byte) [][]byte { all = append(all, l...); return l })
			}
			all = slices.Delete(all, 5, 6)
			for i, path := range []string{first, "tile/entries/001", last} {
				e.bundle(path, func([][]byte) [][]byte { return all[i*tileWidth : min((i+1)*tileWidth, len(all))] })
			}
			return []Finding{{LeafRemoved, "5"}}
		}},
		{"leaf added", func(e *evidence) []Finding {
			e.bundle(first, func(l [][]byte) [][]byte { return slices.Insert(l, 7, []byte(`{"v":1,"id":"1"}`)) })
			return []Finding{{LeafAdded, "7"}}
		}},
		{"leaf added that is there already", func(e *evidence) []Finding {
			e.bundle(last, func(l [][]byte) [][]byte { return append(l, l[3]) })
			return []Finding{{LeafAdded, "700"}}
		}},
		{"two leaves swapped", func(e *evidence) []Finding {
			e.bundle(first, func(l [][]byte) [][]byte { l[9], l[200] = l[200], l[9]; return l })
			return []Finding{{LeavesSwapped, "9"}}
		}},
		{"two leaves swapped over tiles", func(e *evidence) []Finding {
			var taken []byte
			e.bundle(first, func(l [][]byte) [][]byte { taken = bytes.Clone(l[9]); return l })
			e.bundle(last, func(l [][]byte) [][]byte { l[9], taken = taken, bytes.Clone(l[9]); return l })
			e.bundle(first, func(l [][]byte) [][]byte { l[9] = taken; return l })
			return []Finding{{LeavesSwapped, "9"}}
		}},
		{"leaf changed", func(e *evidence) []Finding {
			e.bundle(first, func(l [][]byte) [][]byte { l[4] = bytes.Replace(l[4], []byte(`"4"`), []byte(`"5"`), 1); return l })
			return []Finding{{RowChanged, "4"}}
		}},
		{"row changed", func(e *evidence) []Finding {
			e.write(eventsFile, bytes.Replace(e.read(eventsFile), []byte("thing.Make"), []byte("thing.Take"), 1))
			return []Finding{{RowChanged, "0"}}
		}},
		{"row removed", func(e *evidence) []Finding {
			l := strings.SplitAfter(string(e.read(eventsFile)), "\n")
			e.write(referencesFile, nil)
			e.write(eventsFile, []byte(strings.Join(slices.Delete(l, 3, 4), "")))
			return []Finding{{RowRemoved, "3"}}
		}},
		{"tile replaced", func(e *evidence) []Finding {
			e.write(tile0, flip(e.read(tile0), 77))
			return []Finding{{TileReplaced, tile0}}
		}},
		{"ragged tile replaced", func(e *evidence) []Finding {
			e.write(ragged, flip(e.read(ragged), 77))
			return []Finding{{TileReplaced, ragged}}
		}},
		{"upper tile replaced", func(e *evidence) []Finding {
			e.write(tile1, flip(e.read(tile1), 0))
			return []Finding{{TileReplaced, tile1}}
		}},
		{"tile too long", func(e *evidence) []Finding {
			e.write(ragged, append(e.read(ragged), make([]byte, hashSize)...))
			return []Finding{{TileReplaced, ragged}}
		}},
		{"tile truncated", func(e *evidence) []Finding {
			e.write(tile0, e.read(tile0)[:hashSize*100])
			return []Finding{{TileTruncated, tile0}}
		}},
		{"tile truncated within a hash", func(e *evidence) []Finding {
			e.write(ragged, e.read(ragged)[:hashSize*100+5])
			return []Finding{{TileTruncated, ragged}}
		}},
		{"tile gone", func(e *evidence) []Finding {
			os.Remove(e.at(tile1))
			return []Finding{{TileTruncated, tile1}}
		}},
		{"bundle truncated", func(e *evidence) []Finding {
			b := e.read(last)
			e.write(last, b[:len(b)-10])
			return []Finding{{TileTruncated, last}}
		}},
		{"bundle gone", func(e *evidence) []Finding {
			os.Remove(e.at(first))
			return []Finding{{TileTruncated, first}}
		}},
		{"leaf and tiles rewritten", func(e *evidence) []Finding {
			e.bundle(first, func(l [][]byte) [][]byte {
				l[4] = bytes.Replace(l[4], []byte(`"4"`), []byte(`"5"`), 1)
				t0 := e.read("tile/0/000")
				h := tlog.RecordHash(l[4])
				copy(t0[4*hashSize:], h[:])
				e.write("tile/0/000", t0)
				top := perfect(parseHashes(t0))
				t1 := e.read(tile1)
				copy(t1, top[:])
				e.write(tile1, t1)
				return l
			})
			return []Finding{{LogRewritten, "700"}}
		}},
		{"checkpoint rolled back", func(e *evidence) []Finding {
			e.write(checkpointFile, e.read(e.known))
			e.write(e.known, honest.read(checkpointFile))
			os.Remove(e.at(cosignedFile))
			return []Finding{{CheckpointRolledBack, "700"}}
		}},
		{"checkpoint rolled back behind the co-signed one", func(e *evidence) []Finding {
			e.write(checkpointFile, e.read(e.known))
			return []Finding{{CheckpointRolledBack, "700"}}
		}},
		{"checkpoint forked", func(e *evidence) []Finding { return []Finding{forged(e, 250)} }},
		{"checkpoint forked at the end of a tile", func(e *evidence) []Finding { return []Finding{forged(e, leavesOfFirst)} }},
		{"checkpoint forked at the same size", func(e *evidence) []Finding { return []Finding{forged(e, size)} }},
		{"checkpoint of another log", func(e *evidence) []Finding {
			k := another()
			k.name = "other.example/nhat-ky"
			e.sign(k, k.name, size, c.root)
			return []Finding{{CheckpointOtherLog, "other.example/nhat-ky"}}
		}},
		{"checkpoint by another key", func(e *evidence) []Finding {
			e.sign(another(), origin, size, c.root)
			return []Finding{{CheckpointOtherKey, "700"}}
		}},
		{"checkpoint changed", func(e *evidence) []Finding {
			e.write(checkpointFile, bytes.Replace(e.read(checkpointFile), []byte("\n700\n"), []byte("\n699\n"), 1))
			return []Finding{{CheckpointOtherKey, "699"}}
		}},
		{"co-signed checkpoint by another key", func(e *evidence) []Finding {
			b := e.read(checkpointFile)
			e.sign(another(), origin, before.size, before.root)
			e.write(cosignedFile, e.read(checkpointFile))
			e.write(checkpointFile, b)
			return []Finding{{CheckpointOtherKey, cosignedFile}}
		}},
		{"co-signature forged", func(e *evidence) []Finding {
			k := *e.witness // it says its name and key, and signs with another
			k.private = another().private
			n, err := note.Open(honest.read(checkpointFile), note.VerifierList(e.key))
			if err != nil {
				t.Fatal(err)
			}
			n.UnverifiedSigs = nil
			b, err := note.Sign(n, &k)
			if err != nil {
				t.Fatal(err)
			}
			e.write(checkpointFile, b)
			return []Finding{{CosignatureForged, "witness.example"}}
		}},
	} {
		e := honest.copy()
		t.Run(c.name, func(t *testing.T) {
			e.t = t
			e.expect(c.spoil(e)...)
		})
	}
}

// TestTamperingWithTheDatabaseIsNamed: by the running installation, and by both verifiers of an export.
func TestTamperingWithTheDatabaseIsNamed(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		honest, s := gather(t, h)
		third := func(column string) (v string) {
			err := h.View(t.Context(), h.issuer.System("test"), func(tx *store.Tx) (err error) {
				v, err = store.One[string](tx, `SELECT CAST(`+column+` AS TEXT) FROM event WHERE seq = 3`)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		leaf := func() []byte { b := honest.entry(first, 3); return b }()
		check := func(name string, want ...Finding) {
			t.Helper()
			t.Run(name, func(t *testing.T) {
				e := *honest
				e.t, e.dir = t, h.export(t)
				e.expect(want...)
				if r := h.verify(t, s, Options{}); !slices.Equal(r.Findings, want) {
					t.Errorf("the store found %v, want %v", r.Findings, want)
				}
			})
		}
		id := third("id")
		for column, to := range map[string]any{"kind": "thing.gone/1", "actor": 8, "agency": nil, "object": 1, "method": "thing.Take", "at": 5} {
			from := any(third(column))
			if column == "actor" || column == "object" || column == "agency" || column == "at" {
				from, _ = strconv.ParseInt(from.(string), 10, 64)
			}
			h.change(t, `UPDATE event SET `+column+` = ? WHERE seq = 3`, to)
			check("row changed: "+column, Finding{RowChanged, "3"})
			h.change(t, `UPDATE event SET `+column+` = ? WHERE seq = 3`, from)
		}
		h.change(t, `UPDATE event SET leaf = ? WHERE seq = 3`, bytes.Replace(leaf, []byte(`"3"`), []byte(`"4"`), 1))
		check("row changed: leaf", Finding{RowChanged, "3"})
		h.change(t, `UPDATE event SET leaf = ? WHERE seq = 3`, leaf)
		check("nothing")

		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		gone := h.acts(t, 2)[0]
		h.change(t, `DELETE FROM event WHERE id = ?`, gone)
		drain(t, s)
		check("outbox row deleted before its sequence", Finding{EventMissing, "thing " + decimal(gone)})
		h.change(t, `DELETE FROM thing WHERE event = ?`, gone)
		check("and what referred to it")
		h.change(t, `DELETE FROM event WHERE id = ?`, n)
		h.change(t, `DELETE FROM thing WHERE event = ?`, n)
		check("row removed after its sequence", Finding{LeafRemoved, "3"})
	})
}

func (e *evidence) entry(path string, i int) (leaf []byte) {
	e.t.Helper()
	e.bundle(path, func(l [][]byte) [][]byte { leaf = bytes.Clone(l[i]); return l })
	return leaf
}

// TestBothProveTheSameInclusion, of the first, the last and one within.
func TestBothProveTheSameInclusion(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		honest, s := gather(t, h)
		for _, i := range []int{0, 256, size - 1} {
			path := []string{first, "tile/entries/001", last}[i/tileWidth]
			var l struct {
				ID string `json:"id"`
			}
			if err := json.Unmarshal(honest.entry(path, i%tileWidth), &l); err != nil {
				t.Fatal(err)
			}
			id, err := strconv.ParseInt(l.ID, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			r := h.verify(t, s, Options{Event: store.ID(id)})
			_, said := honest.python("--event", l.ID)
			var hashes []string
			if err := json.Unmarshal(said["proof"], &hashes); err != nil {
				t.Fatal(err)
			}
			text := "c2sp.org/tlog-proof@v1\nindex " + strconv.Itoa(i) + "\n" + strings.Join(append(hashes, ""), "\n") + "\n" + string(honest.read(checkpointFile))
			if r.Proof == nil || r.Proof.Text != text {
				t.Errorf("%+v, want %s", r.Proof, text)
			}
		}
	})
}

// TestTheFormatsPageNamesEveryFinding, and so does the program that was written from it.
func TestTheFormatsPageNamesEveryFinding(t *testing.T) {
	page, program := readFile(t, "../../../docs/audit-format.md"), readFile(t, "../../../interop/audit/verify.py")
	_, declared, _ := strings.Cut(readFile(t, "codes.go"), "what [Verify] finds")
	found := regexp.MustCompile(`codes\.Code = "(audit\.([a-z_]+))"`).FindAllStringSubmatch(declared, -1)
	for _, m := range found {
		if !strings.Contains(page, "`"+m[1]+"`") || !strings.Contains(program, `"`+m[2]+`"`) {
			t.Errorf("%s is missing", m[1])
		}
	}
	if len(found) != 17 {
		t.Errorf("%d codes were looked at", len(found))
	}
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
