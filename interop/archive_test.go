package interop

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"
	"testing"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
)

// TestWhatIsShownKeepsPDFA asks veraPDF about everything that a signature can show, on each part of PDF/A and each output intent: a
// transparent picture, text, a QR code, filled fields, a seal and a stamp.
func TestWhatIsShownKeepsPDFA(t *testing.T) {
	needs(t, "verapdf")
	p := newPKI(t)
	id := p.identity(t, "P-256")
	spec := &appearance.Spec{Kind: appearance.Text, Image: translucent(t), Lines: []string{"Nguyễn Văn Mẫu", "2026-11-22T14:03:05+07:00"}, QR: "05/2026/QĐ-UBND"}
	at := func(x, y, w, h float64) *pades.Place {
		return &pades.Place{Page: 1, Rect: pdf.Rect{X0: x, Y0: y, X1: x + w, Y1: y + h}}
	}
	type specimen struct{ name, conformance, base, shown, twin string }
	var all []specimen
	var paths []string
	for _, conformance := range []string{"1b", "2b", "3b"} {
		for intent, profile := range map[string][]byte{"RGB": outputProfile(t, "testdata/pdfa-2b.pdf"), "gray": grayProfile(), "no": nil} {
			base := archive(conformance, profile)
			o := p.options(id, pades.BB, false)
			o.Field = pades.FieldSpec{Name: "leader", Place: at(200, 300, 300, 80)}
			o.Appearance, o.AlsoOn = spec, []pades.Place{*at(20, 20, 300, 80)}
			o.Reserve = []pades.Reservation{{Name: "number", Place: at(100, 700, 40, 16)}, {Name: "seal", Place: at(80, 400, 103, 103)}}
			signed := p.signed(t, base, id, o)
			o = p.options(id, pades.BLTA, false)
			o.Field.Name, o.Fill = "seal", map[string]string{"number": "05"}
			o.Appearance = &appearance.Spec{Kind: appearance.Agency, Image: translucent(t), WidthMM: 36, HeightMM: 36}
			signed = p.signed(t, signed, id, o)
			s := specimen{name: conformance + " " + intent, conformance: conformance}
			for path, content := range map[*string][]byte{&s.base: base, &s.shown: signed, &s.twin: edited(t, signed, func(u *pdf.Update) { stampUnembedded(t, u) })} {
				*path = absolute(t, t.TempDir()+"/file.pdf")
				write(t, *path, content)
				paths = append(paths, *path)
			}
			all = append(all, s)
		}
	}
	said := verapdf(t, paths...)
	for _, s := range all {
		t.Run(s.name+" intent", func(t *testing.T) {
			count("verapdf")
			count("verapdf")
			if refusal := said.refusal(s.base, s.conformance); refusal != "" {
				t.Fatalf("the base: %s", refusal)
			}
			if refusal := said.refusal(s.shown, s.conformance); refusal != "" {
				t.Errorf("signed: %s", refusal)
			}
			if wrong := unlike(said.refusal(s.twin, s.conformance), "FAIL "); wrong != "" {
				t.Errorf("a stamp whose font is not embedded: %s", wrong)
			}
		})
	}
}

// stampUnembedded adds an annotation as an editor that knows nothing of PDF/A would.
func stampUnembedded(t *testing.T, u *pdf.Update) {
	t.Helper()
	page, err := u.Base().Page(1)
	if err != nil {
		t.Fatal(err)
	}
	form := pdf.NewStream(pdf.Dict{
		"Type": pdf.Name("XObject"), "Subtype": pdf.Name("Form"), "BBox": pdf.Array{int64(0), int64(0), int64(50), int64(20)},
		"Resources": pdf.Dict{"Font": pdf.Dict{"F": pdf.Dict{"Type": pdf.Name("Font"), "Subtype": pdf.Name("Type1"), "BaseFont": pdf.Name("Helvetica")}}},
	}, []byte("BT /F 12 Tf (x) Tj ET"), false)
	annots, err := u.Base().Array(page.Dict["Annots"])
	if err != nil {
		t.Fatal(err)
	}
	page.Dict["Annots"] = append(annots, u.Add(pdf.Dict{
		"Type": pdf.Name("Annot"), "Subtype": pdf.Name("Stamp"), "F": int64(4), "Rect": pdf.Array{int64(10), int64(10), int64(60), int64(30)},
		"AP": pdf.Dict{"N": u.Add(form)},
	}))
	if err := u.Set(page.Ref, page.Dict); err != nil {
		t.Fatal(err)
	}
}

// translucent is a blue picture whose left half shows what is behind it.
func translucent(t *testing.T) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 60, 40))
	draw.Draw(img, img.Rect, image.NewUniform(color.NRGBA{20, 20, 200, 255}), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(0, 0, 30, 40), image.NewUniform(color.NRGBA{20, 20, 200, 90}), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// archive is an empty page that claims PDF/A ("1b"), with an output intent of this profile, or none.
func archive(conformance string, profile []byte) []byte {
	version := "1.7"
	if conformance[0] == '1' {
		version = "1.4"
	}
	p := newPaper(version)
	xmp := fmt.Sprintf(`<?xpacket begin="`+"\ufeff"+`" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">`+
		`<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"><pdfaid:part>%c</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>`+
		`</rdf:RDF></x:xmpmeta><?xpacket end="w"?>`, conformance[0])
	intent, last := "", 4
	if profile != nil {
		intent, last = "/OutputIntents [<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (test) /Info (test) /DestOutputProfile 5 0 R >>]", 5
	}
	p.object(1, "<< /Type /Catalog /Pages 2 0 R /Metadata 4 0 R "+intent+" >>")
	p.object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	p.object(3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> >>")
	p.stream(4, "/Type /Metadata /Subtype /XML", xmp)
	if profile != nil {
		p.stream(5, fmt.Sprintf("/N %d", map[string]int{"RGB ": 3, "GRAY": 1}[string(profile[16:20])]), string(profile))
	}
	table := p.Len()
	fmt.Fprintf(p, "xref\n0 %d\n0000000000 65535 f \n", last+1)
	p.entries(1, last)
	return p.end(fmt.Sprintf("/Size %d /Root 1 0 R", last+1), table)
}

// grayProfile is an ICC profile of version 2 for one component with a gamma of 2.2.
func grayProfile() []byte {
	tags := []struct{ name, data string }{
		{"desc", "desc\x00\x00\x00\x00\x00\x00\x00\x05gray\x00" + string(make([]byte, 4+4+2+1+67))},
		{"cprt", "text\x00\x00\x00\x00none\x00"},
		{"wtpt", "XYZ \x00\x00\x00\x00\x00\x00\xf6\xd6\x00\x01\x00\x00\x00\x00\xd3\x2d"},
		{"kTRC", "curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33"},
	}
	header := make([]byte, 128)
	copy(header[8:], "\x02\x10\x00\x00mntrGRAYXYZ \x07\xd0\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00acsp")
	copy(header[68:], tags[2].data[8:])
	table := binary.BigEndian.AppendUint32(nil, uint32(len(tags)))
	var data []byte
	for _, tag := range tags {
		table = append(table, tag.name...)
		table = binary.BigEndian.AppendUint32(table, uint32(128+4+12*len(tags)+len(data)))
		table = binary.BigEndian.AppendUint32(table, uint32(len(tag.data)))
		data = append(data, tag.data...)
		data = append(data, make([]byte, -len(data)&3)...)
	}
	out := slices.Concat(header, table, data)
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}
