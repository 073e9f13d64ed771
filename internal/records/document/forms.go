package document

import (
	"errors"
	"slices"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
	"github.com/antinvn/antin/internal/pki/training"
	"github.com/antinvn/antin/internal/records/register"
)

// The forms: each is a page of its own, and asks for as little as it can.

type writeForm struct {
	Title string      `form:"title,required,max=300"`
	Kind  string      `form:"kind,required"`
	To    []string    `form:"to,required"`
	File  *web.Upload `form:"file,required,accept=.pdf"`
}

func (p page) write(r *web.Request) (web.Answer, error) {
	who := auth.Who(r)
	var in writeForm
	form, err := r.Form("document.new", &in)
	if err != nil {
		return nil, err
	}
	if err := p.choices(r, who, form); err != nil {
		return nil, err
	}
	if form.OK() {
		n := NewDocument{Title: in.Title, Kind: in.Kind, Name: in.File.Name, File: in.File}
		for _, x := range in.To {
			id, err := store.ParseID("agy", x)
			if err != nil {
				return nil, err
			}
			n.Recipients = append(n.Recipients, id)
		}
		d, err := p.s.Write(r.Context(), who, n)
		if err == nil {
			return web.SeeOther(at(d.ID, "")).Say(web.T("document.said.written")), nil
		}
		if first, taken := errors.AsType[*store.Done](err); taken {
			return web.SeeOther(at(first.Object, "")), nil
		}
		if !form.Blame(err) {
			return nil, err
		}
	}
	form.Cancel = path
	return &web.Page{Title: web.T("document.new"), Body: "form.html", Data: formData{Form: form}, Form: form, Trail: trail(nil)}, nil
}

// choices fills what can be chosen. The clock that decides which kinds there are is the transaction's; a kind that ended since is refused there.
func (p page) choices(r *web.Request, who auth.Actor, form *web.Form) error {
	agencies, err := p.s.Recipients(r.Context(), who)
	if err != nil {
		return err
	}
	var to, kinds []web.Choice
	for _, a := range agencies {
		to = append(to, web.Choice{Value: a.ID.Text("agy"), Name: a.Name})
	}
	for _, k := range register.Kinds(p.s.now()) {
		if k.Form != register.FormNone {
			kinds = append(kinds, web.Choice{Value: k.Code, Name: k.Name(r.Lang)})
		}
	}
	form.Options("to", to)
	form.Options("kind", kinds)
	return nil
}

// formData is a page that is about one form, over a document or none.
type formData struct {
	Banner *web.Banner
	Said   *web.Banner
	Facts  []web.Fact
	Note   web.Text
	Sheets *web.Sheets
	Form   *web.Form

	read func() (*web.Sheets, error) // fills Sheets where the page is shown; nil for none
}

// finish is what happens to a form: the command, what is said after it, where the reader goes.
func (p page) finish(form *web.Form, d *Full, title string, data formData, act func(seen store.ID) error, said func() web.Text) (web.Answer, error) {
	if before := d.Event; form.OK() {
		seen, err := store.ParseID(evtKind, form.Field("seen").Value)
		if err == nil {
			err = act(seen)
		}
		if err == nil {
			return web.SeeOther(at(d.ID, "")).Say(said()), nil
		}
		if _, taken := errors.AsType[*store.Done](err); taken { // by a node that stopped before it answered
			return web.SeeOther(at(d.ID, "")), nil
		}
		if !form.Blame(err) {
			return nil, err
		}
		if d.Event != before { // a part of it was done, and the form goes on from there
			form.Field("seen").Value = d.Event.Text(evtKind)
		}
	} else if !form.Fresh() {
		form.Field("seen").Value = d.Event.Text(evtKind)
	}
	form.Cancel = at(d.ID, "")
	data.Form = form
	if data.read != nil {
		var err error
		if data.Sheets, err = data.read(); err != nil {
			return nil, err
		}
	}
	return &web.Page{
		Title: web.T(title), Body: "form.html", Data: data, Form: form, Trail: trail(&d.Document),
		Acts: []web.Link{{Text: web.T("document.read"), Href: at(d.ID, "/tep?doc=1")}},
	}, nil
}

func always(key string) func() web.Text { return func() web.Text { return web.T(key) } }

type replaceForm struct {
	Seen string      `form:"seen,hidden"`
	File *web.Upload `form:"file,required,accept=.pdf"`
}

func (p page) replace(r *web.Request) (web.Answer, error) {
	who, d, err := p.read(r)
	if err != nil {
		return nil, err
	}
	var in replaceForm
	form, err := r.Form("document.replace", &in)
	if err != nil {
		return nil, err
	}
	if !form.OK() {
		if err := d.in(Returned); err != nil {
			return nil, err
		}
	}
	data := formData{Said: &web.Banner{Kind: web.Bad, Title: web.T("document.returned_because"), Body: web.Plain(d.Reason)}}
	return p.finish(form, &d, "document.replace", data, func(seen store.ID) error {
		return p.s.Replace(r.Context(), who, d.ID, seen, in.File.Name, in.File)
	}, always("document.said.replaced"))
}

type signForm struct {
	Seen string `form:"seen,hidden"`
}

func (p page) sign(r *web.Request) (web.Answer, error) {
	who, d, err := p.read(r)
	if err != nil {
		return nil, err
	}
	var in signForm
	form, err := r.Form("document.sign", &in)
	if err != nil {
		return nil, err
	}
	if err := allowed(who, auth.SignDocument); err != nil {
		return nil, err
	}
	if !form.OK() {
		if err := d.in(Draft); err != nil {
			return nil, err
		}
	}
	data := formData{Banner: training.Banner(), Facts: facts(r, &d.Document), Note: web.T("document.sign.note")}
	data.read = func() (*web.Sheets, error) { return p.sheets(r, d.ID, "/ky") } // what is signed is what was read
	return p.finish(form, &d, "document.sign", data, func(seen store.ID) error {
		if _, done := d.did("signed", who, seen); done {
			return nil
		}
		return p.s.Sign(r.Context(), who, d.ID, seen)
	}, always("document.said.signed"))
}

type backForm struct {
	Seen   string `form:"seen,hidden"`
	Reason string `form:"reason,textarea,required,max=2000"`
}

func (p page) back(r *web.Request) (web.Answer, error) {
	who, d, err := p.read(r)
	if err != nil {
		return nil, err
	}
	var in backForm
	form, err := r.Form("document.return", &in)
	if err != nil {
		return nil, err
	}
	// A form that is sent again is about the act that it asked for, wherever the document is by now.
	seen, _ := store.ParseID(evtKind, form.Field("seen").Value) //nolint:errcheck // one that saw nothing did nothing
	_, returned := d.did("returned", who, seen)
	_, sentBack := d.did("sent_back", who, seen)
	act, need := p.s.Return, auth.SignDocument
	if d.State == Signed && !returned || sentBack {
		act, need = p.s.SendBack, auth.NumberDocument
	}
	if err := allowed(who, need); err != nil {
		return nil, err
	}
	return p.finish(form, &d, "document.return", formData{Facts: facts(r, &d.Document)}, func(seen store.ID) error {
		return act(r.Context(), who, d.ID, seen, in.Reason)
	}, always("document.said.returned"))
}

type sealForm struct {
	Seen string    `form:"seen,hidden"`
	Date time.Time `form:"date"`
}

// seal is number, date and seal on one screen. Where the machine stops between number and seal, the same screen goes on with that number.
func (p page) seal(r *web.Request) (web.Answer, error) {
	who, d, err := p.read(r)
	if err != nil {
		return nil, err
	}
	var in sealForm
	form, err := r.Form("document.seal", &in)
	if err != nil {
		return nil, err
	}
	if err := allowed(who, auth.SealDocument); err != nil {
		return nil, err
	}
	if !form.OK() {
		if err := d.in(Signed, Numbered); err != nil {
			return nil, err
		}
	}
	data := formData{Banner: training.Banner(), Facts: facts(r, &d.Document)}
	if d.State == Numbered {
		data.Said = &web.Banner{Kind: web.Info, Title: web.T("document.seal.numbered", "notation", d.Notation), Body: web.T("document.seal.numbered_next")}
		form.Field("date").Kind = "hidden"
	}
	return p.finish(form, &d, "document.seal", data, func(seen store.ID) error {
		return p.numberAndSeal(r, who, &d, seen, in.Date)
	}, func() web.Text { return web.T("document.said.issued", "notation", d.Notation) })
}

func (p page) numberAndSeal(r *web.Request, who auth.Actor, d *Full, seen store.ID, date time.Time) error {
	if at, done := d.did("numbered", who, seen); done {
		seen = at
	}
	if _, done := d.did("sealed", who, seen); done {
		return nil
	}
	if d.State != Numbered {
		if err := p.s.Number(r.Context(), who.Inner(), d.ID, seen, date); err != nil {
			return err
		}
		now, err := p.s.Get(r.Context(), who, d.ID)
		if err != nil {
			return err
		}
		*d, seen = now, now.Event
	}
	return p.s.Seal(r.Context(), who, d.ID, seen)
}

// did reports whether what was done next with a document, after what a form's sender had seen, is this, by this actor: what a form asks for
// that was sent before, and whose answer was lost. at is the document's event since.
func (d *Full) did(what string, who auth.Actor, seen store.ID) (at store.ID, ok bool) {
	i := 1 + slices.IndexFunc(d.Steps, func(s Step) bool { return s.event == seen })
	if i == 0 || i == len(d.Steps) || d.Steps[i].What != what || d.Steps[i].Account != who.Account {
		return 0, false
	}
	return d.Steps[i].event, true
}

// allowed keeps a form from those whose command would be refused: the command itself asks again.
func allowed(who auth.Actor, p auth.Permission) error {
	if who.May(p) {
		return nil
	}
	return fault.New(fault.Denied, auth.ErrDenied, string(p))
}
