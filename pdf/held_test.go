package pdf_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/antinvn/antin/pdf"
)

// TestAFileIsTheSameInMemoryAndInWindows holds the two ways of reading to each other over the kinds of cross-references.
func TestAFileIsTheSameInMemoryAndInWindows(t *testing.T) {
	long := tableFile("", "", append(append([]string{}, onePage...), "("+string(bytes.Repeat([]byte("lang "), 3000))+")", "<"+string(bytes.Repeat([]byte("41"), 9000))+">")...)
	for _, s := range append(seeds, string(long)) {
		held := everything(t, bytes.NewReader([]byte(s)), len(s))
		for name, r := range map[string]io.ReaderAt{
			"read at once": struct{ io.ReaderAt }{bytes.NewReader([]byte(s))},
			"in windows":   &inWindows{r: bytes.NewReader([]byte(s))},
		} {
			if got := everything(t, r, len(s)); !slices.Equal(got, held) {
				t.Errorf("%s:\n%q\nin memory:\n%q", name, got, held)
			}
		}
	}
}

func TestBytesAndRangesOfAFile(t *testing.T) {
	b := tableFile("", "", onePage...)
	for name, r := range map[string]io.ReaderAt{"in memory": bytes.NewReader(b), "in windows": &inWindows{r: bytes.NewReader(b)}} {
		d, err := pdf.Open(t.Context(), r, int64(len(b)), nil)
		if err != nil {
			t.Fatal(name, err)
		}
		if got, err := d.Bytes(1, 7); err != nil || string(got) != string(b[1:8]) || cap(got) < 7 {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if _, err := d.Bytes(int64(len(b))-3, 4); !errors.Is(err, pdf.ErrRead) {
			t.Errorf("%s, behind the end: %v", name, err)
		}
		var out bytes.Buffer
		if err := d.WriteRange(t.Context(), &out, 5, 50); err != nil || !bytes.Equal(out.Bytes(), b[5:50]) {
			t.Errorf("%s: %q, %v", name, out.Bytes(), err)
		}
		if err := d.WriteRange(t.Context(), &out, 5, int64(len(b))+1); !errors.Is(err, pdf.ErrRead) {
			t.Errorf("%s, behind the end: %v", name, err)
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if err := d.WriteRange(ended, io.Discard, 0, 10); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: %v", name, err)
		}
	}
}
