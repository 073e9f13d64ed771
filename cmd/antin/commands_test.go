package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/pkitest"
)

func itoa(n int) string { return strconv.Itoa(n) }

// workplace is a folder with the demo's keys and a PDF.
func workplace(t *testing.T) (dir, in string) {
	t.Helper()
	dir = t.TempDir()
	p, err := openTraining(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	p.stop()
	in = filepath.Join(dir, "in.pdf")
	if err := os.WriteFile(in, blankPDF(), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, in
}

// servedWorkplace is a workplace whose servers run.
func servedWorkplace(t *testing.T) (p *pkitest.PKI, dir, in string) {
	t.Helper()
	dir, in = workplace(t)
	served, err := loadTraining(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := served.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(served.stop)
	return served.pki, dir, in
}

func signArgs(dir string, more ...string) []string {
	return append([]string{"sign", "--key", "p12:" + filepath.Join(dir, "leader.p12"), "--pin-file", filepath.Join(dir, "pin.txt")}, more...)
}

// TestFailures is the table cause → code → exit: the input stays as it was and nothing is left in the output's folder.
func TestFailures(t *testing.T) {
	dir, in := workplace(t)
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	notPDF, truncated, wrongPIN := write("not.pdf", "hello"), write("cut.pdf", string(blankPDF()[:40])), write("wrong.txt", "wrong\n")
	key := "p12:" + filepath.Join(dir, "leader.p12")
	tests := []struct {
		name string
		args []string
		code string
		exit int
	}{
		{"no output named", signArgs(dir, in), "cmd.usage", exitUnreadable},
		{"no such input", signArgs(dir, filepath.Join(dir, "absent.pdf"), "-o", out), "cmd.input", exitUnreadable},
		{"not a PDF", signArgs(dir, notPDF, "-o", out), "pdf.not_pdf", exitUnreadable},
		{"truncated", signArgs(dir, truncated, "-o", out), "pdf.damaged", exitUnreadable},
		{"wrong PIN", []string{"sign", in, "-o", out, "--key", key, "--pin-file", wrongPIN}, "keys.password", exitUnreadable},
		{"no such key", []string{"sign", in, "-o", out, "--key", "p12:" + filepath.Join(dir, "absent.p12"), "--pin-file", wrongPIN}, "keys.file", exitUnreadable},
		{"no TSA named", signArgs(dir, in, "-o", out, "--level", "B-T"), "cmd.usage", exitUnreadable},
		{"TSA down", signArgs(dir, in, "-o", out, "--level", "B-T", "--tsa", "http://127.0.0.1:1/"), "pades.timestamp", exitFailed},
		{"anchor absent", signArgs(dir, in, "-o", out, "--anchor", "KT. CHỦ TỊCH"), "text.no_anchor", exitUnreadable},
		{"page absent", signArgs(dir, in, "-o", out, "--page", "7", "--rect", "10,10,100,50"), "pades.place", exitUnreadable},
		{"output not writable", signArgs(dir, in, "-o", "/proc/antin.pdf"), "cmd.output", exitUnreadable},
		{"nothing to extend", []string{"extend", in, "-o", out, "--tsa", "http://127.0.0.1:1/"}, "pades.unsigned", exitFailed},
		{"verify not a PDF", []string{"verify", notPDF}, "pdf.not_pdf", exitUnreadable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, err := os.ReadFile(in)
			if err != nil {
				t.Fatal(err)
			}
			exit, stdout, stderr := call(t, append(tt.args, "--format", "json")...)
			var answer struct {
				Error problem `json:"error"`
			}
			if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
				t.Fatalf("%v: %s %s", err, stdout, stderr)
			}
			if answer.Error.Code != tt.code || exit != tt.exit || answer.Error.Text == "" {
				t.Errorf("got %s, exit %d (%s); want %s, exit %d", answer.Error.Code, exit, answer.Error.Text, tt.code, tt.exit)
			}
			after, err := os.ReadFile(in)
			if err != nil || string(before) != string(after) {
				t.Error("the input was touched")
			}
			left, err := os.ReadDir(out)
			if err != nil || len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestSignThenVerify(t *testing.T) {
	dir, in := workplace(t)
	signed := filepath.Join(dir, "signed.pdf")
	if exit, out, errs := call(t, signArgs(dir, in, "-o", signed)...); exit != exitDone {
		t.Fatalf("exit %d %s %s", exit, out, errs)
	}
	trust := filepath.Join(dir, "trust")
	exit, out, _ := call(t, "verify", signed, "--trust", trust, "--offline", "--format", "json")
	if exit != exitUndetermined || !strings.Contains(out, `"sub_indication":"TRY_LATER"`) || !strings.Contains(out, `"integrity":"intact"`) {
		t.Errorf("B-B without revocation data: exit %d %s", exit, out)
	}
	if exit, out, _ := call(t, "verify", signed, "--offline", "--format", "json"); exit != exitUndetermined || !strings.Contains(out, "NO_CERTIFICATE_CHAIN_FOUND") {
		t.Errorf("without trust: exit %d %s", exit, out)
	}
	if exit, out, _ := call(t, "verify", in, "--format", "json"); exit != exitUndetermined || !strings.Contains(out, "NO_SIGNATURE") {
		t.Errorf("unsigned: exit %d %s", exit, out)
	}
	b, err := os.ReadFile(signed)
	if err != nil {
		t.Fatal(err)
	}
	b[20] ^= 1
	spoiled := filepath.Join(dir, "spoiled.pdf")
	if err := os.WriteFile(spoiled, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if exit, out, _ := call(t, "verify", signed, spoiled, "--trust", trust, "--offline", "--format", "json"); exit != exitFailed || strings.Count(out, "\n") != 2 {
		t.Errorf("the worst of two: exit %d %s", exit, out)
	}
}

func TestABatchGoesOnPastErrors(t *testing.T) {
	dir, in := workplace(t)
	bad := filepath.Join(dir, "bad.pdf")
	if err := os.WriteFile(bad, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	exit, stdout, _ := call(t, signArgs(dir, bad, in, "-o", out)...)
	if exit != exitUnreadable || !strings.Contains(stdout, "2 tệp: 1 xong, 1 lỗi") {
		t.Errorf("exit %d %s", exit, stdout)
	}
	if _, err := os.Stat(filepath.Join(out, "in.pdf")); err != nil {
		t.Error(err)
	}
}
