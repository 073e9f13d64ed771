package xmldsig

import (
	"crypto"
	"crypto/subtle"
	"encoding/base64"
	"strings"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// Namespace is that of XML Signature.
const Namespace = "http://www.w3.org/2000/09/xmldsig#"

const (
	envelopedSignature = Namespace + "enveloped-signature"
	maxReferences      = 64
	maxCertificates    = 64
	maxValue           = 64 << 10 // a signature value or certificate, in base64
	maxPrefixes        = 64
)

// Result is a signature whose value and references all hold. It says nothing of the key's owner.
type Result struct {
	// References are in the order of SignedInfo.
	References []Reference
	// SignatureAlgorithm is the identifier in SignatureMethod.
	SignatureAlgorithm string
	// Hash is the one of the signature, 0 for Ed25519.
	Hash crypto.Hash
	// Notes are stable codes of what a policy may not want: "sha1", "short_ecdsa_value".
	Notes []string
}

// Reference is one thing that the signature covers, as it was digested.
type Reference struct {
	// URI is "" for the whole document, else "#" and an Id.
	URI string
	// Type is the reference's Type, such as that of the SignedProperties of XAdES.
	Type string
	// Element is the root or the element with the Id. It may hold more than was signed: the signature itself, comments.
	Element *Element
	// Octets is exactly what was digested, in canonical form.
	Octets []byte
	Hash   crypto.Hash
}

// Covers is the reference to an element, nil if the signature does not cover it as a whole.
func (r *Result) Covers(e *Element) *Reference {
	for i := range r.References {
		if r.References[i].Element == e {
			return &r.References[i]
		}
	}
	return nil
}

// Signatures are the Signature elements of the document, outermost first, in its order.
func (d *Document) Signatures() []*Element {
	var out []*Element
	var walk func(e *Element)
	walk = func(e *Element) {
		if e.Is(Namespace, "Signature") {
			out = append(out, e)
		}
		for _, n := range e.Children {
			if c, ok := n.(*Element); ok {
				walk(c)
			}
		}
	}
	walk(d.Root)
	return out
}

// Certificates are those that a signature's KeyInfo carries in X509Data, in its order; one that cannot be read is passed over.
func Certificates(signature *Element) []*certpath.Certificate {
	var out []*certpath.Certificate
	for _, data := range signature.Element(Namespace, "KeyInfo").Elements(Namespace, "X509Data") {
		for _, e := range data.Elements(Namespace, "X509Certificate") {
			der, err := decode(e)
			if err != nil || len(out) == maxCertificates {
				continue
			}
			if c, err := certpath.ParseCertificate(der); err == nil {
				out = append(out, c)
			}
		}
	}
	return out
}

// Verify checks a Signature element with a key that the caller has chosen: the value over SignedInfo first, then each reference (XML
// Signature 1.1, 3.2). SHA-1 is read and noted. Errors: [ErrStructure], [ErrAlgorithm], [ErrTransform], [ErrReference] where the signature
// asks for what this package does not do; [ErrSignature] and [ErrDigest] where something was changed.
func Verify(signature *Element, key crypto.PublicKey) (*Result, error) {
	if signature == nil || !signature.Is(Namespace, "Signature") {
		return nil, fail(ErrStructure, "", "this is no Signature element")
	}
	info, value, err := parts(signature)
	if err != nil {
		return nil, err
	}
	method, err := one(info, "CanonicalizationMethod")
	if err != nil {
		return nil, err
	}
	c14n, err := canonicalization(method, ErrAlgorithm)
	if err != nil {
		return nil, err
	}
	octets, err := info.Canonical(c14n)
	if err != nil {
		return nil, err
	}
	if method, err = one(info, "SignatureMethod"); err != nil {
		return nil, err
	}
	if len(method.Elements(Namespace, "")) > 0 {
		return nil, fail(ErrAlgorithm, method.Attr("Algorithm"), "parameters of the signature are not supported")
	}
	r := &Result{SignatureAlgorithm: method.Attr("Algorithm")}
	if r.Hash, err = checkValue(r.SignatureAlgorithm, key, octets, value); err != nil {
		return nil, err
	}
	sha1 := r.Hash == crypto.SHA1
	// SignedInfo is read as it was digested: nothing of it can be outside of what the value covers.
	total := 0
	for i, e := range info.Elements(Namespace, "Reference") {
		if i == maxReferences {
			return nil, fail(ErrLimit, "", "there are too many references")
		}
		ref, err := dereference(signature, e)
		if err != nil {
			return nil, err
		}
		if total += len(ref.Octets); total > maxCanonical {
			return nil, fail(ErrLimit, "", "the references hold more than 32 MB together")
		}
		r.References = append(r.References, *ref)
		sha1 = sha1 || ref.Hash == crypto.SHA1
	}
	if sha1 {
		r.Notes = append(r.Notes, "sha1")
	}
	if shortValue(key, value) {
		r.Notes = append(r.Notes, "short_ecdsa_value")
	}
	if len(r.References) == 0 {
		return nil, fail(ErrStructure, "SignedInfo", "there is no reference")
	}
	return r, nil
}

func fail(code codes.Code, object, detail string) error {
	return codes.New(code, "verifying an XML signature", object, detail)
}

// parts holds Signature to its schema: SignedInfo, SignatureValue, KeyInfo at most once, then Objects (XML Signature 1.1, 4.2).
func parts(signature *Element) (info *Element, value []byte, err error) {
	order := map[string]int{"SignedInfo": 0, "SignatureValue": 1, "KeyInfo": 2, "Object": 3}
	last, valueElement := -1, (*Element)(nil)
	for _, n := range signature.Children {
		e, ok := n.(*Element)
		if !ok {
			continue
		}
		place, known := order[e.Local]
		if !known || e.Space != Namespace || place < last || place == last && place != 3 || place < 2 && place != last+1 {
			return nil, nil, fail(ErrStructure, e.Name(), "it has no place there in Signature")
		}
		switch last = place; place {
		case 0:
			info = e
		case 1:
			valueElement = e
		}
	}
	if last < 1 {
		return nil, nil, fail(ErrStructure, "Signature", "SignedInfo or SignatureValue is missing")
	}
	if value, err = decode(valueElement); err != nil {
		return nil, nil, fail(ErrStructure, "SignatureValue", "it is not base64")
	}
	for _, n := range info.Children {
		e, ok := n.(*Element)
		if ok && (e.Space != Namespace || e.Local != "CanonicalizationMethod" && e.Local != "SignatureMethod" && e.Local != "Reference") {
			return nil, nil, fail(ErrStructure, e.Name(), "it has no place in SignedInfo")
		}
	}
	return info, value, nil
}

// one is the only child of this name.
func one(parent *Element, local string) (*Element, error) {
	found := parent.Elements(Namespace, local)
	if len(found) != 1 {
		return nil, fail(ErrStructure, local, "it does not stand exactly once in "+parent.Local)
	}
	return found[0], nil
}

// decode reads base64 with white space in it, as xsd:base64Binary allows.
func decode(e *Element) ([]byte, error) {
	s := strings.NewReplacer(" ", "", "\t", "", "\n", "", "\r", "").Replace(e.Text())
	if len(s) > maxValue {
		return nil, fail(ErrLimit, e.Name(), "it is longer than 64 kB")
	}
	return base64.StdEncoding.Strict().DecodeString(s)
}

// canonicalization reads a CanonicalizationMethod or a Transform that is one.
func canonicalization(e *Element, otherwise codes.Code) (Canonicalization, error) {
	c := Canonicalization{Method: e.Attr("Algorithm")}
	switch c.Method {
	case ExclusiveC14N, ExclusiveC14NWithComments:
		const ns = ExclusiveC14N
		for i, list := range e.Elements(ns, "") {
			if c.Prefixes = strings.Fields(list.Attr("PrefixList")); i > 0 || list.Local != "InclusiveNamespaces" || len(c.Prefixes) > maxPrefixes {
				return c, fail(otherwise, list.Name(), "the parameters are not one list of prefixes")
			}
		}
		return c, nil
	case InclusiveC14N, InclusiveC14NWithComments:
		return c, nil
	}
	return c, fail(otherwise, c.Method, "the method is not supported")
}

// dereference canonicalizes what a Reference names, and compares its digest.
func dereference(signature, e *Element) (*Reference, error) {
	ref := &Reference{URI: e.Attr("URI"), Type: e.Attr("Type")}
	target, err := ref.resolve(signature, e)
	if err != nil {
		return nil, err
	}
	ref.Element = target
	c14n, err := transforms(signature, target, e)
	if err != nil {
		return nil, err
	}
	if ref.URI == "" {
		ref.Octets, err = signature.doc.Canonical(c14n)
	} else {
		ref.Octets, err = target.Canonical(c14n)
	}
	if err != nil {
		return nil, err
	}
	method, err := one(e, "DigestMethod")
	if err != nil {
		return nil, err
	}
	var known bool
	if ref.Hash, known = digests[method.Attr("Algorithm")]; !known {
		return nil, fail(ErrAlgorithm, method.Attr("Algorithm"), "the digest algorithm is not supported")
	}
	digest, err := one(e, "DigestValue")
	if err != nil {
		return nil, err
	}
	want, err := decode(digest)
	if err != nil {
		return nil, fail(ErrStructure, "DigestValue", "it is not base64")
	}
	h := ref.Hash.New()
	h.Write(ref.Octets)
	if subtle.ConstantTimeCompare(h.Sum(nil), want) != 1 {
		return nil, fail(ErrDigest, ref.URI, "the content is not the one that was signed")
	}
	return ref, nil
}

// resolve finds the element of a same-document reference (XML Signature 1.1, 4.4.3.2); an Id that stands twice is a wrapping attack.
func (ref *Reference) resolve(signature, e *Element) (*Element, error) {
	present := false
	for _, a := range e.Attrs {
		present = present || a.Space == "" && a.Local == "URI"
	}
	doc := signature.doc
	switch id, same := strings.CutPrefix(ref.URI, "#"); {
	case !present:
		return nil, fail(ErrReference, "", "a reference without URI is not supported")
	case ref.URI == "":
		return doc.Root, nil
	case !same || id == "" || strings.ContainsAny(id, "()/%"):
		return nil, fail(ErrReference, ref.URI, "it is neither the document nor an Id in it")
	case len(doc.ids[id]) == 0:
		return nil, fail(ErrReference, ref.URI, "no element has this Id")
	case len(doc.ids[id]) > 1:
		return nil, fail(ErrReference, ref.URI, "several elements have this Id")
	default:
		return doc.ids[id][0], nil
	}
}

// transforms reads the chain: enveloped-signature at most once and first, exclusive canonicalization at most once and last. Without one,
// Canonical XML 1.0 makes the octets (XML Signature 1.1, 4.4.3.2). Comments never belong to a same-document reference (4.4.3.3).
func transforms(signature, target, e *Element) (Canonicalization, error) {
	c14n := Canonicalization{Method: InclusiveC14N}
	lists := e.Elements(Namespace, "Transforms")
	if len(lists) > 1 {
		return c14n, fail(ErrStructure, "Transforms", "it stands more than once")
	}
	if len(lists) == 0 {
		return c14n, nil
	}
	last := 0
	for _, t := range lists[0].Elements(Namespace, "Transform") {
		switch a := t.Attr("Algorithm"); {
		case a == envelopedSignature && last == 0:
			if last = 1; !inside(signature, target) || signature == target {
				return c14n, fail(ErrTransform, a, "the signature does not stand in what it signs")
			}
			c14n.Omit = signature
		case (a == ExclusiveC14N || a == ExclusiveC14NWithComments) && last < 2:
			last = 2
			exclusive, err := canonicalization(t, ErrTransform)
			if err != nil {
				return c14n, err
			}
			c14n.Method, c14n.Prefixes = ExclusiveC14N, exclusive.Prefixes
		default:
			return c14n, fail(ErrTransform, a, "the transform is not supported, or not at this place")
		}
	}
	return c14n, nil
}

func inside(e, ancestor *Element) bool {
	for ; e != nil; e = e.Parent {
		if e == ancestor {
			return true
		}
	}
	return false
}
