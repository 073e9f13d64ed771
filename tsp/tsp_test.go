package tsp_test

import (
	"crypto"
	"crypto/sha256"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/tsp"
)

func authority(t testing.TB) *pkitest.PKI {
	t.Helper()
	p, err := pkitest.New(pkitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestOpenSSLAcceptsOurTokensAndWeItsRequests(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	p := authority(t)
	dir := t.TempDir()
	run := func(args ...string) (string, error) {
		c := exec.Command("openssl", args...)
		c.Dir = dir
		out, err := c.CombinedOutput()
		return string(out), err
	}
	for name, b := range map[string][]byte{"data": []byte("văn bản"), "other": []byte("khác"), "root.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Root.Raw})} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := run("ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "q.tsq"); err != nil {
		t.Fatal(out)
	}
	query, err := os.ReadFile(filepath.Join(dir, "q.tsq"))
	if err != nil {
		t.Fatal(err)
	}
	reply, err := p.TSA().Respond(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "r.tsr"), reply, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := run("ts", "-verify", "-queryfile", "q.tsq", "-in", "r.tsr", "-CAfile", "root.pem"); err != nil || !strings.Contains(out, "Verification: OK") {
		t.Fatal(out)
	}
	if out, _ := run("ts", "-verify", "-data", "other", "-in", "r.tsr", "-CAfile", "root.pem"); strings.Contains(out, "Verification: OK") {
		t.Fatalf("other data verifies: %s", out)
	}
	token, err := tsp.ParseResponse(reply)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("văn bản"))
	if _, err := token.Verify(crypto.SHA256, digest[:]); err != nil {
		t.Fatal(err)
	}
}

// TestRefusals: a bad request gets a response that says why (RFC 3161, 2.4.2).
func TestRefusals(t *testing.T) {
	p := authority(t)
	sha1 := []byte{0x30, 0x26, 2, 1, 1, 0x30, 0x21, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14}
	sha1 = append(sha1, make([]byte, 20)...)
	digest := sha256.Sum256(nil)
	policy, err := tsp.Request(crypto.SHA256, digest[:], nil, []int{1, 2, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		request []byte
		want    string
	}{
		{"not DER", []byte("hello"), "badDataFormat"}, {"SHA-1", sha1, "badAlg"}, {"another policy", policy, "unacceptedPolicy"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			der, err := p.TSA().Respond(t.Context(), tt.request)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tsp.ParseResponse(der); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func FuzzParseToken(f *testing.F) {
	p := authority(f)
	digest := sha256.Sum256([]byte("a"))
	q, err := tsp.Request(crypto.SHA256, digest[:], nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	r, err := p.TSA().Respond(f.Context(), q)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r)
	f.Fuzz(func(_ *testing.T, b []byte) {
		if t, err := tsp.ParseResponse(b); err == nil {
			_, _ = t.VerifyMessage([]byte("a"))
		}
	})
}

func FuzzRespond(f *testing.F) {
	p := authority(f)
	digest := sha256.Sum256([]byte("a"))
	q, err := tsp.Request(crypto.SHA256, digest[:], nil, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(q)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := p.TSA().Respond(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	})
}
