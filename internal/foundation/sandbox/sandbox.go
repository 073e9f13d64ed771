package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/verify"
)

// Limits bound one reading of one document. What is 0 is [DefaultLimits]'.
type Limits struct {
	Size   int64         // bytes of a file
	Pages  int           // of a document
	Pixels int           // of a picture; what would be larger is drawn smaller
	Memory int64         // bytes, beyond what a child takes at rest
	CPU    time.Duration // in whole seconds
	Wall   time.Duration
}

// DefaultLimits are ample for what offices send: a scanned page of A3 takes some 100 MB and a second.
var DefaultLimits = Limits{Size: 512 << 20, Pages: 5000, Pixels: 25e6, Memory: 512 << 20, CPU: 10 * time.Second, Wall: 20 * time.Second}

func (l Limits) or(d Limits) Limits {
	return Limits{cmp.Or(l.Size, d.Size), cmp.Or(l.Pages, d.Pages), cmp.Or(l.Pixels, d.Pixels), cmp.Or(l.Memory, d.Memory), cmp.Or(l.CPU, d.CPU), cmp.Or(l.Wall, d.Wall)}
}

// Bounds that nobody sets.
const (
	startTime = 5 * time.Minute // compiling pdfium takes three seconds of a processor that may have much else to do
	maxSide   = 16384           // of a picture, in pixels
	maxAsked  = 64 << 10        // of a request's body
	maxAsks   = 200             // requests for one document
	maxBody   = 32 << 20        // of an answer
)

// Config is what a sandbox is made of.
type Config struct {
	// Program is what is started as a child: it calls [Child] first. "" is this program itself.
	Program string
	// Cache is the folder that keeps pdfium as compiled, made if it is missing, for this user alone; without one each child compiles it anew.
	Cache string
	// Children is how many run at once; who comes later waits. 0 is one for each processor.
	Children int
	// Patience is how long who comes later waits: 20 s.
	Patience time.Duration
	// Spare children stand ready to draw, started and confined. Each takes some 50 MB.
	Spare  int
	Limits Limits
}

// Sandbox starts children. It may be used concurrently.
type Sandbox struct {
	config  Config
	running chan struct{} // one for each child at work

	life context.Context // of children that stand ready or are on their way: it ends with Close
	end  context.CancelFunc

	mu     sync.Mutex
	closed bool
	spare  []*process
	making int // spare children on their way
	makers sync.WaitGroup
}

// New makes a sandbox. It starts no child; it fails only over its folder.
func New(c Config) (*Sandbox, error) {
	c.Limits = c.Limits.or(DefaultLimits)
	if c.Children <= 0 {
		c.Children = runtime.GOMAXPROCS(0)
	}
	if c.Program == "" {
		var err error
		if c.Program, err = os.Executable(); err != nil {
			return nil, fault.New(fault.Unavailable, ErrStart, "").Because(err)
		}
	}
	if c.Cache != "" {
		if err := ownFolder(c.Cache); err != nil {
			return nil, fault.New(fault.Unavailable, ErrStart, c.Cache).Because(err)
		}
	}
	c.Patience = cmp.Or(c.Patience, 20*time.Second)
	s := &Sandbox{config: c, running: make(chan struct{}, c.Children)}
	s.life, s.end = context.WithCancel(context.Background())
	return s, nil
}

// Warm starts the spare children before anybody asks, which compiles pdfium where the folder does not have it yet. It does not wait.
func (s *Sandbox) Warm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refill()
}

// ownFolder makes a folder that this user alone can write: what lies there is run.
func ownFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 { // Windows keeps rights elsewhere
		err = errors.New("others may write to the folder")
	}
	return err
}

// Close ends the children that stand ready; those at work end with their callers.
func (s *Sandbox) Close() {
	s.mu.Lock()
	s.closed = true
	s.end()
	for _, p := range s.spare {
		p.end()
	}
	s.spare = nil
	s.mu.Unlock()
	s.makers.Wait()
}

// File is a document to be read. R is asked for ranges, from one goroutine at a time.
type File struct {
	R        io.ReaderAt
	Size     int64
	Password []byte // of an encrypted PDF
}

// Info is what can be said of a document at once.
type Info struct {
	Pages []Page `json:"pages"`
}

// Page is a page as it is shown: turned already. Sizes are in points, 1/72 inch; those of a page that is damaged are 0.
type Page struct {
	Width    float64 `json:"width"`
	Height   float64 `json:"height"`
	Rotation int     `json:"rotation"` // by which it was turned: 0, 90, 180 or 270 degrees clockwise
}

// Scale is how large a page is drawn: so many pixels wide, or with so many to the inch.
type Scale struct {
	Width int     `json:"width,omitempty"`
	DPI   float64 `json:"dpi,omitempty"` // counts where Width is 0
	// Light is for a reader on a weak line: few shades, and JPEG where they do not suit.
	Light bool `json:"light,omitempty"`
}

// Word is a word and where it stands on the page as it is shown, in points from its upper left corner.
type Word struct {
	Text   string  `json:"text"` // NFC
	Left   float64 `json:"left"`
	Top    float64 `json:"top"`
	Right  float64 `json:"right"`
	Bottom float64 `json:"bottom"`
}

// Pages tells how many pages a PDF has and how large they are.
func (s *Sandbox) Pages(ctx context.Context, f File) (Info, error) {
	var info Info
	err := s.draw(ctx, f, job{Act: actPages}, &info)
	if err == nil && len(info.Pages) > s.config.Limits.Pages {
		err = fault.New(fault.Invalid, ErrCrashed, "").Because(errFrame)
	}
	return info, err
}

// Image draws a page, counted from 1, as PNG (or JPEG, where it is to be light): as it is printed, signatures and other annotations with it.
func (s *Sandbox) Image(ctx context.Context, f File, page int, scale Scale) ([]byte, error) {
	if scale.Width <= 0 && !(scale.DPI > 0) {
		return nil, fault.New(fault.Internal, ErrNoPage, "").Because(errors.New("a picture without size"))
	}
	var b []byte
	err := s.draw(ctx, f, job{Act: actImage, Page: page, Scale: scale}, &b)
	return b, err
}

// Text finds the words of a page, counted from 1, in the order in which pdfium reads them.
func (s *Sandbox) Text(ctx context.Context, f File, page int) ([]Word, error) {
	var words []Word
	err := s.draw(ctx, f, job{Act: actText, Page: page}, &words)
	return words, err
}

// maxRead bounds an answer of Read: the lines of its pages.
const maxRead = 16 << 20

// Read gives pages from the first, counted from 1, on: as many as asked for, or fewer at the document's end. It is what a page on a screen
// needs in one go, whatever the length of the document.
func (s *Sandbox) Read(ctx context.Context, f File, first, many int) (Reading, error) {
	var b []byte
	if err := s.draw(ctx, f, job{Act: actRead, Page: first, Many: many}, &b); err != nil {
		return Reading{}, err
	}
	var r Reading
	err := errFrame
	if len(b) <= maxRead {
		err = decode(b, &r)
	}
	if err == nil && (r.Count > s.config.Limits.Pages || len(r.Pages) == 0 || len(r.Pages) != min(many, r.Count-first+1)) {
		err = errFrame
	}
	if err != nil {
		return Reading{}, fault.New(fault.Invalid, ErrCrashed, "").Because(err)
	}
	return r, nil
}

// draw asks a child that has pdfium; answer is what its JSON is read into, or a *[]byte.
func (s *Sandbox) draw(ctx context.Context, f File, j job, answer any) error {
	j.Password, j.Pages, j.Pixels = f.Password, s.config.Limits.Pages, s.config.Limits.Pixels
	b, err := s.ask(ctx, draws, &task{job: j, files: []File{f}})
	if err != nil {
		return err
	}
	if raw, ok := answer.(*[]byte); ok {
		*raw = b
		return nil
	}
	if err := decode(b, answer); err != nil {
		return fault.New(fault.Invalid, ErrCrashed, "").Because(err)
	}
	return nil
}

// Collect is [verify.Collect] in a child: the facts are for [verify.Decide]. What is asked of the network this process asks, by o.Fetch
// and its rules; Cache and Memory are not used. Errors are the engine's, where it has one, or faults.
func (s *Sandbox) Collect(ctx context.Context, r io.ReaderAt, size int64, o *verify.CollectOptions) (*verify.Facts, error) {
	c := &collectJob{Offline: o.Offline, Previous: o.Previous, At: o.At, Now: o.Now, Content: o.Content != nil}
	if o.Trust != nil {
		c.Trust = o.Trust.Pack()
	}
	t := &task{job: job{Act: actCollect, Collect: c, Password: o.Password}, files: []File{{R: r, Size: size}}}
	if o.Content != nil {
		t.files = append(t.files, File{R: o.Content, Size: o.Content.Size()})
	}
	if !o.Offline {
		if t.fetch = o.Fetch; t.fetch == nil {
			t.fetch = &fetch.Client{}
		}
	}
	b, err := s.ask(ctx, collects, t)
	if err != nil {
		return nil, err
	}
	facts := &verify.Facts{}
	if err := decode(b, facts); err != nil {
		return nil, fault.New(fault.Invalid, ErrCrashed, "").Because(err)
	}
	if facts.Version != verify.FactsVersion || facts.Size != size {
		return nil, fault.New(fault.Invalid, ErrCrashed, "").Because(fmt.Errorf("%w: facts of another file", errFrame))
	}
	return facts, nil
}

// ask gives a task to a child of its own.
func (s *Sandbox) ask(ctx context.Context, kind string, t *task) ([]byte, error) {
	for _, f := range t.files {
		if f.Size > s.config.Limits.Size {
			return nil, fault.New(fault.TooLarge, ErrTooLarge, "").With("limit", megabytes(s.config.Limits.Size))
		}
		t.job.Sizes = append(t.job.Sizes, f.Size)
	}
	if t.files[0].Size <= 0 {
		return nil, fault.New(fault.Invalid, ErrUnreadable, "").Because(errors.New("the file is empty"))
	}
	late := time.NewTimer(s.config.Patience)
	defer late.Stop()
	select {
	case s.running <- struct{}{}:
		defer func() { <-s.running }()
	case <-late.C:
		return nil, fault.New(fault.Unavailable, ErrBusy, "")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p, err := s.ready(kind)
	if err != nil {
		return nil, err
	}
	if p != nil {
		b, err := p.work(ctx, t, &s.config.Limits)
		if !errors.Is(err, errIdle) || ctx.Err() != nil {
			return b, err
		}
	}
	if p, err = s.start(ctx, kind); err != nil {
		return nil, err
	}
	return p.work(ctx, t, &s.config.Limits)
}

func megabytes(n int64) string { return strconv.FormatInt(n>>20, 10) + " MB" }

// Renderer is the sandbox as the engine's, for documents that open with a password or without one.
func (s *Sandbox) Renderer(password []byte) verify.Renderer { return renderer{s, password} }

type renderer struct {
	sandbox  *Sandbox
	password []byte
}

// drawnDPI is that of the pictures in reports: as many pixels as points.
const drawnDPI = 72

// Render implements [verify.Renderer].
func (r renderer) Render(ctx context.Context, file io.ReaderAt, size int64, page int) (image.Image, error) {
	b, err := r.sandbox.Image(ctx, File{R: file, Size: size, Password: r.password}, page, Scale{DPI: drawnDPI})
	if err == nil {
		var c image.Config // a child that was taken over may announce any size
		if c, err = png.DecodeConfig(bytes.NewReader(b)); err == nil && c.Width*c.Height > 2*r.sandbox.config.Limits.Pixels {
			err = errors.New("a picture larger than asked for")
		}
	}
	if err != nil {
		return nil, codes.Wrap(verify.ErrPicture, "drawing page", strconv.Itoa(page), err)
	}
	m, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, codes.Wrap(verify.ErrPicture, "drawing page", strconv.Itoa(page), err)
	}
	return m, nil
}

// startText is what a child is told at its start.
func (s *Sandbox) startText(kind string) (string, error) {
	l := s.config.Limits
	b, err := json.Marshal(start{Kind: kind, Cache: s.config.Cache, Memory: l.Memory, CPU: int((l.CPU + time.Second - 1) / time.Second), Parent: os.Getpid()})
	return string(b), err
}
