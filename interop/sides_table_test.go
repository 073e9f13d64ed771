package interop

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// validators are the columns of the table.
var validators = []string{"antin", "DSS", "pyHanko"}

// difference explains where another validator says something else than we do.
type difference struct {
	validator string
	where     *regexp.Regexp // in "format, level, producer, state"
	said      *regexp.Regexp // what it says
	ours      *regexp.Regexp // what we say
	why       string         // with the clause
	sometimes bool           // in some runs it says what we say
}

// explained is the number of the difference that explains what a validator says, from 1; 0: it says what we say; -1: nothing does.
func explained(f *judged, validator string) int {
	ours, theirs := f.said["antin"], f.said[validator]
	// Levels are compared where the whole file is there to be relied on: what is wrong otherwise, nobody counts alike.
	alike := slices.Equal(ours.words, theirs.words) && (f.state != asIs || theirs.levels == nil || slices.Equal(ours.levels, theirs.levels))
	for i, d := range differences {
		if d.validator == validator && d.where.MatchString(f.String()) && d.ours.MatchString(ours.String()) &&
			(d.said.MatchString(theirs.String()) || alike && d.sometimes) {
			return i + 1
		}
	}
	if alike {
		return 0
	}
	return -1
}

// String is a cell: the indications of all signatures, once where they are the same.
func (o opinion) String() string {
	if len(o.words) == 0 {
		return "no signature"
	}
	return strings.Join(slices.Compact(slices.Clone(o.words)), "; ")
}

// compare holds every difference to its explanation, and the table to the document.
func (s *sides) compare() {
	s.t.Helper()
	used := map[int]bool{}
	for _, f := range s.all {
		for _, v := range validators[1:] {
			n := explained(f, v)
			used[n] = true
			if n < 0 {
				s.t.Errorf("%s (%s): antin says %s %v, %s %s %v: no clause explains it",
					f, f.algorithm, f.said["antin"], f.said["antin"].levels, v, f.said[v], f.said[v].levels)
			}
		}
		if f.state == asIs && strings.Trim(f.said["antin"].String(), "; ") != "TOTAL_PASSED" {
			s.t.Errorf("%s: antin says %s", f, f.said["antin"])
		}
	}
	if !all() || s.t.Failed() {
		return
	}
	for i := range differences {
		if !used[i+1] {
			s.t.Errorf("difference %d is none any more: %s", i+1, differences[i].why)
		}
	}
	holdSection(s.t, "side-by-side table", "TestSideBySide", s.table())
}

// row is a line of the table.
type row struct{ format, level, producer, state, cells string }

// table merges rows that say the same of several producers, levels or formats.
func (s *sides) table() string {
	var rows []row
	for _, f := range s.all {
		r := row{format: f.format, level: f.level, producer: f.producer, state: f.state}
		for _, v := range validators {
			r.cells += "| " + cell(f, v) + " "
		}
		rows = append(rows, r)
	}
	rows = merge(rows, func(r *row) *string { return &r.producer })
	rows = merge(rows, func(r *row) *string { return &r.level })
	rows = merge(rows, func(r *row) *string { return &r.format })
	slices.SortStableFunc(rows, func(a, b row) int { return slices.Index(states, a.state) - slices.Index(states, b.state) })
	var b strings.Builder
	b.WriteString("\n| state | signed by | format | level | " + strings.Join(validators, " | ") + " |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s %s|\n", r.state, r.producer, r.format, r.level, r.cells)
	}
	b.WriteByte('\n')
	for i, d := range differences {
		fmt.Fprintf(&b, "%d. %s: %s\n", i+1, d.validator, d.why)
	}
	b.WriteByte('\n')
	return b.String()
}

func cell(f *judged, validator string) string {
	words := f.said[validator].String()
	if validator == "antin" {
		return words
	}
	switch n := explained(f, validator); {
	case n == 0:
		return "the same"
	case n > 0 && differences[n-1].sometimes:
		return fmt.Sprintf("%s or the same (%d)", strings.Trim(differences[n-1].said.String(), "^$"), n)
	case strings.Contains(words, "Error"):
		return fmt.Sprintf("no answer (%d)", n)
	default:
		return fmt.Sprintf("%s (%d)", words, n)
	}
}

// merge joins rows that differ in one column alone.
func merge(rows []row, column func(*row) *string) []row {
	var merged []row
	at := map[row]int{}
	for _, r := range rows {
		key := r
		*column(&key) = ""
		if i, ok := at[key]; ok {
			if c := column(&merged[i]); !slices.Contains(strings.Split(*c, "; "), *column(&r)) {
				*c += "; " + *column(&r)
			}
			continue
		}
		at[key] = len(merged)
		merged = append(merged, r)
	}
	return merged
}

// holdSection holds a section of docs/conformance.md between its marks to what was found, or writes it.
func holdSection(t *testing.T, name, test, want string) {
	t.Helper()
	begin := "<!-- " + name + ": written by ANTIN_INTEROP=all ANTIN_UPDATE=1 go test ./interop -run " + test + " -->\n"
	end := "<!-- end of the " + name + " -->\n"
	doc := read(t, conformance)
	before, rest, ok := bytes.Cut(doc, []byte(begin))
	found, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the %s", conformance, name)
	}
	if want == string(found) {
		return
	}
	if os.Getenv("ANTIN_UPDATE") == "" {
		t.Fatalf("the %s in %s is not what was found:\n%s", name, conformance, want)
	}
	write(t, conformance, slices.Concat(before, []byte(begin+want+end), after))
}
