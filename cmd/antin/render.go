package main

import (
	"os"
	"path/filepath"

	"github.com/antinvn/antin/internal/foundation/sandbox"
)

// newSandbox is where this command looks at pages that it does not trust. pdfium as compiled is kept with the user's caches: without
// it, each page would take seconds.
func newSandbox() (*sandbox.Sandbox, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	return sandbox.New(sandbox.Config{Cache: filepath.Join(cache, "antin", "pdfium")})
}
