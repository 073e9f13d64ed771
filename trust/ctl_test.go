package trust_test

import (
	"bytes"
	"crypto"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/trust"
)

func newCTL() *trust.CTL {
	return &trust.CTL{
		Identifier: []byte("gca"), Sequence: big.NewInt(42), ThisUpdate: day("2026-01-01"), NextUpdate: day("2026-07-01"),
		Usage: []certpath.OID{{1, 3, 6, 1, 5, 5, 7, 3, 4}}, Hash: crypto.SHA1,
	}
}

func ctl(t testing.TB, c *trust.CTL, by *issued, listed ...*issued) []byte {
	t.Helper()
	certs := make([]*certpath.Certificate, len(listed))
	for i, l := range listed {
		certs[i] = l.Certificate
	}
	data, err := pkitest.CertificateTrustList(c, certs, []*certpath.Certificate{by.Certificate}, by.key, by.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestACertificateTrustListIsRead(t *testing.T) {
	signer, a := issue(t, "signer", nil), issue(t, "root a", nil)
	b := issue(t, "sub b", a)
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
		want := newCTL()
		want.Hash = h
		data := ctl(t, want, signer, a, b)
		for form, data := range map[string][]byte{"DER": data, "PEM": pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: data})} {
			c, err := trust.ParseCTL(data, []*certpath.Certificate{signer.Certificate})
			if err != nil {
				t.Fatal(form, err)
			}
			if string(c.Identifier) != "gca" || c.Sequence.Int64() != 42 || !c.ThisUpdate.Equal(want.ThisUpdate) || !c.NextUpdate.Equal(want.NextUpdate) ||
				len(c.Subjects) != 2 || len(c.Usage) != 1 || c.SHA1 != (h == crypto.SHA1) || c.Signer != signer.Certificate {
				t.Errorf("%+v", c)
			}
			if len(c.Certificates) != 2 || !c.Lists(a.Certificate) || c.Lists(signer.Certificate) {
				t.Error("what is listed and what only lies in the file are not told apart")
			}
			if c.Expired(day("2026-07-01")) || !c.Expired(day("2026-07-02")) {
				t.Error("NextUpdate is not the end")
			}
		}
	}
}

func TestATamperedOrForeignCTLIsRefused(t *testing.T) {
	signer, a, other := issue(t, "signer", nil), issue(t, "root", nil), issue(t, "other", nil)
	data := ctl(t, newCTL(), signer, a)
	given := []*certpath.Certificate{signer.Certificate}
	truncated := data[:len(data)-10]
	for name, c := range map[string]struct {
		data    []byte
		signers []*certpath.Certificate
		want    codes.Code
	}{
		"another sequence": {changed(t, data, "\x02\x01\x2a", "\x02\x01\x2b"), given, cms.ErrSignatureMismatch},
		"a later end":      {changed(t, data, "260701000000Z", "360701000000Z"), given, cms.ErrSignatureMismatch},
		"another signer":   {data, []*certpath.Certificate{other.Certificate}, trust.ErrListSigner},
		"nobody":           {data, nil, trust.ErrListSigner},
		"cut":              {truncated, given, trust.ErrCTL},
		"a bag, no list":   {bag(t, a.Raw), given, trust.ErrCTL},
		"nothing":          {nil, given, trust.ErrCTL},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := trust.ParseCTL(c.data, c.signers)
			if !errors.Is(err, c.want) || got != nil {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// A .ctl file is no bag of certificates: what it holds and does not list, or what an unchecked one lists, is no anchor.
func TestACTLIsLoaded(t *testing.T) {
	signer, a, b := issue(t, "signer", nil), issue(t, "root a", nil), issue(t, "root b", nil)
	middle := issue(t, "middle", a)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "gca.ctl"), ctl(t, newCTL(), signer, a, middle))
	if s, err := trust.Load(dir); !errors.Is(err, trust.ErrListSigner) {
		t.Fatalf("unchecked: %v, %v", s, err)
	}
	write(t, filepath.Join(dir, "gca.signer.pem"), signer.pem())
	s := load(t, dir)
	if got := told(s, day("2026-08-01")); got != "gca.ctl certificate-trust-list 2+0\n! gca.ctl trust.list_sha1\n! gca.ctl trust.list_expired\n" {
		t.Error(got)
	}
	// A newer one takes the place of an older one; a certificate that it only names by hash comes from another file.
	old := s.Snapshot()
	newer := newCTL()
	newer.Sequence, newer.ThisUpdate, newer.Hash = big.NewInt(43), day("2026-02-01"), crypto.SHA256
	write(t, filepath.Join(dir, "new.ctl"), ctl(t, newer, signer, b))
	write(t, filepath.Join(dir, "new.signer.pem"), signer.pem())
	s = load(t, dir)
	if got := told(s, day("2026-03-01")); got != "gca.ctl certificate-trust-list 0+0\nnew.ctl certificate-trust-list 1+0\n! gca.ctl trust.list_sha1\n! gca.ctl trust.list_superseded\n" {
		t.Error(got)
	}
	if s.Snapshot() == old {
		t.Error("the snapshot is the same")
	}
}

// OpenSSL writes the same content type with an OCTET STRING, as CMS has it.
func TestACTLInCMSIsRead(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	signer, a := issue(t, "signer", nil), issue(t, "root", nil)
	sd, err := cms.ParseBytes(ctl(t, newCTL(), signer, a))
	if err != nil {
		t.Fatal(err)
	}
	body := sd.Content()
	dir := t.TempDir()
	whole := append([]byte{0x30, byte(len(body))}, body...)
	if len(body) > 127 {
		t.Fatal("the list is longer than this test thinks")
	}
	in, out := write(t, filepath.Join(dir, "in"), whole), filepath.Join(dir, "out.ctl")
	pair := write(t, filepath.Join(dir, "pair.pem"), append(signer.pem(), keyPEM(t, signer)...))
	cmd := exec.Command("openssl", "cms", "-sign", "-binary", "-nodetach", "-econtent_type", "1.3.6.1.4.1.311.10.1", "-in", in, "-signer", pair, "-inkey", pair, "-outform", "DER", "-out", out)
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s", msg)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	c, err := trust.ParseCTL(data, []*certpath.Certificate{signer.Certificate})
	if err != nil || !c.Lists(a.Certificate) || c.Sequence.Int64() != 42 {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := trust.ParseCTL(bytes.Replace(data, []byte("\x02\x01\x2a"), []byte("\x02\x01\x2b"), 1), []*certpath.Certificate{signer.Certificate}); !errors.Is(err, trust.ErrListSignature) {
		t.Errorf("tampered: %v", err)
	}
}
