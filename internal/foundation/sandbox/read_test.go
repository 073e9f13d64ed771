package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/pdf"
)

func TestADocumentIsReadAPartAtATime(t *testing.T) {
	s, f := open(t, Config{}), vector(t, "unsigned.pdf")
	all, err := s.Read(t.Context(), f, 1, 50)
	if err != nil || all.Count != len(all.Pages) || all.Count < 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	last, err := s.Read(t.Context(), f, all.Count, 50)
	if err != nil || last.Count != all.Count || len(last.Pages) != 1 || last.Pages[0].Page != all.Pages[all.Count-1].Page {
		t.Fatalf("%+v, %v", last, err)
	}
	if _, err := s.Read(t.Context(), f, all.Count+1, 50); !errors.Is(err, ErrNoPage) || !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	text := all.Pages[0].Paragraphs()
	if !slices.Contains(text, "Độc lập - Tự do - Hạnh phúc") {
		t.Errorf("%q", text)
	}
	if long := slices.ContainsFunc(text, func(p string) bool { return len(p) > 150 }); !long || len(text) >= len(all.Pages[0].Lines) {
		t.Errorf("no lines are put together: %q", text)
	}
}

// TestLinesAreParted: columns, list items and headings stay by themselves; a line that ran out of room goes on.
func TestLinesAreParted(t *testing.T) {
	at := func(text string, left, top float64) Word {
		return Word{text, left, top, left + 6*float64(len(text)), top + 12}
	}
	lines := linesOf([]Word{
		at("Nơi", 50, 10), at("nhận:", 80, 10), at("CHỦ", 300, 10), at("TỊCH", 330, 10),
		at("one-word-of-fifty-letters-that-fills-the-line-to-it", 90, 30), at("and", 400, 30), at("another", 50, 46), at("one", 96, 46), at("next", 50, 62),
	})
	page := Leaf{Lines: lines}
	want := []string{"Nơi nhận:", "CHỦ TỊCH", "one-word-of-fifty-letters-that-fills-the-line-to-it and another one", "next"}
	if got := page.Paragraphs(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestALightPictureLooksTheSame(t *testing.T) {
	s, f := open(t, Config{}), vector(t, "pades-sealed.pdf")
	for page := 1; page <= 2; page++ {
		draw := func(light bool) []byte {
			b, err := s.Image(t.Context(), f, page, Scale{Width: 800, Light: light})
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		full, small := draw(false), draw(true)
		if len(small) > 45_000 || len(small)*10 > len(full)*6 {
			t.Errorf("page %d takes %d bytes of %d", page, len(small), len(full))
		}
		a, b := decoded(t, full), decoded(t, small)
		if a.Bounds() != b.Bounds() {
			t.Fatal(b.Bounds())
		}
		for y := range a.Bounds().Dy() {
			for x := range a.Bounds().Dx() {
				if p, q := a.At(x, y), b.At(x, y); far(p, q) {
					t.Fatalf("page %d, %d,%d: %v, not %v", page, x, y, q, p)
				}
			}
		}
	}
}

func far(p, q color.Color) bool {
	a, b, c, _ := p.RGBA()
	d, e, f, _ := q.RGBA()
	const most = 20 << 8
	return max(a, d)-min(a, d) > most || max(b, e)-min(b, e) > most || max(c, f)-min(c, f) > most
}

func TestAPhotographIsSentAsOne(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 300, 300))
	for i := range 300 * 300 {
		m.SetRGBA(i%300, i/300, color.RGBA{byte(i % 300), byte(i / 300), byte(i % 300 * (i / 300)), 255})
	}
	b, err := light(m)
	if _, kind, other := image.Decode(bytes.NewReader(b)); err != nil || other != nil || kind != "jpeg" {
		t.Error(kind, err, other)
	}
}

// decision is the house's example: two pages with gaps for number and date, and a line to sign under.
func decision(t *testing.T) File {
	t.Helper()
	b, err := os.ReadFile("../../../cmd/antin/assets/decision.pdf")
	if err != nil {
		t.Fatal(err)
	}
	return bytesFile(b)
}

func TestAnInspectionFindsWhatSigningNeeds(t *testing.T) {
	s := open(t, Config{})
	found, err := s.Inspect(t.Context(), decision(t), []string{"number"})
	if err != nil || found.Pages != 2 || !found.Signer || found.Signed || found.Encrypted || found.Secret != "" || len(found.Taken) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
	for _, gap := range []string{"number", "day", "month"} {
		if !slices.Contains(found.Gaps, gap) {
			t.Errorf("no gap %s: %v", gap, found.Gaps)
		}
	}
	found, err = s.Inspect(t.Context(), vector(t, "pades-sealed.pdf"), []string{"number", "nothing"})
	if err != nil || !found.Signed || !slices.Equal(found.Taken, []string{"number"}) {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err = s.Inspect(t.Context(), bytesFile([]byte("PK")), nil); !errors.Is(err, pdf.ErrNotPDF) {
		t.Error(err)
	}
	if _, err = s.Inspect(t.Context(), many(5001), nil); !errors.Is(err, ErrPages) || !fault.Is(err, fault.TooLarge) {
		t.Error(err)
	}
}

// many is a document of n pages with one content.
func many(n int) File {
	kids := strings.Repeat("3 0 R ", n)
	return made(catalog, fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", kids, n), fmt.Sprintf(pageOf, "", ""), stream("", textShow))
}

// TestLongAndLargeDocumentsAreRead: the last page of five thousand as soon as the first, and a page of 20 m by 20 m in a picture of the
// usual size.
func TestLongAndLargeDocumentsAreRead(t *testing.T) {
	s := open(t, Config{})
	f := many(5000)
	for _, first := range []int{1, 4998} {
		r, err := s.Read(t.Context(), f, first, 5)
		if err != nil || r.Count != 5000 || len(r.Pages) != min(5, 5000-first+1) || len(r.Pages[0].Lines) == 0 {
			t.Errorf("%d: %+v, %v", first, r, err)
		}
	}
	if b, err := s.Image(t.Context(), f, 5000, Scale{Width: 800, Light: true}); err != nil || decoded(t, b).Bounds().Dx() != 800 {
		t.Error(err)
	}
	const metres = 20_000 / 25.4 * 72
	large := made(catalog, onePage, fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 %f %f]/Contents 4 0 R>>", metres, metres), stream("", "0 0 9000 9000 re f"))
	r, err := s.Read(t.Context(), large, 1, 5)
	if err != nil || len(r.Pages) != 1 || r.Pages[0].Width < 56_000 {
		t.Errorf("%+v, %v", r, err)
	}
	if b, err := s.Image(t.Context(), large, 1, Scale{Width: 800, Light: true}); err != nil || decoded(t, b).Bounds().Dx() != 800 {
		t.Error(err)
	}
}

// TestHostileDocumentsAreInspectedWithinLimits: with a finding, the engine's error or a limit's fault.
func TestHostileDocumentsAreInspectedWithinLimits(t *testing.T) {
	s := open(t, Config{Limits: Limits{CPU: 2 * time.Second, Memory: 256 << 20}})
	for name, c := range map[string]struct {
		file File
		want []codes.Code
	}{
		"a content of 256 MB":               {made(catalog, onePage, fmt.Sprintf(pageOf, "", ""), stream("/Filter/FlateDecode", zeros(t, 256<<20))), []codes.Code{"", ErrMemory, ErrTime, pdf.ErrLimit}},
		"a tree of pages that holds itself": {made(catalog, "<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"), []codes.Code{pdf.ErrDamaged}},
		"a million times one page":          {many(1_000_000), []codes.Code{ErrPages, ErrTime, ErrMemory}},
		"five thousand pages of much text":  {made(catalog, fmt.Sprintf("<</Type/Pages/Kids[%s]/Count 5000>>", strings.Repeat("3 0 R ", 5000)), fmt.Sprintf(pageOf, "", ""), stream("", strings.Repeat(textShow+" ", 5000))), []codes.Code{ErrTime, ErrMemory}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Inspect(t.Context(), c.file, nil)
			if !slices.Contains(c.want, codes.Code(codes.Of(err))) {
				t.Error(err)
			}
		})
	}
}

// TestAChildThatIsKilledIsAnsweredFor: by somebody else, while it draws.
func TestAChildThatIsKilledIsAnsweredFor(t *testing.T) {
	s := open(t, Config{})
	p, err := s.start(t.Context(), draws)
	if err != nil {
		t.Fatal(err)
	}
	f := endless()
	f.R = then{f.R, p.kill}
	_, err = p.work(t.Context(), &task{job: job{Act: actImage, Page: 1, Scale: Scale{Width: 800}, Sizes: []int64{f.Size}, Pages: 1, Pixels: 1e6}, files: []File{f}}, &s.config.Limits)
	if fe := fault.Of(err); fe == nil || fe.Class != fault.Invalid || !slices.Contains([]codes.Code{ErrMemory, ErrCrashed}, fe.Kind) { // the system kills like this where memory is short
		t.Error(err)
	}
}

// then does something once its bytes are out.
type then struct {
	r interface {
		ReadAt(p []byte, off int64) (int, error)
	}
	f func()
}

func (x then) ReadAt(p []byte, off int64) (int, error) {
	defer time.AfterFunc(20*time.Millisecond, x.f)
	return x.r.ReadAt(p, off)
}

func TestWhoWaitsLongIsTold(t *testing.T) {
	s := open(t, Config{Children: 1, Patience: 10 * time.Millisecond})
	s.running <- struct{}{}
	if _, err := s.Read(t.Context(), vector(t, "unsigned.pdf"), 1, 1); !errors.Is(err, ErrBusy) || !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

func TestWarmChildrenStandReady(t *testing.T) {
	s := open(t, Config{Spare: 1})
	s.Warm()
	s.makers.Wait()
	if len(s.spare) != 1 {
		t.Fatal(len(s.spare))
	}
	if _, err := s.Read(t.Context(), vector(t, "unsigned.pdf"), 1, 1); err != nil {
		t.Error(err)
	}
	s.Close()
	s.Warm()
	if s.making != 0 {
		t.Error("a closed sandbox starts children")
	}
}
