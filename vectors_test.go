package antin_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/verify"
)

// vector is a file with what an implementation must say of it. testdata/vectors/README.md describes it for other implementers.
type vector struct {
	Version int             `json:"version"`
	File    string          `json:"file"`
	Content string          `json:"content,omitempty"` // of a detached signature
	At      time.Time       `json:"at"`
	Error   string          `json:"error,omitempty"`  // the code, where the file cannot be read
	Report  json.RawMessage `json:"report,omitempty"` // as antin verify --offline --format json says
}

const vectorVersion = 1

// TestVectors holds every file of testdata/vectors to its expectation; ANTIN_UPDATE=1 writes the expectations.
func TestVectors(t *testing.T) {
	const dir = "testdata/vectors"
	store, err := trust.Load(dir + "/trust")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, pattern := range []string{"*.pdf", "*.p7m", "*.p7s"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 15 {
		t.Fatalf("only %d vectors", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			expectation := strings.TrimSuffix(file, filepath.Ext(file)) + ".json"
			want := vector{Version: vectorVersion, File: filepath.Base(file), At: time.Now().UTC().Truncate(time.Second)}
			if content := strings.TrimSuffix(file, ".p7s") + ".content"; strings.HasSuffix(file, ".p7s") {
				want.Content = filepath.Base(content)
			}
			update := os.Getenv("ANTIN_UPDATE") == "1"
			if b, err := os.ReadFile(expectation); err == nil {
				if err := json.Unmarshal(b, &want); err != nil {
					t.Fatal(err)
				}
			} else if !update {
				t.Fatal(err)
			}
			got := want
			got.Error, got.Report = judge(t, dir, &want, store)
			var written bytes.Buffer
			enc := json.NewEncoder(&written)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(got); err != nil {
				t.Fatal(err)
			}
			if update {
				if err := os.WriteFile(expectation, written.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if b, err := os.ReadFile(expectation); err != nil || !bytes.Equal(b, written.Bytes()) {
				t.Errorf("%v\n%s", err, written.Bytes())
			}
		})
	}
}

func judge(t *testing.T, dir string, v *vector, store *trust.Store) (string, json.RawMessage) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, v.File))
	if err != nil {
		t.Fatal(err)
	}
	o := &verify.CollectOptions{Trust: store, Offline: true, At: v.At}
	if v.Content != "" {
		content, err := os.ReadFile(filepath.Join(dir, v.Content))
		if err != nil {
			t.Fatal(err)
		}
		o.Content = io.NewSectionReader(bytes.NewReader(content), 0, int64(len(content)))
	}
	facts, err := verify.Collect(t.Context(), bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		if codes.Of(err) == "" {
			t.Error(errors.New("an error without a code"), err)
		}
		return codes.Of(err), nil
	}
	report, err := verify.Decide(facts, verify.DefaultPolicy(), v.At).Report("en").JSON()
	if err != nil {
		t.Fatal(err)
	}
	return "", report
}
