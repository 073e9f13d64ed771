package interop

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/tsp"
)

const password = "interop"

// pki is the test PKI with its servers running, and its certificates as files for the peers.
type pki struct {
	*pkitest.PKI
	dir            string
	root           string // DER
	rootPEM, chain string // PEM: the root; root and CA
	caPEM          string
	identities     map[string]*identity
	*revocation.Fetcher
}

// identity is a key with its certificate.
type identity struct {
	cert *certpath.Certificate
	key  crypto.Signer
	p12  string
	pem  string
}

// algorithms are the rows of the matrix; PSS uses the RSA key.
var algorithms = []string{"RSA-2048", "RSA-PSS", "P-256", "P-384", "P-521", "Ed25519"}

func newPKI(t *testing.T) *pki {
	t.Helper()
	p, err := pkitest.New(pkitest.Options{Name: "Antin Interop"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	dir := t.TempDir()
	k := &pki{
		PKI: p, dir: dir, root: filepath.Join(dir, "root.der"), rootPEM: filepath.Join(dir, "root.pem"), caPEM: filepath.Join(dir, "ca.pem"),
		chain: filepath.Join(dir, "chain.pem"), identities: map[string]*identity{},
		Fetcher: &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{p.Host()}}, Cache: revocation.NewMemoryCache(1 << 20)},
	}
	write(t, k.root, p.Root.Raw)
	write(t, k.rootPEM, encode(p.Root))
	write(t, k.caPEM, encode(p.CA))
	write(t, k.chain, append(encode(p.Root), encode(p.CA)...))
	return k
}

func encode(c *certpath.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// identity is the signer of an algorithm, made once.
func (p *pki) identity(t *testing.T, algorithm string) *identity {
	t.Helper()
	return p.person(t, "", algorithm)
}

// person is one of several signers of an algorithm, made once.
func (p *pki) person(t *testing.T, name, algorithm string) *identity {
	t.Helper()
	if algorithm == "RSA-PSS" {
		algorithm = "RSA-2048"
	}
	known := strings.TrimSpace(algorithm + " " + name)
	if id := p.identities[known]; id != nil {
		return id
	}
	cert, key, err := p.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu " + known, Algorithm: pkitest.Algorithm(algorithm)})
	if err != nil {
		t.Fatal(err)
	}
	id := &identity{cert: cert, key: key, p12: filepath.Join(p.dir, known+".p12"), pem: filepath.Join(p.dir, known+".pem")}
	var above []*x509.Certificate
	for _, c := range append([]*certpath.Certificate{cert}, p.Chain()...) {
		x, err := c.X509()
		if err != nil {
			t.Fatal(err)
		}
		above = append(above, x)
	}
	der, err := pkcs12.Modern.Encode(key, above[0], above[1:], password)
	if err != nil {
		t.Fatal(err)
	}
	write(t, id.p12, der)
	write(t, id.pem, encode(cert))
	p.identities[known] = id
	return id
}

// options sign with everything the levels need.
func (p *pki) options(id *identity, level pades.Level, pss bool) *pades.Options {
	return &pades.Options{
		Level: level, PSS: pss, Chain: append([]*certpath.Certificate{id.cert}, p.Chain()...), Anchors: p.PKI, Status: p.Fetcher, Issuers: p.Fetcher,
		TSA: &tsp.Client{URL: p.URL("tsa"), Fetch: &fetch.Client{Trusted: true}},
	}
}
