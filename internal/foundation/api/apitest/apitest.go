// Package apitest holds a server to its own OpenAPI document: the document to the standard's schema, and answers to the document.
package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/api"
)

// OpenAPI is a document, as far as tests look into it.
type OpenAPI struct {
	Paths map[string]map[string]struct {
		OperationID string           `json:"operationId"`
		Methods     []string         `json:"x-antin-methods"`
		Security    []map[string]any `json:"security"`
	} `json:"paths"`

	raw []byte
}

// Document asks a server for its document.
func Document(t testing.TB, h http.Handler) *OpenAPI {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://antin.example"+api.DocumentPath, nil))
	d := &OpenAPI{raw: w.Body.Bytes()}
	if err := json.Unmarshal(d.raw, d); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d: %v", w.Code, err)
	}
	return d
}

// Raw is the document's JSON.
func (d *OpenAPI) Raw() []byte { return d.raw }

// Validate holds a document to the schema of OpenAPI 3.1.
func Validate(t testing.TB, document []byte) {
	t.Helper()
	if said, ok := run(t, validate, document); !ok {
		t.Errorf("no valid document: %s", said)
	}
}

// Valid tells whether it is, for tests of the test.
func Valid(t testing.TB, document []byte) bool {
	t.Helper()
	_, ok := run(t, validate, document)
	return ok
}

// Answer holds an answer to what the document says of an operation.
func Answer(t testing.TB, d *OpenAPI, method, path string, answer []byte) {
	t.Helper()
	if why := missing(); why != "" {
		t.Log("an answer is not held to the document: ", why) // the rest of the test stands by itself
		return
	}
	both, err := json.Marshal(map[string]any{"document": json.RawMessage(d.raw), "method": strings.ToLower(method), "path": path, "answer": json.RawMessage(answer)})
	if err != nil {
		t.Fatal(err)
	}
	if said, ok := run(t, instance, both); !ok {
		t.Errorf("%s %s answers what is not described: %s", method, path, said)
	}
}

const (
	validate = `import json, sys
from openapi_spec_validator import validate
validate(json.load(sys.stdin))`
	instance = `import json, sys
from openapi_schema_validator import OAS31Validator
x = json.load(sys.stdin)
d = x["document"]
s = d["paths"][x["path"]][x["method"]]["responses"]["200"]["content"]["application/json"]["schema"]
OAS31Validator({"$ref": s["$ref"], "components": d["components"]}).validate(x["answer"])`
)

// run asks programs of others (PyPI openapi-spec-validator, openapi-schema-validator); where they are not installed, a test is passed over,
// except in CI.
func run(t testing.TB, program string, in []byte) (said string, ok bool) {
	t.Helper()
	if why := missing(); why != "" {
		t.Skip(why)
	}
	return python(program, in)
}

// missing tells why no program of others can be asked, "" where one can. In CI it is installed.
var missing = sync.OnceValue(func() string {
	if out, ok := python("import openapi_spec_validator", nil); !ok && os.Getenv("CI") == "" {
		return "openapi-spec-validator is not here: " + out
	}
	return ""
})

// python runs a program that reads from its input, for a minute at most.
func python(program string, in []byte) (said string, ok bool) {
	name := os.Getenv("ANTIN_PYTHON")
	if name == "" {
		name = "python3"
	}
	ctx, end := context.WithTimeout(context.Background(), time.Minute)
	defer end()
	c := exec.CommandContext(ctx, name, "-c", program) //nolint:gosec // whoever runs the tests names the program
	c.Stdin = bytes.NewReader(in)
	out, err := c.CombinedOutput()
	if err != nil && len(out) == 0 {
		out = []byte(err.Error())
	}
	return string(out), err == nil
}
