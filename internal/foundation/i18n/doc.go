// Package i18n holds the texts of the interface and what is particular to Vietnamese: order, search, dates and numbers.
//
// A module keeps its texts in two files beside its code, vi.txt and en.txt, and embeds them; cmd builds one [Catalogue] of all:
//
//	# buttons
//	document.sign = Ký
//	document.signed = Đã ký {n} văn bản.
//
// A line is "key = text"; "#" begins a section, within which keys are sorted. "{name}" is filled in; an English text may choose by
// number, "{n|document|documents}". Texts are NFC (Unicode TR15). [New] refuses a key that one language lacks, that stands twice, or
// whose names differ, so that such a file never reaches a reader.
package i18n
