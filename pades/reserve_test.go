package pades_test

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
)

func TestReservedFieldsAreFilledUnderTheSeal(t *testing.T) {
	leader, agency := newSigner(t, "Leader", p256()), newSigner(t, "Agency", rsa2048())
	base := pages(2).bytes()
	o := leader.options()
	o.Field.Place = &pades.Place{Page: -1, Rect: pdf.Rect{X0: 340, Y0: 150, X1: 520, Y1: 220}}
	o.Appearance = &appearance.Spec{Kind: appearance.Text, Lines: []string{"Nguyễn Văn An"}}
	o.Reserve = []pades.Reservation{
		{Name: "number", Place: &pades.Place{Page: 1, Rect: pdf.Rect{X0: 100, Y0: 740, X1: 140, Y1: 756}}},
		{Name: "day", Place: &pades.Place{Page: 1, Rect: pdf.Rect{X0: 380, Y0: 740, X1: 410, Y1: 756}}},
		{Name: "seal"},
	}
	first, report := sign(t, base, leader, o)
	if fmt.Sprint(report.Reserved) != "[number day seal]" {
		t.Fatal(report.Reserved)
	}
	sig := intact(t, first, 1)[0]
	if sig.DocMDP != 2 || sig.FieldMDP == nil || sig.FieldMDP.Action != "Exclude" || fmt.Sprint(sig.FieldMDP.Fields) != "[number day seal]" {
		t.Fatalf("DocMDP %d, FieldMDP %+v", sig.DocMDP, sig.FieldMDP)
	}
	clean(t, first)

	o = agency.options()
	o.Field.Name = "seal"
	o.Fill = map[string]string{"number": "05", "day": "21"}
	sealed, _ := sign(t, first, agency, o)
	seal := intact(t, sealed, 2)[1]
	if seal.Field != "seal" || seal.FieldMDP == nil || seal.FieldMDP.Action != "All" || seal.FieldMDP.P != 1 {
		t.Fatalf("%s %+v", seal.Field, seal.FieldMDP)
	}
	if box := seal.Rect; seal.Page != 2 || box.X1 != 400 || box.Y0 >= 185 || box.Y1 <= 185 {
		t.Errorf("the seal is at %v of page %d, not over the left third", box, seal.Page)
	}
	clean(t, sealed)
	if number := must(open(t, sealed).Latest().Get("AcroForm", "Fields", 0))(t).(pdf.Dict); number["V"] != pdf.String("05") || number["Ff"] != int64(1) {
		t.Errorf("number %v", number)
	}
	if said := peer(t, "pdfsig", "-nocert", store(t, sealed)); strings.Count(said, "Signature is Valid") != 2 {
		t.Errorf("pdfsig: %s", said)
	}
	t.Run("nothing is signed or filled after the seal", func(t *testing.T) {
		_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, sealed), leader.key, leader.options())
		wantCode(t, err, pades.ErrDocMDP)
	})
	t.Run("pyHanko allows both and refuses a changed number", func(t *testing.T) {
		said := pyhanko(t, sealed)
		if strings.Count(said, "intact=True valid=True") != 2 || !strings.Contains(said, "docmdp_ok=True level=FORM_FILLING") {
			t.Errorf("pyHanko: %s", said)
		}
		if said := pyhanko(t, renumber(t, sealed)); !strings.Contains(said, "docmdp_ok=False") {
			t.Errorf("pyHanko on the changed number: %s", said)
		}
	})
}

// EU DSS calls another /BBox, /Matrix or /Filter of a field's appearance a change that no rule explains.
func TestFillingAndSealingChangeNothingButContent(t *testing.T) {
	s := newSigner(t, "Seal", p256())
	o := s.options()
	o.Field.Place = &pades.Place{Page: -1, Rect: pdf.Rect{X0: 340.12345, Y0: 150.98765, X1: 520, Y1: 220}}
	o.Appearance = &appearance.Spec{Kind: appearance.Text, Lines: []string{"Nguyễn Văn An"}}
	o.Reserve = []pades.Reservation{{Name: "number", Place: &pades.Place{Page: 1, Rect: pdf.Rect{X0: 100.33337, Y0: 740, X1: 140.11111, Y1: 756}}}, {Name: "seal"}}
	first, _ := sign(t, pages(2).bytes(), s, o)
	o = s.options()
	o.Field.Name = "seal"
	o.Fill = map[string]string{"number": "05"}
	o.Appearance = &appearance.Spec{Kind: appearance.Text, Lines: []string{"Dấu"}}
	sealed, _ := sign(t, first, s, o)
	before, after := open(t, first).Latest(), open(t, sealed).Latest()
	for field := range 2 {
		was := must(before.Get("AcroForm", "Fields", field, "AP", "N"))(t).(*pdf.Stream)
		is := must(after.Get("AcroForm", "Fields", field, "AP", "N"))(t).(*pdf.Stream)
		for _, key := range []pdf.Name{"BBox", "Matrix", "Filter"} {
			if fmt.Sprint(was.Dict[key]) != fmt.Sprint(is.Dict[key]) {
				t.Errorf("field %d: /%s %v becomes %v", field, key, was.Dict[key], is.Dict[key])
			}
		}
	}
}

// renumber changes the number after the seal, as someone with an editor would.
func renumber(t *testing.T, sealed []byte) []byte {
	t.Helper()
	u := must(open(t, sealed).NewUpdate())(t)
	ref := must(u.Base().Array(must(u.Base().Get("AcroForm", "Fields"))(t)))(t)[0].(pdf.Ref)
	number := must(u.Base().Dict(ref))(t)
	changed := pdf.Dict{}
	maps.Copy(changed, number)
	changed["V"] = pdf.String("50")
	if err := u.Set(ref, changed); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	must(u.WriteTo(t.Context(), &out))(t)
	return out.Bytes()
}

func TestReserveWithoutSigning(t *testing.T) {
	at := &pades.Place{Page: 1, Rect: pdf.Rect{X0: 100, Y0: 700, X1: 140, Y1: 716}}
	var out bytes.Buffer
	report := must(pades.Reserve(t.Context(), &out, open(t, pages(1).bytes()),
		pades.Reservation{Name: "number", Place: at}, pades.Reservation{Name: "number", Place: at}, pades.Reservation{Name: "seal", Place: at}))(t)
	if fmt.Sprint(report.Reserved) != "[number number-2 seal]" {
		t.Error(report.Reserved)
	}
	clean(t, out.Bytes())
	form := must(open(t, out.Bytes()).Latest().Get("AcroForm"))(t).(pdf.Dict)
	if _, ok := form["NeedAppearances"]; ok {
		t.Error("NeedAppearances is set")
	}
	for name, c := range map[string]struct {
		r    pades.Reservation
		code codes.Code
	}{
		"a seal without a place":     {pades.Reservation{Name: "seal"}, pades.ErrPlace},
		"a gap that is not there":    {pades.Reservation{Name: "number"}, pades.ErrPlace},
		"a page that is not there":   {pades.Reservation{Name: "day", Place: &pades.Place{Page: 7, Rect: at.Rect}}, pades.ErrPlace},
		"a box without area":         {pades.Reservation{Name: "day", Place: &pades.Place{Page: 1}}, pades.ErrPlace},
		"a kind that does not exist": {pades.Reservation{Name: "day", Kind: "button", Place: at}, pades.ErrOptions},
		"a name with a full stop":    {pades.Reservation{Name: "a.b", Place: at}, pades.ErrOptions},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pades.Reserve(t.Context(), new(bytes.Buffer), open(t, pages(1).bytes()), c.r)
			wantCode(t, err, c.code)
		})
	}
	t.Run("a text field after a signature", func(t *testing.T) {
		s := newSigner(t, "Early", p256())
		signed, _ := sign(t, pages(1).bytes(), s, s.options())
		_, err := pades.Reserve(t.Context(), new(bytes.Buffer), open(t, signed), pades.Reservation{Name: "day", Place: at})
		wantCode(t, err, pades.ErrSigned)
	})
}

// TestFilledGapsLookLikeTheLineAroundThem: the line of place and date is set in italics (decree 30/2020, appendix I), the number
// upright; each in the size of its line.
func TestFilledGapsLookLikeTheLineAroundThem(t *testing.T) {
	s := newSigner(t, "Clerk", p256())
	var reserved bytes.Buffer
	decision := open(t, read(t, "../cmd/antin/assets/decision.pdf"))
	must(pades.Reserve(t.Context(), &reserved, decision, pades.Reservation{Name: "number"}, pades.Reservation{Name: "day"}))(t)
	o := s.options()
	o.Fill = map[string]string{"number": "05", "day": "21"}
	filled, _ := sign(t, reserved.Bytes(), s, o)
	v := open(t, filled).Latest()
	for i, want := range []struct{ da, font string }{{"/TiRo 13 Tf 0 g", "+LiberationSerif"}, {"/TiIt 13 Tf 0 g", "+LiberationSerif-Italic"}} {
		da := must(v.Get("AcroForm", "Fields", i, "DA"))(t)
		form := must(v.Stream(must(v.Get("AcroForm", "Fields", i, "AP", "N"))(t)))(t)
		fonts := must(v.Dict(must(v.Dict(form.Dict["Resources"]))(t)["Font"]))(t)
		font := must(v.Dict(fonts["F0"]))(t)
		if base, _ := font["BaseFont"].(pdf.Name); !strings.HasSuffix(string(base), want.font) || da != pdf.String(want.da) {
			t.Errorf("%v in %s, want %s in %s", da, base, want.da, want.font)
		}
	}
}
