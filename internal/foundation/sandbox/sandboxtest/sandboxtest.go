// Package sandboxtest opens sandboxes for the tests of rooms that read documents.
//
//	func TestMain(m *testing.M) {
//		sandbox.Child()
//		os.Exit(m.Run())
//	}
//
//	s := sandboxtest.Open(t)
package sandboxtest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/sandbox"
)

// Open is a sandbox whose children are the test program itself, with time for a busy machine. Pdfium is compiled once for all tests.
func Open(t testing.TB) *sandbox.Sandbox {
	t.Helper()
	folder, err := os.UserCacheDir()
	if err != nil {
		folder = t.TempDir()
	}
	s, err := sandbox.New(sandbox.Config{Cache: filepath.Join(folder, "antin-ci", "pdfium"), Limits: sandbox.Limits{Wall: time.Minute}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
