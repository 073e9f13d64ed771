package interop

import (
	"bytes"
	"maps"
	"testing"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/verify"
)

// opinions are what everyone says of one file; a peer that is not here says nothing.
type opinions struct {
	name    string
	antin   *verify.Verdict
	pdfsig  string // refusal
	qpdf    string // refusal
	pyhanko pyhankoAnswer
	dss     dssAnswer
}

// file is a name, its bytes, and the password that opens it.
type file struct {
	name     string
	content  []byte
	password string
}

// askAll asks every peer about files, each peer in one run.
func (p *pki) askAll(t *testing.T, files ...file) map[string]*opinions {
	t.Helper()
	all := make([]*opinions, len(files))
	var forPyHanko, forDSS [][]string
	for i, f := range files {
		path := absolute(t, t.TempDir()+"/file.pdf")
		write(t, path, f.content)
		o := &opinions{name: f.name, antin: p.decide(t, path, f.password)}
		if present(t, "pdfsig") {
			o.pdfsig = pdfsigRefusal(t, path, "-upw", f.password)
		}
		if present(t, "qpdf") {
			o.qpdf = qpdfRefusal(t, path, "--password="+f.password)
		}
		forPyHanko, forDSS = append(forPyHanko, []string{"validate", path, f.password}), append(forDSS, []string{"validate", path, "", f.password})
		all[i] = o
	}
	if present(t, "pyhanko") {
		for i, a := range pyhanko(t, p.root, forPyHanko) {
			all[i].pyhanko = a
		}
	}
	if present(t, "dss") {
		for i, a := range dss(t, p.root, forDSS) {
			all[i].dss = a
		}
	}
	byName := map[string]*opinions{}
	for _, o := range all {
		byName[o.name] = o
		for _, peer := range []string{"antin", "pdfsig", "qpdf", "pyhanko", "dss"} {
			if present(t, peer) {
				count(peer)
			}
		}
	}
	return byName
}

// expected is what a file's opinions must be. A zero field is not asked for.
type expected struct {
	antin   verify.Indication
	classes []verify.Class // changes after each signature
	valid   bool           // to pdfsig, which knows nothing of changes, and qpdf

	pyhanko []string // modification level of each signature; "refused": its DocMDP or field lock is broken, or no rule allows the change
	levels  []string // that DSS gives
	changes []dssModifications
	dss     verify.Indication // of each signature; "": TOTAL_PASSED
}

// hold compares.
func (o *opinions) hold(t *testing.T, want *expected) {
	t.Helper()
	o.holdAntin(t, want)
	if want.valid && present(t, "pdfsig") && o.pdfsig != "" {
		t.Errorf("%s: pdfsig: %s", o.name, o.pdfsig)
	}
	if present(t, "qpdf") && o.qpdf != "" {
		t.Errorf("%s: qpdf: %s", o.name, o.qpdf)
	}
	if present(t, "pyhanko") {
		o.holdPyHanko(t, want)
	}
	if present(t, "dss") {
		o.holdDSS(t, want)
	}
}

func (o *opinions) holdAntin(t *testing.T, want *expected) {
	t.Helper()
	if o.antin.Indication != want.antin {
		t.Errorf("%s: antin: %s", o.name, o.antin.Report("en").Text())
	}
	if len(want.classes) == 0 {
		return
	}
	var classes []verify.Class
	for i := range o.antin.Signatures {
		if o.antin.Facts.Signatures[i].Type == pades.TypeSignature {
			classes = append(classes, o.antin.Signatures[i].Modifications)
		}
	}
	if !equal(classes, want.classes) {
		t.Errorf("%s: antin: changes %v, want %v", o.name, classes, want.classes)
	}
}

func (o *opinions) holdPyHanko(t *testing.T, want *expected) {
	t.Helper()
	var got []string
	for i := range o.pyhanko.Signatures {
		f := &o.pyhanko.Signatures[i]
		level := f.modification()
		switch {
		case f.Timestamp:
			continue
		case level == "OTHER" || f.DocMDP != nil && !*f.DocMDP:
			level = "refused"
		case !f.Intact || !f.Valid || !f.Trusted || f.Error != "":
			level = f.String()
		}
		got = append(got, level)
	}
	if !equal(got, want.pyhanko) {
		t.Errorf("%s: pyHanko: %q, want %q; %+v", o.name, got, want.pyhanko, o.pyhanko)
	}
}

func (o *opinions) holdDSS(t *testing.T, want *expected) {
	t.Helper()
	indication := want.dss
	if indication == "" {
		indication = verify.TotalPassed
	}
	var levels []string
	var changes []dssModifications
	for i := range o.dss.Signatures {
		f := &o.dss.Signatures[i]
		if f.Indication != string(indication) || len(f.Errors) > 0 && indication == verify.TotalPassed {
			t.Errorf("%s: DSS: %s", o.name, f)
		}
		levels, changes = append(levels, f.Level), append(changes, f.modifications())
	}
	if !equal(levels, want.levels) || !equal(changes, want.changes) {
		t.Errorf("%s: DSS: %q %+v; want %q %+v; %+v", o.name, levels, changes, want.levels, want.changes, o.dss)
	}
}

// equal compares; nil wanted is anything.
func equal[T comparable](got, want []T) bool {
	if want == nil {
		return true
	}
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if got[i] != want[i] {
			return false
		}
	}
	return true
}

// open reads a file in memory.
func open(t *testing.T, b []byte, password string) *pdf.Document {
	t.Helper()
	d, err := pdf.Open(t.Context(), bytes.NewReader(b), int64(len(b)), &pdf.Options{Password: []byte(password)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// signed signs a file in memory.
func (p *pki) signed(t *testing.T, base []byte, id *identity, o *pades.Options) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := pades.Sign(t.Context(), &out, open(t, base, password), id.key, o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// edited appends a revision, as an editor that knows nothing of signatures would.
func edited(t *testing.T, b []byte, change func(u *pdf.Update)) []byte {
	t.Helper()
	u, err := open(t, b, password).NewUpdate()
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	var out bytes.Buffer
	if _, err := u.WriteTo(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// refilled gives a text field another value.
func refilled(t *testing.T, b []byte, name, value string) []byte {
	t.Helper()
	return edited(t, b, func(u *pdf.Update) {
		fields, err := pades.Fields(u.Base())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fields {
			if f.Name != name {
				continue
			}
			changed, err := u.Base().Dict(f.Ref)
			if err != nil {
				t.Fatal(err)
			}
			changed = maps.Clone(changed)
			changed["V"] = pdf.EncodeTextString(value)
			if err := u.Set(f.Ref, changed); err != nil {
				t.Fatal(err)
			}
			return
		}
		t.Fatalf("there is no field %s", name)
	})
}
