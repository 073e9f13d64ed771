package pdf_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/pdf"
)

// appended adds a revision as another program may write it: objects, cross-reference lines and trailer entries given.
func appended(base []byte, lines, trailer string, objects ...string) []byte {
	prev := regexp.MustCompile(`startxref\n(\d+)`).FindAllSubmatch(base, -1)
	b := bytes.NewBuffer(bytes.Clone(base))
	for _, o := range objects {
		number, rest, _ := strings.Cut(o, " ")
		generation, body, _ := strings.Cut(rest, " ")
		lines += fmt.Sprintf("%s 1\n%010d %05s n \n", number, b.Len(), generation)
		fmt.Fprintf(b, "%s %s obj\n%s\nendobj\n", number, generation, body)
	}
	at := b.Len()
	fmt.Fprintf(b, "xref\n%strailer\n<< /Root 1 0 R /Prev %s %s >>\nstartxref\n%d\n%%%%EOF\n", lines, prev[len(prev)-1][1], trailer, at)
	return b.Bytes()
}

func TestEachRevisionIsAView(t *testing.T) {
	base := tableFile("", "", append(append([]string{}, onePage...), "(kept)", "(freed)", "<< /Note 6 0 R >>")...)
	second := appended(base, "6 1\n0000000000 00001 f \n", "/Size 8", "4 0 << /Title (new) >>")
	third := appended(second, "", "/Size 9", "6 1 (again)", "8 0 (added)")
	d, err := opened(t, third, "")
	if err != nil {
		t.Fatal(err)
	}
	revisions := d.Revisions()
	if len(revisions) != 3 {
		t.Fatalf("%d revisions", len(revisions))
	}
	for i, end := range []int{len(base), len(second), len(third)} {
		if revisions[i].End != int64(end) || revisions[i].Kind != "table" {
			t.Errorf("revision %d: %+v, want the end %d", i, revisions[i], end)
		}
	}
	for _, c := range []struct {
		revision int
		ref      pdf.Ref
		want     pdf.Object
	}{
		{0, pdf.Ref{Number: 5}, pdf.String("kept")},
		{2, pdf.Ref{Number: 5}, pdf.String("kept")},
		{0, pdf.Ref{Number: 6}, pdf.String("freed")},
		{1, pdf.Ref{Number: 6}, nil},
		{2, pdf.Ref{Number: 6}, nil}, // generation 0 is gone for ever
		{2, pdf.Ref{Number: 6, Generation: 1}, pdf.String("again")},
		{1, pdf.Ref{Number: 8}, nil},
		{2, pdf.Ref{Number: 8}, pdf.String("added")},
		{2, pdf.Ref{Number: 900}, nil},
	} {
		if got, err := d.At(c.revision).Load(c.ref); err != nil || got != c.want {
			t.Errorf("object %v in revision %d is %v, %v; want %v", c.ref, c.revision, got, err, c.want)
		}
	}
	t.Run("what a revision changed is listed", func(t *testing.T) {
		for i, want := range []int{7, 2, 2} {
			if changes, err := d.At(i).Changed(); err != nil || len(changes) != want {
				t.Errorf("revision %d: %v, %v", i, changes, err)
			}
		}
		changes, err := d.At(1).Changed()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			if freed := c.Ref.Number == 6; freed != (c.Offset == -1) {
				t.Errorf("%+v", c)
			}
		}
	})
	t.Run("the trailer is that of the view", func(t *testing.T) {
		for i, size := range []int64{8, 8, 9} {
			trailer := d.At(i).Trailer()
			if trailer["Size"] != size || trailer["Prev"] != nil {
				t.Errorf("revision %d: %v", i, trailer)
			}
		}
	})
	t.Run("opened after each revision, the file is that view", func(t *testing.T) {
		for i, b := range [][]byte{base, second, third} {
			alone, err := opened(t, b, "")
			if err != nil {
				t.Fatal(err)
			}
			for n := range 10 {
				for g := range 2 {
					r := pdf.Ref{Number: n, Generation: g}
					one, err1 := alone.Latest().Load(r)
					other, err2 := d.At(i).Load(r)
					if err1 != nil || err2 != nil || !reflect.DeepEqual(one, other) {
						t.Errorf("object %v in revision %d: %v, %v and %v, %v", r, i, one, err1, other, err2)
					}
				}
			}
		}
	})
	t.Run("reopened with more revisions, those before are known", func(t *testing.T) {
		first, err := opened(t, base, "")
		if err != nil {
			t.Fatal(err)
		}
		again, err := first.Reopen(t.Context(), bytes.NewReader(third), int64(len(third)))
		if err != nil || !reflect.DeepEqual(again.Revisions(), revisions) {
			t.Errorf("%v, %v", again.Revisions(), err)
		}
	})
}

func TestEveryKindOfCrossReferenceGivesTheSameObjects(t *testing.T) {
	table := tableFile("", "/Info 4 0 R", append(append([]string{}, onePage...), "<< /Length 6 0 R >>\nstream\n0 0 m\nendstream", "5")...)
	for name, c := range map[string]struct {
		options    []string
		kind       string
		linearized bool
	}{
		"a table":                  {[]string{"--object-streams=disable"}, "table", false},
		"streams":                  {[]string{"--object-streams=generate"}, "stream", false},
		"linearised with a table":  {[]string{"--linearize", "--object-streams=disable"}, "table", true},
		"linearised with a stream": {[]string{"--linearize", "--object-streams=generate"}, "stream", true},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := opened(t, byQPDF(t, table, c.options...), "")
			if err != nil {
				t.Fatal(err)
			}
			if r := d.Revisions(); len(r) != 1 || r[0].Kind != c.kind || r[0].Linearized != c.linearized || r[0].End != d.Size() {
				t.Errorf("%+v of %d bytes", r, d.Size())
			}
			if d.Rebuilt() || d.Irregular() {
				t.Error("a regular file is called rebuilt or irregular")
			}
			page, err := d.Latest().Page(1)
			if err != nil || page.MediaBox != (pdf.Rect{X1: 100, Y1: 100}) {
				t.Errorf("%+v, %v", page, err)
			}
			if title, err := d.Latest().Dict(d.Latest().Trailer()["Info"]); err != nil || title["Title"] != pdf.String("cũ") {
				t.Errorf("%v, %v", title, err)
			}
		})
	}
}

// ISO 32000-2, 7.7.3.4: what a page lacks it has from the nodes above it.
func TestPagesInheritFromTheirTree(t *testing.T) {
	b := tableFile("", "", onePage[0],
		"<< /Type /Pages /Kids [3 0 R 5 0 R] /Count 2 /MediaBox [200 300 0 0] /Rotate -90 /Resources << /From /Root >> >>",
		"<< /Type /Pages /Parent 2 0 R /Kids [4 0 R] /Count 1 /CropBox [10 10 5000 5000] /Resources << /From /Node >> >>",
		"<< /Type /Page /Parent 3 0 R /UserUnit 2 >>",
		"<< /Type /Page /Parent 2 0 R /Rotate 450 /CropBox [900 900 950 950] >>")
	d, err := opened(t, b, "")
	if err != nil {
		t.Fatal(err)
	}
	first, err1 := d.Latest().Page(1)
	last, err2 := d.Latest().Page(-1)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	media := pdf.Rect{X1: 200, Y1: 300}
	if first.MediaBox != media || first.CropBox != (pdf.Rect{X0: 10, Y0: 10, X1: 200, Y1: 300}) || first.Rotate != 270 || first.UserUnit != 2 ||
		first.Parent != (pdf.Ref{Number: 3}) || !reflect.DeepEqual(first.Resources, pdf.Dict{"From": pdf.Name("Node")}) {
		t.Errorf("the first is %+v", first)
	}
	if last.MediaBox != media || last.CropBox != media || last.Rotate != 90 || last.UserUnit != 1 || last.Ref != (pdf.Ref{Number: 5}) {
		t.Errorf("the last is %+v", last)
	}
	if n, err := d.Latest().PageCount(); n != 2 || err != nil {
		t.Errorf("%d pages, %v", n, err)
	}
	for _, n := range []int{0, 3, -3} {
		if _, err := d.Latest().Page(n); !errors.Is(err, pdf.ErrNoPage) {
			t.Errorf("page %d: %v", n, err)
		}
	}
}

func TestTheVersionIsTheLaterOfHeaderAndCatalog(t *testing.T) {
	for catalog, want := range map[string]string{"": "1.6", "/Version /1.4": "1.6", "/Version /2.0": "2.0", "/Version (2.0)": "1.6"} {
		b := tableFile("", "", append([]string{"<< /Type /Catalog /Pages 2 0 R " + catalog + " >>"}, onePage[1:]...)...)
		d, err := opened(t, b, "")
		if err != nil || d.Version() != want {
			t.Errorf("%q: %s, %v", catalog, d.Version(), err)
		}
	}
}

func TestLiesAboutObjectsAreSeen(t *testing.T) {
	t.Run("another object stands where the line points", func(t *testing.T) {
		b := tableFile("", "", append(append([]string{}, onePage...), "(five)", "(six)")...)
		lines := regexp.MustCompile(`(?m)^\d{10} 00000 n \n`).FindAllIndex(b, -1)
		five, six := lines[4], lines[5]
		swapped := bytes.Clone(b)
		copy(swapped[five[0]:five[1]], b[six[0]:six[1]])
		d, err := opened(t, swapped, "")
		if err != nil {
			t.Fatal(err)
		}
		if o, err := d.Latest().Load(pdf.Ref{Number: 5}); !errors.Is(err, pdf.ErrDamaged) {
			t.Errorf("%v, %v", o, err)
		}
	})
	t.Run("a stream's length is not its own", func(t *testing.T) {
		for _, length := range []string{"3", "9000000000000000000", "-1", "(x)", "5 0 R"} {
			b := tableFile("", "", append(append([]string{}, onePage...), "<< /Length "+length+" >>\nstream\n0 0 m\nendstream")...)
			d, err := opened(t, b, "")
			if err != nil {
				t.Fatal(err)
			}
			s, err := d.Latest().Stream(pdf.Ref{Number: 5})
			if err != nil || s == nil {
				t.Fatalf("/Length %s: %v", length, err)
			}
			if data, _, err := d.Latest().Decode(s); err != nil || string(data) != "0 0 m" {
				t.Errorf("/Length %s: %q, %v", length, data, err)
			}
		}
	})
	t.Run("references lead in a circle", func(t *testing.T) {
		b := tableFile("", "", append(append([]string{}, onePage...), "6 0 R", "5 0 R")...)
		d, err := opened(t, b, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Latest().Resolve(pdf.Ref{Number: 5}); !errors.Is(err, pdf.ErrLimit) {
			t.Error(err)
		}
	})
	t.Run("an object stream lies in itself", func(t *testing.T) {
		d, err := opened(t, []byte(seeds[2]), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Latest().Load(pdf.Ref{Number: 1}); err != nil {
			t.Error(err)
		}
		itself := strings.Replace(seeds[2], "\n000000010900", "\n000000020100", 1)
		if d, err := opened(t, []byte(itself), ""); err == nil {
			_, _ = d.Latest().Load(pdf.Ref{Number: 1})
		} else if !errors.Is(err, pdf.ErrDamaged) {
			t.Error(err)
		}
	})
}

func TestLimitsAreErrorsOfTheirOwn(t *testing.T) {
	many := tableFile("", "", onePage...)
	for range 5 {
		many = appended(many, "", "/Size 5", "4 0 null")
	}
	long := tableFile("", "", append(append([]string{}, onePage...), "("+strings.Repeat("x", 2000)+")")...)
	deep := tableFile("", "", append(append([]string{}, onePage...), strings.Repeat("[", 60)+strings.Repeat("]", 60))...)
	for name, c := range map[string]struct {
		b      []byte
		limits pdf.Limits
	}{
		"a long string":       {long, pdf.Limits{ObjectBytes: 1000}},
		"a deeply nested one": {deep, pdf.Limits{Depth: 50}},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := pdf.Open(t.Context(), bytes.NewReader(c.b), int64(len(c.b)), &pdf.Options{Limits: c.limits})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.Latest().Load(pdf.Ref{Number: 5}); !errors.Is(err, pdf.ErrLimit) {
				t.Error(err)
			}
		})
	}
	t.Run("many revisions are one rebuilt file", func(t *testing.T) {
		d, err := pdf.Open(t.Context(), bytes.NewReader(many), int64(len(many)), &pdf.Options{Limits: pdf.Limits{Revisions: 5}})
		if err != nil && !errors.Is(err, pdf.ErrLimit) || err == nil && !d.Rebuilt() {
			t.Error(err)
		}
	})
}

// A string or stream that never ends is read to the end of the file: where each object has one, not as often as there are objects.
func TestObjectsThatNeverEndDoNotCostTheSquareOfTheFile(t *testing.T) {
	for _, object := range []string{"1 0 obj<<>>stream", "trailer(", "1 0 obj(", "1 0 obj[", "1 0 obj<</A ", "1 0 obj<", "1 0 obj%"} {
		b := []byte("%PDF-1.7\n" + strings.Repeat(object+"\n", 200_000/len(object)))
		start := time.Now()
		_, err := opened(t, b, "")
		if !errors.Is(err, pdf.ErrLimit) && !errors.Is(err, pdf.ErrDamaged) || time.Since(start) > 3*time.Second {
			t.Errorf("%q: %v after %v", object, err, time.Since(start))
		}
	}
}

// A file that ends or fails while it is read is ErrRead, not a damaged one.
func TestAFailingFileIsNotADamagedOne(t *testing.T) {
	b := tableFile("", "", onePage...)
	for _, n := range []int{0, 4, len(b) - 300, len(b) - 1} {
		if _, err := pdf.Open(t.Context(), bytes.NewReader(b[:n]), int64(len(b)), nil); !errors.Is(err, pdf.ErrRead) {
			t.Errorf("%d of %d bytes: %v", n, len(b), err)
		}
	}
}

// endless is a file of the size of a disk without a cross-reference.
type endless struct{}

func (endless) ReadAt(p []byte, at int64) (int, error) {
	for i := range p {
		p[i] = "1 0 obj\n"[(at+int64(i))%8]
	}
	if at == 0 {
		copy(p, "%PDF-1.7\n")
	}
	return len(p), nil
}

func TestOpeningEndsWhenItIsCancelled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := pdf.Open(ctx, endless{}, 1<<40, nil)
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

func TestWritingEndsWhenItIsCancelled(t *testing.T) {
	b := tableFile("", "", onePage...)
	d, err := opened(t, b, "")
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := u.WriteTo(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := pdf.Copy(ctx, io.Discard, endless{}, 1<<40); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
