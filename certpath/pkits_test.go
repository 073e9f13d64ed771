package certpath_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
)

// pkitsTime lies inside the validity of the suite's certificates and CRLs, 2010 to 2030.
var pkitsTime = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// pkitsCase is one line of testdata/pkits.tsv.
type pkitsCase struct {
	name, endEntity string
	asked           []certpath.OID
	inhibit         certpath.Inhibit
	valid           bool
	decidedBy       string
	policies        []certpath.OID // "any" is anyPolicy
}

func pkitsCases(t testing.TB) []pkitsCase {
	t.Helper()
	data, err := os.ReadFile("testdata/pkits.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out []pkitsCase
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 9 {
			t.Fatalf("nine columns are expected: %q", line)
		}
		c := pkitsCase{name: f[0] + "." + f[2] + " " + f[1], endEntity: f[3], asked: pkitsPolicies(t, f[4]), valid: f[6] == "valid", decidedBy: f[7], policies: pkitsPolicies(t, f[8])}
		flags := map[string]certpath.Inhibit{
			"-": 0, "explicit": certpath.RequireExplicitPolicy, "mapping": certpath.InhibitPolicyMapping, "any": certpath.InhibitAnyPolicy,
		}
		flag, ok := flags[f[5]]
		if !ok || f[6] != "valid" && f[6] != "invalid" || !slices.Contains([]string{"-", "path", "time", "revocation"}, f[7]) {
			t.Fatalf("an unknown word in %q", line)
		}
		c.inhibit = flag
		out = append(out, c)
	}
	return out
}

func pkitsPolicies(t testing.TB, field string) []certpath.OID {
	t.Helper()
	var out []certpath.OID
	for p := range strings.FieldsSeq(strings.Trim(field, "-")) {
		if p == "any" {
			out = append(out, certpath.AnyPolicy)
			continue
		}
		n, err := strconv.Atoi(p)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, certpath.OID{2, 16, 840, 1, 101, 3, 2, 1, 48, n})
	}
	return out
}

// pkitsFolder is where PyPI's cryptography-vectors keeps the suite; it is skipped where that is not installed, never in CI.
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

// pkitsCertificates reads the suite's certificates by their names.
func pkitsCertificates(t testing.TB) map[string]*certpath.Certificate {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(pkitsFolder(t), "certs", "*.crt"))
	if err != nil || len(files) != 405 {
		t.Fatalf("%v, %d certificates", err, len(files))
	}
	out := map[string]*certpath.Certificate{}
	for _, f := range files {
		der, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(f), ".crt")
		if out[name], err = certpath.ParseCertificate(der); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return out
}

// TestPKITSWithoutRevocation builds every path out of all the suite's certificates. What revocation alone decides is held
// in package revocation; here it must be valid.
func TestPKITSWithoutRevocation(t *testing.T) {
	certs := pkitsCertificates(t)
	anchor := certs["TrustAnchorRootCertificate"]
	var pool []*certpath.Certificate
	open := map[string]bool{}
	for name, c := range certs {
		if strings.HasSuffix(name, "EE") {
			open[name] = true
		} else if c != anchor {
			pool = append(pool, c)
		}
	}
	cases := pkitsCases(t)
	for _, tt := range cases {
		delete(open, tt.endEntity)
		t.Run(tt.name, func(t *testing.T) {
			leaf := certs[tt.endEntity]
			if leaf == nil {
				t.Fatal("the suite has no such certificate")
			}
			r, err := certpath.Validate(t.Context(), leaf, &certpath.Options{
				Anchors: anchors{anchor}, Pool: pool, At: pkitsTime, Policies: tt.asked, Inhibit: tt.inhibit,
			})
			if err != nil {
				t.Fatal(err)
			}
			if want := tt.valid || tt.decidedBy == "revocation"; r.Valid != want {
				t.Errorf("valid %t, want %t: %v", r.Valid, want, r.Problems)
			}
			dated := slices.ContainsFunc(r.Problems, func(p certpath.Problem) bool { return p.Code == "expired" || p.Code == "not_yet_valid" })
			if dated != (tt.decidedBy == "time") {
				t.Errorf("decided by time: %t; %v", dated, r.Problems)
			}
			if tt.valid && !sameOIDs(r.Policies, tt.policies) {
				t.Errorf("valid for %v, want %v", r.Policies, tt.policies)
			}
		})
	}
	if len(open) > 0 {
		t.Errorf("not in the list: %v", open)
	}
	if len(cases) != 247 {
		t.Errorf("%d sub-tests", len(cases))
	}
}

func sameOIDs(a, b []certpath.OID) bool {
	return slices.EqualFunc(a, b, func(x, y certpath.OID) bool { return x.Equal(y) })
}
