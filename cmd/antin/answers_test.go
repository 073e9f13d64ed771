package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/keys"
)

// TestVerifyAnswersInItsSchemaAlsoWhenItCannotRead: one object for each file, with the keys of a report's head.
func TestVerifyAnswersInItsSchemaAlsoWhenItCannotRead(t *testing.T) {
	dir, in := workplace(t)
	absent := filepath.Join(dir, "absent.pdf")
	name := func(s string) *string { return &s }
	for what, tt := range map[string]struct {
		args  []string
		files []*string
		code  string
	}{
		"an absent file":        {[]string{absent}, []*string{&absent}, "cmd.input"},
		"no file":               {nil, []*string{nil}, "cmd.usage"},
		"an option not known":   {[]string{in, "--colour", "red"}, []*string{nil}, "cmd.usage"},
		"absent anchors":        {[]string{in, absent, "--trust", absent}, []*string{name(in), &absent}, "trust.file"},
		"an absent secret":      {[]string{in, "--password-file", absent}, []*string{name(in)}, "cmd.input"},
		"a rewriting half said": {[]string{in, "--rewrite", "a"}, []*string{name(in)}, "cmd.usage"},
	} {
		exit, stdout, stderr := call(t, append([]string{"verify", "--format", "json"}, tt.args...)...)
		lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
		if exit != exitUnreadable || stderr != "" || len(lines) != len(tt.files) {
			t.Fatalf("%s: exit %d\n%s\n%s", what, exit, stdout, stderr)
		}
		for i, line := range lines {
			var keys map[string]json.RawMessage
			var answer struct {
				Schema string
				File   *string
				Error  struct{ Code, Text string }
			}
			if err := errors.Join(json.Unmarshal([]byte(line), &keys), json.Unmarshal([]byte(line), &answer)); err != nil {
				t.Fatal(err)
			}
			if _, named := keys["file"]; !named || len(keys) != 3 || answer.Schema != "antin-verify/1" || answer.Error.Code != tt.code || answer.Error.Text == "" {
				t.Errorf("%s: %s", what, line)
			}
			if (answer.File == nil) != (tt.files[i] == nil) || answer.File != nil && *answer.File != *tt.files[i] {
				t.Errorf("%s: %s", what, line)
			}
		}
	}
}

func TestACommandThatDoesNotExistIsAnsweredInTheFormatAsked(t *testing.T) {
	exit, stdout, stderr := call(t, "sing", "in.pdf", "--format", "json")
	if exit != exitUnreadable || !strings.Contains(stdout, `"code":"cmd.usage"`) || !strings.Contains(stdout, "sing: không có lệnh này") || stderr != "" {
		t.Errorf("exit %d %s %s", exit, stdout, stderr)
	}
	exit, stdout, stderr = call(t, "sing")
	if exit != exitUnreadable || stdout != "" || !strings.Contains(stderr, "sing: không có lệnh này") || !strings.Contains(stderr, "timestamp") {
		t.Errorf("exit %d %s %s", exit, stdout, stderr)
	}
}

func TestVersionTakesNoArgument(t *testing.T) {
	if exit, _, _ := call(t, "version", "extra"); exit != exitUnreadable {
		t.Errorf("exit %d", exit)
	}
	if exit, stdout, _ := call(t, "version"); exit != exitDone || strings.Contains(stdout, "  ") || !strings.HasPrefix(stdout, "antin "+version) {
		t.Errorf("exit %d %q", exit, stdout)
	}
}

// TestInspectionOfAnUnsignedFileHasEmptyLists: a reader of the JSON loops over them without asking for null.
func TestInspectionOfAnUnsignedFileHasEmptyLists(t *testing.T) {
	_, in := workplace(t)
	exit, stdout, _ := call(t, "inspect", in, "--format", "json")
	if exit != exitDone || !strings.Contains(stdout, `"fields":[]`) || !strings.Contains(stdout, `"signatures":[]`) || strings.Contains(stdout, "null") {
		t.Errorf("exit %d %s", exit, stdout)
	}
}

// TestRefusedOutputsMakeNoFolder: what is wrong usage leaves nothing behind.
func TestRefusedOutputsMakeNoFolder(t *testing.T) {
	dir, in := workplace(t)
	other := filepath.Join(dir, "other")
	if err := os.Mkdir(other, 0o755); err != nil {
		t.Fatal(err)
	}
	same := filepath.Join(other, "in.pdf")
	if err := os.WriteFile(same, blankPDF(), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "new")
	if exit, _, stderr := call(t, signArgs(dir, in, same, "-o", out)...); exit != exitUnreadable || !strings.Contains(stderr, in) || !strings.Contains(stderr, same) {
		t.Errorf("exit %d %s", exit, stderr)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("the folder was made")
	}
}

// TestUsageSaysWhichArgumentAndWhy, in the reader's language.
func TestUsageSaysWhichArgumentAndWhy(t *testing.T) {
	for _, tt := range []struct {
		err    error
		vi, en string
	}{
		{wrong("", "usage.no_input"), "Lệnh viết chưa đúng: thiếu tệp vào. Xem antin LỆNH --help.", "The command line is wrong: no input file. See antin COMMAND --help."},
		{
			wrongFlag(errors.New("flag needs an argument: -o")),
			"Lệnh viết chưa đúng: -o: thiếu giá trị. Xem antin LỆNH --help.", "The command line is wrong: -o: its value is missing. See antin COMMAND --help.",
		},
		{
			wrongFlag(errors.New(`invalid value "x" for flag -page: parse error`)),
			`Lệnh viết chưa đúng: --page "x": giá trị này không dùng được. Xem antin LỆNH --help.`,
			`The command line is wrong: --page "x": this value is not possible. See antin COMMAND --help.`,
		},
	} {
		if vi, en := explain(tt.err, "vi").Text, explain(tt.err, "en").Text; vi != tt.vi || en != tt.en {
			t.Errorf("%s\n%s", vi, en)
		}
	}
	if exit, _, stderr := call(t, "sign", "a.pdf", "-o", "b.pdf", "--page", "x"); exit != exitUnreadable || !strings.Contains(stderr, `--page "x"`) {
		t.Errorf("exit %d %s", exit, stderr)
	}
}

// TestFilesThatFailSayWhy: the operating system's reason becomes a cause with a next step of its own.
func TestFilesThatFailSayWhy(t *testing.T) {
	for cause, err := range map[codes.Code]error{
		codeAbsent: fs.ErrNotExist, codeDenied: syscall.EACCES, codeReadOnly: syscall.EROFS, codeDiskFull: syscall.ENOSPC, codeNotFolder: syscall.ENOTDIR,
	} {
		p := explain(codes.Wrap(errOutput, "writing", "out.pdf", fmt.Errorf("below: %w", err)), "vi")
		entry, ok := codes.Find(cause)
		if !ok || p.Code != "cmd.output" || p.Cause != string(cause) || p.Text != "Không ghi được kết quả. Nguyên nhân: "+entry.Text("vi") {
			t.Errorf("%s: %+v", cause, p)
		}
	}
	// A host that refuses is no file that is denied.
	if p := explain(codes.Wrap("fetch.network", "asking", "http://tsa", syscall.EACCES), "vi"); p.Cause != "" {
		t.Errorf("%+v", p)
	}
	if p := explain(codes.New(keys.ErrFile, "reading", "key.p12", "no key in it"), "vi"); p.Cause != "" {
		t.Errorf("%+v", p)
	}
	_, in := workplace(t)
	if _, _, stderr := call(t, "sign", in, "-o", in+".out", "--key", "p12:"+in, "--pin-file", "absent.txt"); !strings.HasPrefix(stderr, "antin: absent.txt: Không đọc được tệp.") {
		t.Error(stderr)
	}
}

// TestNamesStayOnTheirLine: a file's name, or what a file holds, neither begins a line nor moves the cursor.
func TestNamesStayOnTheirLine(t *testing.T) {
	dir, _ := workplace(t)
	in := filepath.Join(dir, "a\n\x1b[2J.pdf")
	if err := os.WriteFile(in, blankPDF(), 0o600); err != nil {
		t.Skip(err)
	}
	for _, args := range [][]string{signArgs(dir, in, "-o", filepath.Join(dir, "out.pdf")), {"inspect", in}, signArgs(dir, in, "-o", dir)} {
		if _, stdout, stderr := call(t, args...); strings.Contains(stdout+stderr, "\x1b") || strings.Contains(stdout+stderr, "a\n") {
			t.Errorf("%q", stdout+stderr)
		}
	}
}
