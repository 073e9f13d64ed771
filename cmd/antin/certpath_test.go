package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/revocation"
)

// pathWorld is a root, an authority below it and a leaf, as files of a folder.
type pathWorld struct {
	t    *testing.T
	dir  string
	keys map[string]crypto.Signer
	now  time.Time
}

func newPathWorld(t *testing.T) *pathWorld {
	w := &pathWorld{t: t, dir: t.TempDir(), keys: map[string]crypto.Signer{}, now: time.Now().UTC().Truncate(time.Second)}
	w.issue("root", "root", asPathAuthority)
	w.issue("mid", "root", asPathAuthority)
	w.issue("leaf", "mid", nil)
	return w
}

func asPathAuthority(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.MaxPathLen, c.KeyUsage = true, true, -1, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
}

func (w *pathWorld) file(name string) string { return filepath.Join(w.dir, name) }

func (w *pathWorld) write(name string, b []byte) string {
	w.t.Helper()
	if err := os.WriteFile(w.file(name), b, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return w.file(name)
}

func (w *pathWorld) key(name string) crypto.Signer {
	w.t.Helper()
	if w.keys[name] == nil {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			w.t.Fatal(err)
		}
		w.keys[name] = k
	}
	return w.keys[name]
}

// issue writes NAME.der and NAME.pem.
func (w *pathWorld) issue(name, by string, change func(*x509.Certificate)) *certpath.Certificate {
	w.t.Helper()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(w.keys) + 1000)), Subject: pkix.Name{CommonName: name}, NotBefore: w.now.AddDate(-1, 0, 0), NotAfter: w.now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(tmpl)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, &x509.Certificate{Subject: pkix.Name{CommonName: by}}, w.key(name).Public(), w.key(by))
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(name+".der", der)
	w.write(name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	c, err := certpath.ParseCertificate(der)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// list writes NAME.crl and NAME.crl.pem.
func (w *pathWorld) list(name string, entries ...revocation.CRLEntry) {
	w.t.Helper()
	b, err := os.ReadFile(w.file(name + ".der"))
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := certpath.ParseCertificate(b)
	if err != nil {
		w.t.Fatal(err)
	}
	der, err := revocation.CreateCRL(nil, &revocation.CRLTemplate{
		Number: big.NewInt(1), ThisUpdate: w.now.Add(-time.Hour), NextUpdate: w.now.Add(time.Hour), Entries: entries,
	}, c, w.key(name))
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(name+".crl", der)
	w.write(name+".crl.pem", pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
}

func TestCertpathVerdicts(t *testing.T) {
	w := newPathWorld(t)
	w.list("root")
	w.list("mid")
	policies, err := asn1.Marshal([]struct{ ID asn1.ObjectIdentifier }{{asn1.ObjectIdentifier{1, 2, 3, 4}}})
	if err != nil {
		t.Fatal(err)
	}
	policy := func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 32}, Value: policies})
	}
	w.issue("policy leaf", "root", policy)
	w.issue("expired", "root", func(c *x509.Certificate) { c.NotAfter = w.now.Add(-time.Hour) })
	w.issue("tsa", "root", func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: []byte{0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8}}}
	})
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	w.keys["weak"] = k
	w.issue("weak", "root", asPathAuthority)
	w.issue("under weak", "weak", nil)
	root := []string{"--trust", w.file("root.pem"), "--offline"}
	plain := append(slices.Clone(root), "--intermediates", w.file("mid.der"))
	lists := append(slices.Clone(plain), "--crl", w.file("root.crl"), "--crl", w.file("mid.crl.pem"))
	unchecked := append(slices.Clone(plain), "--no-revocation")
	root, plain, lists, unchecked = slices.Clip(root), slices.Clip(plain), slices.Clip(lists), slices.Clip(unchecked)
	for _, tt := range []struct {
		name    string
		args    []string
		exit    int
		verdict string
		code    string
	}{
		{"with lists", append(lists, w.file("leaf.pem")), exitDone, "valid", ""},
		{"DER", append(lists, w.file("leaf.der")), exitDone, "valid", ""},
		{"without lists", append(plain, w.file("leaf.pem")), exitUndetermined, "undetermined", "no_revocation_evidence"},
		{"one list is missing", append(plain, w.file("leaf.pem"), "--crl", w.file("root.crl")), exitUndetermined, "undetermined", "no_revocation_evidence"},
		{"revocation is not asked for", append(unchecked, w.file("leaf.pem")), exitDone, "valid", ""},
		{"no intermediate", append(root, w.file("leaf.pem"), "--no-revocation"), exitFailed, "invalid", "no_path"},
		{"the intermediate is trusted, not the root", []string{w.file("leaf.pem"), "--trust", w.file("mid.pem"), "--offline", "--no-revocation"}, exitDone, "valid", ""},
		{"too deep", append(unchecked, w.file("leaf.pem"), "--max-depth", "2"), exitFailed, "invalid", "no_path"},
		{"deep enough", append(unchecked, w.file("leaf.pem"), "--max-depth", "3"), exitDone, "valid", ""},
		{"expired", append(unchecked, w.file("expired.pem")), exitFailed, "invalid", "expired"},
		{"before it expired", append(unchecked, w.file("expired.pem"), "--at", w.now.Add(-2*time.Hour).Format(time.RFC3339)), exitDone, "valid", ""},
		{"before it began", append(unchecked, w.file("leaf.pem"), "--at", "2001-02-03T04:05:06+07:00"), exitFailed, "invalid", "not_yet_valid"},
		{"to sign", append(unchecked, w.file("leaf.pem"), "--purpose", "sign"), exitDone, "valid", ""},
		{"to time-stamp", append(unchecked, w.file("leaf.pem"), "--purpose", "tsa"), exitFailed, "invalid", "ext_key_usage"},
		{"a TSA", append(unchecked, w.file("tsa.pem"), "--purpose", "tsa"), exitDone, "valid", ""},
		{"to answer", append(unchecked, w.file("leaf.pem"), "--purpose", "ocsp"), exitFailed, "invalid", "ext_key_usage"},
		{"a policy is wanted", append(unchecked, w.file("leaf.pem"), "--require-explicit-policy"), exitFailed, "invalid", "policy"},
		{"that policy", append(unchecked, w.file("policy leaf.pem"), "--policy-oid", "1.2.3.4", "--require-explicit-policy"), exitDone, "valid", ""},
		{"another policy", append(unchecked, w.file("policy leaf.pem"), "--policy-oid", "1.2.3.5", "--require-explicit-policy"), exitFailed, "invalid", "policy"},
		{"one of two policies", append(unchecked, w.file("policy leaf.pem"), "--policy-oid", "1.2.3.5", "--policy-oid", "1.2.3.4", "--require-explicit-policy"), exitDone, "valid", ""},
		{"another policy, where none is required", append(unchecked, w.file("policy leaf.pem"), "--policy-oid", "1.2.3.5"), exitDone, "valid", ""},
		{"any algorithm", append(unchecked, w.file("under weak.pem"), "--intermediates", w.file("weak.pem")), exitDone, "valid", ""},
		{"a key too short for its time", append(unchecked, w.file("under weak.pem"), "--intermediates", w.file("weak.pem"), "--algorithms", "dated"), exitUndetermined, "undetermined", "weak_certificate_algorithm"},
		{"algorithms that hold", append(lists, w.file("leaf.pem"), "--algorithms", "dated"), exitDone, "valid", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			exit, stdout, stderr := call(t, append([]string{"certpath", "--format", "json"}, tt.args...)...)
			var a certpathAnswer
			if err := json.Unmarshal([]byte(stdout), &a); err != nil || stderr != "" {
				t.Fatalf("%v\n%s\n%s", err, stdout, stderr)
			}
			if exit != tt.exit || a.Verdict != tt.verdict || a.Schema != certpathSchema {
				t.Errorf("exit %d: %s", exit, stdout)
			}
			if tt.code != "" && (len(a.Problems) == 0 || a.Problems[0].Code != tt.code || strings.TrimSpace(a.Problems[0].Text) == "") {
				t.Errorf("%+v, want %s", a.Problems, tt.code)
			}
		})
	}
}

// TestCertpathInhibits: what is mapped, and what anyPolicy stands for, can be switched off.
func TestCertpathInhibits(t *testing.T) {
	w := newPathWorld(t)
	certificatePolicies := func(ids ...asn1.ObjectIdentifier) pkix.Extension {
		var list []struct{ ID asn1.ObjectIdentifier }
		for _, id := range ids {
			list = append(list, struct{ ID asn1.ObjectIdentifier }{id})
		}
		der, err := asn1.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 32}, Value: der}
	}
	mapping, err := asn1.Marshal([]struct{ Issuer, Subject asn1.ObjectIdentifier }{{asn1.ObjectIdentifier{1, 2, 1}, asn1.ObjectIdentifier{1, 2, 2}}})
	if err != nil {
		t.Fatal(err)
	}
	w.issue("mapping", "root", func(c *x509.Certificate) {
		asPathAuthority(c)
		c.ExtraExtensions = []pkix.Extension{certificatePolicies(asn1.ObjectIdentifier{1, 2, 1}), {Id: asn1.ObjectIdentifier{2, 5, 29, 33}, Value: mapping}}
	})
	w.issue("mapped", "mapping", func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{certificatePolicies(asn1.ObjectIdentifier{1, 2, 2})}
	})
	w.issue("any", "root", func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{certificatePolicies(asn1.ObjectIdentifier{2, 5, 29, 32, 0})}
	})
	common := []string{"certpath", "--trust", w.file("root.pem"), "--intermediates", w.file("mapping.pem"), "--offline", "--no-revocation", "--require-explicit-policy", "--policy-oid", "1.2.1"}
	for _, tt := range []struct {
		args []string
		exit int
	}{
		{[]string{w.file("mapped.pem")}, exitDone}, {[]string{w.file("mapped.pem"), "--inhibit-policy-mapping"}, exitFailed}, {[]string{w.file("mapped.pem"), "--inhibit-any-policy"}, exitDone},
		{[]string{w.file("any.pem")}, exitDone}, {[]string{w.file("any.pem"), "--inhibit-any-policy"}, exitFailed}, {[]string{w.file("any.pem"), "--inhibit-policy-mapping"}, exitDone},
	} {
		if exit, stdout, _ := call(t, append(slices.Clone(common), tt.args...)...); exit != tt.exit {
			t.Errorf("%v: exit %d, want %d\n%s", tt.args, exit, tt.exit, stdout)
		}
	}
}

func TestCertpathTellsWhoIsRevoked(t *testing.T) {
	w := newPathWorld(t)
	leaf := w.issue("gone", "mid", nil)
	w.list("root")
	w.list("mid", revocation.CRLEntry{Serial: leaf.SerialNumber, RevokedAt: w.now.Add(-2 * time.Hour), Reason: 6})
	args := []string{"certpath", w.file("gone.pem"), "--trust", w.file("root.pem"), "--intermediates", w.file("mid.pem"), "--crl", w.file("root.crl"), "--crl", w.file("mid.crl"), "--offline"}
	exit, stdout, _ := call(t, append(args, "--format", "json")...)
	var a certpathAnswer
	if err := json.Unmarshal([]byte(stdout), &a); err != nil || exit != exitFailed || a.Problems[0].Code != "revoked" || a.Problems[0].Date == nil ||
		*a.Problems[0].Subject != "CN=gone" || *a.Path[0].Status[0].Reason != 6 || a.Path[0].Status[0].State != "revoked" {
		t.Errorf("exit %d %v %s", exit, err, stdout)
	}
	if a.Problems[0].Text == codes.Findings()["certificate_revoked"].WhatVI || !strings.HasPrefix(a.Problems[0].Text, codes.Findings()["certificate_on_hold"].WhatVI) {
		t.Errorf("a hold is called %q", a.Problems[0].Text)
	}
	// Before the revocation the certificate was good, by the same list.
	before := w.now.Add(-3 * time.Hour).Format(time.RFC3339)
	if exit, stdout, _ := call(t, append(args, "--at", before)...); exit != exitDone {
		t.Errorf("exit %d %s", exit, stdout)
	}
	var out bytes.Buffer
	e := &env{stdout: &out, stderr: &out, lang: "en", clock: time.Now}
	if exit := run(t.Context(), e, args); exit != exitFailed || !strings.Contains(out.String(), "the path is not valid") || !strings.Contains(out.String(), "[revoked] CN=gone") ||
		!strings.Contains(out.String(), "trust anchor: CN=root") {
		t.Errorf("exit %d %s", exit, out.String())
	}
}

// TestCertpathReadsLongLists: above a megabyte they are streamed, from DER and PEM.
func TestCertpathReadsLongLists(t *testing.T) {
	w := newPathWorld(t)
	leaf := w.issue("gone", "mid", nil)
	w.list("root")
	entries := make([]revocation.CRLEntry, 0, 60_001)
	for i := range 60_000 {
		entries = append(entries, revocation.CRLEntry{Serial: big.NewInt(int64(i) + 1<<40), RevokedAt: w.now.Add(-time.Hour)})
	}
	w.list("mid", append(entries, revocation.CRLEntry{Serial: leaf.SerialNumber, RevokedAt: w.now.Add(-time.Hour)})...)
	for _, file := range []string{"mid.crl", "mid.crl.pem"} {
		if st, err := os.Stat(w.file(file)); err != nil || st.Size() <= maxInMemory {
			t.Fatalf("%v: the list is short", err)
		}
		args := []string{"certpath", "--trust", w.file("root.pem"), "--intermediates", w.file("mid.pem"), "--crl", w.file("root.crl"), "--crl", w.file(file), "--offline"}
		if exit, stdout, _ := call(t, append(args, w.file("leaf.pem"))...); exit != exitDone || !strings.Contains(stdout, file) {
			t.Errorf("%s: exit %d %s", file, exit, stdout)
		}
		if exit, stdout, _ := call(t, append(args, w.file("gone.pem"))...); exit != exitFailed {
			t.Errorf("%s: exit %d %s", file, exit, stdout)
		}
	}
}

func TestCertpathThatCannotBeRead(t *testing.T) {
	w := newPathWorld(t)
	bad := w.write("bad", []byte("nonsense"))
	long := w.write("long", bytes.Repeat([]byte("nonsense"), maxInMemory/4))
	leaf, root := w.file("leaf.pem"), w.file("root.pem")
	for _, args := range [][]string{
		{}, {leaf}, {leaf, leaf, "--trust", root}, {bad, "--trust", root}, {w.file("absent"), "--trust", root}, {leaf, "--trust", bad}, {leaf, "--trust", w.file("absent")},
		{leaf, "--trust", root, "--intermediates", bad}, {leaf, "--trust", root, "--crl", bad}, {leaf, "--trust", root, "--crl", long}, {leaf, "--trust", root, "--crl", root},
		{leaf, "--trust", root, "--at", "yesterday"}, {leaf, "--trust", root, "--purpose", "tls"}, {leaf, "--trust", root, "--policy-oid", "3.4"},
		{leaf, "--trust", root, "--policy-oid", "1.x"}, {leaf, "--trust", root, "--algorithms", "all"}, {leaf, "--trust", root, "--max-depth", "0"}, {leaf, "--trust", root, "--colour"},
	} {
		exit, stdout, stderr := call(t, append([]string{"certpath", "--format=json", "--offline"}, args...)...)
		var a struct {
			Schema string  `json:"schema"`
			Error  problem `json:"error"`
		}
		if err := json.Unmarshal([]byte(stdout), &a); err != nil || exit != exitUnreadable || stderr != "" || a.Schema != certpathSchema || a.Error.Code == "" || a.Error.Text == "" {
			t.Errorf("%v: exit %d, %v\n%s%s", args, exit, err, stdout, stderr)
		}
	}
}

// TestCertpathKeysAreThoseOfTheirSchema: programs of others read them; a key more or less is a new schema.
func TestCertpathKeysAreThoseOfTheirSchema(t *testing.T) {
	w := newPathWorld(t)
	w.list("root")
	_, stdout, _ := call(t, "certpath", w.file("leaf.pem"), "--trust", w.file("root.pem"), "--intermediates", w.file("mid.pem"), "--crl", w.file("root.crl"), "--offline", "--format", "json")
	var a struct {
		All      map[string]any
		Path     []map[string]any `json:"path"`
		Problems []map[string]any `json:"problems"`
	}
	if err := errors.Join(json.Unmarshal([]byte(stdout), &a), json.Unmarshal([]byte(stdout), &a.All)); err != nil || len(a.Path) != 3 || len(a.Problems) != 1 {
		t.Fatal(err, stdout)
	}
	status, ok := a.Path[1]["status"].([]any)
	if !ok || len(status) != 1 {
		t.Fatal(stdout)
	}
	one, ok := status[0].(map[string]any)
	if !ok {
		t.Fatal(stdout)
	}
	for _, tt := range []struct {
		object map[string]any
		keys   string
	}{
		{a.All, "anchor file path policies problems purpose schema trust_snapshot validated_at verdict"},
		{a.Path[0], "issuer not_after not_before serial sha256 status subject"},
		{one, "kind next_update reason revoked_at source state this_update"},
		{a.Problems[0], "code date detail subject text"},
	} {
		if got := strings.Join(slices.Sorted(maps.Keys(tt.object)), " "); got != tt.keys {
			t.Errorf("got %s, want %s", got, tt.keys)
		}
	}
}

// TestCertpathHelpListsItsOptions literally.
func TestCertpathHelpListsItsOptions(t *testing.T) {
	exit, stdout, _ := call(t, "certpath", "--help")
	for _, option := range []string{
		"--trust", "--intermediates", "--crl", "--at", "--policy-oid", "--require-explicit-policy", "--inhibit-policy-mapping", "--inhibit-any-policy", "--purpose",
		"--max-depth", "--no-revocation", "--algorithms", "--offline", "--format",
	} {
		if exit != exitDone || !strings.Contains(stdout, "\n  "+option+" ") && !strings.Contains(stdout, "\n  "+option+"\n") {
			t.Errorf("%s is not in the help: %s", option, stdout)
		}
	}
	for _, words := range []string{"any, sign, tsa", "any (", "dated"} {
		if !strings.Contains(stdout, words) {
			t.Errorf("%q is not in the help", words)
		}
	}
}

// TestEveryProblemOfAPathHasItsText in the catalogue.
func TestEveryProblemOfAPathHasItsText(t *testing.T) {
	for _, code := range []string{
		"no_path", "bad_signature", "revoked", "not_a_ca", "name_constraints", "policy", "path_length", "key_usage", "ext_key_usage", "malformed_extension", "duplicate_extension",
		"unknown_critical_extension", "expired", "not_yet_valid", "no_revocation_evidence", "limit", "weak_certificate_algorithm", "weak_revocation_algorithm",
	} {
		f, ok := codes.Findings()[findingOf(certpath.Problem{Code: code})]
		if !ok || f.WhatVI == "" || f.WhatEN == "" || f.NextVI == "" {
			t.Errorf("%s has no text", code)
		}
	}
}
