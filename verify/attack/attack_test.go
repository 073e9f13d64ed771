package attack_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/verify"
	"github.com/antinvn/antin/verify/attack"
)

// base is a signed file, and what it is judged with.
type base struct {
	name    string
	content []byte
	trust   *trust.Store
	at      time.Time
}

const vectors = "../../testdata/vectors"

// bases are files of every level and kind, and certified ones made for the occasion.
func bases(t testing.TB) []base {
	t.Helper()
	store, err := trust.Load(vectors + "/trust")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(vectors + "/pades-*.pdf")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d vectors: %v", len(files), err)
	}
	var all []base
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var v struct{ At time.Time }
		if j, err := os.ReadFile(strings.TrimSuffix(f, ".pdf") + ".json"); err != nil {
			t.Fatal(err)
		} else if err := json.Unmarshal(j, &v); err != nil {
			t.Fatal(err)
		}
		all = append(all, base{filepath.Base(f), b, store, v.At})
	}
	p, err := pkitest.New(pkitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	own := trust.New(p.Root)
	for _, certify := range []pades.DocMDP{0, 1, 2, 3} {
		all = append(all, base{fmt.Sprintf("form-certified-%d", certify), signed(t, p, form(), certify), own, time.Now()})
	}
	prepared, err := attack.Prepare(t.Context(), form())
	if err != nil {
		t.Fatal(err)
	}
	return append(all, base{"prepared", signed(t, p, prepared, 0), own, time.Now()})
}

// form is a page with a line of text in an indirect font, a filled text field and a picture.
func form() []byte {
	var b bytes.Buffer
	var offsets []int
	b.WriteString("%PDF-1.7\n")
	stream := func(entries, data string) string {
		return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", entries, len(data), data)
	}
	for i, o := range []string{
		"<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Annots[7 0 R 9 0 R]/Resources<</Font<</F1 5 0 R>>>>>>",
		stream("", "BT /F1 12 Tf 72 700 Td (Amount 100) Tj ET"),
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
		"<</Fields[7 0 R]/DA(/F1 12 Tf 0 g)/DR<</Font<</F1 5 0 R>>>>>>",
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(amount)/V(100)/Rect[72 600 200 620]/P 3 0 R/F 4/AP<</N 8 0 R>>>>",
		stream("/Type/XObject/Subtype/Form/BBox[0 0 128 20]/Resources<</Font<</F1 5 0 R>>>>", "/Tx BMC BT /F1 12 Tf 2 4 Td (100) Tj ET EMC"),
		"<</Type/Annot/Subtype/Text/Contents(note)/Rect[500 800 520 820]/F 4>>",
	} {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, at)
	return b.Bytes()
}

func signed(t testing.TB, p *pkitest.PKI, in []byte, certify pades.DocMDP) []byte {
	t.Helper()
	cert, key, err := p.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := pdf.Open(t.Context(), bytes.NewReader(in), int64(len(in)), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	o := &pades.Options{Chain: append([]*certpath.Certificate{cert}, p.Chain()...), Certify: certify}
	o.Field.Place = &pades.Place{Page: 1, Rect: pdf.Rect{X0: 300, Y0: 100, X1: 500, Y1: 200}}
	if _, err := pades.Sign(t.Context(), &out, d, key, o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func judge(t testing.TB, b *base, content []byte) *verify.Verdict {
	t.Helper()
	f, err := verify.Collect(t.Context(), bytes.NewReader(content), int64(len(content)), &verify.CollectOptions{Trust: b.trust, Offline: true, At: b.at})
	if err != nil {
		t.Fatal(err)
	}
	return verify.Decide(f, verify.DefaultPolicy(), b.at)
}

// named reports whether a finding of any signature names the attack.
func named(v *verify.Verdict, attack string) bool {
	for i := range v.Signatures {
		for _, f := range append(v.Signatures[i].Errors, v.Signatures[i].Warnings...) {
			if f.Code == "attack."+attack {
				return true
			}
		}
	}
	return false
}

// TestEveryVariantIsNamed makes every variant from every file. A variant that no file serves would hold nothing.
func TestEveryVariantIsNamed(t *testing.T) {
	all := bases(t)
	for _, v := range attack.Variants() {
		t.Run(v.Name, func(t *testing.T) {
			made := 0
			for i := range all {
				b := &all[i]
				forged, err := v.Make(t.Context(), b.content)
				if errors.Is(err, attack.ErrNotApplicable) {
					continue
				}
				if err != nil {
					t.Fatalf("%s: %v", b.name, err)
				}
				made++
				got := judge(t, b, forged)
				if !named(got, v.Attack) || v.Fails && got.Indication != verify.TotalFailed {
					t.Errorf("%s: %s, want %s\n%s", b.name, got.Indication, v.Attack, got.Report("en").Text())
				}
			}
			if made == 0 {
				t.Error("made from no file")
			}
		})
	}
}

// TestHonestFilesAreNotAccused: what the variants are made from carries no attack's name.
func TestHonestFilesAreNotAccused(t *testing.T) {
	all := bases(t)
	for i := range all {
		v := judge(t, &all[i], all[i].content)
		for j := range v.Signatures {
			s := &v.Signatures[j]
			for _, f := range append(s.Errors, s.Warnings...) {
				if strings.HasPrefix(f.Code, "attack.") {
					t.Errorf("%s: %s", all[i].name, f.Code)
				}
			}
			if s.Modifications == verify.ClassForbidden {
				t.Errorf("%s: %s", all[i].name, v.Report("en").Text())
			}
		}
	}
}
