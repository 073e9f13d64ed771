package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// row is one comparison.
type row struct {
	What     string `json:"what"`
	Measured string `json:"measured"` // ours
	Peer     string `json:"peer"`     // what it is held against, with its figure
	Result   string `json:"result"`   // ratio or difference
	Goal     string `json:"goal"`
	Verdict  string `json:"verdict"` // "met", "missed", or why it was not measured
}

type table struct {
	Machine string `json:"machine"`
	Rows    []row  `json:"rows"`
}

func newTable() *table { return &table{Machine: machine()} }

func (t *table) add(r row, met bool) {
	r.Verdict = "missed"
	if met {
		r.Verdict = "met"
	}
	t.Rows = append(t.Rows, r)
}

// skip records what could not be measured: a table without the line would look complete.
func (t *table) skip(what, goal, why string) {
	t.Rows = append(t.Rows, row{What: what, Goal: goal, Verdict: "not measured: " + why})
}

func (t *table) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(t)
}

func (t *table) writeMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n| what | measured | against | result | goal | |\n|---|---|---|---|---|---|\n", t.Machine)
	for _, r := range t.Rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.What, r.Measured, r.Peer, r.Result, r.Goal, r.Verdict)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func median[T ~int64 | ~float64](v []T) T {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.3f ms", float64(d)/1e6) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func mb(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
