package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/keys"
	"github.com/antinvn/antin/tsp"
	"github.com/antinvn/antin/verify"
	"github.com/antinvn/antin/verify/render"
)

// reportFlags say which reports are written beside the answer, and who signs the PDF.
type reportFlags struct {
	reports            list
	key, pinFile, cert string
	tsa                *list
}

func (r *reportFlags) register(f *flagSet) {
	f.Var(&r.reports, "report", f.e.say("verify.flag.report"))
	f.StringVar(&r.key, "report-key", "", f.e.say("verify.flag.report_key"))
	f.StringVar(&r.pinFile, "report-pin-file", "", f.e.say("verify.flag.report_pin_file"))
	f.Var(r.tsa, "report-tsa", f.e.say("verify.flag.report_tsa"))
	f.StringVar(&r.cert, "report-cert", "", f.e.say("verify.flag.report_cert"))
}

// wantedReport is a --report, parsed.
type wantedReport struct{ form, path string }

// reportWriter writes the reports about each file.
type reportWriter struct {
	e      *env
	wanted []wantedReport
	folder bool // the paths are folders
	key    *keys.Key
	tsa    tsp.Source // nil: the signature has no time-stamp
}

// open says what is written about the inputs. None of it, and not the facts, may come in the place of what is read; facts may take the
// place of those of an earlier check.
func (r *reportFlags) open(ctx context.Context, e *env, inputs, reads []string, facts, previous string) (*reportWriter, error) {
	w := &reportWriter{e: e, folder: len(inputs) > 1}
	pdf := false
	for _, s := range r.reports {
		form, path, err := parseReport(s)
		if err != nil {
			return nil, err
		}
		w.wanted = append(w.wanted, wantedReport{form, path})
		pdf = pdf || form == "pdf"
	}
	reads = append(append(reads, inputs...), r.pinFile, r.cert, strings.TrimPrefix(strings.TrimPrefix(r.key, "p12:"), "pem:"))
	if err := w.distinct(inputs, append(reads, previous)); err != nil {
		return nil, err
	}
	if err := w.apart(reads, facts); err != nil {
		return nil, err
	}
	if r.key == "" && len(*r.tsa) > 0 {
		return nil, wrong("--report-tsa", "usage.report_tsa")
	}
	if r.key == "" {
		return w, nil
	}
	if !pdf {
		return nil, wrong("--report-key", "usage.report_key")
	}
	return w, w.openKey(ctx, r)
}

// distinct refuses reports that would be written over each other, or over what is read.
func (w *reportWriter) distinct(inputs, reads []string) error {
	var from, to []string
	for _, in := range inputs {
		for _, r := range w.wanted {
			target := w.target(r, in)
			if err := notRead(target, reads); err != nil {
				return err
			}
			from, to = append(from, in), append(to, target)
		}
	}
	return distinct(from, to)
}

// apart refuses facts that would be written over what is read, or over a report.
func (w *reportWriter) apart(reads []string, facts string) error {
	if facts == "" {
		return nil
	}
	for _, r := range w.wanted { // facts are of one document: these are files
		if filepath.Clean(r.path) == filepath.Clean(facts) || sameFile(r.path, facts) {
			return wrong(facts, "usage.two_there")
		}
	}
	return notRead(facts, reads)
}

func notRead(target string, reads []string) error {
	for _, read := range reads {
		if read != "" && sameFile(read, target) {
			return wrong(target, "usage.is_input")
		}
	}
	return nil
}

func (w *reportWriter) openKey(ctx context.Context, r *reportFlags) error {
	o := &keys.Options{Clock: w.e.clock, Secret: func(ctx context.Context, prompt string) ([]byte, error) {
		return w.e.secret(ctx, r.pinFile, w.e.prompt(prompt))
	}}
	if r.cert != "" {
		data, err := os.ReadFile(r.cert)
		if err != nil {
			return codes.Wrap(errInput, "reading the certificate", r.cert, err)
		}
		if o.Chain, err = certpath.ParseCertificates(data); err != nil {
			return err
		}
	}
	key, err := w.e.openNamedKey(ctx, r.key, o)
	if err != nil {
		return err
	}
	if len(key.Chain) == 0 {
		key.Close()
		return wrong(key.Name, "usage.report_cert_needed")
	}
	w.key = key
	return nil
}

func (w *reportWriter) close() {
	if w != nil && w.key != nil {
		w.key.Close()
	}
}

func (w *reportWriter) target(r wantedReport, in string) string {
	if !w.folder {
		return r.path
	}
	return filepath.Join(r.path, filepath.Base(in)+reportForms[r.form])
}

func (w *reportWriter) write(ctx context.Context, in string, v *verify.Verdict, report *verify.Report) error {
	for _, r := range w.wanted {
		target := w.target(r, in)
		if w.folder {
			if err := os.MkdirAll(r.path, 0o755); err != nil {
				return codes.Wrap(errOutput, "making the folder", r.path, err)
			}
		}
		if err := writeFile(target, func(out *os.File) error { return w.render(ctx, out, r.form, v, report) }); err != nil {
			return err
		}
	}
	return nil
}

func (w *reportWriter) render(ctx context.Context, out io.Writer, form string, v *verify.Verdict, report *verify.Report) error {
	switch form {
	case "html":
		return render.HTML(out, v, report)
	case "etsi":
		return render.ETSI(out, v, report)
	case "pdf":
		o := &render.PDFOptions{Time: w.e.clock()}
		if w.key != nil {
			o.Key, o.Chain, o.KeyName, o.TSA = w.key, w.key.Chain, w.key.Name, w.tsa
		}
		return render.PDF(ctx, out, v, report, o)
	}
	b, err := report.JSON()
	if err == nil {
		_, err = out.Write(append(b, '\n'))
	}
	return err
}
