package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antinvn/antin/verify"
)

// signedOffice is an office with a B-LT file.
func signedOffice(t *testing.T) (*office, string) {
	t.Helper()
	o := newOffice(t)
	signed := o.path("signed.pdf")
	o.run(t, exitDone, append(signArgs(o.dir, o.path("in.pdf"), "-o", signed, "--level", "B-LT"), append(o.tsa(t), o.network...)...)...)
	return o, signed
}

// TestVerifyWritesEveryReport beside its answer; the PDF is signed by the key that is named.
func TestVerifyWritesEveryReport(t *testing.T) {
	o, signed := signedOffice(t)
	page, etsi, data, paper := o.path("r.html"), o.path("r.xml"), o.path("r.json"), o.path("r.pdf")
	o.run(t, exitDone, append([]string{
		"verify", signed, "--report", "html=" + page, "--report", "etsi=" + etsi, "--report", "json=" + data, "--report", "pdf=" + paper,
		"--report-key", "p12:" + o.path("agency.p12"), "--report-pin-file", o.path("pin.txt"),
	}, o.network...)...)
	for path, want := range map[string]string{page: "<!DOCTYPE html>", etsi: "mainindication:total-passed", data: `"schema":"antin-verify/1"`, paper: "%PDF-"} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(b), want) {
			t.Errorf("%s lacks %q", path, want)
		}
	}
	o.run(t, exitDone, append([]string{"verify", paper}, o.network...)...)
}

// TestReportsOfSeveralFilesStandInAFolder, one for each.
func TestReportsOfSeveralFilesStandInAFolder(t *testing.T) {
	o, signed := signedOffice(t)
	exit, out, _ := call(t, append([]string{"verify", signed, o.path("in.pdf"), o.path("pin.txt"), "--format", "json", "--report", "html=" + o.path("reports")}, o.network...)...)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if exit != exitUnreadable || len(lines) != 3 || !strings.Contains(lines[2], `"code":"pdf.not_pdf"`) || !strings.Contains(lines[1], "NO_SIGNATURE") {
		t.Fatalf("exit %d %s", exit, out)
	}
	found, err := filepath.Glob(o.path("reports") + "/*")
	if err != nil || len(found) != 2 || filepath.Base(found[1]) != "signed.pdf.html" {
		t.Errorf("%v %v", found, err)
	}
}

// TestVerifyForAnotherTimeAndPolicy: the time asked for is not the one at which evidence is gathered.
func TestVerifyForAnotherTimeAndPolicy(t *testing.T) {
	o, signed := signedOffice(t)
	facts := o.path("facts.json")
	exit, out, _ := call(t, append([]string{"verify", signed, "--at", "2099-01-01T00:00:00Z", "--format", "json", "--facts", facts}, o.network...)...)
	var r verify.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || exit != exitUndetermined || r.ValidatedAt.Year() != 2099 {
		t.Fatalf("exit %d %v %s", exit, err, out)
	}
	f, err := readFacts(facts)
	if err != nil || f.CollectedAt.Year() == 2099 {
		t.Fatalf("%v: gathered at %v", err, f.CollectedAt)
	}
	_, out, _ = call(t, append([]string{"verify", signed, "--policy", "strict", "--format", "json"}, o.network...)...)
	if !strings.Contains(out, `"policy":"strict"`) {
		t.Error(out)
	}
	own := o.path("own.json")
	b, err := os.ReadFile("../../verify/policies/dss.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(own, []byte(strings.Replace(string(b), `"name": "dss"`, `"name": "own"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, out, _ = call(t, append([]string{"verify", signed, "--policy", own, "--format", "json"}, o.network...)...)
	if !strings.Contains(out, `"policy":"own"`) {
		t.Error(out)
	}
}

// TestAVerdictCanBeReachedAgainFromFacts, without the document and with the same words.
func TestAVerdictCanBeReachedAgainFromFacts(t *testing.T) {
	o, signed := signedOffice(t)
	facts := o.path("facts.json")
	_, first, _ := call(t, append([]string{"verify", signed, "--facts", facts, "--at", "2027-01-01T00:00:00Z"}, o.network...)...)
	if err := os.Remove(signed); err != nil {
		t.Fatal(err)
	}
	exit, again, _ := call(t, "verify", "--from-facts", facts, "--at", "2027-01-01T00:00:00Z")
	_, first, _ = strings.Cut(first, "\n")
	_, again, _ = strings.Cut(again, "\n")
	if exit == exitUnreadable || first != again || first == "" {
		t.Errorf("exit %d\n%s\n%s", exit, first, again)
	}
}

// TestVerifyTakesWhatIsUnchanged: what an earlier call wrote serves the next one, until a byte is changed.
func TestVerifyTakesWhatIsUnchanged(t *testing.T) {
	dir := t.TempDir()
	signed, facts, edited := filepath.Join("..", "..", "testdata", "vectors", "pades-sealed.pdf"), filepath.Join(dir, "facts.json"), filepath.Join(dir, "edited.pdf")
	b, err := os.ReadFile(signed)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("\n%")) + 2
	b[at] ^= 1
	if err := os.WriteFile(edited, b, 0o600); err != nil {
		t.Fatal(err)
	}
	var r struct {
		Checked, Reused int
		Document        struct {
			Indication string
		}
	}
	for _, step := range []struct {
		args   []string
		reused bool
		same   string
	}{
		{[]string{signed, "--facts", facts}, false, ""},
		{[]string{signed, "--previous", facts}, true, ""},
		{[]string{edited, "--previous", facts}, false, "TOTAL_FAILED"},
	} {
		_, out, _ := call(t, append([]string{"verify", "--offline", "--format", "json", "--trust", filepath.Join("..", "..", "testdata", "vectors", "trust")}, step.args...)...)
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		if r.Reused > 0 != step.reused || r.Checked > 0 == step.reused || step.same != "" && r.Document.Indication != step.same {
			t.Errorf("%v: %d checked, %d reused, %s", step.args, r.Checked, r.Reused, r.Document.Indication)
		}
	}
	if exit, out, _ := call(t, "verify", "--offline", signed, "--previous", facts); exit == exitUnreadable || !strings.Contains(out, "dùng lại") {
		t.Errorf("exit %d: %s", exit, out)
	}
}

// TestVerifyWritesOverNothingThatItReads: not the document, by whatever name, nor its content, its trust, its key, its password or its policy.
func TestVerifyWritesOverNothingThatItReads(t *testing.T) {
	o, signed := signedOffice(t)
	link, hard, content := o.path("link.pdf"), o.path("hard.pdf"), o.path("paper.txt")
	own := o.path("own.json")
	b, err := os.ReadFile("../../verify/policies/default.json")
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string][]byte{content: []byte("words"), content + ".p7s": []byte("x"), own: b} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink(signed, link), os.Link(signed, hard)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{signed, "--report", "json=" + link}, {signed, "--facts", hard}, {content + ".p7s", "--report", "json=" + content}, {signed, "--policy", own, "--facts", own},
		{signed, "--password-file", o.path("pin.txt"), "--report", "html=" + o.path("pin.txt")},
		{signed, "--report", "pdf=" + o.path("agency.p12"), "--report-key", "p12:" + o.path("agency.p12"), "--report-pin-file", o.path("pin.txt")},
	} {
		before := contents(t, o.dir)
		exit, out, _ := call(t, append([]string{"verify", "--offline", "--format", "json"}, args...)...)
		if exit != exitUnreadable || !strings.Contains(out, "đây là tệp vào") {
			t.Errorf("%v: exit %d %s", args, exit, out)
		}
		if contents(t, o.dir) != before {
			t.Errorf("%v: a file was changed", args)
		}
	}
	facts := o.path("facts.json")
	o.run(t, exitDone, append([]string{"verify", signed, "--facts", facts}, o.network...)...)
	o.run(t, exitDone, append([]string{"verify", signed, "--previous", facts, "--facts", facts}, o.network...)...) // an earlier check is refreshed in place
}

// TestVerifyHelpListsItsOptions literally.
func TestVerifyHelpListsItsOptions(t *testing.T) {
	exit, stdout, _ := call(t, "verify", "--help")
	for _, option := range []string{
		"--detached", "--trust", "--at", "--policy", "--offline", "--allow-host", "--rewrite", "--password-file", "--format", "--report", "--report-key",
	} {
		if exit != exitDone || !strings.Contains(stdout, "\n  "+option+" ") && !strings.Contains(stdout, "\n  "+option+"\n") {
			t.Errorf("%s is not in the help: %s", option, stdout)
		}
	}
	for _, words := range []string{"HOST[:PORT]", "HOST=HOST", "default, strict, dss", "text hoặc json", "html, pdf, etsi", "RFC 3339"} {
		if !strings.Contains(stdout, words) {
			t.Errorf("%q is not in the help", words)
		}
	}
}

// TestWhatVerifyCannotReadIsOneObject, with these keys and no others; the worst of several files is the exit: 3, then 1, 2 and 0.
func TestWhatVerifyCannotReadIsOneObject(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	vector := func(name string) string { return filepath.Join("..", "..", "testdata", "vectors", name) }
	for _, err := range []error{
		os.WriteFile(at("empty"), nil, 0o600), os.Mkdir(at("folder"), 0o700), os.Symlink("loop", at("loop")), os.WriteFile(at("bad\xff.pdf"), []byte("x"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, in := range []string{at("empty"), at("folder"), at("loop"), at("absent"), at("bad\xff.pdf"), at(strings.Repeat("a", 300)), "/dev/null", ""} {
		exit, out, _ := call(t, "verify", in, "--offline", "--format", "json")
		var o map[string]any
		if err := json.Unmarshal([]byte(out), &o); err != nil || exit != exitUnreadable || strings.Count(out, "\n") != 1 {
			t.Errorf("%q: exit %d %v %s", in, exit, err, out)
			continue
		}
		what, ok := o["error"].(map[string]any)
		if !ok || len(o) != 3 || len(what) != 2 || what["code"] == "" || what["text"] == "" || o["schema"] != verify.ReportSchema || o["file"] != strings.ToValidUTF8(in, "\ufffd") {
			t.Errorf("%q: %s", in, out)
		}
	}
	passed, failed, open, none := vector("pades-sealed.pdf"), vector("spoiled-number.pdf"), vector("pades-b-b.pdf"), at("empty")
	for _, tt := range []struct {
		files []string
		exit  int
	}{
		{[]string{passed}, 0}, {[]string{failed}, 1}, {[]string{open}, 2}, {[]string{none}, 3}, {[]string{passed, open}, 2}, {[]string{open, passed}, 2}, {[]string{open, failed}, 1},
		{[]string{failed, open}, 1}, {[]string{failed, none}, 3}, {[]string{none, failed, open, passed}, 3},
	} {
		exit, out, _ := call(t, append([]string{"verify", "--offline", "--format", "json", "--trust", vector("trust")}, tt.files...)...)
		if exit != tt.exit || strings.Count(out, "\n") != len(tt.files) {
			t.Errorf("%v: exit %d, want %d: %s", tt.files, exit, tt.exit, out)
		}
	}
}

// contents are the files of a folder, as one text.
func contents(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(dir + "/*.*")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s %x\n", f, sha256.Sum256(b))
	}
	return all.String()
}

// TestTheSignatureOfAReportCanBeTimeStamped, and pdfsig finds it valid too.
func TestTheSignatureOfAReportCanBeTimeStamped(t *testing.T) {
	o, signed := signedOffice(t)
	paper := o.path("r.pdf")
	tsa := o.tsa(t)
	o.run(t, exitDone, append([]string{
		"verify", signed, "--report", "pdf=" + paper, "--report-key", "p12:" + o.path("agency.p12"), "--report-pin-file", o.path("pin.txt"), "--report-tsa", tsa[1],
	}, o.network...)...)
	_, out, _ := call(t, append([]string{"verify", paper, "--format", "json"}, o.network...)...)
	if !strings.Contains(out, `"level":"B-T"`) || !strings.Contains(out, `"indication":"TOTAL_PASSED"`) {
		t.Error(out)
	}
	pdfsig, err := exec.LookPath("pdfsig")
	if err != nil {
		t.Skip("pdfsig is not installed")
	}
	said, err := exec.CommandContext(t.Context(), pdfsig, "-nocert", paper).CombinedOutput()
	if err != nil || !strings.Contains(string(said), "Signature is Valid") || !strings.Contains(string(said), "Total document signed") {
		t.Errorf("%v: %s", err, said)
	}
}

func TestVerifyRefusesWhatCannotBeMeant(t *testing.T) {
	_, in := workplace(t)
	for name, args := range map[string][]string{
		"a report without a file":       {in, "--report", "html"},
		"a report of an unknown form":   {in, "--report", "docx=r"},
		"a report over the input":       {in, "--report", "pdf=" + in},
		"two reports in one file":       {in, "--report", "pdf=r", "--report", "html=r"},
		"facts over the input":          {in, "--facts", in},
		"facts over a report":           {in, "--facts", "r", "--report", "json=./r"},
		"a time-stamp on no signature":  {in, "--report", "pdf=r", "--report-tsa", "http://127.0.0.1:1/"},
		"a time-stamp from nowhere":     {in, "--report", "pdf=r", "--report-key", "p12:x", "--report-tsa", "nowhere"},
		"a key without a PDF report":    {in, "--report-key", "p12:x"},
		"a time that is none":           {in, "--at", "yesterday"},
		"a policy that is none":         {in, "--policy", "lenient"},
		"facts of two files":            {in, in, "--facts", "f"},
		"facts from facts and document": {in, "--from-facts", "f"},
		"facts to compare with facts":   {"--from-facts", "f", "--previous", "f"},
	} {
		if exit, out, _ := call(t, append([]string{"verify", "--format", "json"}, args...)...); exit != exitUnreadable || !strings.Contains(out, "cmd.usage") {
			t.Errorf("%s: exit %d %s", name, exit, out)
		}
	}
}
