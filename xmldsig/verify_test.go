package xmldsig_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/xmldsig"
)

const more, more2007 = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2007/05/xmldsig-more#"

const order = `<?xml version="1.0" encoding="UTF-8"?>
<!-- an order -->
<o:order xmlns:o="urn:order" xmlns:unused="urn:unused" Id="order" xml:lang="vi">
  <o:item Id="item" count='2'>Gi&#7845;y &amp; m&#x1ef1;c<!-- comment --><![CDATA[<&>]]></o:item>
  <total xmlns="urn:total">120.000 &#273;</total>
</o:order>
`

var keys = sync.OnceValue(func() map[string]crypto.Signer {
	out := map[string]crypto.Signer{}
	var err error
	keep := func(name string, k crypto.Signer, e error) { out[name], err = k, errors.Join(err, e) }
	r, e := rsa.GenerateKey(rand.Reader, 2048)
	keep("rsa", r, e)
	for name, c := range map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()} {
		k, e := ecdsa.GenerateKey(c, rand.Reader)
		keep(name, k, e)
	}
	_, ed, e := ed25519.GenerateKey(rand.Reader)
	keep("ed25519", ed, e)
	if err != nil {
		panic(err)
	}
	return out
})

func sign(t testing.TB, document, key string, o pkitest.XMLSignature) []byte {
	t.Helper()
	out, err := pkitest.SignXML([]byte(document), keys()[key], o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func parse(t testing.TB, data []byte) *xmldsig.Document {
	t.Helper()
	d, err := xmldsig.Parse(data)
	if err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	return d
}

// verify checks the first signature of a document.
func verify(t testing.TB, data []byte, key crypto.PublicKey) (*xmldsig.Result, error) {
	t.Helper()
	found := parse(t, data).Signatures()
	if len(found) == 0 {
		t.Fatal("there is no signature")
	}
	return xmldsig.Verify(found[0], key)
}

func replaced(t testing.TB, data []byte, old, by string) []byte {
	t.Helper()
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("%q is not in\n%s", old, data)
	}
	return bytes.Replace(data, []byte(old), []byte(by), 1)
}

func wants(t testing.TB, err error, want codes.Code) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

type signing struct {
	key string
	o   pkitest.XMLSignature
}

var signings = map[string]signing{
	"RSA SHA-1":               {"rsa", pkitest.XMLSignature{Algorithm: xmldsig.Namespace + "rsa-sha1", Digest: crypto.SHA1}},
	"RSA SHA-256":             {"rsa", pkitest.XMLSignature{Algorithm: more + "rsa-sha256"}},
	"RSA SHA-384":             {"rsa", pkitest.XMLSignature{Algorithm: more + "rsa-sha384", Digest: crypto.SHA384}},
	"RSA SHA-512":             {"rsa", pkitest.XMLSignature{Algorithm: more + "rsa-sha512", Digest: crypto.SHA512}},
	"PSS SHA-256":             {"rsa", pkitest.XMLSignature{Algorithm: more2007 + "sha256-rsa-MGF1"}},
	"PSS SHA-384":             {"rsa", pkitest.XMLSignature{Algorithm: more2007 + "sha384-rsa-MGF1"}},
	"PSS SHA-512":             {"rsa", pkitest.XMLSignature{Algorithm: more2007 + "sha512-rsa-MGF1"}},
	"ECDSA P-256":             {"p256", pkitest.XMLSignature{Algorithm: more + "ecdsa-sha256"}},
	"ECDSA P-384":             {"p384", pkitest.XMLSignature{Algorithm: more + "ecdsa-sha384"}},
	"ECDSA P-521":             {"p521", pkitest.XMLSignature{Algorithm: more + "ecdsa-sha512"}},
	"Ed25519":                 {"ed25519", pkitest.XMLSignature{Algorithm: "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"}},
	"the root by its Id":      {"rsa", pkitest.XMLSignature{URI: "#order"}},
	"prefixes":                {"rsa", pkitest.XMLSignature{Prefixes: []string{"unused", "#default"}}},
	"inclusive":               {"rsa", pkitest.XMLSignature{Canonicalization: xmldsig.InclusiveC14N}},
	"exclusive with comments": {"rsa", pkitest.XMLSignature{Canonicalization: xmldsig.ExclusiveC14NWithComments}},
	"inclusive with comments": {"rsa", pkitest.XMLSignature{Canonicalization: xmldsig.InclusiveC14NWithComments}},
}

func TestSignaturesHoldAndTamperedTwinsDoNot(t *testing.T) {
	for name, c := range signings {
		t.Run(name, func(t *testing.T) {
			signed := sign(t, order, c.key, c.o)
			key := keys()[c.key].Public()
			r, err := verify(t, signed, key)
			if err != nil {
				t.Fatal(err)
			}
			if sha1 := len(r.Notes) == 1 && r.Notes[0] == "sha1"; sha1 != strings.Contains(name, "SHA-1") {
				t.Errorf("notes %q", r.Notes)
			}
			root := parse(t, r.References[0].Octets).Root
			if got := root.Element("urn:order", "item").Text(); got != "Giấy & mực<&>" {
				t.Errorf("seen: %q", got)
			}
			if root.Element(xmldsig.Namespace, "Signature") != nil {
				t.Error("the signature is in what was seen")
			}
			_, err = verify(t, replaced(t, signed, "120.000", "920.000"), key)
			wants(t, err, xmldsig.ErrDigest)
			_, err = verify(t, replaced(t, signed, "<ds:SignedInfo>", `<ds:SignedInfo Id="x">`), key)
			wants(t, err, xmldsig.ErrSignature)
			_, err = verify(t, signed, otherKey(c.key))
			wants(t, err, xmldsig.ErrSignature)
			// A comment is no part of a same-document reference, and neither is the unsigned part of Signature.
			if _, err = verify(t, replaced(t, signed, "<!-- comment -->", "<!-- other -->"), key); err != nil {
				t.Error(err)
			}
		})
	}
}

var others = sync.OnceValue(func() map[string]crypto.PublicKey {
	out := map[string]crypto.PublicKey{}
	r, _ := rsa.GenerateKey(rand.Reader, 2048)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	out["rsa"], out["ed25519"] = r.Public(), ed.Public()
	for name, c := range map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()} {
		k, _ := ecdsa.GenerateKey(c, rand.Reader)
		out[name] = k.Public()
	}
	return out
})

func otherKey(kind string) crypto.PublicKey { return others()[kind] }

func TestWhatIsNotSupportedIsRefusedByItsCode(t *testing.T) {
	signed := sign(t, order, "rsa", pkitest.XMLSignature{})
	const transform = `<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`
	const enveloped = `<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>`
	for name, c := range map[string]struct {
		old, by string
		want    codes.Code
	}{
		"another canonicalization of SignedInfo": {`Method Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"`, `Method Algorithm="http://www.w3.org/2006/12/xml-c14n11"`, xmldsig.ErrAlgorithm},
		"a MAC":                                  {more + "rsa-sha256", more + "hmac-sha256", xmldsig.ErrAlgorithm},
		"a key of another kind":                  {more + "rsa-sha256", more + "ecdsa-sha256", xmldsig.ErrAlgorithm},
		"MD5":                                    {more + "rsa-sha256", more + "rsa-md5", xmldsig.ErrAlgorithm},
		"a signature method with parameters":     {`rsa-sha256"/>`, `rsa-sha256"><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>`, xmldsig.ErrAlgorithm},
		"no SignedInfo":                          {"ds:SignedInfo>", "ds:Signed>", xmldsig.ErrMalformed},
		"two SignatureValues":                    {"<ds:SignatureValue>", "<ds:SignatureValue>QQ==</ds:SignatureValue><ds:SignatureValue>", xmldsig.ErrStructure},
		"an unknown child of Signature":          {"</ds:Signature>", "<ds:Else/></ds:Signature>", xmldsig.ErrStructure},
		"two KeyInfos":                           {"</ds:Signature>", "<ds:KeyInfo/><ds:KeyInfo/></ds:Signature>", xmldsig.ErrStructure},
		"something before SignedInfo":            {"<ds:SignedInfo>", "<ds:Object/><ds:SignedInfo>", xmldsig.ErrStructure},
		"an unknown child of SignedInfo":         {"<ds:SignedInfo>", "<ds:SignedInfo><ds:Else/>", xmldsig.ErrStructure},
		"a value that is not base64":             {"<ds:SignatureValue>", "<ds:SignatureValue>*", xmldsig.ErrStructure},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want == xmldsig.ErrMalformed {
				_, err := xmldsig.Parse(replaced(t, signed, c.old, c.by))
				wants(t, err, c.want)
				return
			}
			_, err := verify(t, replaced(t, signed, c.old, c.by), keys()["rsa"].Public())
			wants(t, err, c.want)
		})
	}
	// What SignedInfo itself asks for is signed anew, so that the value holds.
	for name, c := range map[string]struct {
		old, by string
		want    codes.Code
	}{
		"XSLT":                              {transform, `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>`, xmldsig.ErrTransform},
		"XPath":                             {transform, `<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/>`, xmldsig.ErrTransform},
		"XPath filter 2":                    {transform, `<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"/>`, xmldsig.ErrTransform},
		"base64":                            {transform, `<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/>`, xmldsig.ErrTransform},
		"inclusive as transform":            {transform, `<ds:Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>`, xmldsig.ErrTransform},
		"enveloped twice":                   {transform, enveloped, xmldsig.ErrTransform},
		"enveloped behind canonicalization": {enveloped + transform, transform + enveloped, xmldsig.ErrTransform},
		"canonicalization twice":            {transform, transform + transform, xmldsig.ErrTransform},
		"Transforms twice":                  {"</ds:Transforms>", "</ds:Transforms><ds:Transforms/>", xmldsig.ErrStructure},
		"an outside address":                {`URI=""`, `URI="http://example.com/x.xml"`, xmldsig.ErrReference},
		"a file":                            {`URI=""`, `URI="order.xml"`, xmldsig.ErrReference},
		"an XPointer":                       {`URI=""`, `URI="#xpointer(/)"`, xmldsig.ErrReference},
		"no URI":                            {` URI=""`, ``, xmldsig.ErrReference},
		"an Id that is not there":           {`URI=""`, `URI="#nothing"`, xmldsig.ErrReference},
		"an empty Id":                       {`URI=""`, `URI="#"`, xmldsig.ErrReference},
		"enveloped in another element":      {`URI=""`, `URI="#item"`, xmldsig.ErrTransform},
		"an unknown digest":                 {"http://www.w3.org/2001/04/xmlenc#sha256", more + "md5", xmldsig.ErrAlgorithm},
		"no DigestValue":                    {"ds:DigestValue>", "ds:Digest>", xmldsig.ErrStructure},
		"no reference":                      {"<ds:Reference", "", xmldsig.ErrStructure},
	} {
		t.Run(name, func(t *testing.T) {
			var changed []byte
			switch name {
			case "no DigestValue":
				changed = bytes.ReplaceAll(signed, []byte(c.old), []byte(c.by))
			case "no reference":
				start, end := bytes.Index(signed, []byte(c.old)), bytes.Index(signed, []byte("</ds:SignedInfo>"))
				changed = append(append([]byte{}, signed[:start]...), signed[end:]...)
			default:
				changed = replaced(t, signed, c.old, c.by)
			}
			_, err := verify(t, revalue(t, changed), keys()["rsa"].Public())
			wants(t, err, c.want)
		})
	}
}

// revalue gives a document's first signature, by the RSA key with SHA-256, a value that holds.
func revalue(t testing.TB, data []byte) []byte {
	t.Helper()
	s := parse(t, data).Signatures()[0]
	octets, err := s.Element(xmldsig.Namespace, "SignedInfo").Canonical(xmldsig.Canonicalization{Method: xmldsig.ExclusiveC14N})
	if err != nil {
		t.Fatal(err)
	}
	h := crypto.SHA256.New()
	h.Write(octets)
	value, err := keys()["rsa"].Sign(rand.Reader, h.Sum(nil), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	old := s.Element(xmldsig.Namespace, "SignatureValue").Text()
	return replaced(t, data, old, base64.StdEncoding.EncodeToString(value))
}

func TestWrappedSignaturesSayNothingOfWhatStandsBeside(t *testing.T) {
	key := keys()["rsa"].Public()
	signed := sign(t, order, "rsa", pkitest.XMLSignature{URI: "#order"})
	body := signed[bytes.Index(signed, []byte("<o:order")):]
	forged := []byte(strings.NewReplacer("120.000", "920.000").Replace(order[strings.Index(order, "<o:order"):]))
	t.Run("two elements with the Id that is signed", func(t *testing.T) {
		_, err := verify(t, []byte("<w>"+string(body)+string(forged)+"</w>"), key)
		wants(t, err, xmldsig.ErrReference)
	})
	t.Run("the Id under another name", func(t *testing.T) {
		other := bytes.Replace(forged, []byte(`Id="order"`), []byte(`xml:id="order"`), 1)
		_, err := verify(t, []byte("<w>"+string(body)+string(other)+"</w>"), key)
		wants(t, err, xmldsig.ErrReference)
	})
	t.Run("the signed element moved aside", func(t *testing.T) {
		other := bytes.Replace(forged, []byte(`Id="order"`), []byte(`Id="other"`), 1)
		data := []byte("<w>" + string(other) + string(body) + "</w>")
		d := parse(t, data)
		r, err := xmldsig.Verify(d.Signatures()[0], key)
		if err != nil {
			t.Fatal(err) // the signed element did not change
		}
		both := d.Root.Elements("urn:order", "order")
		if r.Covers(d.Root) != nil || r.Covers(both[0]) != nil {
			t.Error("what was not signed is said to be covered")
		}
		seen := r.Covers(both[1])
		if seen == nil || !bytes.Contains(seen.Octets, []byte("120.000")) || bytes.Contains(seen.Octets, []byte("920.000")) {
			t.Error("what was seen is not what was signed")
		}
	})
	t.Run("a second SignedInfo", func(t *testing.T) {
		start, end := bytes.Index(signed, []byte("<ds:SignedInfo>")), bytes.Index(signed, []byte("<ds:SignatureValue>"))
		info := string(signed[start:end])
		_, err := verify(t, replaced(t, signed, "<ds:SignedInfo>", strings.Replace(info, "#order", "#item", 1)+"<ds:SignedInfo>"), key)
		wants(t, err, xmldsig.ErrStructure)
	})
}

func TestEveryReferenceIsChecked(t *testing.T) {
	// The second reference names an Object of the signature, as XAdES does: no transform, so Canonical XML 1.0 with all namespaces in scope.
	signed := sign(t, order, "rsa", pkitest.XMLSignature{})
	signed = replaced(t, signed, "</ds:Signature>", `<ds:Object><p:props xmlns:p="urn:p" Id="props">seen</p:props></ds:Object></ds:Signature>`)
	props := parse(t, signed).Signatures()[0].Element(xmldsig.Namespace, "Object").Element("urn:p", "props")
	octets, err := props.Canonical(xmldsig.Canonicalization{Method: xmldsig.InclusiveC14N})
	if err != nil {
		t.Fatal(err)
	}
	h := crypto.SHA512.New()
	h.Write(octets)
	signed = revalue(t, replaced(t, signed, "</ds:SignedInfo>", `<ds:Reference URI="#props" Type="urn:type"><ds:DigestMethod `+
		`Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/><ds:DigestValue>`+base64.StdEncoding.EncodeToString(h.Sum(nil))+`</ds:DigestValue></ds:Reference></ds:SignedInfo>`))
	r, err := verify(t, signed, keys()["rsa"].Public())
	if err != nil {
		t.Fatal(err)
	}
	want := `<p:props xmlns:ds="http://www.w3.org/2000/09/xmldsig#" xmlns:o="urn:order" xmlns:p="urn:p" xmlns:unused="urn:unused" Id="props" xml:lang="vi">seen</p:props>`
	if got := r.References[1]; string(got.Octets) != want || got.Type != "urn:type" || got.URI != "#props" || got.Hash != crypto.SHA512 {
		t.Errorf("%q", got.Octets)
	}
	_, err = verify(t, replaced(t, signed, ">seen<", ">unseen<"), keys()["rsa"].Public())
	wants(t, err, xmldsig.ErrDigest)
}

// The samples are of xmlsec1 1.2.37, so that a machine without it has some too; their keys are gone.
func TestSamplesOfXmlsecHold(t *testing.T) {
	for _, name := range []string{"testdata/xmlsec1-rsa.xml", "testdata/xmlsec1-ec.xml"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			s := parse(t, data).Signatures()[0]
			certs := xmldsig.Certificates(s)
			if len(certs) != 1 || certs[0].Subject.CommonName() != "xmlsec1 sample, worth nothing" {
				t.Fatalf("%v", certs)
			}
			r, err := xmldsig.Verify(s, certs[0].PublicKey)
			if err != nil || len(r.Notes) != 0 || !bytes.Contains(r.References[0].Octets, []byte("05/QĐ-UBND")) {
				t.Fatalf("%+v, %v", r, err)
			}
			_, err = verify(t, replaced(t, data, "05/QĐ", "06/QĐ"), certs[0].PublicKey)
			wants(t, err, xmldsig.ErrDigest)
			_, err = verify(t, replaced(t, data, "xmlenc#sha512", "xmlenc#sha256"), certs[0].PublicKey)
			wants(t, err, xmldsig.ErrSignature)
		})
	}
}

func TestECDSAValuesHaveTwoHalves(t *testing.T) {
	signed := sign(t, order, "p256", pkitest.XMLSignature{})
	old := parse(t, signed).Signatures()[0].Element(xmldsig.Namespace, "SignatureValue").Text()
	value, err := base64.StdEncoding.DecodeString(old)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string][]byte{
		"nothing": {}, "r alone": value[:32], "one byte less": value[:63],
		"zeros behind r and s": append(value[:64:64], 0, 0),
		"zeros before each":    append(append(append([]byte{0}, value[:32]...), 0), value[32:]...),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := verify(t, replaced(t, signed, old, base64.StdEncoding.EncodeToString(other)), keys()["p256"].Public())
			wants(t, err, xmldsig.ErrSignature)
		})
	}
}

// EU DSS leaves out the zeros that r and s have in common.
func TestShortECDSAValuesAreReadAndNoted(t *testing.T) {
	for range 200 { // every fourth has them
		signed := sign(t, order, "p521", pkitest.XMLSignature{Algorithm: more + "ecdsa-sha512"})
		old := parse(t, signed).Signatures()[0].Element(xmldsig.Namespace, "SignatureValue").Text()
		value, err := base64.StdEncoding.DecodeString(old)
		if err != nil {
			t.Fatal(err)
		}
		if value[0] != 0 || value[66] != 0 {
			continue
		}
		short := append(value[1:66:66], value[67:]...)
		r, err := verify(t, replaced(t, signed, old, base64.StdEncoding.EncodeToString(short)), keys()["p521"].Public())
		if err != nil || len(r.Notes) != 1 || r.Notes[0] != "short_ecdsa_value" {
			t.Errorf("%+v, %v", r, err)
		}
		if r, err = verify(t, signed, keys()["p521"].Public()); err != nil || len(r.Notes) != 0 {
			t.Errorf("the whole value: %+v, %v", r, err)
		}
		return
	}
	t.Error("no value has zeros")
}

func TestReferencesAreBoundedTogether(t *testing.T) {
	document := "<a>" + strings.Repeat("0123456789abcdef", 1<<16) + "</a>"
	signed := sign(t, document, "rsa", pkitest.XMLSignature{})
	start, end := bytes.Index(signed, []byte("<ds:Reference")), bytes.Index(signed, []byte("</ds:SignedInfo>"))
	reference := string(signed[start:end])
	for count, want := range map[int]error{20: nil, 40: xmldsig.ErrLimit, 65: xmldsig.ErrLimit} {
		many := string(signed[:start]) + strings.Repeat(reference, count) + string(signed[end:])
		r, err := verify(t, revalue(t, []byte(many)), keys()["rsa"].Public())
		if !errors.Is(err, want) || err == nil && len(r.References) != count {
			t.Errorf("%d references: %v", count, err)
		}
	}
}
