package certpath_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
)

func usages(critical bool, ids ...asn1.ObjectIdentifier) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		der, err := asn1.Marshal(ids)
		if err != nil {
			panic(err)
		}
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: der})
	}
}

func both(changes ...func(*x509.Certificate)) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		for _, f := range changes {
			f(c)
		}
	}
}

// TestKeyUsagesByPurpose holds leaf and authority to what each purpose asks, newer usages included.
func TestKeyUsagesByPurpose(t *testing.T) {
	var (
		serverAuth      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
		emailProtection = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 4}
		timeStamping    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
		ocspSigning     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 9}
		documentSigning = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 36}
		anyUsage        = asn1.ObjectIdentifier{2, 5, 29, 37, 0}
	)
	root, mid, leaf := newEntity(t, "root"), newEntity(t, "mid"), newEntity(t, "leaf")
	rootCert := root.issue(t, root, ca)
	for _, tt := range []struct {
		name      string
		mid, leaf func(*x509.Certificate)
		purpose   certpath.Purpose
		want      string
	}{
		{"sign with documentSigning", ca, usages(false, documentSigning), certpath.Sign, ""},
		{"sign with emailProtection", ca, usages(false, emailProtection), certpath.Sign, ""},
		{"sign with any", ca, usages(false, anyUsage), certpath.Sign, ""},
		{"sign with a server's", ca, usages(false, serverAuth), certpath.Sign, "ext_key_usage"},
		{"a server's for any purpose", ca, usages(false, serverAuth), certpath.AnyPurpose, ""},
		{"sign under an authority for servers", both(ca, usages(false, serverAuth)), nil, certpath.Sign, "ext_key_usage"},
		{"sign under an authority for documents", both(ca, usages(false, documentSigning)), nil, certpath.Sign, ""},
		{"sign with a key for certificates alone", ca, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }, certpath.Sign, "key_usage"},
		{"sign with no key usage at all", ca, func(c *x509.Certificate) { c.KeyUsage = 0 }, certpath.Sign, ""},
		{"time-stamp", ca, usages(true, timeStamping), certpath.TimeStamp, ""},
		{"time-stamp, not critical", ca, usages(false, timeStamping), certpath.TimeStamp, "ext_key_usage"},
		{"time-stamp and more", ca, usages(true, timeStamping, emailProtection), certpath.TimeStamp, "ext_key_usage"},
		{"time-stamp under an authority for servers", both(ca, usages(false, serverAuth)), usages(true, timeStamping), certpath.TimeStamp, "ext_key_usage"},
		{"OCSP", ca, usages(false, ocspSigning), certpath.OCSPSign, ""},
		{"OCSP without the usage", ca, nil, certpath.OCSPSign, "ext_key_usage"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := certpath.Validate(t.Context(), mid.issue(t, leaf, tt.leaf), &certpath.Options{
				Anchors: anchors{rootCert}, Pool: []*certpath.Certificate{root.issue(t, mid, tt.mid)}, At: now, Purpose: tt.purpose,
			})
			if err != nil || r.Valid != (tt.want == "") || !r.Valid && !slices.Equal(problemCodes(r.Problems), []string{tt.want}) {
				t.Errorf("%v %+v, want %q", err, r.Problems, tt.want)
			}
		})
	}
}

// TestExtensionsThatCannotBeReadCount: an extension that decides is never passed over.
func TestExtensionsThatCannotBeReadCount(t *testing.T) {
	root, leaf := newEntity(t, "root"), newEntity(t, "leaf")
	rootCert := root.issue(t, root, ca)
	extension := func(critical bool, value []byte, id ...int) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: id, Critical: critical, Value: value})
		}
	}
	for _, tt := range []struct {
		name string
		leaf func(*x509.Certificate)
		want string
	}{
		{"an unreadable critical one", extension(true, []byte{1, 2}, 2, 5, 29, 17), "unknown_critical_extension"},
		{"unreadable policies", extension(false, []byte{1, 2}, 2, 5, 29, 32), "malformed_extension"},
		{"unreadable key usages", extension(false, []byte{1, 2}, 2, 5, 29, 37), "malformed_extension"},
		{"an unreadable address of the issuer", extension(false, []byte{1, 2}, 1, 3, 6, 1, 5, 5, 7, 1, 1), ""},
		{"an unknown one that is not critical", extension(false, []byte{1, 2}, 1, 2, 3), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := certpath.Validate(t.Context(), root.issue(t, leaf, tt.leaf), &certpath.Options{Anchors: anchors{rootCert}, At: now})
			if err != nil || r.Valid != (tt.want == "") || !r.Valid && !slices.Equal(problemCodes(r.Problems), []string{tt.want}) {
				t.Errorf("%v %+v, want %q", err, r.Problems, tt.want)
			}
		})
	}
}

// TestNoExtensionStandsTwice: RFC 5280, 4.2. Such a certificate is read, so that what it signed can be looked at; no path that it is
// part of is valid, whichever extension it is and wherever the certificate stands.
func TestNoExtensionStandsTwice(t *testing.T) {
	root, mid, leaf := newEntity(t, "root"), newEntity(t, "mid"), newEntity(t, "leaf")
	rootCert := root.issue(t, root, ca)
	other := func(c *x509.Certificate) { // crypto/x509 writes none twice: its identifier is changed below
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 99}, Value: []byte{0x30, 0}})
	}
	twice := func(c *certpath.Certificate, by *entity, id byte) *certpath.Certificate {
		tbs := bytes.Replace(c.RawTBSCertificate, []byte{6, 3, 0x55, 0x1d, 99}, []byte{6, 3, 0x55, 0x1d, id}, 1)
		digest := sha256.Sum256(tbs)
		sig, err := by.key.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(tbs)
			b.AddBytes(c.SignatureAlgorithm.Marshal())
			b.AddASN1BitString(sig)
		})
		out, err := certpath.ParseCertificate(b.BytesOrPanic())
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	alternative := func(c *x509.Certificate) {
		c.EmailAddresses, c.CRLDistributionPoints = []string{"a@b.vn"}, []string{"http://b.vn/crl"}
	}
	for _, tt := range []struct {
		name      string
		leaf, mid byte // the extension that stands twice; 99: none
		want      string
	}{
		{"none", 99, 99, ""},
		{"key usage", 15, 99, "duplicate_extension"},
		{"an alternative name", 17, 99, "duplicate_extension"},
		{"an address of lists", 31, 99, "duplicate_extension"},
		{"basic constraints of the authority", 99, 19, "duplicate_extension"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			midCert := twice(root.issue(t, mid, both(ca, other)), root, tt.mid)
			leafCert := twice(mid.issue(t, leaf, both(both(alternative, other), func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature })), mid, tt.leaf)
			r, err := certpath.Validate(t.Context(), leafCert, &certpath.Options{
				Anchors: anchors{rootCert}, Pool: []*certpath.Certificate{midCert}, At: now, Purpose: certpath.Sign,
			})
			if err != nil || r.Valid != (tt.want == "") || !r.Valid && !slices.Contains(problemCodes(r.Problems), tt.want) {
				t.Errorf("%v %+v, want %q", err, r.Problems, tt.want)
			}
			if len(leafCert.EmailAddresses) != 1 {
				t.Errorf("names were merged: %v", leafCert.EmailAddresses)
			}
		})
	}
}

// TestTwoSignatureAlgorithmsAreNone: the one outside the signed part is not the one inside (RFC 5280, 4.1.1.2), although
// the value verifies by the one outside.
func TestTwoSignatureAlgorithmsAreNone(t *testing.T) {
	root := newEntity(t, "root")
	cert := root.issue(t, root, ca)
	for inside, want := range map[byte]bool{2: true, 3: false} { // ecdsa-with-SHA256, ecdsa-with-SHA384
		tbs := bytes.Clone(cert.RawTBSCertificate)
		tbs[bytes.Index(tbs, []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2})+7] = inside
		digest := sha256.Sum256(tbs)
		sig, err := root.key.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(tbs)
			b.AddBytes(cert.SignatureAlgorithm.Marshal())
			b.AddASN1BitString(sig)
		})
		c, err := certpath.ParseCertificate(b.BytesOrPanic())
		if err != nil {
			t.Fatal(err)
		}
		if got := c.CheckSignatureFrom(cert) == nil; got != want {
			t.Errorf("verifies: %t, want %t", got, want)
		}
	}
}

// TestNamesInOtherStringTypesChain: the issuer's name as BMPString, the subject's as UTF8String, with other spaces and letters.
func TestNamesInOtherStringTypesChain(t *testing.T) {
	build := func(tag cbasn1.Tag, value []byte) []byte {
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(certpath.OIDCommonName)
					b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(value) })
				})
			})
		})
		return b.BytesOrPanic()
	}
	bmp := certpath.ParseName(build(30, []byte{0x1e, 0xa4, 0, 'n', 0, ' ', 0, 't', 0, 'i', 0, 'n'})) // Ấn tin
	for text, same := range map[string]bool{"Ấn tin": true, " ẤN   TIN ": true, "An tin": false, "Ấn tín": false} {
		if got := certpath.ParseName(build(cbasn1.UTF8String, []byte(text))).Equal(bmp); got != same {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// TestPoliciesThatDoubleStayBounded: each authority maps two policies to the same two, which doubles RFC 5280's tree with
// each certificate (RFC 9618, 2).
func TestPoliciesThatDoubleStayBounded(t *testing.T) {
	const depth = 60
	policies := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 32}}
	mappings := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 33}}
	var p, m cryptobyte.Builder
	p.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for i := range 10 {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(certpath.OID{1, 2, 3, i}) })
		}
	})
	m.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for i := range 100 {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(certpath.OID{1, 2, 3, i / 10})
				b.AddASN1ObjectIdentifier(certpath.OID{1, 2, 3, i % 10})
			})
		}
	})
	policies.Value, mappings.Value = p.BytesOrPanic(), m.BytesOrPanic()
	above := newEntity(t, "root")
	rootCert := above.issue(t, above, ca)
	var pool []*certpath.Certificate
	for i := range depth {
		next := newEntity(t, fmt.Sprint("ca", i))
		pool = append(pool, above.issue(t, next, func(c *x509.Certificate) {
			ca(c)
			c.ExtraExtensions = []pkix.Extension{policies, mappings}
		}))
		above = next
	}
	leafCert := above.issue(t, newEntity(t, "leaf"), func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{policies} })
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	start := time.Now()
	paths, err := certpath.Paths(ctx, leafCert, &certpath.Options{
		Anchors: anchors{rootCert}, Pool: pool, Inhibit: certpath.RequireExplicitPolicy, Limits: certpath.Limits{Depth: depth + 2},
	})
	if err != nil || len(paths) != 1 || len(paths[0].Problems) > 0 || len(paths[0].Policies) != 10 {
		t.Fatalf("%v %+v", err, paths)
	}
	t.Logf("%d authorities in %v", depth, time.Since(start))
}

// FuzzPolicies puts any policies, mappings, constraints and inhibitions into an authority, and any policies into a leaf.
func FuzzPolicies(f *testing.F) {
	key := newEntity(f, "ca")
	top := newEntity(f, "top")
	anchor, mid, template := top.issue(f, top, ca), top.issue(f, key, ca), key.issue(f, newEntity(f, "leaf"), nil)
	policy := []byte{0x30, 6, 0x30, 4, 6, 2, 0x2a, 3}
	f.Add(policy, []byte{0x30, 10, 0x30, 8, 6, 2, 0x2a, 3, 6, 2, 0x2a, 4}, []byte{0x30, 3, 0x80, 1, 0}, []byte{2, 1, 1}, policy)
	f.Fuzz(func(t *testing.T, policies, mappings, constraints, inhibit, leaf []byte) {
		with := func(c *certpath.Certificate, extensions map[int][]byte) *certpath.Certificate {
			changed := *c
			changed.Extensions = slices.Clone(c.Extensions)
			for id, value := range extensions {
				changed.Extensions = append(changed.Extensions, certpath.Extension{ID: certpath.OID{2, 5, 29, id}, Value: value})
			}
			in := cryptobyte.String(extensions[32])
			var list, one cryptobyte.String
			for in.ReadASN1(&list, cbasn1.SEQUENCE); !list.Empty() && len(changed.PolicyOIDs) < 1000; {
				var id certpath.OID
				if !list.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&id) {
					break
				}
				changed.PolicyOIDs = append(changed.PolicyOIDs, id)
			}
			return &changed
		}
		for _, asked := range [][]certpath.OID{nil, {{1, 2, 3}}} {
			paths, err := certpath.Paths(t.Context(), with(template, map[int][]byte{32: leaf}), &certpath.Options{
				Anchors: anchors{anchor}, Policies: asked, Pool: []*certpath.Certificate{with(mid, map[int][]byte{32: policies, 33: mappings, 36: constraints, 54: inhibit})},
			})
			if err != nil || len(paths) == 0 {
				t.Fatal(err, len(paths))
			}
			for _, p := range paths[0].Policies {
				if asked != nil && !p.Equal(asked[0]) {
					t.Errorf("valid for %v, which nobody asked for", p)
				}
			}
		}
	})
}
