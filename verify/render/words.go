package render

// words are the labels of a report in Vietnamese and English; a test holds both complete.
var words = map[string][2]string{
	"title":         {"Kết quả kiểm tra chữ ký số", "Result of signature validation"},
	"file":          {"Tệp", "File"},
	"todo":          {"Cần làm gì", "What to do"},
	"keep":          {"Để giữ giá trị lâu dài", "To keep it so"},
	"until":         {"Còn xác nhận được đến", "Can be confirmed until"},
	"until_note":    {"nếu không chứng thư nào bị thu hồi", "if no certificate is revoked"},
	"signatures":    {"Các chữ ký", "Signatures"},
	"details":       {"Chi tiết", "Details"},
	"changes":       {"Thay đổi sau khi ký", "Changes after signing"},
	"pictures":      {"Trang trước và sau", "Pages before and after"},
	"before":        {"Lúc ký", "As signed"},
	"after":         {"Hiện nay", "As it is"},
	"no_page":       {"Không có trang này.", "There is no such page."},
	"reasons":       {"Lý do", "Reasons"},
	"warnings":      {"Lưu ý", "Notes"},
	"cause":         {"Vì sao", "Why"},
	"next":          {"Nên làm", "What to do"},
	"timeline":      {"Dòng thời gian", "Timeline"},
	"timeline_is":   {"Thời hạn chứng thư của từng người ký, và thời điểm ký", "Validity of each signer's certificate, and when it was used"},
	"now":           {"lúc kiểm tra", "validated"},
	"legend_valid":  {"thời hạn chứng thư", "validity of the certificate"},
	"legend_signed": {"lúc ký", "signed"},
	"technical":     {"Thông tin kỹ thuật", "Technical data"},
	"policy":        {"Chính sách", "Policy"},
	"validated":     {"Kiểm tra cho thời điểm", "Validated for"},
	"collected":     {"Dữ liệu lấy lúc", "Data gathered at"},
	"trust":         {"Nguồn tin cậy", "Trust snapshot"},
	"none":          {"không có", "none"},
	"counted":       {"Chữ ký, dấu thời gian đã kiểm tra", "Signatures and time-stamps checked"},
	"reused":        {"dùng lại từ lần trước", "reused from before"},
	"code":          {"Mã kết luận", "Indication"},
	"level":         {"Mức", "Level"},
	"format":        {"Dạng", "Format"},
	"field":         {"Ô chữ ký", "Field"},
	"id":            {"Định danh", "Identifier"},
	"integrity":     {"Toàn vẹn", "Integrity"},
	"intact":        {"nguyên vẹn", "intact"},
	"broken":        {"bị thay đổi", "broken"},
	"unverifiable": {
		"không kiểm tra được", "cannot be checked",
	},
	"offline":  {"không gọi mạng", "without network"},
	"online":   {"có gọi mạng", "with network"},
	"zone":     {"Giờ Việt Nam (UTC+7).", "Vietnamese time (UTC+7)."},
	"names":    {"Tên người, cơ quan và lý do ký là dữ liệu lấy từ tệp và chứng thư.", "Names and reasons are data from the file and its certificates."},
	"unsigned": {"Báo cáo này không được ký số.", "This report is not digitally signed."},
	"signed":   {"Báo cáo này được ký số bởi", "This report is digitally signed by"},
	"page":     {"Trang", "Page"},
}

func wordsOf(lang string) map[string]string {
	out := make(map[string]string, len(words))
	for k, w := range words {
		out[k] = w[0]
		if lang == "en" {
			out[k] = w[1]
		}
	}
	return out
}
