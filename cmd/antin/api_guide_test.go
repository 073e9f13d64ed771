package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The lines of docs/api.md that a shell runs carry a document from upload to issue, in the demo's house.
func TestTheGuideToCallsRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("it calls by other programs, one after the other")
	}
	for _, program := range []string{"bash", "curl", "jq", "openssl"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	page, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, script, found := strings.Cut(string(page), "```sh\n")
	script, _, ended := strings.Cut(script, "```\n")
	if !found || !ended || !strings.Contains(script, "at=http://localhost:8480\n") {
		t.Fatal("the guide has no lines to run")
	}
	decision, err := os.ReadFile("assets/decision.pdf")
	if err != nil {
		t.Fatal(err)
	}
	dir, data, address := t.TempDir(), t.TempDir(), freePort(t)
	if err := os.WriteFile(filepath.Join(dir, "decision.pdf"), decision, 0o600); err != nil {
		t.Fatal(err)
	}

	var out, errs bytes.Buffer
	e := &env{stdout: &out, stderr: &errs, clock: time.Now, lang: "vi"}
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan int, 1)
	go func() {
		over <- run(ctx, e, []string{"demo", "--listen", address, "--data", filepath.Join(data, "demo")})
	}()
	defer func() {
		stop()
		if code := <-over; code != 0 {
			t.Errorf("the demo ends with %d: %s", code, &errs)
		}
	}()
	wait(t, "http://"+address+"/readyz")

	shell := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", strings.Replace(script, "http://localhost:8480", "http://"+address, 1))
	shell.Dir = dir
	said, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	var issued struct {
		State, Notation, Signer string
		Training                bool
	}
	var checked struct {
		Training   bool
		Indication string
	}
	d := json.NewDecoder(bytes.NewReader(said))
	for _, v := range []any{&issued, &checked} {
		if err := d.Decode(v); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
	}
	if issued.State != "issued" || !strings.HasSuffix(issued.Notation, "/QĐ-UBND") || issued.Signer == "" || !issued.Training || !checked.Training || checked.Indication != "TOTAL_PASSED" {
		t.Errorf("%s", said)
	}
}

// wait waits for a house to answer.
func wait(t *testing.T, address string) {
	t.Helper()
	for range 600 {
		r, err := http.Get(address)
		if err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the house does not answer")
}
