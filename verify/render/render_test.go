package render

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/font"
	"github.com/antinvn/antin/pdf/text"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/verify"
)

var update = flag.Bool("update", false, "write the golden files")

var testTime = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

func facts(t *testing.T, name string) *verify.Facts {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "decide", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	f := &verify.Facts{}
	if err := json.Unmarshal(b, f); err != nil {
		t.Fatal(err)
	}
	return f
}

// sample is a document with each kind of answer: "passed", "open", "failed", "acts" (four signatures of an agency), "hostile" (names that
// would like to be something else), "none" and "dead" (no signature, or only a trace of one), "token" (a time-stamp alone), "late",
// "revoked" and "changed".
func sample(t *testing.T, name, lang string) (*verify.Verdict, *verify.Report) {
	t.Helper()
	f := facts(t, "b-lt")
	switch name {
	case "passed":
		f = facts(t, "b-lta")
	case "open":
		f.Signatures[0].Algorithm.Digest = "sha1"
		f.Signatures[0].Software = "Ký số mẫu 2.1"
	case "failed":
		f.Signatures[0].Digest = verify.Mismatch
	case "acts":
		first := f.Signatures[0]
		f.Signatures = nil
		for i, field := range []string{"number", "day", "month", "seal"} {
			one := first
			one.ID, one.Field, one.Timestamps = first.ID+field, field, nil
			at := testTime.Add(time.Duration(i*9-3600) * time.Second)
			one.ClaimedTime = &at
			f.Signatures = append(f.Signatures, one)
		}
	case "hostile":
		f.Certificates[0].CommonName = `</title><script>alert(1)</script>” hợp lệ “` + "\u202e\x1b[2J"
		f.Certificates[0].Organization = `"><img src=x onerror=alert(1)>]]>&`
		f.Signatures[0].Field = `<b>x</b>`
		f.Signatures[0].Reason = "javascript:alert(1)"
		f.Signatures[0].Changes = []verify.Change{{Code: "field_filled", Class: verify.ClassForm, Field: "<i>", Before: "&amp;", After: "\u202e</style>", Object: "9 0"}}
	}
	at := testTime
	switch name {
	case "none":
		f.Signatures = nil
	case "dead":
		s := &f.Signatures[0]
		s.Dead, s.Field, s.Signer, s.Chains, s.Timestamps = true, "", "", nil, nil
		s.Digest, s.Signature, s.ByteRange = verify.Unverifiable, verify.Unverifiable, "invalid"
	case "token":
		f = facts(t, "token")
	case "training":
		for i := range f.Signatures[0].Chains {
			f.Signatures[0].Chains[i].Anchor.Training = true
		}
	case "late":
		at = testTime.AddDate(60, 0, 0)
	case "revoked":
		gone := testTime.AddDate(-1, 0, 0)
		f.Evidence[0].Answers[0].State, f.Evidence[0].Answers[0].RevokedAt = verify.StateRevoked, &gone
	case "changed":
		f.Signatures[0].Changes = []verify.Change{{Code: "page_changed", Class: verify.ClassForbidden, Attack: verify.AttackIncremental, Object: "1 0 /Rotate", After: "180", Page: 1}}
	}
	v := verify.Decide(f, verify.DefaultPolicy(), at)
	r := v.Report(lang)
	r.File = "quyet-dinh.pdf"
	if name == "hostile" {
		r.File = "<script>\u202e.pdf"
	}
	return v, r
}

var samples = []string{"passed", "open", "failed", "acts", "hostile", "none", "dead", "token", "late", "revoked", "changed", "training"}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is another than the one looked at", name)
	}
}

func TestHTMLIsTheOneLookedAt(t *testing.T) {
	for _, name := range samples {
		v, r := sample(t, name, "vi")
		var b bytes.Buffer
		if err := HTML(&b, v, r); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".html", b.Bytes())
	}
}

var (
	aTag  = regexp.MustCompile(`<([a-zA-Z]+[0-9]?)([^>]*)`) // what a browser begins an element with
	loads = regexp.MustCompile(`(?i)\b(src|href|on[a-z]+)\s*=`)
)

// TestHTMLOfHostileNames holds no element and no attribute that the template does not have, and loads nothing.
func TestHTMLOfHostileNames(t *testing.T) {
	elements := func(name string) map[string]bool {
		v, r := sample(t, name, "vi")
		var b bytes.Buffer
		if err := HTML(&b, v, r); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(b.String(), "\u202e\x1b") {
			t.Errorf("%s turns the writing direction or moves the cursor", name)
		}
		seen := map[string]bool{}
		for _, m := range aTag.FindAllStringSubmatch(b.String(), -1) {
			seen[m[1]] = true
			if loads.MatchString(m[2]) {
				t.Errorf("%s: %s", name, m[0])
			}
		}
		return seen
	}
	hostile := elements("hostile")
	for _, never := range []string{"script", "img", "i", "link", "iframe"} {
		if hostile[never] {
			t.Errorf("there is an element %s", never)
		}
	}
	if !hostile["table"] || !hostile["svg"] {
		t.Error("the page was not read")
	}
}

// TestHTMLOfEveryHostileText: whatever stands in a name, a field, a reason, a value or the file's name turns no direction, moves no cursor and
// begins no element, and what is very long stays on the page.
func TestHTMLOfEveryHostileText(t *testing.T) {
	never := regexp.MustCompile("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]|<evil")
	for _, text := range []string{
		"\u202egnp.evil", "\u2066a\u2069\u061c\u200f", "one\r\n\u2028two\u2029", "\x00\x1b]8;;x\x07\u009b", "<evil>", "\" onload=evil '", "</title><evil>", "--><evil>",
		"{{.Facts}}", strings.Repeat("Ệ", 5000), strings.Repeat("a\u0323\u0302", 300), "\xff\xfe",
	} {
		v, _ := sample(t, "passed", "vi")
		f := v.Facts
		f.Certificates[0].CommonName, f.Certificates[0].Organization, f.Certificates[0].Title, f.Certificates[0].Issuer = text, text, text, text
		f.Signatures[0].Field, f.Signatures[0].Reason, f.Signatures[0].Location, f.Signatures[0].Software = text, text, text, text
		f.Signatures[0].Changes = []verify.Change{{Code: "field_filled", Class: verify.ClassForm, Field: text, After: text}, {Code: "page_changed", Class: verify.ClassForbidden, Object: text, After: text}}
		v = verify.Decide(f, verify.DefaultPolicy(), testTime)
		r := v.Report("vi")
		r.File = text
		var b bytes.Buffer
		if err := HTML(&b, v, r); err != nil {
			t.Fatal(err)
		}
		body := b.String()
		if m := never.FindString(body); m != "" {
			t.Errorf("%q brings %q", text, m)
		}
		if !strings.Contains(body, "<td><bdi>") || !strings.Contains(styleText, "overflow-wrap: anywhere") {
			t.Error("names are not isolated, or do not break")
		}
		if err := PDF(t.Context(), io.Discard, v, r, &PDFOptions{Time: testTime}); err != nil {
			t.Error(err)
		}
	}
}

var aHeading = regexp.MustCompile(`<h([1-6])[ >]`)

// TestHTMLIsBuiltLikeADocument: its language, one main part, one title, headings that skip no level, sections that have a name, no id twice.
func TestHTMLIsBuiltLikeADocument(t *testing.T) {
	for _, lang := range []string{"vi", "en"} {
		for _, name := range samples {
			v, r := sample(t, name, lang)
			var b bytes.Buffer
			if err := HTML(&b, v, r); err != nil {
				t.Fatal(err)
			}
			page := b.String()
			for _, one := range []string{`<html lang="` + lang + `">`, "<main>", "<h1>", "<footer>", "<title>"} {
				if strings.Count(page, one) != 1 {
					t.Errorf("%s: %d times %s", name, strings.Count(page, one), one)
				}
			}
			before := 0
			for _, m := range aHeading.FindAllStringSubmatch(page, -1) {
				level := int(m[1][0] - '0')
				if level > before+1 {
					t.Errorf("%s: h%d follows h%d", name, level, before)
				}
				before = level
			}
			ids := map[string]bool{}
			for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
				if ids[m[1]] {
					t.Errorf("%s: id %s stands twice", name, m[1])
				}
				ids[m[1]] = true
			}
			for _, m := range regexp.MustCompile(`aria-labelledby="([^"]+)"`).FindAllStringSubmatch(page, -1) {
				if !ids[m[1]] {
					t.Errorf("%s: nothing has the id %s", name, m[1])
				}
			}
		}
	}
}

// TestAnswersShareNothing: colour, word and symbol of each answer are its own.
func TestAnswersShareNothing(t *testing.T) {
	all := []verify.Tone{verify.TonePassed, verify.ToneFailed, verify.ToneOpen, verify.ToneTraining}
	for _, lang := range []string{"vi", "en"} {
		seen := map[string]bool{}
		for _, i := range all {
			for _, s := range []string{"symbol " + i.Symbol(), "word " + i.Word(lang)} {
				if seen[s] {
					t.Errorf("%s stands for two answers", s)
				}
				seen[s] = true
			}
		}
	}
	for _, lang := range []string{"vi", "en"} {
		failed := strings.Fields(verify.TotalFailed.Word(lang))
		for word := range strings.FieldsSeq(verify.Indeterminate.Word(lang)) {
			if slices.Contains(failed, word) {
				t.Errorf("%q stands in both what cannot be told and what is not valid", word)
			}
		}
	}
	for _, theme := range strings.Split(styleText, "@media")[:2] {
		colours := map[string]string{}
		for _, i := range all {
			_, value, ok := strings.Cut(theme, "--"+string(i)+": ")
			value, _, _ = strings.Cut(value, ";")
			if other, twice := colours[value]; !ok || twice {
				t.Errorf("%s and %s are both %q", i, other, value)
			}
			colours[value] = string(i)
		}
	}
}

var (
	aClass  = regexp.MustCompile(`class="([^"]*)"`)
	aSymbol = regexp.MustCompile(`class="symbol"[^>]*>([^<]*)<`)
	aStyle  = regexp.MustCompile(`(?s)<style>.*</style>`)
)

// TestAReportHoldsNothingOfAnotherAnswer: neither its class, symbol or colour nor its word, in HTML and in PDF. That "hợp lệ" is part of
// "không hợp lệ" is language; what cannot be told shares no word with either.
func TestAReportHoldsNothingOfAnotherAnswer(t *testing.T) {
	all := map[string]verify.Tone{"passed": verify.TonePassed, "failed": verify.ToneFailed, "open": verify.ToneOpen, "training": verify.ToneTraining}
	for name, own := range all {
		for _, lang := range []string{"vi", "en"} {
			v, r := sample(t, name, lang)
			if r.Document.Tone != own {
				t.Fatalf("%s is %s", name, r.Document.Tone)
			}
			var page bytes.Buffer
			if err := HTML(&page, v, r); err != nil {
				t.Fatal(err)
			}
			body := aStyle.ReplaceAllString(page.String(), "")
			lines := lay(v, r, &PDFOptions{Time: testTime})
			said := strings.ToLower(body)
			for _, l := range lines {
				said += "\n" + strings.ToLower(l.text)
				if l.tone != "" && l.tone != "soft" && l.tone != name || l.mark != "" && l.mark != own {
					t.Errorf("%s, %s: %q is in the colour or has the sign of %s %s", name, lang, l.text, l.tone, l.mark)
				}
			}
			for other, i := range all {
				if other == name {
					continue
				}
				if word := regexp.MustCompile(`(^|\PL)` + i.Word(lang) + `($|\PL)`); word.MatchString(said) && !strings.Contains(own.Word(lang), i.Word(lang)) {
					t.Errorf("%s, %s: it says %q", name, lang, i.Word(lang))
				}
				for _, m := range aClass.FindAllStringSubmatch(body, -1) {
					if slices.Contains(strings.Fields(m[1]), other) {
						t.Errorf("%s, %s: %s", name, lang, m[0])
					}
				}
				for _, m := range aSymbol.FindAllStringSubmatch(body, -1) {
					if m[1] != own.Symbol() {
						t.Errorf("%s, %s: the symbol %s", name, lang, m[1])
					}
				}
				if tones[name] == tones[other] {
					t.Errorf("%s and %s are printed in one colour", name, other)
				}
			}
		}
	}
}

var labels = regexp.MustCompile(`\$w\.([a-z_]+)|\bw(?:ords)?\["([a-z_]+)"\]|wordsOf\([^)]*\)+\["([a-z_]+)"\]`)

// TestEveryLabelIsThere reads the page and the sources: a label that is shown has its text, and each text is shown.
func TestEveryLabelIsThere(t *testing.T) {
	shown := map[string]bool{"report.intact": true, "report.broken": true, "report.unverifiable": true} // by the integrity's own name
	for _, file := range []string{"page.html", "html.go", "pdf.go", "timeline.go"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range labels.FindAllStringSubmatch(string(b), -1) {
			shown["report."+m[1]+m[2]+m[3]] = true
		}
	}
	for key := range shown {
		if !words().Has(key) {
			t.Errorf("%s has no text", key)
		}
	}
	for _, key := range words().Keys() {
		if !shown[key] {
			t.Errorf("%s is shown nowhere", key)
		}
	}
}

func TestETSIIsTheOneLookedAt(t *testing.T) {
	for _, name := range samples {
		v, r := sample(t, name, "vi")
		var b bytes.Buffer
		if err := ETSI(&b, v, r); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".xml", b.Bytes())
	}
}

// TestPDFCanBeReadAndShowsTheAnswer, and says that nobody signed it.
func TestPDFCanBeReadAndShowsTheAnswer(t *testing.T) {
	for _, name := range samples {
		v, r := sample(t, name, "vi")
		var b, again bytes.Buffer
		for _, w := range []*bytes.Buffer{&b, &again} {
			if err := PDF(t.Context(), w, v, r, &PDFOptions{Time: testTime}); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Errorf("%s: the same report has other bytes", name)
		}
		d, err := pdf.Open(t.Context(), bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
		if err != nil {
			t.Fatal(err)
		}
		if d.Irregular() || d.Rebuilt() {
			t.Errorf("%s: the file is irregular", name)
		}
		for _, want := range []string{"Báo cáo này không được ký số", "Thông tin kỹ thuật", "Các chữ ký"} {
			if name == "none" && want == "Các chữ ký" {
				continue
			}
			if _, err := text.Find(t.Context(), d.Latest(), want); err != nil {
				t.Errorf("%s lacks %q: %v", name, want, err)
			}
		}
		if dir := os.Getenv("ANTIN_LOOK"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".pdf"), b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestPDFSignedByAKey is certified, says by whom, and verifies.
func TestPDFSignedByAKey(t *testing.T) {
	pki, err := pkitest.New(pkitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := pki.Issue(pkitest.Subject{CommonName: "Văn phòng Mẫu"})
	if err != nil {
		t.Fatal(err)
	}
	v, r := sample(t, "passed", "vi")
	var b bytes.Buffer
	now := time.Now()
	if err := PDF(t.Context(), &b, v, r, &PDFOptions{Time: now, Key: key, Chain: []*certpath.Certificate{cert}}); err != nil {
		t.Fatal(err)
	}
	f, err := verify.Collect(t.Context(), bytes.NewReader(b.Bytes()), int64(b.Len()), &verify.CollectOptions{Trust: trust.New(pki.Root), Offline: true, At: now})
	if err != nil {
		t.Fatal(err)
	}
	if s := f.Signatures; len(s) != 1 || s[0].Digest != verify.Match || s[0].Signature != verify.Match || s[0].Certification != 1 || !s[0].CoversWholeDocument {
		t.Errorf("%+v", s)
	}
	d, err := pdf.Open(t.Context(), bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := text.Find(t.Context(), d.Latest(), "được ký số bởi “Văn phòng Mẫu”"); err != nil {
		t.Error(err)
	}
}

// TestPDFShowsNothingTheFontCannot, and breaks what is too long for a line.
func TestPDFShowsNothingTheFontCannot(t *testing.T) {
	v, r := sample(t, "passed", "vi")
	r.File = strings.Repeat("漢字😀ｘ", 200) + strings.Repeat("Ệ", 500)
	var b bytes.Buffer
	if err := PDF(t.Context(), &b, v, r, &PDFOptions{Time: testTime}); err != nil {
		t.Fatal(err)
	}
	for _, l := range lay(v, r, &PDFOptions{}) {
		if w := font.Serif().Width(l.text, l.size) + l.indent; w > textWidth+1 {
			t.Errorf("%.0f points: %q", w, l.text)
		}
	}
}
