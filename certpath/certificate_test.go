package certpath_test

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antinvn/antin/certpath"
)

func published(t testing.TB) map[string]*certpath.Certificate {
	t.Helper()
	files, err := filepath.Glob("testdata/*.pem")
	if err != nil || len(files) == 0 {
		t.Fatal("no certificates", err)
	}
	out := map[string]*certpath.Certificate{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		certs, err := certpath.ParseCertificates(data)
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".pem")] = certs[0]
	}
	return out
}

// TestPublishedCertificatesReadAsCryptoX509ReadsThem holds the parser to the standard library's where that one accepts.
func TestPublishedCertificatesReadAsCryptoX509ReadsThem(t *testing.T) {
	for name, c := range published(t) {
		t.Run(name, func(t *testing.T) {
			x, err := c.X509()
			if err != nil {
				t.Skip("crypto/x509 refuses it:", err)
			}
			if c.SerialNumber.Cmp(x.SerialNumber) != 0 || !c.NotBefore.Equal(x.NotBefore) || !c.NotAfter.Equal(x.NotAfter) || c.IsCA != x.IsCA ||
				c.KeyUsage != x.KeyUsage || c.Subject.CommonName() != x.Subject.CommonName {
				t.Errorf("differs: %v %v", c.Subject, x.Subject)
			}
			if !bytes.Equal(c.SubjectKeyID, x.SubjectKeyId) || !bytes.Equal(c.AuthorityKeyID, x.AuthorityKeyId) {
				t.Error("key identifiers differ")
			}
			if strings.Join(c.CRLURLs, " ") != strings.Join(x.CRLDistributionPoints, " ") || strings.Join(c.OCSPServers, " ") != strings.Join(x.OCSPServer, " ") ||
				strings.Join(c.IssuerURLs, " ") != strings.Join(x.IssuingCertificateURL, " ") {
				t.Error("addresses differ")
			}
			if len(c.ExtensionErrors) > 0 {
				t.Error(c.ExtensionErrors)
			}
		})
	}
}

func TestStateAuthoritiesAreSignedByTheirRoots(t *testing.T) {
	all := published(t)
	for child, parent := range map[string]string{"g2-nha-nuoc-cp": "g2-root", "g1-nha-nuoc-cp": "g1-root", "g2-root": "g2-root"} {
		if err := all[child].CheckSignatureFrom(all[parent]); err != nil {
			t.Errorf("%s by %s: %v", child, parent, err)
		}
	}
	if err := all["g2-nha-nuoc-cp"].CheckSignatureFrom(all["g1-root"]); err == nil {
		t.Error("another generation's root verifies")
	}
}

// TestWhatTheStandardLibraryRefusesIsRead: a negative serial number and a version of nonsense extensions.
func TestWhatTheStandardLibraryRefusesIsRead(t *testing.T) {
	c := published(t)["g2-root"]
	serial, err := asn1.Marshal(c.SerialNumber)
	if err != nil {
		t.Fatal(err)
	}
	negative := bytes.Clone(serial)
	negative[2] |= 0x80
	der := bytes.Replace(c.Raw, serial, negative, 1)
	got, err := certpath.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if got.SerialNumber.Sign() >= 0 {
		t.Error("the serial number is not negative")
	}
	if _, err := got.X509(); err == nil {
		t.Error("crypto/x509 reads it now: this test shows nothing")
	}
	if !bytes.Equal(got.Raw, der) {
		t.Error("the bytes were not kept")
	}
}

func TestDamageIsRefusedWithACode(t *testing.T) {
	raw := published(t)["g2-root"].Raw
	for _, n := range []int{0, 1, 10, 100, len(raw) - 1} {
		if _, err := certpath.ParseCertificate(raw[:n]); err == nil {
			t.Errorf("%d bytes are read", n)
		}
	}
	if _, err := certpath.ParseCertificate(append(bytes.Clone(raw), 0)); err == nil {
		t.Error("trailing bytes are accepted")
	}
}

func TestNames(t *testing.T) {
	name := func(tag byte, s string) certpath.Name {
		v := append([]byte{tag, byte(len(s))}, s...)
		atv := append([]byte{0x30, byte(5 + len(v)), 6, 3, 0x55, 4, 3}, v...)
		set := append([]byte{0x31, byte(len(atv))}, atv...)
		return certpath.ParseName(append([]byte{0x30, byte(len(set))}, set...))
	}
	utf8, printable := byte(12), byte(19)
	if !name(utf8, "Nguyen  Van A").Equal(name(printable, "nguyen van a")) {
		t.Error("RFC 5280, 7.1: case and white space do not count")
	}
	if name(utf8, "Nguyễn Văn A").Equal(name(utf8, "Nguyen Van A")) {
		t.Error("marks count")
	}
	if got, want := name(utf8, `a,b+"c"`).String(), `CN=a\,b\+\"c\"`; got != want {
		t.Errorf("RFC 4514: got %s, want %s", got, want)
	}
	if got := name(30, "\x1e\xa4n").CommonName(); got != "Ấ" {
		t.Errorf("BMPString: %q", got)
	}
}

func FuzzParseCertificate(f *testing.F) {
	for _, c := range published(f) {
		f.Add(c.Raw)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := certpath.ParseCertificate(der)
		if err != nil {
			return
		}
		if !bytes.Equal(c.Raw, der) {
			t.Fatal("the bytes were not kept")
		}
		_ = c.Subject.String()
		_ = c.SelfSigned()
	})
}

func FuzzParseCertificates(f *testing.F) {
	for _, c := range published(f) {
		f.Add(c.Raw)
	}
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = certpath.ParseCertificates(data) })
}

func TestAlgorithmsThatAreNotSupportedAreNamed(t *testing.T) {
	for name, oid := range map[string]certpath.OID{
		"Ed448": {1, 3, 101, 113}, "ML-DSA-44": {2, 16, 840, 1, 101, 3, 4, 3, 17}, "ML-DSA-87": {2, 16, 840, 1, 101, 3, 4, 3, 19},
	} {
		_, err := certpath.VerifySignature(certpath.AlgorithmIdentifier{Algorithm: oid}, nil, []byte("message"), make([]byte, 114))
		if !errors.Is(err, certpath.ErrAlgorithm) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
