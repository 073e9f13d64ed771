package cms_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pkitest"
)

// bigSize is far above what reading or writing may allocate.
const (
	bigSize  = 48 << 20
	mayTake  = 8 << 20
	pieceLen = 4000
)

// pattern is a content that stands nowhere.
type pattern struct{}

func (pattern) ReadAt(b []byte, at int64) (int, error) {
	for i := range b {
		b[i] = byte((at + int64(i)) % 251)
	}
	return len(b), nil
}

// signBig signs the pattern and writes it, attached, into a file.
func signBig(t *testing.T) (party, string) {
	t.Helper()
	p := newParty(t, pkitest.P256)
	h := crypto.SHA256.New()
	if _, err := io.Copy(h, io.NewSectionReader(pattern{}, 0, bigSize)); err != nil {
		t.Fatal(err)
	}
	u, err := cms.Prepare(p.cert, h.Sum(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	sd, err := u.Sign(nil, p.key)
	if err != nil {
		t.Fatal(err)
	}
	sd.Attach(pattern{}, bigSize)
	path := filepath.Join(t.TempDir(), "big.p7m")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	within(t, "writing", func() error { return sd.Write(t.Context(), f) })
	return p, path
}

// within holds what f allocates.
func within(t *testing.T, what string, f func() error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := f()
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > mayTake {
		t.Errorf("%s a content of %d bytes took %d bytes", what, bigSize, took)
	}
}

func open(t *testing.T, path string) *cms.SignedData {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	sd, err := cms.Open(t.Context(), f, st.Size())
	if err != nil {
		t.Fatal(err)
	}
	return sd
}

func verifyBig(t *testing.T, p party, sd *cms.SignedData) {
	t.Helper()
	h := crypto.SHA256.New()
	within(t, "hashing", func() error { return sd.WriteContent(t.Context(), h) })
	if in, err := sd.Signers()[0].Verify(cms.OIDData, h.Sum(nil), p.cert); err != nil || !in.DigestMatches {
		t.Fatalf("%v %+v", err, in)
	}
}

func TestContentIsStreamedBothWays(t *testing.T) {
	p, path := signBig(t)
	var sd *cms.SignedData
	within(t, "opening", func() error { sd = open(t, path); return nil })
	if sd.ContentSize() != bigSize || sd.Content() != nil || sd.Detached() || sd.Trailing() != 0 {
		t.Fatalf("size %d, held %d, detached %t, trailing %d", sd.ContentSize(), len(sd.Content()), sd.Detached(), sd.Trailing())
	}
	verifyBig(t, p, sd)
	if _, err := exec.LookPath("openssl"); err == nil {
		out, err := exec.Command("openssl", "cms", "-verify", "-binary", "-noverify", "-inform", "DER", "-in", path, "-out", os.DevNull).CombinedOutput()
		if err != nil {
			t.Errorf("openssl: %s", out)
		}
	}
}

func TestAStreamInPiecesIsReadAndWrittenInOne(t *testing.T) {
	p, path := signBig(t)
	pieces := filepath.Join(t.TempDir(), "pieces.p7m")
	der, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pieces, inPieces(t, der), 0o600); err != nil {
		t.Fatal(err)
	}
	sd := open(t, pieces)
	verifyBig(t, p, sd)
	var same bytes.Buffer
	within(t, "copying", func() error { return sd.Write(t.Context(), io.Discard) })
	if err := sd.Write(t.Context(), &same); err != nil || same.Len() <= len(der) {
		t.Fatalf("an unchanged value is written as it was: %d bytes (%v)", same.Len(), err)
	}
	sd.Signers()[0].AddUnsigned(cms.Attribute{Type: certpath.OID{1, 2, 3}, Values: [][]byte{{5, 0}}})
	out := filepath.Join(t.TempDir(), "out.p7m")
	f, err := os.Create(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	within(t, "rewriting", func() error { return sd.Write(t.Context(), f) })
	again := open(t, out)
	verifyBig(t, p, again)
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if attribute := int64(2 + 2 + 4 + 4); st.Size() != int64(len(der))+attribute { // its header, SEQUENCE, OID and SET
		t.Errorf("%d bytes, with definite lengths there would be %d", st.Size(), int64(len(der))+attribute)
	}
}

// inPieces is our DER as a streaming writer makes it: indefinite lengths around a content in pieces, one of them itself in
// pieces.
func inPieces(t *testing.T, der []byte) []byte {
	t.Helper()
	sd, err := cms.ParseBytes(der)
	if err != nil {
		t.Fatal(err)
	}
	value := sd.Content()
	tail := der[bytes.LastIndex(der, value[len(value)-1024:])+1024:]
	out := []byte{0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, 0xa0, 0x80, 0x30, 0x80, 0x02, 0x01, 0x01}
	out = append(out, 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01)
	out = append(out, 0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01, 0xa0, 0x80, 0x24, 0x80)
	out = append(out, 0x24, 0x80, 0x04, 0x01, value[0], 0x24, 0x03, 0x04, 0x01, value[1], 0, 0)
	for value = value[2:]; len(value) > 0; {
		n := min(len(value), pieceLen)
		out = append(append(out, 0x04, 0x82, byte(n>>8), byte(n)), value[:n]...)
		value = value[n:]
	}
	out = append(append(out, make([]byte, 6)...), tail...) // ends OCTET STRING, [0] and EncapsulatedContentInfo
	return append(out, make([]byte, 6)...)
}

func TestOpenSSLStreamsAreRead(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	b := make([]byte, 3<<20)
	if _, err := (pattern{}).ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=OpenSSL"},
		{"cms", "-sign", "-binary", "-nodetach", "-stream", "-in", "in", "-signer", "cert.pem", "-inkey", "key.pem", "-outform", "DER", "-out", "out.p7m"},
	} {
		c := exec.Command("openssl", args...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %s", args, out)
		}
	}
	sd := open(t, filepath.Join(dir, "out.p7m"))
	h := crypto.SHA256.New()
	if err := sd.WriteContent(t.Context(), h); err != nil || sd.ContentSize() != int64(len(b)) {
		t.Fatalf("%d bytes (%v)", sd.ContentSize(), err)
	}
	if _, err := sd.Signers()[0].Verify(cms.OIDData, h.Sum(nil), sd.Signers()[0].Certificate(sd.Certificates())); err != nil {
		t.Error(err)
	}
}

func TestReadingAndWritingEndWithTheContext(t *testing.T) {
	_, path := signBig(t)
	sd := open(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	blocks := 0
	err := sd.WriteContent(ctx, writer(func(b []byte) (int, error) {
		if blocks++; blocks == 2 {
			cancel()
		}
		return len(b), nil
	}))
	if !errors.Is(err, context.Canceled) || blocks != 2 {
		t.Errorf("%v after %d blocks", err, blocks)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

func TestContentsThatDifferAreNotJoined(t *testing.T) {
	p := newParty(t, pkitest.P256)
	a, b := p.signAttached(t, cms.PrepareOptions{}), p.sign(t, cms.PrepareOptions{})
	b.Attach(bytes.NewReader([]byte("khác")), 5)
	if err := a.Merge(b); codes.Of(err) != string(cms.ErrContent) {
		t.Errorf("another content: %v", err)
	}
	if err := p.sign(t, cms.PrepareOptions{}).Merge(a); codes.Of(err) != string(cms.ErrContent) {
		t.Errorf("attached to detached: %v", err)
	}
	if err := a.Merge(p.signAttached(t, cms.PrepareOptions{})); err != nil {
		t.Errorf("the same content: %v", err)
	}
	if err := a.Merge(p.sign(t, cms.PrepareOptions{})); err != nil || len(a.Signers()) != 3 {
		t.Errorf("a detached signature of it: %v", err)
	}
}

func TestAContentCutShortIsMalformed(t *testing.T) {
	p := newParty(t, pkitest.P256)
	der, err := p.signAttached(t, cms.PrepareOptions{}).MarshalDER()
	if err != nil {
		t.Fatal(err)
	}
	for n := range der {
		if _, err := cms.Open(t.Context(), bytes.NewReader(der[:n]), int64(n)); codes.Of(err) != string(cms.ErrMalformed) {
			t.Fatalf("%d of %d bytes: %v", n, len(der), err)
		}
		if _, err := cms.Open(t.Context(), bytes.NewReader(der[:n]), int64(len(der))); err == nil {
			t.Fatalf("a reader of %d bytes that are said to be %d is read", n, len(der))
		}
	}
}
