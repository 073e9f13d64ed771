package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	maxSize    = 1 << 48 // entries: thousands of years of any province
	maxLevel   = 48/tileHeight - 1
	entries    = -1 // the level of entry bundles
)

// place is where a tile stands.
type place struct {
	level int // entries, or 0…
	n     int64
}

// tilePath is the tile's path at c2sp.org/tlog-tiles, "Merkle Tree" and "Log entries".
func tilePath(p place, width int) string {
	level := "entries"
	if p.level != entries {
		level = strconv.Itoa(p.level)
	}
	n := fmt.Sprintf("%03d", p.n%1000)
	for rest := p.n / 1000; rest > 0; rest /= 1000 {
		n = fmt.Sprintf("x%03d/%s", rest%1000, n)
	}
	if width < tileWidth {
		n += ".p/" + strconv.Itoa(width)
	}
	return "tile/" + level + "/" + n
}

// parsePath reads what tilePath writes, and nothing else.
func parsePath(path string) (p place, width int, ok bool) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok || len(path) > 64 {
		return p, 0, false
	}
	level, rest, _ := strings.Cut(rest, "/")
	p.level = entries
	if level != "entries" {
		var err error
		if p.level, err = strconv.Atoi(level); err != nil || p.level < 0 || p.level > maxLevel {
			return p, 0, false
		}
	}
	width = tileWidth
	if n, w, partial := strings.Cut(rest, ".p/"); partial {
		var err error
		if width, err = strconv.Atoi(w); err != nil || width < 1 || width >= tileWidth {
			return p, 0, false
		}
		rest = n
	}
	for part := range strings.SplitSeq(rest, "/") {
		d, err := strconv.ParseUint(strings.TrimPrefix(part, "x"), 10, 16)
		if err != nil || d > 999 || p.n > maxSize {
			return p, 0, false
		}
		p.n = 1000*p.n + int64(d)
	}
	return p, width, tilePath(p, width) == path
}

// widthAt is how many hashes a tile holds in a log of a size.
func (p place) widthAt(size int64) int {
	all := size
	for range p.level {
		all >>= tileHeight
	}
	return int(min(max(all-p.n<<tileHeight, 0), tileWidth))
}

// places calls f for every tile of a log, entry bundles first, until it fails.
func places(size int64, f func(place) error) error {
	for level := entries; level <= maxLevel; level++ {
		for p := (place{level, 0}); p.widthAt(size) > 0; p.n++ {
			if err := f(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// A bundle is a row of entries, each behind its length in two bytes, big endian (c2sp.org/tlog-tiles, "Log entries").
func appendEntry(bundle, leaf []byte) []byte {
	return append(binary.BigEndian.AppendUint16(bundle, uint16(len(leaf))), leaf...)
}

var errShort = errors.New("it ends within an entry")

// parseBundle reads at most a tile's width of entries.
func parseBundle(b []byte) ([][]byte, error) {
	var out [][]byte
	for len(b) > 0 {
		if len(b) < 2 || len(b) < 2+int(binary.BigEndian.Uint16(b)) {
			return out, errShort
		}
		n := 2 + int(binary.BigEndian.Uint16(b))
		if len(out) == maxBundle {
			return out, errors.New("too many entries")
		}
		out, b = append(out, b[2:n]), b[n:]
	}
	return out, nil
}

// maxEntry is the longest that its length has room for.
const maxEntry = 1<<16 - 1

// maxBundle leaves room for a leaf that was added.
const maxBundle = 2 * tileWidth

func parseHashes(b []byte) []tlog.Hash {
	out := make([]tlog.Hash, len(b)/tlog.HashSize)
	for i := range out {
		out[i] = tlog.Hash(b[i*tlog.HashSize:])
	}
	return out
}

func joinHashes(hs []tlog.Hash) []byte {
	out := make([]byte, 0, len(hs)*tlog.HashSize)
	for i := range hs {
		out = append(out, hs[i][:]...)
	}
	return out
}

// frontier is the right edge of a tree, to which leaves are added.
type frontier struct {
	size  int64
	edge  [][]tlog.Hash         // of each level's last tile, unless that is full
	tiles map[place][]tlog.Hash // that were begun or grew
}

// newFrontier reads the right edge of a tree.
func newFrontier(size int64, tile func(p place, width int) ([]byte, error)) (*frontier, error) {
	f := &frontier{size: size, tiles: map[place][]tlog.Hash{}}
	for level := 0; size>>(level*tileHeight) > 0; level++ {
		p := place{level, size >> ((level + 1) * tileHeight)}
		f.edge = append(f.edge, nil)
		if w := p.widthAt(size); w > 0 {
			b, err := tile(p, w)
			if err != nil {
				return nil, err
			}
			if len(b) != w*tlog.HashSize {
				return nil, fmt.Errorf("tile %s has %d bytes", tilePath(p, w), len(b))
			}
			f.edge[level] = parseHashes(b)
		}
	}
	return f, nil
}

// add appends a leaf's hash; a full tile's hash goes one level up.
func (f *frontier) add(h tlog.Hash) {
	f.size++
	for level := 0; ; level++ {
		if level == len(f.edge) {
			f.edge = append(f.edge, nil)
		}
		f.edge[level] = append(f.edge[level], h)
		row := f.edge[level]
		f.tiles[place{level, (f.size - 1) >> ((level + 1) * tileHeight)}] = row
		if len(row) < tileWidth {
			return
		}
		f.edge[level] = nil
		h = perfect(row)
	}
}

// perfect is the root over a power of two of hashes.
func perfect(row []tlog.Hash) tlog.Hash {
	for row = append([]tlog.Hash(nil), row...); len(row) > 1; row = row[:len(row)/2] {
		for i := range len(row) / 2 {
			row[i] = tlog.NodeHash(row[2*i], row[2*i+1])
		}
	}
	return row[0]
}

// root is the Merkle Tree Hash (RFC 6962, 2.1).
func (f *frontier) root() tlog.Hash {
	var peaks []tlog.Hash // of full subtrees, the largest first
	for _, row := range slices.Backward(f.edge) {
		for bit := tileWidth / 2; bit > 0; bit /= 2 {
			if len(row)&bit != 0 {
				peaks = append(peaks, perfect(row[:bit]))
				row = row[bit:]
			}
		}
	}
	if len(peaks) == 0 {
		return sha256.Sum256(nil)
	}
	root := peaks[len(peaks)-1]
	for i := len(peaks) - 2; i >= 0; i-- {
		root = tlog.NodeHash(peaks[i], root)
	}
	return root
}

// clone leaves what was read and added to the original as it is.
func (f *frontier) clone() *frontier {
	c := &frontier{size: f.size, tiles: map[place][]tlog.Hash{}}
	for _, row := range f.edge {
		c.edge = append(c.edge, append([]tlog.Hash(nil), row...))
	}
	for p, row := range f.tiles {
		c.tiles[p] = append([]tlog.Hash(nil), row...)
	}
	return c
}

// hashes reads authenticated hashes of a tree for proofs.
func hashes(c *checkpoint, tile func(p place, width int) ([]byte, error)) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: c.size, Hash: c.root}, tileReader(tile))
}

type tileReader func(p place, width int) ([]byte, error)

// Height implements [tlog.TileReader].
func (tileReader) Height() int { return tileHeight }

// ReadTiles implements [tlog.TileReader].
func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, 0, len(tiles))
	for _, t := range tiles {
		b, err := r(place{t.L, t.N}, t.W)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

// SaveTiles implements [tlog.TileReader]: nothing is kept.
func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
