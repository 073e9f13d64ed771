package main

import (
	"context"
	"fmt"

	"github.com/antinvn/antin/verify"
)

func runVerify(ctx context.Context, e *env, args []string) int {
	f := newFlags(e, "verify", e.words("TỆP… [--trust TỆP|THƯ_MỤC]… [--offline]", "FILE… [--trust FILE|DIR]… [--offline]"))
	var network networkFlags
	network.register(f, false)
	offline := f.Bool("offline", false, e.words("không gọi mạng: chỉ dùng dữ liệu trong tệp và --trust", "no network: only what is in the file and --trust"))
	passwordFile := f.String("password-file", "", e.words("`TỆP` có mật khẩu mở PDF ở dòng đầu", "`FILE` whose first line is the PDF's password"))
	detached := registerDetached(f)
	f.fail = e.failVerify
	inputs, exit, done := f.parse(args)
	if done {
		return exit
	}
	if len(inputs) == 0 {
		return f.fail(f.format, nil, wrong("", "no input file", "thiếu tệp vào"))
	}
	n, err := network.open(e)
	if err != nil {
		return f.fail(f.format, inputs, err)
	}
	password, err := e.passwordFrom(ctx, *passwordFile)
	if err != nil {
		return f.fail(f.format, inputs, err)
	}
	o := &verify.CollectOptions{Trust: n.store, Offline: *offline, Fetch: n.fetch, Cache: n.status.Cache, Password: password, At: e.clock()}
	exit = exitDone
	for _, in := range inputs {
		exit = worst(exit, e.verifyFile(ctx, f.format, in, *detached, o))
	}
	return exit
}

// unreadable is what verify says of a file that it could not read, and of a command line that names none: File is null then.
type unreadable struct {
	Schema string   `json:"schema"`
	File   *string  `json:"file"`
	Error  *problem `json:"error"`
}

// failVerify ends verify before a file was touched: one object for each file that was named.
func (e *env) failVerify(format string, files []string, err error) int {
	if format != "json" {
		return e.fail(format, err)
	}
	p := explain(err, e.lang)
	for i := range files {
		e.printJSON(unreadable{Schema: verify.ReportSchema, File: &files[i], Error: p})
	}
	if len(files) == 0 {
		e.printJSON(unreadable{Schema: verify.ReportSchema, Error: p})
	}
	return p.exit
}

func (e *env) verifyFile(ctx context.Context, format, path, detached string, o *verify.CollectOptions) int {
	report, err := verifyReport(ctx, e.lang, path, detached, o)
	if err != nil {
		r := e.failed(path, err)
		if format == "json" {
			e.printJSON(unreadable{Schema: verify.ReportSchema, File: &path, Error: r.Error})
		} else {
			e.print(format, r)
		}
		if r.Error.Code == string(codeCancelled) {
			return r.exit
		}
		return exitUnreadable
	}
	if format == "json" {
		e.printJSON(report)
	} else {
		fmt.Fprint(e.stdout, report.Text())
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

func verifyReport(ctx context.Context, lang, path, detached string, o *verify.CollectOptions) (*verify.Report, error) {
	c, err := openCMSFile(ctx, path, detached)
	if err != nil {
		return nil, err
	}
	defer c.close()
	with := *o
	with.Content = c.outside()
	facts, err := verify.Collect(ctx, c.file, c.size, &with)
	if err != nil {
		return nil, err
	}
	report := verify.Decide(facts, verify.DefaultPolicy(), o.At).Report(lang)
	report.File = path
	return report, nil
}
