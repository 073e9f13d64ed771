package trust_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/trust"
)

var (
	year2020 = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	year2030 = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
)

// issue makes a certificate for a fresh key, signed by parent or by itself.
func issue(t testing.TB, name string, parent *issued) *issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(name))), Subject: pkix.Name{CommonName: name},
		NotBefore: year2020, NotAfter: year2030, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	by, signer := template, key
	if parent != nil {
		by, signer = parent.x509, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	std, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	c, err := certpath.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &issued{c, std, key}
}

type issued struct {
	*certpath.Certificate
	x509 *x509.Certificate
	key  *ecdsa.PrivateKey
}

func (c *issued) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func write(t testing.TB, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func names(s *trust.Store) string {
	var out []string
	for _, a := range s.Anchors(time.Time{}) {
		out = append(out, "anchor "+a.Certificate.Subject.CommonName())
	}
	for _, c := range s.Pool() {
		out = append(out, "chain "+c.Subject.CommonName())
	}
	if len(out) == 2 && out[0] > out[1] {
		out[0], out[1] = out[1], out[0]
	}
	return strings.Join(out, ", ")
}

func TestLoadSortsSelfSignedFromTheRest(t *testing.T) {
	root := issue(t, "root", nil)
	middle := issue(t, "middle", root)
	dir := t.TempDir()
	both := append(root.pem(), middle.pem()...)
	files := map[string]string{
		"a PEM file with both":         write(t, filepath.Join(dir, "both.pem"), both),
		"concatenated DER":             write(t, filepath.Join(dir, "both.der"), append(append([]byte{}, root.Raw...), middle.Raw...)),
		"PKCS#7":                       write(t, filepath.Join(dir, "both.p7b"), bag(t, root.Raw, middle.Raw)),
		"a folder with files of each":  dir,
		"PEM with text around":         write(t, filepath.Join(dir, "text.pem"), append([]byte("# the ministry's roots\n"), both...)),
		"the same certificates twice":  write(t, filepath.Join(dir, "twice.pem"), append(both, both...)),
		"a file with a misleading end": write(t, filepath.Join(dir, "roots.jpeg"), both),
	}
	write(t, filepath.Join(dir, "README"), []byte("no certificate here"))
	write(t, filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}}))
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling")); err != nil {
		t.Fatal(err)
	}
	want := trust.New(root.Certificate, middle.Certificate).Snapshot()
	for name, path := range files {
		t.Run(name, func(t *testing.T) {
			s, err := trust.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := names(s); got != "anchor root, chain middle" {
				t.Errorf("loaded %q", got)
			}
			if s.Snapshot() != want {
				t.Error("the snapshot depends on the kind of file")
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	dir, empty := t.TempDir(), t.TempDir()
	big := filepath.Join(dir, "big.pem")
	if err := os.Truncate(write(t, big, nil), 17<<20); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		want codes.Code
	}{
		"a file that is not there":         {filepath.Join(dir, "absent.pem"), trust.ErrFile},
		"a named file without certificate": {write(t, filepath.Join(dir, "README"), []byte("text")), trust.ErrNoCertificate},
		"a folder without certificate":     {empty, trust.ErrNoCertificate},
		"a file above the limit":           {big, trust.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := trust.Load(c.path)
			if !errors.Is(err, c.want) || s != nil {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			if !strings.Contains(err.Error(), c.path) {
				t.Errorf("the file is not named in %q", err)
			}
		})
	}
}

func TestSnapshotNamesTheContent(t *testing.T) {
	a, b := issue(t, "a", nil), issue(t, "b", nil)
	one := trust.New(a.Certificate, b.Certificate).Snapshot()
	if two := trust.New(b.Certificate, a.Certificate, b.Certificate).Snapshot(); one != two {
		t.Error("order or repetition changes it")
	}
	if !strings.HasPrefix(one, "sha256:") || len(one) != len("sha256:")+64 {
		t.Errorf("form %q", one)
	}
	others := map[string]*trust.Store{
		"nothing":        nil,
		"fewer anchors":  trust.New(a.Certificate),
		"as chain only":  trust.NewDated([]certpath.Anchor{{Certificate: a.Certificate}}, b.Certificate),
		"another period": trust.NewDated([]certpath.Anchor{{Certificate: a.Certificate}, {Certificate: b.Certificate, Until: year2020}}),
	}
	seen := map[string]string{one: "both"}
	for name, s := range others {
		if other, ok := seen[s.Snapshot()]; ok {
			t.Errorf("%s has the snapshot of %s", name, other)
		}
		seen[s.Snapshot()] = name
	}
}

func TestAnchorsAreInForceWithinTheirDates(t *testing.T) {
	root := issue(t, "root", nil).Certificate
	s := trust.NewDated([]certpath.Anchor{{Certificate: root, From: year2020, Until: year2030}})
	for at, want := range map[time.Time]int{
		year2020.Add(-time.Second): 0, year2020: 1, year2020.AddDate(5, 0, 0): 1, year2030: 1, year2030.Add(time.Second): 0,
	} {
		if got := len(s.Anchors(at)); got != want {
			t.Errorf("at %s: %d anchors, want %d", at, got, want)
		}
	}
}

func TestSystemFolderLoads(t *testing.T) {
	const system = "/etc/ssl/certs"
	if _, err := os.Stat(system); err != nil {
		t.Skip("no " + system)
	}
	s, err := trust.Load(system)
	if err != nil {
		t.Skip(err)
	}
	if len(s.Anchors(time.Time{})) < 20 {
		t.Errorf("only %d anchors", len(s.Anchors(time.Time{})))
	}
}

func TestOpenSSLBagLoads(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	in, out := write(t, filepath.Join(dir, "in.pem"), issue(t, "root", nil).pem()), filepath.Join(dir, "out.p7b")
	for _, form := range []string{"DER", "PEM"} {
		cmd := exec.Command("openssl", "crl2pkcs7", "-nocrl", "-certfile", in, "-outform", form, "-out", out)
		if msg, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, msg)
		}
		s, err := trust.Load(out)
		if err != nil {
			t.Fatal(form, err)
		}
		if got := names(s); got != "anchor root" {
			t.Errorf("%s: %q", form, got)
		}
	}
}

func TestStoreValidatesAPath(t *testing.T) {
	root := issue(t, "root", nil)
	middle := issue(t, "middle", root)
	leaf := issue(t, "leaf", middle)
	s := trust.New(root.Certificate, middle.Certificate)
	r, err := certpath.Validate(context.Background(), leaf.Certificate, &certpath.Options{
		Anchors: s, Pool: s.Pool(), At: year2020.AddDate(1, 0, 0),
	})
	if err != nil || !r.Valid || len(r.Path) != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}

// bag is a degenerate SignedData (RFC 5652, 5.1): certificates and no signer.
func bag(t testing.TB, certs ...[]byte) []byte {
	t.Helper()
	set := []byte{}
	for _, c := range certs {
		set = append(set, c...)
	}
	type signedData struct {
		Version      int
		Digests      asn1.RawValue
		Content      struct{ Type asn1.ObjectIdentifier }
		Certificates asn1.RawValue
		Signers      asn1.RawValue
	}
	emptySet := asn1.RawValue{Tag: asn1.TagSet, IsCompound: true}
	sd := signedData{
		Version: 1, Digests: emptySet, Signers: emptySet,
		Certificates: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: set},
	}
	sd.Content.Type = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	inner, err := asn1.Marshal(sd)
	if err != nil {
		t.Fatal(err)
	}
	out, err := asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}{
		asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2},
		asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: inner},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func ExampleLoad() {
	_, err := trust.Load("no-such-folder")
	fmt.Println(codes.Of(err))
	// Output: trust.file
}

func keyPEM(t testing.TB, c *issued) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestATrainingAnchorIsAnotherSnapshot(t *testing.T) {
	root := issue(t, "Root", nil)
	plain := trust.NewDated([]certpath.Anchor{{Certificate: root.Certificate}})
	training := trust.NewDated([]certpath.Anchor{{Certificate: root.Certificate, Training: true}})
	if plain.Snapshot() == training.Snapshot() || !training.Anchors(time.Now())[0].Training {
		t.Error("that an anchor is one for training is lost")
	}
}
