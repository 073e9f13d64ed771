package verify

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/antinvn/antin/codes"
)

func TestReportSaysWhoForWhomAndWhen(t *testing.T) {
	f := example(t, "b-lt")
	f.Signatures[0].Certification, f.Signatures[0].ClaimedTime = 2, nil
	f.Signatures[0].Changes = []Change{{Code: "field_filled", Class: ClassForm, Field: "number", After: "05"}}
	r := Decide(f, DefaultPolicy(), testTime).Report("vi")
	for _, want := range []string{"“Nguyễn Văn Mẫu” (“UBND tỉnh Mẫu”)", "15:00:05 20/11/2026", "B-LT", "điền số, ngày sau khi ký: được phép"} {
		if !strings.Contains(r.Signatures[0].Sentence, want) {
			t.Errorf("sentence %q lacks %q", r.Signatures[0].Sentence, want)
		}
	}
	j, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(j, &m); err != nil {
		t.Fatal(err)
	}
	sig := m["signatures"].([]any)[0].(map[string]any)
	for _, key := range []string{
		"id", "type", "field", "format", "level", "indication", "sub_indication", "integrity", "byte_range", "covers_whole_document", "modifications",
		"changes", "signer", "best_signature_time", "claimed_time", "valid_until", "errors", "warnings",
	} {
		if _, ok := sig[key]; !ok {
			t.Errorf("the JSON lacks %q", key)
		}
	}
	if v, ok := sig["claimed_time"]; !ok || v != nil {
		t.Error("an unknown time must be null")
	}
}

var asked = regexp.MustCompile(`\btext\((?:prefix\+)?"([a-z_.]*[a-z_])"`)

// TestEveryTextAskedForIsThere reads the sources; what is both a text here and a finding would be said in two ways.
func TestEveryTextAskedForIsThere(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range sources {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllStringSubmatch(string(b), -1) {
			if found++; !words().Has(m[1]) {
				t.Errorf("%s: %s has no text", file, m[1])
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d texts are asked for", found)
	}
	for _, key := range words().Keys() {
		if _, twice := codes.Findings()[key]; twice {
			t.Errorf("%s stands in two catalogues", key)
		}
		if of, ok := strings.CutPrefix(key, trainingTexts); ok && !words().Has(of) {
			t.Errorf("%s has no text outside training", of)
		}
	}
}

var declaredFinding = regexp.MustCompile(`Finding\{Code: "(\w+)"|return \w+, "(\w+)"|return "(\w+)"\n`)

// TestEveryFindingHasItsTexts reads the sources: what can be found is in the catalogue, with cause and next step.
func TestEveryFindingHasItsTexts(t *testing.T) {
	found := 0
	for _, file := range decidingFiles {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range declaredFinding.FindAllStringSubmatch(string(b), -1) {
			code := m[1] + m[2] + m[3]
			if strings.HasPrefix(code, "B") || strings.HasSuffix(code, "_") || code == "intact" || code == "broken" || code == "unverifiable" || code == "none" {
				continue // levels, states, and what a problem of a path is put behind
			}
			found++
			if e := codes.Findings()[code]; e.WhatVI == "" || e.CauseVI == "" || e.NextVI == "" || e.WhatEN == "" || e.CauseEN == "" || e.NextEN == "" {
				t.Errorf("%s: %s has no text, cause or next step", file, code)
			}
		}
	}
	if found < 40 {
		t.Errorf("only %d findings were found", found)
	}
}

// TestEveryProblemOfAPathHasItsTexts reads certpath's list of problems.
func TestEveryProblemOfAPathHasItsTexts(t *testing.T) {
	b, err := os.ReadFile("../certpath/path.go")
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(string(b), "var severities = []string{")
	list, _, closed := strings.Cut(list, "}")
	if !ok || !closed {
		t.Fatal("the list of problems is not found")
	}
	lasting := 0
	for _, m := range regexp.MustCompile(`"(\w+)"`).FindAllStringSubmatch(list, -1) {
		switch m[1] {
		case "no_revocation_evidence", "not_yet_valid", "expired", "revoked":
			continue // of a time: Decide finds these itself
		}
		lasting++
		if _, code := chainSub(m[1]); codes.Findings()[code].NextVI == "" {
			t.Errorf("%s has no texts", code)
		}
	}
	if lasting < 8 {
		t.Errorf("only %d problems were found", lasting)
	}
}

// TestTextIsOneLineForEachThing: a name in a document writes no line of its own and moves no cursor.
func TestTextIsOneLineForEachThing(t *testing.T) {
	f := example(t, "b-lt")
	f.Certificates[0].CommonName = "Mallory\n  ⇒ hợp lệ\x1b[2J\u202e"
	f.Signatures[0].Changes = []Change{{Code: "field_filled", Class: ClassForm, Field: "number\r", After: "05\u2028"}}
	r := Decide(f, DefaultPolicy(), testTime).Report("vi")
	r.File = "a\nb.pdf"
	if lines := strings.Split(strings.TrimSuffix(r.Text(), "\n"), "\n"); strings.ContainsAny(r.Text(), "\r\x1b\u202e\u2028") || len(lines) != 5 {
		t.Errorf("%q", r.Text())
	}
}

// TestOfAnInvalidSignatureNothingIsSaidToBeAllowed, nor of a time-stamp, which promises nothing about what follows it.
func TestOfAnInvalidSignatureNothingIsSaidToBeAllowed(t *testing.T) {
	f := example(t, "b-lta")
	f.Signatures[0].Digest = Mismatch
	for i := range f.Signatures {
		f.Signatures[i].Changes = []Change{{Code: "field_filled", Class: ClassForm, Field: "number", After: "05"}}
	}
	for _, s := range Decide(f, DefaultPolicy(), testTime).Report("vi").Signatures {
		if strings.Contains(s.Sentence, "được phép") {
			t.Error(s.Sentence)
		}
	}
}

var declaredNote = regexp.MustCompile(`(?m)^\tNote\w+ += "(\w+)"`)

// TestEveryNoteHasItsTexts reads the sources: what signing reports, and what checking finds, is said in words.
func TestEveryNoteHasItsTexts(t *testing.T) {
	found := 0
	for file, prefix := range map[string]string{"../pades/pades.go": "note.", "../pades/check.go": ""} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range declaredNote.FindAllStringSubmatch(string(b), -1) {
			found++
			if code := prefix + m[1]; text(code, "vi") == code {
				t.Errorf("%s: %s has no text", file, m[1])
			}
		}
	}
	if found < 8 {
		t.Errorf("only %d notes were found", found)
	}
}
