package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/keys"
	"github.com/antinvn/antin/pkitest"
)

// failuresTable is the table of docs/failures.md; every row is a test of its own.
const failuresTable = "../../docs/failures.md"

type failureRow struct {
	cause, code, inner, exit, text string
}

// String is the row as the table has it.
func (r failureRow) String() string {
	code := "`" + r.code + "`"
	if r.inner != "" {
		code += " ← `" + r.inner + "`"
	}
	return "| " + strings.Join([]string{r.cause, code, r.exit, r.text}, " | ") + " |"
}

func readFailures(t *testing.T) []failureRow {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(failuresTable))
	if err != nil {
		t.Fatal(err)
	}
	var rows []failureRow
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) != 4 || !strings.Contains(cells[1], "`") {
			continue
		}
		code, inner, _ := strings.Cut(strings.ReplaceAll(cells[1], "`", ""), " ← ")
		rows = append(rows, failureRow{cause: strings.TrimSpace(cells[0]), code: code, inner: inner, exit: cells[2], text: strings.TrimSpace(cells[3])})
	}
	return rows
}

// TestFailures runs each row of the table: code, exit and text are those printed there; the inputs stay byte for byte; the
// output's folder holds neither a part nor a temporary file; nothing of this program still runs.
func TestFailures(t *testing.T) {
	rows, tested := readFailures(t), map[string]bool{}
	for _, row := range rows {
		provoke, ok := failures[row.cause]
		if !ok {
			t.Errorf("docs/failures.md: nothing provokes %q", row.cause)
			continue
		}
		tested[row.cause] = true
		t.Run(row.cause, func(t *testing.T) { testFailure(t, row, provoke) })
	}
	for cause := range failures {
		if !tested[cause] {
			t.Errorf("docs/failures.md has no row for %q", cause)
		}
	}
}

func testFailure(t *testing.T, row failureRow, provoke func(*scene) []string) {
	s := newScene(t)
	args := append(provoke(s), "--format", "json")
	before, running := s.snapshot(), ours()
	exit, stdout, stderr := s.run(args)
	var answer struct {
		Error problem `json:"error"`
	}
	if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
		t.Fatalf("%v: exit %d %s %s", err, exit, stdout, stderr)
	}
	sentences, _, _ := strings.Cut(answer.Error.Text, " [") // verify puts there what the others have as the detail
	got := failureRow{cause: row.cause, code: answer.Error.Code, inner: answer.Error.Cause, exit: fmt.Sprint(exit), text: sentences}
	if got != row {
		t.Errorf("got  %s\nwant %s\nthe engine said: %s", got, row, answer.Error.Detail+answer.Error.Text)
	}
	if after := s.snapshot(); after != before {
		t.Errorf("files changed:\n%s\nbefore:\n%s", after, before)
	}
	for deadline := time.Now().Add(3 * time.Second); ours() > running; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines of this program before, %d after", running, ours())
		}
	}
}

// ours counts the goroutines that run code of this module; connections kept open by net/http are not among them.
func ours() int {
	buf := make([]byte, 4<<20)
	n := 0
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "antinvn/antin") {
			n++
		}
	}
	return n
}

// scene is what a failure happens in: keys, running servers, an unsigned PDF and an empty folder for outputs.
type scene struct {
	*testing.T
	pki          *pkitest.PKI
	dir, in, out string
	open         func(context.Context, string, *keys.Options) (*keys.Key, error)
	interrupt    time.Duration // after which the command is interrupted; 0: never
	blocks       int           // file size limit in 512-byte blocks for a process of its own; 0: none
}

func newScene(t *testing.T) *scene {
	s := &scene{T: t, open: keys.Open}
	s.pki, s.dir, s.in = servedWorkplace(t)
	s.out = filepath.Join(s.dir, "out")
	if err := os.Mkdir(s.out, 0o755); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scene) run(args []string) (exit int, stdout, stderr string) {
	if s.blocks > 0 {
		return s.runLimited(args)
	}
	ctx, stop := context.WithCancel(s.Context())
	defer stop()
	if s.interrupt > 0 {
		defer time.AfterFunc(s.interrupt, stop).Stop()
	}
	return callWith(ctx, s.open, args...)
}

// runLimited runs the program under a file size limit, which fails a write as a full disk does.
func (s *scene) runLimited(args []string) (exit int, stdout, stderr string) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		s.Skip("sh is not installed")
	}
	script := fmt.Sprintf(`ulimit -f %d; exec "$0" "$@"`, s.blocks)
	cmd := exec.CommandContext(s.Context(), shell, append([]string{"-c", script, self(s.T)}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var status *exec.ExitError
	if err != nil && !errors.As(err, &status) {
		s.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// snapshot lists every file below the scene with its digest.
func (s *scene) snapshot() string {
	var b strings.Builder
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %x\n", path, sha256.Sum256(data))
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return b.String()
}

func (s *scene) write(name string, content []byte) string {
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		s.Fatal(err)
	}
	return path
}

// sign is a signing command on a file.
func (s *scene) sign(in string, more ...string) []string {
	return signArgs(s.dir, append([]string{in, "-o", s.out}, more...)...)
}

// long is what a level above B-B needs.
func (s *scene) long(level string) []string {
	return []string{"--level", level, "--tsa", s.pki.URL("tsa"), "--trust", filepath.Join(s.dir, "trust"), "--allow-host", s.pki.Host()}
}

// signWith signs with a certificate of its own, and nothing else changed.
func (s *scene) signWith(subject pkitest.Subject, revoked bool, more ...string) []string {
	subject.CommonName = "Người thử"
	cert, key, err := s.pki.Issue(subject)
	if err != nil {
		s.Fatal(err)
	}
	if revoked {
		s.pki.Revoke(cert, time.Now().Add(-time.Minute), 1)
	}
	const secret = "secret"
	t := &school{dir: s.dir, pki: s.pki}
	if err := t.saveP12("own.p12", secret, cert, key); err != nil {
		s.Fatal(err)
	}
	pin := s.write("own.txt", []byte(secret+"\n"))
	return append([]string{"sign", s.in, "-o", s.out, "--key", "p12:" + filepath.Join(s.dir, "own.p12"), "--pin-file", pin}, more...)
}

// must runs a command that has to succeed, before the one that fails.
func (s *scene) must(args ...string) {
	s.Helper()
	if exit, stdout, stderr := call(s.T, args...); exit != exitDone {
		s.Fatalf("antin %q: exit %d %s %s", args, exit, stdout, stderr)
	}
}

// signed is the scene's PDF signed.
func (s *scene) signed(more ...string) string {
	s.Helper()
	path := filepath.Join(s.dir, "signed.pdf")
	s.must(signArgs(s.dir, append([]string{s.in, "-o", path}, more...)...)...)
	return path
}

// encrypted is the scene's PDF with passwords.
func (s *scene) encrypted(user, owner string, more ...string) string {
	s.Helper()
	qpdf, err := exec.LookPath("qpdf")
	if err != nil {
		s.Skip("qpdf is not installed")
	}
	path := filepath.Join(s.dir, "encrypted.pdf")
	args := append(append([]string{"--encrypt", user, owner, "256"}, more...), "--", s.in, path)
	if out, err := exec.CommandContext(s.Context(), qpdf, args...).CombinedOutput(); err != nil {
		s.Fatalf("%v %s", err, out)
	}
	return path
}

func (s *scene) tsaFault(f pkitest.Fault) []string {
	s.pki.Faults.Set("tsa", f)
	return s.sign(s.in, s.long("B-T")...)
}

// refusing is a token that answers so when it is opened.
func (s *scene) refusing(code codes.Code) []string {
	asked := 0
	s.open = func(context.Context, string, *keys.Options) (*keys.Key, error) {
		if asked++; asked > 1 {
			s.Error("the token was asked a second time")
		}
		return nil, codes.New(code, "logging in", "token van-thu", "")
	}
	return []string{"sign", s.in, "-o", s.out, "--key", "pkcs11:token=van-thu;object=seal", "--pin-file", filepath.Join(s.dir, "pin.txt")}
}

// damage changes bytes of a file.
func (s *scene) damage(path string, change func([]byte) []byte) string {
	b, err := os.ReadFile(path)
	if err != nil {
		s.Fatal(err)
	}
	return s.write("damaged.pdf", change(b))
}

var startxref = regexp.MustCompile(`startxref\n\d+`)

// failures provoke the causes of docs/failures.md: each prepares its scene and returns the command that must fail.
var failures = map[string]func(*scene) []string{
	"input absent":       func(s *scene) []string { return s.sign(filepath.Join(s.dir, "absent.pdf")) },
	"input is a folder":  func(s *scene) []string { return s.sign(filepath.Join(s.dir, "trust")) },
	"not a PDF":          func(s *scene) []string { return s.sign(s.write("no.pdf", []byte("hello"))) },
	"not a PDF (verify)": func(s *scene) []string { return []string{"verify", s.write("no.pdf", []byte("hello"))} },
	"facts damaged":      func(s *scene) []string { return []string{"verify", "--from-facts", s.write("facts.json", []byte("{"))} },
	"policy not readable": func(s *scene) []string {
		return []string{"verify", s.in, "--policy", s.write("policy.json", []byte(`{"rules":1}`))}
	},
	"empty file": func(s *scene) []string { return s.sign(s.write("empty.pdf", nil)) },
	"truncated":  func(s *scene) []string { return s.sign(s.write("cut.pdf", blankPDF()[:40])) },
	"cyclic page tree": func(s *scene) []string {
		b := buildPDF("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>")
		return s.sign(s.write("cycle.pdf", b), "--page", "1", "--rect", "1,1,99,99")
	},
	"cyclic reference": func(s *scene) []string {
		return s.sign(s.write("cycle.pdf", buildPDF("2 0 R", "1 0 R")))
	},
	"deeply nested": func(s *scene) []string {
		return s.sign(s.write("deep.pdf", buildPDF("<</Type/Catalog/Pages 2 0 R/AcroForm "+strings.Repeat("[", 200_000)+">>", "<</Type/Pages/Kids[]/Count 0>>")))
	},
	"hostile lengths": func(s *scene) []string {
		b := bytes.ReplaceAll(blankPDF(), []byte("/Type/Catalog/Pages 2 0 R"), []byte("/Type/ObjStm/N 99999999999/First 99999999999"))
		return s.sign(s.write("hostile.pdf", b))
	},
	"page tree too deep": func(s *scene) []string {
		objects := []string{"<</Type/Catalog/Pages 2 0 R>>"}
		for i := range 300 {
			objects = append(objects, fmt.Sprintf("<</Type/Pages/Count 1/Kids[%d 0 R]>>", i+3))
		}
		objects = append(objects, "<</Type/Page/MediaBox[0 0 9 9]>>")
		return s.sign(s.write("tree.pdf", buildPDF(objects...)))
	},
	"PDF password missing": func(s *scene) []string { return s.sign(s.encrypted("user", "owner")) },
	"PDF password wrong": func(s *scene) []string {
		return s.sign(s.encrypted("user", "owner"), "--password-file", s.write("wrong.txt", []byte("nobody\n")))
	},
	"permission bits forbid": func(s *scene) []string { return s.sign(s.encrypted("", "owner", "--modify=none")) },

	"key file absent": func(s *scene) []string {
		return []string{"sign", s.in, "-o", s.out, "--key", "p12:" + filepath.Join(s.dir, "absent.p12"), "--pin-file", filepath.Join(s.dir, "pin.txt")}
	},
	"key file's password wrong": func(s *scene) []string {
		return []string{"sign", s.in, "-o", s.out, "--key", "p12:" + filepath.Join(s.dir, "leader.p12"), "--pin-file", s.write("wrong.txt", []byte("wrong\n"))}
	},
	"PIN wrong":  func(s *scene) []string { return s.refusing(keys.ErrWrongPIN) },
	"PIN locked": func(s *scene) []string { return s.refusing(keys.ErrPINLocked) },
	"token not plugged in": func(s *scene) []string {
		return s.refusing(keys.ErrTokenMissing)
	},
	"key does not match certificate": func(s *scene) []string {
		return s.sign(s.in, "--key", "pem:"+s.pemKey(), "--cert", s.write("other.crt", s.pki.CA.Raw))
	},
	"certificate expired": func(s *scene) []string {
		return s.signWith(pkitest.Subject{NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour)}, false)
	},
	"certificate revoked (OCSP)": func(s *scene) []string {
		s.pki.Faults.Set("crl", pkitest.Fault{Status: 500})
		return s.signWith(pkitest.Subject{}, true, s.long("B-LT")...)
	},
	"certificate revoked (CRL)": func(s *scene) []string {
		s.pki.Faults.Set("ocsp", pkitest.Fault{Status: 500})
		return s.signWith(pkitest.Subject{}, true, s.long("B-LT")...)
	},
	"no revocation data": func(s *scene) []string {
		s.pki.Faults.Set("crl", pkitest.Fault{Status: 500})
		s.pki.Faults.Set("ocsp", pkitest.Fault{Status: 500})
		return s.sign(s.in, s.long("B-LT")...)
	},
	"responder not allowed": func(s *scene) []string {
		return s.sign(s.in, "--level", "B-LT", "--tsa", s.pki.URL("tsa"), "--trust", filepath.Join(s.dir, "trust"))
	},
	"no trust anchor": func(s *scene) []string {
		return s.sign(s.in, "--level", "B-LT", "--tsa", s.pki.URL("tsa"), "--allow-host", s.pki.Host())
	},
	"trust file absent": func(s *scene) []string { return s.sign(s.in, "--trust", filepath.Join(s.dir, "absent.crt")) },

	"trusted list changed": func(s *scene) []string {
		return s.sign(s.in, "--trust", filepath.Join(trustedFolder(s.T, filepath.Join(s.dir, "trust"), time.Now().AddDate(0, 3, 0)), "la.xml"))
	},
	"trusted list signed by a stranger": func(s *scene) []string {
		dir := trustedFolder(s.T, filepath.Join(s.dir, "trust"), time.Now().AddDate(0, 3, 0))
		if err := os.Remove(filepath.Join(dir, "vn.signer.pem")); err != nil {
			s.Fatal(err)
		}
		return s.sign(s.in, "--trust", filepath.Join(dir, "vn.xml"), "--trust", filepath.Join(dir, "la.xml"))
	},

	"TSA down": func(s *scene) []string {
		return s.sign(s.in, "--level", "B-T", "--tsa", "http://127.0.0.1:1/")
	},
	"TSA answers with an error":     func(s *scene) []string { return s.tsaFault(pkitest.Fault{Status: 500}) },
	"TSA refuses":                   func(s *scene) []string { return s.tsaFault(pkitest.Fault{Reject: true}) },
	"TSA lies (nonce)":              func(s *scene) []string { return s.tsaFault(pkitest.Fault{Nonce: true}) },
	"TSA lies (imprint)":            func(s *scene) []string { return s.tsaFault(pkitest.Fault{Imprint: true}) },
	"TSA's certificate is no TSA's": func(s *scene) []string { return s.tsaFault(pkitest.Fault{Usage: true}) },
	"TSA's answer truncated":        func(s *scene) []string { return s.tsaFault(pkitest.Fault{Truncate: true}) },

	"disk full": func(s *scene) []string {
		s.blocks = 8
		return s.sign(s.in)
	},
	"output not writable": func(s *scene) []string { return signArgs(s.dir, s.in, "-o", filepath.Join(s.in, "out.pdf")) },
	"output folder absent": func(s *scene) []string {
		return signArgs(s.dir, s.in, "-o", filepath.Join(s.dir, "absent", "out.pdf"))
	},
	"output is a device": func(s *scene) []string { return signArgs(s.dir, s.in, "-o", os.DevNull) },
	"interrupted": func(s *scene) []string {
		s.interrupt = 100 * time.Millisecond
		return s.tsaFault(pkitest.Fault{Delay: time.Minute})
	},

	"field to fill absent": func(s *scene) []string { return s.sign(s.in, "--fill", "number=05") },
	"field already signed": func(s *scene) []string {
		return s.sign(s.signed("--field", "leader"), "--field", "leader")
	},
	"field locked by the seal": func(s *scene) []string {
		reserved := filepath.Join(s.dir, "reserved.pdf")
		s.must("reserve", s.in, "number=1:50,700,60,20", "seal=1:300,300,100,100", "-o", reserved)
		sealed := filepath.Join(s.dir, "sealed.pdf")
		s.must(signArgs(s.dir, reserved, "-o", sealed, "--field", "seal", "--fill", "number=05")...)
		return s.sign(sealed, "--fill", "number=50")
	},
	"reservation after signing": func(s *scene) []string {
		return []string{"reserve", s.signed(), "number=1:50,700,60,20", "-o", filepath.Join(s.out, "x.pdf")}
	},
	"no gap to reserve": func(s *scene) []string {
		return []string{"reserve", s.in, "number", "-o", filepath.Join(s.out, "x.pdf")}
	},
	"DocMDP P=1 forbids a signature": func(s *scene) []string { return s.sign(s.signed("--certify", "1")) },
	"certification after a signature": func(s *scene) []string {
		return s.sign(s.signed(), "--certify", "2")
	},
	"signed file with damaged cross-reference": func(s *scene) []string {
		return s.sign(s.damage(s.signed(), func(b []byte) []byte { return startxref.ReplaceAll(b, []byte("startxref\n99")) }))
	},
	"anchor absent":        func(s *scene) []string { return s.sign(s.in, "--anchor", "KT. CHỦ TỊCH") },
	"page absent":          func(s *scene) []string { return s.sign(s.in, "--page", "7", "--rect", "10,10,100,50") },
	"box outside the page": func(s *scene) []string { return s.sign(s.in, "--rect", "9000,10,100,50") },
	"reserved box outside the page": func(s *scene) []string {
		return []string{"reserve", s.in, "number=1:10,-60,50,20", "-o", filepath.Join(s.out, "x.pdf")}
	},
	"picture unreadable": func(s *scene) []string {
		return s.sign(s.in, "--appearance", "person", "--image", s.write("no.png", []byte("no picture")))
	},
	"nothing to extend": func(s *scene) []string {
		return []string{"extend", s.in, "-o", s.out, "--tsa", s.pki.URL("tsa"), "--trust", filepath.Join(s.dir, "trust")}
	},
	"DOCX without LibreOffice": func(s *scene) []string {
		s.Setenv("PATH", s.out)
		return []string{"demo", "sign", "--in", s.write("draft.docx", []byte("PK")), "--out", filepath.Join(s.out, "demo")}
	},
	"no DOCX at all": func(s *scene) []string {
		return []string{"demo", "sign", "--in", s.write("draft.docx", []byte("hello")), "--out", filepath.Join(s.out, "demo")}
	},
	"training servers run already": func(s *scene) []string { return []string{"demo", "serve", s.dir} },
	"wrong usage":                  func(s *scene) []string { return []string{"sign", s.in, "--colour", "red"} },
}

// pemKey is a key of no certificate.
func (s *scene) pemKey() string {
	key, err := pkitest.NewKey(pkitest.P256)
	if err != nil {
		s.Fatal(err)
	}
	return s.write("key.pem", pemOf(s.T, key))
}
