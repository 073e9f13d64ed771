package verify

import (
	"strconv"
	"strings"
)

// changeTexts are the words for changes after signing in Vietnamese and English; attacks stand in the catalogue of package codes.
// {field}, {object}, {before} and {after} are filled in from the change.
var changeTexts = map[string][2]string{
	// allowed after every signature
	"change.dss":                      {"Bổ sung dữ liệu kiểm tra lâu dài: được phép.", "Long-term validation data added: allowed."},
	"change.document_timestamp_added": {"Bổ sung dấu thời gian lưu trữ: được phép.", "Document time-stamp added: allowed."},
	"change.extensions":               {"Khai báo phần mở rộng của tệp: được phép.", "File extensions declared: allowed."},
	"change.version_raised":           {"Nâng phiên bản PDF “{before}” → “{after}”: được phép.", "PDF version raised “{before}” → “{after}”: allowed."},
	"change.metadata":                 {"Cập nhật thông tin về tệp (ngày giờ, phần mềm): được phép.", "Metadata about the file (dates, software) updated: allowed."},
	"change.document_information":     {"Đổi thông tin của tệp, {object}: “{before}” → “{after}”.", "Information about the file changed, {object}: “{before}” → “{after}”."},
	"change.signature_flags":          {"Ghi nhận tệp có chữ ký: được phép.", "The form now says that there are signatures: allowed."},

	// form
	"change.form_resources":          {"Bổ sung phông chữ cho biểu mẫu.", "Resources of the form added."},
	"change.signature_added":         {"Có thêm chữ ký ở trường “{field}” đã đặt sẵn.", "The prepared field “{field}” was signed."},
	"change.new_signature_added":     {"Có thêm chữ ký “{field}”.", "A signature “{field}” was added."},
	"change." + CodeVisibleSignature: {"Có thêm chữ ký hiển thị trên trang, “{field}”.", "A visible signature “{field}” was added."},
	"change.signature_field_added":   {"Có thêm ô chữ ký còn trống “{field}”.", "An empty signature field “{field}” was added."},
	"change.field_filled":            {"Trường “{field}” được điền: “{before}” → “{after}”.", "Field “{field}” was filled: “{before}” → “{after}”."},
	"change.field_redrawn":           {"Trường “{field}” được vẽ lại, giá trị không đổi.", "Field “{field}” was drawn anew with the same value."},
	"change.field_style":             {"Đổi cách hiển thị của trường “{field}”.", "The style of field “{field}” was changed."},
	"change.structure_grown":         {"Bổ sung cấu trúc trợ năng cho ô mới.", "The structure tree names a new field."},

	// annotation
	"change.annotation_added":   {"Có thêm chú thích ({after}).", "An annotation was added ({after})."},
	"change.annotation_removed": {"Chú thích bị bỏ ({before}).", "An annotation was removed ({before})."},
	"change.annotation_changed": {"Chú thích bị sửa ({before}).", "An annotation was changed ({before})."},

	// forbidden
	"change.encryption_changed":             {"Cách mã hóa tệp bị đổi.", "The file's encryption was changed."},
	"change.catalog_replaced":               {"Toàn bộ văn bản bị thay bằng văn bản khác.", "The whole document was replaced by another."},
	"change.catalog_changed":                {"Thiết lập của văn bản bị đổi, {object}: “{before}” → “{after}”.", "A setting of the document was changed, {object}: “{before}” → “{after}”."},
	"change.pages_changed":                  {"Trang bị thêm, bớt hoặc thay.", "Pages were added, removed or replaced."},
	"change.page_changed":                   {"Trang bị sửa, {object}: “{before}” → “{after}”.", "A page was changed, {object}: “{before}” → “{after}”."},
	"change.content_changed":                {"Nội dung trang bị thay.", "The content of a page was replaced."},
	"change.font_changed":                   {"Phông chữ bị thay: chữ trên trang có thể hiện khác đi ({object}).", "A font was replaced: text may read differently ({object})."},
	"change.picture_changed":                {"Hình trên trang bị thay ({object}).", "A picture on a page was replaced ({object})."},
	"change.layers_changed":                 {"Lớp hiển thị bị đổi: có phần bị ẩn hoặc hiện ra.", "Layers were changed: content is hidden or shown."},
	"change.object_changed":                 {"Đối tượng {object} bị đổi: “{before}” → “{after}”.", "Object {object} was changed: “{before}” → “{after}”."},
	"change.object_defined_late":            {"Đối tượng {object} lúc ký chưa có, nay được thêm vào nội dung đã ký.", "Object {object} did not exist when signed and now is part of what was signed."},
	"change.object_freed":                   {"Đối tượng {object} trong nội dung đã ký bị gỡ bỏ.", "Object {object} of the signed content was taken away."},
	"change.object_unreadable":              {"Đối tượng {object} không đọc được: {after}.", "Object {object} cannot be read: {after}."},
	"change.dss_removed":                    {"Dữ liệu kiểm tra lâu dài bị gỡ bỏ.", "Long-term validation data was removed."},
	"change.dss_shrunk":                     {"Dữ liệu kiểm tra lâu dài bị bớt hoặc sửa.", "Long-term validation data was taken away or changed."},
	"change.certification_changed":          {"Quyền chứng thực của văn bản bị đổi.", "The document's certification was changed."},
	"change.metadata_changed":               {"Thông tin về tệp (XMP) bị sửa ngoài ngày giờ và phần mềm.", "Metadata (XMP) was changed beyond dates and software."},
	"change.extensions_removed":             {"Khai báo phiên bản hoặc phần mở rộng bị rút lại.", "A declared version or extension was withdrawn."},
	"change.form_changed":                   {"Biểu mẫu bị sửa, {object}.", "The form was changed, {object}."},
	"change.field_added":                    {"Có thêm trường “{field}” sau khi ký.", "Field “{field}” was added after signing."},
	"change.field_removed":                  {"Trường “{field}” bị gỡ bỏ.", "Field “{field}” was removed."},
	"change.field_changed":                  {"Trường “{field}” bị sửa, {object}: “{before}” → “{after}”.", "Field “{field}” was changed, {object}: “{before}” → “{after}”."},
	"change.appearance_differs":             {"Trường “{field}” hiện chữ khác với giá trị của nó: “{before}” → “{after}”.", "Field “{field}” shows something else than its value: “{before}” → “{after}”."},
	"change.signature_dictionary_changed":   {"Dữ liệu của chính chữ ký bị sửa sau khi ký.", "The signature's own data was changed after signing."},
	"change.signature_redrawn":              {"Hình hiển thị của chữ ký bị thay.", "The picture of a signature was replaced."},
	"change.annotations_changed":            {"Danh sách chú thích của trang bị sửa.", "The list of annotations of a page was changed."},
	"change.annotation_taken_away":          {"Phần nằm trên trang lúc ký bị gỡ bỏ ({before}).", "What lay on the page when signed was taken away ({before})."},
	"change.annotation_over_content":        {"Chú thích che hoặc chèn vào nội dung đã ký ({after}).", "An annotation covers or adds to the signed content ({after})."},
	"change.annotation_with_action":         {"Chú thích chạy lệnh hoặc mang nội dung nhúng ({after}).", "An annotation runs an action or embeds content ({after})."},
	"change.widget_without_field":           {"Ô không thuộc biểu mẫu được đặt lên trang.", "A widget that belongs to no field was put on a page."},
	"change.unlisted_object":                {"Đối tượng {object} nằm trong tệp nhưng không được liệt kê.", "Object {object} is in the file, and not listed."},
	"change.unlisted_bytes":                 {"Có dữ liệu ở sau phần cuối của văn bản: “{after}”.", "There is data behind the end of the document: “{after}”."},
	"change.cross_reference_elsewhere":      {"Bảng tham chiếu nằm sai chỗ.", "A cross-reference stands in the wrong place."},
	"change.cross_reference_twice":          {"Một lần sửa có hai bảng tham chiếu: mỗi phần mềm có thể thấy một văn bản khác.", "One revision has two cross-references: programs may see different documents."},
	"change.stream_ends_twice":              {"Đối tượng {object} kết thúc ở hai chỗ: mỗi phần mềm có thể thấy một nội dung khác.", "Object {object} ends in two places: programs may see different contents."},
	"change.hybrid_differs":                 {"Hai bảng tham chiếu của một lần sửa khác nhau ở đối tượng {object}.", "The two cross-references of a revision differ about object {object}."},
	"change.object_beyond_revision":         {"Đối tượng {object} được chỉ tới chỗ ngoài phần đã lưu.", "Object {object} is said to stand behind the end of its revision."},
	"change.object_beyond_signature":        {"Đối tượng {object} của phần đã ký lại nằm sau phần đã ký.", "Object {object} of the signed revision stands behind its end."},
	"change.signed_cross_reference_differs": {"Bảng tham chiếu đang dùng không phải bảng đã được ký.", "The cross-reference in use is not the one that was signed."},
	"change.unreadable_revision":            {"Không đọc được lần sửa sau khi ký: {after}", "A later revision cannot be read: {after}"},
	"change.other":                          {"Đã đổi {object}: “{before}” → “{after}”.", "Changed {object}: “{before}” → “{after}”."},
}

// changeText says a change for a reader.
func changeText(c *Change, lang string) string {
	t, ok := changeTexts["change."+c.Code]
	if !ok {
		t = changeTexts["change.other"]
	}
	said, page := t[0], " (trang "
	if lang == "en" {
		said, page = t[1], " (page "
	}
	said = strings.NewReplacer("{field}", c.Field, "{object}", c.Object, "{before}", c.Before, "{after}", c.After).Replace(said)
	if c.Page != 0 {
		said = strings.TrimSuffix(said, ".") + page + strconv.Itoa(c.Page) + ")."
	}
	if c.Attack != "" {
		said += " " + text("attack."+c.Attack, lang)
	}
	return said
}
