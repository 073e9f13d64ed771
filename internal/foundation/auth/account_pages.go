package auth

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// accountList is how accounts may be looked at; each pair walks an index of migration 0041.
var accountList = web.List{
	Key:     "auth.accounts",
	Columns: []web.Column{{Name: "name"}, {Name: "login"}, {Name: "agency"}, {Name: "state"}},
	Pairs:   []web.Pair{{Sort: "name"}, {Filters: []string{"agency"}, Sort: "name"}, {Filters: []string{"name"}, Sort: "name"}},
}

type accountRow struct {
	Account
	Href    string
	Managed string
	Badge   web.Badge
}

func stateBadge(state string) web.Badge {
	if state == Active {
		return web.Badge{Kind: web.Good, Text: web.T("auth.account.active")}
	}
	return web.Badge{Kind: web.Quiet, Text: web.T("auth.account.closed")}
}

func (p page) accounts(r *web.Request) (web.Answer, error) {
	who := Who(r)
	q, err := accountList.Query(r)
	if err != nil {
		return nil, err
	}
	query := AccountQuery{Begins: q.Value("name"), Limit: q.Limit + 1}
	if v := q.Value("agency"); v != "" {
		if query.Agency, err = store.ParseID("agy", v); err != nil {
			return nil, err
		}
	}
	if q.After != nil {
		query.After = &Account{ID: store.ID(q.After.ID), Key: []byte{}}
		switch v := q.After.Value.(type) {
		case []byte:
			query.After.Key = v
		case string:
			query.After.Term = v
		}
	}
	list, err := p.s.Accounts(r.Context(), who, query)
	if err != nil {
		return nil, err
	}
	list, more := web.Cut(q, list)
	var next *web.Cursor
	if more {
		last := list[len(list)-1]
		next = &web.Cursor{Value: last.Key, ID: int64(last.ID)}
		if query.Begins != "" {
			next.Value = last.Term
		}
	}
	nodes, err := p.s.nodes(r.Context(), who)
	if err != nil {
		return nil, err
	}
	var data struct {
		Table *web.Table
		Rows  []accountRow
	}
	for _, a := range list {
		data.Rows = append(data.Rows, accountRow{a, "/tai-khoan/" + a.ID.Text("acc"), nodes.name(a.Agency), stateBadge(a.State)})
	}
	data.Table = q.Table(r, len(list), next)
	data.Table.Options("agency", nodes.choices(false))
	data.Table.Link = &web.Link{Text: web.T("auth.accounts.new"), Href: "/tai-khoan/moi", Primary: true}
	return &web.Page{
		Title: web.T("auth.accounts"), Body: "accounts.html", Data: data,
		Acts: []web.Link{{Text: web.T("auth.accounts.new"), Href: "/tai-khoan/moi", Primary: true}},
	}, nil
}

func (p page) newAccount(r *web.Request) (web.Answer, error) {
	who := Who(r)
	var in struct {
		Name   string `form:"name,required,max=200"`
		Login  string `form:"login,required,max=64"`
		Agency string `form:"agency,required"`
		Kind   string `form:"kind,radio,required"`
		Person string `form:"person,hidden"`
	}
	in.Kind, in.Agency, in.Person = PersonAccount, r.Actor.Agency.Value, r.URL.Query().Get("nguoi")
	whose, err := p.asked(r, in.Person)
	if err != nil {
		return nil, err
	}
	if whose != nil {
		in.Name, in.Agency = whose.Name, whose.Agency.Text("agy")
	}
	form, err := r.Form("auth.new", &in)
	if err != nil {
		return nil, err
	}
	nodes, err := p.s.nodes(r.Context(), who)
	if err != nil {
		return nil, err
	}
	form.Options("agency", nodes.choices(false))
	form.Options("kind", []web.Choice{
		{Value: PersonAccount, Name: r.Say(web.T("auth.account.kind_person"))}, {Value: ServiceAccount, Name: r.Say(web.T("auth.account.kind_service"))},
	})
	if form.OK() {
		agency, err := store.ParseID("agy", in.Agency)
		if err != nil {
			return nil, err
		}
		n := NewAccount{Kind: in.Kind, Login: in.Login, Name: in.Name, Agency: agency}
		if in.Person != "" {
			if n.Person, err = store.ParseID("per", in.Person); err != nil {
				return nil, err
			}
		}
		l, err := p.s.CreateAccount(r.Context(), who, n)
		made, before, err := store.Before(err)
		if before {
			return web.SeeOther("/tai-khoan/" + made.Text("acc")).Say(web.T("auth.new.done_before")), nil
		}
		if err == nil {
			return p.letter(r, l), nil
		}
		if !form.Blame(err) {
			return nil, err
		}
	}
	form.Cancel = "/tai-khoan"
	page := &web.Page{Title: web.T("auth.new"), Body: "form.html", Form: form, Trail: accountTrail}
	page.Acts = []web.Link{{Text: web.T("auth.people"), Href: "/tai-khoan/moi/nguoi"}}
	return page, nil
}

// asked is the person of the directory that a new account is to be for; nil for none.
func (p page) asked(r *web.Request, text string) (*Someone, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // nobody is asked for
	}
	id, err := store.ParseID("per", text)
	if err != nil {
		return nil, err
	}
	list, err := p.s.People(r.Context(), Who(r), PeopleQuery{Person: id})
	if err != nil {
		return nil, err
	}
	return &list[0], nil
}

var accountTrail = []web.Link{{Text: web.T("auth.accounts"), Href: "/tai-khoan"}}

// letter shows a one-time password, once: it is in no address, no cookie and no row.
func (p page) letter(r *web.Request, l Letter) web.Answer {
	data := struct {
		Letter
		Address string
		Href    string
	}{l, p.s.address(r), "/tai-khoan/" + l.Account.Text("acc")}
	return &web.Page{Title: web.T("auth.letter"), Body: "letter.html", Data: data, Trail: accountTrail, Scripts: []string{"print.js"}}
}

// role is a grant as a page shows it.
type role struct {
	Role, Reach web.Text
	At          string
	By          string
	Since       time.Time
	Until       time.Time // zero: no end
	End         *web.Dialog
}

func (p page) roles(r *web.Request, who Actor, grants []Given, steer bool) ([]role, error) {
	var places []store.ID
	for _, g := range grants {
		places = append(places, g.At, g.Agency)
	}
	names, err := p.s.named(r.Context(), places)
	if err != nil {
		return nil, err
	}
	var rows []role
	for _, g := range grants {
		row := role{Role: g.Role.text(), Reach: g.Reach.text(), At: cmp.Or(names[g.At], g.At.Text("agy")), Since: g.Since}
		if g.At != g.Agency {
			row.At += " – " + names[g.Agency]
		}
		if g.Until.Before(store.Forever) {
			row.Until = g.Until.Add(-time.Second)
		}
		if id := g.ID.Text("grt"); steer && g.Account != who.Account {
			path := "/tai-khoan/" + g.Account.Text("acc") + "/ket-thuc"
			row.End = &web.Dialog{
				ID: "end-" + id, Opener: web.T("auth.grant.end"), Href: path + "?vai-tro=" + id, Title: web.T("auth.grant.end_ask"), Body: web.T("auth.grant.end_next"),
				Act: r.Act(web.T("auth.grant.end"), path, "danger", web.Choice{Value: id, Name: "grant"}),
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (r Role) text() web.Text  { return web.Text{Key: "auth.role." + string(r)} }
func (r Reach) text() web.Text { return web.Text{Key: "auth.reach." + r.String()} }

// account shows an account, and the form that gives it a role.
func (p page) account(r *web.Request) (web.Answer, error) { return p.give(r) }

func (p page) give(r *web.Request) (web.Answer, error) {
	who := Who(r)
	id, err := store.ParseID("acc", r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	h, err := p.s.Account(r.Context(), who, id)
	if err != nil {
		return nil, err
	}
	nodes, err := p.s.nodes(r.Context(), who)
	if err != nil {
		return nil, err
	}
	var in struct {
		Role  string    `form:"role,required"`
		At    string    `form:"at,required"`
		Reach string    `form:"reach,radio,required"`
		Since time.Time `form:"since"`
		Until time.Time `form:"until"`
	}
	in.At, in.Reach = h.Agency.Text("agy"), Units.String()
	form, err := r.Form("auth.grant", &in)
	if err != nil {
		return nil, err
	}
	form.Options("role", rolesToChoose(r))
	form.Options("at", nodes.choices(true))
	form.Options("reach", reachesToChoose(r))
	if form.OK() {
		n := NewGrant{Account: id, Role: Role(in.Role), Since: in.Since, Until: in.Until}
		if !n.Until.IsZero() {
			n.Until = n.Until.In(clock.Vietnam).AddDate(0, 0, 1) // to the end of that day
		}
		n.Reach = Reach(slices.Index(reachNames[:], in.Reach))
		if n.At, err = store.ParseID("agy", in.At); err != nil {
			return nil, err
		}
		_, _, err := store.Before(p.s.Give(r.Context(), who, n))
		if err == nil {
			return web.SeeOther(r.URL.Path).Say(web.T("auth.grant.given")), nil
		}
		if !form.Blame(err) {
			return nil, err
		}
	}
	data := struct {
		Facts   []web.Fact
		State   web.Badge
		Roles   []role
		Form    *web.Form
		Dialogs []*web.Dialog
	}{State: stateBadge(h.State), Form: form}
	data.Facts = []web.Fact{
		{Name: web.T("auth.account.login"), Value: web.Plain(h.Login)}, {Name: web.T("auth.account.kind"), Value: web.Text{Key: "auth.account.kind_" + h.Kind}},
		{Name: web.T("auth.account.agency"), Value: web.Plain(nodes.name(h.Agency))}, {Name: web.T("auth.account.since"), Value: web.Plain(i18n.DateTime(h.Since))},
	}
	var links []web.Link
	if h.Kind == PersonAccount {
		whose, err := p.personFact(r, &h.Account)
		if err != nil {
			return nil, err
		}
		data.Facts = append(data.Facts, whose)
		if id != who.Account {
			links = []web.Link{{Text: web.T("auth.people.link_some"), Href: accountPath(id) + "/nguoi"}}
		}
	}
	if !h.Once.IsZero() {
		data.Facts = append(data.Facts, web.Fact{Name: web.T("auth.account.once"), Value: web.Plain(i18n.DateTime(h.Once))})
	}
	if data.Roles, err = p.roles(r, who, h.Grants, true); err != nil {
		return nil, err
	}
	if id == who.Account || h.State != Active {
		data.Form = nil
	}
	for _, a := range acts {
		if a.shown(&h.Account) && id != who.Account {
			data.Dialogs = append(data.Dialogs, a.dialog(r, id))
		}
	}
	return &web.Page{Title: web.Plain(h.Name), Body: "account.html", Form: form, Data: data, Trail: accountTrail, Acts: links}, nil
}

func rolesToChoose(r *web.Request) (list []web.Choice) {
	for _, x := range Roles {
		list = append(list, web.Choice{Value: string(x), Name: r.Say(x.text())})
	}
	return list
}

func reachesToChoose(r *web.Request) (list []web.Choice) {
	for x := Agency; x <= Subordinates; x++ {
		list = append(list, web.Choice{Value: x.String(), Name: r.Say(x.text())})
	}
	return list
}

// act is something that is done to an account, after a question.
type act struct {
	path, key, kind string
	state           string // in which it is offered
}

var acts = []act{
	{"mat-khau", "auth.account.new_password", "primary", Active},
	{"bo-hai-buoc", "auth.account.reset", "danger", Active},
	{"khoa", "auth.account.close", "danger", Active},
	{"mo", "auth.account.open", "primary", Closed},
	{"bo-gan", "auth.people.unlink", "", Active},
	{"ket-thuc", "auth.grant.end", "danger", ""},
}

func (a act) shown(of *Account) bool {
	return a.state == of.State && (a.path != "bo-gan" || of.Person != 0)
}

func (a act) dialog(r *web.Request, id store.ID) *web.Dialog {
	path := "/tai-khoan/" + id.Text("acc") + "/" + a.path
	d := &web.Dialog{ID: "hoi-" + a.path, Opener: web.Text{Key: a.key}, Href: path, Title: web.Text{Key: a.key + "_ask"}, Body: web.Text{Key: a.key + "_next"}}
	var hidden []web.Choice
	if g := r.URL.Query().Get("vai-tro"); a.path == "ket-thuc" && g != "" {
		hidden = append(hidden, web.Choice{Value: g, Name: "grant"})
	}
	d.Act = r.Act(d.Opener, path, a.kind, hidden...)
	return d
}

func findAct(r *web.Request) (act, store.ID, error) {
	id, err := store.ParseID("acc", r.PathValue("id"))
	i := slices.IndexFunc(acts, func(a act) bool { return a.path == r.PathValue("act") })
	if i < 0 {
		return act{}, 0, fault.New(fault.NotFound, web.ErrNoPage, r.URL.Path)
	}
	return acts[i], id, err
}

// ask is the question as a page of its own, where there is no JavaScript.
func (p page) ask(r *web.Request) (web.Answer, error) {
	a, id, err := findAct(r)
	if err != nil {
		return nil, err
	}
	h, err := p.s.Account(r.Context(), Who(r), id)
	if err != nil {
		return nil, err
	}
	d := a.dialog(r, id)
	trail := append(slices.Clone(accountTrail), web.Link{Text: web.Plain(h.Name), Href: "/tai-khoan/" + id.Text("acc")})
	return &web.Page{Title: d.Title, Body: "ask.html", Data: d, Trail: trail}, nil
}

func (p page) act(r *web.Request) (web.Answer, error) {
	var in struct {
		Grant string `form:"grant,hidden"`
	}
	a, id, err := findAct(r)
	if err != nil {
		return nil, err
	}
	if _, err := r.Form(a.key, &in); err != nil {
		return nil, err
	}
	back, who := web.SeeOther("/tai-khoan/"+id.Text("acc")), Who(r)
	said := map[string]string{"bo-hai-buoc": "auth.account.done_reset", "khoa": "auth.account.done_close", "mo": "auth.account.done_open", "ket-thuc": "auth.grant.ended", "bo-gan": "auth.people.unlinked", "mat-khau": "auth.letter.done_before"}[a.path]
	switch a.path {
	case "mat-khau":
		var l Letter
		if l, err = p.s.GivePassword(r.Context(), who, id); err == nil {
			return p.letter(r, l), nil
		}
	case "bo-hai-buoc":
		err = p.s.ResetFactors(r.Context(), who, id)
	case "khoa":
		err = p.s.CloseAccount(r.Context(), who, id, "")
	case "bo-gan":
		err = p.s.UnlinkPerson(r.Context(), who, id)
	case "mo":
		err = p.s.OpenAccount(r.Context(), who, id)
	default:
		var grant store.ID
		if grant, err = store.ParseID("grt", in.Grant); err == nil {
			err = p.s.End(r.Context(), who, grant, time.Time{})
		}
	}
	if _, _, err := store.Before(err); err != nil {
		return nil, err
	}
	return back.Say(web.Text{Key: said}), nil
}

// address is where the letter's reader finds the house.
func (s *Service) address(r *web.Request) string {
	if s.public != nil {
		return strings.TrimSuffix(s.public.String(), "/")
	}
	return r.Host
}
