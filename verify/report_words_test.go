package verify

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/antinvn/antin/codes"
)

// aside is the technical part of a sentence.
var aside = regexp.MustCompile(`\[[^\]]*\]`)

// english are words that a Vietnamese sentence cannot hold, and an engine's message rarely lacks.
var english = regexp.MustCompile(`(?i)\b(the|is|are|not|of|reading|writing|malformed|dictionary|stream|array|object|offset|cannot|invalid|found)\b|_`)

// plainVietnamese holds what a report says to words, apart from its technical parts.
func plainVietnamese(t *testing.T, v *Verdict) {
	t.Helper()
	r := v.Report("vi")
	said := slices.Concat([]string{r.Document.Sentence}, r.Document.Next)
	for i := range r.Signatures {
		s := &r.Signatures[i]
		said = append(append(append(said, s.Sentence), s.ChangeLines...), s.Next...)
		for _, f := range slices.Concat(s.Errors, s.Warnings) {
			said = append(said, f.What, f.Cause, f.Next, f.Text)
		}
	}
	for _, one := range said {
		if m := english.FindString(aside.ReplaceAllString(one, "")); m != "" {
			t.Errorf("%q in %q", m, one)
		}
		if strings.Contains(one, "CN=") {
			t.Errorf("a distinguished name in %q", one)
		}
	}
}

// TestNoVietnameseAnswerHoldsAnEngineDetail: whatever the engine says of a broken file stands in a technical part.
func TestNoVietnameseAnswerHoldsAnEngineDetail(t *testing.T) {
	const said = "reading the object: malformed (cms.malformed)"
	for name, spoil := range map[string]func(s *SignatureFacts){
		"unreadable":       func(s *SignatureFacts) { s.Unread = said },
		"byte range":       func(s *SignatureFacts) { s.ByteRange, s.ByteRangeProblem = "invalid", "gap_is_not_the_contents" },
		"attributes":       func(s *SignatureFacts) { s.AttributeProblem = said },
		"signature policy": func(s *SignatureFacts) { s.SignaturePolicy = &SignaturePolicyFacts{Problem: said} },
		"time-stamp":       func(s *SignatureFacts) { s.Timestamps[0].Imprint, s.Timestamps[0].Problem = Mismatch, said },
		"another chain": func(s *SignatureFacts) {
			s.Chains[0].Problems = []ProblemFacts{{Code: "name_constraints", Subject: `CN=A\, B,O=C`, Detail: said}}
		},
	} {
		f := example(t, "b-lt")
		spoil(&f.Signatures[0])
		v := Decide(f, DefaultPolicy(), testTime)
		plainVietnamese(t, v)
		if s := &v.Signatures[0]; len(s.Errors)+len(s.Warnings) == 0 {
			t.Errorf("%s: nothing is found", name)
		}
	}
	for _, code := range words().Keys() {
		code, ok := strings.CutPrefix(code, "change.")
		if !ok {
			continue
		}
		f := example(t, "b-lt")
		c := Change{Code: code, Class: ClassForbidden, Attack: AttackIncremental, Object: "document /Title", Before: "stream", After: said, Page: 2}
		if words().Names("change."+code, "after") { // a reader's own value
			c.Before, c.After = "một", "hai"
		}
		f.Signatures[0].Changes = []Change{c}
		v := Decide(f, DefaultPolicy(), testTime)
		plainVietnamese(t, v)
		s := &v.Report("vi").Signatures[0]
		if !strings.Contains(s.Changes[0].Text, "(trang 2; không được phép). [document /Title") && !strings.Contains(s.Changes[0].Text, "; trang 2; không được phép). [document /Title") {
			t.Errorf("%s: %s", code, s.Changes[0].Text)
		}
	}
}

// TestTheCatalogueIsInItsLanguage: no Vietnamese text of a finding has an English word, no English one a Vietnamese letter.
func TestTheCatalogueIsInItsLanguage(t *testing.T) {
	vietnamese := regexp.MustCompile(`[ãêôâăíúýóáéàìùòèạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹđĐơƠưƯ]`)
	for code, f := range codes.Findings() {
		for _, one := range []string{f.WhatVI, f.CauseVI, f.NextVI} {
			if m := english.FindString(one); m != "" || !vietnamese.MatchString(one) {
				t.Errorf("%s: %q in %q", code, m, one)
			}
		}
		for _, one := range []string{f.WhatEN, f.CauseEN, f.NextEN} {
			if vietnamese.MatchString(one) {
				t.Errorf("%s: %q", code, one)
			}
		}
	}
}

// TestTheSameIsSaidOnce: changes that read alike are one line, and a time-stamp that does not count needs no second word about the time.
func TestTheSameIsSaidOnce(t *testing.T) {
	f := example(t, "b-lt")
	stored := Change{Code: "dss", Class: ClassLTA, Object: "catalog /DSS", Before: "present", After: "present", Page: 1}
	f.Signatures[0].Changes = []Change{stored, {Code: "document_timestamp_added", Class: ClassLTA, Field: "archive"}, stored}
	r := Decide(f, DefaultPolicy(), testTime).Report("vi")
	want := []string{"Bổ sung dữ liệu kiểm tra lâu dài (được phép; 2 lần).", "Bổ sung dấu thời gian lưu trữ (được phép)."}
	if s := &r.Signatures[0]; !slices.Equal(s.ChangeLines, want) || len(s.Changes) != 3 {
		t.Errorf("%q, %d", s.ChangeLines, len(s.Changes))
	}
	for name, spoil := range map[string]func(s *SignatureFacts){
		"and the signer neither": func(s *SignatureFacts) { s.Chains[0].Anchor = nil },
		"the signer is":          func(*SignatureFacts) {},
	} {
		f := example(t, "b-lt")
		f.Signatures[0].Timestamps[0].Chains[0].Anchor = nil
		spoil(&f.Signatures[0])
		r := Decide(f, DefaultPolicy(), testTime).Report("vi")
		var codes []string
		for _, w := range slices.Concat(r.Signatures[0].Errors, r.Signatures[0].Warnings) {
			codes = append(codes, w.Code)
		}
		if slices.Contains(codes, "no_trusted_time") || !slices.Contains(codes, "timestamp_untrusted") {
			t.Errorf("%s: %v", name, codes)
		}
	}
}

// TestAnUntrustedTimeStampSaysWhatWouldHelp: its root, where that is what is missing; else what is wrong with it.
func TestAnUntrustedTimeStampSaysWhatWouldHelp(t *testing.T) {
	for want, spoil := range map[string]func(f *Facts){
		"--trust": func(f *Facts) { f.Signatures[0].Timestamps[0].Chains[0].Anchor = nil },
		"có mạng": func(f *Facts) {
			f.Evidence = slices.DeleteFunc(f.Evidence, func(e EvidenceFacts) bool {
				return slices.ContainsFunc(e.Answers, func(a AnswerFacts) bool { return a.Certificate == f.Signatures[0].Timestamps[0].Signer })
			})
		},
	} {
		f := example(t, "b-lt")
		spoil(f)
		r := Decide(f, DefaultPolicy(), testTime).Report("vi")
		i := slices.IndexFunc(r.Signatures[0].Warnings, func(w TextReport) bool { return w.Code == "timestamp_untrusted" })
		if i < 0 || !strings.Contains(r.Signatures[0].Warnings[i].Next, want) {
			t.Errorf("%s: %+v", want, r.Signatures[0].Warnings)
		}
	}
}

// TestARootThatCameWithTheFileIsNotMissing: it is named as what it is.
func TestARootThatCameWithTheFileIsNotMissing(t *testing.T) {
	f := example(t, "b-lt")
	f.Signatures[0].Chains[0].Anchor = nil
	next := strings.Join(Decide(f, DefaultPolicy(), testTime).Report("vi").Document.Next, "\n")
	if !strings.Contains(next, "Gốc “Root” đi kèm tệp") || strings.Contains(next, "Còn thiếu") {
		t.Error(next)
	}
}

// TestStepsSayEachThingOnce: one that another says with more is not said, in whatever order they come; nothing to find has a step too.
func TestStepsSayEachThingOnce(t *testing.T) {
	short, long, other := "Lấy lại tệp gốc.", "Không dùng tệp này; lấy lại tệp gốc.", "Hỏi người ký."
	for _, order := range [][]string{{short, other, long}, {long, short, other, long}, {other, "", short, long}} {
		var steps []string
		for _, one := range order {
			steps = withStep(steps, one)
		}
		if slices.Sort(steps); !slices.Equal(steps, []string{other, long}) {
			t.Errorf("%q", steps)
		}
	}
	f := example(t, "b-b")
	f.Signatures = nil
	for _, lang := range []string{"vi", "en"} {
		if next := Decide(f, DefaultPolicy(), testTime).Report(lang).Document.Next; len(next) != 1 {
			t.Errorf("%s: %q", lang, next)
		}
	}
}
