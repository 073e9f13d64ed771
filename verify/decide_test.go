package verify

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

var testTime = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// passing is one signature that nothing is wrong with; cases change what they are about.
func passing() SignatureFacts {
	signer := &CertificateFacts{CommonName: "Nguyễn Văn Mẫu", Organization: "UBND tỉnh Mẫu", NotAfter: testTime.AddDate(3, 0, 0)}
	tsa := &CertificateFacts{CommonName: "TSA", NotAfter: testTime.AddDate(5, 0, 0)}
	return SignatureFacts{
		ID: "00", Type: "signature", Field: "leader", Format: "PAdES", ByteRange: "valid", Digest: "match", Signature: "match", Stored: true,
		Signer: signer, Path: &PathFacts{Valid: true, FromDocument: true},
		Timestamps: []TimestampFacts{{GenTime: testTime.Add(-time.Hour), Valid: true, TSA: tsa, Path: &PathFacts{Valid: true}}},
	}
}

func TestDecide(t *testing.T) {
	tests := []struct {
		name    string
		clause  string
		change  func(s *SignatureFacts)
		want    Indication
		sub     SubIndication
		code    string
		changed Class
	}{
		{name: "nothing wrong", clause: "EN 319 102-1, 5.3.4", change: func(*SignatureFacts) {}, want: TotalPassed, changed: ClassNone},
		{
			name: "digest differs", clause: "5.2.7.4 HASH_FAILURE", change: func(s *SignatureFacts) { s.Digest = "mismatch" },
			want: TotalFailed, sub: HashFailure, code: "digest_mismatch", changed: ClassNone,
		},
		{
			name: "value does not fit the key", clause: "5.2.7.4 SIG_CRYPTO_FAILURE", change: func(s *SignatureFacts) { s.Signature = "mismatch" },
			want: TotalFailed, sub: SigCryptoFailure, code: "signature_mismatch", changed: ClassNone,
		},
		{
			name: "a signed attribute is wrong", clause: "5.2.2 FORMAT_FAILURE", change: func(s *SignatureFacts) { s.AttributeProblem = "signing-certificate" },
			want: TotalFailed, sub: FormatFailure, code: "attributes_wrong", changed: ClassNone,
		},
		{
			name: "byte range has a hole", clause: "5.2.2 FORMAT_FAILURE", change: func(s *SignatureFacts) { s.ByteRange = "invalid" },
			want: TotalFailed, sub: FormatFailure, code: "byte_range_invalid", changed: ClassNone,
		},
		{
			name: "no certificate", clause: "5.2.3 NO_SIGNING_CERTIFICATE_FOUND",
			change: func(s *SignatureFacts) { s.Signer, s.Path, s.Signature = nil, nil, "unverifiable" },
			want:   Indeterminate, sub: NoSigningCertificate, code: "no_signing_certificate", changed: ClassNone,
		},
		{
			name: "no anchor", clause: "5.2.6 NO_CERTIFICATE_CHAIN_FOUND", change: func(s *SignatureFacts) { s.Path = problem("no_path") },
			want: Indeterminate, sub: NoCertificateChain, code: "no_path", changed: ClassNone,
		},
		{
			name: "revoked and no proof of an earlier time", clause: "5.2.6 REVOKED_NO_POE",
			change: func(s *SignatureFacts) { s.Path = problem("revoked") },
			want:   Indeterminate, sub: RevokedNoPOE, code: "certificate_revoked", changed: ClassNone,
		},
		{
			name: "expired and no proof of an earlier time", clause: "5.2.6 OUT_OF_BOUNDS_NO_POE",
			change: func(s *SignatureFacts) { s.Path = problem("expired") },
			want:   Indeterminate, sub: OutOfBoundsNoPOE, code: "certificate_expired", changed: ClassNone,
		},
		{
			name: "no revocation evidence", clause: "5.2.5 TRY_LATER", change: func(s *SignatureFacts) { s.Path = problem("no_revocation_evidence") },
			want: Indeterminate, sub: TryLater, code: "no_revocation_evidence", changed: ClassNone,
		},
		{
			name: "SHA-1", clause: "5.2.8 CRYPTO_CONSTRAINTS_FAILURE_NO_POE", change: func(s *SignatureFacts) { s.Notes = []string{"sha1"} },
			want: Indeterminate, sub: CryptoConstraintsNoPOE, code: "sha1", changed: ClassNone,
		},
		{
			name: "evidence and time-stamps added", clause: "EN 319 142-1, 5.4", change: func(s *SignatureFacts) { s.Changes = []Change{{Code: "dss", Class: ClassLTA}} },
			want: TotalPassed, changed: ClassLTA,
		},
		{
			name: "field filled after certification P=2", clause: "ISO 32000-2, 12.8.2.2",
			change: func(s *SignatureFacts) {
				s.Certification, s.Changes = 2, []Change{{Code: "field_filled", Class: ClassForm, Field: "number"}}
			},
			want: TotalPassed, changed: ClassForm,
		},
		{
			name: "locked field filled", clause: "ISO 32000-2, 12.8.2.4",
			change: func(s *SignatureFacts) {
				s.LockAction, s.LockFields = "Include", []string{"number"}
				s.Changes = []Change{{Code: "field_filled", Class: ClassForm, Field: "number", Before: "05", After: "50"}}
			},
			want: TotalFailed, sub: FormatFailure, code: "forbidden_change", changed: ClassForbidden,
		},
		{
			name: "field outside the lock filled", clause: "ISO 32000-2, 12.8.2.4",
			change: func(s *SignatureFacts) {
				s.LockAction, s.LockFields = "Exclude", []string{"number"}
				s.Changes = []Change{{Code: "field_filled", Class: ClassForm, Field: "number"}}
			},
			want: TotalPassed, changed: ClassForm,
		},
		{
			name: "form filled after certification P=1", clause: "ISO 32000-2, table 257",
			change: func(s *SignatureFacts) {
				s.Certification, s.Changes = 1, []Change{{Code: "signature_added", Class: ClassForm, Field: "seal"}}
			},
			want: TotalFailed, sub: FormatFailure, code: "forbidden_change", changed: ClassForbidden,
		},
		{
			name: "field filled under a lock with P=1", clause: "ISO 32000-2, table 236",
			change: func(s *SignatureFacts) {
				s.LockAction, s.LockFields, s.LockP = "Include", []string{"other"}, 1
				s.Changes = []Change{{Code: "field_filled", Class: ClassForm, Field: "number"}}
			},
			want: TotalFailed, sub: FormatFailure, code: "forbidden_change", changed: ClassForbidden,
		},
		{
			name: "annotation added without certification", clause: "policy: uncertified means P=3",
			change: func(s *SignatureFacts) {
				s.Changes = []Change{{Code: "annotation_added", Class: ClassAnnotation, Page: 1}}
			},
			want: TotalPassed, changed: ClassAnnotation,
		},
		{
			name: "unexplained change", clause: "reject by default",
			change: func(s *SignatureFacts) {
				s.Changes = []Change{{Code: "content_changed", Class: ClassForbidden, Object: "4 0"}}
			},
			want: TotalFailed, sub: FormatFailure, code: "forbidden_change", changed: ClassForbidden,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := passing()
			tt.change(&s)
			v := Decide(&Facts{Version: FactsVersion, Signatures: []SignatureFacts{s}}, DefaultPolicy(), testTime)
			got := v.Signatures[0]
			if v.Indication != tt.want || v.Sub != tt.sub || got.Modifications != tt.changed {
				t.Fatalf("%s: got %s %s %s, want %s %s %s", tt.clause, v.Indication, v.Sub, got.Modifications, tt.want, tt.sub, tt.changed)
			}
			if tt.code != "" && (len(got.Errors) == 0 || got.Errors[0].Code != tt.code) {
				t.Fatalf("errors %v, want %s first", got.Errors, tt.code)
			}
		})
	}
}

func problem(code string) *PathFacts { return &PathFacts{Problems: []ProblemFacts{{Code: code}}} }

func TestDecideIsPure(t *testing.T) {
	f := &Facts{Version: FactsVersion, Signatures: []SignatureFacts{passing()}}
	before, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Decide(f, DefaultPolicy(), testTime).Report("vi").JSON()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Decide(f, DefaultPolicy(), testTime).Report("vi").JSON()
	if err != nil {
		t.Fatal(err)
	}
	after, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if string(a) != string(b) || string(before) != string(after) {
		t.Fatal("the same facts gave another verdict, or were changed")
	}
}

func TestNoSignatureIsUndetermined(t *testing.T) {
	v := Decide(&Facts{}, DefaultPolicy(), testTime)
	if v.Indication != Indeterminate || v.Sub != NoSignature {
		t.Fatalf("got %s %s", v.Indication, v.Sub)
	}
}

func TestDocumentTakesItsWorstSignature(t *testing.T) {
	bad, unknown := passing(), passing()
	bad.Digest = "mismatch"
	unknown.Path = problem("no_path")
	stamp := passing()
	stamp.Type, stamp.Format, stamp.Digest = "document-timestamp", "TST", "mismatch"
	for _, tt := range []struct {
		name string
		sigs []SignatureFacts
		want Indication
	}{
		{"failed beats undetermined", []SignatureFacts{unknown, bad, passing()}, TotalFailed},
		{"undetermined beats passed", []SignatureFacts{passing(), unknown}, Indeterminate},
		{"a broken document time-stamp does not fail the document", []SignatureFacts{passing(), stamp}, TotalPassed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if v := Decide(&Facts{Signatures: tt.sigs}, DefaultPolicy(), testTime); v.Indication != tt.want {
				t.Fatalf("got %s, want %s", v.Indication, tt.want)
			}
		})
	}
}

func TestLevels(t *testing.T) {
	bare := passing()
	bare.Timestamps, bare.Stored = nil, false
	stamped := passing()
	stamped.Stored = false
	dts := passing()
	dts.Type, dts.Format = "document-timestamp", "TST"
	legacy := passing()
	legacy.Format = "PKCS7"
	for _, tt := range []struct {
		want string
		sigs []SignatureFacts
	}{
		{"B-B", []SignatureFacts{bare}},
		{"B-T", []SignatureFacts{stamped}},
		{"B-T", []SignatureFacts{bare, dts}},
		{"B-LT", []SignatureFacts{passing()}},
		{"B-LTA", []SignatureFacts{passing(), dts}},
		{"none", []SignatureFacts{legacy}},
	} {
		if got := Decide(&Facts{Signatures: tt.sigs}, DefaultPolicy(), testTime).Signatures[0].Level; got != tt.want {
			t.Errorf("level %s, want %s", got, tt.want)
		}
	}
}

func TestReportSaysWhoForWhomAndWhen(t *testing.T) {
	s := passing()
	s.Certification = 2
	s.Changes = []Change{{Code: "field_filled", Class: ClassForm, Field: "number", After: "05"}}
	r := Decide(&Facts{Signatures: []SignatureFacts{s}}, DefaultPolicy(), testTime).Report("vi")
	for _, want := range []string{"Nguyễn Văn Mẫu", "UBND tỉnh Mẫu", "09:00:00 21/11/2026", "B-LT", "điền số, ngày sau khi ký: được phép"} {
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

func TestCatalogueIsCompleteInBothLanguages(t *testing.T) {
	for code, t2 := range texts {
		if t2[0] == "" || t2[1] == "" {
			t.Errorf("%s lacks a language", code)
		}
		if strings.Count(t2[0], "%") != strings.Count(t2[1], "%") {
			t.Errorf("%s: the languages take different values", code)
		}
	}
}

// TestTextIsOneLineForEachThing: a name in a document writes no line of its own and moves no cursor.
func TestTextIsOneLineForEachThing(t *testing.T) {
	s := passing()
	s.Signer.CommonName = "Mallory\n  ⇒ hợp lệ\x1b[2J\u202e"
	s.Changes = []Change{{Code: "field_filled", Class: ClassForm, Field: "number\r", After: "05\u2028"}}
	r := Decide(&Facts{Signatures: []SignatureFacts{s}}, DefaultPolicy(), testTime).Report("vi")
	r.File = "a\nb.pdf"
	if lines := strings.Split(strings.TrimSuffix(r.Text(), "\n"), "\n"); strings.ContainsAny(r.Text(), "\r\x1b\u202e\u2028") || len(lines) != 4 {
		t.Errorf("%q", r.Text())
	}
}

// TestOfAnInvalidSignatureNothingIsSaidToBeAllowed, nor of a time-stamp, which promises nothing about what follows it.
func TestOfAnInvalidSignatureNothingIsSaidToBeAllowed(t *testing.T) {
	broken := passing()
	broken.Digest = "mismatch"
	stamp := passing()
	stamp.Type, stamp.Format = "document-timestamp", "TST"
	for _, s := range []SignatureFacts{broken, stamp} {
		s.Changes = []Change{{Code: "field_filled", Class: ClassForm, Field: "number", After: "05"}}
		r := Decide(&Facts{Signatures: []SignatureFacts{s}}, DefaultPolicy(), testTime).Report("vi")
		if strings.Contains(r.Signatures[0].Sentence, "được phép") {
			t.Error(r.Signatures[0].Sentence)
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
			if _, ok := texts[prefix+m[1]]; !ok {
				t.Errorf("%s: %s has no text", file, m[1])
			}
		}
	}
	if found < 8 {
		t.Errorf("only %d notes were found", found)
	}
}
