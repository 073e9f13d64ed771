package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

// variable is how a parent tells this program that it is a child: the whole environment of one.
const variable = "ANTIN_SANDBOX"

// start is what a child knows before it gives up its rights: nothing of it comes from a document.
type start struct {
	Kind   string `json:"kind"`  // draws or collects
	Cache  string `json:"cache"` // where the compiled module is kept, "" for nowhere
	Memory int64  `json:"memory"`
	CPU    int    `json:"cpu"` // seconds
	Parent int    `json:"parent"`
}

// Child ends the program after doing a child's work if it was started as one; otherwise it does nothing. It is the first call of main.
func Child() { childWith(nil) }

// probe is something that this package's tests let a child try, by the name of an act.
type probe func() ([]byte, error)

func childWith(probes map[string]probe) {
	if text, ok := os.LookupEnv(variable); ok {
		if err := child(text, os.Stdin, os.Stdout, probes); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// endWith ends this program when its parent was killed, until the function that it returns is called: compiling pdfium takes seconds, and
// nobody would wait for it any more. Afterwards a child ends where it reads.
func endWith(parent int) (stop func()) {
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(100 * time.Millisecond)
		defer t.Stop()
		for os.Getppid() == parent {
			select {
			case <-stopped:
				return
			case <-t.C:
			}
		}
		os.Exit(1)
	}()
	return func() {
		close(stopped)
		<-ended // what comes next may forbid to ask
	}
}

func child(text string, in io.Reader, out io.Writer, probes map[string]probe) error {
	var s start
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	ctx := context.Background()
	watched := endWith(s.Parent)
	var d *drawer
	if s.Kind == draws {
		var err error
		room := s.Memory / 4 * 3
		if d, err = newDrawer(ctx, s.Cache, room); err != nil {
			return err
		}
		s.Memory -= room
	}
	debug.SetGCPercent(10) // pdfium's memory counts as used: with more, garbage would reach the limit before it is collected
	watched()
	if err := confine(s.Memory, s.CPU); err != nil {
		return err
	}
	p := &parent{in: in, out: out}
	if err := writeFrame(out, frameHello, nil); err != nil {
		return err
	}
	body, err := want(in, frameJob)
	if err != nil {
		return err
	}
	var j job
	if err := decode(body, &j); err != nil {
		return err
	}
	p.sizes = j.Sizes
	var answer []byte
	if try := probes[j.Act]; try != nil {
		answer, err = try()
	} else {
		answer, err = answerJob(ctx, &j, d, p)
	}
	if p.err != nil {
		return p.err
	}
	if err != nil {
		return p.fail(err)
	}
	return writeFrame(out, frameAnswer, answer)
}

func answerJob(ctx context.Context, j *job, d *drawer, p *parent) ([]byte, error) {
	switch {
	case len(j.Sizes) == 0:
	case d != nil && (j.Act == actPages || j.Act == actImage || j.Act == actText || j.Act == actRead):
		return d.answer(j, &file{parent: p, number: 0})
	case j.Act == actCollect && j.Collect != nil:
		return collect(ctx, j, p)
	case j.Act == actInspect:
		return inspect(ctx, j, &file{parent: p, number: 0})
	}
	return nil, fmt.Errorf("%w: act %q", errFrame, j.Act)
}

// parent is the other side as a child sees it.
type parent struct {
	mu    sync.Mutex
	in    io.Reader
	out   io.Writer
	sizes []int64
	err   error // nothing can be said any more
}

// ask sends a frame and reads the answer; the engine asks from several goroutines.
func (p *parent) ask(kind byte, body []byte, answer byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return nil, p.err
	}
	var got []byte
	if p.err = writeFrame(p.out, kind, body); p.err == nil {
		got, p.err = want(p.in, answer)
	}
	return got, p.err
}

func (p *parent) fail(err error) error {
	b, err := json.Marshal(failureOf(err))
	if err != nil {
		return err
	}
	return writeFrame(p.out, frameFailure, b)
}

// file is one of the parent's files, asked for block by block; the blocks asked for last are kept.
type file struct {
	parent *parent
	number byte

	mu     sync.Mutex
	blocks [maxBlocks]block
	next   int
	offset int64
}

const (
	blockSize = 256 << 10
	maxBlocks = 16
)

type block struct {
	start int64
	bytes []byte
}

var errOffset = errors.New("a negative offset")

func (f *file) size() int64 { return f.parent.sizes[f.number] }

// ReadAt implements [io.ReaderAt].
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errOffset
	}
	n := 0
	for n < len(p) && off+int64(n) < f.size() {
		b, err := f.block((off + int64(n)) / blockSize * blockSize)
		if err != nil {
			return n, err
		}
		n += copy(p[n:], b.bytes[off+int64(n)-b.start:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) block(at int64) (block, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.blocks {
		if b.bytes != nil && b.start == at {
			return b, nil
		}
	}
	n := int(min(blockSize, f.size()-at))
	got, err := f.parent.ask(frameRead, rangeFrame(f.number, at, n), frameData)
	if err != nil {
		return block{}, err
	}
	if len(got) != n {
		return block{}, io.ErrUnexpectedEOF
	}
	f.blocks[f.next] = block{at, got}
	b := f.blocks[f.next]
	f.next = (f.next + 1) % maxBlocks
	return b, nil
}

// Read implements [io.Reader]; pdfium reads by seeking.
func (f *file) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.offset)
	f.offset += int64(n)
	return n, err
}

// Seek implements [io.Seeker].
func (f *file) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		offset += f.size()
	}
	if offset < 0 {
		return 0, errOffset
	}
	f.offset = offset
	return offset, nil
}
