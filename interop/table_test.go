package interop

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
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
func writeTable(t *testing.T, inputs []input, results []verdict) {
	t.Helper()
	var b strings.Builder
	b.WriteString("\n| input | level | " + strings.Join(peers, " | ") + " |\n|---|---|" + strings.Repeat("---|", len(peers)) + "\n")
	for _, in := range inputs {
		for _, level := range levels {
			fmt.Fprintf(&b, "| %s | %s |", in.name, level)
			for _, peer := range peers {
				b.WriteString(" " + tableCell(results, in.name, level, peer) + " |")
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

// tableCell is "6": algorithms with which the peer accepts the file and refuses its twin, and what it cannot read.
func tableCell(results []verdict, in string, level pades.Level, peer string) string {
	passed, cannot := 0, []string{}
	for i := range results {
		v := &results[i]
		if v.peer != peer || v.of.level != level || v.of.input.name != in || !v.apply {
			continue
		}
		if v.good == "" {
			passed++
		}
		for _, c := range inabilities {
			if c.peer == peer && c.applies(v.of) && !slices.Contains(cannot, c.what) {
				cannot = append(cannot, c.what)
			}
		}
	}
	switch {
	case passed == 0:
		return "–"
	case len(cannot) > 0:
		return fmt.Sprintf("%d, not %s", passed, strings.Join(cannot, ", "))
	}
	return strconv.Itoa(passed)
}

func evidence(t *testing.T, path string) (*pades.Evidence, error) {
	t.Helper()
	b := read(t, path)
	d, err := pdf.Open(context.Background(), bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		return nil, err
	}
	return pades.StoredEvidence(d.Latest(), nil)
}
