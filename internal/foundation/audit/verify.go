package audit

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Options say what to verify.
type Options struct {
	// Key is the log's verifier key, had by another way than the log.
	Key string
	// Known are checkpoints of this log that were kept elsewhere: the log must go on from each.
	Known [][]byte
	// Witnesses are the verifier keys of witnesses whose word is wanted.
	Witnesses []string
	// Event is an event whose place is to be proved; 0 for none.
	Event store.ID
}

// Finding is something that is not as it was signed.
type Finding struct {
	Kind codes.Code `json:"code"`
	// At is where: a leaf's or row's place in the log, a tile's path, a name, or a table and an event.
	At string `json:"at"`
}

// Report is what [Verify] says.
type Report struct {
	Origin string `json:"origin"`
	Size   int64  `json:"size"` // entries that the checkpoint signs
	Root   string `json:"root"` // base64
	// Rows is how many events' rows were compared with the log, Waiting how many more have no place in it yet; -1 where the source has no rows, or they
	// could not be compared because the log itself does not hold.
	Rows    int64 `json:"rows"`
	Waiting int64 `json:"waiting"`
	// Cosigned are the words of the witnesses that were asked for. Uncosigned are the names of those whose word is missing.
	Cosigned   []Cosignature `json:"cosigned"`
	Uncosigned []string      `json:"uncosigned"`
	Proof      *Proof        `json:"proof"` // of the event that was asked for, unless it is absent or waits
	EventWaits bool          `json:"event_waits"`
	Findings   []Finding     `json:"findings"`
	More       bool          `json:"more"` // there are more findings than are listed
}

// Proof says that an event is in the log.
type Proof struct {
	Index int64  `json:"index"`
	Leaf  string `json:"leaf"`
	// Text is the proof as c2sp.org/tlog-proof writes it: it verifies without the log.
	Text string `json:"text"`
}

const maxFindings = 100

func (r *Report) find(kind codes.Code, at string) {
	f := Finding{kind, at}
	switch {
	case slices.Contains(r.Findings, f):
	case len(r.Findings) == maxFindings:
		r.More = true
	default:
		r.Findings = append(r.Findings, f)
	}
}

// Holds reports whether nothing was found.
func (r *Report) Holds() bool { return len(r.Findings) == 0 }

// Verify checks a whole log against its checkpoint, and its rows against the log. What is wrong with the log is a finding; an error says that
// verification could not be done.
func Verify(s Source, o Options) (*Report, error) {
	k, err := parseKey(o.Key, kindLog)
	if err != nil {
		return nil, err
	}
	r := &Report{Rows: -1, Waiting: -1, Cosigned: []Cosignature{}, Uncosigned: []string{}, Findings: []Finding{}}
	b, err := s.File(checkpointFile)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fault.New(fault.Invalid, ErrUnread, checkpointFile).Because(err)
		}
		return nil, err
	}
	c, finding := openCheckpoint(b, k)
	if finding != nil {
		r.find(finding.Kind, finding.At)
		return r, nil
	}
	r.Origin, r.Size, r.Root = c.origin, c.size, c.root.String()
	known, err := r.known(s, c, k, o)
	if err != nil || !r.Holds() {
		return r, err
	}
	w := &walk{r: r, s: s, c: c, known: known, wanted: prefixOf(o.Event), index: -1}
	if err := w.log(); err != nil {
		return nil, err
	}
	if err := w.rows(); err != nil {
		return nil, err
	}
	if o.Event != 0 {
		return r, w.prove(o.Event)
	}
	return r, nil
}

// known reads the checkpoints that the log must go on from, and looks for the witnesses' words.
func (r *Report) known(s Source, c *checkpoint, k *key, o Options) ([]*checkpoint, error) {
	var known []*checkpoint
	signed := []*checkpoint{c}
	if b, err := s.File(cosignedFile); err == nil {
		before, finding := openCheckpoint(b, k)
		if finding != nil {
			r.find(finding.Kind, cosignedFile)
		} else {
			known, signed = append(known, before), append(signed, before)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, b := range o.Known {
		before, finding := openCheckpoint(b, k)
		if finding != nil {
			return nil, fault.New(fault.Invalid, ErrKnown, finding.At).Because(finding.Kind)
		}
		known = append(known, before)
	}
	for _, text := range o.Witnesses {
		w, err := parseKey(text, kindWitness)
		if err != nil {
			return nil, err
		}
		said := false
		for _, c := range signed {
			word, ok, finding := c.cosignature(w)
			if finding != nil {
				r.find(finding.Kind, finding.At)
			} else if ok && !said {
				said, r.Cosigned = true, append(r.Cosigned, word)
			}
		}
		if !said {
			r.Uncosigned = append(r.Uncosigned, w.name)
		}
	}
	for _, before := range known {
		if before.size > c.size {
			r.find(CheckpointRolledBack, strconv.FormatInt(before.size, 10))
		}
	}
	return known, nil
}

// walk reads the leaves once.
type walk struct {
	r      *Report
	s      Source
	c      *checkpoint
	known  []*checkpoint
	wanted []byte // how the leaf of the event that is asked for begins
	index  int64  // where it is
	leaf   []byte
	cut    bool // not all leaves can be read
	sound  bool // all leaves are what the checkpoint signs
}

// tree is what leaves or tiles add up to.
type tree struct {
	*frontier

	known []tlog.Hash // its roots at the sizes of known checkpoints
}

func (w *walk) grow(t *tree, hs []tlog.Hash) {
	for _, h := range hs {
		t.note(w.known)
		t.add(h)
	}
	for p := range t.tiles { // level 0 was compared, the upper levels are small
		if p.level == 0 {
			delete(t.tiles, p)
		}
	}
}

// note keeps the root at each known size.
func (t *tree) note(known []*checkpoint) {
	for i, k := range known {
		if k.size == t.size {
			t.known[i] = t.root()
		}
	}
}

// log compares leaves, tiles and checkpoint: the root is computed from the tiles of level 0 and, where they differ, from the leaves; whichever
// leads to the signed root is right.
func (w *walk) log() error {
	newTree := func() *tree { return &tree{&frontier{tiles: map[place][]tlog.Hash{}}, make([]tlog.Hash, len(w.known))} }
	fromTiles, fromLeaves := newTree(), (*tree)(nil)
	d := differences{lost: map[tlog.Hash]int64{}, extra: map[tlog.Hash]int64{}}
	var differing []place
	for p := (place{0, 0}); p.widthAt(w.c.size) > 0; p.n++ {
		hs, leaves, err := w.tile(p)
		if err != nil {
			return err
		}
		if fromLeaves == nil && !slices.Equal(hs, leaves) {
			fromLeaves = &tree{fromTiles.clone(), slices.Clone(fromTiles.known)}
		}
		if !slices.Equal(hs, leaves) {
			differing = append(differing, p)
			d.add(p.n<<tileHeight, hs, leaves)
		}
		w.grow(fromTiles, hs)
		if fromLeaves != nil {
			w.grow(fromLeaves, leaves)
		}
	}
	right := fromTiles
	switch {
	case fromTiles.size == w.c.size && fromTiles.root() == w.c.root:
		if d.tell(w.r); w.r.Holds() && len(differing) > 0 { // the same leaf more than twice
			w.r.find(LeavesSwapped, strconv.FormatInt(differing[0].n<<tileHeight, 10))
		}
	case fromLeaves != nil && fromLeaves.size == w.c.size && fromLeaves.root() == w.c.root:
		right = fromLeaves
		for _, p := range differing {
			w.r.find(TileReplaced, tilePath(p, p.widthAt(w.c.size)))
		}
	default:
		if w.r.Holds() { // else a tile that is cut explains it
			w.r.find(LogRewritten, strconv.FormatInt(w.c.size, 10))
		}
		return nil
	}
	if err := w.upper(right.frontier); err != nil {
		return err
	}
	right.note(w.known)
	for i, k := range w.known {
		if right.known[i] != k.root {
			w.r.find(CheckpointForked, strconv.FormatInt(k.size, 10))
		}
	}
	w.sound = !w.cut && (len(differing) == 0 || right == fromLeaves)
	return nil
}

// tile reads a tile of level 0 and the hashes of its leaves. What is cut counts as what the other says.
func (w *walk) tile(p place) (hs, leaves []tlog.Hash, err error) {
	width := p.widthAt(w.c.size)
	b, whole, err := w.file(p, width)
	if err != nil {
		return nil, nil, err
	}
	whole = whole && len(b) == width*hashSize
	if len(b) > width*hashSize {
		w.r.find(TileReplaced, tilePath(p, width))
	} else if !whole {
		w.r.find(TileTruncated, tilePath(p, width))
	}
	hs = parseHashes(b)
	bundle := place{entries, p.n}
	b, there, err := w.file(bundle, width)
	if err != nil {
		return nil, nil, err
	}
	parsed, short := parseBundle(b)
	if !there || short != nil {
		w.cut = true
		w.r.find(TileTruncated, tilePath(bundle, width))
		return hs, hs, nil //nolint:nilerr // it is found, and told
	}
	for i, leaf := range parsed {
		leaves = append(leaves, tlog.RecordHash(leaf))
		if w.wanted != nil && bytes.HasPrefix(leaf, w.wanted) {
			w.index, w.leaf = p.n<<tileHeight+int64(i), leaf
		}
	}
	if !whole {
		hs = leaves
	}
	return hs, leaves, nil
}

// file reads a tile's file; ok is false where it is gone.
func (w *walk) file(p place, width int) (b []byte, ok bool, err error) {
	b, err = w.s.File(tilePath(p, width))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return b, err == nil, err
}

// upper compares the tiles above level 0 with what the right leaves lead to.
func (w *walk) upper(right *frontier) error {
	return places(w.c.size, func(p place) error {
		if p.level < 1 {
			return nil
		}
		width := p.widthAt(w.c.size)
		b, ok, err := w.file(p, width)
		switch {
		case err != nil:
			return err
		case !ok || len(b) != width*hashSize:
			w.r.find(TileTruncated, tilePath(p, width))
		case !bytes.Equal(b, joinHashes(right.tiles[p])):
			w.r.find(TileReplaced, tilePath(p, width))
		}
		return nil
	})
}

// differences are hashes that the tiles have and the leaves have not, and the other way round, with their places.
type differences struct {
	lost, extra map[tlog.Hash]int64
	moved       []int64
}

// add takes a tile that differs. What was moved from one tile into another cancels out.
func (d *differences) add(from int64, hs, leaves []tlog.Hash) {
	for i := range max(len(hs), len(leaves)) {
		if i < len(hs) && i < len(leaves) && hs[i] == leaves[i] {
			continue
		}
		at := from + int64(i)
		if i < len(hs) {
			d.cancel(d.extra, d.lost, hs[i], at)
		}
		if i < len(leaves) {
			d.cancel(d.lost, d.extra, leaves[i], at)
		}
	}
}

func (d *differences) cancel(other, mine map[tlog.Hash]int64, h tlog.Hash, at int64) {
	was, ok := other[h]
	if !ok {
		mine[h] = at
		return
	}
	delete(other, h)
	if len(d.moved) < 2 && was != at {
		d.moved = append(d.moved, min(was, at))
	}
}

// tell says what happened: a place that lost a leaf and got another was changed.
func (d *differences) tell(r *Report) {
	at := map[int64]bool{}
	for _, n := range d.extra {
		at[n] = true
	}
	var lost, extra []int64
	for _, n := range d.lost {
		if at[n] {
			r.find(RowChanged, strconv.FormatInt(n, 10))
			delete(at, n)
		} else {
			lost = append(lost, n)
		}
	}
	for n := range at {
		extra = append(extra, n)
	}
	slices.Sort(lost)
	slices.Sort(extra)
	for _, n := range lost {
		r.find(LeafRemoved, strconv.FormatInt(n, 10))
	}
	for _, n := range extra {
		r.find(LeafAdded, strconv.FormatInt(n, 10))
	}
	if len(d.moved) > 0 && len(lost) == len(extra) {
		slices.Sort(d.moved)
		r.find(LeavesSwapped, strconv.FormatInt(d.moved[0], 10))
	}
}

func prefixOf(event store.ID) []byte {
	if event == 0 {
		return nil
	}
	return fmt.Appendf(nil, `{"v":1,"id":"%d",`, event)
}

// prove makes the inclusion proof of the event that was asked for (RFC 6962, 2.1.1), checked before it is shown.
func (w *walk) prove(event store.ID) error {
	if w.index < 0 {
		if !w.r.EventWaits {
			w.r.find(EventAbsent, decimal(event))
		}
		return nil
	}
	if !w.sound || !w.r.Holds() {
		return nil // nothing is proved by a log that does not hold
	}
	proof, err := tlog.ProveRecord(w.c.size, w.index, hashes(w.c, func(p place, width int) ([]byte, error) { return w.s.File(tilePath(p, width)) }))
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, w.c.size, w.c.root, w.index, tlog.RecordHash(w.leaf)); err != nil {
		return err
	}
	text := fmt.Appendf(nil, "c2sp.org/tlog-proof@v1\nindex %d\n", w.index)
	for i := range proof {
		text = append(base64.StdEncoding.AppendEncode(text, proof[i][:]), '\n')
	}
	text = append(append(text, '\n'), w.c.note...)
	w.r.Proof = &Proof{Index: w.index, Leaf: string(w.leaf), Text: string(text)}
	return nil
}

// leafFields are what rows repeat of a leaf.
type leafFields struct {
	ID, At, Kind, Actor, Agency, Method, Object string
}

func (r *Row) agrees(leaf []byte) bool {
	var l leafFields
	return !r.unfaithful && json.Unmarshal(leaf, &l) == nil && l == leafFields{r.ID, r.At, r.Kind, r.Actor, r.Agency, r.Method, r.Object}
}
