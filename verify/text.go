package verify

import (
	"fmt"
	"slices"
	"strconv"
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
	"doc_passed_lines":  {"Văn bản còn nguyên vẹn và cả %s chữ ký đều hợp lệ.", "The document is intact and all of its %s signatures are valid."},
	"doc_failed":        {"Không hợp lệ: %s", "Not valid: %s"},
	"doc_indeterminate": {"Chưa kết luận được: %s", "Cannot tell yet: %s"},
	// a document that only training keys vouch for
	"training.doc_passed":        {"Chỉ để huấn luyện: văn bản ký bằng khóa huấn luyện, không có giá trị pháp lý. Về kỹ thuật, văn bản còn nguyên vẹn và chữ ký đúng.", "For training only: the document is signed by training keys and has no legal value. Technically it is intact and its signatures are right."},
	"training.doc_passed_lines":  {"Chỉ để huấn luyện: văn bản ký bằng khóa huấn luyện, không có giá trị pháp lý. Về kỹ thuật, văn bản còn nguyên vẹn và cả %s chữ ký đều đúng.", "For training only: the document is signed by training keys and has no legal value. Technically it is intact and all of its %s signatures are right."},
	"training.doc_failed":        {"Không hợp lệ, và chỉ là chữ ký huấn luyện: %s", "Not valid, and for training only: %s"},
	"training.doc_indeterminate": {"Chưa kết luận được, và chỉ là chữ ký huấn luyện: %s", "Cannot tell yet, and for training only: %s"},
	"training.tst_passed":        {"Chỉ để huấn luyện: dấu thời gian của dịch vụ huấn luyện, không có giá trị pháp lý. Về kỹ thuật, dấu thời gian đúng.", "For training only: the time-stamp is a training service's and has no legal value. Technically it is right."},

	"tst_passed":   {"Dấu thời gian hợp lệ.", "The time-stamp is valid."},
	"no_signature": {"Văn bản không có chữ ký số nào.", "The document carries no digital signature."},

	"reused": {"Vừa kiểm tra %s chữ ký, dấu thời gian; dùng lại kết quả của %s cái không đổi.", "%s signatures and time-stamps checked now; %s unchanged ones taken from the earlier check."},

	// what signing and extending report of themselves
	"note.token_too_large_document_timestamp_added":           {"Dấu thời gian lớn hơn chỗ đã dành: đã ghi mức B-B và thêm dấu thời gian cho cả tệp.", "The time-stamp did not fit its room: B-B was written and a document time-stamp added."},
	"note.new_visible_field_after_certification":              {"Ô chữ ký hiện mới được thêm sau khi văn bản đã chứng nhận; một số phần mềm kiểm tra không chấp nhận.", "A new visible signature was added after certification; some validators refuse it."},
	"note.document_timestamp_for_missing_signature_timestamp": {"Chữ ký không có dấu thời gian riêng: đã thêm dấu thời gian cho cả tệp.", "The signature carries no time-stamp of its own: a document time-stamp was added."},

	"note.certificate_expired_before_renewal": {"Một chứng thư đã hết hạn trước lần gia hạn này: dấu thời gian mới không chứng minh được điều xảy ra trước đó.", "A certificate had expired before this renewal: the new time-stamp cannot prove what came before."},

	// words of the sentence about one signature
	"sig.passed":                 {"Chữ ký của %s hợp lệ", "Signature by %s is valid"},
	"sig.failed":                 {"Chữ ký của %s không hợp lệ", "Signature by %s is not valid"},
	"sig.indeterminate":          {"Chưa kết luận được về chữ ký của %s", "Signature by %s cannot be judged yet"},
	"dts.passed":                 {"Dấu thời gian của %s hợp lệ", "Document time-stamp by %s is valid"},
	"dts.failed":                 {"Dấu thời gian của %s không hợp lệ", "Document time-stamp by %s is not valid"},
	"dts.indeterminate":          {"Chưa kết luận được về dấu thời gian của %s", "Document time-stamp by %s cannot be judged yet"},
	"ctr.passed":                 {"Chữ ký xác nhận của %s hợp lệ", "Counter-signature by %s is valid"},
	"ctr.failed":                 {"Chữ ký xác nhận của %s không hợp lệ", "Counter-signature by %s is not valid"},
	"ctr.indeterminate":          {"Chưa kết luận được về chữ ký xác nhận của %s", "Counter-signature by %s cannot be judged yet"},
	"training.sig.passed":        {"Chữ ký huấn luyện của %s đúng về kỹ thuật, không có giá trị pháp lý", "Training signature by %s is technically right and has no legal value"},
	"training.sig.failed":        {"Chữ ký huấn luyện của %s không hợp lệ", "Training signature by %s is not valid"},
	"training.sig.indeterminate": {"Chưa kết luận được về chữ ký huấn luyện của %s", "Training signature by %s cannot be judged yet"},
	"training.dts.passed":        {"Dấu thời gian huấn luyện của %s đúng về kỹ thuật, không có giá trị pháp lý", "Training time-stamp by %s is technically right and has no legal value"},
	"training.dts.failed":        {"Dấu thời gian huấn luyện của %s không hợp lệ", "Training time-stamp by %s is not valid"},
	"training.dts.indeterminate": {"Chưa kết luận được về dấu thời gian huấn luyện của %s", "Training time-stamp by %s cannot be judged yet"},
	"training.ctr.passed":        {"Chữ ký xác nhận huấn luyện của %s đúng về kỹ thuật, không có giá trị pháp lý", "Training counter-signature by %s is technically right and has no legal value"},
	"training.ctr.failed":        {"Chữ ký xác nhận huấn luyện của %s không hợp lệ", "Training counter-signature by %s is not valid"},
	"training.ctr.indeterminate": {"Chưa kết luận được về chữ ký xác nhận huấn luyện của %s", "Training counter-signature by %s cannot be judged yet"},
	"sig.nobody":                 {"(không rõ người ký)", "(unknown signer)"},
	"sig.agency":                 {" (%s)", " (%s)"},
	"sig.claims":                 {"người tự xưng là %s", "someone who claims to be %s"},
	"sig.at":                     {", ký lúc %s (theo dấu thời gian)", ", signed at %s (by time-stamp)"},
	"dts.at":                     {", đóng lúc %s", ", made at %s"},
	"sig.claimed":                {", giờ khai báo %s", ", claimed time %s"},
	"sig.times":                  {", gồm %s lần ký (%s)", ", in %s signatures (%s)"},
	"sig.level":                  {", mức %s", ", level %s"},
	"sig.filled":                 {"; điền số, ngày sau khi ký: được phép", "; number and date filled: allowed"},
	"word.passed":                {"hợp lệ", "valid"},
	"word.failed":                {"không hợp lệ", "not valid"},
	"word.training":              {"chỉ để huấn luyện", "for training only"},
	"word.indeterminate":         {"chưa kết luận được", "cannot tell yet"},
	"until":                      {"Còn xác nhận được đến %s, nếu không chứng thư nào bị thu hồi.", "It can be confirmed until %s, if no certificate is revoked."},

	// questions about one signature, and the words of their answers
	"ask.who":             {"Người ký", "Signer"},
	"ask.service":         {"Dịch vụ dấu thời gian", "Time-stamping service"},
	"ask.capacity":        {"Tư cách", "Capacity"},
	"ask.agency":          {"Cơ quan, tổ chức", "Agency"},
	"ask.issuer":          {"Nơi cấp chứng thư", "Certificate issued by"},
	"ask.trust":           {"Tin cậy", "Trust"},
	"ask.when":            {"Thời điểm", "When"},
	"ask.covers":          {"Phạm vi ký", "What is signed"},
	"ask.software":        {"Phần mềm ký (tự khai)", "Signing program (as it says)"},
	"ask.reason":          {"Lý do (người ký ghi)", "Reason (as the signer wrote)"},
	"ask.location":        {"Nơi ký (người ký ghi)", "Place (as the signer wrote)"},
	"ask.until":           {"Còn xác nhận được đến", "Can be confirmed until"},
	"answer.untrusted":    {"chưa có nguồn tin cậy nào xác nhận các tên này", "no trusted source confirms these names"},
	"answer.proved":       {"%s, theo đồng hồ của dịch vụ dấu thời gian %s", "%s, by the clock of the time-stamping service %s"},
	"answer.claimed":      {"%s, theo máy của người ký; chưa được chứng minh", "%s, by the signer's own clock; not proved"},
	"answer.unknown_time": {"không rõ", "unknown"},
	"answer.a_service":    {"đáng tin cậy", "that is trusted"},
	"covers.all":          {"toàn bộ tệp", "the whole file"},
	"covers.revision":     {"tệp lúc ký; phần ghi thêm về sau không đổi nội dung", "the file as it was signed; what was added later changes nothing"},
	"covers.allowed":      {"tệp lúc ký; sau đó chỉ có thay đổi được phép", "the file as it was signed; later changes are allowed ones"},
	"covers.stamped":      {"tệp lúc đóng dấu thời gian; phần ghi thêm về sau nằm ngoài", "the file as it was time-stamped; what was added later is not covered"},
	"covers.changed":      {"tệp lúc ký; sau đó có thay đổi không được phép", "the file as it was signed; later changes are not allowed"},
	"covers.nothing":      {"không xác định được phần đã ký", "what was signed cannot be determined"},

	// the date of a finding
	"date":                           {"mốc %s", "date: %s"},
	"date.anchor_out_of_time":        {"giới hạn: %s", "limit: %s"},
	"date.certificate_expired":       {"hết hạn lúc %s", "expired at %s"},
	"date.certificate_not_yet_valid": {"có hiệu lực từ %s", "valid from %s"},
	"date.certificate_on_hold":       {"tạm dừng từ %s", "on hold since %s"},
	"date.certificate_revoked":       {"thu hồi lúc %s", "revoked at %s"},
	"date.signed_after_revocation":   {"thu hồi lúc %s", "revoked at %s"},
	"date.signed_after_expiry":       {"hết hạn lúc %s", "expired at %s"},
	"date.revocation_stale":          {"phát hành lúc %s", "issued at %s"},
	"date.revocation_before_signature": {
		"phát hành lúc %s", "issued at %s",
	},
	"date.revocation_issuer_expired":  {"hết hạn lúc %s", "expired at %s"},
	"date.sha1":                       {"chỉ được tin cậy trước %s", "relied upon before %s"},
	"date.weak_algorithm":             {"chỉ được tin cậy trước %s", "relied upon before %s"},
	"date.weak_certificate_algorithm": {"chỉ được tin cậy trước %s", "relied upon before %s"},
	"date.weak_revocation_algorithm":  {"chỉ được tin cậy trước %s", "relied upon before %s"},
	"date.weak_timestamp_algorithm":   {"chỉ được tin cậy trước %s", "relied upon before %s"},
	"date.claimed_time_future":        {"giờ khai báo: %s", "claimed: %s"},
	"date.claimed_time_local_as_utc":  {"giờ khai báo: %s", "claimed: %s"},
	"date.claimed_time_differs":       {"giờ khai báo: %s", "claimed: %s"},
	"date.timestamp_late":             {"dấu thời gian lúc %s", "time-stamp at %s"},
	"date.timestamp_order":            {"dấu thời gian muộn: %s", "the late one: %s"},
	"date.proof_missing":              {"chứng minh được đến %s", "proved back to %s"},

	// next steps that name the thing
	"next.issuer":       {"Còn thiếu chứng thư của %s.", "The certificate of %s is missing."},
	"next.root":         {"Gốc %s đi kèm tệp nhưng chưa nằm trong --trust; chỉ thêm khi đã xác minh với nơi cấp.", "The root %s comes with the file and is not in --trust; add it only after checking it with its owner."},
	"next.no_signature": {"Nếu văn bản phải có chữ ký số, xin bản gốc từ cơ quan phát hành; bản in, bản chụp không mang chữ ký số.", "If the document should be signed, ask the issuing agency for the original; prints and scans carry no digital signature."},
	"next.online":       {"Lần này không gọi mạng (--offline).", "This time the network was not used (--offline)."},
	"next.server":       {"Máy chủ không trả lời được: %s.", "The server that gave no answer: %s."},
	"next.allow":        {"Máy chủ cần cho phép: --allow-host %s.", "The server to allow: --allow-host %s."},
	"next.service":      {"Dịch vụ hoặc phần mềm đã ký: %s.", "The service or program that signed: %s."},
	"next.before":       {"Chứng thư hết hạn lúc %s.", "The certificate expires at %s."},

	"sig.forbidden": {"; thay đổi sau khi ký: không được phép", "; changed after signing: not allowed"},
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
	prefix := ""
	if v.training() {
		prefix = trainingTexts
	}
	switch {
	case v.Sub == NoSignature:
		return text("no_signature", lang)
	case v.Indication == TotalPassed && v.Facts.Format == "tst":
		return text(prefix+"tst_passed", lang)
	case v.Indication == TotalPassed:
		if n := v.counted(); n > 1 {
			return fmt.Sprintf(text(prefix+"doc_passed_lines", lang), strconv.Itoa(n))
		}
		return text(prefix+"doc_passed", lang)
	}
	reason := string(v.Sub)
	for i := range v.Signatures {
		s := &v.Signatures[i]
		if (v.Facts.Signatures[i].Type == TypeSignature || v.Facts.Format == "tst") && s.Indication == v.Indication && len(s.Errors) > 0 {
			reason = lowerFirst(text(mainError(s), lang))
			break
		}
	}
	code := "doc_indeterminate"
	if v.Indication == TotalFailed {
		code = "doc_failed"
	}
	return fmt.Sprintf(text(prefix+code, lang), reason)
}

// counted is the number of signatures that a document's answer rests on.
func (v *Verdict) counted() (n int) {
	for i := range v.Facts.Signatures {
		if v.Facts.Signatures[i].Type == TypeSignature {
			n++
		}
	}
	return n
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
	var b strings.Builder
	b.WriteString(v.verdictOf(i, lang))
	b.WriteString(v.timeOf(i, lang))
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

// verdictOf is whose signature it is, and what came out.
func (v *Verdict) verdictOf(i int, lang string) string {
	kind := map[string]string{TypeSignature: "sig.", TypeCounterSignature: "ctr.", TypeDocumentTimestamp: "dts."}[v.Facts.Signatures[i].Type]
	word := map[Indication]string{TotalPassed: "passed", TotalFailed: "failed", Indeterminate: "indeterminate"}[v.Signatures[i].Indication]
	if v.Facts.Signatures[i].training() {
		kind = trainingTexts + kind
	}
	return fmt.Sprintf(text(kind+word, lang), v.who(i, lang))
}

// who names the signer. Names stand in quotation marks, so that none of them reads like a part of the answer; where no path leads to an
// anchor anybody may have written them.
func (v *Verdict) who(i int, lang string) string {
	signer := v.certificate(v.Facts.Signatures[i].Signer)
	if signer == nil {
		return text("sig.nobody", lang)
	}
	name := quoted(signer.CommonName)
	if signer.CommonName == "" {
		name = quoted(signer.Subject)
	}
	if signer.Organization != "" && signer.Organization != signer.CommonName {
		name += fmt.Sprintf(text("sig.agency", lang), quoted(signer.Organization))
	}
	if !v.trusted(i) {
		name = fmt.Sprintf(text("sig.claims", lang), name)
	}
	return name
}

// trusted says that a path leads from a signature's certificate to an anchor.
func (v *Verdict) trusted(i int) bool {
	return slices.ContainsFunc(v.Facts.Signatures[i].Chains, func(c ChainFacts) bool { return c.Anchor != nil && len(c.Problems) == 0 })
}

// timeOf is when a signature was made, and who says so.
func (v *Verdict) timeOf(i int, lang string) string {
	switch f, s := &v.Facts.Signatures[i], &v.Signatures[i]; {
	case s.BestSignatureTime != nil && f.Type == TypeDocumentTimestamp:
		return fmt.Sprintf(text("dts.at", lang), clock(*s.BestSignatureTime))
	case s.BestSignatureTime != nil:
		return fmt.Sprintf(text("sig.at", lang), clock(*s.BestSignatureTime))
	case f.ClaimedTime != nil:
		return fmt.Sprintf(text("sig.claimed", lang), clock(*f.ClaimedTime))
	}
	return ""
}

// clock is a time as a reader in Vietnam has it.
func clock(t time.Time) string { return t.In(vietnam).Format("15:04:05 02/01/2006") }

// longestName is how many letters of a name are shown.
const longestName = 120

// quoted is a name in quotation marks; those inside become others, so that it does not end before its end.
func quoted(name string) string {
	name = strings.Map(func(r rune) rune {
		switch r {
		case '“', '”', '"', '„', '‟':
			return '\''
		}
		return r
	}, plain(name))
	if r := []rune(name); len(r) > longestName {
		name = string(r[:longestName]) + "…"
	}
	return "“" + name + "”"
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

func upperFirst(s string) string {
	r := []rune(s)
	if len(r) > 0 {
		r[0] = unicode.ToUpper(r[0])
	}
	return string(r)
}

// Text is the catalogue's text of a code in a language ("vi" or "en"); an unknown code is its own text.
func Text(code, lang string) string { return text(code, lang) }

// Plain is a name or value from a document without what would move the cursor, begin a line or turn the writing direction: for
// programs that show it in a place of their own.
func Plain(s string) string { return plain(s) }
