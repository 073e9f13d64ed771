package pades_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/antinvn/antin/pades"
)

var rangeEntry = regexp.MustCompile(`/ByteRange ?\[[^\]]*\]`)

// respell replaces the byte range of the last signature without changing any length.
func respell(t *testing.T, signed []byte, r [4]int64, shape string) []byte {
	t.Helper()
	at := rangeEntry.FindAllIndex(signed, -1)
	last := at[len(at)-1]
	text := "/ByteRange[" + fmt.Sprintf(shape, r[0], r[1], r[2], r[3])
	room := last[1] - last[0] - 1
	if len(text) > room {
		t.Fatalf("%q needs more than %d bytes", text, room)
	}
	text += strings.Repeat(" ", room-len(text)) + "]"
	return slices.Concat(signed[:last[0]], []byte(text), signed[last[1]:])
}

func TestByteRangeIsCheckedNumberByNumber(t *testing.T) {
	s := newSigner(t, "Range", p256())
	signed, report := sign(t, pages(1).bytes(), s, s.options())
	r, size := report.ByteRange, int64(len(signed))
	const plain = "%d %d %d %d"
	for name, c := range map[string]struct {
		r       [4]int64
		shape   string
		problem string
	}{
		"as signed":                  {r, plain, ""},
		"not from 0":                 {[4]int64{1, r[1] - 1, r[2], r[3]}, plain, pades.RangeNotFromStart},
		"a negative number":          {[4]int64{0, -5, r[2], r[3]}, plain, pades.RangeOutside},
		"a gap that starts early":    {[4]int64{0, r[1] - 10, r[2], r[3]}, plain, pades.RangeGap},
		"a gap that starts late":     {[4]int64{0, r[1] + 10, r[2], r[3]}, plain, pades.RangeGap},
		"a gap that ends late":       {[4]int64{0, r[1], r[2] + 10, r[3] - 10}, plain, pades.RangeGap},
		"a gap moved whole":          {[4]int64{0, r[1] - 10, r[2] - 10, r[3] + 10}, plain, pades.RangeGap},
		"parts that overlap":         {[4]int64{0, r[2], r[1], size - r[1]}, plain, pades.RangeOverlap},
		"an end outside the file":    {[4]int64{0, r[1], r[2], r[3] + 1}, plain, pades.RangeOutside},
		"an end inside the revision": {[4]int64{0, r[1], r[2], r[3] - 30}, plain, pades.RangeEnd},
		"five numbers":               {r, plain + " 0", pades.RangeNotFour},
		"reals":                      {r, "%d.0 %d %d %d", pades.RangeNotFour},
		"a huge number":              {[4]int64{0, r[1], 1 << 40, 1 << 40}, plain, pades.RangeOutside},
	} {
		t.Run(name, func(t *testing.T) {
			i := signatures(t, respell(t, signed, c.r, c.shape))[0].Check(t.Context())
			if i.ByteRangeProblem != c.problem || (i.ByteRange == pades.Valid) != (c.problem == "") {
				t.Errorf("byte range %s: %q, want %q", i.ByteRange, i.ByteRangeProblem, c.problem)
			}
			if c.problem != "" && (i.Digest == pades.Match || i.Signature == pades.Match) {
				t.Error("something matches in spite of it")
			}
		})
	}
}

func TestTamperedFilesAreFound(t *testing.T) {
	s := newSigner(t, "Tampered", p256())
	signed, report := sign(t, pages(1).bytes(), s, s.options())
	gap := report.ByteRange[1] + 1
	other, _ := sign(t, bytes.Replace(pages(1).bytes(), []byte("(Page 1)"), []byte("(Page 9)"), 1), s, s.options())

	t.Run("a byte of the page", func(t *testing.T) {
		i := signatures(t, bytes.Replace(signed, []byte("(Page 1)"), []byte("(Page 7)"), 1))[0].Check(t.Context())
		if i.ByteRange != pades.Valid || i.Digest != pades.Mismatch || i.Signature != pades.Match {
			t.Errorf("%+v", i)
		}
	})
	t.Run("a byte of the signature value", func(t *testing.T) {
		sig := signatures(t, signed)[0]
		value := sig.CMS.Signers()[0].Signature()
		changed := bytes.Clone(value)
		changed[len(changed)-1] ^= 1
		i := signatures(t, bytes.Replace(signed, hexOf(value), hexOf(changed), 1))[0].Check(t.Context())
		if i.Digest != pades.Match || i.Signature != pades.Mismatch {
			t.Errorf("%+v", i)
		}
	})
	t.Run("the signature of another file", func(t *testing.T) {
		swapped := bytes.Clone(signed)
		copy(swapped[gap:], other[gap:gap+32768])
		i := signatures(t, swapped)[0].Check(t.Context())
		if i.Digest != pades.Mismatch {
			t.Errorf("%+v", i)
		}
	})
	t.Run("rubbish instead of a signature", func(t *testing.T) {
		spoiled := bytes.Clone(signed)
		copy(spoiled[gap:], bytes.Repeat([]byte("ab"), 16384))
		i := signatures(t, spoiled)[0].Check(t.Context())
		if i.Err == nil || i.Digest != pades.Unverifiable || i.Signature != pades.Unverifiable {
			t.Errorf("%+v", i)
		}
	})
	t.Run("data hidden after the CMS", func(t *testing.T) {
		padded := bytes.Clone(signed)
		copy(padded[report.ByteRange[2]-9:], "deadbeef")
		i := signatures(t, padded)[0].Check(t.Context())
		if !slices.Contains(i.Notes, pades.NotePadding) {
			t.Errorf("%+v", i)
		}
	})
}

func hexOf(b []byte) []byte { return []byte(hex.EncodeToString(b)) }

func TestCoverageOfTheDocument(t *testing.T) {
	s := newSigner(t, "Coverage", p256())
	once, _ := sign(t, pages(1).bytes(), s, s.options())
	twice, _ := sign(t, once, s, s.options())
	all := signatures(t, twice)
	if all[0].Check(t.Context()).CoversWholeDocument || !all[1].Check(t.Context()).CoversWholeDocument {
		t.Error("only the last signature covers the whole document")
	}
	if i := signatures(t, append(bytes.Clone(once), '\n', '\r', '\n'))[0].Check(t.Context()); !i.CoversWholeDocument || i.ByteRange != pades.Valid {
		t.Errorf("white space at the end: %+v", i)
	}
}

func TestOneDictionaryInTwoFieldsIsNoted(t *testing.T) {
	s := newSigner(t, "Twin", p256())
	f := pages(1)
	field := f.add("<< /FT /Sig /T (a) /Type /Annot /Subtype /Widget /F 132 /Rect [0 0 0 0] /P 5 0 R >>")
	twin := f.add("<< /FT /Sig /T (b) /V 8 0 R >>")
	f.objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [" + field + " " + twin + "] >> >>"
	o := s.options()
	o.Field.Name = "a"
	signed, _ := sign(t, f.bytes(), s, o)
	all := signatures(t, signed)
	if len(all) != 2 {
		t.Fatalf("%d signatures; the first is object %v", len(all), all[0].Ref)
	}
	for _, sig := range all {
		if i := sig.Check(t.Context()); !slices.Contains(i.Notes, pades.NoteSharedDict) {
			t.Errorf("%s: %v", sig.Field, i.Notes)
		}
	}
}

func TestHeaderOffsetIsToleratedAndNoted(t *testing.T) {
	s := newSigner(t, "Header", p256())
	signed, _ := sign(t, pages(1).bytes(), s, s.options())
	shifted := append([]byte("HTTP/1.1 200 OK\r\n\r\n\r\n"), signed...)
	i := signatures(t, shifted)[0].Check(t.Context())
	if i.ByteRange != pades.Valid || i.Digest != pades.Match || !slices.Contains(i.Notes, pades.NoteRangeFromHeader) {
		t.Errorf("%+v", i)
	}
}

func FuzzPrepared(f *testing.F) {
	s := newSigner(f, "Fuzz", p256())
	p := must(pades.Prepare(f.Context(), open(f, pages(1).bytes()), s.options()))(f)
	f.Add(must(p.MarshalBinary())(f))
	f.Add([]byte(`{"version":1}`))
	f.Add([]byte(`{"version":1,"base_size":-1,"contents":9223372036854775807,"room":16777216}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p pades.Prepared
		if p.UnmarshalBinary(b) != nil {
			return
		}
		again := must(p.MarshalBinary())(t)
		var q pades.Prepared
		if err := q.UnmarshalBinary(again); err != nil {
			t.Fatalf("what was read is not read again: %v", err)
		}
	})
}

func FuzzSignatures(f *testing.F) {
	s := newSigner(f, "Fuzz", p256())
	o := s.options()
	o.PlaceholderBytes = 3000
	signed, _ := sign(f, pages(1).bytes(), s, o)
	f.Add(signed)
	f.Add(pages(1).bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := openAny(b)
		if err != nil {
			return
		}
		all, err := pades.Signatures(t.Context(), d)
		if err != nil {
			return
		}
		for _, s := range all {
			s.Check(t.Context())
		}
		_, _ = pades.StoredEvidence(d.Latest(), nil)
	})
}
