package interop

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/verify"
	"github.com/antinvn/antin/verify/attack"
)

// forgedFile is a signed file under attack, and who calls it valid.
type forgedFile struct {
	variant *attack.Variant
	of      string
	path    string
	antin   *verify.Verdict
	valid   map[string]bool // by peer
}

// tally are the files of one attack.
type tally struct {
	files, named int
	valid        map[string]int
}

var attackPeers = []string{"pdfsig", "pyHanko", "DSS"}

// TestAttacks makes every variant of every attack out of files that we signed, and counts who calls it valid. We name all of them,
// and refuse all that must be refused.
func TestAttacks(t *testing.T) {
	for _, peer := range []string{"pdfsig", "pyhanko", "dss"} {
		needs(t, peer)
	}
	p := newPKI(t)
	files := forgeries(t, p)
	askAboutForgeries(t, p, files)
	tallies := map[string]*tally{}
	var names []string
	for _, f := range files {
		name := f.variant.Attack
		if !f.variant.Fails {
			name += ", allowed with a warning"
		}
		if tallies[name] == nil {
			tallies[name] = &tally{valid: map[string]int{}}
			names = append(names, name)
		}
		c := tallies[name]
		c.files++
		if f.named() {
			c.named++
		} else {
			t.Errorf("%s of %s is not named: %s", f.variant.Name, f.of, f.antin.Report("en").Text())
		}
		if passed := f.antin.Indication == verify.TotalPassed; passed {
			c.valid["antin"]++
			if f.variant.Fails {
				t.Errorf("%s of %s passes", f.variant.Name, f.of)
			}
		}
		for _, peer := range attackPeers {
			if f.valid[peer] {
				c.valid[peer]++
			}
		}
	}
	if !all() || t.Failed() {
		return
	}
	var b strings.Builder
	b.WriteString("\n| attack | files | named by antin | valid: antin | " + strings.Join(attackPeers, " | ") + " |\n|---|---|---|---|---|---|---|\n")
	for _, name := range names {
		c := tallies[name]
		fmt.Fprintf(&b, "| %s | %d | %d | %d |", name, c.files, c.named, c.valid["antin"])
		for _, peer := range attackPeers {
			fmt.Fprintf(&b, " %d |", c.valid[peer])
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	holdSection(t, "attack table", "TestAttacks", b.String())
}

// forgeries are all variants of three files: one that anybody may sign after, a certified one, and a sealed decision with fields.
func forgeries(t *testing.T, p *pki) []*forgedFile {
	t.Helper()
	id := p.identity(t, "P-256")
	base := read(t, "testdata/libreoffice.pdf")
	prepared, err := attack.Prepare(t.Context(), base) // by whoever handed it over for signing
	if err != nil {
		t.Fatal(err)
	}
	certified := p.options(id, pades.BB, false)
	certified.Certify = 2
	certified.Field.Place = &pades.Place{Page: 1, Rect: pdf.Rect{X0: 300, Y0: 100, X1: 500, Y1: 200}}
	var files []*forgedFile
	for k, of := range []file{
		{name: "a signed file", content: p.signed(t, prepared, id, p.options(id, pades.BLTA, false))},
		{name: "a certified file", content: p.signed(t, base, id, certified)},
		{name: "a sealed decision", content: p.decision(t).sealed},
	} {
		for i, v := range attack.Variants() {
			if !all() && (i+k)%6 != 0 {
				continue
			}
			forged, err := v.Make(t.Context(), of.content)
			if errors.Is(err, attack.ErrNotApplicable) {
				continue
			}
			if err != nil {
				t.Fatalf("%s of %s: %v", v.Name, of.name, err)
			}
			path := absolute(t, t.TempDir()+"/forged.pdf")
			write(t, path, forged)
			files = append(files, &forgedFile{variant: &v, of: of.name, path: path, valid: map[string]bool{}})
		}
	}
	return files
}

func askAboutForgeries(t *testing.T, p *pki, files []*forgedFile) {
	t.Helper()
	var jobs [][]string
	for _, f := range files {
		jobs = append(jobs, []string{"validate", f.path})
		f.antin = p.decide(t, f.path, "")
		f.valid["pdfsig"] = pdfsigRefusal(t, f.path) == ""
		count("antin")
		count("pdfsig")
	}
	for i, a := range pyhanko(t, p.root, jobs) {
		files[i].valid["pyHanko"] = a.Error == "" && len(a.Signatures) > 0 && !slices.ContainsFunc(a.Signatures, func(s pyhankoSignature) bool {
			return s.Error != "" || !s.Intact || !s.Valid || !s.Trusted || s.modification() == "OTHER" || s.DocMDP != nil && !*s.DocMDP
		})
		count("pyhanko")
	}
	for i, a := range dss(t, p.root, jobs) {
		files[i].valid["DSS"] = a.Error == "" && len(a.Signatures) > 0 && !slices.ContainsFunc(a.Signatures, func(s dssSignature) bool {
			return s.Indication != "TOTAL_PASSED"
		})
		count("dss")
	}
}

func (f *forgedFile) named() bool {
	for i := range f.antin.Signatures {
		s := &f.antin.Signatures[i]
		if slices.ContainsFunc(slices.Concat(s.Errors, s.Warnings), func(w verify.Finding) bool { return w.Code == "attack."+f.variant.Attack }) {
			return true
		}
	}
	return false
}
