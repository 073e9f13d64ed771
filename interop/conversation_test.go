package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// conversation is a peer program that stays, for jobs that need the answers of earlier ones: it starts once.
type conversation struct {
	name  string
	in    io.Writer
	out   *bufio.Reader
	words bytes.Buffer
}

func converse(t *testing.T, name string, args ...string) *conversation {
	t.Helper()
	c := &conversation{name: name}
	program := exec.CommandContext(t.Context(), name, args...)
	program.Stderr = &c.words
	in, err := program.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = in.Close(), program.Wait() // it ends with its input, or with the test's context
	})
	c.in, c.out = in, bufio.NewReader(out)
	return c
}

// answersOf gives a job after another and reads the answer of each.
func answersOf[T any](t *testing.T, c *conversation, jobs [][]string) []T {
	t.Helper()
	found := make([]T, len(jobs))
	for i, job := range jobs {
		if _, err := io.WriteString(c.in, strings.Join(job, "\t")+"\n"); err != nil {
			t.Fatalf("%s: %v: %s", c.name, err, c.words.String())
		}
		line, err := c.out.ReadBytes('\n')
		if err != nil {
			t.Fatalf("%s: %v: %s", c.name, err, c.words.String())
		}
		if err := json.Unmarshal(line, &found[i]); err != nil {
			t.Fatalf("%s said %q: %v", c.name, line, err)
		}
	}
	return found
}

func dssArguments(root string) []string {
	path := "java/target/classes" + string(filepath.ListSeparator) + "java/target/lib/*"
	return []string{"-Djava.awt.headless=true", "-XX:TieredStopAtLevel=1", "-cp", path, "vn.antin.interop.Dss", root}
}
