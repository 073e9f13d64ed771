package interop

import (
	"testing"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pades/appearance"
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
	o.Appearance = &appearance.Spec{Kind: appearance.Person, Image: read(t, "../cmd/antin/assets/signature.png")}
	d.leader = p.signed(t, d.reserved, person, o)
	o = p.options(agency, pades.BLTA, false)
	o.Fill = map[string]string{"number": "05", "day": "21", "month": "11"}
	o.Field = pades.FieldSpec{Name: "seal"}
	o.Appearance = &appearance.Spec{Kind: appearance.Agency, Image: read(t, "../cmd/antin/assets/seal.png"), WidthMM: 36, HeightMM: 36}
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
