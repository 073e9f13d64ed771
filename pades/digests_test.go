package pades

import (
	"bytes"
	"context"
	"crypto"
	"io"
	"testing"

	"github.com/antinvn/antin/pdf"
)

// counting counts the bytes that are read of a file.
type counting struct {
	r io.ReaderAt
	n int64
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}

// TestRangesAreHashedInOnePass: several ranges over one beginning read it once, and each digest is the one that it would be
// alone.
func TestRangesAreHashedInOnePass(t *testing.T) {
	content := []byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%" +
		string(bytes.Repeat([]byte("x"), 1<<20)) + "\ntrailer<</Size 3/Root 1 0 R>>\n%%EOF\n")
	file := &counting{r: bytes.NewReader(content)}
	d, err := pdf.Open(context.Background(), file, int64(len(content)), nil)
	if err != nil {
		t.Fatal(err)
	}
	size := int64(len(content))
	ranges := []byteRange{
		{crypto.SHA256, 0, size - 3000, size - 2900, size - 2000},
		{crypto.SHA256, 0, size - 1900, size - 1800, size - 1000},
		{crypto.SHA512, 0, size - 1900, size - 1800, size - 1000},
		{crypto.SHA256, 0, size - 900, size - 900, size},
		{crypto.SHA256, 0, 10, 500_000, 500_000}, // ends with its value
	}
	g := &digester{doc: d, ranges: ranges[:4], done: map[byteRange][]byte{}}
	file.n = 0
	for _, r := range ranges {
		alone := r.hash.New()
		alone.Write(content[:r.value])
		alone.Write(content[r.rest:r.end])
		got, err := g.sum(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, alone.Sum(nil)) {
			t.Errorf("the digest of %v is wrong", r)
		}
	}
	if file.n > size+10_000 {
		t.Errorf("%d bytes were read for %d", file.n, size)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := g.sum(cancelled, byteRange{crypto.SHA256, 0, 1, 2, size}); err == nil {
		t.Error("a cancelled pass gave a digest")
	}
}
