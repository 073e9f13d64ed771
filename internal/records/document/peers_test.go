package document_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// others asks programs of others, where they are here; in CI none may be missing.
func (o *office) others(t *testing.T, sealed []byte) {
	t.Helper()
	dir := t.TempDir()
	file, root := filepath.Join(dir, "sealed.pdf"), filepath.Join(dir, "root.crt")
	for path, b := range map[string][]byte{file: sealed, root: o.ground.Training.Root().Raw} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := o.ground.Clock.Now().UTC()
	askPdfsig(t, file)
	askPyHanko(t, file, root, at)
	askDSS(t, file, root, at)
}

// absent says that a program is not here.
func absent(t *testing.T, program string, why any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Errorf("%s is not asked: %v", program, why)
	}
	t.Logf("%s is not asked: %v", program, why)
}

func askPdfsig(t *testing.T, file string) {
	t.Helper()
	pdfsig, err := exec.LookPath("pdfsig")
	if err != nil {
		absent(t, "pdfsig", err)
		return
	}
	out, err := exec.CommandContext(t.Context(), pdfsig, "-nocert", file).CombinedOutput()
	if n := strings.Count(string(out), "Signature is Valid."); err != nil || n != 2 {
		t.Errorf("pdfsig: %v\n%s", err, out)
	}
}

func askPyHanko(t *testing.T, file, root string, at time.Time) {
	t.Helper()
	python := os.Getenv("ANTIN_PYTHON")
	if python == "" {
		absent(t, "pyHanko", "ANTIN_PYTHON is not set")
		return
	}
	script := fmt.Sprintf(hanko, file, root, at.Format("2006-01-02T15:04:05"))
	out, err := exec.CommandContext(t.Context(), python, "-c", script).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "valid trusted FORM_FILLING\nvalid trusted LTA_UPDATES" {
		t.Errorf("pyHanko: %v\n%s", err, out)
	}
}

// hanko validates each signature offline, with the training root as its only anchor.
const hanko = `
import datetime
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
f = open(%q, 'rb')
root = x509.Certificate.load(open(%q, 'rb').read())
at = datetime.datetime.fromisoformat(%q).replace(tzinfo=datetime.timezone.utc)
for s in PdfFileReader(f).embedded_signatures:
    c = ValidationContext(trust_roots=[root], allow_fetching=False, moment=at)
    st = validate_pdf_signature(s, signer_validation_context=c)
    print('valid' if st.intact and st.valid else 'broken', 'trusted' if st.trusted and st.bottom_line else 'not', st.modification_level.name)
`

// askDSS lets EU DSS judge the file at the house's time with the training root as its only anchor and nothing fetched: both signatures
// pass at B-LT, with no error, and of its warnings only that the seal lies over the leader's signature, as the decree wants it.
func askDSS(t *testing.T, file, root string, at time.Time) {
	t.Helper()
	driver, err := filepath.Abs("../../../interop/java/target")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(driver, "classes")); err != nil {
		absent(t, "EU DSS", err)
		return
	}
	c := exec.CommandContext(t.Context(), "java", "-Djava.awt.headless=true", "-XX:TieredStopAtLevel=1",
		"-cp", filepath.Join(driver, "classes")+string(filepath.ListSeparator)+filepath.Join(driver, "lib", "*"), "vn.antin.interop.Dss", root)
	c.Stdin = strings.NewReader(strings.Join([]string{"judge", file, "", root, "no", at.Format(time.RFC3339)}, "\t") + "\n")
	out, err := c.Output()
	if err != nil {
		t.Fatalf("EU DSS: %v\n%s", err, out)
	}
	var said struct {
		Error      string `json:"error"`
		Signatures []struct {
			Field, Level, Indication string
			Errors, Warnings         []string
			Overlap                  []int
			Pages, Rendering         []int
			Annotation, Undefined    []string
		} `json:"signatures"`
	}
	if err := json.Unmarshal(out, &said); err != nil || said.Error != "" || len(said.Signatures) != 2 {
		t.Fatalf("EU DSS: %v\n%s", err, out)
	}
	for _, s := range said.Signatures {
		if s.Indication != "TOTAL_PASSED" || s.Level != "PAdES-BASELINE-LT" || len(s.Errors) > 0 {
			t.Errorf("EU DSS: %+v", s)
		}
		if len(s.Pages)+len(s.Rendering)+len(s.Annotation)+len(s.Undefined) > 0 {
			t.Errorf("EU DSS sees changes: %+v", s)
		}
		for _, w := range s.Warnings {
			if !strings.HasPrefix(w, "BBB_FC_IAOD_ANS") {
				t.Errorf("EU DSS: %s: %s", s.Field, w)
			}
		}
		t.Logf("EU DSS: %s %s %s, warnings %q", s.Field, s.Level, s.Indication, s.Warnings)
	}
}
