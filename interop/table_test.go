package interop

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

const (
	conformance = "../docs/conformance.md"
	tableBegin  = "<!-- interop table: written by ANTIN_INTEROP=all ANTIN_UPDATE=1 go test ./interop -->\n"
	tableEnd    = "<!-- end of the interop table -->\n"
)

// writeTable holds the table in docs/conformance.md to what was found, or writes it.
func writeTable(t *testing.T, results []verdict) {
	t.Helper()
	var b strings.Builder
	b.WriteString("\n| level | algorithm | " + strings.Join(peers, " | ") + " |\n|---|---|" + strings.Repeat("---|", len(peers)) + "\n")
	for _, level := range levels {
		for _, algorithm := range algorithms {
			fmt.Fprintf(&b, "| %s | %s |", level, algorithm)
			for _, peer := range peers {
				b.WriteString(" " + tableCell(results, level, algorithm, peer) + " |")
			}
			b.WriteByte('\n')
		}
	}
	b.WriteByte('\n')
	doc := read(t, conformance)
	before, rest, ok := bytes.Cut(doc, []byte(tableBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(tableEnd))
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", conformance)
	}
	want := string(before) + tableBegin + b.String() + tableEnd + string(after)
	if want == string(doc) {
		return
	}
	if os.Getenv("ANTIN_UPDATE") == "" {
		t.Fatalf("the table in %s is not what was found:\n%s", conformance, b.String())
	}
	write(t, conformance, []byte(want))
}

// tableCell is "7/7": inputs that the peer accepts, with their twins refused, of those it was asked about.
func tableCell(results []verdict, level pades.Level, algorithm, peer string) string {
	asked, passed := 0, 0
	for i := range results {
		v := &results[i]
		if v.peer != peer || v.of.level != level || v.of.algorithm != algorithm || !v.apply {
			continue
		}
		asked++
		if v.good == "" && v.twin == "" {
			passed++
		}
	}
	switch {
	case asked == 0:
		return "–"
	case passed == 0:
		return "cannot"
	}
	return fmt.Sprintf("%d/%d", passed, asked)
}

func evidence(t *testing.T, path string) (*pades.Evidence, error) {
	t.Helper()
	b := read(t, path)
	d, err := pdf.Open(context.Background(), bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		return nil, err
	}
	return pades.StoredEvidence(d.Latest())
}
