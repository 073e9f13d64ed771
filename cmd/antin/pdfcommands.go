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
	r.StringVar(&r.passwordFile, "password-file", "", e.say("flag.password_file"))
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
	r := newRewriting(e, "reserve", e.say("reserve.synopsis"), false)
	rest, exit, done := r.parse(args)
	if done {
		return exit
	}
	if len(rest) < 2 {
		return e.fail(r.format, wrong("", "usage.reserve_input"))
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
	r := newRewriting(e, "extend", e.say("extend.synopsis"), true)
	r.StringVar(&r.level, "level", pades.BLTA.String(), e.say("extend.flag.level"))
	inputs, exit, done := r.parse(args)
	if done {
		return exit
	}
	to, err := pades.ParseLevel(r.level)
	if err != nil {
		return e.fail(r.format, wrongLevel(r.level))
	}
	if to == pades.BB {
		return e.fail(r.format, wrong("--level "+r.level, "usage.level_above"))
	}
	o, err := r.extendOptions()
	if err != nil {
		return e.fail(r.format, err)
	}
	if o.TSA == nil && to != pades.BLT {
		return e.fail(r.format, wrong("--level "+r.level, "usage.tsa_needed"))
	}
	r.cms = func(ctx context.Context, w *os.File, d *cades.Document) (*cades.Report, error) {
		return cades.Extend(ctx, w, d, to, cmsOptions(o))
	}
	return r.run(ctx, inputs, func(ctx context.Context, w *os.File, d *pdf.Document) (*pades.Report, error) {
		return pades.Extend(ctx, w, d, to, o)
	})
}

func runTimestamp(ctx context.Context, e *env, args []string) int {
	r := newRewriting(e, "timestamp", e.say("timestamp.synopsis"), true)
	field := r.String("field", "", e.say("timestamp.flag.field"))
	inputs, exit, done := r.parse(args)
	if done {
		return exit
	}
	o, err := r.extendOptions()
	if err != nil {
		return e.fail(r.format, err)
	}
	if o.TSA == nil {
		return e.fail(r.format, wrong("", "usage.tsa_needed"))
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
