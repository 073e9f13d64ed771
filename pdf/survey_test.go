package pdf_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/antinvn/antin/pdf"
)

// surveyed and loaded are the references of a state, found by looking through the text and by building every object.
func surveyed(t testing.TB, v *pdf.View) (objects map[pdf.Ref]bool, found map[[2]pdf.Ref]bool, err error) {
	t.Helper()
	objects, found = map[pdf.Ref]bool{}, map[[2]pdf.Ref]bool{}
	err = v.Survey(t.Context(), func(r pdf.Ref, _ int64) { objects[r] = true }, func(from, to pdf.Ref) { found[[2]pdf.Ref{from, to}] = true })
	return objects, found, err
}

func loaded(v *pdf.View, objects map[pdf.Ref]bool) map[[2]pdf.Ref]bool {
	found := map[[2]pdf.Ref]bool{}
	for r := range objects {
		o, err := v.Load(r)
		if err != nil {
			continue
		}
		var walk func(o pdf.Object)
		walk = func(o pdf.Object) {
			switch o := o.(type) {
			case pdf.Ref:
				found[[2]pdf.Ref{r, o}] = true
			case pdf.Array:
				for _, e := range o {
					walk(e)
				}
			case pdf.Dict:
				for _, e := range o {
					walk(e)
				}
			case *pdf.Stream:
				walk(o.Dict)
			}
		}
		walk(o)
	}
	return found
}

func TestSurveySeesEveryReferenceThatLoadingSees(t *testing.T) {
	long := string(bytes.Repeat([]byte("x"), 70_000))
	body := []string{
		"<</A 2 0 R/B[3 0 R 4 0 R]/C(5 0 R \\) 6 0 R)/D<36>/E/F0 7 0 R>>",
		"[1 0 R2 0 R 3 0 R% 4 0 R\n 5 %c\n 0 R +6 0 R 7-3 0 R 8.0 0 R]",
		"<</A stream/B 5 0 R>>",
		"[<</A endobj 6 0 R]",
		"<</A 1 0 R>/B 2 0 R>>",
		"(" + long + ")",
		"<</Long(" + long + ")/B 3 0 R>>",
		"[" + string(bytes.Repeat([]byte("y"), 128)) + "2 0 R]",
		"<</X<AB>/Y 4 0 R/Z 0 0 R/W 1 99999 R>>",
		"null 3 0 R",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	offsets := []int{}
	add := func(header, body string) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%s%s\nendobj\n", header, body)
	}
	add("1 0 obj", "<</Type/Catalog/Pages 2 0 R/Other 3 0 R>>")
	add("2 0 obj", "<</Type/Pages/Kids[]/Count 0>>")
	for i, o := range body {
		header := fmt.Sprintf("%d 0 obj", i+3)
		if i%3 == 1 {
			header = fmt.Sprintf("%d%%c\n obj ", i+3)
		}
		add(header, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, at)
	d, err := pdf.Open(t.Context(), bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.Rebuilt() {
		t.Fatal("the file is not what it was meant to be")
	}
	objects, found, err := surveyed(t, d.Latest())
	if err != nil {
		t.Fatal(err)
	}
	want := loaded(d.Latest(), objects)
	for _, r := range []int{5, 6} { // what only these two spellings hide
		if !want[[2]pdf.Ref{{Number: r, Generation: 0}, {Number: r, Generation: 0}}] && !slices.ContainsFunc(keysOf(want), func(k [2]pdf.Ref) bool { return k[0].Number == r }) {
			t.Errorf("object %d has no reference", r)
		}
	}
	for k := range want {
		if !found[k] {
			t.Errorf("%s → %s is missed", k[0], k[1])
		}
	}
}

func keysOf(m map[[2]pdf.Ref]bool) [][2]pdf.Ref {
	out := make([][2]pdf.Ref, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

// FuzzSurvey: whatever a file is made of, looking through its text misses no reference.
func FuzzSurvey(f *testing.F) {
	files, err := filepath.Glob("testdata/fuzz/FuzzOpen/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files[:min(len(files), 20)] {
		if b, err := os.ReadFile(name); err == nil {
			f.Add(b)
		}
	}
	f.Add([]byte("%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R/A[3 0 R]>>endobj 2 0 obj<</Type/Pages/Kids[]>>endobj 3 0 obj(5 0 R)endobj\n" +
		"xref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000060 00000 n \n0000000099 00000 n \ntrailer<</Root 1 0 R/Size 4>>startxref\n128\n%%EOF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := pdf.Open(t.Context(), bytes.NewReader(b), int64(len(b)), nil)
		if err != nil {
			return
		}
		objects, found, err := surveyed(t, d.Latest())
		if err != nil {
			return
		}
		for k := range loaded(d.Latest(), objects) {
			if !found[k] {
				t.Errorf("%s → %s is missed", k[0], k[1])
			}
		}
	})
}
