package org

import (
	"slices"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// peopleList is how people may be looked at; each pair walks an index of migration 0100.
var peopleList = web.List{
	Key:     "org.people",
	Columns: []web.Column{{Name: "name"}, {Name: "title"}, {Name: "place"}},
	Pairs:   []web.Pair{{Sort: "name"}, {Filters: []string{"agency"}, Sort: "name"}, {Filters: []string{"name"}, Sort: "name"}, {Filters: []string{"agency", "name"}, Sort: "name"}},
}

// personRow is a person as the list shows them.
type personRow struct {
	Listed

	Href string
	Held []heldRow
}

func (p pages) people(r *web.Request) (web.Answer, error) {
	who := auth.Who(r)
	q, err := peopleList.Query(r)
	if err != nil {
		return nil, err
	}
	sought := Sought{Name: q.Value("name"), Limit: q.Limit + 1}
	if s := q.Value("agency"); s != "" {
		if sought.Agency, err = store.ParseID(agencyPrefix, s); err != nil {
			return nil, err
		}
	}
	if q.After != nil {
		key, ok := q.After.Value.([]byte)
		if !ok {
			return nil, fault.New(fault.Invalid, web.ErrCursor, "")
		}
		sought.After = &Place{key, store.ID(q.After.ID)}
	}
	people, err := p.s.People(r.Context(), who, sought)
	if err != nil {
		return nil, err
	}
	people, more := web.Cut(q, people)
	var next *web.Cursor
	if more {
		last := people[len(people)-1].Place
		next = &web.Cursor{Value: last.Key, ID: int64(last.ID)}
	}
	rows := make([]personRow, len(people))
	for i, l := range people {
		rows[i] = personRow{l, peoplePath + "/" + l.ID.Text(personPrefix), heldRows(l.Posts)}
	}
	agencies, err := p.agencies(r, sought.Agency)
	if err != nil {
		return nil, err
	}
	t := q.Table(r, len(rows), next)
	t.Options("agency", agencies)
	page := &web.Page{Title: web.T("org.people.heading"), Body: "people.html", Data: struct {
		Table *web.Table
		Rows  []personRow
	}{t, rows}}
	if who.May(auth.ManageDirectory) {
		link := web.Link{Text: web.T("org.person.new"), Href: peoplePath + "/moi", Primary: true}
		page.Acts, t.Link = []web.Link{link}, &link
	}
	return page, nil
}

// agencies are what the list may be narrowed to: those that the reader manages or acts for, and the one it is narrowed to.
func (p pages) agencies(r *web.Request, now store.ID) ([]web.Choice, error) {
	who := auth.Who(r)
	out := slices.Clone(r.Actor.Agencies)
	if who.May(auth.ManageDirectory) {
		places, err := p.s.Places(r.Context(), who, time.Time{})
		if err != nil {
			return nil, err
		}
		out = placeChoices(places, false)
	}
	if value := now.Text(agencyPrefix); now != 0 && !slices.ContainsFunc(out, func(c web.Choice) bool { return c.Value == value }) {
		v, err := p.s.Node(r.Context(), who, now, Moment{})
		if err != nil {
			return nil, err
		}
		out = append(out, web.Choice{Value: value, Name: v.Name})
	}
	return out, nil
}

// who is the person that a page is about.
func (p pages) who(r *web.Request) (PersonView, error) {
	id, err := store.ParseID(personPrefix, r.PathValue("id"))
	if err != nil {
		return PersonView{}, err
	}
	return p.s.Person(r.Context(), auth.Who(r), id, Moment{})
}

// managed is [pages.who] for who may change the record, or, where that is enough, for the person.
func (p pages) managed(r *web.Request, own bool) (PersonView, error) {
	v, err := p.who(r)
	if err == nil && !v.Manages && (!own || !v.Own) {
		err = fault.New(fault.Denied, auth.ErrDenied, string(auth.ManageDirectory))
	}
	return v, err
}

func (v *PersonView) path() string { return peoplePath + "/" + v.ID.Text(personPrefix) }

func personTrail(v *PersonView) []web.Link {
	out := []web.Link{{Text: web.T("org.people.heading"), Href: peoplePath}}
	if v != nil {
		out = append(out, web.Link{Text: web.Plain(v.Name), Href: v.path()})
	}
	return out
}

// postRow is a post on a person's page.
type postRow struct {
	heldRow

	AgencyHref string
	Over       bool
	End        string // leads to its end; "" where that is not the reader's
}

// awayRow is an absence on a person's page.
type awayRow struct {
	Away

	Period         web.Text
	SubstituteHref string
	PersonHref     string
	Withdraw       *web.Act
}

func (p pages) person(r *web.Request) (web.Answer, error) {
	v, err := p.who(r)
	if err != nil {
		return nil, err
	}
	page := &web.Page{Title: web.Plain(v.Name), Body: "person.html", Trail: personTrail(nil)}
	var reveal *web.Act
	if v.Manages {
		page.Acts = []web.Link{{Text: web.T("org.person.change"), Href: v.path() + "/sua"}, {Text: web.T("org.post.give"), Href: v.path() + "/chuc-vu", Primary: true}}
		reveal = r.Act(web.T("org.private.reveal"), v.path()+"/xem-du-lieu-rieng", "")
	}
	if v.Manages || v.Own {
		page.Acts = append(page.Acts, web.Link{Text: web.T("org.absence.set"), Href: v.path() + "/vang"})
	}
	if v.Manages && v.There {
		page.Acts = append(page.Acts, web.Link{Text: web.T("org.person.end"), Href: v.path() + "/thoi-viec"})
	}
	posts := make([]postRow, len(v.Posts))
	for i, h := range heldRows(v.Posts) {
		posts[i] = postRow{heldRow: h, AgencyHref: agenciesPath + "/" + h.Agency.Text(agencyPrefix), Over: !h.Until.After(v.Now)}
		if v.Manages && !posts[i].Over {
			posts[i].End = v.path() + "/chuc-vu/" + h.ID.Text(postPrefix) + "/thoi"
		}
	}
	var banner *web.Banner
	if !v.There {
		banner = &web.Banner{Kind: web.Wait, Title: web.T("org.person.not_there"), Body: period(v.First, v.Last)}
	}
	rows := make([]versionRow, len(v.History))
	for i, h := range v.History {
		rows[i] = versionRow{Period: period(h.Since, h.Until), Name: h.Facts.Name, Parent: v.Names[h.Facts.Agency], Recorded: traceOf(v.Events, h.Event, h.Recorded)}
		if !h.Replaced.IsZero() {
			t := traceOf(v.Events, h.ReplacedBy, h.Replaced)
			rows[i].Replaced = &t
		}
	}
	accounts, err := p.accounts(r, &v)
	if err != nil {
		return nil, err
	}
	page.Data = struct {
		Accounts     *accountsPart
		Banner       *web.Banner
		Facts        []web.Fact
		Posts        []postRow
		Away, Stands []awayRow
		NoPosts      web.Empty
		Private      []web.Fact
		Reveal       *web.Act
		SetPrivate   string
		History      []versionRow
	}{accounts, banner, personFactsOf(&v), posts, v.awayRows(r, v.Absences, v.Manages || v.Own), v.awayRows(r, v.StandsIn, false), noPosts(&v), privateFacts(v.Private), reveal, v.path() + "/du-lieu-rieng", rows}
	return page, nil
}

// accountsPart is a person's accounts, for who manages such.
type accountsPart struct {
	Rows []accountRow
	None web.Empty
}

type accountRow struct {
	auth.Account

	Href string
	Open bool
}

func (p pages) accounts(r *web.Request, v *PersonView) (*accountsPart, error) {
	who := auth.Who(r)
	if !who.May(auth.ManageAccounts) {
		return nil, nil //nolint:nilnil // no such part
	}
	list, err := p.s.auth.AccountsOf(r.Context(), who, v.ID)
	if err != nil {
		return nil, err
	}
	part := &accountsPart{None: web.Empty{Title: web.T("org.person.no_accounts"), Next: web.T("org.person.no_accounts_next")}}
	if v.Manages {
		part.None.Link = &web.Link{Text: web.T("org.person.make_account"), Href: "/tai-khoan/moi?nguoi=" + v.ID.Text(personPrefix)}
	}
	for _, a := range list {
		part.Rows = append(part.Rows, accountRow{a, "/tai-khoan/" + a.ID.Text("acc"), a.State == auth.Active})
	}
	return part, nil
}

func noPosts(v *PersonView) web.Empty {
	e := web.Empty{Title: web.T("org.person.no_posts"), Next: web.T("org.person.no_posts_next")}
	if v.Manages {
		e.Link = &web.Link{Text: web.T("org.post.give"), Href: v.path() + "/chuc-vu"}
	}
	return e
}

func (v *PersonView) awayRows(r *web.Request, list []Away, withdraw bool) []awayRow {
	out := make([]awayRow, len(list))
	for i, a := range list {
		out[i] = awayRow{Away: a, Period: period(a.Since, a.Until), PersonHref: peoplePath + "/" + a.Person.Text(personPrefix)}
		if a.Substitute != 0 {
			out[i].SubstituteHref = peoplePath + "/" + a.Substitute.Text(personPrefix)
		}
		if withdraw && !a.Over {
			out[i].Withdraw = r.Act(web.T("org.absence.withdraw"), v.path()+"/vang/"+a.ID.Text(absencePrefix)+"/rut", "", web.Choice{Value: eventText(v.Event), Name: "seen"})
		}
	}
	return out
}

func personFactsOf(v *PersonView) []web.Fact {
	out := []web.Fact{{Name: web.T("org.person.agency"), Value: web.Plain(v.AgencyName), Href: agenciesPath + "/" + v.Agency.Text(agencyPrefix)}}
	if v.Email != "" {
		out = append(out, web.Fact{Name: web.T("org.person.email"), Value: web.Plain(v.Email)})
	}
	if v.Phone != "" {
		out = append(out, web.Fact{Name: web.T("org.person.phone"), Value: web.Plain(v.Phone)})
	}
	return append(out, web.Fact{Name: web.T("org.field.valid"), Value: period(v.First, v.Last)})
}

func privateFacts(p Private) []web.Fact {
	or := func(s string) web.Text {
		if s == "" {
			return web.T("org.private.none")
		}
		return web.Plain(s)
	}
	birth := p.Birth
	if d, err := time.ParseInLocation(time.DateOnly, birth, clock.Vietnam); err == nil {
		birth = i18n.Date(d)
	}
	return []web.Fact{{Name: web.T("org.private.birth"), Value: or(birth)}, {Name: web.T("org.private.number"), Value: or(p.Number)}}
}

// reveal shows personal data, once, on a page that is kept nowhere.
func (p pages) reveal(r *web.Request) (web.Answer, error) {
	v, err := p.who(r)
	if err != nil {
		return nil, err
	}
	if _, err := r.Form("org.private", nil); err != nil {
		return nil, err
	}
	who := auth.Who(r)
	who.Once = "" // looking twice is two looks
	data, err := p.s.Reveal(r.Context(), who, v.ID)
	if err != nil {
		return nil, err
	}
	return &web.Page{Title: web.T("org.private.title", "name", v.Name), Body: "private.html", Trail: personTrail(&v), Data: privateFacts(data)}, nil
}

func (p pages) newPerson(r *web.Request) (web.Answer, error) {
	who := auth.Who(r)
	var in struct {
		Name   string    `form:"name,required,max=200"`
		Agency string    `form:"agency,select,required"`
		From   time.Time `form:"from,required"`
		Email  string    `form:"email,email,max=200"`
		Phone  string    `form:"phone,tel,max=200"`
		Birth  time.Time `form:"birth"`
		Number string    `form:"number,max=12"`
	}
	in.Agency = r.URL.Query().Get("co-quan")
	if in.Agency == "" {
		in.Agency = r.Actor.Agency.Value
	}
	form, err := r.Form("org.person", &in)
	if err != nil {
		return nil, err
	}
	places, err := p.s.Places(r.Context(), who, time.Time{})
	if err != nil {
		return nil, err
	}
	form.Options("agency", placeChoices(places, false))
	form.Cancel = peoplePath
	if form.OK() {
		agency, err := store.ParseID(agencyPrefix, in.Agency)
		if err != nil {
			return nil, err
		}
		d, err := p.s.MakePerson(r.Context(), who, NewPerson{
			PersonFacts: PersonFacts{Agency: agency, Name: in.Name, Email: in.Email, Phone: in.Phone}, Private: Private{isoDay(in.Birth), in.Number}, From: in.From,
		})
		before, done, err := store.Before(err)
		if done {
			d.ID = before
		}
		if err == nil {
			return web.SeeOther(peoplePath + "/" + d.ID.Text(personPrefix)).Say(web.T("org.person.made", "name", in.Name)), nil
		}
		if _, err := p.blame(r, form, 0, 0, err); err != nil {
			return nil, err
		}
	}
	return drawn(web.T("org.person.new"), form, personTrail(nil), nil, nil), nil
}

// isoDay is a day as [Private] keeps it.
func isoDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(clock.Vietnam).Format(time.DateOnly)
}

func (p pages) changePerson(r *web.Request) (web.Answer, error) {
	v, err := p.managed(r, false)
	if err != nil {
		return nil, err
	}
	from, err := dayOfChange(r, v.Now)
	if err != nil {
		return nil, err
	}
	base := baseFacts(v.History, from, v.PersonFacts)
	in := struct {
		Name   string `form:"name,required,max=200"`
		Agency string `form:"agency,select,required"`
		Email  string `form:"email,email,max=200"`
		Phone  string `form:"phone,tel,max=200"`
		Seen   string `form:"seen,hidden"`
	}{base.Name, base.Agency.Text(agencyPrefix), base.Email, base.Phone, eventText(v.Event)}
	form, err := r.Form("org.person", &in)
	if err != nil {
		return nil, err
	}
	places, err := p.s.Places(r.Context(), auth.Who(r), from)
	if err != nil {
		return nil, err
	}
	agencies := placeChoices(places, false)
	if now := base.Agency.Text(agencyPrefix); !slices.ContainsFunc(agencies, func(c web.Choice) bool { return c.Value == now }) {
		agencies = append(agencies, web.Choice{Value: now, Name: v.Names[base.Agency]})
	}
	form.Options("agency", agencies)
	form.Cancel = v.path()
	var changes []Trace
	if form.OK() {
		agency, err := store.ParseID(agencyPrefix, in.Agency)
		if err != nil {
			return nil, err
		}
		_, err = p.s.ChangePerson(r.Context(), auth.Who(r), v.ID, eventOf(in.Seen), PersonFacts{Agency: agency, Name: in.Name, Email: in.Email, Phone: in.Phone}, from)
		if _, _, err = store.Before(err); err == nil {
			return web.SeeOther(v.path()).Say(web.T("org.changed", "name", in.Name, "day", i18n.Date(from))), nil
		}
		if changes, err = p.blame(r, form, v.ID, eventOf(in.Seen), err); err != nil {
			return nil, err
		}
	}
	return drawn(web.T("org.change.title", "name", v.Name, "day", i18n.Date(from)), form, personTrail(&v), &dayForm{v.path() + "/sua", i18n.Date(from)}, changes), nil
}

func (p pages) endPerson(r *web.Request) (web.Answer, error) {
	v, err := p.managed(r, false)
	if err != nil {
		return nil, err
	}
	in := struct {
		On   time.Time `form:"on,required"`
		Seen string    `form:"seen,hidden"`
	}{Seen: eventText(v.Event)}
	form, err := r.Form("org.leaving", &in)
	if err != nil {
		return nil, err
	}
	form.Cancel = v.path()
	var changes []Trace
	if form.OK() {
		_, err := p.s.EndPerson(r.Context(), auth.Who(r), v.ID, eventOf(in.Seen), in.On)
		if _, _, err = store.Before(err); err == nil {
			return web.SeeOther(v.path()).Say(web.T("org.person.ended", "name", v.Name, "day", i18n.Date(in.On))), nil
		}
		if changes, err = p.blame(r, form, v.ID, eventOf(in.Seen), err); err != nil {
			return nil, err
		}
	}
	return drawn(web.T("org.leaving", "name", v.Name), form, personTrail(&v), nil, changes), nil
}

func (p pages) setPrivate(r *web.Request) (web.Answer, error) {
	v, err := p.managed(r, false)
	if err != nil {
		return nil, err
	}
	in := struct {
		Birth  time.Time `form:"birth"`
		Number string    `form:"number,max=12"`
		Seen   string    `form:"seen,hidden"`
	}{Seen: eventText(v.Event)}
	form, err := r.Form("org.private", &in)
	if err != nil {
		return nil, err
	}
	form.Cancel = v.path()
	var changes []Trace
	if form.OK() {
		_, err := p.s.SetPrivate(r.Context(), auth.Who(r), v.ID, eventOf(in.Seen), Private{isoDay(in.Birth), in.Number})
		if _, _, err = store.Before(err); err == nil {
			return web.SeeOther(v.path()).Say(web.T("org.private.set_done")), nil
		}
		if changes, err = p.blame(r, form, v.ID, eventOf(in.Seen), err); err != nil {
			return nil, err
		}
	}
	return drawn(web.T("org.private.set", "name", v.Name), form, personTrail(&v), nil, changes), nil
}
