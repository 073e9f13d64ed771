// Package texts reads the one form in which words for readers are kept: two files beside the code that says them, vi.txt and en.txt.
//
//	# what was done
//	sign.done = Đã ký {n} tệp trong {folder}.
//
//	# what was done
//	sign.done = {n} {n|file|files} in {folder} signed.
//
// A line is "key = text"; "#" begins a section, within which keys are sorted. "{name}" is filled in; an English text may choose by
// number, "{n|file|files}", and Vietnamese has no plural. A pair whose keys or names differ is refused as a whole, so that it never
// reaches a reader:
//
//	//go:embed vi.txt en.txt
//	var files embed.FS
//
//	c, err := texts.Read(files)
//	…
//	c.Text("vi", "sign.done", "n", "3", "folder", name)
//
// A [Catalogue] never changes, and may be read concurrently.
package texts
