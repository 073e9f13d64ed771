package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode"
)

// TestWrongUsageIsReportedInTheFormatAsked: nothing but one JSON object stands on standard output, also when the command line
// itself cannot be read.
func TestWrongUsageIsReportedInTheFormatAsked(t *testing.T) {
	dir, in := workplace(t)
	tests := []struct {
		name string
		args []string
	}{
		{"an option that does not exist", []string{"sign", in, "--colour", "red"}},
		{"no file", []string{"verify"}},
		{"no file to inspect", []string{"inspect"}},
		{"no file of trust", []string{"trust"}},
		{"neither -o nor --in-place", signArgs(dir, in)},
		{"-o beside --in-place", signArgs(dir, in, "-o", dir, "--in-place")},
		{"the input as -o", signArgs(dir, in, "-o", in)},
		{"the input's folder as -o", signArgs(dir, in, "-o", dir)},
		{"one file twice in place", signArgs(dir, in, filepath.Join(dir, ".", "in.pdf"), "--in-place")},
		{"no key", []string{"sign", in, "-o", filepath.Join(dir, "x.pdf")}},
		{"no PIN and no terminal", []string{"sign", in, "-o", filepath.Join(dir, "x.pdf"), "--key", "p12:" + filepath.Join(dir, "leader.p12")}},
		{"a level that does not exist", signArgs(dir, in, "-o", filepath.Join(dir, "x.pdf"), "--level", "B-X")},
		{"a certification that does not exist", signArgs(dir, in, "-o", filepath.Join(dir, "x.pdf"), "--certify", "4")},
		{"a picture nobody would see", signArgs(dir, in, "-o", filepath.Join(dir, "x.pdf"), "--image", in)},
		{"a page for an invisible signature", signArgs(dir, in, "-o", filepath.Join(dir, "x.pdf"), "--page", "1")},
		{"a place and an anchor", signArgs(dir, in, "-o", filepath.Join(dir, "x.pdf"), "--rect", "1,1,9,9", "--anchor", "KT.")},
		{"a box without height", signArgs(dir, in, "-o", filepath.Join(dir, "x.pdf"), "--rect", "1,1,9,0")},
		{"a picture kind without picture", signArgs(dir, in, "-o", filepath.Join(dir, "x.pdf"), "--appearance", "agency")},
		{"a kind that does not exist", signArgs(dir, in, "-o", filepath.Join(dir, "x.pdf"), "--appearance", "stamp")},
		{"one field filled twice", signArgs(dir, in, "-o", filepath.Join(dir, "x.pdf"), "--fill", "number=05", "--fill", "number=50")},
		{"a filling without value", signArgs(dir, in, "-o", filepath.Join(dir, "x.pdf"), "--fill", "number")},
		{"a reservation without rectangle", []string{"reserve", in, "number=1", "-o", filepath.Join(dir, "x.pdf")}},
		{"a reservation without name", []string{"reserve", in, "-o", filepath.Join(dir, "x.pdf")}},
		{"a rewriting without target", []string{"verify", in, "--rewrite", "ocsp.ca.ptc"}},
		{"an extension without time-stamps", []string{"extend", in, "-o", filepath.Join(dir, "x.pdf")}},
		{"a time-stamp without authority", []string{"timestamp", in, "-o", filepath.Join(dir, "x.pdf")}},
		{"an address that is none", []string{"timestamp", in, "-o", filepath.Join(dir, "x.pdf"), "--tsa", "tsa.example"}},
		{"an extension to B-B", []string{"extend", in, "-o", filepath.Join(dir, "x.pdf"), "--level", "B-B", "--tsa", "http://tsa.example"}},
		{"a second file to reserve in", []string{"reserve", in, in, "-o", filepath.Join(dir, "x.pdf")}},
		{"an argument too many", []string{"demo", "sign", "extra"}},
		{"no folder to serve", []string{"demo", "serve"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exit, stdout, stderr := call(t, append(tt.args, "--format", "json")...)
			var answer struct {
				Error problem `json:"error"`
			}
			if err := json.Unmarshal([]byte(stdout), &answer); err != nil || stderr != "" {
				t.Fatalf("%v\nstdout: %s\nstderr: %s", err, stdout, stderr)
			}
			if exit != exitUnreadable || answer.Error.Code != "cmd.usage" {
				t.Errorf("exit %d %+v", exit, answer.Error)
			}
			if _, err := os.Stat(filepath.Join(dir, "x.pdf")); err == nil {
				t.Error("an output was written")
			}
		})
	}
}

func TestHelpGoesToStandardOutput(t *testing.T) {
	for _, c := range commands(&env{}) {
		exit, stdout, stderr := call(t, c.name, "--help")
		if exit != exitDone || !strings.HasPrefix(stdout, "antin "+c.name) || !strings.Contains(stdout, "--format") || stderr != "" {
			t.Errorf("antin %s --help: exit %d\nstdout: %s\nstderr: %s", c.name, exit, stdout, stderr)
		}
	}
	if exit, stdout, _ := call(t, "help"); exit != exitDone || !strings.Contains(stdout, "verify") {
		t.Errorf("antin help: exit %d %s", exit, stdout)
	}
	if exit, stdout, stderr := call(t); exit != exitUnreadable || stdout != "" || stderr == "" {
		t.Errorf("antin alone: exit %d %s %s", exit, stdout, stderr)
	}
	if exit, _, _ := call(t, "sing"); exit != exitUnreadable {
		t.Errorf("a command that does not exist: exit %d", exit)
	}
}

// TestHelpNamesEveryOptionInTheReadersLanguage: each option stands there as it is typed; English help has no Vietnamese word.
func TestHelpNamesEveryOptionInTheReadersLanguage(t *testing.T) {
	for lang, phrase := range map[string]string{"vi": "chứng thư tin cậy", "en": "trusted certificates"} {
		var out bytes.Buffer
		e := &env{stdout: &out, stderr: &out, lang: lang}
		for _, c := range commands(e) {
			if exit := run(t.Context(), e, []string{c.name, "--help"}); exit != exitDone {
				t.Errorf("%s: exit %d", c.name, exit)
			}
		}
		run(t.Context(), e, []string{"help"})
		newSignFlags(e).VisitAll(func(g *flag.Flag) {
			if !strings.Contains(out.String(), "\n  "+dashed(g.Name)) {
				t.Errorf("%s is not in the help", g.Name)
			}
		})
		vietnamese := strings.ContainsFunc(out.String(), func(r rune) bool { return r > unicode.MaxLatin1 && unicode.IsLetter(r) })
		if vietnamese != (lang == "vi") || !strings.Contains(out.String(), phrase) {
			t.Errorf("%s:\n%s", lang, out.String())
		}
	}
}

// TestInspectSpeaksEnglish, of PDF and CMS files.
func TestInspectSpeaksEnglish(t *testing.T) {
	dir, in := workplace(t)
	signed, cms := filepath.Join(dir, "signed.pdf"), filepath.Join(dir, "in.p7m")
	for _, args := range [][]string{{"-o", signed}, {"-o", cms, "--as", "cades"}} {
		if exit, _, errs := call(t, signArgs(dir, append(args, in)...)...); exit != exitDone {
			t.Fatal(errs)
		}
	}
	for file, words := range map[string][]string{signed: {"1 pages", "revision 2", "signature Signature1"}, cms: {"content of", "signature 1: "}} {
		var out bytes.Buffer
		e := &env{stdout: &out, stderr: &out, lang: "en"}
		if exit := run(t.Context(), e, []string{"inspect", file}); exit != exitDone {
			t.Fatal(out.String())
		}
		for _, w := range words {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%q is not in %s", w, out.String())
			}
		}
	}
}

// TestWorstWins: 3 > 1 > 2 > 0.
func TestWorstWins(t *testing.T) {
	order := []int{exitDone, exitUndetermined, exitFailed, exitUnreadable}
	for i, better := range order {
		for _, worse := range order[i:] {
			if worst(better, worse) != worse || worst(worse, better) != worse {
				t.Errorf("worst(%d, %d)", better, worse)
			}
		}
	}
}

func TestOptionsStandBeforeBetweenAndAfterTheFiles(t *testing.T) {
	dir, in := workplace(t)
	dash := filepath.Join(dir, "-dash.pdf")
	if err := os.WriteFile(dash, blankPDF(), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	out := filepath.Join(dir, "out")
	args := []string{"sign", in, "-o", out, "--key", "p12:leader.p12", "--pin-file=pin.txt", "--", "-dash.pdf"}
	if exit, stdout, stderr := call(t, args...); exit != exitDone {
		t.Fatalf("exit %d %s %s", exit, stdout, stderr)
	}
	for _, name := range []string{"in.pdf", "-dash.pdf"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestInPlaceWritesOverTheFileThatALinkNames(t *testing.T) {
	dir, in := workplace(t)
	link := filepath.Join(dir, "link.pdf")
	if err := os.Symlink(in, link); err != nil {
		t.Skip(err)
	}
	if err := os.Chmod(in, 0o640); err != nil {
		t.Fatal(err)
	}
	if exit, stdout, stderr := call(t, signArgs(dir, link, "--in-place")...); exit != exitDone {
		t.Fatalf("exit %d %s %s", exit, stdout, stderr)
	}
	st, err := os.Lstat(link)
	if err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v %v", st, err)
	}
	if st, err = os.Stat(in); err != nil || st.Mode().Perm() != 0o640 || st.Size() <= int64(len(blankPDF())) {
		t.Errorf("%v %v", st, err)
	}
}

// TestADeviceIsNeverReplaced: a rename onto /dev/null would put a file in its place.
func TestADeviceIsNeverReplaced(t *testing.T) {
	dir, in := workplace(t)
	link := filepath.Join(dir, "null.pdf")
	if err := os.Symlink(os.DevNull, link); err != nil {
		t.Skip(err)
	}
	if exit, stdout, _ := call(t, signArgs(dir, in, "-o", link, "--format", "json")...); exit != exitUnreadable || !strings.Contains(stdout, "cmd.output") {
		t.Errorf("exit %d %s", exit, stdout)
	}
}

func TestThePINIsTheFirstLineWithoutItsEnd(t *testing.T) {
	dir, in := workplace(t)
	pin, err := os.ReadFile(filepath.Join(dir, "pin.txt"))
	if err != nil {
		t.Fatal(err)
	}
	first := strings.TrimSuffix(string(pin), "\n")
	for _, content := range []string{first, first + "\n", first + "\r\n", first + "\nsecond line\n"} {
		file := filepath.Join(dir, "pin2.txt")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"sign", in, "-o", filepath.Join(dir, "out.pdf"), "--key", "p12:" + filepath.Join(dir, "leader.p12"), "--pin-file", file}
		if exit, stdout, stderr := call(t, args...); exit != exitDone {
			t.Errorf("%q: exit %d %s %s", content, exit, stdout, stderr)
		}
	}
}

// TestASecretInAnArgumentIsRefused, and what it was is not repeated.
func TestASecretInAnArgumentIsRefused(t *testing.T) {
	_, in := workplace(t)
	exit, stdout, stderr := call(t, "sign", in, "-o", in+".out", "--key", "pkcs11:token=t;object=o?pin-value=123456", "--format", "json")
	if exit != exitUnreadable || strings.Contains(stdout+stderr, "123456") {
		t.Errorf("exit %d %s %s", exit, stdout, stderr)
	}
}

// TestBBNeedsNeitherTrustNorNetwork: the certificate names addresses, and none is asked.
func TestBBNeedsNeitherTrustNorNetwork(t *testing.T) {
	p, dir, in := servedWorkplace(t)
	if exit, stdout, stderr := call(t, signArgs(dir, in, "-o", filepath.Join(dir, "out.pdf"), "--allow-host", p.Host())...); exit != exitDone {
		t.Fatalf("exit %d %s %s", exit, stdout, stderr)
	}
	for _, service := range []string{"tsa", "ocsp", "crl", "ca"} {
		if n := p.Requests(service); n != 0 {
			t.Errorf("%s was asked %d times", service, n)
		}
	}
}

func TestVerboseTellsOfEveryCallAndIsSilentOtherwise(t *testing.T) {
	p, dir, in := servedWorkplace(t)
	args := signArgs(dir, in, "-o", filepath.Join(dir, "out.pdf"), "--level", "B-LT", "--tsa", p.URL("tsa"), "--trust", filepath.Join(dir, "trust"), "--allow-host", p.Host())
	exit, _, stderr := call(t, args...)
	if exit != exitDone || stderr != "" {
		t.Fatalf("exit %d %q", exit, stderr)
	}
	exit, _, stderr = call(t, append(args, "-v")...)
	for _, want := range []string{"key leader.p12", "tsa " + p.URL("tsa"), "ocsp " + p.URL("ocsp/ca")} {
		if exit != exitDone || !strings.Contains(stderr, want) {
			t.Errorf("exit %d, %q lacks %q", exit, stderr, want)
		}
	}
}

func TestAnOptionWithoutItsValueIsWrongUsage(t *testing.T) {
	if exit, stdout, _ := call(t, "verify", "--format=json", "in.pdf", "--trust"); exit != exitUnreadable || !strings.Contains(stdout, "cmd.usage") {
		t.Errorf("exit %d %s", exit, stdout)
	}
}

// TestABatchAsksForOneSampleToken: one call a file, and at most one sample for each worker that starts.
func TestABatchAsksForOneSampleToken(t *testing.T) {
	p, dir, in := servedWorkplace(t)
	const files = 12
	args := []string{"-o", filepath.Join(dir, "out"), "--level", "B-T", "--tsa", p.URL("tsa")}
	content, err := os.ReadFile(in)
	if err != nil {
		t.Fatal(err)
	}
	for i := range files {
		path := filepath.Join(dir, fmt.Sprintf("in%d.pdf", i))
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	exit, stdout, stderr := call(t, signArgs(dir, args...)...)
	if exit != exitDone || !strings.HasSuffix(stdout, "12 tệp: 12 xong, 0 lỗi\n") {
		t.Fatalf("exit %d %s %s", exit, stdout, stderr)
	}
	if asked := p.Requests("tsa"); asked < files || asked > files+runtime.GOMAXPROCS(0) {
		t.Errorf("the TSA was asked %d times for %d files", asked, files)
	}
}
