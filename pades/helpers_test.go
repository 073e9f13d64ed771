package pades_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/tsp"
)

// now is the signing time of these tests, in the zone of the signers.
var now = time.Date(2026, 11, 24, 9, 30, 0, 0, time.FixedZone("", 7*3600))

// signer is a key with its certificate under a root of its own.
type signer struct {
	key   crypto.Signer
	chain []*certpath.Certificate // leaf, root
}

func newSigner(t testing.TB, name string, key crypto.Signer) signer {
	t.Helper()
	rootKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	root := certify(t, "Test Root", rootKey.Public(), nil, rootKey)
	return signer{key, []*certpath.Certificate{certify(t, name, key.Public(), root, rootKey), root}}
}

// tsa is a time-stamping authority in the process: requests and answers are RFC 3161's, the network is left out.
type tsa struct {
	responder *tsp.Responder
	chain     []*certpath.Certificate
	calls     int
	serial    int64
}

func newTSA(t testing.TB) (*tsa, tsp.Source) {
	t.Helper()
	rootKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	root := certify(t, "TSA Root", rootKey.Public(), nil, rootKey)
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	leaf := certify(t, "TSA", key.Public(), root, rootKey)
	a := &tsa{chain: []*certpath.Certificate{leaf, root}}
	a.responder = &tsp.Responder{
		Key: key, Chain: a.chain, Policy: certpath.OID{1, 2, 3, 4},
		Clock:  func() (time.Time, error) { return now.Add(time.Second), nil },
		Serial: func(context.Context) (*big.Int, error) { a.serial++; return big.NewInt(a.serial), nil },
	}
	return a, &tsp.Client{URL: "http://tsa.test/", Fetch: &fetch.Client{Transport: a, Trusted: true}}
}

// renew gives the authority keys, certificates and a clock of a later time.
func (a *tsa) renew(t testing.TB, at time.Time) {
	t.Helper()
	rootKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	root := certifyAt(t, at, "TSA Root", rootKey.Public(), nil, rootKey)
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	a.chain = []*certpath.Certificate{certifyAt(t, at, "TSA", key.Public(), root, rootKey), root}
	a.responder.Key, a.responder.Chain = key, a.chain
	a.responder.Clock = func() (time.Time, error) { return at, nil }
}

// RoundTrip implements [http.RoundTripper].
func (a *tsa) RoundTrip(r *http.Request) (*http.Response, error) {
	a.calls++
	request, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	answer, err := a.responder.Respond(r.Context(), request)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/timestamp-reply"}},
		Body: io.NopCloser(bytes.NewReader(answer)), ContentLength: int64(len(answer)), Request: r,
	}, nil
}

// roots are anchors.
type roots []*certpath.Certificate

func (r roots) Anchors(time.Time) []certpath.Anchor {
	all := make([]certpath.Anchor, len(r))
	for i, c := range r {
		all[i] = certpath.Anchor{Certificate: c}
	}
	return all
}

// register answers for every certificate: good, unless its name is listed.
type register struct{ revoked string }

func (g register) Status(_ context.Context, cert, _ *certpath.Certificate) ([]certpath.Status, error) {
	s := certpath.Status{
		State: certpath.Good, Reason: -1, ThisUpdate: now, NextUpdate: now.AddDate(0, 0, 7), ProducedAt: now,
		Kind: "ocsp", Evidence: []byte("OCSP for " + cert.Subject.CommonName()),
	}
	if cert.Subject.CommonName() == g.revoked {
		s.State, s.RevokedAt = certpath.Revoked, now.Add(-time.Hour)
	}
	return []certpath.Status{s}, nil
}

func withTSA(o *pades.Options, level pades.Level, a *tsa, source tsp.Source) *pades.Options {
	o.Level, o.TSA, o.Status = level, source, register{}
	o.Anchors = roots{o.Chain[len(o.Chain)-1], a.chain[1]}
	return o
}

var p256 = sync.OnceValue(func() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
})

var rsa2048 = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func ed25519Key(t testing.TB) ed25519.PrivateKey {
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func certify(t testing.TB, name string, key crypto.PublicKey, issuer *certpath.Certificate, issuerKey crypto.Signer) *certpath.Certificate {
	t.Helper()
	return certifyAt(t, now, name, key, issuer, issuerKey)
}

// certifyAt makes a certificate that is valid from a year before to four years after at.
func certifyAt(t testing.TB, at time.Time, name string, key crypto.PublicKey, issuer *certpath.Certificate, issuerKey crypto.Signer) *certpath.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name, Country: []string{"VN"}},
		NotBefore: at.AddDate(-1, 0, 0), NotAfter: at.AddDate(4, 0, 0), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
	}
	if name == "TSA" { // RFC 3161, 2.3: critical, and alone
		template.ExtraExtensions = []pkix.Extension{{
			Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: must(asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}}))(t),
		}}
	}
	parent := template
	if issuer == nil {
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	} else {
		parent = must(issuer.X509())(t)
	}
	der := must(x509.CreateCertificate(rand.Reader, template, parent, key, issuerKey))(t)
	return must(certpath.ParseCertificate(der))(t)
}

// options sign with s at B-B and a fixed time.
func (s signer) options() *pades.Options {
	return &pades.Options{Chain: s.chain, Time: now}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// file builds PDF files object by object, with a classic cross-reference table.
type file struct {
	version string
	objects []string // object n+1
	trailer string
}

// page is a file of n A4 pages with a line of text each.
func pages(n int) *file {
	f := &file{version: "1.7"}
	f.add("<< /Type /Catalog /Pages 2 0 R >>")
	f.add("")
	f.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	var kids []string
	for i := range n {
		text := fmt.Sprintf("BT /F1 12 Tf 72 720 Td (Page %d) Tj ET", i+1)
		content := f.add(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(text), text))
		kids = append(kids, f.add(fmt.Sprintf(
			"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %s /Resources << /Font << /F1 3 0 R >> >> >>", content)))
	}
	f.objects[1] = fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), n)
	return f
}

func (f *file) add(object string) (ref string) {
	f.objects = append(f.objects, object)
	return fmt.Sprintf("%d 0 R", len(f.objects))
}

// firstPage is the object number of the first page of [pages].
const firstPage = 5

func (f *file) bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%%PDF-%s\n%%\xe2\xe3\xcf\xd3\n", f.version)
	offsets := make([]int, len(f.objects))
	for i, o := range f.objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R /ID [<00112233445566778899aabbccddeeff> <00112233445566778899aabbccddeeff>] %s >>\nstartxref\n%d\n%%%%EOF\n",
		len(offsets)+1, f.trailer, start)
	return b.Bytes()
}

func open(t testing.TB, b []byte) *pdf.Document {
	t.Helper()
	return must(pdf.Open(t.Context(), bytes.NewReader(b), int64(len(b)), nil))(t)
}

func openFile(t testing.TB, f *os.File) *pdf.Document {
	t.Helper()
	info := must(f.Stat())(t)
	return must(pdf.Open(t.Context(), f, info.Size(), nil))(t)
}

func sign(t testing.TB, base []byte, s signer, o *pades.Options) ([]byte, *pades.Report) {
	t.Helper()
	var out bytes.Buffer
	report := must(pades.Sign(t.Context(), &out, open(t, base), s.key, o))(t)
	if !bytes.HasPrefix(out.Bytes(), base) {
		t.Fatal("the signed file does not begin with the base's bytes")
	}
	return out.Bytes(), report
}

func signatures(t testing.TB, b []byte) []*pades.Signature {
	t.Helper()
	return must(pades.Signatures(t.Context(), open(t, b)))(t)
}

// intact checks that every signature of the file is whole.
func intact(t testing.TB, b []byte, count int) []*pades.Signature {
	t.Helper()
	all := signatures(t, b)
	if len(all) != count {
		t.Fatalf("%d signatures, want %d", len(all), count)
	}
	for _, s := range all {
		i := s.Check(t.Context())
		if i.ByteRange != pades.Valid || i.Digest != pades.Match || i.Signature != pades.Match || i.Err != nil {
			t.Errorf("%s: byte range %s (%s), digest %s, signature %s, %v", s.Field, i.ByteRange, i.ByteRangeProblem, i.Digest, i.Signature, i.Err)
		}
	}
	return all
}

// store writes b to a file for a peer to read.
func store(t testing.TB, b []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.pdf")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// peer runs another program and returns what it says; without the program the test is skipped by its name.
func peer(t testing.TB, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	out, _ := exec.CommandContext(t.Context(), path, args...).CombinedOutput() // the words count, not the exit status
	return string(out)
}

// clean checks the file's structure with qpdf.
func clean(t testing.TB, b []byte) {
	t.Helper()
	if said := peer(t, "qpdf", "--check", store(t, b)); !strings.Contains(said, "No syntax or stream encoding errors found") {
		t.Errorf("qpdf: %s", said)
	}
}

// wantCode checks that err carries a code.
func wantCode(t testing.TB, err error, code codes.Code) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

// pyhanko validates the embedded signatures with pyHanko and returns a line for each; with a root also the long-term
// level.
func pyhanko(t testing.TB, b []byte, root ...string) string {
	t.Helper()
	python := os.Getenv("ANTIN_PYTHON")
	if python == "" {
		python = "python3"
	}
	if err := exec.CommandContext(t.Context(), python, "-c", "import pyhanko.sign").Run(); err != nil {
		t.Skip("pyHanko is not installed")
	}
	return peer(t, python, append([]string{"testdata/check.py", store(t, b)}, root...)...)
}

func openAny(b []byte) (*pdf.Document, error) {
	return pdf.Open(context.Background(), bytes.NewReader(b), int64(len(b)), nil)
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	return must(os.ReadFile(name))(t)
}
