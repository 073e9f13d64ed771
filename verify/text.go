package verify

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/antinvn/antin/codes"
)

// texts are the words of sentences and changes in Vietnamese and English; what validation finds stands in the catalogue of
// package codes. A test holds both complete.
var texts = map[string][2]string{
	// verdict of a document
	"doc_passed":        {"Văn bản còn nguyên vẹn và chữ ký hợp lệ.", "The document is intact and its signatures are valid."},
	"doc_failed":        {"Không hợp lệ: %s", "Not valid: %s"},
	"doc_indeterminate": {"Chưa kết luận được: %s", "Cannot tell yet: %s"},
	"no_signature":      {"Văn bản không có chữ ký số nào.", "The document carries no digital signature."},

	// what signing and extending report of themselves
	"note.token_too_large_document_timestamp_added":           {"Dấu thời gian lớn hơn chỗ đã dành: đã ghi mức B-B và thêm dấu thời gian cho cả tệp.", "The time-stamp did not fit its room: B-B was written and a document time-stamp added."},
	"note.new_visible_field_after_certification":              {"Ô chữ ký hiện mới được thêm sau khi văn bản đã chứng nhận; một số phần mềm kiểm tra không chấp nhận.", "A new visible signature was added after certification; some validators refuse it."},
	"note.document_timestamp_for_missing_signature_timestamp": {"Chữ ký không có dấu thời gian riêng: đã thêm dấu thời gian cho cả tệp.", "The signature carries no time-stamp of its own: a document time-stamp was added."},

	"note.certificate_expired_before_renewal": {"Một chứng thư đã hết hạn trước lần gia hạn này: dấu thời gian mới không chứng minh được điều xảy ra trước đó.", "A certificate had expired before this renewal: the new time-stamp cannot prove what came before."},

	// words of the sentence about one signature
	"sig.passed":        {"Chữ ký của %s hợp lệ", "Signature by %s is valid"},
	"sig.failed":        {"Chữ ký của %s không hợp lệ", "Signature by %s is not valid"},
	"sig.indeterminate": {"Chữ ký của %s chưa kết luận được", "Signature by %s cannot be judged yet"},
	"dts.passed":        {"Dấu thời gian của %s hợp lệ", "Document time-stamp by %s is valid"},
	"dts.failed":        {"Dấu thời gian của %s không hợp lệ", "Document time-stamp by %s is not valid"},
	"dts.indeterminate": {"Dấu thời gian của %s chưa kết luận được", "Document time-stamp by %s cannot be judged yet"},
	"ctr.passed":        {"Chữ ký xác nhận của %s hợp lệ", "Counter-signature by %s is valid"},
	"ctr.failed":        {"Chữ ký xác nhận của %s không hợp lệ", "Counter-signature by %s is not valid"},
	"ctr.indeterminate": {"Chữ ký xác nhận của %s chưa kết luận được", "Counter-signature by %s cannot be judged yet"},
	"sig.nobody":        {"(không rõ người ký)", "(unknown signer)"},
	"sig.agency":        {" (%s)", " (%s)"},
	"sig.at":            {", lúc %s (theo dấu thời gian)", ", at %s (by time-stamp)"},
	"sig.claimed":       {", giờ khai báo %s", ", claimed time %s"},
	"sig.level":         {", mức %s", ", level %s"},
	"sig.filled":        {"; điền số, ngày sau khi ký: được phép", "; number and date filled: allowed"},
	"sig.forbidden":     {"; thay đổi sau khi ký: không được phép", "; changed after signing: not allowed"},
}

// vietnam is the offset of Vietnamese time, which knows no summer time.
var vietnam = time.FixedZone("+07", 7*60*60)

func text(code, lang string) string {
	t, ok := texts[code]
	if !ok {
		t, ok = changeTexts[code]
	}
	if !ok {
		if f, found := codes.Findings()[code]; found {
			what, _, _ := f.In(lang)
			return what
		}
		return code
	}
	if lang == "en" {
		return t[1]
	}
	return t[0]
}

func (v *Verdict) sentence(lang string) string {
	switch {
	case v.Sub == NoSignature:
		return text("no_signature", lang)
	case v.Indication == TotalPassed:
		return text("doc_passed", lang)
	}
	reason := string(v.Sub)
	for i := range v.Signatures {
		s := &v.Signatures[i]
		if v.Facts.Signatures[i].Type == TypeSignature && s.Indication == v.Indication && len(s.Errors) > 0 {
			reason = lowerFirst(text(mainError(s), lang))
			break
		}
	}
	code := "doc_indeterminate"
	if v.Indication == TotalFailed {
		code = "doc_failed"
	}
	return fmt.Sprintf(text(code, lang), reason)
}

// mainError is the code of the finding that gave the sub-indication: a broken digest says more than what follows from it.
func mainError(s *SignatureVerdict) string {
	for _, want := range []string{"digest_mismatch", "signature_mismatch"} {
		for _, e := range s.Errors {
			if e.Code == want {
				return want
			}
		}
	}
	return s.Errors[0].Code
}

func (v *Verdict) signatureSentence(i int, lang string) string {
	f, s := &v.Facts.Signatures[i], &v.Signatures[i]
	kind := map[string]string{"signature": "sig.", "counter-signature": "ctr.", "document-timestamp": "dts."}[f.Type]
	word := map[Indication]string{TotalPassed: "passed", TotalFailed: "failed", Indeterminate: "indeterminate"}[s.Indication]
	name := text("sig.nobody", lang)
	signer := v.certificate(f.Signer)
	if signer != nil {
		name = signer.CommonName
	}
	if signer != nil && signer.Organization != "" && signer.Organization != name {
		name += fmt.Sprintf(text("sig.agency", lang), signer.Organization)
	}
	var b strings.Builder
	fmt.Fprintf(&b, text(kind+word, lang), name)
	switch {
	case s.BestSignatureTime != nil:
		fmt.Fprintf(&b, text("sig.at", lang), s.BestSignatureTime.In(vietnam).Format("15:04:05 02/01/2006"))
	case f.ClaimedTime != nil:
		fmt.Fprintf(&b, text("sig.claimed", lang), f.ClaimedTime.In(vietnam).Format("15:04:05 02/01/2006"))
	}
	if s.Level != "none" {
		fmt.Fprintf(&b, text("sig.level", lang), s.Level)
	}
	switch {
	case s.Modifications == ClassForbidden:
		b.WriteString(text("sig.forbidden", lang))
	case f.Type == TypeSignature && s.Indication != TotalFailed && filled(f): // of an invalid signature nothing is said to be allowed
		b.WriteString(text("sig.filled", lang))
	}
	return b.String() + "."
}

func filled(f *SignatureFacts) bool {
	for i := range f.Changes {
		if f.Changes[i].Code == "field_filled" {
			return true
		}
	}
	return false
}

// plain takes out of a name or value what would move the cursor, begin a line, or turn the writing direction: a document must
// not write lines of its own into a report (Unicode TR 36, 2.10).
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

func lowerFirst(s string) string {
	r := []rune(s)
	if len(r) > 0 {
		r[0] = []rune(strings.ToLower(string(r[0])))[0]
	}
	return string(r)
}

// Text is the catalogue's text of a code in a language ("vi" or "en"); an unknown code is its own text.
func Text(code, lang string) string { return text(code, lang) }
