//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// recipe is a task of docs/cookbook.md.
type recipe struct {
	title  string
	needs  []string // programs
	blocks []string // of commands
}

func readCookbook(t *testing.T) []recipe {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash("../../docs/cookbook.md"))
	if err != nil {
		t.Fatal(err)
	}
	recipes := []recipe{{title: "before all"}}
	for i, part := range strings.Split(string(b), "\n```") {
		last := &recipes[len(recipes)-1]
		if code, ok := strings.CutPrefix(part, "sh\n"); ok && i%2 == 1 {
			last.blocks = append(last.blocks, code)
			continue
		}
		if i%2 == 1 {
			continue // another language
		}
		for line := range strings.Lines(part) {
			if title, ok := strings.CutPrefix(line, "## "); ok {
				recipes = append(recipes, recipe{title: strings.TrimSpace(title)})
			}
			if needs, ok := strings.CutPrefix(line, "Needs: "); ok {
				needs, _, _ = strings.Cut(needs, ".")
				recipes[len(recipes)-1].needs = strings.FieldsFunc(needs, func(r rune) bool { return r == ',' || r == ' ' })
			}
		}
	}
	return recipes
}

// TestCookbook runs every command of docs/cookbook.md as it is printed, in one shell in an empty folder, as a reader would.
func TestCookbook(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("sh is not installed")
	}
	const serve = "antin demo serve antin-demo"
	dir, bin := t.TempDir(), t.TempDir()
	if err := os.Symlink(self(t), filepath.Join(bin, "antin")); err != nil {
		t.Fatal(err)
	}
	remoteSigner(t, bin)
	environment := append(os.Environ(), asProgram+"=1", "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	start := func(script string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), shell, "-c", script)
		cmd.Dir, cmd.Env = dir, environment
		return cmd
	}
	var rest strings.Builder
	ran := 0
	for i, r := range readCookbook(t) {
		if missing := r.missing(bin); missing != "" {
			t.Logf("skipped %q: %s is not here", r.title, missing)
			continue
		}
		ran++
		rest.WriteString("echo '== " + strings.ReplaceAll(r.title, "'", "") + "'\n")
		for j, block := range r.blocks {
			switch {
			case i == 0 && j == 0:
				if out, err := start("set -e\n" + block).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			case strings.TrimSpace(block) == serve:
				startServers(t, start("exec "+serve))
			default:
				rest.WriteString(block + "\n")
			}
		}
	}
	if ran < 9 {
		t.Fatalf("only %d tasks were run", ran)
	}
	out, err := start("set -e\n" + rest.String()).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"signed.pdf", "visible.pdf", "sealed.pdf", "long.pdf", "report.json", "outbox/công văn 5.pdf", "stamped.pdf", "copy.pdf", "attachment.pdf"} {
		if st, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil || st.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// missing is the first of a recipe's programs that is not here.
func (r recipe) missing(bin string) string {
	for _, p := range r.needs {
		if p == "softhsm2-util" && !pkcs11Available {
			return "PKCS#11"
		}
		if p == "go" {
			if _, err := os.Stat(filepath.Join(bin, "remote-sign")); err != nil {
				return "go"
			}
			continue
		}
		if _, err := exec.LookPath(p); err != nil {
			return p
		}
	}
	return ""
}

// remoteSigner builds the example program, where there is a go command.
func remoteSigner(t *testing.T, bin string) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		return
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "remote-sign"), "../../docs/examples/remote").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// startServers runs the demo's servers until the test ends.
func startServers(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	ready := &signalWriter{ready: make(chan struct{})}
	cmd.Stdout = ready
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	select {
	case <-ready.ready:
	case <-time.After(20 * time.Second):
		t.Fatal("the servers did not start")
	}
}
