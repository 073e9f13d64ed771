// Package i18n holds the texts of the interface and what is particular to Vietnamese: order, search, dates and numbers.
//
// A module keeps its texts in two files beside its code, vi.txt and en.txt, and embeds them; cmd builds one [Catalogue] of all:
//
//	# buttons
//	document.sign = Ký
//	document.signed = Đã ký {n} văn bản.
//
// The form is that of package codes/texts, which also reads it: the engine and the commands keep theirs in the same way.
package i18n
