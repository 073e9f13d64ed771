package verify

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var testTime = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// decisionCase is one line of testdata/decide/*.jsonl; README.md there explains it.
type decisionCase struct {
	Name   string         `json:"name"`
	Clause string         `json:"clause"`
	Base   string         `json:"base"`
	Set    map[string]any `json:"set"`
	Policy string         `json:"policy"`
	At     time.Time      `json:"at"`
	Want   struct {
		Indication    Indication    `json:"indication"`
		Sub           SubIndication `json:"sub"`
		Of            int           `json:"of"`
		Process       Process       `json:"process"`
		Level         string        `json:"level"`
		Integrity     string        `json:"integrity"`
		Modifications Class         `json:"modifications"`
		Best          string        `json:"best"`
		Until         string        `json:"until"`
		Error         string        `json:"error"`
		Warning       string        `json:"warning"`
		Stamps        []Indication  `json:"stamps"`
		Past          string        `json:"past"`
	} `json:"want"`
}

// TestDecisions runs every case twice: the answer is the one wanted, and the same bytes again.
func TestDecisions(t *testing.T) {
	files, err := filepath.Glob("testdata/decide/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	names, subs := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(bytes.NewReader(b))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var c decisionCase
			if err := strict(lines.Bytes(), &c); err != nil {
				t.Fatalf("%s: %v: %s", file, err, lines.Bytes())
			}
			if names[c.Name] || c.Clause == "" {
				t.Errorf("%s: %q stands twice, or cites no clause", file, c.Name)
			}
			names[c.Name], subs[string(c.Want.Indication)], subs[string(c.Want.Sub)], subs[c.Want.Past] = true, true, true, true
			t.Run(c.Name, func(t *testing.T) { c.run(t) })
		}
	}
	if len(names) < 200 {
		t.Errorf("only %d cases", len(names))
	}
	everyIndicationOccurs(t, subs)
}

// everyIndicationOccurs reads which indications and sub-indications there are.
func everyIndicationOccurs(t *testing.T, occur map[string]bool) {
	t.Helper()
	b, err := os.ReadFile("indication.go")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`Indication += "(\w+)"`).FindAllStringSubmatch(string(b), -1)
	for _, m := range all {
		if !occur[m[1]] {
			t.Errorf("no case comes to %s", m[1])
		}
	}
	if len(all) < 28 {
		t.Errorf("only %d indications were found", len(all))
	}
}

func strict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func (c *decisionCase) run(t *testing.T) {
	t.Helper()
	f := c.facts(t)
	p, err := NamedPolicy(firstOf(c.Policy, "default"))
	if err != nil {
		t.Fatal(err)
	}
	at := c.At
	if at.IsZero() {
		at = testTime
	}
	before := marshal(t, f)
	v := Decide(f, p, at)
	if first, again := marshal(t, v), marshal(t, Decide(f, p, at)); first != again || marshal(t, f) != before {
		t.Error("the same facts gave another verdict, or were changed")
	}
	w := &c.Want
	if v.Indication != w.Indication || v.Sub != w.Sub {
		t.Errorf("%s: got %s %s, want %s %s", c.Clause, v.Indication, v.Sub, w.Indication, w.Sub)
	}
	if len(v.Signatures) == 0 {
		return
	}
	s := &v.Signatures[w.Of]
	for _, one := range []struct{ what, got, want string }{
		{"process", string(s.Process), string(w.Process)},
		{"level", s.Level, w.Level},
		{"integrity", s.Integrity, w.Integrity},
		{"modifications", string(s.Modifications), string(w.Modifications)},
		{"best signature time", stamped(s.BestSignatureTime), w.Best},
		{"valid until", stamped(s.ValidUntil), w.Until},
		{"past validation", pastName(s.Past), w.Past},
	} {
		if one.want != "" && one.got != one.want {
			t.Errorf("%s: %s is %q, want %q", c.Clause, one.what, one.got, one.want)
		}
	}
	if w.Error != "" && !has(s.Errors, w.Error) || w.Warning != "" && !has(s.Warnings, w.Warning) {
		t.Errorf("%s: errors %v, warnings %v; want %q, %q", c.Clause, s.Errors, s.Warnings, w.Error, w.Warning)
	}
	for i, want := range w.Stamps {
		if i >= len(s.Timestamps) || s.Timestamps[i].Indication != want {
			t.Errorf("%s: time-stamps %v, want %v", c.Clause, s.Timestamps, w.Stamps)
			break
		}
	}
	plainVietnamese(t, v)
	for i := range v.Signatures {
		proveTheEnd(t, f, p, at, v, i)
	}
	if t.Failed() {
		t.Logf("%s", marshal(t, v.Signatures))
	}
}

// proveTheEnd decides again: until the end that was found a signature passes, a second later and a day later it does not.
func proveTheEnd(t *testing.T, f *Facts, p *Policy, at time.Time, v *Verdict, i int) {
	t.Helper()
	until := v.Signatures[i].ValidUntil
	if until == nil {
		return
	}
	passes := func(at time.Time) bool { return Decide(f, p, at).Signatures[i].Indication == TotalPassed }
	if v.Signatures[i].Indication != TotalPassed || until.Before(at) {
		t.Errorf("signature %d ends at %v and is %s at %v", i, until, v.Signatures[i].Indication, at)
	}
	quarter := until.Sub(at) / 4
	for between := at; ; between = between.Add(quarter) {
		if !passes(between) {
			t.Errorf("signature %d is good until %v and does not pass at %v", i, until, between)
		}
		if quarter <= 0 || !between.Add(quarter).Before(*until) {
			break
		}
	}
	if !passes(*until) {
		t.Errorf("signature %d does not pass at its end, %v", i, until)
	}
	if passes(until.Add(time.Second)) {
		t.Errorf("signature %d ends at %v and still passes a second later", i, until)
	}
	if passes(until.AddDate(0, 0, 1)) {
		t.Errorf("signature %d ends at %v and passes a day later", i, until)
	}
	if gap := until.AddDate(0, 0, -1); gap.After(at) && !passes(gap) {
		t.Errorf("signature %d does not pass the day before its end", i)
	}
}

func stamped(t *time.Time) string {
	if t == nil {
		return "none"
	}
	return t.Format(time.RFC3339)
}

// pastName is what past validation came to: its sub-indication, or that it passed.
func pastName(p *PastVerdict) string {
	if p == nil {
		return "none"
	}
	return firstOf(string(p.Sub), string(p.Indication))
}

func has(fs []Finding, code string) bool {
	return slices.ContainsFunc(fs, func(f Finding) bool { return f.Code == code })
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// facts are the base with everything set that the case names.
func (c *decisionCase) facts(t *testing.T) *Facts {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "decide", c.Base+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	paths := make([]string, 0, len(c.Set))
	for path := range c.Set {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		if tree, err = set(tree, strings.Split(strings.TrimPrefix(path, "/"), "/"), c.Set[path]); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	if b, err = json.Marshal(tree); err != nil {
		t.Fatal(err)
	}
	f := &Facts{}
	if err := strict(b, f); err != nil {
		t.Fatal(err)
	}
	return f
}

// set changes one place of a JSON tree: null removes, "-" appends.
func set(tree any, path []string, value any) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	switch n := tree.(type) {
	case map[string]any:
		child, err := set(n[path[0]], path[1:], value)
		if child == nil {
			delete(n, path[0])
			return n, err
		}
		n[path[0]] = child
		return n, err
	case []any:
		if path[0] == "-" {
			child, err := set(nil, path[1:], value)
			return append(n, child), err
		}
		i, err := strconv.Atoi(path[0])
		if err != nil || i >= len(n) {
			return nil, strconv.ErrRange
		}
		child, err := set(n[i], path[1:], value)
		if child == nil {
			return slices.Delete(n, i, i+1), err
		}
		n[i] = child
		return n, err
	case nil:
		if path[0] == "-" {
			child, err := set(nil, path[1:], value)
			return []any{child}, err
		}
		child, err := set(nil, path[1:], value)
		return map[string]any{path[0]: child}, err
	}
	return nil, strconv.ErrSyntax
}

// example is the facts of a base, for tests of reports.
func example(t *testing.T, base string) *Facts {
	t.Helper()
	return (&decisionCase{Base: base}).facts(t)
}

func TestNoSignatureIsUndetermined(t *testing.T) {
	v := Decide(&Facts{}, DefaultPolicy(), testTime)
	if v.Indication != Indeterminate || v.Sub != NoSignature {
		t.Fatalf("got %s %s", v.Indication, v.Sub)
	}
}

// TestTheEndIsProvedByDecidingAgain: the day before it still passes, the day after it does not.
func TestTheEndIsProvedByDecidingAgain(t *testing.T) {
	for _, base := range []string{"b-b", "b-lt", "b-lta"} {
		f, p := example(t, base), DefaultPolicy()
		until := Decide(f, p, testTime).Signatures[0].ValidUntil
		if until == nil {
			t.Fatalf("%s: no end", base)
		}
		before, after := Decide(f, p, until.AddDate(0, 0, -1)), Decide(f, p, until.AddDate(0, 0, 1))
		if before.Indication != TotalPassed || after.Indication == TotalPassed {
			t.Errorf("%s until %v: the day before %s, the day after %s", base, until, before.Indication, after.Indication)
		}
	}
}

// decidingFiles are those that make a verdict out of facts.
var decidingFiles = []string{
	"decide.go", "index.go", "indication.go", "process.go", "acceptance.go", "certificate.go", "evidence.go", "timestamp.go", "longterm.go",
	"limits.go", "forecast.go",
}

// TestDecidingAsksNobody reads the imports of the files that decide: there is nothing in them to read, write or ask with.
func TestDecidingAsksNobody(t *testing.T) {
	for _, file := range decidingFiles {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, `"`) && !slices.Contains([]string{`"slices"`, `"strconv"`, `"strings"`, `"time"`}, line) {
				t.Errorf("%s imports %s", file, line)
			}
			if strings.Contains(line, "time.Now") {
				t.Errorf("%s reads the clock", file)
			}
			if line == ")" {
				break
			}
		}
	}
}
