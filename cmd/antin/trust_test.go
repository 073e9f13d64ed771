package main

import (
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/trust"
)

// trustedFolder is a folder with a trusted list that gives the demo's authority, signed by an operator, and what is wrong beside it.
func trustedFolder(t *testing.T, roots string, next time.Time) string {
	t.Helper()
	p, err := pkitest.New(pkitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	operator, key, err := p.Issue(pkitest.Subject{CommonName: "Scheme operator"})
	if err != nil {
		t.Fatal(err)
	}
	demo, err := trust.Load(roots)
	if err != nil {
		t.Fatal(err)
	}
	root := demo.Anchors(time.Time{})[0].Certificate
	data, err := pkitest.TrustedList(&trust.List{
		Version: 5, Sequence: 9, Type: "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric", Territory: "VN", Operator: "Operator",
		Issued: next.AddDate(0, -6, 0), NextUpdate: next,
		Services: []trust.Service{{
			Provider: "Demo", Name: "Root", Certificates: []*certpath.Certificate{root},
			Periods: []trust.Period{{Type: "http://uri.etsi.org/TrstSvc/Svctype/CA/PKC", Status: "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted", From: root.NotBefore}},
		}},
	}, key, operator)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"vn.xml": string(data), "vn.signer.pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: operator.Raw})), "la.xml": strings.Replace(string(data), ">VN<", ">LA<", 1),
		"la.signer.pem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: operator.Raw})),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTrustSaysWhatIsLoaded(t *testing.T) {
	dir, in := workplace(t)
	lists := trustedFolder(t, filepath.Join(dir, "trust"), time.Now().AddDate(0, 3, 0))
	exit, stdout, _ := call(t, "trust", lists, "--format", "json")
	var r trustReport
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	if exit != exitUnreadable || r.Anchors != 1 || len(r.Sources) != 2 || !strings.HasPrefix(r.Snapshot, "sha256:") || r.Algorithms.Name != "ts119312-1.5.1" {
		t.Fatalf("exit %d: %s", exit, stdout)
	}
	bad, good := r.Sources[0], r.Sources[1]
	if len(bad.Warnings) != 1 || bad.Warnings[0].Code != "trust.list_signature" || bad.Anchors != 0 || good.Anchors != 1 || *good.Sequence != "9" || *good.Territory != "VN" || len(good.Warnings) != 0 {
		t.Errorf("%s", stdout)
	}
	_, words, _ := call(t, "trust", lists)
	for _, want := range []string{"vn.xml", "số 9", "[trust.list_signature]", r.Snapshot} {
		if !strings.Contains(words, want) {
			t.Errorf("no %q in\n%s", want, words)
		}
	}
	if exit, _, _ := call(t, "trust", filepath.Join(dir, "trust")); exit != exitDone {
		t.Errorf("exit %d", exit)
	}
	// verify goes by the list as it does by the root itself, names the list's snapshot, and tells of the bad one beside it.
	signed := filepath.Join(t.TempDir(), "signed.pdf")
	if exit, out, errs := call(t, signArgs(dir, in, "-o", signed)...); exit != exitDone {
		t.Fatal(out, errs)
	}
	exit, stdout, stderr := call(t, "verify", signed, "--trust", lists, "--trust", filepath.Join(dir, "trust"), "--offline", "--format", "json")
	_, plain, _ := call(t, "verify", signed, "--trust", filepath.Join(dir, "trust"), "--offline", "--format", "json")
	if strings.Contains(plain, `"trust_snapshot":null`) || snapshotIn(t, plain) == snapshotIn(t, stdout) {
		t.Errorf("exit %d: the list is not in the snapshot: %s", exit, stdout)
	}
	if !strings.Contains(stderr, "la.xml") || !strings.Contains(stderr, "[trust.list_signature]") || strings.Contains(stderr, "vn.xml") {
		t.Errorf("standard error: %s", stderr)
	}
	exit, stdout, _ = call(t, "verify", signed, "--trust", filepath.Join(lists, "vn.xml"), "--offline", "--format", "json")
	if strings.Contains(stdout, "NO_CERTIFICATE_CHAIN_FOUND") || !strings.Contains(stdout, "trust_snapshot") {
		t.Errorf("exit %d: no path to the list's root: %s", exit, stdout)
	}
	// Nothing but a list that does not hold is nothing to go by.
	if exit, stdout, _ = call(t, "verify", signed, "--trust", filepath.Join(lists, "la.xml"), "--offline", "--format", "json"); exit != exitUnreadable || !strings.Contains(stdout, "trust.list_signature") {
		t.Errorf("exit %d: %s", exit, stdout)
	}
	old := trustedFolder(t, filepath.Join(dir, "trust"), time.Now().AddDate(0, -1, 0))
	if exit, stdout, _ = call(t, "trust", filepath.Join(old, "vn.xml")); exit != exitUndetermined || !strings.Contains(stdout, "[trust.list_expired]") {
		t.Errorf("exit %d: %s", exit, stdout)
	}
}

func snapshotIn(t *testing.T, report string) string {
	t.Helper()
	var r struct {
		Snapshot string `json:"trust_snapshot"`
	}
	if err := json.Unmarshal([]byte(report), &r); err != nil {
		t.Fatal(err)
	}
	return r.Snapshot
}
