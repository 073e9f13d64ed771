package revocation_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/revocation"
)

// pkitsFolder is where PyPI's cryptography-vectors keeps NIST's suite; it is skipped where that is not installed, never in CI.
func pkitsFolder(t testing.TB) string {
	t.Helper()
	python := os.Getenv("ANTIN_PYTHON")
	if python == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			t.Fatal(err)
		}
		python = filepath.Join(home, ".cache", "antin-ci", "py", "bin", "python")
	}
	found, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(python)), "lib", "python3*", "site-packages", "cryptography_vectors", "x509", "PKITS_data"))
	if err != nil || len(found) == 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("cryptography-vectors is missing")
		}
		t.Skip("cryptography-vectors is not installed (pip install -r .ci/requirements.txt)")
	}
	return found[0]
}

func filesOf(t testing.TB, dir, ext string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"+ext))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, nothing there", dir, err)
	}
	out := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ext)] = b
	}
	return out
}

type anchor struct{ *certpath.Certificate }

func (a anchor) Anchors(time.Time) []certpath.Anchor {
	return []certpath.Anchor{{Certificate: a.Certificate}}
}

// TestPKITS is the whole of NIST's suite, from all its certificates and all its CRLs at once; the expectations and inputs
// are in certpath's data file, where another test holds that none is left out.
func TestPKITS(t *testing.T) {
	dir := pkitsFolder(t)
	certs := map[string]*certpath.Certificate{}
	stored := &revocation.Stored{}
	for name, der := range filesOf(t, filepath.Join(dir, "certs"), ".crt") {
		c, err := certpath.ParseCertificate(der)
		if err != nil {
			t.Fatal(name, err)
		}
		certs[name] = c
		if !strings.HasSuffix(name, "EE") && name != "TrustAnchorRootCertificate" {
			stored.Pool = append(stored.Pool, c)
		}
	}
	for name, der := range filesOf(t, filepath.Join(dir, "crls"), ".crl") {
		if _, err := revocation.ParseCRL(der); err != nil {
			t.Error(name, err)
		}
		stored.CRLs = append(stored.CRLs, der)
	}
	data, err := os.ReadFile(filepath.Join("..", "certpath", "testdata", "pkits.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		ran++
		t.Run(f[0]+"."+f[2]+" "+f[1], func(t *testing.T) {
			o := &certpath.Options{
				Anchors: anchor{certs["TrustAnchorRootCertificate"]}, Pool: stored.Pool, Status: stored, At: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
				Inhibit: map[string]certpath.Inhibit{
					"explicit": certpath.RequireExplicitPolicy, "mapping": certpath.InhibitPolicyMapping, "any": certpath.InhibitAnyPolicy,
				}[f[5]],
			}
			for p := range strings.FieldsSeq(strings.Trim(f[4], "-")) {
				n, err := strconv.Atoi(p)
				if err != nil {
					t.Fatal(err)
				}
				o.Policies = append(o.Policies, certpath.OID{2, 16, 840, 1, 101, 3, 2, 1, 48, n})
			}
			r, err := certpath.Validate(t.Context(), certs[f[3]], o)
			if err != nil || r.Valid != (f[6] == "valid") {
				t.Fatalf("%v, valid %t, want %s: %v", err, r.Valid, f[6], r.Problems)
			}
			if code := "revocation"; !r.Valid && f[7] == code && r.Problems[0].Code != "revoked" && r.Problems[0].Code != "no_revocation_evidence" {
				t.Errorf("it must be revocation that decides: %v", r.Problems)
			}
		})
	}
	if ran != 247 {
		t.Errorf("%d sub-tests", ran)
	}
}
