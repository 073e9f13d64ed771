package main

import (
	"context"
	"os"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

// rewriting is what reserve, extend and timestamp share: each input is opened and a longer file written.
type rewriting struct {
	*flagSet
	output       outputFlags
	network      networkFlags
	passwordFile string
	level        string // that extend reaches

	// cms does the same to a CMS file; nil: only PDFs are taken.
	cms      func(ctx context.Context, w *os.File, d *cades.Document) (*cades.Report, error)
	detached *string
}

func newRewriting(e *env, name, synopsis string, network bool) *rewriting {
	r := &rewriting{flagSet: newFlags(e, name, synopsis)}
	r.output.register(r.flagSet)
	r.StringVar(&r.passwordFile, "password-file", "", e.words("`TỆP` có mật khẩu mở PDF ở dòng đầu", "`FILE` whose first line is the PDF's password"))
	if network {
		r.detached = registerDetached(r.flagSet)
		r.network.register(r.flagSet, true)
	}
	return r
}

func (r *rewriting) run(ctx context.Context, inputs []string, write func(ctx context.Context, w *os.File, d *pdf.Document) (*pades.Report, error)) int {
	outputs, err := r.output.targets(inputs)
	if err != nil {
		return r.e.fail(r.format, err)
	}
	password, err := r.e.passwordFrom(ctx, r.passwordFile)
	if err != nil {
		return r.e.fail(r.format, err)
	}
	return r.e.batch(ctx, r.format, inputs, outputs, func(ctx context.Context, i int, w *os.File) (result, error) {
		if r.cms != nil {
			if out, ok, err := r.rewriteCMS(ctx, w, inputs[i]); ok || err != nil {
				return out, err
			}
		}
		d, file, err := openPDF(ctx, inputs[i], password)
		if err != nil {
			return result{}, err
		}
		defer file.Close()
		report, err := write(ctx, w, d)
		if err != nil {
			return result{}, err
		}
		return result{Level: r.level, Field: report.Field, Size: report.Size, Notes: report.Notes}, nil
	})
}

func runReserve(ctx context.Context, e *env, args []string) int {
	r := newRewriting(e, "reserve", e.words("TỆP TÊN[=TRANG:x,y,w,h]… -o TỆP", "FILE NAME[=PAGE:x,y,w,h]… -o FILE"), false)
	rest, exit, done := r.parse(args)
	if done {
		return exit
	}
	if len(rest) < 2 {
		return e.fail(r.format, wrong("", "a file and at least one NAME are needed", "cần một tệp và ít nhất một TÊN ô"))
	}
	fields, err := parseReservations(rest[1:])
	if err != nil {
		return e.fail(r.format, err)
	}
	return r.run(ctx, rest[:1], func(ctx context.Context, w *os.File, d *pdf.Document) (*pades.Report, error) {
		return pades.Reserve(ctx, w, d, fields...)
	})
}

func runExtend(ctx context.Context, e *env, args []string) int {
	r := newRewriting(e, "extend", e.words("TỆP… -o TỆP|THƯ_MỤC --level B-T|B-LT|B-LTA", "FILE… -o FILE|DIR --level B-T|B-LT|B-LTA"), true)
	r.StringVar(&r.level, "level", pades.BLTA.String(), e.words("`MỨC` B-T, B-LT hoặc B-LTA", "`LEVEL` B-T, B-LT or B-LTA"))
	inputs, exit, done := r.parse(args)
	if done {
		return exit
	}
	to, err := pades.ParseLevel(r.level)
	if err != nil {
		return e.fail(r.format, wrongLevel(r.level))
	}
	if to == pades.BB {
		return e.fail(r.format, wrong("--level "+r.level, "B-T, B-LT or B-LTA is expected", "cần B-T, B-LT hoặc B-LTA"))
	}
	o, err := r.extendOptions()
	if err != nil {
		return e.fail(r.format, err)
	}
	if o.TSA == nil && to != pades.BLT {
		return e.fail(r.format, wrong("--level "+r.level, "--tsa is needed", "cần --tsa"))
	}
	r.cms = func(ctx context.Context, w *os.File, d *cades.Document) (*cades.Report, error) {
		return cades.Extend(ctx, w, d, to, cmsOptions(o))
	}
	return r.run(ctx, inputs, func(ctx context.Context, w *os.File, d *pdf.Document) (*pades.Report, error) {
		return pades.Extend(ctx, w, d, to, o)
	})
}

func runTimestamp(ctx context.Context, e *env, args []string) int {
	r := newRewriting(e, "timestamp", e.words("TỆP… -o TỆP|THƯ_MỤC --tsa URL", "FILE… -o FILE|DIR --tsa URL"), true)
	field := r.String("field", "", e.words("`TÊN` trường dấu thời gian", "`NAME` of the time-stamp's field"))
	inputs, exit, done := r.parse(args)
	if done {
		return exit
	}
	o, err := r.extendOptions()
	if err != nil {
		return e.fail(r.format, err)
	}
	if o.TSA == nil {
		return e.fail(r.format, wrong("", "--tsa is needed", "cần --tsa"))
	}
	r.cms = func(ctx context.Context, w *os.File, d *cades.Document) (*cades.Report, error) {
		return cades.Timestamp(ctx, w, d, cmsOptions(o))
	}
	return r.run(ctx, inputs, func(ctx context.Context, w *os.File, d *pdf.Document) (*pades.Report, error) {
		return pades.Timestamp(ctx, w, d, *field, o)
	})
}

func (r *rewriting) extendOptions() (*pades.ExtendOptions, error) {
	n, err := r.network.open(r.e)
	if err != nil {
		return nil, err
	}
	return &pades.ExtendOptions{
		TSA: n.tsa, Status: n.status, Issuers: n.status, Anchors: n.store, Pool: n.store.Pool(), Time: r.e.clock(),
	}, nil
}
