// Package render writes a verdict as a page for people, as a PDF to keep, and as the XML that ETSI has for programs.
//
//	report := verdict.Report("vi")
//	report.File = "quyet-dinh.pdf"
//	err := render.HTML(w, verdict, report)
//
// [HTML] is one file without script, [PDF] the same answers on A4, signed where a key is given, and [ETSI] a validation report of
// ETSI TS 119 102-2 V1.4.1. Names and values from a document are shown, never obeyed: they stand escaped in quotation marks, without
// what would move the cursor or turn the writing direction. Functions keep no state; a verdict is only read.
package render
