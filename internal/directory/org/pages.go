package org

import (
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

const (
	agenciesPath = "/co-quan"
	peoplePath   = "/nguoi"
)

// Pages are the tree of agencies, and the people.
func Pages(s *Service) web.Module {
	p := pages{s}
	return web.Module{
		Name: "directory/org", Pages: fs.FS(Files),
		Routes: []web.Route{
			{Pattern: "GET " + agenciesPath, Handler: p.tree},
			{Pattern: "GET " + agenciesPath + "/{id}", Handler: p.node},
			{Pattern: "GET " + agenciesPath + "/{id}/lich-su", Handler: p.history},
			{Pattern: "GET " + agenciesPath + "/{id}/them-co-quan", Handler: p.addBody},
			{Pattern: "POST " + agenciesPath + "/{id}/them-co-quan", Handler: p.addBody},
			{Pattern: "GET " + agenciesPath + "/{id}/them-don-vi", Handler: p.addUnit},
			{Pattern: "POST " + agenciesPath + "/{id}/them-don-vi", Handler: p.addUnit},
			{Pattern: "GET " + agenciesPath + "/{id}/sua", Handler: p.change},
			{Pattern: "POST " + agenciesPath + "/{id}/sua", Handler: p.change},
			{Pattern: "GET " + agenciesPath + "/{id}/ket-thuc", Handler: p.end},
			{Pattern: "POST " + agenciesPath + "/{id}/ket-thuc", Handler: p.end},

			{Pattern: "GET " + peoplePath, Handler: p.people},
			{Pattern: "GET " + peoplePath + "/moi", Handler: p.newPerson},
			{Pattern: "POST " + peoplePath + "/moi", Handler: p.newPerson},
			{Pattern: "GET " + peoplePath + "/{id}", Handler: p.person},
			{Pattern: "GET " + peoplePath + "/{id}/sua", Handler: p.changePerson},
			{Pattern: "POST " + peoplePath + "/{id}/sua", Handler: p.changePerson},
			{Pattern: "GET " + peoplePath + "/{id}/thoi-viec", Handler: p.endPerson},
			{Pattern: "POST " + peoplePath + "/{id}/thoi-viec", Handler: p.endPerson},
			{Pattern: "GET " + peoplePath + "/{id}/chuc-vu", Handler: p.givePost},
			{Pattern: "POST " + peoplePath + "/{id}/chuc-vu", Handler: p.givePost},
			{Pattern: "GET " + peoplePath + "/{id}/chuc-vu/{post}/thoi", Handler: p.endPost},
			{Pattern: "POST " + peoplePath + "/{id}/chuc-vu/{post}/thoi", Handler: p.endPost},
			{Pattern: "GET " + peoplePath + "/{id}/vang", Handler: p.setAbsence},
			{Pattern: "POST " + peoplePath + "/{id}/vang", Handler: p.setAbsence},
			{Pattern: "POST " + peoplePath + "/{id}/vang/{absence}/rut", Handler: p.withdrawAbsence},
			{Pattern: "GET " + peoplePath + "/{id}/du-lieu-rieng", Handler: p.setPrivate},
			{Pattern: "POST " + peoplePath + "/{id}/du-lieu-rieng", Handler: p.setPrivate},
			{Pattern: "POST " + peoplePath + "/{id}/xem-du-lieu-rieng", Handler: p.reveal},
		},
		Navigation: []web.Item{
			{Text: web.T("org.menu"), Href: agenciesPath, Order: 60},
			{Text: web.T("org.people.menu"), Href: peoplePath, Order: 61},
		},
		Panels: []web.Panel{{Order: 5, Show: p.begin}},
	}
}

type pages struct{ s *Service }

// begin leads whoever fills an empty directory on.
func (p pages) begin(r *web.Request) (*web.PanelView, error) {
	who := auth.Who(r)
	if !who.May(auth.ManageDirectory) {
		return nil, nil //nolint:nilnil // no panel
	}
	list, err := p.s.People(r.Context(), who, Sought{Limit: 1})
	if err != nil || len(list) > 0 {
		return nil, err
	}
	return &web.PanelView{Title: web.T("org.begin"), Rows: []web.PanelRow{
		{Text: web.T("org.menu"), Note: web.T("org.begin.agencies"), Href: agenciesPath + "/" + nodeText(who.Agency, false)},
		{Text: web.T("org.person.new"), Note: web.T("org.begin.people"), Href: peoplePath + "/moi"},
	}}, nil
}

// moment reads the two times from an address: "ngay" is the day of which it is asked, "biet" the last day that counts of what was
// recorded.
func moment(r *web.Request) (m Moment, back url.Values, err error) {
	back = url.Values{}
	for _, x := range []struct {
		name string
		to   *time.Time
	}{{"ngay", &m.Valid}, {"biet", &m.Known}} {
		s := i18n.Line(r.URL.Query().Get(x.name))
		if s == "" {
			continue
		}
		if *x.to, err = i18n.ParseDate(s); err != nil {
			return m, nil, fault.New(fault.Invalid, fault.ErrDate, s)
		}
		back.Set(x.name, i18n.Date(*x.to))
	}
	if !m.Known.IsZero() {
		m.Known = m.Known.AddDate(0, 0, 1).Add(-time.Microsecond)
	}
	return m, back, nil
}

// asked is the form that asks for a moment, and what the page says of it.
type asked struct {
	Path         string
	Valid, Known string
	Open         string // the open node of the tree
	Back         url.Values
}

// with is an address that keeps the moment.
func (a *asked) with(path string, more ...string) string {
	v := url.Values{}
	maps.Copy(v, a.Back)
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// Set reports whether a moment was asked for.
func (a *asked) Set() bool { return len(a.Back) > 0 }

func askedOf(path string, back url.Values) *asked {
	return &asked{Path: path, Valid: back.Get("ngay"), Known: back.Get("biet"), Back: back}
}

// twig is a branch as the tree draws it.
type twig struct {
	Branch

	ID       string // of its place on the page
	Href     string
	Twist    string // opens it, or closes it; "" where there is nothing below
	KindText web.Text
	Below    []twig
}

func twigs(a *asked, parent string, branches []Branch) []twig {
	out := make([]twig, len(branches))
	for i, b := range branches {
		t := twig{Branch: b, ID: b.Text(), Href: a.with(agenciesPath + "/" + b.Text()), KindText: kindText(b.Kind)}
		if b.Parted {
			open := t.ID
			if b.Open {
				open = parent
			}
			t.Twist = a.with(agenciesPath, "mo", open) + "#" + t.ID
		}
		t.Below = twigs(a, t.ID, b.Below)
		out[i] = t
	}
	return out
}

func kindText(k Kind) web.Text { return web.T("org.kind." + string(k)) }

// closed is the open node of a tree of which only the top shows.
const closed = "0"

func (p pages) tree(r *web.Request) (web.Answer, error) {
	m, back, err := moment(r)
	if err != nil {
		return nil, err
	}
	a := askedOf(agenciesPath, back)
	open := store.ID(0)
	switch a.Open = r.URL.Query().Get("mo"); a.Open {
	case "":
	case closed:
		open = -1
	default:
		if open, err = parseNode(a.Open); err != nil {
			return nil, err
		}
	}
	branches, err := p.s.Tree(r.Context(), auth.Who(r), open, m)
	if err != nil {
		return nil, err
	}
	return &web.Page{Title: web.T("org.tree"), Body: "tree.html", Data: struct {
		Asked *asked
		Twigs []twig
		Empty web.Empty
	}{a, twigs(a, closed, branches), web.Empty{Title: web.T("org.tree.none"), Next: web.T("org.tree.none_next")}}}, nil
}

// parseNode reads the id of an agency or a unit.
func parseNode(s string) (store.ID, error) {
	if id, err := store.ParseID(unitPrefix, s); err == nil {
		return id, nil
	}
	return store.ParseID(agencyPrefix, s)
}

// at is the node that a page is about, at the moment that is asked for.
func (p pages) at(r *web.Request) (v View, a *asked, err error) {
	m, back, err := moment(r)
	if err != nil {
		return v, nil, err
	}
	id, err := parseNode(r.PathValue("id"))
	if err != nil {
		return v, nil, err
	}
	v, err = p.s.Node(r.Context(), auth.Who(r), id, m)
	if err == nil && v.Text() != r.PathValue("id") {
		err = missing()
	}
	return v, askedOf(r.URL.Path, back), err
}

// trail leads from the tree down to a node; with also says whether the node itself is part of it.
func trail(a *asked, v *View, with bool) []web.Link {
	out := []web.Link{{Text: web.T("org.tree"), Href: a.with(agenciesPath)}}
	for _, n := range v.Way {
		out = append(out, web.Link{Text: web.Plain(n.Name), Href: a.with(agenciesPath + "/" + n.Text())})
	}
	if with {
		out = append(out, web.Link{Text: web.Plain(v.Name), Href: a.with(agenciesPath + "/" + v.Text())})
	}
	return out
}

func tabs(a *asked, v *View, history bool) []web.Tab {
	path := agenciesPath + "/" + v.Text()
	return []web.Tab{
		{Text: web.T("org.tab.facts"), Href: a.with(path), Current: !history},
		{Text: web.T("org.tab.history"), Href: path + "/lich-su", Current: history},
	}
}

func (p pages) node(r *web.Request) (web.Answer, error) {
	v, a, err := p.at(r)
	if err != nil {
		return nil, err
	}
	path := agenciesPath + "/" + v.Text()
	page := &web.Page{Title: web.Plain(v.Name), Body: "node.html", Trail: trail(a, &v, false)}
	if v.Manages {
		page.Acts = []web.Link{{Text: web.T("org.change"), Href: path + "/sua"}}
		if v.There {
			page.Acts = append(page.Acts, web.Link{Text: web.T("org.add_unit"), Href: path + "/them-don-vi"})
			if !v.Internal() {
				page.Acts = append(page.Acts, web.Link{Text: web.T("org.add_body"), Href: path + "/them-co-quan"})
			}
			page.Acts = append(page.Acts, web.Link{Text: web.T("org.end"), Href: path + "/ket-thuc"})
		}
	}
	var banner *web.Banner
	if !v.There {
		banner = &web.Banner{Kind: web.Wait, Title: web.T("org.not_there"), Body: period(v.First, v.Last)}
	} else if v.Last.Before(store.Forever) {
		banner = &web.Banner{Kind: web.Info, Title: web.T("org.ends", "day", i18n.Date(v.Last))}
	}
	var units, bodies []twig
	for _, t := range twigs(a, closed, v.Below) {
		if t.Internal() {
			units = append(units, t)
		} else {
			bodies = append(bodies, t)
		}
	}
	empty := web.Empty{Title: web.T("org.posts.none"), Next: web.T("org.posts.none_next")}
	if v.Manages && !v.Internal() {
		empty.Link = &web.Link{Text: web.T("org.person.new"), Href: peoplePath + "/moi?co-quan=" + v.Text()}
	}
	page.Data = struct {
		Asked         *asked
		Banner        *web.Banner
		Tabs          []web.Tab
		Facts         []web.Fact
		Units, Bodies []twig
		Posts         []heldRow
		More          bool
		Empty         web.Empty
		Internal      bool
	}{a, banner, tabs(a, &v, false), facts(a, &v), units, bodies, heldRows(v.Posts), v.MorePosts, empty, v.Internal()}
	return page, nil
}

// facts are what is known of a node; what is not given is left out.
func facts(a *asked, v *View) (out []web.Fact) {
	out = []web.Fact{{Name: web.T("org.field.kind"), Value: kindText(v.Kind)}}
	if v.Level != "" {
		out = append(out, web.Fact{Name: web.T("org.field.level"), Value: web.T("org.level." + string(v.Level))})
	}
	if v.Sector != "" {
		out = append(out, web.Fact{Name: web.T("org.field.sector"), Value: web.T("org.sector." + v.Sector)})
	}
	if v.Internal() {
		out = append(out, web.Fact{Name: web.T("org.field.agency"), Value: web.Plain(v.Names[v.Agency]), Href: a.with(agenciesPath + "/" + v.Agency.Text(agencyPrefix))})
	}
	if n := len(v.Way); n > 0 && v.Way[n-1].ID != v.Agency {
		out = append(out, web.Fact{Name: web.T("org.field.parent"), Value: web.Plain(v.Way[n-1].Name), Href: a.with(agenciesPath + "/" + v.Way[n-1].Text())})
	}
	for _, x := range []struct {
		name  web.Text
		value string
	}{
		{web.T("org.field.short_name"), v.ShortName}, {web.T("org.field.notation"), v.Notation}, {web.T("org.field.code35"), v.Code35}, {web.T("org.field.code13"), v.Code13},
		{web.T("org.field.tax_code"), v.TaxCode}, {web.T("org.field.budget_code"), v.BudgetCode}, {web.T("org.field.address"), v.Address},
		{web.T("org.field.email"), v.Email}, {web.T("org.field.phone"), v.Phone},
	} {
		if x.value != "" {
			out = append(out, web.Fact{Name: x.name, Value: web.Plain(x.value)})
		}
	}
	if !v.Internal() {
		seal := web.T("org.seal.none")
		if v.OwnSeal {
			seal = web.T("org.seal.own")
		}
		out = append(out, web.Fact{Name: web.T("org.seal"), Value: seal})
	}
	return append(out, web.Fact{Name: web.T("org.field.valid"), Value: period(v.Since, v.Until)})
}

// period is a time in words, by its first and its last day.
func period(since, until time.Time) web.Text {
	if !until.Before(store.Forever) {
		return web.T("org.from", "since", i18n.Date(since))
	}
	return web.T("org.from_until", "since", i18n.Date(since), "until", i18n.Date(until.Add(-time.Hour)))
}

// heldRow is a post as a list shows it.
type heldRow struct {
	Held

	Href   string
	Period web.Text
	Place  string
}

func heldRows(posts []Held) []heldRow {
	out := make([]heldRow, len(posts))
	for i, h := range posts {
		place := h.AgencyName
		if h.UnitName != "" {
			place = h.UnitName
		}
		out[i] = heldRow{h, peoplePath + "/" + h.Person.Text(personPrefix), period(h.Since, h.Until), place}
	}
	return out
}

// versionRow is a version as the history shows it.
type versionRow struct {
	Period   web.Text
	Name     string
	Parent   string
	Basis    string
	Fields   []web.Text
	Recorded Trace
	Replaced *Trace
}

func (p pages) history(r *web.Request) (web.Answer, error) {
	v, a, err := p.at(r)
	if err != nil {
		return nil, err
	}
	rows := make([]versionRow, len(v.History))
	for i, h := range v.History {
		rows[i] = versionRow{Period: period(h.Since, h.Until), Name: h.Facts.Name, Parent: v.Names[h.Facts.Parent], Basis: h.Basis, Recorded: traceOf(v.Events, h.Event, h.Recorded)}
		for _, f := range rows[i].Recorded.changed(h.Since) {
			rows[i].Fields = append(rows[i].Fields, web.T("org.field."+f))
		}
		if !h.Replaced.IsZero() {
			t := traceOf(v.Events, h.ReplacedBy, h.Replaced)
			rows[i].Replaced = &t
		}
	}
	return &web.Page{Title: web.T("org.history", "name", v.Name), Body: "history.html", Trail: trail(a, &v, true), Data: struct {
		Tabs  []web.Tab
		Rows  []versionRow
		Asked *asked
	}{tabs(a, &v, true), rows, askedOf(agenciesPath+"/"+v.Text(), nil)}}, nil
}

// traceOf is who recorded something; what is known even of a very old one is when.
func traceOf(all map[store.ID]Trace, event store.ID, at time.Time) Trace {
	t := all[event]
	t.At = at
	return t
}

// changed are the fields that an event changed, for the version that begins with it: the others it only cut, or carried on.
func (t *Trace) changed(since time.Time) []string {
	if t.From.Equal(since) {
		return t.Fields
	}
	return nil
}

// happenings are traces as a page lists them.
func happenings(traces []Trace) (out []web.Happening) {
	for _, t := range traces {
		h := web.Happening{At: t.At, Who: t.Name, What: web.T("org.event." + eventWord(t.Kind))}
		if len(t.Fields) > 0 {
			h.Note = web.T("org.field." + t.Fields[0])
		}
		out = append(out, h)
	}
	return out
}

// eventWord is "person_made" of "org.person_made/1".
func eventWord(kind string) string {
	_, word, _ := strings.Cut(kind, ".")
	word, _, _ = strings.Cut(word, "/")
	return word
}

// choices are values with their texts, in their order.
func choices[T ~string](r *web.Request, prefix string, values []T) []web.Choice {
	out := make([]web.Choice, len(values))
	for i, v := range values {
		out[i] = web.Choice{Value: string(v), Name: r.Say(web.T(prefix + string(v)))}
	}
	return out
}

// placeChoices are agencies, with their units where those can be meant.
func placeChoices(places []Node, units bool) (out []web.Choice) {
	bodies := map[store.ID]string{}
	for _, n := range places {
		if !n.Internal() {
			bodies[n.ID] = n.Name
		}
	}
	for _, n := range places {
		switch {
		case !n.Internal():
			out = append(out, web.Choice{Value: n.Text(), Name: n.Name})
		case units:
			name := n.Name
			if b := bodies[n.Agency]; b != "" {
				name = b + " – " + n.Name
			}
			out = append(out, web.Choice{Value: n.Text(), Name: name})
		}
	}
	return slices.Clip(out)
}
