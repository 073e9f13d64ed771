package pkitest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/xmldsig"
)

// XMLSignature says how [SignXML] signs.
type XMLSignature struct {
	Algorithm string      // identifier of the signature method; "" is RSA or ECDSA with SHA-256, as the key is
	Digest    crypto.Hash // of the reference; 0 is SHA-256
	URI       string      // what is signed: "" for the whole document, or "#" and an Id
	// Canonicalization is the method for SignedInfo, "" is the exclusive one. The reference is always exclusive, with these prefixes.
	Canonicalization string
	Prefixes         []string
	Certificates     []*certpath.Certificate // put into KeyInfo
}

const xmldsigMore = "http://www.w3.org/2001/04/xmldsig-more#"

var xmlDigests = map[crypto.Hash]string{
	crypto.SHA1: xmldsig.Namespace + "sha1", crypto.SHA256: "http://www.w3.org/2001/04/xmlenc#sha256",
	crypto.SHA384: xmldsigMore + "sha384", crypto.SHA512: "http://www.w3.org/2001/04/xmlenc#sha512",
}

// SignXML puts an enveloped signature (XML Signature 1.1) at the end of the root of a document whose root is not empty.
func SignXML(document []byte, key crypto.Signer, o XMLSignature) ([]byte, error) {
	o = o.withDefaults(key)
	doc, err := xmldsig.Parse(document)
	if err != nil {
		return nil, err
	}
	method := xmldsig.Canonicalization{Method: xmldsig.ExclusiveC14N, Prefixes: o.Prefixes}
	octets, err := doc.Canonical(method)
	if o.URI != "" {
		target := elementByID(doc.Root, strings.TrimPrefix(o.URI, "#"))
		if target == nil {
			return nil, fmt.Errorf("no element has the Id of %s", o.URI)
		}
		octets, err = target.Canonical(method)
	}
	if err != nil {
		return nil, err
	}
	h := o.Digest.New()
	h.Write(octets)
	end := bytes.LastIndex(document, []byte("</"))
	if end < 0 {
		return nil, fmt.Errorf("the root is empty")
	}
	with := func(value string) []byte {
		return []byte(string(document[:end]) + o.element(h.Sum(nil), value) + string(document[end:]))
	}
	if doc, err = xmldsig.Parse(with("")); err != nil {
		return nil, err
	}
	signatures := doc.Root.Elements(xmldsig.Namespace, "Signature")
	info := signatures[len(signatures)-1].Element(xmldsig.Namespace, "SignedInfo")
	if octets, err = info.Canonical(xmldsig.Canonicalization{Method: o.Canonicalization}); err != nil {
		return nil, err
	}
	value, err := o.sign(key, octets)
	if err != nil {
		return nil, err
	}
	return with(base64.StdEncoding.EncodeToString(value)), nil
}

func (o XMLSignature) withDefaults(key crypto.Signer) XMLSignature {
	if o.Digest == 0 {
		o.Digest = crypto.SHA256
	}
	if o.Canonicalization == "" {
		o.Canonicalization = xmldsig.ExclusiveC14N
	}
	if o.Algorithm == "" {
		o.Algorithm = xmldsigMore + "ecdsa-sha256"
		if _, ok := key.Public().(*rsa.PublicKey); ok {
			o.Algorithm = xmldsigMore + "rsa-sha256"
		}
	}
	return o
}

func (o XMLSignature) element(digest []byte, value string) string {
	var b strings.Builder
	transform := `"` + xmldsig.ExclusiveC14N + `"/>`
	if len(o.Prefixes) > 0 {
		transform = `"` + xmldsig.ExclusiveC14N + `"><ec:InclusiveNamespaces xmlns:ec="` + xmldsig.ExclusiveC14N + `" PrefixList="` +
			strings.Join(o.Prefixes, " ") + `"/></ds:Transform>`
	}
	fmt.Fprintf(&b, `<ds:Signature xmlns:ds="%s"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="%s"/><ds:SignatureMethod Algorithm="%s"/>`+
		`<ds:Reference URI="%s"><ds:Transforms>`, xmldsig.Namespace, o.Canonicalization, o.Algorithm, o.URI)
	fmt.Fprintf(&b, `<ds:Transform Algorithm="%senveloped-signature"/><ds:Transform Algorithm=%s</ds:Transforms><ds:DigestMethod Algorithm="%s"/>`+
		`<ds:DigestValue>%s</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>%s</ds:SignatureValue>`,
		xmldsig.Namespace, transform, xmlDigests[o.Digest], base64.StdEncoding.EncodeToString(digest), value)
	if len(o.Certificates) > 0 {
		b.WriteString("<ds:KeyInfo><ds:X509Data>")
		for _, c := range o.Certificates {
			fmt.Fprintf(&b, "<ds:X509Certificate>%s</ds:X509Certificate>", base64.StdEncoding.EncodeToString(c.Raw))
		}
		b.WriteString("</ds:X509Data></ds:KeyInfo>")
	}
	b.WriteString("</ds:Signature>")
	return b.String()
}

func (o XMLSignature) sign(key crypto.Signer, octets []byte) ([]byte, error) {
	if strings.HasSuffix(o.Algorithm, "eddsa-ed25519") {
		return key.Sign(rand.Reader, octets, crypto.Hash(0))
	}
	hash := crypto.SHA256
	for h, name := range map[crypto.Hash]string{crypto.SHA1: "sha1", crypto.SHA384: "sha384", crypto.SHA512: "sha512"} {
		if strings.Contains(o.Algorithm[strings.LastIndex(o.Algorithm, "#"):], name) {
			hash = h
		}
	}
	h := hash.New()
	h.Write(octets)
	var how crypto.SignerOpts = hash
	if strings.Contains(o.Algorithm, "MGF1") {
		how = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash}
	}
	value, err := key.Sign(rand.Reader, h.Sum(nil), how)
	if public, ok := key.Public().(*ecdsa.PublicKey); ok && err == nil {
		return sideBySide(value, (public.Params().N.BitLen()+7)/8)
	}
	return value, err
}

// sideBySide turns an ECDSA-Sig-Value into r and s of a fixed size (XML Signature 1.1, 6.4.3).
func sideBySide(der []byte, size int) ([]byte, error) {
	in := cryptobyte.String(der)
	var seq cryptobyte.String
	r, s := new(big.Int), new(big.Int)
	if !in.ReadASN1(&seq, cbasn1.SEQUENCE) || !seq.ReadASN1Integer(r) || !seq.ReadASN1Integer(s) {
		return nil, fmt.Errorf("the key returned no ECDSA-Sig-Value")
	}
	out := make([]byte, 2*size)
	r.FillBytes(out[:size])
	s.FillBytes(out[size:])
	return out, nil
}

func elementByID(e *xmldsig.Element, id string) *xmldsig.Element {
	for _, name := range []string{"Id", "ID", "id"} {
		if e.Attr(name) == id {
			return e
		}
	}
	for _, n := range e.Children {
		if c, ok := n.(*xmldsig.Element); ok {
			if found := elementByID(c, id); found != nil {
				return found
			}
		}
	}
	return nil
}
