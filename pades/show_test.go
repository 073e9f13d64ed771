package pades_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
)

func TestTheSamePictureOnMorePagesIsStamps(t *testing.T) {
	s := newSigner(t, "Stamps", p256())
	o := s.options()
	box := pdf.Rect{X0: 300, Y0: 50, X1: 420, Y1: 90}
	o.Field.Place = &pades.Place{Page: 1, Rect: box}
	o.AlsoOn = []pades.Place{{Page: 2, Rect: box}, {Page: -1, Rect: box}}
	o.Appearance = &appearance.Spec{Kind: appearance.Text, Lines: []string{"Đã ký"}}
	signed, _ := sign(t, pages(3).bytes(), s, o)
	if sig := intact(t, signed, 1)[0]; sig.Page != 1 {
		t.Errorf("the signature is on page %d", sig.Page)
	}
	clean(t, signed)
	v := open(t, signed).Latest()
	for n, want := range map[int]pdf.Name{1: "Widget", 2: "Stamp", 3: "Stamp"} {
		page := must(v.Page(n))(t)
		list := must(v.Array(page.Dict["Annots"]))(t)
		if len(list) != 1 {
			t.Fatalf("page %d has %d annotations", n, len(list))
		}
		if d := must(v.Dict(list[0]))(t); d["Subtype"] != want || d["F"] != int64(132) || fmt.Sprint(d["Rect"]) != "[300 50 420 90]" {
			t.Errorf("page %d: %v", n, d)
		}
	}
	t.Run("not after a certification that forbids annotations", func(t *testing.T) {
		c := s.options()
		c.Certify = 2
		certified, _ := sign(t, pages(3).bytes(), s, c)
		_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, certified), s.key, o)
		wantCode(t, err, pades.ErrDocMDP)
	})
	t.Run("not without a picture", func(t *testing.T) {
		bare := s.options()
		bare.AlsoOn = o.AlsoOn
		_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, pages(3).bytes()), s.key, bare)
		wantCode(t, err, pades.ErrOptions)
	})
}

func TestAVisibleFieldAfterCertificationIsNoted(t *testing.T) {
	s := newSigner(t, "Late", p256())
	o := s.options()
	o.Certify = 2
	certified, _ := sign(t, pages(1).bytes(), s, o)
	o = s.options()
	o.Field.Place = &pades.Place{Page: 1, Rect: pdf.Rect{X0: 10, Y0: 10, X1: 100, Y1: 40}}
	o.Appearance = &appearance.Spec{Kind: appearance.Text, Lines: []string{"x"}}
	_, report := sign(t, certified, s, o)
	if fmt.Sprint(report.Notes) != "["+pades.NoteVisibleLate+"]" {
		t.Errorf("%v", report.Notes)
	}
}

func TestPDFA1KeepsAnAppearanceInEveryField(t *testing.T) {
	s := newSigner(t, "Archive", p256())
	a, source := newTSA(t)
	f := pages(1)
	xmp := `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdfaid:part="1" pdfaid:conformance="B"/></rdf:RDF></x:xmpmeta>`
	metadata := f.add(fmt.Sprintf("<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream", len(xmp), xmp))
	f.objects[0] = "<< /Type /Catalog /Pages 2 0 R /Metadata " + metadata + " >>"
	f.version = "1.4"
	signed, _ := sign(t, f.bytes(), s, withTSA(s.options(), pades.BLTA, a, source))
	intact(t, signed, 2)
	d := open(t, signed)
	v := d.Latest()
	fields := must(v.Array(must(v.Get("AcroForm", "Fields"))(t)))(t)
	var shown []pdf.Object
	for _, f := range fields {
		ap := must(v.Dict(must(v.Dict(f))(t)["AP"]))(t)
		if len(ap) != 1 || must(v.Stream(ap["N"]))(t) == nil {
			t.Fatalf("appearance %v", ap)
		}
		shown = append(shown, ap["N"])
	}
	if len(shown) != 2 || shown[0] != shown[1] {
		t.Errorf("the document time-stamp brings an appearance of its own: %v", shown)
	}
	if d.Version() != "1.4" {
		t.Errorf("version %s", d.Version())
	}
	if said := pyhanko(t, signed); !strings.Contains(said, "docmdp_ok=True level=LTA_UPDATES") {
		t.Errorf("pyHanko: %s", said)
	}
}

func TestASharedAnnotationArrayIsChangedInItsPlace(t *testing.T) {
	s := newSigner(t, "Shared", p256())
	f := pages(2)
	annots := f.add("[]")
	for _, n := range []int{firstPage, firstPage + 2} {
		f.objects[n-1] = strings.Replace(f.objects[n-1], "/Contents", "/Annots "+annots+" /Contents", 1)
	}
	signed, _ := sign(t, f.bytes(), s, s.options())
	v := open(t, signed).Latest()
	for n := 1; n <= 2; n++ {
		page := must(v.Page(n))(t)
		if list := must(v.Array(page.Dict["Annots"]))(t); page.Dict["Annots"] == nil || len(list) != 1 {
			t.Errorf("page %d: %v", n, list)
		}
	}
	clean(t, signed)
}
