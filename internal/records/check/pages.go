package check

import (
	"bytes"
	"html/template"
	"strconv"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/web"
	"github.com/antinvn/antin/internal/records/sheets"
	"github.com/antinvn/antin/verify"
	"github.com/antinvn/antin/verify/render"
)

const (
	path       = "/kiem-tra"
	reportPath = "/kiem-tra/bao-cao"
)

// Pages are open to everybody.
func Pages(s *Service) web.Module {
	p := pages{s}
	return web.Module{
		Name: "records/check", Pages: Files,
		Routes: []web.Route{
			{Pattern: "GET " + path, Handler: p.ask, Anyone: true},
			{Pattern: "POST " + path, Handler: p.check, Anyone: true, Upload: true},
			{Pattern: "POST " + reportPath, Handler: p.report, Anyone: true},
		},
		Navigation: []web.Item{{Text: web.T("check.menu"), Href: path, Order: 60, Shown: func(web.Actor) bool { return true }}},
		Panels:     []web.Panel{{Order: 40, Show: invite}},
	}
}

// invite tells a visitor what can be done here without an account.
func invite(r *web.Request) (*web.PanelView, error) {
	if r.Actor.SignedIn() {
		return nil, nil //nolint:nilnil // the menu has it
	}
	return &web.PanelView{Title: web.T("check.invite"), Rows: []web.PanelRow{{Text: web.T("check.menu"), Note: web.T("check.lead"), Href: path}}}, nil
}

type pages struct{ s *Service }

// view is what the page is drawn from.
type view struct {
	Path, ReportPath string
	Limits           Limits
	Files            int64
	Results          []result
	Words            map[string]string
}

// result is what is said of one file: an answer, or why there is none.
type result struct {
	Number  int
	Name    string
	Failure *web.Failure
	Cause   string // what the engine says of a file that it cannot read
	Answer  *verify.Report
	Facts   *verify.Facts
	Kind    web.Kind
	Lines   []line
	Carried string
	Sheets  *web.Sheets
}

type line struct {
	verify.Line

	Kind    web.Kind
	Members []member
}

type member struct {
	*verify.SignatureReport

	Number int
}

// kinds are the house's shapes and colours of the engine's tones.
var kinds = map[verify.Tone]web.Kind{verify.TonePassed: web.Good, verify.ToneFailed: web.Bad, verify.ToneOpen: web.Wait, verify.ToneTraining: web.Info}

func (p pages) page(r *web.Request, results []result) *web.Page {
	limits := p.s.Limits()
	title := web.T("check.title")
	if results != nil {
		title = web.T("check.title_result")
	}
	return &web.Page{
		Title: title, Body: "check.html", Pictures: results != nil,
		Data: &view{path, reportPath, limits, int64(limits.Files), results, render.Words(string(r.Lang))},
	}
}

func (p pages) ask(r *web.Request) (web.Answer, error) { return p.page(r, nil), nil }

// check answers at once: nothing is kept that another page could show.
func (p pages) check(r *web.Request) (web.Answer, error) {
	var results []result
	var house error // why the house could not answer about the last file
	failed := 0
	for u, err := range r.Uploads() {
		switch {
		case err != nil && len(results) == 0:
			return nil, err
		case err == nil && len(results) == p.s.Limits().Files:
			err = fault.New(fault.Invalid, ErrFiles, "").With("limit", r.Say(web.T("check.files", "n", p.s.Limits().Files)))
		}
		one := result{Number: len(results) + 1}
		if err == nil {
			one.Name = u.Name
			var a *Answer
			look := p.s.Check
			if len(results) < pictured {
				look = p.s.Show
			}
			if a, err = look(r.Context(), auth.Who(r), u.Name, u); err == nil {
				err = p.answer(r, &one, a)
			}
		}
		if err != nil {
			if r.Context().Err() != nil {
				return nil, fault.New(fault.Unavailable, web.ErrGone, "").Because(err)
			}
			one.fail(r, err)
			failed = max(failed, one.Failure.Status)
			if fault.Is(err, fault.Unavailable) {
				house = err
			}
		}
		if results = append(results, one); last(err) {
			break
		}
	}
	if len(results) == 0 {
		return nil, fault.New(fault.Invalid, ErrNoFile, "")
	}
	if len(results) == 1 && house != nil {
		return nil, house
	}
	page := p.page(r, results)
	if len(results) == 1 && failed != 0 {
		page.Status = failed
	}
	return page, nil
}

// last tells the failures after which no further file is read.
func last(err error) bool {
	return err != nil && (fault.Is(err, fault.TooLarge) || codes.Of(err) == string(ErrFiles) || codes.Of(err) == string(web.ErrUnreadable))
}

func (o *result) fail(r *web.Request, err error) {
	f := r.Failure(err)
	o.Failure, o.Kind = &f, web.Quiet
	if cause := fault.Of(err).Err; cause != nil {
		if e, ok := codes.Find(codes.Code(codes.Of(cause))); ok {
			o.Cause = e.WhatVI
			if r.Lang == "en" {
				o.Cause = e.WhatEN
			}
		}
	}
}

// pictured is of how many files the answer shows the first page: it stands in the page itself, because nothing is kept that another
// request could fetch.
const pictured = 3

func (p pages) answer(r *web.Request, o *result, a *Answer) (err error) {
	o.Answer, o.Facts = a.Report(string(r.Lang)), a.Verdict.Facts
	if d := a.page; d != nil {
		view := &web.Sheets{Count: d.read.Count, Of: "-" + strconv.Itoa(o.Number), Below: true}
		if d.err == nil {
			view.Pages = sheets.Of(d.read, 1, func(int) (usual, wide template.URL) { return web.Embedded(d.picture), "" })
		} else {
			view.Why = sheets.Why(r, d.err)
		}
		if d.err == nil || view.Why != nil {
			o.Sheets = view
		}
	}
	o.Kind = kinds[o.Answer.Document.Tone]
	for _, l := range o.Answer.Document.Lines {
		one := line{Line: l, Kind: kinds[l.Tone]}
		for _, i := range l.Signatures {
			one.Members = append(one.Members, member{&o.Answer.Signatures[i], i + 1})
		}
		o.Lines = append(o.Lines, one)
	}
	o.Carried, err = p.s.carry(a)
	return err
}

// report makes a report of the answer that the page carried.
func (p pages) report(r *web.Request) (web.Answer, error) {
	if err := r.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, web.ErrUnreadable, "").Because(err)
	}
	d, err := p.s.Report(r.Context(), auth.Who(r), r.PostForm.Get("answer"), Form(r.PostForm.Get("form")), string(r.Lang))
	if err != nil {
		return nil, err
	}
	return &web.Download{Name: d.Name, Type: d.Type, Size: int64(len(d.Content)), Content: bytes.NewReader(d.Content)}, nil
}
