package cades_test

import (
	"bytes"
	"crypto"
	"encoding/pem"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/tsp"
)

var content = []byte("Nội dung văn bản\r\n")

func section(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

// world is a running PKI whose clock the test holds.
type world struct {
	*pkitest.PKI
	now time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{now: time.Now()}
	p, err := pkitest.New(pkitest.Options{Clock: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	w.PKI = p
	return w
}

// later lets time pass, so that no two time-stamps are of one second.
func (w *world) later(d time.Duration) { w.now = w.now.Add(d) }

type signer struct {
	key   crypto.Signer
	chain []*certpath.Certificate
}

func (w *world) signer(t testing.TB, name string, a pkitest.Algorithm) signer {
	t.Helper()
	cert, key, err := w.Issue(pkitest.Subject{CommonName: name, Algorithm: a})
	if err != nil {
		t.Fatal(err)
	}
	return signer{key, append([]*certpath.Certificate{cert}, w.Chain()...)}
}

func (w *world) tsa() tsp.Source {
	return &tsp.Client{URL: w.URL("tsa"), Fetch: &fetch.Client{Trusted: true}}
}

func (w *world) fetcher() *revocation.Fetcher {
	return &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{w.Host()}}, Clock: func() time.Time { return w.now }}
}

func (w *world) options(s signer, level cades.Level) *cades.Options {
	return &cades.Options{
		Level: level, Chain: s.chain, TSA: w.tsa(), Status: w.fetcher(), Issuers: w.fetcher(), Anchors: w.PKI, Time: w.now,
	}
}

func (w *world) extension() *cades.ExtendOptions {
	return &cades.ExtendOptions{TSA: w.tsa(), Status: w.fetcher(), Issuers: w.fetcher(), Anchors: w.PKI, Time: w.now}
}

// sign adds a signer; file nil: to a content that nobody signed.
func (w *world) sign(t testing.TB, file []byte, detached bool, s signer, o *cades.Options) []byte {
	t.Helper()
	d := cades.New(section(content), detached)
	if file != nil {
		d = read(t, file, detached)
	}
	var out bytes.Buffer
	report, err := cades.Sign(t.Context(), &out, d, s.key, o)
	if err != nil {
		t.Fatal(err)
	}
	if report.Level != o.Level || report.Size != int64(out.Len()) {
		t.Errorf("the report says %+v of %d bytes", report, out.Len())
	}
	w.later(2 * time.Second)
	return out.Bytes()
}

func (w *world) extend(t testing.TB, file []byte, detached bool, to cades.Level) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := cades.Extend(t.Context(), &out, read(t, file, detached), to, w.extension()); err != nil {
		t.Fatal(err)
	}
	w.later(2 * time.Second)
	return out.Bytes()
}

func read(t testing.TB, file []byte, detached bool) *cades.Document {
	t.Helper()
	var outside *io.SectionReader
	if detached {
		outside = section(content)
	}
	d, err := cades.Open(t.Context(), section(file), outside)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func check(t testing.TB, file []byte, detached bool) []*cades.Signature {
	t.Helper()
	found, err := cades.Check(t.Context(), read(t, file, detached))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// sound holds that every signer, counter-signer and time-stamp is right, and counts the time-stamps of each signer.
func sound(t testing.TB, file []byte, detached bool, stamps ...int) []*cades.Signature {
	t.Helper()
	found := check(t, file, detached)
	if len(found) != len(stamps) {
		t.Fatalf("%d signers, not %d", len(found), len(stamps))
	}
	for i, s := range found {
		soundOne(t, s)
		if len(s.Timestamps) != stamps[i] {
			t.Errorf("signer %d has %d time-stamps, not %d", i+1, len(s.Timestamps), stamps[i])
		}
	}
	return found
}

func soundOne(t testing.TB, s *cades.Signature) {
	t.Helper()
	if s.Err != nil || s.Digest != cades.Match || s.Signature != cades.Match || len(s.Notes) > 0 || s.ClaimedTime.IsZero() {
		t.Errorf("digest %s, signature %s, notes %v, signing-time %s: %v", s.Digest, s.Signature, s.Notes, s.ClaimedTime, s.Err)
	}
	for _, ts := range s.Timestamps {
		if ts.Err != nil || ts.Token == nil {
			t.Errorf("time-stamp (archive: %t): %v", ts.Archive, ts.Err)
		}
	}
	for _, c := range s.Countersignatures {
		soundOne(t, c)
	}
}

// opensslVerify asks OpenSSL about a file; true where it is not installed.
func (w *world) opensslVerify(t *testing.T, file []byte, detached bool, data []byte) (words string, ok bool) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		return "", true
	}
	dir := t.TempDir()
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	args := []string{
		"cms", "-verify", "-binary", "-purpose", "any", "-inform", "DER", "-in", put("s", file), "-out", os.DevNull,
		"-CAfile", put("root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Root.Raw})),
	}
	if detached {
		args = append(args, "-content", put("content", data))
	}
	out, err := exec.Command("openssl", args...).CombinedOutput()
	return string(out), err == nil && strings.Contains(string(out), "CMS Verification successful")
}

func signedData(t testing.TB, file []byte) *cms.SignedData {
	t.Helper()
	sd, err := cms.ParseBytes(file)
	if err != nil {
		t.Fatal(err)
	}
	return sd
}

func marshal(t testing.TB, sd *cms.SignedData) []byte {
	t.Helper()
	der, err := sd.MarshalDER()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func fileSection(t testing.TB, f *os.File) *io.SectionReader {
	t.Helper()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return io.NewSectionReader(f, 0, st.Size())
}

// allocated is how many bytes f takes from the heap.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
