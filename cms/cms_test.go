package cms_test

import (
	"bytes"
	"crypto"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pkitest"
)

var content = []byte("Nội dung văn bản\r\n")

type party struct {
	pki  *pkitest.PKI
	cert *certpath.Certificate
	key  crypto.Signer
}

func newParty(t testing.TB, a pkitest.Algorithm) party {
	t.Helper()
	p, err := pkitest.New(pkitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	cert, key, err := p.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu", Algorithm: a})
	if err != nil {
		t.Fatal(err)
	}
	return party{p, cert, key}
}

// signAttached is sign with the content inside.
func (p party) signAttached(t testing.TB, o cms.PrepareOptions) *cms.SignedData {
	t.Helper()
	sd := p.sign(t, o)
	sd.Attach(bytes.NewReader(content), int64(len(content)))
	return sd
}

func (p party) sign(t testing.TB, o cms.PrepareOptions) *cms.SignedData {
	t.Helper()
	h := o.Hash
	if h == 0 {
		h = cms.HashFor(p.cert)
	}
	sum := h.New()
	sum.Write(content)
	u, err := cms.Prepare(p.cert, sum.Sum(nil), &o)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := u.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var again cms.Unsigned
	if err := again.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.ToBeSigned(), u.ToBeSigned()) {
		t.Fatal("the stored preparation is another")
	}
	sd, err := again.Sign(nil, p.key, p.pki.Chain()...)
	if err != nil {
		t.Fatal(err)
	}
	return sd
}

func digest(h crypto.Hash) []byte {
	sum := h.New()
	sum.Write(content)
	return sum.Sum(nil)
}

func TestEveryAlgorithmVerifiesHereAndInOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Log("openssl is not installed: only our own check runs")
	}
	for _, tt := range []struct {
		name     string
		alg      pkitest.Algorithm
		o        cms.PrepareOptions
		attached bool
	}{
		{"RSA v1.5 SHA-256", pkitest.RSA2048, cms.PrepareOptions{}, false},
		{"RSA v1.5 SHA-512", pkitest.RSA2048, cms.PrepareOptions{Hash: crypto.SHA512}, true},
		{"RSA-PSS SHA-256", pkitest.RSA2048, cms.PrepareOptions{PSS: true}, false},
		{"RSA-PSS SHA-384", pkitest.RSA2048, cms.PrepareOptions{PSS: true, Hash: crypto.SHA384}, true},
		{"P-256", pkitest.P256, cms.PrepareOptions{}, true},
		{"P-384", pkitest.P384, cms.PrepareOptions{}, false},
		{"P-521", pkitest.P521, cms.PrepareOptions{}, false},
		{"Ed25519", pkitest.Ed25519, cms.PrepareOptions{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newParty(t, tt.alg)
			sign := p.sign
			if tt.attached {
				sign = p.signAttached
			}
			sd := sign(t, tt.o)
			si := sd.Signers()[0]
			in, err := si.Verify(cms.OIDData, digest(si.Hash()), si.Certificate(sd.Certificates()))
			if err != nil || !in.DigestMatches || !in.SignatureMatches || len(in.Notes) > 0 {
				t.Fatalf("%v %+v", err, in)
			}
			if tt.alg == pkitest.Ed25519 || openssl == "" {
				return // OpenSSL 3.0 has no Ed25519 in CMS
			}
			der, err := sd.MarshalDER()
			if err != nil {
				t.Fatal(err)
			}
			if out, ok := opensslVerify(t, p, der, tt.attached); !ok {
				t.Fatal(out)
			}
			der[len(der)-3] ^= 1 // inside the signature value
			if out, ok := opensslVerify(t, p, der, tt.attached); ok {
				t.Fatalf("a spoiled twin verifies: %s", out)
			}
		})
	}
}

func opensslVerify(t *testing.T, p party, der []byte, attached bool) (string, bool) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	args := []string{
		"cms", "-verify", "-binary", "-purpose", "any", "-inform", "DER", "-in", write("s.p7s", der), "-out", os.DevNull,
		"-CAfile", write("root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.pki.Root.Raw})),
	}
	if !attached {
		args = append(args, "-content", write("content", content))
	}
	out, err := exec.Command("openssl", args...).CombinedOutput()
	return string(out), err == nil && strings.Contains(string(out), "CMS Verification successful")
}

func TestSignaturesOfOpenSSLAreReadAndKept(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		c := exec.Command("openssl", args...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %s", args, out)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "content"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=OpenSSL", "-days", "2")
	for _, tt := range []struct {
		name string
		args []string
	}{
		{"DER attached", []string{"-nodetach"}},
		{"BER in indefinite lengths", []string{"-nodetach", "-stream"}},
		{"detached", nil},
		{"ESS v2", []string{"-cades"}},
		{"PSS", []string{"-keyopt", "rsa_padding_mode:pss"}},
		{"no attributes", []string{"-noattr"}},
		{"by key identifier", []string{"-keyid"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(append([]string{"cms", "-sign", "-binary", "-in", "content", "-signer", "cert.pem", "-inkey", "key.pem", "-outform", "DER", "-out", "s.p7s", "-md", "sha256"}, tt.args...)...)
			der, err := os.ReadFile(filepath.Join(dir, "s.p7s"))
			if err != nil {
				t.Fatal(err)
			}
			sd, err := cms.ParseBytes(append(bytes.Clone(der), 0, 0, 0))
			if err != nil {
				t.Fatal(err)
			}
			if sd.Trailing() != 3 {
				t.Errorf("trailing %d", sd.Trailing())
			}
			if !sd.Detached() && !bytes.Equal(sd.Content(), content) {
				t.Errorf("content %q", sd.Content())
			}
			again, err := sd.MarshalDER()
			if err != nil || !bytes.Equal(again, der) {
				t.Errorf("marshalling changed it (%v)", err)
			}
			si := sd.Signers()[0]
			cert := si.Certificate(sd.Certificates())
			if cert == nil {
				t.Fatal("the certificate is not found")
			}
			if in, err := si.Verify(cms.OIDData, digest(crypto.SHA256), cert); err != nil || !in.SignatureMatches {
				t.Errorf("%v %+v", err, in)
			}
			if in, err := si.Verify(cms.OIDData, make([]byte, 32), cert); err == nil {
				t.Errorf("other content verifies: %+v", in)
			}
			si.AddUnsigned(cms.Attribute{Type: certpath.OID{1, 2, 3}, Values: [][]byte{{5, 0}}})
			changed, err := sd.MarshalDER()
			if err != nil || bytes.Equal(changed, der) {
				t.Fatalf("the attribute was not added (%v)", err)
			}
			sd, err = cms.ParseBytes(changed)
			if err != nil {
				t.Fatal(err)
			}
			if in, err := sd.Signers()[0].Verify(cms.OIDData, digest(crypto.SHA256), cert); err != nil || !in.SignatureMatches {
				t.Errorf("after adding an attribute: %v %+v", err, in)
			}
		})
	}
}

func TestSeveralSigners(t *testing.T) {
	a, b := newParty(t, pkitest.P256), newParty(t, pkitest.P384)
	sd, other := a.sign(t, cms.PrepareOptions{}), b.sign(t, cms.PrepareOptions{})
	if err := sd.Merge(other); err != nil {
		t.Fatal(err)
	}
	der, err := sd.MarshalDER()
	if err != nil {
		t.Fatal(err)
	}
	sd, err = cms.ParseBytes(der)
	if err != nil {
		t.Fatal(err)
	}
	if len(sd.Signers()) != 2 {
		t.Fatalf("%d signers", len(sd.Signers()))
	}
	for _, si := range sd.Signers() {
		if _, err := si.Verify(cms.OIDData, digest(si.Hash()), si.Certificate(sd.Certificates())); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatIsNeverProduced(t *testing.T) {
	p := newParty(t, pkitest.P256)
	if _, err := cms.Prepare(p.cert, make([]byte, 20), &cms.PrepareOptions{Hash: crypto.SHA1}); codes.Of(err) != string(cms.ErrAlgorithm) {
		t.Errorf("SHA-1: %v", err)
	}
	u, err := cms.Prepare(p.cert, digest(crypto.SHA256), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Complete([]byte("not a signature")); codes.Of(err) != string(cms.ErrSignatureMismatch) {
		t.Errorf("a wrong value: %v", err)
	}
	doubled := []cms.Attribute{{Type: certpath.OID{1, 2, 3}, Values: [][]byte{{5, 0}}}, {Type: certpath.OID{1, 2, 3}, Values: [][]byte{{5, 0}}}}
	if _, err := cms.Prepare(p.cert, digest(crypto.SHA256), &cms.PrepareOptions{Attributes: doubled}); codes.Of(err) != string(cms.ErrAttribute) {
		t.Errorf("an attribute twice: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	p := newParty(f, pkitest.P256)
	for _, sign := range []func(testing.TB, cms.PrepareOptions) *cms.SignedData{p.sign, p.signAttached} {
		der, err := sign(f, cms.PrepareOptions{}).MarshalDER()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	f.Add([]byte{0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0, 0x80, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		sd, err := cms.ParseBytes(b)
		if err != nil {
			return
		}
		der, err := sd.MarshalDER()
		if err != nil || !bytes.Equal(der, b[:len(b)-sd.Trailing()]) {
			t.Fatalf("marshalling an unchanged value changed it (%v)", err)
		}
		for _, si := range sd.Signers() {
			if c := si.Certificate(sd.Certificates()); c != nil {
				_, _ = si.Verify(nil, make([]byte, 32), c)
			}
			si.AddUnsigned(cms.Attribute{Type: certpath.OID{1, 2, 3}, Values: [][]byte{{5, 0}}})
		}
		_, _ = sd.MarshalDER()
	})
}

func FuzzUnsigned(f *testing.F) {
	p := newParty(f, pkitest.P256)
	u, err := cms.Prepare(p.cert, digest(crypto.SHA256), nil)
	if err != nil {
		f.Fatal(err)
	}
	b, err := u.MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(_ *testing.T, b []byte) {
		var u cms.Unsigned
		if u.UnmarshalBinary(b) == nil {
			_ = u.Digest()
		}
	})
}
