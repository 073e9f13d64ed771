package xmldsig_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"os"
	"testing"

	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/xmldsig"
)

// What is read has a canonical form, and that form is its own.
func FuzzParse(f *testing.F) {
	for _, s := range []string{order, `<a b='"&apos;>&lt;'>"'</a>`, `<?p x?><p:a xmlns:p="urn:p" xmlns="urn:d"><b xmlns=""/><![CDATA[]]></p:a><!-- c -->`, "<!DOCTYPE a><a/>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := xmldsig.Parse(data)
		if err != nil {
			return
		}
		for _, method := range []string{xmldsig.InclusiveC14NWithComments, xmldsig.ExclusiveC14N} {
			once, err := d.Canonical(xmldsig.Canonicalization{Method: method})
			if err != nil {
				continue
			}
			again, err := xmldsig.Parse(once)
			if err != nil {
				t.Fatalf("%v: the canonical form of %q is not read: %q", err, data, once)
			}
			twice, err := again.Canonical(xmldsig.Canonicalization{Method: method})
			if err != nil || string(twice) != string(once) {
				t.Fatalf("%v: %q becomes %q, then %q", err, data, once, twice)
			}
		}
	})
}

// A signature that holds over fuzzed bytes covers only what its octets say.
func FuzzVerify(f *testing.F) {
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), append(make([]byte, 31), 7)) // always the same, so that the corpus keeps its meaning
	if err != nil {
		f.Fatal(err)
	}
	for _, o := range []pkitest.XMLSignature{{}, {URI: "#order"}, {Prefixes: []string{"o"}, Canonicalization: xmldsig.InclusiveC14N}} {
		signed, err := pkitest.SignXML([]byte(order), key, o)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(signed)
	}
	if sample, err := os.ReadFile("testdata/xmlsec1-ec.xml"); err == nil {
		f.Add(sample)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := xmldsig.Parse(data)
		if err != nil {
			return
		}
		for _, s := range d.Signatures() {
			xmldsig.Certificates(s)
			r, err := xmldsig.Verify(s, key.Public())
			if err != nil {
				continue
			}
			for i := range r.References {
				if _, err := xmldsig.Parse(r.References[i].Octets); err != nil {
					t.Fatalf("what was digested is not read: %v", err)
				}
			}
		}
	})
}
