package pades

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"slices"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pdf"
)

// Levels of the ESIC extension (EN 319 142-1, 5.6): 1 for document time-stamps and the security store, 2 for
// CAdES signatures.
const (
	esicStore = 1
	esicCAdES = 2
)

// iso32002 is the level of ISO/TS 32002, EdDSA and named curves in PDF 2.0.
const iso32002 = 32002

// declare names the extensions that the revision uses. PDF 2.0 knows PAdES by itself; below 1.7 the entry has no
// meaning (ISO 32000-1, 7.12.3) and the version stays: PDF/A-1 depends on it.
func declare(u *pdf.Update, esic int64) error {
	if v := version(u); v < "1.7" || v >= "2.0" {
		return nil
	}
	root, err := catalog(u)
	if err != nil {
		return err
	}
	extensions, err := root.child("Extensions")
	if err != nil {
		return err
	}
	have, err := dictOf(u, extensions.dict["ESIC"])
	if err != nil {
		return err
	}
	if level, _, err := intOf(u, have["ExtensionLevel"]); err != nil || level >= esic {
		return err
	}
	extensions.dict["ESIC"] = pdf.Dict{"BaseVersion": pdf.Name("1.7"), "ExtensionLevel": esic}
	return extensions.save()
}

// declareKey declares ISO/TS 32002 for keys that it defines. Ed25519 exists in PDF by it alone, so the version is
// raised to 2.0 unless the file is bound to PDF/A's.
func declareKey(u *pdf.Update, cert *certpath.Certificate, pdfA string) error {
	switch cert.PublicKey.(type) {
	case ed25519.PublicKey:
		if pdfA == "" {
			if err := u.RaiseVersion("2.0"); err != nil {
				return err
			}
		}
	case *ecdsa.PublicKey:
	default:
		return nil
	}
	if version(u) < "2.0" {
		return nil
	}
	root, err := catalog(u)
	if err != nil {
		return err
	}
	extensions, err := root.child("Extensions")
	if err != nil {
		return err
	}
	declared, err := arrayOf(u, extensions.dict["ISO_"])
	if err != nil {
		return err
	}
	for _, o := range declared {
		d, err := dictOf(u, o)
		if err != nil {
			return err
		}
		if level, _, err := intOf(u, d["ExtensionLevel"]); err != nil || level == iso32002 {
			return err
		}
	}
	if one, err := dictOf(u, extensions.dict["ISO_"]); err != nil {
		return err
	} else if one != nil { // a single extension, not in an array: ISO 32000-2, 7.12.2 allows both
		declared = pdf.Array{extensions.dict["ISO_"]}
	}
	extensions.dict["ISO_"] = append(slices.Clone(declared), pdf.Dict{
		"Type": pdf.Name("DeveloperExtensions"), "BaseVersion": pdf.Name("2.0"),
		"ExtensionLevel": int64(iso32002), "ExtensionRevision": pdf.String(":2022"),
		"URL": pdf.String("https://www.iso.org/standard/45875.html"),
	})
	return extensions.save()
}

// version is the document's, as this revision raises it.
func version(u *pdf.Update) string {
	v := u.Base().Document().Version()
	if root, err := catalog(u); err == nil {
		if n, ok := root.dict["Version"].(pdf.Name); ok && string(n) > v {
			v = string(n)
		}
	}
	return v
}

// pdfA is the PDF/A part and conformance that the metadata claim ("1b", "2u", "4"), "" for none.
func pdfA(v *pdf.View) (string, error) {
	root, err := v.Catalog()
	if err != nil {
		return "", err
	}
	s, err := v.Stream(root["Metadata"])
	if err != nil || s == nil {
		return "", err
	}
	xmp, _, err := v.Decode(s)
	if err != nil {
		return "", nil //nolint:nilerr // metadata that cannot be read claim nothing
	}
	part := xmpValue(xmp, "pdfaid:part")
	if part == "" {
		return "", nil
	}
	return part + string(bytes.ToLower([]byte(xmpValue(xmp, "pdfaid:conformance")))), nil
}

// xmpValue finds a property written as an attribute or as an element; both occur.
func xmpValue(xmp []byte, property string) string {
	_, after, ok := bytes.Cut(xmp, []byte(property))
	if !ok {
		return ""
	}
	after = bytes.TrimLeft(after, " \t\r\n=>\"'")
	if end := bytes.IndexAny(after, "<\"' \t\r\n"); end >= 0 && end <= 8 {
		return string(after[:end])
	}
	return ""
}
