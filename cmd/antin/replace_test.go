package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func stage(t *testing.T, path, content string) *replacement {
	t.Helper()
	r, err := replace(path, func(w *os.File) error { _, err := w.WriteString(content); return err })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSettlingPutsEachFileIntoItsPlace(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(other, "b")
	group := []*replacement{stage(t, a, "one"), stage(t, b, "two")}
	if _, err := os.Stat(a); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("it stands there before it is durable: %v", err)
	}
	for _, err := range settle(group) {
		if err != nil {
			t.Error(err)
		}
	}
	for path, want := range map[string]string{a: "one", b: "two"} {
		if got, err := os.ReadFile(path); string(got) != want {
			t.Errorf("%s holds %q, %v", path, got, err)
		}
	}
}

func TestOneFileThatCannotBeSettledStopsNoOther(t *testing.T) {
	dir := t.TempDir()
	a, b, c := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "c")
	if err := os.WriteFile(b, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	group := []*replacement{stage(t, a, "one"), stage(t, b, "two"), stage(t, c, "three")}
	group[1].tmp.Close() // as if the disk failed: it cannot be synced any more
	errs := settle(group)
	if errs[0] != nil || !errors.Is(errs[1], errOutput) || errs[2] != nil {
		t.Fatalf("%v", errs)
	}
	if got, _ := os.ReadFile(b); string(got) != "old" {
		t.Errorf("b holds %q", got)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("temporary files stay: %v %v", entries, err)
	}
}
