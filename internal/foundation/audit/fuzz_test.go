package audit

import (
	"bytes"
	"crypto/ed25519"
	"io/fs"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/tlog"
)

func fixedKey(name string, kind byte) *key {
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return &key{name: name, kind: kind, public: private.Public().(ed25519.PublicKey), private: private}
}

// FuzzCheckpoint: what is read as a checkpoint says what its signed text says.
func FuzzCheckpoint(f *testing.F) {
	k := fixedKey(origin, kindLog)
	c, err := signCheckpoint(k, origin, 700, tlog.RecordHash(nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.note)
	f.Add([]byte("a\n0\n\n\n— a AAAA\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseCheckpoint(b)
		if err != nil {
			return
		}
		if !bytes.HasPrefix(b, []byte(head(c.origin, c.size, c.root))) {
			t.Errorf("%q is read as %+v", b, c)
		}
		if opened, finding := openCheckpoint(b, k); finding == nil && (opened.origin != origin || !bytes.HasPrefix(b, []byte(origin+"\n"))) {
			t.Errorf("%q is taken for one of ours", b)
		}
		c.cosignature(fixedKey("w", kindWitness))
	})
}

// FuzzVerifierKey: what is read writes itself again.
func FuzzVerifierKey(f *testing.F) {
	f.Add(fixedKey(origin, kindLog).String())
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []byte{kindLog, kindWitness} {
			if k, err := parseKey(text, kind); err == nil && len(text) != len(k.String()) && len(bytes.TrimSpace([]byte(text))) != len(k.String()) {
				t.Errorf("%q is read as %s", text, k)
			}
		}
	})
}

// FuzzTilePath: a path that is read is the only one of its tile.
func FuzzTilePath(f *testing.F) {
	for _, s := range []string{"tile/0/000", "tile/entries/x001/x234/067.p/5", "tile/1/x001/000.p/255", "tile/05/000", "checkpoint"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if p, width, ok := parsePath(path); ok && (tilePath(p, width) != path || !fs.ValidPath(path) || p.n < 0 || width < 1 || width > tileWidth) {
			t.Errorf("%q is read as %+v, %d", path, p, width)
		}
	})
}

// FuzzBundle: a bundle that is read whole writes itself again.
func FuzzBundle(f *testing.F) {
	f.Add(appendEntry(appendEntry(nil, []byte("{}")), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		leaves, err := parseBundle(b)
		if len(leaves) > maxBundle {
			t.Errorf("%d entries", len(leaves))
		}
		if err != nil {
			return
		}
		var again []byte
		for _, leaf := range leaves {
			again = appendEntry(again, leaf)
		}
		if !bytes.Equal(again, b) {
			t.Errorf("%x was %x", again, b)
		}
	})
}

// FuzzExport: whatever stands in an exported folder, verification ends with a report or an error; what holds is the honest log.
func FuzzExport(f *testing.F) {
	k := fixedKey(origin, kindLog)
	leaf := []byte(`{"v":1,"id":"5","at":"2026-01-05T08:00:00.000000Z","kind":"a/1","actor":"0","agency":"0","method":"m","object":"0","data":{}}`)
	h := tlog.RecordHash(leaf)
	c, err := signCheckpoint(k, origin, 1, h)
	if err != nil {
		f.Fatal(err)
	}
	bundle := appendEntry(nil, leaf)
	row := []byte(`{"id":"5","seq":0,"at":"2026-01-05T08:00:00.000000Z","kind":"a/1","actor":"0","agency":"0","method":"m","object":"0"}` + "\n")
	f.Add(c.note, h[:], bundle, row, []byte(`{"table":"thing","event":"5"}`+"\n"))
	f.Fuzz(func(t *testing.T, signed, tile, entries, rows, references []byte) {
		d := folder{fstest.MapFS{
			checkpointFile: {Data: signed}, "tile/0/000.p/1": {Data: tile}, "tile/entries/000.p/1": {Data: entries}, eventsFile: {Data: rows}, referencesFile: {Data: references},
		}}
		r, err := Verify(d, Options{Key: k.String(), Event: 5})
		if err != nil || !r.Holds() {
			return
		}
		if r.Size != 1 || !bytes.Equal(tile, h[:]) || !bytes.Equal(entries, bundle) || r.Proof == nil {
			t.Errorf("%+v holds", r)
		}
	})
}
