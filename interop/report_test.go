package interop

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/verify"
	"github.com/antinvn/antin/verify/render"
)

// Our validation reports are valid to the schema of ETSI TS 119 102-2 V1.4.1: those of every vector that can be read, for now and for a
// day when nothing passes any more, and the samples of package render, one for each kind of answer. A report without its status is not.
func TestOurReportsAreValidToTheSchema(t *testing.T) {
	needs(t, "dss")
	xmllint, err := exec.LookPath("xmllint")
	if err != nil && strict() {
		t.Fatal(err)
	} else if err != nil {
		t.Skip("xmllint is not installed")
	}
	dir := t.TempDir()
	for _, jar := range []string{"specs-validation-report-6.4.jar", "specs-xades-6.4.jar", "specs-trusted-list-v211-6.4.jar", "specs-xmldsig-6.4.jar"} {
		unpackSchemas(t, "java/target/lib/"+jar, dir)
	}
	check := func(data []byte) error {
		in := filepath.Join(dir, "report.xml")
		write(t, in, data)
		out, err := exec.CommandContext(t.Context(), xmllint, "--nonet", "--noout", "--schema", filepath.Join(dir, "TS119102-2-v141.xsd"), in).CombinedOutput()
		if err != nil {
			return errors.New(string(out))
		}
		return nil
	}
	reports := etsiReports(t)
	samples, err := filepath.Glob("../verify/render/testdata/*.xml")
	if err != nil || len(samples) < 11 {
		t.Fatal(err, samples)
	}
	for _, sample := range samples {
		if reports["sample "+filepath.Base(sample)], err = os.ReadFile(sample); err != nil {
			t.Fatal(err)
		}
	}
	if len(reports) < 20 {
		t.Fatalf("only %d reports", len(reports))
	}
	for name, data := range reports {
		if err := check(data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := check(bytes.ReplaceAll(data, []byte("MainIndication"), []byte("Indication"))); err == nil {
			t.Errorf("%s: the schema lets a report pass that has no status", name)
		}
	}
}

func etsiReports(t *testing.T) map[string][]byte {
	t.Helper()
	const vectors = "../testdata/vectors"
	store, err := trust.Load(vectors + "/trust")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, pattern := range []string{"*.pdf", "*.p7m"} {
		files, err := filepath.Glob(filepath.Join(vectors, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			facts, err := verify.Collect(t.Context(), bytes.NewReader(b), int64(len(b)), &verify.CollectOptions{Trust: store, Offline: true, At: now})
			if err != nil {
				continue // unreadable: no report
			}
			for _, at := range []time.Time{now, now.AddDate(60, 0, 0)} {
				v := verify.Decide(facts, verify.DefaultPolicy(), at)
				var report bytes.Buffer
				if err := render.ETSI(&report, v, v.Report("vi")); err != nil {
					t.Fatal(err)
				}
				out[filepath.Base(file)+at.Format(" 2006")] = report.Bytes()
			}
		}
	}
	return out
}
