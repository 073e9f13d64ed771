package pdf

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"sort"
	"strconv"
	"sync"

	"github.com/antinvn/antin/codes"
)

// entry is one line of a cross-reference in eight bytes: two bits of kind, sixteen of generation or index, and the
// offset, or the number of the object stream.
type entry uint64

const (
	kindFree = iota
	kindOffset
	kindCompressed
	kindAbsent // not in this section
)

const maxOffset = 1<<46 - 1

func makeEntry(kind int, v int64, small int) entry {
	if v < 0 || v > maxOffset || small < 0 || small > math.MaxUint16 {
		return makeEntry(kindFree, 0, 65535)
	}
	return entry(uint64(kind)<<62 | uint64(small)<<46 | uint64(v))
}

func (e entry) kind() int    { return int(e >> 62) }
func (e entry) small() int   { return int(e>>46) & math.MaxUint16 }
func (e entry) value() int64 { return int64(e & maxOffset) }

// section is one cross-reference table or stream.
type section struct {
	offset  int64 // as written, before the header's shift
	stream  bool
	own     int // number of the cross-reference stream's object
	runs    []run
	trailer Dict
	after   int64 // absolute offset behind trailer or endobj
	loose   bool  // other readers may refuse it
}

// find looks a number up; file is what the section was read from.
func (s *section) find(file io.ReaderAt, n int) (entry, bool, error) {
	i := sort.Search(len(s.runs), func(i int) bool { return s.runs[i].end() > n })
	if i == len(s.runs) || n < s.runs[i].first {
		return 0, false, nil
	}
	e, err := s.runs[i].line(file, n-s.runs[i].first)
	return e, err == nil && e.kind() != kindAbsent, err
}

// each visits every line, in the order of the numbers.
func (s *section) each(file io.ReaderAt, f func(n int, e entry) error) error {
	for i := range s.runs {
		if err := s.runs[i].each(file, f); err != nil {
			return err
		}
	}
	return nil
}

// finish sorts the runs; of two lines for one object the first counts.
func (s *section) finish(file io.ReaderAt) error {
	sort.SliceStable(s.runs, func(i, j int) bool { return s.runs[i].first < s.runs[j].first })
	for i := 1; i < len(s.runs); i++ {
		if s.runs[i].first < s.runs[i-1].end() {
			return s.merge(file)
		}
	}
	return nil
}

// merge rewrites overlapping runs as single lines.
func (s *section) merge(file io.ReaderAt) error {
	all := map[int]entry{}
	err := s.each(file, func(n int, e entry) error {
		if _, ok := all[n]; !ok {
			all[n] = e
		}
		return nil
	})
	s.runs = runsOf(all)
	return err
}

// run is a subsection: the lines of the objects from first on, in memory, or where a large table has them in the file.
type run struct {
	first, count int
	entries      []entry // nil: in the file
	offset       int64   // of the first line in the file
}

func runsOf(all map[int]entry) []run {
	numbers := make([]int, 0, len(all))
	for n := range all {
		numbers = append(numbers, n)
	}
	sort.Ints(numbers)
	var runs []run
	for _, n := range numbers {
		k := len(runs)
		if k == 0 || runs[k-1].end() != n {
			runs = append(runs, run{first: n})
			k++
		}
		runs[k-1].entries = append(runs[k-1].entries, all[n])
		runs[k-1].count++
	}
	return runs
}

func (r *run) end() int { return r.first + r.count }

// The lines of a table are twenty bytes each (ISO 32000-2, 7.5.4). A megabyte of them is kept; of a larger table the
// shape is checked once, and a line is read when its object is asked for.
const (
	lineWidth   = 20
	linesKept   = 1 << 17
	linesAtOnce = 4096
)

// line is the i-th line.
func (r *run) line(file io.ReaderAt, i int) (entry, error) {
	if r.entries != nil {
		return r.entries[i], nil
	}
	b := make([]byte, lineWidth)
	at := r.offset + int64(i)*lineWidth
	if n, err := file.ReadAt(b, at); n < len(b) {
		return 0, codes.Wrap(ErrRead, "reading at offset", strconv.FormatInt(at, 10), err)
	}
	e, ok := parseLine(b)
	if !ok {
		return 0, codes.New(ErrDamaged, "reading at offset", strconv.FormatInt(at, 10), "a cross-reference line is wrong")
	}
	return e, nil
}

func (r *run) each(file io.ReaderAt, f func(n int, e entry) error) error {
	if r.entries == nil {
		file = &ahead{r: file}
	}
	for i := range r.count {
		e, err := r.line(file, i)
		if err != nil {
			return err
		}
		if err := f(r.first+i, e); err != nil {
			return err
		}
	}
	return nil
}

// add keeps a run that is not empty.
func (s *section) add(r run) {
	if r.count > 0 {
		s.runs = append(s.runs, r)
	}
}

// atFreeHead reports that the next line is that of object 0.
func (l *lexer) atFreeHead(ctx context.Context) bool {
	mark := l.pos
	r, err := l.looseLines(ctx, 0, 1)
	l.pos = mark
	return err == nil && r.count == 1 && r.entries[0] == makeEntry(kindFree, 0, math.MaxUint16)
}

// regularLines takes the lines of a subsection that are written as the standard has them, as nearly every writer does,
// and stops before any other. Object numbers start at first.
func (l *lexer) regularLines(ctx context.Context, first, count int) (run, error) {
	r := run{first: first, offset: l.pos}
	var err error
	if count > linesKept {
		r.count, err = l.checkLines(ctx, l.pos, count)
	} else {
		r.entries = make([]entry, 0, count)
		r.count, err = l.eachLine(ctx, l.pos, count, func(b []byte) {
			e, _ := parseLine(b)
			r.entries = append(r.entries, e)
		})
	}
	l.pos += int64(r.count) * lineWidth
	return r, err
}

// checkLines counts the regular lines from an offset on, the two halves of a large table beside each other.
func (l *lexer) checkLines(ctx context.Context, at int64, count int) (int, error) {
	half := count / 2
	var second int
	var failed error
	var wg sync.WaitGroup
	wg.Go(func() { second, failed = l.eachLine(ctx, at+int64(half)*lineWidth, count-half, nil) })
	first, err := l.eachLine(ctx, at, half, nil)
	wg.Wait()
	if err = errors.Join(err, failed); err != nil || first < half {
		return first, err
	}
	return half + second, nil
}

// eachLine hands the regular lines from an offset on to f, which may be nil, and counts them.
func (l *lexer) eachLine(ctx context.Context, at int64, count int, f func([]byte)) (int, error) {
	block := make([]byte, lineWidth*min(count, linesAtOnce))
	seen := 0
	for seen < count {
		if err := ctx.Err(); err != nil {
			return seen, err
		}
		wanted := min(count-seen, linesAtOnce)
		n, _ := l.r.ReadAt(block[:lineWidth*wanted], at+int64(seen)*lineWidth) //nolint:errcheck // the lexer meets the error again
		took := 0
		for b := block[:n]; len(b) >= lineWidth && regular(b); b = b[lineWidth:] {
			if f != nil {
				f(b)
			}
			took++
		}
		seen += took
		if took < wanted {
			break
		}
	}
	return seen, nil
}

// looseLines reads with the lexer what regularLines left.
func (l *lexer) looseLines(ctx context.Context, first, count int) (run, error) {
	r := run{first: first, entries: []entry{}}
	for i := range count {
		if i&0xffff == 0 {
			if err := ctx.Err(); err != nil {
				return r, err
			}
		}
		l.skip()
		if c := l.peek(); c < '0' || c > '9' {
			break
		}
		offset, _ := integer(l.number())
		l.skip()
		generation, _ := integer(l.number())
		l.skip()
		e, ok := tableEntry(l.next(), offset, generation)
		if !ok {
			return r, l.damaged("a cross-reference line is wrong")
		}
		r.entries = append(r.entries, e)
	}
	r.count = len(r.entries)
	return r, nil
}

func tableEntry(letter int, offset, generation int64) (entry, bool) {
	small := int(min(generation, math.MaxUint16))
	switch {
	case letter == 'n' && offset != 0:
		return makeEntry(kindOffset, offset, small), true
	case letter == 'n' || letter == 'f':
		return makeEntry(kindFree, 0, small), true
	}
	return 0, false
}

// parseLine reads "oooooooooo ggggg n" and the two bytes of its end.
func parseLine(b []byte) (entry, bool) {
	if !regular(b) {
		return 0, false
	}
	var offset, generation int64
	for _, c := range b[:10] {
		offset = offset*10 + int64(c-'0')
	}
	for _, c := range b[11:16] {
		generation = generation*10 + int64(c-'0')
	}
	return tableEntry(int(b[17]), offset, generation)
}

// regular checks a line's shape, eight bytes at a time: millions of lines are looked at before anything else is done.
func regular(b []byte) bool {
	_ = b[lineWidth-1]
	return shaped(binary.LittleEndian.Uint64(b), 0x3030303030303030, 0x7676767676767676) && // oooooooo
		shaped(binary.LittleEndian.Uint64(b[8:]), 0x3030303030203030, 0x76767676767f7676) && // oo ggggg
		b[16] == ' ' && (b[17] == 'n' || b[17] == 'f') && isSpace(int(b[18])) && isSpace(int(b[19]))
}

// shaped reports that each of eight bytes lies at most 0x7f − room above its place in least.
func shaped(b, least, room uint64) bool {
	const low = 0x7f7f7f7f7f7f7f7f
	b ^= least // '0' to '9' become 0 to 9, a space where one is due 0
	return (b|(b&low+room))&^uint64(low) == 0
}

// ahead reads a block for many small reads that follow each other. Not safe for concurrent use.
type ahead struct {
	r     io.ReaderAt
	block []byte
	at    int64
}

func (a *ahead) ReadAt(p []byte, off int64) (int, error) {
	if i := off - a.at; i >= 0 && i+int64(len(p)) <= int64(len(a.block)) {
		return copy(p, a.block[i:]), nil
	}
	if cap(a.block) == 0 {
		a.block = make([]byte, lineWidth*linesAtOnce)
	}
	n, err := a.r.ReadAt(a.block[:cap(a.block)], off)
	a.block, a.at = a.block[:n], off
	if n >= len(p) {
		err = nil
	}
	return copy(p, a.block), err
}
