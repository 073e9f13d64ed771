package keys

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/antinvn/antin/codes"
)

// fewIterations keeps a run of the fuzzer short; the limit itself has a test.
const fewIterations = 4096

func FuzzReadPEM(f *testing.F) {
	key, _ := fuzzKey(f)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	f.Add([]byte(encryptedKey))
	fuzzRead(f, readPEM, func(data []byte) bool {
		block, _ := pem.Decode(data)
		return block == nil || modestIterations(block.Bytes, fewIterations, 0)
	})
}

func FuzzReadPKCS12(f *testing.F) {
	key, cert := fuzzKey(f)
	for _, e := range []*pkcs12.Encoder{pkcs12.Modern2023, pkcs12.LegacyDES, pkcs12.LegacyRC2} {
		data, err := e.Encode(key, cert, nil, "x")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	fuzzRead(f, readPKCS12, func(data []byte) bool { return modestIterations(data, fewIterations, 0) })
}

func fuzzRead(f *testing.F, read reader, quick func([]byte) bool) {
	f.Fuzz(func(t *testing.T, data []byte) {
		if !quick(data) {
			t.Skip()
		}
		password := &secret{ask: func(context.Context, string) ([]byte, error) { return []byte("x"), nil }}
		c, err := read(t.Context(), "key", data, password)
		if (c == nil) == (err == nil) {
			t.Fatalf("%v, %v", c, err)
		}
		if err != nil && codes.Of(err) == "" {
			t.Fatalf("no code: %v", err)
		}
	})
}

func fuzzKey(f *testing.F) (*ecdsa.PrivateKey, *x509.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1.9e9, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		f.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		f.Fatal(err)
	}
	return key, cert
}

func TestIterationsAreBounded(t *testing.T) {
	key := &struct{ mac, pbes1, wrapped []byte }{
		mac:   []byte{0x30, 9, 4, 1, 1, 2, 4, 0x7f, 0xff, 0xff, 0xff},
		pbes1: []byte{0x30, 8, 4, 1, 1, 2, 3, 0x1e, 0x84, 0x80}, // 2,000,000: the last that is allowed
	}
	key.wrapped = append([]byte{0xa0, 13, 4, 11}, key.mac...)
	for name, c := range map[string]struct {
		der  []byte
		want bool
	}{
		"too many":                    {key.mac, false},
		"the limit":                   {key.pbes1, true},
		"too many inside other data":  {key.wrapped, false},
		"more than a machine word":    {append([]byte{0x30, 14, 4, 1, 1, 2, 9}, make9()...), false},
		"a number that is no count":   {[]byte{0x30, 6, 2, 4, 0x7f, 0xff, 0xff, 0xff}, true},
		"deeper than any key file is": {nested(40), false},
	} {
		if got := modestIterations(c.der, maxIterations, 0); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func make9() []byte { return []byte{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff} }

func nested(depth int) []byte {
	var der []byte
	for range depth {
		der = append([]byte{0x30, byte(len(der))}, der...)
	}
	return der
}

// encryptedKey was made by: openssl pkcs8 -topk8 -passout pass:x
const encryptedKey = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhPzRH0nsUZJgICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEKipN+OqMmRBkxbMN72R3DUEgZDd
uhizqm0EEf/ZjTnZmwJsyKgnrU7y6v2y9dqfHv/ZS2rOoprjQ+3qVS8IJCGXj5gJ
jd2ViV0pAUoXD2weCDxf285tjkaUpiEV4enA8SvecDM4MR349OBo0kdcqMnvdLvo
oxEw/4IIUzG0lg7hFFNq6yaUETVeMklLBavByCk1nH66atcAmYxO0xQrZuX3pBk=
-----END ENCRYPTED PRIVATE KEY-----
`
