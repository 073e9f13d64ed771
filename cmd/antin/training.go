package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"os"
	"path/filepath"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"crypto/x509"
	"encoding/pem"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/keys"
	"github.com/antinvn/antin/pkitest"
)

// school is the demo's own trust: a root, keys of a leader and an agency, and the servers that certificates name. It
// lives in the demo's folder; its address is chosen once and kept.
type school struct {
	dir string
	pki *pkitest.PKI
}

// What stands in the demo's certificates, and in its document above the signature. It is the same in every language.
const (
	trainingName = "HUẤN LUYỆN Antin (không có giá trị)"
	demoAnchor   = "KT. CHỦ TỊCH"
)

// openTraining loads the folder's training PKI, or makes one.
func openTraining(dir string, clock func() time.Time) (*school, error) {
	if _, err := os.Stat(filepath.Join(dir, "pki", "pki.json")); err == nil {
		return loadTraining(dir, clock)
	}
	pki, err := pkitest.New(pkitest.Options{Name: trainingName, Clock: clock})
	if err != nil {
		return nil, codes.Wrap(errOutput, "making the training keys in", dir, err)
	}
	t := &school{dir: dir, pki: pki}
	if err := t.save(); err != nil {
		return nil, codes.Wrap(errOutput, "making the training keys in", dir, err)
	}
	return t, nil
}

func loadTraining(dir string, clock func() time.Time) (*school, error) {
	pki, err := pkitest.Load(filepath.Join(dir, "pki"), clock)
	if err != nil {
		return nil, codes.Wrap(errInput, "reading the training keys in", dir, err)
	}
	return &school{dir: dir, pki: pki}, nil
}

func (t *school) save() error {
	if err := t.pki.Save(filepath.Join(t.dir, "pki")); err != nil {
		return err
	}
	if err := os.MkdirAll(t.trustDir(), 0o755); err != nil {
		return err
	}
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: t.pki.Root.Raw})
	if err := os.WriteFile(filepath.Join(t.trustDir(), "root.crt"), root, 0o644); err != nil {
		return err
	}
	var b [12]byte
	if _, err := rand.Read(b[:]); err != nil {
		return err
	}
	pin := base64.RawURLEncoding.EncodeToString(b[:])
	if err := os.WriteFile(filepath.Join(t.dir, "pin.txt"), []byte(pin+"\n"), 0o600); err != nil {
		return err
	}
	const agency = "Ủy ban nhân dân tỉnh Huấn Luyện"
	for file, s := range map[string]pkitest.Subject{
		"leader.p12": {CommonName: "Nguyễn Thị Huấn Luyện", Organization: agency, Email: "huanluyen@example.test"},
		"agency.p12": {CommonName: agency, Organization: agency, UserID: "MST:0000000000", Email: "ubnd@example.test"},
	} {
		cert, key, err := t.pki.Issue(s)
		if err != nil {
			return err
		}
		if err := t.saveP12(file, pin, cert, key); err != nil {
			return err
		}
	}
	return nil
}

func (t *school) saveP12(file, pin string, cert *certpath.Certificate, key crypto.Signer) error {
	leaf, err := cert.X509()
	if err != nil {
		return err
	}
	var chain []*x509.Certificate
	for _, c := range t.pki.Chain() {
		x, err := c.X509()
		if err != nil {
			return err
		}
		chain = append(chain, x)
	}
	der, err := pkcs12.Modern.Encode(key, leaf, chain, pin)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(t.dir, file), der, 0o600)
}

func (t *school) start(ctx context.Context) error {
	if err := t.pki.Start(ctx); err != nil {
		return codes.Wrap(errServers, "starting the training servers of", t.dir, err)
	}
	return nil
}

func (t *school) stop() { _ = t.pki.Close() } // nothing is left to lose

func (t *school) trustDir() string { return filepath.Join(t.dir, "trust") }
func (t *school) tsaURL() string   { return t.pki.URL("tsa") }
func (t *school) ocspURL() string  { return t.pki.URL("ocsp/ca") }
func (t *school) crlURL() string   { return t.pki.URL("ca.crl") }
func (t *school) hosts() []string  { return []string{t.pki.Host()} }

func (t *school) leader(ctx context.Context) (*keys.Key, error) { return t.key(ctx, "leader.p12") }
func (t *school) agency(ctx context.Context) (*keys.Key, error) { return t.key(ctx, "agency.p12") }

func (t *school) key(ctx context.Context, file string) (*keys.Key, error) {
	return keys.Open(ctx, "p12:"+filepath.Join(t.dir, file), &keys.Options{
		Secret: func(ctx context.Context, _ string) ([]byte, error) {
			return (&env{}).secret(ctx, filepath.Join(t.dir, "pin.txt"), "")
		},
	})
}
