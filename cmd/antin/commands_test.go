package main

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/pkitest"
)

// workplace is a folder with the demo's keys and a PDF.
func workplace(t *testing.T) (dir, in string) {
	t.Helper()
	dir = t.TempDir()
	p, err := openTraining(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	p.stop()
	in = filepath.Join(dir, "in.pdf")
	if err := os.WriteFile(in, blankPDF(), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, in
}

// servedWorkplace is a workplace whose servers run.
func servedWorkplace(t *testing.T) (p *pkitest.PKI, dir, in string) {
	t.Helper()
	dir, in = workplace(t)
	served, err := loadTraining(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := served.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(served.stop)
	return served.pki, dir, in
}

func signArgs(dir string, more ...string) []string {
	return append([]string{"sign", "--key", "p12:" + filepath.Join(dir, "leader.p12"), "--pin-file", filepath.Join(dir, "pin.txt")}, more...)
}

func TestSignThenVerify(t *testing.T) {
	dir, in := workplace(t)
	signed := filepath.Join(dir, "signed.pdf")
	if exit, out, errs := call(t, signArgs(dir, in, "-o", signed)...); exit != exitDone {
		t.Fatalf("exit %d %s %s", exit, out, errs)
	}
	trust := filepath.Join(dir, "trust")
	exit, out, _ := call(t, "verify", signed, "--trust", trust, "--offline", "--format", "json")
	if exit != exitUndetermined || !strings.Contains(out, `"sub_indication":"TRY_LATER"`) || !strings.Contains(out, `"integrity":"intact"`) {
		t.Errorf("B-B without revocation data: exit %d %s", exit, out)
	}
	if exit, out, _ := call(t, "verify", signed, "--offline", "--format", "json"); exit != exitUndetermined || !strings.Contains(out, "NO_CERTIFICATE_CHAIN_FOUND") {
		t.Errorf("without trust: exit %d %s", exit, out)
	}
	if exit, out, _ := call(t, "verify", in, "--format", "json"); exit != exitUndetermined || !strings.Contains(out, "NO_SIGNATURE") {
		t.Errorf("unsigned: exit %d %s", exit, out)
	}
	b, err := os.ReadFile(signed)
	if err != nil {
		t.Fatal(err)
	}
	b[20] ^= 1
	spoiled := filepath.Join(dir, "spoiled.pdf")
	if err := os.WriteFile(spoiled, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if exit, out, _ := call(t, "verify", signed, spoiled, "--trust", trust, "--offline", "--format", "json"); exit != exitFailed || strings.Count(out, "\n") != 2 {
		t.Errorf("the worst of two: exit %d %s", exit, out)
	}
}

func TestABatchGoesOnPastErrors(t *testing.T) {
	dir, in := workplace(t)
	bad := filepath.Join(dir, "bad.pdf")
	if err := os.WriteFile(bad, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	exit, stdout, _ := call(t, signArgs(dir, bad, in, "-o", out)...)
	if exit != exitUnreadable || !strings.Contains(stdout, "2 tệp: 1 xong, 1 lỗi") {
		t.Errorf("exit %d %s", exit, stdout)
	}
	if _, err := os.Stat(filepath.Join(out, "in.pdf")); err != nil {
		t.Error(err)
	}
}

// asProgram makes the test's own executable behave as antin.
const asProgram = "ANTIN_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	sandbox.Child()
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func pemOf(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
