// Package xmldsig verifies XML signatures (W3C XML Signature Syntax and Processing 1.1) that stand in the document which they sign.
//
//	doc, err := xmldsig.Parse(data)
//	…
//	for _, s := range doc.Signatures() {
//		result, err := xmldsig.Verify(s, cert.PublicKey)
//		…
//		seen, err := xmldsig.Parse(result.References[0].Octets) // read this one, not doc
//	}
//
// It is small on purpose: references to the whole document or to one element by its Id, the transforms enveloped-signature and
// exclusive canonicalization, nothing else. There is no document type, no entity but the five of XML, no XPath, no XSLT and no
// address that is fetched. What a caller believes must be read from [Reference.Octets], the bytes that were digested: an
// element that merely stands near a signature says nothing.
package xmldsig
