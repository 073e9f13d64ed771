// Package pdf is the syntax of PDF (ISO 32000): it reads files of any producer, shows any of their revisions, and appends
// new ones without touching a byte of what stands.
//
//	d, err := pdf.Open(ctx, file, size, nil)
//	…
//	catalog, err := d.Latest().Catalog()
//	…
//	u, err := d.NewUpdate()
//	…
//	_, err = u.WriteTo(ctx, out)
//
// Nothing is loaded that is not asked for: cross-references take eight bytes an object, and streams stay in the file.
package pdf
