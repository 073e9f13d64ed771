package verify

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/pdf"
)

// seals are four signatures of one agency: number, day, month and seal.
func seals(t *testing.T, apart time.Duration) *Facts {
	t.Helper()
	f := example(t, "b-lt")
	first := f.Signatures[0]
	f.Signatures = nil
	for i, field := range []string{"number", "day", "month", "seal"} {
		one := first
		one.ID, one.Field, one.Timestamps = first.ID+field, field, nil
		at := testTime.Add(-time.Hour + time.Duration(i)*apart)
		one.ClaimedTime = &at
		f.Signatures = append(f.Signatures, one)
	}
	return f
}

// TestNumberDayMonthAndSealAreOneLine, where they are of one signer, one answer and within two minutes.
func TestNumberDayMonthAndSealAreOneLine(t *testing.T) {
	for name, tt := range map[string]struct {
		apart time.Duration
		spoil func(f *Facts)
		want  [][]int
	}{
		"within two minutes": {9 * time.Second, func(*Facts) {}, [][]int{{0, 1, 2, 3}}},
		"backwards":          {-9 * time.Second, func(*Facts) {}, [][]int{{0, 1, 2, 3}}},
		"minutes apart":      {61 * time.Second, func(*Facts) {}, [][]int{{0, 1}, {2, 3}}},
		"another answer":     {time.Second, func(f *Facts) { f.Signatures[1].Digest = Mismatch }, [][]int{{0, 2, 3}, {1}}},
		"another signer":     {time.Second, func(f *Facts) { f.Signatures[3].Signer = "tsa" }, [][]int{{0, 1, 2}, {3}}},
		"no time":            {time.Second, func(f *Facts) { f.Signatures[0].ClaimedTime = nil }, [][]int{{0}, {1, 2, 3}}},
	} {
		f := seals(t, tt.apart)
		tt.spoil(f)
		r := Decide(f, DefaultPolicy(), testTime).Report("vi")
		var got [][]int
		for _, l := range r.Document.Lines {
			got = append(got, l.Signatures)
		}
		if !slices.EqualFunc(got, tt.want, slices.Equal[[]int]) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := (Line{Signatures: []int{0, 2, 3}}).Numbers(); got != "1, 3, 4" {
		t.Error(got)
	}
	r := Decide(seals(t, time.Second), DefaultPolicy(), testTime).Report("vi")
	if text := r.Text(); !strings.Contains(text, "  1–4. ✓ ") || !strings.Contains(text, "gồm 4 lần ký (“number”, “day”, “month”, “seal”)") || !strings.Contains(text, "\n     4. ") {
		t.Error(text)
	}
}

// TestReportsSayWhatWouldMakeItPass, and name the thing: server, issuer, program, date.
func TestReportsSayWhatWouldMakeItPass(t *testing.T) {
	for name, tt := range map[string]struct {
		spoil func(f *Facts)
		want  string
	}{
		"SHA-1, by a program that says its name": {func(f *Facts) {
			f.Signatures[0].Algorithm.Digest, f.Signatures[0].Software = "sha1", "Ký số mẫu 2.1"
		}, "“Ký số mẫu 2.1”"},
		"SHA-1, known by its time-stamp": {func(f *Facts) { f.Signatures[0].Algorithm.Digest = "sha1" }, "“TSA”"},
		"no path": {func(f *Facts) {
			f.Signatures[0].Chains = []ChainFacts{{Certificates: []string{"signer", "ca"}}}
		}, "Còn thiếu chứng thư của “Root”"},
		"no evidence, offline": {func(f *Facts) { f.Evidence = nil }, "--offline"},
		"a server not allowed": {func(f *Facts) {
			f.Evidence, f.Offline = nil, false
			f.Unanswered = []UnansweredFacts{{Certificate: "signer", Code: "fetch.address_refused", Detail: "asking http://10.0.0.7:8080/ocsp: a private address"}}
		}, "--allow-host “10.0.0.7:8080”"},
		"a server that is down": {func(f *Facts) {
			f.Evidence, f.Offline = nil, false
			f.Unanswered = []UnansweredFacts{{Certificate: "signer", Code: "fetch.network", Detail: "asking http://ocsp.example.test/: refused"}}
		}, "“ocsp.example.test”"},
		"no time-stamp": {func(f *Facts) { f.Signatures[0].Timestamps = nil }, "01/01/2030"},
	} {
		f := example(t, "b-lt")
		tt.spoil(f)
		r := Decide(f, DefaultPolicy(), testTime).Report("vi")
		if !strings.Contains(strings.Join(r.Document.Next, "\n"), tt.want) {
			t.Errorf("%s: %s %q lacks %q", name, r.Document.Indication, r.Document.Next, tt.want)
		}
		if r.Document.Indication == TotalFailed {
			t.Errorf("%s: %s", name, r.Document.Sentence)
		}
	}
}

// TestADocumentTimeStampPromisesNothingAboutWhatFollows: not even that it is allowed.
func TestADocumentTimeStampPromisesNothingAboutWhatFollows(t *testing.T) {
	f := example(t, "b-lta")
	last := len(f.Signatures) - 1
	f.Signatures[last].Changes = []Change{{Code: "field_filled", Class: ClassForm, Field: "number", After: "05"}}
	f.Signatures[last].CoversWholeDocument = false
	s := Decide(f, DefaultPolicy(), testTime).Report("vi").Signatures[last]
	var said strings.Builder
	for _, a := range s.Answers {
		said.WriteString(a.Question + ": " + a.Answer + "\n")
	}
	if got := said.String() + strings.Join(s.ChangeLines, ""); strings.Contains(got, "được phép") || !strings.Contains(got, "Dịch vụ dấu thời gian: ") || !strings.Contains(got, "nằm ngoài") {
		t.Error(got)
	}
}

// TestReportAnswersTheQuestionsOfAReader: who, in which capacity, for which agency, when by whose clock, covering what, until when.
func TestReportAnswersTheQuestionsOfAReader(t *testing.T) {
	f := example(t, "b-lt")
	f.Certificates[0].Title, f.Signatures[0].CoversWholeDocument = "Chủ tịch", true
	r := Decide(f, DefaultPolicy(), testTime).Report("vi")
	var got []string
	for _, a := range r.Signatures[0].Answers {
		got = append(got, a.Question+": "+a.Answer)
	}
	for _, want := range []string{
		"Người ký: Nguyễn Văn Mẫu", "Tư cách: Chủ tịch", "Cơ quan, tổ chức: UBND tỉnh Mẫu", "Phạm vi ký: toàn bộ tệp",
		"Thời điểm: 15:00:05 20/11/2026, theo đồng hồ của dịch vụ dấu thời gian “TSA”",
		"Còn xác nhận được đến: " + clock(*r.Signatures[0].ValidUntil),
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}

// TestANameThatNobodyConfirmsIsOnlyClaimed: anybody can write a certificate with the name of a ministry.
func TestANameThatNobodyConfirmsIsOnlyClaimed(t *testing.T) {
	f := example(t, "b-lt")
	f.Signatures[0].Chains = nil
	f.Certificates[0].CommonName = "Bộ Mẫu” hợp lệ. “" + strings.Repeat("x", 300)
	s := Decide(f, DefaultPolicy(), testTime).Report("vi").Signatures[0].Sentence
	if !strings.Contains(s, "người tự xưng là “Bộ Mẫu' hợp lệ. 'x") || strings.Contains(s, strings.Repeat("x", 120)) || !strings.Contains(s, "Chưa kết luận được") {
		t.Error(s)
	}
}

// TestAnAnswerLeftOpenIsNotShownAsInvalid, nor the reverse.
func TestAnAnswerLeftOpenIsNotShownAsInvalid(t *testing.T) {
	open := example(t, "b-lt")
	open.Evidence = nil
	failed := example(t, "b-lt")
	failed.Signatures[0].Digest = Mismatch
	for _, lang := range []string{"vi", "en"} {
		o, f := Decide(open, DefaultPolicy(), testTime).Report(lang).Text(), Decide(failed, DefaultPolicy(), testTime).Report(lang).Text()
		if strings.Contains(o, "✗") || strings.Contains(o, "✓") || strings.Contains(o, TotalFailed.Word(lang)) {
			t.Error(o)
		}
		if strings.Contains(f, "?") || strings.Contains(f, Indeterminate.Word(lang)) {
			t.Error(f)
		}
	}
}

// TestTheSigningProgramIsNamed as far as the dictionary names it, and no further than fits a line.
func TestTheSigningProgramIsNamed(t *testing.T) {
	const head = "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj trailer<</Size 3/Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
	d, err := pdf.Open(t.Context(), strings.NewReader(head), int64(len(head)), nil)
	if err != nil {
		t.Fatal(err)
	}
	app := func(a pdf.Dict) pdf.Dict { return pdf.Dict{"Prop_Build": pdf.Dict{"App": a}} }
	for want, dict := range map[string]pdf.Dict{
		"":                             {},
		"VGCASignService":              app(pdf.Dict{"Name": pdf.Name("VGCASignService")}),
		"Ký 2.1":                       app(pdf.Dict{"Name": pdf.EncodeTextString("Ký"), "REx": pdf.String("2.1")}),
		strings.Repeat("a", 120) + "…": app(pdf.Dict{"Name": pdf.Name(strings.Repeat("a", 1000))}),
	} {
		if got := softwareOf(d.Latest(), dict); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// TestNoWordIsMissing: a text without its entry would show its key, and one with the wrong values what fmt thinks of it.
func TestNoWordIsMissing(t *testing.T) {
	for _, lang := range []string{"vi", "en"} {
		said := Decide(example(t, "b-lta"), DefaultPolicy(), testTime).Report(lang).Text()
		for _, never := range []string{"%!", "dts.", "sig."} {
			if strings.Contains(said, never) {
				t.Errorf("%s: %s", never, said)
			}
		}
	}
}
