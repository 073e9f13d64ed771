package pdf

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// manyObjects is a file with a table of more lines than are kept: a catalog, its pages, and strings that hold their own
// numbers.
func manyObjects(t testing.TB, count int, head string) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	lines := bytes.NewBufferString("0000000000 65535 f \n")
	object := func(n int, body string) {
		fmt.Fprintf(lines, "%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj %s endobj\n", n, body)
	}
	object(1, "<</Type/Catalog/Pages 2 0 R>>")
	object(2, "<</Type/Pages/Kids[]/Count 0>>")
	for n := 3; n < count; n++ {
		object(n, fmt.Sprintf("(%d)", n))
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n%s %d\n%strailer <</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", head, count, lines, count, start)
	return b.Bytes()
}

func openBytes(t testing.TB, b []byte) *Document {
	t.Helper()
	d, err := Open(t.Context(), bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestALargeTableStaysInTheFile(t *testing.T) {
	const count = linesKept + 1000
	for _, first := range []string{"0", "1"} { // some writers count from 1 though the list starts with object 0
		d := openBytes(t, manyObjects(t, count, first))
		if d.Rebuilt() || len(d.revisions[0].sections[0].runs) != 1 || d.revisions[0].sections[0].runs[0].entries != nil {
			t.Fatalf("counting from %s: the lines were kept, or the table was given up", first)
		}
		for _, n := range []int{3, 4095, 4096, linesKept, count - 1} {
			if o, err := d.Latest().Load(Ref{Number: n}); err != nil || string(o.(String)) != fmt.Sprint(n) {
				t.Errorf("object %d is %v, %v", n, o, err)
			}
		}
		for _, n := range []int{count, count + 1} {
			if o, err := d.Latest().Load(Ref{Number: n}); o != nil || err != nil {
				t.Errorf("object %d is %v, %v", n, o, err)
			}
		}
		if u, err := d.NewUpdate(); err != nil || u.Add(nil).Number != count {
			t.Errorf("a new object is not number %d: %v", count, err)
		}
	}
}

func TestChangedListsALargeTable(t *testing.T) {
	const count = linesKept + 10
	d := openBytes(t, manyObjects(t, count, "0"))
	changes, err := d.Latest().Changed()
	if err != nil || len(changes) != count-1 {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	for _, i := range []int{0, 5000, count - 2} {
		e, _, err := d.Latest().find(changes[i].Ref.Number)
		if err != nil || changes[i].Offset != e.value() || changes[i].Ref.Number != i+1 {
			t.Errorf("change %d is %+v", i, changes[i])
		}
	}
}

func TestADamagedLineInALargeTableIsFound(t *testing.T) {
	const count = linesKept + 1000
	good := manyObjects(t, count, "0")
	table := bytes.Index(good, []byte("0000000000 65535 f"))
	for name, spoil := range map[string]func(line []byte) []byte{
		"another letter":          func(l []byte) []byte { return []byte(strings.Replace(string(l), " n ", " x ", 1)) },
		"a letter for a digit":    func(l []byte) []byte { return append([]byte("o"), l[1:]...) },
		"text instead of a table": func([]byte) []byte { return []byte("-- lost in transit --") },
	} {
		t.Run(name, func(t *testing.T) {
			at := table + lineWidth*(linesKept/2)
			b := append(bytes.Clone(good[:at]), spoil(good[at:at+lineWidth])...)
			b = append(b, good[at+lineWidth:]...)
			d := openBytes(t, b)
			if !d.Rebuilt() {
				t.Error("the table was taken")
			}
		})
	}
}

// Lines of another width are read by the lexer, from the first of them on.
func TestAnIrregularLineInALargeTableIsRead(t *testing.T) {
	const count = linesKept + 1000
	good := manyObjects(t, count, "0")
	at := bytes.Index(good, []byte("0000000000 65535 f")) + lineWidth*(linesKept/2)
	b := append(bytes.Clone(good[:at+lineWidth-2]), good[at+lineWidth-1:]...) // one byte at its end less
	d := openBytes(t, b)
	if d.Rebuilt() {
		t.Fatal("the table was given up")
	}
	for _, n := range []int{3, linesKept/2 - 1, linesKept / 2, linesKept/2 + 1, count - 1} {
		if o, err := d.Latest().Load(Ref{Number: n}); err != nil || string(o.(String)) != fmt.Sprint(n) {
			t.Errorf("object %d is %v, %v", n, o, err)
		}
	}
}

func TestALineThatChangedAfterOpeningIsAnError(t *testing.T) {
	b := manyObjects(t, linesKept+1000, "0")
	d := openBytes(t, b)
	at := bytes.Index(b, []byte("0000000000 65535 f")) + lineWidth*5000
	b[at+3] = 'x'
	if _, err := d.Latest().Load(Ref{Number: 5000}); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

func TestRegularIsTheShapeOfALine(t *testing.T) {
	line := []byte("0123456789 65535 n \n")
	if e, ok := parseLine(line); !ok || e != makeEntry(kindOffset, 123456789, 65535) {
		t.Fatalf("%v %v", e, ok)
	}
	slow := func(b []byte) bool {
		for i, c := range b {
			digit := c >= '0' && c <= '9'
			switch {
			case i < 10 || i > 10 && i < 16:
				if !digit {
					return false
				}
			case i == 10 || i == 16:
				if c != ' ' {
					return false
				}
			case i == 17:
				if c != 'n' && c != 'f' {
					return false
				}
			case !isSpace(int(c)):
				return false
			}
		}
		return true
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range lineWidth {
		for c := range 256 {
			b := bytes.Clone(line)
			b[i] = byte(c)
			b[random.IntN(lineWidth)] = byte(random.IntN(256))
			if regular(b) != slow(b) {
				t.Errorf("%q", b)
			}
		}
	}
}
