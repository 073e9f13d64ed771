package cms_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha1"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pkitest"
)

var (
	contentType      = certpath.OID{1, 2, 840, 113549, 1, 9, 3}
	messageDigest    = certpath.OID{1, 2, 840, 113549, 1, 9, 4}
	signingCert      = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	signingCertV2    = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	algProtection    = certpath.OID{1, 2, 840, 113549, 1, 9, 52}
	sha256WithRSA    = certpath.OID{1, 2, 840, 113549, 1, 1, 11}
	sha1WithRSA      = certpath.OID{1, 2, 840, 113549, 1, 1, 5}
	derNull          = []byte{5, 0}
	otherContentType = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 1, 4}
)

func element(tag cbasn1.Tag, parts ...[]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(slices.Concat(parts...)) })
	return b.BytesOrPanic()
}

func oid(o certpath.OID) []byte {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(o)
	return b.BytesOrPanic()
}

// forge signs any attributes, in any order, by an RSA key. Without attributes it signs the content.
func (p party) forge(t *testing.T, h crypto.Hash, alg certpath.OID, attributes ...cms.Attribute) *cms.SignerInfo {
	t.Helper()
	var list []byte
	for _, a := range attributes {
		list = append(list, element(cbasn1.SEQUENCE, oid(a.Type), element(cbasn1.SET, a.Values...))...)
	}
	signed, field := content, []byte(nil)
	if attributes != nil {
		signed, field = element(cbasn1.SET, list), element(cbasn1.Tag(0).Constructed().ContextSpecific(), list)
	}
	sum := h.New()
	sum.Write(signed)
	value, err := p.key.Sign(nil, sum.Sum(nil), h)
	if err != nil {
		t.Fatal(err)
	}
	var serial cryptobyte.Builder
	serial.AddASN1BigInt(p.cert.SerialNumber)
	si, err := cms.ParseSignerInfo(element(
		cbasn1.SEQUENCE, []byte{2, 1, 1}, element(cbasn1.SEQUENCE, p.cert.RawIssuer, serial.BytesOrPanic()),
		certpath.AlgorithmIdentifier{Algorithm: certpath.OIDByHash(h)}.Marshal(), field,
		certpath.AlgorithmIdentifier{Algorithm: alg, Parameters: derNull}.Marshal(), element(cbasn1.OCTET_STRING, value),
	))
	if err != nil {
		t.Fatal(err)
	}
	return si
}

// protection is CMSAlgorithmProtection.
func protection(h crypto.Hash, alg certpath.OID, parameters []byte) []byte {
	sig := certpath.AlgorithmIdentifier{Algorithm: alg, Parameters: parameters}.Marshal()
	return element(cbasn1.SEQUENCE, certpath.AlgorithmIdentifier{Algorithm: certpath.OIDByHash(h)}.Marshal(), append([]byte{0xa1}, sig[1:]...))
}

// essV1 is signing-certificate (RFC 2634, 5.4).
func essV1(c *certpath.Certificate) []byte {
	sum := sha1.Sum(c.Raw)
	return element(cbasn1.SEQUENCE, element(cbasn1.SEQUENCE, element(cbasn1.SEQUENCE, element(cbasn1.OCTET_STRING, sum[:]))))
}

// Whoever has the key may sign odd attributes; whoever has not may leave some out. Each is seen (RFC 5652, 5.3 and 11; RFC 5035;
// RFC 6211).
func TestSignedAttributesAreHeld(t *testing.T) {
	p, stranger := newParty(t, pkitest.RSA2048), newParty(t, pkitest.P256)
	honest := p.sign(t, cms.PrepareOptions{}).Signers()[0].SignedAttributes()
	attribute := func(o certpath.OID, values ...[]byte) cms.Attribute { return cms.Attribute{Type: o, Values: values} }
	without := func(o certpath.OID, more ...cms.Attribute) []cms.Attribute {
		return append(slices.DeleteFunc(slices.Clone(honest), func(a cms.Attribute) bool { return a.Type.Equal(o) }), more...)
	}
	twice := func(o certpath.OID) []cms.Attribute {
		one := honest[slices.IndexFunc(honest, func(a cms.Attribute) bool { return a.Type.Equal(o) })]
		return append(slices.Clone(honest), one)
	}
	two := func(o certpath.OID) []cms.Attribute {
		v := honest[slices.IndexFunc(honest, func(a cms.Attribute) bool { return a.Type.Equal(o) })].Values[0]
		return without(o, attribute(o, v, v))
	}
	strangers := stranger.sign(t, cms.PrepareOptions{}).Signers()[0].SignedAttribute(signingCertV2)[0]
	digestOf := element(cbasn1.OCTET_STRING, digest(crypto.SHA256))
	sha512WithRSA := certpath.OID{1, 2, 840, 113549, 1, 1, 13}
	for _, tt := range []struct {
		name  string
		attrs []cms.Attribute
		want  error
		note  string
	}{
		{"as they should be", honest, nil, ""},
		{"content-type is missing", without(contentType), cms.ErrAttribute, ""},
		{"content-type has no value", without(contentType, attribute(contentType)), cms.ErrAttribute, ""},
		{"content-type names another", without(contentType, attribute(contentType, oid(otherContentType))), cms.ErrAttribute, ""},
		{"content-type is no identifier", without(contentType, attribute(contentType, derNull)), cms.ErrAttribute, ""},
		{"content-type twice", twice(contentType), cms.ErrAttribute, ""},
		{"content-type with two values", two(contentType), cms.ErrAttribute, ""},
		{"message-digest is missing", without(messageDigest), cms.ErrSignatureMismatch, ""},
		{"message-digest twice", twice(messageDigest), cms.ErrAttribute, ""},
		{"message-digest twice, the first another's", append([]cms.Attribute{attribute(messageDigest, element(cbasn1.OCTET_STRING, make([]byte, 32)))}, honest...), cms.ErrSignatureMismatch, ""},
		{"message-digest with two values", without(messageDigest, attribute(messageDigest, digestOf, digestOf)), cms.ErrSignatureMismatch, ""},
		{"message-digest of another content", without(messageDigest, attribute(messageDigest, element(cbasn1.OCTET_STRING, make([]byte, 32)))), cms.ErrSignatureMismatch, ""},
		{"signing-certificate-v2 of a stranger", without(signingCertV2, attribute(signingCertV2, strangers)), cms.ErrAttribute, ""},
		{"signing-certificate-v2 twice", twice(signingCertV2), cms.ErrAttribute, ""},
		{"signing-certificate-v2 cut", without(signingCertV2, attribute(signingCertV2, derNull)), cms.ErrMalformed, ""},
		{"no signing-certificate", without(signingCertV2), nil, "ess_missing"},
		{"signing-certificate of version 1", without(signingCertV2, attribute(signingCert, essV1(p.cert))), nil, "ess_sha1"},
		{"signing-certificate of version 1, of a stranger", without(signingCertV2, attribute(signingCert, essV1(stranger.cert))), cms.ErrAttribute, ""},
		{"no algorithm protection", without(algProtection), nil, "algorithm_protection_absent"},
		{"algorithm protection twice", twice(algProtection), cms.ErrAttribute, ""},
		{"another digest protected", without(algProtection, attribute(algProtection, protection(crypto.SHA512, sha256WithRSA, derNull))), cms.ErrAttribute, ""},
		{"another signature protected", without(algProtection, attribute(algProtection, protection(crypto.SHA256, sha512WithRSA, derNull))), cms.ErrAttribute, ""},
		{"other parameters protected", without(algProtection, attribute(algProtection, protection(crypto.SHA256, sha256WithRSA, []byte{4, 0}))), cms.ErrAttribute, ""},
		{"parameters left out", without(algProtection, attribute(algProtection, protection(crypto.SHA256, sha256WithRSA, nil))), nil, ""},
		{"no signature protected", without(algProtection, attribute(algProtection, element(cbasn1.SEQUENCE, certpath.AlgorithmIdentifier{Algorithm: certpath.OIDByHash(crypto.SHA256)}.Marshal()))), cms.ErrAttribute, ""},
		{"one of nobody's", append(slices.Clone(honest), attribute(certpath.OID{1, 2, 3}, derNull)), nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, err := p.forge(t, crypto.SHA256, sha256WithRSA, tt.attrs...).Verify(cms.OIDData, digest(crypto.SHA256), p.cert)
			if !errors.Is(err, tt.want) || tt.want != nil && codes.Of(err) != tt.want.Error() {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if tt.note != "" && !slices.Contains(in.Notes, tt.note) || tt.note == "" && tt.want == nil && len(in.Notes) > 0 {
				t.Errorf("notes %v", in.Notes)
			}
		})
	}
	si := p.forge(t, crypto.SHA256, sha256WithRSA, without(contentType)...)
	if _, err := si.Verify(nil, digest(crypto.SHA256), p.cert); err != nil {
		t.Errorf("a counter-signature names no content-type: %v", err)
	}
	if in, err := si.Verify(nil, digest(crypto.SHA256), stranger.cert); err == nil || in.SignatureMatches {
		t.Errorf("another key: %v", err)
	}
}

func TestSignaturesWithoutAttributesAreOverPlainDataOnly(t *testing.T) {
	p := newParty(t, pkitest.RSA2048)
	si := p.forge(t, crypto.SHA256, sha256WithRSA)
	if in, err := si.Verify(cms.OIDData, digest(crypto.SHA256), p.cert); err != nil || !slices.Contains(in.Notes, "no_signed_attributes") {
		t.Errorf("%v %+v", err, in)
	}
	if in, err := si.Verify(otherContentType, digest(crypto.SHA256), p.cert); codes.Of(err) != string(cms.ErrAttribute) || in.SignatureMatches {
		t.Errorf("%v %+v", err, in)
	}
}

func TestSHA1IsReadAndFlagged(t *testing.T) {
	p := newParty(t, pkitest.RSA2048)
	attributes := []cms.Attribute{
		{Type: contentType, Values: [][]byte{oid(cms.OIDData)}},
		{Type: messageDigest, Values: [][]byte{element(cbasn1.OCTET_STRING, digest(crypto.SHA1))}},
	}
	in, err := p.forge(t, crypto.SHA1, sha1WithRSA, attributes...).Verify(cms.OIDData, digest(crypto.SHA1), p.cert)
	if err != nil || !in.SignatureMatches || !slices.Contains(in.Notes, "sha1") {
		t.Errorf("%v %+v", err, in)
	}
}

func TestEveryKeyGoesWithEveryHash(t *testing.T) {
	for _, a := range []pkitest.Algorithm{pkitest.RSA2048, pkitest.P256, pkitest.P384, pkitest.P521, pkitest.Ed25519} {
		p := newParty(t, a)
		for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			for _, pss := range []bool{false, true} {
				if a == pkitest.Ed25519 && h != crypto.SHA512 {
					if _, err := cms.Prepare(p.cert, digest(h), &cms.PrepareOptions{Hash: h}); codes.Of(err) != string(cms.ErrAlgorithm) {
						t.Errorf("Ed25519 goes with SHA-512 alone: %v", err)
					}
					continue
				}
				si := p.sign(t, cms.PrepareOptions{Hash: h, PSS: pss}).Signers()[0]
				if in, err := si.Verify(cms.OIDData, digest(h), p.cert); err != nil || si.Hash() != h || len(in.Notes) > 0 {
					t.Errorf("%s %s pss=%t: %v %+v", a, h, pss, err, in)
				}
			}
		}
	}
}

// A content that is no OCTET STRING, as PKCS#7 allowed, stays what it is.
func TestAContentOfAnotherTypeIsKept(t *testing.T) {
	der, err := newParty(t, pkitest.P256).signAttached(t, cms.PrepareOptions{}).MarshalDER()
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(der, content) - 2
	if der[at] != 0x04 {
		t.Fatal("not where it was expected")
	}
	der[at] = 0x30
	sd, err := cms.ParseBytes(der)
	if err != nil || !bytes.Equal(sd.Content(), content) {
		t.Fatal(err)
	}
	sd.Signers()[0].AddUnsigned(cms.Attribute{Type: certpath.OID{1, 2, 3}, Values: [][]byte{derNull}})
	if der, err = sd.MarshalDER(); err != nil || der[bytes.Index(der, content)-2] != 0x30 {
		t.Errorf("it became another type (%v)", err)
	}
}

func TestHostileStructuresAreRefused(t *testing.T) {
	head := []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}
	whole, err := newParty(t, pkitest.P256).signAttached(t, cms.PrepareOptions{}).MarshalDER()
	if err != nil {
		t.Fatal(err)
	}
	sd, err := cms.ParseBytes(whole)
	if err != nil {
		t.Fatal(err)
	}
	crowd := func(n int) []byte {
		signers := element(cbasn1.SET, bytes.Repeat(sd.Signers()[0].Raw(), n))
		digests := element(cbasn1.SET)
		body := element(cbasn1.SEQUENCE, []byte{2, 1, 1}, digests, element(cbasn1.SEQUENCE, oid(cms.OIDData)), signers)
		return element(cbasn1.SEQUENCE, head, element(cbasn1.Tag(0).Constructed().ContextSpecific(), body))
	}
	deep := func(n int) []byte { // within certificates
		return slices.Concat([]byte{0x30, 0x80}, head, []byte{0xa0, 0x80, 0x30, 0x80, 2, 1, 1, 0x31, 0, 0x30, 0x80}, oid(cms.OIDData), []byte{0, 0}, bytes.Repeat([]byte{0xa0, 0x80}, n))
	}
	if _, err := cms.ParseBytes(crowd(1000)); err != nil {
		t.Errorf("a thousand signers: %v", err)
	}
	for name, tt := range map[string]struct {
		der  []byte
		want codes.Code
	}{
		"more than a thousand signers": {crowd(1001), cms.ErrLimit},
		"deeply nested":                {deep(100_000), cms.ErrLimit},
		"a length beyond the end":      {slices.Concat([]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff}, head), cms.ErrMalformed},
		"a length of eight bytes":      {slices.Concat([]byte{0x30, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, head), cms.ErrMalformed},
		"a negative length":            {slices.Concat([]byte{0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, head), cms.ErrMalformed},
		"a length of nine bytes":       {slices.Concat([]byte{0x30, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1}, head), cms.ErrMalformed},
		"no end":                       {slices.Concat([]byte{0x30, 0x80}, head, []byte{0xa0, 0x80, 0x30, 0x80}), cms.ErrMalformed},
		"another content type":         {slices.Concat([]byte{0x30, 0x0b}, oid(otherContentType)[:11]), cms.ErrMalformed},
		"nothing":                      {nil, cms.ErrMalformed},
		"text":                         {[]byte("-----BEGIN CMS-----"), cms.ErrMalformed},
	} {
		if _, err := cms.ParseBytes(tt.der); codes.Of(err) != string(tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPreparationOfAnotherVersionIsRefused(t *testing.T) {
	u, err := cms.Prepare(newParty(t, pkitest.P256).cert, digest(crypto.SHA256), nil)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := u.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for n := range stored {
		if err := new(cms.Unsigned).UnmarshalBinary(stored[:n]); err == nil {
			t.Fatalf("%d of %d bytes are read", n, len(stored))
		}
	}
	stored[3]++
	if err := new(cms.Unsigned).UnmarshalBinary(stored); codes.Of(err) != string(cms.ErrMalformed) {
		t.Error(err)
	}
}

// rfc6979 is an ECDSA key without randomness: crypto/ecdsa then follows RFC 6979.
type rfc6979 struct{ crypto.Signer }

func (k rfc6979) Sign(_ io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return k.Signer.Sign(nil, digest, o)
}

func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	for _, a := range []pkitest.Algorithm{pkitest.P256, pkitest.RSA2048, pkitest.Ed25519} {
		p := newParty(t, a)
		p.key = rfc6979{p.key}
		var all [2][]byte
		for i := range all {
			var err error
			if all[i], err = p.signAttached(t, cms.PrepareOptions{}).MarshalDER(); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(all[0], all[1]) {
			t.Errorf("%s: the bytes differ", a)
		}
	}
}

// The race detector holds this one.
func TestManyReadOneValue(t *testing.T) {
	p := newParty(t, pkitest.P256)
	made := p.signAttached(t, cms.PrepareOptions{})
	made.Signers()[0].AddUnsigned(cms.Attribute{Type: certpath.OID{1, 2, 3}, Values: [][]byte{derNull}})
	der, err := made.MarshalDER()
	if err != nil {
		t.Fatal(err)
	}
	read, err := cms.ParseBytes(der)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, sd := range []*cms.SignedData{made, read} {
				si := sd.Signers()[0]
				if _, err := si.Verify(cms.OIDData, digest(crypto.SHA256), si.Certificate(sd.Certificates())); err != nil {
					t.Error(err)
				}
				if again, err := sd.MarshalDER(); err != nil || !bytes.Equal(again, der) {
					t.Errorf("it is written otherwise (%v)", err)
				}
			}
		})
	}
	group.Wait()
}

// Walking a content of tiny pieces ends with its context, too.
func TestOpeningEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	pieces := slices.Concat(
		[]byte{0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0, 0x80, 0x30, 0x80, 2, 1, 1, 0x31, 0, 0x30, 0x80},
		oid(cms.OIDData), []byte{0xa0, 0x80, 0x24, 0x80}, bytes.Repeat([]byte{0x04, 1, 'x'}, 1<<20),
	)
	if _, err := cms.Open(ctx, bytes.NewReader(pieces), int64(len(pieces))); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
