package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/verify"
)

func TestMain(m *testing.M) {
	childWith(tries)
	os.Exit(m.Run())
}

// compiled is where pdfium is kept as compiled, from one run of the tests to the next.
func compiled(t testing.TB) string {
	t.Helper()
	dir, err := os.UserCacheDir()
	if err != nil {
		return filepath.Join(t.TempDir(), "pdfium")
	}
	return filepath.Join(dir, "antin-ci", "pdfium")
}

// open is a sandbox whose limits give a busy machine time.
func open(t testing.TB, c Config) *Sandbox {
	t.Helper()
	c.Cache = compiled(t)
	if c.Limits.Wall == 0 {
		c.Limits.Wall = time.Minute
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func vector(t testing.TB, name string) File {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../../testdata/vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	return bytesFile(b)
}

func decoded(t testing.TB, b []byte) image.Image {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ink counts the pixels in a box, in points, that are darker than half.
func ink(m image.Image, dpi, left, top, right, bottom float64) int {
	n := 0
	at := func(points float64) int { return int(math.Round(points * dpi / 72)) }
	for y := at(top); y < at(bottom); y++ {
		for x := at(left); x < at(right); x++ {
			if r, g, b, _ := m.At(x, y).RGBA(); r+g+b < 3*0x8000 {
				n++
			}
		}
	}
	return n
}

func TestADocumentOfOursIsShown(t *testing.T) {
	s, f := open(t, Config{}), vector(t, "unsigned.pdf")
	info, err := s.Pages(t.Context(), f)
	if err != nil || len(info.Pages) == 0 || math.Abs(info.Pages[0].Width-595) > 1 || math.Abs(info.Pages[0].Height-842) > 1 {
		t.Fatalf("%+v, %v", info, err)
	}
	b, err := s.Image(t.Context(), f, 1, Scale{DPI: 96})
	if err != nil {
		t.Fatal(err)
	}
	m := decoded(t, b)
	if size := m.Bounds().Size(); size.X != 794 || size.Y < 1122 || size.Y > 1123 {
		t.Error(size)
	}
	if len(b) > 150<<10 {
		t.Errorf("a page of text takes %d kB", len(b)>>10)
	}
	words, err := s.Text(t.Context(), f, 1)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, w := range words {
		all = append(all, w.Text)
		if strings.ContainsAny(w.Text, " \n") || w.Right <= w.Left || w.Bottom <= w.Top || ink(m, 96, w.Left-1, w.Top-1, w.Right+1, w.Bottom+1) == 0 {
			t.Errorf("nothing is drawn where %+v stands", w)
		}
	}
	if text := strings.Join(all, " "); !strings.Contains(text, "Độc lập - Tự do - Hạnh phúc") {
		t.Error(text)
	}
}

func TestWidthDecidesWhereItIsGiven(t *testing.T) {
	b, err := open(t, Config{}).Image(t.Context(), vector(t, "unsigned.pdf"), 1, Scale{Width: 320, DPI: 600})
	if err != nil || decoded(t, b).Bounds().Dx() != 320 {
		t.Error(err)
	}
}

// TestFieldsAreDrawn: number and date of a document are fields, and so are its signatures.
func TestFieldsAreDrawn(t *testing.T) {
	const red, black = "1 0 0 rg 0 0 100 50 re f", "0 0 0 rg 0 0 100 50 re f"
	widget := func(kind, rect string, appearance int) string {
		return fmt.Sprintf("<</Type/Annot/Subtype/Widget/FT/%s/T(%s)/F 4/P 3 0 R/Rect[%s]/AP<</N %d 0 R>>>>", kind, kind, rect, appearance)
	}
	form := "/Type/XObject/Subtype/Form/BBox[0 0 100 50]"
	f := made("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R 6 0 R]/SigFlags 3>>>>", onePage, fmt.Sprintf(pageOf, "", "/Annots[5 0 R 6 0 R]"), stream("", ""),
		widget("Sig", "0 0 100 50", 7), widget("Tx", "200 150 300 200", 8), stream(form, red), stream(form, black))
	b, err := open(t, Config{}).Image(t.Context(), f, 1, Scale{DPI: 72})
	if err != nil {
		t.Fatal(err)
	}
	m := decoded(t, b)
	for at, want := range map[image.Point]color.RGBA{{50, 175}: {255, 0, 0, 255}, {250, 25}: {0, 0, 0, 255}, {150, 100}: {255, 255, 255, 255}} {
		if got := color.RGBAModel.Convert(m.At(at.X, at.Y)); got != want {
			t.Errorf("%v is %v, not %v", at, got, want)
		}
	}
}

func TestATurnedPageIsReadAsItIsShown(t *testing.T) {
	s := open(t, Config{})
	for rotation, upper := range map[int]func(w Word) bool{ // where "Alpha" begins: in the page's own upper left corner
		0:   func(w Word) bool { return w.Left < 50 && w.Top < 60 },
		90:  func(w Word) bool { return w.Right > 140 && w.Top < 50 },
		180: func(w Word) bool { return w.Right > 250 && w.Bottom > 140 },
		270: func(w Word) bool { return w.Left < 60 && w.Bottom > 250 },
	} {
		t.Run(fmt.Sprint(rotation), func(t *testing.T) {
			f := page("", fmt.Sprintf("/Rotate %d", rotation), textShow)
			info, err := s.Pages(t.Context(), f)
			want := Page{300, 200, rotation}
			if rotation%180 != 0 {
				want.Width, want.Height = 200, 300
			}
			if err != nil || len(info.Pages) != 1 || info.Pages[0] != want {
				t.Fatalf("%+v, %v", info, err)
			}
			words, err := s.Text(t.Context(), f, 1)
			slices.SortFunc(words, func(a, b Word) int { return strings.Compare(a.Text, b.Text) }) // read in columns when it is turned
			if err != nil || len(words) != 3 || words[0].Text != "Alpha" || words[1].Text != "Beta" || words[2].Text != "Gamma" {
				t.Fatalf("%+v, %v", words, err)
			}
			if !upper(words[0]) {
				t.Errorf("%+v", words[0])
			}
			b, err := s.Image(t.Context(), f, 1, Scale{DPI: 144})
			if err != nil {
				t.Fatal(err)
			}
			m := decoded(t, b)
			boxed := 0
			for _, w := range words {
				n := ink(m, 144, w.Left-1, w.Top-1, w.Right+1, w.Bottom+1)
				if n < 100 {
					t.Errorf("%d pixels where %+v stands", n, w)
				}
				boxed += n
			}
			if all := ink(m, 144, 0, 0, want.Width, want.Height); boxed != all {
				t.Errorf("%d pixels in boxes, %d on the page", boxed, all)
			}
		})
	}
}

func TestTheEnginesRendererIsFilled(t *testing.T) {
	r := open(t, Config{}).Renderer(nil)
	f := vector(t, "unsigned.pdf")
	m, err := r.Render(t.Context(), f.R, f.Size, 1)
	if err != nil || m.Bounds().Dx() != 595 {
		t.Error(err)
	}
	if _, err := r.Render(t.Context(), f.R, f.Size, 99); !errors.Is(err, verify.ErrPicture) || !errors.Is(err, ErrNoPage) {
		t.Error(err)
	}
}

func TestAPictureIsNeverLargerThanAllowed(t *testing.T) {
	s := open(t, Config{Limits: Limits{Pixels: 1e6}})
	for name, box := range map[string]string{"large": "[0 0 14400 14400]", "long": "[0 0 1 14400]", "nothing": "[0 0 0 0]"} {
		f := made(catalog, onePage, "<</Type/Page/Parent 2 0 R/MediaBox"+box+"/Contents 4 0 R>>", stream("", "0 0 9 9 re f"))
		b, err := s.Image(t.Context(), f, 1, Scale{DPI: 600})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if size := decoded(t, b).Bounds().Size(); size.X*size.Y > 1001e3 || size.X > maxSide || size.Y > maxSide {
			t.Errorf("%s: %v", name, size)
		}
	}
}

func TestWhatCannotBeShownIsSaid(t *testing.T) {
	s := open(t, Config{Limits: Limits{Size: 1 << 20, Pages: 100}})
	encrypted, err := os.ReadFile("testdata/password.pdf")
	if err != nil {
		t.Fatal(err)
	}
	open := func(f File, password string) File {
		f.Password = []byte(password)
		return f
	}
	for name, c := range map[string]struct {
		file  File
		page  int
		class fault.Class
		want  codes.Code
	}{
		"no PDF":              {bytesFile([]byte("PK\x03\x04, a word processor's file")), 1, fault.Invalid, ErrUnreadable},
		"nothing":             {bytesFile(nil), 1, fault.Invalid, ErrUnreadable},
		"a page after all":    {vector(t, "unsigned.pdf"), 99, fault.NotFound, ErrNoPage},
		"page 0":              {vector(t, "unsigned.pdf"), 0, fault.NotFound, ErrNoPage},
		"too large":           {File{R: zeroAt{}, Size: 1<<20 + 1}, 1, fault.TooLarge, ErrTooLarge},
		"a million pages":     {made(catalog, "<</Type/Pages/Kids[3 0 R]/Count 1000000>>", fmt.Sprintf(pageOf, "", ""), stream("", textShow)), 1, fault.TooLarge, ErrPages},
		"a page that is none": {made(catalog, onePage, "(page)"), 1, fault.Invalid, ErrUnreadable},
		"without password":    {bytesFile(encrypted), 1, fault.Invalid, ErrPassword},
		"another password":    {open(bytesFile(encrypted), "mở ra"), 1, fault.Invalid, ErrPassword},
		"its password":        {open(bytesFile(encrypted), "sesame"), 1, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Image(t.Context(), c.file, c.page, Scale{DPI: 72})
			if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, c.want) || !fault.Is(err, c.class)) {
				t.Error(err)
			}
		})
	}
}

type zeroAt struct{}

func (zeroAt) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	return len(p), nil
}

// TestHostileDocumentsAreAnsweredFor: each ends within its limits, with a picture or a fault, and harms nobody.
func TestHostileDocumentsAreAnsweredFor(t *testing.T) {
	s := open(t, Config{Limits: Limits{CPU: 2 * time.Second, Memory: 256 << 20}})
	image := func(side int, data string) File {
		return page("/XObject<</X 5 0 R>>", "", "300 0 0 200 0 0 cm /X Do", stream(
			fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode", side, side), data))
	}
	bomb := zeros(t, 256<<20)
	for name, c := range map[string]struct {
		file File
		want []codes.Code // "" is a picture
	}{
		"forms that draw each other ten times": {laughs(12), []codes.Code{ErrMemory, ErrTime}},
		"a form that draws itself": {page("/XObject<</X 5 0 R>>", "", "/X Do",
			stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>", "/X Do /X Do")), []codes.Code{"", ErrMemory, ErrTime}},
		"a tree of pages that holds itself": {made(catalog, "<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"), []codes.Code{ErrUnreadable}},
		"a content of 256 MB": {made(catalog, onePage, fmt.Sprintf(pageOf, "", ""), stream("/Filter/FlateDecode", bomb)),
			[]codes.Code{"", ErrMemory, ErrTime}},
		"a picture of 256 megapixels":     {image(16000, bomb), []codes.Code{"", ErrMemory, ErrTime}},
		"streams in streams in streams":   {made(catalog, onePage, fmt.Sprintf(pageOf, "", ""), stream("/Filter["+strings.Repeat("/FlateDecode ", 60)+"]", zeros(t, 1<<20))), []codes.Code{""}},
		"arrays in arrays in arrays":      {made(catalog, onePage, fmt.Sprintf(pageOf, "", "/X "+strings.Repeat("[", 1e6)), stream("", "")), []codes.Code{"", ErrUnreadable}},
		"a cross-reference to itself":     {bytesFile([]byte("%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 1 0 R/Kids[1 0 R]/Count 1>>\nendobj\ntrailer\n<</Root 1 0 R/Prev 9/Size 9>>\nstartxref\n9\n%%EOF")), []codes.Code{ErrUnreadable}},
		"a pattern of a billion tiles":    {endless(), []codes.Code{ErrTime}},
		"a dash of a thousandth of a dot": {page("", "", "[.000001]0 d 1000 w 0 0 m 30000000 30000000 l S"), []codes.Code{"", ErrTime, ErrMemory}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Image(t.Context(), c.file, 1, Scale{DPI: 96})
			if !slices.Contains(c.want, codes.Code(codes.Of(err))) {
				t.Error(err)
			}
		})
	}
}

func TestAReaderThatFailsIsBelieved(t *testing.T) {
	broken := errors.New("the disk is gone")
	_, err := open(t, Config{}).Pages(t.Context(), File{R: failing{broken}, Size: 5000})
	if !errors.Is(err, broken) || codes.Of(err) != "" {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func TestALargeFileIsReadInParts(t *testing.T) {
	f := page("", "", textShow, stream("", strings.Repeat("\x00", 40<<20)))
	counted := &counting{r: f.R}
	words, err := open(t, Config{}).Text(t.Context(), File{R: counted, Size: f.Size}, 1)
	if err != nil || len(words) != 3 || counted.n > 4<<20 {
		t.Errorf("%d words, %d kB read, %v", len(words), counted.n>>10, err)
	}
}

type counting struct {
	r io.ReaderAt
	n int64
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}

func TestAClosedSandboxStartsNothing(t *testing.T) {
	s := open(t, Config{Spare: 1})
	if _, err := s.Pages(t.Context(), vector(t, "unsigned.pdf")); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := s.Pages(t.Context(), vector(t, "unsigned.pdf")); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestAProgramThatIsNoChildIsSaid(t *testing.T) {
	s := open(t, Config{Program: "/bin/false"})
	if _, err := s.Pages(t.Context(), vector(t, "unsigned.pdf")); !errors.Is(err, ErrStart) || !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

func TestAFolderThatOthersWriteIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Cache: dir}); !errors.Is(err, ErrStart) {
		t.Error(err)
	}
}

func TestWhoWaitsInVainLeaves(t *testing.T) {
	s := open(t, Config{Children: 1})
	s.running <- struct{}{}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.Pages(ctx, vector(t, "unsigned.pdf")); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
