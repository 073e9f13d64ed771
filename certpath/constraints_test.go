package certpath_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
)

// name is one GeneralName in DER, under its context tag.
type name struct {
	tag   uint8
	value []byte
}

func email(s string) name      { return name{1, []byte(s)} }
func dns(s string) name        { return name{2, []byte(s)} }
func uri(s string) name        { return name{6, []byte(s)} }
func address(b ...byte) name   { return name{7, b} }
func registered(b []byte) name { return name{8, b} }

func directory(t testing.TB, n pkix.Name) name {
	t.Helper()
	der, err := asn1.Marshal(n.ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	return name{4 | 0x20, der}
}

func utf8Mailbox(s string) name {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(certpath.OID{1, 3, 6, 1, 5, 5, 7, 8, 9})
	b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
	})
	return name{0 | 0x20, b.BytesOrPanic()}
}

func (n name) add(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.Tag(n.tag|0x80), func(b *cryptobyte.Builder) { b.AddBytes(n.value) })
}

func alternativeNames(names ...name) pkix.Extension {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, n := range names {
			n.add(b)
		}
	})
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: b.BytesOrPanic()}
}

func nameConstraints(permitted, excluded []name) pkix.Extension {
	var b cryptobyte.Builder
	list := func(b *cryptobyte.Builder, tag uint8, names []name) {
		if len(names) == 0 {
			return
		}
		b.AddASN1(cbasn1.Tag(tag).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			for _, n := range names {
				b.AddASN1(cbasn1.SEQUENCE, n.add)
			}
		})
	}
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		list(b, 0, permitted)
		list(b, 1, excluded)
	})
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 30}, Critical: true, Value: b.BytesOrPanic()}
}

// TestNameConstraintsOfEachForm: RFC 5280, 4.2.1.10, with what the field and newer standards add.
func TestNameConstraintsOfEachForm(t *testing.T) {
	root, mid, leaf := newEntity(t, "root"), newEntity(t, "mid"), newEntity(t, "leaf")
	rootCert := root.issue(t, root, ca)
	org := directory(t, pkix.Name{Country: []string{"VN"}, Organization: []string{"Cơ quan A"}})
	for _, tt := range []struct {
		name                string
		permitted, excluded []name
		leaf                []name
		ok                  bool
	}{
		{"mailbox on the host", []name{email("a.test")}, nil, []name{email("x@a.test")}, true},
		{"host in other letters", []name{email("A.test")}, nil, []name{email("x@a.TEST")}, true},
		{"mailbox below the host", []name{email("a.test")}, nil, []name{email("x@b.a.test")}, false},
		{"mailbox below the domain", []name{email(".a.test")}, nil, []name{email("x@b.a.test")}, true},
		{"mailbox on the domain itself", []name{email(".a.test")}, nil, []name{email("x@a.test")}, false},
		{"that mailbox", []name{email("x@a.test")}, nil, []name{email("x@a.test")}, true},
		{"local part in other letters", []name{email("x@a.test")}, nil, []name{email("X@a.test")}, false},
		{"one of two mailboxes outside", []name{email("a.test")}, nil, []name{email("x@a.test"), email("x@b.test")}, false},
		{"two at signs", []name{email("a.test")}, nil, []name{email("x@b.test@a.test")}, false},
		{"no at sign", []name{email("a.test")}, nil, []name{email("a.test")}, false},
		{"no at sign, only something excluded", nil, []name{email("a.test")}, []name{email("b.test")}, false},
		{"a host of other letters than ASCII", nil, []name{email("a.test")}, []name{email("x@bộ.test")}, false},
		{"a host that folds to ASCII", []name{email("k.test")}, nil, []name{email("x@\u212a.test")}, false},
		{"excluded mailbox", nil, []name{email("x@a.test")}, []name{email("x@a.test")}, false},
		{"another than the excluded", nil, []name{email("x@a.test")}, []name{email("y@a.test")}, true},
		{"internationalised mailbox inside", []name{email("a.test")}, nil, []name{utf8Mailbox("nguyễn@a.test")}, true},
		{"internationalised mailbox outside", []name{email("a.test")}, nil, []name{utf8Mailbox("nguyễn@b.test")}, false},
		{"internationalised mailbox excluded", nil, []name{email("a.test")}, []name{utf8Mailbox("nguyễn@a.test")}, false},
		{"no mailbox at all", []name{email("a.test")}, nil, nil, true},
		{"host", []name{dns("a.test")}, nil, []name{dns("a.test")}, true},
		{"host below", []name{dns("a.test")}, nil, []name{dns("b.a.test")}, true},
		{"host with the same end", []name{dns("a.test")}, nil, []name{dns("xa.test")}, false},
		{"leading period wants a label", []name{dns(".a.test")}, nil, []name{dns("a.test")}, false},
		{"a wildcard inside", []name{dns("a.test")}, nil, []name{dns("*.a.test")}, true},
		{"a wildcard that reaches into what is excluded", nil, []name{dns("b.a.test")}, []name{dns("*.a.test")}, false},
		{"a wildcard elsewhere", nil, []name{dns("b.a.test")}, []name{dns("*.c.test")}, true},
		{"a host that is none", []name{dns("a.test")}, nil, []name{dns("b .a.test")}, false},
		{"every host excluded", nil, []name{dns("")}, []name{dns("a.test")}, false},
		{"URI of the host", []name{uri("a.test")}, nil, []name{uri("https://a.test:8443/x")}, true},
		{"URI below the host", []name{uri("a.test")}, nil, []name{uri("https://b.a.test/x")}, false},
		{"URI below the domain", []name{uri(".a.test")}, nil, []name{uri("https://b.a.test/x")}, true},
		{"URI with an address", nil, []name{uri("a.test")}, []name{uri("https://10.0.0.1/")}, false},
		{"URI without a host", nil, []name{uri("a.test")}, []name{uri("urn:x:y")}, false},
		{"URI whose user looks like the host", []name{uri("a.test")}, nil, []name{uri("https://a.test@b.test/")}, false},
		{"address in the net", []name{address(10, 1, 0, 0, 255, 255, 0, 0)}, nil, []name{address(10, 1, 2, 3)}, true},
		{"address out of the net", []name{address(10, 1, 0, 0, 255, 255, 0, 0)}, nil, []name{address(10, 2, 2, 3)}, false},
		{"address of the other family", []name{address(10, 1, 0, 0, 255, 255, 0, 0)}, nil, []name{address(net.IPv6loopback...)}, false},
		{"address of the other family than excluded", nil, []name{address(10, 1, 0, 0, 255, 255, 0, 0)}, []name{address(net.IPv6loopback...)}, true},
		{"a mask of the wrong size", nil, []name{address(10, 1, 0, 0)}, []name{address(10, 1, 2, 3)}, false},
		{"directory names: the subject outside", []name{org}, nil, nil, false},
		{"directory names: the alternative name excluded", nil, []name{org}, []name{org}, false},
		{"a form that is not processed, and stands there", nil, []name{registered([]byte{42, 3})}, []name{registered([]byte{42, 4})}, false},
		{"a form that is not processed, and is absent", nil, []name{registered([]byte{42, 3})}, []name{email("x@a.test")}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			midCert := root.issue(t, mid, func(c *x509.Certificate) {
				ca(c)
				c.ExtraExtensions = []pkix.Extension{nameConstraints(tt.permitted, tt.excluded)}
			})
			leafCert := mid.issue(t, leaf, func(c *x509.Certificate) {
				if tt.leaf != nil {
					c.ExtraExtensions = []pkix.Extension{alternativeNames(tt.leaf...)}
				}
			})
			r, err := certpath.Validate(t.Context(), leafCert, &certpath.Options{Anchors: anchors{rootCert}, Pool: []*certpath.Certificate{midCert}, At: now})
			if err != nil {
				t.Fatal(err)
			}
			if r.Valid != tt.ok || !tt.ok && !slices.Equal(problemCodes(r.Problems), []string{"name_constraints"}) {
				t.Errorf("valid %t: %+v", r.Valid, r.Problems)
			}
		})
	}
}

// TestTheSubjectsMailboxIsConstrained: RFC 5280, 4.2.1.10 for certificates that name it only there.
func TestTheSubjectsMailboxIsConstrained(t *testing.T) {
	root, mid, leaf := newEntity(t, "root"), newEntity(t, "mid"), newEntity(t, "leaf")
	rootCert := root.issue(t, root, ca)
	midCert := root.issue(t, mid, func(c *x509.Certificate) {
		ca(c)
		c.ExtraExtensions = []pkix.Extension{nameConstraints([]name{email("a.test")}, nil)}
	})
	for address, ok := range map[string]bool{"x@a.test": true, "x@b.test": false} {
		leafCert := mid.issue(t, leaf, func(c *x509.Certificate) {
			c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: certpath.OIDEmailAddress, Value: address}}
		})
		r, err := certpath.Validate(t.Context(), leafCert, &certpath.Options{Anchors: anchors{rootCert}, Pool: []*certpath.Certificate{midCert}, At: now})
		if err != nil || r.Valid != ok {
			t.Errorf("%s: %v %+v", address, err, r)
		}
	}
}

// TestManyConstraintsAndNamesEnd: a thousand by a thousand are more than any honest path compares.
func TestManyConstraintsAndNamesEnd(t *testing.T) {
	root, mid, leaf := newEntity(t, "root"), newEntity(t, "mid"), newEntity(t, "leaf")
	var constraints, names []name
	for i := range 900 {
		host := string([]byte{'a' + byte(i%26), 'a' + byte(i/26%26), 'a' + byte(i/676)}) + ".test"
		constraints, names = append(constraints, dns(host)), append(names, dns("x."+host))
	}
	midCert := root.issue(t, mid, func(c *x509.Certificate) {
		ca(c)
		c.ExtraExtensions = []pkix.Extension{nameConstraints(constraints, nil)}
	})
	leafCert := mid.issue(t, leaf, func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{alternativeNames(names...)} })
	r, err := certpath.Validate(t.Context(), leafCert, &certpath.Options{Anchors: anchors{root.issue(t, root, ca)}, Pool: []*certpath.Certificate{midCert}, At: now})
	if err != nil || r.Valid || !slices.Equal(problemCodes(r.Problems), []string{"name_constraints"}) {
		t.Errorf("%v %+v", err, r.Problems)
	}
}

func FuzzNameConstraints(f *testing.F) {
	key := newEntity(f, "ca")
	f.Add(nameConstraints([]name{email("a.test"), dns("a.test"), uri("a.test")}, []name{address(10, 0, 0, 0, 255, 0, 0, 0)}).Value, alternativeNames(email("x@a.test"), dns("*.a.test")).Value)
	f.Add(nameConstraints(nil, []name{dns(".a.test"), uri(".a.test")}).Value, alternativeNames(uri("https://b.a.test"), utf8Mailbox("ạ@a.test")).Value)
	anchor := key.issue(f, key, ca)
	template := key.issue(f, newEntity(f, "leaf"), nil)
	f.Fuzz(func(t *testing.T, constraints, names []byte) {
		// The certificates are parsed before; only what the extensions hold changes.
		a, c := *anchor, *template
		a.Extensions = append(slices.Clone(anchor.Extensions), certpath.Extension{ID: certpath.OID{2, 5, 29, 30}, Critical: true, Value: constraints})
		if n, ok := certpath.ReadGeneralNames(names); ok {
			c.AlternativeNames = n
		}
		if _, err := certpath.Paths(t.Context(), &c, &certpath.Options{Anchors: anchors{&a}}); err != nil {
			t.Fatal(err)
		}
	})
}
