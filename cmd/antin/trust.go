package main

import (
	"context"
	"io"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/trust"
)

// trustReport is what --trust would load, and what is wrong with it.
type trustReport struct {
	Snapshot   string           `json:"snapshot"`
	At         time.Time        `json:"at"`
	Anchors    int              `json:"anchors"` // in force at that time
	Chain      int              `json:"chain"`
	Sources    []sourceReport   `json:"sources"`
	Algorithms algorithmsReport `json:"algorithms"`
}

type sourceReport struct {
	File       string          `json:"file"`
	Kind       string          `json:"kind"`
	Anchors    int             `json:"anchors"`
	Chain      int             `json:"chain"`
	Territory  *string         `json:"territory"`
	Sequence   *string         `json:"sequence"`
	Issued     *time.Time      `json:"issued"`
	NextUpdate *time.Time      `json:"next_update"`
	Signer     *string         `json:"signer"`
	Warnings   []warningReport `json:"warnings"`
}

type warningReport struct {
	Code   string `json:"code"`
	Text   string `json:"text"`
	Detail string `json:"detail,omitempty"`
}

type algorithmsReport struct {
	Name     string `json:"name"`
	Edition  string `json:"edition"`
	Snapshot string `json:"snapshot"`
}

func runTrust(_ context.Context, e *env, args []string) int {
	f := newFlags(e, "trust", e.say("trust.synopsis"))
	paths, exit, done := f.parse(args)
	if done {
		return exit
	}
	if len(paths) == 0 {
		return e.fail(f.format, wrong("", "usage.no_input"))
	}
	store, err := trust.Load(paths...)
	if err != nil {
		return e.fail(f.format, err)
	}
	r, exit := e.trustReport(store)
	if f.format == "json" {
		e.printJSON(r)
	} else {
		r.print(e)
	}
	return exit
}

// trustReport says what was loaded; the exit code is that of the worst warning.
func (e *env) trustReport(store *trust.Store) (r trustReport, exit int) {
	now, table := e.clock().UTC(), trust.DefaultAlgorithms()
	r = trustReport{
		Snapshot: store.Snapshot(), At: now, Anchors: len(store.Anchors(now)), Chain: len(store.Pool()), Sources: []sourceReport{},
		Algorithms: algorithmsReport{table.Name(), table.Edition(), table.Snapshot()},
	}
	for _, s := range store.Sources() {
		out := sourceReport{
			File: s.Path, Kind: s.Kind, Anchors: s.Anchors, Chain: s.Chain, Territory: unlessZero(s.Territory), Sequence: unlessZero(s.Sequence),
			Issued: unlessZero(s.Issued), NextUpdate: unlessZero(s.NextUpdate), Signer: unlessZero(s.Signer), Warnings: []warningReport{},
		}
		for _, w := range s.WarningsAt(now) {
			entry, _ := codes.Find(w.Code)
			exit = worst(exit, entry.Exit)
			out.Warnings = append(out.Warnings, warningReport{string(w.Code), entry.Text(e.lang), w.Detail})
		}
		r.Sources = append(r.Sources, out)
	}
	return r, exit
}

func unlessZero[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func (r *trustReport) print(e *env) {
	w := e.stdout
	writef(w, "%s\n", e.say("trust.loaded", "anchors", r.Anchors, "chain", r.Chain))
	for _, s := range r.Sources {
		writef(w, "%s: %s, %d + %d", s.File, s.Kind, s.Anchors, s.Chain)
		if s.Sequence != nil {
			writef(w, ", %s", e.say("trust.number", "number", *s.Sequence))
		}
		if s.Territory != nil {
			writef(w, ", %s", *s.Territory)
		}
		if s.Issued != nil {
			writef(w, ", %s", s.Issued.Format(time.DateOnly))
		}
		if s.NextUpdate != nil {
			writef(w, " → %s", s.NextUpdate.Format(time.DateOnly))
		}
		if s.Signer != nil {
			writef(w, ", %s", e.say("trust.signer", "name", *s.Signer))
		}
		writef(w, "\n")
		for _, warning := range s.Warnings {
			warning.print(w, "")
		}
	}
	writef(w, "%s\n", e.say("trust.algorithms", "name", r.Algorithms.Name, "edition", r.Algorithms.Edition))
	writef(w, "snapshot: %s\n", r.Snapshot)
}

func (r warningReport) print(w io.Writer, file string) {
	if file != "" {
		writef(w, "%s: ", file)
	} else {
		writef(w, "  ! ")
	}
	writef(w, "%s [%s]", r.Text, r.Code)
	if r.Detail != "" {
		writef(w, " (%s)", r.Detail)
	}
	writef(w, "\n")
}

// warnOfTrust tells on standard error what is wrong with the lists that --trust named; a command goes on without them.
func (e *env) warnOfTrust(store *trust.Store) {
	for _, w := range store.Warnings(e.clock()) {
		entry, _ := codes.Find(w.Code)
		warningReport{string(w.Code), entry.Text(e.lang), w.Detail}.print(e.stderr, w.Path)
	}
}
