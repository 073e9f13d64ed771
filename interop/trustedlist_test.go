package interop

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/xmldsig"
)

// listAnswer is what java/src/main/java/vn/antin/interop/TrustedLists.java says.
type listAnswer struct {
	Error      string `json:"error"`
	References bool   `json:"references"`
	Value      bool   `json:"value"`
}

func askLists(t *testing.T, jobs ...[]string) []listAnswer {
	t.Helper()
	path := "java/target/classes" + string(filepath.ListSeparator) + "java/target/lib/*"
	return answers[listAnswer](t, jobs, "java", "-Djava.awt.headless=true", "-cp", path, "vn.antin.interop.TrustedLists")
}

func testList(p *pki, version int) *trust.List {
	const svc, status = "http://uri.etsi.org/TrstSvc/Svctype/", "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	return &trust.List{
		Version: version, Sequence: 4, Type: "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric", Territory: "VN", Operator: "Ấn & Tín",
		Issued: year(2026), NextUpdate: year(2027),
		Pointers: []trust.Pointer{{
			Location: "https://example.test/lotl.xml", Type: "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlistofthelists", Territory: "EU",
			Signers: []*certpath.Certificate{p.CA},
		}},
		Services: []trust.Service{{Provider: "Provider", Name: "CA", Certificates: []*certpath.Certificate{p.Root}, Periods: []trust.Period{
			{Type: svc + "CA/QC", Status: status + "granted", From: year(2020)}, {Type: svc + "CA/QC", Status: status + "withdrawn", From: year(2024)},
		}}},
	}
}

// DSS signs lists as TS 119 612 asks for, with XAdES properties in a second reference; it reads what we sign. Each has a tampered twin.
func TestTrustedListsOfDSS(t *testing.T) {
	needs(t, "dss")
	p, dir := newPKI(t), t.TempDir()
	type job struct {
		version, algorithm, digest string
		id                         *identity
		signed, ours               string
	}
	var jobs []job
	var ask [][]string
	for _, algorithm := range []string{"RSA-2048", "P-256", "P-384", "P-521"} {
		for version, digest := range map[string]string{"5": "SHA256", "6": "SHA512"} {
			id := p.identity(t, algorithm)
			data, err := pkitest.TrustedList(testList(p, int(version[0]-'0')), id.key, id.cert)
			if err != nil {
				t.Fatal(err)
			}
			base := filepath.Join(dir, algorithm+"-"+version)
			j := job{version, algorithm, digest, id, base + "-dss.xml", base + "-ours.xml"}
			start, end := bytes.Index(data, []byte("<ds:Signature ")), bytes.Index(data, []byte("</ds:Signature>"))+len("</ds:Signature>")
			write(t, base+"-in.xml", append(bytes.Clone(data[:start]), data[end:]...))
			write(t, j.ours, data)
			write(t, j.ours+".spoiled", spoilList(t, data))
			jobs = append(jobs, j)
			ask = append(ask, []string{"sign", version, digest, id.p12, password, base + "-in.xml", j.signed})
		}
	}
	for i, a := range askLists(t, ask...) {
		if a.Error != "" {
			t.Fatalf("%v: %s", ask[i], a.Error)
		}
	}
	ask = nil
	for _, j := range jobs {
		t.Run(j.algorithm+" version "+j.version, func(t *testing.T) {
			data, err := os.ReadFile(j.signed)
			if err != nil {
				t.Fatal(err)
			}
			operators := []*certpath.Certificate{p.CA, j.id.cert}
			l, err := trust.ParseList(data, operators)
			if err != nil {
				t.Fatalf("%v\n%s", err, data)
			}
			if l.Operator != "Ấn & Tín" || len(l.Services) != 1 || len(l.Services[0].Periods) != 2 || !bytes.Equal(l.Signer.Raw, j.id.cert.Raw) || l.SHA1 {
				t.Errorf("%+v", l)
			}
			count("dss")
			if _, err := trust.ParseList(spoilList(t, data), operators); !errors.Is(err, xmldsig.ErrDigest) {
				t.Errorf("the spoiled twin: %v", err)
			}
			// The properties are covered by their own reference.
			if _, err := trust.ParseList(bytes.Replace(data, []byte("SigningTime>20"), []byte("SigningTime>21"), 1), operators); !errors.Is(err, xmldsig.ErrDigest) {
				t.Errorf("another signing time: %v", err)
			}
		})
		ask = append(ask, []string{"verify", j.ours, j.id.pem}, []string{"verify", j.ours + ".spoiled", j.id.pem})
	}
	for i, a := range askLists(t, ask...) {
		if good := i%2 == 0; a.Error != "" || a.References != good || a.Value != good {
			t.Errorf("%v: %+v", ask[i], a)
		}
		count("dss")
	}
}

func spoilList(t *testing.T, list []byte) []byte {
	t.Helper()
	spoiled := bytes.Replace(list, []byte("Svcstatus/withdrawn"), []byte("Svcstatus/granted"), 1)
	if bytes.Equal(spoiled, list) {
		t.Fatal("there is nothing to spoil")
	}
	return spoiled
}

// The lists that we make are valid to the schema of TS 119 612, which DSS ships; a list without its type is not.
func TestOurListsAreValidToTheSchema(t *testing.T) {
	needs(t, "dss")
	xmllint, err := exec.LookPath("xmllint")
	if err != nil && strict() {
		t.Fatal(err)
	} else if err != nil {
		t.Skip("xmllint is not installed")
	}
	dir := t.TempDir()
	for _, jar := range []string{"specs-trusted-list-v211-6.4.jar", "specs-xmldsig-6.4.jar"} {
		unpackSchemas(t, "java/target/lib/"+jar, dir)
	}
	p := newPKI(t)
	id := p.identity(t, "P-256")
	check := func(data []byte) error {
		in := filepath.Join(dir, "list.xml")
		write(t, in, data)
		out, err := exec.CommandContext(t.Context(), xmllint, "--nonet", "--noout", "--schema", filepath.Join(dir, "ts_119612v020101_xsd.xsd"), in).CombinedOutput()
		if err != nil {
			return errors.New(string(out))
		}
		return nil
	}
	data, err := pkitest.TrustedList(testList(p, 5), id.key, id.cert)
	if err != nil {
		t.Fatal(err)
	}
	if err := check(data); err != nil {
		t.Error(err)
	}
	if err := check(bytes.ReplaceAll(data, []byte("ListIssueDateTime"), []byte("ListIssueTime"))); err == nil {
		t.Error("the spoiled twin is valid")
	}
}

// unpackSchemas writes the schemas of a jar to a folder, their imports made local.
func unpackSchemas(t *testing.T, jar, dir string) {
	t.Helper()
	z, err := zip.OpenReader(jar)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	local := strings.NewReplacer("http://www.w3.org/2001/xml.xsd", "xml.xsd", "http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/", "",
		"http://uri.etsi.org/01903/v1.3.2/XAdES.xsd", "XAdES.xsd",
		"http://uri.etsi.org/19612/v2.2.1/ts_119612v020201_201601xsd.xsd", "ts_119612v020101_xsd.xsd") // as DSS has it in its catalog
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, "xsd/") || !strings.HasSuffix(f.Name, ".xsd") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, filepath.Base(f.Name)), []byte(local.Replace(string(text))))
	}
}
