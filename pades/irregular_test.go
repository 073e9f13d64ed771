package pades_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/antinvn/antin/pades"
)

// The first signature puts a complete cross-reference over one that strict readers refuse; later ones leave it alone, for they
// would make the revisions below unreadable.
func TestAnIrregularCrossReferenceIsWrittenAnew(t *testing.T) {
	s := newSigner(t, "Irregular", p256())
	regular := pages(2).bytes()
	trailer := func(with string) []byte {
		return bytes.Replace(regular, []byte("trailer\n<<"), []byte("trailer\n<< "+with), 1)
	}
	for name, base := range map[string][]byte{
		"lines of nineteen bytes":        bytes.ReplaceAll(bytes.ReplaceAll(regular, []byte(" n \n"), []byte(" n\n")), []byte(" f \n"), []byte(" f\n")),
		"a brace in the trailer":         trailer("/X { "),
		"a key without a value":          trailer("/X [ 1 > ] "),
		"a name with a lone number sign": trailer("/X /# "),
		"hexadecimals that are none":     trailer("/X <zz> "),
		"a word between keys":            trailer("word "),
		"a size that is not a number":    bytes.Replace(regular, []byte("/Size "), []byte("/Size null /Old "), 1),
		"two lines exchanged":            mixUp(regular),
	} {
		t.Run(name, func(t *testing.T) {
			if bytes.Equal(base, regular) {
				t.Fatal("the base is regular")
			}
			once, _ := sign(t, base, s, s.options())
			if bytes.Contains(once[len(base):], []byte("/Prev")) {
				t.Error("the first signature points to the cross-reference before it")
			}
			clean(t, once)
			twice, _ := sign(t, once, s, s.options())
			if !bytes.Contains(twice[len(once):], []byte("/Prev")) {
				t.Error("the second signature does not point to the first")
			}
			intact(t, twice, 2)
			clean(t, twice)
		})
	}
	once, _ := sign(t, regular, s, s.options())
	if !bytes.Contains(once[len(regular):], []byte("/Prev")) {
		t.Error("a regular file's cross-reference is not continued")
	}
}

// mixUp exchanges two lines of the cross-reference.
func mixUp(b []byte) []byte {
	head, table, _ := strings.Cut(string(b), "\nxref\n")
	lines := strings.SplitAfter(table, "\n")
	lines[5], lines[6] = lines[6], lines[5] // those of objects 4 and 5, the first page
	return []byte(head + "\nxref\n" + strings.Join(lines, ""))
}

func TestADocumentWithoutPagesIsSignedInvisibly(t *testing.T) {
	s := newSigner(t, "No pages", p256())
	signed, _ := sign(t, pages(0).bytes(), s, s.options())
	found := intact(t, signed, 1)
	if found[0].Page != 0 {
		t.Errorf("it is shown on page %d", found[0].Page)
	}
	o := s.options()
	o.Field.Place = &pades.Place{Page: 1}
	_, err := pades.Sign(t.Context(), &bytes.Buffer{}, open(t, pages(0).bytes()), s.key, o)
	wantCode(t, err, "pdf.no_page")
}
