package cms_test

import (
	"crypto/sha256"
	"fmt"
	"log"

	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/pkitest"
)

// The attributes are made once; the value comes from the key, here or in another process.
func ExamplePrepare() {
	pki, err := pkitest.New(pkitest.Options{})
	if err != nil {
		log.Fatal(err)
	}
	cert, key, err := pki.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		log.Fatal(err)
	}
	digest := sha256.Sum256([]byte("nội dung"))
	u, err := cms.Prepare(cert, digest[:], nil)
	if err != nil {
		log.Fatal(err)
	}
	value, err := key.Sign(nil, u.Digest(), u.SignerOpts()) // u.ToBeSigned() for keys that hash
	if err != nil {
		log.Fatal(err)
	}
	signed, err := u.Complete(value, pki.Chain()...)
	if err != nil {
		log.Fatal(err)
	}
	der, err := signed.MarshalDER()
	if err != nil {
		log.Fatal(err)
	}
	again, err := cms.ParseBytes(der)
	if err != nil {
		log.Fatal(err)
	}
	signer := again.Signers()[0]
	fmt.Println(again.Detached(), signer.Hash(), signer.Certificate(again.Certificates()).Subject.CommonName())
	// Output: true SHA-256 Nguyễn Văn Mẫu
}
