package verify

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// texts is the catalogue of this package: every code in Vietnamese and English. A test holds it complete.
var texts = map[string][2]string{
	// verdict of a document
	"doc_passed":        {"Văn bản còn nguyên vẹn và chữ ký hợp lệ.", "The document is intact and its signatures are valid."},
	"doc_failed":        {"Không hợp lệ: %s", "Not valid: %s"},
	"doc_indeterminate": {"Chưa kết luận được: %s", "Cannot tell yet: %s"},
	"no_signature":      {"Văn bản không có chữ ký số nào.", "The document carries no digital signature."},

	// errors
	"byte_range_invalid":               {"Vùng được ký không đúng quy cách, nội dung có thể đã bị thêm hoặc che giấu.", "The signed range is malformed; content may have been added or hidden."},
	"signature_unreadable":             {"Không đọc được chữ ký.", "The signature cannot be read."},
	"forbidden_change":                 {"Sau khi ký, văn bản đã bị thay đổi ngoài phạm vi cho phép.", "After signing the document was changed beyond what is allowed."},
	"attributes_wrong":                 {"Thuộc tính được ký không khớp với chữ ký hoặc chứng thư.", "A signed attribute does not fit the signature or the certificate."},
	"digest_mismatch":                  {"Nội dung đã bị thay đổi sau khi ký.", "The signed content was changed after signing."},
	"signature_mismatch":               {"Giá trị chữ ký không khớp với khóa của người ký.", "The signature value does not match the signer's key."},
	"no_signing_certificate":           {"Không tìm thấy chứng thư của người ký.", "The signer's certificate was not found."},
	"not_verifiable":                   {"Không có đủ dữ liệu hoặc thuật toán để kiểm tra.", "Data or algorithm to check it is not available."},
	"no_path":                          {"Không lập được đường dẫn chứng thư tới gốc tin cậy.", "No certificate path to a trust anchor could be built."},
	"certificate_expired":              {"Chứng thư đã hết hạn và không có gì chứng minh đã ký trước đó.", "The certificate has expired and nothing proves an earlier signature."},
	"certificate_not_yet_valid":        {"Chứng thư chưa có hiệu lực.", "The certificate is not yet valid."},
	"certificate_revoked":              {"Chứng thư đã bị thu hồi.", "The certificate has been revoked."},
	"no_revocation_evidence":           {"Chưa có dữ liệu về tình trạng thu hồi của chứng thư.", "No revocation data for the certificate is at hand."},
	"chain_bad_signature":              {"Một chứng thư trong đường dẫn có chữ ký sai.", "A certificate in the path has a wrong signature."},
	"chain_limit":                      {"Đường dẫn chứng thư quá phức tạp.", "The certificate path is too complex."},
	"chain_not_a_ca":                   {"Một chứng thư cấp trên không phải chứng thư CA.", "An issuing certificate is not a CA certificate."},
	"chain_path_length":                {"Đường dẫn chứng thư dài hơn mức cho phép.", "The certificate path is longer than allowed."},
	"chain_key_usage":                  {"Chứng thư không được dùng để ký.", "The certificate may not be used for signing."},
	"chain_ext_key_usage":              {"Chứng thư không dành cho mục đích này.", "The certificate is not meant for this purpose."},
	"chain_unknown_critical_extension": {"Chứng thư có phần mở rộng bắt buộc không hiểu được.", "The certificate has a critical extension that is not understood."},
	"chain_name_constraints":           {"Tên trong chứng thư nằm ngoài phạm vi CA được cấp.", "The certificate's name is outside what its CA may issue."},
	"sha1":                             {"Dùng thuật toán băm SHA-1 không còn an toàn.", "Uses SHA-1, which is no longer safe."},

	// warnings
	"digestinfo_without_null":     {"Chữ ký mã hóa theo dạng cũ, vẫn được chấp nhận.", "The signature uses an old encoding that is still accepted."},
	"stray_pss_parameters":        {"Tham số thuật toán ghi thừa, vẫn được chấp nhận.", "Stray algorithm parameters, still accepted."},
	"signing_time_absent":         {"Chữ ký không ghi giờ ký.", "The signature does not say when it was made."},
	"no_signed_attributes":        {"Chữ ký không có thuộc tính được ký.", "The signature has no signed attributes."},
	"ess_missing":                 {"Chữ ký không gắn với chứng thư của người ký.", "The signature does not bind the signer's certificate."},
	"ess_sha1":                    {"Chữ ký gắn với chứng thư bằng SHA-1.", "The signature binds the certificate by SHA-1."},
	"algorithm_protection_absent": {"Chữ ký không bảo vệ tên thuật toán.", "The signature does not protect its algorithm identifiers."},
	"timestamp_invalid":           {"Dấu thời gian không đúng.", "The time-stamp is not valid."},
	"timestamp_untrusted":         {"Dấu thời gian không tới được gốc tin cậy.", "The time-stamp is not trusted."},
	"claimed_time_differs":        {"Giờ máy người ký lệch so với dấu thời gian.", "The signer's clock differs from the time-stamp."},
	"no_trusted_time":             {"Không có dấu thời gian: giờ ký chỉ là khai báo.", "No time-stamp: the time is only claimed."},
	"annotations_added":           {"Sau khi ký có thêm chú thích.", "Annotations were added after signing."},

	"byte_range_counted_from_header":   {"Vị trí vùng ký được đếm từ đầu PDF; phần đứng trước đó không được ký.", "The signed range is counted from the PDF header; the bytes before it are not signed."},
	"dictionary_in_several_fields":     {"Một chữ ký được hiện ở nhiều trường.", "One signature is shown in several fields."},
	"dictionary_changed_after_signing": {"Từ điển chữ ký đã bị đổi sau khi ký.", "The signature dictionary was changed after signing."},
	"data_after_cms":                   {"Sau giá trị chữ ký còn dữ liệu khác.", "Other data follows the signature value."},
	"several_signers":                  {"Một ô chữ ký chứa nhiều người ký; chỉ người đầu được xét.", "One signature holds several signers; the first is judged."},

	// what signing and extending report of themselves
	"note.token_too_large_document_timestamp_added":           {"Dấu thời gian lớn hơn chỗ đã dành: đã ghi mức B-B và thêm dấu thời gian cho cả tệp.", "The time-stamp did not fit its room: B-B was written and a document time-stamp added."},
	"note.new_visible_field_after_certification":              {"Ô chữ ký hiện mới được thêm sau khi văn bản đã chứng nhận; một số phần mềm kiểm tra không chấp nhận.", "A new visible signature was added after certification; some validators refuse it."},
	"note.document_timestamp_for_missing_signature_timestamp": {"Chữ ký không có dấu thời gian riêng: đã thêm dấu thời gian cho cả tệp.", "The signature carries no time-stamp of its own: a document time-stamp was added."},

	// changes
	"change.dss":                      {"Bổ sung dữ liệu kiểm tra lâu dài: được phép.", "Long-term validation data added: allowed."},
	"change.document_timestamp_added": {"Bổ sung dấu thời gian lưu trữ: được phép.", "Document time-stamp added: allowed."},
	"change.signature_added":          {"Có thêm chữ ký ở trường “%s”.", "A signature was added in field “%s”."},
	"change.signature_field_added":    {"Có thêm ô chữ ký “%s”.", "A signature field “%s” was added."},
	"change.field_filled":             {"Trường “%s” được điền: “%s” → “%s”.", "Field “%s” was filled: “%s” → “%s”."},
	"change.annotation_added":         {"Có thêm chú thích trên trang %d.", "An annotation was added on page %d."},
	"change.other":                    {"Đã đổi %s: “%s” → “%s”.", "Changed %s: “%s” → “%s”."},

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
		if v.Facts.Signatures[i].Type == "signature" && s.Indication == v.Indication && len(s.Errors) > 0 {
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
	if f.Signer != nil {
		name = f.Signer.CommonName
	}
	if f.Signer != nil && f.Signer.Organization != "" && f.Signer.Organization != name {
		name += fmt.Sprintf(text("sig.agency", lang), f.Signer.Organization)
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
	case f.Type == "signature" && s.Indication != TotalFailed && filled(f): // of an invalid signature nothing is said to be allowed
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

func changeText(c *Change, lang string) string {
	t := text("change."+c.Code, lang)
	switch c.Code {
	case "dss", "document_timestamp_added":
		return t
	case "signature_added", "signature_field_added":
		return fmt.Sprintf(t, c.Field)
	case "field_filled":
		return fmt.Sprintf(t, c.Field, c.Before, c.After)
	case "annotation_added":
		return fmt.Sprintf(t, c.Page)
	}
	return fmt.Sprintf(text("change.other", lang), c.Object+" ("+c.Code+")", c.Before, c.After)
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
