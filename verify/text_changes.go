package verify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// changeTexts are the words for changes after signing in Vietnamese and English; attacks stand in the catalogue of package codes.
// {field}, {before} and {after} are filled in from the change, where they are a reader's: names and values. Objects, keys and what
// a reader of the file says go into the technical part.
var changeTexts = map[string][2]string{
	"change.allowed":   {"được phép", "allowed"},
	"change.forbidden": {"không được phép", "not allowed"},
	"change.times":     {"%s lần", "%s times"},

	// allowed after every signature
	"change.dss":                      {"Bổ sung dữ liệu kiểm tra lâu dài.", "Long-term validation data added."},
	"change.document_timestamp_added": {"Bổ sung dấu thời gian lưu trữ.", "Document time-stamp added."},
	"change.extensions":               {"Khai báo phần mở rộng của tệp.", "File extensions declared."},
	"change.version_raised":           {"Nâng phiên bản PDF “{before}” → “{after}”.", "PDF version raised “{before}” → “{after}”."},
	"change.metadata":                 {"Cập nhật ngày giờ, phần mềm trong thông tin về tệp.", "Dates and software in the file's metadata updated."},
	"change.document_information":     {"Đổi thông tin mô tả của tệp: “{before}” → “{after}”.", "Information about the file was changed: “{before}” → “{after}”."},
	"change.signature_flags":          {"Ghi nhận tệp có chữ ký.", "The form now says that there are signatures."},

	// form
	"change.form_resources":          {"Bổ sung phông chữ cho biểu mẫu.", "Resources of the form added."},
	"change.signature_added":         {"Có thêm chữ ký ở trường “{field}” đã đặt sẵn.", "The prepared field “{field}” was signed."},
	"change.new_signature_added":     {"Có thêm chữ ký “{field}”.", "A signature “{field}” was added."},
	"change." + CodeVisibleSignature: {"Có thêm chữ ký hiển thị trên trang, “{field}”.", "A visible signature “{field}” was added."},
	"change.signature_field_added":   {"Có thêm ô chữ ký còn trống “{field}”.", "An empty signature field “{field}” was added."},
	"change.field_filled":            {"Trường “{field}” được điền “{after}”.", "Field “{field}” was filled with “{after}”."},
	"change.field_filled_again":      {"Trường “{field}” được điền lại: “{before}” → “{after}”.", "Field “{field}” was filled anew: “{before}” → “{after}”."},
	"change.field_redrawn":           {"Trường “{field}” được vẽ lại, giá trị không đổi.", "Field “{field}” was drawn anew with the same value."},
	"change.field_style":             {"Đổi cách hiển thị của trường “{field}”.", "The style of field “{field}” was changed."},
	"change.structure_grown":         {"Bổ sung cấu trúc trợ năng cho ô mới.", "The structure tree names a new field."},

	// annotation
	"change.annotation_added":   {"Có thêm chú thích.", "An annotation was added."},
	"change.annotation_removed": {"Chú thích bị bỏ.", "An annotation was removed."},
	"change.annotation_changed": {"Chú thích bị sửa.", "An annotation was changed."},

	// forbidden
	"change.encryption_changed":             {"Cách mã hóa tệp bị đổi.", "The file's encryption was changed."},
	"change.catalog_replaced":               {"Toàn bộ văn bản bị thay bằng văn bản khác.", "The whole document was replaced by another."},
	"change.catalog_changed":                {"Thiết lập của văn bản bị đổi.", "A setting of the document was changed."},
	"change.pages_changed":                  {"Trang bị thêm, bớt hoặc thay.", "Pages were added, removed or replaced."},
	"change.page_changed":                   {"Trang bị sửa.", "A page was changed."},
	"change.content_changed":                {"Nội dung trang bị thay.", "The content of a page was replaced."},
	"change.font_changed":                   {"Phông chữ bị thay: chữ trên trang có thể hiện khác đi.", "A font was replaced: text may read differently."},
	"change.picture_changed":                {"Hình trên trang bị thay.", "A picture on a page was replaced."},
	"change.layers_changed":                 {"Lớp hiển thị bị đổi: có phần bị ẩn hoặc hiện ra.", "Layers were changed: content is hidden or shown."},
	"change.object_changed":                 {"Một phần của nội dung đã ký bị đổi.", "A part of what was signed was changed."},
	"change.object_defined_late":            {"Phần lúc ký chưa có nay được đưa vào nội dung đã ký.", "Something that did not exist when signed is now part of what was signed."},
	"change.object_freed":                   {"Một phần của nội dung đã ký bị gỡ bỏ.", "A part of what was signed was taken away."},
	"change.object_unreadable":              {"Có phần không đọc được, hoặc không đứng ở chỗ được chỉ.", "A part cannot be read, or does not stand where it is said to."},
	"change.dss_removed":                    {"Dữ liệu kiểm tra lâu dài bị gỡ bỏ.", "Long-term validation data was removed."},
	"change.dss_shrunk":                     {"Dữ liệu kiểm tra lâu dài bị bớt hoặc sửa.", "Long-term validation data was taken away or changed."},
	"change.certification_changed":          {"Quyền chứng thực của văn bản bị đổi.", "The document's certification was changed."},
	"change.metadata_changed":               {"Thông tin về tệp (XMP) bị sửa ngoài ngày giờ và phần mềm.", "Metadata (XMP) was changed beyond dates and software."},
	"change.extensions_removed":             {"Khai báo phiên bản hoặc phần mở rộng bị rút lại.", "A declared version or extension was withdrawn."},
	"change.form_changed":                   {"Biểu mẫu bị sửa.", "The form was changed."},
	"change.field_added":                    {"Có thêm trường “{field}” sau khi ký.", "Field “{field}” was added after signing."},
	"change.field_removed":                  {"Trường “{field}” bị gỡ bỏ.", "Field “{field}” was removed."},
	"change.field_changed":                  {"Trường “{field}” bị sửa.", "Field “{field}” was changed."},
	"change.appearance_differs":             {"Trường “{field}” hiện chữ khác với giá trị của nó: “{before}” → “{after}”.", "Field “{field}” shows something else than its value: “{before}” → “{after}”."},
	"change.signature_dictionary_changed":   {"Dữ liệu của chính chữ ký bị sửa sau khi ký.", "The signature's own data was changed after signing."},
	"change.signature_redrawn":              {"Hình hiển thị của chữ ký bị thay.", "The picture of a signature was replaced."},
	"change.annotations_changed":            {"Danh sách chú thích của trang bị sửa.", "The list of annotations of a page was changed."},
	"change.annotation_taken_away":          {"Phần nằm trên trang lúc ký bị gỡ bỏ.", "What lay on the page when signed was taken away."},
	"change.annotation_over_content":        {"Chú thích che hoặc chèn vào nội dung đã ký.", "An annotation covers or adds to the signed content."},
	"change.annotation_with_action":         {"Chú thích chạy lệnh hoặc mang nội dung nhúng.", "An annotation runs an action or embeds content."},
	"change.widget_without_field":           {"Ô không thuộc biểu mẫu được đặt lên trang.", "A widget that belongs to no field was put on a page."},
	"change.unlisted_object":                {"Có nội dung nằm trong tệp mà bảng tham chiếu không liệt kê.", "The file holds content that its cross-reference does not list."},
	"change.unlisted_bytes":                 {"Có dữ liệu ở sau phần cuối của văn bản.", "There is data behind the end of the document."},
	"change.cross_reference_elsewhere":      {"Bảng tham chiếu nằm sai chỗ.", "A cross-reference stands in the wrong place."},
	"change.cross_reference_twice":          {"Một lần sửa có hai bảng tham chiếu: mỗi phần mềm có thể thấy một văn bản khác.", "One revision has two cross-references: programs may see different documents."},
	"change.stream_ends_twice":              {"Một phần nội dung kết thúc ở hai chỗ: mỗi phần mềm có thể thấy một nội dung khác.", "Some content ends in two places: programs may see different contents."},
	"change.hybrid_differs":                 {"Hai bảng tham chiếu của một lần sửa nói khác nhau.", "The two cross-references of a revision say different things."},
	"change.object_beyond_revision":         {"Bảng tham chiếu chỉ tới chỗ nằm ngoài lần lưu của nó.", "A cross-reference points behind the end of its revision."},
	"change.object_beyond_signature":        {"Một phần của bản đã ký lại nằm sau vùng được ký.", "A part of the signed revision stands behind its end."},
	"change.signed_cross_reference_differs": {"Bảng tham chiếu đang dùng không phải bảng đã được ký.", "The cross-reference in use is not the one that was signed."},
	"change.unreadable_revision":            {"Không đọc được lần sửa sau khi ký.", "A later revision cannot be read."},
	"change.other":                          {"Có thay đổi.", "Something was changed."},
}

// changeText says a change in a sentence; aside is what stands in its brackets behind the page.
func changeText(c *Change, lang, aside string) string {
	code := c.Code
	if code == "field_filled" && c.Before != "" {
		code = "field_filled_again"
	}
	t, ok := changeTexts["change."+code]
	if !ok {
		t = changeTexts["change.other"]
	}
	said, page := t[0], "trang "
	if lang == "en" {
		said, page = t[1], "page "
	}
	said = strings.NewReplacer("{field}", c.Field, "{before}", c.Before, "{after}", c.After).Replace(said)
	if c.Page != 0 && c.Class != ClassLTA { // what is on no page to see has none
		said = withAside(said, page+strconv.Itoa(c.Page))
	}
	return withAside(said, aside)
}

// withAside puts a remark in the brackets at a sentence's end.
func withAside(said, aside string) string {
	if aside == "" {
		return said
	}
	if before, ok := strings.CutSuffix(said, ")."); ok {
		return before + "; " + aside + ")."
	}
	return strings.TrimSuffix(said, ".") + " (" + aside + ")."
}

// changeTechnical is a change for whoever knows the format: the object, and its values where the sentence does not say them.
func changeTechnical(c *Change) string {
	if c.Class != ClassForbidden && c.Class != ClassAnnotation && c.Code != "document_information" {
		return ""
	}
	said := c.Object
	if t := changeTexts["change."+c.Code][0]; c.Before != c.After && !strings.Contains(t, "{after}") && c.After != c.Field {
		said += ": " + strings.TrimPrefix(c.Before+" → "+c.After, " → ")
	}
	return strings.TrimSpace(strings.TrimSuffix(said, " → "))
}

// changeReports says what was changed after the i-th signature, and in one line each what reads alike.
func (v *Verdict) changeReports(i int, lang string) (all []ChangeReport, lines []string) {
	f, s := &v.Facts.Signatures[i], &v.Signatures[i]
	all = make([]ChangeReport, 0, len(f.Changes))
	named := map[string]bool{} // attacks that a finding names already
	for _, x := range slices.Concat(s.Errors, s.Warnings) {
		named[x.Code] = true
	}
	type line struct{ sentence, behind string } // behind it stand the attack and what is technical
	times := map[line]int{}
	var said []line
	for j := range f.Changes {
		c := &f.Changes[j]
		one := line{sentence: changeText(c, lang, v.allowed(i, c, lang))}
		if attack := "attack." + c.Attack; c.Attack != "" && !named[attack] {
			one.behind = " " + text(attack, lang)
		}
		if technical := changeTechnical(c); technical != "" {
			one.behind += " [" + technical + "]"
		}
		all = append(all, ChangeReport{
			Code: c.Code, Object: c.Object, Page: optional(c.Page), Before: optional(c.Before), After: optional(c.After), Text: one.sentence + one.behind,
		})
		if times[one]++; times[one] == 1 {
			said = append(said, one)
		}
	}
	for _, one := range said {
		if n := times[one]; n > 1 {
			one.sentence = withAside(one.sentence, fmt.Sprintf(text("change.times", lang), strconv.Itoa(n)))
		}
		lines = append(lines, one.sentence+one.behind)
	}
	return all, lines
}

// allowed is the word for whether a change is. Of an invalid signature nothing is said to be allowed; a document time-stamp promises
// nothing about what follows it.
func (v *Verdict) allowed(i int, c *Change, lang string) string {
	f, s := &v.Facts.Signatures[i], &v.Signatures[i]
	switch {
	case f.Type == TypeDocumentTimestamp:
		return ""
	case classOf(c, f, v.Policy) == ClassForbidden:
		return text("change.forbidden", lang)
	case s.Indication == TotalFailed:
		return ""
	}
	return text("change.allowed", lang)
}
