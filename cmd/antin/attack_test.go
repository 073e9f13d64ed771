package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antinvn/antin/verify/attack"
)

const sealedVector = "../../testdata/vectors/pades-sealed.pdf"

func TestAttackWritesEachVariantWithItsExpectation(t *testing.T) {
	dir := t.TempDir()
	exit, stdout, stderr := call(t, "attack", sealedVector, "-o", dir, "--format", "json")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if exit != exitDone || stderr != "" || len(lines) != len(attack.Variants()) {
		t.Fatalf("exit %d, %d lines\n%s", exit, len(lines), stderr)
	}
	signed, err := os.ReadFile(sealedVector)
	if err != nil {
		t.Fatal(err)
	}
	written := 0
	for _, line := range lines {
		var r variantReport
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Made != (r.File != nil) || r.Expect != "TOTAL_FAILED" && r.Expect != "warning" || r.Attack == "" || r.Description == "" {
			t.Errorf("%s", line)
		}
		if !r.Made {
			continue
		}
		written++
		if b, err := os.ReadFile(*r.File); err != nil || bytes.Equal(b, signed) || filepath.Dir(*r.File) != dir {
			t.Errorf("%s: %v", *r.File, err)
		}
	}
	if written < 35 {
		t.Errorf("only %d files were written", written)
	}
}

// TestAttackPreparesAFileForSigning: what is hidden then is signed along, and brought out by one variant alone.
func TestAttackPreparesAFileForSigning(t *testing.T) {
	dir, in := workplace(t)
	prepared, signed := filepath.Join(dir, "prepared.pdf"), filepath.Join(dir, "signed.pdf")
	if exit, _, stderr := call(t, "attack", "--prepare", in, "-o", prepared); exit != exitDone {
		t.Fatal(stderr)
	}
	if exit, _, stderr := call(t, signArgs(dir, prepared, "-o", signed)...); exit != exitDone {
		t.Fatal(stderr)
	}
	_, stdout, _ := call(t, "attack", signed, "-o", filepath.Join(dir, "forged"))
	if !strings.Contains(stdout, "signed.hidden-content-prepared.pdf") {
		t.Error(stdout)
	}
	if exit, stdout, _ := call(t, "verify", filepath.Join(dir, "forged", "signed.hidden-content-prepared.pdf"), "--offline"); exit != exitFailed || !strings.Contains(stdout, "[attack.shadow_hide_and_replace: ") {
		t.Errorf("exit %d: %s", exit, stdout)
	}
	if exit, _, stderr := call(t, "attack", "--prepare", signed, "-o", prepared); exit == exitDone || !strings.Contains(stderr, "pades.already_signed") {
		t.Errorf("exit %d: %s", exit, stderr)
	}
}

func TestAttackListsVariantsWithoutFile(t *testing.T) {
	exit, stdout, _ := call(t, "attack", "--list")
	if exit != exitDone || strings.Count(stdout, "\n") != len(attack.Variants()) || !strings.Contains(stdout, "shadow_hide_and_replace") {
		t.Errorf("exit %d\n%s", exit, stdout)
	}
	for _, args := range [][]string{{"attack"}, {"attack", sealedVector}, {"attack", "--list", sealedVector}, {"attack", "absent.pdf", "-o", t.TempDir()}} {
		if exit, _, _ := call(t, args...); exit != exitUnreadable {
			t.Errorf("%v: exit %d", args, exit)
		}
	}
}
