package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/keys"
)

// call runs a command line as the shell would.
func call(t *testing.T, args ...string) (exit int, stdout, stderr string) {
	t.Helper()
	return callWith(t.Context(), keys.Open, args...)
}

func callWith(ctx context.Context, open func(context.Context, string, *keys.Options) (*keys.Key, error), args ...string) (exit int, stdout, stderr string) {
	var out, errs bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, clock: time.Now, lang: "vi", openKey: open}
	exit = run(ctx, e, args)
	return exit, out.String(), errs.String()
}

// TestDemoAndItsCommands runs the demo, then the commands that it prints, with its servers started again by the first.
func TestDemoAndItsCommands(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "antin demo") // a blank: the printed commands must be quoted
	exit, out, errs := call(t, "demo", "sign", "--out", dir)
	if exit != exitDone {
		t.Fatalf("exit %d\n%s\n%s", exit, out, errs)
	}
	for _, want := range []string{"⇒ Văn bản còn nguyên vẹn và cả 2 chữ ký đều hợp lệ.", "điền số, ngày sau khi ký: được phép", "Nguyễn Thị Huấn Luyện", "4-spoiled-cms.pdf"} {
		if !strings.Contains(out, want) {
			t.Errorf("the demo does not say %q:\n%s", want, out)
		}
	}
	var commands [][]string
	for line := range strings.Lines(out) {
		if rest, ok := strings.CutPrefix(line, "   antin "); ok {
			commands = append(commands, splitShell(strings.TrimSpace(rest)))
		}
	}
	if len(commands) < 7 || commands[0][0] != "demo" || commands[0][1] != "serve" {
		t.Fatalf("commands: %q", commands)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan int)
	ready := &signalWriter{ready: make(chan struct{})}
	go func() {
		served <- run(ctx, &env{stdout: ready, stderr: ready, clock: time.Now, lang: "vi"}, commands[0])
	}()
	select {
	case <-ready.ready:
	case <-time.After(10 * time.Second):
		t.Fatal("the servers did not start")
	}
	for _, c := range commands[1:] {
		want := exitDone
		if strings.Contains(strings.Join(c, " "), "4-spoiled") {
			want = exitFailed
		}
		if exit, out, errs := call(t, c...); exit != want {
			t.Errorf("antin %q: exit %d\n%s\n%s", c, exit, out, errs)
		}
	}
	stop()
	if exit := <-served; exit != exitDone {
		t.Errorf("demo serve: exit %d", exit)
	}
}

// signalWriter tells when the servers have printed their addresses.
type signalWriter struct {
	b     bytes.Buffer
	ready chan struct{}
	told  bool
}

func (w *signalWriter) Write(p []byte) (int, error) {
	w.b.Write(p)
	if !w.told && strings.Contains(w.b.String(), "Ctrl+C") {
		w.told = true
		close(w.ready)
	}
	return len(p), nil
}

// splitShell undoes shellQuote.
func splitShell(s string) []string {
	var out []string
	var word strings.Builder
	quoted, any := false, false
	for _, r := range s {
		switch {
		case r == '\'':
			quoted, any = !quoted, true
		case r == ' ' && !quoted:
			if any {
				out = append(out, word.String())
			}
			word.Reset()
			any = false
		default:
			word.WriteRune(r)
			any = true
		}
	}
	if any {
		out = append(out, word.String())
	}
	return out
}

// TestDemoKeepsItsKeysAndPorts: a second run in the same folder uses what the first one made.
func TestDemoKeepsItsKeysAndPorts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	var root, address string
	for run := range 2 {
		exit, out, errs := call(t, "demo", "sign", "--out", dir, "--format", "json")
		if exit != exitDone || errs != "" {
			t.Fatalf("run %d: exit %d\n%s\n%s", run, exit, out, errs)
		}
		var said struct {
			Verdicts, Commands []string
			Files              []demoFile
			Peers              []demoPeer
		}
		if err := json.Unmarshal([]byte(out), &said); err != nil || len(said.Verdicts) != 6 || len(said.Files) != 7 || len(said.Commands) < 7 || len(said.Peers) != 4 || len(said.Peers[0].Said) == 0 {
			t.Fatalf("%v %s", err, out)
		}
		_, now, ok := strings.Cut(said.Commands[2], "--tsa ")
		now, _, _ = strings.Cut(now, " ")
		cert, err := os.ReadFile(filepath.Join(dir, "trust", "root.crt"))
		if !ok || err != nil {
			t.Fatal(said.Commands, err)
		}
		if run > 0 && (now != address || string(cert) != root) {
			t.Errorf("address %s, then %s; same root: %t", address, now, string(cert) == root)
		}
		address, root = now, string(cert)
	}
}

func TestDemoTakesADOCXWhereLibreOfficeIs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "with a blank")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("assets/decision.docx")
	if err != nil {
		t.Fatal(err)
	}
	in := filepath.Join(dir, "dự thảo.docx")
	if err := os.WriteFile(in, source, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("soffice"); err != nil {
		if exit, out, _ := call(t, "demo", "sign", "--in", in, "--out", filepath.Join(dir, "out"), "--format", "json"); exit != exitUnreadable || !strings.Contains(out, "cmd.office") || !strings.Contains(out, "LibreOffice") {
			t.Errorf("exit %d %s", exit, out)
		}
		t.Skip("soffice is not installed: the refusal was tested")
	}
	exit, out, errs := call(t, "demo", "sign", "--in", in, "--out", filepath.Join(dir, "out"))
	if exit != exitDone || !strings.Contains(out, "LibreOffice") || strings.Contains(out, "góc dưới") || strings.Contains(out, "không có chỗ trống") {
		t.Errorf("exit %d\n%s\n%s", exit, out, errs)
	}
}

func TestDemoTakesAnyPDF(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "mine.pdf")
	if err := os.WriteFile(in, blankPDF(), 0o600); err != nil {
		t.Fatal(err)
	}
	exit, out, errs := call(t, "demo", "sign", "--in", in, "--out", filepath.Join(dir, "out"))
	if exit != exitDone || !strings.Contains(out, "góc dưới bên phải trang cuối") {
		t.Fatalf("exit %d\n%s\n%s", exit, out, errs)
	}
}

// TestDemoSpeaksEnglish: no Vietnamese but in names.
func TestDemoSpeaksEnglish(t *testing.T) {
	var out bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &out, clock: time.Now, lang: "en", openKey: keys.Open}
	if exit := run(t.Context(), e, []string{"demo", "sign", "--out", filepath.Join(t.TempDir(), "demo")}); exit != exitDone {
		t.Fatalf("exit %d %s", exit, out.String())
	}
	for _, want := range []string{"number and date filled: allowed", "Fields with a bad signature: leader, seal.", "Fields with a bad signature: seal.", "8. Results in"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %s", want, out.String())
		}
	}
	for _, vietnamese := range []string{"Văn bản", "ký", "dấu", "chưa cài"} {
		if strings.Contains(out.String(), vietnamese) {
			t.Errorf("%q is in %s", vietnamese, out.String())
		}
	}
}

// TestDemoRefusesBeforeItMakesAnything, and names the document.
func TestDemoRefusesBeforeItMakesAnything(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "ghi chú.txt")
	if err := os.WriteFile(text, []byte("no PDF"), 0o600); err != nil {
		t.Fatal(err)
	}
	docx := filepath.Join(dir, "draft.docx")
	if err := os.WriteFile(docx, []byte("PK"), 0o600); err != nil {
		t.Fatal(err)
	}
	junk := filepath.Join(dir, "junk.docx")
	if err := os.WriteFile(junk, []byte("no ZIP"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir) // no LibreOffice
	out := filepath.Join(dir, "out")
	for in, code := range map[string]string{
		filepath.Join(dir, "absent.pdf"): "cmd.input", text: "pdf.not_pdf", filepath.Join(dir, "absent.docx"): "cmd.input", docx: "cmd.office", junk: "cmd.conversion",
	} {
		exit, _, stderr := call(t, "demo", "sign", "--in", in, "--out", out)
		if exit != exitUnreadable || !strings.HasPrefix(stderr, in+": ") || !strings.Contains(stderr, code) {
			t.Errorf("%s: exit %d %s", in, exit, stderr)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a folder was made")
	}
}

func TestPrintedPathsAreQuotedForTheShell(t *testing.T) {
	for path, want := range map[string]string{
		"antin-demo/quyết định.pdf": "'antin-demo/quyết định.pdf'", "a/công_văn.pdf": "a/công_văn.pdf", "it's": `'it'\''s'`, "a\nb": "'a\nb'", "{a,b}!": "'{a,b}!'", "": "''",
	} {
		if got := shellQuote(path); got != want {
			t.Errorf("%q: %s", path, got)
		}
	}
}

// blankPDF is one empty page.
func blankPDF() []byte {
	return buildPDF(
		"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
		"<</Length 8>>\nstream\nq\n\n\n\n\nQ\nendstream",
	)
}

// buildPDF numbers the objects from 1; the first is the catalogue.
func buildPDF(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, at)
	return b.Bytes()
}
