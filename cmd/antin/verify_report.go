package main

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/keys"
	"github.com/antinvn/antin/verify"
	"github.com/antinvn/antin/verify/render"
)

// reportFlags say which reports are written beside the answer, and who signs the PDF.
type reportFlags struct {
	reports            list
	key, pinFile, cert string
}

func (r *reportFlags) register(f *flagSet) {
	f.Var(&r.reports, "report", f.e.words("ghi báo cáo ra `DẠNG=TỆP`: html, pdf, etsi (TS 119 102-2) hoặc json; nhiều tệp vào thì TỆP là thư mục (lặp lại được)", "write a report to `FORM=FILE`: html, pdf, etsi (TS 119 102-2) or json; with several inputs FILE is a folder (repeatable)"))
	f.StringVar(&r.key, "report-key", "", f.e.words("ký báo cáo PDF bằng khóa `p12:TỆP`, pem:TỆP hoặc pkcs11:…", "sign the PDF report by the key `p12:FILE`, pem:FILE or pkcs11:…"))
	f.StringVar(&r.pinFile, "report-pin-file", "", f.e.words("`TỆP` có mật khẩu hoặc PIN của khóa đó ở dòng đầu", "`FILE` whose first line is that key's password or PIN"))
	f.StringVar(&r.cert, "report-cert", "", f.e.words("`TỆP` chứng thư của khóa đó, nếu khóa không mang theo", "`FILE` of that key's certificate, where the key brings none"))
}

// wantedReport is a --report, parsed.
type wantedReport struct{ form, path string }

// reportWriter writes the reports about each file.
type reportWriter struct {
	e      *env
	wanted []wantedReport
	folder bool // the paths are folders
	key    *keys.Key
}

func (r *reportFlags) open(ctx context.Context, e *env, inputs []string) (*reportWriter, error) {
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
	if err := w.distinct(inputs); err != nil {
		return nil, err
	}
	if r.key == "" {
		return w, nil
	}
	if !pdf {
		return nil, wrong("--report-key", "it signs a PDF report: --report pdf=FILE is needed", "chỉ ký báo cáo PDF: cần --report pdf=TỆP")
	}
	return w, w.openKey(ctx, r)
}

// distinct refuses reports that would be written over each other, or over what is verified.
func (w *reportWriter) distinct(inputs []string) error {
	var from, to []string
	for _, in := range inputs {
		for _, r := range w.wanted {
			target := w.target(r, in)
			for _, other := range inputs {
				if sameFile(other, target) {
					return wrong(target, "this is an input", "đây là tệp vào")
				}
			}
			from, to = append(from, in), append(to, target)
		}
	}
	return distinct(from, to)
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
		return wrong(key.Name, "no certificate comes with the key; give --report-cert", "khóa không kèm chứng thư; thêm --report-cert")
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
			o.Key, o.Chain, o.KeyName = w.key, w.key.Chain, w.key.Name
		}
		return render.PDF(ctx, out, v, report, o)
	}
	b, err := report.JSON()
	if err == nil {
		_, err = out.Write(append(b, '\n'))
	}
	return err
}
