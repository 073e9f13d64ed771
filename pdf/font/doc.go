// Package font embeds subsets of TrueType fonts as composite fonts (Identity-H, ToUnicode), so that text keeps its shape and can
// be searched and copied.
//
//	e, err := font.Embed(update, font.Serif(), "Đã ký")
//	…
//	content := fmt.Sprintf("BT /F0 12 Tf %s Tj ET", e.Encode("Đã ký")) // with e.Ref as the page's font F0
//
// A [Face] is read-only and safe for concurrent use.
package font
