package interop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// peers are the declared ones, in the order of the table.
var peers = []string{"antin", "pdfsig", "qpdf", "openssl", "pyhanko", "dss", "verapdf"}

// ran counts the cases of each peer, spoiled twins included.
var ran = struct {
	sync.Mutex
	n map[string]int
}{n: map[string]int{}}

func count(peer string) {
	ran.Lock()
	defer ran.Unlock()
	ran.n[peer]++
}

// all says that the whole suite is asked for.
func all() bool { return os.Getenv("ANTIN_INTEROP") == "all" }

// strict says that no declared peer may be missing.
func strict() bool { return all() || os.Getenv("CI") == "true" }

func TestMain(m *testing.M) {
	code := m.Run()
	for _, p := range peers {
		fmt.Printf("interop: %-8s %4d cases\n", p, ran.n[p])
		if strict() && code == 0 && ran.n[p] == 0 && !slices.ContainsFunc(os.Args, func(a string) bool {
			return strings.HasPrefix(a, "-test.run=") && a != "-test.run=" || strings.HasPrefix(a, "-test.list=")
		}) {
			fmt.Printf("interop: %s is declared and ran no case\n", p)
			code = 1
		}
	}
	os.Exit(code)
}

// absent are the peers that are not installed here, with the reason.
var absent = sync.OnceValue(func() map[string]string {
	missing := map[string]string{}
	for _, p := range []string{"pdfsig", "qpdf", "openssl", "soffice", "gs", "chromium"} { // the last three make inputs
		if _, err := exec.LookPath(p); err != nil {
			missing[p] = "not in PATH"
		}
	}
	if err := exec.Command(python(), "-c", "import pyhanko.sign").Run(); err != nil {
		missing["pyhanko"] = "not in " + python()
	}
	for p, jar := range map[string]string{"dss": "java/target/lib/dss-pades-pdfbox-6.4.jar", "verapdf": "verapdf/target/lib/greenfield-apps-1.28.2.jar"} {
		if _, err := exec.LookPath("java"); err != nil {
			missing[p] = "needs java"
		} else if _, err := os.Stat(jar); err != nil {
			missing[p] = jar + " is missing: run mvn compile in that folder"
		}
	}
	return missing
})

// present says that a peer can be asked; in CI a missing one fails the test.
func present(t *testing.T, peer string) bool {
	t.Helper()
	why, missing := absent()[peer]
	if missing && strict() {
		t.Fatalf("%s: %s", peer, why)
	}
	return !missing
}

// needs skips a test that is about one peer.
func needs(t *testing.T, peer string) {
	t.Helper()
	if !present(t, peer) {
		t.Skipf("%s: %s", peer, absent()[peer])
	}
}

func python() string {
	if p := os.Getenv("ANTIN_PYTHON"); p != "" {
		return p
	}
	return "python3"
}

// say runs a program and returns its words; its exit status says nothing.
func say(ctx context.Context, name string, args ...string) string {
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
	out, _ := c.CombinedOutput() // the words count
	return string(out)
}

// answers gives a peer program all its jobs in one run and reads a line of JSON for each.
func answers[T any](t *testing.T, jobs [][]string, name string, args ...string) []T {
	t.Helper()
	if len(jobs) == 0 {
		return nil
	}
	var in strings.Builder
	for _, j := range jobs {
		in.WriteString(strings.Join(j, "\t") + "\n")
	}
	c := exec.CommandContext(t.Context(), name, args...)
	var out, words bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(in.String()), &out, &words
	if err := c.Run(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, words.String())
	}
	var found []T
	for line := range bytes.Lines(out.Bytes()) {
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%s said %q: %v", name, line, err)
		}
		found = append(found, v)
	}
	if len(found) != len(jobs) {
		t.Fatalf("%s gave %d answers for %d jobs: %s", name, len(found), len(jobs), words.String())
	}
	return found
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	a, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
