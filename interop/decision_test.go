package interop

import (
	"maps"
	"slices"
	"testing"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/text"
	"github.com/antinvn/antin/verify"
)

// decision is a decree's way of signing: number, day, month and seal reserved; the leader certifies with P=2; the agency fills in and
// seals over a third of the leader's picture, which locks all.
type decision struct{ reserved, leader, sealed []byte }

func (p *pki) decision(t *testing.T) *decision {
	t.Helper()
	d := &decision{reserved: read(t, "testdata/libreoffice.pdf")}
	v := open(t, d.reserved, "").Latest()
	at, err := text.Find(t.Context(), v, "KT. CHỦ TỊCH")
	if err != nil {
		t.Fatal(err)
	}
	box, err := text.SpaceBelow(t.Context(), v, at, 170, 85)
	if err != nil {
		t.Fatal(err)
	}
	person, agency := p.identity(t, "P-256"), p.identity(t, "RSA-2048")
	o := p.options(person, pades.BLT, false)
	o.Reserve = []pades.Reservation{{Name: "number"}, {Name: "day"}, {Name: "month"}, {Name: "seal"}}
	o.Certify = 2
	o.Field = pades.FieldSpec{Name: "leader", Place: &pades.Place{Page: at.Page, Rect: box}}
	o.Appearance = &appearance.Spec{Kind: appearance.Person, Image: read(t, "../internal/pki/training/pictures/signature.png")}
	d.leader = p.signed(t, d.reserved, person, o)
	o = p.options(agency, pades.BLTA, false)
	o.Fill = map[string]string{"number": "05", "day": "21", "month": "11"}
	o.Field = pades.FieldSpec{Name: "seal"}
	o.Appearance = &appearance.Spec{Kind: appearance.Agency, Image: read(t, "../internal/pki/training/pictures/seal.png"), WidthMM: 36, HeightMM: 36}
	d.sealed = p.signed(t, d.leader, agency, o)
	return d
}

// TestDecision holds the whole scenario, and what comes after the seal.
func TestDecision(t *testing.T) {
	p := newPKI(t)
	d := p.decision(t)
	said := p.askAll(t, file{name: "leader", content: d.leader}, file{name: "sealed", content: d.sealed},
		file{name: "byte changed", content: spoil(t, d.sealed)},
		file{name: "number changed before the seal", content: refilled(t, d.leader, "number", "50")},
		file{name: "number changed after the seal", content: refilled(t, d.sealed, "number", "50")})
	overlap := dssModifications{extension: true, overlap: "[2]"} // the decree wants the seal over the signature
	filled := overlap
	filled.form = true
	both := []string{"PAdES-BASELINE-LTA", "PAdES-BASELINE-LTA"}
	for name, want := range map[string]*expected{
		"leader": {
			antin: verify.TotalPassed, classes: []verify.Class{verify.ClassLTA}, valid: true, pyhanko: []string{"LTA_UPDATES"},
			levels: []string{"PAdES-BASELINE-LT"}, changes: []dssModifications{overlap},
		},
		"sealed": {
			antin: verify.TotalPassed, classes: []verify.Class{verify.ClassForm, verify.ClassLTA}, valid: true,
			pyhanko: []string{"FORM_FILLING", "LTA_UPDATES"}, levels: both, changes: []dssModifications{filled, overlap},
		},
		"byte changed": {antin: verify.TotalFailed, dss: verify.TotalFailed},
		// P=2 lets anyone fill a field until the seal locks it.
		"number changed before the seal": {
			antin: verify.TotalPassed, classes: []verify.Class{verify.ClassForm}, valid: true, pyhanko: []string{"FORM_FILLING"},
			changes: []dssModifications{filled},
		},
		"number changed after the seal": {
			antin: verify.TotalFailed, valid: true, pyhanko: []string{"FORM_FILLING", "refused"}, levels: both, changes: []dssModifications{filled, filled},
		},
	} {
		t.Run(name, func(t *testing.T) { said[name].hold(t, want) })
	}
}

// TestNothingChangesAfterTheSeal: the seal's field locks all with /P 1, so that whatever an editor changes afterwards is refused, by
// pyHanko and by us.
func TestNothingChangesAfterTheSeal(t *testing.T) {
	p := newPKI(t)
	sealed := p.decision(t).sealed
	path := absolute(t, t.TempDir()+"/sealed.pdf")
	write(t, path, sealed)
	if v := p.decide(t, path, ""); v.Indication != verify.TotalPassed {
		t.Fatal(v.Report("en").Text())
	}
	// change replaces entries of a field's dictionary.
	change := func(name string, with func(u *pdf.Update, d pdf.Dict)) func(u *pdf.Update) {
		return func(u *pdf.Update) {
			fields, err := pades.Fields(u.Base())
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(fields, func(f pades.FieldInfo) bool { return f.Name == name })
			d, err := u.Base().Dict(fields[i].Ref)
			if err != nil {
				t.Fatal(err)
			}
			d = maps.Clone(d)
			with(u, d)
			if err := u.Set(fields[i].Ref, d); err != nil {
				t.Fatal(err)
			}
		}
	}
	shown := func(u *pdf.Update, text string) pdf.Dict {
		page, err := u.Base().Page(1)
		if err != nil {
			t.Fatal(err)
		}
		form, err := appearance.FieldText(u, page, 40, 16, text, 13, false, "")
		if err != nil {
			t.Fatal(err)
		}
		return pdf.Dict{"N": form}
	}
	annotation := func(kind pdf.Name) func(u *pdf.Update) {
		return func(u *pdf.Update) {
			page, err := u.Base().Page(1)
			if err != nil {
				t.Fatal(err)
			}
			annots, err := u.Base().Array(page.Dict["Annots"])
			if err != nil {
				t.Fatal(err)
			}
			page.Dict["Annots"] = append(slices.Clone(annots), u.Add(pdf.Dict{
				"Type": pdf.Name("Annot"), "Subtype": kind, "F": int64(4), "Contents": pdf.String("x"), "AP": shown(u, "Mới"),
				"Rect": pdf.Array{int64(100), int64(100), int64(200), int64(150)},
			}))
			if err := u.Set(page.Ref, page.Dict); err != nil {
				t.Fatal(err)
			}
		}
	}
	edits := map[string]func(u *pdf.Update){
		"a value":                      change("day", func(_ *pdf.Update, d pdf.Dict) { d["V"] = pdf.String("22") }),
		"what a field shows":           change("number", func(u *pdf.Update, d pdf.Dict) { d["AP"] = shown(u, "50") }),
		"a value and what it shows":    change("number", func(u *pdf.Update, d pdf.Dict) { d["V"], d["AP"] = pdf.String("50"), shown(u, "50") }),
		"a value taken away":           change("month", func(_ *pdf.Update, d pdf.Dict) { delete(d, "V") }),
		"what the seal shows":          change("seal", func(u *pdf.Update, d pdf.Dict) { d["AP"] = shown(u, "Dấu") }),
		"what the leader's part shows": change("leader", func(u *pdf.Update, d pdf.Dict) { d["AP"] = shown(u, "Người khác") }),
		"a field moved":                change("number", func(_ *pdf.Update, d pdf.Dict) { d["Rect"] = pdf.Array{int64(0), int64(0), int64(90), int64(20)} }),
		"a field that may be filled":   change("number", func(_ *pdf.Update, d pdf.Dict) { delete(d, "Ff") }),
		"a note":                       annotation("FreeText"), "a stamp": annotation("Stamp"),
	}
	jobs, names := [][]string{}, []string{}
	for name, edit := range edits {
		twin := absolute(t, t.TempDir()+"/edited.pdf")
		write(t, twin, edited(t, sealed, edit))
		jobs, names = append(jobs, []string{"validate", twin}), append(names, name)
		if v := p.decide(t, twin, ""); v.Indication != verify.TotalFailed {
			t.Errorf("%s: antin: %s", name, v.Report("en").Text())
		}
	}
	needs(t, "pyhanko")
	for i, a := range pyhanko(t, p.root, jobs) {
		if a.Error == "" && !slices.ContainsFunc(a.Signatures, func(s pyhankoSignature) bool {
			return s.modification() == "OTHER" || s.DocMDP != nil && !*s.DocMDP
		}) {
			t.Errorf("%s: pyHanko: %v", names[i], a)
		}
	}
}
