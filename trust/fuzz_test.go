package trust_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/trust"
)

// fixed is a certificate whose key is always the same, so that the corpus keeps its meaning.
func fixed(f *testing.F) *issued {
	f.Helper()
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), append(make([]byte, 31), 9))
	if err != nil {
		f.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "operator"}, NotBefore: year2020, NotAfter: year2030}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		f.Fatal(err)
	}
	c, err := certpath.ParseCertificate(der)
	if err != nil {
		f.Fatal(err)
	}
	return &issued{c, nil, key}
}

// Fuzzed bytes are signed before they are read, so that the reader behind the signature is reached.
func FuzzParseList(f *testing.F) {
	by := fixed(f)
	p := newPeople(f)
	for _, version := range []int{4, 5, 6} {
		l := p.list()
		l.Version = version
		l.Pointers = []trust.Pointer{{Type: listOf, Territory: "EU", Signers: []*certpath.Certificate{by.Certificate}}}
		f.Add(marshal(f, l, by))
	}
	f.Add([]byte(`<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#"><SchemeInformation/></TrustServiceStatusList>`))
	operators := []*certpath.Certificate{by.Certificate}
	f.Fuzz(func(t *testing.T, data []byte) {
		if l, err := trust.ParseList(data, operators); err == nil {
			l.Expired(year2020)
		}
		signed, err := pkitest.SignXML(data, by.key, pkitest.XMLSignature{})
		if err != nil {
			return
		}
		if l, err := trust.ParseList(signed, operators); err == nil && (l.Version < 5 || l.Version > 6 || l.Issued.IsZero()) {
			t.Errorf("%+v", l)
		}
	})
}

func FuzzParseCTL(f *testing.F) {
	by := fixed(f)
	f.Add(ctl(f, newCTL(), by, issue(f, "a", nil)))
	f.Add([]byte("0"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if c, err := trust.ParseCTL(data, []*certpath.Certificate{by.Certificate}); err == nil {
			c.Lists(by.Certificate)
		}
	})
}

func FuzzParseAlgorithms(f *testing.F) {
	f.Add([]byte(table))
	f.Fuzz(func(t *testing.T, data []byte) {
		if a, err := trust.ParseAlgorithms(data); err == nil && a.Name() == "" {
			t.Error("a table has no name")
		}
	})
}

func FuzzParseGCA(f *testing.F) {
	f.Add(gca(1, "Cerificates", "/Date(1)/", issue(f, "a", nil)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if l, err := trust.ParseGCA(data); err == nil && len(l.Certificates)+l.Unread == 0 {
			t.Error("a list of nothing is read")
		}
	})
}
