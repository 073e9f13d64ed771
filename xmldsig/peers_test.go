package xmldsig_test

import (
	"bufio"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/xmldsig"
)

// program finds a peer; it is missed only where every peer is asked for.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("ANTIN_INTEROP") == "all" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(name + " is not installed")
	}
	return path
}

// python starts testdata/peer.py and returns a way to ask it.
func python(t *testing.T) func(q map[string]any) string {
	t.Helper()
	path := os.Getenv("ANTIN_PYTHON")
	if path == "" {
		path = program(t, "python3")
	}
	if out, err := exec.Command(path, "-c", "import lxml, cryptography").CombinedOutput(); err != nil {
		if os.Getenv("ANTIN_INTEROP") == "all" {
			t.Fatalf("%s", out)
		}
		t.Skip("python has no lxml")
	}
	cmd := exec.Command(path, "testdata/peer.py")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	lines := bufio.NewReaderSize(out, 1<<20)
	return func(q map[string]any) string {
		b, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write(append(b, '\n')); err != nil {
			t.Fatal(err)
		}
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatal(err)
		}
		var answer string
		if err := json.Unmarshal(line, &answer); err != nil {
			t.Fatal(err)
		}
		return answer
	}
}

// randomXML makes documents that use namespaces, defaults taken back, references and white space in every way that canonical forms care for.
func randomXML(r *rand.Rand) string {
	before, behind := []string{"", "<?xml version='1.0' encoding=\"utf-8\"?>\n", "<!-- before -->\n<?before x?>"}, []string{"", "\n", "<!-- behind -->", "\n<?behind?>\n"}
	return before[r.IntN(len(before))] + randomElement(r) + behind[r.IntN(len(behind))]
}

func randomElement(r *rand.Rand) string {
	var b strings.Builder
	spaces := []string{"urn:1", "urn:2", "urn:3"}
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	var element func(depth int, scope map[string]bool)
	element = func(depth int, scope map[string]bool) {
		inner := map[string]bool{}
		for p := range scope {
			inner[p] = true
		}
		decl := ""
		for _, p := range []string{"", "p", "q", "r"} {
			switch {
			case r.IntN(3) > 0:
			case p == "":
				decl += fmt.Sprintf(" xmlns=%q", pick(append(spaces, "")...))
			default:
				decl += fmt.Sprintf(" xmlns:%s='%s'", p, pick(spaces...))
				inner[p] = true
			}
		}
		prefixes := []string{""}
		for _, p := range []string{"p", "q", "r"} {
			if inner[p] {
				prefixes = append(prefixes, p+":")
			}
		}
		name := pick(prefixes...) + pick("a", "b", "é")
		b.WriteString("<" + name + decl)
		for _, a := range []string{"x", "y"} { // one prefix for each name, so that no attribute stands twice
			if r.IntN(2) == 0 {
				fmt.Fprintf(&b, "%s%s%s=%s", pick(" ", "\n", "\t "), pick(prefixes...), a, pick(`"1"`, `'"'`, `"&#10;&#9;&#13; &lt;&gt;&amp;&quot;"`, "'a\tb\nc'", "'ế'"))
			}
		}
		if r.IntN(8) == 0 {
			b.WriteString(` xml:lang="` + pick("vi", "en") + `"`)
		}
		if depth == 0 || r.IntN(6) == 0 {
			b.WriteString(pick("/>", "></"+name+">", " ></"+name+" >"))
			return
		}
		b.WriteString(">")
		for range r.IntN(5) {
			switch r.IntN(6) {
			case 0:
				b.WriteString(pick("text", "\r\n ", "\r", "&#13;", "a &amp; b", "<![CDATA[<c>&]]>", "&#x1F600;", "]]&gt;"))
			case 1:
				b.WriteString(pick("<!-- c -->", "<!---->", "<?t d ?>", "<?t?>"))
			default:
				element(depth-1, inner)
			}
		}
		b.WriteString("</" + name + ">")
	}
	element(4, map[string]bool{})
	return b.String()
}

func TestCanonicalFormsAreThoseOfLxml(t *testing.T) {
	ask := python(t)
	r := rand.New(rand.NewPCG(1, 2))
	compared := 0
	for range 400 {
		in := randomXML(r)
		d := parse(t, []byte(in))
		for method, q := range map[string]map[string]any{
			xmldsig.InclusiveC14N:             {"exclusive": false, "comments": false},
			xmldsig.InclusiveC14NWithComments: {"exclusive": false, "comments": true},
			xmldsig.ExclusiveC14N:             {"exclusive": true, "comments": false},
			xmldsig.ExclusiveC14NWithComments: {"exclusive": true, "comments": true, "prefixes": []string{"q"}},
		} {
			c := xmldsig.Canonicalization{Method: method}
			if _, listed := q["prefixes"]; listed {
				c.Prefixes = []string{"q"} // lxml never hands "#default" on; xmlsec1 is asked below
			}
			q["op"], q["xml"] = "canonical", in
			got, err := d.Canonical(c)
			if want := ask(q); err != nil || string(got) != want {
				t.Fatalf("%s %q of\n%s\n got %q, %v\nwant %q", method, c.Prefixes, in, got, err, want)
			}
			compared++
		}
	}
	if compared != 1600 {
		t.Errorf("only %d forms", compared)
	}
}

func TestCanonicalFormsAreThoseOfXmllint(t *testing.T) {
	xmllint := program(t, "xmllint")
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 20 {
		in := randomXML(r)
		path := filepath.Join(t.TempDir(), fmt.Sprint(i, ".xml"))
		if err := os.WriteFile(path, []byte(in), 0o600); err != nil {
			t.Fatal(err)
		}
		for option, method := range map[string]string{"--c14n": xmldsig.InclusiveC14NWithComments, "--exc-c14n": xmldsig.ExclusiveC14NWithComments} {
			want, err := exec.Command(xmllint, option, path).Output()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := parse(t, []byte(in)).Canonical(xmldsig.Canonicalization{Method: method}); err != nil || string(got) != string(want) {
				t.Errorf("%s of\n%s\n got %q, %v\nwant %q", option, in, got, err, want)
			}
		}
	}
}

func publicPEM(t testing.TB, key crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestOurSignaturesHoldForLxml(t *testing.T) {
	ask := python(t)
	for name, c := range signings {
		if c.o.URI != "" || strings.Contains(name, "clusive") {
			continue // the peer's script knows the whole document and exclusive forms
		}
		t.Run(name, func(t *testing.T) {
			signed := sign(t, order, c.key, c.o)
			q := map[string]any{"op": "verify", "xml": string(signed), "key": publicPEM(t, keys()[c.key].Public())}
			if got := ask(q); got != "valid" {
				t.Errorf("%s: %s", got, signed)
			}
			q["xml"] = string(replaced(t, signed, "120.000", "920.000"))
			if got := ask(q); got != "digest" {
				t.Errorf("tampered: %s", got)
			}
		})
	}
}

// xmlsecSupports are the signings that xmlsec1 1.2 knows.
func xmlsecSupports(name string) bool { return !strings.HasPrefix(name, "PSS") && name != "Ed25519" }

func TestOurSignaturesHoldForXmlsec(t *testing.T) {
	xmlsec := program(t, "xmlsec1")
	for name, c := range signings {
		if !xmlsecSupports(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			signed := sign(t, order, c.key, c.o)
			if out, err := xmlsecVerify(t, xmlsec, dir, signed, keys()[c.key].Public()); err != nil {
				t.Errorf("%s\n%s", out, signed)
			}
			if out, err := xmlsecVerify(t, xmlsec, dir, replaced(t, signed, "120.000", "920.000"), keys()[c.key].Public()); err == nil {
				t.Errorf("tampered: %s", out)
			}
		})
	}
}

func xmlsecVerify(t testing.TB, xmlsec, dir string, data []byte, public crypto.PublicKey) (string, error) {
	t.Helper()
	in, key := filepath.Join(dir, "in.xml"), filepath.Join(dir, "key.pem")
	if err := os.WriteFile(in, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, []byte(publicPEM(t, public)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(xmlsec, "--verify", "--pubkey-pem", key, "--id-attr:Id", "urn:order:order", in).CombinedOutput()
	return string(out), err
}

// Random documents under lists of prefixes, #default among them, with inclusive SignedInfo: the parts of canonical forms that lxml cannot be asked for.
func TestSignaturesWithListedPrefixesHoldForXmlsec(t *testing.T) {
	xmlsec, dir := program(t, "xmlsec1"), t.TempDir()
	r := rand.New(rand.NewPCG(5, 6))
	for range 15 {
		in := "<root>" + randomElement(r) + "</root>"
		o := pkitest.XMLSignature{Prefixes: []string{"q", "#default", "r"}, Canonicalization: xmldsig.InclusiveC14N}
		signed := sign(t, in, "p256", o)
		if out, err := xmlsecVerify(t, xmlsec, dir, signed, keys()["p256"].Public()); err != nil {
			t.Errorf("%s\n%s", out, signed)
		}
	}
}

func TestSignaturesOfXmlsecHoldHere(t *testing.T) {
	xmlsec := program(t, "xmlsec1")
	for name, c := range signings {
		if !xmlsecSupports(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			der, err := x509.MarshalPKCS8PrivateKey(keys()[c.key])
			if err != nil {
				t.Fatal(err)
			}
			key, in, out := filepath.Join(dir, "key.pem"), filepath.Join(dir, "in.xml"), filepath.Join(dir, "out.xml")
			if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
				t.Fatal(err)
			}
			// The template: our own signature emptied.
			template := string(sign(t, order, c.key, c.o))
			for _, tag := range []string{"ds:DigestValue>", "ds:SignatureValue>"} {
				start := strings.Index(template, "<"+tag) + len(tag) + 1
				template = template[:start] + template[start+strings.Index(template[start:], "<"):]
			}
			if err := os.WriteFile(in, []byte(template), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(xmlsec, "--sign", "--privkey-pem", key, "--id-attr:Id", "urn:order:order", "--output", out, in)
			if msg, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s", msg)
			}
			signed, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = verify(t, signed, keys()[c.key].Public()); err != nil {
				t.Errorf("%v\n%s", err, signed)
			}
			_, err = verify(t, replaced(t, signed, "120.000", "920.000"), keys()[c.key].Public())
			wants(t, err, xmldsig.ErrDigest)
		})
	}
}
