package main

import (
	"context"
	"fmt"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/verify"
)

func runVerify(ctx context.Context, e *env, args []string) int {
	f := newFlags(e, "verify", "TỆP… [--trust TỆP|THƯ_MỤC]… [--offline]")
	var network networkFlags
	network.register(f, false)
	offline := f.Bool("offline", false, "không gọi mạng: chỉ dùng dữ liệu trong tệp và --trust")
	passwordFile := f.String("password-file", "", "`TỆP` có mật khẩu mở PDF ở dòng đầu")
	detached := registerDetached(f)
	inputs, exit, done := f.parse(args)
	if done {
		return exit
	}
	if len(inputs) == 0 {
		return e.fail(f.format, codes.New(errUsage, "reading the arguments", "", "no input file"))
	}
	n, err := network.open(e)
	if err != nil {
		return e.fail(f.format, err)
	}
	password, err := e.passwordFrom(ctx, *passwordFile)
	if err != nil {
		return e.fail(f.format, err)
	}
	o := &verify.CollectOptions{Trust: n.store, Offline: *offline, Fetch: n.fetch, Cache: n.status.Cache, Password: password, At: e.clock()}
	exit = exitDone
	for _, in := range inputs {
		exit = worst(exit, e.verifyFile(ctx, f.format, in, *detached, o))
	}
	return exit
}

// unreadable is what verify says of a file that it could not read.
type unreadable struct {
	Schema string  `json:"schema"`
	File   string  `json:"file"`
	Error  problem `json:"error"`
}

func (e *env) verifyFile(ctx context.Context, format, path, detached string, o *verify.CollectOptions) int {
	report, err := verifyReport(ctx, e.lang, path, detached, o)
	if err != nil {
		r := e.failed(path, err)
		if format == "json" {
			e.printJSON(unreadable{Schema: verify.ReportSchema, File: path, Error: *r.Error})
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
