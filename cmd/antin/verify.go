package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/verify"
)

// errFacts says that a file of facts cannot be read, or is of another version.
const errFacts codes.Code = "cmd.facts"

// maxFacts bounds a file of facts, in bytes.
const maxFacts = 64 << 20

type verifyFlags struct {
	*flagSet
	network                                                        networkFlags
	offline                                                        bool
	at, policy, passwordFile, detached, facts, fromFacts, previous string
	reports                                                        reportFlags
}

func newVerifyFlags(e *env) *verifyFlags {
	f := &verifyFlags{flagSet: newFlags(e, "verify", e.say("verify.synopsis"))}
	f.network.register(f.flagSet, false)
	f.BoolVar(&f.offline, "offline", false, e.say("verify.flag.offline"))
	f.StringVar(&f.at, "at", "", e.say("verify.flag.at"))
	f.StringVar(&f.policy, "policy", "default", e.say("verify.flag.policy"))
	f.StringVar(&f.passwordFile, "password-file", "", e.say("flag.password_file"))
	f.StringVar(&f.facts, "facts", "", e.say("verify.flag.facts"))
	f.StringVar(&f.fromFacts, "from-facts", "", e.say("verify.flag.from_facts"))
	f.StringVar(&f.previous, "previous", "", e.say("verify.flag.previous"))
	f.network.tsaOption, f.reports.tsa = "--report-tsa", &f.network.tsa
	f.reports.register(f.flagSet)
	f.fail = e.failVerify
	return f
}

func runVerify(ctx context.Context, e *env, args []string) int {
	f := newVerifyFlags(e)
	detached := registerDetached(f.flagSet)
	inputs, exit, done := f.parse(args)
	if done {
		return exit
	}
	f.detached = *detached
	v, err := newVerifier(ctx, e, f, inputs)
	if err != nil {
		return f.fail(f.format, inputs, err)
	}
	defer v.reports.close()
	if f.fromFacts != "" {
		inputs = []string{f.fromFacts}
	}
	exit = exitDone
	for _, in := range inputs {
		exit = worst(exit, v.file(ctx, in))
	}
	return exit
}

// verifier holds what all files of one call share.
type verifier struct {
	e       *env
	flags   *verifyFlags
	policy  *verify.Policy
	options verify.CollectOptions
	reports *reportWriter
}

func newVerifier(ctx context.Context, e *env, f *verifyFlags, inputs []string) (*verifier, error) {
	v := &verifier{e: e, flags: f}
	switch {
	case f.fromFacts != "" && len(inputs) > 0:
		return nil, wrong("--from-facts", "usage.from_facts_alone")
	case f.fromFacts == "" && len(inputs) == 0:
		return nil, wrong("", "usage.no_input")
	case f.fromFacts != "" && f.previous != "":
		return nil, wrong("--previous", "usage.previous_alone")
	case f.facts != "" && (len(inputs) != 1 || f.fromFacts != ""):
		return nil, wrong("--facts "+f.facts, "usage.one_document")
	}
	now := e.clock()
	at := now
	var err error
	if f.at != "" {
		if at, err = time.Parse(time.RFC3339, f.at); err != nil {
			return nil, wrong("--at "+f.at, "usage.verify_time")
		}
	}
	if v.policy, err = readPolicy(f.policy); err != nil {
		return nil, err
	}
	n, err := f.network.open(e)
	if err != nil {
		return nil, err
	}
	password, err := e.passwordFrom(ctx, f.passwordFile)
	if err != nil {
		return nil, err
	}
	v.options = verify.CollectOptions{
		Trust: n.store, Offline: f.offline, Fetch: n.fetch, Cache: n.status.Cache, Memory: &verify.Memory{}, Password: password, At: at, Now: now,
	}
	if f.previous != "" {
		if v.options.Previous, err = readFacts(f.previous); err != nil {
			return nil, err
		}
	}
	named := inputs
	if f.fromFacts != "" {
		named = []string{f.fromFacts}
	}
	reads := append([]string{f.detached, f.passwordFile, f.policy}, f.network.trust...)
	for _, in := range inputs {
		reads = append(reads, strings.TrimSuffix(in, ".p7s")) // the content, where --detached names none
	}
	if v.reports, err = f.reports.open(ctx, e, named, reads, f.facts, f.previous); err != nil {
		return nil, err
	}
	v.reports.tsa = n.tsa
	return v, nil
}

// readPolicy takes one that ships, by its name, or a file.
func readPolicy(name string) (*verify.Policy, error) {
	if p, err := verify.NamedPolicy(name); err == nil {
		return p, nil
	}
	file, _, err := openRegular(name)
	if err != nil {
		return nil, wrong("--policy "+name, "usage.policy")
	}
	defer file.Close()
	return verify.ReadPolicy(file)
}

// unreadable is what verify says of a file that it could not read, and of a command line that names none: File is null then.
type unreadable struct {
	Schema string         `json:"schema"`
	File   *string        `json:"file"`
	Error  unreadableWhat `json:"error"`
}

type unreadableWhat struct {
	Code string `json:"code"`
	Text string `json:"text"` // the sentences, and in square brackets what the engine said
}

func unreadableFile(schema string, file *string, p *problem) unreadable {
	said := p.Text
	if p.Code != string(errUsage) { // its sentences say it all
		said += " [" + oneLine(p.Detail) + "]"
	}
	return unreadable{Schema: schema, File: file, Error: unreadableWhat{p.Code, said}}
}

// failVerify ends verify before a file was touched: one object for each file that was named.
func (e *env) failVerify(format string, files []string, err error) int {
	if format != "json" {
		return e.fail(format, err)
	}
	p := explain(err, e.lang)
	for i := range files {
		e.printJSON(unreadableFile(verify.ReportSchema, &files[i], p))
	}
	if len(files) == 0 {
		e.printJSON(unreadableFile(verify.ReportSchema, nil, p))
	}
	return p.exit
}

// file verifies one file and prints its report, once what was asked for beside is written.
func (v *verifier) file(ctx context.Context, path string) int {
	verdict, err := v.verdict(ctx, path)
	if err != nil {
		return v.failed(path, err)
	}
	report := verdict.Report(v.e.lang)
	report.File = path
	if err := v.write(ctx, path, verdict, report); err != nil {
		return v.failed(path, err)
	}
	if v.flags.format == "json" {
		v.e.printJSON(report)
	} else {
		fmt.Fprint(v.e.stdout, report.Text())
	}
	switch report.Document.Indication {
	case verify.TotalPassed:
		return exitDone
	case verify.TotalFailed:
		return exitFailed
	default:
		return exitUndetermined
	}
}

func (v *verifier) failed(path string, err error) int {
	r := v.e.failed(path, err)
	if v.flags.format == "json" {
		v.e.printJSON(unreadableFile(verify.ReportSchema, &path, r.Error))
	} else {
		v.e.print(v.flags.format, r)
	}
	if r.Error.Code == string(codeCancelled) {
		return r.exit
	}
	return exitUnreadable
}

func (v *verifier) verdict(ctx context.Context, path string) (*verify.Verdict, error) {
	collect := v.collect
	if v.flags.fromFacts != "" {
		collect = func(context.Context, string) (*verify.Facts, error) { return readFacts(path) }
	}
	facts, err := collect(ctx, path)
	if err != nil {
		return nil, err
	}
	return verify.Decide(facts, v.policy, v.options.At), nil
}

func (v *verifier) collect(ctx context.Context, path string) (*verify.Facts, error) {
	c, err := openCMSFile(ctx, path, v.flags.detached)
	if err != nil {
		return nil, err
	}
	defer c.close()
	o := v.options
	o.Content = c.outside()
	return verify.Collect(ctx, c.file, c.size, &o)
}

func (v *verifier) write(ctx context.Context, path string, verdict *verify.Verdict, report *verify.Report) error {
	if v.flags.facts != "" {
		b, err := json.MarshalIndent(verdict.Facts, "", " ")
		if err != nil {
			return codes.Wrap(errFacts, "writing", v.flags.facts, err)
		}
		if err := writeFile(v.flags.facts, func(w *os.File) error { _, err := w.Write(append(b, '\n')); return err }); err != nil {
			return err
		}
	}
	if err := v.drawPages(ctx, path, verdict, report); err != nil {
		return err
	}
	return v.reports.write(ctx, path, verdict, report)
}

// drawPages puts pictures of the pages that changed into a report that can show them. What cannot be drawn is said there, and
// changes no answer.
func (v *verifier) drawPages(ctx context.Context, path string, verdict *verify.Verdict, report *verify.Report) error {
	if v.flags.fromFacts != "" || verdict.Facts.Format != "pdf" || !slices.ContainsFunc(v.reports.wanted, func(r wantedReport) bool { return r.form == "html" }) {
		return nil
	}
	file, size, err := openRegular(path)
	if err != nil {
		return err
	}
	defer file.Close()
	box, failed := newSandbox()
	if failed == nil {
		defer box.Close()
	}
	for i := range report.Signatures {
		s, r := &verdict.Facts.Signatures[i], &report.Signatures[i]
		if !slices.ContainsFunc(s.Changes, func(c verify.Change) bool { return c.Page > 0 && c.Class != verify.ClassLTA }) {
			continue
		}
		err := failed
		if err == nil {
			r.Pictures, err = verify.Pictures(ctx, box.Renderer(v.options.Password), file, size, v.options.Password, s)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if f, ok := errors.AsType[*fault.Error](err); ok {
			err = f // says more than that a page cannot be drawn
		}
		if err != nil {
			r.PicturesNote = v.e.say("verify.not_drawn", "why", explain(err, v.e.lang).line())
		}
	}
	return nil
}

func readFacts(path string) (*verify.Facts, error) {
	file, _, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, maxFacts+1))
	if err != nil {
		return nil, codes.Wrap(errInput, "reading", path, err)
	}
	if len(b) > maxFacts {
		return nil, codes.New(errFacts, "reading", path, "it is larger than 64 MiB")
	}
	facts := &verify.Facts{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(facts); err != nil {
		return nil, codes.Wrap(errFacts, "reading", path, err)
	}
	if facts.Version != verify.FactsVersion {
		return nil, codes.New(errFacts, "reading", path, fmt.Sprintf("they are of version %d, not %d", facts.Version, verify.FactsVersion))
	}
	return facts, nil
}

// reportForms are the forms of --report and the endings of their files.
var reportForms = map[string]string{"html": ".html", "pdf": ".pdf", "etsi": ".xml", "json": ".json"}

// parseReport reads FORM=FILE.
func parseReport(s string) (form, path string, err error) {
	form, path, ok := strings.Cut(s, "=")
	if _, known := reportForms[form]; !ok || !known || path == "" {
		return "", "", wrong("--report "+s, "usage.report")
	}
	return form, path, nil
}
