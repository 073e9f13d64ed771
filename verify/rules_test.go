package verify

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/antinvn/antin/pdf"
)

func xmp(title, date string) string {
	return stream("/Type/Metadata/Subtype/XML", `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r"><rdf:Description xmlns:xmp="x" xmlns:dc="d" xmp:ModifyDate="`+
		date+`"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">`+title+`</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>`)
}

func stream(entries, data string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", entries, len(data), data)
}

// everything is a file with one of each thing that a rule is about, object 1 first.
func everything() []byte {
	objects := []string{
		"<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R/Metadata 10 0 R/StructTreeRoot 11 0 R/Extensions 13 0 R/DSS 14 0 R/Version/1.7>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.34997559 842]/Contents 4 0 R/Annots 19 0 R/Resources<</Font<</F1 5 0 R>>/Properties<</P 36 0 R/Q 35 0 R>>>>>>",
		stream("", "BT /F1 12 Tf 72 700 Td (Amount 100) Tj ET"),
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
		"<</Fields 20 0 R/SigFlags 1/DA(/F1 12 Tf 0 g)/DR 21 0 R/NeedAppearances true>>",
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(note)/Rect[72 600 200 620]/P 3 0 R/F 4/AP<</N 8 0 R>>>>",
		stream("/Subtype/Form/BBox[0 0 128 20]/Resources<</Font<</F1 5 0 R>>>>", "/Tx BMC EMC"),
		"<</Type/Annot/Subtype/Text/Contents 24 0 R/Rect[500 800 520 820]/F 4/IRT 33 0 R>>",
		xmp("A", "2026-01-01"),
		"<</Type/StructTreeRoot/K 12 0 R/ParentTree 25 0 R/ParentTreeNextKey 1>>",
		"<</Type/StructElem/S/Document/P 11 0 R/K[]>>",
		"<</ADBE<</BaseVersion/1.7/ExtensionLevel 3>>>>",
		"<</Type/DSS/Certs 15 0 R/VRI 16 0 R>>",
		"[17 0 R]",
		"<</AAAA 18 0 R>>",
		stream("", "certificate"),
		"<</Cert 26 0 R/CRL[40 0 R]>>",
		"[7 0 R 23 0 R 9 0 R 27 0 R 37 0 R 38 0 R]",
		"[7 0 R 23 0 R 27 0 R 28 0 R]",
		"<</Font 29 0 R>>",
		"(100)",
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(amount)/V 22 0 R/Rect[72 560 200 580]/P 3 0 R/F 4>>",
		"(a note)",
		"<</Nums[]>>",
		"[17 0 R]",
		"<</Type/Annot/Subtype/Widget/FT/Sig/T(seal)/Rect[300 100 400 200]/P 3 0 R/F 4>>",
		"<</T(group)/Kids 30 0 R>>",
		"<</F1 5 0 R>>",
		"[31 0 R]",
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/Parent 28 0 R/Rect[0 0 0 0]/F 4>>",
		"<</Title(A)/Producer(P)>>",
		"<</Type/Annot/Subtype/Text/Contents(the question)/Rect[0 0 9 9]>>",
		"(nothing refers to this)",
		"<</Type/OCG/Name(q)>>",
		"<</Type/OCG/Name(p)>>",
		"<</Type/Annot/Subtype/Stamp/Rect[400 400 500 500]/F 4>>",
		"<</Type/Annot/Subtype/Highlight/Rect[70 690 200 715]/QuadPoints[70 715 200 715 70 690 200 690]/F 4/AP<</N 39 0 R>>>>",
		stream("/Subtype/Form/BBox[0 0 130 25]", "1 1 0 rg 0 0 130 25 re f"),
		stream("", "a list that only the validation-related information names"),
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Root 1 0 R/Info 32 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, at)
	return b.Bytes()
}

// editor writes a revision.
type editor struct {
	t testing.TB
	*pdf.Update
	raw []byte // appended as it is, in place of what the update collects
}

func (e *editor) set(n int, change func(d pdf.Dict)) {
	e.t.Helper()
	o, err := e.Load(pdf.Ref{Number: n})
	if err != nil {
		e.t.Fatal(err)
	}
	d := maps.Clone(o.(pdf.Dict))
	change(d)
	e.put(n, d)
}

func (e *editor) put(n int, o pdf.Object) {
	e.t.Helper()
	if err := e.Set(pdf.Ref{Number: n}, o); err != nil {
		e.t.Fatal(err)
	}
}

func (e *editor) grow(n int, items ...pdf.Object) {
	e.t.Helper()
	a, err := e.Base().Array(pdf.Ref{Number: n})
	if err != nil {
		e.t.Fatal(err)
	}
	e.put(n, append(slices.Clone(a), items...))
}

// free appends a cross-reference that frees an object with a generation that no file should have.
func (e *editor) free(n, generation int) {
	e.raw = fmt.Appendf(nil, "xref\n%d 1\n0000000000 %05d f \ntrailer\n<</Root 1 0 R/Info 32 0 R/Size 60/Prev %d>>\n", n, generation, e.Base().Document().Revisions()[0].XRefOffset)
}

func ref(n int) pdf.Ref { return pdf.Ref{Number: n} }

func box(x0, y0, x1, y1 int64) pdf.Array { return pdf.Array{x0, y0, x1, y1} }

// signature is a dictionary that looks like one.
func (e *editor) signature(kind, format pdf.Name) pdf.Ref {
	return e.Add(pdf.Dict{
		"Type": kind, "Filter": pdf.Name("Adobe.PPKLite"), "SubFilter": format, "Contents": pdf.String("xx"), "ByteRange": pdf.Array{int64(0), int64(1), int64(2), int64(3)},
	})
}

// field is a new signature field, in the form.
func (e *editor) field(d pdf.Dict) pdf.Ref {
	for k, v := range (pdf.Dict{"Type": pdf.Name("Annot"), "Subtype": pdf.Name("Widget"), "FT": pdf.Name("Sig"), "T": pdf.String("new"), "Rect": box(0, 0, 0, 0), "P": ref(3)}) {
		if d[k] == nil {
			d[k] = v
		}
	}
	r := e.Add(d)
	e.grow(20, r)
	return r
}

func shows(said string) *pdf.Stream {
	return pdf.NewStream(pdf.Dict{"Subtype": pdf.Name("Form"), "BBox": box(0, 0, 128, 20), "Resources": pdf.Dict{"Font": pdf.Dict{"F1": ref(5)}}},
		[]byte("/Tx BMC BT /F1 12 Tf 2 2 Td ("+said+") Tj ET EMC"), false)
}

var formatCAdES = pdf.Name("ETSI.CAdES.detached")

// ruleCases has an honest and a hostile revision for each rule.
var ruleCases = []struct {
	rule            string
	class           Class
	honest, hostile func(e *editor)
}{
	{
		"respelled_number", ClassNone,
		func(e *editor) {
			e.set(3, func(d pdf.Dict) { d["MediaBox"] = pdf.Array{int64(0), int64(0), 595.35, int64(842)} })
		},
		func(e *editor) {
			e.set(3, func(d pdf.Dict) { d["MediaBox"] = pdf.Array{int64(0), int64(0), 595.4, int64(842)} })
		},
	},
	{
		"stored_anew", ClassNone,
		func(e *editor) {
			e.put(4, pdf.NewStream(nil, []byte("BT /F1 12 Tf 72 700 Td (Amount 100) Tj ET"), true))
		},
		func(e *editor) {
			e.put(4, pdf.NewStream(nil, []byte("BT /F1 12 Tf 72 700 Td (Amount 900) Tj ET"), true))
		},
	},
	{
		"unreferenced", ClassNone,
		func(e *editor) { e.put(34, pdf.String("still nothing")) },
		func(e *editor) { e.put(36, pdf.Dict{"Type": pdf.Name("OCG"), "Name": pdf.String("other")}) },
	},
	{"freed", ClassNone, func(e *editor) { e.free(34, 65535) }, func(e *editor) { e.free(4, 65534) }},
	{
		"back_reference", ClassNone,
		func(e *editor) { e.set(33, func(d pdf.Dict) { d["Contents"] = pdf.String("another question") }) },
		func(e *editor) { e.set(35, func(d pdf.Dict) { d["Name"] = pdf.String("another") }) },
	},
	{
		"version_raised", ClassLTA,
		func(e *editor) { e.set(1, func(d pdf.Dict) { d["Version"] = pdf.Name("2.0") }) },
		func(e *editor) { e.set(1, func(d pdf.Dict) { d["Version"] = pdf.Name("1.4") }) },
	},
	{
		"extensions", ClassLTA,
		func(e *editor) {
			e.set(1, func(d pdf.Dict) { d["Extensions"] = pdf.Dict{"ADBE": pdf.Dict{}, "ESIC": pdf.Dict{}} })
		},
		func(e *editor) { e.set(1, func(d pdf.Dict) { d["Extensions"] = pdf.Dict{"ESIC": pdf.Dict{}} }) },
	},
	{
		"extensions_changed", ClassLTA,
		func(e *editor) { e.set(13, func(d pdf.Dict) { d["ESIC"] = pdf.Dict{} }) },
		func(e *editor) { e.set(13, func(d pdf.Dict) { delete(d, "ADBE") }) },
	},
	{
		"information", ClassLTA,
		func(e *editor) { e.set(32, func(d pdf.Dict) { d["ModDate"] = pdf.String("D:2026") }) },
		func(e *editor) { e.set(32, func(d pdf.Dict) { d["Title"] = pdf.String("B") }) },
	},
	{
		"information_respelled", ClassNone,
		func(e *editor) { e.set(32, func(d pdf.Dict) { d["Title"] = pdf.String("\xfe\xff\x00A") }) },
		func(e *editor) { e.set(32, func(d pdf.Dict) { d["Title"] = pdf.String("\xfe\xff\x00B") }) },
	},
	{
		"metadata", ClassLTA,
		func(e *editor) {
			empty := e.Add(pdf.NewStream(pdf.Dict{"Type": pdf.Name("Metadata"), "Subtype": pdf.Name("XML")}, nil, false))
			e.set(1, func(d pdf.Dict) { d["Metadata"] = empty })
		},
		func(e *editor) { e.set(1, func(d pdf.Dict) { d["Metadata"] = ref(4) }) },
	},
	{
		"metadata_stream", ClassLTA,
		func(e *editor) { e.put(10, pdf.NewStream(nil, inside(xmp("A", "2026-02-02")), false)) },
		func(e *editor) { e.put(10, pdf.NewStream(nil, inside(xmp("B", "2026-01-01")), false)) },
	},
	{
		"structure_grown", ClassForm,
		func(e *editor) {
			el := e.Add(pdf.Dict{"Type": pdf.Name("StructElem"), "S": pdf.Name("Form"), "P": ref(12)})
			e.set(12, func(d pdf.Dict) { d["K"] = pdf.Array{el} })
			e.set(25, func(d pdf.Dict) { d["Nums"] = pdf.Array{int64(1), el} })
			e.set(11, func(d pdf.Dict) { d["ParentTreeNextKey"] = int64(2) })
		},
		func(e *editor) { e.set(12, func(d pdf.Dict) { d["S"] = pdf.Name("Figure") }) },
	},
	{
		"store", ClassLTA,
		func(e *editor) {
			d := e.Add(pdf.Dict{"Certs": pdf.Array{ref(17), e.Add(pdf.NewStream(nil, []byte("2"), false))}, "VRI": ref(16)})
			e.set(1, func(c pdf.Dict) { c["DSS"] = d })
		},
		func(e *editor) {
			e.set(1, func(d pdf.Dict) { d["DSS"] = pdf.Dict{"Certs": pdf.Array{}, "VRI": ref(16)} })
		},
	},
	{
		"store_entry", ClassLTA,
		func(e *editor) {
			o := e.Add(pdf.NewStream(nil, []byte("o"), false))
			e.set(14, func(d pdf.Dict) { d["OCSPs"] = pdf.Array{o} })
		},
		func(e *editor) { e.set(14, func(d pdf.Dict) { delete(d, "Certs") }) },
	},
	{
		"store_list", ClassLTA,
		func(e *editor) { e.grow(15, e.Add(pdf.NewStream(nil, []byte("2"), false))) },
		func(e *editor) { e.put(15, pdf.Array{}) },
	},
	{
		"vri", ClassLTA,
		func(e *editor) {
			e.put(16, pdf.Dict{"AAAA": pdf.Dict{"CRL": pdf.Array{ref(40)}}, "BBBB": pdf.Dict{"Cert": pdf.Array{ref(17)}}})
		},
		func(e *editor) { e.put(16, pdf.Dict{}) },
	},
	{
		"vri_entry", ClassLTA,
		func(e *editor) { e.set(18, func(d pdf.Dict) { delete(d, "Cert"); d["TU"] = pdf.String("D:2026") }) },
		func(e *editor) { e.set(18, func(d pdf.Dict) { delete(d, "CRL") }) },
	},
	{
		"form", ClassLTA,
		func(e *editor) {
			e.set(1, func(d pdf.Dict) {
				d["AcroForm"] = pdf.Dict{"Fields": ref(20), "SigFlags": int64(3), "DA": pdf.String("/F1 12 Tf 0 g"), "DR": ref(21)}
			})
		},
		func(e *editor) { e.set(1, func(d pdf.Dict) { d["AcroForm"] = pdf.Dict{"Fields": pdf.Array{}} }) },
	},
	{
		"signature_flags", ClassLTA,
		func(e *editor) { e.set(6, func(d pdf.Dict) { d["SigFlags"] = int64(3) }) },
		func(e *editor) { e.set(6, func(d pdf.Dict) { d["SigFlags"] = int64(0) }) },
	},
	{
		"appearances_settled", ClassNone,
		func(e *editor) { e.set(6, func(d pdf.Dict) { delete(d, "NeedAppearances") }) },
		func(e *editor) { e.set(6, func(d pdf.Dict) { d["NeedAppearances"] = int64(1) }) },
	},
	{
		"field_list", ClassForm,
		func(e *editor) {
			r := e.Add(pdf.Dict{"Subtype": pdf.Name("Widget"), "FT": pdf.Name("Sig"), "T": pdf.String("new"), "Rect": box(0, 0, 0, 0)})
			e.set(6, func(d pdf.Dict) { d["Fields"] = pdf.Array{ref(7), ref(23), ref(27), ref(28), r} })
		},
		func(e *editor) { e.set(6, func(d pdf.Dict) { d["Fields"] = pdf.Array{ref(7), ref(27), ref(28)} }) },
	},
	{
		"field_array", ClassForm,
		func(e *editor) { e.field(pdf.Dict{}) },
		func(e *editor) { e.put(20, pdf.Array{ref(23), ref(7), ref(27), ref(28)}) },
	},
	{
		"form_resources", ClassForm,
		func(e *editor) {
			e.set(6, func(d pdf.Dict) { d["DR"] = pdf.Dict{"Font": pdf.Dict{"F1": ref(5), "F2": pdf.Dict{}}} })
		},
		func(e *editor) {
			e.set(6, func(d pdf.Dict) { d["DR"] = pdf.Dict{"Font": pdf.Dict{"F1": pdf.Dict{"BaseFont": pdf.Name("Symbol")}}} })
		},
	},
	{
		"resources_grown", ClassNone,
		func(e *editor) { e.set(21, func(d pdf.Dict) { d["XObject"] = pdf.Dict{} }) },
		func(e *editor) { e.set(21, func(d pdf.Dict) { d["Font"] = pdf.Dict{} }) },
	},
	{
		"category_grown", ClassNone,
		func(e *editor) { e.set(29, func(d pdf.Dict) { d["F2"] = pdf.Dict{} }) },
		func(e *editor) { e.set(29, func(d pdf.Dict) { d["F1"] = pdf.Dict{} }) },
	},
	{
		"signature_in_field", ClassForm,
		func(e *editor) { r := e.signature("Sig", formatCAdES); e.set(27, func(d pdf.Dict) { d["V"] = r }) },
		func(e *editor) { e.set(27, func(d pdf.Dict) { d["V"] = pdf.Dict{"Type": pdf.Name("Sig")} }) },
	},
	{
		"signature_drawn", ClassForm,
		func(e *editor) {
			r, n := e.signature("Sig", formatCAdES), e.Add(shows("seal"))
			e.set(27, func(d pdf.Dict) { d["V"], d["AP"] = r, pdf.Dict{"N": n} })
		},
		func(e *editor) { n := e.Add(shows("seal")); e.set(27, func(d pdf.Dict) { d["AP"] = pdf.Dict{"N": n} }) },
	},
	{
		"value_filled", ClassForm,
		func(e *editor) { e.set(7, func(d pdf.Dict) { d["V"] = pdf.String("x") }) },
		func(e *editor) { e.set(27, func(d pdf.Dict) { d["V"] = pdf.String("x") }) },
	},
	{
		"value_object", ClassForm,
		func(e *editor) { e.put(22, pdf.String("200")) },
		func(e *editor) { e.put(22, pdf.Dict{"S": pdf.Name("JavaScript")}) },
	},
	{
		"field_drawn", ClassForm,
		func(e *editor) {
			n := e.Add(shows("x"))
			e.set(7, func(d pdf.Dict) { d["V"], d["AP"] = pdf.String("x"), pdf.Dict{"N": n} })
		},
		func(e *editor) {
			n := e.Add(shows("another"))
			e.set(7, func(d pdf.Dict) { d["V"], d["AP"] = pdf.String("x"), pdf.Dict{"N": n} })
		},
	},
	{
		"appearance_stream", ClassForm,
		func(e *editor) { e.set(7, func(d pdf.Dict) { d["V"] = pdf.String("x") }); e.put(8, shows("x")) },
		func(e *editor) { e.put(8, shows("another")) },
	},
	{
		"field_style", ClassForm,
		func(e *editor) { e.set(7, func(d pdf.Dict) { d["Q"], d["Ff"] = int64(1), int64(1) }) },
		func(e *editor) { e.set(7, func(d pdf.Dict) { d["Ff"] = int64(1 << 13) }) },
	},
	{
		"field_kids", ClassForm,
		func(e *editor) {
			r := e.Add(pdf.Dict{"Subtype": pdf.Name("Widget"), "FT": pdf.Name("Sig"), "T": pdf.String("b"), "Parent": ref(28), "Rect": box(0, 0, 0, 0)})
			e.set(28, func(d pdf.Dict) { d["Kids"] = pdf.Array{ref(31), r} })
		},
		func(e *editor) { e.set(28, func(d pdf.Dict) { d["Kids"] = pdf.Array{} }) },
	},
	{
		"new_timestamp_field", ClassLTA,
		func(e *editor) { e.field(pdf.Dict{"V": e.signature("DocTimeStamp", "ETSI.RFC3161")}) },
		func(e *editor) {
			e.field(pdf.Dict{"V": e.Add(pdf.Dict{"Type": pdf.Name("DocTimeStamp"), "SubFilter": pdf.Name("ETSI.RFC3161")})})
		},
	},
	{
		"new_signature_field", ClassForm,
		func(e *editor) { e.field(pdf.Dict{"V": e.signature("Sig", formatCAdES)}) },
		func(e *editor) { e.field(pdf.Dict{"V": e.signature("Sig", formatCAdES), "AA": pdf.Dict{}}) },
	},
	{
		"new_empty_field", ClassForm,
		func(e *editor) { e.field(pdf.Dict{}) },
		func(e *editor) {
			e.field(pdf.Dict{"AP": pdf.Dict{"N": e.Add(shows("sign here: 1 000 000"))}, "Rect": box(0, 0, 99, 99)})
		},
	},
	{
		"new_parent_field", ClassForm,
		func(e *editor) {
			kid := e.Add(pdf.Dict{"Subtype": pdf.Name("Widget"), "FT": pdf.Name("Sig"), "T": pdf.String("b"), "Rect": box(0, 0, 0, 0)})
			e.grow(20, e.Add(pdf.Dict{"T": pdf.String("parent"), "Kids": pdf.Array{kid}}))
		},
		func(e *editor) {
			kid := e.Add(pdf.Dict{"Subtype": pdf.Name("Widget"), "T": pdf.String("b"), "Rect": box(0, 0, 0, 0)})
			e.grow(20, e.Add(pdf.Dict{"T": pdf.String("parent"), "FT": pdf.Name("Tx"), "Kids": pdf.Array{kid}}))
		},
	},
	{
		"annotation_list", ClassAnnotation,
		func(e *editor) {
			r := e.Add(pdf.Dict{"Type": pdf.Name("Annot"), "Subtype": pdf.Name("Text"), "Rect": box(0, 0, 9, 9)})
			e.set(3, func(d pdf.Dict) { d["Annots"] = pdf.Array{ref(7), ref(23), ref(9), ref(27), ref(37), ref(38), r} })
		},
		func(e *editor) {
			e.set(3, func(d pdf.Dict) { d["Annots"] = pdf.Array{ref(7), ref(9), ref(27), ref(37), ref(38)} })
		},
	},
	{
		"annotation_array", ClassAnnotation,
		func(e *editor) {
			e.grow(19, e.Add(pdf.Dict{"Type": pdf.Name("Annot"), "Subtype": pdf.Name("Text"), "Rect": box(0, 0, 9, 9)}))
		},
		func(e *editor) { e.put(19, pdf.Array{ref(7), ref(23), ref(9), ref(27), ref(38), ref(37)}) },
	},
	{
		"widget_of_field", ClassForm,
		func(e *editor) {
			e.grow(19, e.field(pdf.Dict{"V": e.signature("Sig", formatCAdES), "Rect": box(300, 300, 400, 400)}))
		},
		func(e *editor) {
			e.grow(19, e.Add(pdf.Dict{"Type": pdf.Name("Annot"), "Subtype": pdf.Name("Widget"), "FT": pdf.Name("Sig"), "Rect": box(300, 300, 400, 400)}))
		},
	},
	{
		"annotation_added", ClassAnnotation,
		func(e *editor) {
			e.grow(19, e.Add(pdf.Dict{"Type": pdf.Name("Annot"), "Subtype": pdf.Name("FreeText"), "Rect": box(200, 300, 300, 320)}))
		},
		func(e *editor) {
			e.grow(19, e.Add(pdf.Dict{"Type": pdf.Name("Annot"), "Subtype": pdf.Name("FreeText"), "Rect": box(60, 690, 300, 720)}))
		},
	},
	{
		"annotation_removed", ClassAnnotation,
		func(e *editor) { e.put(19, pdf.Array{ref(7), ref(23), ref(27), ref(37), ref(38)}) },
		func(e *editor) { e.put(19, pdf.Array{ref(7), ref(23), ref(9), ref(27), ref(38)}) },
	},
	{
		"annotation_changed", ClassAnnotation,
		func(e *editor) { e.set(9, func(d pdf.Dict) { d["Rect"] = box(0, 0, 20, 20) }) },
		func(e *editor) { e.set(37, func(d pdf.Dict) { d["Rect"] = box(60, 690, 300, 720) }) },
	},
	{
		"annotation_part", ClassAnnotation,
		func(e *editor) { e.put(24, pdf.String("another note")) },
		func(e *editor) { e.put(39, shows("Amount 900")) },
	},
}

// inside is a stream's data.
func inside(object string) []byte {
	_, data, _ := bytes.Cut([]byte(object), []byte("\nstream\n"))
	return bytes.TrimSuffix(data, []byte("\nendstream"))
}

// revision is the file above with a revision of it.
func revision(t testing.TB, edit func(e *editor)) []byte {
	t.Helper()
	base := everything()
	d, err := pdf.Open(t.Context(), bytes.NewReader(base), int64(len(base)), nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	e := &editor{t: t, Update: u}
	edit(e)
	var out bytes.Buffer
	if e.raw != nil {
		fmt.Fprintf(&out, "%s%sstartxref\n%d\n%%%%EOF\n", base, e.raw, len(base))
	} else if _, err := u.WriteTo(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// after compares the file above with a revision of it.
func after(t *testing.T, edit func(e *editor), rules []changeRule) []Change {
	t.Helper()
	b := revision(t, edit)
	d, err := pdf.Open(t.Context(), bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.Rebuilt() || len(d.Revisions()) != 2 {
		t.Fatal("the revision is not what it was meant to be")
	}
	changes, err := newHistory(t.Context(), d.At(0), d, rules).since(d.At(0))
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func strongest(changes []Change) Class {
	if len(changes) == 0 {
		return ClassNone
	}
	return changes[0].Class
}

// TestEachRule: its honest file passes, and does not without the rule; its hostile file never passes.
func TestEachRule(t *testing.T) {
	names := map[string]bool{}
	for _, tt := range ruleCases {
		names[tt.rule] = true
		t.Run(tt.rule, func(t *testing.T) {
			if got := after(t, tt.honest, changeRules()); strongest(got) != tt.class {
				t.Errorf("honest: %+v, want %s", got, tt.class)
			}
			without := slices.DeleteFunc(changeRules(), func(r changeRule) bool { return r.name == tt.rule })
			if got := after(t, tt.honest, without); strongest(got) == tt.class {
				t.Errorf("honest, without the rule: %+v", got)
			}
			got := after(t, tt.hostile, changeRules())
			if strongest(got) != ClassForbidden {
				t.Errorf("hostile: %+v", got)
			}
			for _, c := range append(got, after(t, tt.honest, changeRules())...) {
				if !words().Has("change."+c.Code) || c.Object == "" || c.Revision != 1 {
					t.Errorf("not named: %+v", c)
				}
			}
		})
	}
	for _, r := range changeRules() {
		if !names[r.name] {
			t.Errorf("%s has no case", r.name)
		}
	}
}

// TestLimits holds the class of every rule's honest file to certification and policy (ISO 32000-2, table 257).
func TestLimits(t *testing.T) {
	strict, err := NamedPolicy("strict")
	if err != nil {
		t.Fatal(err)
	}
	limits := []struct {
		name   string
		p      int
		policy *Policy
		most   Class
	}{
		{"P=1", 1, DefaultPolicy(), ClassLTA},
		{"P=2", 2, DefaultPolicy(), ClassForm},
		{"P=3", 3, DefaultPolicy(), ClassAnnotation},
		{"uncertified", 0, DefaultPolicy(), ClassAnnotation},
		{"uncertified, strict", 0, strict, ClassForm},
	}
	for _, tt := range ruleCases {
		honest, hostile := after(t, tt.honest, changeRules()), after(t, tt.hostile, changeRules())
		for _, l := range limits {
			want := tt.class
			if rank(want) > rank(l.most) {
				want = ClassForbidden
			}
			if got := modifications(&SignatureFacts{Certification: l.p, Changes: honest}, l.policy); got != want {
				t.Errorf("%s, %s: %s, want %s", tt.rule, l.name, got, want)
			}
			if got := modifications(&SignatureFacts{Certification: l.p, Changes: hostile}, l.policy); got != ClassForbidden {
				t.Errorf("%s, %s, hostile: %s", tt.rule, l.name, got)
			}
		}
	}
}

// TestFieldLocks: a lock forbids what is done to the fields it names, and nothing else (ISO 32000-2, 12.8.2.4).
func TestFieldLocks(t *testing.T) {
	fill := func(e *editor) { e.set(7, func(d pdf.Dict) { d["V"] = pdf.String("x") }) }
	sign := func(e *editor) { r := e.signature("Sig", formatCAdES); e.set(27, func(d pdf.Dict) { d["V"] = r }) }
	style := func(e *editor) { e.set(7, func(d pdf.Dict) { d["Q"] = int64(2) }) }
	add := func(e *editor) { e.field(pdf.Dict{"V": e.signature("Sig", formatCAdES)}) }
	for _, tt := range []struct {
		name, action string
		fields       []string
		edit         func(e *editor)
		want         Class
	}{
		{"filled, all locked", "All", nil, fill, ClassForbidden},
		{"filled, named", "Include", []string{"note"}, fill, ClassForbidden},
		{"filled, another named", "Include", []string{"amount", "not"}, fill, ClassForm},
		{"filled, left out", "Exclude", []string{"note"}, fill, ClassForm},
		{"filled, another left out", "Exclude", []string{"amount"}, fill, ClassForbidden},
		{"styled, named", "Include", []string{"note"}, style, ClassForbidden},
		{"signed, named", "Include", []string{"seal"}, sign, ClassForbidden},
		{"signed, another named", "Include", []string{"note"}, sign, ClassForm},
		{"a new signature, all locked", "All", nil, add, ClassForm},
	} {
		s := &SignatureFacts{LockAction: tt.action, LockFields: tt.fields, Changes: after(t, tt.edit, changeRules())}
		if got := modifications(s, DefaultPolicy()); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestVisibleSignatureAfterCertification is what 110 of 790 signatures in the field meet: P=2, then new visible signatures.
func TestVisibleSignatureAfterCertification(t *testing.T) {
	strict, err := NamedPolicy("strict")
	if err != nil {
		t.Fatal(err)
	}
	s := &SignatureFacts{Certification: 2, Changes: after(t, func(e *editor) {
		e.grow(19, e.field(pdf.Dict{"V": e.signature("Sig", formatCAdES), "Rect": box(300, 300, 400, 400)}))
	}, changeRules())}
	if len(s.Changes) == 0 || s.Changes[0].Code != CodeVisibleSignature || s.Changes[0].Page != 1 || s.Changes[0].Rule != "new_signature_field" {
		t.Fatalf("%+v", s.Changes)
	}
	if got := modifications(s, DefaultPolicy()); got != ClassForm || !visibleAfterCertification(s) {
		t.Errorf("default: %s", got)
	}
	if got := modifications(s, strict); got != ClassForbidden {
		t.Errorf("strict: %s", got)
	}
}

// TestReachedByTwoWays: what an allowed way leads to is judged by the other one too.
func TestReachedByTwoWays(t *testing.T) {
	shared := bytes.Replace(everything(), []byte("/Contents 4 0 R/Annots"), []byte("/Contents 8 0 R/Annots"), 1) // the field's appearance is the page's content
	d, err := pdf.Open(t.Context(), bytes.NewReader(shared), int64(len(shared)), nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	e := &editor{t: t, Update: u}
	e.set(7, func(d pdf.Dict) { d["V"] = pdf.String("x") })
	e.put(8, shows("x"))
	var out bytes.Buffer
	if _, err := u.WriteTo(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if d, err = pdf.Open(t.Context(), bytes.NewReader(out.Bytes()), int64(out.Len()), nil); err != nil {
		t.Fatal(err)
	}
	changes, err := compareViews(t.Context(), d.At(0), d.Latest())
	if err != nil || strongest(changes) != ClassForbidden || changes[0].Code != "content_changed" || changes[0].Page != 1 {
		t.Errorf("%v %+v", err, changes)
	}
}

// TestEmptyReferences: an object made later where the signed file referred to nothing.
func TestEmptyReferences(t *testing.T) {
	base := bytes.Replace(everything(), []byte("/P 36 0 R"), []byte("/P 60 0 R"), 1)
	d, err := pdf.Open(t.Context(), bytes.NewReader(base), int64(len(base)), nil)
	if err != nil {
		t.Fatal(err)
	}
	at := len(base)
	added := fmt.Appendf(bytes.Clone(base), "60 0 obj\n%s\nendobj\n", "<</Type/OCG>>")
	end := len(added)
	added = fmt.Appendf(added, "xref\n60 1\n%010d 00000 n \ntrailer\n<</Root 1 0 R/Info 32 0 R/Size 61/Prev %d>>\nstartxref\n%d\n%%%%EOF\n", at, d.Revisions()[0].XRefOffset, end)
	if d, err = pdf.Open(t.Context(), bytes.NewReader(added), int64(len(added)), nil); err != nil || len(d.Revisions()) != 2 {
		t.Fatalf("%v: the file is not what it was meant to be", err)
	}
	changes, err := compareViews(t.Context(), d.At(0), d.Latest())
	if err != nil || strongest(changes) != ClassForbidden || changes[0].Code != "object_defined_late" || changes[0].Attack != AttackShadowHideAndReplace {
		t.Errorf("%v %+v", err, changes)
	}
}
