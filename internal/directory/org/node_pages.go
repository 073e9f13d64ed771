package org

import (
	"slices"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// nodeForm is what is asked of an agency or a unit; each form leaves out what it does not ask.
type nodeForm struct {
	Name       string    `form:"name,required,max=200"`
	Kind       string    `form:"kind,select,required"`
	Level      string    `form:"level,select"`
	Sector     string    `form:"sector,select"`
	Parent     string    `form:"parent,select"`
	From       time.Time `form:"from,required"`
	ShortName  string    `form:"short_name,max=200"`
	Notation   string    `form:"notation,max=20"`
	OwnSeal    bool      `form:"own_seal"`
	Code35     string    `form:"code35,max=35"`
	Code13     string    `form:"code13,max=13"`
	TaxCode    string    `form:"tax_code,max=14"`
	BudgetCode string    `form:"budget_code,max=7"`
	Address    string    `form:"address,max=200"`
	Email      string    `form:"email,email,max=200"`
	Phone      string    `form:"phone,tel,max=200"`
	Basis      string    `form:"basis,max=200"`
	Seen       string    `form:"seen,hidden"`
}

func (f *nodeForm) facts(parent store.ID) Facts {
	return Facts{
		Parent: parent, Kind: Kind(f.Kind), Level: Level(f.Level), Sector: f.Sector, Name: f.Name, ShortName: f.ShortName, Notation: f.Notation,
		OwnSeal: f.OwnSeal, Code13: f.Code13, Code35: f.Code35, TaxCode: f.TaxCode, BudgetCode: f.BudgetCode, Address: f.Address, Email: f.Email, Phone: f.Phone,
	}
}

func nodeFormOf(f *Facts) nodeForm {
	return nodeForm{
		Name: f.Name, Kind: string(f.Kind), Level: string(f.Level), Sector: f.Sector, ShortName: f.ShortName, Notation: f.Notation, OwnSeal: f.OwnSeal,
		Code35: f.Code35, Code13: f.Code13, TaxCode: f.TaxCode, BudgetCode: f.BudgetCode, Address: f.Address, Email: f.Email, Phone: f.Phone,
	}
}

// bodyFields are those that only an agency has.
var bodyFields = []string{"level", "sector", "own_seal", "code35", "code13", "tax_code", "budget_code"}

// ask makes the form of an agency or of a unit, without some fields.
func (f *nodeForm) ask(r *web.Request, internal bool, without ...string) (*web.Form, error) {
	form, err := r.Form("org.field", f)
	if err != nil {
		return nil, err
	}
	if internal {
		without = append(without, bodyFields...)
	}
	form.Fields = slices.DeleteFunc(form.Fields, func(x *web.Field) bool { return slices.Contains(without, x.Name) })
	kinds := BodyKinds
	if internal {
		kinds = UnitKinds
	} else {
		form.Field("level").Required = true
		form.Options("level", choices(r, "org.level.", Levels))
		form.Options("sector", choices(r, "org.sector.", Sectors))
	}
	form.Options("kind", choices(r, "org.kind.", kinds))
	return form, nil
}

// manage is [pages.at] for who may change the node.
func (p pages) manage(r *web.Request) (View, *asked, error) {
	v, a, err := p.at(r)
	if err == nil && !v.Manages {
		err = fault.New(fault.Denied, auth.ErrDenied, string(auth.ManageDirectory))
	}
	return v, a, err
}

// dayForm asks from which day on something changes, before what was so on that day is shown.
type dayForm struct{ Path, Day string }

// drawn shows a form of this package, with who changed what meanwhile where its sender came too late.
func drawn(title web.Text, form *web.Form, trail []web.Link, day *dayForm, changes []Trace) *web.Page {
	return &web.Page{Title: title, Body: "form.html", Form: form, Trail: trail, Data: struct {
		Form    *web.Form
		Day     *dayForm
		Changes []web.Happening
	}{form, day, happenings(changes)}}
}

// blame shows a failure in a form. Where it came too late, the form shows who changed what, and its next sending counts as having seen it.
func (p pages) blame(r *web.Request, form *web.Form, object, seen store.ID, err error) ([]Trace, error) {
	if !form.Blame(err) {
		return nil, err
	}
	if !fault.Is(err, fault.Stale) {
		return nil, nil
	}
	changes, err := p.s.since(r.Context(), auth.Who(r), object, seen)
	if len(changes) > 0 {
		form.Field("seen").Value = eventText(changes[0].ID)
	}
	return changes, err
}

func eventText(id store.ID) string { return id.Text("evt") }

// eventOf reads what [eventText] wrote. Anything else has seen nothing.
func eventOf(s string) store.ID {
	id, err := store.ParseID("evt", s)
	if err != nil {
		return 0
	}
	return id
}

func (p pages) addBody(r *web.Request) (web.Answer, error) { return p.add(r, false) }
func (p pages) addUnit(r *web.Request) (web.Answer, error) { return p.add(r, true) }

func (p pages) add(r *web.Request, internal bool) (web.Answer, error) {
	v, a, err := p.manage(r)
	if err != nil {
		return nil, err
	}
	if v.Internal() && !internal {
		return nil, missing()
	}
	in := nodeForm{Level: string(v.Level)}
	form, err := in.ask(r, internal, "parent", "seen")
	if err != nil {
		return nil, err
	}
	title := web.T("org.add_body.title", "name", v.Name)
	if internal {
		title = web.T("org.add_unit.title", "name", v.Name)
	}
	form.Cancel = agenciesPath + "/" + v.Text()
	if form.OK() {
		d, err := p.s.Make(r.Context(), auth.Who(r), NewNode{Internal: internal, From: in.From, Basis: in.Basis, Facts: in.facts(v.ID)})
		before, done, err := store.Before(err)
		if done {
			d.ID = before
		}
		if err == nil {
			return web.SeeOther(agenciesPath + "/" + nodeText(d.ID, internal)).Say(web.T("org.made", "name", in.Name)), nil
		}
		if _, err := p.blame(r, form, 0, 0, err); err != nil {
			return nil, err
		}
	}
	return drawn(title, form, trail(a, &v, true), nil, nil), nil
}

// dayOfChange is the day from which a change is to be: that of the address, or today.
func dayOfChange(r *web.Request, today time.Time) (time.Time, error) {
	s := i18n.Line(r.URL.Query().Get("tu"))
	if s == "" {
		return Day(today), nil
	}
	d, err := i18n.ParseDate(s)
	if err != nil {
		return d, fault.New(fault.Invalid, fault.ErrDate, s)
	}
	return Day(d), nil
}

// change is one page in two steps: from which day on, and then, with what was so on that day filled in, what changes.
func (p pages) change(r *web.Request) (web.Answer, error) {
	v, a, err := p.manage(r)
	if err != nil {
		return nil, err
	}
	from, err := dayOfChange(r, v.Now)
	if err != nil {
		return nil, err
	}
	base := baseFacts(v.History, from, v.Facts)
	in := nodeFormOf(&base)
	in.Seen = eventText(v.Event)
	if base.Parent != 0 {
		in.Parent = nodeText(base.Parent, v.Internal() && base.Parent != v.Agency)
	}
	leave := []string{"from"}
	if base.Parent == 0 {
		leave = append(leave, "parent")
	}
	form, err := in.ask(r, v.Internal(), leave...)
	if err != nil {
		return nil, err
	}
	if base.Parent != 0 {
		places, err := p.parents(r, &v, base.Parent, from)
		if err != nil {
			return nil, err
		}
		form.Options("parent", places)
	}
	path := agenciesPath + "/" + v.Text()
	form.Cancel = path
	var changes []Trace
	if form.OK() {
		parent := base.Parent
		if in.Parent != "" {
			if parent, err = parseNode(in.Parent); err != nil {
				return nil, err
			}
		}
		_, err := p.s.Change(r.Context(), auth.Who(r), v.ID, eventOf(in.Seen), Change{Facts: in.facts(parent), From: from, Basis: in.Basis})
		if _, _, err = store.Before(err); err == nil {
			return web.SeeOther(path).Say(web.T("org.changed", "name", in.Name, "day", i18n.Date(from))), nil
		}
		if changes, err = p.blame(r, form, v.ID, eventOf(in.Seen), err); err != nil {
			return nil, err
		}
	}
	return drawn(web.T("org.change.title", "name", v.Name, "day", i18n.Date(from)), form, trail(a, &v, true), &dayForm{path + "/sua", i18n.Date(from)}, changes), nil
}

// parents are where a node may stand from a day on: where it stands, and what the reader manages; a unit stays in its agency.
func (p pages) parents(r *web.Request, v *View, now store.ID, from time.Time) ([]web.Choice, error) {
	places, err := p.s.Places(r.Context(), auth.Who(r), from)
	if err != nil {
		return nil, err
	}
	places = slices.DeleteFunc(places, func(n Node) bool {
		return n.ID == v.ID || v.Internal() && n.Agency != v.Agency || !v.Internal() && n.Internal()
	})
	out := placeChoices(places, v.Internal())
	if !slices.ContainsFunc(places, func(n Node) bool { return n.ID == now }) {
		out = append([]web.Choice{{Value: nodeText(now, v.Internal() && now != v.Agency), Name: v.Names[now]}}, out...)
	}
	return out, nil
}

// baseFacts are what is believed of a day; before the beginning, the first facts; after the end, those given.
func baseFacts[T comparable](history []Version[T], day time.Time, otherwise T) T {
	now := ordered(believedOf(history))
	if len(now) > 0 && day.Before(now[0].Since) {
		return now[0].Facts
	}
	if v, ok := At(now, day, store.Forever); ok {
		return v.Facts
	}
	return otherwise
}

func (p pages) end(r *web.Request) (web.Answer, error) {
	v, a, err := p.manage(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		On    time.Time `form:"on,required"`
		Basis string    `form:"basis,max=200"`
		Seen  string    `form:"seen,hidden"`
	}
	in.Seen = eventText(v.Event)
	form, err := r.Form("org.ending", &in)
	if err != nil {
		return nil, err
	}
	path := agenciesPath + "/" + v.Text()
	form.Cancel = path
	var changes []Trace
	if form.OK() {
		_, err := p.s.End(r.Context(), auth.Who(r), v.ID, eventOf(in.Seen), in.On, in.Basis)
		if _, _, err = store.Before(err); err == nil {
			return web.SeeOther(path).Say(web.T("org.ended", "name", v.Name, "day", i18n.Date(in.On))), nil
		}
		if changes, err = p.blame(r, form, v.ID, eventOf(in.Seen), err); err != nil {
			return nil, err
		}
	}
	return drawn(web.T("org.end.title", "name", v.Name), form, trail(a, &v, true), nil, changes), nil
}
