package xmldsig_test

import (
	"crypto/ed25519"
	"fmt"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/xmldsig"
)

func ExampleVerify() {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	signed, err := pkitest.SignXML([]byte("<note><amount>5</amount></note>"), key, pkitest.XMLSignature{
		Algorithm: "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, err := xmldsig.Parse(signed)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := xmldsig.Verify(doc.Signatures()[0], key.Public())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", result.Covers(doc.Root).Octets)
	// Output: <note><amount>5</amount></note>
}

func ExampleParse() {
	_, err := xmldsig.Parse([]byte(`<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>`))
	fmt.Println(codes.Of(err))
	// Output: xmldsig.forbidden
}
