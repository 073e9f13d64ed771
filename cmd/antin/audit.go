package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/audit"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

func runAudit(ctx context.Context, e *env, args []string) int {
	what := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		what, args = args[0], args[1:]
	}
	switch what {
	case "verify":
		return runAuditVerify(ctx, e, args)
	case "export", "key":
		return runAuditRead(ctx, e, what, args)
	}
	f := newFlags(e, "audit verify|export|key", e.say("audit.synopsis"))
	if _, exit, done := f.parse(args); done {
		return exit
	}
	return e.fail(f.format, wrong(what, "usage.audit_what"))
}

// runAuditRead does what only reads the installation: its log into a folder, or its key.
func runAuditRead(ctx context.Context, e *env, what string, args []string) int {
	synopsis := ""
	if what == "export" {
		synopsis = e.say("audit.export.synopsis")
	}
	f := newFlags(e, "audit "+what, synopsis)
	var s settings
	s.register(f)
	rest, exit, done := f.parse(args)
	switch {
	case done:
		return exit
	case what == "key" && len(rest) > 0:
		return e.fail(f.format, wrong(rest[0], "usage.no_argument"))
	case what == "export" && len(rest) != 1:
		return e.fail(f.format, wrong("", "usage.folder_needed"))
	}
	var key string
	err := e.withLog(ctx, &s, func(l *audit.Log) (err error) {
		if key, err = l.VerifierKey(ctx); err != nil || what == "key" {
			return err
		}
		return l.View(ctx, func(src audit.Source) error { return audit.Export(src, rest[0]) })
	})
	switch {
	case err != nil:
		return e.failHouse(f.format, err)
	case what == "export":
		e.print(f.format, result{File: key, Output: rest[0]})
	case f.format == "json":
		e.printJSON(struct {
			Key string `json:"key"`
		}{key})
	default:
		fmt.Fprintln(e.stdout, key)
	}
	return exitDone
}

// withLog opens the log of the installation that the settings name. A database that is not there is not made.
func (e *env) withLog(ctx context.Context, s *settings, f func(*audit.Log) error) (err error) {
	c, err := s.load()
	if err != nil {
		return err
	}
	if !strings.Contains(c.Database, "://") {
		if _, err := os.Stat(c.Database); err != nil {
			return codes.Wrap(errInput, "opening", c.Database, err)
		}
	}
	steps, err := allSteps()
	if err != nil {
		return err
	}
	db, issuer, err := store.Open(ctx, store.Config{URL: c.Database, Migrations: steps, Clock: clock.System{}})
	if err != nil {
		return err
	}
	return errors.Join(f(audit.Open(db, issuer, referrers)), db.Close())
}

// auditReport is what verification says, each finding with its sentences.
type auditReport struct {
	*audit.Report

	Key      string         `json:"key"`
	Findings []auditFinding `json:"findings"`
}

type auditFinding struct {
	audit.Finding

	Text string `json:"text"`
}

func runAuditVerify(ctx context.Context, e *env, args []string) int {
	f := newFlags(e, "audit verify", e.say("audit.verify.synopsis"))
	key := f.String("key", "", e.say("audit.flag.key"))
	event := f.String("event", "", e.say("audit.flag.event"))
	var known, witnesses list
	f.Var(&known, "known", e.say("audit.flag.known"))
	f.Var(&witnesses, "witness", e.say("audit.flag.witness"))
	var s settings
	s.register(f)
	rest, exit, done := f.parse(args)
	switch {
	case done:
		return exit
	case len(rest) > 1:
		return e.fail(f.format, wrong(rest[1], "usage.one_folder"))
	case len(rest) == 1 && *key == "":
		return e.fail(f.format, wrong("--key", "usage.audit_key"))
	}
	o, err := auditOptions(*key, *event, known, witnesses)
	if err != nil {
		return e.failHouse(f.format, err)
	}
	var r *audit.Report
	if len(rest) == 1 {
		r, err = audit.Verify(audit.Folder(rest[0]), o)
	} else {
		err = e.withLog(ctx, &s, func(l *audit.Log) (err error) {
			if o.Key == "" {
				if o.Key, err = l.VerifierKey(ctx); err != nil {
					return err
				}
			}
			return l.View(ctx, func(src audit.Source) error {
				r, err = audit.Verify(src, o)
				return err
			})
		})
	}
	if err != nil {
		return e.failHouse(f.format, err)
	}
	out := auditReport{Report: r, Key: o.Key, Findings: []auditFinding{}}
	for _, x := range r.Findings {
		out.Findings = append(out.Findings, auditFinding{x, e.found(x)})
	}
	if f.format == "json" {
		e.printJSON(out)
	} else {
		out.print(e, *event)
	}
	switch {
	case !r.Holds():
		return exitFailed
	case len(r.Uncosigned) > 0 || r.EventWaits:
		return exitUndetermined
	}
	return exitDone
}

// auditOptions reads what the flags name: a key is written out, or stands in a file.
func auditOptions(key, event string, known, witnesses []string) (o audit.Options, err error) {
	if o.Key, err = keyText(key); err != nil {
		return o, err
	}
	for _, w := range witnesses {
		text, err := keyText(w)
		if err != nil {
			return o, err
		}
		o.Witnesses = append(o.Witnesses, text)
	}
	for _, path := range known {
		b, err := smallFile(path)
		if err != nil {
			return o, err
		}
		o.Known = append(o.Known, b)
	}
	if event == "" {
		return o, nil
	}
	if n, err := strconv.ParseInt(event, 10, 64); err == nil && n > 0 {
		o.Event = store.ID(n)
		return o, nil
	}
	if o.Event, err = store.ParseID("evt", event); err != nil {
		err = wrong("--event "+event, "usage.event")
	}
	return o, err
}

func keyText(s string) (string, error) {
	if s == "" || strings.Count(s, "+") >= 2 {
		return s, nil
	}
	b, err := smallFile(s)
	return strings.TrimSpace(string(b)), err
}

const maxSmallFile = 64 << 10

func smallFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, codes.Wrap(errInput, "reading", path, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSmallFile))
	if err != nil {
		return nil, codes.Wrap(errInput, "reading", path, err)
	}
	return b, nil
}

// found says a finding in the reader's language.
func (e *env) found(x audit.Finding) string {
	c, err := catalogue()
	if err != nil {
		return string(x.Kind)
	}
	said := func(which string) string {
		return c.Fault(i18n.Lang(e.lang), string(x.Kind), which, oneLine(x.At), nil)
	}
	return said("what") + " " + said("next")
}

func (r *auditReport) print(e *env, event string) {
	w := e.stdout
	if r.Origin != "" {
		writef(w, "%s: %s\n", r.Origin, e.say("audit.size", "n", r.Size, "root", r.Root))
	}
	switch {
	case r.Rows >= 0:
		writef(w, "%s\n", e.say("audit.compared", "n", r.Rows, "waiting", r.Waiting))
	case r.Holds():
		writef(w, "%s\n", e.say("audit.no_rows"))
	}
	for _, c := range r.Cosigned {
		writef(w, "%s\n", e.say("audit.cosigned", "witness", c.Witness, "time", c.At.Format(time.RFC3339), "n", c.Size))
	}
	for _, name := range r.Uncosigned {
		writef(w, "%s\n", e.say("audit.not_cosigned", "witness", name))
	}
	if r.EventWaits {
		writef(w, "%s\n", e.say("audit.event_waits", "event", event))
	}
	if r.Proof != nil {
		writef(w, "%s\n%s\n\n%s", e.say("audit.event_at", "event", event, "place", r.Proof.Index), r.Proof.Leaf, r.Proof.Text)
	}
	for _, x := range r.Findings {
		writef(w, "  ! %s [%s]\n", x.Text, x.Kind)
	}
	if r.More {
		writef(w, "  %s\n", e.say("audit.more"))
	}
	if r.Holds() {
		writef(w, "%s\n", e.say("audit.holds"))
	}
}
