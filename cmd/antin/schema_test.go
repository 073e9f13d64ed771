package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// reportKeys are all keys of verify's JSON and their types; "?" says that null stands where it is not known. Programs of others
// read them: a key more, less or of another type is a new schema.
var reportKeys = map[string]string{
	"":                                 "object",
	"schema":                           "string",
	"file":                             "string",
	"policy":                           "string",
	"validated_at":                     "string",
	"trust_snapshot":                   "string?",
	"checked":                          "number",
	"reused":                           "number",
	"document":                         "object",
	"document.indication":              "string",
	"document.sub_indication":          "string?",
	"document.sentence":                "string",
	"signatures":                       "array",
	"signatures.id":                    "string",
	"signatures.type":                  "string",
	"signatures.field":                 "string?",
	"signatures.format":                "string",
	"signatures.level":                 "string",
	"signatures.indication":            "string",
	"signatures.sub_indication":        "string?",
	"signatures.integrity":             "string",
	"signatures.byte_range":            "string",
	"signatures.covers_whole_document": "bool",
	"signatures.modifications":         "string",
	"signatures.changes":               "array",
	"signatures.changes.code":          "string",
	"signatures.changes.object":        "string",
	"signatures.changes.page":          "number?",
	"signatures.changes.before":        "string?",
	"signatures.changes.after":         "string?",
	"signatures.signer":                "object?",
	"signatures.signer.subject":        "string",
	"signatures.signer.serial":         "string",
	"signatures.signer.issuer":         "string",
	"signatures.signer.agency":         "string?",
	"signatures.signer.capacity":       "string?",
	"signatures.best_signature_time":   "string?",
	"signatures.claimed_time":          "string?",
	"signatures.valid_until":           "string?",
	"signatures.errors":                "array",
	"signatures.errors.code":           "string",
	"signatures.errors.text":           "string",
	"signatures.warnings":              "array",
	"signatures.warnings.code":         "string",
	"signatures.warnings.text":         "string",
}

// walk calls f with the path and type of every value.
func walk(path string, v any, f func(path, kind string)) {
	switch v := v.(type) {
	case map[string]any:
		f(path, "object")
		for key, below := range v {
			walk(strings.TrimPrefix(path+"."+key, "."), below, f)
		}
	case []any:
		f(path, "array")
		for _, below := range v {
			walk(path, below, func(p, kind string) {
				if p != path {
					f(p, kind)
				}
			})
		}
	case nil:
		f(path, "null")
	case float64:
		f(path, "number")
	default:
		f(path, fmt.Sprintf("%T", v))
	}
}

// keysBelow are the keys of the object at a path.
func keysBelow(path string) []string {
	var out []string
	for key := range reportKeys {
		if rest, ok := strings.CutPrefix(key, path); ok && rest != "" {
			if rest = strings.TrimPrefix(rest, "."); !strings.Contains(rest, ".") && (path == "" || key == path+"."+rest) {
				out = append(out, rest)
			}
		}
	}
	slices.Sort(out)
	return out
}

func checkObject(t *testing.T, path string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if got, want := slices.Sorted(maps.Keys(v)), keysBelow(path); !slices.Equal(got, want) {
			t.Errorf("%q has the keys %q, not %q", path, got, want)
		}
		for key, below := range v {
			checkObject(t, strings.TrimPrefix(path+"."+key, "."), below)
		}
	case []any:
		for _, below := range v {
			checkObject(t, path, below)
		}
	}
}

// TestVerifysJSONHasItsKeysAndNoOther, over a file that is good, one that was changed, one never signed, and a detached signature.
func TestVerifysJSONHasItsKeysAndNoOther(t *testing.T) {
	o := newOffice(t)
	online := append(o.tsa(t), o.network...)
	in, first, sealed, spoiled, cms := o.path("in.pdf"), o.path("1.pdf"), o.path("2.pdf"), o.path("3.pdf"), o.path("letter.p7s")
	o.run(t, exitDone, append(signArgs(o.dir, in, "-o", first, "--level", "B-LT", "--certify", "2", "--reserve", "number=1:50,700,60,20", "--reserve", "seal=1:300,300,100,100"), online...)...)
	o.run(t, exitDone, append(signArgs(o.dir, first, "-o", sealed, "--level", "B-LTA", "--field", "seal", "--fill", "number=05"), online...)...)
	o.run(t, exitDone, signArgs(o.dir, o.letter, "-o", cms, "--as", "cades-detached")...)
	b, err := os.ReadFile(sealed)
	if err != nil {
		t.Fatal(err)
	}
	b[20] ^= 1
	if err := os.WriteFile(spoiled, b, 0o600); err != nil {
		t.Fatal(err)
	}
	exit, out, _ := call(t, append([]string{"verify", sealed, spoiled, in, cms, "--format", "json"}, o.network...)...)
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if exit != exitFailed || len(lines) != 4 {
		t.Fatalf("exit %d %s", exit, out)
	}
	seen := map[string]bool{}
	for i, line := range lines {
		var report any
		if err := json.Unmarshal([]byte(line), &report); err != nil {
			t.Fatal(err)
		}
		checkObject(t, "", report)
		walk("", report, func(path, kind string) {
			seen[path] = true
			want, optional := strings.CutSuffix(reportKeys[path], "?")
			if kind != want && (!optional || kind != "null") {
				t.Errorf("file %d: %s is %s, not %s", i, path, kind, reportKeys[path])
			}
		})
	}
	for key := range reportKeys {
		if !seen[key] {
			t.Errorf("no file had %s", key)
		}
	}
	if base := filepath.Base(sealed); !strings.Contains(lines[0], base) {
		t.Errorf("the files are not in their order: %s", lines[0])
	}
}
