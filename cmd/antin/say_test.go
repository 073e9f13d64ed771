package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	spoken   = regexp.MustCompile(`\b(?:say|wrong)\((?:[^\n]*?, )?"([a-z]+\.[a-z0-9_.]*[a-z0-9_])"`)
	quotedAs = regexp.MustCompile(`"([a-z]+\.[a-z0-9_.]*[a-z0-9_])"`)
)

// TestEveryTextIsThereAndSaid reads the sources: a key that is said has its text, and a text is said somewhere.
func TestEveryTextIsThereAndSaid(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, c := range commands(&env{}) {
		if key := c.name + ".summary"; own().Has(key) {
			said[key] = true
		} else {
			t.Errorf("%s has no text", key)
		}
	}
	for _, key := range []string{"certpath.valid", "certpath.invalid", "certpath.undetermined", "ask.pin_last", "ask.password_last"} { // put together
		said[key] = true
	}
	for _, file := range sources {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range spoken.FindAllStringSubmatch(string(b), -1) {
			if !own().Has(m[1]) {
				t.Errorf("%s: %s has no text", file, m[1])
			}
		}
		for _, m := range quotedAs.FindAllStringSubmatch(string(b), -1) {
			said[m[1]] = true
		}
	}
	for _, key := range own().Keys() {
		if !said[key] {
			t.Errorf("%s is said nowhere", key)
		}
	}
}
